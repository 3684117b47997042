import pytest
import torch

import snnlab as snn
from snnlab.lab.names import Names


def serial():
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    return snn.Serial(connection, snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0))


def test_a_name_is_a_part_of_the_layer_or_a_trainer(toy, rule):
    names = Names(toy, {"rule": rule})
    assert names.find("exc") == (toy.cells, "")
    assert names.find("in2exc.weight") == (toy.wires, "weight")
    assert names.find("rule.lr_post") == (rule, "lr_post")


def test_dots_go_deeper():
    layer = serial()
    assert Names(layer).find("serial.synapse.spike_charge") == (layer.synapse, "spike_charge")


def test_of_two_things_with_one_name_the_one_that_has_the_attribute_is_meant():
    layer = serial()
    names = Names(layer)
    assert names.find("serial.voltage") == (layer.neuron, "voltage")
    assert names.find("serial.weight") == (layer.connection, "weight")
    assert names.find("serial", first="connections") == (layer.connection, "")
    assert names.find("neurons.serial", first="connections") == (layer.neuron, "")


def test_an_unknown_name_is_answered_with_what_there_is(toy, rule):
    with pytest.raises(LookupError, match=r"there is no 'exd'. Neurons: exc. Connections: in2exc. Trainers: rule. Did you mean 'exc'"):
        Names(toy, {"rule": rule}).find("exd.spike")


def test_an_unknown_attribute_is_answered_with_those_there_are(toy):
    with pytest.raises(
        LookupError, match=r"exc \(Cells\) has no 'spik'. It has: spike, tc_membrane, threshold, voltage. Did you mean 'spike'"
    ):
        Names(toy).find("exc.spik")


def test_a_model_that_does_not_say_what_it_is_made_of_is_refused():
    with pytest.raises(TypeError, match=r"layer must say what it is made of.*but is of type Linear\. Build it as a Serial"):
        Names(torch.nn.Linear(2, 2))
