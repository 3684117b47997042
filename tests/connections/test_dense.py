"""LinearDense: its product by algebra, and its shapes."""

import copy
import pickle

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=2.0)


def test_the_output_is_the_weighted_sum_of_currents_plus_the_bias():
    weight, bias = torch.tensor([[1.0, -2.0, 3.0], [0.5, 0.0, 4.0]]), torch.tensor([10.0, 20.0])
    connection = snn.LinearDense(3, 2, 0.5, synapse=DELTA, bias=True, batch_size=2, weight_init=lambda _: weight, bias_init=lambda _: bias)
    # Q/dt = 4 nA a spike: (1 + 3)·4 + 10 = 26, (0.5 + 4)·4 + 20 = 38; −2·4 + 10 = 2, 20.
    outputs = connection(torch.tensor([[True, False, True], [False, True, False]]))
    assert outputs.tolist() == [[26.0, 38.0], [2.0, 20.0]]


def test_many_axes_are_flattened_in_order():
    weight = torch.arange(24.0).view(4, 6)
    connection = snn.LinearDense((2, 3), (2, 2), 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=lambda _: weight)
    one = torch.zeros(1, 2, 3)
    one[0, 1, 0] = 1  # flat place 3
    assert connection(one).tolist() == [[[3.0, 9.0], [15.0, 21.0]]]


@pytest.mark.parametrize("delay", [None, 2.0])
def test_shapes_of_the_seed_page(delay):
    connection = snn.LinearDense((2, 3), (2, 2), 1.0, synapse=DELTA, bias=True, delay=delay, batch_size=5)
    assert connection.weight.shape == (4, 6)
    assert connection.bias.shape == (4,)
    assert connection.postsyn_receptive(torch.zeros(5, 2, 2)).shape == (5, 4, 1, 1)
    assert connection.presyn_receptive(torch.zeros(5, 6)).shape == (5, 1, 6, 1)
    assert connection.presyn_receptive(torch.zeros(5, 6, 4)).shape == (5, 4, 6, 1)
    assert connection.like_bias(torch.zeros(4, 1)).shape == (4,)
    assert connection.like_input(torch.zeros(5, 6)).shape == (5, 2, 3)
    assert connection.like_synaptic(torch.zeros(5, 2, 3)).shape == (5, 6)
    if delay:
        assert connection.selector.shape == (1, 6, 4)
        assert connection.syncurrent.shape == (5, 6, 4)
        assert connection.delay.shape == (4, 6)


def test_the_reshapes_put_every_value_at_its_synapse():
    connection = snn.LinearDense(3, 2, 1.0, synapse=DELTA, delay=9.0)
    connection.delay = torch.arange(6.0).view(2, 3)
    assert connection.selector[0].tolist() == [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]
    pre = torch.arange(6.0).view(1, 3, 2)  # M x N
    assert connection.presyn_receptive(pre)[0, :, :, 0].tolist() == [[0.0, 2.0, 4.0], [1.0, 3.0, 5.0]]
    product = torch.einsum(
        "b ... r, b ... r -> b ...", connection.postsyn_receptive(torch.tensor([[1.0, 10.0]])), connection.presyn_receptive(pre)
    )
    assert product[0].tolist() == [[0.0, 2.0, 4.0], [10.0, 30.0, 50.0]]


def test_further_inputs_and_keywords_reach_the_synapse():
    seen = {}

    class Listening(snn.DeltaCurrent):
        def forward(self, *inputs, **kwargs):
            seen.update(inputs=[tuple(each.shape) for each in inputs], kwargs=kwargs)
            return super().forward(inputs[0])

    build = lambda shape, step_time, delay, batch_size: Listening(shape, step_time, spike_charge=1.0, delay=delay)  # noqa: E731
    connection = snn.LinearDense((2, 2), 3, 1.0, synapse=build)
    connection(torch.zeros(1, 2, 2), torch.zeros(1, 2, 2), gain=2.0)
    assert seen == {"inputs": [(1, 4), (1, 4)], "kwargs": {"gain": 2.0}}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ((0, 2, 1.0), ValueError, "every size in in_shape must be a whole number of at least 1, but is 0"),
        ((2, (2, -1), 1.0), ValueError, "every size in out_shape"),
        ((2, 2.5, 1.0), TypeError, "out_shape must be an int or a tuple of ints, but is 2.5"),
        ((2, 2, 0.0), ValueError, "step_time must be above 0 ms, but is 0.0 ms"),
    ],
)
def test_a_connection_that_cannot_be_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        snn.LinearDense(*arguments, synapse=DELTA)


@pytest.mark.parametrize(
    ("delay", "words"), [(-1.0, "delay must be 0 ms or above, but is -1.0 ms"), (float("inf"), "delay must be a finite")]
)
def test_a_longest_delay_that_cannot_be_is_refused(delay, words):
    with pytest.raises(ValueError, match=words):
        snn.LinearDense(2, 2, 1.0, synapse=DELTA, delay=delay)


def test_an_unknown_argument_is_refused():
    with pytest.raises(TypeError, match="biased"):
        snn.LinearDense(2, 2, 1.0, synapse=DELTA, biased=True)


def test_a_large_step_of_one_sample_is_the_same_with_and_without_gradients_few_spikes_and_many():
    for rate in (0.0, 0.02, 0.5):
        connection = snn.LinearDense(300, 200, 1.0, synapse=DELTA, bias=True)
        spikes = torch.rand(1, 300, generator=torch.Generator().manual_seed(1)) < rate
        expected = 2 * spikes.double() @ connection.weight.detach().double().t() + connection.bias.detach().double()
        for recording in (True, False):
            with torch.set_grad_enabled(recording):
                torch.testing.assert_close(connection(spikes), expected.float())


def test_weights_lie_input_by_input_and_stay_so_in_copies_other_dtypes_and_files():
    connection = snn.LinearDense(300, 200, 1.0, synapse=DELTA)
    twin = snn.LinearDense(300, 200, 1.0, synapse=DELTA)
    twin.load_state_dict(connection.state_dict())
    connection.weight = torch.rand(200, 300)
    for each in (connection, copy.deepcopy(connection), copy.deepcopy(connection).double(), twin, pickle.loads(pickle.dumps(connection))):
        assert each.weight.stride() == (1, 200)
    assert snn.LinearDense(300, 200, 1.0, synapse=DELTA, delay=3.0).weight.is_contiguous()
    assert snn.LinearDense(4, 3, 1.0, synapse=DELTA).weight.is_contiguous()


def test_weights_that_are_laid_out_by_rows_give_the_same_step():
    connection = snn.LinearDense(300, 200, 1.0, synapse=DELTA)
    spikes = torch.rand(1, 300, generator=torch.Generator().manual_seed(1)) < 0.02
    with torch.no_grad():
        expected = connection(spikes)
        connection.weight.data = connection.weight.data.contiguous()
        torch.testing.assert_close(connection(spikes), expected)
    assert torch.nn.utils.parameters_to_vector(connection.parameters()).numel() == 60_000


def test_a_connection_of_ones_own_learns_by_its_own_factors_where_few_spike_too():
    class Slow(snn.LinearDense):
        """Learns at half the rate."""

        def factors(self, post, pre):
            left, right = super().factors(post, pre)
            return left * 0.5, right

    class Whole(snn.LinearDense):
        """The same, from the product."""

        def factors(self, post, pre):
            return None

        def correlate(self, post, pre):
            return super().correlate(post, pre) * 0.5

    def learned(kind):
        connection = kind(256, 128, 1.0, synapse=DELTA, weight_init=torch.zeros_like)
        connection.defaultupdater()
        layer = snn.Serial(connection, snn.ExactNeuron(128, 1.0, rest_v=0.0, thresh_v=1.0))
        rule = snn.STDP(lr_post=0.5, lr_pre=-0.25, tc_post=20.0, tc_pre=10.0)
        rule.register_cell("only", layer.cell)
        for pre, post in ((3, 5), (7, 5), (3, 9)):
            spikes, script = torch.zeros(1, 256), torch.zeros(1, 128)
            spikes[0, pre], script[0, post] = 1.0, 1.0
            layer(spikes, neuron_kwargs={"override": script})
            rule()
            layer.update()
        return connection.weight.detach()

    usual = learned(snn.LinearDense)
    assert usual.count_nonzero() == 4  # each of two inputs with each of two outputs
    for kind in (Slow, Whole):
        torch.testing.assert_close(learned(kind), usual * 0.5)
