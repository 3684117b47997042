"""EIF and AdEx against their equation, their rheobase, and the published neuron; and that no exponential ends in infinity."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad, solve_ivp

import snnlab as snn

REST, RHEO, DELTA, TAU, R = -65.0, -50.0, 2.0, 12.0, 10.0
UPSWING = {"rest_v": REST, "rheobase_v": RHEO, "sharpness": DELTA, "reset_v": -62.0, "thresh_v": -20.0, "refrac_t": 0.0, "resistance": R}
CURRENTS = {"tc_adaptation": (30.0, 80.0), "voltage_coupling": (0.02, -0.01), "spike_increment": 0.2}
RHEOBASE = (RHEO - REST - DELTA) / R  # nA: the minimum of −(V − rest) + Δ·exp((V − rheo)/Δ) lies at V = rheo


def eif(shape=1, step_time=1.0, **changes):
    return snn.EIF(shape, step_time, **(UPSWING | {"time_constant": TAU} | changes)).to(torch.float64)


def adex(shape=1, step_time=1.0, **changes):
    return snn.AdEx(shape, step_time, **(UPSWING | CURRENTS | {"tc_membrane": TAU} | changes)).to(torch.float64)


def slope(voltage, current):
    return (REST - voltage + DELTA * np.exp((voltage - RHEO) / DELTA) + R * current) / TAU


def assert_interval(neuron, current, period):
    """Euler lags behind by about dt/2·ln(last slope/first slope), some steps, and a spike is seen at the end of its step."""
    spikes = run(neuron, current, round(3.5 * period / neuron.dt))
    assert len(spikes) >= 3
    assert [neuron.dt * (b - a) for a, b in pairwise(spikes)] == pytest.approx([period] * (len(spikes) - 1), abs=5 * neuron.dt)


def run(neuron, current, steps):
    inputs = torch.full(neuron.batchedshape, current, dtype=torch.float64)
    return [step for step in range(steps) if neuron(inputs).all()]


def test_a_step_by_hand():
    # At the rheobase voltage the exponential is 1: −50 + 1/12·(−15 + 2 + 10·2)
    settings = {"step_time": 1.0, "time_constant": TAU, "rest_v": REST, "rheobase_v": RHEO, "sharpness": DELTA, "resistance": R}
    assert snn.exponential_voltage_step(torch.tensor([-50.0]), torch.tensor([2.0]), **settings).item() == pytest.approx(-50 + 7 / 12)


@pytest.mark.parametrize(("start", "current", "end"), [(-80.0, 0.0, 40.0), (-55.0, 0.0, 40.0), (-65.0, 1.2, 60.0), (-48.0, 1.5, 4.0)])
def test_eif_is_eulers_step_of_its_equation(start, current, end):
    # The last run goes up the exponential; none reaches the threshold.
    exact = solve_ivp(lambda _, v: slope(v, current), (0, end), [start], rtol=1e-11, atol=1e-11).y[0, -1]
    errors = []
    for steps in (150, 300, 600, 1200):
        neuron = eif(step_time=end / steps)
        neuron.voltage = torch.tensor([[start]])
        assert run(neuron, current, steps) == []
        errors.append(neuron.voltage.item() - exact)
    assert [a / b for a, b in pairwise(errors)] == pytest.approx([2.0] * 3, rel=0.1)


def test_adex_is_eulers_step_of_its_equations():
    def slopes(_, state):
        voltage, *currents = state
        adaptations = zip(currents, CURRENTS["tc_adaptation"], CURRENTS["voltage_coupling"], strict=True)
        return [slope(voltage, 1.0 - sum(currents)), *((a * (voltage - REST) - w) / tau for w, tau, a in adaptations)]

    exact = solve_ivp(slopes, (0, 60), [-58.0, 0.1, 0.0], rtol=1e-11, atol=1e-12).y[:, -1]
    errors = []
    for steps in (150, 300, 600, 1200):
        neuron = adex(step_time=60 / steps)
        neuron.voltage = torch.tensor([[-58.0]])
        neuron.current_adaptation = torch.tensor([[[0.1, 0.0]]])
        assert run(neuron, 1.0, steps) == []
        errors.append(np.array([neuron.voltage.item(), *neuron.current_adaptation.flatten().tolist()]) - exact)
    assert [(a / b).tolist() for a, b in pairwise(errors)] == [pytest.approx([2.0] * 3, rel=0.15)] * 3


@pytest.mark.parametrize(("share", "spikes"), [(0.98, False), (1.02, True)])
def test_the_rheobase_is_the_current_that_lifts_the_curve_off_the_axis(share, spikes):
    assert bool(run(eif(step_time=0.25), share * RHEOBASE, 4000)) is spikes


@pytest.mark.parametrize("current", [1.5, 2.0, 4.0])
def test_the_interval_between_spikes_is_the_integral_from_reset_to_threshold(current):
    period = quad(lambda v: 1 / slope(v, current), UPSWING["reset_v"], UPSWING["thresh_v"], points=[-50.0, -45.0])[0]
    assert_interval(eif(step_time=0.05), current, period)


def test_a_sudden_upswing_makes_a_leaky_neuron_with_its_threshold_at_the_rheobase_voltage():
    sudden = eif(step_time=0.02, sharpness=0.02, reset_v=-65.0)
    leaky = snn.LIF(1, 0.02, rest_v=REST, reset_v=-65.0, thresh_v=RHEO, refrac_t=0.0, time_constant=TAU, resistance=R).to(torch.float64)
    assert run(sudden, 2.0, 3000) == pytest.approx(run(leaky, 2.0, 3000), rel=0.02)


def test_without_adaptation_adex_is_eif():
    plain, flat = eif(3, 0.5), adex(3, 0.5, voltage_coupling=0.0, spike_increment=0.0)
    for current in torch.rand(200, 1, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 4:
        assert torch.equal(plain(current), flat(current))
        assert torch.equal(plain.voltage, flat.voltage)


def test_the_cell_of_the_paper_spikes_when_an_adaptive_integrator_says_so():
    # Brette & Gerstner (2005): C = 281 pF, g_L = 30 nS, E_L = −70.6, V_T = −50.4, Δ_T = 2 mV, τ_w = 144 ms, a = 4 nS, b = 80.5 pA, here
    # with 1 nA and a cut at −20 mV; integrated in pF, nS and pA, and given to our neuron in ms, MΩ and nA.
    state, now, expected = [-70.6, 0.0], 0.0, []
    peak = lambda _, s: s[0] + 20.0  # noqa: E731
    peak.terminal, peak.direction = True, 1

    def equations(_, s):
        upswing = 30.0 * 2.0 * math.exp((s[0] + 50.4) / 2.0)
        return [(-30.0 * (s[0] + 70.6) + upswing + 1000.0 - s[1]) / 281.0, (4.0 * (s[0] + 70.6) - s[1]) / 144.0]

    while len(expected) < 5:
        run_up = solve_ivp(equations, (now, now + 500), state, events=peak, rtol=1e-8, atol=1e-8)
        now = run_up.t[-1]
        expected.append(now)
        state = [-70.6, run_up.y[1, -1] + 80.5]
    neuron = snn.AdEx(
        1, 0.05, rest_v=-70.6, rheobase_v=-50.4, sharpness=2.0, reset_v=-70.6, thresh_v=-20.0, refrac_t=0.0, tc_membrane=281 / 30,
        tc_adaptation=144.0, voltage_coupling=0.004, spike_increment=0.0805, resistance=1000 / 30,
    ).to(torch.float64)  # fmt: skip
    spikes = [0.05 * (step + 1) for step in run(neuron, 1.0, round(expected[-1] / 0.05) + 20)]
    assert spikes == pytest.approx(expected, rel=0.02)


# ------------------------------------------------------------------------------------------------------------- no infinity, no NaN


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_no_voltage_makes_the_exponential_infinite(dtype):
    voltage = torch.tensor([-50.0, 0.0, 200.0, 6e4], dtype=dtype)
    settings = {"step_time": 0.1, "time_constant": 10.0, "rest_v": -65.0, "rheobase_v": -50.0, "sharpness": 0.2, "resistance": 1.0}
    after = snn.exponential_voltage_step(voltage, torch.zeros(4, dtype=dtype), **settings)
    assert after.isfinite().all()
    assert (after[1:3] > 200.0).all()


@pytest.mark.parametrize("build", [eif, adex])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_refractory_voltage_that_may_move_runs_up_to_the_threshold_and_no_further(build, dtype):
    # The exponent at the threshold is (30 + 50)/0.1 = 800: beyond single and double precision both.
    neuron = build(2, refrac_t=30.0, sharpness=0.1, thresh_v=30.0, reset_v=-40.0).to(dtype)
    neuron.refrac = torch.tensor([[30.0, 0.0]])
    neuron.voltage = torch.full((1, 2), -40.0)
    for _ in range(29):
        assert not neuron(torch.zeros(1, 2), refrac_lock=False)[0, 0]
        assert neuron.voltage.isfinite().all()
        assert neuron.voltage[0, 0] == 30.0
    assert neuron(torch.zeros(1, 2), refrac_lock=False)[0, 0]


@pytest.mark.parametrize("build", [eif, adex])
@pytest.mark.parametrize("current", [1e30, -1e30, 1e6])
def test_a_current_however_strong_leaves_numbers(build, current):
    neuron = build(sharpness=0.1, thresh_v=30.0).to(torch.float32)
    for inputs in (current, 0.0, -current, 0.0, 0.0):
        neuron(torch.full((1, 1), inputs))
        assert neuron.voltage.isfinite().all()
        if isinstance(neuron, snn.AdEx):
            assert neuron.current_adaptation.isfinite().all()


def test_a_gradient_through_a_spike_is_a_number():
    neuron = eif(sharpness=0.1, thresh_v=30.0).to(torch.float32)
    inputs = torch.full((1, 1), 5.0, requires_grad=True)
    for _ in range(10):
        neuron(inputs)
    neuron.voltage.sum().backward()
    assert inputs.grad.isfinite().all()


# ------------------------------------------------------------------------------------------------------------------------ settings


@pytest.mark.parametrize("build", [eif, adex])
@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"rheobase_v": -65.0},
            ValueError,
            r"rheobase_v must be above rest_v \(-65.0 mV\) and at or below thresh_v \(-20.0 mV\), but is -65.0 mV",
        ),
        ({"rheobase_v": -19.0}, ValueError, "rheobase_v must be above rest_v .* but is -19.0 mV"),
        ({"rest_v": -50.0}, ValueError, r"rheobase_v must be above rest_v \(-50.0 mV\)"),
        ({"thresh_v": -51.0}, ValueError, r"at or below thresh_v \(-51.0 mV\)"),
        ({"reset_v": -20.0}, ValueError, r"reset_v must be below thresh_v \(-20.0 mV\), but is -20.0 mV"),
        ({"sharpness": 0.0}, ValueError, "sharpness must be above 0 mV, but is 0.0 mV"),
        ({"resistance": 0.0}, ValueError, "resistance must be other than 0 MΩ"),
        ({"refrac_t": -1.0}, ValueError, "refrac_t must be 0 ms or above"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set_and_rolled_back(build, changes, error, words):
    with pytest.raises(error, match=words):
        build(**changes)
    neuron = build()
    ((name, value),) = changes.items()
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    assert {key: getattr(neuron, key) for key in UPSWING} == UPSWING


@pytest.mark.parametrize("build", [eif, adex])
def test_the_rheobase_voltage_may_be_the_threshold(build):
    assert build(rheobase_v=-20.0).rheobase_v == -20.0
