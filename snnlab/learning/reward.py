"""Reward: one number a sample, told from outside, says whether what a rule would do is done, or its opposite.

    ΔW = Σ_b r_b·( η_a·a_b + η_b·b_b )        a, b ≥ 0: the two terms of a rule for sample b, such as those of `snnlab.learning.stdp`

Both parts of the update are magnitudes, and a reward below 0 makes what would be added be taken away. With η_a ≥ 0 > η_b:

    pos = Σ_{r ≥ 0} |r|·|η_a|·a + Σ_{r < 0} |r|·|η_b|·b
    neg = Σ_{r ≥ 0} |r|·|η_b|·b + Σ_{r < 0} |r|·|η_a|·a

A sum over samples is worked out as one product with the postsynaptic side scaled by |r|, 0 where a sample has no part in it. The mean
divides it by the number of all samples, rewarded or not, so that a batch learns the mean of what its samples learn alone. Any other
reduction sees the rows of those samples alone that have a part: there a mean of one's own divides by their number.

Reference: Frémaux & Gerstner, Front. Neural Circuits 9:85 (2016), three-factor rules.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.learning.terms import pair_update, reduce_batch
from snnlab.network import Cell
from snnlab.synapses import DelayedRead
from snnlab.updates import Product

Reduction = Callable[[Tensor, int], Tensor]
Samples = Callable[[list[float] | None], Iterable[tuple[Tensor, ...]]]
Parts = tuple[Tensor | Product | None, Tensor | Product | None]  # what is added, and what is taken away


def check_sum(name: str, value: Any) -> Reduction:
    """A reduction over an axis, `f(tensor, dim)`; None is the sum."""
    return torch.sum if value is None else checks.reduction(name, value)


def scaled(rows: Tensor, factors: Tensor) -> Tensor:
    """Each sample's row times its factor."""
    return rows * factors.view(-1, *[1] * (rows.dim() - 1))


@dataclass(frozen=True)
class Term:
    """One of the terms that a rule is made of, for every sample, worked out when it is asked for.

    Args:
        rate: its learning rate; |rate| is part of the magnitudes below.
        total: the sum over samples of factor x magnitude, from one factor for all or one a sample: like the parameter.
        rows: the magnitudes themselves, B x (like the parameter).
    """

    rate: float
    total: Callable[[float | Tensor], Tensor | Product]
    rows: Callable[[], Tensor]


def pair_term(cell: Cell, rate: float, post: Tensor, pre: DelayedRead) -> Term:
    """|rate| x post x pre as it arrives, of every synapse: its total is one product, with no tensor of samples x weights."""

    def total(factors: float | Tensor) -> Tensor | Product:
        if isinstance(factors, float):  # spikes stay spikes, which is faster
            return pair_update(cell, rate * factors, post, pre, torch.sum)
        return pair_update(cell, rate, scaled(post, factors), pre, torch.sum)

    return Term(rate, total, lambda: cell.connection.pair(post, pre) * abs(rate))


def kept_term(rate: float, kept: Tensor) -> Term:
    """|rate| x what is kept for every sample, B x (like the parameter)."""

    def total(factors: float | Tensor) -> Tensor:
        if isinstance(factors, float):
            return kept.sum(0) * (abs(rate) * factors)
        return torch.tensordot((abs(rate) * factors).to(kept.dtype), kept, 1)

    return Term(rate, total, lambda: kept * abs(rate))


def check_reward(signal: float | Tensor, scale: float, cell: Cell) -> float | Tensor:
    """signal x scale: a number, or one a sample in the dtype of the cell's weights.

    Raises:
        TypeError: a signal that is neither a number nor a tensor of numbers.
        ValueError: one of another shape than B, a NaN or an infinity; a scale below 0.
    """
    scale = checks.not_negative("scale", scale, hint="The sign of the reward belongs to the signal.")
    hint = "Pass a number, or a tensor of one number a sample: 1.0 for a reward, -1.0 for a punishment, 0.0 for neither."
    if not isinstance(signal, Tensor):
        return checks.number("signal", signal, hint=hint) * scale
    if signal.dtype == torch.bool or signal.is_complex():
        raise TypeError(f"signal must hold real numbers, but is of dtype {signal.dtype}. {hint}")
    weight = cell.connection.weight
    if signal.dim() == 0:
        return checks.number("signal", signal.detach(), hint=hint) * scale
    checks.shaped("signal", signal, (cell.connection.batchsz,), "one a sample", "A plain number rewards all samples alike.")
    return checks.fitting("signal", signal.detach(), weight.dtype).to(weight.device) * scale


def rewarded(terms: Iterable[Term], reward: float | Tensor, samples: int, reduction: Reduction) -> Parts:
    """Sorts the terms of a rule, times their reward, into what is added and what is taken away; None where nothing is.

    Args:
        terms: what would be learned.
        reward: one number for all samples, or one a sample. Of one for all, each term is reduced by itself; of one a sample, the rows of
            all terms that are added are reduced together, and so are those that are taken away.
        samples: number of samples.
        reduction: how samples become one update.

    Example:
        >>> terms = kept_term(2.0, torch.tensor([1.0, 1.0])), kept_term(-1.0, torch.tensor([5.0, 7.0]))
        >>> rewarded(terms, torch.tensor([1.0, -1.0]), 2, torch.sum)  # the second sample is punished
        (tensor(9.), tensor(7.))
    """
    if not (reward if isinstance(reward, float) else reward.any()):
        return None, None
    quick = reduction is torch.sum or reduction is torch.mean
    size = abs(reward) / (samples if reduction is torch.mean else 1)  # of all samples, also those that have no part
    parts: dict[bool, list] = {True: [], False: []}
    for term in terms:
        rows = None if quick else term.rows()
        adds = (reward >= 0) == (term.rate >= 0)
        if isinstance(reward, float):
            parts[adds].append(term.total(size) if quick else reduce_batch(reduction, rows) * size)
            continue
        for part, chosen in ((parts[True], adds), (parts[False], ~adds)):
            if chosen.any():
                part.append(term.total(size * chosen) if quick else scaled(rows, size)[chosen])
    if quick or isinstance(reward, float):
        return tuple(sum(part[1:], part[0]) if part else None for part in parts.values())
    return tuple(reduce_batch(reduction, torch.cat(part)) if part else None for part in parts.values())


def rewarded_in_turn(rates: tuple[float, ...], samples: Samples, reward: float | Tensor, count: int, reduction: Reduction) -> Parts:
    """The same for a rule that works on one sample after the other, so that no tensor of samples x weights is made.

    Args:
        rates: learning rate of each term.
        samples: gives the magnitudes of the terms at a rate of 1, one tuple a sample, which are written over. It is called with the
            rewards, and leaves out samples whose reward is 0, or with None, for all of them; not at all where nothing is rewarded.
        reward, reduction: as in `rewarded`.
        count: number of samples.

    Example:
        >>> samples = [(torch.tensor(1.0), torch.tensor(5.0)), (torch.tensor(1.0), torch.tensor(7.0))]
        >>> rewarded_in_turn((2.0, -1.0), lambda among: samples, torch.tensor([1.0, -1.0]), 2, torch.sum)
        (tensor(9.), tensor(7.))
    """
    rewards = [reward] * count if isinstance(reward, float) else reward.tolist()
    if not any(rewards):
        return None, None
    if reduction is not torch.sum and reduction is not torch.mean:
        rows = map(torch.stack, zip(*samples(None), strict=True))
        return rewarded([kept_term(rate, each) for rate, each in zip(rates, rows, strict=True)], reward, count, reduction)
    share = 1 / count if reduction is torch.mean else 1.0
    parts: dict[bool, Tensor | None] = {True: None, False: None}
    for own, magnitudes in zip(filter(None, rewards), samples(rewards), strict=True):
        for rate, magnitude in zip(rates, magnitudes, strict=True):
            adds, change = (own >= 0) == (rate >= 0), magnitude.mul_(abs(own * rate) * share)
            parts[adds] = change if parts[adds] is None else parts[adds].add_(change)
    return parts[True], parts[False]


class RewardedTrainer(IndependentCellTrainer):
    """A rule whose terms are multiplied by a reward: `rule(signal, scale)`.

    A subclass builds its traces in `build`, and in `parts` advances them and says what a reward makes of them.

    Example:
        >>> issubclass(snn.MSTDP, snn.RewardedTrainer), issubclass(snn.DelayAdjustedMSTDPD, snn.RewardedTrainer)
        (True, True)
    """

    @abstractmethod
    def parts(self, cell: Cell, state: CellState, reward: float | Tensor) -> Parts:
        """Advances the traces of a cell by the step that has just run; returns what this step adds and what it takes away.

        The reward is one number for all samples, or one a sample.
        """

    def forward(self, signal: float | Tensor | None = None, scale: float = 1.0, cells: Iterable[str] | None = None) -> None:
        """Looks at every cell once, and rewards it; call it after the layer's step and before `layer.update()`.

        A signal of 0 teaches nothing, but traces advance: call it at every step.

        Args:
            signal: the reward, a number for all samples or a tensor of one a sample; below 0 it punishes. It must be given.
            scale: factor on the signal, 0 or above.
            cells: names of the cells that it looks at; None for all. See `CellTrainer.forward`.

        Shape:
            signal: none, or B

        Raises:
            TypeError: a signal that is no number and no tensor of numbers.
            ValueError: a tensor of another shape, a NaN, an infinity, a scale below 0. Nothing has changed then.
            RuntimeError, AttributeError: as in `CellTrainer.forward`.
        """
        super().forward(signal, scale, cells=cells)

    def check_call(self, cell: Cell, state: CellState, signal: float | Tensor, scale: float) -> None:
        check_reward(signal, scale, cell)

    def step(self, cell: Cell, state: CellState, signal: float | Tensor, scale: float) -> None:
        parts = self.parts(cell, state, check_reward(signal, scale, cell))
        for name in self.trains:
            getattr(cell.updater, name).add(*parts)
