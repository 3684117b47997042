"""Voltages of chosen neurons over time."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from snnlab.plots.traces import traces


def voltages(
    voltages: Any,
    step_time: float = 1.0,
    ax: Axes | None = None,
    *,
    start: float = 0.0,
    labels: Sequence[str] | None = None,
    title: str = "",
) -> Axes:
    """Draws voltages, one line a neuron, told apart by colour, dash and label.

    Args:
        voltages: the values of each step.
        step_time: length of a step.
        ax: where to draw; None makes a new picture.
        start: time of the first step.
        labels: one a line; None numbers them.
        title: words above the picture.

    Units:
        voltages: mV;  step_time, start: ms

    Shape:
        voltages: (T, n)

    Returns:
        The axes, with a legend above them.

    Example:
        >>> ax = voltages([[0.0, 1.0], [0.5, 0.5]], labels=["a", "b"])
        >>> ax.get_ylabel(), [text.get_text() for text in ax.get_legend().get_texts()]
        ('voltage (mV)', ['a', 'b'])
    """
    return traces(voltages, step_time, ax, start=start, labels=labels, ylabel="voltage (mV)", title=title)
