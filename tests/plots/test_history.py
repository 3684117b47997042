"""The picture of a history."""

import numpy as np
import pytest

from snnlab.plots import history


def test_the_grid_has_a_row_a_cell_and_a_column_a_step():
    window = np.array([[1, 0], [0, 0], [0, 1]])  # now: cell 0; two steps ago: cell 1
    image = history(window).images[0].get_array()
    assert image.tolist() == [[1, 0, 0], [0, 0, 1]]


def test_a_ring_lies_where_each_synapse_reads():
    ax = history(np.zeros((5, 2)), delays=[0.5, 2.0], step_time=0.5)
    assert ax.collections[0].get_offsets().tolist() == [[1.0, 0.0], [4.0, 1.0]]


def test_the_axis_says_time_ago_in_ms():
    ax = history(np.zeros((5, 2)), step_time=0.5)
    assert "ms" in ax.get_xlabel()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "0.5", "1", "1.5", "2"]


def test_wrong_shapes_are_named():
    with pytest.raises(ValueError, match=r"window must have 2 axes \(K x M\)"):
        history(np.zeros((5, 1, 2)))
    with pytest.raises(ValueError, match="delays must be one for each of the 2 cells, but are 3"):
        history(np.zeros((5, 2)), delays=[0.0, 0.0, 0.0])
