"""Charts: panels with axes of their own, as arrays and in the still twin."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from snnlab.lab.chart import Chart, Series, draw
from snnlab.plots import Picture, style


class Given(Chart):
    """Shows what it was given."""

    x, y, whole = "width (mm)", "height (mm)", True

    def __init__(self, *given, limits=(0.0, 4.0, 0.0, 8.0)):
        super().__init__("given", title="what was given")
        self.series, self._points, self._limits = tuple(series for series, _ in given), [points for _, points in given], limits

    def _bind(self, *_): ...

    def points(self, recorder):
        return self._points

    def reach(self, points):
        return self._limits

    def words(self, recorder):
        return "given"


def drawn(*given, **more):
    ax = Picture().subplots()
    draw(Given(*given, **more), None, ax)
    return ax


def test_a_chart_is_described_once():
    told = Given((Series("line", "up"), ([0], [1])), (Series("marker", words="{x}"), ([2], [3]))).describe()
    series = [{"kind": "line", "name": "up", "words": ""}, {"kind": "marker", "name": "", "words": "{x}"}]
    assert told == {"kind": "chart", "title": "what was given", "x": "width (mm)", "y": "height (mm)", "whole": True, "series": series}


def test_the_points_of_each_series_and_the_limits_are_float32():
    data = Given((Series("line"), ([0, 1], [5, 6])), (Series("upright"), ([2], []))).data(None)
    assert {name: values.tolist() for name, values in data.items()} == {
        "x0": [0.0, 1.0],
        "y0": [5.0, 6.0],
        "x1": [2.0],
        "y1": [],
        "limits": [0.0, 4.0, 0.0, 8.0],
    }
    assert {values.dtype for values in data.values()} == {np.dtype("float32")}


def test_the_still_twin_draws_lines_in_the_colours_of_their_places():
    ax = drawn((Series("line", "one"), ([0, 4], [1, 2])), (Series("line", "two"), ([0, 4], [2, 1])))
    assert [line.get_ydata().tolist() for line in ax.lines] == [[1.0, 2.0], [2.0, 1.0]]
    assert [to_hex(line.get_color()).upper() for line in ax.lines] == list(style.COLORS[:2])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["one", "two"]
    assert (ax.get_xlim(), ax.get_ylim()) == ((0.0, 4.0), (0.0, 8.0))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("width (mm)", "height (mm)")


def test_one_name_needs_no_legend():
    assert drawn((Series("line", "alone"), ([0], [1]))).get_legend() is None


def test_the_still_twin_draws_bars_between_their_edges():
    ax = drawn((Series("bars"), ([0, 1, 4], [5, 2])))
    assert [(bar.get_x(), bar.get_width(), bar.get_height()) for bar in ax.patches] == [(0.0, 1.0, 5.0), (1.0, 3.0, 2.0)]


@pytest.mark.parametrize(("x", "side"), [(1.5, "left"), (3.0, "right")])
def test_a_marker_has_words_with_its_numbers_where_there_is_room(x, side):
    ax = drawn((Series("marker", words="{y} nA at {x} ms"), ([x], [0.25])))
    (words,) = ax.texts
    assert (words.get_text(), words.get_horizontalalignment()) == (f"0.25 nA at {x:g} ms", side)


def test_the_still_twin_draws_upright_lines_and_points():
    ax = drawn((Series("upright", "delay"), ([1, 3], [])), (Series("points"), ([0, 2], [4, 4])))
    assert [line.get_xdata()[0] for line in ax.lines[:2]] == [1.0, 3.0]
    assert (ax.lines[2].get_linestyle(), ax.lines[2].get_xdata().tolist()) == ("None", [0.0, 2.0])


def test_a_series_without_points_can_be_drawn():
    nothing = ([], [])
    drawn(*((Series(kind, kind, "{x}"), nothing) for kind in ("line", "points", "marker", "upright"))).figure.png()


def test_a_marker_beyond_the_limits_is_not_there():
    ax = drawn((Series("marker", words="{x}"), ([1.0, 5.0], [8.0, 1.0])))
    assert ax.lines[0].get_xdata().tolist() == [1.0]
    assert [words.get_text() for words in ax.texts] == ["1"]
