"""Whole networks give the spikes that Brian2 gives, at the same steps and by the same neurons.

The recordings, and how the steps of the two libraries line up, are those of tests/reference/record_brian2.py. Both sides calculate in
double precision, but add up currents in different orders: sums differ by about 1e-15, and a spike would move where a voltage lies that
close to its threshold. In none of the recordings does it.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import snnlab as snn

FOLDER = Path(__file__).parent / "reference"
RECORDED = sorted(path.stem for path in FOLDER.glob("*.npz") if path.stem != "cuba")


class Recurrent(snn.Layer):
    """Inputs and, one step later, the neurons themselves feed one group."""

    def __init__(self, recording):
        super().__init__()
        network = json.loads(str(recording["network"]))
        dt, outputs, inputs = network["step_time"], *recording["input_weight"].shape
        kind = snn.SingleExponentialCurrent if "time_constant" in network["synapse"] else snn.DeltaCurrent
        common = {"synapse": kind.partialconstructor(**network["synapse"]), "delay": network["longest"] * dt}
        self.add_connection("input", snn.LinearDense(inputs, outputs, dt, bias=True, **common))
        self.add_connection("lateral", snn.LinearLateral(outputs, dt, **common))
        self.add_neuron("group", getattr(snn, network["model"])(outputs, dt, **network["neuron"]))
        self.double()
        for name, connection in self.named_connections:
            connection.weight = torch.from_numpy(recording[f"{name}_weight"]).double()
            connection.delay = torch.from_numpy(recording[f"{name}_delay"]).double() * dt
        self.connections.input.bias = torch.from_numpy(recording["bias"]).double()

    def wiring(self, inputs, **kwargs):
        return {"group": inputs["input"] + inputs["lateral"]}


def load(name):
    with np.load(FOLDER / f"{name}.npz") as file:
        return dict(file)


def play(layer, recording, steps=None):
    """The layer's spikes over the recording, or its first steps, as rows of (step, neuron)."""
    inputs = torch.zeros(int(recording["steps"]), 1, recording["input_weight"].shape[1], dtype=torch.bool)
    step, channel = torch.from_numpy(recording["inputs"].astype(np.int64)).T
    inputs[step, 0, channel] = True
    spikes, trains = torch.zeros(layer.neurons.group.batchedshape, dtype=torch.bool), []
    for now in inputs[:steps]:
        spikes = layer({"input": now, "lateral": spikes})["group"]
        trains.append(spikes[0])
    return torch.stack(trains).nonzero().numpy()


@pytest.fixture(scope="module", params=RECORDED)
def case(request):
    """A recording, and the layer after it has played it, with what it gave."""
    recording = load(request.param)
    layer = Recurrent(recording)
    return recording, layer, play(layer, recording)


def test_every_spike_falls_on_the_step_and_the_neuron_that_brian2_says(case):
    recording, _, spikes = case
    assert len(recording["spikes"]) > 500
    assert np.bincount(recording["spikes"][:, 1]).min() > 5  # each neuron spikes
    np.testing.assert_array_equal(spikes, recording["spikes"])


def test_voltages_and_adaptations_end_where_brian2_has_them(case):
    recording, layer, _ = case
    neuron = layer.neurons.group
    np.testing.assert_allclose(neuron.voltage[0].numpy(), recording["voltage"], rtol=1e-9)
    if recording["adaptation"].size:
        np.testing.assert_allclose(neuron.current_adaptation[0].numpy(), recording["adaptation"], rtol=1e-9)


# ------------------------------------------------------------------------------------ what these comparisons would notice


def one_delay_for_all(name):
    def change(layer):
        connection = layer.get_connection(name)
        connection.delay = torch.full_like(connection.delay, connection.synapse.delay / 2)

    return change


def one_step_more(layer):
    """Of the synapse between neurons that weighs most."""
    connection = layer.connections.lateral
    weight = connection.weight.abs().masked_fill(connection.delay >= connection.synapse.delay - connection.dt / 2, 0)
    delay = connection.delay.detach().clone()
    delay.view(-1)[weight.argmax()] += connection.dt
    connection.delay = delay


@pytest.mark.parametrize(
    "change", [one_delay_for_all("input"), one_delay_for_all("lateral"), one_step_more], ids=["input", "lateral", "one"]
)
def test_other_delays_give_other_spikes(case, change):
    recording, _, spikes = case
    layer, half = Recurrent(recording), int(recording["steps"]) // 2
    change(layer)
    only_one_has = set(map(tuple, play(layer, recording, half))) ^ set(map(tuple, spikes[spikes[:, 0] < half]))
    assert len(only_one_has) > 10
