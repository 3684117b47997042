"""The picture of firing rates over currents."""

import numpy as np
import pytest
from matplotlib.lines import Line2D

from snnlab.plots import fi_curve


def test_each_column_of_rates_is_a_curve_over_the_currents():
    ax = fi_curve([1.0, 2.0, 3.0], [[0.0, 5.0], [10.0, 6.0], [20.0, 7.0]], labels=["LIF", "QIF"])
    assert [line.get_xdata().tolist() for line in ax.lines] == [[1.0, 2.0, 3.0]] * 2
    assert [line.get_ydata().tolist() for line in ax.lines] == [[0.0, 10.0, 20.0], [5.0, 6.0, 7.0]]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["LIF", "QIF"]


def test_axes_carry_units():
    ax = fi_curve([1.0], [2.0])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("current (nA)", "firing rate (Hz)")
    assert ax.get_legend() is None


def test_marks_at_zero_are_drawn_whole():
    assert fi_curve([0.0, 1.0], [0.0, 100.0]).get_ylim()[0] < 0


def test_curves_differ_in_colour_and_in_marker():
    lines = fi_curve([1.0], np.zeros((1, 6))).lines
    assert len({line.get_color() for line in lines}) == len({line.get_marker() for line in lines}) == 6


def test_theory_is_a_line_and_what_was_measured_marks():
    ax = fi_curve([1.0, 2.0], [3.0, 4.0], theory=([1.0, 1.5, 2.0], [3.0, 3.5, 4.0]))
    measured, theory = ax.lines
    assert (measured.get_linestyle(), measured.get_marker()) == ("None", "o")
    assert (theory.get_linestyle(), theory.get_marker()) == ("-", "None")
    assert theory.get_xdata().tolist() == [1.0, 1.5, 2.0]
    assert measured.get_color() == theory.get_color()


def test_the_legend_shows_every_line_of_the_theory():
    ax = fi_curve([1.0, 2.0], [[3.0, 1.0], [4.0, 2.0]], labels=["short", "long"], theory=([1.0, 2.0], [[3.0, 1.0], [4.0, 2.0]]))
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["short", "long", "theory"]
    shown = [line.get_linestyle() for line in legend.findobj(Line2D) if line.get_marker() in ("", "None")]
    assert shown == [line.get_linestyle() for line in ax.lines[2:]]
    assert len(set(shown)) == 2


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"rates must be one for each of the 2 currents, C or C x n, but are of shape \(3,\)"):
        fi_curve([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="labels must be one a curve, 1, but are 2"):
        fi_curve([1.0], [1.0], labels=["a", "b"])
    with pytest.raises(ValueError, match="theory must have as many curves as rates, 2, but has 1"):
        fi_curve([1.0], [[1.0, 2.0]], theory=([1.0], [1.0]))
    with pytest.raises(ValueError, match="rates must be finite, but 1 of its 1 numbers are not"):
        fi_curve([1.0], [np.inf])
