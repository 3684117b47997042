"""The picture of a window."""

import numpy as np
import pytest

from snnlab.plots import window


def test_no_line_leads_across_0_whatever_the_order_of_lags():
    lines = window([10.0, -10.0, 0.0, -5.0, 20.0], [0.2, -0.1, 0.3, -0.2, 0.1]).lines[2:]
    assert [line.get_xdata().tolist() for line in lines] == [[-10.0, -5.0], [0.0], [10.0, 20.0]]
    assert [line.get_ydata().tolist() for line in lines] == [[-0.1, -0.2], [0.3], [0.2, 0.1]]


def test_axes_cross_at_0_and_carry_units():
    ax = window([-10.0, 10.0], [-1.0, 1.0], label="change of the delay", unit="ms")
    horizontal, vertical = ax.lines[:2]
    assert (list(horizontal.get_ydata()), list(vertical.get_xdata())) == ([0.0, 0.0], [0.0, 0.0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("t_post − t_pre (ms)", "change of the delay (ms)")
    assert ax.get_legend() is None


def test_windows_in_columns_are_told_apart_and_named_once():
    ax = window([-1.0, 1.0], [[1.0, 2.0], [3.0, 4.0]], labels=["pairs", "triplets"])
    lines = ax.lines[2:]
    assert [line.get_ydata().tolist() for line in lines] == [[1.0], [3.0], [2.0], [4.0]]
    assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 2
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["pairs", "triplets"]


def test_theory_is_a_line_and_what_was_measured_marks():
    ax = window([1.0], [2.0], theory=([-1.0, 1.0, 2.0], [-1.0, 2.0, 1.0]))
    measured, before, after = ax.lines[2:]
    assert (measured.get_linestyle(), measured.get_marker()) == ("None", "o")
    assert (before.get_xdata().tolist(), after.get_xdata().tolist()) == ([-1.0], [1.0, 2.0])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["theory"]


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"changes must be one for each of the 2 lags, K or K x n, but are of shape \(3,\)"):
        window([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="labels must be one a window, 1, but are 2"):
        window([1.0], [1.0], labels=["a", "b"])
    with pytest.raises(ValueError, match="theory must be one curve, but has 2"):
        window([1.0], [1.0], theory=([1.0], [[1.0, 2.0]]))
    with pytest.raises(ValueError, match="changes must be finite, but 1 of its 1 numbers are not"):
        window([1.0], [np.nan])
