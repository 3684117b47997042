import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snnlab.lab.limits import around, ends, round_up

SIZES = st.floats(1e-6, 1e6)
ENDS = st.tuples(st.floats(-1e4, 1e4), st.floats(0, 1e4)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(SIZES)
def test_round_up_is_never_below_and_never_far_above(value):
    assert value * (1 - 1e-8) <= round_up(value) <= 1.5 * value


@given(ENDS)
def test_limits_hold_the_data(ends):
    low, high = around(*ends)
    slack = 1e-6 * max(1.0, abs(ends[0]), abs(ends[1]))
    assert low - slack <= ends[0]
    assert ends[1] <= high + slack
    assert low < high


@given(ENDS)
def test_limits_stay_as_long_as_the_data_stay(ends):
    limits = around(*ends)
    assert around(*ends, limits) == limits or ends[1] - ends[0] < (limits[1] - limits[0]) / 2


@pytest.mark.parametrize("least", [5e-324, 1e-310, 1e-300, 1e-289])
def test_what_floats_can_hardly_tell_from_0_has_limits(least):
    for low, high in ((0.0, least), (least, least), (-least, 0.0), (-least, least)):
        ends = around(low, high)
        assert ends[0] <= low + 1e-290 <= high + 1e-290 <= ends[1] + 1e-290
        assert ends[0] < ends[1]


def test_values_all_alike_lie_in_the_middle():
    low, high = around(-65.0, -65.0)
    assert low < -65.0 < high
    assert high - low < 1.0


def test_limits_follow_data_that_shrank_to_less_than_half():
    assert around(0.0, 0.4, (0.0, 1.0)) == (0.0, 0.4)
    assert around(0.0, 0.6, (0.0, 1.0)) == (0.0, 1.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_data_that_are_no_numbers_change_nothing(value):
    assert around(value, 1.0, (0.0, 2.0)) == (0.0, 2.0)


@pytest.mark.parametrize("strange", [[], [math.nan], [math.inf], [-math.inf, math.nan, math.inf]])
def test_the_ends_are_those_of_what_is_finite(strange):
    assert ends(np.array([[1.5, *strange], [-2.0, *strange]])) == (-2.0, 1.5)
    assert ends(np.array(strange)) == (math.inf, -math.inf)
