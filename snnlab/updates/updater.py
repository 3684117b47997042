"""An updater applies pending updates to the parameters of a module, all at one moment of a step.

    p ← clamp(p + Δ)        for each parameter p with pending updates, Δ as in `snnlab.updates.accumulator`

Rules only write into the accumulators, `connection.updater.weight`; nothing changes until `connection.update()` (or `layer.update()`).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.core import checks
from snnlab.core.module import Module, without_grad
from snnlab.updates.accumulator import Accumulator, add_to_
from snnlab.updates.known import KnownFinite
from snnlab.updates.product import Product, add_and_clamp_


def checks_alone(setter: Callable) -> Callable:
    """Marks the setter of a property that checks a value and copies it and does no more: an updater may then add in place."""
    setter.checks_alone = True
    return setter


def assign(owner: Any, name: str, value: Tensor) -> None:
    """Sets a tensor attribute: a parameter or buffer of a plain module is checked and written in place, any other by its setter."""
    present = owner._parameters.get(name, owner._buffers.get(name)) if isinstance(owner, nn.Module) else None
    if present is None:
        setattr(owner, name, value)
    else:
        with torch.no_grad():
            present.copy_(checks.finite(name, checks.shaped(name, value, tuple(present.shape), "the present one's")))


def changeable(owner: Any, name: str) -> nn.Parameter | None:
    """The parameter of this name if it may be changed in place, as where its setter does no more than check and copy; else None."""
    value, by_class = getattr(owner, name), _set_plainly(type(owner), name)
    plain = name in owner._parameters if by_class is None else by_class
    return value if plain and isinstance(value, nn.Parameter) else None


@lru_cache
def _set_plainly(kind: type, name: str) -> bool | None:
    """Whether the setter that a class has for a name does no more than check and copy; None for a name of which it knows nothing."""
    if hasattr(kind, f"limit_{name}"):
        return False
    found = getattr(kind, name, None)
    return None if found is None else hasattr(getattr(found, "fset", None), "checks_alone")


class Updater(Module):
    """One accumulator for each named parameter of a module.

    `updater.NAME` is the accumulator; `updater.NAME = t` adds t to its positive part, `updater.NAME = (pos, neg)` to both;
    `del updater.NAME` empties it. Calling the updater applies what is pending; hooks such as `Clamping` then run.

    Args:
        module: whose parameters are updated; a plain reference, kept out of state and of `modules()`.
        *params: names of the parameters.
        reduction: how pending updates become one, as in `Accumulator.reduction`.

    Attributes:
        applied: how often updates of each parameter were applied; one that was refused does not count.
        known: which parameters are known to be finite, and so are not read before an update.

    Raises:
        RuntimeError: the module has no attribute of a given name.
        AttributeError: a name that is not updated here.

    Example:
        >>> module = torch.nn.Linear(1, 1, bias=False).requires_grad_(False)
        >>> updater = Updater(module, "weight")
        >>> before = module.weight.item()
        >>> updater.weight = (torch.tensor([[2.0]]), torch.tensor([[0.5]]))
        >>> updater()
        >>> round(module.weight.item() - before, 4)
        1.5
    """

    def __init__(self, module: nn.Module, *params: str, reduction: Callable[[Tensor, int], Tensor] | None = None) -> None:
        super().__init__()
        for name in params:
            if not hasattr(module, name):
                raise RuntimeError(f"{type(module).__name__} has no attribute {name!r} to update. Name a parameter that it has.")
        self.__dict__.update(parent=module, applied=dict.fromkeys(params, 0), known=KnownFinite())
        self.updates_ = nn.ModuleDict({name: Accumulator() for name in params})
        for accumulator in self.updates_.values():
            accumulator.reduction(reduction)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters that are updated."""
        return tuple(self._accumulators)

    @property
    def _accumulators(self) -> dict[str, Accumulator]:
        """The accumulators by name, in a plain dictionary, as they are looked up several times a step; empty until there are any."""
        updates = self.__dict__.get("_modules", {}).get("updates_")
        return {} if updates is None else updates._modules

    def __getattr__(self, name: str) -> Any:
        found = self._accumulators.get(name)
        return super().__getattr__(name) if found is None else found

    def __setattr__(self, name: str, value: Any) -> None:
        updates = self._accumulators
        if name not in updates:
            if updates and isinstance(value, Tensor | tuple | list) and not hasattr(self, name):  # a slip that would lose an update
                raise self._unknown(name)
            super().__setattr__(name, value)
        elif isinstance(value, tuple | list):
            if len(value) != 2:
                raise ValueError(f"{name} must be a tensor, None or a pair (pos, neg), but is {len(value)} values.")
            updates[name].add(*(part.detach().clone() if isinstance(part, Tensor) else part for part in value))
        else:
            updates[name].pos = value

    def __delattr__(self, name: str) -> None:
        if name in self.names:
            self.updates_[name].clear()
        else:
            super().__delattr__(name)

    def clear(self, **kwargs: Any) -> None:
        """Forgets all pending updates."""
        for accumulator in self._accumulators.values():
            accumulator.clear()

    @without_grad
    def forward(self, *names: str) -> None:
        """Applies pending updates to the named parameters, or to all.

        Raises:
            AttributeError: a name that is not updated here.
            ValueError: an update that would make a parameter NaN or infinite, or of another shape; nothing is changed then.
        """
        for name in names:
            if name not in self._accumulators:
                raise self._unknown(name)
        updates, asked = {}, dict.fromkeys(names or self._accumulators)
        for name in asked:
            if (update := self._accumulators[name].pending(getattr(self.parent, name))) is not None:
                updates[name] = update
        if len(updates) != 1 or not self._add_in_place(*next(iter(updates.items()))):
            self._replace(updates)
        for name in asked:
            self.applied[name] += 1

    def _replace(self, updates: dict[str, Tensor | Product]) -> None:
        """Sets each parameter to its sum with its update; all sums are good, or none is set."""
        values = {}
        for name, update in updates.items():
            parameter, update = getattr(self.parent, name), update.dense() if isinstance(update, Product) else update
            _check_fits(name, update, parameter)
            limit = getattr(self.parent, f"limit_{name}", None)  # a method, such as the range of a delay
            values[name] = parameter + update if limit is None else limit(parameter + update)
        if len(values) > 1:  # one alone is checked where it is set
            for name, value in values.items():
                checks.finite(name, checks.shaped(name, value, tuple(getattr(self.parent, name).shape), "the present one's"))
        for name, value in values.items():
            assign(self.parent, name, value)

    def _add_in_place(self, name: str, update: Tensor | Product) -> bool:
        """Adds an update without a copy of the parameter, and says whether it could.

        What cannot be undone must not fail: a finite parameter stays finite if the update is smaller than half the gap between the two
        largest numbers of its dtype.
        """
        parameter = changeable(self.parent, name)
        if parameter is None or update.shape != parameter.shape or update.dtype != parameter.dtype:
            return False
        changes = None
        if not isinstance(update, Product):
            bound = torch.linalg.vector_norm(update).item()  # of each element's size
        elif (changes := update.changes()) is None:
            bound = update.bound()
        else:
            bound = sum([change.bound() for change in changes])
        kind = torch.finfo(parameter.dtype)
        if not bound < kind.max * kind.eps / 8:  # nor if it is NaN
            return False
        if unknown := not self.known.holds(name, parameter):
            checks.finite(name, parameter)
        ends = None if not changes or unknown else self._limits_at_once(name)
        if changes is None:
            add_to_(parameter, update)
        elif ends is not None and ends == self.known.within(name):
            add_and_clamp_(parameter, changes, *ends)
            changes = []  # nothing has left the range
        else:
            for change in changes:
                change.add_to_(parameter)
        self.known.keep(name, parameter, read=unknown, changes=changes)
        return True

    def _limits_at_once(self, name: str) -> tuple[float | None, float | None] | None:
        """The range that a parameter is clamped to before anything else sees it: that of the first hook, if it is a `Clamping`."""
        limit = getattr(next(iter(self._forward_hooks.values()), None), "__self__", None)
        return limit.ends_of(self, name) if hasattr(limit, "ends_of") else None

    def _unknown(self, name: str) -> AttributeError:
        return AttributeError(f"{name!r} is not updated here; {', '.join(self.names) or 'nothing'} is.")

    def extra_repr(self) -> str:
        return ", ".join(self.names)


def _check_fits(name: str, update: Tensor, parameter: Tensor) -> None:
    """Refuses an update that does not broadcast to its parameter."""
    try:
        fits = torch.broadcast_shapes(update.shape, parameter.shape) == parameter.shape
    except RuntimeError:
        fits = False
    if not fits:
        shapes = f"{tuple(parameter.shape)}, or broadcast to it, but is of shape {tuple(update.shape)}"
        raise ValueError(f"The update of {name} must be of shape {shapes}. Forget it with updater.clear().")


class Updatable:
    """Gives a module an updater: `updater`, `updatable`, `update`, `updatesome`.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(1.0)
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> _ = connection.defaultupdater()
        >>> connection.updater.weight = torch.tensor([[0.5, 0.0]])
        >>> connection.update()
        >>> connection.weight.data
        tensor([[1.5000, 1.0000]])
    """

    @property
    def updater(self) -> Updater | None:
        """The updater, or None. Setting it replaces it; deleting it drops it and what is pending."""
        return self._modules.get("updater_")

    @updater.setter
    def updater(self, value: Updater | None) -> None:
        if value is not None and not isinstance(value, Updater):
            raise TypeError(f"updater must be an Updater or None, but is {value!r} ({type(value).__name__}). Use defaultupdater().")
        if value is not None and value.parent is not self:
            raise ValueError(f"updater must be one of this {type(self).__name__}, but updates another. Use defaultupdater().")
        self.updater_ = value

    @updater.deleter
    def updater(self) -> None:
        self.updater_ = None

    @property
    def updatable(self) -> bool:
        """Whether there is an updater."""
        return self.updater is not None

    def update(self, clear: bool = True, **kwargs: Any) -> None:
        """Applies all pending updates; without an updater nothing happens.

        Args:
            clear: whether pending updates are forgotten afterwards.
        """
        if (updater := self.updater) is not None:
            updater(**kwargs)
            if clear:
                updater.clear()

    def updatesome(self, *names: str, clear: bool = True) -> None:
        """Applies the pending updates of the named parameters alone."""
        if self.updater is not None and names:
            self.updater(*names)
            if clear:
                for name in names:
                    delattr(self.updater, name)
