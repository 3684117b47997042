"""Conv2D: undelayed against torch's convolution, delayed against lists of the past, learning against loops over spike pairs."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

import snnlab as snn
from snnlab.connections.wide import count_blocks
from snnlab.plots import fields

CHARGE, TAU = 3.0, 4.0
DELTA = snn.DeltaCurrent.partialconstructor(CHARGE)
NEAREST = snn.DeltaCurrent.partialconstructor(CHARGE, interp_mode="nearest")
LINEAR = snn.DeltaCurrent.partialconstructor(CHARGE, interp_mode="linear")
EXPONENTIAL = snn.SingleExponentialCurrent.partialconstructor(CHARGE, TAU)
UNEVEN = {"kernel": (3, 2), "stride": (2, 1), "padding": (1, 0), "dilation": (1, 2)}
AS_TORCH = {name: UNEVEN[name] for name in ("stride", "padding", "dilation")}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def build(size=(6, 5), channels=2, filters=3, *, moves=UNEVEN, step_time=1.0, synapse=DELTA, seed=0, **arguments):
    """A connection with weights of both signs."""
    arguments = {"weight_init": lambda like: torch.rand(like.shape, generator=generator(seed)) * 2 - 1} | arguments
    return snn.Conv2D(*size, channels, filters, step_time, **moves, synapse=synapse, **arguments)


def trains(connection, steps, seed=1, rate=0.3):
    return torch.rand(steps, *connection.batched_inshape, generator=generator(seed)) < rate


def whole_delays(connection, longest, seed=2):
    return torch.randint(0, longest + 1, connection.weight.shape, generator=generator(seed)).to(connection.weight.dtype)


def run(connection, inputs):
    with torch.no_grad():
        return torch.stack([connection(spikes) for spikes in inputs])


def patches(images, moves=UNEVEN):
    """What each tap sees at each site, by torch: T x B x n x L."""
    unfolded = F.unfold(images.flatten(0, 1).double(), moves["kernel"], moves["dilation"], moves["padding"], moves["stride"])
    return unfolded.unflatten(0, images.shape[:2])


# ---------------------------------------------------------------------------------------------------------------- without delays

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


@settings(max_examples=60)
@given(
    size=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    moves=st.fixed_dictionaries(
        {"kernel": PAIRS, "stride": PAIRS, "padding": st.tuples(st.integers(0, 2), st.integers(0, 2)), "dilation": PAIRS}
    ),
    counts=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3)),
    bias=st.booleans(),
)
def test_without_delays_it_is_torchs_convolution_of_the_currents(size, moves, counts, bias):
    room = [n + 2 * p - d * (k - 1) for n, p, d, k in zip(size, *(moves[name] for name in ("padding", "dilation", "kernel")), strict=True)]
    assume(min(room) >= 1)
    channels, filters, batch = counts
    connection = build(size, channels, filters, moves=moves, bias=bias, batch_size=batch, step_time=0.5)
    spikes = trains(connection, 1)[0]
    rest = {name: moves[name] for name in ("stride", "padding", "dilation")}
    expected = F.conv2d(spikes.float() * CHARGE / 0.5, connection.weight.detach(), connection.bias, **rest)
    assert connection.outshape == expected.shape[1:]
    torch.testing.assert_close(connection(spikes), expected)


def test_an_exponential_current_is_convolved_as_it_decays():
    connection = build(synapse=EXPONENTIAL, batch_size=2)
    inputs = trains(connection, 5)
    currents = sum(inputs[at].double() * CHARGE / TAU * math.exp(-(4 - at) / TAU) for at in range(5))
    expected = F.conv2d(currents, connection.weight.detach().double(), **AS_TORCH)
    torch.testing.assert_close(run(connection, inputs)[-1].double(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float32, torch.float64])
def test_spikes_of_any_dtype_are_the_same_spikes(dtype):
    connection = build(batch_size=2)
    spikes = trains(connection, 1)[0]
    outputs = connection(spikes.to(dtype))
    assert outputs.dtype == torch.float32
    torch.testing.assert_close(outputs, F.conv2d(spikes.float() * CHARGE, connection.weight.detach(), **AS_TORCH))


# ------------------------------------------------------------------------------------------------------------------- with delays


@pytest.mark.parametrize("step_time", [1.0, 0.3])
@pytest.mark.parametrize("batch", [1, 8])
def test_whole_step_delays_equal_a_convolution_over_the_list_of_the_past(batch, step_time):
    connection = build(delay=20 * step_time, batch_size=batch, bias=True, step_time=step_time)
    steps_back = whole_delays(connection, 20).long()
    connection.delay = steps_back * step_time
    inputs = trains(connection, 200)
    seen, weight = patches(inputs) * (CHARGE / step_time), connection.weight.detach().double().flatten(1)
    padded = torch.cat((torch.zeros(20, *seen.shape[1:], dtype=torch.float64), seen))
    place = 20 - steps_back.flatten(1).t()  # n x F
    taps = torch.arange(seen.shape[2])[:, None]
    expected = [torch.einsum("nfbl,fn->bfl", padded[step + place, :, taps], weight) for step in range(200)]
    expected = torch.stack(expected).view(200, *connection.batched_outshape) + connection.bias.detach().view(-1, 1, 1)
    torch.testing.assert_close(run(connection, inputs).double(), expected, rtol=1e-5, atol=1e-5)


def current_at(train, time, synapse):
    """Current at a time in steps of 1 ms of one spike train, spike by spike, by the synapse's equation."""
    if synapse is EXPONENTIAL:
        return sum(CHARGE / TAU * math.exp(-(time - at) / TAU) for at, spike in enumerate(train) if spike and at <= time + 1e-6)
    at = lambda step: CHARGE * train[step] if 0 <= step < len(train) else 0.0  # noqa: E731
    if synapse is LINEAR:
        low = math.floor(time)
        return at(low) + (time - low) * (at(low + 1) - at(low))
    return at(math.floor(time) if synapse is DELTA else math.ceil(time - 0.5))


@pytest.mark.parametrize("batch", [1, 2])
@pytest.mark.parametrize("synapse", [DELTA, NEAREST, LINEAR, EXPONENTIAL], ids=["previous", "nearest", "linear", "exponential"])
def test_delays_between_two_steps_read_by_the_synapses_rule(synapse, batch):
    connection = build((4, 4), 1, 2, synapse=synapse, delay=6.0, batch_size=batch)
    connection.delay = torch.rand(connection.delay.shape, generator=generator(5)) * 6
    inputs = trains(connection, 15)
    seen, weight, delay = patches(inputs), connection.weight.detach().flatten(1).tolist(), connection.delay.flatten(1).tolist()
    for time in (0, 3, 14):
        connection.clear()
        last = run(connection, inputs[: time + 1])[-1].flatten(2)
        for b, f, site in itertools.product(range(batch), range(2), range(last.shape[2])):
            columns = seen[: time + 1, b, :, site].t().tolist()
            expected = sum(w * current_at(train, time - d, synapse) for w, d, train in zip(weight[f], delay[f], columns, strict=True))
            assert last[b, f, site].item() == pytest.approx(expected, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("longest", [None, 3.0, 12.0])
@pytest.mark.parametrize("batch", [1, 3])
def test_a_kernel_as_large_as_the_image_is_a_dense_connection(batch, longest):
    connection = build((3, 4), 2, 5, moves={"kernel": (3, 4)}, delay=longest, batch_size=batch)
    dense = snn.LinearDense((2, 3, 4), (5, 1, 1), 1.0, synapse=DELTA, delay=longest, batch_size=batch)
    dense.weight = connection.weight.flatten(1)
    if longest:
        connection.delay = whole_delays(connection, int(longest))
        dense.delay = connection.delay.flatten(1)
    inputs = trains(connection, 20)
    torch.testing.assert_close(run(connection, inputs), run(dense, inputs), rtol=1e-5, atol=1e-5)
    for post in (torch.rand(batch, 5, 1, 1), torch.rand(batch, 5, 1, 1) < 0.5):
        given, expected = (each.correlate(post, each.synapse.delayed_spikes()) for each in (connection, dense))
        torch.testing.assert_close(given.flatten(1), expected)


def test_one_delay_moves_with_its_kernel_over_all_sites():
    connection = build((1, 4), 1, 1, moves={"kernel": (1, 2)}, delay=3.0, weight_init=torch.ones_like)
    connection.delay = torch.tensor([[[[3.0, 1.0]]]])
    pulse = torch.zeros(5, 1, 1, 1, 4, dtype=torch.bool)
    pulse[0, 0, 0, 0, 1] = True  # seen by tap 1 at site 0, and by tap 0 at site 1
    assert run(connection, pulse).flatten(1).nonzero().tolist() == [[1, 0], [3, 1]]


def test_two_spikes_in_flight_both_arrive():
    connection = build(delay=10.0, weight_init=torch.ones_like, delay_init=lambda zeros: zeros + 10)
    inputs = torch.zeros(20, *connection.batched_inshape, dtype=torch.bool)
    inputs[[0, 3, 4]] = True
    assert run(connection, inputs).flatten(1).any(1).nonzero().flatten().tolist() == [10, 13, 14]


def test_zero_delays_give_what_no_delays_give():
    some, none, unused = build(delay=5.0, batch_size=3), build(batch_size=3), build(delay=0.0, batch_size=3)
    inputs = trains(none, 20)
    expected = run(none, inputs)
    torch.testing.assert_close(run(some, inputs), expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(run(unused, inputs), expected)


@pytest.mark.filterwarnings("ignore:.*delays lie outside")
def test_beyond_the_history_there_is_what_the_synapse_says():
    synapse = snn.DeltaCurrent.partialconstructor(CHARGE, current_overbound=0.5)
    connection = build((3, 3), 1, 1, moves={"kernel": 2}, synapse=synapse, delay=4.0, weight_init=torch.ones_like)
    connection.delay = torch.tensor([[[[4.0, 4.0], [4.0, 0.0]]]])
    connection.synapse.delay = 1.0
    # Three taps read 0.5 nA, the fourth its spike of 3 nA.
    assert connection(torch.ones(1, 1, 3, 3)).flatten().tolist() == [4.5] * 4


@pytest.mark.parametrize("delay", [None, 2.0])
def test_a_synapse_written_against_the_interface_alone_will_do(delay):
    class Plain(snn.Synapse):
        """Three steps of the past, as a list."""

        inplace = False

        def __init__(self, shape, step_time, delay, batch_size):
            super().__init__()
            self.shape, self.dt, self.delay, self.batchsz, self.batchedshape = shape, step_time, delay, batch_size, (batch_size, *shape)
            self.past = [torch.zeros(self.batchedshape)] * 3

        partialconstructor = classmethod(lambda cls: cls)
        current = property(lambda self: self.past[0])
        spike = property(lambda self: self.past[0] != 0)

        def current_at(self, selector):
            past = torch.stack(self.past, -1).unsqueeze(-2)  # B x n x L x 1 x K
            steps = selector.long().expand(*self.batchedshape, -1).unsqueeze(-1)
            return past.expand(*steps.shape[:-1], -1).gather(-1, steps).squeeze(-1)

        def spike_at(self, selector):
            return self.current_at(selector) != 0

        def forward(self, *inputs):
            self.past = [inputs[0].float(), *self.past[:2]]
            return self.past[0]

    mine = build(synapse=Plain, delay=delay, batch_size=2)
    ours = build(synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=delay, batch_size=2)
    if delay:
        mine.delay = ours.delay = whole_delays(ours, 2)
    for spikes in trains(ours, 6):
        torch.testing.assert_close(mine(spikes), ours(spikes))


# ----------------------------------------------------------------------------------------------------------------- shapes, sizes


def test_its_attributes_say_how_the_kernel_moves():
    connection = build()
    assert (connection.height, connection.width, connection.channels, connection.filters) == (6, 5, 2, 3)
    assert (connection.kernel, connection.stride, connection.padding, connection.dilation) == ((3, 2), (2, 1), (1, 0), (1, 2))
    # (6 + 2·1 − 1·2 − 1)/2 + 1 = 3 down, (5 − 2·1 − 1)/1 + 1 = 3 across.
    assert (connection.outheight, connection.outwidth) == (3, 3)
    assert (connection.inshape, connection.outshape) == ((2, 6, 5), (3, 3, 3))
    assert (connection.insize(), connection.outsize()) == (60, 27)
    square = snn.Conv2D(5, 5, 1, 1, 1.0, 3, synapse=DELTA)
    assert (square.kernel, square.stride, square.padding, square.dilation) == ((3, 3), (1, 1), (0, 0), (1, 1))


@pytest.mark.parametrize("delay", [None, 0.0, 2.0])
def test_shapes(delay):
    connection = build((6, 5), 2, 3, bias=True, delay=delay, batch_size=4)
    taps, sites = 2 * 3 * 2, 3 * 3
    assert connection.weight.shape == (3, 2, 3, 2)
    assert connection.bias.shape == (3,)
    assert connection.synapse.shape == (taps, sites)
    assert connection.postsyn_receptive(torch.zeros(4, 3, 3, 3)).shape == (4, 3, 1, 1, 1, sites)
    assert connection.presyn_receptive(torch.zeros(4, taps, sites)).shape == (4, 1, 2, 3, 2, sites)
    assert connection.presyn_receptive(torch.zeros(4, taps, sites, 3)).shape == (4, 3, 2, 3, 2, sites)
    assert connection.like_bias(torch.zeros(3, 1, 1, 1)).shape == (3,)
    assert connection.like_input(torch.zeros(4, taps, sites)).shape == (4, 2, 6, 5)
    assert connection.like_synaptic(torch.zeros(4, 2, 6, 5)).shape == (4, taps, sites)
    if delay is None:
        assert connection.selector is None
        assert connection.delay is None
    else:
        assert connection.delay.shape == (3, 2, 3, 2)
        assert connection.selector.shape == (1, taps, sites, 3)
    assert connection.syncurrent.shape == ((4, taps, sites, 3) if delay else (4, taps, sites))


def test_the_reshapes_put_every_value_at_its_weight():
    connection = build(delay=99.0)
    connection.delay = torch.arange(36.0).view(3, 2, 3, 2)
    values = torch.rand(1, 12, 9, 3)
    received, sites = connection.presyn_receptive(values), torch.arange(9.0)
    for f, c, i, j in itertools.product(range(3), range(2), range(3), range(2)):
        tap = (c * 3 + i) * 2 + j
        assert torch.equal(connection.selector[0, tap, :, f], connection.delay[f, c, i, j].expand(9))
        assert torch.equal(received[0, f, c, i, j], values[0, tap, :, f])
    assert torch.equal(connection.postsyn_receptive(sites.view(1, 1, 3, 3).expand(1, 3, 3, 3))[0, 1, 0, 0, 0], sites)


def test_what_the_last_step_used_is_what_was_delayed_by_each_delay():
    connection = build(delay=2.0, batch_size=2)
    delay = connection.delay = whole_delays(connection, 2)
    inputs = trains(connection, 6)
    run(connection, inputs)
    seen = patches(inputs)
    for n, f in itertools.product(range(12), range(3)):
        step = 5 - int(delay.flatten(1)[f, n])
        assert torch.equal(connection.synspike[:, n, :, f].double(), seen[step, :, n])
        assert torch.equal(connection.syncurrent[:, n, :, f].double(), seen[step, :, n] * CHARGE)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"kernel": (3, 3, 3)}, ValueError, r"kernel must be an int or a pair of height and width, but is \(3, 3, 3\), of 3 sizes"),
        ({"stride": (1, 1, 1)}, ValueError, "stride must be an int or a pair of height and width"),
        ({"stride": 0}, ValueError, "stride must be a whole number of at least 1, but is 0"),
        ({"padding": (0, -1)}, ValueError, "both sizes in padding must be a whole number of at least 0, but is -1"),
        ({"dilation": 1.5}, TypeError, r"dilation must be a whole number, but is 1.5 \(float\). Pass an int, or a pair"),
        ({"kernel": (7, 2), "padding": 0}, ValueError, "kernel must find room in the image, but is 7 x 2 pixels.* in an image of 6 x 5"),
    ],
)
def test_a_kernel_that_cannot_be_is_refused(changes, error, words):
    with pytest.raises(error, match=words):
        build(moves=UNEVEN | changes)


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((0, 5, 1, 1, 1.0, 1), "height must be a whole number of at least 1, but is 0"),
        ((5, -2, 1, 1, 1.0, 1), "width must be a whole number of at least 1, but is -2"),
        ((5, 5, 0, 1, 1.0, 1), "channels must be a whole number of at least 1, but is 0"),
        ((5, 5, 1, 0, 1.0, 1), "filters must be a whole number of at least 1, but is 0"),
        ((5, 5, 1, 1, 0.0, 1), "step_time must be above 0 ms, but is 0.0 ms"),
    ],
)
def test_sizes_that_cannot_be_are_refused(sizes, words):
    with pytest.raises(ValueError, match=words):
        snn.Conv2D(*sizes, synapse=DELTA)


def test_an_input_of_another_shape_is_refused_with_both_shapes():
    connection = build(batch_size=2)
    with pytest.raises(ValueError, match=r"inputs must be of shape \(2, 2, 6, 5\) \(B x inshape\), but is of shape \(2, 2, 5, 6\)"):
        connection(torch.zeros(2, 2, 5, 6))
    assert not connection.synapse.spike.any()


def test_repr_shows_how_the_kernel_moves():
    words = "inshape=(2, 6, 5), outshape=(3, 3, 3), biased=False, kernel=(3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)"
    assert words in repr(build())


def test_its_weights_draw_as_fields():
    axes = fields(build().weight[:, 0])
    assert axes.images[0].get_array().shape == (3 * 2 + 1, 2 * 2 + 1)  # three fields of 3 x 2 in a grid of 2 x 2, one pixel between


# ------------------------------------------------------------------------------------------------- what goes in and what comes back


@pytest.mark.parametrize("moves", [{"kernel": 3}, {"kernel": 3, "padding": 1}, {"kernel": 2, "stride": 2}, {"kernel": 2, "dilation": 2}])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.int64, torch.bool])
def test_an_image_that_every_tap_sees_alike_comes_back(moves, dtype):
    connection = build((6, 6), 2, 1, moves=moves)
    image = (
        (torch.rand(4, 2, 6, 6, generator=generator()) * 200 - 100).to(dtype) if dtype is not torch.bool else torch.rand(4, 2, 6, 6) < 0.5
    )
    back = connection.like_input(connection.like_synaptic(image))
    assert back.dtype == dtype
    torch.testing.assert_close(back, image)


def test_whole_numbers_that_a_float_cannot_hold_come_back():
    connection = build((3, 3), 1, 1, moves={"kernel": 2})
    image = torch.full((1, 1, 3, 3), 2**30 + 1)  # float32 has no such number
    assert torch.equal(connection.like_input(connection.like_synaptic(image)), image)


def test_a_pixel_is_the_mean_of_what_the_taps_hold_that_see_it():
    connection = build((1, 3), 1, 1, moves={"kernel": (1, 2)})
    held = torch.tensor([[[1.0, 2.0], [10.0, 20.0]]])  # tap 0 at sites 0 and 1 sees pixels 0 and 1; tap 1 pixels 1 and 2
    assert connection.like_input(held).flatten().tolist() == [1.0, (2.0 + 10.0) / 2, 20.0]


# ------------------------------------------------------------------------------------------------------- what others get wrong


@pytest.mark.parametrize("delay", [None, 2.0])
def test_the_receptives_multiply_to_what_each_weight_saw(delay):
    # [pitfall] a presyn_receptive that raises for every input, so that no trainer works
    connection = build(delay=delay, batch_size=2)
    if delay:
        connection.delay = whole_delays(connection, 2)
    inputs = trains(connection, 3)
    run(connection, inputs)
    post = torch.rand(2, *connection.outshape, generator=generator(9), dtype=torch.float64)
    pre = connection.presyn_receptive(connection.synspike).double()
    product = torch.einsum("b ... r, b ... r -> b ...", connection.postsyn_receptive(post), pre)
    seen, back = patches(inputs), torch.zeros(3, 12) if delay is None else connection.delay.flatten(1)
    for f, n in itertools.product(range(3), range(12)):
        expected = (post.flatten(2)[:, f] * seen[2 - int(back[f, n]), :, n]).sum(1)
        torch.testing.assert_close(product.flatten(2)[:, f, n], expected)


def test_a_pixel_that_no_kernel_covers_is_zero():
    # [pitfall] 0/0 = NaN there
    connection = build((5, 5), 1, 1, moves={"kernel": 2, "stride": 3})
    back = connection.like_input(torch.ones(1, *connection.synapse.shape))
    covered = torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0])
    assert torch.equal(back[0, 0], covered[:, None] * covered)


@pytest.mark.parametrize("name", ["kernel", "stride", "padding", "dilation"])
def test_triples_are_refused(name):
    # [pitfall] a third size that is left unread
    with pytest.raises(ValueError, match=f"{name} must be an int or a pair"):
        build(moves=UNEVEN | {name: (1, 1, 1)})


@pytest.mark.parametrize("delay", [None, 2.0])
def test_another_synapse_takes_the_place_of_the_first(delay):
    # [pitfall] an assignment that has no effect
    connection = build(delay=delay)
    spikes = trains(connection, 1)[0]
    before = connection(spikes)
    connection.synapse = snn.DeltaCurrent(connection.synapse.shape, 1.0, spike_charge=2 * CHARGE, delay=delay or 0.0)
    torch.testing.assert_close(connection(spikes), 2 * before)
    with pytest.raises(ValueError, match=r"synapse must be of shape \(12, 9\), but is of shape \(108,\)"):
        connection.synapse = snn.DeltaCurrent(108, 1.0, spike_charge=CHARGE)


@pytest.mark.parametrize("shape", [(3, 12), (3, 1, 3, 2), (1,), (2, 3, 2)])
def test_weights_of_another_shape_are_refused_and_leave_the_old(shape):
    # [pitfall] a setter that takes any shape
    connection = build()
    before = connection.weight.detach().clone()
    with pytest.raises(
        ValueError, match=r"weight must be of shape \(3, 2, 3, 2\) \(filters x channels x kernel height x kernel width\), but is of shape"
    ):
        connection.weight = torch.ones(shape)
    assert torch.equal(connection.weight, before)


# ---------------------------------------------------------------------------------------------------------------- the learning product


@pytest.mark.parametrize("delay", [None, 3.0])
@pytest.mark.parametrize("spikes", [True, False])
@pytest.mark.parametrize("synapse", [DELTA, EXPONENTIAL])
@pytest.mark.filterwarnings("ignore:.*delays lie outside")
def test_the_quick_product_over_the_batch_equals_the_general_one(delay, spikes, synapse):
    connection = build(delay=delay, batch_size=4, synapse=synapse)
    if delay:
        connection.delay = torch.rand(connection.delay.shape, generator=generator(3)) * 3
        connection.synapse.delay = 2.5  # so that some delays lie beyond the history
    run(connection, trains(connection, 5))
    post = torch.rand(connection.batched_outshape, generator=generator(4))
    post = post > 0.5 if spikes else post
    for read in (connection.synapse.delayed_spikes(), *connection.synapse.delayed_currents()):
        torch.testing.assert_close(connection.correlate(post, read), connection.pair(post, read).sum(0))
        assert connection.pair(post, read).shape == (4, *connection.weight.shape)


@pytest.mark.filterwarnings("ignore:.*delays lie outside")
@pytest.mark.parametrize(("overbound", "heard"), [(False, False), (None, True)])
def test_rules_hear_from_beyond_the_history_what_the_synapse_says_is_there(overbound, heard):
    synapse = snn.DeltaCurrent.partialconstructor(1.0, spike_overbound=overbound)
    connection = build((2, 3), 1, 1, moves={"kernel": 2}, synapse=synapse, delay=5.0, delay_init=lambda zeros: zeros + 5)
    connection.synapse.delay = 1.0
    run(connection, torch.ones(2, 1, 1, 2, 3))
    post, read = torch.ones(1, 1, 1, 2), connection.synapse.delayed_spikes()
    for product in (connection.correlate(post, read), connection.pair(post, read).sum(0), connection.correlate(post.bool(), read)):
        assert torch.equal(product, torch.full((1, 1, 2, 2), 2.0 * heard))  # two sites


def test_without_delays_it_is_the_gradient_of_the_convolution():
    connection = build(batch_size=4).to(torch.float64)
    spikes = trains(connection, 1)[0]
    connection(spikes)
    post = torch.rand(connection.batched_outshape, generator=generator(4), dtype=torch.float64)
    expected = torch.nn.grad.conv2d_weight(spikes.double(), connection.weight.shape, post, **AS_TORCH)
    torch.testing.assert_close(connection.correlate(post, connection.synapse.delayed_spikes()), expected)


SMALL = {"kernel": (2, 2), "stride": (1, 1), "padding": (0, 1), "dilation": (1, 1)}


def train(delay, pre, **settings):
    """The change of the weights, and the spikes of the neurons that it followed from."""
    synapse = snn.DeltaCurrent.partialconstructor(600.0)
    connection = build((4, 3), 2, 2, moves=SMALL, synapse=synapse, delay=None if delay is None else 6.0, batch_size=2).to(torch.float64)
    if delay is not None:
        connection.delay = delay
    connection.defaultupdater()
    voltages = {"rest_v": -65.0, "reset_v": -67.0, "thresh_v": -60.0}
    neuron = snn.LIF(connection.outshape, 1.0, **voltages, refrac_t=2.0, time_constant=15.0, batch_size=2)
    layer = snn.Serial(connection, neuron.to(torch.float64))
    stdp = snn.STDP(0.002, -0.001, tc_post=17.0, tc_pre=9.0, **settings)
    stdp.register_cell("only", layer.cell)
    before, post = connection.weight.detach().clone(), []
    for spikes in pre:
        post.append(layer(spikes))
        stdp()
        layer.update()
    return connection.weight.detach() - before, torch.stack(post)


def by_pairs(pre, post, delay):
    """Sums over samples, sites and pairs of spikes, one that leaves a neuron and one that arrives there."""
    seen = patches(pre, SMALL)
    steps, batch, taps, sites = seen.shape
    change = torch.zeros(2, taps, dtype=torch.float64)
    for f, n, b, site in itertools.product(range(2), range(taps), range(batch), range(sites)):
        late = math.ceil(delay.flatten(1)[f, n].item() - 1e-9)
        arrivals = [t + late for t in range(steps - late) if seen[t, b, n, site]]
        spikes = [t for t in range(steps) if post.flatten(3)[t, b, f, site]]
        for t, s in itertools.product(spikes, arrivals):
            change[f, n] += 0.002 * math.exp(-(t - s) / 9.0) if s <= t else 0.0
            change[f, n] -= 0.001 * math.exp(-(s - t) / 17.0) if t <= s else 0.0
    return change.view(2, 2, 2, 2)


DELAYS = {
    "none": None,
    "whole": torch.randint(0, 7, (2, 2, 2, 2), generator=generator(11)).double(),
    "fractional": torch.rand(2, 2, 2, 2, generator=generator(12), dtype=torch.float64) * 6,
}


REDUCTIONS = {"mean": (None, 0.5), "sum": (torch.sum, 1.0), "other": (lambda change, dim: change.sum(dim), 1.0)}


@pytest.mark.parametrize(("reduction", "factor"), REDUCTIONS.values(), ids=REDUCTIONS)
@pytest.mark.parametrize("delay", DELAYS.values(), ids=DELAYS)
def test_stdp_sums_over_sites_and_pairs_of_spikes(delay, reduction, factor):
    pre = torch.rand(25, 2, 2, 4, 3, generator=generator(6)) < 0.3
    change, post = train(delay, pre, batch_reduction=reduction)
    assert 0.04 < post.double().mean() < 0.5
    expected = by_pairs(pre, post, torch.zeros(2, 2, 2, 2) if delay is None else delay) * factor
    torch.testing.assert_close(change, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("delay", DELAYS.values(), ids=DELAYS)
def test_it_learns_in_inference_mode_too(delay):
    pre = torch.rand(25, 2, 2, 4, 3, generator=generator(6)) < 0.3
    expected, _ = train(delay, pre)
    with torch.inference_mode():
        change, _ = train(delay, pre)
    torch.testing.assert_close(change, expected)


# ------------------------------------------------------------------------------------------------------------------------ gradients


def test_gradients_are_those_of_torchs_convolution():
    connection = build(bias=True, batch_size=2).to(torch.float64)
    connection.synapse.inplace = False
    inputs = (trains(connection, 1)[0].double()).requires_grad_()
    for parameter in (connection.weight, connection.bias):
        parameter.requires_grad_()
    outputs = connection(inputs)
    towards = torch.rand(outputs.shape, generator=generator(8), dtype=torch.float64)
    wanted = (connection.weight, connection.bias, inputs)
    given = torch.autograd.grad(outputs, wanted, towards)
    expected = torch.autograd.grad(F.conv2d(inputs * CHARGE, connection.weight, connection.bias, **AS_TORCH), wanted, towards)
    for one, other in zip(given, expected, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("delay", [None, 3.0])
def test_where_a_mask_leaves_no_synapse_there_is_no_gradient(delay):
    connection = build(delay=delay)
    connection.synapse.inplace = False
    connection.mask = torch.rand(connection.weight.shape, generator=generator(3)) < 0.5
    connection.weight.requires_grad_()
    connection(torch.ones(connection.batched_inshape)).sum().backward()
    assert torch.equal(connection.weight.grad != 0, connection.mask != 0)


@pytest.mark.filterwarnings("ignore:A gradient is wanted for delay")
@pytest.mark.parametrize("batch", [1, 64])  # 18 sites of 64 samples are read in two blocks
@pytest.mark.parametrize("synapse", [LINEAR, EXPONENTIAL], ids=["linear", "exponential"])
def test_gradients_reach_weights_and_delays_through_the_history(synapse, batch):
    connection = build((4, 7), 1, 2, moves={"kernel": 2}, synapse=synapse, delay=4.0, batch_size=batch)
    assert count_blocks(18 * batch) == (2 if batch > 1 else 1)
    connection.to(torch.float64).synapse.inplace = False
    connection.delay = torch.rand(connection.delay.shape, generator=generator(5), dtype=torch.float64) * 3.8 + 0.1
    inputs = trains(connection, 6)
    towards = torch.rand(connection.batched_outshape, generator=generator(8), dtype=torch.float64)

    def last():
        connection.clear()
        return [(connection(spikes) * towards).sum() for spikes in inputs][-1]

    for parameter in (connection.weight, connection.delay):
        parameter.requires_grad_()
        (given,) = torch.autograd.grad(last(), parameter)
        assert given.abs().min() > 0
        values, slopes = parameter.detach().clone(), torch.zeros_like(given)
        for place in range(values.numel()):  # one after the other, by central differences
            for sign in (1, -1):
                with torch.no_grad():
                    parameter.copy_(values).view(-1)[place] += sign * 1e-5
                    slopes.view(-1)[place] += sign * last() / 2e-5
        with torch.no_grad():
            parameter.copy_(values)
        parameter.requires_grad_(False)
        torch.testing.assert_close(given, slopes, rtol=1e-5, atol=1e-6)


def test_a_gradient_that_would_be_lost_is_refused_and_leaves_the_state():
    connection = build(delay=3.0)
    connection.weight.requires_grad_()
    spikes = trains(connection, 1)[0]
    with pytest.raises(RuntimeError, match=r"A gradient is wanted for weight, but .* Set connection.synapse.inplace = False"):
        connection(spikes)
    assert not connection.synapse.spike.any()


class Largest(TorchDispatchMode):
    """Notes the largest tensor that any operation returns."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(each, torch.Tensor):
                self.elements = max(self.elements, each.untyped_storage().nbytes() // each.element_size())
        return result


@pytest.mark.parametrize("delay", [None, 3.0])
def test_a_step_and_its_learning_make_nothing_of_batch_x_filters_x_taps_x_sites(delay):
    connection = build((9, 9), 2, 40, moves={"kernel": 3}, delay=delay, batch_size=16)
    if delay:
        connection.delay = whole_delays(connection, 3)
    post = torch.rand(connection.batched_outshape)
    with Largest() as seen, torch.no_grad():
        for spikes in trains(connection, 3):
            connection(spikes)
            connection.correlate(post, connection.synapse.delayed_spikes())
            connection.correlate(post > 0.5, connection.synapse.delayed_spikes())
    # The largest that may be: the history with every slot twice (2·4·18·49·16), or the outputs; far from 16·40·18·49.
    assert seen.elements <= max((2 * 4 if delay else 1) * 18 * 49 * 16, 40 * 49 * 16)
