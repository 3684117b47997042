"""The live view as a person meets it: real JupyterLab, real Chromium, mouse and keyboard."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from snnlab.lab.view import HERE, PAINTING

ROOT = Path(__file__).resolve().parents[2]

MODEL = """
import torch, snnlab as snn
from snnlab.lab import Control, Current, Fields, Lab, Raster, Voltage
torch.set_num_threads(1)
torch.manual_seed(0)
synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=10.0, time_constant=5.0)
connection = snn.LinearDense((8, 8), 25, 1.0, synapse=synapse)
lif = snn.LIF(25, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
connection.defaultupdater()
stdp = snn.STDP(lr_post=0.01, lr_pre=-0.01, tc_post=20.0, tc_pre=20.0)
stdp.register_cell("only", layer.cell)
inputs = torch.rand(200, 1, 8, 8) < 0.05
"""

LAB = """
lab = Lab(layer, inputs, trainers={"stdp": stdp}, controls=["exc.time_constant", "stdp.lr_post"],
    view=[Raster("exc"), Current("in2exc"), Voltage("exc", neurons=[0, 7]), Fields("in2exc.weight", limits=(0, 1))])
lab
"""

# Keeps the picture's bytes in the page, under a number.
SHOOT = """() => {
  const canvas = [...document.querySelectorAll(".snnlab canvas[role=img]")].pop();
  window.shots ??= [];
  return window.shots.push(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data) - 1;
}"""

# The share of bytes in which two pictures differ by more than an eye would see.
COMPARE = """([one, other]) => {
  const [a, b] = [window.shots[one], window.shots[other]];
  if (a.length !== b.length) throw new Error("the pictures are not of one size");
  let count = 0;
  for (let i = 0; i < a.length; i++) count += Math.abs(a[i] - b[i]) > 8;
  return count / a.length;
}"""


def shoot(page):
    """Remembers the picture as it is now."""
    return page.evaluate(SHOOT)


def changed(page, since):
    """How much of the picture has changed since."""
    return page.evaluate(COMPARE, [since, shoot(page)])


def settle(page):
    """Until what was asked for is on the screen: the same picture for 300 ms."""
    page.evaluate(
        """() => new Promise((done) => {
          let last = performance.now();
          document.addEventListener("snnlab-frame", () => { last = performance.now(); });
          const look = () => (performance.now() - last > 300 ? done() : setTimeout(look, 50));
          look();
        })"""
    )


def view(page):
    return page.locator(".snnlab").last


def button(page, name):
    return view(page).get_by_role("button", name=name, exact=True)


def clock(page):
    """The step that the view says it is at."""
    return int(re.sub(r"\D", "", view(page).locator(".snnlab-clock").inner_text().split("·")[0]))


def ready(page, jupyter):
    jupyter.run_all(page)
    expect(view(page).locator("canvas[role=img]")).not_to_have_attribute("aria-label", "nothing recorded yet")
    settle(page)
    return page


@pytest.fixture(scope="module")
def shared(open_notebooks):
    return open_notebooks("live", MODEL, LAB)


@pytest.fixture
def page(shared, jupyter, keep_shot):
    """One page for all tests; Run All gives each a new model and a new view."""
    shared.problems.clear()
    yield keep_shot(ready(shared, jupyter))
    assert shared.problems == []


def play_a_little(page, steps=20):
    before = clock(page)
    button(page, "Play").click()
    page.wait_for_function(
        "(least) => Number([...document.querySelectorAll('.snnlab-clock')].pop().textContent.split('·')[0].replace(/\\D/g, '')) >= least",
        arg=before + steps,
    )


def test_play_moves_the_picture_and_pause_stops_it(page, jupyter):
    first = shoot(page)
    play_a_little(page)
    assert changed(page, first) > 0.001
    button(page, "Pause").click()
    settle(page)
    stopped, step = shoot(page), clock(page)
    page.wait_for_timeout(300)
    assert (clock(page), changed(page, stopped)) == (step, 0.0)
    assert jupyter.run_code(page, "print(lab.steps, lab.playing)") == f"{step} False"


def test_reset_brings_the_first_picture_back(page, jupyter):
    first = shoot(page)
    play_a_little(page)
    button(page, "Reset").click()
    settle(page)
    assert clock(page) == 0
    assert changed(page, first) == 0.0
    assert jupyter.run_code(page, "print(lab.steps, lab.playing)") == "0 False"


def test_the_clock_says_step_and_time_in_full(page, jupyter):
    jupyter.run_code(page, "lab.step(1234)")
    settle(page)
    assert view(page).locator(".snnlab-clock").inner_text() == "step 1,234 · 1,234 ms"


def test_step_does_one_step(page):
    button(page, "Step").click()
    settle(page)
    assert clock(page) == 1


def test_the_keyboard_does_it_all(page):
    button(page, "Play").focus()
    page.keyboard.press("Enter")
    expect(button(page, "Pause")).to_be_focused()
    page.keyboard.press("Space")
    expect(button(page, "Play")).to_be_focused()
    settle(page)
    before = clock(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    settle(page)
    assert clock(page) == before + 1
    assert page.evaluate("document.querySelectorAll('.jp-Notebook.jp-mod-editMode').length") == 0  # the keys were the view's alone


def test_a_slider_follows_mouse_and_arrow_key_and_python_sees_it(page, jupyter):
    slider = view(page).get_by_role("slider", name="exc.time_constant")
    value = lambda: float(jupyter.run_code(page, "print(lif.time_constant)"))  # noqa: E731
    box, before = slider.bounding_box(), value()
    start = box["x"] + box["width"] * float(slider.input_value()) / float(slider.get_attribute("max"))
    page.mouse.move(start, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(start + 30, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    settle(page)
    dragged = value()
    assert dragged > before
    slider.press("ArrowLeft")
    slider.press("ArrowLeft")
    settle(page)
    assert before < value() < dragged
    said = float(slider.get_attribute("aria-valuetext").split()[0])
    assert said == pytest.approx(value(), rel=1e-3)


def test_a_slider_acts_while_the_model_runs(page, jupyter):
    play_a_little(page)
    slider = view(page).get_by_role("slider", name="stdp.lr_post")
    slider.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(30)
    position = slider.input_value()
    play_a_little_more = clock(page)
    page.wait_for_timeout(300)
    assert clock(page) > play_a_little_more
    assert slider.input_value() == position  # no frame pushed it back
    assert float(jupyter.run_code(page, "print(stdp.lr_post)")) > 0.01


def test_a_value_set_in_python_moves_the_slider(page, jupyter):
    slider = view(page).get_by_role("slider", name="exc.time_constant")
    before = int(slider.input_value())
    jupyter.run_code(page, "lif.time_constant = 60.0")
    expect(slider).to_have_attribute("aria-valuetext", "60 ms")
    assert int(slider.input_value()) > before


def test_speed_sets_the_steps_of_a_frame(page, jupyter):
    view(page).get_by_label("Speed").select_option("10")
    settle(page)
    assert jupyter.run_code(page, "print(lab.speed)") == "10"


def test_devices_that_are_missing_say_why(page):
    options = view(page).get_by_label("Device").locator("option")
    told = {options.nth(i).get_attribute("value"): options.nth(i) for i in range(options.count())}
    assert list(told) == ["auto", "cpu", "cuda", "mps"]
    for name in ("auto", "cpu"):
        assert told[name].is_enabled()
    for name in ("cuda", "mps"):
        assert told[name].is_enabled() or len(told[name].get_attribute("title")) > 10


def test_an_error_of_the_model_shows_in_the_view_and_stops_the_run(page, jupyter):
    jupyter.run_code(page, "layer.connection.weight.data[0, 0] = float('nan')")
    button(page, "Play").click()
    error = view(page).get_by_role("alert")
    expect(error).to_contain_text("Stopped at step 0. ValueError")
    expect(button(page, "Play")).to_be_visible()


def test_running_the_cell_again_stops_the_old_run(page, jupyter):
    play_a_little(page)
    jupyter.run_code(page, "old = lab")
    jupyter.run_all(page)
    settle(page)
    assert jupyter.run_code(page, "print(old is lab, old.playing, lab.playing)") == "False False False"
    assert page.locator(".snnlab").count() == 1


def test_alt_text_says_the_picture(page, jupyter):
    button(page, "Step").click()
    settle(page)
    assert view(page).locator("canvas[role=img]").get_attribute("aria-label") == jupyter.run_code(page, "print(lab.snapshot())")


# The words that are written beside the axis of a raster.
WORDS = """([rows, label]) => {
  const scene = { window: 10, step_time: 1, panels: [{ kind: "raster", title: "spikes", rows, each: 1, label }] };
  const ctx = document.createElement("canvas").getContext("2d"), words = [];
  ctx.fillText = (text) => words.push(text);
  paintAxes(ctx, layOut(scene, 600), scene, [{}], theme());
  return words.slice(words.indexOf("time before now (ms)") + 1);
}"""


@pytest.mark.parametrize(
    ("rows", "label", "words"),
    [(1, "neuron", ["0", "neuron"]), (2, "input", ["0", "1", "input"]), (4, "neuron", ["0", "1", "2", "3", "neuron"])],
)
def test_few_rows_of_a_raster_have_whole_numbers_and_the_axis_says_what_they_are(browser, rows, label, words):
    page = browser.new_page()
    for name in PAINTING:
        page.add_script_tag(path=HERE / name)
    assert page.evaluate(WORDS, [rows, label]) == words
    page.close()


# Opaque pixels of the axes, over time, that are nearly white and nearly black.
INK = """() => {
  const canvas = document.querySelector(".snnlab canvas[aria-hidden=true]"), { width, height } = canvas;
  const copy = new OffscreenCanvas(width, height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const data = copy.getImageData(0, 0, width * 0.5, height).data;
  let white = 0, black = 0;
  for (let i = 0; i < data.length; i += 4) if (data[i + 3] > 200) { white += data[i] > 220; black += data[i] < 50; }
  return [white, black];
}"""


def test_ink_is_light_on_dark_and_dark_on_light_and_follows_the_theme(open_notebook, jupyter):
    page = ready(open_notebook(MODEL, LAB, dark=True, scale=2.0), jupyter)
    white, black = page.evaluate(INK)
    assert white > 100
    assert black == 0
    page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'})")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'true'")
    page.wait_for_timeout(500)
    assert page.evaluate(INK)[1] > 100
    assert page.problems == []


RECEPTIVE = ROOT / "notebooks" / "05-receptive-fields.ipynb"


def test_the_main_notebook_runs_plays_and_comes_back(open_notebook, jupyter):
    page = open_notebook(path=RECEPTIVE)
    jupyter.run_all(page, timeout=180)
    page.locator(".snnlab canvas[role=img]").last.scroll_into_view_if_needed()
    settle(page)
    button(page, "Reset").click()
    settle(page)
    first = shoot(page)
    play_a_little(page)
    assert changed(page, first) > 0.001
    slider = view(page).get_by_role("slider").first
    before, said = slider.input_value(), slider.get_attribute("aria-valuetext")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.75, box["y"] + box["height"] / 2)
    slider.press("ArrowRight")
    assert slider.input_value() != before
    assert slider.get_attribute("aria-valuetext") != said
    button(page, "Pause").click()
    settle(page)
    stopped = shoot(page)
    page.wait_for_timeout(300)
    assert changed(page, stopped) == 0.0
    button(page, "Reset").click()
    settle(page)
    assert changed(page, first) < 0.001
    assert page.problems == []
