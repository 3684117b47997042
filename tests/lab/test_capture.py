import copy

import pytest
import torch
from torch import nn

import snnlab as snn
from snnlab.lab.capture import Capture, row, state
from tests.neurons.test_base import build, every_model


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


def test_a_batch_of_one_is_copied_only_where_it_does_not_last():
    value = torch.ones(1, 2)
    assert row(lambda: value, 0, lasts=True)() is value
    kept = row(lambda: value, 0)()
    value += 1
    assert kept.tolist() == [[1.0, 1.0]]


def test_of_a_larger_batch_no_more_than_the_sample_is_kept():
    value = torch.ones(32, 2)
    assert row(lambda: value, 0, lasts=True)().untyped_storage().nbytes() == 2 * 4


def test_a_sample_that_is_not_there_is_no_other_sample():
    with pytest.raises(IndexError, match="batch must be a sample from 0 to 0, as the model steps 1 at once, but is 1"):
        row(lambda: torch.ones(1, 2), 1)()


@every_model
def test_voltages_and_spikes_of_our_neurons_last(kind):
    neuron = build(kind, 3)
    reads = [state(neuron, name) for name in ("voltage", "spike")]
    seen, copies = [], []
    for _ in range(20):
        neuron(torch.full((1, 3), 50.0))
        seen.append([read() for read, _ in reads])
        copies.append([neuron.voltage, neuron.spike])
    neuron.clear()
    neuron.voltage = torch.zeros(1, 3)
    neuron.load_state_dict(neuron.state_dict())
    assert all(lasts for _, lasts in reads)
    assert any(spike.any() for _, spike in copies)
    for kept, copied in zip(seen, copies, strict=True):
        assert all(torch.equal(*pair) for pair in zip(kept, copied, strict=True))


def test_what_a_subclass_gives_for_its_voltage_is_what_is_seen():
    class Tenfold(snn.LIF):
        @property
        def voltage(self):
            return 10 * self.voltage_

    neuron = Tenfold(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)
    read, lasts = state(neuron, "voltage")
    assert (read().item(), lasts) == (-650.0, False)
