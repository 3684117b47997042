"""Biclique: every connection feeds every group of neurons.

each connection c:   x_c ← after_c( currents of c )
combined:            x   ← combine( all x_c )          sum, mean, prod, min, max, or a function of your own
each neuron n:       spikes of n from before_n( x )
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from snnlab.connections import Connection
from snnlab.core import checks
from snnlab.network.fixed import fixed_parts
from snnlab.network.layer import Layer
from snnlab.network.step import check_keywords
from snnlab.neurons import Neuron

Transform = Callable[[Tensor], Tensor]
COMBINE: dict[str, Callable[[Tensor], Tensor]] = {
    "sum": lambda stacked: stacked.sum(0),
    "mean": lambda stacked: stacked.mean(0),
    "prod": lambda stacked: stacked.prod(0),
    "min": lambda stacked: stacked.amin(0),
    "max": lambda stacked: stacked.amax(0),
}


def combine_currents(currents: Mapping[str, Tensor], how: str) -> Tensor:
    """Currents of several connections as one, element by element: (B, *shape) each -> (B, *shape).

    Raises:
        ValueError: the shapes differ; an unknown word.
    """
    (first, like), *others = currents.items()
    for name, other in others:
        checks.shaped(f"currents of connection {name!r}", other, tuple(like.shape), hint=f"They are combined with those of {first!r}.")
    return COMBINE[checks.one_of("combine", how, COMBINE)](torch.stack(tuple(currents.values())))


@fixed_parts
class Biclique(Layer):
    """Every connection feeds every group of neurons; each pair is a cell.

    Args:
        connections: tuples (name, connection) or (name, connection, transform); the transform is applied to the connection's currents.
        neurons: tuples (name, neuron) or (name, neuron, transform); the transform is applied to the combined currents, before the neurons.
        combine: "sum", "mean", "prod", "min" or "max" over the connections of a step, or a function `f(currents, **kwargs)` of a dict of
            currents by connection.

    Shape:
        currents of every connection, combined or not: (B, *shape), with shape that of every group of neurons

    Raises:
        ValueError: no connection, no neuron, a tuple of another length, an unknown word for `combine`.
        TypeError: what came is no tuple, no connection, no neuron, no function.
        RuntimeError: a name that is taken; outputs that are not shaped like the neurons; parts of different step times.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(10.0)
        >>> image = snn.LinearDense(4, 2, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> sound = snn.LinearDense(3, 2, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> cells = snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.)
        >>> layer = Biclique([("image", image), ("sound", sound)], [("cells", cells)])
        >>> layer({"image": torch.ones(1, 4), "sound": torch.ones(1, 3)}, capture_intermediate=True)
        ({'cells': tensor([[True, True]])}, {'image': tensor([[40., 40.]]), 'sound': tensor([[30., 30.]])})
        >>> list(layer.cells)
        ['image', 'sound']
    """

    def __init__(
        self,
        connections: Iterable[tuple[str, Connection] | tuple[str, Connection, Transform]],
        neurons: Iterable[tuple[str, Neuron] | tuple[str, Neuron, Transform]],
        combine: str | Callable[..., Tensor] = "sum",
    ) -> None:
        super().__init__()
        if not callable(combine):
            checks.one_of("combine", combine, COMBINE, hint="Or pass a function f(currents, **kwargs) of a dict of currents by connection.")
        connections, neurons = _items("connections", connections), _items("neurons", neurons)
        for name, connection, transform in connections:
            Layer.add_connection(self, name, connection)
            setattr(self, f"after_{name}", transform)  # torch registers what is a module
        for name, neuron, transform in neurons:
            Layer.add_neuron(self, name, neuron)
            setattr(self, f"before_{name}", transform)
        for connection, *_ in connections:
            for neuron, *_ in neurons:
                Layer.add_cell(self, connection, neuron)
        self.combine = combine

    def wiring(self, inputs: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        """Hands the combined currents of all connections that ran to all neurons.

        Args:
            inputs: currents by connection.
            **kwargs: passed to `combine`, where that is a function.
        """
        if not inputs:
            raise ValueError(f"inputs must name at least one connection, but are empty. There is: {', '.join(self.connections_)}.")
        currents = {name: _through(getattr(self, f"after_{name}"), current) for name, current in inputs.items()}
        combined = combine_currents(currents, self.combine) if isinstance(self.combine, str) else self.combine(currents, **kwargs)
        return {name: _through(getattr(self, f"before_{name}"), combined) for name in self.neurons_}

    def _check_wiring_keywords(self, kwargs: Mapping[str, Any]) -> None:
        if kwargs and isinstance(self.combine, str):
            names = ", ".join(map(repr, kwargs))
            raise TypeError(f"Biclique takes no keyword {names}: it combines by {self.combine!r}, and has no function to pass it to.")
        if kwargs:
            check_keywords(self.combine, kwargs)

    def extra_repr(self) -> str:
        return f"combine={self.combine if isinstance(self.combine, str) else getattr(self.combine, '__name__', 'a function')!r}"


def _through(transform: Transform | None, value: Tensor) -> Tensor:
    return value if transform is None else transform(value)


def _items(name: str, given: Any) -> list[tuple[str, Any, Transform | None]]:
    """The tuples of a list, with None where there is no transform."""
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise TypeError(f"{name} must be a list of tuples (name, part) or (name, part, transform), but is of type {type(given).__name__}.")
    items = list(given)
    if not items:
        raise ValueError(f"{name} must hold at least one tuple (name, part), but is empty.")
    for place, item in enumerate(items):
        if not isinstance(item, tuple | list):
            raise TypeError(
                f"{name}[{place}] must be a tuple (name, part) or (name, part, transform), but is of type {type(item).__name__}."
            )
        if len(item) not in (2, 3):
            raise ValueError(f"{name}[{place}] must be a tuple (name, part) or (name, part, transform), but has {len(item)} entries.")
        if len(item) == 3 and item[2] is not None and not callable(item[2]):
            raise TypeError(f"the transform in {name}[{place}] must be a function f(tensor), but is {item[2]!r}. Leave it out for none.")
    return [(item[0], item[1], item[2] if len(item) == 3 else None) for item in items]
