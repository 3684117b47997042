"""More than one thing at once: two views, a kernel that is restarted, a cell that is run again, a slow model and one that fails."""

import json
import re
from itertools import pairwise
from math import inf
from statistics import median

import pytest
from playwright.sync_api import expect

MODEL = """
import time, torch, snnlab as snn
from snnlab.lab import Current, Lab, Raster, Voltage
torch.set_num_threads(1)
torch.manual_seed(0)
inputs = torch.rand(200, 1, 64) < 0.05

def build():
    synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=10.0, time_constant=5.0)
    connection = snn.LinearDense(64, 25, 1.0, synapse=synapse)
    lif = snn.LIF(25, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
    return snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")

def watch(layer, **more):
    view = [Raster("exc"), Current("in2exc"), Voltage("exc", neurons=[0, 7])]
    return Lab(layer, inputs, view=view, controls=["exc.time_constant"], **more)

def hooks(layer):
    return sum(len(part._forward_hooks) + len(part._forward_pre_hooks) for part in layer.modules())
"""

FIRST = """
first_layer = build()
bare = hooks(first_layer)
first = watch(first_layer)
first
"""

SECOND = "second = watch(build())\nsecond"

# 100 ms a step and ten steps a frame; when each step began, and the membrane time constant that it used.
SLOW = """
used, slow_layer = [], build()

def slowly(spikes):
    used.append((time.time(), slow_layer.neuron.time_constant))
    time.sleep(0.1)
    slow_layer(spikes)

slow = watch(slow_layer, step=slowly, speed=10)
slow
"""

FAILING = """
broken, failing_layer = False, build()

def fail(spikes):
    if broken:
        raise RuntimeError("the model is broken")
    failing_layer(spikes)

failing = watch(failing_layer, step=fail)
failing
"""

FIRST_CELL = 1

# The picture's bytes, as one word that is another one for any other picture.
PICTURE = """(root) => {
  const canvas = root.querySelector("canvas[role=img]");
  const words = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
  return words.reduce((sum, word) => (Math.imul(sum, 31) + word) | 0, 0);
}"""

# From here on, the times at which something was clicked or moved, by the clock that Python has too.
LISTEN = """(root) => {
  root.acted = { click: [], input: [] };
  for (const kind of ["click", "input"]) root.addEventListener(kind, () => root.acted[kind].push(Date.now() / 1000), true);
}"""


def view(page, place):
    """The view of the cell at that place."""
    return page.locator(".snnlab").nth(place - FIRST_CELL)


def button(shown, name):
    return shown.get_by_role("button", name=name, exact=True)


def clock(shown):
    """The step that a view says it is at."""
    return int(re.sub(r"\D", "", shown.locator(".snnlab-clock").inner_text().split("·")[0]))


def picture(shown):
    return shown.evaluate(PICTURE)


def until(shown, steps):
    """Waits until a view shows that many steps."""
    counts = "Number(root.querySelector('.snnlab-clock').textContent.split('·')[0].replace(/\\D/g, ''))"
    shown.evaluate(
        f"(root, least) => new Promise((done) => {{ const look = () => ({counts} >= least ? done() : setTimeout(look, 10)); look(); }})",
        steps,
    )


def play(shown, steps=5):
    """Plays on, for that many steps at least."""
    before = clock(shown)
    button(shown, "Play").click()
    until(shown, before + steps)


def run_cell(page, jupyter, place):
    """Runs the cell at that place alone."""
    page.evaluate("(place) => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = place; }", place)
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-cell')")
    page.wait_for_function(jupyter.KERNEL_READY)


def ready(page, jupyter):
    jupyter.run_all(page)
    expect(page.locator(".snnlab")).to_have_count(4)
    for canvas in page.locator(".snnlab canvas[role=img]").all():
        expect(canvas).to_have_attribute("aria-label", re.compile(r"step 0\b"))


@pytest.fixture(scope="module")
def shared(open_notebooks):
    page = open_notebooks("many", MODEL, FIRST, SECOND, SLOW, FAILING)
    page.on("console", lambda message: message.type == "error" and page.problems.append(message.text))
    return page


@pytest.fixture
def page(shared, jupyter, keep_shot):
    """One page for all tests; Run All gives each of them new models and new views."""
    keep_shot(shared)
    shared.problems.clear()
    ready(shared, jupyter)
    yield shared
    assert shared.problems == []


def test_of_two_views_one_plays_and_the_other_stays(page, jupyter):
    first, second = view(page, 1), view(page, 2)
    before = picture(first), picture(second)
    play(first)
    button(first, "Pause").click()
    expect(button(first, "Play")).to_be_visible()
    assert picture(first) != before[0]
    assert picture(second) == before[1]
    assert clock(second) == 0
    assert jupyter.run_code(page, "print(first.steps > 0, second.steps, second.playing)") == "True 0 False"


def test_two_views_play_at_once_and_each_has_its_own_pause(page, jupyter):
    first, second = view(page, 1), view(page, 2)
    play(first)
    play(second)
    for shown in (first, second):
        until(shown, clock(shown) + 5)
    button(first, "Pause").click()
    expect(button(first, "Play")).to_be_visible()
    until(second, clock(second) + 2)  # a frame that was on its way has come
    stopped = clock(first)
    until(second, clock(second) + 5)
    assert clock(first) == stopped
    assert jupyter.run_code(page, "print(first.playing, second.playing)") == "False True"


def test_of_two_views_each_has_its_own_slider(page, jupyter):
    slider = view(page, 2).get_by_role("slider", name="exc.time_constant")
    before = view(page, 1).get_by_role("slider").input_value()
    slider.press("ArrowRight")
    expect(slider).not_to_have_attribute("aria-valuetext", "20 ms")
    said = slider.get_attribute("aria-valuetext").split()[0]
    constants = "first.controls['exc.time_constant'].value, second.controls['exc.time_constant'].value"
    one, other = map(float, jupyter.run_code(page, f"print({constants})").split())
    assert (one, other) == (20.0, pytest.approx(float(said), rel=1e-3))
    assert other > 20.0
    assert view(page, 1).get_by_role("slider").input_value() == before


def test_after_a_restart_of_the_kernel_the_last_picture_stays_and_run_all_works(page, jupyter):
    first = view(page, 1)
    play(first)
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.restartKernel()")
    for place in (1, 2):
        expect(view(page, place).get_by_role("alert")).to_contain_text("Not connected")
    page.wait_for_function(jupyter.KERNEL_READY)
    stopped, step = picture(first), clock(first)
    for name in ("Pause", "Step", "Reset"):
        button(first, name).click()
    first.get_by_role("slider").press("ArrowRight")
    page.wait_for_timeout(300)
    assert (picture(first), clock(first)) == (stopped, step)
    assert first.get_by_role("alert").inner_text().endswith("Run the cell again.")
    assert page.problems == []
    ready(page, jupyter)
    play(first)


def test_a_cell_that_is_run_again_while_it_plays_leaves_the_hooks_of_one_view(page, jupyter):
    count = "print(hooks(first_layer) - bare)"
    wanted = int(jupyter.run_code(page, count))
    assert wanted > 0
    jupyter.run_code(page, "model, without = first_layer, bare\nbuild = lambda: model")  # the same model is watched again
    for _ in range(3):
        play(view(page, 1))
        run_cell(page, jupyter, FIRST_CELL)
        expect(button(view(page, 1), "Play")).to_be_visible()
    assert jupyter.run_code(page, "print(first_layer is model, hooks(model) - without)") == f"True {wanted}"


def begun(page, jupyter):
    """When each step of the slow model began, and what it used."""
    return json.loads(jupyter.run_code(page, "import json; print(json.dumps(used))"))


def test_a_slow_model_hears_a_slider_after_the_present_step(page, jupyter):
    slow = view(page, 3)
    slow.evaluate(LISTEN)
    play(slow)
    slider = slow.get_by_role("slider")
    for _ in range(3):
        slider.press("ArrowRight")
        until(slow, clock(slow) + 10)
    button(slow, "Pause").click()
    moved = slow.evaluate("(root) => root.acted.input")
    steps = begun(page, jupyter)
    heard = [now[0] for last, now in pairwise(steps) if now[1] != last[1]]  # when the first step with each new value began
    assert len(heard) == len(moved) == 3
    deaf = [sum(then < time < first for time, _ in steps) for then, first in zip(moved, heard, strict=True)]
    assert median(deaf) <= 1  # steps that began after the hand had moved, and did not know


def test_a_slow_model_pauses_within_two_steps(page, jupyter):
    slow = view(page, 3)
    slow.evaluate(LISTEN)
    for _ in range(3):
        play(slow)
        button(slow, "Pause").click()
        expect(button(slow, "Play")).to_be_visible()
    assert jupyter.run_code(page, "print(slow.playing)") == "False"
    played = slow.evaluate("(root) => root.acted.click")  # Play, Pause, Play, Pause, Play, Pause, and then nothing
    steps, ends = begun(page, jupyter), [*played[2::2], inf]
    assert median(sum(pause < time < end for time, _ in steps) for pause, end in zip(played[1::2], ends, strict=True)) <= 1


def test_a_model_that_failed_plays_again_when_it_is_mended(page, jupyter):
    failing = view(page, 4)
    play(failing)
    jupyter.run_code(page, "broken = True")
    error = failing.get_by_role("alert")
    expect(error).to_contain_text("RuntimeError: the model is broken")
    stopped = clock(failing)
    expect(error).to_contain_text(f"Stopped at step {stopped}.")
    jupyter.run_code(page, "broken = False")
    play(failing)
    expect(error).to_be_hidden()
    assert clock(failing) >= stopped + 5
