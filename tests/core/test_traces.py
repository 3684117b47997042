import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core import traces

TRAINS = st.lists(st.booleans(), min_size=1, max_size=30)
DECAY = st.floats(0.1, 0.99)


def run(step, observations, dtype=torch.bool, **kwargs):
    trace = None
    for observation in observations:
        trace = step(torch.tensor([observation], dtype=dtype), trace, **kwargs)
    return trace.item()


@given(train=TRAINS, decay=DECAY, amplitude=st.floats(-3, 3))
def test_nearest_is_the_decay_since_the_last_spike(train, decay, amplitude):
    ago = train[::-1].index(True) if any(train) else math.inf
    expected = amplitude * decay**ago
    assert run(traces.trace_nearest, train, decay=decay, amplitude=amplitude, target=True) == pytest.approx(expected, abs=1e-5)


@given(train=TRAINS, decay=DECAY, amplitude=st.floats(-3, 3))
def test_cumulative_is_the_sum_of_the_decays_since_every_spike(train, decay, amplitude):
    expected = sum(amplitude * decay**ago for ago, spiked in enumerate(train[::-1]) if spiked)
    result = run(traces.trace_cumulative, train, decay=decay, amplitude=amplitude, target=True)
    assert result == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(values=st.lists(st.floats(-5, 5), min_size=1, max_size=20), decay=DECAY)
def test_scaled_forms_count_only_what_matches(values, decay):
    # By the closed form: each match k steps ago adds (2·o + 1)·d^k; the nearest form keeps the newest alone.
    terms = [(2 * o + 1) * decay**k for k, o in enumerate(values[::-1]) if o > 0]
    kwargs = {"decay": decay, "amplitude": 1.0, "scale": 2.0, "matchfn": lambda o: o > 0, "dtype": torch.float64}
    assert run(traces.trace_cumulative_scaled, values, **kwargs) == pytest.approx(sum(terms), abs=1e-9)
    assert run(traces.trace_nearest_scaled, values, **kwargs) == pytest.approx(terms[0] if terms else 0.0, abs=1e-9)


@given(values=st.lists(st.floats(-5, 5), min_size=1, max_size=20), decay=DECAY)
def test_the_value_form_adds_every_observation(values, decay):
    expected = sum(3 * o * decay**k for k, o in enumerate(values[::-1]))
    assert run(traces.trace_cumulative_value, values, decay=decay, scale=3.0, dtype=torch.float64) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("kind", "expected"), [("nearest", math.exp(-0.2)), ("cumulative", math.exp(-0.2) + math.exp(-0.6))])
def test_time_and_rate_constants_give_the_same_decay(kind, expected):
    # Spikes at 0 and 1 ms, read at 1.5 ms with steps of 0.5 ms and τ = 2.5 ms: 0.5/2.5 = 0.2 and 1.5/2.5 = 0.6.
    train = [True, False, True, False]
    shared = {"step_time": 0.5, "amplitude": 1.0, "target": True}
    assert run(getattr(traces, f"exp_trace_{kind}"), train, time_constant=2.5, **shared) == pytest.approx(expected)
    assert run(getattr(traces, f"exprate_trace_{kind}"), train, rate_constant=0.4, **shared) == pytest.approx(expected)


def test_a_tolerance_widens_the_target_and_takes_its_edge_in():
    observation = torch.tensor([1.0, 1.25, 1.5, 0.75])
    exact = traces.trace_cumulative(observation, None, decay=0.5, amplitude=1.0, target=1.0)
    wide = traces.trace_cumulative(observation, None, decay=0.5, amplitude=1.0, target=1.0, tolerance=0.25)
    assert exact.tolist() == [1.0, 0.0, 0.0, 0.0]
    assert wide.tolist() == [1.0, 1.0, 0.0, 1.0]


def test_bool_observations_take_a_tolerance_too():
    spikes = torch.tensor([True, False])
    assert traces.trace_nearest(spikes, None, decay=0.5, amplitude=2.0, target=1, tolerance=0.1).tolist() == [2.0, 0.0]


STEPS = [
    (traces.trace_nearest, {"amplitude": 1.0, "target": 1}),
    (traces.trace_cumulative, {"amplitude": 1.0, "target": 1}),
    (traces.trace_nearest_scaled, {"amplitude": 1.0, "scale": 1.0, "matchfn": lambda o: o == 1}),
    (traces.trace_cumulative_scaled, {"amplitude": 1.0, "scale": 1.0, "matchfn": lambda o: o == 1}),
    (traces.trace_cumulative_value, {"scale": 1.0}),
]


@pytest.mark.parametrize(("step", "kwargs"), STEPS)
def test_the_first_step_equals_a_step_from_a_trace_of_zero(step, kwargs):
    observation = torch.tensor([0.0, 1.0], dtype=torch.float64)
    first = step(observation, None, decay=0.5, **kwargs)
    later = step(observation, torch.zeros_like(observation), decay=0.5, **kwargs)
    assert torch.equal(first, later)
    assert first.dtype == torch.float64


@pytest.mark.parametrize(("step", "kwargs"), STEPS)
def test_no_argument_is_changed_and_spikes_give_a_float_trace(step, kwargs):
    spikes, trace = torch.tensor([True, False]), torch.tensor([0.5, 0.5])
    result = step(spikes, trace, decay=0.5, **kwargs)
    assert step(spikes, None, decay=0.5, **kwargs).dtype == result.dtype == torch.float32
    assert spikes.tolist() == [True, False]
    assert trace.tolist() == [0.5, 0.5]


@pytest.mark.parametrize("step", [traces.trace_nearest, traces.trace_cumulative])
def test_a_trace_of_double_precision_rises_by_the_very_amplitude(step):
    # 0.1 is not 0.1 in single precision: it is off by 1.5e-9.
    rest = torch.zeros(1, dtype=torch.float64)
    assert step(torch.tensor([True]), rest, decay=0.5, amplitude=0.1, target=True).item() == 0.1


def test_a_time_constant_may_differ_from_element_to_element():
    shared = {"step_time": 1.0, "amplitude": 1.0, "target": True}
    result = traces.exp_trace_nearest(torch.tensor([False, False]), torch.ones(2), time_constant=torch.tensor([1.0, 2.0]), **shared)
    assert result.tolist() == pytest.approx([math.exp(-1), math.exp(-0.5)])


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (traces.trace_nearest, "obs trace *decay *amplitude *target *tolerance=None"),
        (traces.trace_cumulative, "obs trace *decay *amplitude *target *tolerance=None"),
        (traces.trace_nearest_scaled, "obs trace *decay *amplitude *scale *matchfn"),
        (traces.trace_cumulative_scaled, "obs trace *decay *amplitude *scale *matchfn"),
        (traces.trace_cumulative_value, "obs trace *decay *scale"),
        (traces.exp_trace_nearest, "obs trace *step_time *time_constant *amplitude *target *tolerance=None"),
        (traces.exp_trace_cumulative, "obs trace *step_time *time_constant *amplitude *target *tolerance=None"),
        (traces.exprate_trace_nearest, "obs trace *step_time *rate_constant *amplitude *target *tolerance=None"),
        (traces.exprate_trace_cumulative, "obs trace *step_time *rate_constant *amplitude *target *tolerance=None"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature


@pytest.mark.parametrize("step", [traces.trace_nearest, traces.trace_cumulative])
@pytest.mark.parametrize("amplitude", [1.0, -1.0])
def test_a_trace_that_nobody_sees_any_more_is_zero(step, amplitude):
    # By hand: 0.5^99 is 1.6e-30 and counts, 0.5^100 is 7.9e-31 and does not. Subnormal numbers, from 1.2e-38 on, would stay for good.
    train = [True] + [False] * 99
    assert run(step, train, decay=0.5, amplitude=amplitude, target=True) == amplitude * 0.5**99
    assert run(step, [*train, False], decay=0.5, amplitude=amplitude, target=True) == 0.0


def test_a_gradient_reaches_every_value_that_a_trace_adds_also_where_the_sum_is_zero():
    value = torch.zeros(2, requires_grad=True)
    for scale in (1.0, 3.0):
        added = traces.trace_cumulative_value(value, torch.zeros(2), decay=0.5, scale=scale)
        assert torch.autograd.grad(added.sum(), value)[0].tolist() == [scale, scale]
    whole = traces.trace_cumulative_value(torch.tensor([3, 0]), torch.tensor([1, 1]), decay=0.5, scale=1.0)
    assert whole.tolist() == [3.5, 0.5]
