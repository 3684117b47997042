from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from snnlab.lab import Current, Fields, Raster, Voltage
from snnlab.lab.names import Names
from snnlab.lab.recorder import Recorder
from snnlab.lab.scene import Scene


def arrays(toy, panel, *inputs):
    """What the panel shows after these inputs, in a window of three steps."""
    scene = Scene([panel], Names(toy), window=3, step_time=1.0)
    for x in inputs:
        toy(torch.tensor([x]))
        scene.recorder.record()
    return scene.data()[0]


def test_a_raster_gives_a_bit_for_each_step_in_view_and_neuron(toy):
    toy.wires.weight.copy_(torch.tensor([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 0], [1.0, 0, 0]]))
    bits = arrays(toy, Raster("exc"), [1, 0, 0], [0, 1, 0])["bits"]
    assert bits.dtype == np.uint8
    assert bits.tolist() == [[0b0000], [0b1001], [0b0010]]  # the window's first step is before the run


def test_a_raster_of_a_connection_shows_what_enters_it(toy):
    assert arrays(toy, Raster("in2exc"), [0, 0, 1], [1, 0, 0])["bits"].tolist() == [[0b000], [0b100], [0b001]]


@given(st.lists(st.tuples(st.lists(st.booleans(), min_size=9, max_size=9), st.booleans()), max_size=12))
@example([([n == step for n in range(9)], step == 5) for step in range(7)])  # more than a window between two looks, then one more
def test_a_raster_is_the_same_however_seldom_it_is_looked_at(story):
    recorder, panel = Recorder(4), Raster("seen")
    spikes = torch.zeros(1, 9, dtype=torch.bool)
    panel._bind(SimpleNamespace(spike=spikes), "", "neurons", recorder, 0)
    for now, looks in story:
        spikes.copy_(torch.tensor([now]))
        recorder.record()
        if looks:
            recorder.fetch()
            panel.data(recorder)
    recorder.fetch()
    last = ([[False] * 9] * 4 + [now for now, _ in story])[-4:]
    assert panel.data(recorder)["bits"].tolist() == [[sum(2**i for i in range(8) if row[i]), int(row[8])] for row in last]
    assert panel.words(recorder).endswith(f": {sum(map(sum, last))} spikes in view")


def test_a_cleared_raster_is_empty(toy):
    toy.wires.weight.fill_(1.0)
    scene = Scene([Raster("exc")], Names(toy), window=2, step_time=1.0)
    for steps in (2, 1):
        for _ in range(steps):
            toy(torch.ones(1, 3))
            scene.recorder.record()
        shown = scene.data()[0]["bits"].tolist()
        scene.clear()
    assert shown == [[0], [0b1111]]
    assert scene.data()[0]["bits"].tolist() == [[0], [0]]


@pytest.mark.parametrize(("name", "label"), [("exc", "neuron"), ("exc.spike", "neuron"), ("in2exc", "input")])
def test_a_row_is_called_what_it_is(toy, name, label):
    assert Scene([Raster(name)], Names(toy), window=3, step_time=1.0).describe()["panels"][0]["label"] == label


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


def test_a_neuron_that_is_not_there_is_refused(toy):
    with pytest.raises(ValueError, match=r"neurons must be numbers from 0 to 3, the elements of exc, but are \[0, 9\]"):
        arrays(toy, Voltage("exc", neurons=[0, 9]))


def test_another_sample_of_the_batch_can_be_shown(toy):
    scene = Scene([Raster("in2exc")], Names(toy), window=1, step_time=1.0, batch=1)
    toy(torch.tensor([[1, 0, 0], [0, 0, 1]]))
    scene.recorder.record()
    assert scene.data()[0]["bits"].tolist() == [[0b100]]


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
