"""LIF against its closed form and against an integrator that knows nothing of it."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

import snnlab as snn
from snnlab.neurons.lif import leaky_step

SETTINGS = {"rest_v": -65.0, "reset_v": -70.0, "thresh_v": -50.0, "refrac_t": 3.0, "time_constant": 20.0, "resistance": 5.0}


def lif(shape=1, step_time=1.0, **changes):
    return snn.LIF(shape, step_time, **(SETTINGS | changes))


@given(
    voltage=st.floats(-100, 50),
    current=st.floats(-10, 10),
    step_time=st.floats(0.01, 10),
    time_constant=st.floats(0.5, 100),
    resistance=st.floats(-50, 50),
)
def test_a_step_is_the_closed_form(voltage, current, step_time, time_constant, resistance):
    towards = -65.0 + resistance * current
    expected = towards + (voltage - towards) * math.exp(-step_time / time_constant)
    inputs, present = torch.tensor(current, dtype=torch.float64), torch.tensor(voltage, dtype=torch.float64)
    result = leaky_step(present, inputs, step_time=step_time, time_constant=time_constant, rest_v=-65.0, resistance=resistance)
    assert result.item() == pytest.approx(expected, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("step_time", [0.1, 1.0])
def test_voltages_and_spikes_follow_an_adaptive_integrator(step_time):
    # The integrator sees τ dV/dt = −(V − V_rest) + R·I alone, one step at a time, with I constant over a step.
    currents = 4.0 + 3.0 * np.sin(np.arange(round(200 / step_time)) * step_time / 15.0)
    neuron = lif(step_time=step_time).to(torch.float64)
    voltage, free_from, spikes = SETTINGS["rest_v"], 0, 0
    for step, current in enumerate(currents):
        spiked = neuron(torch.tensor([[current]], dtype=torch.float64)).item()
        if step < free_from:
            expected = False
        else:
            slope = lambda _, v, i=current: (SETTINGS["rest_v"] - v + SETTINGS["resistance"] * i) / SETTINGS["time_constant"]  # noqa: E731
            voltage = solve_ivp(slope, (0, step_time), [voltage], rtol=1e-10, atol=1e-10).y[0, -1]
            expected = voltage >= SETTINGS["thresh_v"]
        if expected:
            voltage, free_from, spikes = SETTINGS["reset_v"], step + round(SETTINGS["refrac_t"] / step_time), spikes + 1
        assert spiked == expected
        assert neuron.voltage.item() == pytest.approx(voltage, abs=1e-6)
    assert spikes > 3


@given(current=st.floats(4.0, 30.0))
def test_the_interval_between_spikes_is_the_closed_form(current):
    # From reset, V reaches ϑ after τ·ln((RI + rest − reset)/(RI + rest − ϑ)), seen at the next step after the refractory time.
    drive = SETTINGS["resistance"] * current
    rise = SETTINGS["time_constant"] * math.log((drive - 65.0 + 70.0) / (drive - 65.0 + 50.0))
    if abs(rise / 0.5 - round(rise / 0.5)) < 1e-6:
        return  # on the very edge of a step either is right
    neuron = lif(step_time=0.5).to(torch.float64)
    inputs = torch.full((1, 1), current, dtype=torch.float64)
    spikes = [step for step in range(400) if neuron(inputs).item()]
    # The step that ends the refractory time integrates already: n steps of silence are n − 1 steps of standing still.
    period = round(SETTINGS["refrac_t"] / 0.5) - 1 + math.ceil(rise / 0.5)
    assert {b - a for a, b in pairwise(spikes)} <= {period}


def test_below_threshold_it_settles_at_rest_plus_the_drop_over_its_resistance():
    neuron = lif()
    for _ in range(1000):
        assert not neuron(torch.tensor([[2.0]])).any()
    assert neuron.voltage.item() == pytest.approx(-55.0, abs=1e-3)


def test_with_rest_above_threshold_it_fires_by_itself():
    # Rest −49, reset −60, threshold −50, τ 20: 20·ln(11/1) = 47.96 ms, and 5 ms refractory.
    neuron = lif(rest_v=-49.0, reset_v=-60.0, refrac_t=5.0)
    spikes = [step for step in range(200) if neuron(torch.zeros(1, 1)).any()]
    assert spikes == [0, 52, 104, 156]


def test_it_is_silent_without_input():
    neuron = lif(3, batch_size=2)
    assert not any(neuron(torch.zeros(2, 3)).any() for _ in range(50))
    assert torch.equal(neuron.voltage, torch.full((2, 3), -65.0))


def test_while_locked_the_voltage_stays_at_its_reset():
    neuron = lif()
    neuron(torch.full((1, 1), 1e3))
    neuron(torch.full((1, 1), 1e3))
    assert neuron.voltage.item() == -70.0


def test_without_the_lock_the_voltage_leaks_back_while_refractory_and_ignores_input():
    neuron = lif()
    neuron(torch.full((1, 1), 1e3))
    for step in (1, 2):
        assert not neuron(torch.full((1, 1), 1e3), refrac_lock=False).any()
        assert neuron.voltage.item() == pytest.approx(-65.0 - 5.0 * math.exp(-step / 20.0), rel=1e-6)
    assert neuron(torch.full((1, 1), 1e3), refrac_lock=False).all()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"reset_v": -50.0}, ValueError, r"reset_v must be below thresh_v \(-50.0 mV\), but is -50.0 mV"),
        ({"thresh_v": -80.0}, ValueError, r"reset_v must be below thresh_v \(-80.0 mV\), but is -70.0 mV"),
        ({"time_constant": 0.0}, ValueError, "time_constant must be above 0 ms, but is 0.0 ms"),
        ({"resistance": 0.0}, ValueError, "resistance must be other than 0 MΩ, but is 0.0 MΩ"),
        ({"refrac_t": -0.1}, ValueError, "refrac_t must be 0 ms or above"),
        ({"thresh_v": None}, TypeError, "thresh_v must be a number in mV, but is None"),
        ({"resistance": True}, TypeError, "resistance must be a number in MΩ, but is True"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set_and_rolled_back(changes, error, words):
    with pytest.raises(error, match=words):
        lif(**changes)
    neuron = lif()
    ((name, value),) = changes.items()
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    assert {key: getattr(neuron, key) for key in SETTINGS} == SETTINGS


def test_two_settings_that_must_fit_each_other_are_set_together():
    neuron = lif()
    with pytest.raises(ValueError, match="reset_v must be below thresh_v"):
        neuron.configure(reset_v=-40.0, thresh_v=-45.0)
    assert (neuron.reset_v, neuron.thresh_v) == (-70.0, -50.0)
    neuron.configure(reset_v=-40.0, thresh_v=-35.0)
    assert (neuron.reset_v, neuron.thresh_v) == (-40.0, -35.0)


def test_every_setting_acts_when_set_later():
    later, built = lif(), lif(rest_v=-60.0, reset_v=-62.0, thresh_v=-55.0, refrac_t=5.0, time_constant=7.0, resistance=2.0)
    later.configure(rest_v=-60.0, reset_v=-62.0, thresh_v=-55.0, refrac_t=5.0, time_constant=7.0, resistance=2.0)
    later.clear()
    inputs = torch.rand(60, 1, 1, generator=torch.Generator().manual_seed(0)) * 20
    for current in inputs:
        assert torch.equal(later(current), built(current))
        assert torch.equal(later.voltage, built.voltage)


def test_the_first_arguments_are_shape_and_step_time_and_the_rest_are_named():
    with pytest.raises(TypeError):
        snn.LIF(1, 1.0, -65.0)
    with pytest.raises(TypeError, match="refractory"):
        lif(refractory=1.0)


@pytest.mark.parametrize("kwargs", [{"adapt": True}, {"lock": True}])
def test_an_unknown_keyword_of_a_step_is_refused(kwargs):
    with pytest.raises(TypeError, match=next(iter(kwargs))):
        lif()(torch.zeros(1, 1), **kwargs)


def test_glif1_is_lif_by_another_name():
    lifs, glifs = lif(3, 0.5), snn.GLIF1(3, 0.5, **SETTINGS)
    assert type(glifs).__name__ == "GLIF1"
    for current in torch.rand(200, 1, 3, generator=torch.Generator().manual_seed(1)) * 20:
        assert torch.equal(lifs(current), glifs(current))
        assert torch.equal(lifs.voltage, glifs.voltage)
    assert glifs.quantities == lifs.quantities
