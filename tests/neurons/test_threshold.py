"""A neuron of one's own: one method, and what it inherits."""

import pytest
import torch

import snnlab as snn

SETTINGS = {"rest_v": 0.0, "reset_v": -1.0, "thresh_v": 3.0, "refrac_t": 2.0, "resistance": 2.0, "batch_size": 1}


class Perfect(snn.ThresholdNeuron):
    """Integrates, and never leaks."""

    def integrate(self, inputs):
        return self.voltage + inputs * self.resistance * self.dt


class Runaway(Perfect):
    """Doubles its voltage at every step."""

    runs_away = True

    def integrate(self, inputs):
        return self.voltage * 2 + inputs


def test_one_method_makes_a_neuron():
    neuron = Perfect(1, 0.5, **SETTINGS)
    voltages, spikes = [], []
    for _ in range(9):
        spikes.append(bool(neuron(torch.ones(1, 1))))
        voltages.append(neuron.voltage.item())
    # Each free step adds 2·1·0.5; 2 ms are 4 steps, of which the last is free again.
    assert voltages == [1.0, 2.0, -1.0, -1.0, -1.0, -1.0, 0.0, 1.0, 2.0]
    assert spikes == [False, False, True, False, False, False, False, False, False]


def test_without_its_method_there_is_no_neuron():
    with pytest.raises(TypeError, match="abstract"):
        snn.ThresholdNeuron(1, 1.0, **SETTINGS)


def test_its_settings_are_checked_and_have_ranges():
    neuron = Perfect(1, 1.0, **SETTINGS)
    with pytest.raises(ValueError, match=r"reset_v must be below thresh_v \(3.0 mV\), but is 3.0 mV"):
        neuron.reset_v = 3.0
    assert neuron.reset_v == -1.0
    assert {"reset_v", "thresh_v", "resistance", "rest_v", "refrac_t", "dt"} <= set(neuron.quantities)


@pytest.mark.parametrize(("kind", "expected"), [(Runaway, [1.0, 2.0, 3.0, 3.0]), (Perfect, [0.5, 0.5, 0.5, 0.5])])
def test_a_voltage_that_runs_away_stops_at_the_threshold_while_it_may_not_spike(kind, expected):
    neuron = kind(1, 1.0, **(SETTINGS | {"refrac_t": 9.0}))
    neuron.refrac, neuron.voltage = torch.tensor([[9.0]]), torch.tensor([[0.5]])
    seen = []
    for _ in range(4):
        assert not neuron(torch.ones(1, 1), refrac_lock=False)
        seen.append(neuron.voltage.item())
    assert seen == expected


def test_a_voltage_that_does_not_run_away_is_not_cut():
    neuron = Perfect(1, 1.0, **(SETTINGS | {"refrac_t": 9.0}))
    neuron.refrac, neuron.voltage = torch.tensor([[9.0]]), torch.tensor([[50.0]])
    neuron(torch.zeros(1, 1), refrac_lock=False)
    assert neuron.voltage.item() == 50.0


def test_with_the_lock_nothing_is_cut():
    neuron = Runaway(1, 1.0, **(SETTINGS | {"refrac_t": 9.0}))
    neuron.refrac, neuron.voltage = torch.tensor([[9.0]]), torch.tensor([[50.0]])
    neuron(torch.zeros(1, 1))
    assert neuron.voltage.item() == 50.0
