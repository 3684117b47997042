"""A neuron that spikes where it is told to."""

import math

import pytest
import torch

import snnlab as snn


def exact(shape=3, **changes):
    return snn.ExactNeuron(shape, 1.0, **({"rest_v": -65.0, "thresh_v": -50.0} | changes))


def test_it_spikes_where_its_input_is_above_nothing():
    assert exact()(torch.tensor([[-1.0, 0.0, 1e-30]])).tolist() == [[False, False, True]]
    assert exact()(torch.tensor([[False, True, True]])).tolist() == [[False, True, True]]
    assert exact()(torch.tensor([[0, -2, 3]])).tolist() == [[False, False, True]]


def test_its_voltage_shows_the_spikes_of_the_last_step():
    neuron = exact()
    assert neuron.voltage.tolist() == [[-65.0] * 3]
    neuron(torch.tensor([[1.0, 0.0, 0.0]]))
    assert neuron.voltage.tolist() == [[-50.0, -65.0, -65.0]]
    assert neuron.spike.tolist() == [[True, False, False]]
    neuron.thresh_v, neuron.rest_v = 30.0, -70.0
    assert neuron.voltage.tolist() == [[30.0, -70.0, -70.0]]
    neuron.clear()
    assert not neuron.spike.any()


def test_it_is_never_refractory_and_what_is_set_changes_nothing():
    neuron = exact()
    neuron(torch.ones(1, 3))
    neuron.voltage = torch.zeros(1, 3)
    neuron.refrac = torch.full((1, 3), 5.0)
    assert neuron.refrac.tolist() == [[0.0] * 3]
    assert neuron.voltage.tolist() == [[-50.0] * 3]
    assert neuron(torch.ones(1, 3)).all()


@pytest.mark.parametrize("override", [torch.tensor([True, False, False, True]), torch.tensor([[[2.0, 0.0], [0.0, -1.0]]])])
def test_spikes_that_are_given_take_the_place_of_those_of_the_input_in_any_shape(override):
    neuron = exact(2, batch_size=2)
    assert neuron(torch.ones(2, 2), override=override).tolist() == [[True, False], [False, True]]
    assert neuron.spike.tolist() == [[True, False], [False, True]]
    assert neuron(torch.ones(2, 2)).all()


@pytest.mark.parametrize(
    ("override", "error", "words"),
    [
        (torch.ones(5), ValueError, r"override must have as many elements as \(1, 3\) \(B x \*shape\), 3, but is of shape \(5,\)"),
        (torch.tensor([1.0, math.nan, 0.0]), ValueError, "override must be finite in every element"),
        ([True, False, True], TypeError, "override must be a torch.Tensor"),
    ],
)
def test_spikes_that_cannot_be_are_refused_and_the_last_ones_stay(override, error, words):
    neuron = exact()
    neuron(torch.tensor([[1.0, 0.0, 0.0]]))
    with pytest.raises(error, match=words):
        neuron(torch.zeros(1, 3), override=override)
    assert neuron.spike.tolist() == [[True, False, False]]


def test_what_it_takes_and_gives_is_copied():
    neuron, given = exact(), torch.tensor([[True, False, True]])
    spikes = neuron(torch.zeros(1, 3), override=given)
    given.fill_(False)
    spikes.fill_(False)
    neuron.spike.fill_(False)
    assert neuron.spike.tolist() == [[True, False, True]]


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"rest_v": math.inf}, ValueError, "rest_v must be a finite number, but is inf mV"),
        ({"thresh_v": "high"}, TypeError, "thresh_v must be a number in mV"),
        ({"dt": 0.0}, ValueError, "dt must be above 0 ms"),
    ],
)
def test_a_setting_that_is_refused_leaves_the_present_one(changes, error, words):
    neuron = exact()
    ((name, value),) = changes.items()
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    assert (neuron.rest_v, neuron.thresh_v, neuron.dt) == (-65.0, -50.0, 1.0)


def test_it_stands_in_a_layer_where_a_neuron_is_wanted():
    connection = snn.LinearDirect(3, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    layer = snn.Serial(connection, exact())
    assert layer(torch.tensor([[True, False, True]])).tolist() == [[True, False, True]]
    assert layer.cell.postspike.tolist() == [[True, False, True]]
