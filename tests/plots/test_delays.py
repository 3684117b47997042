import numpy as np
import pytest

from snnlab.plots import delays


def test_a_matrix_shows_each_synapse():
    ax = delays(np.array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]))
    assert ax.images[0].get_array().tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("input", "neuron")
    assert ax.images[0].colorbar.ax.get_ylabel() == "delay (ms)"


def test_a_histogram_counts_synapses_by_step():
    ax = delays(np.array([[0.0, 2.0], [2.0, 2.0]]), kind="histogram", step_time=1.0)
    assert [bar.get_height() for bar in ax.patches] == [1, 0, 3]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("delay (ms)", "synapses")


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must be 'matrix' or 'histogram', but is 'pie'"):
        delays(np.zeros((1, 1)), kind="pie")
