"""Charts: panels with an x and a y axis of their own, where all others share the time axis or are pictures.

A chart is a few series of points, and limits around them. The page draws them (chart.js), and so does matplotlib for the still twin.
"""

from abc import abstractmethod
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from snnlab.lab.panels import Panel
from snnlab.lab.recorder import Recorder
from snnlab.plots import style

Points = tuple[Any, Any]
Limits = tuple[float, float, float, float]


class Series(NamedTuple):
    """One set of points in a chart.

    Args:
        kind: "line", broken at NaN; "points"; "bars", whose x are the edges, one more than heights; "upright", a line from bottom to top at
            each x; "marker", a big mark.
        name: in the legend; "" for none.
        words: beside a marker; {x} and {y} stand for its numbers.
    """

    kind: str
    name: str = ""
    words: str = ""


class Chart(Panel):
    """A panel with axes of its own. A subclass says what its series are, where their points lie, and how far the axes reach.

    Attributes:
        x, y: what the axes show, with the unit.
        series: what is drawn, in this order.
        whole: whether the y axis counts things.

    Example:
        >>> class Diagonal(Chart):
        ...     x = y = "size (mm)"
        ...     series = (Series("line"),)
        ...     def _bind(self, *_): ...
        ...     def points(self, recorder):
        ...         return [([0.0, 1.0], [0.0, 1.0])]
        ...     def reach(self, points):
        ...         return 0.0, 1.0, 0.0, 1.0
        ...     def words(self, recorder):
        ...         return "a diagonal"
        >>> Diagonal("none").data(None)["limits"].tolist()
        [0.0, 1.0, 0.0, 1.0]
    """

    kind = "chart"
    x = y = ""
    series: tuple[Series, ...] = ()
    whole = False

    @abstractmethod
    def points(self, recorder: Recorder) -> list[Points]:
        """x and y of each series, as of the last fetch."""

    @abstractmethod
    def reach(self, points: list[Points]) -> Limits:
        """Ends of the x axis, then of the y axis, around these points."""

    def describe(self) -> dict[str, Any]:
        axes = {"x": self.x, "y": self.y, "whole": self.whole}
        return {"kind": self.kind, "title": self.said, **axes, "series": [each._asdict() for each in self.series]}

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        points = self.points(recorder)
        arrays = {f"{axis}{i}": np.asarray(values, dtype=np.float32) for i, pair in enumerate(points) for axis, values in zip("xy", pair)}  # noqa: B905 - "xy" and a pair
        self.limits = self.reach(points)
        return {**arrays, "limits": np.array(self.limits, dtype=np.float32)}


def draw(chart: Chart, recorder: Recorder, ax: Axes) -> None:
    """Draws a chart's series with matplotlib, in the colours and dashes that the page gives them."""
    data = chart.data(recorder)
    style.axes(ax)
    low, high, least, most = (float(end) for end in data["limits"])
    ax.set(xlabel=chart.x, ylabel=chart.y, xlim=(low, high), ylim=(least, most))
    for index, series in enumerate(chart.series):
        _draw(series, data[f"x{index}"], data[f"y{index}"], style.line(index), ax)
    if chart.whole:
        ax.yaxis.get_major_locator().set_params(integer=True)
    if sum(bool(series.name) for series in chart.series) > 1:
        ax.legend(loc="best", fontsize=7, framealpha=0.7, edgecolor="none", handlelength=2.4)


def _draw(series: Series, x: np.ndarray, y: np.ndarray, look: dict[str, Any], ax: Axes) -> None:
    name, color = series.name or None, look["color"]
    if series.kind == "line":
        ax.plot(x, y, label=name, **look)
    elif series.kind == "bars":
        ax.bar(x[:-1], y, np.diff(x), align="edge", color=color, edgecolor="white", linewidth=0.5, label=name)
    elif series.kind == "upright":
        for place, value in enumerate(x):
            ax.axvline(value, label=name if place == 0 else None, **look)
    else:
        mark = {"markersize": 4}
        if series.kind == "marker":  # whole where it lies on an axis, and not there at all beyond
            (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
            inside = (x >= left) & (x <= right) & (y >= low) & (y <= high)
            x, y, mark = x[inside], y[inside], {"markersize": 9, "markeredgecolor": style.INK, "clip_on": False}
        ax.plot(x, y, "o", color=color, label=name, zorder=3, **mark)
        for at in zip(x, y, strict=True) if series.words else ():
            words = series.words.replace("{x}", f"{at[0]:.4g}").replace("{y}", f"{at[1]:.4g}")
            beside = {"ha": "left", "xytext": (7, 5)} if at[0] < sum(ax.get_xlim()) / 2 else {"ha": "right", "xytext": (-7, 5)}
            ax.annotate(words, at, textcoords="offset points", fontsize=8, **beside)
