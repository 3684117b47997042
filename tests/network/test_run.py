"""A run: the layer's own steps, recorded as they were, and nothing begun that cannot go on."""

import copy
import math
import signal

import pytest
import torch

import snnlab as snn

SYNAPSE = snn.DeltaCurrent.partialconstructor(1.0)


def dense(inputs=3, outputs=2, weight=20.0, batch=1, **arguments):
    settings = {"synapse": SYNAPSE, "weight_init": lambda like: torch.full_like(like, weight), "batch_size": batch} | arguments
    return snn.LinearDense(inputs, outputs, 1.0, **settings)


def lif(shape=2, batch=1):
    return snn.LIF(shape, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0, batch_size=batch)


def serial(batch=1, **arguments):
    return snn.Serial(dense(batch=batch, **arguments), lif(batch=batch))


def train(steps=20, batch=1, inputs=3, seed=0):
    return torch.rand(steps, batch, inputs, generator=torch.Generator().manual_seed(seed)) < 0.5


class Pair(snn.Layer):
    def __init__(self, batch=1):
        super().__init__()
        self.add_connection("left", dense(batch=batch))
        self.add_connection("right", dense(4, batch=batch))
        self.add_neuron("exc", lif(batch=batch))
        self.add_neuron("inh", lif(batch=batch))

    def wiring(self, inputs):
        return {"exc": inputs["left"], "inh": inputs["right"]}


def state(layer):
    return {key: value.clone() for key, value in layer.state_dict().items()}


def unchanged(layer, before):
    return all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


# ---------------------------------------------------------------------------------------------------------------------- what it records


def test_a_run_is_the_layers_own_steps():
    layer, inputs = serial(3), train(batch=3)
    twin = copy.deepcopy(layer)
    spikes, voltages, arrived = [], [], []
    for x in inputs:
        spikes.append(twin(x))
        voltages.append(twin.neuron.voltage)
        arrived.append(twin.connection.synspike)
    recording = snn.run(layer, inputs, record=["neuron.voltage", "connection.synspike"])
    assert list(recording) == ["spikes", "neuron.voltage", "connection.synspike"]
    assert torch.equal(recording["spikes"].values, torch.stack(spikes))
    assert torch.equal(recording["neuron.voltage"].values, torch.stack(voltages))
    assert torch.equal(recording["connection.synspike"].values, torch.stack(arrived))
    assert recording["spikes"].values.dtype == recording["connection.synspike"].values.dtype == torch.bool
    assert recording["spikes"].values.any()
    assert unchanged(layer, state(twin))


def test_series_have_axes_times_and_units():
    layer = serial(2)
    layer.dt = 0.5
    recording = snn.run(layer, train(4, 2), record=["neuron.voltage", "connection.syncurrent", "connection.weight"])
    assert recording.times.tolist() == [0.0, 0.5, 1.0, 1.5]
    assert recording.dt == 0.5
    assert {name: (each.axes, each.unit) for name, each in recording.items()} == {
        "spikes": (("time", "batch", "neuron"), ""),
        "neuron.voltage": (("time", "batch", "neuron"), "mV"),
        "connection.syncurrent": (("time", "batch", "input"), "nA"),
        "connection.weight": (("time", "neuron", "input"), ""),
    }


def test_times_stay_exact_over_a_long_run():
    neuron = snn.LIF(1, 0.1, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    times = snn.run(neuron, torch.zeros(3000, 1, 1)).times
    assert times[-1].item() == pytest.approx(299.9, rel=1e-12)


def test_a_run_goes_on_from_where_the_layer_is():
    layer, inputs = serial(), train(30)
    whole = snn.run(copy.deepcopy(layer), inputs)["spikes"]
    parts = [snn.run(layer, part)["spikes"] for part in (inputs[:11], inputs[11:])]
    assert torch.equal(torch.cat([part.values for part in parts]), whole.values)
    assert [part.start for part in parts] == [0.0, 0.0]


def test_what_was_recorded_is_not_changed_by_what_comes_later():
    layer = serial()
    recording = snn.run(layer, train(5), record=["neuron.voltage_", "connection.weight", "synapse.current"])
    before = {name: each.values.clone() for name, each in recording.items()}
    with torch.no_grad():
        layer.connection.weight.fill_(-1.0)
        layer.neuron.voltage_.fill_(0.0)
    snn.run(layer, ~train(5))
    assert all(torch.equal(recording[name].values, value) for name, value in before.items())


def test_one_name_alone_needs_no_list_and_a_name_twice_is_one_series():
    assert list(snn.run(serial(), train(3), record="neuron.voltage")) == ["spikes", "neuron.voltage"]
    assert list(snn.run(serial(), train(3), record=["neuron.voltage"] * 2)) == ["spikes", "neuron.voltage"]


# --------------------------------------------------------------------------------------------------------------------- what it may step


def test_a_layer_of_several_connections_takes_a_dict_and_gives_spikes_by_neuron():
    layer, left, right = Pair(2), train(batch=2), train(batch=2, inputs=4, seed=1)
    twin = copy.deepcopy(layer)
    recording = snn.run(layer, {"left": left, "right": right}, record=["neurons.exc.voltage", "connections.right.synspike"])
    assert list(recording) == ["spikes.exc", "spikes.inh", "neurons.exc.voltage", "connections.right.synspike"]
    expected = [twin({"left": a, "right": b}) for a, b in zip(left, right, strict=True)]
    for name in ("exc", "inh"):
        assert torch.equal(recording[f"spikes.{name}"].values, torch.stack([each[name] for each in expected]))
    assert torch.equal(recording["connections.right.synspike"].values, right)


def test_a_biclique_runs_with_some_of_its_connections():
    layer = snn.Biclique([("a", dense()), ("b", dense(4))], [("exc", lif()), ("inh", lif())])
    recording = snn.run(layer, {"b": train(inputs=4)}, record="cells.b.inh.prespike")
    assert list(recording) == ["spikes.exc", "spikes.inh", "cells.b.inh.prespike"]
    assert torch.equal(recording["spikes.exc"].values, recording["spikes.inh"].values)


def test_a_recurrent_serial_takes_a_tensor_and_gives_spikes_by_neuron():
    parts = (dense(), dense(2, 4), dense(4, 2, -20.0), lif(), lif(4))
    layer = snn.RecurrentSerial(*parts, feedfwd_neuron_name="exc", feedback_neuron_name="inh")
    twin, inputs = copy.deepcopy(layer), train()
    recording = snn.run(layer, inputs, record="feedback_spikes")
    expected = [twin(x) for x in inputs]
    assert torch.equal(recording["spikes.exc"].values, torch.stack([each[0] for each in expected]))
    assert torch.equal(recording["spikes.inh"].values, torch.stack([each[1] for each in expected]))
    assert torch.equal(recording["feedback_spikes"].values, recording["spikes.inh"].values)
    assert recording["feedback_spikes"].axes == ("time", "batch", "neuron")


def test_single_parts_run_too():
    neuron, connection, synapse = lif(), dense(weight=2.0), snn.DeltaCurrent(3, 1.0, spike_charge=5.0)
    # From rest to R I (1 - exp(-t/10 ms)) above it, while nothing spikes.
    voltage = snn.run(neuron, torch.full((5, 1, 2), 2.0), record="voltage")["voltage"]
    expected = [-65.0 + 2.0 * (1 - math.exp(-step / 10)) for step in range(1, 6)]
    assert voltage[:, 0, 0].tolist() == pytest.approx(expected)
    currents = snn.run(connection, torch.ones(2, 1, 3))["currents"]
    assert (currents[0].tolist(), currents.unit) == ([[6.0, 6.0]], "nA")
    assert snn.run(synapse, torch.ones(2, 1, 3))["currents"][1].tolist() == [[5.0, 5.0, 5.0]]


@pytest.mark.parametrize("form", [list, iter, lambda x: (each for each in x), lambda x: [(each,) for each in x]])
def test_inputs_may_come_step_by_step(form):
    layer, inputs = serial(), train(150)
    expected = snn.run(copy.deepcopy(layer), inputs, record="neuron.voltage")
    recording = snn.run(layer, form(inputs), record="neuron.voltage")
    assert repr(recording) == repr(expected)
    assert all(torch.equal(recording[name].values, expected[name].values) for name in expected)


def test_an_encoder_feeds_a_run_at_once_or_step_by_step():
    def encoder():
        return snn.HomogeneousPoissonEncoder(50, 1.0, 200.0, generator=torch.Generator().manual_seed(1))

    rates = torch.ones(1, 3)
    at_once = snn.run(serial(), encoder()(rates))["spikes"].values
    assert torch.equal(snn.run(serial(), encoder()(rates, online=True))["spikes"].values, at_once)
    assert at_once.any()


def test_a_generator_may_look_at_what_the_layer_did_before():
    layer, seen = serial(), []

    def inputs():
        for _ in range(6):
            seen.append(bool(layer.neuron.spike.any()))
            yield torch.ones(1, 3)

    spikes = snn.run(layer, inputs())["spikes"].values
    assert seen == [False, *spikes[:-1].any(-1).any(-1).tolist()]
    assert any(seen)


def test_a_dict_a_step_will_do():
    layer = Pair()
    recording = snn.run(layer, ({"left": x, "right": torch.ones(1, 4)} for x in train(5)))
    assert list(recording) == ["spikes.exc", "spikes.inh"]


def traced(*shape):
    return snn.traced.TracedNeuron(lif((1, *shape)), 20.0)


def traced_serial():
    connection = snn.traced.Linear(3, 2, 1, 1.0, 2.0)
    connection.weight = torch.full((2, 3), 30.0)
    return snn.Serial(connection, traced(2))


def test_a_traced_serial_takes_spikes_with_traces_and_gives_both():
    layer, inputs = traced_serial(), train().unsqueeze(1)
    twin, encode = copy.deepcopy(layer), snn.traced.TracedInput(20.0)
    expected = [twin(*encode(x)) for x in inputs]
    recording = snn.run(layer, map(snn.traced.TracedInput(20.0), inputs), record="neuron.trace")
    assert list(recording) == ["spikes", "trace", "neuron.trace"]
    assert torch.equal(recording["spikes"].values, torch.stack([spikes for spikes, _ in expected]))
    assert torch.equal(recording["trace"].values, torch.stack([trace for _, trace in expected]))
    assert torch.equal(recording["trace"].values, recording["neuron.trace"].values)
    assert recording["trace"].axes == recording["spikes"].axes
    assert recording["spikes"].values.any()


def test_a_traced_layer_of_ones_own_gives_traces_by_neuron():
    class Two(snn.Layer):
        def __init__(self):
            super().__init__()
            self.add_connection("up", traced_serial().connection)
            self.add_neuron("exc", traced(2))
            self.add_neuron("inh", lif((1, 2)))

        def wiring(self, inputs):
            return {"exc": inputs["up"], "inh": inputs["up"][0].sum(-1)}

    layer, pairs = Two(), [*map(snn.traced.TracedInput(20.0), train().unsqueeze(1))]
    recording = snn.run(layer, [{"up": pair} for pair in pairs])
    assert list(recording) == ["spikes.exc", "trace.exc", "spikes.inh"]
    assert torch.equal(recording["spikes.exc"].values, recording["spikes.inh"].values)
    with pytest.raises(TypeError, match="inputs of 'up' must be x and trace_in at every step, but only 1 of these came"):
        snn.run(layer, {"up": train().unsqueeze(1)})


def test_a_layer_may_have_an_attribute_named_neuron():
    layer = Pair()
    layer.neuron = layer.neurons.exc
    assert list(snn.run(layer, {"left": train(), "right": train(inputs=4)})) == ["spikes.exc", "spikes.inh"]


@pytest.mark.parametrize("odd", [(1, 2, 3), "spikes", None, {"exc": 3}])
def test_a_step_that_gives_neither_spikes_nor_traces_is_refused(odd):
    layer = Pair()
    layer.register_forward_hook(lambda *_: (odd,) if odd is None else odd)
    with pytest.raises(TypeError, match="A step must give a tensor, or tensors by neuron, but gave a"):
        snn.run(layer, {"left": train(), "right": train(inputs=4)})


def test_single_traced_parts_run_too():
    connection = traced_serial().connection
    twin, pairs = copy.deepcopy(connection), [*map(snn.traced.TracedInput(20.0), train().unsqueeze(1))]
    recording = snn.run(connection, pairs)
    expected = [twin(*pair) for pair in pairs]
    assert {name: each.unit for name, each in recording.items()} == {"currents": "nA", "trace": ""}
    assert torch.equal(recording["currents"].values, torch.stack([potentials for potentials, _ in expected]))
    assert torch.equal(recording["trace"].values, torch.stack([trace for _, trace in expected]))
    conv = snn.run(snn.traced.Conv2d(1, 2, 2, 3, 1, 1.0, 0.0), [(torch.ones(1, 1, 3, 3), torch.ones(1, 1, 3, 3))] * 2)
    assert conv["currents"].shape == conv["trace"].shape == (2, 1, 2, 2, 2, 4)
    neuron = snn.run(traced(2), torch.full((5, 1, 1, 2), 1000.0), record="trace")
    assert list(neuron) == ["spikes", "trace"]
    assert neuron["trace"][0].tolist() == [[[1.0, 1.0]]]


@pytest.mark.parametrize("part", ["layer", "connection"])
def test_traced_parts_that_get_spikes_alone_say_what_they_take(part):
    layer = traced_serial() if part == "layer" else traced_serial().connection
    before, words = (
        state(layer),
        r"inputs must be x and trace_in at every step, but only 1 of these came\. .*TracedInput\(20\.0, dt\), spikes",
    )
    with pytest.raises(TypeError, match=words):
        snn.run(layer, train().unsqueeze(1))
    assert unchanged(layer, before)


def test_currents_of_a_connection_have_the_axes_of_the_neurons_they_are_for():
    assert snn.run(dense(), train())["currents"].axes == ("time", "batch", "neuron")
    assert snn.run(dense(outputs=(4, 2)), train())["currents"].axes == ("time", "batch", "row", "column")
    assert snn.run(snn.DeltaCurrent(3, 1.0, spike_charge=5.0), train())["currents"].axes == ("time", "batch", "input")


# ---------------------------------------------------------------------------------------------------------------------------- learning


def learner():
    layer = serial()
    layer.connection.defaultupdater()
    rule = snn.STDP(lr_post=0.3, lr_pre=-0.1, tc_post=20.0, tc_pre=20.0)
    rule.register_cell("only", layer.cell)
    return layer, rule


def test_trainers_learn_after_each_step_and_the_update_follows():
    (layer, rule), (twin, twins_rule), inputs = learner(), learner(), train(20)
    weights = []
    for x in inputs:
        twin(x)
        twins_rule()
        twin.update()
        weights.append(twin.connection.weight.detach().clone())
    recording = snn.run(layer, inputs, trainers=[rule], record="connection.weight")
    assert torch.equal(recording["connection.weight"].values, torch.stack(weights))
    assert not torch.equal(weights[0], weights[-1])
    alone, its_rule = learner()
    snn.run(alone, inputs, trainers=its_rule)
    assert torch.equal(alone.connection.weight, layer.connection.weight)


class Rewarded(snn.CellTrainer):
    """A rule that is told a signal."""

    def build(self, cell, state):
        pass

    def step(self, cell, state, signal):
        cell.updater.weight.add(pos=torch.full_like(cell.connection.weight, signal))

    def forward(self, signal, cells=None):
        super().forward(signal, cells=cells)


def test_a_rule_that_is_told_something_learns_through_a_function():
    layer, rule = serial(), Rewarded()
    layer.connection.defaultupdater()
    rule.register_cell("only", layer.cell)
    before, signals = layer.connection.weight.detach().clone(), iter([1.0, 2.0, 4.0])
    snn.run(layer, train(3), trainers=lambda: rule(next(signals)))
    assert torch.equal(layer.connection.weight, before + 7.0)


def test_without_trainers_pending_updates_wait():
    layer, _ = learner()
    layer.updater.weight = torch.ones(2, 3)
    snn.run(layer, train(3))
    assert (layer.connection.weight == 20.0).all()
    snn.run(layer, train(3), trainers=[lambda: None])
    assert (layer.connection.weight == 21.0).all()


def test_gradients_flow_through_spikes_and_voltages_unless_they_are_switched_off():
    layer, inputs = serial(weight=0.5), train(10)
    layer.connection.weight.requires_grad_()
    with torch.no_grad():
        assert not snn.run(copy.deepcopy(layer), inputs, record="neuron.voltage")["neuron.voltage"].values.requires_grad
    voltage = snn.run(layer, inputs, record="neuron.voltage")["neuron.voltage"].values
    assert not snn.run(serial(), inputs)["spikes"].values.requires_grad
    voltage[-1].sum().backward()
    # Linear below the threshold: v_T = rest + sum over t of (1 - e^(-1/10)) e^(-(T - t)/10) w x_t, so its slope is that of w.
    decay = torch.exp(-torch.arange(9.0, -1.0, -1.0) / 10)
    slope = (1 - math.exp(-0.1)) * (decay[:, None] * inputs[:, 0].float()).sum(0)
    torch.testing.assert_close(layer.connection.weight.grad, slope.expand(2, 3))


# ------------------------------------------------------------------------------------------------------- refused before the first step


class Broken(list):
    """Inputs that nobody may ask for."""

    def __iter__(self):
        raise AssertionError("a step was begun")


REFUSED = {
    "unknown name": (serial, train(), {"record": ["neuron.voltag"]}, AttributeError, "LIF has no 'voltag'; there is: .*voltage"),
    "no tensor": (serial, train(), {"record": ["neuron"]}, TypeError, "record must name tensors, but 'neuron' is of type LIF"),
    "a kept name": (serial, train(), {"record": ["spikes"]}, ValueError, "record must not name 'spikes': a run keeps that name for itself"),
    "no batch": (serial, train()[:, 0], {}, ValueError, r"of shape \(20, 1, 3\) \(T x B x shape, time first\), .* inputs.unsqueeze\(1\)"),
    "another batch": (serial, train(batch=2), {}, ValueError, r"inputs must be of shape \(20, 1, 3\) .* but is of shape \(20, 2, 3\)"),
    "another size": (serial, train(inputs=4), {}, ValueError, r"but is of shape \(20, 1, 4\)"),
    "a number": (serial, torch.tensor(1.0), {}, ValueError, r"but is of shape \(\)"),
    "no step": (serial, train(0), {}, ValueError, "inputs must hold at least one step, but are empty"),
    "no step in a list": (serial, [], {}, ValueError, "inputs must hold at least one step, but are empty"),
    "NaN in the last step": (serial, torch.cat((torch.ones(4, 1, 3), torch.full((1, 1, 3), math.nan))), {}, ValueError, "must be finite"),
    "a word": (serial, "spikes", {}, TypeError, "inputs must be a tensor, a dict of tensors, .* but is a str"),
    "nothing": (serial, None, {}, TypeError, "but is a NoneType"),
    "a dict": (serial, {"serial": train()}, {}, TypeError, "inputs must be a tensor for a Serial, which has one input, but is a dict"),
    "no dict": (Pair, train(), {}, TypeError, r"inputs must be a dict of tensors by connection \(left, right\) for a Pair"),
    "an empty dict": (Pair, {}, {}, ValueError, "inputs must name at least one connection, but are empty"),
    "an unknown connection": (Pair, {"up": train()}, {}, AttributeError, "There is no connection 'up'; there is: left, right"),
    "unequal lengths": (
        Pair, {"left": train(3), "right": train(4, inputs=4)}, {}, ValueError, "as many steps for every connection, .*'left': 3"
    ),
    "a shape in a dict": (Pair, {"left": train(), "right": train()}, {}, ValueError, r"inputs of 'right' must be of shape \(20, 1, 4\)"),
    "a list in a dict": (Pair, {"left": [1.0]}, {}, TypeError, "inputs of 'left' must be a torch.Tensor"),
    "no trainer": (serial, train(), {"trainers": [None]}, TypeError, r"trainers\[0\] must be a function without arguments, .* but is None"),
    "trainer that must be told": (
        serial,
        train(),
        {"trainers": [lambda: None, Rewarded()]},
        TypeError,
        r"trainers\[1\] must be a function without arguments, but this Rewarded wants signal at every step. Put it into one that says "
        r"so: trainers=lambda: rule\(signal\)",
    ),
    "function that must be told": (serial, train(), {"trainers": [lambda a, b: None]}, TypeError, "this function wants a, b at every step"),
    "no layer to train": (lif, torch.zeros(3, 1, 2), {"trainers": [lambda: None]}, TypeError, "trainers need a Layer, .* is a LIF"),
    "progress": (serial, train(), {"progress": 1}, TypeError, "progress must be True or False, but is 1"),
    "no model": (lambda: torch.nn.Linear(2, 2), train(), {}, TypeError, "layer must be a Layer, .* but is of type Linear"),
    "an unknown word": (serial, train(), {"recrod": ["neuron.voltage"]}, TypeError, "recrod"),
}  # fmt: skip


@pytest.mark.parametrize(("build", "inputs", "keywords", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_run_is_refused_before_the_first_step(build, inputs, keywords, error, words):
    layer = build()
    before = state(layer)
    with pytest.raises(error, match=words):
        snn.run(layer, inputs, **keywords)
    assert unchanged(layer, before)
    assert getattr(layer, "cell", None) is None or layer.cell.steps == 0


def test_names_are_checked_before_anything_is_asked_of_the_inputs():
    with pytest.raises(AttributeError, match="has no 'voltag'"):
        snn.run(serial(), Broken(train()), record=["neuron.voltag"])


def test_parts_of_unequal_step_times_or_batches_are_refused():
    layer = Pair()
    layer.neurons.exc.dt = 0.5
    with pytest.raises(RuntimeError, match="Set dt to make them one"):
        snn.run(layer, {"left": train()})
    layer.dt = 1.0
    layer.neurons.exc.batchsz = 2
    with pytest.raises(RuntimeError, match="Set batchsz to make them one"):
        snn.run(layer, {"left": train()})


# --------------------------------------------------------------------------------------------------------------------- what breaks off


KEPT = "The error's attribute `recording` holds them."


def test_an_error_says_in_which_step_and_leaves_the_layer_at_the_step_before():
    layer, inputs = serial(), [*train(7), torch.full((1, 3), math.nan), *train(2)]
    twin = copy.deepcopy(layer)
    with pytest.raises(ValueError, match="must be finite") as caught:
        snn.run(layer, inputs)
    assert caught.value.__notes__ == [f"snn.run stopped at the step of index 7 of 10, 7 ms. The 7 steps before it are done. {KEPT}"]
    for x in inputs[:7]:
        twin(x)
    assert unchanged(layer, state(twin))
    assert layer.cell.steps == 7


def test_an_interruption_is_raised_between_two_steps_with_a_note():
    layer, inputs = serial(), train(10)
    twin, before = copy.deepcopy(layer), signal.signal(signal.SIGINT, signal.default_int_handler)
    handle = layer.neuron.register_forward_pre_hook(
        lambda *_: signal.raise_signal(signal.SIGINT) if layer.cell.steps == 4 else None
    )  # in the middle of the step of index 4, which is done whole
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            snn.run(layer, (x for x in inputs))
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    handle.remove()
    assert caught.value.__notes__ == [f"snn.run stopped at the step of index 5, 5 ms. The 5 steps before it are done. {KEPT}"]
    for x in inputs[:5]:
        twin(x)
    assert unchanged(layer, state(twin))


@pytest.mark.parametrize("form", [list, iter])
def test_what_was_recorded_before_an_error_stays_with_the_error(form):
    inputs, names = train(7), ["neuron.voltage", "connection.weight"]
    expected = snn.run(serial(), inputs, record=names)
    with pytest.raises(ValueError, match="must be finite") as caught:
        snn.run(serial(), form([*inputs, torch.full((1, 3), math.nan), *train(2)]), record=names)
    recording = caught.value.recording
    assert repr(recording) == repr(expected)
    assert recording.times.tolist() == list(range(7))
    assert all(torch.equal(recording[name].values, expected[name].values) for name in expected)


def test_what_was_recorded_before_an_interruption_stays_too():
    def inputs():
        yield from train(4)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as caught:
        snn.run(serial(), inputs())
    assert torch.equal(caught.value.recording["spikes"].values, snn.run(serial(), train(4))["spikes"].values)


def test_of_a_step_that_broke_off_while_it_was_recorded_nothing_is_kept():
    layer = serial()
    layer.seen = torch.zeros(1)
    layer.neuron.register_forward_hook(lambda *_: setattr(layer, "seen", torch.zeros(1 + layer.cell.steps // 3)))
    with pytest.raises(ValueError, match="'seen' must keep its shape") as caught:
        snn.run(layer, train(9), record=["neuron.voltage", "seen"])
    assert {name: len(each) for name, each in caught.value.recording.items()} == {"spikes": 3, "neuron.voltage": 3, "seen": 3}


def test_an_error_in_the_first_step_has_no_recording():
    with pytest.raises(ValueError, match="must be finite") as caught:
        snn.run(serial(), [torch.full((1, 3), math.nan)])
    assert caught.value.recording is None
    assert caught.value.__notes__ == ["snn.run stopped at the step of index 0 of 1, 0 ms. The 0 steps before it are done."]


def test_a_recording_that_cannot_be_made_hides_no_error(monkeypatch):
    def fails(*_):
        raise MemoryError

    monkeypatch.setattr("snnlab.network.rows.Rows.stacked", fails)
    with pytest.raises(ValueError, match="must be finite") as caught:
        snn.run(serial(), [*train(2), torch.full((1, 3), math.nan)])
    assert caught.value.recording is None


def test_outputs_that_change_their_names_are_refused():
    class Moody(Pair):
        def wiring(self, inputs):
            return {"exc": inputs["left"]} if inputs["left"].any() else {"inh": inputs["left"]}

    with pytest.raises(RuntimeError, match=r"must give the same outputs, spikes\.exc, but one gave spikes\.inh") as caught:
        snn.run(Moody(), [{"left": torch.ones(1, 3)}, {"left": torch.zeros(1, 3)}])
    assert "step of index 1 of 2" in caught.value.__notes__[0]


def test_a_record_of_changing_shape_is_refused_with_its_name():
    layer = serial()
    layer.neuron.register_forward_hook(lambda *_: setattr(layer, "seen", torch.zeros(layer.cell.steps + 1)))
    layer.seen = torch.zeros(1)
    with pytest.raises(ValueError, match=r"'seen' must keep its shape and dtype through a run, \(1,\), float32, but became \(2,\)"):
        snn.run(layer, train(3), record="seen")


# ------------------------------------------------------------------------------------------------------------------------ event by event


def test_one_step_event_by_event():
    """By hand, for one neuron, R = 1 MΩ, τ = 10 ms, threshold 5 mV above rest; an input spike gives 60 nA for 1 ms, 2 ms later."""
    connection = snn.LinearDense(
        1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(60.0), delay=3.0, weight_init=torch.ones_like,
        delay_init=lambda like: torch.full_like(like, 2.0),
    )  # fmt: skip
    layer = snn.Serial(connection, lif(1))
    connection.defaultupdater(exclude_delay=True)
    rule = snn.STDP(lr_post=0.5, lr_pre=-0.2, tc_post=20.0, tc_pre=20.0, delayed=True)
    rule.register_cell("only", layer.cell)
    inputs = torch.tensor([0, 1, 0, 0, 0, 0]).bool().reshape(6, 1, 1)
    names = ["synapse.spike", "cell.prespike", "cell.precurrent", "neuron.voltage", "connection.weight"]
    seen = {name: each.values.flatten().tolist() for name, each in snn.run(layer, inputs, record=names, trainers=rule).items()}
    assert seen["synapse.spike"] == [False, True, False, False, False, False]  # it counts in its own step
    assert seen["cell.prespike"] == [False, False, False, True, False, False]  # and arrives after its delay of two
    assert seen["cell.precurrent"] == [0.0, 0.0, 0.0, 60.0, 0.0, 0.0]
    assert 60.0 * (1 - math.exp(-0.1)) > 5.0
    assert seen["spikes"] == [False, False, False, True, False, False]  # the neuron spikes in the step in which the current comes
    assert seen["neuron.voltage"] == [-65.0] * 6  # reset in the very step
    # Both sides spike in step 3. The postsynaptic spike finds the trace of the arriving one, 1; and the arriving one that of the post, 1.
    assert seen["connection.weight"] == pytest.approx([1.0, 1.0, 1.0, 1.3, 1.3, 1.3])
