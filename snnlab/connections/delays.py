"""The two products over a delayed history, with no tensor of batch x inputs x outputs.

A history H of K slots and M rows each is one table of K·M rows, one column a sample (see `RecordTensor`). A synapse (n, m) of delay d reads
row  d·M + m  of it, d in steps. What a step needs is then

    forward    y[n, b] = Σ_m W[n, m]·H[d[n, m]·M + m, b]            a sum over a bag of rows, weighted
    learning   Δ[n, m] = Σ_b  p[n, b]·H[d[n, m]·M + m, b]           its gradient with respect to the weights

Where p is spikes, the second costs as much as there are spikes: each spike (n, b) adds one row of M numbers.

Which rows are read (one a synapse, or two between two steps), and at what share, is a `DelayPlan`; see `snnlab.connections.plan`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.connections.plan import DelayPlan, Reading

FEW_SLOTS, FEW_SAMPLES = 30, 128  # up to here a product with all slots was measured to be faster than each synapse reading its own
AT_ONCE = 2**20  # numbers that such a product works out at once: 4 MB in single precision


def delayed_sum(
    history: Tensor, weight: Tensor, plan: DelayPlan, *, scale: float = 1.0, overbound: float | None = 0.0, delay: Tensor | None = None
) -> Tensor:
    """Each output's weighted sum over what it reads: the forward product.

    Args:
        history: the table, K·M x B.
        weight: N x M.
        plan: where each synapse reads.
        scale: factor on what is read, such as charge per step.
        overbound: what synapses read whose delay lies outside the history; None: the nearest end.
        delay: N x M, in ms, where a gradient is to reach the delays; the plan must then hold slopes.

    Returns:
        N x B.
    """
    beyond = plan.beyond if overbound is not None else None
    inside = weight if beyond is None else weight.masked_fill(beyond, 0)
    total = weight.new_zeros(len(weight), history.shape[1]) if not plan.reads else 0.0
    for read in plan.reads:
        total = total + _bag(history, read, inside * share if (share := _share(read, delay)) is not None else inside)
    total = total if scale == 1.0 else total * scale
    if beyond is not None and overbound:
        total = total + overbound * (weight * beyond).sum(1, keepdim=True)
    return total


def _share(read: Reading, delay: Tensor | None) -> Tensor | None:
    """What each read is multiplied by, None for 1; through its slope a gradient reaches the delay."""
    if delay is None or read.slope is None:
        return read.factor
    return (1.0 if read.factor is None else read.factor) + read.slope * (delay - delay.detach())


def _bag(history: Tensor, read: Reading, weight: Tensor) -> Tensor:
    """One weighted sum a row of `weight`, N x B."""
    if history.shape[1] == 1:  # one sample: reading single numbers is faster than a bag of rows of one
        return torch.linalg.vecdot(weight, history.view(-1).index_select(0, read.rows.view(-1)).view(weight.shape)).unsqueeze(1)
    return F.embedding_bag(read.rows, history, per_sample_weights=weight, mode="sum")


def delayed_outer(post: Tensor, history: Tensor, plan: DelayPlan, *, scale: float = 1.0) -> Tensor:
    """Each synapse's sum over the batch of post x what it reads: the learning product, for any `post`.

    Args:
        post: N x B.
        history: the table, K·M x B.
        plan: where each synapse reads.
        scale: factor on what is read.

    Returns:
        N x M, a tensor of its own.
    """
    post = post.to(history.dtype) * scale
    return _as_planned([_outer(post, history, read.rows) for read in plan.reads], plan)


def _outer(post: Tensor, history: Tensor, rows: Tensor) -> Tensor:
    if history.shape[1] == 1:
        return history.view(-1).index_select(0, rows.view(-1)).view(rows.shape).mul_(post)
    if len(history) <= FEW_SLOTS * rows.shape[1] and history.shape[1] <= FEW_SAMPLES:
        return _outer_of_all_slots(post, history, rows)
    if torch.is_inference_mode_enabled() or history.is_inference():  # no gradient is to be had here: one sample after the other
        read = (history[:, b].index_select(0, rows.view(-1)).view(rows.shape) for b in range(history.shape[1]))
        return sum(one * post[:, b : b + 1] for b, one in enumerate(read))
    with torch.enable_grad():
        share = torch.zeros(rows.shape, dtype=history.dtype, device=history.device, requires_grad=True)
        total = F.embedding_bag(rows, history.detach(), per_sample_weights=share, mode="sum")
        return torch.autograd.grad(total, share, post.detach())[0]


def _outer_of_all_slots(post: Tensor, history: Tensor, rows: Tensor) -> Tensor:
    """The same by a matrix product of post with all slots, of which each synapse picks its own.

    K times the work, at the speed of a matrix product; some outputs at a time, in one place, so that what is worked out stays small.
    """
    total, slots = torch.empty(rows.shape, dtype=history.dtype, device=history.device), history.t()
    some = min(len(post), max(1, AT_ONCE // len(history)))
    room = total.new_empty(some, len(history))
    for p, r, part in zip(post.split(some), rows.split(some), total.split(some), strict=True):
        torch.gather(torch.mm(p, slots, out=room[: len(p)]), 1, r, out=part)
    return total


def delayed_outer_of_spikes(post: Tensor, history: Tensor, plan: DelayPlan, *, scale: float = 1.0) -> Tensor:
    """The same for a `post` of spikes, N x B bool: costs as much as there are spikes.

    Sample by sample, so that reads stay within one sample's history, which the cache holds; at most N spikes at a time, so that what is
    read at once is never larger than the weights.
    """
    samples, outputs = post.t().nonzero(as_tuple=True)
    by_sample = history.t().contiguous() * scale
    products = []
    for read in plan.reads:
        product = torch.zeros(read.rows.shape, dtype=history.dtype, device=history.device)
        for n, b in zip(outputs.split(len(product)), samples.split(len(product)), strict=True):
            places = read.rows.index_select(0, n).add_((b * len(history)).unsqueeze(1))
            product.index_add_(0, n, by_sample.view(-1).index_select(0, places.view(-1)).view(places.shape))
        products.append(product)
    return _as_planned(products, plan)


def _as_planned(products: list[Tensor], plan: DelayPlan) -> Tensor:
    """What was read, each at its share; 0 where nothing arrives because the delay lies outside the history."""
    total = None
    for product, read in zip(products, plan.reads, strict=True):
        share = product if read.factor is None else product.mul_(read.factor)
        total = share if total is None else total.add_(share)
    return total if plan.beyond is None else total.masked_fill_(plan.beyond, 0)
