"""Tensors: new ones that take after an old one, and the scaling of values.

    normalize               scale·x / max(‖x‖_p, ε)
    rescale                 resmin + (x − srcmin)·(resmax − resmin)/(srcmax − srcmin)
    exponential_smoothing   α·o + (1 − α)·level

The factories `zeros, ones, full, uniform, normal` make a tensor with the shape, dtype and device of a reference, each of which a keyword
may override. All take the same keywords, so that one may stand for another as an initialiser of weights:

    LinearDense(..., weight_init=lambda w: uniform(w, generator=generator))
"""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from snnlab.core import checks


def zeros(
    tensor: Tensor,
    *,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A tensor of zeros.

    Args:
        tensor: the reference for what is not given.
        shape: sizes of the new tensor.
        dtype: type of its elements.
        device: where it lives.
        generator: unused here: nothing is drawn.

    Returns:
        a new tensor.

    Example:
        >>> zeros(torch.tensor([1.0, 2.0]), shape=(3,))
        tensor([0., 0., 0.])
    """
    return full(tensor, 0, shape=shape, dtype=dtype, device=device)


def ones(
    tensor: Tensor,
    *,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A tensor of ones. Arguments as in `zeros`.

    Example:
        >>> ones(torch.tensor([True, False]))
        tensor([True, True])
    """
    return full(tensor, 1, shape=shape, dtype=dtype, device=device)


def full(
    tensor: Tensor,
    value: float | bool,
    *,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A tensor of one value. Arguments as in `zeros`, and the value of every element.

    Example:
        >>> full(torch.tensor([1.0, 2.0]), 0.5)
        tensor([0.5000, 0.5000])
    """
    shape, dtype, device = _like(tensor, shape, dtype, device)
    return torch.full(shape, value, dtype=dtype, device=device)


def uniform(
    tensor: Tensor,
    *,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A tensor of random values, evenly spread over 0 ≤ x < 1. Arguments as in `zeros`, and:

    Args:
        generator: the source of randomness; None takes torch's own.

    Raises:
        TypeError: the dtype is not of floating point.

    Example:
        >>> x = uniform(torch.zeros(1000), generator=torch.Generator().manual_seed(0))
        >>> bool((x >= 0).all() and (x < 1).all())
        True
    """
    shape, dtype, device = _like(tensor, shape, dtype, device)
    return torch.rand(shape, dtype=_floating(dtype), device=device, generator=generator)


def normal(
    tensor: Tensor,
    *,
    shape: Sequence[int] | None = None,
    dtype: torch.dtype | None = None,
    device: torch.device | str | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """A tensor of random values from the normal distribution of mean 0 and deviation 1. Arguments as in `uniform`.

    Example:
        >>> normal(torch.zeros(2, 3), shape=(4,)).shape
        torch.Size([4])
    """
    shape, dtype, device = _like(tensor, shape, dtype, device)
    return torch.randn(shape, dtype=_floating(dtype), device=device, generator=generator)


def scalar(value: float | bool, tensor: Tensor) -> Tensor:
    """A zero-dimensional tensor with the dtype and device of another.

    Args:
        value: what it holds.
        tensor: the reference.

    Returns:
        a new tensor of shape ().

    Example:
        >>> scalar(3, torch.tensor([0.5]))
        tensor(3.)
    """
    return torch.tensor(value, dtype=tensor.dtype, device=tensor.device)


@lru_cache(maxsize=1024)
def constant(value: float, dtype: torch.dtype, device: torch.device) -> Tensor:
    """A number as a zero-dimensional tensor, the same one at every call: to be read, and never written to.

    Example:
        >>> constant(0.5, torch.float64, torch.device("cpu"))
        tensor(0.5000, dtype=torch.float64)
    """
    with torch.inference_mode(False):  # or it could take no part in a graph later
        return torch.scalar_tensor(value, dtype=dtype, device=device)


def normalize(
    data: Tensor,
    order: float,
    scale: float | Tensor = 1.0,
    dim: int | tuple[int, ...] | None = None,
    epsilon: float = 1e-12,
) -> Tensor:
    """Gives data a norm of `scale`.

    Args:
        data: what to normalise.
        order: p of the norm: 1 for the sum of magnitudes, 2 for the length.
        scale: the norm of the result.
        dim: the dimensions over which the norm is taken; None takes all.
        epsilon: norms below it count as it, so that zeros stay zeros.

    Returns:
        a new tensor shaped like data.

    Example:
        >>> normalize(torch.tensor([[1.0, 3.0], [0.0, 0.0]]), order=1, scale=2.0, dim=-1)
        tensor([[0.5000, 1.5000],
                [0.0000, 0.0000]])
    """
    data = _numbers(data)
    norm = torch.linalg.vector_norm(data, ord=order, dim=dim, keepdim=True)
    return data * (scale / norm.clamp(min=epsilon))


def rescale(
    data: Tensor,
    resmin: float | Tensor,
    resmax: float | Tensor,
    *,
    srcmin: float | Tensor | None = None,
    srcmax: float | Tensor | None = None,
    dim: int | tuple[int, ...] | None = None,
) -> Tensor:
    """Maps the range srcmin … srcmax onto resmin … resmax along a line. Nothing is clipped.

    Args:
        data: what to map.
        resmin: where srcmin comes to lie.
        resmax: where srcmax comes to lie.
        srcmin: None takes the least of the data.
        srcmax: None takes the greatest of the data.
        dim: the dimensions over which the extremes are taken; None takes all.

    Returns:
        a new tensor shaped like data. Where the source range is empty (constant data), resmin.

    Example:
        >>> rescale(torch.tensor([2.0, 3.0, 6.0]), 0.0, 1.0)
        tensor([0.0000, 0.2500, 1.0000])
    """
    data = _numbers(data)
    dims = tuple(range(data.ndim)) if dim is None else dim
    low = data.amin(dims, keepdim=True) if srcmin is None else srcmin
    high = data.amax(dims, keepdim=True) if srcmax is None else srcmax
    above = data - low
    span = high - low if isinstance(high - low, Tensor) else above.new_tensor(high - low)
    share = torch.where(span == 0, 0, above / torch.where(span == 0, 1, span))
    return resmin + share * (resmax - resmin)


def exponential_smoothing(obs: Tensor, level: Tensor | None, *, alpha: float | Tensor) -> Tensor:
    """One step of a running average that forgets.

    Args:
        obs: the new observation.
        level: the average so far, or None at the first step.
        alpha: α, the share of the new observation, 0 to 1.

    Returns:
        the new average; the observation itself at the first step.

    Example:
        >>> exponential_smoothing(torch.tensor([4.0]), torch.tensor([0.0]), alpha=0.25)
        tensor([1.])
    """
    return obs if level is None else alpha * obs + (1 - alpha) * level


def _like(tensor: Tensor, shape, dtype, device) -> tuple[tuple[int, ...], torch.dtype, torch.device | str]:
    checks.tensor("tensor", tensor)
    return tuple(tensor.shape if shape is None else shape), dtype or tensor.dtype, device or tensor.device


def _numbers(data: Tensor) -> Tensor:
    """Whole numbers and bools as numbers that can be divided."""
    return data if data.is_floating_point() else data.to(torch.get_default_dtype())


def _floating(dtype: torch.dtype) -> torch.dtype:
    if not dtype.is_floating_point:
        raise TypeError(f"dtype must be of floating point, but is {dtype}. Pass dtype=torch.float32.")
    return dtype


def exact(data: Tensor) -> Tensor:
    """The numbers in double precision, without their graph; in single precision on a device that has no better (Apple's mps).

    Example:
        >>> exact(torch.tensor([0.5])).dtype
        torch.float64
    """
    return data.detach().to(torch.float32 if data.device.type == "mps" else torch.float64)
