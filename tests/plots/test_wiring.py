"""The picture of a layer's wiring."""

import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from snnlab.plots import wiring
from snnlab.plots.wiring import _ranks

SERIAL = ({"input": "64", "exc": "LIF · 100"}, [("input", "exc", "dense")])
LOOP = ({"input": "", "a": "", "b": ""}, [("input", "a", "in"), ("a", "b", "on"), ("b", "a", "back")])


def middles(ax):
    boxes = [patch for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    return [(box.get_x() + box.get_width() / 2, box.get_y() + box.get_height() / 2) for box in boxes]


def arrows(ax):
    return [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]


def heights(arrow):
    """How high each point of an arrow lies, in inches; half a box is 0.31 high."""
    path = arrow.get_path()
    return path.vertices[path.codes != path.CLOSEPOLY, 1]  # which holds no point of its own


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_each_node_is_a_box_with_its_name_and_words():
    ax = wiring(*SERIAL)
    assert len(middles(ax)) == 2
    assert {"input", "64", "exc", "LIF · 100", "dense"} == set(words(ax))


def test_what_is_fed_stands_to_the_right_of_what_feeds_it():
    (start, y), (end, same) = middles(wiring(*SERIAL))
    assert start < end
    assert y == same


def test_a_box_stands_right_of_the_furthest_that_feeds_it():
    assert _ranks(["a", "b", "c"], [("a", "c", ""), ("a", "b", ""), ("b", "c", "")]) == {"a": 0, "b": 1, "c": 2}


def test_an_edge_that_closes_a_loop_moves_no_box():
    assert _ranks(list(LOOP[0]), LOOP[1]) == {"input": 0, "a": 1, "b": 2}
    assert _ranks(["a", "b"], [("a", "b", ""), ("b", "a", ""), ("a", "a", "")]) == {"a": 0, "b": 1}


def test_what_leads_back_is_dashed_and_below_the_boxes():
    onward, _, back = arrows(wiring(*LOOP))
    assert onward.get_linestyle() in ("-", "solid")
    assert back.get_linestyle() not in ("-", "solid")
    assert heights(back).min() < -0.31 - 0.2


def test_a_loop_to_itself_is_drawn_above_its_box():
    (loop,) = arrows(wiring({"exc": ""}, [("exc", "exc", "lateral")]))
    assert heights(loop).min() > 0.31 - 0.05


def test_two_arrows_between_the_same_boxes_lie_apart():
    ax = wiring({"in": "", "out": ""}, [("in", "out", "fast"), ("in", "out", "slow")])
    fast, slow = (heights(arrow)[0] for arrow in arrows(ax))
    assert abs(fast - slow) > 0.2
    assert {"fast", "slow"} <= set(words(ax))


def test_arrows_with_one_label_from_one_box_share_it():
    nodes = dict.fromkeys(("a", "b", "x", "y"), "")
    ax = wiring(nodes, [(start, end, f"from {start}") for start in "ab" for end in "xy"])
    assert len(arrows(ax)) == 4
    assert sorted(text for text in words(ax) if text.startswith("from")) == ["from a", "from b"]


def test_a_way_past_a_box_goes_around_it():
    nodes = dict.fromkeys("abc", "")
    skip = arrows(wiring(nodes, [("a", "b", ""), ("b", "c", ""), ("a", "c", "skip")]))[2]
    assert heights(skip).max() > 0.31 + 0.2
    assert skip.get_linestyle() in ("-", "solid")


@pytest.mark.parametrize(
    "drawn", [SERIAL, LOOP, ({"e": "", "i": ""}, [("e", "i", "ei"), ("i", "e", "ie"), ("e", "e", "ee"), ("i", "i", "ii")])]
)
def test_no_words_overlap_and_all_lie_within_the_picture(drawn):
    ax = wiring(*drawn)
    ax.figure.png()
    boxes = [text.get_window_extent() for text in ax.texts]
    width, height = ax.figure.canvas.get_width_height()
    for place, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width
        assert box.y1 <= height


def test_boxes_that_are_not_there_are_named():
    with pytest.raises(ValueError, match=r"edges must be \(from, to, label\), from and to among 'a', but one is \('a', 'b', ''\)"):
        wiring({"a": ""}, [("a", "b", "")])
    with pytest.raises(ValueError, match="nodes must name at least one box"):
        wiring({}, [])
