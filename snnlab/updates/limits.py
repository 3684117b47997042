"""Limits that are put back after every call of a module: a norm, or a range.

    normalization   W ← scale · W / max(‖W‖_p, ε)        over the given axes
    clamping        W ← min(max(W, low), high)

Their usual target is an updater: `Normalization(connection.updater, "parent.weight", order=1, scale=78.4, dim=-1)` runs after every update
of the weights. A hook must be registered to run.
"""

import math
from functools import lru_cache

from torch import nn

from snnlab.core import checks
from snnlab.core.hooks import StateHook
from snnlab.core.module import without_grad
from snnlab.core.tensors import normalize
from snnlab.updates.updater import Updater, assign, changeable

_MISSING = object()


def _owner(module: nn.Module, attr: str) -> tuple[object, str]:
    """The object that should hold the last name of a dotted attribute, and that name."""
    *way, last = _path(attr)
    owner = module
    for part in way:
        owner = _part(owner, part, attr)
    return owner, last


@lru_cache
def _path(attr: str) -> list[str]:
    return attr.split(".")


def _part(owner: object, name: str, attr: str) -> object:
    found = getattr(owner, name, _MISSING)
    if found is _MISSING:
        raise AttributeError(f"attr is {attr!r}, but {type(owner).__name__} has no attribute {name!r}. Name one that it has.")
    return found


class Normalization(StateHook):
    """Keeps the norm of a tensor attribute: after each call of the module it is scaled back.

    Args:
        module: whose calls it follows.
        attr: dotted name of the tensor, seen from the module.
        order: p of the norm, not 0; infinity takes the largest element.
        scale: value of the norm, not 0.
        dim: axis or axes over which the norm is taken; None takes all.
        epsilon: least norm that is divided by.
        as_prehook, train_update, eval_update: when it runs, as in `StateHook`.

    Raises:
        ValueError: an order or scale of 0.

    Example:
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> connection.updater = connection.defaultupdater()
        >>> limit = Normalization(connection.updater, "parent.weight", order=1, scale=10.0, dim=1)
        >>> limit.register()
        >>> connection.update()
        >>> round(connection.weight.sum().item(), 4)
        10.0
    """

    def __init__(
        self,
        module: nn.Module,
        attr: str,
        order: float,
        scale: float,
        dim: int | tuple[int, ...] | None,
        epsilon: float = 1e-12,
        *,
        as_prehook: bool = False,
        train_update: bool = True,
        eval_update: bool = True,
    ) -> None:
        super().__init__(module, as_prehook=as_prehook, train_update=train_update, eval_update=eval_update)
        if order != float("inf"):
            checks.not_zero("order", order)
        checks.not_zero("scale", scale)
        _part(*_owner(module, checks.text("attr", attr)), attr)
        self.attr, self.order, self.scale, self.dim, self.epsilon = attr, order, scale, dim, epsilon

    @without_grad
    def hook(self, module: nn.Module) -> None:
        """Scales the attribute back to its norm."""
        owner, name = _owner(module, self.attr)
        assign(owner, name, normalize(getattr(owner, name), self.order, self.scale, self.dim, self.epsilon))


class Clamping(StateHook):
    """Keeps a tensor attribute in a range: after each call of the module it is clamped.

    Where an update has changed no more than a few rows or columns of a connection's weights, these are clamped, for all others lie in the
    range since the last time. Whatever torch counts as a write to the weights is seen; after a write that it does not count, through
    `weight.data`, all are clamped again within 32 updates.

    Args:
        module: whose calls it follows.
        attr: dotted name of the tensor, seen from the module.
        min, max: ends of the range; None leaves a side open.
        as_prehook, train_update, eval_update: when it runs, as in `StateHook`.

    Raises:
        RuntimeError: neither end given.
        ValueError: `max` not above `min`.

    Example:
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> connection.updater = connection.defaultupdater()
        >>> limit = Clamping(connection.updater, "parent.weight", min=0.0, max=0.5)
        >>> limit.register()
        >>> connection.updater.weight = torch.tensor([[2.0, 2.0]])
        >>> connection.update()
        >>> connection.weight.detach()
        tensor([[0.5000, 0.5000]])
    """

    def __init__(
        self,
        module: nn.Module,
        attr: str,
        min: float | None = None,
        max: float | None = None,
        *,
        as_prehook: bool = False,
        train_update: bool = True,
        eval_update: bool = True,
    ) -> None:
        super().__init__(module, as_prehook=as_prehook, train_update=train_update, eval_update=eval_update)
        if min is None and max is None:
            raise RuntimeError("min and max are both None: give at least one end of the range.")
        low, high = (None if end is None else checks.number(name, end) for name, end in (("min", min), ("max", max)))
        if low is not None and high is not None and not high > low:
            raise ValueError(f"max must be above min ({low}), but is {high}.")
        _part(*_owner(module, checks.text("attr", attr)), attr)
        self.attr, self.min, self.max = attr, low, high

    def ends_of(self, module: nn.Module, name: str) -> tuple[float | None, float | None] | None:
        """The range in which it keeps a parameter of the module's parent now; None where it does not, or has a `hook` of its own."""
        keeps = self.attr == f"parent.{name}" and self.runs_in(module) and type(self).hook is Clamping.hook
        return (self.min, self.max) if keeps else None

    @without_grad
    def hook(self, module: nn.Module) -> None:
        """Brings the attribute back into its range."""
        owner, name = _owner(module, self.attr)
        parameter, updater = changeable(owner, name), getattr(owner, "updater", None)
        if parameter is not None and isinstance(updater, Updater) and updater.known.holds(name, parameter):
            updater.known.clamp_(name, parameter, self.min, self.max)
        elif parameter is not None and math.isfinite(parameter.sum().item()):  # NaN stays NaN when clamped: the setter refuses it
            parameter.clamp_(self.min, self.max)
        else:
            assign(owner, name, getattr(owner, name).clamp(self.min, self.max))
