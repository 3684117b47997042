"""Lines over time: what currents and voltages share."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style


def traces(values: Any, step_time: float, ax: Axes | None, *, start: float, labels: Sequence[str] | None, ylabel: str, title: str) -> Axes:
    """Draws one line a column of `values` (T x n), each with its own colour, dash and label."""
    values = style.array("traces", values, "T x n")
    labels = [f"neuron {i}" for i in range(values.shape[1])] if labels is None else [str(label) for label in labels]
    if len(labels) != values.shape[1]:
        raise ValueError(f"labels must be one a trace, {values.shape[1]}, but are {len(labels)}.")
    ax = style.axes(ax)
    time = start + np.arange(len(values)) * step_time
    for index, label in enumerate(labels):
        ax.plot(time, values[:, index], label=label, **style.line(index))
    ax.set(xlabel="time (ms)", ylabel=ylabel, title=title)
    ax.set_xlim(start - step_time / 2, start + max(len(values) - 0.5, 0.5) * step_time)
    if labels:
        ax.legend(
            loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(labels), fontsize=8, frameon=False, handlelength=2.6, borderpad=0.1
        )
    return ax
