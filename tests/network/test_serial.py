"""Serial: one connection, one group of neurons, and nothing else."""

import pytest
import torch

import snnlab as snn


def build(**arguments):
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0), weight_init=torch.ones_like)
    neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    return snn.Serial(connection, neuron, **arguments)


def test_a_step_gives_spikes_or_spikes_and_currents():
    layer = build()
    assert layer(torch.zeros(1, 3)).tolist() == [[False, False]]
    spikes, currents = layer(torch.tensor([[1.0, 0.0, 1.0]]), capture_intermediate=True)
    assert (spikes.tolist(), currents.tolist()) == ([[True, True]], [[200.0, 200.0]])


def test_its_parts_have_names():
    layer = build()
    assert layer.connection is layer.connections.serial
    assert layer.neuron is layer.neurons.serial
    assert layer.synapse is layer.connection.synapse
    assert layer.cell is layer.cells.serial.serial
    assert layer.updater is None
    assert layer.connection.defaultupdater() is layer.updater
    named = build(connection_name="feed", neuron_name="out")
    assert named.connections.feed is named.connection
    assert named.cells.feed.out is named.cell
    assert named(torch.ones(1, 3)).all()


def test_it_steps_as_a_layer_of_the_same_parts_does():
    class Pair(snn.Layer):
        def wiring(self, inputs):
            return {"n": inputs["c"]}

    serial, pair, twin = build(), Pair(), build()
    pair.add_connection("c", twin.connection)
    pair.add_neuron("n", twin.neuron)
    for spikes in torch.rand(20, 1, 3, generator=torch.Generator().manual_seed(0)) < 0.1:
        assert torch.equal(serial(spikes), pair({"c": (spikes,)})["n"])
        assert torch.equal(serial.neuron.voltage, twin.neuron.voltage)


def test_a_transform_that_is_no_function_is_refused_when_the_layer_is_built():
    with pytest.raises(TypeError, match=r"transform must be a function f\(tensor\), but is 'relu' \(str\). Leave it out for none"):
        build(transform="relu")


def test_a_transform_stands_between_the_two_and_takes_keywords():
    layer = build(transform=lambda currents, gain=1.0: currents * gain)
    assert layer(torch.ones(1, 3)).all()
    layer.clear()
    spikes, currents = layer(torch.ones(1, 3), gain=0.0, capture_intermediate=True)
    assert not spikes.any()
    assert (currents == 300.0).all()
    with pytest.raises(TypeError, match="gian"):
        layer(torch.ones(1, 3), gian=1.0)


def test_keywords_reach_both_parts():
    layer = build()
    layer(torch.ones(1, 3), neuron_kwargs={"refrac_lock": False}, connection_kwargs={})
    with pytest.raises(TypeError, match="DeltaCurrent takes no keyword 'gain'"):
        layer(torch.ones(1, 3), connection_kwargs={"gain": 1.0})


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"gain": 2.0}, TypeError, "Serial takes no keyword 'gain': it has no transform"),
        ({"neuron_kwargs": {"adapt": True}}, TypeError, "LIF.forward got an unexpected keyword argument 'adapt'. Leave it out"),
        ({"connection_kwargs": {"adapt": True}}, TypeError, "DeltaCurrent takes no keyword 'adapt'"),
    ],
)
def test_an_unknown_keyword_leaves_both_parts_as_they_were(arguments, error, words):
    layer = build()
    with pytest.raises(error, match=words):
        layer(torch.ones(1, 3), **arguments)
    assert not layer.synapse.spike.any()
    assert layer.cell.steps == 0


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ((torch.ones(1, 4),), ValueError, r"inputs must be of shape \(1, 3\) \(B x inshape\), but is of shape \(1, 4\)"),
        ((torch.ones(2, 3),), ValueError, "Set batchsz for another batch size"),
        ((torch.full((1, 3), float("nan")),), ValueError, "inputs must be finite in every element"),
        ((torch.ones(1, 3), torch.ones(1, 2)), ValueError, r"inputs\[1\] must be of shape \(1, 3\)"),
        (([1.0, 1.0, 1.0],), TypeError, "inputs must be a torch.Tensor"),
        ((), TypeError, r"LinearDense takes inputs of shape \(1, 3\), but got none"),
    ],
)
def test_a_step_that_is_refused_leaves_both_parts_as_they_were(given, error, words):
    layer = build()
    layer(torch.ones(1, 3))
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    with pytest.raises(error, match=words):
        layer(*given)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())
    assert layer.synapse.spike.all()
    assert layer.cell.steps == 1


def test_unequal_batch_sizes_are_refused_before_a_step():
    layer = build()
    layer.connection.batchsz = 4
    with pytest.raises(RuntimeError, match=r"connection 'serial' has batchsz 4, but neuron 'serial' has 1. Set batchsz of the layer"):
        layer(torch.ones(4, 3))
    assert not layer.synapse.spike.any()
    layer.batchsz = 4
    assert layer(torch.ones(4, 3)).all()


@pytest.mark.parametrize("name", ["add_connection", "add_neuron", "add_cell", "del_connection", "del_neuron", "del_cell"])
def test_its_parts_are_fixed(name):
    layer = build()
    with pytest.raises(RuntimeError, match=f"Serial has fixed parts: {name} cannot be used"):
        getattr(layer, name)("serial", "serial")
    assert layer(torch.ones(1, 3)).all()
    assert getattr(snn.Layer, name) is not getattr(snn.Serial, name)


def test_what_a_layer_does_it_does_too():
    layer = build()
    assert [name for name, _ in layer.named_connections] == ["serial"]
    assert [names for names, _ in layer.named_cells] == [("serial", "serial")]
    layer.connection.defaultupdater().weight = torch.ones(2, 3)
    layer.update()
    assert (layer.connection.weight == 2.0).all()
    layer(torch.ones(1, 3))
    layer.clear()
    assert not layer.synapse.spike.any()
