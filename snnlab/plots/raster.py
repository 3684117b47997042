"""A raster: one row a neuron, one mark a spike."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.plots import style


def raster(
    spikes: Any, step_time: float = 1.0, ax: Axes | None = None, *, start: float = 0.0, label: str = "neuron", title: str = ""
) -> Axes:
    """Draws spikes as marks over time.

    Args:
        spikes: True where a neuron fired.
        step_time: length of a step.
        ax: where to draw; None makes a new picture.
        start: time of the first step.
        label: what a row is, beside the axis.
        title: words above the picture.

    Units:
        step_time, start: ms

    Shape:
        spikes: (T, N)

    Returns:
        The axes: one row a neuron, time to the right.

    Example:
        >>> ax = raster(np.eye(3, dtype=bool), step_time=0.5)
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('time (ms)', 'neuron')
    """
    spikes = style.array("spikes", spikes, "T x N").astype(bool)
    steps, neurons = np.nonzero(spikes)
    ax = style.axes(ax)
    height = ax.get_window_extent().height * 72 / ax.figure.dpi / max(1, spikes.shape[1])
    ax.plot(
        start + steps * step_time,
        neurons,
        "|",
        color=style.INK,
        markersize=min(12.0, max(2.5 if spikes.shape[1] <= 250 else 1.0, 0.9 * height)),
        markeredgewidth=0.9,
    )
    ax.set(xlabel="time (ms)", ylabel=label, title=title)
    ax.set_xlim(start - step_time / 2, start + max(len(spikes) - 0.5, 0.5) * step_time)
    ax.set_ylim(-0.5, spikes.shape[1] - 0.5)
    if spikes.shape[1] <= 5:  # so few rows are all numbered: a locator would put halves between them
        ax.set_yticks(range(spikes.shape[1]))
    else:
        ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    return ax
