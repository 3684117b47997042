"""A view that opens while the kernel is busy with other cells shows what was there when its own cell ended, and not an empty figure."""

import pytest
from playwright.sync_api import expect

SHOW = """
import pathlib, time, torch, snnlab as snn
from snnlab.lab import Lab, Raster, Voltage
connection = snn.LinearDense(2, 3, 1.0, synapse=snn.DeltaCurrent.partialconstructor(30.0))
lif = snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=12.5)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
lab = Lab(layer, torch.ones(1, 1, 2), view=[Raster("exc"), Voltage("exc")], controls=["exc.time_constant"])
lab.step(70)
lab
"""
BUSY = "while not pathlib.Path('enough').exists(): time.sleep(0.05)"  # the kernel hears nothing until the test says so

PAINTED = """(canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)"""


@pytest.fixture
def busy(open_notebook, server, jupyter):
    page = open_notebook(SHOW, BUSY)
    page.evaluate("void window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.locator(".snnlab").wait_for(timeout=60_000)
    yield page
    (server.folder / "enough").touch()
    page.wait_for_function(jupyter.KERNEL_READY, timeout=60_000)
    (server.folder / "enough").unlink()


def test_a_view_below_which_a_long_cell_runs_shows_a_picture(busy, jupyter, server):
    view, figure = busy.locator(".snnlab"), busy.locator(".snnlab canvas[role=img]")
    expect(view.locator(".snnlab-clock")).to_contain_text("step 70 ")
    expect(view.locator(".snnlab-control output")).to_have_text("12.5 ms")
    assert figure.evaluate(PAINTED)
    assert busy.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.status") == "busy"
    view.get_by_role("button", name="Step", exact=True).click()
    expect(view.locator(".snnlab-clock")).to_contain_text("step 70 ")  # nobody hears it yet
    (server.folder / "enough").touch()
    expect(view.locator(".snnlab-clock")).to_contain_text("step 71 ")
    assert busy.problems == []
