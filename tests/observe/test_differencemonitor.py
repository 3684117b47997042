"""Monitors of change: after less before, also where a call writes in place."""

import pytest
import torch
from torch import nn

import snnlab as snn


class Counter(nn.Module):
    """Adds what it is called with to its total, in place."""

    def __init__(self):
        super().__init__()
        self.total = torch.zeros(1, 2)

    def forward(self, x):
        self.total += x


def serial():
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    connection.defaultupdater()
    return snn.Serial(connection, snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0))


def number(*values):
    return torch.tensor([values])


def test_a_change_is_the_value_after_less_the_value_before_though_it_is_written_in_place():
    module = Counter()
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0, 3.0), "total", module)
    module(number(1.0, 2.0))
    module(number(0.5, -4.0))
    assert monitor.dump().tolist()[:2] == [[[0.5, -4.0]], [[1.0, 2.0]]]


def test_between_two_calls_a_change_is_not_counted():
    module = Counter()
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0), "total", module)
    module(number(1.0, 1.0))
    module.total += 100
    module(number(2.0, 2.0))
    assert monitor.peek().tolist() == [[2.0, 2.0]]


def test_another_operation_gets_after_and_before():
    seen, module = [], Counter()
    monitor = snn.DifferenceMonitor(
        snn.PassthroughReducer(1.0), "total", module, op_=lambda after, before: seen.append((after, before)) or after * 10 + before
    )
    module(number(1.0, 2.0))
    module(number(1.0, 2.0))
    assert monitor.peek().tolist() == [[21.0, 42.0]]
    assert seen[1][0] is module.total


def test_a_partial_constructor_keeps_the_operation():
    # The reference drops op_.
    module = Counter()
    build = snn.DifferenceMonitor.partialconstructor(snn.PassthroughReducer(1.0), op_=lambda after, before: after * 10 + before)
    monitor = build("total", module)
    module(number(1.0, 2.0))
    module(number(1.0, 2.0))
    assert monitor.peek().tolist() == [[21.0, 42.0]]


def test_a_filter_and_a_map_choose_what_is_kept():
    module = Counter()
    monitor = snn.DifferenceMonitor(
        snn.PassthroughReducer(1.0), "total", module, filter_=lambda change: change.sum() > 0, map_=lambda change: (-change,)
    )
    module(number(-1.0, 0.0))
    assert monitor.peek() is None
    module(number(3.0, 0.0))
    assert monitor.peek().tolist() == [[-3.0, 0.0]]


def test_a_change_of_spikes_is_counted_too():
    module = Counter()
    module.total = torch.tensor([[True, False]])
    module.forward = lambda x: setattr(module, "total", x)
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0), "total", module)
    module(torch.tensor([[False, True]]))
    assert monitor.peek().tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize(("train_update", "training"), [(True, False), (False, True)])
def test_in_a_mode_in_which_it_does_not_look_nothing_is_kept_for_later(train_update, training):
    module = Counter().train(training)
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0), "total", module, train_update=train_update, eval_update=not train_update)
    module(number(1.0, 1.0))
    assert monitor.peek() is None
    module.train(not training)(number(2.0, 2.0))
    assert monitor.peek().tolist() == [[2.0, 2.0]]


def test_on_an_updater_it_sees_what_an_update_changes():
    layer = serial()
    monitor = snn.DifferenceMonitor(snn.CumulativeTraceReducer(1.0, 1e9, 1.0, 0.25), "parent.weight", layer.updater)
    layer.updater.weight = torch.tensor([[0.25, 0.0, 0.0], [0.0, 0.25, 0.0]])
    layer.update()
    assert monitor.peek().tolist() == [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]


def test_on_a_cell_it_sees_what_changed_since_the_last_step():
    layer = serial()
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0, 9.0), "connection.weight", layer.cell)
    voltage = snn.DifferenceMonitor(snn.PassthroughReducer(1.0, 9.0), "postvoltage", layer.cell)
    spikes = torch.tensor([[True, False, False]])
    layer(spikes)
    assert monitor.peek() is None
    first = layer.neuron.voltage
    layer.updater.weight = torch.full((2, 3), 0.5)
    layer.update()
    layer(spikes)
    assert monitor.peek().tolist() == [[0.5] * 3] * 2
    assert torch.equal(voltage.peek(), layer.neuron.voltage - first)
    layer(spikes)
    assert monitor.peek().tolist() == [[0.0] * 3] * 2


def test_on_a_cell_of_another_batch_size_it_starts_again():
    layer = serial()
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0), "postvoltage", layer.cell)
    layer(torch.ones(1, 3, dtype=torch.bool))
    layer.batchsz = 2
    layer(torch.ones(2, 3, dtype=torch.bool))
    assert monitor.peek() is None
    layer(torch.ones(2, 3, dtype=torch.bool))
    assert monitor.peek().shape == (2, 2)


def test_a_clear_forgets_the_value_that_the_next_change_would_count_from():
    layer = serial()
    monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0), "postvoltage", layer.cell)
    layer(torch.ones(1, 3, dtype=torch.bool))
    monitor.clear()
    layer(torch.ones(1, 3, dtype=torch.bool))
    assert monitor.peek() is None
