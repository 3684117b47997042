"""Traced neurons: any neurons of the library, with the trace of their spikes."""

import copy
import math
import warnings

import pytest
import torch

import snnlab as snn

BATCH = 2


def lif(shape=(1, 3), batch=BATCH, resistance=2.0):
    return snn.LIF(
        shape, 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=2.0, time_constant=15.0, resistance=resistance, batch_size=batch
    )


def alif(batch=BATCH):
    return snn.ALIF(
        (1, 3), 1.0, rest_v=-65.0, reset_v=-67.0, thresh_eq_v=-60.0, refrac_t=2.0, tc_membrane=15.0, tc_adaptation=50.0,
        spike_increment=1.0, resistance=2.0, batch_size=batch,
    )  # fmt: skip


def currents(steps=30, seed=0, axes=(BATCH, 1, 3, 5)):
    return torch.rand(steps, *axes, generator=torch.Generator().manual_seed(seed)) * 12


@pytest.mark.parametrize("build", [lif, alif])
def test_it_steps_the_neurons_with_the_sum_over_synapses(build):
    neuron, plain = snn.traced.TracedNeuron(build(), 20.0), build()
    fired = 0
    for potentials in currents():
        spikes, _ = neuron(potentials)
        assert torch.equal(spikes, plain(potentials.sum(-1)))
        assert torch.equal(neuron.spike, plain.spike)
        assert torch.equal(neuron.voltage, plain.voltage)
        assert torch.equal(neuron.refrac, plain.refrac)
        fired += int(spikes.sum())
    assert fired > 10


def test_the_trace_is_the_sum_of_decaying_spikes():
    neuron, past = snn.traced.TracedNeuron(lif(), 20.0), []
    for t, potentials in enumerate(currents()):
        spikes, trace = neuron(potentials)
        past.append((t, spikes.double()))
        expected = sum(s * math.exp(-(t - at) / 20.0) for at, s in past)
        torch.testing.assert_close(trace.double(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("reducer", [snn.NearestTraceReducer, snn.CumulativeTraceReducer])
def test_a_reducer_may_make_the_trace(reducer):
    neuron, alone = snn.traced.TracedNeuron(lif(), reducer(1.0, 20.0, amplitude=0.5)), reducer(1.0, 20.0, amplitude=0.5)
    assert torch.equal(neuron.trace, torch.zeros(BATCH, 1, 3))
    for potentials in currents():
        spikes, trace = neuron(potentials)
        alone(spikes)
        assert torch.equal(trace, alone.peek())
    neuron.clear()
    assert torch.equal(neuron.trace, torch.zeros(BATCH, 1, 3))
    neuron(currents(1)[0])
    neuron.batchsz = 4
    assert neuron(currents(1, axes=(4, 1, 3, 5))[0])[1].shape == (4, 1, 3)


def test_several_connections_are_summed():
    first, second = currents(2, axes=(BATCH, 1, 3, 5)), currents(2, seed=1, axes=(BATCH, 1, 3, 2))
    neuron, plain = snn.traced.TracedNeuron(lif(), 20.0), lif()
    neuron([first[0], (second[0], torch.zeros_like(second[0]))])
    plain(first[0].sum(-1) + second[0].sum(-1))
    torch.testing.assert_close(neuron.voltage, plain.voltage)
    neuron([first[1].sum(-1), second[1]])  # the first as a total
    plain(first[1].sum(-1) + second[1].sum(-1))
    torch.testing.assert_close(neuron.voltage, plain.voltage)


def test_what_is_given_is_no_view_of_the_state():
    neuron, twin = (snn.traced.TracedNeuron(lif(), 20.0) for _ in range(2))
    for potentials in currents():
        spikes, trace = neuron(potentials)
        expected = twin(potentials)
        assert torch.equal(spikes, expected[0])
        assert torch.equal(trace, expected[1])
        spikes.fill_(True), trace.fill_(9.0), neuron.trace.fill_(9.0)


def test_it_shows_the_neurons_and_passes_on_what_is_set():
    neuron = snn.traced.TracedNeuron(lif(), 20.0)
    assert isinstance(neuron, snn.Neuron)
    assert (neuron.shape, neuron.count, neuron.batchsz, neuron.batchedshape, neuron.dt) == ((1, 3), 3, BATCH, (BATCH, 1, 3), 1.0)
    neuron.voltage, neuron.refrac = torch.full((BATCH, 1, 3), -62.0), torch.full((BATCH, 1, 3), 1.0)
    assert neuron.neuron.voltage.eq(-62.0).all()
    assert neuron.neuron.refrac.eq(1.0).all()
    neuron.dt = 0.5
    assert neuron.neuron.dt == 0.5
    neuron.batchsz = 5
    assert neuron.neuron.batchsz == 5
    assert neuron.trace.shape == (5, 1, 3)
    assert "shape=(1, 3), batchsz=5, dt=0.5, time_constant=20.0" in repr(neuron)


def test_another_step_time_changes_the_decay():
    neuron = snn.traced.TracedNeuron(lif(), 20.0)
    neuron.dt = 0.5
    neuron(torch.full((BATCH, 1, 3), 1000.0))
    assert neuron(torch.zeros(BATCH, 1, 3))[1].unique().item() == pytest.approx(math.exp(-0.5 / 20.0))


def test_keywords_go_to_the_neurons():
    neuron, plain = snn.traced.TracedNeuron(lif(), 20.0), lif()
    for potentials in currents(10):
        neuron(potentials, refrac_lock=False), plain(potentials.sum(-1), refrac_lock=False)
    assert torch.equal(neuron.voltage, plain.voltage)


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (torch.zeros(BATCH, 1, 4, 5), ValueError, r"inputs must be of shape \(2, 1, 3\) .*, but is of shape \(2, 1, 4, 5\)"),
        (torch.zeros(1, 1, 3), ValueError, r"but is of shape \(1, 1, 3\). Set batchsz"),
        (torch.full((BATCH, 1, 3, 5), math.nan), ValueError, "inputs must be finite"),
        ([], ValueError, "inputs must be potentials, or a list of those of several connections, but is an empty list"),
        ((torch.zeros(BATCH, 1, 3),) * 3, TypeError, "but is a tuple of 3. Pass a list for several connections"),
        (None, TypeError, "inputs must be a torch.Tensor"),
    ],
)  # fmt: skip
def test_bad_inputs_are_refused_and_the_state_stays(inputs, error, words):
    neuron = snn.traced.TracedNeuron(lif(), 20.0)
    for potentials in currents(5):
        neuron(potentials)
    before = copy.deepcopy(neuron.state_dict())
    with pytest.raises(error, match=words):
        neuron(inputs)
    assert all(torch.equal(value, before[key]) for key, value in neuron.state_dict().items())


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(TypeError, match="neuron must be a Neuron"):
        snn.traced.TracedNeuron(torch.nn.Identity(), 20.0)
    with pytest.raises(ValueError, match=r"time_constant must be above 0 ms, but is 0.0 ms"):
        snn.traced.TracedNeuron(lif(), 0.0)
    with pytest.raises(ValueError, match=r"time_constant must be a reducer of dt 1.0 ms, as the neurons, but its dt is 0.5 ms"):
        snn.traced.TracedNeuron(lif(), snn.NearestTraceReducer(0.5, 20.0))
    neuron = snn.traced.TracedNeuron(lif(), 20.0)
    with pytest.raises(ValueError, match="time_constant must be above 0 ms"):
        neuron.time_constant = -1.0
    assert neuron.time_constant == 20.0
    with pytest.raises(RuntimeError, match="time_constant cannot be set: a reducer makes the trace"):
        snn.traced.TracedNeuron(lif(), snn.NearestTraceReducer(1.0, 20.0)).time_constant = 5.0


# ------------------------------------------------------------------------------------------------------------------------- in a layer


def serial(delay=2.0):
    return snn.Serial(snn.traced.Linear(5, 3, BATCH, 1.0, delay), snn.traced.TracedNeuron(lif(), 20.0))


def test_a_serial_layer_takes_and_gives_spikes_with_traces():
    layer = serial()
    connection, neuron = copy.deepcopy(layer.connection), copy.deepcopy(layer.neuron)
    inputs = snn.traced.TracedInput(20.0)
    for x in torch.rand(20, BATCH, 1, 5, generator=torch.Generator().manual_seed(0)) < 0.6:
        x, trace = inputs(x)
        (spikes, out_trace), (potentials, _) = layer(x, trace, capture_intermediate=True)
        expected = neuron(connection(x, trace))
        assert torch.equal(spikes, expected[0])
        assert torch.equal(out_trace, expected[1])
        assert potentials.shape == (BATCH, 1, 3, 5)
    assert layer.cell.steps == 20
    assert torch.equal(layer.cell.postspike, layer.neuron.spike)
    layer.clear()
    assert not layer.neuron.trace.any()


def test_two_connections_feed_one_neuron_in_a_layer():
    class Both(snn.Layer):
        def wiring(self, inputs):
            return {"out": [inputs["a"], inputs["b"]]}

    layer = Both()
    a = layer.add_connection("a", snn.traced.Linear(5, 3, BATCH, 1.0, 1.0))
    b = layer.add_connection("b", snn.traced.Linear(4, 3, BATCH, 1.0, 0.0))
    layer.add_neuron("out", snn.traced.TracedNeuron(lif(), 20.0))
    cells = [layer.add_cell(name, "out") for name in "ab"]
    twins, plain = copy.deepcopy([a, b]), lif()
    for x in torch.rand(10, BATCH, 1, 9, generator=torch.Generator().manual_seed(0)) < 0.5:
        trace = torch.rand(BATCH, 1, 9)
        out = layer({"a": (x[..., :5], trace[..., :5]), "b": (x[..., 5:], trace[..., 5:])})
        spikes, trace = out["out"]
        assert torch.equal(spikes, plain(twins[0].total(x[..., :5]) + twins[1].total(x[..., 5:])))
        assert trace.shape == spikes.shape
    assert [cell.steps for cell in cells] == [10, 10]


def test_an_image_goes_through_convolution_pool_and_dense():
    spikes, trace = snn.traced.TracedInput(20.0)(torch.rand(BATCH, 1, 8, 8, generator=torch.Generator().manual_seed(0)) < 0.5)
    layer = snn.Serial(snn.traced.Conv2d(1, 4, 3, 8, BATCH, 1.0, 0.0), snn.traced.TracedNeuron(lif((4, 6, 6), resistance=50.0), 20.0))
    spikes, trace = snn.traced.MaxPool2d(2)(*layer(spikes, trace))
    assert spikes.shape == trace.shape == (BATCH, 4, 3, 3)
    assert spikes.any()
    assert torch.equal(trace, spikes.float())  # at the first step a trace is its spike
    flat = spikes.flatten(1).unsqueeze(1), trace.flatten(1).unsqueeze(1)
    dense = snn.Serial(snn.traced.Linear(36, 3, BATCH, 1.0, 0.0), snn.traced.TracedNeuron(lif(), 20.0))
    assert [each.shape for each in dense(*flat)] == [(BATCH, 1, 3)] * 2


def test_a_saved_layer_goes_on_bit_for_bit():
    layer, fresh = serial(), serial()
    draws = torch.rand(20, BATCH, 1, 5, generator=torch.Generator().manual_seed(0)) < 0.6
    for x in draws[:10]:
        layer(x, x.float())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh.load_state_dict(layer.state_dict())
    for x in draws[10:]:
        for one, other in zip(layer(x, x.float()), fresh(x, x.float()), strict=True):
            assert torch.equal(one, other)


def test_a_pair_that_does_not_fit_makes_no_cell():
    with pytest.raises(RuntimeError, match="Make them equal to train the pair"):
        snn.Serial(snn.traced.Linear(5, 3, BATCH, 1.0, 0.0), snn.traced.TracedNeuron(lif((3,)), 20.0))


# ------------------------------------------------------------------------------------------------------------------------------ inputs


@pytest.mark.parametrize("dt", [1.0, 0.5])
def test_inputs_get_the_trace_of_their_spikes(dt):
    inputs = snn.traced.TracedInput(10.0, dt)
    out = [inputs(torch.tensor([[[x]]])) for x in (1.0, 0.0, 0.3)]
    assert [spikes.item() for spikes, _ in out] == [True, False, True]
    d = math.exp(-dt / 10.0)
    assert [trace.item() for _, trace in out] == pytest.approx([1.0, d, d * d + 1.0])
    inputs.clear()
    assert inputs(torch.tensor([[[False]]]))[1].item() == 0.0


def test_a_reducer_may_make_the_trace_of_inputs():
    inputs = snn.traced.TracedInput(snn.NearestTraceReducer(0.5, 10.0))
    assert [inputs(torch.tensor([[x]]))[1].item() for x in (True, True, False)] == pytest.approx([1.0, 1.0, math.exp(-0.05)])
    with pytest.raises(ValueError, match=r"dt must be that of the reducer, 0.5 ms, but is 1.0 ms. Leave it out"):
        snn.traced.TracedInput(snn.NearestTraceReducer(0.5, 10.0), 1.0)


def test_bad_inputs_get_no_trace():
    inputs = snn.traced.TracedInput(10.0)
    inputs(torch.ones(1, 1, 2))
    before = copy.deepcopy(inputs.state_dict())
    for bad, words in ((torch.full((1, 1, 2), math.nan), "x must be finite"), (torch.ones(1, 1, 3), r"must be of shape \(1, 1, 2\)")):
        with pytest.raises(ValueError, match=words):
            inputs(bad)
    assert str(before) == str(inputs.state_dict())
    with pytest.raises(ValueError, match="time_constant must be above 0 ms"):
        snn.traced.TracedInput(-1.0)
    with pytest.raises(ValueError, match="dt must be above 0 ms"):
        snn.traced.TracedInput(1.0, 0.0)
