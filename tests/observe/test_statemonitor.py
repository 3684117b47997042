"""Monitors of state: an attribute or several, before or after a call, and on a cell after each step of its layer."""

import pytest
import torch
from torch import nn

import snnlab as snn


class Spy(snn.Reducer):
    """Remembers the very objects that it is called with."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, *inputs):
        self.seen.append(inputs)

    def peek(self):
        return None

    push = view = dump = clear = peek


def lif():
    return snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)


def serial():
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    return snn.Serial(connection, lif())


def passed(duration=0.0):
    return snn.PassthroughReducer(1.0, duration)


def test_a_state_monitor_sees_an_attribute_before_or_after_a_call():
    neuron = lif()
    before = snn.StateMonitor(passed(), "voltage", neuron, as_prehook=True)
    after = snn.StateMonitor(passed(), "voltage", neuron)
    neuron(torch.tensor([[10.0, 0.0]]))
    assert before.peek()[0, 0] == -65.0
    assert after.peek()[0, 0] == neuron.voltage[0, 0] > -65.0


def test_a_name_may_be_dotted():
    layer = serial()
    monitor = snn.StateMonitor(passed(), "synapse.spike", layer.connection)
    layer(torch.tensor([[True, False, True]]))
    assert monitor.peek().tolist() == [[1.0, 0.0, 1.0]]


def test_the_very_tensors_of_a_module_reach_the_reducer():
    module = nn.Identity()
    module.one, module.part = torch.ones(1), nn.Identity()
    module.part.two = torch.zeros(2)
    single, several, at_once = Spy(), Spy(), Spy()
    monitors = (
        snn.StateMonitor(single, "part.two", module),
        snn.MultiStateMonitor(several, "", ("one", "part.two"), module),
        snn.MultiStateMonitor(at_once, "part", ("two",), module, as_prehook=True),
    )
    module(torch.ones(1))
    assert len(monitors) == 3
    assert single.seen[0][0] is at_once.seen[0][0] is module.part.two
    assert [one is other for one, other in zip(several.seen[0], (module.one, module.part.two), strict=True)] == [True, True]


def test_a_value_of_none_is_not_seen_nor_are_several_of_which_one_is():
    module, one, several = nn.Identity(), Spy(), Spy()
    module.a, module.b = None, torch.ones(1)
    monitors = snn.StateMonitor(one, "a", module), snn.MultiStateMonitor(several, "", ("a", "b"), module)
    module(torch.ones(1))
    assert (one.seen, several.seen, len(monitors)) == ([], [], 2)
    module.a = torch.zeros(1)
    module(torch.ones(1))
    assert (len(one.seen), len(several.seen)) == (1, 1)


def test_a_filter_and_a_map_choose_what_is_kept():
    neuron = lif()
    monitor = snn.StateMonitor(passed(3.0), "voltage", neuron, filter_=lambda v: v.max() > -64, map_=lambda v: (v + 65,))
    several = snn.MultiStateMonitor(
        passed(3.0), "", ("voltage", "spike"), neuron, filter_=lambda each: each[0].max() > -64, map_=lambda each: (each[0] - 1,)
    )
    neuron(torch.zeros(1, 2))
    assert monitor.peek() is several.peek() is None
    neuron(torch.tensor([[100.0, 0.0]]))
    assert torch.equal(monitor.peek(), neuron.voltage + 65)
    assert torch.equal(several.peek(), neuron.voltage - 1)


def test_several_states_feed_a_reducer_of_several_inputs():
    neuron = lif()
    reducer = snn.ConditionalCumulativeTraceReducer(1.0, 10.0, amplitude=1.0, scale=0.0)
    monitor = snn.MultiStateMonitor(reducer, "", ("voltage", "spike"), neuron)
    neuron(torch.tensor([[1000.0, 0.0]]))
    assert monitor.peek().tolist() == [[1.0, 0.0]]


def test_a_monitor_looks_before_or_after_the_hooks_that_are_there():
    module, order = nn.Identity(), []
    module.x = torch.ones(1)

    def noting(word):
        return lambda _: order.append(word) or False

    monitors = [
        snn.StateMonitor(Spy(), "x", module, filter_=noting(word), prepend=prepend) for word, prepend in (("a", False), ("b", True))
    ]
    module(torch.ones(1))
    assert (order, len(monitors)) == (["b", "a"], 2)


@pytest.mark.parametrize("attr", ["bogus", "bogus.x", "connection.bogus", "connection.bogus.x"])
def test_an_attribute_that_is_not_there_is_refused_at_once(attr):
    layer = serial()
    wrong = "Cell has no 'bogus'" if attr.startswith("bogus") else "LinearDense has no 'bogus'"
    for build in (snn.StateMonitor, snn.DifferenceMonitor, lambda reducer, name, cell: snn.MultiStateMonitor(reducer, "", (name,), cell)):
        with pytest.raises(RuntimeError, match=rf"attr is '{attr}', but {wrong}. Name an attribute that it has"):
            build(passed(), attr, layer.cell)
    assert layer.cell.monitors == {}


def test_names_that_are_none_are_refused():
    with pytest.raises(TypeError, match="attr must be a string, but is 3"):
        snn.StateMonitor(passed(), 3)
    with pytest.raises(ValueError, match="attr must be a string that is not empty"):
        snn.StateMonitor(passed(), "")
    with pytest.raises(TypeError, match=r"attr must be a string, but is None .* Pass '' for the module itself"):
        snn.MultiStateMonitor(passed(), None, ("a",))
    for subattrs in ("voltage", (), None):
        with pytest.raises(ValueError, match="subattrs must be a tuple of at least one name"):
            snn.MultiStateMonitor(passed(), "", subattrs)
    with pytest.raises(TypeError, match="every name in subattrs must be a string"):
        snn.MultiStateMonitor(passed(), "", (1,))


# ------------------------------------------------------------------------------------------------------------------------------- a cell


def test_a_monitor_on_a_cell_looks_once_a_step_of_the_layer_and_after_it():
    layer = serial()
    monitor = snn.StateMonitor(passed(9.0), "prespike", layer.cell, name="arrivals")
    early = snn.StateMonitor(passed(9.0), "prespike", layer.cell, as_prehook=True, name="early")
    layer(torch.tensor([[True, False, True]]))
    layer(torch.tensor([[False, False, True]]))
    for each in (monitor, early):
        assert each.dump().tolist()[:2] == [[[0.0, 0.0, 1.0]], [[1.0, 0.0, 1.0]]]
        assert each.dump()[2:].sum() == 0
    assert layer.cell.monitors == {"early": early, "arrivals": monitor}


def test_a_cell_lists_the_monitors_that_are_on_it():
    layer = serial()
    assert layer.cell.monitors == {}
    monitor = snn.StateMonitor(passed(), "postspike", layer.cell, name="spikes")
    assert layer.cell.monitors == {"spikes": monitor}
    monitor.deregister()
    assert layer.cell.monitors == {}
    monitor.register()
    del monitor
    assert layer.cell.monitors == {}


SHORT = {
    "prespike": lambda layer: layer.connection.synspike,
    "precurrent": lambda layer: layer.connection.syncurrent,
    "postspike": lambda layer: layer.neuron.spike,
    "postvoltage": lambda layer: layer.neuron.voltage,
    "connection.weight": lambda layer: layer.connection.weight,
    "neuron.refrac": lambda layer: layer.neuron.refrac,
    "synapse.current": lambda layer: layer.synapse.current,
    "updater.weight.pos": lambda layer: layer.updater.weight.pos,
    "updater.parent.weight": lambda layer: layer.connection.weight,
}


@pytest.mark.parametrize("attr", SHORT)
def test_a_cell_shows_its_parts_by_short_and_by_dotted_names(attr):
    layer = serial()
    layer.connection.defaultupdater()
    layer.updater.weight = torch.full((2, 3), 0.5)
    monitor = snn.StateMonitor(passed(), attr, layer.cell)
    layer(torch.tensor([[True, False, True]]))
    assert torch.equal(monitor.peek(), SHORT[attr](layer).detach().float())


def test_a_part_that_comes_later_is_seen_when_it_is_there():
    layer = serial()
    monitor = snn.StateMonitor(passed(), "updater.weight.pos", layer.cell)
    layer(torch.zeros(1, 3, dtype=torch.bool))
    assert monitor.peek() is None
    layer.connection.defaultupdater()
    layer.updater.weight = torch.ones(2, 3)
    layer(torch.zeros(1, 3, dtype=torch.bool))
    assert monitor.peek().tolist() == [[1.0] * 3] * 2


def test_keywords_for_torch_are_minded_on_a_cell_too():
    layer, seen = serial(), []
    hooks = {"prehook_kwargs": {"with_kwargs": True}, "posthook_kwargs": {"with_kwargs": True}}
    monitor = snn.Monitor(passed(), layer.cell, lambda *given: seen.append(given), lambda *given: seen.append(given), **hooks)
    layer(torch.zeros(1, 3, dtype=torch.bool))
    assert monitor.registered
    assert seen == [(layer.cell, (), {}, None), (layer.cell, (), {})]
