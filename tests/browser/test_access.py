"""The view for everybody: what axe-core finds in it, light and dark, and the picture in a page that has neither kernel nor network."""

import re
import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

MODEL = """
import torch, snnlab as snn
from snnlab.lab import Current, Fields, Lab, Raster, Voltage
torch.set_num_threads(1)
torch.manual_seed(0)
synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=10.0, time_constant=5.0)
connection = snn.LinearDense((8, 8), 25, 1.0, synapse=synapse)
lif = snn.LIF(25, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
inputs = torch.rand(200, 1, 8, 8) < 0.05
"""

LAB = """
lab = Lab(layer, inputs, controls=["exc.time_constant", "exc.refrac_t"],
    view=[Raster("exc"), Current("in2exc"), Voltage("exc", neurons=[0, 7]), Fields("in2exc.weight", limits=(0, 1))])
lab.step(100)
lab
"""

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@pytest.fixture(scope="module")
def shared(open_notebooks, jupyter):
    page = open_notebooks("access", MODEL, LAB)
    jupyter.run_all(page)
    expect(page.locator(".snnlab canvas[role=img]")).to_have_attribute("aria-label", re.compile("step 100"))
    # JupyterLab's body has no height and hides what flows over: axe takes all words for hidden then, and tells no contrast.
    page.evaluate("document.body.style.height = '100vh'")
    return page


@pytest.fixture
def page(shared, keep_shot):
    keep_shot(shared)
    shared.problems.clear()
    yield shared
    assert shared.problems == []


@pytest.fixture(params=THEMES)
def themed(page, request):
    """The page in light and in dark colours."""
    page.evaluate("(theme) => window.jupyterapp.commands.execute('apputils:change-theme', { theme })", THEMES[request.param])
    page.wait_for_function("(light) => document.body.dataset.jpThemeLight === light", arg=str(request.param == "light").lower())
    page.wait_for_timeout(300)
    return page


def button(page, name):
    return page.locator(".snnlab").get_by_role("button", name=name, exact=True)


def faults(page):
    """What axe-core finds that hinders people: each rule with the elements that break it."""
    found = Axe().run(page, ".snnlab").response
    return {
        rule["id"]: [f"{node['html'][:120]}: {node['failureSummary']}" for node in rule["nodes"]]
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
    }


def test_axe_finds_no_fault_at_rest_and_while_it_plays(themed):
    assert faults(themed) == {}
    button(themed, "Play").click()
    expect(button(themed, "Pause")).to_be_visible()
    assert faults(themed) == {}
    button(themed, "Pause").click()
    expect(button(themed, "Play")).to_be_visible()


def test_axe_finds_no_fault_in_menus_that_are_open(themed):
    for menu in themed.locator(".snnlab details").all():
        menu.locator("summary").click()
        assert faults(themed) == {}
        menu.locator("summary").click()


def test_axe_finds_no_fault_in_an_error(themed, jupyter):
    jupyter.run_code(themed, "lab.fail(ValueError('a value that cannot be'))")
    expect(themed.locator(".snnlab").get_by_role("alert")).to_contain_text("a value that cannot be")
    assert faults(themed) == {}
    button(themed, "Step").click()
    expect(themed.locator(".snnlab").get_by_role("alert")).to_be_hidden()


def test_the_words_of_all_controls_stand_out(themed):
    # Contrast is one of the rules above; here axe says of which elements it could tell.
    found = Axe().run(themed, ".snnlab", {"runOnly": ["color-contrast"]}).response
    assert found["violations"] == []
    told = " ".join(node["html"] for rule in found["passes"] for node in rule["nodes"])
    for element in ("<button", "<select", "<label", "<output", "snnlab-clock"):
        assert element in told
    assert [node["html"] for rule in found["incomplete"] for node in rule["nodes"]] == []


def test_a_saved_notebook_shows_its_picture_without_kernel_and_network(shared, server, browser, keep_shot):
    shared.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    (path,) = server.folder.glob("access-*.ipynb")
    subprocess.run([sys.executable, "-m", "nbconvert", "--to", "html", "--log-level=ERROR", str(path)], check=True, timeout=120)
    page, failed = keep_shot(browser.new_page()), []
    page.on("requestfailed", lambda request: failed.append(request.resource_type))
    page.route("**/*", lambda route: route.continue_() if route.request.url.startswith("file:") else route.abort())
    page.goto(path.with_suffix(".html").as_uri(), wait_until="load")
    image = page.locator(".jp-OutputArea img")
    expect(image).to_be_visible()
    width, shown = image.evaluate("(image) => [image.naturalWidth, image.complete]")
    assert width > 500
    assert shown
    assert not {"image", "document", "stylesheet", "fetch", "xhr"} & set(failed)
    page.close()
