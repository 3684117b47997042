"""A read gives what lies in a history at a delay, times a factor, and a value of its own beyond the history's reach."""

import torch

from snnlab.core.record import RecordTensor
from snnlab.synapses import DelayedRead
from snnlab.synapses.read import decaying_read


def test_a_read_scales_what_is_stored_then_puts_the_overbound_value():
    record = RecordTensor(1.0, 1.0, shape=(1, 2))
    record.push(torch.tensor([[1.0, 2.0]]))
    read = DelayedRead(record, "previous", tolerance=1e-4, scale=10.0)
    selector = torch.tensor([[0.0, 5.0]])
    assert read.at(selector, 3.0).tolist() == [[10, 3]]
    assert read.at(selector, None).tolist() == [[10, 0]]
    assert read.at(selector.unsqueeze(-1), 3.0).tolist() == [[[10], [3]]]


def test_a_current_that_decays_is_read_with_its_time_constant_unless_along_the_line():
    record = RecordTensor(1.0, 1.0, shape=(1, 1))
    assert decaying_read(record, "expdecay", 1e-4, 5.0) == DelayedRead(record, "expdecay", 1e-4, 1.0, 5.0)
    assert decaying_read(record, "linear", 1e-4, 5.0, scale=-1.0) == DelayedRead(record, "linear", 1e-4, -1.0, None)
