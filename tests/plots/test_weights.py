"""The pictures of weights and of their change."""

import numpy as np
import pytest
import torch

from snnlab.plots import weight_change, weight_histogram


def heights(bars):
    return [int(bar.get_height()) for bar in bars]


def test_every_weight_is_counted_once():
    ax = weight_histogram(torch.tensor([[0.0, 0.1], [0.9, 1.0]]), bins=2)
    assert heights(ax.containers[0]) == [2, 2]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("weight", "synapses")


def test_before_is_an_outline_in_the_same_bins():
    ax = weight_histogram([2.0, 4.0], before=[0.0, 0.0, 1.9, 4.0], bins=2)  # bins 0 to 2 and 2 to 4, the upper one with both ends
    assert heights(ax.containers[0]) == [0, 2]
    outline = next(patch for patch in ax.patches if patch.get_label() == "before")
    assert outline.get_data().values.tolist() == [3, 1]
    assert outline.get_data().edges.tolist() == [0.0, 2.0, 4.0]
    assert not outline.get_fill()


def test_bounds_are_marked_and_lie_within_the_bins():
    ax = weight_histogram([0.3, 0.7], limits=(0.0, 1.0), bins=5)
    assert [line.get_xdata()[0] for line in ax.lines] == [0.0, 1.0]
    assert heights(ax.containers[0]) == [0, 1, 0, 1, 0]
    assert ax.containers[0][0].get_x() == pytest.approx(0.0)
    assert [line.get_xdata()[0] for line in weight_histogram([0.5], limits=(None, 1.0)).lines] == [1.0]


def test_the_legend_says_what_is_what():
    ax = weight_histogram([0.4], before=[0.6], limits=(0.0, 1.0))
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"now", "before", "bounds"}
    assert weight_histogram([0.4]).get_legend() is None


def test_a_unit_stands_beside_the_weights():
    assert weight_histogram([1.0], unit="nA").get_xlabel() == "weight (nA)"
    assert weight_change([[0.0]], [[1.0]], unit="nA").images[0].colorbar.ax.get_ylabel() == "change of the weight (nA)"


def test_equal_weights_can_be_drawn():
    assert sum(heights(weight_histogram(np.ones(7)).containers[0])) == 7
    assert weight_change(np.ones((2, 2)), np.ones((2, 2))).images[0].get_clim() == (-1.0, 1.0)


def test_the_change_is_after_less_before_and_white_is_no_change():
    image = weight_change(np.array([[0.0, 1.0], [0.5, 0.5]]), np.array([[0.25, 0.5], [0.5, 0.5]])).images[0]
    assert image.get_array().tolist() == [[0.25, -0.5], [0.0, 0.0]]
    assert image.get_clim() == (-0.5, 0.5)
    assert min(image.get_cmap()(0.5)[:3]) > 0.95
    red, blue = image.get_cmap()(1.0), image.get_cmap()(0.0)
    assert red[0] > red[2]
    assert blue[2] > blue[0]


def test_a_limit_sets_both_ends_of_the_colours():
    assert weight_change([[0.0]], [[0.1]], limit=2.0).images[0].get_clim() == (-2.0, 2.0)
    with pytest.raises(ValueError, match=r"limit must be above 0, but is -1\.0"):
        weight_change([[0.0]], [[0.1]], limit=-1)


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"before and after must be of one shape, but are of \(2, 3\) and \(3, 2\)"):
        weight_change(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"before must have 2 axes \(N x M\)"):
        weight_change(np.zeros(3), np.zeros(3))
    of_a_convolution = torch.rand(2, 3, 5, 5)
    with pytest.raises(ValueError, match=r"before must have 2 axes \(N x M\), but is of shape \(2, 3, 5, 5\)\. .*weights\.flatten\(1\)"):
        weight_change(of_a_convolution, of_a_convolution)
    assert weight_change(*[of_a_convolution.flatten(1)] * 2).images[0].get_array().shape == (2, 75)


def test_weights_that_are_not_finite_or_not_there_are_refused():
    with pytest.raises(ValueError, match="weights must be finite, but 1 of its 2 numbers are not"):
        weight_histogram([0.0, np.nan])
    with pytest.raises(ValueError, match="after must be finite, but 1 of its 1 numbers are not"):
        weight_change([[0.0]], [[np.inf]])
    with pytest.raises(ValueError, match="weights must hold numbers, but is empty"):
        weight_histogram([])
