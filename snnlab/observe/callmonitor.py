"""Monitors of calls: what goes into a module, and what comes out.

    arguments ──► [ filter_ ──► map_ ] ──► reducer        before the call      InputMonitor
    output    ──► [ filter_ ──► map_ ] ──► reducer        after the call       OutputMonitor

The reducer gets the very tensors of the call, not copies.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn

from snnlab.core import checks
from snnlab.observe.monitor import Monitor, as_tuple, feed, given, one_each
from snnlab.observe.reducer import Reducer


@dataclass
class _Look:
    """What torch calls: plain data, so that a monitor can be copied, and no reference to the monitor, which it would keep alive."""

    reducer: Reducer
    counts: Callable[[Any], bool]
    pick: Callable[[Any], tuple]

    def __call__(self, module: nn.Module, args: tuple, *output: Any) -> None:
        seen = output[0] if output else args
        if self.counts(seen):
            feed(self.reducer, self.pick(seen))


def submodule(module: nn.Module, attr: str) -> nn.Module:
    """The module of a dotted name, seen from another; an empty name is the module itself.

    Raises:
        RuntimeError: there is no attribute of that name.
    """
    found = module
    for part in checks.text("attr", attr).split(".") if attr else ():
        if not hasattr(found, part):
            raise RuntimeError(f"attr is {attr!r}, but {type(found).__name__} has no {part!r}. Name a module that it has.")
        found = getattr(found, part)
    return found


class InputMonitor(Monitor):
    """Keeps what a module is called with.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        prepend: whether it looks before the hooks that are on the module already.
        filter_: which calls count, from the arguments to bool; None: those with any.
        map_: what the reducer is given, from the arguments to a tuple; None: the arguments.

    Example:
        >>> neuron = snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> monitor = snn.InputMonitor(snn.PassthroughReducer(1.0), neuron)
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
        prepend: bool = False,
        filter_: Callable[[tuple], bool] | None = None,
        map_: Callable[[tuple], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        look = _Look(reducer, filter_ or bool, map_ or as_tuple)
        super().__init__(reducer, module, look, None, {"prepend": prepend}, None, train_update, eval_update, name)

    @classmethod
    def partialconstructor(
        cls,
        reducer: Reducer,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[tuple], bool] | None = None,
        map_: Callable[[tuple], tuple] | None = None,
    ) -> Callable[[str, nn.Module], "InputMonitor"]:
        """A function `f(attr, module)` that watches the calls of the module's submodule `attr`.

        The first monitor it builds has the reducer itself, each later one a fresh copy.
        """
        settings = (train_update, eval_update, prepend, filter_, map_)
        return one_each(reducer, lambda each, attr, module: cls(each, submodule(module, attr), *settings))


class OutputMonitor(Monitor):
    """Keeps what a module returns.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        prepend: whether it looks before the hooks that are on the module already.
        filter_: which calls count, from the output to bool; None: those that do not return None.
        map_: what the reducer is given, from the output to a tuple; None: the output.

    Example:
        >>> neuron = snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> monitor = snn.OutputMonitor(snn.PassthroughReducer(1.0), neuron)
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
        prepend: bool = False,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        look = _Look(reducer, filter_ or given, map_ or as_tuple)
        super().__init__(reducer, module, None, look, None, {"prepend": prepend}, train_update, eval_update, name)

    @classmethod
    def partialconstructor(
        cls,
        reducer: Reducer,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
    ) -> Callable[[str, nn.Module], "OutputMonitor"]:
        """A function `f(attr, module)` that watches the calls of the module's submodule `attr`.

        The first monitor it builds has the reducer itself, each later one a fresh copy.
        """
        settings = (train_update, eval_update, prepend, filter_, map_)
        return one_each(reducer, lambda each, attr, module: cls(each, submodule(module, attr), *settings))
