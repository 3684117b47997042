"""Kernels: how much a pair of spikes changes a synapse, from the difference of their times.

With Δ = t_post − t_pre, less the delay where a rule is adjusted to it, a window of spike-timing-dependent plasticity falls into two halves:

    post    K(Δ) = η·exp(−|Δ|/τ)   where Δ ≥ 0, else 0          the presynaptic spike came first, or at the same time
    pre     K(Δ) = η·exp(−|Δ|/τ)   where Δ < 0, else 0          the postsynaptic spike came first

Each half is a function of its own, so that a rule may take its learning rates, time constants, or whole shapes from different places. A
difference that is not a number, where one side has not spiked yet, stays not a number: rules leave it out of their sums.

Units:
    diff, time_constant: ms;  learning_rate: the parameter's own

Shape:
    diff: (*S)  ->  change: (*S), in its dtype

Reference: Song, Miller, Abbott, Nature Neurosci. 3 (2000) 919.
"""

from typing import Any

import torch
from torch import Tensor


def exp_stdp_post_kernel(diff: Tensor, learning_rate: float | Tensor, time_constant: float | Tensor, **kwargs: Any) -> Tensor:
    """The causal half of the window: what a postsynaptic spike does to the presynaptic spikes before it.

    Args:
        diff: Δ of each pair.
        learning_rate: η, the change at Δ = 0; below 0 for a decrease.
        time_constant: τ, above 0.
        **kwargs: what another kernel may need; unused here.

    Units:
        diff, time_constant: ms

    Returns:
        the change of each pair.

    Example:
        >>> exp_stdp_post_kernel(torch.tensor([-10.0, 0.0, 10.0]), 0.5, 10.0)
        tensor([0.0000, 0.5000, 0.1839])
    """
    return _half(diff, diff >= 0, learning_rate, time_constant)


def exp_stdp_pre_kernel(diff: Tensor, learning_rate: float | Tensor, time_constant: float | Tensor, **kwargs: Any) -> Tensor:
    """The anticausal half of the window: what a presynaptic spike does to the postsynaptic spikes before it.

    Args:
        diff, learning_rate, time_constant, **kwargs: as in `exp_stdp_post_kernel`; η is the change as Δ nears 0.

    Example:
        >>> exp_stdp_pre_kernel(torch.tensor([-10.0, 0.0, 10.0]), -0.5, 10.0)
        tensor([-0.1839,  0.0000,  0.0000])
    """
    return _half(diff, diff < 0, learning_rate, time_constant)


def _half(diff: Tensor, inside: Tensor, learning_rate: float | Tensor, time_constant: float | Tensor) -> Tensor:
    window = torch.exp(-diff.abs() / time_constant) * learning_rate
    return torch.where(inside | diff.isnan(), window, 0)  # the comparison takes no NaN: it would come out as no change at all
