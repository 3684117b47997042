"""The page of `Connection`: every member, on a connection written against the page alone and on the dense one of the library."""

import math

import pytest
import torch
from torch import nn

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)


def parameter(name):
    """A parameter kept under another name, that takes new values."""

    @torch.no_grad()
    def write(self, value):
        getattr(self, name).copy_(value)

    return property(lambda self: getattr(self, name), write)


class OneToOne(snn.Connection):
    """Each input reaches one output: y = x·w + b, with all that a subclass must give and nothing else."""

    def __init__(self, shape, step_time, *, synapse, bias=False, delay=None, batch_size=1):
        self._shape, count = shape, math.prod(shape)
        super().__init__(synapse((count,), step_time, delay or 0.0, batch_size))
        self.w = nn.Parameter(torch.arange(1.0, count + 1), False)
        self.b = nn.Parameter(torch.full((count,), 0.5), False) if bias else None
        self.d = nn.Parameter(torch.zeros(count), False) if delay is not None else None

    weight, bias, delay = parameter("w"), parameter("b"), parameter("d")
    inshape = outshape = property(lambda self: self._shape)
    selector = property(lambda self: None if self.d is None else self.d.view(1, -1, 1))

    def like_input(self, data):
        return data.reshape(-1, *self._shape)

    def like_synaptic(self, data):
        return data.reshape(data.shape[0], -1)

    def like_bias(self, data):
        return data

    def postsyn_receptive(self, data):
        return self.like_synaptic(data).unsqueeze(-1)

    def presyn_receptive(self, data):
        return data if data.dim() == 3 else data.unsqueeze(-1)

    def forward(self, *inputs, **kwargs):
        current = self.synapse(*(self.like_synaptic(each) for each in inputs), **kwargs)
        current = self.syncurrent[..., 0] if self.delayedby else current
        return (current * self.w + (0 if self.b is None else self.b)).reshape(self.batched_outshape)


def dense(**kwargs):
    return snn.LinearDense((2, 3), (2, 2), 1.0, **({"synapse": DELTA} | kwargs))


def own(**kwargs):
    return OneToOne((2, 3), 1.0, **({"synapse": DELTA} | kwargs))


BUILDERS = {"of one's own": own, "dense": dense}
both = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
SPIKES = torch.tensor([[[True, False, True], [False, True, True]]])
NONE = torch.zeros_like(SPIKES)


# ------------------------------------------------------------------------------------------------------------------- shapes and sizes


@both
def test_connection_takes_the_synapse_that_makes_its_currents(build):
    connection = build()
    assert isinstance(connection, snn.Connection)
    assert isinstance(connection, snn.Updatable)
    assert isinstance(connection.synapse, snn.DeltaCurrent)
    with pytest.raises(TypeError, match="synapse must"):
        build(synapse=lambda *_: torch.nn.Identity())


@both
def test_batched_inshape_is_the_shape_of_inputs_behind_the_batch(build):
    assert build(batch_size=4).batched_inshape == (4, 2, 3)


@both
def test_batched_outshape_is_the_shape_of_outputs_behind_the_batch(build):
    connection = build(batch_size=4)
    assert connection.batched_outshape == (4, *connection.outshape)
    assert connection(SPIKES.expand(4, 2, 3)).shape == connection.batched_outshape


@both
def test_batchsz_is_that_of_the_synapse(build):
    connection = build(batch_size=4)
    assert connection.batchsz == connection.synapse.batchsz == 4
    connection.batchsz = 2
    assert connection.batchsz == connection.synapse.batchsz == 2


@both
def test_inshape_is_the_shape_of_inputs_without_the_batch(build):
    assert build(batch_size=4).inshape == (2, 3)


def test_outshape_is_the_shape_of_outputs_without_the_batch():
    assert dense(batch_size=4).outshape == (2, 2)
    assert own(batch_size=4).outshape == (2, 3)


@both
def test_insize_counts_the_inputs_without_the_batch(build):
    assert build(batch_size=4).insize() == 6


def test_insize_follows_another_inshape_at_once_and_needs_no_refreshing():
    connection = own()
    assert (connection.insize(), connection.outsize()) == (6, 6)
    connection._shape = (6, 2)
    assert (connection.insize(), connection.outsize()) == (12, 12)


def test_outsize_counts_the_outputs_without_the_batch():
    assert dense(batch_size=4).outsize() == 4
    assert own(batch_size=4).outsize() == 6


# ------------------------------------------------------------------------------------------------------------------------- parameters


@both
def test_weight_is_a_parameter_that_takes_new_values(build):
    connection = build()
    weight, new = connection.weight, torch.full_like(connection.weight, 3.0)
    assert isinstance(weight, nn.Parameter)
    for value in (new, nn.Parameter(new + 1)):
        connection.weight = value
        assert connection.weight is weight
        assert torch.equal(connection.weight.data, value.data)
    assert not weight.requires_grad


@both
def test_bias_is_a_parameter_that_takes_new_values_or_none(build):
    assert build().bias is None
    connection = build(bias=True)
    bias, new = connection.bias, torch.full_like(connection.bias, 3.0)
    assert isinstance(bias, nn.Parameter)
    for value in (new, nn.Parameter(new + 1)):
        connection.bias = value
        assert connection.bias is bias
        assert torch.equal(connection.bias.data, value.data)


@both
def test_biased_is_whether_there_are_biases(build):
    assert build(bias=True).biased is True
    assert build().biased is False


@both
def test_delay_is_a_parameter_that_takes_new_values_or_none(build):
    assert build().delay is None
    connection = build(delay=4.0)
    delay, new = connection.delay, torch.full_like(connection.delay, 3.0)
    assert isinstance(delay, nn.Parameter)
    for value in (new, nn.Parameter(new + 1)):
        connection.delay = value
        assert connection.delay is delay
        assert torch.equal(connection.delay.data, value.data)


@both
@pytest.mark.parametrize(("delay", "delayedby"), [(None, None), (0.0, 0.0), (4.0, 4.0)])
def test_delayedby_is_the_longest_delay_of_the_synapse_or_none(build, delay, delayedby):
    connection = build(delay=delay)
    assert connection.delayedby == delayedby
    connection.synapse.delay = 7.0
    assert connection.delayedby == (None if delay is None else 7.0)


@both
def test_selector_has_the_delays_in_ms_or_is_none(build):
    assert build().selector is None
    connection = build(delay=4.0)
    connection.delay = torch.full_like(connection.delay, 3.0)
    assert connection.selector.shape[:2] == (1, 6)
    assert connection.selector.eq(3.0).all()


# ----------------------------------------------------------------------------------------------------------------------------- a step


class Listening(snn.DeltaCurrent):
    """A synapse that takes down what it is called with."""

    @classmethod
    def partialconstructor(cls, heard):
        def build(shape, step_time, delay, batch_size):
            synapse = cls(shape, step_time, spike_charge=1.0, delay=delay, batch_size=batch_size)
            synapse.heard = heard
            return synapse

        return build

    def forward(self, *inputs, **kwargs):
        self.heard.append((inputs, kwargs))
        return super().forward(*inputs)

    def clear(self, **kwargs):
        if hasattr(self, "heard"):
            self.heard.append(kwargs)
        super().clear(**kwargs)


@both
def test_forward_hands_reshaped_inputs_and_keywords_to_the_synapse_and_gives_currents(build):
    heard = []
    connection = build(synapse=Listening.partialconstructor(heard))
    output = connection(SPIKES, SPIKES.float(), temperature=3)
    (inputs, kwargs) = heard[-1]
    assert [each.shape for each in inputs] == [(1, 6), (1, 6)]
    assert torch.equal(inputs[0], connection.like_synaptic(SPIKES))
    assert kwargs == {"temperature": 3}
    assert output.shape == connection.batched_outshape


@both
def test_forward_gives_what_was_put_in_a_delay_ago(build):
    connection, undelayed = build(delay=2.0), build()
    undelayed.weight = connection.weight
    connection.delay = torch.full_like(connection.delay, 2.0)
    expected = undelayed(SPIKES)
    assert [connection(x).any().item() for x in (SPIKES, NONE)] == [False, False]
    torch.testing.assert_close(connection(NONE), expected)


@both
def test_syncurrent_has_the_currents_that_the_last_step_used(build):
    connection = build()
    connection(SPIKES)
    assert torch.equal(connection.syncurrent, SPIKES.reshape(1, 6).float())
    connection = build(delay=2.0)
    connection.delay = torch.full_like(connection.delay, 2.0)
    seen = [(connection(x), connection.syncurrent)[1] for x in (SPIKES, NONE, NONE)]
    assert [each.any().item() for each in seen] == [False, False, True]
    assert seen[2].shape[:2] == (1, 6)
    assert torch.equal(seen[2], SPIKES.reshape(1, 6, 1).float().expand_as(seen[2]))


@both
def test_synspike_has_the_spikes_that_the_last_step_used(build):
    connection = build()
    connection(SPIKES)
    assert torch.equal(connection.synspike, SPIKES.reshape(1, 6))
    connection = build(delay=2.0)
    connection.delay = torch.full_like(connection.delay, 2.0)
    seen = [(connection(x), connection.synspike)[1] for x in (SPIKES, NONE, NONE)]
    assert [each.any().item() for each in seen] == [False, False, True]
    assert seen[2].dtype == torch.bool
    assert torch.equal(seen[2], SPIKES.reshape(1, 6, 1).expand_as(seen[2]))


@both
def test_clear_reaches_the_synapse_with_its_keywords_and_the_updater(build):
    heard = []
    connection = build(synapse=Listening.partialconstructor(heard))
    connection.defaultupdater()
    connection(SPIKES)
    connection.updater.weight = torch.ones_like(connection.weight)
    before = connection.weight.clone()
    assert connection.clear(keep_adaptations=False) is None
    assert heard[-1] == {"keep_adaptations": False}
    assert not connection.synspike.any()
    connection.update()
    assert torch.equal(connection.weight, before)


# ------------------------------------------------------------------------------------------------------------------------- the updater


@both
@pytest.mark.parametrize(
    ("settings", "arguments", "names"),
    [
        ({}, {}, ("weight",)),
        ({"bias": True}, {}, ("weight", "bias")),
        ({"delay": 0.0}, {}, ("weight", "delay")),
        ({"bias": True, "delay": 3.0}, {}, ("weight", "bias", "delay")),
        ({"bias": True, "delay": 3.0}, {"exclude_weight": True}, ("bias", "delay")),
        ({"bias": True, "delay": 3.0}, {"exclude_bias": True}, ("weight", "delay")),
        ({"bias": True, "delay": 3.0}, {"exclude_delay": True}, ("weight", "bias")),
    ],
)
def test_defaultupdater_sets_and_returns_an_updater_of_what_there_is(build, settings, arguments, names):
    connection = build(**settings)
    assert connection.updater is None
    updater = connection.defaultupdater(**arguments)
    assert connection.updater is updater
    assert updater.names == names
    again = connection.defaultupdater()
    assert connection.updater is again is not updater


@both
def test_defaultupdater_includes_parameters_by_name(build):
    connection = build()
    connection.gain = nn.Parameter(torch.ones(1), False)
    assert connection.defaultupdater("gain", exclude_weight=True).names == ("gain",)
    connection.updater.gain = torch.ones(1)
    connection.update()
    assert connection.gain.item() == 2.0


# ---------------------------------------------------------------------------------------------------------------------------- reshapes


@both
def test_like_synaptic_takes_inputs_of_the_connection_to_those_of_the_synapse(build):
    connection, data = build(batch_size=2), torch.arange(12.0).view(2, 2, 3)
    assert connection.like_synaptic(data).tolist() == data.flatten(1).tolist()


@both
def test_like_input_takes_inputs_of_the_synapse_to_those_of_the_connection(build):
    connection, data = build(batch_size=2), torch.arange(12.0).view(2, 6)
    assert connection.like_input(data).tolist() == data.view(2, 2, 3).tolist()


@both
def test_like_bias_takes_a_reduced_postsynaptic_receptive_to_the_biases(build):
    connection = build(bias=True, batch_size=2)
    output = torch.arange(2.0 * connection.outsize()).view(connection.batched_outshape)
    reduced = connection.postsyn_receptive(output).sum(-1).sum(0)  # without the first axis, the batch, and the last, the receptive field
    biases = connection.like_bias(reduced)
    assert biases.shape == connection.bias.shape
    assert torch.equal(biases, output.flatten(1).sum(0))


@both
@pytest.mark.parametrize("delay", [None, 3.0])
def test_postsyn_receptive_broadcasts_with_the_weights_behind_the_batch(build, delay):
    connection = build(batch_size=2, delay=delay)
    output = connection(SPIKES.expand(2, 2, 3))
    receptive = connection.postsyn_receptive(output)
    assert receptive.shape[0] == 2
    assert torch.broadcast_shapes(receptive.shape[1:-1], connection.weight.shape) == connection.weight.shape
    assert sorted(receptive.flatten().tolist()) == sorted(output.flatten().tolist())


@both
@pytest.mark.parametrize("delay", [None, 3.0])
def test_presyn_receptive_broadcasts_with_the_weights_behind_the_batch(build, delay):
    connection = build(batch_size=2, delay=delay)
    connection(SPIKES.expand(2, 2, 3))
    for state in (connection.syncurrent, connection.synspike):
        receptive = connection.presyn_receptive(state)
        assert receptive.shape[0] == 2
        assert torch.broadcast_shapes(receptive.shape[1:-1], connection.weight.shape) == connection.weight.shape
        post = connection.postsyn_receptive(torch.ones(connection.batched_outshape))
        product = torch.einsum("b...r,b...r->b...", post, receptive.float())
        assert torch.broadcast_shapes(product.shape[1:], connection.weight.shape) == connection.weight.shape
