"""The two products over a delayed history, with no tensor of batch x inputs x outputs.

A history H of K slots and M rows each is one table of K·M rows, one column a sample (see `RecordTensor`). A synapse (n, m) of delay d reads
row  d·M + m  of it, d in steps. What a step needs is then

    forward    y[n, b] = Σ_m W[n, m]·H[d[n, m]·M + m, b]            a sum over a bag of rows, weighted
    learning   Δ[n, m] = Σ_b  p[n, b]·H[d[n, m]·M + m, b]           its gradient with respect to the weights

Where p is spikes, the second costs as much as there are spikes: each spike (n, b) adds one row of M numbers.

The rows depend on the delays alone: they are a plan, kept until one changes. A delay between two steps reads the older step ("previous"),
the nearer ("nearest"), or the older times exp(−time since/τ) ("expdecay").
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.core.tensors import exact as widest


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


def delayed_sum(history: Tensor, weight: Tensor, plan: DelayPlan, *, scale: float = 1.0, overbound: float | None = 0.0) -> Tensor:
    """Each output's weighted sum over what it reads: the forward product.

    Args:
        history: the table, K·M x B.
        weight: N x M.
        plan: where each synapse reads.
        scale: factor on what is read, such as charge per step.
        overbound: what synapses read whose delay lies outside the history; None: the nearest end.

    Returns:
        N x B.
    """
    beyond = plan.beyond if overbound is not None else None
    reading = weight if plan.factor is None else weight * plan.factor
    if beyond is not None:
        reading = reading.masked_fill(beyond, 0)
    if history.shape[1] == 1:  # one sample: reading single numbers is faster than a bag of rows of one
        read = history.view(-1).index_select(0, plan.rows.view(-1)).view(weight.shape)
        total = torch.linalg.vecdot(reading, read).unsqueeze(1)
    else:
        total = F.embedding_bag(plan.rows, history, per_sample_weights=reading, mode="sum")
    total = total if scale == 1.0 else total * scale
    if beyond is not None and overbound:
        total = total + overbound * (weight * beyond).sum(1, keepdim=True)
    return total


def delayed_outer(post: Tensor, history: Tensor, plan: DelayPlan) -> Tensor:
    """Each synapse's sum over the batch of post x what it reads: the learning product, for any `post`.

    Args:
        post: N x B.
        history: the table, K·M x B.
        plan: where each synapse reads.

    Returns:
        N x M.
    """
    if history.shape[1] == 1:
        product = history.view(-1).index_select(0, plan.rows.view(-1)).view(plan.rows.shape) * post
    elif torch.is_inference_mode_enabled():  # no gradient is to be had here: one sample after the other
        read = (history[:, b].index_select(0, plan.rows.view(-1)).view(plan.rows.shape) for b in range(history.shape[1]))
        product = sum(one * post[:, b : b + 1] for b, one in enumerate(read))
    else:
        with torch.enable_grad():
            share = torch.zeros(plan.rows.shape, dtype=history.dtype, device=history.device, requires_grad=True)
            total = F.embedding_bag(plan.rows, history.detach(), per_sample_weights=share, mode="sum")
            (product,) = torch.autograd.grad(total, share, post.detach().to(history.dtype))
    return _as_planned(product, plan)


def delayed_outer_of_spikes(post: Tensor, history: Tensor, plan: DelayPlan) -> Tensor:
    """The same for a `post` of spikes, N x B bool: costs as much as there are spikes.

    Sample by sample, so that reads stay within one sample's history, which the cache holds; at most N spikes at a time, so that what is
    read at once is never larger than the weights.
    """
    samples, outputs = post.t().nonzero(as_tuple=True)
    by_sample, product = history.t().contiguous(), torch.zeros(plan.rows.shape, dtype=history.dtype, device=history.device)
    for n, b in zip(outputs.split(len(product)), samples.split(len(product)), strict=True):
        places = plan.rows.index_select(0, n).add_((b * len(history)).unsqueeze(1))
        product.index_add_(0, n, by_sample.view(-1).index_select(0, places.view(-1)).view(places.shape))
    return _as_planned(product, plan)


def _as_planned(product: Tensor, plan: DelayPlan) -> Tensor:
    """What was read, decayed to the time between two steps; 0 where nothing arrives because the delay lies outside the history."""
    product = product if plan.factor is None else product * plan.factor
    return product if plan.beyond is None else product.masked_fill(plan.beyond, 0)
