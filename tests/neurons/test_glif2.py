"""GLIF2 by hand and against an integrator: its reset keeps a part of the voltage, its threshold falls at a rate."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

import snnlab as snn

SETTINGS = {
    "rest_v": -65.0,
    "reset_v_add": 4.0,
    "reset_v_mul": 0.5,
    "thresh_eq_v": -50.0,
    "refrac_t": 3.0,
    "tc_membrane": 20.0,
    "rc_adaptation": (0.02, 0.1),
    "spike_increment": (3.0, 1.0),
    "resistance": 5.0,
}


def glif2(shape=1, step_time=1.0, **changes):
    return snn.GLIF2(shape, step_time, **(SETTINGS | changes)).to(torch.float64)


def drive(neuron, current, steps=1, **kwargs):
    return [bool(neuron(torch.full(neuron.batchedshape, current, dtype=torch.float64), **kwargs).all()) for _ in range(steps)]


@pytest.mark.parametrize(("mul", "add"), [(0.0, 0.0), (0.5, 4.0), (1.0, 10.0), (-0.5, 0.0), (0.25, -3.0)])
def test_what_a_spike_leaves_depends_on_how_high_it_came(mul, add):
    # From rest V = −65 + 5·60·(1 − exp(−1/20)) = −50.37 + ..., well above threshold.
    neuron = glif2(reset_v_mul=mul, reset_v_add=add)
    rise = 5.0 * 80.0 * (1 - math.exp(-1 / 20))
    assert drive(neuron, 80.0) == [True]
    assert neuron.voltage.item() == pytest.approx(-65.0 + mul * rise - add, rel=1e-12)


def test_a_reset_that_takes_only_away_loses_no_input():
    # m = 1 and δ = the distance to the threshold, no leak to speak of: the charge of three and a half spikes gives three, step after step.
    neuron = glif2(reset_v_mul=1.0, reset_v_add=15.0, refrac_t=0.0, tc_membrane=1e9, spike_increment=0.0, resistance=1e9)
    assert drive(neuron, 3.5 * 15.0) == [True]
    assert drive(neuron, 0.0, 4) == [True, True, False, False]
    assert neuron.voltage.item() == pytest.approx(-65.0 + 0.5 * 15.0, rel=1e-6)


def test_voltages_thresholds_and_spikes_follow_an_adaptive_integrator():
    # The integrator sees the leaky membrane and the falling thresholds alone, one step at a time.
    dt, currents = 0.5, 4.5 + 3.0 * np.sin(np.arange(400) * 0.5 / 15.0)
    neuron = glif2(step_time=dt)
    voltage, thetas, free_from, spikes = -65.0, np.zeros(2), 0, 0
    for step, current in enumerate(currents):
        spiked = drive(neuron, current)[0]
        expected = False
        if step >= free_from:
            slopes = lambda _, s, i=current: [(-65.0 - s[0] + 5.0 * i) / 20.0, -0.02 * s[1], -0.1 * s[2]]  # noqa: E731
            voltage, *fallen = solve_ivp(slopes, (0, dt), [voltage, *thetas], rtol=1e-10, atol=1e-12).y[:, -1]
            expected = voltage >= -50.0 + thetas.sum()
            thetas = thetas if expected else np.array(fallen)  # who has just spiked is refractory already
        if expected:
            voltage, thetas = -65.0 + 0.5 * (voltage + 65.0) - 4.0, thetas + np.array([3.0, 1.0])
            free_from, spikes = step + round(3.0 / dt), spikes + 1
        assert spiked == expected
        assert neuron.voltage.item() == pytest.approx(voltage, rel=1e-6)
        assert neuron.threshold.item() == pytest.approx(-50.0 + thetas.sum(), rel=1e-6)
    assert spikes > 3


def test_a_rate_constant_is_one_over_a_time_constant():
    shared = {name: SETTINGS[name] for name in ("rest_v", "thresh_eq_v", "refrac_t", "tc_membrane", "spike_increment", "resistance")}
    by_time = snn.ALIF(3, 0.5, reset_v=-69.0, tc_adaptation=(50.0, 10.0), **shared)
    by_rate = snn.GLIF2(3, 0.5, reset_v_add=4.0, reset_v_mul=0.0, rc_adaptation=(0.02, 0.1), **shared)
    for current in torch.rand(200, 1, 3, generator=torch.Generator().manual_seed(1)) * 20:
        assert torch.equal(by_time(current), by_rate(current))
        torch.testing.assert_close(by_time.voltage, by_rate.voltage)
        torch.testing.assert_close(by_time.threshold, by_rate.threshold)
    assert by_time.threshold_adaptation.all()


@pytest.mark.parametrize(
    ("rates", "increments", "all_rates", "all_increments"),
    [((0.1, 0.2, 0.3), 1.0, (0.1, 0.2, 0.3), (1.0, 1.0, 1.0)), (0.1, (1.0, 2.0), (0.1, 0.1), (1.0, 2.0))],
)
def test_a_shorter_tuple_is_extended_with_its_last_entry(rates, increments, all_rates, all_increments):
    neuron = glif2(2, rc_adaptation=rates, spike_increment=increments)
    assert (neuron.rc_adaptation, neuron.spike_increment) == (all_rates, all_increments)
    assert neuron.threshold_adaptation.shape == (2, len(all_rates))
    drive(neuron, 1e3)
    assert neuron.threshold_adaptation.tolist() == [list(all_increments)] * 2


@pytest.mark.parametrize(
    ("training", "adapt", "moves"), [(True, None, True), (False, None, False), (True, False, False), (False, True, True)]
)
def test_the_threshold_is_learned_in_training_or_where_it_is_asked_to_and_kept(training, adapt, moves):
    neuron = glif2(batch_size=2, spike_increment=3.0).train(training)
    neuron(torch.tensor([[1e3], [0.0]]), adapt=adapt)
    learned = [[1.5, 1.5]] if moves else [[0.0, 0.0]]
    assert neuron.threshold_adaptation.tolist() == learned
    neuron.clear()
    assert neuron.threshold_adaptation.tolist() == learned
    neuron.clear(keep_adaptations=False)
    assert not neuron.threshold_adaptation.any()


def test_without_the_lock_a_refractory_voltage_falls_to_rest():
    neuron = glif2(reset_v_mul=0.0, reset_v_add=-10.0)
    drive(neuron, 1e3)
    drive(neuron, 1e3, refrac_lock=False)
    assert neuron.voltage.item() == pytest.approx(-65.0 + 10.0 * math.exp(-1 / 20), rel=1e-12)


def test_a_rest_above_the_threshold_makes_a_neuron_that_fires_by_itself():
    neuron = glif2(rest_v=-45.0, reset_v_mul=0.0, reset_v_add=20.0, spike_increment=0.0)
    assert sum(drive(neuron, 0.0, 200)) > 5


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"reset_v_add": -7.5}, ValueError, r"must lead from thresh_eq_v \(-50.0 mV\) to a voltage below it, but lead to -50 mV"),
        ({"reset_v_mul": 1.01}, ValueError, "reset_v_mul must lie between -1 and 1, but is 1.01"),
        ({"reset_v_mul": math.nan}, ValueError, "reset_v_mul must be a finite number"),
        ({"rest_v": -40.0}, ValueError, r"reset_v_add \(4.0 mV\) and reset_v_mul \(0.5\) must lead"),
        ({"rc_adaptation": 0.0}, ValueError, "rc_adaptation must be above 0 1/ms, but is 0.0 1/ms"),
        ({"rc_adaptation": (1.0, 2.0, 3.0)}, ValueError, "rc_adaptation must hold 1 to 2 values in 1/ms, one an adaptation, but holds 3"),
        ({"tc_membrane": 0.0}, ValueError, "tc_membrane must be above 0 ms"),
        ({"resistance": 0.0}, ValueError, "resistance must be other than 0 MΩ"),
        ({"refrac_t": -1.0}, ValueError, "refrac_t must be 0 ms or above"),
    ],
)
def test_a_setting_that_is_refused_leaves_the_present_one(changes, error, words):
    neuron = glif2()
    ((name, value),) = changes.items()
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    assert {key: getattr(neuron, key) for key in SETTINGS} == SETTINGS
    if name != "rc_adaptation":
        with pytest.raises(error, match=words):
            glif2(**changes)
