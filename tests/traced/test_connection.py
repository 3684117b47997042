"""The base of traced connections: what is on its way, and weights drawn anew."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn
from snnlab.traced.connection import DISTRIBUTIONS, check_delay

SHAPE = (2, 1, 3, 4)  # samples, an axis of 1, neurons, synapses of one
TRAINS = st.lists(st.booleans(), min_size=1, max_size=12)


class Weighted(snn.traced.Connection):
    def __init__(self, *weight_shape, delay=0.0):
        super().__init__(SHAPE, 1.0, delay)
        self.weight = torch.nn.Parameter(torch.zeros(weight_shape))


def cells(value):
    return torch.full((2, 1, 1, 4), value)


# --------------------------------------------------------------------------------------------------------------- what is on its way


@given(TRAINS, st.integers(0, 4))
def test_a_delay_replays_the_past_however_many_spikes_are_on_their_way(train, steps):
    # One countdown a synapse would merge spikes less than a delay apart.
    connection = snn.traced.Connection(SHAPE, 0.5, steps * 0.5)
    arrived = [connection.propagate_spike(cells(spike)).all().item() for spike in train]
    assert arrived == ([False] * steps + train)[: len(train)]


@given(TRAINS)
def test_every_synapse_reads_the_one_history_at_its_own_delay(train):
    delay = torch.tensor([[0.0, 1.0, 2.0, 3.0], [3.0, 3.0, 0.0, 0.0], [1.0, 0.0, 2.0, 1.0]])
    connection = snn.traced.Connection(SHAPE, 1.0, delay)
    for t, spike in enumerate(train):
        arrived = connection.propagate_spike(cells(spike))
        assert arrived.shape == SHAPE
        past = lambda d, t=t: t - int(d) >= 0 and train[t - int(d)]  # noqa: E731
        assert arrived[1, 0].tolist() == [[past(d) for d in row] for row in delay.tolist()]


def test_delays_may_differ_between_samples_where_a_subclass_wants_it():
    connection = snn.traced.Connection((2, 1), 1.0, torch.tensor([[0.0], [1.0]]))
    arrived = [connection.propagate_spike(torch.tensor([[v], [v]])).flatten().tolist() for v in (1.0, 2.0, 3.0)]
    assert arrived == [[1.0, 0.0], [2.0, 1.0], [3.0, 2.0]]


def test_a_trace_travels_as_long_as_its_spike():
    connection = snn.traced.Connection(SHAPE, 1.0, 2.0)
    arrived = []
    for value in (0.1, 0.2, 0.3, 0.4):
        connection.propagate_spike(cells(value > 0.1))
        arrived.append(connection.propagate_trace(cells(value))[0, 0, 0, 0].item())
    assert arrived == pytest.approx([0.0, 0.0, 0.1, 0.2])


def test_histories_are_kept_once_a_presynaptic_cell():
    connection = snn.traced.Connection(SHAPE, 1.0, torch.full(SHAPE, 3.0))
    connection.propagate_spike(cells(True))
    assert connection.spike_.shape == (2, 1, 1, 4)


def test_without_a_delay_nothing_is_kept():
    connection = snn.traced.Connection(SHAPE, 1.0, 0.0)
    x = cells(1.0)
    assert connection.propagate_spike(x) is x
    assert sum(buffer.numel() for buffer in connection.spike_.buffers()) == 0


@pytest.mark.parametrize("delay", [2.0, torch.tensor([2.0, 2.0, 2.0, 1.0])])
def test_what_arrives_is_no_view_of_what_is_kept(delay):
    connection = snn.traced.Connection(SHAPE, 1.0, delay)
    for _ in range(3):
        arrived = connection.propagate_spike(cells(1.0))
    kept = connection.spike_.window
    arrived.fill_(7.0)
    assert torch.equal(connection.spike_.window, kept)
    arrived = connection.propagate_spike(cells(1.0))
    before = arrived.clone()
    connection.propagate_spike(cells(0.0))
    assert torch.equal(arrived, before)


def test_reset_state_loses_what_is_on_its_way():
    connection = snn.traced.Connection(SHAPE, 1.0, 1.0)
    connection.propagate_spike(cells(True)), connection.propagate_trace(cells(0.5))
    connection.reset_state()
    assert not connection.propagate_spike(cells(False)).any()
    assert not connection.propagate_trace(cells(0.0)).any()


def test_a_saved_connection_goes_on_where_it_was():
    connection, fresh = (snn.traced.Connection(SHAPE, 1.0, 2.0) for _ in range(2))
    connection.propagate_spike(cells(1.0)), connection.propagate_spike(cells(2.0))
    fresh.load_state_dict(connection.state_dict())
    assert [fresh.propagate_spike(cells(0.0))[0, 0, 0, 0].item() for _ in range(2)] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("delay", "dt", "words"),
    [
        (2.5, 1.0, r"delay must be a whole multiple of dt, 1 ms, but is 2.5 ms"),
        (0.05, 0.1, r"delay must be a whole multiple of dt, 0.1 ms, but is 0.05 ms"),
        (torch.tensor([1.0, 2.25, 3.0, 0.0]), 1.0, r"delay must be a whole multiple of dt, 1 ms, but is 2.25 ms"),
        (-1.0, 1.0, r"delay must be 0 ms or above, but its least value is -1 ms"),
        (torch.tensor([0.0, -2.0, 0.0, 0.0]), 1.0, "its least value is -2 ms"),
        (math.nan, 1.0, "delay must be a finite number"),
        (torch.tensor(math.nan), 1.0, "delay must be finite in every element"),
        (torch.zeros(3), 1.0, r"delay must be one number, or broadcast to \(2, 1, 3, 4\), one a synapse, but is of shape \(3,\)"),
        (torch.zeros(1, 2, 1, 3, 4), 1.0, r"but is of shape \(1, 2, 1, 3, 4\)"),
        (1.0, 0.0, "dt must be above 0 ms"),
    ],
)
def test_a_delay_that_cannot_be_is_refused(delay, dt, words):
    with pytest.raises(ValueError, match=words):
        snn.traced.Connection(SHAPE, dt, delay)


@pytest.mark.parametrize(("delay", "dt"), [(3 * 0.1, 0.1), (0.7, 0.1), (torch.tensor(299.9), 0.1), (torch.tensor(3), 1.0), (4, 0.5)])
def test_rounding_of_numbers_makes_no_delay_unfit(delay, dt):
    assert check_delay(delay, dt, (1,)).item() == pytest.approx(float(delay))
    connection = snn.traced.Connection((1, 1), dt, delay)
    steps = round(float(delay) / dt)
    arrived = [connection.propagate_spike(torch.tensor([[t == 0]])).item() for t in range(steps + 2)]
    assert arrived.index(True) == steps


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (torch.zeros(2, 1, 3, 5), r"x must broadcast to \(2, 1, 3, 4\) \(the shape of the synapses\), but is of shape \(2, 1, 3, 5\)"),
        (torch.zeros(4), r"but is of shape \(4,\)"),
        (torch.full((2, 1, 1, 4), math.nan), "x must be finite in every element"),
    ],
)
def test_a_bad_input_is_refused_and_nothing_moves(x, words):
    connection = snn.traced.Connection(SHAPE, 1.0, 1.0)
    connection.propagate_spike(cells(1.0))
    with pytest.raises(ValueError, match=words):
        connection.propagate_spike(x)
    with pytest.raises(ValueError, match=words.replace("x must", "trace_in must")):
        connection.propagate_trace(x)
    assert connection.propagate_spike(cells(0.0)).eq(1).all()


def test_a_gradient_that_the_history_would_lose_is_refused():
    with pytest.raises(RuntimeError, match="requires a gradient, but this history writes in place"):
        snn.traced.Connection(SHAPE, 1.0, 1.0).propagate_spike(cells(1.0).requires_grad_())


# -------------------------------------------------------------------------------------------------------------------------- weights


def drawn(distribution, shape=(200, 100), seed=0, **kwargs):
    connection = Weighted(*shape)
    connection.reset_weights(distribution, generator=torch.Generator().manual_seed(seed), **kwargs)
    return connection.weight.detach()


def assert_uniform(weight, low, high):
    # Of n draws, the mean lies within 5 deviations of its own, and the ends are nearly reached.
    width = high - low
    assert weight.min() >= low
    assert weight.max() <= high
    assert weight.max() - weight.min() > 0.999 * width
    assert weight.mean().item() == pytest.approx((low + high) / 2, abs=5 * width / math.sqrt(12 * weight.numel()))
    assert weight.std().item() == pytest.approx(width / math.sqrt(12), rel=0.02)


def assert_normal(weight, deviation):
    assert weight.mean().item() == pytest.approx(0.0, abs=5 * deviation / math.sqrt(weight.numel()))
    assert weight.std().item() == pytest.approx(deviation, rel=0.03)
    assert (weight.abs() < deviation).double().mean().item() == pytest.approx(math.erf(1 / math.sqrt(2)), abs=0.02)


def test_uniform_lies_between_its_bounds():
    assert_uniform(drawn("uniform"), 0.0, 1.0)
    assert_uniform(drawn("uniform", a=-2.0, b=0.5, gain=9.0), -2.0, 0.5)


def test_neuron_scaled_uniform_shrinks_with_the_root_of_the_inputs():
    assert_uniform(drawn("neuron_scaled_uniform", a=-1.0, b=2.0), -0.1, 0.2)  # 100 inputs
    assert_uniform(drawn("neuron_scaled_uniform", (200, 4, 5, 5)), 0.0, 0.1)  # 4·5·5 inputs


def test_normal_has_mean_0_and_deviation_1():
    assert_normal(drawn("normal", gain=9.0, a=5.0), 1.0)


def test_xavier_draws_by_the_sum_of_inputs_and_outputs():
    # Glorot & Bengio 2010: variance 2·gain²/(in + out).
    assert_normal(drawn("xavier_normal", gain=3.0), 3.0 * math.sqrt(2 / 300))
    bound = 3.0 * math.sqrt(6 / 300)
    assert_uniform(drawn("xavier_uniform", gain=3.0), -bound, bound)


def test_kaiming_draws_by_the_inputs():
    # He et al. 2015: variance 2/in.
    assert_normal(drawn("kaiming_normal", gain=9.0), math.sqrt(2 / 100))
    assert_uniform(drawn("kaiming_uniform"), -math.sqrt(6 / 100), math.sqrt(6 / 100))


def test_constant_is_the_gain():
    assert drawn("constant", gain=0.25).eq(0.25).all()


@pytest.mark.parametrize("distribution", [each for each in DISTRIBUTIONS if each != "constant"])
def test_a_generator_decides_what_is_drawn(distribution):
    before = torch.random.get_rng_state()
    assert torch.equal(drawn(distribution), drawn(distribution))
    assert not torch.equal(drawn(distribution), drawn(distribution, seed=1))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_an_unknown_distribution_is_refused_with_the_known_ones_and_the_weights_stay():
    connection = Weighted(3, 4)
    known = ".*".join(DISTRIBUTIONS)
    with pytest.raises(ValueError, match=f"distribution must be one of .*{known}.* but is 'gaussian'"):
        connection.reset_weights("gaussian")
    assert connection.weight.eq(0).all()


@pytest.mark.parametrize("distribution", ["uniform", "neuron_scaled_uniform"])
def test_bounds_in_the_wrong_order_are_refused(distribution):
    with pytest.raises(ValueError, match="a must be at most b, but a is 1 and b is 0"):
        Weighted(3, 4).reset_weights(distribution, a=1.0, b=0.0)


def test_bounds_that_are_no_number_are_refused():
    with pytest.raises(ValueError, match="b must be a finite number"):
        Weighted(3, 4).reset_weights(b=math.inf)


def test_init_connection_starts_afresh():
    connection = Weighted(3, 4, delay=1.0)
    connection.propagate_spike(cells(1.0))
    connection.init_connection()
    assert not connection.training
    assert not connection.weight.requires_grad
    assert not connection.propagate_spike(cells(0.0)).any()
    assert connection.weight.unique().numel() == 12
    assert 0 <= connection.weight.min() < connection.weight.max() <= 1


def test_init_connection_without_weights_says_what_is_missing_and_changes_nothing():
    class Bare(snn.traced.Connection):
        pass

    bare = Bare(SHAPE, 1.0, 1.0)
    bare.propagate_spike(cells(1.0))
    with pytest.raises(RuntimeError, match=r"init_connection needs weights, but Bare has none. Set self.weight = "):
        bare.init_connection()
    assert bare.training
    assert bare.propagate_spike(cells(0.0)).any()
    with pytest.raises(RuntimeError, match="reset_weights needs weights, but Bare has none"):
        bare.reset_weights()


def test_no_grad_reaches_parameters_of_submodules_and_the_mode():
    connection = Weighted(3, 4)
    connection.inner = torch.nn.Linear(2, 2)
    connection.no_grad()
    assert not any(parameter.requires_grad for parameter in connection.parameters())
    assert not connection.training
    assert not connection.inner.training


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_convert_spikes_takes_the_dtype_of_the_weights(dtype):
    converted = Weighted(3, 4).to(dtype).convert_spikes(torch.tensor([True, False]))
    assert converted.dtype == dtype
    assert converted.tolist() == [1.0, 0.0]


def test_it_prints_what_it_is():
    assert "shape=(2, 1, 3, 4), dt=1.0, delay=2" in repr(snn.traced.Connection(SHAPE, 1.0, 2.0))
    assert "delay=up to 3" in repr(snn.traced.Connection(SHAPE, 1.0, torch.tensor([0.0, 1.0, 2.0, 3.0])))
