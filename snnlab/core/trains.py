"""Spike trains: the intervals within one, and the distance between two.

The distance of Victor and Purpura is the least cost of turning one train into the other, where to insert or to remove a spike costs 1
and to move one by Δt costs q·|Δt|. With G(i, j) the distance of the first i spikes of one train from the first j of the other:

    G(i, 0) = i,   G(0, j) = j
    G(i, j) = min{ G(i−1, j) + 1,  G(i, j−1) + 1,  G(i−1, j−1) + q·|t_i − u_j| }

At q = 0 only the numbers of spikes count; as q grows, spikes match within 2/q of each other.

Reference: Victor and Purpura, J. Neurophysiol. 76 (1996) 1310.
"""

import math

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.recording import Series, with_step_time


def isi(spikes: Tensor | Series, step_time: float | None = None, time_first: bool = True) -> Tensor:
    """The intervals between the spikes of each train.

    Args:
        spikes: one train or many, as a tensor or a `Series`; any value but 0 is a spike.
        step_time: length of one step, above 0 ms; None: that of the Series.
        time_first: whether time is the first dimension, as it is in every Series; else it is the last.

    Units:
        step_time, intervals: ms

    Shape:
        spikes: (T, *S) or (*S, T)  ->  intervals: (C − 1, *S) or (*S, C − 1), with C the most spikes that any train has. A train of
        fewer spikes ends in NaN. Where no train has two spikes there is no interval: size 0.

    Returns:
        the intervals, float32.

    Raises:
        ValueError: the tensor has no dimension of time; a Series together with another step time, or with time last.
        TypeError: a tensor without a step time.

    Example:
        >>> isi(torch.tensor([[1, 0], [0, 0], [1, 1], [1, 0], [0, 1]]), 0.5)
        tensor([[1.0000, 1.0000],
                [0.5000,    nan]])
    """
    if isinstance(spikes, Series) and not time_first:
        raise ValueError(f"time_first must be True for a Series, but is {time_first}: the first axis of {spikes.name!r} is time.")
    spikes, step_time = with_step_time("spikes", spikes, step_time)
    if spikes.ndim == 0:
        raise ValueError("spikes must have a dimension of time, but is a single number. Pass a tensor of shape (T, ...).")
    trains = (spikes.movedim(0, -1) if time_first else spikes) != 0
    count = trains.sum(-1).flatten()
    most = max(int(count.max()) if count.numel() else 0, 1)
    train, step = trains.flatten(0, -2).nonzero(as_tuple=True) if trains.ndim > 1 else trains[None].nonzero(as_tuple=True)
    rank = torch.arange(len(step), device=step.device) - (count.cumsum(0) - count)[train]  # its number within its train
    times = torch.full((len(count), most), math.nan, device=spikes.device)
    times[train, rank] = step.to(times.dtype)
    intervals = (times.diff(dim=-1) * step_time).reshape(*trains.shape[:-1], most - 1)
    return intervals.movedim(-1, 0) if time_first else intervals


def victor_purpura_pair_dist(t0: Tensor, t1: Tensor, cost: float | Tensor) -> Tensor:
    """The edit distance of two spike trains.

    Args:
        t0: the spike times of one train, in any order.
        t1: the spike times of the other.
        cost: q, the cost of moving a spike by 1 ms, at 0 or above; infinity lets no spike be moved, nor matched. Several costs at once
            give as many distances.

    Units:
        t0, t1: ms;  cost: 1/ms;  distance: none

    Shape:
        t0: (n0,);  t1: (n1,);  cost: () or (Q,)  ->  distance: () or (Q,)

    Returns:
        the distance, float64; |n0 − n1| at a cost of 0, n0 + n1 at infinity.

    Raises:
        ValueError: a train is not of one dimension or has a time that is not finite; a cost is below 0 or NaN.

    Example:
        >>> victor_purpura_pair_dist(torch.tensor([1.0, 5.0]), torch.tensor([2.0]), 0.5)
        tensor(1.5000, dtype=torch.float64)
    """
    first, second = _times("t0", t0), _times("t1", t1)
    costs = torch.as_tensor(cost, dtype=torch.float64, device=first.device)
    if costs.ndim > 1 or not (costs >= 0).all():
        raise ValueError(f"cost must be 0 or above, one number or a row of them (1/ms), but is {cost}. Use 0 to compare spike counts only.")
    moves = (first[:, None] - second).abs()[..., None] * costs.reshape(1, 1, -1)
    moves = torch.where(costs.reshape(-1).isinf(), math.inf, moves)  # 0·∞: not even a move by nothing is allowed
    # A row at a time. Its inner recursion G(j) = min{ c(j), G(j−1) + 1 } is a running minimum: G(j) − j = min over k ≤ j of c(k) − k.
    column = torch.arange(len(second) + 1, dtype=torch.float64, device=first.device)[:, None]
    row = column.expand(-1, costs.numel())
    for move in moves:
        best = row + 1
        best[1:] = torch.minimum(best[1:], row[:-1] + move)
        row = (best - column).cummin(0).values + column
    return row[-1].reshape(costs.shape)


def _times(name: str, times: Tensor) -> Tensor:
    if checks.tensor(name, times).ndim != 1:
        raise ValueError(f"{name} must be a row of spike times in ms, of shape (n,), but is of shape {tuple(times.shape)}. Pass one train.")
    return checks.finite(name, times.detach().to(torch.float64)).sort().values
