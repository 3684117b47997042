import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.interpolation import (
    interp_expdecay,
    interp_expratedecay,
    interp_linear,
    interp_nearest,
    interp_next,
    interp_previous,
)

PREV = torch.tensor([2.0, -1.0], dtype=torch.float64)
NEXT = torch.tensor([4.0, 3.0], dtype=torch.float64)
VALUES = st.floats(-100, 100)
DT = st.floats(0.05, 5.0)
PART = st.floats(0.0, 1.0)


def at(*times):
    return torch.tensor(times, dtype=torch.float64)


def test_previous_and_next_return_their_neighbour():
    assert interp_previous(PREV, NEXT, at(0.9, 0.1), 1.0).tolist() == [2.0, -1.0]
    assert interp_next(PREV, NEXT, at(0.9, 0.1), 1.0).tolist() == [4.0, 3.0]


@pytest.mark.parametrize(("time", "expected"), [(0.0, [2.0, -1.0]), (1.0, [2.0, -1.0]), (1.01, [4.0, 3.0]), (2.0, [4.0, 3.0])])
def test_nearest_takes_the_older_value_at_a_tie(time, expected):
    assert interp_nearest(PREV, NEXT, at(time, time), 2.0).tolist() == expected


def test_linear_runs_along_the_line():
    # A quarter of the way: 2 + (4 - 2)/4 and -1 + (3 + 1)/4.
    assert interp_linear(PREV, NEXT, at(0.5, 0.5), 2.0).tolist() == pytest.approx([2.5, 0.0])


@given(prev=VALUES, newer=VALUES, dt=DT, part=PART)
def test_linear_stays_between_its_neighbours(prev, newer, dt, part):
    result = interp_linear(at(prev), at(newer), at(part * dt), dt).item()
    assert min(prev, newer) - 1e-9 <= result <= max(prev, newer) + 1e-9


@given(prev=VALUES, dt=DT, part=PART, tau=st.floats(0.1, 50))
def test_decay_ignores_the_newer_value_and_rate_is_one_over_tau(prev, dt, part, tau):
    expected = prev * math.exp(-part * dt / tau)
    decayed = interp_expdecay(at(prev), at(math.nan), at(part * dt), dt, time_constant=tau)
    rated = interp_expratedecay(at(prev), at(math.nan), at(part * dt), dt, rate_constant=1 / tau)
    assert decayed.item() == pytest.approx(expected, abs=1e-12)
    assert rated.item() == pytest.approx(expected, abs=1e-12)


def test_linear_passes_the_slope_to_the_time():
    # d/da [prev + (next - prev) a/dt] = (next - prev)/dt.
    time = at(0.5, 0.5).requires_grad_()
    interp_linear(PREV, NEXT, time, 2.0).sum().backward()
    assert time.grad.tolist() == pytest.approx([1.0, 2.0])


def test_a_plain_number_serves_as_time_and_the_dtype_stays():
    single = torch.tensor([2.0])
    assert interp_expdecay(single, single, 0.5, 1.0, time_constant=0.5).dtype == torch.float32
    assert interp_nearest(PREV, NEXT, 0.75, 1.0).tolist() == [4.0, 3.0]


def test_an_unknown_keyword_is_refused():
    with pytest.raises(TypeError, match="time_constant"):
        interp_linear(PREV, NEXT, at(0.5, 0.5), 1.0, time_constant=1.0)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (interp_previous, "prev_data next_data sample_at step_time"),
        (interp_next, "prev_data next_data sample_at step_time"),
        (interp_nearest, "prev_data next_data sample_at step_time"),
        (interp_linear, "prev_data next_data sample_at step_time"),
        (interp_expdecay, "prev_data next_data sample_at step_time *time_constant"),
        (interp_expratedecay, "prev_data next_data sample_at step_time *rate_constant"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature
