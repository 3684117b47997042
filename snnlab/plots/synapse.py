"""One synapse under a rule: the spikes of both its sides, the trace that each leaves, and what becomes of the weight.

A pair rule changes the weight where a spike of one side meets the trace of the other: read down from a spike to the other side's trace,
then to the step of the weight.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from snnlab.plots import style
from snnlab.plots.heading import heading

SIDES = ("presynaptic", "postsynaptic")


def synapse(
    pre_spikes: Any,
    post_spikes: Any,
    pre_trace: Any,
    post_trace: Any,
    weight: Any = None,
    step_time: float = 1.0,
    ax: Axes | None = None,
    *,
    start: float = 0.0,
    label: str = "weight",
    unit: str = "",
    title: str = "",
) -> Axes:
    """Draws the spikes and traces of both sides of one synapse over time, and its weight on an axis at the right.

    Seen in: notebooks/15-inhibition.ipynb

    Args:
        pre_spikes, post_spikes: whether each side spiked, at each step; with a delay: whether a spike arrived.
        pre_trace, post_trace: the trace of each side, at each step.
        weight: the weight after each step; None draws none.
        step_time: length of a step.
        ax: where to draw; None makes a new picture.
        start: time of the first step.
        label: what is drawn at the right.
        unit: unit of the weight.
        title: words above the picture.

    Units:
        step_time, start: ms;  weight: `unit`

    Shape:
        all of them: (T,)

    Returns:
        The axes: two lines of traces, ticks above them for spikes of the presynaptic side and above those for the postsynaptic. The
        weight's own axes are `ax.figure.axes[-1]`.

    Raises:
        ValueError: other than one axis; lengths that differ.

    Reference:
        Morrison, Diesmann & Gerstner, Biol. Cybern. 98:459 (2008), figure 4, draws a rule this way.

    Example:
        >>> ax = synapse([1, 0, 0], [0, 0, 1], [1.0, 0.5, 0.25], [0.0, 0.0, 1.0], weight=[0.1, 0.1, 0.35])
        >>> [line.get_label() for line in ax.lines[:2]], ax.figure.axes[-1].lines[0].get_ydata().tolist()
        (['presynaptic', 'postsynaptic'], [0.1, 0.1, 0.35])
    """
    given = {"pre_spikes": pre_spikes, "post_spikes": post_spikes, "pre_trace": pre_trace, "post_trace": post_trace, "weight": weight}
    given = {name: style.array(name, each, "T", "Pick one synapse first.") for name, each in given.items() if each is not None}
    lengths = {name: len(each) for name, each in given.items()}
    if len(set(lengths.values())) != 1:
        raise ValueError(f"all must be of one length, but are {', '.join(f'{name} {n}' for name, n in lengths.items())}.")
    ax = style.axes(ax, 6.4, 3.0)
    times = start + np.arange(lengths["pre_trace"]) * step_time
    top = max(1.0, float(given["pre_trace"].max(initial=0.0)), float(given["post_trace"].max(initial=0.0)))
    for index, side in enumerate(("pre", "post")):
        ax.plot(times, given[f"{side}_trace"], label=SIDES[index], **style.line(index))
        at = times[given[f"{side}_spikes"].astype(bool)]
        ax.vlines(at, (1.06 + 0.12 * index) * top, (1.16 + 0.12 * index) * top, color=style.COLORS[index], linewidth=1.4)
    ax.set(xlabel="time (ms)", ylabel="trace", ylim=(0.0, 1.32 * top))
    ax.set_xlim(start - step_time / 2, start + max(lengths["pre_trace"] - 0.5, 0.5) * step_time)
    if weight is not None:
        right = ax.twinx()
        right.plot(times, given["weight"], color=style.INK, linewidth=1.6, drawstyle="steps-post")
        low, high = right.get_ylim()
        right.set_ylim(low, low + 1.32 * (high - low))  # below the ticks of the spikes, as the traces are
        right.set_ylabel(f"{label} ({unit})" if unit else label)
        right.spines["top"].set_visible(False)
        right.tick_params(labelsize=8)
        ax.plot([], [], color=style.INK, linewidth=1.6, label=label)
    return heading(ax, title, handlelength=2.6)
