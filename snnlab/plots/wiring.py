"""The wiring of a layer: a box for each group of cells, an arrow for each connection, a spike's way from left to right.

A box stands right of all that feed it. What leads back, or round to the same box, cannot go to the right: it is drawn as an arc below, or
as a loop above, and dashed.
"""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from snnlab.plots import style
from snnlab.plots.heading import heading

WIDTH, HEIGHT = 1.3, 0.62  # inches of a box
ACROSS, UP = 3.1, 1.15  # inches from a box to the next
Edge = tuple[str, str, str]


def wiring(nodes: Mapping[str, str], edges: Sequence[Edge], ax: Axes | None = None, *, title: str = "") -> Axes:
    """Draws boxes and arrows.

    Seen in: notebooks/06-layers.ipynb

    For a layer, `snn.layout(layer)` gives both: `snn.plots.wiring(*snn.layout(layer))`.

    Args:
        nodes: what stands in each box below its name, such as {"input": "8 × 8", "exc": "LIF · 100"}.
        edges: where each arrow begins and ends, and what stands beside it: `(from, to, label)`. Arrows with one label from one box
            share it.
        ax: where to draw; None makes a new picture, as large as the boxes need.
        title: words above the picture.

    Returns:
        The axes, without ticks: a box a node as its first patches, then an arrow an edge.

    Raises:
        ValueError: no nodes; an edge from or to a box that is not there.

    Example:
        >>> ax = wiring({"input": "64", "exc": "LIF · 100"}, [("input", "exc", "LinearDense")])
        >>> len(ax.patches), [text.get_text() for text in ax.texts]
        (3, ['input', '64', 'exc', 'LIF · 100', 'LinearDense'])
    """
    if not nodes:
        raise ValueError("nodes must name at least one box, but is empty.")
    for edge in edges:
        if len(edge) != 3 or any(end not in nodes for end in edge[:2]):
            raise ValueError(f"edges must be (from, to, label), from and to among {', '.join(map(repr, nodes))}, but one is {edge!r}.")
    places, arrows, (left, right, bottom, top) = arrange(list(nodes), edges)
    ax = style.axes(ax, right - left, top - bottom + (0.3 if title else 0.0))
    ax.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], aspect="equal")
    ax.spines[:].set_visible(False)
    for name, words in nodes.items():
        _box(ax, *places[name], name, words)
    for arrow in arrows:
        arrow.draw(ax)
    return heading(ax, title, legend=False)


def arrange(names: Sequence[str], edges: Sequence[Edge]) -> tuple[dict[str, tuple[float, float]], list["Arrow"], tuple[float, ...]]:
    """Where everything stands, in inches: the middle of each box, the arrows, and left, right, bottom and top of all.

    Example:
        >>> places, arrows, ends = arrange(["in", "a"], [("in", "a", "")])
        >>> places, arrows[0].tail, arrows[0].head
        ({'in': (0.0, 0.0), 'a': (3.1, 0.0)}, (0.65, 0.0), (2.45, 0.0))
    """
    places = _places(_ranks(list(names), edges))
    arrows = [Arrow(places, edges, index) for index in range(len(edges))]
    xs, ys = zip(*places.values(), strict=True)
    left, right = min(xs) - WIDTH / 2 - 0.15, max(xs) + WIDTH / 2 + 0.15
    bottom = min([min(ys) - HEIGHT / 2, *(arrow.reach[0] for arrow in arrows)]) - 0.15
    top = max([max(ys) + HEIGHT / 2, *(arrow.reach[1] for arrow in arrows)]) + 0.15
    return places, arrows, (left, right, bottom, top)


def _ranks(names: list[str], edges: Sequence[Edge]) -> dict[str, int]:
    """How far right each box stands: one more than any that feeds it, but for edges that close a loop.

    Example:
        >>> _ranks(["in", "a", "b"], [("in", "a", ""), ("a", "b", ""), ("b", "a", "")])
        {'in': 0, 'a': 1, 'b': 2}
    """
    targets = {name: [end for start, end, _ in edges if start == name and end != name] for name in names}
    fed = {end for ends in targets.values() for end in ends}
    forward: dict[str, list[str]] = {}

    def walk(name: str, above: tuple[str, ...]) -> None:
        if name not in forward:
            forward[name] = []
            for end in targets[name]:
                if end not in (*above, name):  # else it leads back to where we came from
                    forward[name].append(end)
                    walk(end, (*above, name))

    for name in [*(name for name in names if name not in fed), *names]:
        walk(name, ())
    ranks = dict.fromkeys(names, 0)
    for _ in names:  # the longest way has fewer steps than there are boxes
        for name in names:
            for end in forward[name]:
                ranks[end] = max(ranks[end], ranks[name] + 1)
    return ranks


def _places(ranks: Mapping[str, int]) -> dict[str, tuple[float, float]]:
    """Middle of each box, in inches: one column a rank, centred, in the order in which they are named."""
    columns: dict[int, list[str]] = {}
    for name, rank in ranks.items():
        columns.setdefault(rank, []).append(name)
    return {name: (rank * ACROSS, ((len(names) - 1) / 2 - row) * UP) for rank, names in columns.items() for row, name in enumerate(names)}


def _box(ax: Axes, x: float, y: float, name: str, words: str) -> None:
    corner = (x - WIDTH / 2, y - HEIGHT / 2)
    ax.add_patch(
        FancyBboxPatch(
            corner, WIDTH, HEIGHT, "round,pad=0,rounding_size=0.1", facecolor="#EAF2F8", edgecolor=style.COLORS[0], linewidth=1.3
        )
    )
    ax.text(x, y + (0.12 if words else 0.0), name, ha="center", va="center", fontsize=9, fontweight="bold", color=style.INK)
    if words:
        ax.text(x, y - 0.13, words, ha="center", va="center", fontsize=8, color=style.INK)


class Arrow:
    """One edge: straight to the right where the way is free, else a bow over the boxes; dashed and below where it leads back.

    Attributes:
        tail, head: its ends, in inches.
        rad: how far it bends to the right of its way: its middle lies half of that aside, as a share of its length.
        dashed: whether it leads back.
        label, place, where: words beside it, and which part of them stands where: "bottom", "center" or "top".
        reach: its lowest and highest point, with its words.
    """

    def __init__(self, places: Mapping[str, tuple[float, float]], edges: Sequence[Edge], index: int) -> None:
        start, end, label = edges[index]
        (x, y), (u, v) = places[start], places[end]
        twins = [i for i, edge in enumerate(edges) if edge[:2] == (start, end)]
        twin, middle = twins.index(index), (len(twins) - 1) / 2
        self.dashed, self.rad = u <= x, 0.0
        self.reach = (y, y)  # lowest and highest point
        if start == end:
            self._loop(x, y, twin)
        elif u <= x or _in_the_way(places, start, end):
            self._bow(x, y, u, v, -1 if self.dashed else 1, _inner(places, edges, index))
        else:
            y, v = y - (twin - middle) * 0.26, v - (twin - middle) * 0.26
            self.tail, self.head = (x + WIDTH / 2, y), (u - WIDTH / 2, v)
            same = [i for i, edge in enumerate(edges) if edge[0] == start and edge[2] == label]
            level = min(same, key=lambda i: abs(places[edges[i][1]][1] - y))  # arrows that share a label: the most level one shows it
            label = label if index == level else ""
            side = 1 if twin == 0 and (y >= 0 or len(twins) > 1) else -1  # below where other arrows come from above
            self.where = "center" if y != v else "bottom" if side > 0 else "top"
            self.place = ((x + u) / 2, (y + v) / 2 + (0.06 * side if y == v else 0.0))
            self.reach = (min(y, v) - 0.4, max(y, v) + 0.4)
        self.label = label

    def _loop(self, x: float, y: float, twin: int) -> None:
        self.tail, self.head = (x - 0.25 - 0.1 * twin, y + HEIGHT / 2), (x + 0.25 + 0.1 * twin, y + HEIGHT / 2)
        self.rad, self.where = -1.2, "bottom"
        self.place = (x, y + HEIGHT / 2 + 0.36 + 0.45 * twin)
        self.reach = (y, self.place[1] + 0.3)

    def _bow(self, x: float, y: float, u: float, v: float, side: int, inner: int) -> None:
        depth, aside = 0.4 + 0.45 * inner, 0.12 * inner * (1 if u < x else -1)
        self.tail, self.head = (x + aside, y + side * HEIGHT / 2), (u - aside, v + side * HEIGHT / 2)
        away = math.hypot(u - x, v - y)
        self.rad = -2 * depth / away  # its middle lies depth aside; to the right of the way for a positive number
        middle = (y + v) / 2 + side * HEIGHT / 2
        self.where, self.place = "bottom" if side > 0 else "top", ((x + u) / 2, middle + side * (depth + 0.05))
        self.reach = (min(y, self.place[1] - 0.3), max(y, self.place[1] + 0.3))

    def draw(self, ax: Axes) -> None:
        look = {"arrowstyle": "-|>", "mutation_scale": 12, "shrinkA": 0, "shrinkB": 1, "linewidth": 1.2, "color": style.INK, "zorder": 0.5}
        dashes = (0, (5, 2)) if self.dashed else "solid"
        ax.add_patch(FancyArrowPatch(self.tail, self.head, connectionstyle=f"arc3,rad={self.rad}", linestyle=dashes, **look))
        if self.label:
            aside = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
            ax.text(*self.place, self.label, ha="center", va=self.where, fontsize=8, color=style.INK, bbox=aside)


def _inner(places: Mapping[str, tuple[float, float]], edges: Sequence[Edge], index: int) -> int:
    """How many bows lie between this one and the boxes: those of the same direction that are shorter, or as short and named before."""

    def span(edge: Edge) -> float:
        return places[edge[1]][0] - places[edge[0]][0]

    own = span(edges[index])
    others = [(abs(span(edge)), i) for i, edge in enumerate(edges) if edge[0] != edge[1] and (span(edge) <= 0) == (own <= 0)]
    bows = [each for each in others if own <= 0 or _in_the_way(places, *edges[each[1]][:2])]
    return sorted(bows).index((abs(own), index))


def _in_the_way(places: Mapping[str, tuple[float, float]], start: str, end: str) -> bool:
    """Whether a straight arrow would cross a third box."""
    (x, y), (u, v) = places[start], places[end]
    between = [place for name, place in places.items() if name not in (start, end) and x < place[0] < u]
    return any(abs(y + (v - y) * (a - x) / (u - x) - b) < HEIGHT / 2 + 0.1 for a, b in between)
