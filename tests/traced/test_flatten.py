"""Images of spikes with traces, laid out for a flat layer."""

import math

import pytest
import torch

import snnlab as snn

FLATTEN = snn.traced.Flatten()


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 1, 1), (3, 7), (2, 1, 6)])
def test_every_cell_keeps_its_sample_and_torchs_order(shape):
    numbers = torch.arange(math.prod(shape), dtype=torch.float64).view(shape)
    x, trace = FLATTEN(numbers % 3 == 0, numbers)
    assert x.dtype == torch.bool
    assert torch.equal(trace, torch.nn.Flatten()(numbers).unsqueeze(1))
    assert torch.equal(x, trace % 3 == 0)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_what_it_gives_is_no_view_of_what_it_got(memory):
    x, trace = torch.ones(2, 3, 4, 5).to(memory_format=memory), torch.rand(2, 3, 4, 5).to(memory_format=memory)
    before = trace.clone()
    out, z = FLATTEN(x, trace)
    assert torch.equal(z.view(2, 3, 4, 5), before)
    out.fill_(0.0), z.fill_(5.0)
    assert torch.equal(trace, before)
    assert x.all()


def test_it_stands_between_a_pool_and_a_flat_layer():
    # By hand: of 2 x 4 x 4 cells, a pool of 2 leaves 2 x 2 x 2; one spike at the top left of the second channel is cell 4 of 8.
    x, trace = torch.zeros(1, 2, 4, 4), torch.zeros(1, 2, 4, 4)
    x[0, 1, 0, 0], trace[0, 1, 0, 0] = 1.0, 0.5
    connection = snn.traced.Linear(8, 3, 1, 1.0, 0.0)
    potentials, arrived = connection(*FLATTEN(*snn.traced.MaxPool2d(2)(x, trace)))
    assert torch.equal(potentials.sum(-1)[0, 0], connection.weight[:, 4])
    assert arrived[0, 0].tolist() == [[0, 0, 0, 0, 0.5, 0, 0, 0]] * 3


@pytest.mark.parametrize(
    ("x", "trace", "words"),
    [
        (torch.zeros(3), torch.zeros(3), r"x must be of shape B x C x H x W, but is of shape \(3,\)"),
        (torch.zeros(1, 2, 4), torch.zeros(1, 2, 5), r"trace must be of shape \(1, 2, 4\) \(that of x\), but is of shape \(1, 2, 5\)"),
        (torch.full((1, 4), math.nan), torch.zeros(1, 4), "x must be finite"),
        (torch.zeros(1, 4), torch.full((1, 4), math.inf), "trace must be finite"),
    ],
)
def test_a_bad_input_is_refused(x, trace, words):
    with pytest.raises(ValueError, match=words):
        FLATTEN(x, trace)
