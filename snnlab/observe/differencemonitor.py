"""Monitors of change: what each call of a module changes of an attribute.

    after − before  ──► [ filter_ ──► map_ ] ──► reducer

The value before is copied, for the call may write into it; the value after is the very tensor of the module.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.core import checks
from snnlab.observe.monitor import as_tuple, feed, given, one_each
from snnlab.observe.reducer import Reducer
from snnlab.observe.statemonitor import AttributeMonitor, read


def difference(after: Tensor, before: Tensor) -> Tensor:
    """after − before, also of spikes."""
    return after.float() - before.float() if after.dtype == torch.bool else after - before


@dataclass
class _Before:
    """What an attribute was before the call: a copy, for the call may write into it."""

    attr: str
    value: Any = None

    def __call__(self, module: nn.Module, *_: Any) -> None:
        value = read(module, self.attr)
        self.value = value.detach().clone() if isinstance(value, Tensor) else value


@dataclass
class _Change:
    """What a call changed of an attribute."""

    reducer: Reducer
    attr: str
    counts: Callable[[Any], bool]
    pick: Callable[[Any], tuple]
    op: Callable[[Any, Any], Any]
    before: _Before

    def __call__(self, module: nn.Module, *_: Any) -> None:
        before, self.before.value = self.before.value, None
        after = read(module, self.attr)
        if before is None or after is None or getattr(before, "shape", None) != getattr(after, "shape", None):
            return  # of another batch size there is nothing to compare with
        change = self.op(after, before)
        if self.counts(change):
            feed(self.reducer, self.pick(change))


class DifferenceMonitor(AttributeMonitor):
    """Keeps what each call of a module changes of an attribute: its value after, less its value before.

    On a cell, which is looked at but not called, it keeps the change since the last step of the layer; the first step gives none.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        attr: dotted name of a tensor, seen from the module, such as "parent.weight" on an updater.
        prepend: whether it looks before the hooks that are on the module already.
        filter_: which changes count; None: those that are not None.
        map_: what the reducer is given, from the change to a tuple; None: the change.
        op_: what a change is, from (after, before) to a tensor; None: after − before.

    Raises:
        RuntimeError: the module has no such attribute.

    Example:
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> monitor = snn.DifferenceMonitor(snn.PassthroughReducer(1.0), "parent.weight", connection.defaultupdater())
        >>> connection.updater.weight = torch.tensor([[0.5, -0.25]])
        >>> connection.update()
        >>> monitor.peek()
        tensor([[ 0.5000, -0.2500]])
    """

    def __init__(
        self,
        reducer: Reducer,
        attr: str,
        module: nn.Module | None = None,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
        op_: Callable[[Tensor, Tensor], Any] | None = None,
        name: str | None = None,
    ) -> None:
        self.attr = checks.text("attr", attr)
        self.attrs = (attr,)
        before, how = _Before(attr), {"prepend": prepend}
        change = _Change(reducer, attr, filter_ or given, map_ or as_tuple, op_ or difference, before)
        super().__init__(reducer, module, before, change, how, how, train_update, eval_update, name)

    def clear(self, **kwargs: Any) -> None:
        """Forgets what was seen, also the value that the next change would be counted from."""
        self._prehook.value = None
        super().clear(**kwargs)

    @classmethod
    def partialconstructor(
        cls,
        reducer: Reducer,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
        op_: Callable[[Tensor, Tensor], Any] | None = None,
    ) -> Callable[[str, nn.Module], "DifferenceMonitor"]:
        """A function `f(attr, module)` that watches the changes of a module's attribute.

        The first monitor it builds has the reducer itself, each later one a fresh copy.
        """
        settings = (train_update, eval_update, prepend, filter_, map_, op_)
        return one_each(reducer, lambda each, attr, module: cls(each, attr, module, *settings))
