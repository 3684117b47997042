"""Lines over time: one quantity of some neurons, such as a trace or an adaptation."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes

from snnlab.core.recording import Series
from snnlab.plots import style
from snnlab.plots.heading import MOST, heading
from snnlab.plots.timeline import Timeline, timeline


def traces(
    values: Any,
    step_time: float | None = None,
    ax: Axes | None = None,
    *,
    start: float | None = None,
    sample: int | None = None,
    neurons: Sequence[int] | None = None,
    labels: Sequence[str] | None = None,
    label: str | None = None,
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws a quantity over time, one line a neuron, told apart by colour, dash and label.

    Seen in: notebooks/04-neurons.ipynb

    Args:
        values: the values of each step: a `Series`, or an array of one sample.
        step_time: length of a step; None: that of the Series, or 1 ms.
        ax: where to draw; None makes a new picture.
        start: time of the first step; None: that of the Series, or 0 ms.
        sample: which sample of a batch; None: the first of a Series, and of an array that it has no batch.
        neurons: which neurons, by their place in the flattened sample; None: all.
        labels: one a line; None numbers them by that place.
        label: what is drawn, beside the axis; None: the name of the Series, or "value".
        unit: unit of the values; a Series has its own.
        title: words above the picture.

    Units:
        step_time, start: ms;  values: `unit`

    Shape:
        values: a Series, (T, B, *shape) or (T, *shape); an array, (T, n), or (T, B, *shape) where a sample is given. All axes of *shape
            become one, the last axis running fastest.

    Returns:
        The axes, with a legend above them; of more than 8 lines it names the first, and the lines are thin.

    Raises:
        ValueError: a wrong number of axes or labels; a Series together with another step time, start or unit.
        IndexError: no such sample or neuron.

    Example:
        >>> ax = traces([[0.0], [1.0]], label="adaptation", unit="nA", labels=["w"])
        >>> ax.get_ylabel()
        'adaptation (nA)'
    """
    own = values.unit if isinstance(values, Series) else ""
    over_time = timeline("values", values, step_time, start, sample=sample, neurons=neurons, unit=unit if own and unit else None)
    unit = unit or own
    if label is None:
        label = values.name if isinstance(values, Series) else "value"
    return draw(over_time, ax, labels, f"{label} ({unit})" if unit else label, title)


def draw(over_time: Timeline, ax: Axes | None, labels: Sequence[str] | None, ylabel: str, title: str, **look: Any) -> Axes:
    """Draws one line a column, each with its own colour, dash and label: what currents, voltages and traces share."""
    names = [f"neuron {i}" for i in over_time.neurons] if labels is None else [str(label) for label in labels]
    if len(names) != len(over_time.neurons):
        raise ValueError(f"labels must be one a trace, {len(over_time.neurons)}, but are {len(names)}.")
    ax = style.axes(ax)
    thin = {"linewidth": 0.6} if len(names) > MOST else {}
    for index, name in enumerate(names):
        ax.plot(over_time.times, over_time.values[:, index], label=name, **(style.line(index) | thin), **look)
    ax.set(xlabel="time (ms)", ylabel=ylabel)
    ax.set_xlim(*over_time.span)
    return heading(ax, title, handlelength=2.6)
