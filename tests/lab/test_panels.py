import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Current, Fields, Raster, Voltage
from snnlab.lab.names import Names
from snnlab.lab.scene import Scene


def arrays(toy, panel, *inputs):
    """What the panel shows after these inputs, in a window of three steps."""
    scene = Scene([panel], Names(toy), window=3, step_time=1.0)
    for x in inputs:
        toy(torch.tensor([x]))
        scene.recorder.record()
    return scene.data()[0]


def test_the_current_of_a_connection_is_what_it_delivers(toy):
    toy.wires.weight.copy_(torch.tensor([[1.0, 2.0, 4.0]] * 4))
    values = arrays(toy, Current("in2exc", neurons=[0]), [1, 0, 0], [0, 1, 1], [1, 1, 1])["values"]
    assert values.dtype == np.float32
    assert values.tolist() == [[1.0], [6.0], [7.0]]


def test_the_current_of_neurons_is_what_enters_them(toy):
    toy.wires.weight.fill_(0.25)
    assert arrays(toy, Current("exc", neurons=[3]), [1, 1, 0])["values"][-1].tolist() == [0.5]


def test_voltages_are_those_of_the_chosen_neurons_and_unknown_before_the_run(toy):
    toy.wires.weight.copy_(torch.tensor([[0.125, 0, 0], [0.25, 0, 0], [0.375, 0, 0], [0.5, 0, 0]]))
    values = arrays(toy, Voltage("exc", neurons=[3, 1]), [1, 0, 0])["values"]
    np.testing.assert_array_equal(values, [[np.nan, np.nan], [np.nan, np.nan], [0.5, 0.25]])


def test_fields_are_shades_between_the_limits(toy):
    toy.wires.weight.copy_(torch.tensor([[0.0, 1.0, 0.5]] * 4))
    shown = arrays(toy, Fields("in2exc.weight", shape=(1, 3), limits=(0.0, 1.0)))
    assert shown["fields"].dtype == np.uint8
    assert shown["fields"].shape == (4, 1, 3)
    assert shown["fields"][0, 0].tolist() == [0, 255, 128]


def test_a_weight_that_is_no_number_has_the_lowest_shade(toy):
    toy.wires.weight.copy_(torch.tensor([[float("nan"), 2.0, -1.0]] * 4))
    assert arrays(toy, Fields("in2exc.weight", shape=(1, 3), limits=(0.0, 1.0)))["fields"][0, 0].tolist() == [0, 255, 0]


def test_fields_of_both_signs_have_symmetric_limits(toy):
    toy.wires.weight[0, 0] = -0.1
    low, high = arrays(toy, Fields("in2exc.weight", shape=(3, 1)))["limits"]
    assert low == -high < 0


def test_a_field_must_have_as_many_pixels_as_there_are_inputs(toy):
    with pytest.raises(ValueError, match=r"shape must be a height and a width with 3 pixels, .* but is \(2, 2\)"):
        arrays(toy, Fields("in2exc.weight", shape=(2, 2)))


def dense(**more):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    return snn.Serial(snn.LinearDense(3, 2, 1.0, synapse=synapse, weight_init=torch.ones_like, **more), lif)


def test_fields_of_delays_say_that_they_are_delays_in_ms():
    layer = dense(delay=9.0)
    layer.connection.delay = torch.tensor([[0.0, 3.0, 9.0], [1.0, 1.0, 1.0]])
    lab = snn.lab.Lab(layer, torch.zeros(1, 1, 3), view=[Fields("serial.delay", shape=(1, 3)), Fields("serial.weight", unit="nA")])
    assert [panel.describe()["label"] for panel in lab.scene.panels] == ["delay (ms)", "weight (nA)"]
    assert "delays · serial.delay: mean 2.5, 0 to 9" in lab.snapshot()


def test_fields_of_delays_where_there_are_none_say_how_to_get_some():
    with pytest.raises(LookupError, match=r"'serial.delay' names nothing here: this LinearDense has no delay. Build .* with delay="):
        snn.lab.Lab(dense(), torch.zeros(1, 1, 3), view=[Fields("serial.delay", shape=(1, 3))])


def test_a_neuron_that_is_not_there_is_refused(toy):
    with pytest.raises(ValueError, match=r"neurons must be numbers from 0 to 3, the elements of exc, but are \[0, 9\]"):
        arrays(toy, Voltage("exc", neurons=[0, 9]))


@pytest.mark.parametrize(
    ("panel", "words"),
    [
        (Raster("exc"), "spikes · exc: 0 spikes in view"),
        (Voltage("exc"), "voltage · exc: nothing yet"),
        (Fields("in2exc"), "receptive fields · in2exc: mean 0.25, 0 to 0.5"),  # 12 weights from 0 to 0.5, evenly
    ],
)
def test_a_panel_says_what_it_shows(toy, panel, words):
    assert Scene([panel], Names(toy), window=3, step_time=1.0).snapshot() == words
