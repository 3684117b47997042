"""The traced linear connection, beside the plain one."""

import pytest
import torch
import torch.nn.functional as F

import snnlab as snn

BATCH, INPUTS, OUTPUTS, STEPS = 3, 6, 4, 200


def delays(seed=2):
    return torch.randint(0, 6, (OUTPUTS, INPUTS), generator=torch.Generator().manual_seed(seed)).float()


def pair(delay):
    """A traced connection, and a plain one of the same weights and delays."""
    traced = snn.traced.Linear(INPUTS, OUTPUTS, BATCH, 1.0, 0.0 if delay is None else delay)
    traced.reset_weights(a=0.3, generator=torch.Generator().manual_seed(5))
    plain = snn.LinearDense(
        (1, INPUTS),
        (1, OUTPUTS),
        1.0,
        synapse=snn.DeltaCurrent.partialconstructor(spike_charge=1.0),
        delay=None if delay is None else 5.0,
        batch_size=BATCH,
        weight_init=lambda like: traced.weight.detach(),
        **({} if delay is None else {"delay_init": lambda like: torch.as_tensor(delay).expand(like.shape)}),
    )
    return traced, plain


def neurons(batch=BATCH):
    return snn.LIF(
        (1, OUTPUTS), 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=2.0, time_constant=15.0, resistance=60.0, batch_size=batch
    )


@pytest.mark.parametrize("delay", [None, torch.tensor(3.0), delays()], ids=["no delay", "one delay", "a delay a synapse"])
@pytest.mark.parametrize("reduction", [None, torch.sum, lambda t, dim: t.amax(dim)], ids=["mean", "sum", "max"])
def test_stdp_learns_on_traced_spikes_what_it_learns_on_plain_ones(delay, reduction):
    traced, plain = (connection.double() for connection in pair(delay))
    layers = [snn.Serial(traced, snn.traced.TracedNeuron(neurons().double(), 20.0)), snn.Serial(plain, neurons().double())]
    stdp = snn.STDP(lr_post=0.02, lr_pre=-0.01, tc_post=20.0, tc_pre=15.0, batch_reduction=reduction)
    for name, layer in zip(("traced", "plain"), layers, strict=True):
        layer.connection.defaultupdater(exclude_delay=True)
        stdp.register_cell(name, layer.cell)
    first, fired = layers[0].connection.weight.clone(), 0
    inputs = snn.traced.TracedInput(20.0)
    generator = torch.Generator().manual_seed(1)
    for _ in range(STEPS):
        x = torch.rand(BATCH, 1, INPUTS, generator=generator) < 0.1
        spikes, trace = layers[0](*inputs(x))
        assert torch.equal(spikes, layers[1](x))
        assert trace.shape == spikes.shape == (BATCH, 1, OUTPUTS)
        stdp()
        for layer in layers:
            layer.update()
        fired += int(spikes.sum())
    torch.testing.assert_close(layers[0].connection.weight, layers[1].connection.weight, rtol=1e-12, atol=1e-12)
    assert (layers[0].connection.weight - first).abs().min() > 1e-3
    assert 100 < fired < STEPS * BATCH * OUTPUTS / 2


def test_a_total_is_the_plain_connections_current_bit_for_bit():
    traced, plain = pair(delays())
    for x in torch.rand(20, BATCH, 1, INPUTS, generator=torch.Generator().manual_seed(4)) < 0.4:
        assert torch.equal(traced.total(x), plain(x))


def test_undelayed_potentials_sum_to_a_matrix_product():
    traced, _ = pair(None)
    x = torch.rand(BATCH, 1, INPUTS)
    torch.testing.assert_close(traced(x, x)[0].sum(-1), F.linear(x, traced.weight))


def test_potentials_and_traces_by_hand():
    # Delays of 0 and 2 ms: the late spike of the first step meets the early one of the third.
    connection = snn.traced.Linear(2, 1, 1, 1.0, torch.tensor([0.0, 2.0]))
    connection.weight = torch.tensor([[3.0, 5.0]])
    inputs = snn.traced.TracedInput(10.0)
    out = [connection(*inputs(torch.tensor([[x]]))) for x in ([False, True], [False, False], [True, False])]
    assert [each[0].flatten().tolist() for each in out] == [[0.0, 0.0], [0.0, 0.0], [3.0, 5.0]]
    assert [each[1].flatten().tolist() for each in out] == [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0]]


@pytest.mark.parametrize("delay", [0.0, 2.0])
def test_the_activation_potential_takes_one_value_a_cell_or_a_synapse(delay):
    connection = snn.traced.Linear(INPUTS, OUTPUTS, BATCH, 1.0, delay)
    each, cells = torch.rand(BATCH, OUTPUTS, INPUTS), torch.rand(BATCH, 1, INPUTS)
    torch.testing.assert_close(connection.activation_potential(each), (each * connection.weight).view(connection.shape))
    torch.testing.assert_close(connection.activation_potential(cells), (cells * connection.weight).view(connection.shape))


def test_it_is_a_connection_of_both_families():
    connection = snn.traced.Linear(INPUTS, OUTPUTS, BATCH, 1.0, 2.0)
    assert isinstance(connection, snn.traced.Connection)
    assert isinstance(connection, snn.LinearDense)
    assert connection.shape == (BATCH, 1, OUTPUTS, INPUTS)
    assert connection.delayedby == 2.0
    assert connection.delay.eq(2.0).all()
    assert "shape=(3, 1, 4, 6), batchsz=3, dt=1.0, delay=up to 2" in repr(connection)
    assert "delay=0" in repr(snn.traced.Linear(INPUTS, OUTPUTS, BATCH, 1.0, 0.0))


@pytest.mark.parametrize("delay", [0.0, 0, torch.zeros(OUTPUTS, INPUTS)])
def test_a_delay_of_0_is_none(delay):
    connection = snn.traced.Linear(INPUTS, OUTPUTS, BATCH, 1.0, delay)
    assert connection.delay is None
    assert connection.trace_.slots == connection.synapse.spike_.slots == 1


def test_the_delays_that_were_given_are_not_the_ones_that_learn():
    delay = torch.full((OUTPUTS, INPUTS), 2.0)
    connection = snn.traced.Linear(INPUTS, OUTPUTS, BATCH, 1.0, delay)
    connection.delay = torch.ones_like(delay)
    assert delay.eq(2.0).all()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 4, 1, 1.0, 0.0), "in_features must be a whole number of at least 1, but is 0"),
        ((6, -1, 1, 1.0, 0.0), "out_features must be a whole number of at least 1, but is -1"),
        ((6, 4, 0, 1.0, 0.0), "batch_size must be a whole number of at least 1, but is 0"),
        ((6, 4, 1, 0.0, 0.0), "dt must be above 0 ms, but is 0.0 ms"),
        ((6, 4, 1, 1.0, -1.0), "delay must be 0 ms or above"),
        ((6, 4, 1, 1.0, torch.zeros(5)), r"delay must be one number, or broadcast to \(1, 1, 4, 6\)"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        snn.traced.Linear(*arguments)
