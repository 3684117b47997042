"""One synapse under a rule, over time."""

import numpy as np
import pytest

from snnlab.plots import synapse

PRE, POST = [1, 0, 0, 1], [0, 0, 1, 0]
TRACES = ([1.0, 0.5, 0.25, 1.125], [0.0, 0.0, 1.0, 0.5])


def test_each_side_has_its_trace_and_its_spikes():
    ax = synapse(PRE, POST, *TRACES, step_time=0.5, start=10.0)
    assert [line.get_ydata().tolist() for line in ax.lines] == [list(trace) for trace in TRACES]
    assert ax.lines[0].get_xdata().tolist() == [10.0, 10.5, 11.0, 11.5]
    ticks = [[segment[0][0] for segment in each.get_segments()] for each in ax.collections]
    assert ticks == [[10.0, 11.5], [11.0]]


def test_ticks_stand_above_the_traces_and_apart():
    ax = synapse(PRE, POST, *TRACES)
    heights = [each.get_segments()[0][:, 1] for each in ax.collections]
    assert heights[0].min() > 1.125
    assert heights[1].min() > heights[0].max()
    assert ax.get_ylim()[1] > heights[1].max()


def test_the_weight_has_an_axis_of_its_own():
    ax = synapse(PRE, POST, *TRACES, weight=[5.0, 5.0, 5.5, 5.25], unit="nA")
    right = ax.figure.axes[-1]
    assert right is not ax
    assert right.lines[0].get_ydata().tolist() == [5.0, 5.0, 5.5, 5.25]
    assert right.get_ylabel() == "weight (nA)"
    low, high = right.get_ylim()
    assert low < 5.0 < 5.5 < low + (high - low) / 1.2  # below the ticks of the spikes
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["presynaptic", "postsynaptic", "weight"]


def test_without_a_weight_there_is_one_axis():
    ax = synapse(PRE, POST, *TRACES)
    assert ax.figure.axes == [ax]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["presynaptic", "postsynaptic"]


def test_silent_sides_can_be_drawn():
    ax = synapse(np.zeros(3), np.zeros(3), np.zeros(3), np.zeros(3))
    assert ax.get_ylim()[1] > 1.0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="all must be of one length, but are pre_spikes 4, post_spikes 4, pre_trace 4, post_trace 3"):
        synapse(PRE, POST, TRACES[0], [0.0] * 3)
    with pytest.raises(ValueError, match=r"pre_spikes must have 1 axes \(T\), but is of shape \(4, 1\)\. Pick one synapse first"):
        synapse(np.zeros((4, 1)), POST, *TRACES)
