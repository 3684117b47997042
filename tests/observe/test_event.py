"""The time since an event, against a plain count of steps."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn
from snnlab.observe.event import event_step

TRAINS = st.lists(st.booleans(), min_size=1, max_size=15)
INITIAL = {"inf": math.inf, "zero": 0.0, "nan": math.nan}


def happened(obs):
    return obs > 0


def steps_since(train, initial, dt):
    """Plain floats: the time at each step."""
    times, since = [], None
    for event in train:
        since = 0.0 if event else (INITIAL[initial] if since is None else since + dt)
        times.append(since)
    return times


@given(train=TRAINS, initial=st.sampled_from(sorted(INITIAL)), dt=st.sampled_from([0.1, 0.25, 0.3, 1.0]))
def test_the_time_since_an_event_is_counted_in_steps(train, initial, dt):
    reducer = snn.EventReducer(dt, happened, initial, duration=len(train) * dt)
    for event in train:
        reducer(torch.tensor([[event]]))
    assert reducer.dump().flatten().tolist()[::-1] == pytest.approx(steps_since(train, initial, dt), nan_ok=True)


@given(train=TRAINS.filter(lambda train: len(train) > 1), share=st.floats(0.05, 0.95))
def test_between_two_steps_the_time_goes_on_from_the_older(train, share):
    reducer = snn.EventReducer(0.5, happened, "zero", duration=len(train) * 0.5)
    for event in train:
        reducer(torch.tensor([[event]]))
    times = steps_since(train, "zero", 0.5)[::-1]
    for back in range(len(train) - 1):
        expected = times[back + 1] + (1 - share) * 0.5
        assert reducer.view(torch.tensor([[(back + share) * 0.5]])).item() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("initial", sorted(INITIAL))
def test_before_its_first_observation_the_history_holds_the_initial_time(initial):
    reducer = snn.EventReducer(1.0, happened, initial, duration=3.0)
    reducer(torch.tensor([[True]]))
    assert reducer.dump().flatten().tolist() == pytest.approx([0.0, INITIAL[initial], INITIAL[initial]], nan_ok=True)


def test_without_an_event_the_time_is_infinite_unless_told_otherwise():
    reducer = snn.EventReducer(1.0, happened)
    for _ in range(3):
        reducer(torch.tensor([[False]]))
    assert reducer.peek().item() == math.inf


def test_each_element_has_a_time_of_its_own():
    reducer = snn.EventReducer(0.5, happened)
    reducer(torch.tensor([[True, False], [False, True]]))
    reducer(torch.tensor([[False, True], [False, False]]))
    assert reducer.peek().tolist() == [[0.5, 0.0], [math.inf, 0.5]]


def test_after_many_steps_the_time_is_still_on_the_grid():
    # Twenty thousand single-precision sums of 0.1 come out at 2000.66.
    since = torch.zeros(1)
    for _ in range(20_000):
        since = event_step(torch.tensor([False]), since, step_time=0.1)
    assert since.item() == pytest.approx(2000.0, rel=1e-6)


def test_a_time_off_the_grid_stays_off_it():
    # As after a change of the step time: 1.0 ms is two and a half steps of 0.4 ms.
    assert event_step(torch.tensor([False]), torch.tensor([1.0]), step_time=0.4).item() == pytest.approx(1.4)


def test_a_criterion_may_answer_in_numbers():
    reducer = snn.EventReducer(1.0, lambda obs: (obs > 2).float())
    reducer(torch.tensor([[3.0, 1.0]]))
    assert reducer.peek().tolist() == [[0.0, math.inf]]


def test_an_unknown_initial_time_and_a_criterion_that_is_none_are_refused():
    with pytest.raises(ValueError, match="initial must be one of 'inf', 'zero', 'nan', but is 'never'"):
        snn.EventReducer(1.0, happened, "never")
    with pytest.raises(TypeError, match=r"criterion must be a function from a tensor to bool, but is 0.5 \(float\). Try lambda"):
        snn.EventReducer(1.0, 0.5)
    reducer = snn.EventReducer(1.0, happened)
    with pytest.raises(TypeError, match="criterion must be a function"):
        reducer.criterion = None
    assert reducer.criterion is happened
