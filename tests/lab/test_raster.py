from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from snnlab.lab import Raster
from snnlab.lab.names import Names
from snnlab.lab.recorder import Recorder
from snnlab.lab.scene import Scene
from tests.lab.test_panels import arrays


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


def test_another_sample_of_the_batch_can_be_shown(toy):
    scene = Scene([Raster("in2exc")], Names(toy), window=1, step_time=1.0, batch=1)
    toy(torch.tensor([[1, 0, 0], [0, 0, 1]]))
    scene.recorder.record()
    assert scene.data()[0]["bits"].tolist() == [[0b100]]
