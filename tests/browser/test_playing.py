"""Playing as a person meets it, by mouse and by keyboard, in a real JupyterLab: every button, menu and key, and what is said."""

import re
import time

import pytest
from playwright.sync_api import expect

MODEL = """
import asyncio, pathlib, torch, snnlab as snn
from snnlab.lab import Control, Lab, Raster
torch.set_num_threads(1)
connection = snn.LinearDense(9, 4, 1.0, synapse=snn.DeltaCurrent.partialconstructor(60.0))
lif = snn.LIF(4, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
connection.defaultupdater()
inputs = torch.rand(50, 1, 9, generator=torch.Generator().manual_seed(1)) < 0.3
broken = set()                     # what is to fail: "model", "trainer", "inputs", "on_reset", "set"
def trouble(where, value=None):
    if where in broken:
        raise ValueError(f"broken {where}")
    return value
lif.register_forward_hook(lambda *_: trouble("model"))
box = {"size": 4.0, "gain": 1.0}
def gain(value):
    box["gain"] = trouble("set", value)
"""

LAB = """
lab = Lab(layer, lambda step: trouble("inputs", inputs[step % 50]), view=[Raster("exc")], window=40, on_reset=lambda: trouble("on_reset"),
    trainers={"late": lambda: trouble("trainer")}, controls=["exc.time_constant",
        Control("size", low=1, high=9, step=1, restart=True, get=lambda: box["size"], set=lambda value: box.update(size=value)),
        Control("gain", low=0, high=2, step=0.1, get=lambda: box["gain"], set=gain)])
lab
"""


def view(page):
    return page.locator(".snnlab").last


def button(page, name):
    return view(page).get_by_role("button", name=name, exact=True)


def clock(page):
    """The step that the view says it is at."""
    return int(re.sub(r"\D", "", view(page).locator(".snnlab-clock").inner_text().split("·")[0]))


def at_step(page, step):
    expect(view(page).locator(".snnlab-clock")).to_have_text(re.compile(rf"^step {step:,} ·"))


def moves(page, least=3):
    """Waits until it has gone on by some steps."""
    before = clock(page)
    page.wait_for_function(
        "(least) => Number([...document.querySelectorAll('.snnlab-clock')].pop().textContent.split('·')[0].replace(/\\D/g, '')) >= least",
        arg=before + least,
    )


def heard(page, jupyter, code, wanted):
    """Waits until the kernel prints what is wanted: what the page said has arrived."""
    for _ in range(100):
        if jupyter.run_code(page, code) == wanted:
            return
        page.wait_for_timeout(30)
    assert jupyter.run_code(page, code) == wanted


def focus_view(page):
    """A click beside the controls, as a person who wants the keys would do."""
    clock = view(page).locator(".snnlab-clock")
    clock.click()
    expect(view(page)).to_be_focused()


@pytest.fixture(scope="module")
def shared(open_notebooks):
    return open_notebooks("playing", MODEL, LAB)


@pytest.fixture
def page(shared, jupyter, keep_shot):
    """One page for all tests; Run All gives each a new model and a new view."""
    shared.problems.clear()
    jupyter.run_all(shared)
    at_step(shared, 0)
    yield keep_shot(shared)
    assert shared.problems == []


# --- by mouse ---------------------------------------------------------------------------------------------------------------------------


def test_run_does_so_many_steps_and_stops(page, jupyter):
    view(page).get_by_label("Steps to run").fill("37")
    button(page, "Run").click()
    at_step(page, 37)
    expect(button(page, "Play")).to_be_visible()
    assert jupyter.run_code(page, "print(lab.steps, lab.playing)") == "37 False"


def test_run_of_no_step_is_not_sent(page, jupyter):
    for nonsense in ("0", "-3", "2.5", ""):
        view(page).get_by_label("Steps to run").fill(nonsense)
        button(page, "Run").click()
    button(page, "Step").click()
    at_step(page, 1)
    assert jupyter.run_code(page, "print(lab.steps, repr(lab.error))") == "1 ''"


def test_the_menu_goes_from_a_step_a_second_to_as_fast_as_it_goes(page, jupyter):
    menu = view(page).get_by_label("Speed")
    assert menu.locator("option").all_inner_texts() == [
        *("1 step a second", "2 steps a second", "5 steps a second", "10 steps a second"),
        *("1 step a frame", "2 steps a frame", "5 steps a frame", "10 steps a frame"),
        *("20 steps a frame", "50 steps a frame", "100 steps a frame", "as fast as it goes"),
    ]
    for choice, told in [("1/s", "1 1.0"), ("10/s", "1 10.0"), ("50", "50 None"), ("0", "None None")]:
        menu.select_option(choice)
        heard(page, jupyter, "print(lab.speed, lab.pace)", told)


def test_a_speed_of_python_stands_in_the_menu_at_its_place(page, jupyter):
    menu = view(page).get_by_label("Speed")
    jupyter.run_code(page, "lab.pace = 3")
    expect(menu).to_have_value("3/s")
    jupyter.run_code(page, "lab.speed = 7")
    expect(menu).to_have_value("7")
    values = menu.locator("option").evaluate_all("(options) => options.map((option) => option.value)")
    assert values == ["1/s", "2/s", "3/s", "5/s", "10/s", "1", "2", "5", "7", "10", "20", "50", "100", "0"]


def test_a_slider_answers_and_pause_acts_while_it_waits_for_a_slow_step(page, jupyter):
    jupyter.run_code(page, "lab.pace = 1e-6")  # the second step comes in eleven days
    button(page, "Play").click()
    at_step(page, 1)
    view(page).get_by_role("slider", name="gain").press("ArrowRight")
    heard(page, jupyter, "print(box['gain'])", "1.1")
    button(page, "Pause").click()
    expect(button(page, "Play")).to_be_visible()
    view(page).get_by_label("Speed").select_option("5")
    button(page, "Play").click()
    moves(page)
    button(page, "Pause").click()


def test_a_parameter_that_needs_a_reset_says_so_until_reset(page, jupyter):
    note = view(page).get_by_text("acts after Reset")
    expect(note).to_have_count(3)  # one a slider, all hidden
    assert not any(each.is_visible() for each in note.all())
    view(page).get_by_role("slider", name="gain").press("ArrowRight")
    view(page).get_by_role("slider", name="size").press("ArrowRight")
    beside = view(page).locator(".snnlab-control").filter(has=page.get_by_role("slider", name="size")).locator(".snnlab-waits")
    expect(beside).to_be_visible()
    assert sum(each.is_visible() for each in note.all()) == 1
    button(page, "Step").click()
    at_step(page, 1)
    expect(beside).to_be_visible()
    button(page, "Reset").click()
    expect(beside).to_be_hidden()
    assert jupyter.run_code(page, "print(box['size'])") == "5.0"


@pytest.mark.parametrize("where", ["model", "trainer", "inputs"])
def test_an_error_in_a_step_shows_stops_and_leaves_reset_and_play_working(page, jupyter, where):
    button(page, "Step").click()
    at_step(page, 1)
    button(page, "Play").click()
    moves(page)
    jupyter.run_code(page, f"broken.add('{where}')")
    error = view(page).get_by_role("alert")
    expect(error).to_contain_text(re.compile(rf"^Stopped at step \d+\. ValueError: broken {where}\ntrouble, line"))
    expect(button(page, "Play")).to_be_visible()
    assert jupyter.run_code(page, "broken.clear(); print(lab.playing)") == "False"
    button(page, "Reset").click()
    expect(error).to_be_hidden()
    at_step(page, 0)
    button(page, "Play").click()
    moves(page)
    button(page, "Pause").click()


def test_an_error_of_on_reset_shows_and_reset_works_after_it(page, jupyter):
    button(page, "Step").click()
    jupyter.run_code(page, "broken.add('on_reset')")
    button(page, "Reset").click()
    error = view(page).get_by_role("alert")
    expect(error).to_contain_text("Stopped at step 0. ValueError: broken on_reset")
    jupyter.run_code(page, "broken.clear()")
    button(page, "Reset").click()
    expect(error).to_be_hidden()
    button(page, "Play").click()
    moves(page)


def test_an_error_of_a_slider_shows_and_stops_the_run(page, jupyter):
    button(page, "Play").click()
    moves(page)
    jupyter.run_code(page, "broken.add('set')")
    slider = view(page).get_by_role("slider", name="gain")
    slider.press("ArrowRight")
    expect(view(page).get_by_role("alert")).to_contain_text("ValueError: broken set")
    expect(button(page, "Play")).to_be_visible()
    expect(slider).to_have_attribute("aria-valuetext", "1")  # as the model has it
    jupyter.run_code(page, "broken.clear()")
    button(page, "Play").click()
    moves(page)


def test_a_button_pressed_by_mouse_leaves_the_keys_to_the_view(page):
    button(page, "Step").click()
    at_step(page, 1)
    page.keyboard.press("Space")
    expect(button(page, "Pause")).to_be_visible()


# --- by keyboard ------------------------------------------------------------------------------------------------------------------------


def cells(page):
    return page.evaluate("window.jupyterapp.shell.currentWidget.content.widgets.length")


@pytest.mark.parametrize("key", ["Space", "k", "K"])
def test_space_and_k_play_and_pause(page, key):
    focus_view(page)
    page.keyboard.press(key)
    expect(button(page, "Pause")).to_be_visible()
    moves(page)
    page.keyboard.press(key)
    expect(button(page, "Play")).to_be_visible()


def test_arrow_and_point_step_and_r_resets_and_jupyterlab_hears_none_of_it(page):
    before = cells(page)
    focus_view(page)
    for count, key in enumerate(["ArrowRight", ".", "ArrowRight"], start=1):
        page.keyboard.press(key)
        at_step(page, count)
    page.keyboard.press("r")
    at_step(page, 0)
    for key in ("a", "b", "d", "d", "x", "m"):  # JupyterLab's own: above, below, delete, cut, Markdown
        page.keyboard.press(key)
    assert cells(page) == before
    expect(view(page)).to_be_focused()


def test_plus_and_minus_change_the_speed(page, jupyter):
    focus_view(page)
    for key, told in [("+", "2 None"), ("=", "5 None"), ("-", "2 None"), ("-", "1 None"), ("-", "1 10.0"), ("-", "1 5.0")]:
        page.keyboard.press(key)
        heard(page, jupyter, "print(lab.speed, lab.pace)", told)
    for _ in range(20):
        page.keyboard.press("+")
    heard(page, jupyter, "print(lab.speed, lab.pace)", "None None")
    expect(view(page).get_by_label("Speed")).to_have_value("0")


def test_n_asks_how_many_steps_enter_runs_them_and_escape_goes_back(page):
    focus_view(page)
    page.keyboard.press("n")
    expect(view(page).get_by_label("Steps to run")).to_be_focused()
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    at_step(page, 12)
    page.keyboard.press("Escape")
    expect(view(page)).to_be_focused()


def test_the_list_of_keys_opens_names_them_all_and_closes(page):
    focus_view(page)
    page.keyboard.press("?")
    keys = view(page).get_by_role("dialog", name="Keys")
    expect(keys).to_be_focused()
    assert keys.get_by_role("rowheader").all_inner_texts() == [
        *("Space or K", "→ or .", "N", "R", "+", "−", "?"),
        *("[ and ]", "{ and }", "0"),
    ]
    page.keyboard.press(".")  # the keys act meanwhile
    at_step(page, 1)
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    expect(view(page)).to_be_focused()
    button(page, "Keys").click()
    expect(keys).to_be_visible()
    keys.get_by_role("button", name="Close").click()
    expect(keys).to_be_hidden()


def test_sliders_menus_and_the_number_field_keep_their_own_keys(page, jupyter):
    slider, field = view(page).get_by_role("slider", name="size"), view(page).get_by_label("Steps to run")
    for element in (slider, view(page).get_by_label("Device"), field):
        element.focus()
        for key in (".", "r", "k", "n", "?", "+", "-"):
            page.keyboard.press(key)
        expect(element).to_be_focused()
    slider.press("ArrowRight")
    heard(page, jupyter, "print(box['size'])", "5.0")
    assert jupyter.run_code(page, "print(lab.steps, lab.playing, lab.speed, lab.pace)") == "0 False 1 None"


def test_a_button_that_has_the_focus_is_what_space_presses(page):
    button(page, "Step").focus()
    page.keyboard.press("Space")
    at_step(page, 1)
    button(page, "Reset").focus()
    page.keyboard.press("Space")
    at_step(page, 0)
    button(page, "Play").focus()
    page.keyboard.press("Space")
    expect(button(page, "Pause")).to_be_visible()
    page.keyboard.press("k")
    expect(button(page, "Play")).to_be_visible()


def test_keys_with_ctrl_are_jupyterlab_s(page):
    focus_view(page)
    for key in ("Control+r", "Control+k", "Alt+.", "Meta+k"):
        view(page).evaluate(
            """(root, [modifier, key]) => root.dispatchEvent(new KeyboardEvent("keydown", {
              key, bubbles: true, ctrlKey: modifier === "Control", altKey: modifier === "Alt", metaKey: modifier === "Meta" }))""",
            key.split("+"),
        )
    page.keyboard.press(".")
    at_step(page, 1)
    expect(button(page, "Play")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "key", "told"),
    [("Play", "Space or K", "Space K"), ("Step", "→ or .", "ArrowRight ."), ("Run", "N", "N"), ("Reset", "R", "R"), ("Keys", "?", "?")],
)
def test_every_button_names_its_key(page, name, key, told):
    assert button(page, name).get_attribute("title").endswith(f"({key})")
    assert button(page, name).get_attribute("aria-keyshortcuts") == told


def test_the_menu_of_speeds_names_its_keys(page):
    menu = view(page).get_by_label("Speed")
    assert menu.get_attribute("title") == "Speed of the run (+ and −)"
    assert menu.get_attribute("aria-keyshortcuts") == "Plus -"


# --- views that open and close ----------------------------------------------------------------------------------------------------------


def test_clearing_the_output_stops_the_run(page, jupyter):
    button(page, "Play").click()
    moves(page)
    page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")
    expect(page.locator(".snnlab")).to_have_count(0)
    heard(page, jupyter, "print(lab.playing)", "False")


def test_running_the_cell_again_stops_the_old_run(page, jupyter):
    button(page, "Play").click()
    moves(page)
    jupyter.run_code(page, "old = lab")
    jupyter.run_all(page)
    at_step(page, 0)
    assert jupyter.run_code(page, "print(old is lab, old.playing, lab.playing)") == "False False False"
    assert page.locator(".snnlab").count() == 1


WATCH = """
async def watch():
    while True:
        pathlib.Path("HOW.txt").write_text(str(lab.playing))
        await asyncio.sleep(0.05)
watching = asyncio.create_task(watch())
"""


@pytest.mark.parametrize("how", ["notebook closed", "page closed"])
def test_closing_the_notebook_or_the_page_stops_the_run(open_notebook, jupyter, server, how):
    page = open_notebook(MODEL, LAB)
    jupyter.run_all(page)
    jupyter.run_code(page, WATCH.replace("HOW", how))
    button(page, "Play").click()
    moves(page)
    told = server.folder / f"{how}.txt"
    assert told.read_text() == "True"
    if how == "page closed":
        page.goto("about:blank")
    else:
        page.evaluate("""async () => {
          const shell = window.jupyterapp.shell, notebook = shell.currentWidget;
          await notebook.context.save();
          notebook.close();
        }""")
    deadline = time.monotonic() + 40
    while told.read_text() != "False" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert told.read_text() == "False"


def test_a_view_that_opens_on_a_page_of_reduced_motion_starts_paused_and_says_so(open_notebook, jupyter):
    page = open_notebook(MODEL, LAB + "lab.play()\nlab")
    page.emulate_media(reduced_motion="reduce")
    jupyter.run_all(page)
    message = view(page).locator(".snnlab-message")
    expect(message).to_have_text(re.compile(r"^Paused at step [\d,]+, because this page asks for reduced motion\. Play goes on\.$"))
    assert jupyter.run_code(page, "print(lab.playing)") == "False"
    durations = "(e) => [getComputedStyle(e).transitionDuration, getComputedStyle(e).animationName]"
    assert {tuple(each) for each in page.locator(".snnlab, .snnlab *").evaluate_all(f"(all) => all.map({durations})")} == {("0s", "none")}
    button(page, "Play").click()
    moves(page)
    expect(message).to_be_empty()
    assert page.problems == []
