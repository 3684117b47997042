"""Weights over time as a heat map."""

import numpy as np
import pytest
import torch

from snnlab.core.recording import Series
from snnlab.plots import evolution


def test_each_column_is_the_histogram_of_its_moment():
    # Bins [0, 1), [1, 2), [2, 3]: the second moment has two of four synapses in the last.
    values = [[0.0, 0.5, 1.5, 3.0], [0.5, 1.0, 2.5, 3.0], [1.5, 1.5, 1.5, 1.5]]
    shares = evolution(values, bins=3).images[0].get_array()
    assert shares.T.tolist() == [[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.0, 1.0, 0.0]]


def test_low_values_are_drawn_below_and_time_runs_to_the_right():
    image = evolution([[0.0], [2.0], [2.0]], step_time=10.0, start=100.0, bins=2).images[0]
    assert image.origin == "lower"
    assert image.get_extent() == [95.0, 125.0, 0.0, 2.0]


def test_what_lies_beyond_the_limits_counts_at_the_ends():
    ax = evolution([[-5.0, 0.1, 0.9, 7.0]], bins=2, limits=(0.0, 1.0))
    assert ax.images[0].get_array()[:, 0].tolist() == [0.5, 0.5]
    assert ax.get_ylim() == (0.0, 1.0)


def test_synapses_may_be_of_any_shape():
    values = torch.arange(24.0).reshape(2, 3, 4)
    assert evolution(values, bins=2).images[0].get_array().tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_a_series_brings_its_time_name_and_unit():
    series = Series("in2exc.delay", torch.zeros(3, 2, 2), ("time", "neuron", "input"), torch.arange(3.0) * 0.5 + 2, 0.5, "ms")
    ax = evolution(series)
    assert ax.get_ylabel() == "in2exc.delay (ms)"
    assert ax.images[0].get_extent()[:2] == [1.75, 3.25]
    with pytest.raises(ValueError, match=r"step_time of 'in2exc\.delay' is 0\.5 ms"):
        evolution(series, 1.0)


def test_values_all_alike_stand_in_the_middle():
    shares = evolution([[3.0, 3.0]], bins=3).images[0].get_array()
    assert shares[:, 0].tolist() == [0.0, 1.0, 0.0]


def test_axes_are_named():
    ax = evolution(np.zeros((2, 2)), label="delay", unit="ms", title="late")
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("time (ms)", "delay (ms)", "late")
    assert ax.images[0].colorbar.ax.get_ylabel() == "share of synapses"


@pytest.mark.parametrize(
    ("values", "limits", "words"),
    [
        ([0.0, 1.0], None, r"values must be T x \*shape, .* but are of shape \(2,\)"),
        ([[0.0, np.nan]], None, "values must be finite, but 1 of its 2 numbers are not"),
        (np.zeros((0, 3)), None, "values must hold numbers, but is empty"),
        ([[0.0]], (1.0, 0.0), "limits must be in order, but are 1 and 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(values, limits, words):
    with pytest.raises(ValueError, match=words):
        evolution(values, limits=limits)
