"""The wiring of a layer in the page: boxes that light up and say how many spiked."""

import pytest
import torch

import snnlab as snn
from snnlab.lab import Lab, Raster, Wiring

# How opaque a box is near its left end, where no words are, by its place on the strip; and what is written on the picture.
LIT = """(places) => {
  const canvas = document.querySelectorAll(".snnlab-figure canvas")[1], ctx = canvas.getContext("2d");
  return places.map(([x, y]) => ctx.getImageData(x, y, 1, 1).data[3]);
}"""


@pytest.fixture
def stage(on_stage):
    """Four neurons, of which two fire at every other step."""
    connection = snn.LinearDense(3, 4, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1000.0))
    connection.weight = torch.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    lif = snn.LIF(4, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
    inputs = torch.tensor([[[True, False, False]], [[False, False, False]]])
    return on_stage(Lab(layer, inputs, view=[Raster("exc"), Wiring()], device=False))


def shown(stage, steps):
    stage.lab.step(steps)
    stage.exchange()
    # 80 pixels an inch: box input from 0.15 to 1.45 inches, exc from 3.25; both around 0.55 inches below the title of 24 pixels.
    return stage.page.evaluate(LIT, [[10 + 0.2 * 80, 24 + 0.55 * 80], [10 + 3.3 * 80, 24 + 0.55 * 80]])


def test_a_box_lights_up_while_its_neurons_spike(stage):
    lit, dark = shown(stage, 1), shown(stage, 1)
    assert lit[1] > lit[0] > dark[0] == dark[1] > 0  # 2 of 4 spiked, 1 of 3, none
    assert shown(stage, 1) == lit


def test_pointing_at_a_box_says_how_many(stage):
    stage.lab.step(1)
    stage.exchange()
    box = stage.page.locator(".snnlab-figure").bounding_box()
    stage.page.mouse.move(box["x"] + 10 + 3.9 * 80, box["y"] + 24 + 0.55 * 80)
    assert stage.page.locator(".snnlab-readout").inner_text() == "exc (LIF · 4): 2 of 4 spiked in the last step"


def test_the_strip_stands_above_the_panels_over_time(stage):
    stage.page.add_script_tag(content=stage.lab.view._esm.split("function decodeMap")[0])
    raster, strip = stage.page.evaluate(
        """() => {
          const { panels } = window.state.scene, { boxes } = layOut(window.state.scene, 1000);
          return panels.map((panel) => boxes.get(panel));
        }"""
    )
    assert strip["y"] == 24
    assert raster["y"] == 24 + 1.1 * 80 + 8 + 24
