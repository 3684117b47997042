"""The page of `pysnn.connection`, which is `snn.traced` here: every class, member, argument and default."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import snnlab as snn
from snnlab import traced


class Doubling(traced.Connection):
    """A connection written against the page alone: each input has one synapse, of weight 2."""

    def __init__(self, inputs, dt, delay):
        super().__init__((1, 1, inputs), dt, delay)
        self.weight = nn.Parameter(torch.full((1, inputs), 2.0))

    def forward(self, x, trace_in):
        return self.convert_spikes(self.propagate_spike(x)) * self.weight, self.propagate_trace(trace_in)


SPIKES, NONE = torch.tensor([[[True, False]]]), torch.tensor([[[False, False]]])


# ---------------------------------------------------------------------------------------------------------------------------- the base


def test_connection_takes_shape_dt_and_delay():
    connection = traced.Connection((1, 4, 3), 0.5, 1.5)
    assert (tuple(connection.shape), connection.dt) == ((1, 4, 3), 0.5)
    assert connection.delay.unique().tolist() == [1.5]
    assert isinstance(Doubling(2, 1.0, 0.0), nn.Module)


def test_a_delay_that_is_no_whole_multiple_of_dt_is_refused_with_both():
    with pytest.raises(ValueError, match=r"delay must be a whole multiple of dt, 0.5 ms, but is 0.75 ms"):
        traced.Connection((1, 4, 3), 0.5, 0.75)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16])
@pytest.mark.parametrize("kind", [torch.uint8, torch.bool])
def test_convert_spikes_gives_spikes_in_the_dtype_of_the_weights(dtype, kind):
    spikes = SPIKES.to(kind)
    converted = Doubling(2, 1.0, 0.0).to(dtype).convert_spikes(spikes)
    assert converted.dtype == dtype
    assert converted.tolist() == [[[1.0, 0.0]]]


def test_no_grad_asks_for_no_gradient_and_turns_training_off():
    connection = Doubling(2, 1.0, 0.0)
    assert connection.training
    assert connection.weight.requires_grad
    connection.no_grad()
    assert not connection.training
    assert not connection.weight.requires_grad


def test_reset_state_brings_spikes_and_traces_to_rest():
    connection = Doubling(2, 1.0, 1.0)
    connection(SPIKES, SPIKES * 0.5)
    connection.reset_state()
    potentials, trace = connection(NONE, NONE * 0.5)
    assert not potentials.any()
    assert not trace.any()
    assert connection.weight.eq(2).all()


def test_reset_weights_draws_anew_from_0_to_1_unless_told_otherwise():
    connection = Doubling(1000, 1.0, 0.0)
    connection.reset_weights()
    assert 0 <= connection.weight.min() < 0.1
    assert 0.9 < connection.weight.max() < 1
    connection.reset_weights("uniform", 1.0, -3.0, -2.0)
    assert -3 <= connection.weight.min() < -2.9
    assert -2.1 < connection.weight.max() <= -2
    connection.reset_weights(distribution="constant", gain=0.25)
    assert connection.weight.eq(0.25).all()


@pytest.mark.parametrize(
    ("distribution", "gain", "deviation"),
    [
        ("normal", 1.0, 1.0),
        ("xavier_normal", 3.0, 3 * (2 / 300) ** 0.5),  # gain·√(2/(inputs + outputs))
        ("xavier_uniform", 3.0, 3 * (2 / 300) ** 0.5),
        ("kaiming_normal", 1.0, (2 / 200) ** 0.5),  # √(2/inputs)
        ("kaiming_uniform", 1.0, (2 / 200) ** 0.5),
        ("neuron_scaled_uniform", 1.0, (1 / 12 / 200) ** 0.5),  # of U(0, 1)/√inputs
    ],
)
def test_reset_weights_knows_the_distributions_by_name(distribution, gain, deviation):
    connection = traced.Linear(200, 100, 1, 1.0, 0.0)
    connection.reset_weights(distribution, gain)
    assert connection.weight.std().item() == pytest.approx(deviation, rel=0.05)


def test_reset_weights_of_an_unknown_distribution_is_refused_and_lists_the_known():
    connection = Doubling(2, 1.0, 0.0)
    with pytest.raises(ValueError, match=r"distribution must be one of 'uniform', .*'constant', but is 'unifrom'"):
        connection.reset_weights("unifrom")
    assert connection.weight.eq(2).all()


def test_init_connection_does_all_that_starts_afresh():
    connection = Doubling(1000, 1.0, 1.0)
    x = torch.ones(1, 1, 1000, dtype=torch.bool)
    connection.no_grad(), connection(x, x * 0.5), connection.train()
    connection.init_connection()
    assert not connection.training
    assert not connection.weight.requires_grad
    assert 0 <= connection.weight.min() < 0.1 < 0.9 < connection.weight.max() < 1
    potentials, trace = connection(~x, ~x * 0.5)
    assert not potentials.any()
    assert not trace.any()


def test_init_connection_without_weights_says_what_is_missing():
    with pytest.raises(RuntimeError, match="weight"):
        traced.Connection((1, 1, 2), 1.0, 0.0).init_connection()


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_propagate_spike_gives_what_was_sent_a_delay_ago(steps):
    connection, sent = Doubling(2, 0.5, 0.5 * steps), [SPIKES, ~SPIKES, SPIKES | True, NONE, SPIKES, NONE, NONE]
    got = [connection.propagate_spike(x) for x in sent]
    expected = [NONE] * steps + sent[: len(sent) - steps]
    assert [x.tolist() for x in got] == [x.tolist() for x in expected]


# ----------------------------------------------------------------------------------------------------------------------------- linear


def line(batch=2, delay=0.0):
    connection = traced.Linear(3, 2, batch, 1.0, delay)
    connection.weight.data = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    connection.no_grad()
    return connection


X = torch.tensor([[[True, False, True]], [[False, True, True]]])
TRACE = torch.tensor([[[0.5, 0.25, 1.0]], [[0.0, 0.75, 0.125]]])


def test_linear_takes_features_batch_size_dt_and_delay():
    connection = traced.Linear(3, 2, 4, 0.5, 1.0)
    assert isinstance(connection, traced.Connection)
    assert connection.weight.shape == torch.nn.Linear(3, 2).weight.shape
    assert (connection.batchsz, connection.dt, connection.delay.unique().tolist()) == (4, 0.5, [1.0])
    with pytest.raises(ValueError, match=r"delay must be a whole multiple of dt, 0.5 ms, but is 0.7 ms"):
        traced.Linear(3, 2, 4, 0.5, 0.7)


def test_activation_potential_of_linear_is_one_a_synapse():
    potentials = line().activation_potential(X)
    assert potentials.shape == (2, 1, 2, 3)
    assert potentials.tolist() == [[[[1, 0, 3], [4, 0, 6]]], [[[0, 2, 3], [0, 5, 6]]]]


def test_forward_of_linear_gives_potentials_and_traces():
    potentials, trace = line()(X, TRACE)
    assert potentials.tolist() == line().activation_potential(X).tolist()
    assert trace.shape == (2, 1, 2, 3)
    assert torch.equal(trace, TRACE.unsqueeze(2).expand(2, 1, 2, 3))


def test_forward_of_linear_lets_spike_and_trace_travel_for_the_delay():
    connection = line(delay=2.0)
    given = [connection(x, trace) for x, trace in ((X, TRACE), (~X & X, 0 * TRACE), (~X & X, 0 * TRACE))]
    assert [each[0].any().item() for each in given] == [each[1].any().item() for each in given] == [False, False, True]
    at_once = line()(X, TRACE)
    assert torch.equal(given[2][0], at_once[0])
    assert torch.equal(given[2][1], at_once[1])


# -------------------------------------------------------------------------------------------------------------------------- convolution


def image(batch=2, size=5):
    return torch.rand(batch, 2, size, size, generator=torch.Generator().manual_seed(3)) < 0.4


def test_conv2d_takes_channels_kernel_image_batch_size_dt_and_delay():
    connection = traced.Conv2d(2, 3, (3, 2), (5, 6), 4, 0.5, 1.0)
    assert isinstance(connection, traced.Connection)
    assert connection.weight.shape == (3, 2, 3, 2)
    assert (connection.batchsz, connection.dt) == (4, 0.5)
    with pytest.raises(ValueError, match=r"delay must be a whole multiple of dt, 0.5 ms, but is 0.7 ms"):
        traced.Conv2d(2, 3, (3, 2), (5, 6), 4, 0.5, 0.7)


def test_conv2d_has_by_default_a_stride_of_1_no_padding_and_no_spacing():
    connection, x = traced.Conv2d(2, 3, 2, (5, 5), 2, 1.0, 0.0), image()
    connection.no_grad()
    torch.testing.assert_close(connection.activation_potential(x).sum(-1), F.conv2d(x.float(), connection.weight))


@pytest.mark.parametrize("moves", [{"stride": 2}, {"padding": 1}, {"dilation": 2}, {"stride": 2, "padding": 1, "dilation": 2}], ids=str)
def test_activation_potential_of_conv2d_is_one_a_synapse(moves):
    connection, x = traced.Conv2d(2, 3, 2, (5, 5), 2, 1.0, 0.0, **moves), image()
    connection.no_grad()
    potentials, expected = connection.activation_potential(x), F.conv2d(x.float(), connection.weight, **moves)
    assert potentials.shape == (*expected.shape, 2 * 2 * 2)
    torch.testing.assert_close(potentials.sum(-1), expected)


def test_forward_of_conv2d_gives_potentials_and_traces():
    connection, x = traced.Conv2d(2, 3, 2, (5, 5), 2, 1.0, 0.0), image()
    connection.no_grad()
    expected = connection.activation_potential(x)
    values = x * torch.linspace(0.1, 1.0, 50).view(1, 2, 5, 5)
    potentials, trace = connection(x, values)
    assert torch.equal(potentials, expected)
    assert trace.shape == potentials.shape == (2, 3, 4, 4, 8)
    taps = F.unfold(values, 2).view(2, 1, 8, 4, 4).expand(2, 3, 8, 4, 4).movedim(2, -1)
    torch.testing.assert_close(trace, taps)


# ------------------------------------------------------------------------------------------------------------------------------- pools

PLANE = torch.tensor([[[[0, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 1, 1]]]], dtype=torch.bool)
VALUES = torch.arange(16.0).view(1, 1, 4, 4) + 1


def test_maxpool2d_takes_what_torchs_takes():
    x = (torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(4)) < 0.2).float()
    for settings in ({}, {"stride": 1}, {"padding": 1}, {"dilation": 2}, {"ceil_mode": True}, {"stride": 3, "ceil_mode": True}):
        spikes, _ = traced.MaxPool2d(2, **settings)(x.bool(), x)
        assert torch.equal(spikes.float(), F.max_pool2d(x, 2, **settings))


def test_forward_of_maxpool2d_gives_spikes_and_the_trace_of_the_first_in_a_window():
    spikes, trace = traced.MaxPool2d(2)(PLANE, VALUES)
    assert spikes.dtype == torch.bool
    assert spikes.tolist() == [[[[True, True], [False, True]]]]
    # The only spike of the first window lies at 6; of two in the second and fourth the first counts; a silent one shows its top left.
    assert trace.tolist() == [[[[6.0, 3.0], [9.0, 15.0]]]]


def test_adaptivemaxpool2d_takes_the_size_of_its_output():
    x = (torch.rand(2, 3, 7, 7, generator=torch.Generator().manual_seed(5)) < 0.2).float()
    for size in (1, 3, (2, 5)):
        spikes, trace = traced.AdaptiveMaxPool2d(size)(x.bool(), x)
        assert torch.equal(spikes.float(), F.adaptive_max_pool2d(x, size))
        assert trace.shape == spikes.shape


def test_forward_of_adaptivemaxpool2d_gives_spikes_and_the_trace_of_the_first_in_a_window():
    spikes, trace = traced.AdaptiveMaxPool2d(2)(PLANE, VALUES)
    assert spikes.dtype == torch.bool
    assert spikes.tolist() == [[[[True, True], [False, True]]]]
    assert trace.tolist() == [[[[6.0, 3.0], [9.0, 15.0]]]]


def test_the_page_is_in_a_namespace_of_its_own():
    assert snn.traced is traced
    assert snn.Connection is not traced.Connection
