"""Looking at the figure: pointing reads, a click follows, the wheel goes into time. In a page without JupyterLab, but for the last test."""

import pytest
import torch
from playwright.sync_api import expect

import snnlab as snn
from snnlab.lab import Evolution, Fields, Histogram, Lab, Raster, Voltage, Weights
from snnlab.lab.chart import Chart, Series
from snnlab.lab.view import HERE, PAINTING

FIGURE, STATUS = ".snnlab-figure", ".snnlab-readout"

# What of a layer's pixels differs from what was kept under that name before; then the present ones are kept.
DIFFERENT = """([layer, name]) => {
  const canvas = document.querySelectorAll(".snnlab-figure canvas")[layer], { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const now = copy.getImageData(0, 0, width, height).data, before = (window.kept ??= {})[name];
  window.kept[name] = now;
  let count = 0;
  for (let i = 0; before && i < now.length; i++) count += Math.abs(now[i] - before[i]) > 8;
  return count;
}"""

# From here on, painting the picture is an error of the page.
NO_MORE = """() => {
  document.querySelectorAll("canvas")[1].getContext("2d").clearRect = () => { throw new Error("painted again"); };
}"""

# Opaque pixels of the marks within a box of the figure, by its place: [x, y, w, h].
MARKED = """([x, y, w, h]) => {
  const [below, , canvas] = document.querySelectorAll(".snnlab-figure canvas"), ratio = canvas.width / below.clientWidth;
  const data = canvas.getContext("2d").getImageData(x * ratio, y * ratio, w * ratio, h * ratio).data;
  return data.filter((value, i) => i % 4 === 3 && value > 0).length;
}"""

# At 1000 pixels of width and two columns the left one is 600 wide, less 62 at the left and 10 at the right of its panels.
WIDTH, LEFT, RIGHT = 1000, 62, 590
RASTER, VOLTAGE = (24, 24 + 132), (24 + 132 + 8 + 24, 24 + 132 + 8 + 24 + 96)  # top and bottom, with a third panel below


@pytest.fixture
def stage(on_stage, request):
    """Four neurons of two inputs. Neuron 1 fires at every step from step 10 on, as its weight is 1 and the input comes then."""
    connection = snn.LinearDense(2, 4, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1000.0))
    connection.weight = torch.tensor([[0.0, 0.25], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
    lif = snn.LIF(4, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
    view = [Raster("exc"), Voltage("exc", neurons=[0, 3], limits=(-65.0, -45.0)), Evolution("in2exc.weight", bins=4, limits=(0.0, 1.0))]
    view.append(Fields("in2exc.weight", shape=(1, 2), limits=(0.0, 1.0)))
    lab = Lab(layer, lambda step: torch.tensor([[step >= 10, False]]), view=view, window=40, device=False)
    lab.step(40)
    stage = on_stage(lab, viewport={"width": WIDTH + 20, "height": 700}, **getattr(request, "param", {}))
    stage.page.add_style_tag(content=f"body {{ margin: 0 }} .snnlab {{ padding: 0 !important; width: {WIDTH}px }}")
    stage.page.wait_for_function(f"document.querySelector('.snnlab-figure canvas').clientWidth === {WIDTH}")
    return stage


def over(stage, x, y):
    """A point of the page, of one of the figure."""
    box = stage.page.locator(FIGURE).bounding_box()
    return box["x"] + x, box["y"] + y


def at_step(step, first=0, end=40):
    """The middle of a step of the window."""
    return LEFT + (step + 0.5 - first) * (RIGHT - LEFT) / (end - first)


def at_row(row):
    """The middle of a row of four in the raster."""
    return RASTER[1] - (row + 0.5) * 132 / 4


def point(stage, x, y):
    stage.page.mouse.move(*over(stage, x, y))
    return stage.page.locator(STATUS).inner_text()


def field(stage, neuron):
    """The middle of the first pixel of a field, and its box. The grid is 2 x 2 fields of 2 x 1 pixels with 1 between."""
    x, y, w = stage.page.evaluate(
        f"""() => {{
          const scene = window.state.scene, box = layOut(scene, {WIDTH}).boxes.get(scene.panels[3]);
          return [box.x, box.y, box.w];
        }}"""
    )
    pixel = w / 5
    left, top = x + (neuron % 2) * 3 * pixel, y + (neuron // 2) * 2 * pixel
    return (left + pixel / 2, top + pixel / 2), (left, top, 2 * pixel, pixel)


@pytest.fixture
def painting(stage):
    """The functions that paint, in the page's reach."""
    for name in PAINTING:
        stage.page.add_script_tag(path=HERE / name)


def marked(stage, x, y, w, h):
    return stage.page.evaluate(MARKED, [x, y, w, h])


def test_pointing_at_a_row_says_neuron_time_and_spike(stage):
    assert point(stage, at_step(5), at_row(1)) == "neuron 1 of exc, 5 ms: no spike"
    assert point(stage, at_step(30), at_row(1)) == "neuron 1 of exc, 30 ms: spike"
    assert point(stage, at_step(30), at_row(2)) == "neuron 2 of exc, 30 ms: no spike"
    assert stage.page.locator(STATUS).get_attribute("role") == "status"


def test_pointing_at_a_trace_says_its_value(stage):
    y = VOLTAGE[1] - 2  # rest, at the foot of the axis
    assert point(stage, at_step(7), y) == "neuron 0 of exc, 7 ms: voltage −65 mV"


def test_pointing_at_a_heat_map_says_how_many(stage):
    # Of 8 weights, 6 are 0, 1 is 0.25 and 1 is 1: the bins from 0 to 0.25, and from there to 0.5.
    x, top = at_step(20), VOLTAGE[1] + 8 + 24
    assert point(stage, x, top + 105) == "weight 0 to 0.25, 20 ms: about 6 of 8 synapses"
    assert point(stage, x, top + 75) == "weight 0.25 to 0.5, 20 ms: about 1 of 8 synapses"


def test_pointing_at_a_field_says_its_weight(stage, painting):
    (x, y), _ = field(stage, 1)
    assert point(stage, x, y) == "neuron 1 of exc: weight 1 at row 0, column 0"
    (x, y), _ = field(stage, 2)
    assert point(stage, x, y) == "neuron 2 of exc: weight 0 at row 0, column 0"


def test_row_trace_and_field_of_a_neuron_light_up_together_and_the_picture_is_not_painted_again(stage, painting):
    stage.page.evaluate(DIFFERENT, [1, "data"])
    stage.page.evaluate(NO_MORE)
    (x, y), (left, top, w, h) = field(stage, 3)
    row = (LEFT, at_row(3) - 10, RIGHT - LEFT, 20)
    trace = (LEFT, VOLTAGE[0], RIGHT - LEFT, 97)
    other = field(stage, 0)[1]
    assert [marked(stage, *box) for box in (row, trace, (left - 3, top - 3, w + 6, h + 6))] == [0, 0, 0]
    for place in ((x, y), (at_step(20), at_row(3))):
        point(stage, *place)
        assert all(marked(stage, *box) > 100 for box in (row, trace, (left - 3, top - 3, w + 6, h + 6)))
        assert marked(stage, *other) == 0
    stage.page.mouse.move(*over(stage, WIDTH - 2, 2))
    assert marked(stage, 0, 0, WIDTH, 400) == 0
    assert stage.page.evaluate(DIFFERENT, [1, "data"]) == 0


def test_a_click_on_a_field_follows_its_neuron_and_another_lets_go(stage, painting):
    (x, y), (left, top, w, h) = field(stage, 1)
    stage.page.mouse.click(*over(stage, x, y))
    assert [(said["do"], said["group"], said["neuron"]) for said in stage.exchange()] == [("follow", "exc", 1)]
    assert stage.lab.view.scene["panels"][1]["neurons"] == [0, 1]
    stage.page.mouse.move(*over(stage, WIDTH - 2, 2))
    assert marked(stage, left - 3, top - 3, w + 6, h + 6) > 100  # outlined still
    assert stage.page.locator(STATUS).inner_text().startswith("Following 1 of exc;")
    stage.page.mouse.click(*over(stage, x, y))
    stage.exchange()
    stage.page.mouse.move(*over(stage, WIDTH - 2, 2))
    assert stage.lab.scene.following.followed == {}
    assert marked(stage, left - 3, top - 3, w + 6, h + 6) == 0


def test_the_wheel_zooms_where_the_pointer_is_and_only_what_is_in_view_is_there(stage):
    x = at_step(20)
    point(stage, x, at_row(1))
    for _ in range(20):
        stage.page.mouse.wheel(0, -200)
    stage.page.wait_for_function(f"document.querySelector('{STATUS}').textContent.includes(' 20 ms')")
    # 8 steps are in view, the least, and step 20 stands where it stood: 20.5 of 40 steps, so that 4.1 of 8 are before it.
    shown = {point(stage, at_step(step, 16.4, 24.4), at_row(1)).split(",")[1] for step in range(17, 24)}
    assert shown == {f" {step} ms: spike" for step in range(17, 24)}
    stage.page.keyboard.press("0")


def test_keys_zoom_pan_and_come_back(stage):
    stage.page.locator(".snnlab button").first.focus()
    axes = [0, "axes"]
    stage.page.evaluate(DIFFERENT, axes)
    stage.page.keyboard.press("]")  # about now, which is in view: 40 / 1.5 steps
    assert point(stage, RIGHT - 1, at_row(1)) == "neuron 1 of exc, 39 ms: spike"
    assert point(stage, LEFT + 1, at_row(1)) == "neuron 1 of exc, 13 ms: spike"  # 40 - 26.7 = 13.3
    stage.page.keyboard.press("{")  # a quarter of 26.7 steps back
    assert point(stage, LEFT + 1, at_row(1)) == "neuron 1 of exc, 6 ms: no spike"
    stage.page.keyboard.press("[")
    stage.page.keyboard.press("0")
    assert point(stage, LEFT + 1, at_row(1)) == "neuron 1 of exc, 0 ms: no spike"
    assert stage.page.evaluate(DIFFERENT, axes) == 0


def test_a_drag_pans_and_a_double_click_shows_all_and_neither_follows(stage):
    stage.page.locator(".snnlab button").first.focus()
    stage.page.keyboard.press("]")
    stage.page.mouse.move(*over(stage, 200, at_row(1)))
    stage.page.mouse.down()
    stage.page.mouse.move(*over(stage, 590, at_row(1)), steps=4)  # as far as it goes
    stage.page.mouse.up()
    assert point(stage, LEFT + 1, at_row(1)) == "neuron 1 of exc, 0 ms: no spike"
    assert point(stage, RIGHT - 1, at_row(1)).startswith("neuron 1 of exc, 26 ms")
    stage.page.mouse.dblclick(*over(stage, 300, at_row(1)))
    stage.exchange()
    assert point(stage, RIGHT - 1, at_row(1)).startswith("neuron 1 of exc, 39 ms")
    assert stage.lab.scene.following.followed == {}


def hand(stage):
    """Puts fingers on the screen: `touch("touchStart", (x, y), ...)`, at points of the figure."""
    screen = stage.page.context.new_cdp_session(stage.page)

    def touch(kind, *points):
        fingers = [dict(zip("xy", over(stage, *place), strict=True), id=number) for number, place in enumerate(points)]
        screen.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    return touch


@pytest.mark.parametrize("stage", [{"has_touch": True}], indirect=True)
def test_two_fingers_zoom_and_a_tap_reads(stage):
    touch, y = hand(stage), at_row(1)
    touch("touchStart", (at_step(18), y), (at_step(22), y))
    for apart in (3, 4, 6, 8):
        touch("touchMove", (at_step(20 - apart), y), (at_step(20 + apart), y))
    touch("touchEnd")
    # From 4 to 16 steps apart: a quarter of the 40 steps is in view, and the middle of the fingers stays at step 20.
    assert point(stage, LEFT + 1, y) == "neuron 1 of exc, 15 ms: spike"
    assert point(stage, RIGHT - 1, y) == "neuron 1 of exc, 25 ms: spike"
    assert stage.lab.scene.following.followed == {}
    stage.page.locator(".snnlab button").first.focus()
    stage.page.keyboard.press("0")
    stage.page.touchscreen.tap(*over(stage, at_step(5), y))
    assert stage.page.locator(STATUS).text_content() == "neuron 1 of exc, 5 ms: no spike"  # it stays when the finger has left


def test_the_page_scrolls_where_there_is_no_time_and_where_all_of_it_is_in_view(stage, painting):
    stage.page.add_style_tag(content="body { height: 3000px }")
    (x, y), _ = field(stage, 0)
    for place in ((x, y), (at_step(20), at_row(1))):
        stage.page.evaluate("window.scrollTo(0, 0)")
        stage.page.mouse.move(*over(stage, *place))
        stage.page.mouse.wheel(0, 60)
        stage.page.wait_for_function("window.scrollY > 0")
    stage.page.evaluate("window.scrollTo(0, 40)")
    stage.page.mouse.move(*over(stage, at_step(20), at_row(1)))
    stage.page.mouse.wheel(0, -60)
    stage.page.wait_for_function(f"document.querySelector('{STATUS}').textContent.includes('ms')")
    assert stage.page.evaluate("window.scrollY") == 40


def test_the_picture_follows_while_zoomed(stage):
    stage.page.locator(".snnlab button").first.focus()
    stage.page.keyboard.press("]")
    stage.lab.step(5)
    stage.exchange()
    assert point(stage, RIGHT - 1, at_row(1)) == "neuron 1 of exc, 44 ms: spike"
    assert "step 45" in stage.page.locator(".snnlab-clock").inner_text()


def test_words_under_a_pointer_that_rests_follow_the_picture(stage):
    assert point(stage, at_step(39), at_row(1)) == "neuron 1 of exc, 39 ms: spike"
    stage.lab.step(2)
    stage.exchange()
    assert stage.page.locator(STATUS).inner_text() == "neuron 1 of exc, 41 ms: spike"


def test_a_line_that_is_no_neuron_can_be_read(on_stage):
    connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0), weight_init=torch.ones_like)
    lif = snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    view = Weights("serial.weight", [(0, 1)], limits=(0.0, 2.0))
    lab = Lab(snn.Serial(connection, lif), torch.zeros(1, 1, 2), view=view, window=10, device=False)
    lab.step(10)
    stage = on_stage(lab)
    assert point(stage, 400, 80).endswith("ms: weight 1")
    stage.page.mouse.click(*over(stage, 400, 80))
    assert stage.exchange() == []


@pytest.mark.parametrize(("dark", "ink"), [(True, "rgb(238, 238, 238)"), (False, "rgb(34, 34, 34)")])
def test_a_dark_page_that_is_not_jupyterlab_gets_light_words(stage, dark, ink):
    stage.page.evaluate(f"document.body.className = {'vscode-dark' if dark else 'vscode-light'!r}")
    stage.page.wait_for_function(f"getComputedStyle(document.querySelector('.snnlab')).color === {ink!r}")


LAB = """
import torch, snnlab as snn
from snnlab.lab import Fields, Lab, Raster, Voltage, Wiring
synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=10.0, time_constant=5.0)
connection = snn.LinearDense((8, 8), 25, 1.0, synapse=synapse)
lif = snn.LIF(25, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
lab = Lab(layer, torch.rand(200, 1, 8, 8) < 0.05, view=[Wiring(), Raster("exc"), Voltage("exc"), Fields("in2exc.weight")])
lab
"""


def test_in_jupyterlab_a_neuron_is_read_and_followed_while_it_plays_and_the_words_are_those_of_the_pause(open_notebook, jupyter):
    page = open_notebook(LAB)
    jupyter.run_all(page)
    view = page.locator(".snnlab").last
    view.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("Number(document.querySelector('.snnlab-clock').textContent.match(/step (\\d+)/)[1]) > 20")
    view.locator(FIGURE).scroll_into_view_if_needed()
    box = view.locator(FIGURE).bounding_box()
    x, y = box["x"] + 200, box["y"] + 112 + 60  # within the raster, below the strip of the wiring
    page.mouse.move(x, y)
    page.wait_for_function(f"/^neuron \\d+ of exc, /.test(document.querySelector('{STATUS}').textContent)")
    assert view.locator(STATUS).get_attribute("aria-live") == "off"
    page.mouse.click(x, y)
    page.mouse.wheel(0, -400)
    view.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_timeout(500)
    assert view.locator("canvas[role=img]").get_attribute("aria-label") == jupyter.run_code(page, "print(lab.snapshot())")
    followed = jupyter.run_code(page, "print(lab.scene.following.followed)")
    assert followed.startswith("{'exc': ")
    neuron = followed.split()[1].rstrip("}")
    assert view.locator(STATUS).inner_text().startswith(f"Following {neuron} of exc;")
    assert page.problems == []


class Slope(Chart):
    """A line from one corner to the other, and an upright at a quarter."""

    x, y, series = "time (ms)", "level (mV)", (Series("line", "slope"), Series("upright", "limit"))

    def _bind(self, *_): ...

    def points(self, recorder):
        return [([0.0, 1.0], [0.0, 10.0]), ([0.25], [])]

    def reach(self, points):
        return 0.0, 1.0, 0.0, 10.0

    def words(self, recorder):
        return "a slope"


@pytest.fixture
def charted(on_stage):
    """Alone in 1000 pixels a chart lies from 72 to 970 across and from 24 to 304 down, less 20 for a legend; the second one 344 below."""
    connection = snn.LinearDense(4, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    connection.weight = torch.tensor([[0.0, 0.25, 0.5, 0.75], [0.0, 0.0, 0.0, 1.5]])
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
    view = [Histogram("in2exc.weight", bins=2, limits=(0.0, 2.0)), Slope("exc", title="a slope")]
    stage = on_stage(Lab(layer, torch.zeros(1, 1, 4), view=view, device=False), viewport={"width": WIDTH + 20, "height": 900})
    stage.page.add_style_tag(content=f"body {{ margin: 0 }} .snnlab {{ padding: 0 !important; width: {WIDTH}px }}")
    stage.page.wait_for_function(f"document.querySelector('.snnlab-figure canvas').clientWidth === {WIDTH}")
    return stage


def test_a_chart_is_read_at_its_bars_lines_and_limits(charted):
    assert point(charted, 72 + 898 / 4, 290) == "histogram · in2exc.weight: weight 0 to 1, 7 synapses"
    assert charted.page.evaluate(MARKED, [72, 24, 449, 280]) > 500
    assert charted.page.evaluate(MARKED, [72 + 453, 24, 440, 280]) == 0
    assert point(charted, 72 + 898 * 3 / 4, 40) == "histogram · in2exc.weight: weight 1 to 2, 1 synapses"  # above the bar it is meant
    foot, top = 344 + 304, 344 + 24 + 20
    assert point(charted, 72 + 898 / 2, (foot + top) / 2) == "slope: time 0.5 ms, level 5 mV"
    assert charted.page.evaluate(MARKED, [72 + 449 - 10, (foot + top) // 2 - 10, 20, 20]) > 20
    assert point(charted, 72 + 898 / 4 + 3, top + 40) == "limit: time 0.25 ms"
    assert point(charted, 72 + 898 * 0.7, foot - 20).startswith("Point at the figure")  # nothing near


def test_a_frame_that_does_not_ask_is_not_acknowledged(stage):
    stage.page.evaluate("window.sent.length = 0")
    for every in (3, 3, 3):
        stage.lab.gate.show(every=every)
        stage._deliver()
    acknowledged = stage.page.evaluate("window.sent.filter(({ do: what }) => what === 'ack').map(({ frame }) => frame)")
    assert acknowledged == [stage.lab.gate._number]
    assert stage.lab.gate.asking


def test_a_layer_without_marks_is_not_shown_for_it_would_be_copied_at_each_frame(stage):
    marks = stage.page.locator(".snnlab-marks")
    expect(marks).to_be_hidden()
    point(stage, at_step(5), at_row(1))
    expect(marks).to_be_visible()
    stage.page.mouse.move(0, 0)
    expect(marks).to_be_hidden()
