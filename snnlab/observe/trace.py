"""Traces of events, kept by a reducer: how long ago, or how often, something was observed.

    nearest       x ← A           at an event,      x ← x·exp(−dt/τ)  elsewhere
    cumulative    x ← x·exp(−dt/τ) + A   at an event,      x ← x·exp(−dt/τ)  elsewhere

Between two steps a trace goes on decaying: x(a) = x·exp(−a/τ). The step functions are those of `snnlab.core.traces`.

Reference: Morrison, Diesmann & Gerstner, Biol. Cybern. 98 (2008) 459, section 4.
"""

import math
from typing import Any

from torch import Tensor

from snnlab.core import checks
from snnlab.core.interpolation import interp_expdecay
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.traces import trace_cumulative, trace_nearest
from snnlab.observe.fold import FoldReducer


class DecayingReducer(FoldReducer):
    """What all traces share: a time constant, with which they fall at and between steps.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
    """

    time_constant = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "time constant of the trace", log=True))

    def __init__(self, step_time: float, time_constant: float, duration: float, inclusive: bool, inplace: bool) -> None:
        super().__init__(step_time, duration, inclusive, inplace)
        self.configure(time_constant=time_constant)

    @property
    def decay(self) -> float:
        """What a step leaves of the trace: exp(−dt/τ)."""
        return math.exp(-self.dt / self.time_constant)

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        """The older state, decayed until the time that is asked for."""
        return interp_expdecay(prev_data, next_data, sample_at, step_time, time_constant=self.time_constant)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, time_constant={self.time_constant}"


def _target(name: str, value: Any) -> float | bool:
    """A value that counts as an event: a number, or a bool."""
    return value if isinstance(value, bool) else checks.number(name, value)


def _tolerance(name: str, value: Any) -> float | None:
    return None if value is None else checks.not_negative(name, value)


class _EventTrace(DecayingReducer):
    """A trace of the observations that equal a target."""

    amplitude = Setting(checks.not_zero, Quantity("", 0.1, 10.0, "value of an event in the trace"))
    target = Setting(_target)
    tolerance = Setting(_tolerance)

    def __init__(
        self,
        step_time: float,
        time_constant: float,
        amplitude: float = 1.0,
        target: float | bool = True,
        tolerance: float | None = None,
        *,
        duration: float = 0.0,
        inclusive: bool = False,
        inplace: bool = True,
    ) -> None:
        super().__init__(step_time, time_constant, duration, inclusive, inplace)
        self.configure(amplitude=amplitude, target=target, tolerance=tolerance)

    def _settings(self) -> dict[str, Any]:
        return {"decay": self.decay, "amplitude": self.amplitude, "target": self.target, "tolerance": self.tolerance}


class NearestTraceReducer(_EventTrace):
    """A trace that jumps to its amplitude at each event: only the last one counts.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: value at an event, not 0.
        target: observation that is an event.
        tolerance: how far off the target an observation still is one; None asks for the target itself.

    Example:
        >>> reducer = snn.NearestTraceReducer(1.0, 10.0, amplitude=2.0)
        >>> for spike in (True, True):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek()
        tensor([[2.]])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return trace_nearest(obs, state, **self._settings())


class CumulativeTraceReducer(_EventTrace):
    """A trace that rises by its amplitude at each event: all count.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: rise at an event, not 0.
        target: observation that is an event.
        tolerance: how far off the target an observation still is one; None asks for the target itself.

    Example:
        >>> reducer = snn.CumulativeTraceReducer(1.0, 10.0)
        >>> for spike in (True, False):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek()
        tensor([[0.9048]])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return trace_cumulative(obs, state, **self._settings())
