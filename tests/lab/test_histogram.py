"""The panel of present weights and delays."""

import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Histogram, Lab

WEIGHTS = [[0.25, 0.25, 0.75], [0.25, 1.75, 1.25]]


@pytest.fixture
def make():
    labs = []

    def build(panel, delay=None, weight=WEIGHTS, **more):
        synapse = snn.DeltaCurrent.partialconstructor(1.0)
        connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, delay=delay, weight_init=lambda _: torch.tensor(weight), **more)
        lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        labs.append(Lab(snn.Serial(connection, lif, connection_name="in2exc"), torch.zeros(1, 1, 3), view=[panel], window=3))
        return labs[-1], connection

    yield build
    for each in labs:
        each.close()


def shown(lab):
    return {name: values.tolist() for name, values in lab.scene.data()[0].items()}


def test_bars_are_numbers_of_synapses_between_edges(make):
    lab, _ = make(Histogram("in2exc.weight", bins=4, limits=(0.0, 2.0)))
    assert shown(lab) == {"x0": [0.0, 0.5, 1.0, 1.5, 2.0], "y0": [3.0, 1.0, 1.0, 1.0], "limits": [0.0, 2.0, 0.0, 3.0]}


def test_bars_follow_the_weights(make):
    lab, connection = make(Histogram("in2exc.weight", bins=2))
    assert shown(lab)["limits"] == [0.0, 2.0, 0.0, 4.0]  # 1.75 fits below 2; of 2 bars the left one has 4
    connection.weight = torch.full((2, 3), 7.5)
    data = shown(lab)
    low, high = data["limits"][:2]
    assert low < 7.5 < high
    assert sum(data["y0"]) == 6.0


def test_the_ends_hold_still_while_the_weights_fit(make):
    lab, connection = make(Histogram("in2exc.weight", bins=2))
    before = shown(lab)["limits"]
    connection.weight = torch.tensor(WEIGHTS) * 0.9
    assert shown(lab)["limits"] == before


def test_delays_reach_from_none_to_the_longest(make):
    lab, connection = make(Histogram("in2exc.delay", bins=4), delay=8.0)
    connection.delay = torch.tensor([[1.0, 3.0, 3.0], [3.0, 3.0, 3.0]])
    assert shown(lab) == {"x0": [0.0, 2.0, 4.0, 6.0, 8.0], "y0": [1.0, 5.0, 0.0, 0.0], "limits": [0.0, 8.0, 0.0, 5.0]}
    panel = lab.scene.describe()["panels"][0]
    assert (panel["kind"], panel["x"], panel["y"], panel["whole"]) == ("chart", "delay (ms)", "synapses", True)
    assert lab.snapshot() == "step 0 (0 ms); histogram · in2exc.delay: 6 synapses, mean 2.667, 1 to 3 ms"


def test_what_lies_beyond_is_left_out_and_said(make):
    lab, _ = make(Histogram("in2exc.weight", bins=2, limits=(0.0, 1.0)))
    assert shown(lab)["y0"] == [3.0, 1.0]
    assert lab.snapshot().endswith("6 synapses, mean 0.75, 0.25 to 1.75, 2 beyond the ends")


def test_synapses_that_a_mask_leaves_out_do_not_count(make):
    lab, connection = make(Histogram("in2exc.weight", bins=4, limits=(0.0, 2.0)))
    connection.mask = torch.tensor([[0.0, 0.0, 1.0], [1.0, 1.0, 1.0]])
    assert shown(lab)["y0"] == [1.0, 1.0, 1.0, 1.0]


def test_weights_that_are_no_numbers_are_left_out(make):
    lab, connection = make(Histogram("in2exc.weight", bins=2, limits=(0.0, 2.0)))
    connection.weight.data[0] = torch.nan
    assert shown(lab)["y0"] == [1.0, 2.0]
    assert lab.snapshot().endswith("3 synapses, mean 1.083, 0.25 to 1.75")
    connection.weight.data[:] = torch.nan
    assert shown(lab)["y0"] == [0.0, 0.0]
    assert np.isfinite(lab.scene.data()[0]["limits"]).all()


def test_a_connection_without_delays_is_refused(make):
    with pytest.raises(LookupError, match=r"'in2exc.delay' names nothing here: this LinearDense has no delay. Build .* with delay="):
        make(Histogram("in2exc.delay"))


def test_what_a_panel_only_looks_at_was_not_recorded(make):
    lab, _ = make(Histogram("in2exc.weight"))
    with pytest.raises(LookupError, match="name must be one of"):
        lab.recorded("in2exc.weight")


def test_limits_out_of_order_are_refused():
    with pytest.raises(ValueError, match="limits must be in order, but are 1 and 0"):
        Histogram("in2exc.weight", limits=(1.0, 0.0))


def test_the_still_twin_draws_the_same_bars(make):
    lab, _ = make(Histogram("in2exc.weight", bins=4, limits=(0.0, 2.0)))
    assert [bar.get_height() for bar in lab.picture().get_axes()[0].patches] == [3.0, 1.0, 1.0, 1.0]
