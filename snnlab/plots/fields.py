"""Receptive fields: the weights into each neuron, laid out like the picture that it looks at, side by side in a grid.

Magnitudes start at 0 and take viridis. Values of both signs take a diverging map whose limits are ±max|w|, so that white is exactly 0.
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading

HINTS = {
    2: "Give every row the shape of its input: weights.view(N, height, width).",
    4: "Draw one field a channel: weights.flatten(0, 1).",
}
"""What to do with weights of so many axes: those of a dense connection, and those of a convolution."""


def grid(weights: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Tiles N fields of h x w into one array, with a gap of NaN, one pixel wide, between them.

    Example:
        >>> grid(np.ones((4, 2, 2))).shape
        (5, 5)
    """
    count, height, width = weights.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    tiles = np.full((rows, columns, height + 1, width + 1), np.nan, dtype=np.float32)
    tiles.reshape(-1, height + 1, width + 1)[:count, :height, :width] = weights
    return tiles.transpose(0, 2, 1, 3).reshape(rows * (height + 1), -1)[:-1, :-1]


def fields(
    weights: Any,
    ax: Axes | None = None,
    *,
    columns: int | None = None,
    limits: tuple[float, float] | None = None,
    label: str = "weight",
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws the receptive fields of N neurons as a grid of pictures with one colour bar.

    Seen in: notebooks/05-receptive-fields.ipynb

    Args:
        weights: the weights into each neuron, in the shape of its input.
        ax: where to draw; None makes a new picture.
        columns: fields in a row; None makes the grid as square as it gets. A new picture grows with many columns.
        limits: the values at both ends of the colour bar; None takes 0 to max, or ±max|w| for values of both signs.
        label: what the shades stand for, beside the colour bar.
        unit: unit of the weights, for the colour bar.
        title: words above the picture.

    Shape:
        weights: (N, h, w)

    Returns:
        The axes, with the image as `ax.images[0]`.

    Raises:
        ValueError: a wrong number of axes.

    Example:
        >>> fields(np.array([[[-1.0, 0.5]]])).images[0].get_clim()
        (-1.0, 1.0)
    """
    weights = style.fetch(weights)
    weights = style.array("weights", weights, "N x h x w", HINTS.get(weights.ndim, ""))
    low, high = limits or _limits(weights)
    tiles = grid(weights, columns)
    ax = style.axes(ax, *(_size(tiles, columns) if columns else (4.2, 3.6)))
    image = ax.imshow(tiles, cmap=style.DIVERGING if low < 0 else style.SEQUENTIAL, vmin=low, vmax=high, interpolation="nearest")
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set_visible(False)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03)
    bar.set_label(f"{label} ({unit})" if unit else label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return heading(ax, title, legend=False)


def _size(tiles: np.ndarray, columns: int) -> tuple[float, float]:
    """Width and height of a picture, in inches, in which each of so many columns has half an inch, up to 26 of them."""
    width = min(max(4.2, 1.0 + 0.5 * columns), 14.0)  # an inch goes to the colour bar
    height = 0.4 + (width - 1.0) * tiles.shape[0] / tiles.shape[1]
    return width, min(max(1.4, height), max(3.6, width))


def _limits(weights: np.ndarray) -> tuple[float, float]:
    top = float(np.nanmax(np.abs(weights))) or 1.0
    return (-top, top) if np.nanmin(weights) < 0 else (0.0, top)
