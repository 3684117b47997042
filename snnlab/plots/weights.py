"""Weights of a connection before and after: how they are spread, and which synapses changed.

The histogram says what became of the whole: whether weights gather at a bound, or part into weak and strong. The matrix says which
synapses grew and which shrank; its colours are white at exactly 0, and their limits are ±max|Δw|.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading


def weight_histogram(
    weights: Any,
    before: Any = None,
    ax: Axes | None = None,
    *,
    limits: tuple[float | None, float | None] | None = None,
    bins: int = 40,
    label: str = "weight",
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws how many synapses have which weight; what was before as an outline, bounds as marks at the ends.

    Seen in: notebooks/05-receptive-fields.ipynb

    Args:
        weights: the weights now.
        before: the weights before, in the same bins; None draws no outline.
        ax: where to draw; None makes a new picture.
        limits: the lower and the upper bound of the weights; None for a side without one.
        bins: number of bins from the least to the greatest number that is drawn.
        label: what is counted, beside the axis.
        unit: unit of the weights.
        title: words above the picture.

    Shape:
        weights, before: any; both are flattened

    Returns:
        The axes: the bars as `ax.patches`, a dashed line a bound.

    Raises:
        ValueError: no weights, or weights that are not finite.

    Example:
        >>> ax = weight_histogram([0.0, 1.0, 1.0], before=[0.5, 0.5, 0.5], limits=(0.0, 1.0), bins=2)
        >>> [int(bar.get_height()) for bar in ax.containers[0]]
        [1, 2]
    """
    now = style.finite("weights", weights).ravel()
    drawn = [now] if before is None else [now, style.finite("before", before).ravel()]
    bounds = [float(bound) for bound in limits or () if bound is not None]
    edges = np.histogram_bin_edges(np.concatenate([*drawn, bounds]), bins)
    ax = style.axes(ax, 4.6, 2.8)
    ax.hist(now, edges, color=style.COLORS[0], edgecolor="white", linewidth=0.5, label="now")
    if before is not None:
        counts = np.histogram(drawn[1], edges)[0]
        ax.stairs(counts, edges, color=style.COLORS[1], linewidth=1.6, label="before")
    for place, bound in enumerate(bounds):
        ax.axvline(bound, color=style.INK, linewidth=1.0, linestyle=(0, (4, 3)), label="bounds" if place == 0 else None)
    ax.set(xlabel=f"{label} ({unit})" if unit else label, ylabel="synapses")
    return heading(ax, title, legend=before is not None or bool(bounds))


def weight_change(
    before: Any,
    after: Any,
    ax: Axes | None = None,
    *,
    limit: float | None = None,
    label: str = "change of the weight",
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws the change of each synapse as a matrix, one cell a synapse: red grew, blue shrank, white stayed.

    Seen in: notebooks/05-receptive-fields.ipynb

    Args:
        before: the weight of each synapse before.
        after: the weight of each synapse after.
        ax: where to draw; None makes a new picture.
        limit: the change at both ends of the colour bar, above 0; None takes the greatest that there is.
        label: what the shades stand for, beside the colour bar.
        unit: unit of the weights.
        title: words above the picture.

    Shape:
        before, after: (N, M)

    Returns:
        The axes, with the changes as `ax.images[0]`.

    Raises:
        ValueError: a wrong number of axes; shapes that differ; weights that are not finite; a limit not above 0.

    Example:
        >>> weight_change([[0.0, 1.0]], [[0.5, 0.75]]).images[0].get_array().tolist()
        [[0.5, -0.25]]
    """
    hint = "Flatten what is more to a row a neuron: weights.flatten(1)."
    old, new = style.finite("before", before, "N x M", hint), style.finite("after", after, "N x M", hint)
    if old.shape != new.shape:
        raise ValueError(f"before and after must be of one shape, but are of {old.shape} and {new.shape}.")
    change = new - old
    limit = (float(np.abs(change).max()) or 1.0) if limit is None else float(limit)
    if not limit > 0:
        raise ValueError(f"limit must be above 0, but is {limit}. The colours go from -limit to +limit.")
    ax = style.axes(ax, 4.6, 3.6)
    image = ax.imshow(change, cmap=style.DIVERGING, vmin=-limit, vmax=limit, aspect="auto", interpolation="nearest")
    ax.set(xlabel="input", ylabel="neuron")
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_major_locator().set_params(integer=True)
    bar = ax.figure.colorbar(image, ax=ax, fraction=0.05, pad=0.03)
    bar.set_label(f"{label} ({unit})" if unit else label, fontsize=8)
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    return heading(ax, title, legend=False)
