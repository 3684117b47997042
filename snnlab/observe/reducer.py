"""Reducers: what a monitor keeps of the tensors that it sees.

    observation     o₁     o₂     o₃                       `forward`
    state           s₁ ──► s₂ ──► s₃                       `peek`, `latest`
    history         s₃  s₂  s₁                             `dump`; `view(time)` reads it at any time, also between two steps

How a state follows from observations differs from reducer to reducer; most fold (`snnlab.observe.fold`).
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.record import RecordTensor


class Reducer(Module, ABC):
    """Interface: takes observations, gives the latest state and those before it.

    Example:
        >>> reducer = snn.PassthroughReducer(1.0, duration=3.0)
        >>> for value in (1.0, 2.0, 3.0):
        ...     reducer(torch.tensor([[value]]))
        >>> isinstance(reducer, snn.Reducer), reducer.latest, reducer.view(1.0)
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
        """The state `time` ms ago, or None before the first observation."""

    @abstractmethod
    def dump(self) -> Tensor | None:
        """All states that are kept, K x S, newest first, or None before the first observation."""

    @abstractmethod
    def clear(self, keepshape: bool = False, **kwargs: Any) -> None:
        """Forgets what was seen; with `keepshape`, the next observation must be shaped as before."""

    @abstractmethod
    def forward(self, *inputs: Tensor) -> None:
        """Takes an observation."""


class RecordReducer(Reducer):
    """A reducer with histories that share a step time and a reach.

    A subclass adds its histories with `add_record`, and says how observations reach them (`forward`, `push`) and how they are read.

    Args:
        step_time: time between two observations.
        duration: how far back states are kept.
        inclusive: whether the state exactly `duration` ago is kept too.
        inplace: whether histories are written in place; False lets gradients flow through them.

    Units:
        step_time, duration: ms

    Raises:
        ValueError: a step time not above 0, a negative duration.

    Example:
        >>> class Extremes(snn.RecordReducer):
        ...     def __init__(self, step_time, duration):
        ...         super().__init__(step_time, duration)
        ...         self.low_, self.high_ = self.add_record("low_"), self.add_record("high_")
        ...     def forward(self, obs):
        ...         self.push(torch.stack((obs.amin(-1), obs.amax(-1))))
        ...     def push(self, data):
        ...         self.low_.push(data[0]), self.high_.push(data[1])
        ...     def peek(self):
        ...         return None if self.low_.shape is None else torch.stack((self.low_.peek(), self.high_.peek()))
        ...     def view(self, time, tolerance=None):
        ...         return torch.stack((self.low_.select(time), self.high_.select(time)))
        ...     def dump(self):
        ...         return torch.stack((self.low_.window, self.high_.window), 1)
        >>> reducer = Extremes(1.0, duration=2.0)
        >>> for values in ([1.0, 5.0], [2.0, 3.0]):
        ...     reducer(torch.tensor([values]))
        >>> reducer.peek().flatten(), list(reducer.records)
        (tensor([2., 3.]), ['low_', 'high_'])
        >>> reducer.duration = 5.0
        >>> len(reducer.dump())
        5
    """

    def __init__(self, step_time: float, duration: float, inclusive: bool = False, inplace: bool = True) -> None:
        super().__init__()
        self._dt = checks.positive("step_time", step_time, "ms")
        self._duration = checks.not_negative("duration", duration, "ms")
        self._inclusive, self._inplace = checks.boolean("inclusive", inclusive), checks.boolean("inplace", inplace)

    def add_record(self, name: str, fill: float = 0) -> RecordTensor:
        """Adds a history of this name and returns it; its shape is that of the first state pushed.

        Args:
            name: an attribute of the reducer, such as "data_".
            fill: value of the history before the first observation.
        """
        record = RecordTensor(
            self._dt, self._duration, inclusive=self._inclusive, inplace=self._inplace, fill=fill, dtype=torch.float32
        )  # numbers, also of spikes; `.to(dtype)` changes it
        self.add_module(checks.text("name", name), record)
        return record

    @property
    def records(self) -> dict[str, RecordTensor]:
        """The histories by name."""
        return {name: child for name, child in self.named_children() if isinstance(child, RecordTensor)}

    @property
    def dt(self) -> float:
        """Time between two observations, in ms. The newest states stay."""
        return self._dt

    @dt.setter
    def dt(self, value: float) -> None:
        self._dt = checks.positive("dt", value, "ms")
        for record in self.records.values():
            record.dt = self._dt

    @property
    def duration(self) -> float:
        """How far back states are kept, in ms. The newest states stay."""
        return self._duration

    @duration.setter
    def duration(self, value: float) -> None:
        self._duration = checks.not_negative("duration", value, "ms")
        for record in self.records.values():
            record.duration = self._duration

    @property
    def inclusive(self) -> bool:
        """Whether the state exactly `duration` ago is kept too."""
        return self._inclusive

    @inclusive.setter
    def inclusive(self, value: bool) -> None:
        self._inclusive = checks.boolean("inclusive", value)
        for record in self.records.values():
            record.inclusive = self._inclusive

    @property
    def inplace(self) -> bool:
        """Whether histories are written in place; False lets gradients flow through them."""
        return self._inplace

    @inplace.setter
    def inplace(self, value: bool) -> None:
        self._inplace = checks.boolean("inplace", value)
        for record in self.records.values():
            record.inplace = self._inplace

    def clear(self, keepshape: bool = False, **kwargs: Any) -> None:
        """Forgets what was seen; with `keepshape` histories keep their shape, filled."""
        for record in self.records.values():
            if keepshape:
                record.reset(None)
            else:
                record.deinitialize()

    def extra_repr(self) -> str:
        return f"dt={self.dt}, duration={self.duration}"
