"""What a layer checks so that a step is done whole or not at all.

Before any part runs: inputs, keywords, batch sizes and step times of all parts: what one of them would refuse is refused for all.
Before any neuron runs: names and shapes of what the wiring gave. The connections have stepped by then: a wiring is known once it has run.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from snnlab.connections import Connection
from snnlab.core import checks
from snnlab.neurons import Neuron
from snnlab.synapses.base import refuse_unknown


def check_keywords(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> None:
    """TypeError for a keyword that a function of one argument, such as a neuron's step, does not take."""
    try:
        signature = inspect.signature(function)
    except ValueError:  # a function of C that does not say: it will refuse by itself
        return
    try:
        signature.bind(None, **kwargs)
    except TypeError as error:
        owner = getattr(function, "__self__", None)  # of a method: a class may have it from its parent
        name = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"{f'{type(owner).__name__}.' if owner is not None else ''}{name} {error}. Leave it out, or check its spelling."
        ) from None


def check_transform(name: str, value: Any) -> Any:
    """A transform, a function, or None; refused where a layer is built, not in the middle of a step."""
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function f(tensor), but is {value!r} ({type(value).__name__}). Leave it out for none.")
    return value


@lru_cache
def _wanted(kind: type[Connection]) -> tuple[str, ...]:
    """Names of the inputs that a kind of connection cannot do without; of `*inputs`, none."""
    own = list(inspect.signature(kind.forward).parameters.values())[1:]
    return tuple(each.name for each in own if each.kind is each.POSITIONAL_OR_KEYWORD and each.default is each.empty)


def check_given(name: str, connection: Connection, count: int) -> None:
    """TypeError where a connection, such as a traced one, takes more inputs a step than came."""
    wanted = _wanted(type(connection))
    if count < len(wanted):
        hint = ", such as spikes and their trace from map(snn.traced.TracedInput(20.0, dt), spikes)" if is_traced(connection) else ""
        raise TypeError(
            f"{name} must be {' and '.join(wanted)} at every step, but {f'only {count}' if count else 'none'} of these came. "
            f"Give each step a tuple of all of them{hint}."
        )


def is_traced(connection: Connection) -> bool:
    """Whether a connection gives single potentials, and traces beside them."""
    return hasattr(connection, "propagate_trace")


def check_traced(connection: Connection, neuron: Neuron) -> None:
    """TypeError where neurons without traces would get what a traced connection gives: potentials, one a synapse, and traces."""
    if isinstance(connection, Connection) and isinstance(neuron, Neuron) and is_traced(connection) and not hasattr(neuron, "summed"):
        kind = type(neuron).__name__
        raise TypeError(
            f"neuron must be a TracedNeuron, for a traced {type(connection).__name__} gives potentials of single synapses and their trace, "
            f"(potentials, trace), but is of type {kind}. Wrap it: snn.traced.TracedNeuron({kind}(...), 20.0); or give a transform."
        )


def check_connection(name: str, connection: Connection, inputs: tuple[Tensor, ...], kwargs: Mapping[str, Any]) -> None:
    """Refuses what a connection would refuse once it ran: inputs of a wrong shape or not finite, unknown keywords, a lost gradient."""
    check_given(f"inputs of {name!r}", connection, len(inputs))
    shape = connection.batched_inshape
    for place, value in enumerate(inputs):
        if isinstance(value, Tensor) and value.dtype == torch.bool and value.shape == shape:  # spikes: nothing can be wrong with them
            continue
        called = f"inputs{f'[{place}]' if len(inputs) > 1 else ''} of {name!r}"
        checks.shaped(called, value, shape, "B x inshape", "Set batchsz of the layer for another batch size.")
        checks.finite(called, value)
    if not inputs or type(connection).check_inputs is not Connection.check_inputs:  # which asks for no more than a shape
        connection.check_inputs(inputs)
    check_connection_keywords(connection, kwargs)
    if connection.delayedby:
        connection.refuse_lost_gradient()


def takes_spikes(connection: Connection) -> bool:
    """Whether a connection can refuse no spikes of its shape: it asks for nothing else, and wants no gradient through its history."""
    return type(connection).check_inputs is Connection.check_inputs and len(_wanted(type(connection))) < 2 and not connection.delayedby


def check_connection_keywords(connection: Connection, kwargs: Mapping[str, Any]) -> None:
    """TypeError for a keyword that neither the connection nor its synapse names. One written elsewhere may take any."""
    if kwargs:
        methods = (type(connection).forward, type(connection.synapse).forward)
        if all(method.__module__.startswith("snnlab.") for method in methods):
            named = {name for method in methods for name in inspect.signature(method).parameters}
            refuse_unknown(type(connection.synapse).__name__, {name: kwargs[name] for name in kwargs if name not in named})


def check_pairs(connections: Mapping[str, Connection], neurons: Mapping[str, Neuron]) -> None:
    """RuntimeError where any connection and any neurons run different numbers of samples, or by different step times."""
    if len({(part.batchsz, part.dt) for part in (*connections.values(), *neurons.values())}) > 1:
        for name, connection in connections.items():
            for group, neuron in neurons.items():
                check_pair((name, group), connection, neuron)


def check_pair(names: tuple[str, str], connection: Connection, neuron: Neuron) -> None:
    """RuntimeError where a connection and neurons run different numbers of samples, or by different step times."""
    if connection.batchsz != neuron.batchsz:
        raise RuntimeError(
            f"connection {names[0]!r} has batchsz {connection.batchsz}, but neuron {names[1]!r} has {neuron.batchsz}. "
            "Set batchsz of the layer, which sets both."
        )
    if connection.dt != neuron.dt:
        raise RuntimeError(
            f"connection {names[0]!r} steps by {connection.dt} ms, but neuron {names[1]!r} by {neuron.dt} ms. "
            "Set dt of the layer, which sets both."
        )


class Ran(dict[str, Tensor]):
    """Currents by connection, as a wiring gets them: what it asks for and is not there is named, with what was given.

    Example:
        >>> Ran({"ext": torch.zeros(1, 2)}, "Fed", ("ext", "rec"))["rec"]
        Traceback (most recent call last):
        ...
        KeyError: "wiring of Fed asks for 'rec', but inputs were given only for ext. Give inputs for 'rec' too, ..."
    """

    def __init__(self, currents: Mapping[str, Tensor], layer: str, connections: Iterable[str]) -> None:
        super().__init__(currents)
        self._layer, self._connections = layer, tuple(connections)

    def __missing__(self, name: str) -> Tensor:
        given = f"only for {', '.join(self)}" if self else "for none"
        hint = f"Give inputs for {name!r} too, or let the wiring do without: inputs.get({name!r})."
        if name not in self._connections:
            hint = f"There is no connection {name!r}; there is: {', '.join(self._connections) or 'none'}."
        after = "The connections given have stepped by now, the neurons have not: clear the layer, or load a state, before you go on."
        raise KeyError(f"wiring of {self._layer} asks for {name!r}, but inputs were given {given}. {hint} {after}")


def check_wired(neurons: Mapping[str, Neuron], currents: Any) -> None:
    """Refuses what a wiring gave: no dict, unknown neurons, shapes that are not theirs; where there are several, NaN too."""
    if not isinstance(currents, Mapping):
        raise TypeError(f"wiring must return a dict of currents by neuron, but gave a {type(currents).__name__}.")
    for name in currents:
        if name not in neurons:
            raise AttributeError(
                f"wiring gave currents for {name!r}. There is no neuron {name!r}; there is: {', '.join(neurons) or 'none'}."
            )
    for name, current in currents.items():
        sums = hasattr(type(neurons[name]), "summed")  # asked of the type: a module would search all it has
        if isinstance(current, tuple) and not sums:
            raise TypeError(
                f"wiring gave a tuple to neuron {name!r}, a {type(neurons[name]).__name__}: a traced connection gives (potentials, trace). "
                f"Make the neuron a TracedNeuron of it, or sum the potentials: inputs[...][0].sum(-1)."
            )
        if sums:  # neurons that sum their synapses by themselves take more than currents
            current = neurons[name].summed(current)
        checks.shaped(f"inputs of neuron {name!r}, from the wiring,", current, neurons[name].batchedshape, "B x *shape")
        if len(currents) > 1:
            checks.finite(f"inputs of neuron {name!r}, from the wiring,", current)
