"""Painting itself, in a page of its own: what the arrays of a frame become on a canvas."""

import pytest

from snnlab.lab.view import HERE, PAINTING

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
def page(browser):
    page = browser.new_page()
    for name in PAINTING:
        page.add_script_tag(path=HERE / name)
    yield page
    page.close()


def test_a_heat_map_has_time_to_the_right_and_low_values_below(page):
    # Step by step, low bins first: lower left, upper left, lower right, upper right.
    assert page.evaluate(HEAT, [10, 60, 110, 210]) == [[10, 255], [60, 255], [110, 255], [210, 255]]


def test_a_step_before_the_first_is_left_blank(page):
    assert page.evaluate(HEAT, [0, 0, 1, 255]) == [[0, 0], [0, 0], [1, 255], [255, 255]]
