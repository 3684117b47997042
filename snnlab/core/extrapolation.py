"""Extrapolation: which two recorded steps explain a value that lies between them.

The mirror of interpolation, for writing. A sample s was observed a time a after the older step prev, 0 < a < dt; each function returns
the pair (prev′, next′) to store in place of (prev, next):

    name              prev′                               next′
    previous          s                                   next
    next              prev                                s
    neighbors         s                                   s
    nearest           s if a ≤ dt/2, else prev            s if a > dt/2, else next
    linear_forward    p = adjust(prev)                    p + (s − p)·dt/a
    linear_backward   n − (n − s)·dt/(dt − a)             n = adjust(next)
    expdecay          s·exp(a/τ)                          s·exp((a − dt)/τ)
    expratedecay      s·exp(λa)                           s·exp(λ(a − dt))

Reading the stored pair back at a, with the interpolation of the same name, gives s again. At a = 0 a forward line has no slope, and at
a = dt a backward line has none: `RecordTensor.insert` writes samples on the grid as they are and asks for no extrapolation there.

Units:
    sample_at, step_time, time_constant: ms;  rate_constant: 1/ms;  the data: any unit, which the result keeps

Shape:
    sample, prev_data, next_data: (*S);  sample_at: (*S), broadcast against the data  ->  each result: (*S)
"""

from collections.abc import Callable

import torch
from torch import Tensor

from snnlab.core.interpolation import _exp

Pair = tuple[Tensor, Tensor]
Adjust = Callable[[Tensor], Tensor] | None


def extrap_previous(sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float) -> Pair:
    """The sample becomes the older value.

    Args:
        sample: what was observed.
        sample_at: when, after the older step.
        prev_data: the value now stored for the older step.
        next_data: the value now stored for the newer step.
        step_time: distance of the two steps.

    Units:
        sample_at, step_time: ms

    Returns:
        the new older and the new newer value.

    Example:
        >>> extrap_previous(torch.tensor([7.0]), torch.tensor([0.5]), torch.tensor([1.0]), torch.tensor([2.0]), 1.0)
        (tensor([7.]), tensor([2.]))
    """
    return sample, next_data


def extrap_next(sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float) -> Pair:
    """The sample becomes the newer value. Arguments as in `extrap_previous`.

    Example:
        >>> extrap_next(torch.tensor([7.0]), torch.tensor([0.5]), torch.tensor([1.0]), torch.tensor([2.0]), 1.0)
        (tensor([1.]), tensor([7.]))
    """
    return prev_data, sample


def extrap_neighbors(sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float) -> Pair:
    """The sample becomes both values. Arguments as in `extrap_previous`.

    Example:
        >>> extrap_neighbors(torch.tensor([7.0]), torch.tensor([0.5]), torch.tensor([1.0]), torch.tensor([2.0]), 1.0)
        (tensor([7.]), tensor([7.]))
    """
    return sample, sample


def extrap_nearest(sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float) -> Pair:
    """The sample becomes the value of the nearer step; of the older one just between the two. Arguments as in `extrap_previous`.

    Example:
        >>> extrap_nearest(torch.tensor([7.0]), torch.tensor([0.6]), torch.tensor([1.0]), torch.tensor([2.0]), 1.0)
        (tensor([1.]), tensor([7.]))
    """
    is_newer = torch.as_tensor(sample_at / step_time > 0.5, device=sample.device)
    return torch.where(is_newer, prev_data, sample), torch.where(is_newer, sample, next_data)


def extrap_linear_forward(
    sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float, *, adjust: Adjust = None
) -> Pair:
    """The line from the older value through the sample, drawn on to the newer step. Arguments as in `extrap_previous`, and:

    Args:
        adjust: changes the older value first (a decay until now, say); None keeps it.

    Example:
        >>> extrap_linear_forward(torch.tensor([7.0]), torch.tensor([0.5]), torch.tensor([1.0]), torch.tensor([2.0]), 1.0)
        (tensor([1.]), tensor([13.]))
    """
    start = adjust(prev_data) if adjust else prev_data
    return start, start + (sample - start) / sample_at * step_time


def extrap_linear_backward(
    sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float, *, adjust: Adjust = None
) -> Pair:
    """The line from the newer value through the sample, drawn back to the older step. Arguments as in `extrap_previous`, and:

    Args:
        adjust: changes the newer value first; None keeps it.

    Example:
        >>> extrap_linear_backward(torch.tensor([7.0]), torch.tensor([0.5]), torch.tensor([1.0]), torch.tensor([2.0]), 1.0)
        (tensor([12.]), tensor([2.]))
    """
    end = adjust(next_data) if adjust else next_data
    return end - (end - sample) / (step_time - sample_at) * step_time, end


def extrap_expdecay(
    sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float, *, time_constant: float | Tensor
) -> Pair:
    """The decay that runs through the sample. Arguments as in `extrap_previous`, and:

    Args:
        time_constant: τ, above 0 ms.

    Example:
        >>> extrap_expdecay(torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([0.0]), torch.tensor([0.0]), 1.0, time_constant=0.5)
        (tensor([2.7183]), tensor([0.3679]))
    """
    return sample * _exp(sample_at / time_constant), sample * _exp((sample_at - step_time) / time_constant)


def extrap_expratedecay(
    sample: Tensor, sample_at: Tensor, prev_data: Tensor, next_data: Tensor, step_time: float, *, rate_constant: float | Tensor
) -> Pair:
    """The decay that runs through the sample. Arguments as in `extrap_previous`, and:

    Args:
        rate_constant: λ = 1/τ, in 1/ms.

    Example:
        >>> extrap_expratedecay(torch.tensor([1.0]), torch.tensor([0.5]), torch.tensor([0.0]), torch.tensor([0.0]), 1.0, rate_constant=2.0)
        (tensor([2.7183]), tensor([0.3679]))
    """
    return sample * _exp(rate_constant * sample_at), sample * _exp(rate_constant * (sample_at - step_time))
