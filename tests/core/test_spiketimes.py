import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.recording import Series
from snnlab.core.spiketimes import spikes_from_times, times_from_spikes
from snnlab.core.trains import isi

STEPS = 40
DT = st.sampled_from([0.1, 0.25, 0.3, 1.0])
TRAIN = st.sets(st.integers(0, STEPS - 1)).map(sorted)
BATCH = st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(TRAIN, min_size=n, max_size=n), min_size=1, max_size=3))


def steps_of(spikes, b=0, n=0):
    return spikes[:, b, n].nonzero().flatten().tolist()


def test_a_time_becomes_a_spike_at_its_step_for_its_neuron_and_sample():
    # Steps of 0.5 ms: 1.5 ms is step 3.
    spikes = spikes_from_times([[[0.0, 1.5], []], [[], [1.0]]], 0.5, steps=4)
    assert (spikes.shape, spikes.dtype) == ((4, 2, 2), torch.bool)
    assert spikes.nonzero().tolist() == [[0, 0, 0], [2, 1, 1], [3, 0, 0]]
    assert times_from_spikes(spikes, 0.5) == [[[0.0, 1.5], []], [[], [1.0]]]


def test_lists_of_neurons_alone_are_one_sample():
    spikes = spikes_from_times([[1.0], [], [0.0, 2.0]], 1.0, steps=3)
    assert spikes.shape == (3, 1, 3)
    assert times_from_spikes(spikes, 1.0) == [[[1.0], [], [0.0, 2.0]]]
    assert spikes_from_times([[], []], 1.0, steps=3).shape == (3, 1, 2)
    assert spikes_from_times([[[]], [[]]], 1.0, steps=3).shape == (3, 2, 1)
    assert not spikes_from_times([[], []], 1.0, steps=3).any()


@given(steps=BATCH, dt=DT)
def test_spikes_come_back_as_they_were_from_the_times_of_their_steps(steps, dt):
    spikes = torch.zeros(STEPS, len(steps), len(steps[0]), dtype=torch.bool)
    for b, sample in enumerate(steps):
        for n, train in enumerate(sample):
            spikes[train, b, n] = True
    computed = [[[step * dt for step in train] for train in sample] for sample in steps]
    for times in (computed, times_from_spikes(spikes, dt)):
        assert torch.equal(spikes_from_times(times, dt, steps=STEPS, off_grid="refuse"), spikes)


@given(steps=BATCH, dt=DT)
def test_times_come_back_as_they_were_written(steps, dt):
    # As written: whole numbers of hundredths of a ms, divided once, so that 3 steps of 0.1 ms are 0.3 and not 0.30000000000000004.
    hundredths = round(100 * dt)
    times = [[[hundredths * step / 100 for step in train] for train in sample] for sample in steps]
    assert times_from_spikes(spikes_from_times(times, dt, steps=STEPS), dt) == times


@given(times=st.lists(st.floats(0, 39.4), max_size=1), dt=DT)
def test_no_spike_moves_by_more_than_half_a_step(times, dt):
    times = [time * dt for time in times]
    [[back]] = times_from_spikes(spikes_from_times([times], dt, steps=STEPS), dt)
    assert len(back) == len(times)
    assert all(abs(a - b) <= dt / 2 * (1 + 1e-5) for a, b in zip(back, times, strict=True))


@pytest.mark.parametrize(
    ("time", "dt", "step"), [(0.49, 1.0, 0), (0.5, 1.0, 1), (1.5, 1.0, 2), (2.4, 1.0, 2), (0.15, 0.1, 2), (0.14, 0.1, 1)]
)
def test_a_time_off_the_grid_goes_to_the_nearest_step_and_on_a_tie_to_the_later(time, dt, step):
    assert steps_of(spikes_from_times([[time]], dt, steps=5)) == [step]
    with pytest.raises(
        ValueError, match=rf'times\[0\]\[0\] must lie on a step of {dt} ms, but is {time} ms. Round it, or pass off_grid="n'
    ):
        spikes_from_times([[time]], dt, steps=5, off_grid="refuse")


def test_a_time_that_single_precision_knows_is_on_its_step():
    times = torch.tensor([0.3, 29.9], dtype=torch.float32)
    assert steps_of(spikes_from_times([times], 0.1, steps=300, off_grid="refuse")) == [3, 299]


def test_trains_may_be_tuples_arrays_and_tensors_in_any_order_and_stay_as_they_are():
    array, tensor, ints = np.array([2.0, 0.0]), torch.tensor([2.0, 0.0]), (2, 0)
    for trains in ([array], [tensor], (ints,), np.array([[2.0, 0.0]]), torch.tensor([[2.0, 0.0]]), [[np.float32(2), 0]]):
        assert steps_of(spikes_from_times(trains, 1.0, steps=3)) == [0, 2]
    assert (array.tolist(), tensor.tolist()) == ([2, 0], [2, 0])
    assert spikes_from_times(torch.tensor([[[2.0], [1.0]]]), 1.0, steps=3).nonzero().tolist() == [[1, 0, 1], [2, 0, 0]]


def test_the_length_is_given_by_steps_or_by_duration():
    for dt, duration, steps in ((0.1, 0.3, 3), (0.3, 0.9, 3), (0.25, 10.0, 40), (1.0, 7, 7)):
        assert len(spikes_from_times([[0.0]], dt, duration=duration)) == steps
    for kwargs in ({}, {"steps": 3, "duration": 3.0}):
        with pytest.raises(TypeError, match="Give the length of the run by one of steps and duration"):
            spikes_from_times([[0.0]], 1.0, **kwargs)
    with pytest.raises(ValueError, match=r"duration must be a whole number of steps of 0.3 ms, but is 1.0 ms. Give steps instead"):
        spikes_from_times([[0.0]], 0.3, duration=1.0)
    with pytest.raises(ValueError, match="steps must be a whole number of at least 1, but is 0"):
        spikes_from_times([[0.0]], 0.3, steps=0)


@pytest.mark.parametrize("end", [3.0, 2.5, 100.0])
def test_a_time_beyond_the_end_is_refused(end):
    with pytest.raises(
        ValueError, match=rf"times\[1\]\[0\] must be at most 2.0 ms, the last of 3 steps, but is {end} ms. Make the run longer"
    ):
        spikes_from_times([[], [end]], 1.0, steps=3)
    assert spikes_from_times([[], [2.49]], 1.0, steps=3)[2, 0, 1]


@pytest.mark.parametrize(
    ("times", "error", "words"),
    [
        ([[1.0], [2.0, -0.1]], ValueError, r"times\[1\]\[1\] must be 0 ms or above, but is -0.1 ms. A run begins at 0 ms"),
        ([[[1.0]], [[math.nan]]], ValueError, r"times\[1\]\[0\]\[0\] must be a finite number, but is nan ms"),
        ([[math.inf]], ValueError, r"times\[0\]\[0\] must be a finite number, but is inf ms"),
        ([["soon"]], TypeError, r"times\[0\]\[0\] must be a number in ms, but is 'soon' \(str\)"),
        ([[True]], TypeError, r"times\[0\]\[0\] must be a number in ms, but is True"),
        ([[None]], TypeError, r"times\[0\]\[0\] must be a number in ms, but is None"),
        (
            [[1.0, 3.0, 1.4]],
            ValueError,
            r"times\[0\] must hold one spike a step, but 1.0 ms and 1.4 ms both fall on step 1 of 1.0 ms. Shorten",
        ),
        ([[2.0, 2.0]], ValueError, r"2.0 ms and 2.0 ms both fall on step 2"),
        ([1.0, 2.0], TypeError, r"times must be lists of times, one a neuron, .* but is \[1.0, 2.0\]. Wrap a single train in"),
        ([], TypeError, r"times must be lists of times, one a neuron"),
        (3.0, TypeError, r"times must be lists of times, one a neuron, .* but is 3.0"),
        ("1 2", TypeError, r"times must be lists of times"),
        ([[1.0], 2.0], TypeError, r"times\[1\] must be a list of times in ms, but is 2.0. Nest all alike"),
        ([[[1.0]], [2.0]], TypeError, r"times\[1\]\[0\] must be a list of times in ms, but is 2.0"),
        ([[[1.0]], 2.0], TypeError, r"times\[1\] must be a list of times in ms, but is 2.0"),
        ([[[[1.0]]]], TypeError, r"times\[0\]\[0\] must be a list of times in ms, but is \[\[1.0\]\]"),
        (
            [[[1.0], []], [[2.0]]],
            ValueError,
            r"times\[1\] must hold 2 lists, one a neuron, as another sample does, but holds 1. Give a neuron",
        ),
        ([[], [[2.0]]], ValueError, r"times\[0\] must hold 1 lists, .* but holds 0"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_nothing_is_lost(times, error, words):
    with pytest.raises(error, match=words):
        spikes_from_times(times, 1.0, steps=4)


def test_settings_are_checked():
    with pytest.raises(ValueError, match=r"step_time must be above 0 ms, but is 0.0 ms"):
        spikes_from_times([[0.0]], 0.0, steps=4)
    with pytest.raises(ValueError, match="off_grid must be one of 'nearest', 'refuse', but is 'floor'"):
        spikes_from_times([[0.0]], 1.0, steps=4, off_grid="floor")
    with pytest.raises(ValueError, match="step_time must be above 0 ms"):
        times_from_spikes(torch.zeros(3, 1, 1), -1.0)


def test_times_are_nested_as_the_axes_after_time():
    spikes = torch.zeros(4, 2, 1, 3)
    spikes[2, 1, 0, 1] = spikes[3, 1, 0, 1] = 1
    assert times_from_spikes(spikes, 0.1) == [[[[], [], []]], [[[], [0.2, 0.3], []]]]
    assert times_from_spikes(torch.tensor([True, False, True]), 0.25) == [0.0, 0.5]
    assert times_from_spikes(torch.zeros(4, 2, 0), 1.0) == [[], []]
    assert times_from_spikes(torch.zeros(4, 0, 2), 1.0) == []
    assert times_from_spikes(torch.zeros(0, 1, 2), 1.0) == [[[], []]]


def test_any_value_but_zero_is_a_spike_and_a_bad_tensor_is_refused():
    assert times_from_spikes(torch.tensor([[-0.5], [0.0], [2.0]]), 1.0) == [[0.0, 2.0]]
    with pytest.raises(ValueError, match="spikes must be finite in every element"):
        times_from_spikes(torch.tensor([[math.nan]]), 1.0)
    with pytest.raises(ValueError, match=r"spikes must have a dimension of time, but is a single number. Pass .* \(T, B, N\)"):
        times_from_spikes(torch.tensor(1.0), 1.0)
    with pytest.raises(TypeError, match=r"spikes must be a torch.Tensor"):
        times_from_spikes([[True]], 1.0)


@given(train=TRAIN, dt=DT)
def test_the_differences_of_the_times_are_the_intervals(train, dt):
    spikes = spikes_from_times([[step * dt for step in train]], dt, steps=STEPS)
    [[times]] = times_from_spikes(spikes, dt)
    assert np.diff(times) == pytest.approx(isi(spikes[:, 0, 0], dt).tolist(), rel=1e-5)


def test_a_tensor_is_made_where_it_is_wanted():
    assert spikes_from_times([[]], 1.0, steps=3, device="meta").device.type == "meta"


def test_a_series_brings_its_step_time():
    spikes = torch.tensor([[[True, False]], [[False, False]], [[True, False]]])
    series = Series("spikes", spikes, ("time", "batch", "neuron"), torch.arange(3) * 0.1, 0.1)
    assert times_from_spikes(series) == times_from_spikes(series, 0.1) == [[[0.0, 0.2], []]]
    assert times_from_spikes(series.sample(0)) == [[0.0, 0.2], []]
    late = Series("spikes", spikes, ("time", "batch", "neuron"), torch.tensor([20.0, 20.1, 20.2], dtype=torch.float64), 0.1)
    assert times_from_spikes(late) == [[[20.0, 20.2], []]]
    with pytest.raises(ValueError, match=r"step_time of 'spikes' is 0\.1 ms, and must not be given as 1\.0 ms\. Leave step_time out"):
        times_from_spikes(series, 1.0)
    with pytest.raises(TypeError, match=r"step_time must be a number in ms, but is None .*Only a Series brings its own"):
        times_from_spikes(spikes)
