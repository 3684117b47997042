"""Events: how long ago something last happened.

    t ← 0  where the criterion holds,      t ← t + dt  elsewhere

Between two steps the time goes on from the older state: t(a) = t + a. Before the first event it is infinite, zero or not a number,
whichever the reader of the result needs: an infinite time makes a trace of 0, a NaN is left out of a `nansum`.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Setting
from snnlab.observe.fold import FoldReducer

INITIAL = {"inf": math.inf, "zero": 0.0, "nan": math.nan}


def event_step(happened: Tensor, since: Tensor, *, step_time: float) -> Tensor:
    """One step of the equation above, on whole steps: a thousand steps of 0.1 ms are 100 ms, not 99.999.

    Args:
        happened: where the event happens at this step, as bool.
        since: the time at the last step.
        step_time: length of a step.

    Units:
        since, step_time: ms

    Example:
        >>> event_step(torch.tensor([True, False]), torch.tensor([3.0, 3.0]), step_time=0.5)
        tensor([0.0000, 3.5000])
    """
    steps = since / step_time
    whole, rounding = steps.round(), 1e-3 + 4 * torch.finfo(steps.dtype).eps * steps.abs()
    steps = torch.where((steps - whole).abs() <= rounding, whole, steps)  # else sums of dt drift off the grid
    return ((steps + 1) * step_time).masked_fill(happened, 0)


def check_criterion(name: str, value: Any) -> Callable[[Tensor], Tensor]:
    """A function from a tensor to the elements that count."""
    if not callable(value):
        raise TypeError(f"{name} must be a function from a tensor to bool, but is {value!r} ({type(value).__name__}). Try lambda x: x > 0.")
    return value


class EventReducer(FoldReducer):
    """Keeps the time since an event, in ms.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        criterion: which elements of an observation are an event: from a tensor to bool.
        initial: time before the first event: "inf", "zero" or "nan".

    Raises:
        ValueError: an unknown `initial`.
        TypeError: a criterion that cannot be called.

    Example:
        >>> reducer = snn.EventReducer(0.5, lambda spikes: spikes > 0)
        >>> for spike in (True, False, False):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek()
        tensor([[1.]])
    """

    criterion = Setting(check_criterion)

    def __init__(
        self,
        step_time: float,
        criterion: Callable[[Tensor], Tensor],
        initial: str = "inf",
        duration: float = 0.0,
        inclusive: bool = False,
        inplace: bool = True,
    ) -> None:
        self.initial = INITIAL[checks.one_of("initial", initial, INITIAL)]
        super().__init__(step_time, duration, inclusive, inplace, fill=self.initial)
        self.configure(criterion=criterion)

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        happened = self.criterion(obs).bool()
        if state is None:
            return torch.full_like(obs, self.initial, dtype=self.data_.storage.dtype).masked_fill(happened, 0)
        return event_step(happened, state, step_time=self.dt)

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        """Time goes on from the older state."""
        return prev_data + sample_at
