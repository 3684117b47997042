"""The panel of all weights over time."""

import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Evolution, Lab


@pytest.fixture
def make():
    labs = []

    def build(panel, delay=None, weight=((0.1, 0.1, 0.6), (0.6, 0.6, 0.9))):
        synapse = snn.DeltaCurrent.partialconstructor(1.0)
        connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, delay=delay, weight_init=lambda _: torch.tensor(weight))
        lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        layer = snn.Serial(connection, lif, connection_name="in2exc")
        labs.append(Lab(layer, torch.zeros(1, 1, 3), view=[panel], window=3))
        return labs[-1], connection

    yield build
    for each in labs:
        each.close()


def test_a_column_is_the_histogram_after_a_step(make):
    lab, connection = make(Evolution("in2exc.weight", bins=2, limits=(0.0, 1.0)))
    lab.step(1)
    connection.weight = torch.full((2, 3), 0.2)
    lab.step(1)
    shown = lab.scene.data()[0]
    np.testing.assert_allclose(lab.recorded("in2exc.weight")[1:, :2], [[2 / 6, 4 / 6], [1, 0]], rtol=1e-6)
    # Shades 1 to 255 by the square root of the share, 0 where nothing was yet.
    expected = [[0, 0], [round(1 + 254 * (1 / 3) ** 0.5), round(1 + 254 * (2 / 3) ** 0.5)], [255, 1]]
    assert shown["shades"].dtype == np.uint8
    assert shown["shades"].tolist() == expected
    assert shown["limits"].tolist() == [0.0, 1.0]


def test_what_lies_beyond_is_counted_at_the_ends_and_said(make):
    lab, _ = make(Evolution("in2exc.weight", bins=2, limits=(0.3, 1.1)))
    lab.step(1)
    np.testing.assert_allclose(lab.recorded("in2exc.weight")[-1], [5 / 6, 1 / 6, 2 / 6], rtol=1e-6)
    assert lab.snapshot() == "step 1 (1 ms); weights over time · in2exc.weight: most at 0.5, 33 % beyond the ends"


@pytest.mark.parametrize(("name", "delay", "limits"), [("in2exc.weight", None, (0.0, 2.0)), ("in2exc.delay", 7.0, (0.0, 7.0))])
def test_limits_are_twice_the_weights_or_the_longest_delay(make, name, delay, limits):
    lab, _ = make(Evolution(name), delay=delay)
    assert tuple(lab.scene.data()[0]["limits"]) == limits


def test_weights_all_alike_have_room_to_grow(make):
    lab, connection = make(Evolution("in2exc.weight"), weight=((1.0,) * 3,) * 2)
    for weight, most in ((1.0, 1.02), (1.5, 1.52)):  # the middle of a bin of 2/40
        connection.weight = torch.full((2, 3), weight)
        lab.step(1)
        assert lab.snapshot().endswith(f"most at {most:g}, 0 % beyond the ends")


def test_negative_weights_lie_between_themselves_and_zero(make):
    lab, _ = make(Evolution("in2exc.weight"), weight=((-0.5,) * 3, (-0.2,) * 3))
    low, high = lab.scene.data()[0]["limits"]
    assert low <= -0.5
    assert high == 0.0


def test_delays_have_a_unit(make):
    lab, _ = make(Evolution("in2exc.delay"), delay=7.0)
    panel = lab.scene.describe()["panels"][0]
    assert (panel["kind"], panel["label"], panel["title"]) == ("heat", "delay (ms)", "delays over time · in2exc.delay")


def test_limits_out_of_order_are_refused(make):
    with pytest.raises(ValueError, match="limits must be in order, but are 1 and 0"):
        make(Evolution("in2exc.weight", limits=(1.0, 0.0)))


def test_before_the_first_step_there_is_nothing_yet_and_it_can_be_drawn(make):
    lab, _ = make(Evolution("in2exc.weight"))
    assert lab.snapshot().endswith("nothing yet")
    assert not lab.scene.data()[0]["shades"].any()
    assert lab.picture().png().startswith(b"\x89PNG")


def test_the_still_twin_draws_the_same_shares(make):
    lab, _ = make(Evolution("in2exc.weight", bins=2, limits=(0.0, 1.0)))
    lab.step(2)
    image = lab.picture().get_axes()[0].images[0]
    np.testing.assert_allclose(image.get_array(), np.array([[2 / 6, 4 / 6]] * 2).T, rtol=1e-6)
    assert image.get_extent() == [-0.5, 1.5, 0.0, 1.0]
