"""A history as a picture: what each cell did at each of the last steps, and where each synapse reads it."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots.heading import heading
from snnlab.plots.style import COLORS, INK, array, axes


def history(window: Any, delays: Any = None, step_time: float = 1.0, ax: Axes | None = None, *, title: str = "") -> Axes:
    """Draws a history as a grid: a row a cell, a column a step back, dark where there was a spike; a ring where a synapse reads.

    Seen in: notebooks/02-delays.ipynb

    Args:
        window: the history of one sample, newest first, such as `record.window[:, 0]`.
        delays: the delay of each cell's synapse on one target, such as `connection.delay[0]`; None draws no rings.
        step_time: length of a step.
        ax: where to draw; None makes a new picture.
        title: words above the picture.

    Units:
        step_time, delays: ms

    Shape:
        window: K x M;  delays: M

    Returns:
        the axes.

    Raises:
        ValueError: a wrong number of axes; delays that are not one a cell.

    Example:
        >>> ax = history(np.eye(3), delays=[0.0, 1.0, 2.0])
        >>> len(ax.collections)
        1
    """
    window = array("window", window, "K x M").astype(float)
    slots, cells = window.shape
    ax = axes(ax, 6.4, 0.9 + 0.35 * cells)
    ax.imshow(window.T, aspect="auto", cmap="Blues", vmin=0, vmax=1, extent=(-0.5, slots - 0.5, cells - 0.5, -0.5))
    ax.set_xticks(np.arange(-0.5, slots), minor=True)
    ax.set_yticks(np.arange(-0.5, cells), minor=True)
    ax.grid(which="minor", color=INK, linewidth=0.3, alpha=0.4)
    ax.tick_params(which="minor", length=0)
    shown = np.unique(np.linspace(0, slots - 1, min(slots, 11)).round().astype(int))
    ax.set_xticks(shown, [f"{step * step_time:g}" for step in shown])
    ax.set_yticks(range(cells))
    ax.set_xlabel("time ago (ms); now is at the left")
    ax.set_ylabel("cell")
    if delays is not None:
        delays = array("delays", delays, "M")
        if len(delays) != cells:
            raise ValueError(f"delays must be one for each of the {cells} cells, but are {len(delays)}.")
        ax.scatter(delays / step_time, range(cells), s=90, facecolors="none", edgecolors=COLORS[1], linewidths=2, label="is read here")
    return heading(ax, title, legend=delays is not None)
