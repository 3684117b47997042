"""Monitors: when they look, how long they live, and what a copy of one or of its module is."""

import copy
import gc
import inspect
import pickle

import pytest
import torch
from torch import nn

import snnlab as snn


def lif(**overrides):
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0} | overrides
    return snn.LIF(2, 1.0, **settings)


def passed(duration=0.0):
    return snn.PassthroughReducer(1.0, duration)


class Echo(nn.Module):
    """A module of torch, not of snnlab: gives back what it is given."""

    def forward(self, x, scale=1):
        return x * scale


KINDS = {
    "InputMonitor": snn.InputMonitor,
    "OutputMonitor": snn.OutputMonitor,
    "StateMonitor": lambda reducer, *args, **kwargs: snn.StateMonitor(reducer, "voltage", *args, **kwargs),
    "MultiStateMonitor": lambda reducer, *args, **kwargs: snn.MultiStateMonitor(reducer, "", ("voltage",), *args, **kwargs),
    "DifferenceMonitor": lambda reducer, *args, **kwargs: snn.DifferenceMonitor(reducer, "voltage", *args, **kwargs),
}
every_kind = pytest.mark.parametrize("build", KINDS.values(), ids=KINDS)


# ------------------------------------------------------------------------------------------------------------------------ the base class


def test_a_monitor_calls_its_functions_before_and_after():
    seen, module = [], Echo()
    monitor = snn.Monitor(
        passed(), module, lambda m, args: seen.append(("pre", m, args)), lambda m, args, out: seen.append(("post", m, args, out))
    )
    module(3)
    assert seen == [("pre", module, (3,)), ("post", module, (3,), 3)]
    assert monitor.registered


def test_keywords_for_torch_say_how_the_functions_are_called():
    order, module = [], Echo()
    first = snn.Monitor(passed(), module, posthook=lambda *_: order.append("first"))
    second = snn.Monitor(
        passed(),
        module,
        lambda m, args, kwargs: order.append(kwargs),
        lambda *_: order.append("second"),
        {"with_kwargs": True},
        {"prepend": True},
    )
    module(3, scale=2)
    assert order == [{"scale": 2}, "second", "first"]
    assert (first.registered, second.registered) == (True, True)
    with pytest.raises(TypeError, match="posthook_kwargs may hold prepend, with_kwargs, always_call, but holds 'perpend'"):
        snn.Monitor(passed(), posthook=print, posthook_kwargs={"perpend": True})


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (snn.Monitor, "reducer module=None prehook=None posthook=None prehook_kwargs=None posthook_kwargs=None"),
        (snn.InputMonitor, "reducer module=None"),
        (snn.OutputMonitor, "reducer module=None"),
        (snn.StateMonitor, "reducer attr module=None as_prehook=False"),
        (snn.MultiStateMonitor, "reducer attr subattrs module=None as_prehook=False"),
        (snn.DifferenceMonitor, "reducer attr module=None"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(kind, arguments):
    rest = "train_update=True eval_update=True" + (" prepend=False filter_=None map_=None" if kind is not snn.Monitor else "")
    rest += " op_=None" if kind is snn.DifferenceMonitor else ""
    found = inspect.signature(kind).parameters.values()
    written = [each.name if each.default is each.empty else f"{each.name}={each.default}" for each in found]
    assert written == f"{arguments} {rest} name=None".split()


def test_a_monitor_shows_what_its_reducer_keeps():
    neuron = lif()
    monitor = snn.OutputMonitor(passed(3.0), neuron)
    assert monitor.latest is monitor.peek() is monitor.dump() is monitor.view(0.0) is None
    neuron(torch.tensor([[1000.0, 0.0]]))
    neuron(torch.tensor([[0.0, 1000.0]]))
    assert monitor.latest.tolist() == monitor.peek().tolist() == [[0.0, 1.0]]
    assert monitor.view(1.0).tolist() == [[1.0, 0.0]]
    assert monitor.dump().shape == (3, 1, 2)
    monitor.clear(keepshape=True)
    assert monitor.dump().shape == (3, 1, 2)
    monitor.clear()
    assert monitor.peek() is None


# ----------------------------------------------------------------------------------------------------------------------- when they look


@every_kind
@pytest.mark.parametrize(("train_update", "eval_update"), [(True, False), (False, True), (False, False), (True, True)])
@pytest.mark.parametrize("training", [True, False])
def test_a_monitor_looks_in_the_modes_it_was_given(build, train_update, eval_update, training):
    neuron = lif().train(training)
    monitor = build(passed(), neuron, train_update=train_update, eval_update=eval_update)
    neuron(torch.tensor([[1.0, 2.0]]))
    assert (monitor.peek() is not None) is (train_update if training else eval_update)


@every_kind
def test_a_monitor_that_is_taken_off_looks_no_more_until_it_is_put_back(build):
    neuron, counted = lif(), snn.CAReducer(1.0)
    monitor = build(counted, neuron)
    neuron(torch.tensor([[1.0, 2.0]]))
    monitor.deregister()
    monitor.deregister()
    neuron(torch.tensor([[3.0, 4.0]]))
    assert (counted.count, monitor.registered) == (1, False)
    monitor.register()
    neuron(torch.tensor([[5.0, 6.0]]))
    assert (counted.count, monitor.registered) == (2, True)


@every_kind
def test_no_monitor_changes_what_a_module_returns(build):
    neuron, alone = lif(), lif()
    monitor = build(passed(), neuron)
    for current in ([[20.0, 40.0]], [[30.0, 10.0]]):
        assert torch.equal(neuron(torch.tensor(current)), alone(torch.tensor(current)))
    assert monitor.registered
    assert torch.equal(neuron.voltage, alone.voltage)


# ---------------------------------------------------------------------------------------------------------------------------- its life


@every_kind
def test_registering_twice_names_the_monitor_and_says_what_to_do(build):
    neuron = lif()
    monitor = build(passed(), neuron, name="out")
    for module in (neuron, lif()):
        with pytest.raises(RuntimeError, match=r"Monitor out is registered already. Call its deregister\(\) first"):
            monitor.register(module)
    monitor.register()
    monitor.deregister()
    monitor.register(lif())
    assert monitor.registered


@every_kind
def test_registering_with_no_module_ever_named_says_so(build):
    with pytest.raises(RuntimeError, match=r"has watched no module yet. Call register\(module\)"):
        build(passed()).register()


def test_what_is_no_module_or_no_reducer_is_refused():
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module"):
        snn.OutputMonitor(passed(), "neuron")
    with pytest.raises(TypeError, match="reducer must be a Reducer"):
        snn.OutputMonitor("all of it", lif())
    with pytest.raises(RuntimeError, match="prehook and posthook are both None"):
        snn.Monitor(passed(), lif())
    with pytest.raises(TypeError, match=r"prehook must be a function or None, but is 3 \(int\)"):
        snn.Monitor(passed(), lif(), 3)


def test_two_monitors_of_one_name_cannot_watch_one_module():
    neuron = lif()
    first = snn.OutputMonitor(passed(), neuron, name="spikes")
    with pytest.raises(RuntimeError, match=r"LIF has a monitor 'spikes' already\. Give this one another name"):
        snn.StateMonitor(passed(), "spike", neuron, name="spikes")
    assert first.registered
    del first
    assert snn.StateMonitor(passed(), "spike", neuron, name="spikes").registered


@every_kind
def test_a_dropped_monitor_leaves_no_hook_behind(build):
    # At once, with no help of the garbage collector.
    neuron = lif()
    gc.disable()
    try:
        monitor = build(passed(), neuron)
        assert len(neuron._forward_hooks) + len(neuron._forward_pre_hooks) > 0
        del monitor
        assert len(neuron._forward_hooks) + len(neuron._forward_pre_hooks) == 0
    finally:
        gc.enable()


def test_a_monitor_whose_own_function_holds_it_is_freed_by_the_collector():
    neuron, reducer = lif(), passed()

    def watch():
        holder = []
        holder.append(snn.Monitor(reducer, neuron, posthook=lambda module, args, output: holder[0].reducer(output)))
        neuron(torch.zeros(1, 2))

    watch()
    assert reducer.peek() is not None
    gc.collect()
    assert len(neuron._forward_hooks) == 0


def test_a_monitor_is_no_part_of_the_module():
    neuron = lif()
    before = list(neuron.state_dict())
    neuron.watcher = snn.StateMonitor(passed(), "voltage", neuron)
    neuron(torch.zeros(1, 2))
    assert list(neuron.state_dict()) == before
    assert len(list(neuron.modules())) == len(list(lif().modules()))


def test_a_monitor_says_what_it_watches():
    neuron = lif()
    monitor = snn.StateMonitor(passed(), "voltage", neuron, name="v")
    assert repr(monitor) == "StateMonitor('v', PassthroughReducer, watches LIF)"
    monitor.deregister()
    assert repr(monitor) == "StateMonitor('v', PassthroughReducer, watches nothing)"


# ------------------------------------------------------------------------------------------------------------------------------ copies

DUPLICATES = {"deepcopy": copy.deepcopy, "pickle": lambda each: pickle.loads(pickle.dumps(each))}
every_way = pytest.mark.parametrize("duplicate", DUPLICATES.values(), ids=DUPLICATES)


@every_way
@every_kind
def test_a_copied_module_is_not_watched(build, duplicate):
    neuron = lif()
    monitor = build(passed(), neuron)
    other = duplicate(neuron)
    other(torch.tensor([[10.0, 10.0]]))
    assert monitor.peek() is None
    assert len(other._forward_hooks) == len(other._forward_pre_hooks) == 0


@every_way
def test_a_copied_module_of_torch_is_not_watched_either(duplicate):
    module = Echo()
    monitor = snn.OutputMonitor(passed(), module)
    other = duplicate(module)
    other(torch.ones(1, 1))
    duplicate(other)(torch.ones(1, 1))
    assert monitor.peek() is None
    module(torch.ones(1, 1))
    assert monitor.peek() is not None


@every_way
@every_kind
def test_a_copied_monitor_keeps_what_was_seen_and_watches_nothing_until_registered(build, duplicate):
    neuron, other = lif(), lif()
    monitor = build(snn.CAReducer(1.0), neuron)
    neuron(torch.tensor([[20.0, 30.0]]))
    twin = duplicate(monitor)
    assert (twin.registered, type(twin), twin.name) == (False, type(monitor), monitor.name)
    assert torch.equal(twin.peek(), monitor.peek())
    neuron(torch.tensor([[5.0, 6.0]]))
    assert (monitor.reducer.count, twin.reducer.count) == (2, 1)
    with pytest.raises(RuntimeError, match="has watched no module yet"):
        twin.register()
    twin.register(other)
    for _ in range(3):
        other(torch.tensor([[7.0, 8.0]]))
    assert (monitor.reducer.count, twin.reducer.count) == (2, 4)


@every_way
def test_a_copy_of_a_module_and_its_monitor_is_watched_once_it_is_registered(duplicate):
    neuron = lif()
    pair = duplicate({"neuron": neuron, "monitor": snn.StateMonitor(passed(), "voltage", neuron)})
    pair["monitor"].register(pair["neuron"])
    pair["neuron"](torch.tensor([[10.0, 0.0]]))
    assert torch.equal(pair["monitor"].peek(), pair["neuron"].voltage)


# ------------------------------------------------------------------------------------------------------------------- partial constructors

PARTIALS = {
    "InputMonitor": (lambda *args, **kwargs: snn.InputMonitor.partialconstructor(*args, **kwargs), "neuron"),
    "OutputMonitor": (lambda *args, **kwargs: snn.OutputMonitor.partialconstructor(*args, **kwargs), "neuron"),
    "StateMonitor": (lambda *args, **kwargs: snn.StateMonitor.partialconstructor(*args, **kwargs), "neuron.voltage"),
    "MultiStateMonitor": (lambda each, **kwargs: snn.MultiStateMonitor.partialconstructor(each, ("voltage",), **kwargs), "neuron"),
    "DifferenceMonitor": (lambda *args, **kwargs: snn.DifferenceMonitor.partialconstructor(*args, **kwargs), "neuron.voltage"),
}
every_partial = pytest.mark.parametrize(("partial", "attr"), PARTIALS.values(), ids=PARTIALS)


class Holder(nn.Module):
    """A module that holds another."""

    def __init__(self):
        super().__init__()
        self.neuron = lif()

    def forward(self, x):
        return self.neuron(x)


@every_partial
def test_a_partial_constructor_builds_a_monitor_on_a_module_later(partial, attr):
    holder, reducer = Holder(), passed()
    monitor = partial(reducer)(attr, holder)
    assert monitor.reducer is reducer
    holder(torch.tensor([[10.0, 20.0]]))
    assert reducer.peek() is not None


@every_partial
def test_two_monitors_of_one_partial_constructor_do_not_share_what_they_keep(partial, attr):
    first, second, third = Holder(), Holder(), Holder()
    build = partial(snn.CAReducer(1.0))
    one = build(attr, first)
    first(torch.tensor([[10.0, 20.0]]))
    others = build(attr, second), build(attr, third)
    assert [other.peek() for other in others] == [None, None]
    for _ in range(2):
        second(torch.tensor([[30.0, 40.0]]))
    assert [monitor.reducer.count for monitor in (one, *others)] == [1, 2, 0]


@every_partial
def test_a_partial_constructor_passes_every_setting_on(partial, attr):
    holder, doubled = Holder().eval(), lambda value: (2 * (value[0] if isinstance(value, tuple) else value),)
    build = partial(passed(), train_update=False, map_=doubled, prepend=True)
    monitor, plain = build(attr, holder), partial(passed())(attr, holder)
    holder(torch.tensor([[10.0, 20.0]]))
    assert torch.equal(monitor.peek(), 2 * plain.peek())
    monitor.clear()
    holder.train()
    holder(torch.tensor([[10.0, 20.0]]))
    assert monitor.peek() is None
    rejecting = partial(passed(), filter_=lambda _: False)(attr, holder)
    holder(torch.tensor([[10.0, 20.0]]))
    assert rejecting.peek() is None


@every_partial
def test_a_partial_constructor_refuses_a_name_that_leads_nowhere(partial, attr):
    with pytest.raises(RuntimeError, match=r"attr is 'bogus.*', but Holder has no 'bogus'"):
        partial(passed())(attr.replace("neuron", "bogus"), Holder())
