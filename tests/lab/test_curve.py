"""The panel of the f–I curve."""

import math

import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Curve, Lab, frame
from snnlab.lab.curve import Derived, alike, rates, settings

LIF = {"rest_v": 0.0, "reset_v": 0.0, "thresh_v": 10.0, "refrac_t": 0.0, "time_constant": 10.0}
ALIF = {
    "rest_v": 0.0,
    "reset_v": 0.0,
    "thresh_eq_v": 10.0,
    "refrac_t": 0.0,
    "tc_membrane": 10.0,
    "tc_adaptation": 1e9,
    "spike_increment": 0.0,
}


@pytest.fixture
def make():
    labs = []

    def build(panel, neuron=None, inputs=None):
        synapse = snn.DeltaPlusCurrent.partialconstructor(1.0)
        connection = snn.LinearDense(1, 2, 1.0, synapse=synapse, weight_init=torch.ones_like)
        neuron = neuron or snn.LIF(2, 1.0, **LIF)
        layer = snn.Serial(connection, neuron, connection_name="in2exc", neuron_name="exc")
        labs.append(Lab(layer, torch.zeros(1, 1, 1) if inputs is None else inputs, view=[panel], window=20))
        return labs[-1]

    yield build
    for each in labs:
        each.close()


def steps_to_threshold(current, tau=10.0, threshold=10.0):
    """The first whole number of steps of 1 ms with current·(1 − exp(−n/τ)) >= threshold, where R is 1 MΩ."""
    return math.ceil(-tau * math.log(1 - threshold / current))


@pytest.mark.parametrize("refrac", [0.0, 3.0])
def test_the_rate_of_a_leaky_neuron_is_one_over_its_interval(refrac):
    currents = torch.tensor([9.9, 12.0, 20.0, 50.0])
    measured = rates(snn.LIF(1, 1.0, **LIF | {"refrac_t": refrac}), currents, 400.0)
    # After a spike the refractory steps, the last of which may integrate already.
    pause = max(0.0, refrac - 1)
    assert measured[0] == 0.0
    for current, rate in zip(currents[1:].tolist(), measured[1:], strict=True):
        assert rate == pytest.approx(1000.0 / (pause + steps_to_threshold(current)), rel=1e-6)


def test_a_neuron_that_adapts_shows_its_slow_rate():
    # Each spike raises the threshold by 2 mV of 8 and never lets it fall: from 20 nA it stops for good.
    settled = ALIF | {"spike_increment": 2.0}
    assert rates(snn.ALIF(1, 1.0, **settled), torch.tensor([20.0]), 2000.0).tolist() == [0.0]
    assert rates(snn.ALIF(1, 1.0, **settled).eval(), torch.tensor([20.0]), 2000.0)[0] > 0


def test_neurons_that_compete_are_copied_without_rivals():
    currents = torch.tensor([12.0, 20.0])
    alone = rates(snn.ALIF(1, 1.0, **ALIF), currents, 300.0)
    assert rates(snn.WinnerALIF(5, 1.0, inhibition=1.0, **ALIF), currents, 300.0).tolist() == alone.tolist()


def test_a_copy_has_the_settings_of_now_and_nothing_of_the_run():
    neuron = snn.LIF((3, 4), 0.5, batch_size=2, **LIF)
    neuron.thresh_v = 7.0
    neuron(torch.full((2, 3, 4), 5.0))
    copy = alike(neuron, 6)
    assert (copy.batchedshape, copy.dt, copy.thresh_v) == ((1, 6), 0.5, 7.0)
    assert copy.voltage.tolist() == [[0.0] * 6]


def test_a_neuron_that_does_not_keep_its_arguments_is_refused():
    class Odd(snn.LIF):
        def __init__(self, shape, step_time, secret):
            super().__init__(shape, step_time, **LIF)

    with pytest.raises(LookupError, match="Odd cannot be copied: it takes 'secret', but keeps no attribute of that name"):
        settings(Odd(1, 1.0, secret=3))


def test_what_follows_from_settings_is_found_again_only_when_one_changes():
    neuron, other, found = snn.LIF(1, 1.0, **LIF), snn.LIF(1, 1.0, **LIF), []
    derived = Derived(neuron, lambda: iter([found.append(neuron.thresh_v) or len(found)]))
    assert (derived.value, derived.value) == (1, 1)
    neuron(torch.ones(1, 1))  # a step
    other.thresh_v = 5.0  # another's setting
    neuron.thresh_v = 10.0  # set to what it was
    assert derived.value == 1
    neuron.thresh_v = 5.0
    assert derived.value == 2
    neuron.eval()
    assert derived.value == 3


def test_the_panel_shows_the_curve_and_where_the_group_is(make):
    lab = make(Curve("exc", currents=(0.0, 20.0), points=2), inputs=torch.full((1, 1, 1), 20.0))
    before = lab.scene.data()[0]
    assert before["x1"].tolist() == []
    lab.step(14)
    data = lab.scene.data()[0]
    # 20·(1 − exp(−n/10)) >= 10 after n = 7 steps: two spikes in 14 steps, and a steady rate of 1000/7 Hz.
    assert data["x0"].tolist() == [0.0, 20.0]
    assert data["y0"].tolist() == pytest.approx([0.0, 1000 / 7])
    assert (data["x1"].tolist(), data["y1"].tolist()) == ([20.0], [pytest.approx(1000 / 7)])
    assert data["limits"].tolist() == [0.0, 20.0, 0.0, 150.0]
    assert lab.snapshot() == "step 14 (14 ms); f–I curve · exc: 0 Hz at 0 nA, 143 Hz at 20 nA; now 143 Hz at 20 nA"


def test_a_setting_that_changes_changes_the_curve(make):
    neuron = snn.LIF(2, 1.0, **LIF)
    lab = make(Curve("exc", currents=(0.0, 20.0), points=2), neuron)
    neuron.time_constant = 40.0
    assert lab.scene.data()[0]["y0"][1] == pytest.approx(1000 / steps_to_threshold(20.0, tau=40.0))


def test_the_still_twin_draws_the_curve_and_the_mark(make):
    lab = make(Curve("exc", currents=(0.0, 20.0), points=3), inputs=torch.full((1, 1, 1), 20.0))
    lab.step(7)
    line, mark = lab.picture().get_axes()[0].lines
    assert line.get_xdata().tolist() == [0.0, 10.0, 20.0]
    assert mark.get_xdata().tolist() == [20.0]


def test_currents_out_of_order_are_refused():
    with pytest.raises(ValueError, match="currents must be the least and the greatest, in nA, but are 4 and 4"):
        Curve("exc", currents=(4.0, 4.0))


def test_a_connection_has_no_such_curve(make):
    with pytest.raises(LookupError, match="'in2exc' must name neurons, such as 'exc'"):
        make(Curve("in2exc"))


def test_what_takes_long_is_done_in_parts_and_the_last_result_stands_meanwhile():
    neuron, parts = snn.LIF(1, 1.0, **LIF), []

    def find():
        for part in range(3):
            parts.append(part)
            yield None
        yield neuron.thresh_v

    derived = Derived(neuron, find)
    first = neuron.thresh_v
    assert derived.present == first  # the first time there is nothing else to show
    neuron.thresh_v = first + 5.0
    parts.clear()
    assert derived.advance(0.0)
    assert (parts, derived.present) == ([0], first)
    assert derived.advance(0.0)
    neuron.thresh_v = first + 7.0  # while it works: it goes on, or a slider that moves would never see a curve
    assert derived.advance(0.0)
    assert parts == [0, 1, 2]
    assert derived.advance(0.0)  # done, and begun again
    assert derived.present == first + 7.0
    assert derived.value == first + 7.0
    assert not derived.advance(0.0)


def test_the_live_view_shows_the_next_part_with_the_next_frame_and_a_snapshot_waits_for_all(make, monkeypatch):
    sent, neuron = [], snn.LIF(2, 1.0, **LIF)
    lab = make(Curve("exc", currents=(0.0, 40.0), points=5), neuron)
    monkeypatch.setattr(frame, "PART", 0.0)
    lab.view.send = lambda content, buffers=None: sent.append(np.frombuffer(buffers[0], np.float32).copy())
    lab.views["page"] = 0
    lab.scene.advance()
    lab.show()
    lab.gate.acknowledge(1)
    neuron.thresh_v += 5.0
    lab.show()
    for number in range(2, 6):
        lab.gate.acknowledge(number)
    assert len(sent) == 6  # each after the second is asked for by the one before
    assert all(np.array_equal(each, sent[0]) for each in sent)
    shown = lab.snapshot()
    lab.gate.acknowledge(6)
    assert not np.array_equal(sent[-1], sent[0])
    assert lab.snapshot() == shown
