"""How weights or delays spread out over time: a histogram a moment, side by side, as shades.

Each column is the histogram of one moment: the share of all synapses that lies in each bin. A shade stands for the square root of a share,
so that a few synapses far from the rest are still seen.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm

from snnlab.core.recording import Series
from snnlab.plots import style
from snnlab.plots.heading import heading
from snnlab.plots.timeline import timeline


def evolution(
    values: Any,
    step_time: float | None = None,
    ax: Axes | None = None,
    *,
    start: float | None = None,
    bins: int = 40,
    limits: tuple[float, float] | None = None,
    label: str | None = None,
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws how many synapses have which weight (or delay) as time goes by, as a heat map of time and value.

    Seen in: notebooks/15-inhibition.ipynb

    Args:
        values: what each synapse has at each moment: a `Series`, or an array.
        step_time: time from one moment to the next; None: that of the Series, or 1 ms.
        ax: where to draw; None makes a new picture.
        start: time of the first moment; None: that of the Series, or 0 ms.
        bins: number of bins.
        limits: least and greatest value of the bins; what lies beyond counts in the first and the last one. None takes the values' own.
        label: what the values are, beside the axis; None: the name of the Series, or "weight".
        unit: unit of the values; a Series has its own.
        title: words above the picture.

    Units:
        step_time, start: ms;  values, limits: `unit`

    Shape:
        values: (T, *shape), all but the first axis are synapses

    Returns:
        The axes, with the shares as `ax.images[0]`, bins x T, each column of sum 1.

    Raises:
        ValueError: fewer than two axes, no moment, no synapse; values that are not finite; limits that are not in order.

    Example:
        >>> ax = evolution([[0.0, 1.0], [1.0, 1.0]], bins=2)
        >>> ax.images[0].get_array().tolist()
        [[0.5, 0.0], [0.5, 1.0]]
    """
    if isinstance(values, Series):
        label = values.name if label is None else label
        over_time = timeline("values", values, step_time, start)
        numbers, step_time, start, unit = over_time.values, over_time.step_time, over_time.start, values.unit or unit
    else:
        numbers, step_time, start = style.fetch(values), 1.0 if step_time is None else step_time, 0.0 if start is None else start
    if numbers.ndim < 2:
        raise ValueError(f"values must be T x *shape, a row of synapses for each moment, but are of shape {numbers.shape}.")
    numbers = style.finite("values", numbers.reshape(len(numbers), int(np.prod(numbers.shape[1:]))))
    low, high = (numbers.min(), numbers.max()) if limits is None else map(float, limits)
    if limits is None and low == high:  # all alike: a bin of their own in the middle
        low, high = low - 0.5, high + 0.5
    if not low < high:
        raise ValueError(f"limits must be in order, but are {low:g} and {high:g}.")
    edges = np.linspace(low, high, bins + 1)
    shares = np.stack([np.histogram(row.clip(low, high), edges)[0] for row in numbers]) / numbers.shape[1]
    name = "weight" if label is None else label
    return draw(shares, (low, high), step_time, ax, start=start, label=f"{name} ({unit})" if unit else name, title=title)


def draw(
    shares: np.ndarray, limits: tuple[float, float], step_time: float, ax: Axes | None, *, start: float, label: str, title: str = ""
) -> Axes:
    """Draws shares that are counted already, T x bins."""
    ax = style.axes(ax, 6.4, 2.8)
    extent = (start - step_time / 2, start + (len(shares) - 0.5) * step_time, *limits)
    norm = PowerNorm(0.5, vmin=0.0, vmax=float(np.nanmax(shares, initial=0.0)) or 1.0)
    image = ax.imshow(shares.T, origin="lower", aspect="auto", cmap=style.SEQUENTIAL, norm=norm, extent=extent, interpolation="nearest")
    ax.set(xlabel="time (ms)", ylabel=label)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.02)
    bar.set_label("share of synapses", fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return heading(ax, title, legend=False)
