"""Reducers: what a monitor keeps of the tensors that it sees.

A reducer folds each observation into its latest state, and keeps the last states in a history:

    state ← fold(observation, state)

from "the observation itself" to traces and running means. Between two steps each reads its history by an interpolation of its own.

Reference: Morrison, Diesmann & Gerstner, Biol. Cybern. 98:459 (2008), section 4 (spike traces).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.interpolation import interp_expdecay, interp_linear, interp_previous
from snnlab.core.module import Module
from snnlab.core.record import RecordTensor
from snnlab.core.tensors import exponential_smoothing
from snnlab.core.traces import trace_cumulative, trace_nearest


class Reducer(Module, ABC):
    """Interface: takes observations, gives the latest state and those before it.

    Example:
        >>> reducer = PassthroughReducer(1.0, duration=3.0)
        >>> for value in (1.0, 2.0, 3.0):
        ...     reducer(torch.tensor([[value]]))
        >>> isinstance(reducer, Reducer), reducer.latest, reducer.view(1.0)
        (True, tensor([[3.]]), tensor([[2.]]))
    """

    @property
    def latest(self) -> Tensor | None:
        """The newest state, or None before the first observation."""
        return self.peek()

    @abstractmethod
    def peek(self) -> Tensor | None:
        """The newest state, or None before the first observation."""

    @abstractmethod
    def push(self, data: Tensor) -> None:
        """Adds a state as it is, without folding."""

    @abstractmethod
    def view(self, time: Tensor | float, tolerance: float | None = None) -> Tensor | None:
        """The state `time` ms ago."""

    @abstractmethod
    def dump(self) -> Tensor | None:
        """All states that are kept, K x S, newest first."""

    @abstractmethod
    def forward(self, *inputs: Tensor) -> None:
        """Takes an observation."""


class FoldReducer(Reducer):
    """A reducer with one history.

    Args:
        step_time: time between two observations.
        duration: how far back states are kept.
        inclusive: whether the state exactly `duration` ago is kept too.
        inplace: whether the history is written in place.
        fill: value before the first observation.

    Units:
        step_time, duration: ms

    Raises:
        ValueError: a step time not above 0, a negative duration.

    Example:
        >>> class Largest(FoldReducer):
        ...     def fold(self, obs, state):
        ...         return obs if state is None else torch.maximum(obs, state)
        >>> reducer = Largest(1.0)
        >>> for value in (1.0, 3.0, 2.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.peek()
        tensor([[3.]])
    """

    def __init__(self, step_time: float, duration: float = 0.0, inclusive: bool = False, inplace: bool = True, fill: float = 0) -> None:
        super().__init__()
        self.data_ = RecordTensor(step_time, duration, inclusive=inclusive, inplace=inplace, fill=fill, dtype=torch.float32)
        self.register_extra("_first", True)  # whether the next observation is the first

    @property
    def dt(self) -> float:
        """Time between two observations, in ms."""
        return self.data_.dt

    @dt.setter
    def dt(self, value: float) -> None:
        self.data_.dt = value

    @property
    def duration(self) -> float:
        """How far back states are kept, in ms."""
        return self.data_.duration

    @duration.setter
    def duration(self, value: float) -> None:
        self.data_.duration = value

    @property
    def inplace(self) -> bool:
        """Whether the history is written in place."""
        return self.data_.inplace

    @inplace.setter
    def inplace(self, value: bool) -> None:
        self.data_.inplace = value

    @abstractmethod
    def fold(self, *inputs: Tensor) -> Tensor:
        """The new state from the observation and, last, the state before (None at first)."""

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        """The state between two steps; here that of the older."""
        return interp_previous(prev_data, next_data, sample_at, step_time)

    def forward(self, *inputs: Tensor) -> None:
        """Folds an observation into the latest state and keeps the result."""
        inputs = tuple(value.to(self.data_.storage.dtype) if value.dtype == torch.bool else value for value in inputs)
        self.push(self.fold(*inputs, None if self._first else self.peek()))

    def push(self, data: Tensor) -> None:
        self.data_.push(data)
        self._first = False

    def peek(self) -> Tensor | None:
        return self.data_.peek()

    def view(self, time: Tensor | float, tolerance: float | None = None) -> Tensor | None:
        """The state `time` ms ago, by this reducer's interpolation; None before the first observation."""
        if self.data_.shape is None:
            return None
        return self.data_.select(time, self.interpolate, tolerance=1e-4 * self.dt if tolerance is None else tolerance)

    def dump(self) -> Tensor | None:
        return None if self.data_.shape is None else self.data_.window

    def clear(self, keepshape: bool = False, **kwargs: Any) -> None:
        """Forgets what was seen; with `keepshape` the history keeps its shape, filled."""
        self._first = True
        if keepshape:
            self.data_.reset(None)
        else:
            self.data_.deinitialize()


class PassthroughReducer(FoldReducer):
    """Keeps observations as they are. Arguments as in `FoldReducer`.

    Example:
        >>> reducer = PassthroughReducer(1.0, 2.0)
        >>> for value in (1.0, 2.0, 3.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.dump().flatten()
        tensor([3., 2.])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return obs


class EventReducer(FoldReducer):
    """Keeps the time since an event, in ms.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        criterion: which elements of an observation are an event: from a tensor to bool.
        initial: time before the first event: "inf", "zero" or "nan".

    Example:
        >>> reducer = EventReducer(0.5, lambda spikes: spikes > 0)
        >>> for spike in (True, False, False):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek()
        tensor([[1.]])
    """

    def __init__(
        self,
        step_time: float,
        criterion: Callable[[Tensor], Tensor],
        initial: str = "inf",
        duration: float = 0.0,
        inclusive: bool = False,
        inplace: bool = True,
    ) -> None:
        starts = {"inf": math.inf, "zero": 0.0, "nan": math.nan}
        self.initial = starts[checks.one_of("initial", initial, starts)]
        super().__init__(step_time, duration, inclusive, inplace, fill=self.initial)
        self.criterion = criterion

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        since = torch.full_like(obs, self.initial, dtype=self.data_.storage.dtype) if state is None else state + self.dt
        return since.masked_fill(self.criterion(obs), 0)

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        return prev_data + sample_at


class _Trace(FoldReducer):
    """A trace of one amplitude and one time constant."""

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
        super().__init__(step_time, duration, inclusive, inplace)
        self.time_constant = checks.positive("time_constant", time_constant, "ms")
        self.amplitude = checks.not_zero("amplitude", amplitude)
        self.target, self.tolerance = target, tolerance

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        return interp_expdecay(prev_data, next_data, sample_at, step_time, time_constant=self.time_constant)

    def _fold(self, rule: Callable[..., Tensor], obs: Tensor, state: Tensor | None) -> Tensor:
        decay = math.exp(-self.dt / self.time_constant)
        return rule(obs, state, decay=decay, amplitude=self.amplitude, target=self.target, tolerance=self.tolerance)


class NearestTraceReducer(_Trace):
    """A trace that jumps to its amplitude at each event: only the last one counts.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: value at an event, not 0.
        target: observation that is an event; with `tolerance`, any within it.

    Example:
        >>> reducer = NearestTraceReducer(1.0, 10.0, amplitude=2.0)
        >>> for spike in (True, True):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek()
        tensor([[2.]])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return self._fold(trace_nearest, obs, state)


class CumulativeTraceReducer(_Trace):
    """A trace that rises by its amplitude at each event: all count.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        time_constant: of the decay, in ms.
        amplitude: rise at an event, not 0.
        target: observation that is an event; with `tolerance`, any within it.

    Example:
        >>> reducer = CumulativeTraceReducer(1.0, 10.0)
        >>> for spike in (True, False):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek()
        tensor([[0.9048]])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return self._fold(trace_cumulative, obs, state)


class EMAReducer(FoldReducer):
    """Keeps an exponential moving average: state ← α·obs + (1 − α)·state, the first observation as it is.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        alpha: weight of the newest observation, above 0, at most 1.

    Example:
        >>> reducer = EMAReducer(1.0, 0.25)
        >>> for value in (4.0, 8.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.peek()
        tensor([[5.]])
    """

    def __init__(self, step_time: float, alpha: float, duration: float = 0.0, inclusive: bool = False, inplace: bool = True) -> None:
        super().__init__(step_time, duration, inclusive, inplace)
        if not 0 < checks.number("alpha", alpha) <= 1:
            raise ValueError(f"alpha must be above 0 and at most 1, but is {alpha}.")
        self.alpha = float(alpha)

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return exponential_smoothing(obs, state, alpha=self.alpha)

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        return interp_linear(prev_data, next_data, sample_at, step_time)
