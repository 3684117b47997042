"""The delayed products over wide tables, by loops and against those over narrow ones."""

import pytest
import torch

from snnlab.connections.delays import delayed_outer, delayed_sum
from snnlab.connections.plan import DelayPlan, Reading
from snnlab.connections.wide import FEW_SLOTS, count_blocks, in_blocks, wide_outer, wide_sum

OUTPUTS, INPUTS = 5, 3
WIDTHS = {"one block": 600, "two blocks": 1200, "no blocks of equal width": 2003}
SLOTS = {"few": FEW_SLOTS, "many": FEW_SLOTS + 1}


def case(slots, columns, reads, beyond):
    """A table, weights, delays, and a plan of so many reads, with random factors and slopes where there are two."""
    random = torch.Generator().manual_seed(slots)
    double = {"generator": random, "dtype": torch.float64}
    table = torch.rand(slots * INPUTS, columns, **double)
    weight, delay = torch.rand(2, OUTPUTS, INPUTS, **double)
    rows = torch.randint(0, slots, (reads, OUTPUTS, INPUTS), generator=random) * INPUTS + torch.arange(INPUTS)
    shares = torch.rand(reads, 2, OUTPUTS, INPUTS, **double) if reads > 1 else [(None, None)]
    plan = DelayPlan(tuple(Reading(row, *share) for row, share in zip(rows, shares, strict=True)), weight > 0.7 if beyond else None)
    return table, weight, delay, plan, torch.rand(OUTPUTS, columns, **double)


@pytest.mark.parametrize(("columns", "blocks"), [(1, 1), (255, 1), (1024, 1), (1026, 2), (18432, 18), (2003, 1), (3 * 1025, 5)])
def test_blocks_are_the_fewest_of_at_most_1024_columns_and_at_least_256(columns, blocks):
    assert count_blocks(columns) == blocks


def test_a_row_cut_in_two_is_two_rows():
    table = torch.arange(8.0).view(2, 4)
    plan = in_blocks(DelayPlan((Reading(torch.tensor([[1], [0]])),)), 2)
    assert plan.reads[0].rows.tolist() == [[2], [0], [3], [1]]
    assert table.view(4, 2)[plan.reads[0].rows.flatten()].tolist() == [[4, 5], [0, 1], [6, 7], [2, 3]]


@pytest.mark.parametrize("overbound", [None, 0.0, 0.25])
@pytest.mark.parametrize("beyond", [True, False])
@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("slots", SLOTS.values(), ids=SLOTS)
def test_a_wide_sum_is_the_sum_of_what_is_read(slots, reads, beyond, overbound):
    table, weight, _, plan, _ = case(slots, 1200, reads, beyond)
    expected = torch.zeros(OUTPUTS, 1200, dtype=torch.float64)
    for n in range(OUTPUTS):
        for m in range(INPUTS):
            read = sum(table[one.rows[n, m]] * (1.0 if one.factor is None else one.factor[n, m]) for one in plan.reads) * 2.0
            outside = beyond and overbound is not None and plan.beyond[n, m]
            expected[n] += weight[n, m] * (overbound if outside else read)
    torch.testing.assert_close(wide_sum(table, weight, plan, scale=2.0, overbound=overbound), expected)


@pytest.mark.parametrize("beyond", [True, False])
@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("columns", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("slots", SLOTS.values(), ids=SLOTS)
def test_wide_products_and_their_gradients_are_those_of_narrow_tables(slots, columns, reads, beyond):
    table, weight, delay, plan, post = case(slots, columns, reads, beyond)
    how, wanted = {"scale": 2.0, "overbound": 0.25}, [each.requires_grad_() for each in (weight, table)]
    for slope in (None, delay.requires_grad_()) if reads > 1 else (None,):
        given, expected = (product(table, weight, plan, delay=slope, **how) for product in (wide_sum, delayed_sum))
        torch.testing.assert_close(given, expected)
        parts = wanted if slope is None else [*wanted, slope]
        for one, other in zip(*(torch.autograd.grad(each, parts, post) for each in (given, expected)), strict=True):
            torch.testing.assert_close(one, other)
    torch.testing.assert_close(wide_outer(post, table.detach(), plan), delayed_outer(post, table.detach(), plan))


def test_the_products_leave_their_arguments_as_they_were():
    table, weight, _, plan, post = case(4, 1200, 2, True)
    held = [table, weight, post, plan.beyond, *(each for read in plan.reads for each in (read.rows, read.factor))]
    before = [each.clone() for each in held]
    wide_sum(table, weight, plan)
    wide_outer(post, table, plan)
    assert all(torch.equal(a, b) for a, b in zip(held, before, strict=True))
