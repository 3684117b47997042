"""Title and legend: side by side where there is room, else one above the other, and never at the cost of the axes."""

import warnings

import numpy as np
import pytest

from snnlab.plots import Picture, currents, history, phase_plane, traces, voltages, weight_histogram
from snnlab.plots.heading import heading

LINES = np.zeros((5, 3))
DRAWN = {
    "voltages": lambda **kwargs: voltages(LINES, **kwargs),
    "traces": lambda **kwargs: traces(LINES, **kwargs),
    "currents": lambda **kwargs: currents(np.zeros((5, 10)), **kwargs),
    "weight_histogram": lambda **kwargs: weight_histogram([0.1, 0.5], before=[0.2, 0.2], limits=(0.0, 1.0), **kwargs),
    "phase_plane": lambda **kwargs: phase_plane(
        [0.0, 1.0], [0.0, 1.0], spikes=[False, True], nullclines={f"d{x}/dt = 0": ([0.0, 1.0], [0.0, 1.0]) for x in "Vw"}, **kwargs
    ),
    "history": lambda **kwargs: history(np.eye(3), delays=[0.0, 1.0, 2.0], **kwargs),
}


def boxes(ax):
    """Title, legend and axes as they are drawn, in pixels."""
    ax.figure.draw_without_rendering()
    title = next(text for text in (ax.title, ax._left_title, ax._right_title) if text.get_text())
    return title.get_window_extent(), ax.get_legend().get_window_extent(), ax.get_window_extent()


@pytest.mark.parametrize("title", ["w", "a title of some words", "a title of so many words that it wants a row of its own"])
@pytest.mark.parametrize("name", DRAWN)
def test_title_and_legend_are_apart_from_each_other_and_from_the_axes(name, title):
    title, legend, axes = boxes(DRAWN[name](title=title))
    assert not title.overlaps(legend)
    assert not title.overlaps(axes)
    assert legend.y0 >= axes.y1


@pytest.mark.parametrize("name", DRAWN)
def test_they_are_apart_also_on_narrow_axes_beside_others(name):
    for ax in Picture(9.6, 2.8).subplots(1, 3):
        title, legend, _ = boxes(DRAWN[name](ax=ax, title="a title"))
        assert not title.overlaps(legend)


def test_where_there_is_room_they_share_a_row():
    title, legend, _ = boxes(voltages(LINES, title="three"))
    assert title.y0 < legend.y1
    assert title.x1 < legend.x0


def test_what_is_drawn_on_top_keeps_the_title_clear():
    ax = voltages(LINES[:, :1], title="a title of some words")
    title, legend, _ = boxes(ax)
    assert title.y0 < legend.y1
    title, legend, _ = boxes(voltages(LINES, ax=ax, labels=["a name of some words"] * 3))
    assert not title.overlaps(legend)
    assert ax.get_title("left") == "a title of some words"


@pytest.mark.parametrize("title", ["", "currents"])
@pytest.mark.parametrize("count", [3, 6, 8, 9, 10, 250])
def test_a_legend_leaves_the_axes_most_of_the_height(count, title):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # "constrained_layout not applied because axes sizes collapsed"
        ax = currents(np.zeros((4, count)), title=title)
        ax.figure.draw_without_rendering()
    assert ax.get_position().height > 0.6
    legend, figure = ax.get_legend().get_window_extent(), ax.figure.bbox
    assert figure.x0 <= legend.x0
    assert legend.x1 <= figure.x1


def test_up_to_eight_lines_all_have_a_name_and_of_more_the_rest_is_counted():
    def names(count):
        return [text.get_text() for text in currents(np.zeros((2, count))).get_legend().get_texts()]

    assert sorted(names(8)) == [f"neuron {i}" for i in range(8)]
    for count in (9, 250):
        *shown, rest = sorted(names(count), key=lambda name: "more" in name)
        assert sorted(shown) == [f"neuron {i}" for i in range(len(shown))]
        assert rest == f"… and {count - len(shown)} more"
        assert len(shown) >= 3


def test_of_many_lines_all_are_drawn_and_are_thin():
    many, few = (currents(np.zeros((2, count))).lines for count in (250, 8))
    assert len(many) == 250
    assert max(line.get_linewidth() for line in many) < min(line.get_linewidth() for line in few)


def test_a_legend_is_read_row_by_row():
    texts = currents(np.zeros((2, 8)), labels=[str(i) * 12 for i in range(8)]).get_legend().get_texts()
    texts[0].figure.draw_without_rendering()
    boxes = {text.get_text()[0]: text.get_window_extent() for text in texts}
    read = sorted(boxes, key=lambda name: (-round(boxes[name].y0), boxes[name].x0))
    assert "".join(read) == "01234567"
    assert len({round(box.y0) for box in boxes.values()}) > 1


def test_a_name_wider_than_the_axes_is_still_drawn():
    ax = currents(np.zeros((2, 9)), labels=["a name " * 30] * 9)
    assert [text.get_text()[:5] for text in ax.get_legend().get_texts()] == ["a nam", "… and"]


def test_without_lines_or_words_there_is_neither():
    ax = heading(Picture().subplots())
    assert ax.get_legend() is None
    assert ax.get_title("left") == ax.get_title() == ""
