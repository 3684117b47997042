"""A raster: one row a neuron, one mark a spike."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from snnlab.core import checks
from snnlab.plots import style
from snnlab.plots.heading import heading
from snnlab.plots.timeline import timeline


def raster(
    spikes: Any,
    step_time: float | None = None,
    ax: Axes | None = None,
    *,
    start: float | None = None,
    sample: int | None = None,
    groups: Mapping[str, int] | None = None,
    label: str = "neuron",
    title: str = "",
) -> Axes:
    """Draws spikes as marks over time.

    Seen in: notebooks/04-neurons.ipynb

    Args:
        spikes: True where a neuron fired: a `Series`, or an array of one sample.
        step_time: length of a step; None: that of the Series, or 1 ms.
        ax: where to draw; None makes a new picture.
        start: time of the first step; None: that of the Series, or 0 ms.
        sample: which sample of a batch; None: the first of a Series, and of an array that it has no batch.
        groups: names and sizes of the populations that the rows are made of, from the first row on, such as {"E": 200, "I": 50}: each gets
            a colour, its name at the right, and a line towards the next; None: they are one.
        label: what a row is, beside the axis.
        title: words above the picture.

    Units:
        step_time, start: ms

    Shape:
        spikes: a Series, (T, B, *shape) or (T, *shape); an array, (T, N), or (T, B, *shape) where a sample is given. All axes of *shape
            become one, the last axis running fastest.

    Returns:
        The axes: one row a neuron, time to the right.

    Raises:
        ValueError: a wrong number of axes; a Series with a unit, or together with another step time or start; groups of more or fewer
            neurons than there are.
        IndexError: no such sample.

    Example:
        >>> ax = raster(np.eye(3, dtype=bool), step_time=0.5)
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('time (ms)', 'neuron')
    """
    over_time = timeline("spikes", spikes, step_time, start, sample=sample, unit="", axes_="T x N")
    spikes = over_time.values.astype(bool)
    parts = [("", 0, spikes.shape[1], style.INK)] if groups is None else _parts(groups, spikes.shape[1])
    ax = style.axes(ax)
    height = ax.get_window_extent().height * 72 / ax.figure.dpi / max(1, spikes.shape[1])
    size = min(12.0, max(2.5 if spikes.shape[1] <= 250 else 1.0, 0.9 * height))
    for name, first, end, color in parts:
        steps, neurons = np.nonzero(spikes[:, first:end])
        ax.plot(over_time.times[steps], first + neurons, "|", color=color, markersize=size, markeredgewidth=0.9)
        if groups is not None:
            ax.text(1.01, (first + end - 1) / 2, name, transform=ax.get_yaxis_transform(), color=color, va="center", fontsize=9)
        if first:
            ax.axhline(first - 0.5, color=style.INK, linewidth=0.8)
    ax.set(xlabel="time (ms)", ylabel=label)
    ax.set_xlim(*over_time.span)
    ax.set_ylim(-0.5, spikes.shape[1] - 0.5)
    if spikes.shape[1] <= 5:  # so few rows are all numbered: a locator would put halves between them
        ax.set_yticks(range(spikes.shape[1]))
    else:
        ax.yaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    return heading(ax, title, legend=False)


def _parts(groups: Mapping[str, int], count: int) -> list[tuple[str, int, int, str]]:
    """Name, first row, end and colour of each group."""
    sizes = [checks.whole(f"groups[{name!r}]", size) for name, size in groups.items()]
    if sum(sizes) != count:
        raise ValueError(f"groups must hold all {count} neurons, but hold {sum(sizes)}: {dict(groups)}.")
    ends = np.cumsum(sizes).tolist()
    rows = zip(groups, sizes, ends, strict=True)
    return [(str(name), end - size, end, style.COLORS[i % len(style.COLORS)]) for i, (name, size, end) in enumerate(rows)]
