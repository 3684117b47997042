"""The step functions of adaptation by hand, and against an integrator that knows nothing of them."""

import math
from itertools import pairwise

import pytest
import torch
from scipy.integrate import solve_ivp

import snnlab as snn
from snnlab.neurons.adaptation import PerAdaptation, entries, per_adaptation

YES, NO = torch.tensor([[True]]), torch.tensor([[False]])


def number(values):
    return torch.tensor(values, dtype=torch.float64)


# --------------------------------------------------------------------------------------------------------------------- a current


def current_step(spikes, at_rest, adaptation=2.0, **changes):
    settings = {"step_time": 0.5, "rest_v": -70.0, "time_constant": 10.0, "coupling": 0.1, "increment": 3.0} | changes
    return snn.adapt_current(number([[[adaptation]]]), number([[-60.0]]), spikes, at_rest, **settings).item()


@pytest.mark.parametrize(
    ("spikes", "at_rest", "expected"),
    # 2 + 0.5/10·(0.1·10 − 2) = 1.95; a spike adds 3.
    [(NO, YES, 1.95), (NO, NO, 2.0), (YES, NO, 5.0), (YES, YES, 4.95)],
)
def test_a_current_moves_where_the_neuron_is_not_refractory_and_rises_where_it_spiked(spikes, at_rest, expected):
    assert current_step(spikes, at_rest) == pytest.approx(expected, rel=1e-12)


def test_a_rise_is_of_full_precision_whatever_the_default_dtype():
    # 0.1 is not 0.1 in single precision: it is off by 1.5e-9.
    assert current_step(YES, NO, adaptation=0.0, increment=0.1) == 0.1
    zero = number([[0.0]])
    assert snn.adapt_threshold(zero, YES, NO, decay=0.5, increment=0.1).item() == 0.1
    assert snn.adapt_threshold(zero.float(), YES, NO, decay=0.5, increment=0.1).dtype == torch.float32


def test_several_currents_move_each_by_its_own_numbers():
    result = snn.adapt_current(
        number([[[1.0, 2.0]]]), number([[-60.0]]), YES, YES,
        step_time=1.0, rest_v=-70.0, time_constant=number([10.0, 100.0]), coupling=number([0.0, 0.5]), increment=number([1.0, 0.0]),
    )  # fmt: skip
    assert result.flatten().tolist() == pytest.approx([1.0 - 0.1 + 1.0, 2.0 + 0.01 * (5.0 - 2.0)], rel=1e-12)


def halved(end, steps=(20, 40, 80, 160)):
    """Ratios of the errors at the end as the step is halved; `end(n)` gives the error of n steps."""
    errors = [abs(end(n)) for n in steps]
    return [a / b for a, b in pairwise(errors)]


def test_a_current_is_eulers_step_of_its_equation():
    voltage = lambda t: -70.0 + 20.0 * math.sin(t / 7.0)  # noqa: E731
    slope = lambda t, w: (0.05 * (voltage(t) + 70.0) - w) / 15.0  # noqa: E731
    exact = solve_ivp(slope, (0, 40), [0.3], rtol=1e-11, atol=1e-13).y[0, -1]

    def error(n):
        w, dt = number([[[0.3]]]), 40.0 / n
        for step in range(1, n + 1):
            at = number([[voltage(step * dt)]])
            w = snn.adapt_current(w, at, NO, YES, step_time=dt, rest_v=-70.0, time_constant=15.0, coupling=0.05, increment=1.0)
        return w.item() - exact

    assert halved(error) == pytest.approx([2.0] * 3, rel=0.1)


# ------------------------------------------------------------------------------------------------------------------- a threshold


@pytest.mark.parametrize(("spikes", "at_rest", "expected"), [(NO, YES, 1.0), (NO, NO, 2.0), (YES, NO, 5.0), (YES, YES, 4.0)])
def test_a_threshold_falls_where_the_neuron_is_not_refractory_and_rises_where_it_spiked(spikes, at_rest, expected):
    assert snn.adapt_threshold(number([[2.0]]), spikes, at_rest, decay=0.5, increment=3.0).item() == expected


def by_voltage(adaptation, spikes, at_rest, voltage=-60.0, least=None):
    rates = {"coupling_rate": 0.2, "decay_rate": 0.4}
    return snn.adapt_threshold_by_voltage(
        number([[adaptation]]), number([[voltage]]), spikes, at_rest, step_time=0.5, rest_v=-70.0, **rates, least=least
    ).item()


def test_a_threshold_by_voltage_by_hand():
    # 3 + 0.5·(0.2·10 − 0.4·3) = 3.4; refractory, it stands still; a spike changes nothing.
    assert by_voltage(3.0, NO, YES) == pytest.approx(3.4, rel=1e-12)
    assert by_voltage(3.0, NO, NO) == 3.0
    assert by_voltage(3.0, YES, NO) == 3.0


@pytest.mark.parametrize(("spikes", "expected"), [(YES, 5.0), (NO, 3.4)])
def test_a_spike_leaves_a_threshold_by_voltage_at_its_least_or_above(spikes, expected):
    assert by_voltage(3.0, spikes, YES, least=5.0) == pytest.approx(expected, rel=1e-12)
    assert by_voltage(9.0, YES, NO, least=5.0) == 9.0
    assert by_voltage(3.0, YES, NO, least=number([5.0])) == 5.0


def test_a_threshold_by_voltage_settles_where_its_rates_balance():
    # 0 = a·(V − V_rest) − b·θ
    theta = 0.0
    for _ in range(400):
        theta = by_voltage(theta, NO, YES, voltage=-50.0)
    assert theta == pytest.approx(0.2 * 20.0 / 0.4, rel=1e-9)


def test_a_threshold_by_voltage_is_eulers_step_of_its_equation():
    voltage = lambda t: -70.0 + 20.0 * math.sin(t / 7.0)  # noqa: E731
    exact = solve_ivp(lambda t, th: 0.2 * (voltage(t) + 70.0) - 0.05 * th, (0, 40), [1.0], rtol=1e-11, atol=1e-13).y[0, -1]

    def error(n):
        theta, dt = number([[[1.0]]]), 40.0 / n
        for step in range(1, n + 1):
            theta = snn.adapt_threshold_by_voltage(
                theta, number([[voltage(step * dt)]]), NO, YES, step_time=dt, rest_v=-70.0, coupling_rate=0.2, decay_rate=0.05
            )
        return theta.item() - exact

    assert halved(error) == pytest.approx([2.0] * 3, rel=0.1)


def test_the_batch_comes_before_an_adaptation_that_has_none():
    spikes = torch.tensor([[True, False], [False, False], [False, True]])
    moved = snn.adapt_threshold(torch.zeros(2, 4), spikes, ~spikes, decay=0.5, increment=1.0)
    assert moved.shape == (3, 2, 4)
    assert torch.equal(moved[..., 0], spikes.float())
    assert snn.adapt_threshold_by_voltage(
        torch.zeros(2, 4), torch.zeros(3, 2), spikes, spikes, step_time=1.0, rest_v=0.0, coupling_rate=1.0, decay_rate=1.0
    ).shape == (3, 2, 4)


def test_no_step_changes_its_arguments():
    adaptation, voltage = torch.ones(1, 1, 1), torch.zeros(1, 1)
    snn.adapt_current(adaptation, voltage, YES, YES, step_time=1.0, rest_v=-1.0, time_constant=2.0, coupling=1.0, increment=1.0)
    snn.adapt_threshold(adaptation, YES, YES, decay=0.5, increment=1.0)
    snn.adapt_threshold_by_voltage(adaptation, voltage, YES, YES, step_time=1.0, rest_v=-1.0, coupling_rate=1.0, decay_rate=1.0, least=9.0)
    assert (adaptation.item(), voltage.item()) == (1.0, 0.0)


# -------------------------------------------------------------------------------------------------------- a setting per adaptation


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (1.0, (1.0,)),
        ((1.0, 2.0), (1.0, 2.0)),
        ([1.0, 2.0], (1.0, 2.0)),
        (torch.tensor([1.0, 2.0]), (1.0, 2.0)),
        (torch.tensor(3.0), (3.0,)),
        ((each for each in (1.0, 2.0)), (1.0, 2.0)),
    ],
)
def test_an_argument_speaks_of_one_adaptation_or_of_several(values, expected):
    assert entries(values) == expected


def test_a_factor_of_one_adaptation_is_a_number_and_of_several_a_tensor_of_the_same_kind():
    assert per_adaptation((2.0,), torch.zeros(1)) == 2.0
    several = per_adaptation((2.0, 3.0), torch.zeros(1, dtype=torch.float64))
    assert several.tolist() == [2.0, 3.0]
    assert several.dtype == torch.float64


def test_a_setting_per_adaptation_has_a_unit_and_a_range():
    for kind, name, unit in (
        (snn.ALIF, "tc_adaptation", "ms"),
        (snn.GLIF2, "rc_adaptation", "1/ms"),
        (snn.AdEx, "voltage_coupling", "nA/mV"),
        (snn.Izhikevich, "spike_increment", "nA"),
    ):
        assert isinstance(vars(kind).get(name, getattr(kind, name)), PerAdaptation)
        assert kind.quantities[name].unit == unit
