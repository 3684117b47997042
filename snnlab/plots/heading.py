"""What stands above a picture: its title at the left, its legend at the right, and neither over the other.

A legend takes as few rows as fit above the axes, so that they keep their height. Of many lines it names the first and counts the rest. A
title that finds no room beside the legend stands above it.
"""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.legend import Legend
from matplotlib.lines import Line2D

from snnlab.plots import style

MOST = 8
"""Up to so many lines each have a name in the legend."""
ROWS = 2
"""Rows of the legend where there are more."""
GAP = 6.0  # points between title, legend and axes


def heading(ax: Axes, title: str = "", *, legend: bool = True, **look: Any) -> Axes:
    """Writes title and legend above the axes.

    Args:
        ax: axes with everything drawn that the legend is to name.
        title: words at the left; none keeps those that are there.
        legend: whether there is to be a legend.
        look: further settings of the legend, such as `handlelength`.

    Returns:
        The axes.

    Example:
        >>> from snnlab.plots import Picture
        >>> ax = Picture().subplots()
        >>> _ = ax.plot([[0.0] * 10], label=[f"neuron {i}" for i in range(10)])
        >>> "… and 4 more" in [text.get_text() for text in heading(ax, "ten").get_legend().get_texts()], ax.get_title("left")
        (True, 'ten')
    """
    drawn = _legend(ax, look) if legend else None
    title = title or ax.get_title("left")
    if title:
        words = ax.set_title(title, loc="left", fontsize=10, pad=GAP)
        room = 0.85 * ax.get_window_extent().width  # labels of axes that are drawn later may take a part of it
        if drawn is not None and words.get_window_extent().width + drawn.get_window_extent().width > room:
            height = drawn.get_window_extent().height * 72 / ax.figure.dpi
            ax.set_title(title, loc="left", fontsize=10, pad=height + 2 * GAP)
    return ax


def _legend(ax: Axes, look: dict[str, Any]) -> Legend | None:
    """The names of all lines, or of the first, in as many columns as fit."""
    handles, names = ax.get_legend_handles_labels()
    if not names:
        return None
    shown = len(names) if len(names) <= MOST else len(style.COLORS)
    while True:
        left = len(names) - shown
        rest = ([Line2D([], [], linestyle="none")], [f"… and {left} more"]) if left else ([], [])
        legend, columns = _fitted(ax, handles[:shown] + rest[0], names[:shown] + rest[1], look)
        if not left or shown < ROWS * columns or shown == 1:
            return legend
        shown -= 1


def _fitted(ax: Axes, handles: list[Any], names: list[str], look: dict[str, Any]) -> tuple[Legend, int]:
    """A legend of as many columns as the axes are wide, read row by row."""
    look = {"fontsize": 8, "frameon": False, "borderpad": 0.1, "borderaxespad": GAP / 12} | look
    for columns in range(len(names), 0, -1):
        order = [entry for column in range(columns) for entry in range(column, len(names), columns)]  # matplotlib fills column by column
        entries = [handles[entry] for entry in order], [names[entry] for entry in order]
        legend = ax.legend(*entries, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=columns, **look)
        if legend.get_window_extent().width <= ax.get_window_extent().width:
            break
    return legend, columns
