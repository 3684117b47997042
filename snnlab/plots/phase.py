"""The phase plane of a neuron with two variables: voltage to the right, adaptation upwards, and time along the curve.

Where a variable does not change lies its nullcline; where two nullclines cross, the neuron can rest. Arrows say where the neuron goes from
each place. A spike is a jump: the voltage is reset, the adaptation rises.

Reference: Gerstner et al., Neuronal Dynamics (2014), sections 4.2 and 6.2.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading
from snnlab.plots.timeline import column


def phase_plane(
    voltages: Any,
    adaptations: Any,
    ax: Axes | None = None,
    *,
    spikes: Any = None,
    sample: int | None = None,
    neuron: int | None = None,
    nullclines: Mapping[str, tuple[Any, Any]] | None = None,
    field: tuple[Any, Any, Any, Any] | None = None,
    title: str = "",
) -> Axes:
    """Draws the way of one neuron through its phase plane: a dot where it starts, a square where each spike has put it.

    Seen in: notebooks/04-neurons.ipynb

    The picture reaches over the trajectory and the field, if there are any; nullclines are cut at its edges.

    Args:
        voltages, adaptations: the two variables after each step, as `Series` or arrays; empty draws no trajectory.
        ax: where to draw; None makes a new picture.
        spikes: True after a step with a spike: the curve is broken there, and its jump drawn as dots.
        sample: which sample of a batch; None: the first of a Series, and of an array that it has no batch.
        neuron: which neuron, by its place in the flattened sample; None: the only one.
        nullclines: voltages and adaptations of each, by name, such as {"dV/dt = 0": (v, w)}.
        field: voltages and adaptations of a grid, and the change of each of the two there; arrows show its direction, not its strength.
        title: words above the picture.

    Units:
        voltages: mV;  adaptations: nA;  changes: mV and nA in the same time, such as a ms

    Shape:
        voltages, adaptations, spikes: (T,);  with a neuron (T, n);  with a sample, and as Series (T, B, *shape)
        a nullcline: (P,) and (P,);  field: (C,), (R,), (R, C) and (R, C)

    Returns:
        The axes: the trajectory first, then start, spikes and nullclines, each with a label.

    Raises:
        ValueError: arrays of lengths that do not fit each other; numbers that are not finite; several neurons, and none named.

    Example:
        >>> ax = phase_plane([-70.0, -60.0, -70.0], [0.0, 0.0, 0.1], spikes=[False, False, True])
        >>> [line.get_label() for line in ax.lines if line.get_label()[0] != "_"]
        ['trajectory', 'start', 'after a spike']
    """
    voltages, adaptations = column("voltages", voltages, sample, neuron, "mV"), column("adaptations", adaptations, sample, neuron, "nA")
    voltages, adaptations = _pair("voltages", voltages, "adaptations", adaptations)
    fired = np.zeros(len(voltages), dtype=bool) if spikes is None else column("spikes", spikes, sample, neuron, "").astype(bool)
    if len(fired) != len(voltages):
        raise ValueError(f"spikes must be one a step, {len(voltages)}, but are {len(fired)}.")
    ax = style.axes(ax, 5.0, 3.8)
    reach = [(voltages, adaptations)] if len(voltages) else []
    if field is not None:
        reach.append(_arrows(ax, *field))
    if len(voltages):
        _trajectory(ax, voltages, adaptations, fired)
    for index, (name, curve) in enumerate((nullclines or {}).items()):
        curve = _pair(f"voltages of the nullcline {name!r}", curve[0], "its adaptations", curve[1])
        ax.plot(*curve, label=str(name), **(style.line(index + 1) | {"linewidth": 1.6}), zorder=1.8)
        if not len(voltages) and field is None:
            reach.append(curve)
    if reach:
        ax.set_xlim(*_ends([points[0] for points in reach])), ax.set_ylim(*_ends([points[1] for points in reach]))
    ax.set(xlabel="voltage (mV)", ylabel="adaptation (nA)")
    return heading(ax, title, handlelength=2.4)


def _pair(first: str, x: Any, second: str, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of one length, as finite numbers; both may be empty."""
    x, y = (style.finite(name, values, "T") if np.size(style.fetch(values)) else np.zeros(0) for name, values in ((first, x), (second, y)))
    if len(x) != len(y):
        raise ValueError(f"{first} and {second} must be of one length, but are {len(x)} and {len(y)}.")
    return x, y


def _ends(values: list[np.ndarray]) -> tuple[float, float]:
    """Least and greatest of all numbers, with a little room around them."""
    low, high = min(map(np.min, values)), max(map(np.max, values))
    room = 0.04 * (high - low) or 1e-3
    return low - room, high + room


def _trajectory(ax: Axes, voltages: np.ndarray, adaptations: np.ndarray, fired: np.ndarray) -> None:
    """Solid between spikes, dotted over a jump."""
    at = np.flatnonzero(fired)
    parts = (np.insert(values, at, np.nan) for values in (voltages, adaptations))  # a gap before each step with a spike
    ax.plot(*parts, color=style.COLORS[0], linewidth=1.2, label="trajectory", zorder=2.2)
    ax.plot(voltages[:1], adaptations[:1], "o", color=style.COLORS[0], markersize=7, label="start", zorder=2.4)
    if not len(at):
        return
    landing = {"color": "white", "markeredgecolor": style.INK, "markersize": 5, "label": "after a spike", "zorder": 2.4}
    ax.plot(voltages[at], adaptations[at], "s", **landing)
    for step in at[at > 0]:
        ends = slice(step - 1, step + 1)
        ax.plot(voltages[ends], adaptations[ends], color=style.COLORS[0], linewidth=0.8, linestyle=(0, (1, 2)), label="_jump", zorder=2)


def _arrows(ax: Axes, voltages: Any, adaptations: Any, rises: Any, growths: Any) -> tuple[np.ndarray, np.ndarray]:
    """Arrows of one length, which point where the neuron goes on the page."""
    voltages, adaptations = style.finite("voltages of the field", voltages, "C"), style.finite("adaptations of the field", adaptations, "R")
    rises, growths = style.finite("changes of the voltage", rises, "R x C"), style.finite("changes of the adaptation", growths, "R x C")
    wanted = (len(adaptations), len(voltages))
    if rises.shape != wanted or growths.shape != wanted:
        raise ValueError(f"field must hold two changes of shape {wanted}, R x C, but they are of {rises.shape} and {growths.shape}.")
    length = np.hypot(rises, growths)
    length[length == 0] = 1.0
    look = {"color": "#999999", "scale": 28, "width": 0.0028, "headwidth": 4, "zorder": 1}
    ax.quiver(voltages, adaptations, rises / length, growths / length, angles="xy", **look)  # "xy": along the trajectory, on any axes
    return voltages, adaptations
