"""The CUBA network of benchmarks/cuba.py fires as the same network does in Brian2.

The recording is that of tests/reference/record_brian2.py: rates of the equations as they are printed in the paper, and the spikes of a
smaller network whose currents are held over a step, as they are here.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.cuba import GOAL, Cuba, run


@pytest.fixture(scope="module")
def recording():
    with np.load(Path(__file__).parent / "reference" / "cuba.npz") as file:
        return dict(file)


def test_spike_for_spike_it_is_the_network_that_brian2_runs(recording):
    neurons = len(recording["first_voltage"])
    layer = Cuba(neurons, seed=0).double()
    connected = np.unpackbits(recording["connected"], count=neurons**2).reshape(neurons, neurons)
    layer.connections.excitatory.weight = torch.from_numpy(connected[:, : layer.sizes[0]])
    layer.connections.inhibitory.weight = torch.from_numpy(connected[:, layer.sizes[0] :])
    layer.neurons.cells.voltage = torch.from_numpy(recording["first_voltage"][None])
    spikes = torch.stack([layer.step()[0] for _ in range(3000)]).nonzero().numpy()
    assert len(recording["spikes"]) > 500
    np.testing.assert_array_equal(spikes, recording["spikes"])


def test_the_whole_network_starts_at_the_rate_of_the_printed_equations(recording):
    rates = recording["rates_50_ms"]
    assert len(rates) == 20
    spread = rates.std(ddof=1) * np.sqrt(1 + 1 / len(rates))  # of one more network around the mean of these
    assert run(neurons=4000, seed=0, duration=50.0) == pytest.approx(rates.mean(), abs=3 * spread)


def test_brian2_itself_lies_within_the_goal(recording):
    assert GOAL[0] <= recording["rates_1000_ms"].mean() <= GOAL[1]
