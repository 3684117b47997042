"""Poisson encoders: spike trains at random, whose rate follows the input.

With r the wanted rate in spikes a step (r = f·x·dt/1000, f in Hz, dt in ms), the intervals between spikes are, in steps:

    HomogeneousPoissonEncoder          R + E,  E exponential of mean 1/r − R (compensated) or 1/r
    HomogeneousPoissonApproxEncoder    geometric: a spike at each step with probability min(r, 1)
    PoissonIntervalEncoder             max(I, 1),  I Poisson of mean 1/r

R is the refractory gap in whole steps, at least 1, as a step holds one spike at most. Rates and coefficients of variation follow:

    compensated        rate r                   CV ≈ 1 − r·R
    not compensated    rate r/(1 + r·R)         CV ≈ 1/(1 + r·R)
    approximate        rate min(r, 1)           CV = √(1 − r)
    intervals          rate 1/(1/r + e^(−1/r))  CV ≈ √r

Trains start in the steady state: a spike is as likely at the first step as at any other, and inputs are not in step with each other.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 7.3; Cox, Renewal Theory (1962), section 5.
"""

import math
from collections.abc import Callable, Iterator
from typing import ClassVar

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Setting
from snnlab.encoding.base import RateEncoder


def bernoulli_blocks(rates: Tensor, lengths: list[int], *, generator: torch.Generator | None = None) -> Iterator[Tensor]:
    """Trains with a spike at each step at random, independent of all others.

    Args:
        rates: probability of a spike, in spikes a step; above 1 counts as 1.
        lengths: steps of each block.
        generator: source of randomness.

    Shape:
        rates: (P,)  ->  each block: (length, P) bool

    Example:
        >>> next(bernoulli_blocks(torch.tensor([0.0, 1.0]), [2]))
        tensor([[False,  True],
                [False,  True]])
    """
    for length in lengths:
        yield torch.rand((length, len(rates)), dtype=rates.dtype, device=rates.device, generator=generator) < rates


def renewal_blocks(
    first: Tensor, draw: Callable[[int], Tensor], lengths: list[int], *, gap: int = 0, rate: float = 0.0
) -> Iterator[Tensor]:
    """Trains whose intervals are drawn one after another; a spike at time t falls into the step floor(t).

    Args:
        first: time of the first spike of each train, infinite for none.
        draw: gives so many intervals of each train, less the gap.
        lengths: steps of each block.
        gap: whole steps that every interval has at least.
        rate: the highest rate of all trains, which says how many intervals to draw at once.

    Units:
        times, intervals, gap: steps;  rate: spikes a step

    Shape:
        first: (P,);  draw(k): (k, P)  ->  each block: (length, P) bool

    Example:
        >>> every_second = lambda count: torch.full((count, 1), 2.0)
        >>> next(renewal_blocks(torch.tensor([1.0]), every_second, [5])).flatten().int()
        tensor([0, 1, 0, 1, 0], dtype=torch.int32)
    """
    wait = first
    for length in lengths:
        raster = torch.zeros((length + 1, len(first)), dtype=torch.bool, device=first.device)  # the last row takes what lies beyond
        expected = length * rate
        count = min(math.ceil(expected + 4 * math.sqrt(expected)) + 4, length // max(gap, 1) + 1)
        skipped = gap * torch.arange(count + 1, dtype=first.dtype, device=first.device)[:, None]
        while True:
            times = torch.cat([wait[None], draw(count)]).cumsum(0)  # less the gaps: whole numbers, added after rounding, keep them exact
            steps = times.floor()
            place = steps + skipped
            raster.scatter_(0, place.clamp(max=length).long(), True)
            ahead = (place < length).sum(0).clamp(max=count)[None]  # each train goes on from its first spike beyond, or from its last
            wait = (place.gather(0, ahead) + torch.where(times.isinf(), 0, times - steps).gather(0, ahead))[0]
            if bool((wait >= length).all()):
                break
        wait = wait - length
        yield raster[:length]


class HomogeneousPoissonEncoder(RateEncoder):
    """Exponential intervals with a refractory gap.

    Args:
        steps: length of a train, in steps.
        step_time: length of a step, above 0.
        frequency: rate of an input of 1, at 0 or above. Rates at or above 1/refrac are refused.
        refrac: least interval between two spikes, at 0 or above, rounded up to whole steps; None takes one step.
        compensate: whether to shorten the random part of the intervals, so that the rate is kept in spite of the gap.
        generator: source of randomness, on the device of the inputs; None takes torch's own.

    Units:
        step_time, refrac: ms;  frequency: Hz

    Shape:
        inputs: (*S), any shape  ->  spikes: (steps, *S) bool, or `steps` tensors (*S) bool

    Raises:
        TypeError: a generator that is no torch.Generator, a length that is no whole number.
        ValueError: a length below 1, a step time not above 0, a frequency below 0, a refractory gap below 0.

    Example:
        >>> encoder = HomogeneousPoissonEncoder(1000, 1.0, 100.0, refrac=5.0, generator=torch.Generator().manual_seed(0))
        >>> spikes = encoder(torch.tensor([0.0, 0.5]))
        >>> spikes.shape, spikes[:, 0].any().item(), 40 < spikes[:, 1].sum().item() < 60
        (torch.Size([1000, 2]), False, True)
    """

    compensated = Setting(checks.boolean)
    spelled: ClassVar[dict[str, str]] = {"compensate": "compensated"}

    def __init__(
        self,
        steps: int,
        step_time: float,
        frequency: float,
        *,
        refrac: float | None = None,
        compensate: bool = True,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__(steps, step_time, frequency, generator=generator)
        self.configure(compensated=compensate)
        self.refrac = refrac

    @property
    def refrac(self) -> float:
        """Least interval between two spikes in ms, as it was given; where it was not, the length of a step."""
        return self.dt if self._refrac is None else self._refrac

    @refrac.setter
    def refrac(self, value: float | None) -> None:
        self._refrac = None if value is None else checks.not_negative("refrac", value, "ms", "None asks for one step.")

    @property
    def gap(self) -> int:
        """The refractory gap in whole steps, at least 1."""
        return max(math.ceil(self.refrac / self.dt - 1e-6), 1)

    def check_largest(self, largest: float) -> None:
        gap, rate = self.gap * self.dt, largest * self.frequency
        if rate >= 1000.0 / gap * (1 - 1e-12):
            raise ValueError(
                f"inputs must ask for less than {1000.0 / gap:g} Hz, as two spikes are at least {gap:g} ms apart (refrac), but asks for "
                f"{rate:g} Hz ({largest:g} × frequency {self.frequency:g} Hz). Lower frequency, or refrac or step_time."
            )

    def spike_blocks(self, rates: Tensor, lengths: list[int]) -> Iterator[Tensor]:
        gap, silent = self.gap, rates == 0
        mean = 1.0 / torch.where(silent, 1.0, rates) - (gap if self.compensated else 0)
        mean = torch.where(silent, 1.0, mean)

        def draw(count: int) -> Tensor:
            unit = torch.empty((count, len(rates)), dtype=rates.dtype, device=rates.device)
            return unit.exponential_(generator=self.generator) * mean

        # In the steady state a share gap/(mean + gap) of all trains is refractory at the start, by what is left of the gap.
        uniform = torch.rand(len(rates), dtype=rates.dtype, device=rates.device, generator=self.generator)
        left = (uniform * (mean + gap) - mean).clamp(min=0)
        first = torch.where(silent, math.inf, left + draw(1)[0])
        return renewal_blocks(first, draw, lengths, gap=gap, rate=_largest(rates))

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, refrac={self.refrac} ms, compensated={self.compensated}"


class HomogeneousPoissonApproxEncoder(RateEncoder):
    """A spike at each step at random: the fastest encoder, with no refractory gap. Rates above one spike a step count as one.

    Args:
        steps: length of a train, in steps.
        step_time: length of a step, above 0.
        frequency: rate of an input of 1, at 0 or above.
        generator: source of randomness, on the device of the inputs; None takes torch's own.

    Units:
        step_time: ms;  frequency: Hz

    Shape:
        inputs: (*S), any shape  ->  spikes: (steps, *S) bool, or `steps` tensors (*S) bool

    Raises:
        TypeError: a generator that is no torch.Generator, a length that is no whole number.
        ValueError: a length below 1, a step time not above 0, a frequency below 0.

    Example:
        >>> encoder = HomogeneousPoissonApproxEncoder(3, 1.0, 1000.0)
        >>> [step.tolist() for step in encoder(torch.tensor([0.0, 1.0]), online=True)]
        [[False, True], [False, True], [False, True]]
    """

    def spike_blocks(self, rates: Tensor, lengths: list[int]) -> Iterator[Tensor]:
        return bernoulli_blocks(rates, lengths, generator=self.generator)


class PoissonIntervalEncoder(RateEncoder):
    """Intervals of a whole number of steps, Poisson-distributed: more regular than a Poisson train, the more so the lower the rate.

    Intervals of 0 steps count as 1; so the rate falls short of the wanted one where that is near one spike a step (by 6 % at half a spike
    a step, by 0.1 % at 1/5), and never exceeds one.

    Args:
        steps: length of a train, in steps.
        step_time: length of a step, above 0.
        frequency: rate of an input of 1, at 0 or above.
        generator: source of randomness, on the device of the inputs; None takes torch's own.

    Units:
        step_time: ms;  frequency: Hz

    Shape:
        inputs: (*S), any shape  ->  spikes: (steps, *S) bool, or `steps` tensors (*S) bool

    Raises:
        TypeError: a generator that is no torch.Generator, a length that is no whole number.
        ValueError: a length below 1, a step time not above 0, a frequency below 0.

    Example:
        >>> encoder = PoissonIntervalEncoder(1000, 1.0, 40.0, generator=torch.Generator().manual_seed(0))
        >>> 35 < encoder(torch.ones(1)).sum().item() < 45
        True
    """

    def spike_blocks(self, rates: Tensor, lengths: list[int]) -> Iterator[Tensor]:
        silent = rates == 0
        mean = (1.0 / torch.where(silent, 1.0, rates)).clamp(max=1e12)  # larger means overflow where they are drawn

        def draw(count: int) -> Tensor:
            return torch.poisson(mean.expand(count, -1), generator=self.generator).clamp(min=1)

        # In the steady state the interval that holds the start is drawn in proportion to its length: 1 + Poisson, or a bumped 0.
        dice = torch.rand((2, len(rates)), dtype=rates.dtype, device=rates.device, generator=self.generator)
        bumped = dice[0] * (mean + torch.exp(-mean)) < torch.exp(-mean)
        length = torch.where(bumped, 1.0, 1.0 + torch.poisson(mean, generator=self.generator))
        first = torch.where(silent, math.inf, (dice[1] * length).floor())
        return renewal_blocks(first, draw, lengths, rate=min(_largest(rates), 1.0))


def _largest(rates: Tensor) -> float:
    return rates.max().item() if len(rates) else 0.0
