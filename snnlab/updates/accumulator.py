"""An accumulator gathers what rules want to add to a parameter, and what they want to take away, until the update is applied.

    Δ = R(pos₁, pos₂, …) − R(neg₁, neg₂, …)                      unbounded, R = sum unless set otherwise
    Δ = upper(p, R(pos), max) − lower(p, R(neg), min)             with half bounds
    Δ = bound(p, R(pos), R(neg), max, min)                        with a full bound

Both parts are magnitudes, 0 or above. With the sum, each part is one running tensor: a thousand contributions take no more memory than one.
A contribution may also come as a `Product` of two factors, which waits as it came for as long as it is the only one of its part.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.updates.product import Product

MANY = 1000  # pending contributions at which a forgotten update is more likely than a wish


@dataclass(frozen=True)
class _Bound:
    """A bound with its limits: plain data, so that what holds one can be pickled."""

    function: Callable[..., Tensor]
    limits: tuple[float | None, ...]
    kwargs: dict[str, Any]

    def __call__(self, param: Tensor, *parts: Tensor) -> Tensor:
        return self.function(param, *parts, *self.limits, **self.kwargs)


def _dense(value: Tensor | Product) -> Tensor:
    return value.dense() if isinstance(value, Product) else value


def add_to_(target: Tensor, value: Tensor | Product) -> Tensor:
    """Adds a contribution to a tensor, in place."""
    return target.addmm_(*value.factors) if isinstance(value, Product) else target.add_(value)


class _Part:
    """Pending contributions of one sign."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: list[Tensor | Product] = []
        self._own = False  # whether entries[0] is a running sum of ours, which may be added to in place

    def add(self, value: Tensor | Product, folds: bool) -> None:
        value = value.detach() if isinstance(value, Product) else _real(value.detach())
        if not folds or not self.entries:
            self.entries.append(value if folds else _dense(value))
            self._own = False
            if len(self.entries) == MANY:
                warnings.warn(f"{MANY} updates of {self.name} are pending. Call update() after each step, or clear().", stacklevel=4)
        elif self._own and value.shape == self.entries[0].shape and value.dtype == self.entries[0].dtype:
            add_to_(self.entries[0], value)
        else:
            self.entries = [sum(map(_dense, self.entries), start=_dense(value))]  # several, where another reduction gathered them
            self._own = True

    @property
    def is_product(self) -> bool:
        """Whether nothing but one product is pending, if anything is."""
        return not self.entries or (len(self.entries) == 1 and isinstance(self.entries[0], Product))

    def reduced(self, reduction: Callable[[Tensor, int], Tensor]) -> Tensor | None:
        if not self.entries:
            return None
        if len(self.entries) == 1 and reduction is torch.sum:
            self._own = False  # handed out: the next entry makes a sum of its own
            self.entries = [_dense(self.entries[0])]
            return self.entries[0]
        return reduction(torch.stack(torch.broadcast_tensors(*map(_dense, self.entries))), 0)

    def clear(self) -> None:
        self.entries, self._own = [], False


def _real(value: Tensor) -> Tensor:
    """Numbers that may be added up: True + True is True in torch, and a negative uint8 is large."""
    return value if value.is_floating_point() else value.to(torch.get_default_dtype())


def _copied(value: Tensor | None) -> Tensor | None:
    """What was set may be changed afterwards by whoever set it; what was added is ours."""
    return value.detach().clone() if isinstance(value, Tensor) else value


class Accumulator(Module):
    """Gathers updates of one parameter.

    `acc.pos = t` and `acc.neg = t` append; reading them gives the reduction; `del acc.pos` empties. `acc.add(pos=…, neg=…)` says the same
    in plain words, and takes the tensors over without a copy. Pending updates are detached, never parameters, and never saved.

    Raises:
        TypeError: an update that is no tensor.

    Example:
        >>> acc = Accumulator()
        >>> acc.add(pos=torch.tensor([1.0, 2.0]), neg=torch.tensor([0.5, 0.0]))
        >>> acc.add(pos=torch.tensor([1.0, 0.0]))
        >>> acc(torch.tensor([10.0, 10.0]))
        tensor([11.5000, 12.0000])
    """

    def __init__(self) -> None:
        super().__init__()
        self._pos, self._neg = _Part("pos"), _Part("neg")
        self._reduction: Callable[[Tensor, int], Tensor] = torch.sum
        self._upper: _Bound | None = None
        self._lower: _Bound | None = None
        self._full: _Bound | None = None

    @property
    def pos(self) -> Tensor | None:
        """What is to be added, reduced; None when nothing is pending. Setting it appends; None is ignored."""
        return self._pos.reduced(self._reduction)

    @pos.setter
    def pos(self, value: Tensor | None) -> None:
        self.add(pos=_copied(value))

    @pos.deleter
    def pos(self) -> None:
        self._pos.clear()

    @property
    def neg(self) -> Tensor | None:
        """What is to be taken away, reduced; None when nothing is pending. Setting it appends; None is ignored."""
        return self._neg.reduced(self._reduction)

    @neg.setter
    def neg(self, value: Tensor | None) -> None:
        self.add(neg=_copied(value))

    @neg.deleter
    def neg(self) -> None:
        self._neg.clear()

    def add(self, pos: Tensor | Product | None = None, neg: Tensor | Product | None = None) -> None:
        """Appends an update: magnitudes to be added and to be taken away. They are kept, not copied: do not change them afterwards."""
        for name, value in (("pos", pos), ("neg", neg)):
            if value is not None and not isinstance(value, Product):
                checks.tensor(name, value)
        folds = self._reduction is torch.sum
        if pos is not None:
            self._pos.add(pos, folds)
        if neg is not None:
            self._neg.add(neg, folds)

    def reduction(self, fn: Callable[[Tensor, int], Tensor] | None = None) -> None:
        """Sets how pending updates become one: `fn(stacked, 0)`; None: `torch.sum`."""
        self._reduction = torch.sum if fn is None else fn

    def upperbound(self, bound: Callable[..., Tensor] | None, max: float | None = None, /, **kwargs: Any) -> None:
        """Scales what is added by `bound(param, pos, max, **kwargs)`, such as `bound_upper_power`; None: no bound."""
        self._full = None
        self._upper = None if bound is None else _Bound(bound, (max,), kwargs)

    def lowerbound(self, bound: Callable[..., Tensor] | None, min: float | None = None, /, **kwargs: Any) -> None:
        """Scales what is taken away by `bound(param, neg, min, **kwargs)`, such as `bound_lower_power`; None: no bound."""
        self._full = None
        self._lower = None if bound is None else _Bound(bound, (min,), kwargs)

    def fullbound(self, bound: Callable[..., Tensor] | None, max: float | None = None, min: float | None = None, /, **kwargs: Any) -> None:
        """Makes the update `bound(param, pos, neg, max, min, **kwargs)`, such as `bound_power`; None: no bound."""
        self._upper = self._lower = None
        self._full = None if bound is None else _Bound(bound, (max, min), kwargs)

    def update(self, param: Tensor | None) -> Tensor | None:
        """The change that the pending updates make of a parameter; None when nothing is pending.

        Args:
            param: present value; None will do where no bound is set.
        """
        pos, neg = self.pos, self.neg
        if pos is None and neg is None:
            return None
        if self._full is not None:
            return self._full(param, *(torch.zeros_like(param) if part is None else part for part in (pos, neg)))
        pos = self._upper(param, pos) if self._upper and pos is not None else pos
        neg = self._lower(param, neg) if self._lower and neg is not None else neg
        if neg is None:
            return pos
        return -neg if pos is None else pos - neg

    def pending(self, param: Tensor) -> Tensor | Product | None:
        """The same as `update`, but left as one product where no more than products is pending and no bound is set."""
        bounded = self._full is not None or self._upper is not None or self._lower is not None
        if bounded or self._reduction is not torch.sum or not (self._pos.is_product and self._neg.is_product):
            return self.update(param)
        pos, neg = self._pos.entries, self._neg.entries
        if not neg:
            return pos[0] if pos else None
        return pos[0] - neg[0] if pos else -neg[0]

    def clear(self, **kwargs: Any) -> None:
        """Forgets all pending updates."""
        self._pos.clear()
        self._neg.clear()

    def forward(self, param: Tensor) -> Tensor:
        """The parameter with its pending updates applied; `param` itself is not changed."""
        update = self.update(param)
        return param if update is None else param + update

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Accumulator":
        for part in (self._pos, self._neg):
            part.entries = [entry.map(fn) if isinstance(entry, Product) else fn(entry) for entry in part.entries]
        return super()._apply(fn, recurse)
