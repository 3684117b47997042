"""The two products over a delayed history, with no tensor of batch x inputs x outputs.

A history H of K slots and M rows each is one table of K·M rows, one column a sample (see `RecordTensor`). A synapse (n, m) of delay d reads
row  d·M + m  of it, d in steps. What a step needs is then

    forward    y[n, b] = Σ_m W[n, m]·H[d[n, m]·M + m, b]            a sum over a bag of rows, weighted
    learning   Δ[n, m] = Σ_b  p[n, b]·H[d[n, m]·M + m, b]           its gradient with respect to the weights

Where p is spikes, the second costs as much as there are spikes: each spike (n, b) adds one row of M numbers.

Which rows are read, and at what share, is a `DelayPlan`; see `snnlab.connections.plan`.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.connections.plan import DelayPlan


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
