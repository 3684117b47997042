import inspect
import math
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.recording import Series
from snnlab.core.trains import isi, victor_purpura_pair_dist

TIMES = st.lists(st.integers(0, 40).map(lambda t: t / 2), max_size=6)
COSTS = st.floats(0, 4)


def distance(first, second, cost):
    return victor_purpura_pair_dist(torch.tensor(first), torch.tensor(second), cost).item()


def test_intervals_by_hand():
    # Train 0 at steps 1, 2, 5; train 1 at 0, 4; train 2 at 3; steps of 0.5 ms.
    spikes = torch.zeros(6, 3, dtype=torch.bool)
    spikes[[1, 2, 5], 0] = spikes[[0, 4], 1] = spikes[3, 2] = True
    expected = torch.tensor([[0.5, 2.0, math.nan], [1.5, math.nan, math.nan]])
    torch.testing.assert_close(isi(spikes, 0.5), expected, equal_nan=True)
    torch.testing.assert_close(isi(spikes.T, 0.5, time_first=False), expected.T, equal_nan=True)
    torch.testing.assert_close(isi(spikes.float().reshape(6, 3, 1), 0.5), expected.reshape(2, 3, 1), equal_nan=True)


@given(trains=st.lists(st.lists(st.booleans(), min_size=12, max_size=12), min_size=1, max_size=4))
def test_intervals_are_the_differences_of_the_spike_times(trains):
    result = isi(torch.tensor(trains), 2.0, time_first=False)
    times = [[2.0 * step for step, spiked in enumerate(train) if spiked] for train in trains]
    assert result.shape == (len(trains), max(max(map(len, times)) - 1, 0))
    for intervals, own in zip(result.tolist(), times, strict=True):
        assert [x for x in intervals if not math.isnan(x)] == [later - earlier for earlier, later in pairwise(own)]


@pytest.mark.parametrize("shape", [(5,), (5, 3), (5, 2, 3), (5, 0)])
def test_without_two_spikes_there_is_no_interval(shape):
    spikes = torch.zeros(shape, dtype=torch.bool)
    spikes[2:3] = True
    assert isi(spikes, 1.0).shape == (0, *shape[1:])


def test_a_single_train_gives_a_row():
    assert isi(torch.tensor([True, False, True, True]), 1.0).tolist() == [2.0, 1.0]


def test_a_series_brings_its_step_time():
    # Spikes of the one neuron at steps 0, 2 and 3 of 0.5 ms.
    spikes = torch.tensor([True, False, True, True]).reshape(4, 1, 1)
    series = Series("spikes", spikes, ("time", "batch", "neuron"), torch.arange(4) * 0.5, 0.5)
    assert isi(series).flatten().tolist() == isi(series, 0.5).flatten().tolist() == [1.0, 0.5]
    assert isi(series.sample(0))[:, 0].tolist() == [1.0, 0.5]
    with pytest.raises(ValueError, match=r"step_time of 'spikes' is 0\.5 ms, and must not be given as 1\.0 ms\. Leave step_time out"):
        isi(series, 1.0)
    with pytest.raises(ValueError, match="time_first must be True for a Series, but is False: the first axis of 'spikes' is time"):
        isi(series, time_first=False)


def test_bad_trains_are_refused():
    with pytest.raises(TypeError, match=r"step_time must be a number in ms, but is None .*Only a Series brings its own"):
        isi(torch.zeros(3))
    with pytest.raises(ValueError, match="step_time must be above 0 ms"):
        isi(torch.zeros(3), 0.0)
    with pytest.raises(ValueError, match="spikes must have a dimension of time"):
        isi(torch.tensor(True), 1.0)


@pytest.mark.parametrize(
    ("first", "second", "cost", "expected"),
    [
        ([1.0, 5.0], [2.0], 0.5, 1.5),  # move 1 -> 2 for 0.5, remove 5 for 1
        ([1.0], [4.0], 0.5, 1.5),  # moving by 3 ms costs 1.5, less than 2 for removing and inserting
        ([1.0], [4.0], 1.0, 2.0),  # moving costs 3, so remove and insert
        ([1.0, 2.0, 3.0], [1.5, 2.5], 1.0, 2.0),  # two moves of 0.5, one removal
        ([10.0, 20.0], [10.0, 20.0], 7.0, 0.0),
        ([], [1.0, 2.0], 3.0, 2.0),
        ([], [], 1.0, 0.0),
    ],
)
def test_distance_by_hand(first, second, cost, expected):
    assert distance(first, second, cost) == pytest.approx(expected)


def by_recursion(first, second, cost):
    """The recursion of the module docstring as it stands, spike by spike."""
    grid = [[float(i + j) for j in range(len(second) + 1)] for i in range(len(first) + 1)]
    for i, t in enumerate(sorted(first), 1):
        for j, u in enumerate(sorted(second), 1):
            grid[i][j] = min(grid[i - 1][j] + 1, grid[i][j - 1] + 1, grid[i - 1][j - 1] + cost * abs(t - u))
    return grid[-1][-1]


@given(first=TIMES, second=TIMES, cost=COSTS)
def test_distance_equals_the_recursion(first, second, cost):
    assert distance(first, second, cost) == pytest.approx(by_recursion(first, second, cost))


@given(first=TIMES, second=TIMES, third=TIMES, cost=COSTS)
def test_distance_is_symmetric_and_obeys_the_triangle(first, second, third, cost):
    assert distance(first, second, cost) == pytest.approx(distance(second, first, cost))
    assert distance(first, third, cost) <= distance(first, second, cost) + distance(second, third, cost) + 1e-9


@given(first=TIMES, second=TIMES)
def test_cost_zero_counts_spikes_and_infinite_cost_removes_all(first, second):
    assert distance(first, second, 0.0) == abs(len(first) - len(second))
    assert distance(first, second, math.inf) == len(first) + len(second)


def test_several_costs_give_as_many_distances():
    costs = torch.tensor([0.0, 0.5, 1.0, math.inf])
    result = victor_purpura_pair_dist(torch.tensor([1.0]), torch.tensor([4.0]), costs)
    assert result.tolist() == pytest.approx([0.0, 1.5, 2.0, 2.0])


def test_bad_distances_are_refused():
    for cost in (-1.0, math.nan):
        with pytest.raises(ValueError, match=r"cost must be 0 or above.*Use 0 to compare spike counts only"):
            distance([1.0], [2.0], cost)
    with pytest.raises(ValueError, match=r"t1 must be a row of spike times in ms, of shape \(n,\), but is of shape \(1, 1\)"):
        distance([1.0], [[2.0]], 1.0)
    with pytest.raises(ValueError, match="t0 must be finite"):
        distance([math.nan], [2.0], 1.0)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (isi, "spikes step_time=None time_first=True"),
        (victor_purpura_pair_dist, "t0 t1 cost"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature
