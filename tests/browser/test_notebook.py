"""The live view in Notebook 7: the same page's script, kernel and messages under another roof."""

import pytest
from playwright.sync_api import expect

CELL = """
import torch, snnlab as snn
from snnlab.lab import Fields, Lab, Raster
torch.manual_seed(0)
connection = snn.LinearDense((2, 2), 3, 1.0, synapse=snn.DeltaCurrent.partialconstructor(30.0))
lif = snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
inputs = torch.ones(1, 1, 2, 2)
lab = Lab(layer, inputs, view=[Raster("exc"), Fields("in2exc.weight")], controls=["exc.time_constant"], speed=5)
lab
"""


@pytest.fixture(scope="module")
def page(browser, jupyter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook7")
    jupyter.notebook(folder / "live.ipynb", CELL)
    with jupyter.Server(folder, {"SNNLAB_SMALL": "1"}, app="notebook") as server:
        page = jupyter.open_notebook(browser, server, "live.ipynb")
        jupyter.run_all(page)
        yield page
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
        page.context.close()


def test_it_plays_and_pauses_and_steps_by_key(page, jupyter):
    view = page.locator(".snnlab")
    expect(view.locator("canvas[role=img]")).to_be_visible()
    assert page.evaluate("document.querySelector('.jp-NotebookPanel') !== null && document.title.includes('live')")
    view.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("Number(/step ([\\d,]+)/.exec(document.querySelector('.snnlab-clock').textContent)[1].replaceAll(',', '')) > 50")
    view.get_by_role("button", name="Pause", exact=True).click()
    expect(view.get_by_role("button", name="Play", exact=True)).to_be_visible()
    before = int(jupyter.run_code(page, "print(lab.steps)"))
    view.get_by_role("button", name="Step", exact=True).focus()
    page.keyboard.press("Enter")
    expect(view.locator(".snnlab-clock")).to_contain_text(f"step {before + 1:,} ")
    assert jupyter.run_code(page, "print(lab.steps)") == str(before + 1)


def test_an_arrow_moves_a_slider_and_the_model_hears(page, jupyter):
    slider = page.locator(".snnlab input[type=range]").first
    slider.focus()
    before = float(jupyter.run_code(page, "print(lif.time_constant)"))
    page.keyboard.press("ArrowRight")
    for _ in range(50):
        after = float(jupyter.run_code(page, "print(lif.time_constant)"))
        if after != before:
            break
        page.wait_for_timeout(100)
    assert after > before


def test_a_click_on_the_raster_follows(page, jupyter):
    box = page.locator(".snnlab-figure").bounding_box()
    page.mouse.click(box["x"] + 200, box["y"] + 90)
    expect(page.locator(".snnlab-readout")).to_contain_text("of exc")
    page.wait_for_function("document.querySelector('.snnlab-readout').textContent.includes('neuron')")
    assert "exc" in jupyter.run_code(page, "print(lab.scene.following.followed)")
