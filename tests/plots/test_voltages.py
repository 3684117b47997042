import numpy as np

from snnlab.plots import voltages


def test_the_axis_says_what_is_measured_in_which_unit():
    ax = voltages(np.zeros((3, 1)))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (ms)", "voltage (mV)")


def test_values_are_drawn_as_they_are():
    assert voltages([[-65.0, 0.0], [-64.0, 1.0]]).lines[0].get_ydata().tolist() == [-65.0, -64.0]
