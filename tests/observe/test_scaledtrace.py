"""Traces of how much was observed, against the closed form over a plain list of numbers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn

DT, TAU, A, S = 0.5, 3.0, 1.5, 2.0
VALUES = st.lists(st.tuples(st.floats(-4, 4, width=32), st.booleans()), min_size=1, max_size=15)
KINDS = {
    ("nearest", "criterion"): snn.ScaledNearestTraceReducer,
    ("cumulative", "criterion"): snn.ScaledCumulativeTraceReducer,
    ("nearest", "condition"): snn.ConditionalNearestTraceReducer,
    ("cumulative", "condition"): snn.ConditionalCumulativeTraceReducer,
}
every_kind = pytest.mark.parametrize("kind", KINDS, ids="-".join)


def above_one(obs):
    return obs > 1


def build(kind, **kwargs):
    return KINDS[kind](DT, TAU, A, S, *([above_one] if kind[1] == "criterion" else []), **kwargs)


def fed(kind, values, **kwargs):
    reducer = build(kind, **kwargs)
    for value, counts in values:
        obs = torch.tensor([[value]])
        reducer(obs) if kind[1] == "criterion" else reducer(obs, torch.tensor([[counts]]))
    return reducer


def closed_form(kind, values):
    events = [
        (S * value + A) * math.exp(-ago * DT / TAU)
        for ago, (value, counts) in enumerate(values[::-1])
        if (value > 1 if kind[1] == "criterion" else counts)
    ]
    return sum(events[:1] if kind[0] == "nearest" else events)


@every_kind
@given(values=VALUES)
def test_a_trace_is_the_decay_of_what_counted_at_every_step_kept(kind, values):
    kept = fed(kind, values, duration=len(values) * DT).dump().flatten().tolist()[::-1]
    expected = [closed_form(kind, values[: step + 1]) for step in range(len(values))]
    assert kept == pytest.approx(expected, rel=1e-4, abs=1e-4)


@every_kind
@given(values=VALUES.filter(lambda values: len(values) > 1), share=st.floats(0.05, 0.95))
def test_between_two_steps_a_trace_decays_from_the_older(kind, values, share):
    reducer = fed(kind, values, duration=len(values) * DT)
    for back in range(len(values) - 1):
        expected = closed_form(kind, values[: len(values) - back - 1]) * math.exp(-(1 - share) * DT / TAU)
        assert reducer.view(torch.tensor([[(back + share) * DT]])).item() == pytest.approx(expected, rel=1e-3, abs=1e-4)


def test_a_condition_of_another_shape_is_refused_and_does_not_broadcast():
    reducer = snn.ConditionalCumulativeTraceReducer(DT, TAU, A, S)
    with pytest.raises(ValueError, match=r"observation must be of shape \(2, 3\).*, but is of shape \(1, 3\)"):
        reducer(torch.ones(2, 3), torch.ones(1, 3, dtype=torch.bool))
    assert reducer.peek() is None


def test_a_conditional_trace_needs_its_condition():
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        snn.ConditionalNearestTraceReducer(DT, TAU, A, S)(torch.ones(1, 1))


@every_kind
@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("time_constant", -1.0, "time_constant must be above 0 ms"),
        ("amplitude", math.inf, "amplitude must be a finite number"),
        ("scale", math.nan, "scale must be a finite number"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_at_once_and_later(kind, setting, value, words):
    good = {"time_constant": TAU, "amplitude": A, "scale": S} | ({"criterion": above_one} if kind[1] == "criterion" else {})
    with pytest.raises(ValueError, match=words):
        KINDS[kind](DT, **(good | {setting: value}))
    reducer = build(kind)
    with pytest.raises(ValueError, match=words):
        setattr(reducer, setting, value)
    assert getattr(reducer, setting) == good[setting]


def test_a_criterion_must_be_a_function():
    with pytest.raises(TypeError, match="criterion must be a function from a tensor to bool, but is None"):
        snn.ScaledNearestTraceReducer(DT, TAU, A, S, None)
