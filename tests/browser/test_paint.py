"""Painting itself, in a page of its own: what the arrays of a frame become on a canvas."""

import pytest

# Paints one panel of a heat map of 2 steps x 2 rows, and reads the middle of each of its four quarters: [red, alpha].
HEAT = """(shades) => {
  const canvas = document.createElement("canvas");
  canvas.width = 600; canvas.height = 300;
  const ctx = canvas.getContext("2d");
  const panel = { kind: "heat", title: "weights", rows: 2, label: "weight" };
  const abgr = Uint32Array.from({ length: 256 }, (_, i) => ((255 << 24) | i) >>> 0);  // the shade itself, in red
  const scene = { window: 2, step_time: 1, panels: [panel], maps: { sequential: { abgr } } };
  const place = layOut(scene, 600), box = place.boxes.get(panel);
  paintAxes(ctx, place, scene, [{ limits: [0, 1] }], theme());
  paintData(ctx, place, scene, [{ shades: Uint8Array.from(shades), limits: [0, 1] }], theme());
  const at = (x, y) => { const p = ctx.getImageData(box.x + x * box.w, box.y + y * box.h, 1, 1).data; return [p[0], p[3]]; };
  return [at(0.25, 0.75), at(0.25, 0.25), at(0.75, 0.75), at(0.75, 0.25)];
}"""


@pytest.fixture
def page(paint_page):
    return paint_page


def test_a_heat_map_has_time_to_the_right_and_low_values_below(page):
    # Step by step, low bins first: lower left, upper left, lower right, upper right.
    assert page.evaluate(HEAT, [10, 60, 110, 210]) == [[10, 255], [60, 255], [110, 255], [210, 255]]


def test_a_step_before_the_first_is_left_blank(page):
    assert page.evaluate(HEAT, [0, 0, 1, 255]) == [[0, 0], [0, 0], [1, 255], [255, 255]]


# Paints one chart, and reads a pixel at each of these places, given in the chart's own numbers: which of the theme's colours it
# has, or "" where nothing is.
CHART = """([series, points, limits, places, dark]) => {
  document.body.dataset.jpThemeLight = String(!dark);
  const canvas = document.createElement("canvas");
  canvas.width = 600; canvas.height = 400;
  const ctx = canvas.getContext("2d");
  const panel = { kind: "chart", title: "a chart", x: "x (ms)", y: "y (mV)", series };
  const scene = { window: 2, step_time: 1, panels: [panel], maps: {} };
  const place = layOut(scene, 600), look = theme(), data = { limits: Float32Array.from(limits) };
  const numbers = (values) => Float32Array.from(values, (value) => value ?? NaN);
  points.forEach(([x, y], i) => Object.assign(data, { [`x${i}`]: numbers(x), [`y${i}`]: numbers(y) }));
  paintAxes(ctx, place, scene, [data], look);
  ctx.clearRect(0, 0, 600, 400);
  paintData(ctx, place, scene, [data], look);
  const at = chartScale(chartFrame(ctx, place.boxes.get(panel), panel, look), limits);
  return places.map(([x, y]) => {
    const [r, g, b, alpha] = ctx.getImageData(Math.floor(at.x(x)), Math.floor(at.y(y)), 1, 1).data;
    const near = (color) => [r, g, b].every((part, i) => Math.abs(part - parseInt(color.slice(2 * i + 1, 2 * i + 3), 16)) < 4);
    return alpha > 127 ? look.lines.findIndex(near) + 1 : "";
  });
}"""

BLUE, ORANGE, GREEN = 1, 2, 3  # the first, second and third colour of the theme


def chart(page, series, points, limits, places, dark=False):
    return page.evaluate(CHART, [[{"name": "", "words": ""} | each for each in series], points, limits, places, dark])


@pytest.mark.parametrize("dark", [False, True])
def test_bars_stand_between_their_edges_on_the_ground(page, dark):
    points = [[[0, 2, 4, 6], [10, 0, 5]]]
    inside = [(1, 0.5), (1, 9.5), (0.2, 5), (1.8, 5), (5, 4.5)]
    outside = [(1, 10.5), (3, 0.5), (5, 5.5), (7, 1)]
    painted = chart(page, [{"kind": "bars"}], points, [0, 8, 0, 12], inside + outside, dark)
    assert painted == [BLUE] * len(inside) + [""] * len(outside)


def test_bars_below_the_ground_hang_from_it(page):
    assert chart(page, [{"kind": "bars"}], [[[0, 2], [-3]]], [0, 4, -4, 4], [(1, -2), (1, 2), (1, -3.5)]) == [BLUE, "", ""]


def test_a_line_goes_through_its_points_and_is_broken_at_a_missing_one(page):
    points = [[[0, 2, 3, 4, 8], [4, 4, None, 8, 8]]]
    painted = chart(page, [{"kind": "line"}], points, [0, 8, 0, 10], [(1, 4), (6, 8), (3, 4), (3, 6), (3, 8), (1, 5)])
    assert painted == [BLUE, BLUE, "", "", "", ""]


def test_each_series_has_the_colour_of_its_place(page):
    series = [{"kind": "line"}, {"kind": "points"}, {"kind": "marker"}]
    points = [[[0, 8], [2, 2]], [[4], [5]], [[6], [8]]]
    assert chart(page, series, points, [0, 8, 0, 10], [(2, 2), (4, 5), (6, 8), (6, 5)]) == [BLUE, ORANGE, GREEN, ""]


def test_an_upright_line_reaches_from_bottom_to_top(page):
    places = [(3, y / 20) for y in range(1, 200)]
    painted = chart(page, [{"kind": "upright"}], [[[3], []]], [0, 8, 0, 10], [*places, (4, 5)])
    assert painted == [BLUE] * len(places) + [""]


def test_a_line_ends_at_the_axes_and_a_mark_beyond_them_is_not_there(page):
    series = [{"kind": "line"}, {"kind": "marker"}]
    points = [[[0, 16], [5, 5]], [[9], [5]]]
    assert chart(page, series, points, [0, 8, 0, 10], [(7.9, 5), (8.1, 5), (9, 5)]) == [BLUE, "", ""]


def test_a_mark_has_words_with_its_numbers_beside_it(page):
    said = """() => {
      const ctx = new OffscreenCanvas(9, 9).getContext("2d"), words = [], frame = { x: 0, y: 0, w: 400, h: 100 };
      ctx.fillText = (text, x, y) => words.push(text);
      const at = chartScale(frame, [0, 4, 0, 4]);
      paintMarkers(ctx, { x: [1, 9], y: [-0, 2] }, at, theme(), 0, frame, "{y} nA, {x} ms ago");
      return words;
    }"""
    assert page.evaluate(said) == ["0 nA, 1 ms ago"]


def test_a_legend_names_several_series_above_the_data(page):
    heights = """(names) => {
      const ctx = new OffscreenCanvas(9, 9).getContext("2d"), box = { x: 0, y: 0, w: 150, h: 100 };
      const frame = chartFrame(ctx, box, { series: names.map((name) => ({ kind: "line", name })) }, theme());
      return [frame.h, frame.entries.map(({ name, y }) => [name, y])];
    }"""
    assert page.evaluate(heights, ["alone"]) == [100, []]
    assert page.evaluate(heights, ["one", "", "two"]) == [80, [["one", 8], ["two", 8]]]
    assert page.evaluate(heights, ["a name that is long", "another"])[0] == 64  # two rows
