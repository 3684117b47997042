"""Averages, against plain sums over a list of observations."""

import math
from statistics import fmean

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn

VALUES = st.lists(st.floats(-8, 8, width=32), min_size=1, max_size=15)
ALPHAS = st.floats(0.05, 1.0)


def fed(reducer, values):
    for value in values:
        reducer(torch.tensor([[value]]))
    return reducer


def moving(values, alpha):
    """The closed form: the first weighs (1 − α)ⁿ⁻¹, one seen k steps before the last α(1 − α)ᵏ."""
    ago = range(len(values) - 1, 0, -1)
    return (1 - alpha) ** (len(values) - 1) * values[0] + sum(
        alpha * (1 - alpha) ** (back - 1) * value for back, value in zip(ago, values[1:], strict=True)
    )


def straight(older, newer, share):
    return newer + share * (older - newer)


@given(values=VALUES, alpha=ALPHAS)
def test_a_moving_average_weighs_the_past_by_powers(values, alpha):
    kept = fed(snn.EMAReducer(0.5, alpha, duration=len(values) * 0.5), values).dump().flatten().tolist()[::-1]
    assert kept == pytest.approx([moving(values[: step + 1], alpha) for step in range(len(values))], rel=1e-4, abs=1e-4)


@given(values=VALUES)
def test_a_cumulative_average_is_the_mean_of_all_there_were(values):
    reducer = fed(snn.CAReducer(0.5, duration=len(values) * 0.5), values)
    kept = reducer.dump().flatten().tolist()[::-1]
    assert kept == pytest.approx([fmean(values[: step + 1]) for step in range(len(values))], rel=1e-4, abs=1e-4)
    assert reducer.count == len(values)


@given(values=VALUES.filter(lambda values: len(values) > 1), share=st.floats(0.05, 0.95))
def test_between_two_steps_an_average_is_read_along_a_line(values, share):
    states = [fmean(values[: step + 1]) for step in range(len(values))][::-1]
    mean = fed(snn.CAReducer(0.5, duration=len(values) * 0.5), values)
    exponential = fed(snn.EMAReducer(0.5, 0.25, duration=len(values) * 0.5), values)
    powers = [moving(values[: step + 1], 0.25) for step in range(len(values))][::-1]
    for back in range(len(values) - 1):
        time = torch.tensor([[(back + share) * 0.5]])
        assert mean.view(time).item() == pytest.approx(straight(states[back + 1], states[back], share), rel=1e-3, abs=1e-3)
        assert exponential.view(time).item() == pytest.approx(straight(powers[back + 1], powers[back], share), rel=1e-3, abs=1e-3)


@given(train=st.lists(st.booleans(), min_size=1, max_size=20))
def test_the_mean_of_spikes_is_their_share(train):
    assert fed(snn.CAReducer(1.0), train).peek().item() == pytest.approx(sum(train) / len(train))


def test_the_count_is_saved_and_restored_and_cleared_and_left_by_a_refused_observation():
    reducer = fed(snn.CAReducer(1.0), [1.0, 2.0, 6.0])
    assert reducer.state_dict()["_extra_state"] == {"_first": False, "count": 3}
    fresh = snn.CAReducer(1.0)
    fresh.load_state_dict(reducer.state_dict())
    assert fed(fresh, [7.0]).peek().item() == 4.0  # (1 + 2 + 6 + 7)/4
    with pytest.raises(ValueError, match="observation must be of shape"):
        fresh(torch.ones(2, 1))
    assert fresh.count == 4
    fresh.clear()
    assert fresh.count == 0
    assert fed(fresh, [5.0]).peek().item() == 5.0


def test_a_pushed_state_counts_as_one_observation():
    reducer = snn.CAReducer(1.0)
    reducer.push(torch.tensor([[4.0]]))
    assert fed(reducer, [8.0]).peek().item() == 6.0


def test_a_weight_of_one_keeps_the_newest_alone():
    assert fed(snn.EMAReducer(1.0, 1.0), [1.0, 5.0]).peek().item() == 5.0


@pytest.mark.parametrize("alpha", [0.0, 1.5, -0.1, math.nan])
def test_a_moving_average_refuses_a_weight_out_of_range(alpha):
    with pytest.raises(ValueError, match="alpha must be"):
        snn.EMAReducer(1.0, alpha)
    reducer = snn.EMAReducer(1.0, 0.5)
    with pytest.raises(ValueError, match="alpha must be"):
        reducer.alpha = alpha
    assert reducer.alpha == 0.5


def test_out_of_range_the_error_says_what_to_use_for_the_mean_of_all():
    with pytest.raises(
        ValueError, match=r"alpha must be above 0 and at most 1, but is 1.5. For the mean of all observations, use CAReducer"
    ):
        snn.EMAReducer(1.0, 1.5)
