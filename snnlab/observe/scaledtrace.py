"""Traces of how much was observed, kept by a reducer: an event counts by the observation itself.

    nearest       x ← s·o + A                  where it counts,      x ← x·exp(−dt/τ)  elsewhere
    cumulative    x ← x·exp(−dt/τ) + s·o + A   where it counts,      x ← x·exp(−dt/τ)  elsewhere

with o the observation. What counts is said by a criterion on the observation itself (scaled), or by a second tensor (conditional).

Reference: Morrison, Diesmann & Gerstner, Biol. Cybern. 98 (2008) 459, section 4.
"""

from collections.abc import Callable

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.traces import trace_cumulative_scaled, trace_nearest_scaled
from snnlab.observe.event import check_criterion
from snnlab.observe.trace import DecayingReducer


class _Scaled(DecayingReducer):
    """A trace of observations, scaled and shifted."""

    amplitude = Setting(checks.number, Quantity("", 0.0, 10.0, "part of an event in the trace that does not depend on what was observed"))
    scale = Setting(checks.number, Quantity("", 0.0, 10.0, "weight of what was observed in the trace"))

    def __init__(
        self,
        step_time: float,
        time_constant: float,
        amplitude: float,
        scale: float,
        *,
        duration: float = 0.0,
        inclusive: bool = False,
        inplace: bool = True,
    ) -> None:
        super().__init__(step_time, time_constant, duration, inclusive, inplace)
        self.configure(amplitude=amplitude, scale=scale)

    def _fold(self, rule: Callable[..., Tensor], obs: Tensor, state: Tensor | None, matchfn: Callable[[Tensor], Tensor]) -> Tensor:
        return rule(obs, state, decay=self.decay, amplitude=self.amplitude, scale=self.scale, matchfn=matchfn)


class _ByCriterion(_Scaled):
    """What counts follows from the observation."""

    criterion = Setting(check_criterion)

    def __init__(
        self,
        step_time: float,
        time_constant: float,
        amplitude: float,
        scale: float,
        criterion: Callable[[Tensor], Tensor],
        *,
        duration: float = 0.0,
        inclusive: bool = False,
        inplace: bool = True,
    ) -> None:
        super().__init__(step_time, time_constant, amplitude, scale, duration=duration, inclusive=inclusive, inplace=inplace)
        self.configure(criterion=criterion)


class ScaledNearestTraceReducer(_ByCriterion):
    """A trace that jumps to s·o + A where the observation o meets a criterion: only the last one counts.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: A, the part that every event has.
        scale: s, the weight of the observation.
        criterion: which elements of an observation are an event: from a tensor to bool.

    Example:
        >>> reducer = snn.ScaledNearestTraceReducer(1.0, 10.0, amplitude=1.0, scale=2.0, criterion=lambda x: x > 0)
        >>> for value in (3.0, 0.5, -4.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.peek()  # 2·0.5 + 1, decayed by one step
        tensor([[1.8097]])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return self._fold(trace_nearest_scaled, obs, state, self.criterion)


class ScaledCumulativeTraceReducer(_ByCriterion):
    """A trace that rises by s·o + A where the observation o meets a criterion: all count.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: A, the part that every event has.
        scale: s, the weight of the observation.
        criterion: which elements of an observation are an event: from a tensor to bool.

    Example:
        >>> reducer = snn.ScaledCumulativeTraceReducer(1.0, 10.0, amplitude=0.0, scale=2.0, criterion=lambda x: x > 0)
        >>> for value in (3.0, -4.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.peek()  # 6, decayed by one step
        tensor([[5.4290]])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return self._fold(trace_cumulative_scaled, obs, state, self.criterion)


class ConditionalNearestTraceReducer(_Scaled):
    """A trace that jumps to s·o + A where a second tensor says so: only the last one counts. Called as `reducer(obs, condition)`.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: A, the part that every event has.
        scale: s, the weight of the observation.

    Shape:
        obs, condition: S, alike  ->  state: S

    Example:
        >>> reducer = snn.ConditionalNearestTraceReducer(1.0, 10.0, amplitude=0.0, scale=1.0)
        >>> voltages, spikes = torch.tensor([[-51.0, -60.0]]), torch.tensor([[True, False]])
        >>> reducer(voltages, spikes)
        >>> reducer.peek()
        tensor([[-51.,   0.]])
    """

    def fold(self, obs: Tensor, condition: Tensor, state: Tensor | None) -> Tensor:
        return self._fold(trace_nearest_scaled, obs, state, lambda _: condition != 0)


class ConditionalCumulativeTraceReducer(_Scaled):
    """A trace that rises by s·o + A where a second tensor says so: all count. Called as `reducer(obs, condition)`.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: A, the part that every event has.
        scale: s, the weight of the observation.

    Shape:
        obs, condition: S, alike  ->  state: S

    Example:
        >>> reducer = snn.ConditionalCumulativeTraceReducer(1.0, 10.0, amplitude=1.0, scale=0.0)
        >>> currents = torch.tensor([[0.3, 0.7]])
        >>> for condition in ([[True, True]], [[True, False]]):
        ...     reducer(currents, torch.tensor(condition))
        >>> reducer.peek()
        tensor([[1.9048, 0.9048]])
    """

    def fold(self, obs: Tensor, condition: Tensor, state: Tensor | None) -> Tensor:
        return self._fold(trace_cumulative_scaled, obs, state, lambda _: condition != 0)
