"""Interpolation: the value between two recorded steps.

A record holds one value a step. `prev` is the older neighbour of the wanted time, `next` the newer, and a the time from prev to the
wanted moment, 0 ≤ a ≤ dt:

    previous       prev
    next           next
    nearest        prev if a/dt ≤ 1/2, else next
    linear         prev + (next − prev)·a/dt
    expdecay       prev·exp(−a/τ)
    expratedecay   prev·exp(−λa)

The last two are exact for a quantity that decays between spikes, such as a trace or a synaptic current. All functions take
`(prev_data, next_data, sample_at, step_time)` and work element by element, so that `RecordTensor.select` can use any of them.

Units:
    sample_at, step_time, time_constant: ms;  rate_constant: 1/ms;  the data: any unit, which the result keeps

Shape:
    prev_data, next_data: (*S);  sample_at: (*S), broadcast against the data  ->  result: (*S)
"""

import torch
from torch import Tensor


def interp_previous(prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
    """The older value, held until the next step.

    Args:
        prev_data: the value one step begins with.
        next_data: the value it ends with; unused.
        sample_at: the wanted time after prev_data; unused.
        step_time: distance of the two values; unused.

    Units:
        sample_at, step_time: ms

    Returns:
        prev_data itself.

    Example:
        >>> interp_previous(torch.tensor([2.0]), torch.tensor([4.0]), torch.tensor([0.9]), 1.0)
        tensor([2.])
    """
    return prev_data


def interp_next(prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
    """The newer value. Arguments as in `interp_previous`.

    Example:
        >>> interp_next(torch.tensor([2.0]), torch.tensor([4.0]), torch.tensor([0.1]), 1.0)
        tensor([4.])
    """
    return next_data


def interp_nearest(prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
    """The value of the nearer step; the older one just between the two. Arguments as in `interp_previous`.

    Example:
        >>> interp_nearest(torch.tensor([2.0, 2.0]), torch.tensor([4.0, 4.0]), torch.tensor([0.5, 0.6]), 1.0)
        tensor([2., 4.])
    """
    return torch.where(torch.as_tensor(sample_at / step_time > 0.5, device=prev_data.device), next_data, prev_data)


def interp_linear(prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float) -> Tensor:
    """The straight line between the two values. Arguments as in `interp_previous`.

    Example:
        >>> interp_linear(torch.tensor([2.0]), torch.tensor([4.0]), torch.tensor([0.25]), 1.0)
        tensor([2.5000])
    """
    return prev_data + (next_data - prev_data) * (sample_at / step_time)


def interp_expdecay(prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float, *, time_constant: float | Tensor) -> Tensor:
    """The older value, decayed until the wanted time. Arguments as in `interp_previous`, and:

    Args:
        time_constant: τ, above 0 ms.

    Example:
        >>> interp_expdecay(torch.tensor([2.0]), torch.tensor([9.0]), torch.tensor([0.5]), 1.0, time_constant=0.5)
        tensor([0.7358])
    """
    return prev_data * _exp(-sample_at / time_constant)


def interp_expratedecay(
    prev_data: Tensor, next_data: Tensor, sample_at: Tensor, step_time: float, *, rate_constant: float | Tensor
) -> Tensor:
    """The older value, decayed until the wanted time. Arguments as in `interp_previous`, and:

    Args:
        rate_constant: λ = 1/τ, in 1/ms.

    Example:
        >>> interp_expratedecay(torch.tensor([2.0]), torch.tensor([9.0]), torch.tensor([0.5]), 1.0, rate_constant=2.0)
        tensor([0.7358])
    """
    return prev_data * _exp(-rate_constant * sample_at)


def _exp(exponent: Tensor | float) -> Tensor:
    """exp of a tensor, or of a plain number where a notebook passed one."""
    return torch.exp(exponent if isinstance(exponent, Tensor) else torch.tensor(exponent, dtype=torch.float64))
