"""A subject: how a model is fed."""

import pytest
import torch

import snnlab as snn
from snnlab.contract import Subject
from tests.contract.models import Leaky, Pulse


def test_it_draws_the_same_inputs_again_and_others_for_another_seed():
    subject = Subject(Pulse, 5)
    assert torch.equal(subject.draw(20, 3), subject.draw(20, 3))
    assert not torch.equal(subject.draw(20, 3), subject.draw(20, 3, seed=1))


def test_spikes_come_in_three_of_ten_places_and_currents_fill_their_range():
    spikes = Subject(Pulse, 50).draw(100, 4)
    assert spikes.dtype == torch.bool
    assert spikes.float().mean().item() == pytest.approx(0.3, abs=0.02)  # of 20,000: a deviation of 0.003
    currents = Subject(Leaky, (5, 10), spikes=False, currents=(2.0, 6.0)).draw(100, 4)
    assert currents.shape == (100, 4, 5, 10)
    assert 2.0 <= currents.min() < 2.01
    assert 5.99 < currents.max() <= 6.0
    assert currents.mean().item() == pytest.approx(4.0, abs=0.05)


def test_it_runs_step_after_step_or_as_it_is_told():
    inputs = Subject(Pulse, 5).draw(6, 2)
    model = Pulse(2)
    assert torch.equal(Subject(Pulse, 5).run(Pulse(2), inputs), torch.stack([model(each) for each in inputs]))
    doubled = Subject(Pulse, 5, step=lambda model, x: 2 * model(x))
    assert torch.equal(doubled.run(Pulse(2), inputs), 2 * Subject(Pulse, 5).run(Pulse(2), inputs))


def test_it_goes_by_the_name_of_its_model():
    assert Subject(Pulse, 5).name == "Pulse"
    assert Subject(lambda batch: snn.DeltaCurrent(5, 1.0, spike_charge=1.0, batch_size=batch), 5).name == "DeltaCurrent"
