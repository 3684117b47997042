"""What the bits of a raster become on a canvas, in a page of its own."""

import numpy as np
import pytest

from snnlab.lab.spikebits import spike_bits

# Paints a raster into a box of 600 x 224, and answers which pixels are painted in the middle of each step: rows from the top.
PAINT = """([rows, each, steps, bytes, ratio]) => {
  const canvas = document.createElement("canvas");
  canvas.width = 600 * ratio; canvas.height = 224 * ratio;
  const ctx = canvas.getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  const panel = { kind: "raster", title: "spikes", rows, each, label: "neuron" };
  const scene = { window: steps, step_time: 1, panels: [panel] };
  KINDS.raster.paint(ctx, { x: 0, y: 0, w: 600, h: 224 }, panel, { bits: Uint8Array.from(bytes) }, scene, theme());
  return Array.from({ length: steps }, (_, step) => {
    const { data } = ctx.getImageData(Math.floor((step + 0.5) * 600 * ratio / steps), 0, 1, 224 * ratio);
    return Array.from({ length: 224 * ratio }, (_, y) => y).filter((y) => data[4 * y + 3] === 255);
  });
}"""

# The words that the axes of a raster write, with the end of the title at 100.
WORDS = """([rows, each, ratio, title]) => {
  const ctx = document.createElement("canvas").getContext("2d");
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  const written = [];
  ctx.fillText = (words) => written.push(words);
  const panel = { kind: "raster", title: "spikes", rows, each, label: "neuron" };
  KINDS.raster.axes(ctx, { x: 62, y: 24, w: 500, h: 224, last: true }, panel, {}, { window: 1000, step_time: 1 }, theme(), title);
  return written;
}"""

READ = """([rows, each, bytes, step, neuron]) => rasterSpike({ rows, each }, Uint8Array.from(bytes), step, neuron)"""


@pytest.fixture
def page(paint_page):
    return paint_page


def painted(page, spikes, each, ratio=1):
    bits = spike_bits(spikes, each)
    return page.evaluate(PAINT, [spikes.shape[1], each, len(bits), bits.ravel().tolist(), ratio])


def test_a_spike_of_a_small_raster_is_a_mark_in_the_middle_of_its_row(page):
    spikes = np.zeros((2, 4), dtype=bool)
    spikes[0, 0] = spikes[1, 3] = True
    # Rows of 224 / 4 = 56 pixels; a mark has 12, the most: around 224 - 28 = 196 and 28.
    assert painted(page, spikes, each=1) == [list(range(190, 202)), list(range(22, 34))]


def test_with_more_neurons_than_rows_of_pixels_each_row_stands_for_several(page):
    spikes = np.zeros((4, 10_000), dtype=bool)
    spikes[0, [0, 49]] = True
    spikes[1, [600, 9999]] = True
    spikes[3, 5000] = True
    # 400 bits in 224 rows of pixels: two bits, 50 neurons, a row. Rows 0, 12, 100 and 199 of 200, each 1.12 pixels high, from below:
    # 0 to 1.12, 13.44 to 14.56, 112 to 113.12, and 222.88 to 224; their ends rounded, and counted from above.
    assert painted(page, spikes, each=25) == [[223], [0, 209, 210], [], [111]]


def test_on_a_screen_with_twice_the_pixels_a_row_stands_for_half_as_many(page):
    spikes = np.zeros((2, 10_000), dtype=bool)
    spikes[0, 24] = spikes[1, 25] = True
    # 400 rows in 448 pixels: each 1.12 pixels high, 0 to 1.12 and 1.12 to 2.24 from below.
    assert painted(page, spikes, each=25, ratio=2) == [[447], [446]]


def test_no_spike_of_a_full_raster_is_lost(page):
    spikes = np.ones((1000, 10_000), dtype=bool)
    columns = painted(page, spikes, each=25)
    assert all(column == list(range(224)) for column in columns)


@pytest.mark.parametrize(("ratio", "title", "words"), [
    (1, 100, "each row of pixels: 50 neurons"),
    (2, 100, "each row of pixels: 25 neurons"),
    (1, 430, "50 neurons a row"),
])  # fmt: skip
def test_the_picture_says_how_many_neurons_share_a_row(page, ratio, title, words):
    assert page.evaluate(WORDS, [10_000, 25, ratio, title])[-1] == words


def test_where_each_neuron_has_its_row_nothing_is_said(page):
    assert not [words for words in page.evaluate(WORDS, [200, 1, 1, 100]) if "row" in words]


def test_the_page_can_read_a_spike_back(page):
    spikes = np.zeros((2, 30), dtype=bool)
    spikes[1, 29] = True
    bits = spike_bits(spikes, 3)
    assert [page.evaluate(READ, [30, 3, bits.ravel().tolist(), step, n]) for step, n in ((1, 27), (1, 26), (0, 29))] == [True, False, False]
