"""What a rule wants to change, before it is changed: the pending parts of an updater beside the weights.

An updater holds two magnitudes for each synapse, what is to be added and what is to be taken away: `connection.updater.weight.pos` and
`.neg`, which are None while nothing is pending. The update is their difference, unless a bound scales them.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading


def pending(
    weights: Any, pos: Any = None, neg: Any = None, ax: Axes | None = None, *, label: str = "weight", unit: str = "", title: str = ""
) -> Axes:
    """Draws weights, and what is pending for them: as bars from the weight of each synapse, or as images beside the weights.

    Seen in: notebooks/15-inhibition.ipynb

    Args:
        weights: the weights as they are.
        pos: what is to be added, such as `connection.updater.weight.pos`; None for nothing.
        neg: what is to be taken away; None for nothing.
        ax: where to draw; None makes a new picture.
        label: what is drawn, beside the axis.
        unit: unit of the weights.
        title: words above the picture.

    Shape:
        weights, pos, neg: (M,) for the synapses of one neuron, as bars; (N, M) for those of several, as three images

    Returns:
        The axes. Of one neuron: a mark a weight, and bars up by `pos`, red, and down by `neg`, blue, side by side. Of several: three images
        as `ax.child_axes`: weights, what is added, what is taken away, the last two with one scale of shades.

    Raises:
        ValueError: other numbers of axes; shapes that differ; numbers that are not finite; a part below 0.

    Example:
        >>> ax = pending([1.0, 2.0], pos=[0.5, 0.0], neg=[0.0, 0.25])
        >>> [[float(bar.get_height()) for bar in bars] for bars in ax.containers[:2]]
        [[0.5, 0.0], [0.0, -0.25]]
        >>> len(pending([[1.0, 2.0]], pos=[[0.5, 0.0]]).child_axes)
        3
    """
    now = style.finite("weights", weights)
    if now.ndim not in (1, 2):
        raise ValueError(f"weights must be M, or N x M, but are of shape {now.shape}. Flatten what is more: weights.flatten(1).")
    added, taken = (_part(name, part, now) for name, part in (("pos", pos), ("neg", neg)))
    words = f"{label} ({unit})" if unit else label
    if now.ndim == 1:
        return _bars(now, added, taken, style.axes(ax, 6.4, 2.8), words, title)
    return _images(now, added, taken, style.axes(ax, 9.6, 2.8), words, title)


def _part(name: str, part: Any, weights: np.ndarray) -> np.ndarray:
    if part is None:
        return np.zeros_like(weights)
    numbers = style.finite(name, part)
    if numbers.shape != weights.shape:
        raise ValueError(f"{name} must be shaped like the weights, {weights.shape}, but is of shape {numbers.shape}.")
    if (numbers < 0).any():
        raise ValueError(f"{name} must be a magnitude, 0 or above, but goes down to {numbers.min():g}. What is taken away goes to neg.")
    return numbers


def _bars(now: np.ndarray, added: np.ndarray, taken: np.ndarray, ax: Axes, words: str, title: str) -> Axes:
    at = np.arange(len(now))
    ax.bar(at - 0.2, added, 0.38, bottom=now, color=style.ADDED[0], label="to be added")
    ax.bar(at + 0.2, -taken, 0.38, bottom=now, color=style.TAKEN[0], hatch="//", edgecolor="white", linewidth=0, label="to be taken away")
    ax.hlines(now, at - 0.45, at + 0.45, color=style.INK, linewidth=1.4, label="now")
    ax.set(xlabel="synapse", ylabel=words)
    ax.xaxis.get_major_locator().set_params(integer=True)
    return heading(ax, title)


def _images(now: np.ndarray, added: np.ndarray, taken: np.ndarray, ax: Axes, words: str, title: str) -> Axes:
    ax.set_axis_off()
    top = max(added.max(), taken.max()) or 1.0
    low = -np.abs(now).max() if now.min() < 0 else 0.0
    weights = {"cmap": style.DIVERGING if low < 0 else style.SEQUENTIAL, "vmin": low, "vmax": np.abs(now).max() or 1.0}
    shades = {"vmin": 0.0, "vmax": top}
    pictures = (
        (now, words, weights),
        (added, "to be added", shades | {"cmap": style.ADDED[1]}),
        (taken, "to be taken away", shades | {"cmap": style.TAKEN[1]}),
    )
    for place, (numbers, name, look) in enumerate(pictures):
        part = ax.inset_axes((place * 0.345, 0.0, 0.25, 0.92))
        image = part.imshow(numbers, aspect="auto", interpolation="nearest", **look)
        part.set_title(name, fontsize=9, loc="left")
        part.set_xlabel("input", fontsize=8)
        if place == 0:
            part.set_ylabel("neuron", fontsize=8)
        for axis in (part.xaxis, part.yaxis):
            axis.get_major_locator().set_params(integer=True)
        part.tick_params(labelsize=8)
        bar = ax.figure.colorbar(image, cax=part.inset_axes((1.04, 0.0, 0.05, 1.0)))
        bar.ax.tick_params(labelsize=8)
        bar.outline.set_visible(False)
    return heading(ax, title, legend=False)
