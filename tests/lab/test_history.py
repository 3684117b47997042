"""The panel of a synapse's history."""

import math

import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import History, Lab
from snnlab.lab.history import WITHIN

SPIKES = torch.tensor([[[0, 0, 1]], [[0, 1, 0]], [[0, 1, 1]], [[1, 0, 0]]], dtype=torch.bool)  # of three inputs, in four steps


@pytest.fixture
def make():
    labs = []

    def build(panel, delay=4.0, synapse=None, kind=snn.LinearDense, batch=0):
        synapse = synapse or snn.DeltaCurrent.partialconstructor(2.0)
        shape = (3,) if kind is snn.LinearDirect else (3, 2)
        connection = kind(*shape, 1.0, synapse=synapse, delay=delay, batch_size=batch + 1)
        lif = snn.LIF(shape[-1], 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0, batch_size=batch + 1)
        inputs = torch.cat([torch.zeros_like(SPIKES)] * batch + [SPIKES], 1)
        layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
        labs.append(Lab(layer, inputs, view=[panel], window=3, batch=batch))
        return labs[-1], connection

    yield build
    for each in labs:
        each.close()


def current_at(data, time):
    (place,) = np.flatnonzero(data["x0"] == np.float32(time))[:1]
    return data["y0"][place]


def test_spikes_and_currents_lie_as_long_ago_as_they_were(make):
    lab, _ = make(History("in2exc", synapse=(1, 2)))
    lab.step(4)
    data = lab.scene.data()[0]
    assert data["x1"].tolist() == [1.0, 3.0]  # input 2 fired at the first and the third of four steps
    assert [current_at(data, ago) for ago in range(5)] == [0.0, 2.0, 0.0, 2.0, 0.0]
    assert data["limits"].tolist() == [0.0, 4.0, 0.0, 2.0]


def test_what_is_read_between_two_steps_is_seen(make):
    lab, _ = make(History("in2exc", synapse=(1, 2)))
    lab.step(4)
    data = lab.scene.data()[0]
    assert len(data["x0"]) == 5 * len(WITHIN)
    assert [current_at(data, ago) for ago in (0.25, 0.75, 1.25)] == [2.0, 2.0, 0.0]  # an arrival waits for the next step
    lab, _ = make(History("in2exc", synapse=(1, 2)), synapse=snn.DeltaCurrent.partialconstructor(2.0, interp_mode="linear"))
    lab.step(4)
    assert [current_at(lab.scene.data()[0], ago) for ago in (0.25, 0.75, 1.25)] == [0.5, 1.5, 1.5]


def test_where_the_nearer_step_counts_the_current_jumps_halfway(make):
    lab, _ = make(History("in2exc", synapse=(1, 2)), synapse=snn.DeltaCurrent.partialconstructor(2.0, interp_mode="nearest"))
    lab.step(4)
    data = lab.scene.data()[0]
    times = data["x0"]
    assert times[np.flatnonzero(np.diff(data["y0"]))] == pytest.approx([0.498, 1.498, 2.498, 3.498])


def test_the_pointer_moves_with_the_delay_and_tells_what_is_read_there(make):
    lab, connection = make(History("in2exc", synapse=(1, 2)))
    lab.step(4)
    for delay, current in ((3.0, 2.0), (2.0, 0.0), (2.5, 2.0)):
        connection.delay = torch.tensor([[0.0, 0.0, 0.0], [1.0, 1.0, delay]])
        data = lab.scene.data()[0]
        assert (data["x2"].tolist(), data["x3"].tolist(), data["y3"].tolist()) == ([delay], [delay], [current])
        assert lab.snapshot() == f"step 4 (4 ms); history · in2exc, 2 to 1: reads {current:g} nA, {delay:g} ms ago; 2 spikes in 4 ms"


def test_a_current_that_decays_is_read_as_it_decays(make):
    synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=10.0, time_constant=5.0)
    lab, connection = make(History("in2exc", synapse=(0, 0)), synapse=synapse)
    lab.step(4)  # input 0 fired at the last step: 10/5 = 2 nA
    assert [current_at(lab.scene.data()[0], ago) for ago in (0.0, 1.0)] == [2.0, 0.0]
    lab.experiment.layer(torch.zeros(1, 3, dtype=torch.bool))
    connection.delay = torch.full((2, 3), 0.5)
    data = lab.scene.data()[0]
    assert data["y3"][0] == pytest.approx(2 * math.exp(-0.5 / 5), rel=1e-5)  # halfway between 2 nA and a step later
    assert current_at(data, 1.0) == pytest.approx(2.0)
    assert (data["x1"].tolist(), data["y1"].tolist()) == ([1.0], [0.0])


def test_what_the_panel_says_is_what_the_connection_delivers(make):
    synapse = snn.DoubleExponentialCurrent.partialconstructor(spike_charge=10.0, tc_decay=5.0, tc_rise=1.0)
    lab, connection = make(History("in2exc", synapse=(1, 2)), synapse=synapse)
    connection.delay = torch.full((2, 3), 1.3)
    lab.step(4)
    assert lab.scene.data()[0]["y3"][0] == pytest.approx(connection.syncurrent[0, 2, 1].item(), rel=1e-5)


def test_the_history_of_another_sample_and_of_a_direct_connection_can_be_shown(make):
    lab, _ = make(History("in2exc", synapse=(1, 1)), batch=1)
    lab.step(4)
    assert lab.scene.data()[0]["x1"].tolist() == [1.0, 2.0]
    lab, _ = make(History("in2exc", synapse=(1, 1)), kind=snn.LinearDirect)
    lab.step(4)
    assert lab.scene.data()[0]["x1"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("delay", [None, 0.0])
def test_a_connection_without_delays_is_refused(make, delay):
    with pytest.raises(
        LookupError, match=r"'in2exc' has no delays, so there is no history to read. Build it with delay=, the longest one in ms"
    ):
        make(History("in2exc"), delay=delay)


def test_neurons_have_no_such_history(make):
    with pytest.raises(LookupError, match=r"'neurons.exc' must name a connection, such as 'enc2exc'"):
        make(History("neurons.exc"))


def test_a_synapse_that_is_not_there_is_refused(make):
    with pytest.raises(ValueError, match=r"A synapse must be a neuron from 0 to 1 and an input from 0 to 2, but is \(0, 3\)"):
        make(History("in2exc", synapse=(0, 3)))


def test_the_still_twin_has_the_pointer_and_its_words(make):
    lab, connection = make(History("in2exc", synapse=(1, 2)))
    connection.delay = torch.full((2, 3), 3.0)
    lab.step(4)
    ax = lab.picture().get_axes()[0]
    assert ax.texts[0].get_text() == "2 nA, 3 ms ago"
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["current", "spike", "delay"]
