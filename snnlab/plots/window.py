"""The window of a learning rule as a picture: what a pair of spikes changes, over the time between the two.

Both axes cross at 0, so that the four quarters tell who came first and who gained. What falls left of the line, the postsynaptic spike was
first; what lies above it, the synapse was strengthened, or its delay grew.

Reference: Bi & Poo, J. Neurosci. 18:10464 (1998), figure 7, drew it so.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading

MARKERS = ("o", "s", "^", "D", "v", "P")


def window(
    lags: Any,
    changes: Any,
    ax: Axes | None = None,
    *,
    labels: Sequence[str] | None = None,
    theory: tuple[Any, Any] | None = None,
    label: str = "change of the weight",
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws changes over lags: marks for what was measured, joined by lines where no theory is given.

    Seen in: notebooks/08-stdp.ipynb

    Args:
        lags: times from the presynaptic spike to the postsynaptic one, in any order.
        changes: the change at each lag; several windows in columns.
        ax: where to draw; None makes a new picture.
        labels: one a window; None numbers several windows and leaves a single one without.
        theory: lags and changes of what theory says, one curve; then what was measured is drawn as marks alone.
        label: what changes, beside the axis.
        unit: its unit.
        title: words above the picture.

    Units:
        lags: ms;  changes: as `unit` says

    Shape:
        lags: (K,);  changes: (K,) or (K, n);  theory: (D,) and (D,)

    Returns:
        The axes: the two lines through 0, then each window and the theory: one for the lags below 0, one at 0 and one above.

    Raises:
        ValueError: changes that are not one a lag; another number of labels; numbers that are not finite.

    Example:
        >>> ax = window([-10.0, 10.0], [-0.1, 0.2])
        >>> ax.get_xlabel()
        't_post − t_pre (ms)'
    """
    lags, changes = _sorted("changes", lags, changes)
    count = changes.shape[1]
    if labels is not None and len(labels) != count:
        raise ValueError(f"labels must be one a window, {count}, but are {len(labels)}.")
    names = [f"window {i}" for i in range(count)] if labels is None else [str(name) for name in labels]
    named = count > 1 or labels is not None
    ideal = None if theory is None else _sorted("changes of the theory", *theory)
    if ideal is not None and ideal[1].shape[1] != 1:
        raise ValueError(f"theory must be one curve, but has {ideal[1].shape[1]}.")
    ax = style.axes(ax, 5.2, 3.0)
    for zero in (ax.axhline, ax.axvline):
        zero(0.0, color=style.INK, linewidth=0.7)
    for index, name in enumerate(names):
        look = style.line(index) | ({} if ideal is None else {"linestyle": "none"})
        look |= {"marker": MARKERS[index % len(MARKERS)], "markersize": 4}
        _draw(ax, lags, changes[:, index], name if named else None, look)
    if ideal is not None:
        _draw(ax, ideal[0], ideal[1][:, 0], "theory", {"color": style.INK, "linewidth": 1.2})
    ax.set(xlabel="t_post − t_pre (ms)", ylabel=f"{label} ({unit})" if unit else label)
    return heading(ax, title, legend=named or ideal is not None, handlelength=3.0)


def _sorted(name: str, lags: Any, changes: Any) -> tuple[np.ndarray, np.ndarray]:
    """Lags in ascending order, K, and their changes as K x n."""
    lags, changes = style.finite("lags", lags, "K"), style.finite(name, changes)
    if changes.ndim not in (1, 2) or len(changes) != len(lags):
        raise ValueError(f"{name} must be one for each of the {len(lags)} lags, K or K x n, but are of shape {changes.shape}.")
    order = np.argsort(lags, kind="stable")
    return lags[order], changes.reshape(len(lags), -1)[order]


def _draw(ax: Axes, lags: np.ndarray, changes: np.ndarray, name: str | None, look: dict[str, Any]) -> None:
    """One window. It often jumps at 0, where two spikes in one step may count as both orders: no line leads there or across."""
    sides = [side for side in (lags < 0, lags == 0, lags > 0) if side.any()]
    for place, side in enumerate(sides):
        ax.plot(lags[side], changes[side], label=name if place == 0 else None, **look)
