import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core import tensors

ROWS = st.lists(st.floats(-100, 100), min_size=2, max_size=12)
FACTORIES = [tensors.zeros, tensors.ones, tensors.uniform, tensors.normal, lambda x, **kwargs: tensors.full(x, 0.5, **kwargs)]


def row(values):
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("make", FACTORIES)
def test_a_factory_takes_after_its_reference(make):
    made = make(torch.zeros(2, 3, dtype=torch.float64))
    assert (made.shape, made.dtype, made.device.type) == ((2, 3), torch.float64, "cpu")


@pytest.mark.parametrize("make", FACTORIES)
def test_a_keyword_overrides_the_reference(make):
    made = make(torch.zeros(2, dtype=torch.int64), shape=(4,), dtype=torch.float16, device="meta", generator=None)
    assert (made.shape, made.dtype, made.device.type) == ((4,), torch.float16, "meta")


def test_constant_factories_hold_their_value():
    reference = torch.tensor([5, 6])
    assert tensors.zeros(reference).tolist() == [0, 0]
    assert tensors.ones(reference).tolist() == [1, 1]
    assert tensors.full(reference, 7).tolist() == [7, 7]
    assert tensors.full(reference, 0.5, dtype=torch.float32).tolist() == [0.5, 0.5]


def test_random_factories_draw_from_their_generator_and_their_distribution():
    count = 100_000
    reference = torch.zeros(count)
    even, bell = (make(reference, generator=torch.Generator().manual_seed(1)) for make in (tensors.uniform, tensors.normal))
    assert torch.equal(even, tensors.uniform(reference, generator=torch.Generator().manual_seed(1)))
    assert 0 <= even.min() < 0.001 < 0.999 < even.max() < 1
    # Mean and variance: 1/2 and 1/12 of the even one, 0 and 1 of the bell; four standard errors.
    assert even.mean().item() == pytest.approx(0.5, abs=4 * math.sqrt(1 / 12 / count))
    assert even.var().item() == pytest.approx(1 / 12, abs=4 * math.sqrt((1 / 80 - 1 / 144) / count))
    assert bell.mean().item() == pytest.approx(0.0, abs=4 / math.sqrt(count))
    assert bell.var().item() == pytest.approx(1.0, abs=4 * math.sqrt(2 / count))


@pytest.mark.parametrize("make", [tensors.uniform, tensors.normal])
def test_random_integers_are_refused_with_a_way_out(make):
    with pytest.raises(TypeError, match=r"dtype must be of floating point, but is torch.int64. Pass dtype=torch.float32"):
        make(torch.zeros(2, dtype=torch.int64))


def test_a_scalar_is_of_the_same_kind_as_its_reference():
    made = tensors.scalar(3, torch.zeros(2, dtype=torch.float64))
    assert (made.shape, made.dtype, made.item()) == ((), torch.float64, 3.0)


@given(values=ROWS, scale=st.floats(0.1, 10), order=st.sampled_from([1, 2, 3, math.inf]))
def test_normalize_gives_the_wanted_norm(values, scale, order):
    values[0] = 1.0  # no row of zeros
    result = tensors.normalize(row(values), order, scale)
    magnitudes = [abs(x) for x in result.tolist()]
    norm = max(magnitudes) if order == math.inf else sum(x**order for x in magnitudes) ** (1 / order)
    assert norm == pytest.approx(scale)
    assert result[0] > 0


def test_normalize_takes_its_norm_over_the_dimensions_asked_for():
    data = torch.tensor([[3.0, 4.0], [6.0, 8.0]])
    assert tensors.normalize(data, 2, dim=1).flatten().tolist() == pytest.approx([0.6, 0.8, 0.6, 0.8])
    assert tensors.normalize(data, 1, 21.0, dim=None).flatten().tolist() == pytest.approx([3.0, 4.0, 6.0, 8.0])
    assert torch.equal(tensors.normalize(data, 1, dim=(0, 1)), tensors.normalize(data, 1))


def test_normalize_leaves_zeros_and_its_argument_alone():
    data = torch.tensor([[0.0, 0.0], [1.0, 1.0]])
    assert tensors.normalize(data, 1, dim=1).tolist() == [[0.0, 0.0], [0.5, 0.5]]
    assert data.tolist() == [[0.0, 0.0], [1.0, 1.0]]


@given(values=ROWS, low=st.floats(-5, 5), width=st.floats(0.1, 10))
def test_rescale_puts_the_extremes_where_asked_and_keeps_the_order(values, low, width):
    values[:2] = [-101.0, 101.0]
    result = tensors.rescale(row(values), low, low + width)
    assert result[0].item() == pytest.approx(low, abs=1e-9)
    assert result[1].item() == pytest.approx(low + width)
    assert (result[row(values).argsort()].diff() >= 0).all()


def test_rescale_by_hand():
    data = torch.tensor([[0.0, 5.0, 10.0], [2.0, 3.0, 6.0]])
    assert tensors.rescale(data, 0.0, 1.0, dim=1).tolist() == [[0.0, 0.5, 1.0], [0.0, 0.25, 1.0]]
    # A source of its own: 0 … 20 onto 1 … -1, so 5 falls at 1 - 2·5/20.
    assert tensors.rescale(data[0], 1.0, -1.0, srcmin=0.0, srcmax=20.0).tolist() == [1.0, 0.5, 0.0]
    assert tensors.rescale(torch.tensor([0, 255]), 0.0, 1.0).tolist() == [0.0, 1.0]
    assert tensors.rescale(torch.tensor([0, 51]), 0.0, 1.0, srcmin=0, srcmax=102.0).tolist() == [0.0, 0.5]
    assert tensors.rescale(torch.tensor([0, 51]), 0.0, 1.0, srcmin=0, srcmax=25.5).tolist() == [0.0, 2.0]


def test_rescale_keeps_the_precision_of_its_data():
    assert tensors.rescale(row([0.3]), 0.1, 0.8, srcmin=0.0, srcmax=0.6).item() == pytest.approx(0.45, rel=1e-14)
    assert tensors.rescale(row([0.0, 0.3, 0.6]), 0.1, 0.8)[1].item() == pytest.approx(0.45, rel=1e-14)


def test_constant_data_rescales_to_the_lower_end():
    assert tensors.rescale(torch.full((3,), 4.0), -1.0, 1.0).tolist() == [-1.0, -1.0, -1.0]


@given(values=ROWS, alpha=st.floats(0, 1))
def test_smoothing_weighs_each_observation_by_its_age(values, alpha):
    level = None
    for value in values:
        level = tensors.exponential_smoothing(row([value]), level, alpha=alpha)
    # By unrolling: α(1 - α)^k for the one k steps ago, and all that is left for the first.
    last = len(values) - 1
    expected = sum(x * (alpha if i else 1) * (1 - alpha) ** (last - i) for i, x in enumerate(values))
    assert level.item() == pytest.approx(expected, abs=1e-6)


def test_exact_is_double_precision_without_a_graph():
    data = torch.tensor([0.5], requires_grad=True)
    assert tensors.exact(data).dtype == torch.float64
    assert not tensors.exact(data).requires_grad


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (tensors.zeros, "tensor *shape=None *dtype=None *device=None *generator=None"),
        (tensors.ones, "tensor *shape=None *dtype=None *device=None *generator=None"),
        (tensors.full, "tensor value *shape=None *dtype=None *device=None *generator=None"),
        (tensors.uniform, "tensor *shape=None *dtype=None *device=None *generator=None"),
        (tensors.normal, "tensor *shape=None *dtype=None *device=None *generator=None"),
        (tensors.scalar, "value tensor"),
        (tensors.normalize, "data order scale=1.0 dim=None epsilon=1e-12"),
        (tensors.rescale, "data resmin resmax *srcmin=None *srcmax=None *dim=None"),
        (tensors.exponential_smoothing, "obs level *alpha"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature


def test_whole_numbers_are_normalized_as_numbers():
    assert tensors.normalize(torch.tensor([1, 3]), 1).tolist() == [0.25, 0.75]
    assert tensors.normalize(torch.tensor([True, False, True]), 1).tolist() == [0.5, 0.0, 0.5]


def test_smoothing_begins_with_the_observation_itself():
    obs = torch.tensor([4.0])
    assert tensors.exponential_smoothing(obs, None, alpha=0.25) is obs


def test_a_constant_first_made_in_inference_mode_takes_part_in_a_graph():
    with torch.inference_mode():
        first = tensors.constant(0.625, torch.float32, torch.device("cpu"))
    weight = torch.ones(2, requires_grad=True)
    torch.lerp(weight, tensors.constant(0.625, torch.float32, torch.device("cpu")), weight).sum().backward()
    assert not first.is_inference()
    assert weight.grad.tolist() == [-0.375, -0.375]  # of w + (c − w)·w: 1 + c − 2w


def test_constants_of_another_dtype_are_others():
    device = torch.device("cpu")
    assert [tensors.constant(0.1, dtype, device).item() for dtype in (torch.float64, torch.float32)] == [0.1, torch.tensor(0.1).item()]
