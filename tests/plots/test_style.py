import io
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from snnlab.plots import Picture, raster, style


def test_a_picture_is_white_not_transparent():
    ax = raster(np.zeros((3, 2), dtype=bool))
    pixels = imread(io.BytesIO(ax.figure.png()))
    assert pixels[0, 0].tolist() == [1.0, 1.0, 1.0, 1.0]


def test_a_cell_that_ends_with_a_picture_shows_it():
    assert Picture()._repr_png_().startswith(b"\x89PNG")


def test_drawing_leaves_pyplot_alone():
    script = (
        "import sys, snnlab.plots as p; p.raster([[True]]); p.fields([[[1.0]]]).figure.png(); print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_neighbouring_lines_differ_in_colour_and_in_dash():
    lines = [style.line(i) for i in range(6)]
    assert len({line["color"] for line in lines}) == 6
    assert len({str(line["linestyle"]) for line in lines}) == 6


def test_a_colour_that_comes_again_has_another_dash():
    lines = [style.line(i) for i in range(36)]
    assert len({(line["color"], str(line["linestyle"])) for line in lines}) == 36


def test_an_array_of_the_wrong_shape_is_named_with_what_to_do():
    with pytest.raises(
        ValueError,
        match=r"spikes must have 2 axes \(T x N\), but is of shape \(5, 1, 4\). Pick one sample of the batch first, with sample=0.",
    ):
        raster(np.zeros((5, 1, 4), dtype=bool))
