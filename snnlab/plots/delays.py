"""Delays of a connection: how long a spike travels from each input to each neuron."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading


def delays(delays: Any, ax: Axes | None = None, *, kind: str = "matrix", step_time: float | None = None, title: str = "") -> Axes:
    """Draws delays as a matrix, one cell a synapse, or as a histogram.

    Seen in: notebooks/02-delays.ipynb

    Args:
        delays: the delay of each synapse.
        ax: where to draw; None makes a new picture.
        kind: "matrix" or "histogram".
        step_time: width of a histogram's bins; None lets numpy choose.
        title: words above the picture.

    Units:
        delays, step_time: ms

    Shape:
        delays: (N, M)

    Returns:
        The axes.

    Example:
        >>> ax = delays([[0.0, 1.0], [2.0, 1.0]], kind="histogram", step_time=1.0)
        >>> [int(bar.get_height()) for bar in ax.patches]
        [1, 2, 1]
    """
    values = style.array("delays", delays, "N x M").astype(float)
    if kind == "matrix":
        return _matrix(values, style.axes(ax, 4.2, 3.6), title)
    if kind != "histogram":
        raise ValueError(f"kind must be 'matrix' or 'histogram', but is {kind!r}.")
    ax = style.axes(ax, 4.2, 2.8)
    bins: Any = "auto" if step_time is None else np.arange(values.min() - step_time / 2, values.max() + step_time, step_time)
    ax.hist(values.ravel(), bins=bins, color=style.COLORS[0], edgecolor="white", linewidth=0.5)
    ax.set(xlabel="delay (ms)", ylabel="synapses")
    return heading(ax, title, legend=False)


def _matrix(values: np.ndarray, ax: Axes, title: str) -> Axes:
    image = ax.imshow(values, cmap="cividis", vmin=0.0, aspect="auto", interpolation="nearest")
    ax.set(xlabel="input", ylabel="neuron")
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03)
    bar.set_label("delay (ms)", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return heading(ax, title, legend=False)
