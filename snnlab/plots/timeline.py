"""What is drawn over time: one sample, as T x n, with the length of a step and the time of the first.

A `Series` brings its step time, its times and its unit along. An array has none of them: they are arguments of the plot.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from snnlab.core.recording import Series
from snnlab.plots import style


class Timeline(NamedTuple):
    """Values (T x n), where each column stands in its sample, and the times of the steps in ms."""

    values: np.ndarray
    neurons: list[int]
    step_time: float
    start: float

    @property
    def times(self) -> np.ndarray:
        """Time of each step, in ms."""
        return self.start + np.arange(len(self.values)) * self.step_time

    @property
    def span(self) -> tuple[float, float]:
        """Ends of the time axis, half a step beyond the first and the last."""
        return self.start - self.step_time / 2, self.start + max(len(self.values) - 0.5, 0.5) * self.step_time


def timeline(
    name: str,
    values: Any,
    step_time: float | None = None,
    start: float | None = None,
    *,
    sample: int | None = None,
    neurons: Sequence[int] | None = None,
    unit: str | None = None,
    axes_: str = "T x n",
) -> Timeline:
    """One sample over time, of a `Series` or of an array.

    Args:
        name: what error messages call it.
        values: the values of each step.
        step_time, start: length of a step and time of the first, in ms; None: 1 ms and 0 ms, or those of the Series.
        sample: which sample of the batch; None: the first of a Series, and of an array that there is no batch.
        neurons: which columns, by their place in the flattened sample; None: all.
        unit: the unit that a Series must have; None for any.
        axes_: the axes of an array without a batch.

    Shape:
        values: a Series T x B x *shape or T x *shape; an array T x n, or with `sample` T x B x *shape. All axes of *shape become one, the
            last axis running fastest.

    Raises:
        ValueError: a wrong number of axes; a Series of another unit, or one given together with another step time or start.
        IndexError: no such sample or neuron.

    Example:
        >>> timeline("currents", np.zeros((5, 2, 3, 4)), sample=1).values.shape
        (5, 12)
    """
    if isinstance(values, Series):
        array, step_time, start = _of_series(name, values, step_time, start, sample, unit)
    else:
        array = _alone(name, style.fetch(values), axes_) if sample is None else _sample(name, style.fetch(values), sample)
    array = array.reshape(len(array), int(np.prod(array.shape[1:])))
    chosen = list(range(array.shape[1])) if neurons is None else [int(neuron) for neuron in neurons]
    if not all(0 <= neuron < array.shape[1] for neuron in chosen):
        raise IndexError(f"neurons must be numbers from 0 to {array.shape[1] - 1}, but are {chosen}.")
    return Timeline(array[:, chosen], chosen, 1.0 if step_time is None else float(step_time), 0.0 if start is None else float(start))


def _of_series(
    name: str, series: Series, step_time: float | None, start: float | None, sample: int | None, unit: str | None
) -> tuple[np.ndarray, float, float]:
    """Values of one sample of a Series, its step time, its start."""
    for argument, given, own in (("step_time", step_time, series.step_time), ("start", start, series.start)):
        if given is not None and given != own:
            raise ValueError(f"{argument} of {series.name!r} is {own:g} ms, and must not be given as {given:g} ms. Leave {argument} out.")
    if unit is not None and series.unit != unit:
        wish, came = (f"in {unit}" if unit else "without a unit"), (f"in {series.unit}" if series.unit else "without a unit")
        raise ValueError(f"{name} must be {wish}, but {series.name!r} is {came}. `snn.plots.traces` draws any unit.")
    if "batch" in series.axes or sample is not None:
        series = series.sample(sample or 0)
    return series.numpy(), series.step_time, series.start


def _alone(name: str, array: np.ndarray, axes_: str) -> np.ndarray:
    """An array without a batch."""
    hint = "For a single neuron, write x[:, None]." if array.ndim == 1 else "Pick one sample of the batch first, with sample=0."
    return style.array(name, array, axes_, hint)


def _sample(name: str, array: np.ndarray, sample: int) -> np.ndarray:
    if array.ndim < 2:
        raise ValueError(f"{name} must be T x B x *shape for a sample, but is of shape {array.shape}.")
    if not -array.shape[1] <= sample < array.shape[1]:
        raise IndexError(f"sample must be from 0 to {array.shape[1] - 1}, as {name} hold a batch of {array.shape[1]}, but is {sample}.")
    return array[:, sample]


def column(name: str, values: Any, sample: int | None, neuron: int | None, unit: str | None) -> np.ndarray:
    """One neuron over time, T: of an array T, or of whatever `timeline` takes.

    Raises:
        ValueError: several neurons, and it is not said which.
    """
    if not isinstance(values, Series) and sample is None and neuron is None:
        return style.array(name, values, "T", "Pick one sample and neuron first, with sample=0, neuron=0; of T x n, with neuron=0.")
    rows = timeline(name, values, sample=sample, neurons=None if neuron is None else [neuron], unit=unit).values
    if rows.shape[1] != 1:
        raise ValueError(f"{name} must be of one neuron, but are of {rows.shape[1]}. Say which with neuron=0.")
    return rows[:, 0]
