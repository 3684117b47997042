import numpy as np
import pytest
import torch

from snnlab.core.recording import Series
from snnlab.plots import currents, traces


def test_time_starts_where_it_is_said_and_advances_by_the_step():
    ax = currents([[1.0], [2.0], [3.0]], step_time=0.5, start=7.0)
    assert ax.lines[0].get_xdata().tolist() == [7.0, 7.5, 8.0]
    assert ax.lines[0].get_ydata().tolist() == [1.0, 2.0, 3.0]


def test_each_line_has_a_label_in_the_legend():
    ax = currents(np.zeros((2, 2)), labels=["input", "output"])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["input", "output"]


def test_a_wrong_number_of_labels_is_refused():
    with pytest.raises(ValueError, match="labels must be one a trace, 2, but are 1"):
        currents(np.zeros((5, 2)), labels=["one"])


def test_the_axis_says_what_is_drawn_in_which_unit():
    assert traces([[0.0]], label="adaptation", unit="nA").get_ylabel() == "adaptation (nA)"
    assert traces([[0.0]], label="trace").get_ylabel() == "trace"
    assert traces([[0.0]]).get_xlabel() == "time (ms)"


def test_a_series_names_itself():
    series = Series("exc.adaptation", torch.zeros(2, 1, 1), ("time", "batch", "neuron"), torch.arange(2.0), 1.0, "nA")
    assert traces(series).get_ylabel() == "exc.adaptation (nA)"
    assert traces(series, label="w", unit="nA").get_ylabel() == "w (nA)"
    with pytest.raises(ValueError, match=r"values must be in mV, but 'exc\.adaptation' is in nA"):
        traces(series, unit="mV")
