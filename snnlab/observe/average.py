"""Averages of what is observed, kept by a reducer.

    exponential (EMA)    m ← α·o + (1 − α)·m        the first observation as it is
    cumulative (CA)      m ← m + (o − m)/n          n the number of observations so far

The first forgets; the second is the mean of all there were. Between two steps both are read along a straight line.

Reference: Welford, Technometrics 4 (1962) 419 (the running mean).
"""

from typing import Any

from torch import Tensor

from snnlab.core import checks
from snnlab.core.interpolation import interp_linear
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.tensors import exponential_smoothing
from snnlab.observe.fold import FoldReducer


def _alpha(name: str, value: Any, unit: str = "") -> float:
    if not 0 < checks.number(name, value, unit) <= 1:
        raise ValueError(f"{name} must be above 0 and at most 1, but is {value}. For the mean of all observations, use CAReducer.")
    return float(value)


class EMAReducer(FoldReducer):
    """Keeps an exponential moving average: m ← α·o + (1 − α)·m, the first observation as it is.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.
        alpha: weight of the newest observation, above 0, at most 1.

    Raises:
        ValueError: a weight out of its range.

    Example:
        >>> reducer = snn.EMAReducer(1.0, 0.25)
        >>> for value in (4.0, 8.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.peek()
        tensor([[5.]])
    """

    alpha = Setting(_alpha, Quantity("", 0.01, 1.0, "weight of the newest observation", log=True))

    def __init__(self, step_time: float, alpha: float, duration: float = 0.0, inclusive: bool = False, inplace: bool = True) -> None:
        super().__init__(step_time, duration, inclusive, inplace)
        self.configure(alpha=alpha)

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return exponential_smoothing(obs, state, alpha=self.alpha)

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        """The straight line between the two states."""
        return interp_linear(prev_data, next_data, sample_at, step_time)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, alpha={self.alpha}"


class CAReducer(FoldReducer):
    """Keeps the mean of all observations since `clear`: m ← m + (o − m)/n. Of spikes, that is their rate per step.

    Args:
        step_time, duration, inclusive, inplace: as in `FoldReducer`.

    Attributes:
        count: number of observations so far, n; saved with the state.

    Example:
        >>> reducer = snn.CAReducer(1.0)
        >>> for spike in (True, False, False, True):
        ...     reducer(torch.tensor([[spike]]))
        >>> reducer.peek(), reducer.count
        (tensor([[0.5000]]), 4)
    """

    def __init__(self, step_time: float, duration: float = 0.0, inclusive: bool = False, inplace: bool = True) -> None:
        super().__init__(step_time, duration, inclusive, inplace)
        self.register_extra("count", 0)

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return obs if state is None else state + (obs - state) / (self.count + 1)

    def push(self, data: Tensor) -> None:
        """Adds a state as it is; it counts as one observation."""
        super().push(data)
        self.count += 1

    def start(self) -> None:
        super().start()
        self.count = 0

    def interpolate(self, prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
        """The straight line between the two states."""
        return interp_linear(prev_data, next_data, sample_at, step_time)
