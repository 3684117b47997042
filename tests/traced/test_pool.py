"""Pools of spikes with traces: every batch, every channel, every window."""

import math

import pytest
import torch
import torch.nn.functional as F

import snnlab as snn

MaxPool2d, AdaptiveMaxPool2d = snn.traced.MaxPool2d, snn.traced.AdaptiveMaxPool2d
WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 1},
    {"kernel_size": (2, 3), "stride": (1, 2)},
    {"kernel_size": 3, "padding": 1},
    {"kernel_size": (2, 4), "padding": (1, 2), "stride": 1},
    {"kernel_size": 2, "dilation": 2, "stride": 1},
    {"kernel_size": (3, 2), "dilation": (2, 3), "padding": (1, 0)},
    {"kernel_size": 2, "ceil_mode": True},
    {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2, "ceil_mode": True},
]


def spikes(rate=0.3, shape=(3, 4, 7, 9), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(shape, generator=generator) < rate, torch.rand(shape, generator=generator)


def plane_by_plane(x, trace, pool):
    """torch's own pool on one plane after the other, whose numbers fall from the top left, so that no two of them are equal."""
    rows, columns = x.shape[2:]
    falling = -torch.arange(rows * columns, dtype=torch.float64).view(1, rows, columns)
    pooled, traces, places = [], [], []
    for plane, z in zip(x.flatten(0, 1), trace.flatten(0, 1), strict=True):
        any_spike = pool(plane.double().unsqueeze(0))[0] > 0
        place = pool(torch.where(plane, falling + 1e6, falling))[1]
        pooled.append(any_spike), places.append(place)
        traces.append(z.flatten()[place])
    shape = (*x.shape[:2], *pooled[0].shape[1:])
    return torch.stack(pooled).view(shape), torch.stack(traces).view(shape), torch.stack(places).view(shape)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("windows", WINDOWS, ids=str)
def test_a_pool_gives_every_batch_and_channel_what_each_plane_gives_alone(windows, rate):
    # The reference's index is right for one batch of one channel only.
    x, trace = spikes(rate)
    expected = plane_by_plane(x, trace, lambda plane: F.max_pool2d(plane, return_indices=True, **windows))
    out, z = MaxPool2d(**windows)(x, trace)
    assert out.dtype == torch.bool
    assert torch.equal(out, expected[0])
    assert torch.equal(z, expected[1])
    numbered = torch.arange(63.0).view(1, 1, 7, 9).expand_as(trace)  # a trace that says which cell it is of
    assert torch.equal(MaxPool2d(**windows)(x, numbered)[1].long(), expected[2])


@pytest.mark.parametrize("size", [1, (3, 4), (7, 9), (5, 2), (9, 11)])
def test_the_adaptive_pool_does_too(size):
    # The reference's fails at every call.
    x, trace = spikes()
    expected = plane_by_plane(x, trace, lambda plane: F.adaptive_max_pool2d(plane, size, return_indices=True))
    out, z = AdaptiveMaxPool2d(size)(x, trace)
    assert out.dtype == torch.bool
    assert torch.equal(out, expected[0])
    assert torch.equal(z, expected[1])


@pytest.mark.parametrize("pool", [MaxPool2d(2), AdaptiveMaxPool2d(1)])
@pytest.mark.parametrize(
    ("window", "spike", "trace"),
    [
        ([[0, 0], [0, 0]], False, 0.1),  # none: the top left
        ([[0, 1], [0, 0]], True, 0.2),
        ([[0, 1], [1, 1]], True, 0.2),  # of several the first, row by row
        ([[0, 0], [1, 1]], True, 0.3),
        ([[1, 1], [1, 1]], True, 0.1),
    ],
)
def test_the_first_spike_from_the_top_left_hands_on_its_trace(pool, window, spike, trace):
    out, z = pool(torch.tensor([[window]]), torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]]))
    assert out.item() is spike
    assert z.item() == pytest.approx(trace)


@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.float32, torch.float64])
def test_spikes_may_come_in_any_dtype(dtype):
    x, trace = spikes()
    for pool in (MaxPool2d(2), AdaptiveMaxPool2d(3)):
        out, z = pool(x.to(dtype), trace.double())
        expected = pool(x, trace)
        assert torch.equal(out, expected[0])
        assert z.dtype == torch.float64
        torch.testing.assert_close(z, expected[1].double())


@pytest.mark.parametrize("pool", [MaxPool2d(2), AdaptiveMaxPool2d(1)])
def test_any_nonzero_input_is_one_spike_whatever_its_size(pool):
    out, z = pool(torch.tensor([[[[0.0, -0.2], [0.3, 5.0]]]]), torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]]))
    assert out.item() is True
    assert z.item() == pytest.approx(0.2)


def test_a_window_that_lies_in_the_padding_alone_is_silent():
    # One cell between two paddings: a dilated window sees only what lies beside it.
    out, z = MaxPool2d(2, dilation=2, padding=1)(torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 1))
    assert not out.any()
    assert not z.any()


def test_what_a_pool_gives_is_no_view_of_what_it_got():
    x, trace = spikes()
    before = trace.clone()
    out, z = MaxPool2d(1)(x, trace)
    out.fill_(True), z.fill_(5.0)
    assert torch.equal(trace, before)
    assert not x.all()


@pytest.mark.parametrize(
    ("x", "trace", "words"),
    [
        (torch.zeros(3, 4, 4), torch.zeros(3, 4, 4), r"x must be of shape B x C x H x W, but is of shape \(3, 4, 4\)"),
        (
            torch.zeros(1, 1, 4, 4),
            torch.zeros(1, 1, 4, 5),
            r"trace must be of shape \(1, 1, 4, 4\) \(that of x\), but is of shape \(1, 1, 4, 5\)",
        ),
        (torch.full((1, 1, 4, 4), math.nan), torch.zeros(1, 1, 4, 4), "x must be finite"),
        (torch.zeros(1, 1, 4, 4), torch.full((1, 1, 4, 4), math.inf), "trace must be finite"),
    ],
)
@pytest.mark.parametrize("pool", [MaxPool2d(2), AdaptiveMaxPool2d(2)])
def test_a_bad_input_is_refused(pool, x, trace, words):
    with pytest.raises(ValueError, match=words):
        pool(x, trace)


def test_a_window_larger_than_the_image_is_refused():
    with pytest.raises(ValueError, match=r"x must hold a window of 5 x 5 cells, but with padding is 4 x 4. Take a smaller kernel_size"):
        MaxPool2d(3, dilation=2)(torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4))


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"kernel_size": 0}, ValueError, "kernel_size must be a whole number of at least 1, but is 0"),
        ({"kernel_size": (2, 2, 2)}, ValueError, "kernel_size must be an int or a pair"),
        ({"kernel_size": 2, "stride": 0}, ValueError, "stride must be a whole number of at least 1"),
        ({"kernel_size": 2, "padding": 2}, ValueError, r"padding must be at most half of kernel_size, \(2, 2\), but is \(2, 2\)"),
        ({"kernel_size": 2, "ceil_mode": 1}, TypeError, "ceil_mode must be True or False"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, error, words):
    with pytest.raises(error, match=words):
        MaxPool2d(**settings)
    with pytest.raises((ValueError, TypeError), match="output_size must be"):
        AdaptiveMaxPool2d(-1)


def test_it_prints_what_it_is():
    assert repr(MaxPool2d(2)) == "MaxPool2d(kernel_size=(2, 2), stride=(2, 2), padding=(0, 0), dilation=(1, 1), ceil_mode=False)"
    assert repr(AdaptiveMaxPool2d(2)) == "AdaptiveMaxPool2d(output_size=(2, 2))"
