"""Layers whose parts are fixed refuse to be given others, and go on as they were."""

import pytest
import torch

import snnlab as snn
from snnlab.network.fixed import fixed_parts

SYNAPSE = snn.DeltaCurrent.partialconstructor(100.0)
METHODS = ["add_connection", "add_neuron", "add_cell", "del_connection", "del_neuron", "del_cell"]


def dense():
    return snn.LinearDense(2, 2, 1.0, synapse=SYNAPSE, weight_init=torch.ones_like)


def lif():
    return snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)


FIXED = {
    "Serial": lambda: snn.Serial(dense(), lif(), connection_name="a", neuron_name="b"),
    "Biclique": lambda: snn.Biclique([("a", dense())], [("b", lif())]),
    "RecurrentSerial": lambda: snn.RecurrentSerial(
        dense(), dense(), dense(), lif(), lif(), feedfwd_connection_name="a", feedfwd_neuron_name="b"
    ),
}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("kind", FIXED)
def test_every_method_that_changes_parts_is_refused_by_its_name(kind, name):
    layer = FIXED[kind]()
    before = [*layer.named_connections, *layer.named_neurons, *layer.named_cells]
    arguments = {"add_connection": ("new", dense()), "add_neuron": ("new", lif()), "add_cell": ("a", "b"), "del_cell": ("a", "b")}
    with pytest.raises(RuntimeError, match=f"{kind} has fixed parts: {name} cannot be used"):
        getattr(layer, name)(*arguments.get(name, ("a",)))
    assert [*layer.named_connections, *layer.named_neurons, *layer.named_cells] == before
    assert getattr(layer, name).__doc__


def test_a_layer_that_is_not_fixed_is_left_alone():
    @fixed_parts
    class Closed(snn.Layer):
        def wiring(self, inputs):
            return {}

    class Open(snn.Layer):
        def wiring(self, inputs):
            return {}

    layer = Open()
    layer.add_neuron("b", lif())
    layer.del_neuron("b")
    with pytest.raises(RuntimeError, match="Closed has fixed parts"):
        Closed().add_neuron("b", lif())
