"""The delayed products over wide tables: where a history has a column for every site and sample, not only for every sample.

Rows of so many numbers fit no cache, and a bag of them waits for memory. Two other ways to the same sums:

    blocks      the columns are cut into blocks of about 1,000, and the bag goes block by block. The cut moves nothing: a row cut in two
                is two rows of a table that is twice as long.
    few slots   weights are spread over all slots, 0 where they do not read, and one matrix product does the rest:
                y[n, b] = Σ_r S[n, r]·H[r, b],  S[n, d[n, m]·M + m] = W[n, m].  K times the work, at the speed of a matrix product.

See `snnlab.connections.delays` for the products, and for what the arguments are.
"""

from functools import cache

import torch
from torch import Tensor

from snnlab.connections.delays import delayed_outer, delayed_sum
from snnlab.connections.plan import DelayPlan, Reading

FEW_SLOTS = 8  # up to here the one matrix product was measured to be faster than the bag, at 576 to 21,632 columns


@cache
def count_blocks(columns: int) -> int:
    """Into how many blocks of the same width to cut a table: the fewest of at most 1,024 columns, unless they would be below 256.

    Example:
        >>> count_blocks(800), count_blocks(24 * 24 * 32), count_blocks(2003)
        (1, 18, 1)
    """
    fitting = (blocks for blocks in range(-(-columns // 1024), columns // 256 + 1) if columns % blocks == 0)
    return next(fitting, 1)


def in_blocks(plan: DelayPlan, blocks: int) -> DelayPlan:
    """The plan for a table whose rows are cut into so many: first where all outputs read their first block, then their second."""

    def repeated(values: Tensor | None) -> Tensor | None:
        return None if values is None else values.repeat(blocks, 1)

    def cut(rows: Tensor) -> Tensor:
        return (rows * blocks + torch.arange(blocks, device=rows.device).view(-1, 1, 1)).flatten(0, 1)

    reads = tuple(Reading(cut(read.rows), repeated(read.factor), repeated(read.slope)) for read in plan.reads)
    return DelayPlan(reads, repeated(plan.beyond))


def wide_sum(
    history: Tensor, weight: Tensor, plan: DelayPlan, *, scale: float = 1.0, overbound: float | None = 0.0, delay: Tensor | None = None
) -> Tensor:
    """`delayed_sum` for tables of many columns: the same arguments and result."""
    if delay is None and len(history) <= FEW_SLOTS * weight.shape[1]:
        return _spread_sum(history, weight, plan, scale, overbound)
    blocks, how = count_blocks(history.shape[1]), {"scale": scale, "overbound": overbound}
    if blocks == 1:
        return delayed_sum(history, weight, plan, delay=delay, **how)
    delay = None if delay is None else delay.repeat(blocks, 1)
    total = delayed_sum(history.view(len(history) * blocks, -1), weight.repeat(blocks, 1), in_blocks(plan, blocks), delay=delay, **how)
    return total.view(blocks, len(weight), -1).transpose(0, 1).reshape(len(weight), -1)


def _spread_sum(history: Tensor, weight: Tensor, plan: DelayPlan, scale: float, overbound: float | None) -> Tensor:
    """The same by one matrix product over all slots."""
    beyond = plan.beyond if overbound is not None else None
    inside = (weight if beyond is None else weight.masked_fill(beyond, 0)) * scale
    spread = weight.new_zeros(len(weight), len(history))
    for read in plan.reads:
        spread = spread.scatter_add(1, read.rows, inside if read.factor is None else inside * read.factor)
    total = spread @ history
    return total + overbound * (weight * beyond).sum(1, keepdim=True) if beyond is not None and overbound else total


def wide_outer(post: Tensor, history: Tensor, plan: DelayPlan) -> Tensor:
    """`delayed_outer` for tables of many columns: the same arguments and result."""
    blocks = count_blocks(history.shape[1])
    if blocks == 1:
        return delayed_outer(post, history, plan)
    cut = post.view(len(post), blocks, -1).transpose(0, 1).reshape(blocks * len(post), -1)
    return delayed_outer(cut, history.view(len(history) * blocks, -1), in_blocks(plan, blocks)).view(blocks, len(post), -1).sum(0)
