"""Spike times: lists of times in ms into a tensor of spikes, one slot a step, and back.

A spike at time t falls on the step nearest to it, and a spike of step k is read back as the time k·dt:

    k = ⌊t/dt + 1/2⌋,  0 ≤ k < T        so that |t − k·dt| ≤ dt/2: nothing moves by more than half a step

A train on the grid comes back as it went in. What a tensor cannot hold is refused rather than lost: a time outside the run, and two spikes
of one neuron in one step.
"""

import math
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.recording import Series, with_step_time

_GRID = 1e-4
"""How far, in steps, a time may lie off the grid and still count as on it."""
_ROUNDING = 1e-6
"""What a quotient of two times may be off, in steps: 0.15/0.1 counts as a tie."""


def spikes_from_times(
    times: Sequence,
    step_time: float,
    *,
    steps: int | None = None,
    duration: float | None = None,
    off_grid: str = "nearest",
    device: torch.device | str | None = None,
) -> Tensor:
    """Spikes at given times.

    Args:
        times: one list of times a neuron, in any order; or one such list of lists a sample. A neuron that never spikes has an empty list.
        step_time: length of one step, above 0.
        steps: length of the run, T; or else give `duration`.
        duration: length of the run, a whole number of steps.
        off_grid: what becomes of a time between two steps: "nearest" moves it to the nearer step, on a tie to the later; "refuse" is an
            error. Up to 1e-4 of a step beside it, a time counts as on the step.
        device: where the tensor is to live; None takes torch's default.

    Units:
        times, step_time, duration: ms

    Shape:
        times: N lists, or B lists of N lists  ->  spikes: (T, B, N) bool, as a run takes them; B = 1 for N lists

    Returns:
        a new tensor of spikes.

    Raises:
        ValueError: a time that is negative, not finite or beyond the last step; two spikes of a neuron in one step; samples of unequal
            numbers of neurons; a duration that is no whole number of steps.
        TypeError: times that are no lists of lists of numbers; neither or both of `steps` and `duration`.

    Example:
        >>> spikes = spikes_from_times([[0.0, 1.5], []], 0.5, steps=4)
        >>> spikes.shape, spikes[:, 0, 0].tolist()
        (torch.Size([4, 1, 2]), [True, False, False, True])
    """
    step_time = checks.positive("step_time", step_time, "ms")
    steps = _length(steps, duration, step_time)
    checks.one_of("off_grid", off_grid, ("nearest", "refuse"))
    samples = _samples(times)
    spikes = torch.zeros((steps, len(samples), len(samples[0][1])), dtype=torch.bool, device=device)
    places = [
        (step, b, n)
        for b, (place, neurons) in enumerate(samples)
        for n, train in enumerate(neurons)
        for step in _steps_of(f"{place}[{n}]", train, step_time, steps, off_grid)
    ]
    if places:
        spikes[tuple(torch.tensor(places, device=spikes.device).t())] = True
    return spikes


def times_from_spikes(spikes: Tensor | Series, step_time: float | None = None) -> list:
    """The times of spikes: the inverse of `spikes_from_times`.

    Args:
        spikes: a tensor or a `Series`; any value but 0 is a spike.
        step_time: length of one step, above 0; None: that of the Series.

    Units:
        step_time, times: ms

    Shape:
        spikes: (T, *S)  ->  times: lists nested as the axes S; of (T, B, N), B lists of N lists, each one neuron's times in order

    Returns:
        times as one would write them: the third step of 0.1 ms is at 0.3 ms, not at 0.30000000000000004. The first step is at 0 ms, that
        of a Series at its start.

    Raises:
        ValueError: a tensor without an axis of time, or with a NaN or an infinity; a Series together with another step time.
        TypeError: a tensor without a step time.

    Example:
        >>> times_from_spikes(torch.tensor([[[1, 0]], [[0, 0]], [[1, 0]], [[1, 0]]]), 0.1)
        [[[0.0, 0.2, 0.3], []]]
    """
    start = Decimal(repr(spikes.start)) if isinstance(spikes, Series) else Decimal(0)
    spikes, step_time = with_step_time("spikes", spikes, step_time)
    if spikes.dim() == 0:
        raise ValueError("spikes must have a dimension of time, but is a single number. Pass a tensor of shape (T, B, N).")
    written = Decimal(repr(step_time))
    fired = (checks.finite("spikes", spikes) != 0).movedim(0, -1)
    trains: list[list[float]] = [[] for _ in range(math.prod(fired.shape[:-1]))]
    for train, step in fired.reshape(len(trains), fired.shape[-1]).nonzero().tolist():
        trains[train].append(float(start + written * step))
    return _nested(iter(trains), fired.shape[:-1])


def _nested(trains: Iterator[list], sizes: Sequence[int]) -> list:
    """The trains in lists within lists, as many at each level as the sizes say."""
    return [_nested(trains, sizes[1:]) for _ in range(sizes[0])] if sizes else next(trains)


def _length(steps: int | None, duration: float | None, step_time: float) -> int:
    """The steps of a run that is given by one of both."""
    if (steps is None) == (duration is None):
        raise TypeError(f"Give the length of the run by one of steps and duration, but steps is {steps} and duration is {duration}.")
    if duration is None:
        return checks.whole("steps", steps)
    quotient = checks.positive("duration", duration, "ms") / step_time
    if abs(quotient - round(quotient)) > _ROUNDING or round(quotient) < 1:
        raise ValueError(f"duration must be a whole number of steps of {step_time} ms, but is {duration} ms. Give steps instead.")
    return round(quotient)


def _listed(value: Any) -> Any:
    """A sequence, array or tensor as a list; anything else as it is."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return list(value)
    return value.tolist() if hasattr(value, "tolist") else value


def _is_list(value: Any) -> bool:
    return isinstance(_listed(value), list)


def _samples(times: Any) -> list[tuple[str, list[list]]]:
    """The samples of `times`, each with its name in an error and its neurons' trains."""
    outer = _listed(times)
    if not _is_list(outer) or not any(map(_is_list, outer)):
        wish = "lists of times, one a neuron, or lists of such lists, one a sample"
        raise TypeError(f"times must be {wish}, but is {_shown(times)}. Wrap a single train in [ ].")
    is_batch = any(_is_list(inner) and any(map(_is_list, _listed(inner))) for inner in outer)
    samples = [(f"times[{b}]", sample) for b, sample in enumerate(outer)] if is_batch else [("times", outer)]
    checked = [(place, _trains(place, sample)) for place, sample in samples]
    most = max(len(trains) for _, trains in checked)
    for place, trains in checked:
        if len(trains) != most:
            wish = f"{most} lists, one a neuron, as another sample does"
            raise ValueError(f"{place} must hold {wish}, but holds {len(trains)}. Give a neuron that never spikes an empty list.")
    return checked


def _trains(place: str, sample: Any) -> list[list]:
    """One sample's trains, each a list of numbers."""
    named = [(f"{place}[{n}]", train) for n, train in enumerate(_listed(sample))] if _is_list(sample) else [(place, sample)]
    for name, train in named:
        if not _is_list(train) or any(map(_is_list, _listed(train))):
            raise TypeError(
                f"{name} must be a list of times in ms, but is {_shown(train)}. Nest all alike: neurons, or samples of neurons."
            )
    return [_listed(train) for _, train in named]


def _shown(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:60]} …"


def _steps_of(place: str, train: list, step_time: float, steps: int, off_grid: str) -> list[int]:
    """The steps of one neuron's spikes, in the order of its times."""
    taken: dict[int, float] = {}
    for i, value in enumerate(train):
        name = f"{place}[{i}]"
        time = checks.not_negative(name, value, "ms", "A run begins at 0 ms.")
        quotient = time / step_time
        step = math.floor(quotient + 0.5 + _ROUNDING)
        if step >= steps:
            last = float(Decimal(repr(step_time)) * (steps - 1))
            raise ValueError(f"{name} must be at most {last} ms, the last of {steps} steps, but is {time} ms. Make the run longer.")
        if off_grid == "refuse" and abs(quotient - step) > _GRID:
            raise ValueError(f'{name} must lie on a step of {step_time} ms, but is {time} ms. Round it, or pass off_grid="nearest".')
        if step in taken:
            raise ValueError(
                f"{place} must hold one spike a step, but {taken[step]} ms and {time} ms both fall on step {step} of {step_time} ms. "
                "Shorten step_time, or drop one."
            )
        taken[step] = time
    return list(taken)
