import numpy as np

from snnlab.plots import currents


def test_the_axis_says_what_is_measured_in_which_unit():
    ax = currents(np.zeros((3, 1)))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "current (nA)")


def test_values_are_drawn_as_they_are():
    assert currents([[-65.0, 0.0], [-64.0, 1.0]]).lines[0].get_ydata().tolist() == [-65.0, -64.0]


def test_a_held_current_keeps_its_value_until_the_next_step():
    held, joined = (currents([[0.0], [2.0], [0.0]], held=held).lines[0] for held in (True, False))
    assert (held.get_drawstyle(), joined.get_drawstyle()) == ("steps-post", "default")
    assert held.get_ydata().tolist() == joined.get_ydata().tolist() == [0.0, 2.0, 0.0]
