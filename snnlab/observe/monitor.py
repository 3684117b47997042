"""Monitors: watch a module, and keep what a reducer makes of it.

    module called ──► hook ──► what the monitor picks (inputs, outputs, an attribute) ──► reducer

A module holds its monitors weakly: drop the monitor, and nothing watches any more. Copies of a module are not watched, and a copy of a
monitor keeps what was seen, but watches nothing until it is registered.
"""

import copy
from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

import torch
from torch import Tensor, nn

from snnlab.core.hooks import Hook
from snnlab.observe.reducer import Reducer


class _Weakly:
    """Calls a method of a monitor that nothing here keeps alive; left behind when its module is copied."""

    stays_behind = True

    def __init__(self, method: Callable[..., None] | None) -> None:
        self._method = (lambda: None) if method is None else WeakMethod(method)

    @property
    def owner(self) -> "Monitor | None":
        method = self._method()
        return None if method is None else method.__self__

    def __call__(self, *args: Any) -> None:
        method = self._method()
        if method is not None:
            method(*args)

    def __reduce__(self) -> tuple:
        return _Weakly, (None,)  # a module of torch copies all its hooks: there it is one that does nothing


class Monitor(Hook):
    """Watches a module through a reducer.

    Args:
        reducer: what to keep.
        module: what to watch, at once; None waits for `register`.
        prehook, posthook: functions `f(module, args)` and `f(module, args, output)` that feed the reducer; a copy shares them.
        prehook_kwargs, posthook_kwargs: how torch calls them, as in `Hook`.
        train_update, eval_update: modes of the module in which it watches.
        name: what the monitor is called in `cell.monitors`; None: its type and a number.

    Raises:
        RuntimeError: registered twice, or registered with no module ever named, or on a module with a monitor of the same name.
        TypeError: what is to be watched is no module, what is to keep it no reducer.

    Example:
        >>> neuron = snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> reducer = snn.PassthroughReducer(1.0)
        >>> monitor = snn.Monitor(reducer, neuron, posthook=lambda module, args, output: reducer(module.refrac))
        >>> _ = neuron(torch.tensor([[200.0]]))
        >>> monitor.peek()
        tensor([[2.]])
    """

    _count = 0

    def __init__(
        self,
        reducer: Reducer,
        module: nn.Module | None = None,
        prehook: Callable[..., Any] | None = None,
        posthook: Callable[..., Any] | None = None,
        prehook_kwargs: dict[str, Any] | None = None,
        posthook_kwargs: dict[str, Any] | None = None,
        train_update: bool = True,
        eval_update: bool = True,
        name: str | None = None,
    ) -> None:
        if not isinstance(reducer, Reducer):
            raise TypeError(f"reducer must be a Reducer, such as PassthroughReducer(1.0), but is {reducer!r} ({type(reducer).__name__}).")
        modes = {"train_update": train_update, "eval_update": eval_update}
        super().__init__(prehook, posthook, prehook_kwargs=prehook_kwargs, posthook_kwargs=posthook_kwargs, **modes)
        Monitor._count += 1
        self.name = name or f"{type(self).__name__}{Monitor._count}"
        self.reducer, self._module = reducer, None
        if module is not None:
            self.register(module)

    def register(self, module: nn.Module | None = None) -> None:
        """Watches a module; without one, the module watched before.

        Raises:
            RuntimeError: it watches already; no module was ever named; the module has a monitor of the same name.
            TypeError: what came is no module.
        """
        if module is None:
            if self.registered:
                return
            if self._module is None:
                raise RuntimeError(f"Monitor {self.name} has watched no module yet. Call register(module).")
            module = self._module
        if self.registered:
            raise RuntimeError(f"Monitor {self.name} is registered already. Call its deregister() first.")
        if isinstance(module, nn.Module) and self.name in monitors_of(module):
            raise RuntimeError(
                f"{type(module).__name__} has a monitor {self.name!r} already. Give this one another name, or drop the other."
            )
        super().register(module)
        self._module = module

    def deregister(self) -> None:
        """Takes the monitor off its module; without effect when it is off."""
        places = [handle.id for handle in self._handles]
        super().deregister()
        if self._module is not None:  # freed with a cycle, torch's handles know their module no more
            for hooks in (self._module._forward_pre_hooks, self._module._forward_hooks):
                for place in places:
                    hooks.pop(place, None)

    def _bind(self, method: str) -> Callable[..., None]:
        return _Weakly(getattr(self, method))

    def __del__(self) -> None:
        if hasattr(self, "_handles"):
            self.deregister()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_handles": [], "_module": None}

    @property
    def latest(self) -> Tensor | None:
        """The newest state of the reducer, or None."""
        return self.reducer.latest

    def peek(self) -> Tensor | None:
        """The newest state of the reducer, or None."""
        return self.reducer.peek()

    def view(self, time: Tensor | float, tolerance: float | None = None) -> Tensor | None:
        """The reducer's state `time` ms ago, or None."""
        return self.reducer.view(time, tolerance)

    def dump(self) -> Tensor | None:
        """All states that are kept, K x S, newest first, or None.

        Plots want the oldest first: `monitor.dump().flip(0)`.
        """
        return self.reducer.dump()

    def clear(self, **kwargs: Any) -> None:
        """Forgets what was seen."""
        self.reducer.clear(**kwargs)

    def __repr__(self) -> str:
        watched = type(self._module).__name__ if self.registered else "nothing"
        return f"{type(self).__name__}({self.name!r}, {type(self.reducer).__name__}, watches {watched})"


def monitors_of(module: nn.Module) -> dict[str, Monitor]:
    """The monitors that watch a module, by name."""
    hooks = (*module._forward_pre_hooks.values(), *module._forward_hooks.values())
    found = (getattr(hook, "owner", None) for hook in hooks)
    return {monitor.name: monitor for monitor in found if isinstance(monitor, Monitor)}


def feed(reducer: Reducer, values: tuple[Any, ...]) -> None:
    """Gives a reducer the very tensors that were picked. A graph goes in only where the reducer keeps one, with `inplace=False`."""
    with torch.set_grad_enabled(torch.is_grad_enabled() and not getattr(reducer, "inplace", True)):
        reducer(*values)


def given(value: Any) -> bool:
    """Whether there is something to keep: what most monitors count."""
    return value is not None


def as_tuple(value: Any) -> tuple[Any, ...]:
    """A value as the arguments of a reducer: what most monitors pass on."""
    return value if isinstance(value, tuple) else (value,)


def one_each(reducer: Reducer, build: Callable[[Reducer, str, nn.Module], Monitor]) -> Callable[[str, nn.Module], Monitor]:
    """`f(attr, module)`, which builds a monitor: the first with the reducer itself, each later one with a fresh copy."""
    fresh, left = copy.deepcopy(reducer), [reducer]

    def construct(attr: str, module: nn.Module) -> Monitor:
        monitor = build(left[0] if left else copy.deepcopy(fresh), attr, module)
        left.clear()
        return monitor

    return construct
