"""Where each synapse reads a history: worked out from its delay, and kept until a delay changes.

A history of K slots and M rows each is one table of K·M rows (see `RecordTensor`). A delay of d steps reads row  d·M + m  of it. Between
two steps

    previous     reads the older step: an arrival waits
    nearest      reads the nearer step; on a tie the older
    expdecay     reads the older, times exp(−time since/τ)

A delay outside the history reads its nearest end, or is marked as beyond it.
"""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from snnlab.core.tensors import exact as widest
from snnlab.synapses import DelayedRead


@dataclass(frozen=True)
class DelayPlan:
    """Where each synapse reads a history.

    Args:
        rows: row of the table that each synapse reads, N x M, whole numbers.
        factor: what each read is multiplied by, N x M; None for 1.
        beyond: where the delay lies outside the history, N x M bool; None for nowhere.
    """

    rows: Tensor
    factor: Tensor | None
    beyond: Tensor | None


def plan_delays(
    delay: Tensor,
    *,
    step_time: float,
    duration: float,
    slots: int,
    interp: str,
    time_constant: float | None,
    tolerance: float,
    overbound: bool,
) -> DelayPlan:
    """Works out where synapses of these delays read.

    Args:
        delay: N x M.
        step_time, duration, slots: of the history.
        interp: how to read between two steps: "previous", "nearest" or "expdecay".
        time_constant: of the decay, for "expdecay".
        tolerance: how far a delay may lie off a whole step and still count as one.
        overbound: whether a delay outside the history is marked; else it reads the nearest end.

    Units:
        delay, step_time, duration, time_constant, tolerance: ms

    Example:
        >>> plan_delays(torch.tensor([[0.0, 2.0]]), step_time=1.0, duration=2.0, slots=3, interp="previous", time_constant=None,
        ...             tolerance=1e-4, overbound=True).rows
        tensor([[0, 5]])
    """
    parts = []
    for part in delay.split(64):  # what is worked out in double precision stays small
        exact = widest(part)
        bounded = exact.clamp(0, duration)
        steps = bounded / step_time
        nearest = torch.round(steps)
        slack = torch.finfo(delay.dtype).eps * exact.abs() + tolerance  # 299.9 ms in float32 is known to 1e-5 ms only
        on_step = (steps - nearest).abs() * step_time <= slack
        older = torch.where(on_step, nearest, torch.ceil(steps)).clamp(max=slots - 1)
        since = (older * step_time - bounded).clamp(min=0).masked_fill(on_step, 0)  # ms from the older step to the time that is read
        if interp == "nearest":
            older = torch.where(since / step_time > 0.5, older - 1, older)
        rows = older.long() * delay.shape[-1] + torch.arange(delay.shape[-1], device=delay.device)
        parts.append((rows, since.to(delay.dtype), (exact - bounded).abs() > slack))
    rows, since, beyond = (torch.cat(column) for column in zip(*parts, strict=True))
    factor = torch.exp(-since / time_constant) if interp == "expdecay" and since.any() else None
    return DelayPlan(rows, factor, beyond if overbound and beyond.any() else None)


class Plans:
    """The plans of one connection, one for each way of reading, kept until a delay changes.

    A change is seen by the delays' place in memory and torch's count of their changes, so delays must be written in place, not through
    `.data`. A copy or a pickle starts empty.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Drops all plans."""
        self._plans: dict[tuple, DelayPlan] = {}
        self._delay: Tensor | None = None  # the delays themselves: while they are held, no others can take their place in memory
        self._stamp: tuple[int, int] | None = None

    def of(self, delay: Tensor, read: DelayedRead, overbound: bool = True) -> DelayPlan:
        """The plan for these delays and this way of reading, made anew if it must be.

        Args:
            delay: in ms, any shape whose elements are N x M.
            read: the history and how to read it.
            overbound: whether delays outside the history are marked.
        """
        record = read.record
        counted = not delay.is_inference()  # torch counts no changes in inference mode
        stamp = (delay.data_ptr(), delay._version) if counted else None
        if not counted or self._delay is not delay or stamp != self._stamp:
            self.forget()
            self._delay, self._stamp = delay if counted else None, stamp
        key = (record.slots, record.dt, record.duration, read.interp, read.time_constant, read.tolerance, overbound)
        if key not in self._plans:
            if len(self._plans) >= 8:  # a time constant that is being moved makes one plan a setting
                self._plans.pop(next(iter(self._plans)))
            self._plans[key] = plan_delays(
                delay.view(-1, record.shape[1]),
                step_time=record.dt,
                duration=record.duration,
                slots=record.slots,
                interp=read.interp,
                time_constant=read.time_constant,
                tolerance=read.tolerance,
                overbound=overbound,
            )
            if self._plans[key].beyond is not None:
                count = int(self._plans[key].beyond.sum())
                warnings.warn(
                    f"{count} delays lie outside 0 to {record.duration:g} ms, what the synapse remembers: they read its overbound value. "
                    "Clamp the delays, or give the synapse a longer one.",
                    stacklevel=5,
                )
        return self._plans[key]

    def __reduce__(self) -> tuple[type, tuple]:
        return Plans, ()
