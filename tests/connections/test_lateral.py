"""LinearLateral: nobody reaches itself, however the diagonal was moved."""

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)


def build(size=3, **arguments):
    return snn.LinearLateral(size, 1.0, **({"synapse": DELTA, "weight_init": torch.ones_like} | arguments))


def test_the_diagonal_is_zero_when_built_when_set_and_when_updated():
    connection = build(delay=4.0, weight_init=lambda default: default + 5, delay_init=lambda zeros: zeros + 2)
    off = 1 - torch.eye(3)
    assert not connection.weight.diagonal().any()
    assert torch.equal(connection.delay, 2 * off)
    connection.weight, connection.delay = torch.full((3, 3), 7.0), torch.full((3, 3), 3.0)
    assert torch.equal(connection.weight, 7 * off)
    assert torch.equal(connection.delay, 3 * off)
    connection.defaultupdater().weight = torch.ones(3, 3)
    connection.update()
    assert torch.equal(connection.weight, 8 * off)


def test_a_bias_is_set_whole():
    connection = build(bias=True)
    connection.bias = torch.tensor([1.0, 2.0, 3.0])
    assert connection.bias.tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("delay", [None, 0.0, 2.0])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_the_product_leaves_out_a_diagonal_that_an_optimiser_moved(delay, batch_size):
    connection = build(delay=delay, batch_size=batch_size)
    with torch.no_grad():
        connection.weight.fill_diagonal_(100.0)
    one = torch.zeros(batch_size, 3)
    one[:, 1] = 1
    assert connection(one).tolist() == [[1.0, 0.0, 1.0]] * batch_size


def test_no_gradient_pulls_at_the_diagonal():
    connection = build()
    connection.weight.requires_grad_()
    connection(torch.ones(1, 3)).pow(2).sum().backward()
    assert not connection.weight.grad.diagonal().any()
    assert connection.weight.grad.any()


def test_rules_see_nothing_on_the_diagonal():
    connection = build(batch_size=2)
    connection(torch.ones(2, 3))
    read = connection.synapse.delayed_spikes()
    assert torch.equal(connection.correlate(torch.ones(2, 3), read), 2 - 2 * torch.eye(3))
    assert torch.equal(connection.pair(torch.ones(2, 3), read), (1 - torch.eye(3)).expand(2, 3, 3))


@pytest.mark.parametrize("delay", [None, 2.0])
def test_summed_pairs_are_the_correlation_whatever_the_mask(delay):
    connection = build(batch_size=2, delay=delay)
    connection.mask = torch.tensor([[0, 1, 0], [1, 0, 0], [1, 1, 0]])
    connection(torch.ones(2, 3))
    read, post = connection.synapse.delayed_spikes(), torch.ones(2, 3)
    assert torch.equal(connection.pair(post, read).sum(0), connection.correlate(post, read))


def test_the_mask_is_not_saved_and_follows_the_dtype():
    connection = build()
    assert torch.equal(connection.mask, 1 - torch.eye(3))
    assert "mask" not in connection.state_dict()
    assert connection.to(torch.float64).mask.dtype == torch.float64


def test_shapes():
    connection = build((2, 2), delay=1.0, bias=True, batch_size=3)
    assert connection.weight.shape == connection.delay.shape == (4, 4)
    assert connection.bias.shape == (4,)
    assert connection.selector.shape == (1, 4, 4)
    assert connection(torch.zeros(3, 2, 2)).shape == (3, 2, 2)


@pytest.mark.parametrize("moved", [1e8, float("inf")])
@pytest.mark.parametrize("delay", [None, 2.0])
def test_however_far_an_optimiser_moves_the_diagonal_it_counts_for_nothing(moved, delay):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearLateral(3, 1.0, synapse=synapse, delay=delay, batch_size=2, weight_init=torch.ones_like)
    with torch.no_grad():
        connection.weight.diagonal().fill_(moved)
    assert connection(torch.ones(2, 3, dtype=torch.bool)).tolist() == [[2.0, 2.0, 2.0]] * 2


def test_no_gradient_reaches_the_diagonal():
    connection = snn.LinearLateral(3, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0, inplace=False), weight_init=torch.ones_like)
    connection.weight.requires_grad_()
    connection(torch.ones(1, 3)).sum().backward()
    assert torch.equal(connection.weight.grad, 1 - torch.eye(3))
