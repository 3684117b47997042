"""Traces: how long ago, or how often, something was observed.

A trace x falls by a factor d each step and rises by an amplitude A where the observation matches its target:

    nearest       x ← A                 where it matches,      x ← d·x  elsewhere
    cumulative    x ← d·x + A           where it matches,      x ← d·x  elsewhere

with d = exp(−dt/τ), or exp(−λ·dt) from a rate constant λ. The nearest form knows the last match only, the cumulative form sums over
all. The scaled forms take A + s·o in place of A, with o the observation, and the value form x ← d·x + s·o adds every observation.
A trace of None, at the first step, counts as 0.
A trace that has fallen to 1e-30 or below is 0: the sizes that come next, subnormal numbers, are a hundred times as slow to multiply.

Functions return a new tensor: they keep no state and check nothing.

Units:
    step_time, time_constant: ms;  rate_constant: 1/ms;  amplitude: the trace's own;  scale: trace per observation;  decay: none

Shape:
    obs, trace: (*S)  ->  trace: (*S), in the trace's dtype; at the first step in the observation's, or float32 for spikes

Reference: Morrison, Diesmann, Gerstner, Biol. Cybern. 98 (2008) 459.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

_LEAST = 1e-30  # with room below it for what multiplies a trace, such as a learning rate


def trace_nearest(
    obs: Tensor,
    trace: Tensor | None,
    *,
    decay: float | Tensor,
    amplitude: float | Tensor,
    target: float | bool | Tensor,
    tolerance: float | None = None,
) -> Tensor:
    """Restarts the trace at each match.

    Args:
        obs: what was seen at this step, such as spikes.
        trace: the trace of the last step, or None.
        decay: d, the factor by which a trace falls in one step.
        amplitude: A, the value at a match.
        target: the value that counts as a match.
        tolerance: how far from the target still matches; None asks for equality.

    Returns:
        the trace of this step.

    Example:
        >>> trace_nearest(torch.tensor([True, False]), torch.tensor([0.5, 0.5]), decay=0.5, amplitude=1.0, target=True)
        tensor([1.0000, 0.2500])
    """
    matches = _matches(obs, target, tolerance)
    if trace is None:
        return _rest(obs) + amplitude * matches
    return torch.where(matches, amplitude, _fallen(obs, trace, decay))


def trace_cumulative(
    obs: Tensor,
    trace: Tensor | None,
    *,
    decay: float | Tensor,
    amplitude: float | Tensor,
    target: float | bool | Tensor,
    tolerance: float | None = None,
) -> Tensor:
    """Adds to the trace at each match. Arguments as in `trace_nearest`.

    Example:
        >>> trace_cumulative(torch.tensor([True, False]), torch.tensor([0.5, 0.5]), decay=0.5, amplitude=1.0, target=True)
        tensor([1.2500, 0.2500])
    """
    matches = _matches(obs, target, tolerance)
    if trace is not None and isinstance(amplitude, float) and amplitude == 1.0 and isinstance(decay, float):
        return fall_and_count(matches, trace, decay)  # the usual case in two passes
    fallen = _fallen(obs, trace, decay)
    return fallen + amplitude * matches.to(fallen.dtype)


def trace_nearest_scaled(
    obs: Tensor,
    trace: Tensor | None,
    *,
    decay: float | Tensor,
    amplitude: float | Tensor,
    scale: float | Tensor,
    matchfn: Callable[[Tensor], Tensor],
) -> Tensor:
    """Restarts the trace at each match, at a value that depends on the observation.

    Args:
        obs: what was seen at this step.
        trace: the trace of the last step, or None.
        decay: d, the factor by which a trace falls in one step.
        amplitude: A, the part of the value that every match has.
        scale: s, the weight of the observation in the value.
        matchfn: says of each element of the observation whether it counts.

    Returns:
        the trace of this step.

    Example:
        >>> trace_nearest_scaled(
        ...     torch.tensor([3.0, -3.0]), torch.tensor([0.5, 0.5]), decay=0.5, amplitude=1.0, scale=2.0, matchfn=lambda x: x > 0
        ... )
        tensor([7.0000, 0.2500])
    """
    fallen = _fallen(obs, trace, decay)
    return torch.where(matchfn(obs).bool(), scale * obs + amplitude, fallen)


def trace_cumulative_scaled(
    obs: Tensor,
    trace: Tensor | None,
    *,
    decay: float | Tensor,
    amplitude: float | Tensor,
    scale: float | Tensor,
    matchfn: Callable[[Tensor], Tensor],
) -> Tensor:
    """Adds to the trace at each match, by a value that depends on the observation. Arguments as in `trace_nearest_scaled`.

    Example:
        >>> trace_cumulative_scaled(
        ...     torch.tensor([3.0, -3.0]), torch.tensor([0.5, 0.5]), decay=0.5, amplitude=1.0, scale=2.0, matchfn=lambda x: x > 0
        ... )
        tensor([7.2500, 0.2500])
    """
    fallen = _fallen(obs, trace, decay)
    return fallen + torch.where(matchfn(obs).bool(), scale * obs + amplitude, 0)


def trace_cumulative_value(obs: Tensor, trace: Tensor | None, *, decay: float | Tensor, scale: float | Tensor) -> Tensor:
    """Adds every observation to the trace. Arguments as in `trace_nearest_scaled`.

    Example:
        >>> trace_cumulative_value(torch.tensor([3.0, 0.0]), torch.tensor([0.5, 0.5]), decay=0.5, scale=2.0)
        tensor([6.2500, 0.2500])
    """
    return _fallen(obs, trace, decay) + scale * obs


def fall_and_count(spikes: Tensor, trace: Tensor, decay: float) -> Tensor:
    """The cumulative trace of amplitude 1 in two passes: d·x + s, where spikes are bool, or the numbers 1 and 0, and want no gradient.

    Example:
        >>> fall_and_count(torch.tensor([True, False]), torch.tensor([0.5, 0.5]), 0.5)
        tensor([1.2500, 0.2500])
    """
    return F.hardshrink(torch.add(spikes, trace, alpha=decay), _LEAST)


def exp_trace_nearest(
    obs: Tensor,
    trace: Tensor | None,
    *,
    step_time: float,
    time_constant: float | Tensor,
    amplitude: float | Tensor,
    target: float | bool | Tensor,
    tolerance: float | None = None,
) -> Tensor:
    """`trace_nearest` with the decay of a time constant: d = exp(−step_time/time_constant). Other arguments as in `trace_nearest`.

    Example:
        >>> exp_trace_nearest(torch.tensor([False]), torch.tensor([1.0]), step_time=1.0, time_constant=1.0, amplitude=1.0, target=True)
        tensor([0.3679])
    """
    decay = _exp(-step_time / time_constant)
    return trace_nearest(obs, trace, decay=decay, amplitude=amplitude, target=target, tolerance=tolerance)


def exp_trace_cumulative(
    obs: Tensor,
    trace: Tensor | None,
    *,
    step_time: float,
    time_constant: float | Tensor,
    amplitude: float | Tensor,
    target: float | bool | Tensor,
    tolerance: float | None = None,
) -> Tensor:
    """`trace_cumulative` with the decay of a time constant: d = exp(−step_time/time_constant). Other arguments as in `trace_nearest`.

    Example:
        >>> exp_trace_cumulative(torch.tensor([True]), torch.tensor([1.0]), step_time=1.0, time_constant=1.0, amplitude=1.0, target=True)
        tensor([1.3679])
    """
    decay = _exp(-step_time / time_constant)
    return trace_cumulative(obs, trace, decay=decay, amplitude=amplitude, target=target, tolerance=tolerance)


def exprate_trace_nearest(
    obs: Tensor,
    trace: Tensor | None,
    *,
    step_time: float,
    rate_constant: float | Tensor,
    amplitude: float | Tensor,
    target: float | bool | Tensor,
    tolerance: float | None = None,
) -> Tensor:
    """`trace_nearest` with the decay of a rate constant: d = exp(−rate_constant·step_time). Other arguments as in `trace_nearest`.

    Example:
        >>> exprate_trace_nearest(torch.tensor([False]), torch.tensor([1.0]), step_time=0.5, rate_constant=2.0, amplitude=1.0, target=True)
        tensor([0.3679])
    """
    decay = _exp(-rate_constant * step_time)
    return trace_nearest(obs, trace, decay=decay, amplitude=amplitude, target=target, tolerance=tolerance)


def exprate_trace_cumulative(
    obs: Tensor,
    trace: Tensor | None,
    *,
    step_time: float,
    rate_constant: float | Tensor,
    amplitude: float | Tensor,
    target: float | bool | Tensor,
    tolerance: float | None = None,
) -> Tensor:
    """`trace_cumulative` with the decay of a rate constant: d = exp(−rate_constant·step_time). Other arguments as in `trace_nearest`.

    Example:
        >>> exprate_trace_cumulative(torch.tensor([True]), torch.ones(1), step_time=0.5, rate_constant=2.0, amplitude=1.0, target=True)
        tensor([1.3679])
    """
    decay = _exp(-rate_constant * step_time)
    return trace_cumulative(obs, trace, decay=decay, amplitude=amplitude, target=target, tolerance=tolerance)


def _matches(obs: Tensor, target: float | bool | Tensor, tolerance: float | None) -> Tensor:
    if tolerance is None:
        return obs if target is True and obs.dtype == torch.bool else obs == target
    values = obs if obs.is_floating_point() else obs.to(torch.get_default_dtype())
    return (values - target).abs() <= tolerance


def _rest(obs: Tensor) -> Tensor:
    """A trace before its first observation."""
    return torch.zeros_like(obs, dtype=obs.dtype if obs.is_floating_point() else torch.get_default_dtype())


def _fallen(obs: Tensor, trace: Tensor | None, decay: float | Tensor) -> Tensor:
    """A trace after a step in which nothing matched."""
    return _rest(obs) if trace is None else F.hardshrink(decay * trace, _LEAST)


def _exp(exponent: float | Tensor) -> float | Tensor:
    return exponent.exp() if isinstance(exponent, Tensor) else math.exp(exponent)
