"""Reading and writing a history at a time.

A history holds one observation a step, newest first. A time t back lies t/dt steps down:

    step back         k            k+1
    observation     newer ──────── older          on a step: the stored value, exactly
                      │←──── sample_at │          between two: interp(older, newer, sample_at, dt)

with `sample_at` in ms, counted from the older neighbour towards the newer.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core.tensors import exact as widest


def select(
    history: Tensor, time: Tensor | float, interp: Callable[..., Tensor], step_time: float, reach: int, tolerance: float, **kwargs: Any
) -> Tensor:
    """The history at `time` back, each element at its own time.

    On a whole number of steps (within `tolerance`) this is the stored value; its gradient with respect to the time is the
    interpolation's towards the next older step, so that delays that start on a step can learn.

    Args:
        history: observations, newest first.
        time: how far back; shaped like an observation, with or without one more axis D at the end; a first axis of 1 serves all samples.
        interp: `f(older, newer, sample_at, step_time, **kwargs)`.
        step_time: time between two observations.
        reach: steps back that may be read.
        tolerance: how far a time may lie off a step, or beyond an end.
        **kwargs: passed on to `interp`.

    Units:
        time, step_time, tolerance: ms

    Shape:
        history: K x S;  time: S -> S, or S x D -> S x D

    Raises:
        ValueError: a time of the wrong shape, or out of reach.

    Example:
        >>> from snnlab.core.interpolation import interp_linear
        >>> select(torch.tensor([[[8.0]], [[4.0]]]), torch.tensor([[0.25]]), interp_linear, 1.0, 1, 1e-6)
        tensor([[7.]])
    """
    time, history = _match(time, history)
    _check_reach(time, step_time, reach, tolerance)
    if reach == len(history):  # counted from the slot of the next push, the last step meets that slot again
        history = torch.cat((history, history[:1]))
    older, newer, nearest, sample_at, on_step = _neighbours(time, step_time, reach, tolerance)
    before, after, stored = (_pick(history, steps) for steps in (older, newer, nearest))

    def between(before: Tensor, after: Tensor, learns: Tensor) -> Tensor:
        # Masking a result does not mask its gradient: 0·inf is NaN. So a time that is not to learn here enters as a constant.
        at = torch.where(learns, sample_at, sample_at.detach()) if sample_at.requires_grad else sample_at
        return interp(before, after, at, step_time, **kwargs)

    if sample_at.requires_grad and stored.is_floating_point():  # a stored value is a constant: lend it the slope of the interpolation
        finite = between(before.detach(), after.detach(), torch.zeros_like(on_step)).isfinite()
        slope = between(before.detach(), after.detach(), finite & on_step)
        stored = stored + torch.where(finite, slope - slope.detach(), 0)
    return torch.where(on_step, stored, between(before, after, ~on_step).to(stored.dtype))


def insert(
    history: Tensor,
    observation: Tensor,
    time: Tensor | float,
    extrap: Callable[..., tuple[Tensor, Tensor]],
    step_time: float,
    reach: int,
    tolerance: float,
    **kwargs: Any,
) -> Tensor:
    """The history with `observation` written at `time` back: the mirror of `select`.

    On a whole number of steps it replaces the stored value; in between `extrap(observation, sample_at, older, newer, step_time)` gives
    the two neighbours that replace the present ones.

    Shape:
        history: K x S -> K x S;  observation, time: S
    """
    time, history = _match(time, history)
    if time.shape != observation.shape:
        raise ValueError(f"time must be of shape {tuple(observation.shape)}, as the observation is, but is of shape {tuple(time.shape)}.")
    _check_reach(time, step_time, reach, tolerance)
    older, newer, nearest, sample_at, on_step = _neighbours(time, step_time, reach, tolerance)
    before, after = _pick(history, older), _pick(history, newer)
    new_before, new_after = extrap(observation, sample_at, before, after, step_time, **kwargs)
    for steps, changed, where in ((older, new_before, ~on_step), (newer, new_after, ~on_step), (nearest, observation, on_step)):
        value = torch.where(where, changed.to(history.dtype), _pick(history, steps))
        history = history.scatter(0, steps.unsqueeze(0), value.unsqueeze(0))
    return history


def _pick(history: Tensor, steps: Tensor) -> Tensor:
    """The observation so many steps back, element by element."""
    return history.gather(0, steps.unsqueeze(0)).squeeze(0)


def _match(time: Tensor | float, history: Tensor) -> tuple[Tensor, Tensor]:
    """Gives every element a time: spreads a plain number and a first axis of 1, and repeats the history along a last axis D."""
    shape = tuple(history.shape[1:])
    if not isinstance(time, Tensor):
        time = torch.tensor(time, device=history.device, dtype=torch.promote_types(history.dtype, torch.get_default_dtype()))
    if not time.is_floating_point():
        time = time.to(torch.get_default_dtype())
    if time.dim() == 0:
        return time.to(history.device).expand(shape), history
    rank = len(shape)
    if time.dim() not in (rank, rank + 1) or tuple(time.shape[1:rank]) != shape[1:] or time.shape[0] not in (1, shape[0]):
        wish = f"{shape}, or that with one more axis at the end (a first axis of 1 serves every sample)"
        raise ValueError(f"time must be of shape {wish}, but is of shape {tuple(time.shape)}.")
    time = time.expand(shape[0], *time.shape[1:])
    if time.dim() > rank:
        history = history.unsqueeze(-1).expand(*history.shape, time.shape[-1])
    return time, history


def _check_reach(time: Tensor, step_time: float, reach: int, tolerance: float) -> None:
    low, high = (end.item() for end in time.detach().aminmax())
    longest = step_time * reach
    if not (low >= -tolerance and high <= longest + tolerance + torch.finfo(time.dtype).eps * longest):
        raise ValueError(
            f"time must lie between 0 and {longest:g} ms back, but spans {low:g} to {high:g} ms. "
            "Raise the duration of the history, or clamp the times."
        )


def _neighbours(time: Tensor, step_time: float, reach: int, tolerance: float) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Steps back of the older, the newer and the nearest neighbour, ms from the older to the time, and whether the time is on a step."""
    exact = widest(time)
    steps = exact / step_time
    nearest = steps.round().clamp_(0, reach)
    rounding = torch.finfo(time.dtype).eps * exact  # 199.9 ms in float32 is known to 1e-5 ms only
    on_step = (nearest * step_time).sub_(exact).abs_() <= rounding.add_(tolerance)
    newer = torch.where(on_step, nearest, steps.floor_()).clamp_(0, max(reach - 1, 0))
    older = (newer + 1).clamp_(max=reach)
    sample_at = (older * step_time).sub_(exact).clamp_(0, step_time).to(time.dtype)
    if time.requires_grad:
        sample_at = sample_at - (time - time.detach())  # the slope alone, which the clamp would stop at either end
    return older.long(), newer.long(), nearest.long(), sample_at, on_step
