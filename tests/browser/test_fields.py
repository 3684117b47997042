"""What the shades of fields become on a canvas, in a page of its own."""

import pytest

# Paints one field of 80 x 80, whose columns are 0 and 200 in turns, into a box of so many pixels; answers the shades of one line.
PAINT = """(pixels) => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = pixels;
  const ctx = canvas.getContext("2d");
  const panel = { kind: "fields", count: 1, columns: 1, height: 80, width: 80 };
  const abgr = Uint32Array.from({ length: 256 }, (_, i) => ((255 << 24) | i) >>> 0);  // the shade itself, in red
  const fields = Uint8Array.from({ length: 6400 }, (_, i) => (i % 2) * 200);
  const box = { x: 0, y: 0, w: pixels, h: pixels, across: 80, down: 80 };
  KINDS.fields.paint(ctx, box, panel, { fields, limits: [0, 1] }, { maps: { sequential: { abgr } } }, theme());
  const { data } = ctx.getImageData(0, pixels / 2, pixels, 1);
  return Array.from({ length: pixels }, (_, x) => data[4 * x]);
}"""


@pytest.fixture
def page(paint_page):
    return paint_page


def test_with_a_pixel_or_more_a_weight_has_its_own_shade(page):
    assert page.evaluate(PAINT, 80) == [0, 200] * 40
    assert page.evaluate(PAINT, 160) == [0, 0, 200, 200] * 40


def test_with_more_weights_than_pixels_a_pixel_is_the_mean_of_its_weights(page):
    # Two columns a pixel, 0 and 200: 100. The nearest alone would be all 0 or all 200.
    assert page.evaluate(PAINT, 40) == pytest.approx([100] * 40, abs=10)
