"""Currents of chosen neurons over time."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from snnlab.plots.timeline import timeline
from snnlab.plots.traces import draw


def currents(
    currents: Any,
    step_time: float | None = None,
    ax: Axes | None = None,
    *,
    start: float | None = None,
    sample: int | None = None,
    neurons: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    held: bool = False,
    title: str = "",
) -> Axes:
    """Draws currents, one line a neuron, told apart by colour, dash and label.

    Seen in: notebooks/01-currents.ipynb

    Args:
        currents: the values of each step: a `Series`, or an array of one sample.
        step_time: length of a step; None: that of the Series, or 1 ms.
        ax: where to draw; None makes a new picture.
        start: time of the first step; None: that of the Series, or 0 ms.
        sample: which sample of a batch; None: the first of a Series, and of an array that it has no batch.
        neurons: which neurons, by their place in the flattened sample; None: all.
        labels: one a line; None numbers them by that place.
        held: whether a line keeps each value until the next step, as a neuron takes it in, so that the area below it is the charge; else
            values are joined.
        title: words above the picture.

    Units:
        currents: nA;  step_time, start: ms

    Shape:
        currents: a Series, (T, B, *shape) or (T, *shape); an array, (T, n), or (T, B, *shape) where a sample is given. All axes of *shape
            become one, the last axis running fastest.

    Returns:
        The axes, with a legend above them; of more than 8 lines it names the first, and the lines are thin.

    Raises:
        ValueError: a wrong number of axes or labels; a Series of another unit, or together with another step time or start.
        IndexError: no such sample or neuron.

    Example:
        >>> ax = currents([[0.0, 1.0], [0.5, 0.5]], labels=["a", "b"])
        >>> ax.get_ylabel(), [text.get_text() for text in ax.get_legend().get_texts()]
        ('current (nA)', ['a', 'b'])
    """
    over_time = timeline("currents", currents, step_time, start, sample=sample, neurons=neurons, unit="nA")
    return draw(over_time, ax, labels, "current (nA)", title, drawstyle="steps-post" if held else "default")
