"""The page of `LinearDense`: every member and argument, by hand."""

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=2.0)  # with steps of 0.5 ms a spike is a current of 4 nA
WEIGHTS = torch.tensor([[1.0, 2.0, 3.0], [0.5, 0.0, -1.0]])


def dense(**kwargs):
    """Three inputs in two axes, two outputs in three."""
    settings = {"synapse": DELTA, "weight_init": lambda _: WEIGHTS} | kwargs
    return snn.LinearDense((3, 1), (1, 2, 1), 0.5, **settings)


SPIKES = torch.tensor([[[True], [False], [True]]])
NONE = torch.zeros_like(SPIKES)


def test_linear_dense_stands_on_the_mixin_and_on_connection():
    assert snn.LinearDense.__bases__ == (snn.WeightBiasDelayMixin, snn.Connection)


def test_linear_dense_takes_an_int_for_a_shape_of_one_axis():
    connection = snn.LinearDense(3, 2, 1.0, synapse=DELTA)
    assert (connection.inshape, connection.outshape) == ((3,), (2,))


def test_linear_dense_has_by_default_no_bias_no_delay_and_one_sample():
    connection = snn.LinearDense(3, 2, 0.5, synapse=DELTA)
    assert (connection.bias, connection.delay, connection.delayedby, connection.batchsz, connection.dt) == (None, None, None, 1, 0.5)
    assert connection.synapse.delay == 0.0


def test_linear_dense_without_initialisers_draws_weights_and_biases_in_0_to_1_and_delays_of_0():
    connection = snn.LinearDense(100, 100, 1.0, synapse=DELTA, bias=True, delay=5.0)
    for drawn in (connection.weight, connection.bias):
        assert 0 <= drawn.min() < 0.2
        assert 0.8 < drawn.max() < 1
    assert not connection.delay.any()


def test_linear_dense_gives_its_defaults_to_the_initialisers():
    seen = {}

    def noting(name, value):
        return lambda default: seen.setdefault(name, default).new_full(default.shape, value)

    connection = snn.LinearDense(
        3, 2, 1.0, synapse=DELTA, bias=True, delay=5.0,
        weight_init=noting("weight", 7.0), bias_init=noting("bias", 8.0), delay_init=noting("delay", 4.0),
    )  # fmt: skip
    assert {name: tuple(default.shape) for name, default in seen.items()} == {"weight": (2, 3), "bias": (2,), "delay": (2, 3)}
    assert not seen["delay"].any()
    assert connection.weight.eq(7).all()
    assert connection.bias.eq(8).all()
    assert connection.delay.eq(4).all()


def test_linear_dense_has_weights_and_delays_of_outputs_by_inputs_and_a_bias_an_output():
    connection = dense(bias=True, delay=5.0)
    assert (connection.weight.shape, connection.delay.shape, connection.bias.shape) == ((2, 3), (2, 3), (2,))


def test_linear_dense_without_delay_ignores_a_longer_one_of_its_synapse():
    connection = dense()
    connection.synapse.delay = 5.0
    assert (connection.delay, connection.delayedby, connection.selector) == (None, None, None)
    assert connection(SPIKES).any()
    assert not connection(NONE).any()


def test_linear_dense_with_a_delay_of_0_uses_it_once_it_is_longer():
    connection = dense(delay=0.0)
    assert (connection.delayedby, connection.synapse.delay) == (0.0, 0.0)
    assert connection(SPIKES).any()
    connection.synapse.delay = 0.5
    connection.delay = torch.full((2, 3), 0.5)
    assert [connection(x).any().item() for x in (SPIKES, NONE, NONE)] == [False, True, False]


def test_linear_dense_builds_its_synapse_from_shape_step_time_delay_and_batch_size():
    seen = []
    dense(synapse=lambda *arguments: seen.append(arguments) or DELTA(*arguments), delay=5.0, batch_size=4)
    dense(synapse=lambda *arguments: seen.append(arguments) or DELTA(*arguments))
    assert seen == [((3,), 0.5, 5.0, 4), ((3,), 0.5, 0.0, 1)]


def test_forward_is_x_times_w_transposed_plus_b_in_the_shape_of_outputs():
    connection = dense(bias=True, bias_init=lambda _: torch.tensor([10.0, 20.0]), batch_size=2)
    output = connection(torch.cat((SPIKES, ~SPIKES)))
    # Currents 4·(1, 0, 1) and 4·(0, 1, 0).
    assert output.tolist() == [[[[10 + 16.0], [20 - 2.0]]], [[[10 + 8.0], [20.0]]]]
    assert output.shape == connection.batched_outshape


def test_forward_applies_new_input_to_the_synapse_first_and_passes_all_on():
    connection = snn.LinearDense(3, 1, 0.5, synapse=snn.DeltaPlusCurrent.partialconstructor(spike_charge=2.0), weight_init=torch.ones_like)
    injected = torch.tensor([[0.5, 0.25, 0.0]])
    assert connection(torch.tensor([[True, False, False]]), injected).item() == pytest.approx(4.75)
    with pytest.raises(TypeError, match="spelled_wrong"):
        connection(torch.tensor([[True, False, False]]), spelled_wrong=1)


def test_forward_reads_each_synapse_at_its_own_delay():
    connection = dense(delay=1.0, delay_init=lambda _: torch.tensor([[0.0, 0.0, 1.0], [0.5, 0.0, 1.0]]))
    outputs = [connection(x).flatten().tolist() for x in (SPIKES, NONE, NONE, NONE)]
    # Currents of 4 nA from inputs 0 and 2: weights 1 and 0.5 after 0 and 0.5 ms; 3 and −1 after 1 ms.
    assert outputs == [[4.0, 0.0], [0.0, 2.0], [12.0, -4.0], [0.0, 0.0]]


def test_inshape_is_the_shape_of_inputs():
    assert dense(batch_size=4).inshape == (3, 1)


def test_outshape_is_the_shape_of_outputs():
    assert dense(batch_size=4).outshape == (1, 2, 1)


def test_like_bias_takes_m_by_1_to_m():
    assert dense(bias=True).like_bias(torch.tensor([[5.0], [6.0]])).tolist() == [5.0, 6.0]


def test_like_input_takes_b_by_m_to_the_shape_of_inputs():
    assert dense(batch_size=2).like_input(torch.arange(6.0).view(2, 3)).tolist() == [[[0.0], [1.0], [2.0]], [[3.0], [4.0], [5.0]]]


def test_like_synaptic_takes_the_shape_of_inputs_to_b_by_m():
    assert dense(batch_size=2).like_synaptic(torch.arange(6.0).view(2, 3, 1)).tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]


def test_postsyn_receptive_is_b_by_n_by_1_by_1():
    receptive = dense(batch_size=2).postsyn_receptive(torch.arange(4.0).view(2, 1, 2, 1))
    assert receptive.shape == (2, 2, 1, 1)
    assert receptive.flatten().tolist() == [0.0, 1.0, 2.0, 3.0]


def test_presyn_receptive_is_b_by_1_by_m_by_1_undelayed_and_b_by_n_by_m_by_1_delayed():
    undelayed = dense(batch_size=2).presyn_receptive(torch.arange(6.0).view(2, 3))
    assert undelayed.shape == (2, 1, 3, 1)
    assert undelayed.flatten().tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    state = torch.arange(12.0).view(2, 3, 2)  # B x M x N
    delayed = dense(batch_size=2, delay=1.0).presyn_receptive(state)
    assert delayed.shape == (2, 2, 3, 1)
    for sample in range(2):
        for output in range(2):
            assert delayed[sample, output, :, 0].tolist() == state[sample, :, output].tolist()


def test_selector_is_1_by_m_by_n_or_none():
    assert dense().selector is None
    delays = torch.tensor([[0.0, 0.5, 1.0], [1.0, 0.0, 0.5]])
    selector = dense(delay=1.0, delay_init=lambda _: delays).selector
    assert selector.shape == (1, 3, 2)
    assert torch.equal(selector[0].t(), delays)
