"""The terms that learning rules are made of: post x pre at every synapse, summed over the batch, and sorted by sign.

    a[n, m] = |η_a|·R_b( post[b, n]·pre[b, m](t − d[n, m]) )

R is the mean or the sum over the batch, worked out as one product that contracts over it, or any other function of all samples.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.record import RecordTensor
from snnlab.core.traces import fall_and_count, trace_nearest
from snnlab.network import Cell
from snnlab.synapses import DelayedRead
from snnlab.updates import Product

TRACE_MODES = ("cumulative", "nearest")


def advance_trace(mode: str, spikes: Tensor, trace: Tensor, decay: float) -> Tensor:
    """One step of a trace of unit amplitude, "cumulative" or "nearest"; spikes are bool, or the numbers 1 and 0.

    Example:
        >>> advance_trace("nearest", torch.tensor([1.0, 0.0]), torch.tensor([0.5, 0.5]), 0.5)
        tensor([1.0000, 0.2500])
    """
    if mode == "cumulative":
        return fall_and_count(spikes, trace, decay)
    return trace_nearest(spikes, trace, decay=decay, amplitude=1.0, target=True)


def check_trace_mode(name: str, value: Any) -> str:
    """ "cumulative" or "nearest"."""
    return checks.one_of(name, value, TRACE_MODES)


def check_tolerance(name: str, value: Any) -> float | None:
    """A time in ms, or None."""
    return None if value is None else checks.not_negative(name, value, "ms")


def history_like_synapse(cell: Cell) -> RecordTensor:
    """A history of one value a presynaptic cell that reaches as far back as the connection's delays."""
    connection = cell.connection
    shape, dtype = cell.synapse.batchedshape, connection.weight.dtype
    return RecordTensor(connection.dt, connection.delayedby or 0.0, shape=shape, dtype=dtype)


def reduce_batch(reduction: Callable[[Tensor, int], Tensor], rows: Tensor) -> Tensor:
    """One row of many, B x any shape: what a rule's `batch_reduction` makes of them, which must be of that shape.

    Raises:
        ValueError: it is of another shape, which would be spread over all weights.
        TypeError: it is no tensor.

    Example:
        >>> reduce_batch(torch.amax, torch.tensor([[1.0, 5.0], [3.0, 4.0]]))
        tensor([3., 5.])
    """
    whole = reduction(rows, 0)
    if not isinstance(whole, Tensor):
        raise TypeError(f"batch_reduction must return a tensor, but returned {type(whole).__name__}. Of several values, return the first.")
    if whole.shape != rows.shape[1:]:
        raise ValueError(
            f"batch_reduction must make one of {len(rows)} samples, {tuple(rows.shape)} -> {tuple(rows.shape[1:])}, but returned "
            f"{tuple(whole.shape)}. Reduce along the dim that it is given, and no other: lambda x, dim: x.amax(dim)."
        )
    return whole


def reduced_pair(cell: Cell, rate: float, post: Tensor, pre: DelayedRead, reduction: Callable[[Tensor, int], Tensor]) -> Tensor:
    """|rate| x post x pre as it arrives, reduced over the batch: like the weights.

    Mean and sum are one product that contracts over the batch; any other reduction sees every sample's own.
    """
    connection = cell.connection
    if reduction is torch.mean or reduction is torch.sum:
        return connection.correlate(post, _times(pre, rate, post.shape[0], reduction))
    return reduce_batch(reduction, connection.pair(post, pre) * abs(rate))


def pair_update(cell: Cell, rate: float, post: Tensor, pre: DelayedRead, reduction: Callable[[Tensor, int], Tensor]) -> Tensor | Product:
    """The same for an accumulator alone: left as two factors where the connection has such, which it multiplies out as it adds them."""
    if reduction is torch.mean or reduction is torch.sum:
        scaled = _times(pre, rate, post.shape[0], reduction)
        change = cell.connection.change(post, scaled)
        if change is not None:
            return Product.of(change)
        factors = cell.connection.factors(post, scaled)
        if factors is not None:
            return Product(*factors)
    return reduced_pair(cell, rate, post, pre, reduction)


def _times(pre: DelayedRead, rate: float, samples: int, reduction: Callable) -> DelayedRead:
    """The rate goes to the factor with the fewest numbers: a pass over a product costs as much as the product."""
    return pre.scaled(abs(rate) / (samples if reduction is torch.mean else 1))


def signed(
    a: Tensor | Product, b: Tensor | Product, rate_a: float, rate_b: float
) -> tuple[Tensor | Product | None, Tensor | Product | None]:
    """Sorts two magnitudes into what is added and what is taken away, by the signs of their rates; 0 counts as positive.

    Example:
        >>> signed(torch.tensor(1.0), torch.tensor(2.0), -0.1, -0.1)
        (None, tensor(3.))
    """
    if (rate_a >= 0) == (rate_b >= 0):
        return (a + b, None) if rate_a >= 0 else (None, a + b)
    return (a, b) if rate_a >= 0 else (b, a)
