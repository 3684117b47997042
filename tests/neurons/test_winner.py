"""Neurons that compete: one spike a step, and what it does to the others."""

import math

import pytest
import torch

import snnlab as snn
from snnlab.neurons.winner import winner_spikes

SETTINGS = {
    "rest_v": -65.0,
    "reset_v": -70.0,
    "thresh_eq_v": -60.0,
    "refrac_t": 0.0,
    "tc_membrane": 20.0,
    "tc_adaptation": 100.0,
    "spike_increment": 2.0,
    "resistance": 100.0,
}


def group(size=3, batch_size=1, **overrides):
    return snn.WinnerALIF(size, 1.0, batch_size=batch_size, **(SETTINGS | overrides))


def after_a_step(current):
    """The closed form from rest: V = V_rest + R·I·(1 − exp(−dt/τ))."""
    return -65.0 + 100.0 * current * (1 - math.exp(-1 / 20))


def test_only_the_neuron_furthest_above_its_threshold_spikes():
    neurons = group()
    assert neurons(torch.tensor([[2.0, 3.0, 1.5]])).tolist() == [[False, True, False]]


def test_the_threshold_counts_not_the_voltage_alone():
    neurons = group()
    neurons.threshold_adaptation = torch.tensor([[0.0], [8.0], [0.0]])
    assert neurons(torch.tensor([[2.0, 3.0, 1.5]])).tolist() == [[True, False, False]]


def test_each_sample_has_a_winner_of_its_own_or_none():
    neurons = group(batch_size=3)
    currents = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 2.0], [0.5, 0.5, 0.5]])
    assert neurons(currents).tolist() == [[True, False, False], [False, False, True], [False, False, False]]


def test_on_a_tie_the_first_wins():
    assert winner_spikes(torch.tensor([[-50.0, -50.0]]), -60.0, torch.tensor([[True, True]])).tolist() == [[True, False]]


@pytest.mark.parametrize("inhibition", [0.0, 0.25, 1.0])
def test_a_winner_pulls_all_others_to_their_reset_by_the_inhibition(inhibition):
    neurons = group(inhibition=inhibition)
    neurons(torch.tensor([[2.0, 3.0, 0.5]]))
    free = [after_a_step(2.0), None, after_a_step(0.5)]
    assert neurons.voltage[0, 1].item() == -70.0
    for index in (0, 2):
        assert neurons.voltage[0, index].item() == pytest.approx(free[index] + inhibition * (-70.0 - free[index]), rel=1e-5)


def test_without_a_winner_nobody_is_pulled():
    neurons = group()
    neurons(torch.tensor([[0.5, 0.2, 0.1]]))
    assert neurons.voltage[0].tolist() == pytest.approx([after_a_step(i) for i in (0.5, 0.2, 0.1)], rel=1e-5)


def test_a_refractory_neuron_cannot_win():
    neurons = group(refrac_t=2.0, inhibition=0.0)
    assert neurons(torch.tensor([[9.0, 2.0, 0.0]])).tolist() == [[True, False, False]]
    assert neurons(torch.tensor([[9.0, 2.0, 0.0]])).tolist() == [[False, True, False]]


def test_only_the_winner_adapts():
    neurons = group()
    neurons(torch.tensor([[2.0, 3.0, 1.5]]))
    assert neurons.threshold.tolist() == [-60.0, -58.0, -60.0]


def test_a_group_of_any_shape_has_one_winner():
    neurons = group((2, 2))
    assert neurons(torch.tensor([[[0.0, 2.0], [3.0, 2.0]]])).tolist() == [[[False, False], [True, False]]]


def test_the_inhibition_may_be_moved_in_flight_and_stays_a_share():
    neurons = group()
    neurons.inhibition = 0.5
    with pytest.raises(ValueError, match=r"inhibition must be a share from 0 to 1, but is 1\.5"):
        neurons.inhibition = 1.5
    with pytest.raises(ValueError, match=r"inhibition must be 0 or above, but is -0\.1"):
        neurons.inhibition = -0.1
    assert neurons.inhibition == 0.5
    assert neurons.quantities["inhibition"].high == 1.0
