"""LinearDirect: one synapse an input, nothing across."""

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=2.0)


def test_each_output_is_its_own_input_weighted_plus_its_bias():
    connection = snn.LinearDirect(
        (2, 2), 0.5, synapse=DELTA, bias=True, weight_init=lambda _: torch.tensor([1.0, 2.0, 3.0, 4.0]),
        bias_init=lambda _: torch.tensor([0.0, 10.0, 20.0, 30.0]),
    )  # fmt: skip
    # Q/dt = 4 nA a spike.
    assert connection(torch.tensor([[[True, True], [False, True]]])).tolist() == [[[4.0, 18.0], [20.0, 46.0]]]


@pytest.mark.parametrize("delay", [None, 2.0])
def test_shapes(delay):
    connection = snn.LinearDirect((2, 3), 1.0, synapse=DELTA, bias=True, delay=delay, batch_size=5)
    assert connection.weight.shape == connection.bias.shape == (6,)
    assert connection.outshape == connection.inshape == (2, 3)
    assert connection.postsyn_receptive(torch.zeros(5, 2, 3)).shape == (5, 6, 1)
    assert connection.presyn_receptive(torch.zeros(5, 6)).shape == (5, 6, 1)
    assert connection.presyn_receptive(torch.zeros(5, 6, 1)).shape == (5, 6, 1)
    assert connection.like_bias(torch.zeros(6)).shape == (6,)
    if delay:
        assert connection.selector.shape == (1, 6, 1)
        assert connection.syncurrent.shape == connection.synspike.shape == (5, 6, 1)


def test_each_input_arrives_at_its_own_delay():
    connection = snn.LinearDirect(
        3, 1.0, synapse=DELTA, delay=2.0, weight_init=torch.ones_like, delay_init=lambda _: torch.tensor([0.0, 1.0, 2.0])
    )
    heard = [connection(torch.full((1, 3), step == 0)).tolist() for step in range(4)]
    assert heard == [[[2.0, 0.0, 0.0]], [[0.0, 2.0, 0.0]], [[0.0, 0.0, 2.0]], [[0.0, 0.0, 0.0]]]
