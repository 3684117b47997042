import copy

import torch
from torch import nn

import snnlab as snn
from snnlab.lab.capture import Capture, row


def test_input_and_output_are_what_passed():
    doubler = nn.Linear(1, 1, bias=False)
    doubler.weight.data.fill_(2.0)
    into, out = Capture(doubler, "input"), Capture(doubler, "output")
    doubler(torch.tensor([[3.0]]))
    assert (into.read().item(), out.read().item()) == (3.0, 6.0)


def test_a_value_is_read_once():
    module = nn.Identity()
    capture = Capture(module, "output")
    module(torch.ones(1))
    capture.read()
    assert capture.read() is None


def test_a_removed_capture_sees_nothing():
    module = nn.Identity()
    capture = Capture(module, "output")
    capture.remove()
    module(torch.ones(1))
    assert capture.read() is None


def test_a_copy_of_a_watched_module_is_watched_by_nobody():
    neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)
    capture = Capture(neuron, "input")
    copy.deepcopy(neuron)(torch.zeros(1, 2))
    assert capture.read() is None


def test_a_row_is_one_sample_flat():
    batch = torch.arange(12).reshape(2, 2, 3)
    assert row(lambda: batch, 1, None)().tolist() == [6, 7, 8, 9, 10, 11]
    assert row(lambda: batch, 1, torch.tensor([0, 5]))().tolist() == [6, 11]
    assert row(lambda: None, 1, None)() is None
