"""Bounds: how an update shrinks as a parameter nears its limits.

A rule gives two magnitudes, U₊ to add and U₋ to take away. With w the parameter, the headroom above is h₊ = max(w_max − w, 0), below
h₋ = max(w − w_min, 0), and the range r = w_max − w_min:

    Δw = upper(U₊) − lower(U₋)

    power               h^μ · U              scaled power             (h/r)^μ · U
    multiplicative      h · U                scaled multiplicative    (h/r) · U
    sharp               U where h > 0, else 0

Each kind has two half forms, `bound_upper_…` and `bound_lower_…`, and a full form that joins them. In a full form a limit of None leaves
its side as it came. Headroom is never below 0: a parameter that is already beyond a limit is pushed no further, and is not pulled back
either. μ = 0 keeps the update whole, μ = 1 is the multiplicative kind. A step larger than the headroom still crosses a limit; where that
must not happen, clamp after the update as well.

Units:
    param, limits, range: the parameter's own;  update, pos, neg: as the rule gives them, at 0 or above;  power: none

Shape:
    param: (*S);  update, pos, neg: (*S);  limits, range: numbers, or tensors that broadcast  ->  result: (*S)

Reference: Gütig, Aharonov, Rotter, Sompolinsky, J. Neurosci. 23 (2003) 3697; Morrison, Diesmann, Gerstner, Biol. Cybern. 98 (2008) 459.
"""

import torch
from torch import Tensor

from snnlab.core import checks

Limit = float | Tensor


def bound_upper_power(param: Tensor, update: Tensor, limit: Limit, *, power: float) -> Tensor:
    """Scales growth by a power of the headroom above.

    Args:
        param: the parameter as it is now.
        update: by how much to grow it.
        limit: the largest value the parameter should take.
        power: μ, at 0 or above.

    Returns:
        the magnitude to add to the parameter.

    Raises:
        ValueError: power is below 0.

    Example:
        >>> bound_upper_power(torch.tensor([0.5, 1.5]), torch.tensor([1.0, 1.0]), 1.0, power=2.0)
        tensor([0.2500, 0.0000])
    """
    return (_known(limit) - param).clamp(min=0) ** _power("power", power) * update


def bound_lower_power(param: Tensor, update: Tensor, limit: Limit, *, power: float) -> Tensor:
    """Scales shrinking by a power of the headroom below. Arguments as in `bound_upper_power`, with the smallest value as the limit.

    Example:
        >>> bound_lower_power(torch.tensor([0.5, -0.5]), torch.tensor([1.0, 1.0]), 0.0, power=2.0)
        tensor([0.2500, 0.0000])
    """
    return (param - _known(limit)).clamp(min=0) ** _power("power", power) * update


def bound_upper_scaled_power(param: Tensor, update: Tensor, limit: Limit, *, power: float, range: Limit) -> Tensor:
    """Scales growth by a power of the headroom above, as a share of the range. Arguments as in `bound_upper_power`, and:

    Args:
        range: w_max − w_min, above 0.

    Example:
        >>> bound_upper_scaled_power(torch.tensor([1.0]), torch.tensor([1.0]), 2.0, power=2.0, range=4.0)
        tensor([0.0625])
    """
    return ((_known(limit) - param) / _range(range)).clamp(min=0) ** _power("power", power) * update


def bound_lower_scaled_power(param: Tensor, update: Tensor, limit: Limit, *, power: float, range: Limit) -> Tensor:
    """Scales shrinking by a power of the headroom below, as a share of the range. Arguments as in `bound_upper_scaled_power`.

    Example:
        >>> bound_lower_scaled_power(torch.tensor([1.0]), torch.tensor([1.0]), -2.0, power=1.0, range=4.0)
        tensor([0.7500])
    """
    return ((param - _known(limit)) / _range(range)).clamp(min=0) ** _power("power", power) * update


def bound_upper_multiplicative(param: Tensor, update: Tensor, limit: Limit) -> Tensor:
    """Scales growth by the headroom above. Arguments as in `bound_upper_power`.

    Example:
        >>> bound_upper_multiplicative(torch.tensor([0.25, 1.5]), torch.tensor([1.0, 1.0]), 1.0)
        tensor([0.7500, 0.0000])
    """
    return (_known(limit) - param).clamp(min=0) * update


def bound_lower_multiplicative(param: Tensor, update: Tensor, limit: Limit) -> Tensor:
    """Scales shrinking by the headroom below. Arguments as in `bound_lower_power`.

    Example:
        >>> bound_lower_multiplicative(torch.tensor([0.25, -0.5]), torch.tensor([1.0, 1.0]), 0.0)
        tensor([0.2500, 0.0000])
    """
    return (param - _known(limit)).clamp(min=0) * update


def bound_upper_scaled_multiplicative(param: Tensor, update: Tensor, limit: Limit, *, range: Limit) -> Tensor:
    """Scales growth by the headroom above, as a share of the range. Arguments as in `bound_upper_scaled_power`.

    Example:
        >>> bound_upper_scaled_multiplicative(torch.tensor([1.0]), torch.tensor([1.0]), 2.0, range=4.0)
        tensor([0.2500])
    """
    return ((_known(limit) - param) / _range(range)).clamp(min=0) * update


def bound_lower_scaled_multiplicative(param: Tensor, update: Tensor, limit: Limit, *, range: Limit) -> Tensor:
    """Scales shrinking by the headroom below, as a share of the range. Arguments as in `bound_upper_scaled_power`.

    Example:
        >>> bound_lower_scaled_multiplicative(torch.tensor([1.0]), torch.tensor([1.0]), -2.0, range=4.0)
        tensor([0.7500])
    """
    return ((param - _known(limit)) / _range(range)).clamp(min=0) * update


def bound_upper_sharp(param: Tensor, update: Tensor, limit: Limit) -> Tensor:
    """Keeps growth below the limit and drops it at the limit. Arguments as in `bound_upper_power`.

    Example:
        >>> bound_upper_sharp(torch.tensor([0.5, 1.0]), torch.tensor([3.0, 3.0]), 1.0)
        tensor([3., 0.])
    """
    return torch.where(param < _known(limit), update, 0)


def bound_lower_sharp(param: Tensor, update: Tensor, limit: Limit) -> Tensor:
    """Keeps shrinking above the limit and drops it at the limit. Arguments as in `bound_lower_power`.

    Example:
        >>> bound_lower_sharp(torch.tensor([0.5, 0.0]), torch.tensor([3.0, 3.0]), 0.0)
        tensor([3., 0.])
    """
    return torch.where(param > _known(limit), update, 0)


def bound_power(
    param: Tensor, pos: Tensor, neg: Tensor, max: Limit | None, min: Limit | None, *, upper_power: float, lower_power: float
) -> Tensor:
    """Both sides by a power of their headroom.

    Args:
        param: the parameter as it is now.
        pos: by how much to grow it.
        neg: by how much to shrink it.
        max: the largest value the parameter should take; None leaves `pos` as it is.
        min: the smallest value; None leaves `neg` as it is.
        upper_power: μ of the growing side, at 0 or above.
        lower_power: μ of the shrinking side, at 0 or above.

    Returns:
        the change to add to the parameter.

    Raises:
        ValueError: a power is below 0.

    Example:
        >>> w, step = torch.tensor([0.5]), torch.tensor([1.0])
        >>> bound_power(w, step, 0 * step, 1.0, 0.0, upper_power=2.0, lower_power=1.0)
        tensor([0.2500])
    """
    _powers(upper_power, lower_power)
    upper = pos if max is None else bound_upper_power(param, pos, max, power=upper_power)
    return upper - (neg if min is None else bound_lower_power(param, neg, min, power=lower_power))


def bound_scaled_power(
    param: Tensor,
    pos: Tensor,
    neg: Tensor,
    max: Limit | None,
    min: Limit | None,
    *,
    upper_power: float,
    lower_power: float,
    range: Limit | None = None,
) -> Tensor:
    """Both sides by a power of their headroom, as a share of the range. Arguments as in `bound_power`, and:

    Args:
        range: None takes max − min; needed where one limit is None.

    Raises:
        RuntimeError: one limit is None and no range is given.
        ValueError: the range is not above 0.

    Example:
        >>> w, step = torch.tensor([1.0]), torch.tensor([1.0])
        >>> bound_scaled_power(w, 0 * step, step, 2.0, -2.0, upper_power=1.0, lower_power=1.0)
        tensor([-0.7500])
    """
    _powers(upper_power, lower_power)
    span = _span(max, min, range)
    upper = pos if max is None else bound_upper_scaled_power(param, pos, max, power=upper_power, range=span)
    return upper - (neg if min is None else bound_lower_scaled_power(param, neg, min, power=lower_power, range=span))


def bound_multiplicative(param: Tensor, pos: Tensor, neg: Tensor, max: Limit | None, min: Limit | None) -> Tensor:
    """Both sides by their headroom. Arguments as in `bound_power`.

    Example:
        >>> bound_multiplicative(torch.tensor([0.25]), torch.tensor([4.0]), torch.tensor([2.0]), 1.0, 0.0)
        tensor([2.5000])
    """
    upper = pos if max is None else bound_upper_multiplicative(param, pos, max)
    return upper - (neg if min is None else bound_lower_multiplicative(param, neg, min))


def bound_scaled_multiplicative(
    param: Tensor, pos: Tensor, neg: Tensor, max: Limit | None, min: Limit | None, *, range: Limit | None = None
) -> Tensor:
    """Both sides by their headroom, as a share of the range. Arguments as in `bound_scaled_power`.

    Example:
        >>> bound_scaled_multiplicative(torch.tensor([1.0]), torch.tensor([4.0]), torch.tensor([1.0]), 2.0, -2.0)
        tensor([0.2500])
    """
    span = _span(max, min, range)
    upper = pos if max is None else bound_upper_scaled_multiplicative(param, pos, max, range=span)
    return upper - (neg if min is None else bound_lower_scaled_multiplicative(param, neg, min, range=span))


def bound_sharp(param: Tensor, pos: Tensor, neg: Tensor, max: Limit | None, min: Limit | None) -> Tensor:
    """Both sides whole, until their limit is reached. Arguments as in `bound_power`.

    Example:
        >>> bound_sharp(torch.tensor([1.0]), torch.tensor([4.0]), torch.tensor([0.5]), 1.0, 0.0)
        tensor([-0.5000])
    """
    upper = pos if max is None else bound_upper_sharp(param, pos, max)
    return upper - (neg if min is None else bound_lower_sharp(param, neg, min))


def _known(limit: Limit | None) -> Limit:
    """The limit of a half form, which has no other side to leave as it came."""
    if limit is None:
        raise TypeError("limit must be a number or a tensor in the parameter's unit, but is None. Give one, as in upperbound(bound, 1.0).")
    return limit


def _power(name: str, power: float) -> float:
    return checks.not_negative(name, power, hint="0 keeps the update whole, 1 scales it in proportion to the headroom.")


def _powers(upper_power: float, lower_power: float) -> None:
    """Both, even where a limit of None leaves one unused."""
    _power("upper_power", upper_power)
    _power("lower_power", lower_power)


def _range(range: Limit) -> Limit:
    """A tensor of ranges is taken as it is: to look into it at every step would cost more than the bound itself."""
    return range if isinstance(range, Tensor) else checks.positive("range", range, hint="It is the largest value minus the smallest.")


def _span(max: Limit | None, min: Limit | None, range: Limit | None) -> Limit:
    if range is not None:
        return range
    if max is None and min is None:
        return 1.0  # neither side is bounded, and nothing is divided by it
    if max is None or min is None:
        raise RuntimeError(
            f"range must be given where {'max' if max is None else 'min'} is None, but is None. Pass range= in the parameter's unit."
        )
    return max - min
