import re

import numpy as np
import pytest
import torch

from snnlab.plots import Picture, fields
from snnlab.plots.fields import grid


def test_a_grid_puts_fields_in_reading_order_with_a_gap_between():
    tiles = grid(np.arange(12.0).reshape(3, 2, 2))
    gap = np.nan
    wanted = [[0, 1, gap, 4, 5], [2, 3, gap, 6, 7], [gap] * 5, [8, 9, gap, gap, gap], [10, 11, gap, gap, gap]]
    np.testing.assert_array_equal(tiles, wanted)


@pytest.mark.parametrize(
    ("shape", "words", "cure"),
    [
        ((3, 2, 5, 5), "weights.flatten(0, 1)", lambda weights: weights.flatten(0, 1)),
        ((3, 25), "weights.view(N, height, width)", lambda weights: weights.view(3, 5, 5)),
    ],
)
def test_weights_as_connections_have_them_are_refused_with_what_makes_fields_of_them(shape, words, cure):
    weights = torch.rand(shape)
    with pytest.raises(
        ValueError, match=re.escape(f"weights must have 3 axes (N x h x w), but is of shape {shape}.") + ".*" + re.escape(words)
    ):
        fields(weights)
    assert fields(cure(weights)).images[0].get_array().count() == weights.numel()  # every weight is drawn once


def test_weights_of_one_sign_start_at_zero():
    image = fields(np.array([[[0.2, 0.8]]])).images[0]
    assert image.get_clim() == (0.0, pytest.approx(0.8))
    assert image.get_cmap().name == "viridis"


def test_weights_of_both_signs_have_white_at_zero():
    image = fields(np.array([[[-0.2, 0.8]]])).images[0]
    low, high = image.get_clim()
    assert low == -high == pytest.approx(-0.8)
    assert min(image.get_cmap()(0.5)[:3]) > 0.95


def test_the_colour_bar_names_the_unit():
    ax = fields(np.ones((4, 2, 2)), unit="nA")
    assert ax.images[0].colorbar.ax.get_ylabel() == "weight (nA)"


def test_all_zero_weights_can_be_drawn():
    assert fields(np.zeros((2, 2, 2))).images[0].get_clim() == (0.0, 1.0)


def test_the_colour_bar_says_what_the_shades_stand_for():
    assert fields(np.ones((4, 2, 2)), label="brightness").images[0].colorbar.ax.get_ylabel() == "brightness"
    assert fields(np.ones((4, 2, 2)), label="charge", unit="pC").images[0].colorbar.ax.get_ylabel() == "charge (pC)"


@pytest.mark.parametrize("count", [20, 100])
def test_each_of_many_columns_is_wide_enough_to_be_read(count):
    ax = fields(np.ones((count, 8, 8)), columns=20)
    ax.figure.png()
    assert ax.get_window_extent().width / ax.figure.dpi / 20 > 0.4  # inches a field


def test_a_picture_of_few_columns_keeps_its_size():
    assert fields(np.ones((4, 8, 8)), columns=2).figure.get_size_inches().tolist() == [4.2, 3.6]


def test_given_axes_keep_their_size_under_many_columns():
    ax = Picture().subplots()
    fields(np.ones((20, 8, 8)), ax, columns=20)
    assert ax.figure.get_size_inches().tolist() == [6.4, 2.8]
