"""Where each synapse reads a history: worked out from its delay, and kept until a delay changes.

A history of K slots and M rows each is one table of K·M rows (see `RecordTensor`). A delay of d steps reads row  d·M + m  of it. Between
two steps

    previous     reads the older step: an arrival waits
    nearest      reads the nearer step; on a tie the older
    expdecay     reads the older, times exp(−time since/τ)
    linear       reads both, each times its share:  (d − newer)·older  +  (older − d)·newer,  d in steps

A share that depends on the delay has a slope, by which a gradient reaches the delay. On a whole step the value is the stored one, and the
slope that of the interpolation towards the next older step: delays that start there can learn.

A delay outside the history reads its nearest end, or is marked as beyond it.
"""

import warnings
from dataclasses import dataclass

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.tensors import exact as widest
from snnlab.synapses import DelayedRead


@dataclass(frozen=True)
class Reading:
    """One read a synapse.

    Args:
        rows: row of the table that each synapse reads, N x M, whole numbers.
        factor: what each read is multiplied by, N x M; None for 1.
        slope: how that factor changes with the delay, N x M, 1/ms; None for not at all, or where no gradient is wanted.
    """

    rows: Tensor
    factor: Tensor | None = None
    slope: Tensor | None = None


@dataclass(frozen=True)
class DelayPlan:
    """Where each synapse reads a history.

    Args:
        reads: one read a synapse, or two, which add up.
        beyond: where the delay lies outside the history, N x M bool; None for nowhere.
        shared: how many steps back all synapses read, where they all read the same step whole; None where they do not.
    """

    reads: tuple[Reading, ...]
    beyond: Tensor | None = None
    shared: int | None = None


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
    slopes: bool = False,
    cells: Tensor | None = None,
    count: int | None = None,
) -> DelayPlan:
    """Works out where synapses of these delays read.

    Args:
        delay: N x M.
        step_time, duration, slots: of the history.
        interp: how to read between two steps: "previous", "nearest", "expdecay" or "linear".
        time_constant: of the decay, for "expdecay".
        tolerance: how far a delay may lie off a whole step and still count as one.
        overbound: whether a delay outside the history is marked; else it reads the nearest end.
        slopes: whether a gradient is to reach the delays.
        cells: which of the history's cells each synapse listens to, N x M, whole numbers; None: synapse (n, m) to cell m.
        count: number of the history's cells; None: M.

    Units:
        delay, step_time, duration, time_constant, tolerance: ms

    Example:
        >>> plan_delays(torch.tensor([[0.0, 2.0]]), step_time=1.0, duration=2.0, slots=3, interp="previous", time_constant=None,
        ...             tolerance=1e-4, overbound=True).reads[0].rows
        tensor([[0, 5]])
    """
    count = delay.shape[-1] if count is None else count
    cells = torch.arange(delay.shape[-1], device=delay.device).expand(delay.shape) if cells is None else cells
    parts = []
    for part, heard in zip(delay.split(64), cells.split(64), strict=True):  # what is worked out in double precision stays small
        exact = widest(part)
        bounded = exact.clamp(0, duration)
        slack = torch.finfo(delay.dtype).eps * exact.abs() + tolerance  # 299.9 ms in float32 is known to 1e-5 ms only
        outside = (exact - bounded).abs() > slack
        shares = _shares(
            bounded / step_time, slack / step_time, slots, interp, None if time_constant is None else time_constant / step_time
        )
        read = [(steps.long() * count + heard, factor, slope / step_time * ~outside) for steps, factor, slope in shares]
        parts.append((outside, *(each.to(delay.dtype) if each.is_floating_point() else each for one in read for each in one)))
    beyond, *columns = (torch.cat(column) for column in zip(*parts, strict=True))
    reads = []
    for rows, factor, slope in zip(columns[::3], columns[1::3], columns[2::3], strict=True):
        slope = slope if slopes and slope.any() else None
        if slope is not None or factor.any():
            reads.append(Reading(rows, None if bool((factor == 1).all()) else factor, slope))
    outside = overbound and bool(beyond.any())
    return DelayPlan(tuple(reads), beyond if outside else None, None if outside else _shared_step(reads, count))


def _shared_step(reads: list[Reading], count: int) -> int | None:
    if len(reads) != 1 or reads[0].factor is not None or reads[0].slope is not None:
        return None
    first, last = (end.item() for end in (reads[0].rows // count).aminmax())
    return first if first == last else None


def _shares(steps: Tensor, slack: Tensor, slots: int, interp: str, tau: float | None) -> list[tuple[Tensor, Tensor, Tensor]]:
    """What a time so many steps back reads: whole steps back, the factor of what lies there, and how the factor grows with the time."""
    nearest = torch.round(steps)
    on_step = (steps - nearest).abs() <= slack
    older = torch.where(on_step, nearest, torch.ceil(steps)).clamp(max=slots - 1)
    since = (older - steps).clamp(min=0).masked_fill(on_step, 0)  # from the older step to the time that is read
    one, none = torch.ones_like(steps), torch.zeros_like(steps)
    if interp == "previous":
        return [(older, one, none)]
    if interp == "nearest":
        return [(torch.where(since > 0.5, older - 1, older), one, none)]
    if interp == "expdecay":
        decay, next_older = torch.exp(-since / tau), (nearest + 1).clamp(max=slots - 1)
        arriving = torch.exp((nearest - next_older) / tau) / tau
        return [(older, decay, (decay / tau).masked_fill(on_step, 0)), (torch.where(on_step, next_older, older), none, arriving * on_step)]
    newer = torch.where(on_step, nearest, torch.floor(steps)).clamp(max=max(slots - 2, 0))
    share = torch.where(on_step, nearest, steps) - newer
    return [(newer, 1 - share, -one), ((newer + 1).clamp(max=slots - 1), share, one)]


def _each_read(delay: Tensor, count: int, cells: Tensor | None) -> Tensor:
    """The delays as N x M, one for each read; with sites, N·L x M."""
    if cells is None:
        return delay.view(-1, count)
    return delay.view(len(delay), -1, cells.shape[1]).expand(-1, len(cells), -1).flatten(0, 1)


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

    def of(self, delay: Tensor, read: DelayedRead, overbound: bool = True, slopes: bool = False, cells: Tensor | None = None) -> DelayPlan:
        """The plan for these delays and this way of reading, made anew if it must be.

        Args:
            delay: in ms, any shape whose elements are N x M, or with `cells` N x L x M or N x 1 x M.
            read: the history and how to read it.
            overbound: whether delays outside the history are marked.
            slopes: whether a gradient is to reach the delays.
            cells: which of the history's cells each of M synapses listens to at each of L sites, L x M, always the same; the plan is
                then of N·L x M. None: cell m, and no sites.
        """
        record = read.record
        counted = not delay.is_inference()  # torch counts no changes in inference mode
        stamp = (delay.data_ptr(), delay._version) if counted else None
        if not counted or self._delay is not delay or stamp != self._stamp:
            self.forget()
            self._delay, self._stamp = delay if counted else None, stamp
        key = (record.slots, record.dt, record.duration, read.interp, read.time_constant, read.tolerance, overbound, slopes)
        if key not in self._plans:
            checks.finite("delay", delay, "A gradient of NaN may have made it so: look at the loss, or at the optimiser's rate.")
            if len(self._plans) >= 8:  # a time constant that is being moved makes one plan a setting
                self._plans.pop(next(iter(self._plans)))
            with torch.inference_mode(False):  # or a plan kept from an evaluation in inference mode could carry no gradient after it
                self._plans[key] = plan_delays(
                    _each_read(delay.detach(), record.shape[1], cells),
                    step_time=record.dt,
                    duration=record.duration,
                    slots=record.slots,
                    interp=read.interp,
                    time_constant=read.time_constant,
                    tolerance=read.tolerance,
                    overbound=overbound,
                    slopes=slopes,
                    cells=None if cells is None else cells.repeat(len(delay), 1),
                    count=record.shape[1],
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
