"""A step is done whole or not at all: what a part would refuse is refused before any part has run."""

import math

import pytest
import torch

import snnlab as snn
from snnlab.network.step import check_connection, check_connection_keywords, check_keywords, check_pair, check_wired

SYNAPSE = snn.DeltaCurrent.partialconstructor(100.0)


def dense(batch=1, step_time=1.0, **arguments):
    return snn.LinearDense(3, 2, step_time, synapse=SYNAPSE, batch_size=batch, weight_init=torch.ones_like, **arguments)


def lif(batch=1, step_time=1.0):
    return snn.LIF(2, step_time, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0, batch_size=batch)


class Pair(snn.Layer):
    """Two connections; what their wiring gives is said when it is built."""

    def __init__(self, wired=lambda inputs: {"out": inputs["left"]}):
        super().__init__()
        self.wired = wired
        self.add_connection("left", dense())
        self.add_connection("right", dense())
        self.add_neuron("out", lif())
        self.add_neuron("other", lif())

    def wiring(self, inputs):
        return self.wired(inputs)


INPUTS = {"left": (torch.ones(1, 3),), "right": (torch.ones(1, 3),)}


def state(layer):
    return {key: value.clone() for key, value in layer.state_dict().items()}


def unchanged(layer, before):
    return all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


def test_keywords_are_checked_against_a_function():
    check_keywords(lambda current, gain=1.0: current, {"gain": 2.0})
    check_keywords(lambda current, **anything: current, {"gain": 2.0})
    check_keywords(torch.sum, {"dim": 0})  # says nothing of its arguments
    with pytest.raises(TypeError, match="got an unexpected keyword argument 'gian'"):
        check_keywords(lambda current, gain=1.0: current, {"gian": 2.0})
    with pytest.raises(TypeError, match=r"LIF\.forward got an unexpected keyword argument 'adapt'"):
        check_keywords(lif().forward, {"adapt": True})


def test_keywords_of_a_connection_are_those_it_and_its_synapse_name():
    check_connection_keywords(dense(), {})
    with pytest.raises(TypeError, match="DeltaCurrent takes no keyword 'gain'"):
        check_connection_keywords(dense(), {"gain": 1.0})

    class Graded(snn.DeltaCurrent):
        def forward(self, *inputs, **kwargs):
            self.gain = kwargs.pop("gain", 1.0)
            return super().forward(*inputs, **kwargs) * self.gain

    graded = snn.LinearDense(3, 2, 1.0, synapse=Graded.partialconstructor(100.0))
    check_connection_keywords(graded, {"gain": 2.0})  # written elsewhere: it alone knows what it takes


def test_a_keyword_of_the_second_connection_is_refused_before_the_first_runs():
    layer = Pair()
    before = state(layer)
    with pytest.raises(TypeError, match="DeltaCurrent takes no keyword 'gain'"):
        layer(INPUTS, connection_kwargs={"right": {"gain": 1.0}})
    assert unchanged(layer, before)


def test_a_gradient_that_the_second_connection_would_lose_is_refused_before_the_first_runs():
    layer = Pair()
    layer.del_connection("right")
    layer.add_connection("right", dense(delay=3.0)).weight.requires_grad_()
    before = state(layer)
    with pytest.raises(RuntimeError, match=r"Set connection\.synapse\.inplace = False"):
        layer(INPUTS)
    assert unchanged(layer, before)


@pytest.mark.parametrize(
    ("values", "error", "words"),
    [
        ((), TypeError, "but got none"),
        ((torch.ones(1, 4),), ValueError, r"inputs of 'left' must be of shape \(1, 3\)"),
        ((torch.full((1, 3), math.inf),), ValueError, "inputs of 'left' must be finite"),
    ],
)
def test_what_a_connection_would_refuse_is_refused(values, error, words):
    check_connection("left", dense(), (torch.ones(1, 3),), {})
    with pytest.raises(error, match=words):
        check_connection("left", dense(), values, {})


def test_a_pair_has_one_batch_size_and_one_step_time():
    check_pair(("a", "b"), dense(4), lif(4))
    with pytest.raises(RuntimeError, match=r"connection 'a' has batchsz 4, but neuron 'b' has 1\. Set batchsz of the layer"):
        check_pair(("a", "b"), dense(4), lif())
    with pytest.raises(RuntimeError, match=r"connection 'a' steps by 1\.0 ms, but neuron 'b' by 0\.5 ms. Set dt of the layer"):
        check_pair(("a", "b"), dense(), lif(step_time=0.5))


def test_a_step_time_set_on_one_part_alone_is_refused_at_the_next_step():
    serial, pair = snn.Serial(dense(), lif()), Pair()
    serial.neuron.dt = 0.5
    pair.neurons.other.dt = 0.5
    for layer, inputs in ((serial, torch.ones(1, 3)), (pair, INPUTS)):
        before = state(layer)
        with pytest.raises(RuntimeError, match="Set dt of the layer, which sets both"):
            layer(inputs)
        assert unchanged(layer, before)
        layer.dt = 0.25
        layer(inputs)


@pytest.mark.parametrize(
    ("wired", "error", "words"),
    [
        (lambda x: {"out": x["left"], "nobody": x["left"]}, AttributeError, "There is no neuron 'nobody'; there is: out, other"),
        (lambda x: {"out": x["left"], "other": x["left"][:, :1]}, ValueError, r"inputs of neuron 'other', .* must be of shape \(1, 2\)"),
        (lambda x: {"out": x["left"], "other": x["left"][0]}, ValueError, r"inputs of neuron 'other', .* but is of shape \(2,\)"),
        (lambda x: {"out": x["left"], "other": x["left"] / 0}, ValueError, "inputs of neuron 'other', from the wiring, must be finite"),
        (lambda x: {"out": x["left"], "other": 0.0}, TypeError, "inputs of neuron 'other', .* must be a torch.Tensor"),
        (lambda x: x["left"], TypeError, "wiring must return a dict of currents by neuron, but gave a Tensor"),
    ],
)
def test_a_wiring_that_cannot_be_is_refused_before_any_neuron_runs(wired, error, words):
    layer = Pair(wired)
    layer.neurons.out.voltage = torch.full((1, 2), -63.0)
    with pytest.raises(error, match=words):
        layer(INPUTS)
    assert (layer.neurons.out.voltage == -63.0).all()
    assert not layer.neurons.out.spike.any()


def test_what_was_wired_is_checked_by_itself_too():
    neurons = {"out": lif()}
    check_wired(neurons, {"out": torch.zeros(1, 2)})
    check_wired(neurons, {})
    with pytest.raises(AttributeError, match="wiring gave currents for 'up'"):
        check_wired(neurons, {"up": torch.zeros(1, 2)})


# ------------------------------------------------------------------------------------------------------------------ spikes with traces


def traced(batch=1):
    return snn.traced.Linear(3, 2, batch, 1.0, 0.0)


def flat():
    return snn.LIF((1, 2), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)


X = torch.ones(1, 1, 3)


def test_a_traced_connection_before_plain_neurons_is_refused_when_the_serial_is_built():
    words = r"neuron must be a TracedNeuron, .* is of type LIF\. Wrap it: snn\.traced\.TracedNeuron\(LIF\(\.\.\.\), 20\.0\)"
    with pytest.raises(TypeError, match=words):
        snn.Serial(traced(), flat())
    layer = snn.Serial(traced(), flat(), transform=lambda given: given[0].sum(-1) * 1000)
    assert layer(X, X).all()
    layer = snn.Serial(
        snn.LinearDense((1, 3), (1, 2), 1.0, synapse=snn.DeltaCurrent.partialconstructor(9.0)), snn.traced.TracedNeuron(flat(), 20.0)
    )
    assert [each.shape for each in layer(X)] == [(1, 1, 2)] * 2


def test_an_input_that_is_missing_is_named_before_anything_steps():
    layer = snn.Serial(traced(), snn.traced.TracedNeuron(flat(), 20.0))
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    with pytest.raises(TypeError, match=r"inputs must be x and trace_in at every step, but only 1 of these came\. Give each step a tuple"):
        layer(X)
    with pytest.raises(TypeError, match="but none of these came"):
        layer()
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


def test_a_layer_whose_wiring_hands_potentials_to_plain_neurons_says_so():
    class Given(snn.Layer):
        def wiring(self, inputs):
            return {"out": inputs["up"]}

    layer = Given()
    layer.add_connection("up", traced())
    layer.add_neuron("out", flat())
    with pytest.raises(TypeError, match=r"wiring gave a tuple to neuron 'out', a LIF: .* Make the neuron a TracedNeuron of it"):
        layer({"up": (X, X)})
    with pytest.raises(TypeError, match="inputs of 'up' must be x and trace_in at every step, but only 1 of these came"):
        layer({"up": X})
    layer.del_neuron("out")
    layer.add_neuron("out", snn.traced.TracedNeuron(flat(), 20.0))
    assert len(layer({"up": (X, X)})["out"]) == 2


def test_traced_parts_of_unequal_step_times_are_refused():
    half = snn.traced.Linear(3, 2, 1, 0.5, 0.0)
    with pytest.raises(RuntimeError, match=r"connection 'serial' steps by 0\.5 ms, but neuron 'serial' by 1\.0 ms"):
        snn.Serial(half, snn.traced.TracedNeuron(flat(), 20.0))
