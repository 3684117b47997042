"""Reading a model by dotted names: what `record=("neuron.voltage", "cells.up.exc.prespike")` of a run means.

A name leads from the model through its parts to a tensor. What is found there is told by its place: a neuron's voltages have a batch, its
thresholds, which the batch shares, and a connection's weights have none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from snnlab.connections import Connection, Conv2D
from snnlab.core import checks
from snnlab.network.cell import Cell
from snnlab.network.proxy import Proxy
from snnlab.synapses import Synapse

UNITS = {
    "voltage": "mV", "postvoltage": "mV", "threshold": "mV", "threshold_adaptation": "mV",
    "current": "nA", "syncurrent": "nA", "precurrent": "nA", "current_adaptation": "nA", "bias": "nA",
    "refrac": "ms", "delay": "ms",
}  # fmt: skip
"""Units of what models show, by the last part of a name; what is not listed (spikes, weights) has none."""


@dataclass(frozen=True)
class Reading:
    """A tensor of a model, to be read after every step: its name, how to read it, its axes but for time, its unit."""

    name: str
    read: Callable[[], Tensor]
    axes: tuple[str, ...]
    unit: str


def reading(model: nn.Module, name: str, batch: int) -> Reading:
    """Finds what a name means in a model that runs `batch` samples.

    Raises:
        AttributeError: the name leads nowhere.
        TypeError: it leads to something that is no tensor.
    """
    *way, last = checks.text("every name in record", name).split(".")
    owner: Any = model
    for part in way:
        owner = _look(owner, part, name)
    found = _look(owner, last, name)
    if not isinstance(found, Tensor):
        came = f"{found!r}" if found is None or isinstance(found, int | float | str) else f"of type {type(found).__name__}"
        inside = [f"{name}.{each}" for each in there_is(found)]
        hint = f"In it there is: {', '.join(inside)}." if inside else f"Beside it there is: {', '.join(there_is(owner))}."
        raise TypeError(f"record must name tensors, but {name!r} is {came}. {hint}")
    return Reading(name, lambda: getattr(owner, last), axes_of(owner, last, found, batch), UNITS.get(last.rstrip("_"), ""))


def _look(owner: Any, part: str, name: str) -> Any:
    try:
        return getattr(owner, part)
    except AttributeError:
        kind = repr(owner) if isinstance(owner, Proxy) else type(owner).__name__
        known = ", ".join(there_is(owner)) or "nothing that can be recorded"
        raise AttributeError(f"record names {name!r}, but {kind} has no {part!r}; there is: {known}.") from None


def there_is(owner: Any) -> list[str]:
    """Names of the tensors and parts that an object shows."""
    if isinstance(owner, Proxy):
        return list(owner)
    if not isinstance(owner, nn.Module):
        return []
    names = [name for name in dir(owner) if not name.startswith("_") and not name.endswith("_") and not hasattr(nn.Module, name)]
    return [name for name in names if isinstance(_quietly(owner, name), Tensor | nn.Module | Proxy)]


def _quietly(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name)
    except Exception:
        return None


def axes_of(owner: Any, name: str, value: Tensor, batch: int) -> tuple[str, ...]:
    """Names of the axes of a tensor that `owner` shows under `name`."""
    batched = has_batch(owner, name, value, batch)
    return (*(("batch",) if batched else ()), *_inner_axes(owner, name, value.dim() - batched, isinstance(value, nn.Parameter)))


def has_batch(owner: Any, name: str, value: Tensor, batch: int) -> bool:
    """Whether the first axis is the batch: it is that of every run state, and never that of what was learned."""
    states, buffers = getattr(owner, "_states", {}), getattr(owner, "_buffers", {})
    for key in (name, f"{name}_"):
        if key in buffers:
            return key in states
    if isinstance(value, nn.Parameter):
        return False
    if hasattr(owner, "batchedshape"):
        return tuple(value.shape[: len(owner.batchedshape)]) == tuple(owner.batchedshape)
    return value.dim() > 0 and len(value) == batch


def _inner_axes(owner: Any, name: str, count: int, parameter: bool) -> tuple[str, ...]:
    before = isinstance(owner, Synapse | Connection) or (isinstance(owner, Cell) and name.startswith("pre"))
    connection = owner.connection if isinstance(owner, Cell) else owner
    if isinstance(connection, Conv2D) and name and (before or parameter) and count <= 4:
        return (("filter", "channel", "row", "column") if parameter else ("tap", "site", "filter", "axis4"))[:count]
    one = ("input",) if before and not parameter else ("neuron",)
    if count <= 1:
        return one[:count]
    if count == 2 and isinstance(owner, Connection | Cell):
        return ("neuron", "input") if parameter else ("input", "neuron")
    shape = _shape(owner, name)
    lead = {1: one, 2: ("row", "column"), 3: ("channel", "row", "column")}.get(len(shape), ()) if count >= len(shape) else ()
    if "adaptation" in name and count == len(lead) + 1:  # neurons have several, each with its own time constant
        return (*lead, "adaptation")
    return (*lead, *(f"axis{place}" for place in range(len(lead) + 1, count + 1)))


def _shape(owner: Any, name: str) -> tuple[int, ...]:
    """Shape of the group that a tensor has a value for each of; () where that is not known."""
    if isinstance(owner, Connection):
        return () if name else owner.outshape
    if isinstance(owner, Cell):
        return owner.neuron.shape if name.startswith("post") else ()
    return getattr(owner, "shape", ())
