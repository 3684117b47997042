"""The f–I curve: how fast a neuron fires, for each current that it is given and keeps.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 2.2 (gain functions and types of excitability).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.legend_handler import HandlerTuple

from snnlab.plots import style
from snnlab.plots.heading import heading

MARKERS = ("o", "s", "^", "D", "v", "P")


def fi_curve(
    currents: Any,
    rates: Any,
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    theory: tuple[Any, Any] | None = None,
    title: str = "",
) -> Axes:
    """Draws firing rates over currents, one curve a column, told apart by colour, marker and label.

    Seen in: notebooks/04-neurons.ipynb

    Args:
        currents: the steady currents that were given.
        rates: the rate at each current.
        ax: where to draw; None makes a new picture.
        labels: one a curve; None numbers several curves and leaves a single one without.
        theory: currents and rates of what theory says; then what was measured is drawn as marks alone, and theory as lines.
        title: words above the picture.

    Units:
        currents: nA;  rates: Hz

    Shape:
        currents: (C,);  rates: (C,) or (C, n);  theory: (D,) and (D,) or (D, n), as many curves as rates

    Returns:
        The axes: first a line a curve, then a line a curve of the theory.

    Raises:
        ValueError: rates that are not one a current; another number of labels or of curves in the theory.

    Example:
        >>> ax = fi_curve([1.0, 2.0], [0.0, 29.0])
        >>> ax.get_xlabel(), ax.get_ylabel()
        ('current (nA)', 'firing rate (Hz)')
    """
    currents, rates = _curves("rates", currents, rates)
    count = rates.shape[1]
    ideal = None if theory is None else _curves("rates of the theory", *theory)
    if ideal is not None and ideal[1].shape[1] != count:
        raise ValueError(f"theory must have as many curves as rates, {count}, but has {ideal[1].shape[1]}.")
    if labels is not None and len(labels) != count:
        raise ValueError(f"labels must be one a curve, {count}, but are {len(labels)}.")
    names = [f"curve {i}" for i in range(count)] if labels is None else [str(label) for label in labels]
    ax = style.axes(ax, 4.8, 3.0)
    drawn: list[Any] = []  # as the legend has it: the lines of the theory together
    for index in range(count):
        look = style.line(index) | ({} if ideal is None else {"linestyle": "none"})
        drawn += ax.plot(currents, rates[:, index], marker=MARKERS[index % len(MARKERS)], markersize=4.5, **look)
    if ideal is not None:
        drawn.append(tuple(ax.plot(ideal[0], ideal[1][:, index], **style.line(index))[0] for index in range(count)))
        names.append("theory")
    ax.set(xlabel="current (nA)", ylabel="firing rate (Hz)")
    ax.set_ylim(bottom=-0.03 * ax.get_ylim()[1])  # marks at 0 Hz are drawn whole
    if count > 1 or labels is not None or ideal is not None:
        together = {tuple: HandlerTuple(ndivide=None, pad=0.5)}
        ax.legend(drawn, names, loc="upper left", fontsize=8, frameon=False, handlelength=3.0 + (ideal is not None), handler_map=together)
    return heading(ax, title, legend=False)


def _curves(name: str, currents: Any, rates: Any) -> tuple[np.ndarray, np.ndarray]:
    """Currents, C, and rates as C x n."""
    currents, rates = style.finite("currents", currents, "C"), style.finite(name, rates)
    if rates.ndim not in (1, 2) or len(rates) != len(currents):
        raise ValueError(f"{name} must be one for each of the {len(currents)} currents, C or C x n, but are of shape {rates.shape}.")
    return currents, rates.reshape(len(currents), -1)
