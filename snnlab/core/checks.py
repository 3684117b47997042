"""Checks of arguments: one function a kind of wish, so that every error of the library reads alike.

A message names the argument, the wish with its unit, and the value that came; `hint` adds what to do next:

    time_constant must be above 0 ms, but is 0.0 ms. For no decay, use DeltaCurrent.

Each function returns the checked value, so that a constructor reads `self.dt_ = checks.positive("step_time", step_time, "ms")`.
"""

import math
from collections.abc import Callable, Iterable
from numbers import Integral, Real
from typing import Any

import torch
from torch import Tensor


def _say(name: str, wish: str, came: str, hint: str) -> str:
    return f"{name} must be {wish}, but is {came}.{' ' + hint if hint else ''}"


def number(name: str, value: Any, unit: str = "", hint: str = "") -> float:
    """A finite real number, as a float; TypeError for another kind, ValueError for NaN and infinity."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(_say(name, f"a number{f' in {unit}' if unit else ''}", f"{value!r} ({type(value).__name__})", hint))
    if not math.isfinite(value):
        raise ValueError(_say(name, "a finite number", _with_unit(value, unit), hint))
    return float(value)


def _with_unit(value: float, unit: str) -> str:
    return f"{value} {unit}".rstrip()


def positive(name: str, value: Any, unit: str = "", hint: str = "") -> float:
    """A number above 0."""
    value = number(name, value, unit, hint)
    if value <= 0:
        raise ValueError(_say(name, f"above {_with_unit(0, unit)}", _with_unit(value, unit), hint))
    return value


def not_negative(name: str, value: Any, unit: str = "", hint: str = "") -> float:
    """A number of 0 or above."""
    value = number(name, value, unit, hint)
    if value < 0:
        raise ValueError(_say(name, f"{_with_unit(0, unit)} or above", _with_unit(value, unit), hint))
    return value


def not_zero(name: str, value: Any, unit: str = "", hint: str = "") -> float:
    """A number other than 0."""
    value = number(name, value, unit, hint)
    if value == 0:
        raise ValueError(_say(name, f"other than {_with_unit(0, unit)}", _with_unit(value, unit), hint))
    return value


def whole(name: str, value: Any, least: int = 1, hint: str = "") -> int:
    """A whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(_say(name, "a whole number", f"{value!r} ({type(value).__name__})", hint))
    if value < least:
        raise ValueError(_say(name, f"a whole number of at least {least}", str(int(value)), hint))
    return int(value)


def one_of(name: str, value: Any, choices: Iterable[Any], error: type[Exception] = ValueError, hint: str = "") -> Any:
    """One of the listed values."""
    choices = list(choices)
    if value not in choices:
        raise error(_say(name, "one of " + ", ".join(map(repr, choices)), repr(value), hint))
    return value


def shape(name: str, value: Any) -> tuple[int, ...]:
    """A shape as a tuple of sizes above 0; an int becomes a 1-tuple."""
    sizes = (value,) if isinstance(value, Integral) and not isinstance(value, bool) else value
    if not isinstance(sizes, Iterable) or isinstance(sizes, str):
        raise TypeError(_say(name, "an int or a tuple of ints", f"{value!r} ({type(value).__name__})", ""))
    sizes = tuple(whole(f"every size in {name}", size) for size in sizes)
    if not sizes:
        raise ValueError(_say(name, "a shape of at least one size", "()", ""))
    return sizes


def tensor(name: str, value: Any) -> Tensor:
    """A tensor."""
    if not isinstance(value, Tensor):
        kind, shape = type(value).__name__, f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        came = f"{value!r} ({kind})" if len(repr(value)) <= 40 else f"a {kind}{shape}"
        hint = "Pass its .values." if isinstance(getattr(value, "values", None), Tensor) else "Wrap it with torch.as_tensor."
        raise TypeError(_say(name, "a torch.Tensor", came, hint))
    return value


def shaped(name: str, value: Any, wanted: tuple[int, ...], axes: str = "", hint: str = "") -> Tensor:
    """A tensor of exactly the shape `wanted`; `axes` says what they are, as in "B x M"."""
    if tensor(name, value).shape != tuple(wanted):
        wish = f"of shape {tuple(wanted)}{f' ({axes})' if axes else ''}"
        raise ValueError(_say(name, wish, f"of shape {tuple(value.shape)}", hint))
    return value


def finite(name: str, value: Tensor, hint: str = "") -> Tensor:
    """A real tensor without NaN or infinity. Checks the sum, which is cheap; a bool or integer tensor needs no check."""
    if not isinstance(value, Tensor) or not value.is_floating_point():
        if tensor(name, value).is_complex():
            raise TypeError(_say(name, "real", f"of dtype {value.dtype}", "Pass its magnitude, or its real part."))
        return value
    if not math.isfinite((value.detach() if value.requires_grad else value).sum().item()):
        wrong = int((~torch.isfinite(value)).sum())
        if wrong:  # the sum of large finite numbers may overflow: that is no fault of theirs
            raise ValueError(_say(name, "finite in every element", f"NaN or infinite in {wrong} of {value.numel()}", hint))
    return value


def fitting(name: str, value: Tensor, dtype: torch.dtype) -> Tensor:
    """A finite tensor in another dtype, and finite there too: 1e39 fits into double precision, and not into single."""
    value = finite(name, value)
    if value.dtype == dtype:
        return value
    if value.is_floating_point():
        return finite(name, value.to(dtype), f"It must fit into {str(dtype).removeprefix('torch.')}.")
    return value.to(dtype)


def boolean(name: str, value: Any) -> bool:
    """True or False, and nothing that merely counts as one."""
    if not isinstance(value, bool):
        raise TypeError(_say(name, "True or False", f"{value!r} ({type(value).__name__})", ""))
    return value


def reduction(name: str, value: Any) -> Callable[[Tensor, int], Tensor]:
    """A reduction over an axis, `f(tensor, dim)`; None is the mean."""
    if value is not None and not callable(value):
        raise TypeError(_say(name, "a function f(tensor, dim) or None", f"{value!r} ({type(value).__name__})", "Pass torch.sum, for one."))
    return torch.mean if value is None else value


def text(name: str, value: Any, hint: str = "") -> str:
    """A string that is not empty."""
    if not isinstance(value, str):
        raise TypeError(_say(name, "a string", f"{value!r} ({type(value).__name__})", hint))
    if not value:
        raise ValueError(_say(name, "a string that is not empty", "''", hint))
    return value


def unimplemented(owner: Any, name: str) -> NotImplementedError:
    """The error of a member that a base class only names: `raise checks.unimplemented(self, "weight")`."""
    kind = owner if isinstance(owner, type) else type(owner)
    return NotImplementedError(f"{kind.__name__} must implement {name}: its base class only says what it is.")
