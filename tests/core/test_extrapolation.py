import inspect

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core import extrapolation as ex
from snnlab.core import interpolation as ip

VALUES = st.floats(-100, 100)
DT = st.floats(0.1, 5.0)
INSIDE = st.floats(0.01, 0.99)


def one(value):
    return torch.tensor([value], dtype=torch.float64)


def pair(function, sample, time, prev=1.0, newer=2.0, dt=1.0, **kwargs):
    older, later = function(one(sample), one(time), one(prev), one(newer), dt, **kwargs)
    return older.item(), later.item()


@pytest.mark.parametrize(
    ("function", "time", "expected"),
    [
        (ex.extrap_previous, 0.9, (7.0, 2.0)),
        (ex.extrap_next, 0.1, (1.0, 7.0)),
        (ex.extrap_neighbors, 0.1, (7.0, 7.0)),
        (ex.extrap_nearest, 0.4, (7.0, 2.0)),
        (ex.extrap_nearest, 0.5, (7.0, 2.0)),  # a tie goes to the older step
        (ex.extrap_nearest, 0.6, (1.0, 7.0)),
        (ex.extrap_linear_forward, 0.5, (1.0, 13.0)),  # 1 + (7 - 1)/0.5
        (ex.extrap_linear_backward, 0.75, (22.0, 2.0)),  # 2 - (2 - 7)/0.25
    ],
)
def test_each_pair_is_as_the_table_says(function, time, expected):
    assert pair(function, 7.0, time) == pytest.approx(expected)


def test_adjust_changes_the_value_that_the_line_starts_from():
    # 3 + (7 - 3)/0.5 and 6 - (6 - 7)/0.5.
    assert pair(ex.extrap_linear_forward, 7.0, 0.5, adjust=lambda x: 3 * x) == pytest.approx((3.0, 11.0))
    assert pair(ex.extrap_linear_backward, 7.0, 0.5, adjust=lambda x: 3 * x) == pytest.approx((8.0, 6.0))


ROUND_TRIPS = [
    (ex.extrap_previous, ip.interp_previous, {}),
    (ex.extrap_next, ip.interp_next, {}),
    (ex.extrap_neighbors, ip.interp_linear, {}),
    (ex.extrap_nearest, ip.interp_nearest, {}),
    (ex.extrap_linear_forward, ip.interp_linear, {}),
    (ex.extrap_linear_backward, ip.interp_linear, {}),
    (ex.extrap_expdecay, ip.interp_expdecay, {"time_constant": 3.0}),
    (ex.extrap_expratedecay, ip.interp_expratedecay, {"rate_constant": 0.7}),
]


@pytest.mark.parametrize(("write", "read", "kwargs"), ROUND_TRIPS)
@given(sample=VALUES, prev=VALUES, newer=VALUES, dt=DT, part=INSIDE)
def test_reading_back_gives_the_sample(write, read, kwargs, sample, prev, newer, dt, part):
    time = one(part * dt)
    older, later = write(one(sample), time, one(prev), one(newer), dt, **kwargs)
    assert read(older, later, time, dt, **kwargs).item() == pytest.approx(sample, abs=1e-8)


@given(sample=VALUES, dt=DT, part=INSIDE, tau=st.floats(0.5, 50))
def test_the_decayed_pair_lies_one_step_of_decay_apart(sample, dt, part, tau):
    older, later = ex.extrap_expdecay(one(sample), one(part * dt), one(0.0), one(0.0), dt, time_constant=tau)
    assert ip.interp_expdecay(older, later, one(dt), dt, time_constant=tau).item() == pytest.approx(later.item(), rel=1e-9, abs=1e-12)


def test_a_rate_is_one_over_its_time_constant():
    assert pair(ex.extrap_expratedecay, 7.0, 0.3, rate_constant=0.25) == pytest.approx(
        pair(ex.extrap_expdecay, 7.0, 0.3, time_constant=4.0)
    )


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (ex.extrap_previous, "sample sample_at prev_data next_data step_time"),
        (ex.extrap_next, "sample sample_at prev_data next_data step_time"),
        (ex.extrap_neighbors, "sample sample_at prev_data next_data step_time"),
        (ex.extrap_nearest, "sample sample_at prev_data next_data step_time"),
        (ex.extrap_linear_forward, "sample sample_at prev_data next_data step_time *adjust=None"),
        (ex.extrap_linear_backward, "sample sample_at prev_data next_data step_time *adjust=None"),
        (ex.extrap_expdecay, "sample sample_at prev_data next_data step_time *time_constant"),
        (ex.extrap_expratedecay, "sample sample_at prev_data next_data step_time *rate_constant"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature
