"""What is pending for weights."""

import numpy as np
import pytest
import torch
from matplotlib import colormaps
from matplotlib.colors import to_rgba

import snnlab as snn
from snnlab.plots import pending, style


def test_bars_go_up_and_down_from_the_weight():
    ax = pending([1.0, -2.0], pos=[0.5, 0.25], neg=[0.0, 1.0])
    up, down = ax.containers[0], ax.containers[1]
    assert [(bar.get_y(), bar.get_height()) for bar in up] == [(1.0, 0.5), (-2.0, 0.25)]
    assert [(bar.get_y(), bar.get_height()) for bar in down] == [(1.0, 0.0), (-2.0, -1.0)]
    assert [segment[0][1] for segment in ax.collections[0].get_segments()] == [1.0, -2.0]
    assert {text.get_text() for text in ax.get_legend().get_texts()} == {"to be added", "to be taken away", "now"}


def test_of_several_neurons_there_are_three_images_and_one_scale_for_both_parts():
    weights, pos, neg = np.array([[0.5, 1.0]]), np.array([[0.0, 0.25]]), np.array([[0.75, 0.0]])
    parts = pending(weights, pos, neg).child_axes
    assert [part.images[0].get_array().tolist() for part in parts] == [weights.tolist(), pos.tolist(), neg.tolist()]
    assert [part.images[0].get_clim() for part in parts] == [(0.0, 1.0), (0.0, 0.75), (0.0, 0.75)]
    assert [part.get_title(loc="left") for part in parts] == ["weight", "to be added", "to be taken away"]


def reddish(color):
    red, _, blue, _ = to_rgba(color)
    return red > blue


def test_what_is_added_is_red_and_what_is_taken_away_is_blue_as_in_the_lab():
    lab = colormaps[style.DIVERGING]  # of its panel: what is added is above 0
    assert (reddish(lab(1.0)), reddish(lab(0.0))) == (True, False)
    up, down = pending([1.0], pos=[0.5], neg=[0.5]).containers[:2]
    _, added, taken = (part.images[0].get_cmap()(1.0) for part in pending([[1.0]], pos=[[0.5]], neg=[[0.5]]).child_axes)
    assert [reddish(color) for color in (up[0].get_facecolor(), down[0].get_facecolor(), added, taken)] == [True, False, True, False]


def test_weights_of_both_signs_are_white_at_zero():
    assert pending([[-2.0, 1.0]]).child_axes[0].images[0].get_clim() == (-2.0, 2.0)


def test_nothing_pending_is_nothing_drawn():
    assert [bar.get_height() for bar in pending([1.0]).containers[0]] == [0.0]
    assert not pending([[1.0]]).child_axes[1].images[0].get_array().any()


def test_it_draws_what_an_updater_holds():
    connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    updater = connection.defaultupdater()
    updater.weight = (torch.tensor([[0.5, 0.0]]), None)
    parts = pending(connection.weight, updater.weight.pos, updater.weight.neg).child_axes
    assert parts[1].images[0].get_array().tolist() == [[0.5, 0.0]]
    assert parts[2].images[0].get_array().tolist() == [[0.0, 0.0]]


@pytest.mark.parametrize(
    ("weights", "pos", "words"),
    [
        (np.zeros((2, 2, 2)), None, r"weights must be M, or N x M, but are of shape \(2, 2, 2\)\. .*weights\.flatten\(1\)"),
        ([1.0, 2.0], [1.0], r"pos must be shaped like the weights, \(2,\), but is of shape \(1,\)"),
        ([1.0], [-0.5], r"pos must be a magnitude, 0 or above, but goes down to -0\.5"),
        ([np.inf], None, "weights must be finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(weights, pos, words):
    with pytest.raises(ValueError, match=words):
        pending(weights, pos)
