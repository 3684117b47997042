"""Saving from the view, in a real JupyterLab: the menu, and the files that the browser downloads."""

import csv

import matplotlib.image
import numpy as np
import pytest
from playwright.sync_api import expect

CELL = """
import torch, snnlab as snn
from snnlab.lab import Fields, Lab, Raster, Voltage
torch.manual_seed(0)
connection = snn.LinearDense(9, 4, 1.0, synapse=snn.DeltaCurrent.partialconstructor(60.0))
lif = snn.LIF(4, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
lab = Lab(layer, torch.rand(50, 1, 9) < 0.3, view=[Raster("exc"), Voltage("exc"), Fields("in2exc.weight", shape=(3, 3))], window=30)
lab.step(40)
lab
"""


@pytest.fixture(scope="module")
def shared(open_notebooks, jupyter):
    page = open_notebooks("keeping", CELL)
    jupyter.run_all(page)
    expect(page.locator(".snnlab canvas[role=img]")).not_to_have_attribute("aria-label", "nothing recorded yet")
    return page


@pytest.fixture
def page(shared, keep_shot):
    yield keep_shot(shared)
    assert shared.problems == []


def save(page, words, folder):
    """The file that the menu's entry brings."""
    page.locator(".snnlab-menu summary").click()
    with page.expect_download() as download:
        page.locator(".snnlab-menu").get_by_role("button", name=words).click()
    expect(page.locator(".snnlab-keeping [role=status]")).to_have_text(f"saved {download.value.suggested_filename}")
    expect(page.locator(".snnlab-menu")).not_to_have_attribute("open", "")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_the_picture_is_saved_as_a_png_that_can_be_read(page, tmp_path):
    path = save(page, "Picture, PNG", tmp_path)
    assert path.name == "snnlab-step-40.png"
    picture = matplotlib.image.imread(path)
    assert picture.shape[0] > 200
    assert picture.shape[1] > 600
    assert np.ptp(picture[..., :3]) > 0.5  # something is drawn


def test_the_picture_is_saved_as_lines(page, tmp_path):
    assert "</svg>" in save(page, "Picture, SVG", tmp_path).read_text()


def test_the_numbers_are_those_of_the_lab(page, jupyter, tmp_path):
    kept = np.load(save(page, "Numbers, NPZ", tmp_path))
    assert kept["step"].tolist() == list(range(10, 40))
    assert kept["spikes · exc"].sum() == int(jupyter.run_code(page, "print(int(lab.recorded('spikes · exc').sum()))")) > 0


def test_both_tables_are_saved(page, tmp_path):
    with save(page, "Table of steps", tmp_path).open(newline="") as file:
        steps = list(csv.DictReader(file))
    with save(page, "Table of spikes", tmp_path).open(newline="") as file:
        spikes = list(csv.DictReader(file))
    assert len(steps) == 30
    assert sum(int(step["spikes · exc (count)"]) for step in steps) == len(spikes) > 0


def test_the_menu_works_by_keyboard(page):
    menu = page.locator(".snnlab-menu")
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(menu.get_by_role("button", name="Picture, PNG")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu.locator("summary")).to_be_focused()
    expect(menu).not_to_have_attribute("open", "")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    with page.expect_download() as download:
        page.keyboard.press("Enter")
    assert download.value.suggested_filename == "snnlab-step-40.svg"
