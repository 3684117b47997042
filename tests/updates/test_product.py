"""A product of two factors does everywhere what it would do multiplied out."""

import copy
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.bounds import bound_upper_multiplicative
from snnlab.updates import Accumulator, Change, Product

NUMBERS = st.lists(st.floats(-100, 100), min_size=6, max_size=6)


def factors(first=1.0):
    """Of 2 x 1 and 1 x 3: first·[1, 2, 3] and twice that."""
    return Product(torch.tensor([[first], [2 * first]]), torch.tensor([[1.0, 2.0, 3.0]]))


ONCE = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]


def times(factor):
    return [[factor * value for value in row] for row in ONCE]


def test_a_product_stands_for_the_sum_over_its_inner_axis():
    product = Product(torch.tensor([[1.0, 10.0]]), torch.tensor([[2.0, 3.0], [4.0, 5.0]]))
    assert product.dense().tolist() == [[42.0, 53.0]]  # 1·2 + 10·4, 1·3 + 10·5
    assert (tuple(product.shape), product.dtype) == ((1, 2), torch.float32)


@given(left=NUMBERS, right=NUMBERS, more=NUMBERS)
def test_products_add_up_and_turn_their_sign_without_being_multiplied_out(left, right, more):
    a, b = (torch.tensor(each, dtype=torch.float64).view(2, 3) for each in (left, more))
    c = torch.tensor(right, dtype=torch.float64).view(3, 2)
    total = Product(a, c) + -Product(b, c)
    assert [tuple(factor.shape) for factor in total.factors] == [(2, 6), (6, 2)]
    expected = [[sum((a[n, k] - b[n, k]).item() * c[k, m].item() for k in range(3)) for m in range(2)] for n in range(2)]
    torch.testing.assert_close(total.dense(), torch.tensor(expected, dtype=torch.float64), atol=1e-9, rtol=1e-9)


@given(left=NUMBERS, right=NUMBERS)
def test_no_element_is_larger_than_the_bound(left, right):
    product = Product(torch.tensor(left, dtype=torch.float64).view(2, 3), torch.tensor(right, dtype=torch.float64).view(3, 2))
    assert product.dense().abs().max() <= product.bound() * (1 + 1e-12)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_the_bound_of_what_is_not_finite_is_not_finite(bad):
    assert not math.isfinite(factors(bad).bound())


def test_what_is_pending_is_read_as_a_tensor():
    accumulator = Accumulator()
    accumulator.add(pos=factors(), neg=factors(0.5))
    assert (accumulator.pos.tolist(), accumulator.neg.tolist()) == (ONCE, times(0.5))
    assert accumulator.update(None).tolist() == times(0.5)
    assert accumulator(torch.zeros(2, 3)).tolist() == times(0.5)


@pytest.mark.parametrize("reduction", [None, torch.sum, torch.amax])
@pytest.mark.parametrize("kinds", ["pt", "tp", "ppp", "pptp", "ttp"])
def test_products_and_tensors_gather_alike(kinds, reduction):
    accumulator = Accumulator()
    accumulator.reduction(reduction)
    parts = [factors(1.0 + place) for place in range(len(kinds))]
    given = [part if kind == "p" else part.dense() for kind, part in zip(kinds, parts, strict=True)]
    before = copy.deepcopy(given)
    for part in given:
        accumulator.add(neg=part)
    largest = len(kinds)
    assert accumulator.neg.tolist() == times(largest if reduction is torch.amax else sum(range(1, largest + 1)))
    for was, now in zip(before, given, strict=True):
        dense_was, dense_now = (each.dense() if isinstance(each, Product) else each for each in (was, now))
        assert dense_was.tolist() == dense_now.tolist()


def test_a_reduction_that_is_set_while_a_product_waits_reduces_it():
    accumulator = Accumulator()
    accumulator.add(pos=factors())
    accumulator.reduction(lambda stacked, dim: 2 * stacked.sum(dim))
    assert accumulator.pos.tolist() == times(2)
    assert accumulator.pending(torch.zeros(2, 3)).tolist() == times(2)
    accumulator.add(pos=factors(3.0))
    accumulator.reduction(torch.mean)
    assert accumulator.pos.tolist() == times(2)


def test_what_another_reduction_gathered_is_all_in_the_sum():
    accumulator = Accumulator()
    accumulator.reduction(torch.mean)
    for first in (1.0, 2.0, 3.0):
        accumulator.add(pos=factors(first))
    accumulator.reduction(None)
    for _ in range(2):
        accumulator.add(pos=factors(4.0))
    assert accumulator.pos.tolist() == times(14)


def test_a_bound_is_applied_to_what_the_product_stands_for():
    accumulator = Accumulator()
    accumulator.upperbound(bound_upper_multiplicative, 2.0)
    accumulator.add(pos=factors())
    # (2 − 1)·U and (2 − 1.5)·U
    assert accumulator.pending(torch.tensor([[1.0] * 3, [1.5] * 3])).tolist() == [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("pos", "neg", "change"), [(1.0, None, 1.0), (None, 1.0, -1.0), (3.0, 1.0, 2.0)], ids=["adds", "takes away", "both"]
)
def test_alone_it_is_handed_on_as_a_product(pos, neg, change):
    accumulator = Accumulator()
    accumulator.add(*(None if part is None else factors(part) for part in (pos, neg)))
    pending = accumulator.pending(torch.zeros(2, 3))
    assert isinstance(pending, Product)
    assert pending.dense().tolist() == times(change)
    accumulator.add(pos=torch.zeros(2, 3), neg=torch.zeros(2, 3))
    assert accumulator.pending(torch.zeros(2, 3)).tolist() == times(change)
    accumulator.clear()
    assert accumulator.pending(torch.zeros(2, 3)) is None


def test_a_module_takes_pending_products_along_to_another_dtype():
    accumulator = Accumulator()
    accumulator.add(pos=factors())
    assert accumulator.double().pending(torch.zeros(2, 3)).dtype == torch.float64


# ------------------------------------------------------------------------------------------------------------ changes of a few places


def rows():
    """+2·[1, 2, 3] to row 1, −1·[1, 2, 3] to row 3 of a 4 x 3 matrix."""
    return Change(0, torch.tensor([1, 3]), torch.tensor([2.0, -1.0]), torch.tensor([1.0, 2.0, 3.0]), 4)


def columns():
    """0.5·[1, 2, 3, 4] to column 2 of a 4 x 3 matrix."""
    return Change(1, torch.tensor([2]), torch.tensor([0.5]), torch.tensor([1.0, 2.0, 3.0, 4.0]), 3)


def wide():
    """[1, 10]·[[1, 2, 3], [4, 5, 6]] to row 0 of a 4 x 3 matrix."""
    return Change(0, torch.tensor([0]), torch.tensor([[1.0, 10.0]]), torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), 4)


def none():
    """Nothing, in no row of a 4 x 3 matrix."""
    return Change(0, torch.tensor([], dtype=torch.long), torch.tensor([], dtype=torch.long), torch.full((3,), 7.0), 4)


CHANGES = [
    (rows, [[0, 0, 0], [2, 4, 6], [0, 0, 0], [-1, -2, -3]]),
    (columns, [[0, 0, 0.5], [0, 0, 1.0], [0, 0, 1.5], [0, 0, 2.0]]),
    (wide, [[41, 52, 63], [0, 0, 0], [0, 0, 0], [0, 0, 0]]),
    (none, [[0, 0, 0]] * 4),
]
changes = pytest.mark.parametrize(("change", "expected"), CHANGES, ids=[make.__name__ for make, _ in CHANGES])


@changes
def test_a_change_is_a_product_like_any_other(change, expected):
    product = Product.of(change())
    assert product.dense().tolist() == expected
    assert (-product).dense().tolist() == (-torch.tensor(expected)).tolist()
    assert (tuple(product.shape), product.dtype) == ((4, 3), torch.float32)
    assert product.map(torch.Tensor.double).dense().tolist() == expected
    both = product + Product(torch.ones(4, 1), torch.ones(1, 3))
    assert both.dense().tolist() == (torch.tensor(expected) + 1).tolist()
    assert both.changes() is None
    assert (product - product).dense().tolist() == [[0, 0, 0]] * 4


@changes
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_change_is_added_where_it_says_and_nowhere_else(change, expected, sign):
    change = change()._replace(sign=sign)
    if not change.places.numel():
        assert Product.of(change).changes() == []
        return
    (found,) = Product.of(change).changes()
    for order in (torch.Tensor.contiguous, lambda matrix: matrix.t().contiguous().t()):
        matrix = order(torch.full((4, 3), 0.25))
        found.add_to_(matrix)
        torch.testing.assert_close(matrix, 0.25 + sign * torch.tensor(expected))
        touched = torch.tensor(expected) != 0
        matrix = order(torch.full((4, 3), 5.0))
        found.add_and_clamp_(matrix, 0.0, 5.25)
        torch.testing.assert_close(matrix, torch.where(touched, (5.0 + sign * torch.tensor(expected)).clamp(0, 5.25), 5.0))
        matrix = order(torch.full((4, 3), 9.0))
        found.clamp_(matrix, None, 5.0)
        torch.testing.assert_close(matrix, torch.where(touched, 5.0, 9.0))
        assert found.bound() >= torch.tensor(expected).abs().max() * (1 - 1e-6)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e30])
def test_the_bound_of_a_change_is_finite_only_where_it_can_be_told(bad):
    assert not math.isfinite(rows()._replace(near=torch.tensor([bad, 1.0])).bound())


def test_a_change_that_has_a_graph_behind_it_is_detached():
    near = torch.tensor([2.0, -1.0], requires_grad=True)
    detached = Product.of(rows()._replace(near=near)).detach()
    assert not detached.dense().requires_grad
    assert detached.dense().tolist() == CHANGES[0][1]
