"""What the weights of a connection must keep, whoever changes them: a fixed sparsity, and Dale's sign.

    mask    W[n, m] = 0          where mask[n, m] = 0: there is no synapse
    sign    W[n, m] ≥ 0          where sign = +1: an excitatory presynaptic cell
            W[n, m] ≤ 0          where sign = −1: an inhibitory one;  0 leaves the weight free

An update that leads out of these bounds ends on them: weights that would cross 0 stop there (a projected update).

Reference: Eccles, Fatt & Koketsu, J. Physiol. 126:524 (1954), on what is called Dale's principle; Song, Yang & Wang, PLoS Comput. Biol.
12(2) (2016), for networks that keep it while they learn.
"""

import torch
from torch import Tensor

from snnlab.core import checks


def constrain_(weight: Tensor, mask: Tensor | None, sign: Tensor | None) -> Tensor:
    """Brings weights, in place, to the nearest ones that keep mask and sign.

    Shape:
        weight, mask: N x M;  sign: broadcasts to the weights

    Example:
        >>> weight = torch.tensor([[1.0, -2.0, 3.0]])
        >>> constrain_(weight, torch.tensor([[1.0, 1.0, 0.0]]), torch.tensor([[1, 1, 1]]))
        tensor([[1., 0., 0.]])
    """
    with torch.no_grad():
        if mask is not None:
            weight.masked_fill_(mask == 0, 0)
        if sign is not None:
            top = torch.full(sign.shape, torch.inf, dtype=weight.dtype, device=weight.device)
            weight.clamp_((-top).masked_fill(sign > 0, 0), top.masked_fill(sign < 0, 0))
    return weight


def check_mask(value: Tensor, weight: Tensor, axes: str) -> Tensor:
    """A mask of 0 and 1 (or False and True) shaped like the weights, in their dtype."""
    checks.shaped("mask", value, tuple(weight.shape), axes)
    value = value.detach().to(weight.device, weight.dtype)
    wrong = int(((value != 0) & (value != 1)).sum())
    if wrong:
        raise ValueError(f"mask must hold 0 (no synapse) and 1 (a synapse), but {wrong} of {value.numel()} values are others.")
    return value.clone()


def check_sign(value: Tensor, weight: Tensor) -> Tensor:
    """Signs of +1, −1 and 0 with as many axes as the weights, each axis as long as theirs or 1; for N x M weights also M signs in a row."""
    value = checks.tensor("sign", value).detach().to(weight.device, weight.dtype)
    if value.dim() == 1 and weight.dim() == 2 and len(value) == weight.shape[1]:
        value = value.unsqueeze(0)
    fits = value.dim() == weight.dim() and all(size in (1, full) for size, full in zip(value.shape, weight.shape, strict=True))
    if not fits:
        wish = f"{tuple(weight.shape)}, as the weights are, with any of these sizes 1"
        wish += f", or ({weight.shape[1]},), one a presynaptic cell" if weight.dim() == 2 else ""
        raise ValueError(f"sign must be of shape {wish}, but is of shape {tuple(value.shape)}.")
    wrong = int(((value != 0) & (value.abs() != 1)).sum())
    if wrong:
        raise ValueError(f"sign must hold +1 (excitatory), -1 (inhibitory) and 0 (free), but {wrong} of {value.numel()} values are others.")
    against = int((weight.detach() * value < 0).sum())
    if against:
        raise ValueError(
            f"sign must agree with the weights, but {against} of {weight.numel()} weights have the other one. "
            "Set the weights first, such as connection.weight = connection.weight.abs() * sign."
        )
    return value.clone()
