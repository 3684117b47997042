"""Currents of chosen neurons over time."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from snnlab.plots.traces import traces


def currents(
    currents: Any,
    step_time: float = 1.0,
    ax: Axes | None = None,
    *,
    start: float = 0.0,
    labels: Sequence[str] | None = None,
    title: str = "",
) -> Axes:
    """Draws currents, one line a neuron, told apart by colour, dash and label.

    Args:
        currents: the values of each step.
        step_time: length of a step.
        ax: where to draw; None makes a new picture.
        start: time of the first step.
        labels: one a line; None numbers them.
        title: words above the picture.

    Units:
        currents: nA;  step_time, start: ms

    Shape:
        currents: (T, n)

    Returns:
        The axes, with a legend above them.

    Example:
        >>> ax = currents([[0.0, 1.0], [0.5, 0.5]], labels=["a", "b"])
        >>> ax.get_ylabel(), [text.get_text() for text in ax.get_legend().get_texts()]
        ('current (nA)', ['a', 'b'])
    """
    return traces(currents, step_time, ax, start=start, labels=labels, ylabel="current (nA)", title=title)
