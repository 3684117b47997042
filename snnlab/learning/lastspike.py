"""How long ago each side of a synapse last spiked, and the difference of the two: what rules of spike-time differences look at.

    since ← 0 at a spike, else since + dt             one a cell and sample; not a number before its first spike
    Δ = t_post − t_pre = since_pre − since_post       less the delay, in rules that are adjusted to it

Spikes lie on steps, so differences are taken in whole steps, which is exact however long ago a spike was: a rule that jumps at Δ = 0 may
trust the sign. A delay is taken off last.

Where the presynaptic time is read at a delay, it is that of the last spike to have arrived. A delay between two steps counts from when the
spike arrived exactly, or from the step at which the synapse heard it.

Samples are worked on one after the other: no tensor here is larger than the weights, with one more axis for the sites that share them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.connections import Connection
from snnlab.connections.plan import plan_delays
from snnlab.core.record import RecordTensor
from snnlab.learning.base import CellState
from snnlab.learning.terms import reduce_batch
from snnlab.network import Cell
from snnlab.observe.event import event_step

NEVER = float("nan")


def build_since(cell: Cell, state: CellState, history: bool = False) -> None:
    """Gives a rule's state `since_pre_` and `since_post_`, in ms; with `history` the former reaches back over the longest delay."""
    connection, dtype = cell.connection, cell.connection.weight.dtype
    shape, reach = cell.synapse.batchedshape, connection.delayedby or 0.0
    if history:
        state.since_pre_ = RecordTensor(connection.dt, reach, shape=shape, dtype=dtype, inplace=state.inplace, fill=NEVER)
    else:
        state.register_state("since_pre_", torch.full(shape, NEVER, dtype=dtype), rest=NEVER)
    state.register_state("since_post_", torch.full(cell.neuron.batchedshape, NEVER, dtype=dtype), rest=NEVER)


def advance_since(cell: Cell, state: CellState) -> None:
    """Moves both times on by the step that has just run."""
    for name, spikes in (("since_pre_", cell.synapse.spike), ("since_post_", cell.postspike)):
        kept = getattr(state, name)
        record = kept if isinstance(kept, RecordTensor) else None
        since = event_step(spikes, kept if record is None else record.present, step_time=cell.connection.dt)
        if record is not None:
            if record.inplace != state.inplace:
                record.inplace = state.inplace
            record.push(since)
        elif state.inplace and not kept.is_inference():
            kept.copy_(since)
        else:
            setattr(state, name, since)


@contextmanager
def advanced_since(cell: Cell, state: CellState) -> Iterator[None]:
    """The same for a while that may fail, as a function of the user's may: then the times are what they were."""
    kept = {name: getattr(state, name) for name in ("since_pre_", "since_post_")}
    before = {name: value.clone() for name, value in kept.items() if isinstance(value, Tensor)}
    record = kept["since_pre_"] if isinstance(kept["since_pre_"], RecordTensor) else None
    present = record.peek() if record is not None and record.slots == 1 else None
    advance_since(cell, state)
    try:
        yield
    except BaseException:
        for name, value in before.items():
            setattr(state, name, value)
        if present is not None:
            record.write(present, 1)
        elif record is not None:
            record.decr()  # what the push wrote over is what the next push would
        raise


# ------------------------------------------------------------------------------------------------------------------- differences


def differences(
    cell: Cell,
    state: CellState,
    tolerance: float,
    *,
    delayed: bool | None = None,
    adjusted: bool = False,
    unknown: float = NEVER,
    among: Sequence[float] | None = None,
) -> Iterator[Tensor]:
    """Δ of every synapse in steps, sample by sample; a tensor of its own each time.

    Args:
        cell, state: whose times, made by `build_since` and moved on.
        tolerance: how far a delay may lie off a whole step and still count as one, in ms; as far off 0 a Δ is 0.
        delayed: for times with a history: whether a delay between two steps counts from the exact arrival. None: there is no history.
        adjusted: whether the connection's delays are taken off.
        unknown: what Δ is where one side has not spiked yet: not a number, or infinite.
        among: one value a sample; those of 0 are left out. None: all.

    Shape:
        like the weights, with one more axis for the sites that share them.
    """
    connection, step_time = cell.connection, cell.connection.dt
    posts = connection.postsyn_receptive(_steps(state.since_post_, step_time, never=-unknown))  # so that no ∞ is taken off ∞
    if delayed is None:
        pres = iter(_decoded(connection.presyn_receptive(_encoded(state.since_pre_, step_time)), unknown))
    else:
        pres = _arrived(cell, state.since_pre_, delayed, tolerance, unknown)
    delay = at_synapses(connection, connection.delay.detach().to(posts.dtype) / step_time) if adjusted and connection.delayedby else None
    rounding = max(4 * torch.finfo(posts.dtype).eps, torch.finfo(connection.weight.dtype).eps / 2)  # delays may be of half precision
    slack = (tolerance + rounding * (connection.delayedby or 0.0)) / step_time
    for pre, post, wanted in zip(pres, posts, [1] * len(posts) if among is None else among, strict=True):
        if not wanted:
            continue
        difference = pre - post
        if delay is not None:
            difference = difference.sub_(delay)
        yield F.hardshrink(difference, slack)  # several times as fast as a mask, as is `threshold` below


def _steps(since: Tensor, step_time: float, never: float) -> Tensor:
    return (since / step_time).round_().nan_to_num_(nan=never)


def _encoded(since: Tensor, step_time: float) -> Tensor:
    """Whole steps and one, far below 0 for never: 0 is what connections read outside an image, where nothing ever spikes either."""
    return _steps(since, step_time, never=-9.0).add_(1.0)


def _decoded(code: Tensor, unknown: float) -> Tensor:
    return F.threshold(code, 0.5, unknown).sub_(1.0)


def _arrived(cell: Cell, record: RecordTensor, delayed: bool, tolerance: float, unknown: float) -> Iterator[Tensor]:
    """Steps since the last arrival at every synapse, sample by sample, in the layout of `presyn_receptive`."""
    connection = cell.connection
    if not connection.delayedby:
        yield from _decoded(connection.presyn_receptive(_encoded(record.present, connection.dt)), unknown)
        return
    shape, heard = cell.synapse.shape, cell.synapse.delayed_spikes()
    way, overbound = "previous" if delayed else heard.interp, cell.synapse.spike_overbound is not None
    if type(connection).plan is Connection.plan and connection.delay.shape == connection.weight.shape:  # a plan like the weights, and kept
        times = connection.delay.detach().view(-1, shape[0])  # N x M
        plan = connection.plan(heard._replace(record=record, interp=way, time_constant=None, tolerance=tolerance), overbound)
    else:
        times = connection.selector.detach()[0].movedim(-1, 0).flatten(1)  # D x (M, sites)
        history = {"step_time": record.dt, "duration": record.duration, "slots": record.slots}
        plan = plan_delays(times, interp=way, time_constant=None, tolerance=tolerance, overbound=overbound, **history)
    rows, codes = plan.reads[0].rows, _encoded(record.block, record.dt)
    late = _late(rows // times.shape[1], times / record.dt, tolerance / record.dt) if delayed else None
    for sample in range(codes.shape[-1]):
        table = codes[..., sample].reshape(record.slots * times.shape[1], -1)
        code = table.index_select(0, rows.view(-1)).view(*rows.shape, -1)
        if late is not None:
            code = code.add_(late.unsqueeze(-1))
        if plan.beyond is not None:
            code = code.masked_fill_(plan.beyond.unsqueeze(-1), 0.0)
        yield _decoded(connection.presyn_receptive(code.view(-1, *shape).movedim(0, -1).unsqueeze(0))[0], unknown)


def _late(older: Tensor, steps: Tensor, slack: float) -> Tensor:
    """How many steps before the step that hears it a spike arrived; 0 on whole steps."""
    late = older - steps
    return torch.where(late.abs() <= slack + 4 * torch.finfo(steps.dtype).eps * steps, 0.0, late)


# ------------------------------------------------------------------------------------------------------------------------- layout


def at_synapses(connection: Connection, parameter: Tensor) -> Tensor:
    """A parameter, one a weight or one a site, laid out like the weights with one more axis for the sites."""
    shape = connection.weight.shape
    if parameter.shape == shape:
        return parameter.unsqueeze(-1)
    return parameter.reshape(shape[0], -1, *shape[1:]).movedim(1, -1)  # F x H' x W' x K: every site has its own


def like_parameter(connection: Connection, name: str, value: Tensor) -> Tensor:
    """The mirror: one value a synapse becomes one an element of the parameter, summed over the sites that share it."""
    parameter = getattr(connection, name)
    if parameter.shape == connection.weight.shape:
        return value.squeeze(-1) if value.shape[-1] == 1 else value.sum(-1)
    return value.movedim(-1, 1).reshape(parameter.shape)


def reduced(
    cell: Cell, samples: Iterable[tuple[Tensor, ...]], rates: tuple[float, ...], reduction: Callable[[Tensor, int], Tensor]
) -> list[Tensor]:
    """One tuple of tensors a sample becomes one, each times its rate and reduced over samples; 0 where there is no synapse.

    The mean and the sum keep a running total, in the tensors of the first sample; any other reduction sees all samples at once.
    """
    if reduction is torch.mean or reduction is torch.sum:
        totals: list[Tensor] = []
        for parts in samples:
            totals = [total.add_(part) for total, part in zip(totals, parts, strict=True)] if totals else list(parts)
        share = 1 / cell.connection.batchsz if reduction is torch.mean else 1
        whole = [total.mul_(rate * share) for total, rate in zip(totals, rates, strict=True)]
    else:
        whole = [
            reduce_batch(reduction, torch.stack(part).mul_(rate)) for part, rate in zip(zip(*samples, strict=True), rates, strict=True)
        ]
    mask = getattr(cell.connection, "mask", None)
    return whole if mask is None or mask.shape != whole[0].shape else [each.masked_fill(mask == 0, 0) for each in whole]
