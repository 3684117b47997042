"""Traces of events, against the closed form over a plain list of spikes."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn

TRAINS = st.lists(st.booleans(), min_size=1, max_size=15)
DT, TAU = 0.5, 3.0
KINDS = {"nearest": snn.NearestTraceReducer, "cumulative": snn.CumulativeTraceReducer}


def decayed(steps):
    return math.exp(-steps * DT / TAU)


def closed_form(kind, train, amplitude):
    """The trace at the end: the newest event alone, or the sum over all."""
    events = [amplitude * decayed(ago) for ago, event in enumerate(train[::-1]) if event]
    return sum(events[:1] if kind == "nearest" else events)


def fed(kind, train, amplitude=2.0, **kwargs):
    reducer = KINDS[kind](DT, TAU, amplitude, True, **kwargs)
    for event in train:
        reducer(torch.tensor([[event]]))
    return reducer


@pytest.mark.parametrize("kind", KINDS)
@given(train=TRAINS, amplitude=st.floats(0.1, 5.0))
def test_a_trace_is_the_decay_since_its_events_at_every_step_kept(kind, train, amplitude):
    kept = fed(kind, train, amplitude, duration=len(train) * DT).dump().flatten().tolist()[::-1]
    expected = [closed_form(kind, train[: step + 1], amplitude) for step in range(len(train))]
    assert kept == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@given(train=TRAINS.filter(lambda train: len(train) > 1), share=st.floats(0.05, 0.95))
def test_between_two_steps_a_trace_decays_from_the_older(kind, train, share):
    reducer = fed(kind, train, duration=len(train) * DT)
    for back in range(len(train) - 1):
        expected = closed_form(kind, train[: len(train) - back - 1], 2.0) * decayed(1 - share)
        assert reducer.view(torch.tensor([[(back + share) * DT]])).item() == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_what_equals_the_target_or_lies_within_the_tolerance(kind):
    values = torch.tensor([[1.0, 1.25, 1.5, 0.0]])
    exact, wide = KINDS[kind](DT, TAU, 1.0, 1.0), KINDS[kind](DT, TAU, 1.0, 1.0, 0.25)
    exact(values), wide(values)
    assert exact.peek().tolist() == [[1.0, 0.0, 0.0, 0.0]]
    assert wide.peek().tolist() == [[1.0, 1.0, 0.0, 0.0]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_target_of_false_traces_silence(kind):
    reducer = KINDS[kind](DT, TAU, 1.0, False)
    reducer(torch.tensor([[True, False]]))
    assert reducer.peek().tolist() == [[0.0, 1.0]]


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_of_a_setting_acts_at_the_next_step(kind):
    reducer = fed(kind, [True])
    reducer.time_constant = 1.0
    reducer(torch.tensor([[False]]))
    assert reducer.peek().item() == pytest.approx(2.0 * math.exp(-0.5))
    reducer.dt = 0.25
    reducer(torch.tensor([[False]]))
    assert reducer.peek().item() == pytest.approx(2.0 * math.exp(-0.75))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("time_constant", 0.0, "time_constant must be above 0 ms, but is 0.0 ms"),
        ("time_constant", math.inf, "time_constant must be a finite number"),
        ("amplitude", 0.0, "amplitude must be other than 0"),
        ("target", math.nan, "target must be a finite number"),
        ("tolerance", -0.1, "tolerance must be 0 or above"),
    ],
)
def test_a_setting_out_of_its_range_is_refused_at_once_and_later(kind, setting, value, words):
    good = {"time_constant": TAU, "amplitude": 1.0, "target": True, "tolerance": None}
    with pytest.raises(ValueError, match=words):
        KINDS[kind](DT, **(good | {setting: value}))
    reducer = KINDS[kind](DT, **good)
    with pytest.raises(ValueError, match=words):
        setattr(reducer, setting, value)
    assert getattr(reducer, setting) == good[setting]


def test_the_settings_of_a_trace_are_positional_and_those_of_its_history_are_not():
    reducer = snn.CumulativeTraceReducer(DT, TAU, 2.0, 1.0, 0.5, duration=1.0, inclusive=True, inplace=False)
    assert (reducer.time_constant, reducer.amplitude, reducer.target, reducer.tolerance) == (TAU, 2.0, 1.0, 0.5)
    assert (reducer.duration, reducer.inclusive, reducer.inplace) == (1.0, True, False)
    with pytest.raises(TypeError, match="positional"):
        snn.CumulativeTraceReducer(DT, TAU, 2.0, 1.0, 0.5, 1.0)
