"""Monitors of state: attributes of a module, as they are before or after each call.

    module.attr               ──► [ filter_ ──► map_ ] ──► reducer       StateMonitor
    module.attr.sub₁, sub₂ …  ──► [ filter_ ──► map_ ] ──► reducer       MultiStateMonitor

The reducer gets the very tensors of the module, not copies. A name may be dotted, such as "synapse.spike". On a cell, which is looked at
after each step of its layer, short names will do: prespike, precurrent, postspike, postvoltage, and all of connection, neuron and updater.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from snnlab.core import checks
from snnlab.observe.monitor import Monitor, as_tuple, feed, given, one_each
from snnlab.observe.reducer import Reducer


def read(module: nn.Module, attr: str) -> Any:
    """The value of a dotted name, seen from a module; None where a part on the way is None, such as the updater before there is one."""
    value: Any = module
    for part in attr.split("."):
        if value is None:
            return None
        value = getattr(value, part)
    return value


def check_readable(module: nn.Module, attr: str) -> None:
    """RuntimeError where a dotted name leads nowhere. A property is not evaluated for it, but those that lead on to others are."""
    value: Any = module
    parts = attr.split(".")
    for place, part in enumerate(parts):
        if value is None:
            return
        if not hasattr(type(value), part) and not hasattr(value, part):
            raise RuntimeError(f"attr is {attr!r}, but {type(value).__name__} has no {part!r}. Name an attribute that it has.")
        value = getattr(value, part) if place + 1 < len(parts) else None


def none_missing(values: tuple[Any, ...]) -> bool:
    """Whether there is something of every kind."""
    return all(value is not None for value in values)


@dataclass
class _Look:
    """What torch calls; see `snnlab.observe.callmonitor`."""

    reducer: Reducer
    attrs: tuple[str, ...]
    counts: Callable[[Any], bool]
    pick: Callable[[Any], tuple]
    several: bool = False

    def __call__(self, module: nn.Module, *_: Any) -> None:
        values = tuple(read(module, attr) for attr in self.attrs)
        seen = values if self.several else values[0]
        if self.counts(seen):
            feed(self.reducer, self.pick(seen))


class AttributeMonitor(Monitor):
    """A monitor that reads attributes, and says at once when there are none of their names."""

    attrs: tuple[str, ...]

    def register(self, module: nn.Module | None = None) -> None:
        """Watches a module; without one, the module watched before. Errors as in `Monitor`, and:

        Raises:
            RuntimeError: the module has no attribute of that name.
        """
        if isinstance(module, nn.Module) and not self.registered:
            for attr in self.attrs:
                check_readable(module, attr)
        super().register(module)


class StateMonitor(AttributeMonitor):
    """Keeps an attribute of a module, as it is after (or before) each call. On a cell: after each step of its layer.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        attr: dotted name of a tensor, seen from the module, such as "voltage" or "synapse.spike".
        as_prehook: whether to look before the call.
        prepend: whether it looks before the hooks that are on the module already.
        filter_: which values count; None: those that are not None.
        map_: what the reducer is given, from the value to a tuple; None: the value.

    Raises:
        RuntimeError: the module has no such attribute.

    Example:
        >>> neuron = snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> monitor = snn.StateMonitor(snn.PassthroughReducer(1.0, 3.0), "voltage", neuron)
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
        prepend: bool = False,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        self.attr = checks.text("attr", attr)
        self.attrs = (attr,)
        look, how = _Look(reducer, self.attrs, filter_ or given, map_ or as_tuple), {"prepend": prepend}
        hooks = (look, None, how, None) if as_prehook else (None, look, None, how)
        super().__init__(reducer, module, *hooks, train_update, eval_update, name)

    @classmethod
    def partialconstructor(
        cls,
        reducer: Reducer,
        as_prehook: bool = False,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[Any], bool] | None = None,
        map_: Callable[[Any], tuple] | None = None,
    ) -> Callable[[str, nn.Module], "StateMonitor"]:
        """A function `f(attr, module)` that watches the attribute of a module.

        The first monitor it builds has the reducer itself, each later one a fresh copy.
        """
        settings = (as_prehook, train_update, eval_update, prepend, filter_, map_)
        return one_each(reducer, lambda each, attr, module: cls(each, attr, module, *settings))


class MultiStateMonitor(AttributeMonitor):
    """Keeps what a reducer makes of several attributes at once, such as a voltage where there is a spike.

    Args:
        reducer, module, train_update, eval_update, name: as in `Monitor`.
        attr: dotted name that the others begin with, such as "neuron"; "" for the module itself.
        subattrs: dotted names of tensors, seen from there; the reducer is called with them, in this order.
        as_prehook: whether to look before the call.
        prepend: whether it looks before the hooks that are on the module already.
        filter_: which tuples of values count; None: those without a None.
        map_: what the reducer is given, from the tuple to a tuple; None: the tuple itself.

    Raises:
        RuntimeError: the module has no such attribute.

    Example:
        >>> neuron = snn.LIF(2, 1.0, rest_v=-65., reset_v=-60., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> reducer = snn.ConditionalNearestTraceReducer(1.0, 10.0, amplitude=0.0, scale=1.0)
        >>> monitor = snn.MultiStateMonitor(reducer, "", ("voltage", "spike"), neuron)
        >>> _ = neuron(torch.tensor([[0.0, 200.0]]))
        >>> monitor.peek()  # the voltage of those that spike, which is the reset
        tensor([[  0., -60.]])
    """

    def __init__(
        self,
        reducer: Reducer,
        attr: str,
        subattrs: Sequence[str],
        module: nn.Module | None = None,
        as_prehook: bool = False,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[tuple], bool] | None = None,
        map_: Callable[[tuple], tuple] | None = None,
        name: str | None = None,
    ) -> None:
        if not isinstance(attr, str):
            raise TypeError(f"attr must be a string, but is {attr!r} ({type(attr).__name__}). Pass '' for the module itself.")
        if isinstance(subattrs, str) or not subattrs:
            raise ValueError(f"subattrs must be a tuple of at least one name, but is {subattrs!r}. For one attribute, use StateMonitor.")
        self.attr, self.subattrs = attr, tuple(checks.text("every name in subattrs", each) for each in subattrs)
        self.attrs = tuple(f"{attr}.{each}" if attr else each for each in self.subattrs)
        look, how = _Look(reducer, self.attrs, filter_ or none_missing, map_ or as_tuple, several=True), {"prepend": prepend}
        hooks = (look, None, how, None) if as_prehook else (None, look, None, how)
        super().__init__(reducer, module, *hooks, train_update, eval_update, name)

    @classmethod
    def partialconstructor(
        cls,
        reducer: Reducer,
        subattrs: Sequence[str],
        as_prehook: bool = False,
        train_update: bool = True,
        eval_update: bool = True,
        prepend: bool = False,
        filter_: Callable[[tuple], bool] | None = None,
        map_: Callable[[tuple], tuple] | None = None,
    ) -> Callable[[str, nn.Module], "MultiStateMonitor"]:
        """A function `f(attr, module)` that watches the attributes `attr.sub` of a module.

        The first monitor it builds has the reducer itself, each later one a fresh copy.
        """
        settings = (as_prehook, train_update, eval_update, prepend, filter_, map_)
        return one_each(reducer, lambda each, attr, module: cls(each, attr, subattrs, module, *settings))
