"""QIF and Izhikevich against their equation, their rheobase, and the published neuron."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

import snnlab as snn

REST, CRIT, A, TAU, R = -65.0, -50.0, 0.08, 12.0, 4.0
PARABOLA = {"rest_v": REST, "crit_v": CRIT, "affinity": A, "reset_v": -62.0, "thresh_v": 20.0, "refrac_t": 0.0, "resistance": R}
CURRENTS = {"tc_adaptation": (30.0, 80.0), "voltage_coupling": (0.02, -0.01), "spike_increment": 0.2}
RHEOBASE = A * (CRIT - REST) ** 2 / (4 * R)  # nA: the least that lifts the parabola off the axis


def qif(shape=1, step_time=1.0, **changes):
    return snn.QIF(shape, step_time, **(PARABOLA | {"time_constant": TAU} | changes)).to(torch.float64)


def izhikevich(shape=1, step_time=1.0, **changes):
    return snn.Izhikevich(shape, step_time, **(PARABOLA | CURRENTS | {"tc_membrane": TAU} | changes)).to(torch.float64)


def slope(voltage, current):
    return (A * (voltage - REST) * (voltage - CRIT) + R * current) / TAU


def assert_interval(neuron, current, period):
    """Euler lags behind by about dt/2·ln(last slope/first slope), some steps, and a spike is seen at the end of its step."""
    spikes = run(neuron, current, round(3.5 * period / neuron.dt))
    assert len(spikes) >= 3
    assert [neuron.dt * (b - a) for a, b in pairwise(spikes)] == pytest.approx([period] * (len(spikes) - 1), abs=5 * neuron.dt)


def run(neuron, current, steps):
    inputs = torch.full(neuron.batchedshape, current, dtype=torch.float64)
    return [step for step in range(steps) if neuron(inputs).all()]


def test_a_step_by_hand():
    # −60 + 1/12·(0.08·5·(−10) + 4·2) = −60 + 4/12
    settings = {"step_time": 1.0, "time_constant": TAU, "rest_v": REST, "crit_v": CRIT, "affinity": A, "resistance": R}
    assert snn.quadratic_step(torch.tensor([-60.0]), torch.tensor([2.0]), **settings).item() == pytest.approx(-60 + 4 / 12)


@pytest.mark.parametrize(("start", "current", "end"), [(-80.0, 0.0, 40.0), (-55.0, 0.0, 40.0), (-65.0, 1.0, 60.0), (-49.0, 0.0, 9.0)])
def test_qif_is_eulers_step_of_its_equation(start, current, end):
    # The last run goes up the parabola, beyond V_crit; none reaches the threshold.
    exact = solve_ivp(lambda _, v: slope(v, current), (0, end), [start], rtol=1e-11, atol=1e-11).y[0, -1]
    errors = []
    for steps in (150, 300, 600, 1200):
        neuron = qif(step_time=end / steps)
        neuron.voltage = torch.tensor([[start]])
        assert run(neuron, current, steps) == []
        errors.append(neuron.voltage.item() - exact)
    assert [a / b for a, b in pairwise(errors)] == pytest.approx([2.0] * 3, rel=0.1)


def test_izhikevich_is_eulers_step_of_its_equations():
    def slopes(_, state):
        voltage, *currents = state
        adaptations = zip(currents, CURRENTS["tc_adaptation"], CURRENTS["voltage_coupling"], strict=True)
        return [slope(voltage, 0.8 - sum(currents)), *((a * (voltage - REST) - w) / tau for w, tau, a in adaptations)]

    exact = solve_ivp(slopes, (0, 60), [-58.0, 0.1, 0.0], rtol=1e-11, atol=1e-12).y[:, -1]
    errors = []
    for steps in (150, 300, 600, 1200):
        neuron = izhikevich(step_time=60 / steps)
        neuron.voltage = torch.tensor([[-58.0]])
        neuron.current_adaptation = torch.tensor([[[0.1, 0.0]]])
        assert run(neuron, 0.8, steps) == []
        errors.append(np.array([neuron.voltage.item(), *neuron.current_adaptation.flatten().tolist()]) - exact)
    assert [(a / b).tolist() for a, b in pairwise(errors)] == [pytest.approx([2.0] * 3, rel=0.15)] * 3


@pytest.mark.parametrize(("share", "spikes"), [(0.97, False), (1.03, True)])
def test_the_rheobase_is_the_current_that_lifts_the_parabola_off_the_axis(share, spikes):
    assert bool(run(qif(step_time=0.25), share * RHEOBASE, 4000)) is spikes


@pytest.mark.parametrize("current", [2.0, 3.0, 6.0])
def test_the_interval_between_spikes_is_the_closed_form(current):
    # τ∫dV/(a·(V − m)² + c) with m half way between rest and crit and c = R·I − a·(crit − rest)²/4, from reset to threshold.
    c, m = R * (current - RHEOBASE), (REST + CRIT) / 2
    angle = [math.atan(math.sqrt(A / c) * (v - m)) for v in (PARABOLA["reset_v"], PARABOLA["thresh_v"])]
    period = TAU / math.sqrt(A * c) * (angle[1] - angle[0])
    assert_interval(qif(step_time=0.05), current, period)


@pytest.mark.parametrize(("start", "falls"), [(-50.5, True), (-49.5, False)])
def test_without_input_it_falls_to_rest_from_below_the_critical_voltage_and_spikes_from_above(start, falls):
    neuron = qif(step_time=0.25)
    neuron.voltage = torch.tensor([[start]])
    assert (run(neuron, 0.0, 2000) == []) is falls
    assert neuron.voltage.item() == pytest.approx(REST, abs=1e-3)


def test_without_adaptation_izhikevich_is_qif():
    plain, flat = qif(3, 0.5), izhikevich(3, 0.5, voltage_coupling=0.0, spike_increment=0.0)
    for current in torch.rand(200, 1, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 6:
        assert torch.equal(plain(current), flat(current))
        assert torch.equal(plain.voltage, flat.voltage)


def test_the_regular_spiking_cell_of_the_book_spikes_when_an_adaptive_integrator_says_so():
    # Izhikevich, Dynamical Systems in Neuroscience (2007), section 8.2.1: C = 100 pF, k = 0.7, v_r = −60, v_t = −40, v_peak = 35, a = 0.03,
    # b = −2, c = −50, d = 100, here with 85 pA; integrated in pA, and given to our neuron in nA and MΩ.
    state, now, expected = [-60.0, 0.0], 0.0, []
    peak = lambda _, s: s[0] - 35.0  # noqa: E731
    peak.terminal, peak.direction = True, 1
    equations = lambda _, s: [(0.7 * (s[0] + 60) * (s[0] + 40) - s[1] + 85.0) / 100.0, 0.03 * (-2.0 * (s[0] + 60) - s[1])]  # noqa: E731
    while len(expected) < 4:
        run_up = solve_ivp(equations, (now, now + 500), state, events=peak, rtol=1e-8, atol=1e-8)
        now = run_up.t[-1]
        expected.append(now)
        state = [-50.0, run_up.y[1, -1] + 100.0]
    neuron = snn.Izhikevich(
        1, 0.1, rest_v=-60.0, crit_v=-40.0, affinity=0.7, reset_v=-50.0, thresh_v=35.0, refrac_t=0.0, tc_membrane=100.0,
        tc_adaptation=1 / 0.03, voltage_coupling=-0.002, spike_increment=0.1, resistance=1000.0,
    ).to(torch.float64)  # fmt: skip
    spikes = [0.1 * (step + 1) for step in run(neuron, 0.085, round(expected[-1] / 0.1) + 50)]
    assert spikes == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("build", [qif, izhikevich])
@pytest.mark.parametrize("start", [-45.0, 0.0, 19.9])
def test_a_refractory_voltage_that_may_move_runs_up_to_the_threshold_and_no_further(build, start):
    neuron = build(2, refrac_t=30.0)
    neuron.refrac = torch.tensor([[30.0, 0.0]])
    neuron.voltage = torch.full((1, 2), start)
    for step in range(29):
        spikes = neuron(torch.zeros(1, 2), refrac_lock=False)
        assert not spikes[0, 0]
        assert neuron.voltage.isfinite().all()
        assert (neuron.voltage <= PARABOLA["thresh_v"]).all()
        assert step < 25 or start < 0 or neuron.voltage[0, 0] == PARABOLA["thresh_v"]
    assert neuron(torch.zeros(1, 2), refrac_lock=False)[0, 0]


@pytest.mark.parametrize("build", [qif, izhikevich])
@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"crit_v": -65.0}, ValueError, r"crit_v must be above rest_v \(-65.0 mV\) and at or below thresh_v \(20.0 mV\), but is -65.0 mV"),
        ({"crit_v": 20.5}, ValueError, "crit_v must be above rest_v .* but is 20.5 mV"),
        ({"rest_v": -50.0}, ValueError, r"crit_v must be above rest_v \(-50.0 mV\)"),
        ({"thresh_v": -51.0}, ValueError, r"at or below thresh_v \(-51.0 mV\)"),
        ({"reset_v": 20.0}, ValueError, r"reset_v must be below thresh_v \(20.0 mV\), but is 20.0 mV"),
        ({"affinity": 0.0}, ValueError, "affinity must be above 0 1/mV, but is 0.0 1/mV"),
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
    assert {key: getattr(neuron, key) for key in PARABOLA} == PARABOLA


@pytest.mark.parametrize("build", [qif, izhikevich])
def test_the_critical_voltage_may_be_the_threshold(build):
    assert build(crit_v=20.0).crit_v == 20.0
