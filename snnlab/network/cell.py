"""A cell: a connection and the neurons it feeds, as one thing that a learning rule can train.

presynaptic spikes ──► connection (weights, delays) ──► neurons ──► postsynaptic spikes
    cell.prespike          cell.updater                               cell.postspike
"""

from typing import TYPE_CHECKING, Any

from torch import Tensor

from snnlab.connections import Connection
from snnlab.core.module import Module
from snnlab.neurons import InfernoNeuron, Neuron
from snnlab.synapses import Synapse
from snnlab.updates import Updater

if TYPE_CHECKING:
    from snnlab.network.layer import Layer


class Cell(Module):
    """A connection and the neurons it feeds. Built by `Layer.add_cell`; connection, neuron and layer are plain references.

    Args:
        layer: the layer both belong to.
        connection, neuron: the pair.
        names: their names in the layer.

    Raises:
        RuntimeError: the connection's outputs are not shaped like the neurons, or the two have different step times.

    Attributes:
        steps: how often the layer has run this pair.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0))
        >>> layer = snn.Serial(connection, snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.))
        >>> _ = layer(torch.tensor([[True, False, False]]))
        >>> layer.cell.prespike, layer.cell.postspike.shape
        (tensor([[ True, False, False]]), torch.Size([1, 2]))
    """

    def __init__(self, layer: "Layer", connection: Connection, neuron: Neuron, names: tuple[str, str]) -> None:
        super().__init__()
        if tuple(connection.outshape) != tuple(neuron.shape):
            raise RuntimeError(
                f"connection {names[0]!r} gives outputs of shape {tuple(connection.outshape)}, but neuron {names[1]!r} is of shape "
                f"{tuple(neuron.shape)}. Make them equal to train the pair."
            )
        if connection.dt != neuron.dt:
            raise RuntimeError(
                f"connection {names[0]!r} steps by {connection.dt} ms, but neuron {names[1]!r} by {neuron.dt} ms. Give both one step time."
            )
        self.__dict__.update(_layer=layer, _connection=connection, _neuron=neuron, _names=tuple(names))
        self.steps = 0

    @property
    def layer(self) -> "Layer":
        """The layer both belong to."""
        return self._layer

    @property
    def connection(self) -> Connection:
        """The connection."""
        return self._connection

    @property
    def neuron(self) -> Neuron:
        """The neurons."""
        return self._neuron

    @property
    def names(self) -> tuple[str, str]:
        """Names of connection and neurons in the layer."""
        return self._names

    @property
    def synapse(self) -> Synapse:
        """The connection's synapse."""
        return self.connection.synapse

    @property
    def updater(self) -> Updater | None:
        """The connection's updater, or None."""
        return self.connection.updater

    @property
    def precurrent(self) -> Tensor:
        """Synaptic currents, in nA, as the last step used them."""
        return self.connection.syncurrent

    @property
    def prespike(self) -> Tensor:
        """Presynaptic spikes, as bool, as they arrived at the last step."""
        return self.connection.synspike

    @property
    def postvoltage(self) -> Tensor:
        """Membrane voltages of the neurons, in mV."""
        return self.neuron.voltage

    @property
    def postspike(self) -> Tensor:
        """Spikes of the neurons at the last step, as bool."""
        return self.neuron.spike

    @property
    def fired(self) -> Tensor:
        """The same, but the neurons' own tensor where they keep one: to be read, and never written to."""
        keeps = getattr(type(self._neuron), "spike", None) is InfernoNeuron.spike
        return self._neuron._buffers["spike_"] if keeps else self.postspike

    @property
    def monitors(self) -> dict[str, Any]:
        """Monitors on this cell, by name."""
        found = (getattr(hook, "owner", None) for hook in (*self._forward_pre_hooks.values(), *self._forward_hooks.values()))
        return {monitor.name: monitor for monitor in found if monitor is not None}

    def observe(self) -> None:
        """Lets the monitors on this cell look; called by the layer after each of its steps.

        First those that look after a step, then those that look before one: it is also the moment before the next, so that what a step
        changes is the difference of the two.
        """
        object.__setattr__(self, "steps", self.steps + 1)  # a plain number: torch would first ask what else it might be
        if not self._forward_hooks and not self._forward_pre_hooks:
            return
        for key, hook in tuple(self._forward_hooks.items()):
            hook(self, *((), {})[: 1 + (key in self._forward_hooks_with_kwargs)], None)
        for key, hook in tuple(self._forward_pre_hooks.items()):
            hook(self, *((), {})[: 1 + (key in self._forward_pre_hooks_with_kwargs)])

    def forward(self, *args: Any, **kwargs: Any) -> None:
        """A cell is looked at, not run.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError("A cell cannot be called: it is a view of its connection and neurons. Call the layer.")

    def extra_repr(self) -> str:
        return " -> ".join(self.names)
