"""The traced convolution: against torch's own, and beside the plain one."""

import pytest
import torch
import torch.nn.functional as F

import snnlab as snn

BATCH, CHANNELS, FILTERS, SIZE, STEPS = 2, 2, 3, (6, 5), 200
MOVES = [
    {},
    {"stride": 2},
    {"padding": 1},
    {"dilation": 2},
    {"stride": (1, 2), "padding": (2, 0), "dilation": (1, 2)},
    {"stride": (2, 1), "padding": (1, 2), "dilation": (2, 1)},
]
every_move = pytest.mark.parametrize("moves", MOVES, ids=str)


def build(delay=0.0, kernel=(3, 2), **moves):
    connection = snn.traced.Conv2d(CHANNELS, FILTERS, kernel, SIZE, BATCH, 1.0, delay, **moves)
    connection.reset_weights(a=-0.5, generator=torch.Generator().manual_seed(5))
    return connection


def plain(like, delay):
    """The plain convolution of the same weights and delays."""
    return snn.Conv2D(
        *SIZE,
        CHANNELS,
        FILTERS,
        1.0,
        like.kernel_size,
        stride=like.stride,
        padding=like.padding,
        dilation=like.dilation,
        synapse=snn.DeltaCurrent.partialconstructor(spike_charge=1.0),
        delay=None if delay is None else 5.0,
        batch_size=BATCH,
        weight_init=lambda weight: like.weight.detach(),
        **({} if delay is None else {"delay_init": lambda zeros: delay.expand(zeros.shape).clone()}),
    )


def a_weight(seed=2, kernel=(3, 2)):
    return torch.randint(0, 6, (FILTERS, CHANNELS, *kernel), generator=torch.Generator().manual_seed(seed)).float()


def images(steps=1, seed=0, rate=0.3):
    return torch.rand(steps, BATCH, CHANNELS, *SIZE, generator=torch.Generator().manual_seed(seed)) < rate


@every_move
@pytest.mark.parametrize("kernel", [1, (3, 2), (2, 3)])
def test_potentials_sum_to_torchs_convolution(moves, kernel):
    # The reference's fold mixes sites and taps.
    connection = build(kernel=kernel, **moves)
    x = torch.rand(BATCH, CHANNELS, *SIZE)
    expected = F.conv2d(x, connection.weight, **moves)
    potentials, _ = connection(x, x)
    assert potentials.shape == (*expected.shape, connection.weight[0].numel()) == connection.shape
    torch.testing.assert_close(potentials.sum(-1), expected)
    torch.testing.assert_close(connection.total(x), expected)
    torch.testing.assert_close(connection.activation_potential(x), potentials)


def test_each_synapse_is_the_tap_that_it_is_said_to_be():
    # Tap (c, i, j), in that order, at site (p, q) sees pixel (c, p + i, q + j).
    connection = build()
    x = torch.rand(BATCH, CHANNELS, *SIZE)
    potentials, trace = connection(x, x + 1)
    taps = potentials.view(BATCH, FILTERS, 4, 4, CHANNELS, 3, 2)
    for f, p, q, c, i, j in [(0, 0, 0, 0, 0, 0), (2, 3, 1, 1, 2, 1), (1, 2, 3, 0, 1, 0)]:
        pixel = x[:, c, p + i, q + j]
        torch.testing.assert_close(taps[:, f, p, q, c, i, j], pixel * connection.weight[f, c, i, j])
        torch.testing.assert_close(trace.view(taps.shape)[:, f, p, q, c, i, j], pixel + 1)


@every_move
@pytest.mark.parametrize("delay", [None, torch.tensor(3.0), a_weight()], ids=["no delay", "one delay", "a delay a weight"])
def test_stdp_learns_on_traced_spikes_what_it_learns_on_plain_ones(delay, moves):
    given = 0.0 if delay is None else delay if delay.dim() == 0 else delay.view(FILTERS, 1, 1, -1)
    connection = build(given, **moves)
    shape = connection.outshape
    lif = {"rest_v": -65.0, "reset_v": -67.0, "thresh_v": -60.0, "refrac_t": 2.0, "time_constant": 15.0, "resistance": 25.0}
    neurons = [snn.LIF(shape, 1.0, **lif, batch_size=BATCH).double() for _ in range(2)]
    layers = [
        snn.Serial(connection.double(), snn.traced.TracedNeuron(neurons[0], 20.0)),
        snn.Serial(plain(connection, delay).double(), neurons[1]),
    ]
    stdp = snn.STDP(lr_post=2e-4, lr_pre=-1e-4, tc_post=20.0, tc_pre=15.0)
    for name, layer in zip(("traced", "plain"), layers, strict=True):
        layer.connection.defaultupdater(exclude_delay=True)
        stdp.register_cell(name, layer.cell)
    first, fired, inputs = connection.weight.clone(), 0, snn.traced.TracedInput(20.0)
    for x in images(STEPS):
        spikes, trace = layers[0](*inputs(x))
        assert torch.equal(spikes, layers[1](x))
        assert trace.shape == spikes.shape == (BATCH, *shape)
        stdp()
        for layer in layers:
            layer.update()
        fired += int(spikes.sum())
    torch.testing.assert_close(layers[0].connection.weight, layers[1].connection.weight, rtol=1e-10, atol=1e-12)
    assert (connection.weight - first).abs().min() > 1e-5
    assert 100 < fired < STEPS * spikes.numel() / 2


@every_move
@pytest.mark.parametrize("sites", [False, True])
def test_the_learning_product_is_that_of_the_general_path(moves, sites):
    # The general path lays out every synapse and sample, and sums.
    shape = build(**moves).shape
    each_site = torch.randint(0, 6, shape[1:], generator=torch.Generator().manual_seed(3)).float()
    connection = build(each_site if sites else each_site[:, :1, :1], **moves).double()
    for x in images(8):
        connection(x, x.double())
    read = connection.synapse.delayed_spikes()
    post = torch.rand(connection.batched_outshape, dtype=torch.float64)
    for each in (post, post < 0.3):
        torch.testing.assert_close(connection.correlate(each, read), connection.pair(each, read).sum(0))
    for each in (post, post < 0.3):
        undelayed = build(**moves).double()
        undelayed(x, x.double())
        read = undelayed.synapse.delayed_spikes()
        torch.testing.assert_close(undelayed.correlate(each, read), undelayed.pair(each, read).sum(0))


def test_stdp_learns_where_every_site_has_a_delay_of_its_own():
    connection = build(torch.randint(0, 4, build().shape[1:], generator=torch.Generator().manual_seed(3)).float())
    lif = snn.LIF(connection.outshape, 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=2.0, time_constant=15.0,
                  resistance=40.0, batch_size=BATCH)  # fmt: skip
    layer, first = snn.Serial(connection, snn.traced.TracedNeuron(lif, 20.0)), connection.weight.clone()
    connection.defaultupdater(exclude_delay=True)
    stdp = snn.STDP(lr_post=0.01, lr_pre=-0.005, tc_post=20.0, tc_pre=15.0)
    stdp.register_cell("only", layer.cell)
    for x in images(20):
        layer(x, x.float()), stdp(), layer.update()
    assert not torch.equal(connection.weight, first)


def test_delays_that_are_the_same_at_every_site_are_kept_like_the_weights():
    assert build(a_weight().view(FILTERS, 1, 1, -1)).delay.shape == (FILTERS, CHANNELS, 3, 2)
    torch.testing.assert_close(build(a_weight().view(FILTERS, 1, 1, -1)).delay.data, a_weight())
    sites = torch.zeros(FILTERS, 4, 4, 12)
    sites[0, 1, 2, 3] = 2.0
    assert build(sites).delay.shape == (FILTERS, 4, 4, 12)
    assert torch.equal(build(sites).delay.data, sites)


def test_the_delays_that_were_given_are_not_the_ones_that_learn():
    given = a_weight().view(FILTERS, 1, 1, -1)
    connection = build(given)
    connection.delay = torch.zeros_like(connection.delay)
    assert torch.equal(given, a_weight().view(FILTERS, 1, 1, -1))


def test_the_selector_names_the_delay_of_every_synapse_of_a_pixel():
    # A 1 x 2 kernel over three pixels: the middle one is heard by the second tap of the first site and by the first of the second.
    connection = snn.traced.Conv2d(1, 1, (1, 2), (1, 3), 1, 1.0, torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]]))
    assert connection.selector.tolist() == [[[1.0, 0.0], [3.0, 2.0], [0.0, 4.0]]]
    assert build().selector is None


def test_reshapes_go_back_and_forth():
    connection = build()
    x = torch.rand(BATCH, CHANNELS, *SIZE)
    assert torch.equal(connection.like_input(connection.like_synaptic(x)), x)
    assert connection.postsyn_receptive(torch.zeros(BATCH, FILTERS, 4, 4)).shape == (BATCH, FILTERS, 1, 1, 1, 16)
    assert connection.presyn_receptive(connection.like_synaptic(x)).shape == (BATCH, 1, CHANNELS, 3, 2, 16)
    assert connection.like_bias(torch.zeros(FILTERS, 1, 1, 1)).shape == (FILTERS,)


def test_it_is_a_connection_of_both_families():
    connection = build(2.0)
    assert isinstance(connection, snn.traced.Connection)
    assert isinstance(connection, snn.Connection)
    assert (connection.inshape, connection.outshape) == ((CHANNELS, *SIZE), (FILTERS, 4, 4))
    assert "shape=(2, 3, 4, 4, 12), batchsz=2, dt=1.0, delay=up to 2" in repr(connection)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0, 3, 2, 5, 1, 1.0, 0.0), "in_channels must be a whole number of at least 1, but is 0"),
        ((2, 0, 2, 5, 1, 1.0, 0.0), "out_channels must be a whole number of at least 1, but is 0"),
        ((2, 3, (2, 2, 2), 5, 1, 1.0, 0.0), "kernel_size must be an int or a pair of height and width"),
        ((2, 3, 6, 5, 1, 1.0, 0.0), "kernel must find room in the image"),
        ((2, 3, 2, (5, 0), 1, 1.0, 0.0), "both sizes in im_dims must be a whole number of at least 1"),
        ((2, 3, 2, 5, 0, 1.0, 0.0), "batch_size must be a whole number of at least 1"),
        ((2, 3, 2, 5, 1, -1.0, 0.0), "dt must be above 0 ms"),
        ((2, 3, 2, 5, 1, 1.0, 0.5), "delay must be a whole multiple of dt, 1 ms, but is 0.5 ms"),
        ((2, 3, 2, 5, 1, 1.0, torch.zeros(7)), r"delay must be one number, or broadcast to \(1, 3, 4, 4, 8\)"),
        ((2, 3, 2, 5, 1, 1.0, 0.0, 0), "stride must be a whole number of at least 1"),
        ((2, 3, 2, 5, 1, 1.0, 0.0, 1, -1), "padding must be a whole number of at least 0"),
        ((2, 3, 2, 5, 1, 1.0, 0.0, 1, 0, 0), "dilation must be a whole number of at least 1"),
    ],
)
def test_arguments_that_cannot_be_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        snn.traced.Conv2d(*arguments)
