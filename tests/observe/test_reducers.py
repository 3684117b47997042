"""Reducers: what is kept of a stream of observations."""

import math

import pytest
import torch

import snnlab as snn


def fed(reducer, values):
    for value in values:
        reducer(torch.tensor([[value]]))
    return reducer


def test_a_passthrough_keeps_the_last_observations_newest_first():
    reducer = fed(snn.PassthroughReducer(1.0, 3.0), [1.0, 2.0, 3.0, 4.0])
    assert reducer.dump().flatten().tolist() == [4.0, 3.0, 2.0]
    assert reducer.latest.item() == 4.0


def test_duration_is_inclusive_only_when_asked():
    assert len(fed(snn.PassthroughReducer(1.0, 3.0, inclusive=True), [1.0]).dump()) == 4
    assert len(fed(snn.PassthroughReducer(1.0, 3.0), [1.0]).dump()) == 3


def test_nothing_is_there_before_the_first_observation():
    reducer = snn.PassthroughReducer(1.0, 3.0)
    assert reducer.peek() is None
    assert reducer.dump() is None
    assert reducer.view(0.0) is None


def test_spikes_are_kept_as_numbers():
    assert fed(snn.PassthroughReducer(1.0), [True]).peek().dtype == torch.float32


def test_a_passthrough_is_read_between_two_steps_at_the_older():
    reducer = fed(snn.PassthroughReducer(1.0, 3.0), [1.0, 2.0, 3.0])
    assert reducer.view(torch.tensor([[1.5]])).item() == 1.0
    assert reducer.view(torch.tensor([[1.0]])).item() == 2.0


@pytest.mark.parametrize(("initial", "first"), [("inf", math.inf), ("zero", 0.5), ("nan", math.nan)])
def test_time_since_an_event_counts_up_from_its_initial_value(initial, first):
    reducer = fed(snn.EventReducer(0.5, lambda spikes: spikes > 0, initial), [False, False])
    expected = {"inf": math.inf, "zero": 0.5, "nan": math.nan}[initial]
    assert reducer.peek().item() == pytest.approx(expected, nan_ok=True)
    fed(reducer, [True, False, False])
    assert reducer.peek().item() == 1.0


def test_time_since_an_event_grows_between_two_steps():
    # Event at step 0 and then 2 steps of 0.5 ms: 0.75 ms ago it was 0.25 ms since the event.
    reducer = fed(snn.EventReducer(0.5, lambda spikes: spikes > 0, duration=1.5), [True, False, False])
    assert reducer.view(torch.tensor([[0.75]])).item() == pytest.approx(0.25)


def test_a_cumulative_trace_follows_its_closed_form():
    # Spikes at steps 0 and 2, seen at step 3: A·(exp(−3/τ) + exp(−1/τ)).
    reducer = fed(snn.CumulativeTraceReducer(1.0, 5.0, amplitude=2.0), [True, False, True, False])
    assert reducer.peek().item() == pytest.approx(2.0 * (math.exp(-3 / 5) + math.exp(-1 / 5)))


def test_a_nearest_trace_knows_the_last_spike_alone():
    reducer = fed(snn.NearestTraceReducer(1.0, 5.0, amplitude=2.0), [True, False, True, False])
    assert reducer.peek().item() == pytest.approx(2.0 * math.exp(-1 / 5))


def test_a_trace_decays_between_two_steps():
    reducer = fed(snn.CumulativeTraceReducer(1.0, 5.0, duration=2.0), [True, False])
    assert reducer.view(torch.tensor([[0.5]])).item() == pytest.approx(math.exp(-0.5 / 5))


def test_a_moving_average_weighs_the_newest_by_alpha():
    # 0.25·8 + 0.75·4 = 5, then 0.25·1 + 0.75·5 = 4.
    assert fed(snn.EMAReducer(1.0, 0.25), [4.0, 8.0, 1.0]).peek().item() == pytest.approx(4.0)


@pytest.mark.parametrize("alpha", [0.0, 1.5, -0.1])
def test_a_moving_average_refuses_a_weight_out_of_range(alpha):
    with pytest.raises(ValueError, match="alpha must be above 0 and at most 1"):
        snn.EMAReducer(1.0, alpha)


def test_the_duration_may_be_changed_and_leaves_the_step_time():
    reducer = fed(snn.PassthroughReducer(0.5, 1.0), [1.0, 2.0])
    reducer.duration = 2.0
    assert reducer.dt == 0.5
    assert reducer.dump().flatten().tolist() == [2.0, 1.0, 0.0, 0.0]


def test_clear_forgets_the_shape_unless_it_is_kept():
    reducer = fed(snn.PassthroughReducer(1.0, 2.0), [1.0])
    reducer.clear(keepshape=True)
    assert reducer.dump().flatten().tolist() == [0.0, 0.0]
    reducer.clear()
    assert reducer.dump() is None
    reducer(torch.zeros(2, 3))
    assert reducer.peek().shape == (2, 3)


def test_an_unknown_initial_value_is_named():
    with pytest.raises(ValueError, match="initial must be one of 'inf', 'zero', 'nan', but is 'never'"):
        snn.EventReducer(1.0, lambda spikes: spikes > 0, "never")


def test_after_a_clear_that_keeps_the_shape_the_next_observation_is_the_first_again():
    average = fed(snn.EMAReducer(1.0, 0.25), [8.0])
    average.clear(keepshape=True)
    assert fed(average, [4.0]).peek().item() == 4.0
    since = fed(snn.EventReducer(1.0, lambda spikes: spikes > 0, "zero"), [False])
    since.clear(keepshape=True)
    assert fed(since, [False]).peek().item() == 0.0


def test_a_saved_average_goes_on_from_where_it_was():
    average = fed(snn.EMAReducer(1.0, 0.25), [8.0])
    fresh = snn.EMAReducer(1.0, 0.25)
    fresh.load_state_dict(average.state_dict())
    assert fed(fresh, [4.0]).peek().item() == 7.0  # 0.25·4 + 0.75·8
