"""The picture of both sides of every synapse."""

import numpy as np
import pytest

from snnlab.plots import receptive


def shown(picture):
    return [ax.images[0].get_array().tolist() for ax in picture.axes]


def test_without_delays_one_row_serves_all_outputs():
    post, pre, product = shown(receptive(np.array([[1], [0]]), np.array([[1, 0, 1]])))
    assert post == [[1], [0]]
    assert pre == [[1, 0, 1]]
    assert product == [[1, 0, 1], [0, 0, 0]]


def test_with_delays_every_output_has_a_row_of_its_own():
    _, pre, product = shown(receptive(np.array([[1], [1]]), np.array([[1, 0], [0, 1]])))
    assert pre == product == [[1, 0], [0, 1]]


def test_shapes_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"post must be N x 1 and pre 1 x M or N x M, but are \(2, 1\) and \(3, 4\)"):
        receptive(np.zeros((2, 1)), np.zeros((3, 4)))
