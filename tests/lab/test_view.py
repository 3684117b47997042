import base64

import numpy as np
import torch

import snnlab as snn


def test_what_is_drawn_once_is_the_state_of_the_widget(make_lab):
    lab = make_lab(window=8, step_time=0.5)
    assert lab.view.scene["window"] == 8
    assert lab.view.scene["step_time"] == 0.5
    assert [panel["kind"] for panel in lab.view.scene["panels"]] == ["raster", "traces", "traces", "fields"]
    assert lab.view.scene["panels"][2]["names"] == ["neuron 0", "neuron 3"]
    assert lab.view.scene["panels"][2]["label"] == "voltage (mV)"
    assert lab.view.scene["panels"][1]["label"] == "current (nA)"


def test_a_line_of_a_synapse_is_called_a_synapse_and_that_of_a_sum_a_neuron():
    lif = snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    connection = snn.LinearDense(3, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    view = [snn.lab.Current("in2exc.syncurrent", neurons=[0, 2]), snn.lab.Current("in2exc", neurons=[0])]
    layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
    lab = snn.lab.Lab(layer, torch.zeros(1, 1, 3), view=view)
    assert [panel["names"] for panel in lab.view.scene["panels"]] == [["synapse 0", "synapse 2"], ["neuron 0"]]
    lab.close()


def test_a_colour_map_has_256_colours_and_the_diverging_one_is_white_in_the_middle(make_lab):
    maps = {name: np.frombuffer(base64.b64decode(text), np.uint8).reshape(256, 3) for name, text in make_lab().view.scene["maps"].items()}
    assert set(maps) == {"sequential", "diverging"}
    assert maps["diverging"][127:129].min() > 240


def test_the_widget_brings_its_own_script_and_style(make_lab):
    view = make_lab().view
    assert "export default { render }" in view._esm
    assert ".snnlab" in view._css


def test_the_menu_of_devices_can_be_left_out(make_lab):
    assert make_lab(device=False).view.devices == []
    assert [choice["name"] for choice in make_lab().view.devices] == ["auto", "cpu", "cuda", "mps"]
