"""A layer: connections and neurons that are stepped together.

One step:  inputs ──► each named connection ──► wiring ──► each neuron that the wiring names ──► spikes

Only `wiring` differs between layers: it says which connection's currents go to which neurons.
"""

import keyword
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.connections import Connection
from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.network.cell import Cell
from snnlab.network.proxy import Proxy
from snnlab.network.step import Ran, check_connection, check_given, check_keywords, check_pair, check_wired
from snnlab.neurons import Neuron
from snnlab.synapses import Synapse

_TAKEN = {*dir(nn.ModuleDict()), "_items", "_kind"}  # names that torch's containers and `Proxy` need for themselves


def _name(value: Any) -> str:
    if not checks.text("name", value).isidentifier() or keyword.iskeyword(value):
        raise ValueError(f"name must be an identifier, such as 'feedforward', but is {value!r}.")
    if value.startswith("__") or value in _TAKEN:
        raise ValueError(f"name must be free, but {value!r} means something else to the layer's containers. Try {value.strip('_')}_1.")
    return value


class Layer(Module, ABC):
    """Connections and neurons that are stepped together, and the cells among them that can be trained.

    A subclass implements `wiring`.

    Recurrence: a connection that reads the spikes of neurons of the layer itself, E to E or I to I, is fed with those of the last step,
    which the neurons still show; a `forward` of one's own adds them to the inputs (second example). What comes back is one step old: a
    delay of d ms becomes d + dt. At rest nothing comes back. `run` takes a dict of the outer inputs alone. Give the connection a cell,
    `add_cell("rec", "group")`, for learning rules and for the picture, `snn.layout(layer, sources={"rec": "group"})`. Without a `forward`
    of one's own, a generator does the same: `snn.run(layer, ({"ext": x, "rec": layer.neurons.group.spike} for x in inputs))`.
    To learn through what comes back by a surrogate gradient, feed the spikes that the last call returned, as `RecurrentSerial` does: those
    that neurons show are bool, and carry none.

    Example:
        >>> class Pair(Layer):
        ...     def wiring(self, inputs, **kwargs):
        ...         return {"out": inputs["in_"]}
        >>> layer = Pair()
        >>> _ = layer.add_connection("in_", snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0)))
        >>> _ = layer.add_neuron("out", snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.))
        >>> layer({"in_": (torch.zeros(1, 3, dtype=torch.bool),)})
        {'out': tensor([[False, False]])}

        >>> class Fed(snn.Layer):
        ...     def wiring(self, inputs, **kwargs):
        ...         return {"group": inputs["ext"] + inputs["rec"]}
        ...     def forward(self, inputs, **kwargs):
        ...         return super().forward({**inputs, "rec": self.neurons.group.spike}, **kwargs)
        >>> layer, synapse = Fed(), snn.DeltaCurrent.partialconstructor(spike_charge=60.0)
        >>> _ = layer.add_connection("ext", snn.LinearDirect(3, 1.0, synapse=synapse, weight_init=torch.ones_like))
        >>> ring = lambda weight: torch.eye(3).roll(1, dims=0)  # from each neuron to the next, and from the last to the first
        >>> _ = layer.add_connection("rec", snn.LinearLateral(3, 1.0, synapse=synapse, weight_init=ring))
        >>> _ = layer.add_neuron("group", snn.LIF(3, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=0., time_constant=10.))
        >>> inputs = torch.zeros(4, 1, 3, dtype=torch.bool)
        >>> inputs[0, 0, 0] = True  # one spike goes round the ring
        >>> snn.run(layer, {"ext": inputs})["spikes.group"].sample(0).values.int().tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 0, 0]]
    """

    def __init__(self) -> None:
        super().__init__()
        self.connections_ = nn.ModuleDict()
        self.neurons_ = nn.ModuleDict()
        self.cells_ = nn.ModuleDict()

    # --- parts --------------------------------------------------------------------------------------------------------------------

    def add_connection(self, name: str, connection: Connection) -> Connection:
        """Adds a connection and returns it.

        Raises:
            RuntimeError: the name is taken.
            ValueError: a name that is no identifier, or that the layer's containers, each a `torch.nn.ModuleDict`, need for themselves,
                such as "pop", "keys", "values", "forward".
            TypeError: what came is no connection, or its name no string.
        """
        if not isinstance(connection, Connection):
            raise TypeError(f"connection must be a Connection, but is of type {type(connection).__name__}.")
        if _name(name) in self.connections_:
            raise RuntimeError(f"There is a connection {name!r} already. Choose another name, or delete it first.")
        self.connections_[name] = connection
        return connection

    def add_neuron(self, name: str, neuron: Neuron) -> Neuron:
        """Adds a group of neurons and returns it.

        Raises:
            RuntimeError: the name is taken.
            ValueError: a name that is no identifier, or that the layer's containers, each a `torch.nn.ModuleDict`, need for themselves,
                such as "pop", "keys", "values", "forward".
            TypeError: what came are no neurons, or their name is no string.
        """
        if not isinstance(neuron, Neuron):
            raise TypeError(f"neuron must be a Neuron, but is of type {type(neuron).__name__}.")
        if _name(name) in self.neurons_:
            raise RuntimeError(f"There is a neuron {name!r} already. Choose another name, or delete it first.")
        self.neurons_[name] = neuron
        return neuron

    def add_cell(self, connection: str, neuron: str) -> Cell:
        """The cell of a connection and a neuron, by name: the one there is, or a new one.

        Raises:
            AttributeError: no such connection, or no such neuron.
            RuntimeError: the connection's outputs are not shaped like the neurons.
        """
        pair = self.get_connection(connection), self.get_neuron(neuron)
        if connection not in self.cells_:
            self.cells_[connection] = nn.ModuleDict()
        cells = self.cells_[connection]
        if neuron not in cells:
            try:
                cells[neuron] = Cell(self, *pair, (connection, neuron))
            finally:
                if not cells:
                    del self.cells_[connection]
        return cells[neuron]

    def get_connection(self, name: str) -> Connection:
        """The connection of this name; AttributeError if there is none."""
        return getattr(self.connections, name)

    def get_neuron(self, name: str) -> Neuron:
        """The neurons of this name; AttributeError if there are none."""
        return getattr(self.neurons, name)

    def get_cell(self, connection: str, neuron: str) -> Cell:
        """The cell of these names; AttributeError if none was made."""
        if connection not in self.cells_ or neuron not in self.cells_[connection]:
            raise AttributeError(f"There is no cell of {connection!r} and {neuron!r}. Make it with add_cell({connection!r}, {neuron!r}).")
        return self.cells_[connection][neuron]

    def del_connection(self, name: str) -> None:
        """Deletes a connection and its cells; AttributeError if there is none of this name."""
        self.get_connection(name)
        del self.connections_[name]
        if name in self.cells_:
            del self.cells_[name]

    def del_neuron(self, name: str) -> None:
        """Deletes neurons and their cells; ValueError if there are none of this name."""
        if name not in self.neurons_:
            raise ValueError(f"There is no neuron {name!r}; there is: {', '.join(self.neurons_) or 'none'}.")
        del self.neurons_[name]
        for connection in [c for c, cells in self.cells_.items() if name in cells]:
            self._drop_cell(connection, name)

    def del_cell(self, connection: str, neuron: str) -> None:
        """Deletes the cell of these names if there is one; AttributeError if there is no such connection or neuron."""
        self.get_connection(connection), self.get_neuron(neuron)
        self._drop_cell(connection, neuron)

    def _drop_cell(self, connection: str, neuron: str) -> None:
        if connection in self.cells_ and neuron in self.cells_[connection]:
            del self.cells_[connection][neuron]
            if not self.cells_[connection]:
                del self.cells_[connection]

    @property
    def connections(self) -> Proxy:
        """Connections by name: `layer.connections.NAME`."""
        return Proxy(self.connections_, "connection")

    @property
    def neurons(self) -> Proxy:
        """Neurons by name: `layer.neurons.NAME`."""
        return Proxy(self.neurons_, "neuron")

    @property
    def cells(self) -> Proxy:
        """Cells by names: `layer.cells.CONNECTION.NEURON`."""
        return Proxy({name: Proxy(cells, "cell") for name, cells in self.cells_.items()}, "cell")

    @property
    def named_connections(self) -> Iterator[tuple[str, Connection]]:
        """Names and connections."""
        yield from self.connections_.items()

    @property
    def named_neurons(self) -> Iterator[tuple[str, Neuron]]:
        """Names and neurons."""
        yield from self.neurons_.items()

    @property
    def named_synapses(self) -> Iterator[tuple[str, Synapse]]:
        """Names of connections, and their synapses."""
        yield from ((name, connection.synapse) for name, connection in self.connections_.items())

    @property
    def named_cells(self) -> Iterator[tuple[tuple[str, str], Cell]]:
        """Pairs of names, and cells."""
        for connection, cells in self.cells_.items():
            yield from (((connection, neuron), cell) for neuron, cell in cells.items())

    @property
    def batchsz(self) -> int:
        """Number of samples of every part. Setting it sets every part's, and clears the state."""
        sizes = {part.batchsz for part in (*self.connections_.values(), *self.neurons_.values())}
        if len(sizes) != 1:
            raise RuntimeError(f"The parts of the layer have batch sizes {sorted(sizes)}. Set batchsz to make them one.")
        return sizes.pop()

    @batchsz.setter
    def batchsz(self, value: int) -> None:
        self.resize_states(checks.whole("batchsz", value))
        for part in (*self.connections_.values(), *self.neurons_.values()):
            part.batchsz = value

    @property
    def dt(self) -> float:
        """Length of a simulation step of every part, in ms. Setting it sets every part's; connections are cleared."""
        steps = {part.dt for part in (*self.connections_.values(), *self.neurons_.values())}
        if len(steps) != 1:
            raise RuntimeError(f"The parts of the layer step by {sorted(steps)} ms. Set dt to make them one.")
        return steps.pop()

    @dt.setter
    def dt(self, value: float) -> None:
        value = checks.positive("dt", value, "ms")
        for part in (*self.connections_.values(), *self.neurons_.values()):
            part.dt = value

    # --- running ------------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def wiring(self, inputs: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        """From currents by connection to currents by neuron, both B x ...; all names must be registered.

        Its result is checked, names and shapes, before any neuron runs. The connections have stepped by then.
        """
        raise checks.unimplemented(self, "wiring")

    def forward(
        self,
        inputs: dict[str, tuple[Tensor, ...]],
        connection_kwargs: dict[str, dict[str, Any]] | None = None,
        neuron_kwargs: dict[str, dict[str, Any]] | None = None,
        capture_intermediate: bool = False,
        **kwargs: Any,
    ) -> dict[str, Tensor] | tuple[dict[str, Tensor], dict[str, Tensor]]:
        """One step of the connections named in `inputs` and of the neurons that the wiring names.

        Args:
            inputs: for each connection to be run, the tuple of its inputs.
            connection_kwargs, neuron_kwargs: keywords for each call, by name.
            capture_intermediate: whether the connections' currents are returned too.
            **kwargs: passed to `wiring`.

        Returns:
            spikes by neuron; with `capture_intermediate`, also currents by connection.

        Raises:
            AttributeError: an unknown name.
            KeyError: the wiring asks for the currents of a connection without inputs. The connections given have stepped by then.
            ValueError, TypeError: an input of a wrong shape, or NaN; an unknown keyword.
            RuntimeError: parts of different batch sizes or step times.
        """
        self._check_wiring_keywords(kwargs)
        if not isinstance(inputs, Mapping):
            known = ", ".join(map(repr, self.connections_)) or "none yet"
            raise TypeError(f"inputs must be a dict of inputs by connection ({known}), but is a {type(inputs).__name__}.")
        given = {name: (values,) if isinstance(values, Tensor) else tuple(values) for name, values in inputs.items()}
        to_connections, to_neurons = connection_kwargs or {}, neuron_kwargs or {}
        self._check_step(given, to_connections, to_neurons)
        ran = {name: self.connections_[name](*values, **to_connections.get(name, {})) for name, values in given.items()}
        currents = self.wiring(Ran(ran, type(self).__name__, self.connections_), **kwargs)
        check_wired(self.neurons_, currents)
        spikes = {name: self.neurons_[name](current, **to_neurons.get(name, {})) for name, current in currents.items()}
        self.observe(ran, spikes)
        return (spikes, ran) if capture_intermediate else spikes

    def _check_wiring_keywords(self, kwargs: Mapping[str, Any]) -> None:
        if kwargs:
            check_keywords(self.wiring, kwargs)

    def _check_step(self, inputs: Mapping[str, tuple], to_connections: Mapping[str, dict], to_neurons: Mapping[str, dict]) -> None:
        """Refuses, before any part has run, what a part would refuse after others have: no step is left half done."""
        for name in (*inputs, *to_connections):
            self.get_connection(name)
        for name, kwargs in to_neurons.items():
            check_keywords(self.get_neuron(name).forward, kwargs)
        for name in inputs:
            for neuron in self.neurons_:
                check_pair((name, neuron), self.connections_[name], self.neurons_[neuron])
        for name, values in inputs.items():
            check_given(f"inputs of {name!r}", self.connections_[name], len(values))
        if len(inputs) > 1:
            for name, values in inputs.items():
                check_connection(name, self.connections_[name], values, to_connections.get(name, {}))

    def observe(self, ran: Mapping[str, Any], spikes: Mapping[str, Any]) -> None:
        """Tells every cell whose connection and neurons have just run that a step is over."""
        for (connection, neuron), cell in self.named_cells:
            if connection in ran and neuron in spikes:
                cell.observe()

    def update(self, clear: bool = True, **kwargs: Any) -> None:
        """Applies all pending updates of all connections.

        Args:
            clear: whether pending updates are forgotten afterwards.
        """
        for connection in self.connections_.values():
            connection.update(clear=clear, **kwargs)

    def clear(self, submodules: bool = True, **kwargs: Any) -> None:
        """Brings the layer to rest.

        Args:
            submodules: whether connections and neurons are cleared too, or only what the layer itself remembers.
            **kwargs: passed to their `clear`, such as `keep_adaptations=False`.
        """
        if submodules:
            super().clear(**kwargs)
        else:
            for name, rest in self._states.items():
                setattr(self, name, torch.full_like(getattr(self, name), rest, requires_grad=False))
