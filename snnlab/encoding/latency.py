"""Latency code: the time of one spike says how strong an input is. Strong inputs spike early, weak ones late, and 0 never.

An input of intensity x, 0 < x ≤ 1, spikes at the time t after the start of the train, in one of two ways:

    linear       t = t_max·(1 − x)                 t_max = (T − 1)·dt, the last of T steps
    charging     t = τ·ln(x/(x − θ))    x > θ      else never

The second is when a membrane (an RC circuit) that is charged by a steady current x, V(t) = x·(1 − exp(−t/τ)), reaches the threshold θ. Read
the other way round, a spike at t stands for the intensity

    linear       x = 1 − t/t_max
    charging     x = θ/(1 − exp(−t/τ))

A spike falls on the step nearest to its time; so the intensity that is read back from a linear train is off by 1/(2·(T − 1)) at most.

Reference: Thorpe, Delorme and Van Rullen, Neural Networks 14 (2001) 715; Eshraghian et al., Proc. IEEE 111 (2023) 1016, section III (both
forms); Gerstner et al., Neuronal Dynamics (2014), section 1.3 (the charging of a membrane).
"""

import math
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Setting
from snnlab.encoding.base import Encoder


def linear_latency(intensity: Tensor, *, longest: float) -> Tensor:
    """When an intensity from 0 to 1 spikes: the linear equation above; infinite for 0.

    Args:
        intensity: x.
        longest: t_max, the time of the weakest.

    Units:
        longest, latency: ms

    Example:
        >>> linear_latency(torch.tensor([1.0, 0.5, 0.0]), longest=8.0)
        tensor([0., 4., inf])
    """
    return torch.where(intensity > 0, longest * (1 - intensity), math.inf)


def charging_latency(intensity: Tensor, *, time_constant: float, threshold: float) -> Tensor:
    """When an intensity from 0 to 1 spikes: the equation of the charging membrane above; infinite up to the threshold.

    Args:
        intensity: x.
        time_constant: τ of the membrane.
        threshold: θ, the least intensity that would ever reach it.

    Units:
        time_constant, latency: ms

    Example:
        >>> charging_latency(torch.tensor([1.0, 0.6, 0.5]), time_constant=10.0, threshold=0.5)
        tensor([ 6.9315, 17.9176,     inf])
    """
    reached = intensity > threshold
    return torch.where(reached, -time_constant * torch.log1p(-threshold / torch.where(reached, intensity, 1.0)), math.inf)


def _optional(name: str, value: Any, unit: str = "") -> float | None:
    return None if value is None else checks.positive(name, value, unit)


class LatencyEncoder(Encoder):
    """Turns intensities into trains of one spike each: the stronger, the earlier. Nothing is drawn at random.

    Equation: `help("snnlab.encoding.latency")`; linear, or that of a charging membrane where `time_constant` and `threshold` are given.

    With a membrane, an intensity that would spike after the train ends stays silent: one below `weakest`.

    Args:
        steps: length of a train, in steps.
        step_time: length of a step, above 0.
        time_constant: τ of the membrane, above 0; None for the linear code.
        threshold: θ of the membrane, between 0 and 1; None for the linear code.

    Units:
        step_time, time_constant, duration: ms;  inputs, threshold: 1

    Shape:
        inputs: (*S), any shape, 0 to 1  ->  spikes: (steps, *S) bool, or `steps` tensors (*S) bool

    Raises:
        ValueError: one of time_constant and threshold without the other, or out of its range; a train too short for an input of 1.

    Example:
        >>> encoder = LatencyEncoder(5, 1.0)
        >>> encoder(torch.tensor([1.0, 0.5, 0.0])).int()
        tensor([[1, 0, 0],
                [0, 0, 0],
                [0, 1, 0],
                [0, 0, 0],
                [0, 0, 0]], dtype=torch.int32)
    """

    time_constant = Setting(lambda name, value: _optional(name, value, "ms"))
    threshold = Setting(_optional)

    def __init__(self, steps: int, step_time: float, *, time_constant: float | None = None, threshold: float | None = None) -> None:
        super().__init__(steps, step_time)
        self.configure(time_constant=time_constant, threshold=threshold)

    def check_settings(self) -> None:
        if "_threshold" not in vars(self):  # the base class sets its own first
            return
        if (self.time_constant is None) != (self.threshold is None):
            raise ValueError(
                "time_constant and threshold must be given both, or neither for the linear code, but time_constant is "
                f"{self.time_constant} and threshold is {self.threshold}. To change both, call configure(time_constant=..., threshold=...)."
            )
        if self.threshold is not None and self.threshold >= 1:
            raise ValueError(f"threshold must be below 1, the strongest input, but is {self.threshold}.")
        if self.weakest >= 1:
            first = self.latencies(torch.ones(1, dtype=torch.float64)).item()
            raise ValueError(
                f"An input of 1 must spike within the train of {self.duration:g} ms, but would at {first:g} ms. "
                "Raise steps, or lower time_constant or threshold."
            )

    @property
    def weakest(self) -> float:
        """The intensity below which no spike falls into the train; 0.0 for the linear code, in which only 0 is silent."""
        if self.threshold is None:
            return 0.0
        return self.threshold / -math.expm1(-(self.steps - 0.5) * self.dt / self.time_constant)  # half a step after the last

    def latencies(self, intensity: Tensor) -> Tensor:
        """When intensities spike, in ms, before that is rounded to a step; infinite for never."""
        if self.threshold is None:
            return linear_latency(intensity, longest=(self.steps - 1) * self.dt)
        return charging_latency(intensity, time_constant=self.time_constant, threshold=self.threshold)

    def check_largest(self, largest: float) -> None:
        if largest > 1:
            raise ValueError(f"inputs must be from 0 to 1 in every element, but is {largest:g} in one. Rescale them to 0 … 1.")

    def spike_blocks(self, values: Tensor, lengths: list[int]) -> Iterator[Tensor]:
        step = (self.latencies(values) / self.dt + (0.5 + 1e-6)).floor()  # the nearest; on a tie, up to rounding, the later
        for steps in torch.arange(sum(lengths), dtype=values.dtype, device=values.device).split(lengths):
            yield steps[:, None] == step

    def extra_repr(self) -> str:
        membrane = "" if self.threshold is None else f", time_constant={self.time_constant} ms, threshold={self.threshold}"
        return super().extra_repr() + membrane
