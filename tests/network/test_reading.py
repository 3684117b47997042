"""Names of what a run records: they lead to tensors, whose axes and units are told; what leads nowhere is told too."""

import pytest
import torch

import snnlab as snn
from snnlab.network.reading import axes_of, has_batch, reading, there_is

SYNAPSE = snn.DeltaCurrent.partialconstructor(1.0)


def serial(inputs=3, outputs=2, batch=4, delay=None, bias=True):
    connection = snn.LinearDense(inputs, outputs, 1.0, synapse=SYNAPSE, delay=delay, bias=bias, batch_size=batch)
    neuron = snn.ALIF(
        outputs, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-60.0, refrac_t=2.0, tc_membrane=10.0,
        tc_adaptation=(10.0, 100.0, 1000.0), spike_increment=1.0, batch_size=batch,
    )  # fmt: skip
    return snn.Serial(connection, neuron, connection_name="up", neuron_name="exc")


@pytest.mark.parametrize(
    ("name", "axes", "unit"),
    [
        ("neuron.voltage", ("batch", "neuron"), "mV"),
        ("neuron.voltage_", ("batch", "neuron"), "mV"),
        ("neurons.exc.voltage", ("batch", "neuron"), "mV"),
        ("neuron.spike", ("batch", "neuron"), ""),
        ("neuron.refrac", ("batch", "neuron"), "ms"),
        ("neuron.threshold", ("neuron",), "mV"),
        ("neuron.threshold_adaptation", ("neuron", "adaptation"), "mV"),
        ("connection.syncurrent", ("batch", "input"), "nA"),
        ("connections.up.synspike", ("batch", "input"), ""),
        ("connection.synapse.current", ("batch", "input"), "nA"),
        ("synapse.spike", ("batch", "input"), ""),
        ("connection.weight", ("neuron", "input"), ""),
        ("connection.bias", ("neuron",), "nA"),
        ("cell.prespike", ("batch", "input"), ""),
        ("cells.up.exc.precurrent", ("batch", "input"), "nA"),
        ("cells.up.exc.postvoltage", ("batch", "neuron"), "mV"),
    ],
)
@pytest.mark.parametrize("size", [(3, 2, 4), (2, 2, 2), (1, 1, 1), (3, 3, 3)], ids=str)
def test_a_name_leads_to_a_tensor_with_axes_and_a_unit(name, axes, unit, size):
    layer = serial(*size)
    found = reading(layer, name, size[2])
    assert (found.name, found.axes, found.unit) == (name, axes, unit)
    value = layer
    for part in name.split("."):
        value = getattr(value, part)
    assert torch.equal(found.read(), value)
    assert found.read().dim() == len(axes)


def test_with_delays_a_connection_shows_what_arrives_at_each_synapse():
    layer = serial(delay=5.0)
    assert reading(layer, "connection.syncurrent", 4).axes == ("batch", "input", "neuron")
    assert reading(layer, "connection.synapse.spike", 4).axes == ("batch", "input")
    assert (reading(layer, "connection.delay", 4).axes, reading(layer, "connection.delay", 4).unit) == (("neuron", "input"), "ms")


def test_what_is_read_is_what_is_there_when_it_is_read():
    layer = serial(batch=1)
    found = reading(layer, "neuron.spike", 1)
    layer.neuron(torch.full((1, 2), 1000.0))
    assert found.read().all()


def test_groups_of_two_axes_have_rows_and_columns():
    neuron = snn.LIF((8, 6), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    assert reading(neuron, "voltage", 1).axes == ("batch", "row", "column")
    assert axes_of(neuron, "", torch.zeros(1, 8, 6), 1) == ("batch", "row", "column")
    deep = snn.LIF((2, 8, 6), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    assert reading(deep, "voltage", 1).axes == ("batch", "channel", "row", "column")


def test_groups_of_more_axes_than_an_image_number_them():
    neuron = snn.LIF((2, 2, 8, 6), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    assert reading(neuron, "voltage", 1).axes == ("batch", "axis1", "axis2", "axis3", "axis4")


def test_adaptations_of_an_image_come_after_its_axes():
    neuron = snn.ALIF(
        (2, 8, 6), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-60.0, refrac_t=2.0, tc_membrane=10.0,
        tc_adaptation=(10.0, 100.0), spike_increment=1.0,
    )  # fmt: skip
    assert reading(neuron, "threshold_adaptation", 1).axes == ("channel", "row", "column", "adaptation")
    assert reading(neuron, "threshold", 1).axes == ("channel", "row", "column")


@pytest.mark.parametrize("delay", [None, 3.0])
def test_a_convolution_tells_filters_taps_and_sites(delay):
    connection = snn.Conv2D(8, 7, 2, 4, 1.0, 3, synapse=SYNAPSE, delay=delay, bias=True)  # 2 x 3 x 3 taps, 6 x 5 sites, 4 filters
    neuron = snn.LIF(connection.outshape, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
    layer, image = snn.Serial(connection, neuron), ("channel", "row", "column")
    sizes = {"tap": 18, "site": 30, "filter": 4, "channel": 2, "row": 3, "column": 3}
    arriving = ("batch", "tap", "site", "filter") if delay else ("batch", "tap", "site")
    wanted = {"connection.weight": ("filter", *image), "connection.bias": ("filter",), "connection.syncurrent": arriving}
    for name, axes in (wanted | {"cell.prespike": arriving, "connections.serial.synspike": arriving}).items():
        found = reading(layer, name, 1)
        assert found.axes == axes
        assert list(found.read().shape) == [sizes.get(axis, 1) for axis in axes]
    assert reading(layer, "cell.postspike", 1).axes == reading(layer, "neuron.voltage", 1).axes == ("batch", *image)
    assert axes_of(connection, "", torch.zeros(1, 4, 6, 5), 1) == ("batch", *image)


def test_weights_as_many_as_samples_are_still_no_batch():
    layer = serial(2, 2, 2)
    assert not has_batch(layer.connection, "weight", layer.connection.weight, 2)
    assert has_batch(layer.connection, "synspike", layer.connection.synspike, 2)
    assert not has_batch(layer.neuron, "threshold", layer.neuron.threshold, 2)


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("neuron.voltag", AttributeError, "record names 'neuron.voltag', but ALIF has no 'voltag'; there is: .*threshold, .*voltage"),
        ("neurn.voltage", AttributeError, "but Serial has no 'neurn'; there is: .*connection, .*neuron"),
        ("neurons.inh.voltage", AttributeError, r"but Proxy\(exc\) has no 'inh'; there is: exc\."),
        ("neuron.voltage.mean_", AttributeError, "but Tensor has no 'mean_'; there is: nothing that can be recorded"),
        ("neuron", TypeError, r"record must name tensors, but 'neuron' is of type ALIF\. In it there is: .*neuron\.voltage"),
        ("neurons", TypeError, r"'neurons' is of type Proxy\. In it there is: neurons\.exc"),
        ("neuron.rest_v", TypeError, r"'neuron.rest_v' is -65\.0\. Beside it there is: refrac, "),
        ("connection.delay", TypeError, "'connection.delay' is None"),
        ("updater", TypeError, r"'updater' is None\. Beside it there is: cell, "),
        ("", ValueError, "every name in record must be a string that is not empty"),
        (3, TypeError, "every name in record must be a string, but is 3"),
    ],
)
def test_a_name_that_leads_nowhere_is_refused_with_what_there_is(name, error, words):
    with pytest.raises(error, match=words):
        reading(serial(), name, 4)


def test_what_there_is_are_tensors_and_parts():
    layer = serial()
    assert {"connection", "neuron", "synapse", "cell", "neurons", "connections"} <= set(there_is(layer))
    assert not {"batchsz", "updater", "training", "forward", "named_cells"} & set(there_is(layer))
    assert there_is(layer.neurons) == ["exc"]
    assert there_is(3.0) == []
