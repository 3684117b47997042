"""Monitors: watch a module, and keep what a reducer makes of it.

    module called ──► hook ──► what the monitor picks (inputs, outputs, an attribute) ──► reducer

A module holds its monitors weakly: drop the monitor, and nothing watches any more. Copies of a module are not watched.
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakMethod

import torch
from torch import Tensor, nn

from snnlab.core import checks
from snnlab.core.hooks import Hook
from snnlab.observe.reducers import Reducer


class _Weakly:
    """Calls a method of a monitor that nothing here keeps alive; left behind when its module is copied."""

    stays_behind = True

    def __init__(self, method: Callable[..., None]) -> None:
        self._method = WeakMethod(method)

    @property
    def owner(self) -> "Monitor | None":
        method = self._method()
        return None if method is None else method.__self__

    def __call__(self, *args: Any) -> None:
        method = self._method()
        if method is not None:
            method(*args)


class Monitor(Hook):
    """Watches a module through a reducer.

    Args:
        reducer: what to keep.
        module: what to watch, at once; None waits for `register`.
        prehook, posthook: functions `f(module, args)` and `f(module, args, output)` that feed the reducer.
        train_update, eval_update: modes of the module in which it watches.
        name: what the monitor is called in `cell.monitors`; None: its type and a number.

    Raises:
        RuntimeError: registered twice, or registered with no module ever named.
        TypeError: what is to be watched is no module.

    Example:
        >>> neuron = snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> reducer = snn.PassthroughReducer(1.0)
        >>> monitor = Monitor(reducer, neuron, posthook=lambda module, args, output: reducer(module.refrac))
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
        train_update: bool = True,
        eval_update: bool = True,
        name: str | None = None,
    ) -> None:
        super().__init__(prehook, posthook, train_update=train_update, eval_update=eval_update)
        if not isinstance(reducer, Reducer):
            raise TypeError(f"reducer must be a Reducer, such as PassthroughReducer(1.0), but is {reducer!r} ({type(reducer).__name__}).")
        Monitor._count += 1
        self.name = name or f"{type(self).__name__}{Monitor._count}"
        self.reducer, self._module = reducer, None
        if module is not None:
            self.register(module)

    def register(self, module: nn.Module | None = None) -> None:
        """Watches a module; without one, the module watched before."""
        if module is None:
            if self.registered:
                return
            if self._module is None:
                raise RuntimeError(f"Monitor {self.name} has watched no module yet. Call register(module).")
        if self.registered:
            raise RuntimeError(f"Monitor {self.name} is registered already. Call its deregister() first.")
        super().register(self._module if module is None else module)
        self._module = self._module if module is None else module

    def _bind(self, method: str) -> Callable[..., None]:
        return _Weakly(getattr(self, method))

    def __del__(self) -> None:
        if hasattr(self, "_handles"):
            self.deregister()

    @property
    def latest(self) -> Tensor | None:
        """The newest state of the reducer, or None."""
        return self.reducer.latest

    def peek(self) -> Tensor | None:
        """The newest state of the reducer, or None."""
        return self.reducer.peek()

    def view(self, time: Tensor | float, tolerance: float | None = None) -> Tensor | None:
        """The reducer's state `time` ms ago."""
        return self.reducer.view(time, tolerance)

    def dump(self) -> Tensor | None:
        """All states that are kept, K x S, newest first."""
        return self.reducer.dump()

    def clear(self, **kwargs: Any) -> None:
        """Forgets what was seen."""
        self.reducer.clear(**kwargs)


@torch.no_grad()
def _feed(reducer: Reducer, values: tuple[Any, ...]) -> None:
    reducer(*values)  # a function of the reducer alone: a hook that held its monitor would keep it alive


def _tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


class InputMonitor(Monitor):
    """Keeps what a module is called with.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        filter_: which calls count, from the arguments to bool; None: those with any.
        map_: what the reducer is given, from the arguments to a tuple; None: the arguments.

    Example:
        >>> from snnlab.observe import PassthroughReducer
        >>> neuron = snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> monitor = InputMonitor(PassthroughReducer(1.0), neuron)
        >>> _ = neuron(torch.tensor([[0.5]]))
        >>> monitor.peek()
        tensor([[0.5000]])
    """

    def __init__(
        self,
        reducer: Reducer,
        module: nn.Module | None = None,
        train_update: bool = True,
        eval_update: bool = True,
        filter_: Callable[[tuple], bool] | None = None,
        map_: Callable[[tuple], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        counts, pick = filter_ or bool, map_ or (lambda args: args)

        def prehook(_: nn.Module, args: tuple) -> None:
            if counts(args):
                _feed(reducer, pick(args))

        super().__init__(reducer, module, prehook, None, train_update, eval_update, name)


class OutputMonitor(Monitor):
    """Keeps what a module returns.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        filter_: which calls count, from the output to bool; None: those that do not return None.
        map_: what the reducer is given, from the output to a tuple; None: the output.

    Example:
        >>> neuron = snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> monitor = OutputMonitor(snn.PassthroughReducer(1.0), neuron)
        >>> _ = neuron(torch.tensor([[0.0, 200.0]]))
        >>> monitor.peek()
        tensor([[0., 1.]])
    """

    def __init__(
        self,
        reducer: Reducer,
        module: nn.Module | None = None,
        train_update: bool = True,
        eval_update: bool = True,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        counts, pick = filter_ or (lambda output: output is not None), map_ or _tuple

        def posthook(_: nn.Module, args: tuple, output: Any) -> None:
            if counts(output):
                _feed(reducer, pick(output))

        super().__init__(reducer, module, None, posthook, train_update, eval_update, name)


class StateMonitor(Monitor):
    """Keeps an attribute of a module, as it is after (or before) each call. On a cell: after each step of its layer.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        attr: dotted name of a tensor, seen from the module, such as "voltage" or "synapse.spike".
        as_prehook: whether to look before the call.
        filter_: which values count; None: those that are not None.
        map_: what the reducer is given, from the value to a tuple; None: the value.

    Example:
        >>> from snnlab.observe import PassthroughReducer
        >>> neuron = snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> monitor = StateMonitor(PassthroughReducer(1.0, 3.0), "voltage", neuron)
        >>> for _ in range(3):
        ...     _ = neuron(torch.tensor([[0.0]]))
        >>> monitor.dump().flatten()
        tensor([-65., -65., -65.])
    """

    def __init__(
        self,
        reducer: Reducer,
        attr: str,
        module: nn.Module | None = None,
        as_prehook: bool = False,
        train_update: bool = True,
        eval_update: bool = True,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        self.attr = checks.text("attr", attr)
        counts, pick = filter_ or (lambda value: value is not None), map_ or _tuple

        def look(module: nn.Module, *_: Any) -> None:
            value: Any = module
            for part in attr.split("."):
                value = getattr(value, part)
            if counts(value):
                _feed(reducer, pick(value))

        super().__init__(reducer, module, look if as_prehook else None, None if as_prehook else look, train_update, eval_update, name)

    def register(self, module: nn.Module | None = None) -> None:
        """Watches a module; without one, the module watched before. RuntimeError if it has no attribute of the first name."""
        first = self.attr.split(".")[0]
        if isinstance(module, nn.Module) and not hasattr(module, first):
            raise RuntimeError(f"attr is {self.attr!r}, but {type(module).__name__} has no {first!r}. Name an attribute that it has.")
        super().register(module)
