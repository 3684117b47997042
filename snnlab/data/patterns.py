"""A pattern that comes again and again among spikes that mean nothing, and that no rate betrays.

Every input fires at a rate r of its own that wanders at random between 0 and a highest rate: with s the speed of change,

    P(spike in dt) = r·dt,        r ← clip(r + s·dt, 0, r_max),        s ← clip(s + ξ, −s_max, s_max)

An input that has been silent for the length of the pattern spikes once, so that every input of the pattern takes part in it. A stretch of
such trains, drawn once, is the pattern. Time is cut into sections of its length. In some of them, never in two in a row, a part of the
inputs repeats the pattern, each spike moved by a little jitter; the others go on at random. On top of all comes noise at a constant rate.

    section    |          | pattern  |          |          | pattern  |
    inputs     | random   | repeated | random   | random   | repeated |   the part that takes part
               | random   | random   | random   | random   | random   |   the others

As the pattern is a piece of the same trains, the mean rate within it is that without it, for the sum of all inputs and for each group.

Reference: Masquelier, Guyonneau & Thorpe, PLoS ONE 3:e1377 (2008), Methods.
"""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from snnlab.core import checks

TURN = 360.0
"""Greatest change of the speed of a rate in 1 ms, in Hz/s; over other steps it grows as the square root of their length."""
WARM_UP = 10
"""Sections that pass unseen before the pattern is drawn, until rates and silences no longer show how they began."""


class HiddenPattern:
    """Makes the trains described above, section by section, without an end.

    Args:
        inputs: number of inputs.
        step_time: length of a step, above 0.
        duration: length of the pattern and of a section, at least one step.
        share: part of all sections that hold the pattern, above 0 and at most 1/2.
        part: part of all inputs that take part in it, from 0 to 1.
        rate: highest rate of the wandering, above 0 and below one spike a step.
        noise: rate of the spikes on top, 0 or above and below one spike a step.
        jitter: standard deviation by which the spikes of the pattern move each time, 0 or above.
        generator: source of randomness; None takes torch's own.

    Units:
        step_time, duration, jitter: ms;  rate, noise: Hz

    Attributes:
        length: steps of a section.
        members: places of the inputs that take part, in ascending order.
        pattern: what they do in the pattern, before jitter and noise.

    Shape:
        members: (K,) int64;  pattern: (length, K) bool

    Raises:
        ValueError: an argument out of its range.

    Example:
        >>> source = HiddenPattern(100, share=0.5, jitter=0.0, noise=0.0, generator=torch.Generator().manual_seed(0))
        >>> sections = list(source.sections(20))
        >>> [torch.equal(spikes[:, source.members], source.pattern) for spikes, shown in sections if shown]
        [True, True, True, True, True, True, True, True, True, True]
    """

    def __init__(
        self,
        inputs: int,
        step_time: float = 1.0,
        *,
        duration: float = 50.0,
        share: float = 0.25,
        part: float = 0.5,
        rate: float = 90.0,
        noise: float = 10.0,
        jitter: float = 1.0,
        generator: torch.Generator | None = None,
    ) -> None:
        self.inputs = checks.whole("inputs", inputs, 1)
        self.dt = checks.positive("step_time", step_time, "ms")
        self.length = round(checks.positive("duration", duration, "ms") / self.dt)
        if self.length < 1:
            raise ValueError(f"duration must be at least one step, {self.dt:g} ms, but is {duration:g} ms.")
        if not 0 < checks.number("share", share) <= 0.5:
            raise ValueError(f"share must be above 0 and at most 0.5, as no two sections in a row hold the pattern, but is {share}.")
        if not 0 <= checks.number("part", part) <= 1:
            raise ValueError(f"part must be from 0 to 1, but is {part}. 0.5 lets every second input take part.")
        for name, value in (("rate", checks.positive("rate", rate, "Hz")), ("noise", checks.not_negative("noise", noise, "Hz"))):
            if value * self.dt >= 1000.0:
                raise ValueError(f"{name} must be below one spike a step, {1000.0 / self.dt:g} Hz, but is {value:g} Hz.")
        self.share, self.rate, self.noise, self.jitter = share, rate, noise, checks.not_negative("jitter", jitter, "ms")
        self.generator = generator
        device = "cpu" if generator is None else generator.device
        self._rates = torch.rand(inputs, device=device, generator=generator) * rate
        self._fastest = rate / self.length / self.dt * 1000.0  # from 0 to the highest rate in one section
        self._speeds = (torch.rand(inputs, device=device, generator=generator) * 2 - 1) * self._fastest
        self._silent = (torch.rand(inputs, device=device, generator=generator) * self.length).floor()
        self._shown = False
        self.members = torch.randperm(inputs, device=device, generator=generator)[: round(part * inputs)].sort().values
        for _ in range(WARM_UP):
            self._random()
        self.pattern = self._random()[:, self.members]

    def sections(self, count: int) -> Iterator[tuple[Tensor, bool]]:
        """The next sections, one after another.

        Args:
            count: how many.

        Yields:
            spikes of a section, and whether it holds the pattern.

        Shape:
            spikes: (length, inputs) bool
        """
        for _ in range(checks.whole("count", count, 0)):
            again = self.share / (1.0 - self.share)  # after a section without: makes the wanted share of all, as none follows one with
            self._shown = not self._shown and torch.rand((), device=self._rates.device, generator=self.generator).item() < again
            spikes = self._random()
            if self._shown:
                spikes[:, self.members] = self._jittered()
            chance = torch.rand(spikes.shape, device=spikes.device, generator=self.generator)
            yield spikes | (chance < self.noise * self.dt / 1000.0), self._shown

    def _random(self) -> Tensor:
        """A section of wandering rates; every rate, speed and silence goes on in the next."""
        uniform = torch.rand((2, self.length, self.inputs), device=self._rates.device, generator=self.generator)
        turns = (uniform[0] * 2 - 1) * (TURN * math.sqrt(self.dt))
        chances = uniform[1] * (1000.0 / self.dt)
        spikes = torch.empty(self.length, self.inputs, dtype=torch.bool, device=self._rates.device)
        for spike, turn, chance in zip(spikes, turns, chances, strict=True):
            torch.logical_or(chance < self._rates, self._silent >= self.length - 1, out=spike)
            self._silent = self._silent.add_(1).masked_fill_(spike, 0)
            self._rates.add_(self._speeds, alpha=self.dt / 1000.0).clamp_(0, self.rate)
            self._speeds.add_(turn).clamp_(-self._fastest, self._fastest)
        return spikes

    def _jittered(self) -> Tensor:
        """The pattern, each of its spikes moved by chance, within the section."""
        step, member = self.pattern.nonzero(as_tuple=True)
        moves = torch.randn(len(step), device=step.device, generator=self.generator) * (self.jitter / self.dt)
        moved = (step + moves.round().long()).remainder(2 * self.length)
        moved = torch.minimum(moved, 2 * self.length - 1 - moved)  # turned back at the ends, which keeps the rate even up to them
        section = torch.zeros_like(self.pattern)
        section[moved, member] = True
        return section
