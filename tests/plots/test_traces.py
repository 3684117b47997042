import numpy as np
import pytest

from snnlab.plots import currents


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
