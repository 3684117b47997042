"""A cell: a view of a connection and its neurons that can be read and watched, but not run."""

import copy
import pickle

import pytest
import torch

import snnlab as snn


def build(delay=None, shape=(2,)):
    connection = snn.LinearDense(
        3, shape, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0), delay=delay, weight_init=torch.ones_like
    )
    neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-70.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    return snn.Serial(connection, neuron)


def test_a_cell_shows_its_parts():
    layer = build()
    cell = layer.cell
    assert cell.connection is layer.connection
    assert cell.neuron is layer.neuron
    assert cell.synapse is layer.synapse
    assert cell.updater is None
    assert cell.layer is layer
    assert cell.names == ("serial", "serial")
    updater = layer.connection.defaultupdater()
    assert cell.updater is updater


@pytest.mark.parametrize("delay", [None, 2.0])
def test_a_cell_shows_both_sides_of_the_last_step(delay):
    layer = build(delay)
    layer(torch.tensor([[True, False, True]]))
    assert torch.equal(layer.cell.prespike, layer.connection.synspike)
    assert torch.equal(layer.cell.precurrent, layer.connection.syncurrent)
    assert layer.cell.postspike.tolist() == [[True, True]]
    assert layer.cell.postvoltage.tolist() == [[-70.0, -70.0]]


@pytest.mark.parametrize(
    "name",
    [
        "layer",
        "connection",
        "neuron",
        "names",
        "synapse",
        "updater",
        "precurrent",
        "prespike",
        "postvoltage",
        "postspike",
        "monitors",
    ],
)
def test_what_a_cell_shows_cannot_be_replaced(name):
    cell, other = build().cell, build()
    with pytest.raises(AttributeError, match="no setter"):
        setattr(cell, name, getattr(other, name, None))
    assert not list(cell.children())


def test_a_cell_cannot_be_called():
    with pytest.raises(RuntimeError, match=r"A cell cannot be called: .* Call the layer"):
        build().cell(torch.zeros(1, 3))


def test_outputs_that_are_not_shaped_like_the_neurons_make_no_cell():
    with pytest.raises(RuntimeError, match=r"connection 'serial' gives outputs of shape \(2, 1\), but neuron 'serial' is of shape \(2,\)"):
        build(shape=(2, 1))


def test_a_cell_counts_the_steps_of_its_layer():
    layer = build()
    for _ in range(3):
        layer(torch.zeros(1, 3))
    assert layer.cell.steps == 3


def test_a_cell_owns_nothing_twice():
    layer = build()
    assert list(layer.cell.parameters()) == []
    assert list(layer.cell.children()) == []
    assert len(list(layer.parameters())) == 1
    assert not any("cells_" in key for key in layer.state_dict())


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda layer: pickle.loads(pickle.dumps(layer))])
def test_a_copy_of_a_layer_has_cells_of_its_own_parts(twin_of):
    layer = build()
    twin = twin_of(layer)
    assert twin.cell.connection is twin.connection is not layer.connection
    assert twin.cell.neuron is twin.neuron is not layer.neuron
    assert twin.cell.layer is twin
    twin(torch.ones(1, 3))
    assert (twin.cell.steps, layer.cell.steps) == (1, 0)


def test_a_monitor_on_a_cell_looks_once_a_step_after_it():
    layer = build()
    monitor = snn.StateMonitor(snn.PassthroughReducer(1.0, 3.0, inclusive=True), "postspike", layer.cell)
    for spikes in (True, False, False):
        layer(torch.full((1, 3), spikes))
    assert monitor.dump().flatten(1).any(1).tolist()[:3] == [False, False, True]
    assert monitor in layer.cell.monitors.values()


def test_a_pair_of_different_step_times_is_refused():
    connection = snn.LinearDense(3, 2, 0.5, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)
    with pytest.raises(RuntimeError, match=r"steps by 0\.5 ms, but neuron .serial. by 1\.0 ms\. Give both one step time"):
        snn.Serial(connection, neuron)


def test_the_spikes_that_a_rule_reads_are_those_that_the_cell_shows():
    class Late(snn.LIF):
        """Shows nothing of what it does."""

        @property
        def spike(self):
            return torch.zeros_like(self.spike_)

    for kind, shown in ((snn.LIF, True), (Late, False)):
        connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0), weight_init=torch.ones_like)
        neuron = kind(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=0.0, time_constant=10.0)
        layer = snn.Serial(connection, neuron)
        assert layer(torch.ones(1, 1)).item()
        assert layer.cell.postspike.item() is shown
        assert layer.cell.fired.item() is shown
