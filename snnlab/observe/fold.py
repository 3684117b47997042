"""Folding: each observation is folded into the latest state, and the last states are kept in one history.

    state ← fold(observation, state)

from "the observation itself" to traces and running means. Between two steps each reads its history by an interpolation of its own.
"""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.interpolation import interp_previous
from snnlab.observe.reducer import RecordReducer


class FoldReducer(RecordReducer):
    """A reducer with one history, of what `fold` makes of each observation and the state before.

    Args:
        step_time: time between two observations.
        duration: how far back states are kept.
        inclusive: whether the state exactly `duration` ago is kept too.
        inplace: whether the history is written in place; False lets gradients flow through it.
        fill: value before the first observation.

    Units:
        step_time, duration: ms

    Shape:
        observations: S, all alike  ->  state: S;  `dump`: K x S

    Raises:
        ValueError: a step time not above 0, a negative duration; an observation shaped unlike those before.

    Example:
        >>> class Largest(snn.FoldReducer):
        ...     def fold(self, obs, state):
        ...         return obs if state is None else torch.maximum(obs, state)
        >>> reducer = Largest(1.0)
        >>> for value in (1.0, 3.0, 2.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.peek()
        tensor([[3.]])
    """

    def __init__(self, step_time: float, duration: float = 0.0, inclusive: bool = False, inplace: bool = True, fill: float = 0) -> None:
        super().__init__(step_time, duration, inclusive, inplace)
        self.data_ = self.add_record("data_", fill)
        self.register_extra("_first", True)  # whether the next observation is the first

    @abstractmethod
    def fold(self, *inputs: Tensor) -> Tensor:
        """The new state from the observation and, last, the state before (None at first). It changes nothing."""

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        """The state between two steps; here that of the older."""
        return interp_previous(prev_data, next_data, sample_at, step_time)

    def check_inputs(self, inputs: tuple[Tensor, ...]) -> None:
        """Refuses what is no observation, before anything changes; a `fold` of inputs of different shapes replaces it."""
        if not inputs:
            raise TypeError(f"{type(self).__name__} takes an observation, but got none. Call it with a tensor.")
        known = self.data_.shape or tuple(checks.tensor("observation", inputs[0]).shape)
        for value in inputs:
            checks.shaped("observation", value, known, "the history's", "Call clear() before observations of another shape.")

    def forward(self, *inputs: Tensor) -> None:
        """Folds an observation into the latest state and keeps the result.

        Raises:
            ValueError: an observation shaped unlike those before; nothing changes.
            TypeError: what is no tensor.
        """
        self.check_inputs(inputs)
        if inputs[0].device != self.data_.storage.device:
            self.to(inputs[0].device)  # the module that is watched has moved; no one else tells its reducers
        dtype = self.data_.storage.dtype
        inputs = tuple(value.to(dtype) if value.dtype == torch.bool else value for value in inputs)
        self.push(self.fold(*inputs, None if self._first else self.data_.peek()))

    def push(self, data: Tensor) -> None:
        self.data_.push(data)
        self._first = False

    def peek(self) -> Tensor | None:
        return self.data_.peek()

    def view(self, time: Tensor | float, tolerance: float | None = None) -> Tensor | None:
        """The state `time` ms ago, by this reducer's interpolation; None before the first observation.

        Args:
            time: ms back: a number, or a tensor shaped like an observation, with or without one more axis at the end.
            tolerance: how far, in ms, a time may lie off a step and still count as on it; None: 1e-4 of a step.

        Raises:
            ValueError: a time that is not kept.
        """
        if self.data_.shape is None:
            return None
        return self.data_.select(time, self.interpolate, tolerance=1e-4 * self.dt if tolerance is None else tolerance)

    def dump(self) -> Tensor | None:
        return None if self.data_.shape is None else self.data_.window

    def clear(self, keepshape: bool = False, **kwargs: Any) -> None:
        """Forgets what was seen; with `keepshape` the history keeps its shape, filled."""
        super().clear(keepshape)
        self.start()

    def start(self) -> None:
        """Takes the next observation for the first; a subclass with more to count starts its counts here."""
        self._first = True

    def _load_from_state_dict(self, state_dict, prefix, *args: Any) -> None:
        saved, shape = state_dict.get(f"{prefix}data_.observations"), self.data_.shape
        super()._load_from_state_dict(state_dict, prefix, *args)
        if saved is not None and saved.dim() > 1 and shape is not None and saved.shape[1] != shape[0]:
            self.start()  # of another batch size: the history stays at rest, and so does all that counts its observations
