"""Monitors of calls: what goes into a module, and what comes out."""

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


class Pair(nn.Module):
    def forward(self, *args):
        return args if len(args) > 1 else (args[0] if args else None)


def lif():
    return snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)


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


@pytest.mark.parametrize("kind", [snn.InputMonitor, snn.OutputMonitor])
def test_the_very_tensors_of_a_call_reach_the_reducer(kind):
    module, spy, one, two = Pair(), Spy(), torch.ones(1), torch.zeros(2)
    monitor = kind(spy, module)
    module(one, two)
    module(one)
    assert monitor.registered
    assert [len(inputs) for inputs in spy.seen] == [2, 1]
    assert spy.seen[0][0] is spy.seen[1][0] is one
    assert spy.seen[0][1] is two


def test_a_call_without_arguments_and_an_output_of_none_are_not_seen():
    module, ins, outs = Pair(), Spy(), Spy()
    monitors = snn.InputMonitor(ins, module), snn.OutputMonitor(outs, module)
    module()
    assert ins.seen == outs.seen == []
    module(torch.ones(1))
    assert (len(ins.seen), len(outs.seen), len(monitors)) == (1, 1, 2)


@pytest.mark.parametrize("kind", [snn.InputMonitor, snn.OutputMonitor])
def test_a_filter_and_a_map_choose_what_is_kept(kind):
    module = Pair()
    unwrapped = (lambda args: args[0]) if kind is snn.InputMonitor else (lambda output: output)
    monitor = kind(
        snn.PassthroughReducer(1.0, 2.0), module, filter_=lambda seen: unwrapped(seen).sum() > 0, map_=lambda seen: (unwrapped(seen) * 10,)
    )
    module(torch.tensor([[0.0, 0.0]]))
    assert monitor.peek() is None
    module(torch.tensor([[1.0, 0.0]]))
    assert monitor.peek().tolist() == [[10.0, 0.0]]


@pytest.mark.parametrize("kind", [snn.InputMonitor, snn.OutputMonitor])
def test_a_monitor_looks_before_or_after_the_hooks_that_are_there(kind):
    order, module = [], Pair()

    def noting(word):
        return lambda seen: order.append(word) or False

    monitors = [kind(Spy(), module, filter_=noting(word), prepend=prepend) for word, prepend in (("a", False), ("b", False), ("c", True))]
    module(torch.ones(1))
    assert order == ["c", "a", "b"]
    assert len(monitors) == 3


def test_a_graph_is_kept_only_by_a_reducer_that_does_not_write_in_place():
    line, values = nn.Linear(1, 1, bias=False), torch.tensor([[2.0]])
    cut = snn.OutputMonitor(snn.PassthroughReducer(1.0), line)
    kept = snn.OutputMonitor(snn.PassthroughReducer(1.0, inplace=False), line)
    line(values)
    assert not cut.peek().requires_grad
    kept.peek().sum().backward()
    assert line.weight.grad.item() == 2.0


@pytest.mark.parametrize("kind", [snn.InputMonitor, snn.OutputMonitor])
def test_a_partial_constructor_finds_a_submodule_by_its_dotted_name(kind):
    outer = nn.Sequential(nn.Sequential(nn.Identity(), nn.Identity()))
    outer.inner = outer[0]
    monitor = kind.partialconstructor(snn.PassthroughReducer(1.0))("inner.1", outer)
    outer(torch.full((1, 1), 3.0))
    assert monitor.peek().item() == 3.0
    whole = kind.partialconstructor(snn.PassthroughReducer(1.0))("", outer)
    outer(torch.full((1, 1), 4.0))
    assert whole.peek().item() == 4.0
    with pytest.raises(TypeError, match=r"module must be a torch\.nn\.Module, but is True"):
        kind.partialconstructor(snn.PassthroughReducer(1.0))("inner.training", outer)


def test_on_a_cell_a_partial_constructor_watches_its_parts():
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    layer = snn.Serial(connection, lif())
    neuron = snn.OutputMonitor.partialconstructor(snn.PassthroughReducer(1.0))("neuron", layer.cell)
    synapse = snn.InputMonitor.partialconstructor(snn.PassthroughReducer(1.0))("connection.synapse", layer.cell)
    layer(torch.tensor([[True, False, True]]))
    assert neuron.peek().tolist() == [[0.0, 0.0]]
    assert synapse.peek().tolist() == [[1.0, 0.0, 1.0]]
