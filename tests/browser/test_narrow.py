"""Sliders keep names and values to themselves: in a page as narrow as a telephone, and beside a name that is longer than its place."""

import pytest
import torch

import snnlab as snn
from snnlab.lab import Control, Lab, Raster

# Of each slider: the edges of its name, of the bar and of its value, and where the view ends.
EDGES = """() => [...document.querySelectorAll(".snnlab-control")].map((control) => {
  const ends = ([element]) => { const box = document.createRange(); box.selectNodeContents(element); return box.getBoundingClientRect(); };
  const [name, bar, value] = control.children, view = control.closest(".snnlab").getBoundingClientRect();
  return [ends([name]).right, bar.getBoundingClientRect().left, bar.getBoundingClientRect().right, ends([value]).right, view.right];
})"""


@pytest.mark.parametrize("width", [280, 390, 1200])
def test_a_slider_s_name_and_value_are_seen_whole(on_stage, width):
    synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=1.0, time_constant=5.0)
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(snn.LinearDirect(2, 1.0, synapse=synapse), lif, connection_name="inputs", neuron_name="exc")
    controls = ["inputs.synapse.time_constant", Control("exc.time_constant", label="membrane time constant")]
    lab = Lab(layer, torch.zeros(1, 1, 2), view=[Raster("exc")], controls=controls, device=False)
    edges = on_stage(lab, viewport={"width": width, "height": 700}).page.evaluate(EDGES)
    assert len(edges) == 2
    for name_ends, bar_begins, bar_ends, value_ends, view_ends in edges:
        assert name_ends <= bar_begins < bar_ends
        assert value_ends <= view_ends
