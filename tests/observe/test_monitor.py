"""Monitors: what they see, when, and how long they live."""

import copy
import pickle

import pytest
import torch

import snnlab as snn


def lif(**overrides):
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0} | overrides
    return snn.LIF(2, 1.0, **settings)


def serial():
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    return snn.Serial(connection, lif())


def test_an_input_monitor_sees_what_a_module_is_called_with():
    neuron = lif()
    monitor = snn.InputMonitor(snn.PassthroughReducer(1.0, 2.0), neuron)
    neuron(torch.tensor([[1.0, 2.0]]))
    neuron(torch.tensor([[3.0, 4.0]]))
    assert monitor.dump().tolist() == [[[3.0, 4.0]], [[1.0, 2.0]]]


def test_an_output_monitor_sees_what_a_module_returns():
    neuron = lif()
    monitor = snn.OutputMonitor(snn.PassthroughReducer(1.0), neuron)
    neuron(torch.tensor([[1000.0, 0.0]]))
    assert monitor.peek().tolist() == [[1.0, 0.0]]


def test_a_state_monitor_sees_an_attribute_before_or_after_a_call():
    neuron = lif()
    before = snn.StateMonitor(snn.PassthroughReducer(1.0), "voltage", neuron, as_prehook=True)
    after = snn.StateMonitor(snn.PassthroughReducer(1.0), "voltage", neuron)
    neuron(torch.tensor([[10.0, 0.0]]))
    assert before.peek()[0, 0] == -65.0
    assert after.peek()[0, 0] > -65.0


def test_a_filter_and_a_map_choose_what_is_kept():
    neuron = lif()
    monitor = snn.InputMonitor(
        snn.PassthroughReducer(1.0, 2.0), neuron, filter_=lambda args: args[0].sum() > 0, map_=lambda args: (args[0] * 10,)
    )
    neuron(torch.tensor([[0.0, 0.0]]))
    assert monitor.peek() is None
    neuron(torch.tensor([[1.0, 0.0]]))
    assert monitor.peek().tolist() == [[10.0, 0.0]]


def test_a_monitor_watches_only_in_its_modes():
    neuron = lif()
    monitor = snn.OutputMonitor(snn.PassthroughReducer(1.0, 5.0), neuron, eval_update=False)
    neuron.eval()
    neuron(torch.zeros(1, 2))
    assert monitor.peek() is None
    neuron.train()
    neuron(torch.zeros(1, 2))
    assert monitor.peek() is not None


def test_a_dropped_monitor_leaves_no_hook_behind():
    neuron = lif()
    monitor = snn.StateMonitor(snn.PassthroughReducer(1.0), "voltage", neuron)
    assert len(neuron._forward_hooks) == 1
    del monitor
    assert len(neuron._forward_hooks) == 0


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))], ids=["deepcopy", "pickle"])
def test_a_copied_module_is_not_watched(duplicate):
    neuron = lif()
    monitor = snn.StateMonitor(snn.PassthroughReducer(1.0), "voltage", neuron)
    other = duplicate(neuron)
    other(torch.tensor([[10.0, 10.0]]))
    assert monitor.peek() is None
    assert len(other._forward_hooks) == 0


def test_registering_twice_names_the_monitor_and_says_what_to_do():
    neuron = lif()
    monitor = snn.OutputMonitor(snn.PassthroughReducer(1.0), neuron, name="out")
    with pytest.raises(RuntimeError, match=r"Monitor out is registered already. Call its deregister\(\) first"):
        monitor.register(neuron)
    monitor.register()
    monitor.deregister()
    monitor.register()
    assert monitor.registered


def test_registering_with_no_module_ever_named_says_so():
    with pytest.raises(RuntimeError, match=r"has watched no module yet. Call register\(module\)"):
        snn.OutputMonitor(snn.PassthroughReducer(1.0)).register()


def test_what_is_no_module_or_no_reducer_is_refused():
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module"):
        snn.OutputMonitor(snn.PassthroughReducer(1.0), "neuron")
    with pytest.raises(TypeError, match="reducer must be a Reducer"):
        snn.OutputMonitor("all of it", lif())


def test_a_monitor_on_a_cell_looks_once_a_step_of_the_layer():
    layer = serial()
    monitor = snn.StateMonitor(snn.PassthroughReducer(1.0, 9.0), "prespike", layer.cell, name="arrivals")
    layer(torch.tensor([[True, False, True]]))
    layer(torch.tensor([[False, False, True]]))
    assert monitor.dump().tolist()[:2] == [[[0.0, 0.0, 1.0]], [[1.0, 0.0, 1.0]]]
    assert monitor.dump()[2:].sum() == 0
    assert layer.cell.monitors == {"arrivals": monitor}


@pytest.mark.parametrize("attr", ["neuron.voltage", "connection.weight", "synapse.current", "postspike", "postvoltage", "precurrent"])
def test_a_cell_shows_its_parts_by_short_and_by_dotted_names(attr):
    layer = serial()
    monitor = snn.StateMonitor(snn.PassthroughReducer(1.0), attr, layer.cell)
    layer(torch.zeros(1, 3, dtype=torch.bool))
    assert monitor.peek() is not None


def test_an_attribute_that_is_not_there_is_refused_at_once():
    layer = serial()
    with pytest.raises(RuntimeError, match=r"attr is 'bogus\.x', but Cell has no 'bogus'"):
        snn.StateMonitor(snn.PassthroughReducer(1.0), "bogus.x", layer.cell)
    assert layer.cell.monitors == {}
