"""Serial: one connection feeds one group of neurons.

inputs ──► connection ──► transform, if any ──► neurons ──► spikes
"""

from collections.abc import Callable
from typing import Any

from torch import Tensor

from snnlab.connections import Connection
from snnlab.network.cell import Cell
from snnlab.network.fixed import fixed_parts
from snnlab.network.layer import Layer
from snnlab.network.step import check_given, check_keywords, check_pair, check_traced, check_transform
from snnlab.neurons import Neuron
from snnlab.synapses import Synapse
from snnlab.updates import Updater


@fixed_parts
class Serial(Layer):
    """One connection that feeds one group of neurons.

    Args:
        connection: from inputs to currents.
        neuron: from currents to spikes; shaped like the connection's outputs.
        transform: applied to the currents on their way, `f(currents, **kwargs)`; None leaves them as they are.
        connection_name, neuron_name: names of the two in the layer.

    Raises:
        RuntimeError: the connection's outputs are not shaped like the neurons; a part is added or deleted.
        TypeError: a traced connection, but neurons without traces and no transform.
        TypeError: what came is no connection, no neuron, no function.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0))
        >>> layer = Serial(connection, snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.))
        >>> layer(torch.zeros(1, 3, dtype=torch.bool))
        tensor([[False, False]])
    """

    def __init__(
        self,
        connection: Connection,
        neuron: Neuron,
        transform: Callable[..., Tensor] | None = None,
        connection_name: str = "serial",
        neuron_name: str = "serial",
    ) -> None:
        super().__init__()
        if transform is None:
            check_traced(connection, neuron)
        self._names = (connection_name, neuron_name)
        Layer.add_connection(self, connection_name, connection)
        Layer.add_neuron(self, neuron_name, neuron)
        Layer.add_cell(self, connection_name, neuron_name)
        self.transform = check_transform("transform", transform)
        self.__dict__["_parts"] = (connection, neuron, self.cells_[connection_name][neuron_name])  # at hand at every step

    @property
    def connection(self) -> Connection:
        """The connection."""
        return self._parts[0]

    @property
    def neuron(self) -> Neuron:
        """The neurons."""
        return self._parts[1]

    @property
    def synapse(self) -> Synapse:
        """The connection's synapse."""
        return self.connection.synapse

    @property
    def updater(self) -> Updater | None:
        """The connection's updater, or None."""
        return self.connection.updater

    @property
    def cell(self) -> Cell:
        """The cell of both, for learning rules and monitors."""
        return self._parts[2]

    @property
    def batched_inshape(self) -> tuple[int, ...]:
        """Shape of the inputs of a step: (B, *inshape)."""
        return self.connection.batched_inshape

    def wiring(self, inputs: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        """Hands the currents to the neurons, through the transform if there is one."""
        current = inputs[self._names[0]]
        return {self._names[1]: current if self.transform is None else self.transform(current, **kwargs)}

    def forward(
        self,
        *inputs: Tensor,
        connection_kwargs: dict[str, Any] | None = None,
        neuron_kwargs: dict[str, Any] | None = None,
        capture_intermediate: bool = False,
        **kwargs: Any,
    ) -> Tensor | tuple[Tensor, Tensor]:
        """One step.

        Args:
            *inputs: inputs of the connection, B x inshape; of a traced connection spikes and their trace.
            connection_kwargs, neuron_kwargs: keywords for the two calls.
            capture_intermediate: whether the connection's currents are returned too.
            **kwargs: passed to the transform.

        Returns:
            spikes, bool, B x shape, or of a `TracedNeuron` (spikes, trace); of neurons with a surrogate, where gradients are recorded, 0
            and 1; with `capture_intermediate`, also currents in nA.

        Raises:
            TypeError: an input that is missing; a keyword, but no transform to take it; one that the neurons do not take.
            RuntimeError: connection and neurons of different batch sizes or step times.
        """
        if kwargs and self.transform is None:
            raise TypeError(f"Serial takes no keyword {', '.join(map(repr, kwargs))}: it has no transform to pass it to.")
        connection, neuron, cell = self._parts
        check_given("inputs", connection, len(inputs))
        check_pair(self._names, connection, neuron)
        if neuron_kwargs:
            check_keywords(neuron.forward, neuron_kwargs)
        if kwargs:
            check_keywords(self.transform, kwargs)
        current = connection(*inputs, **(connection_kwargs or {}))
        spikes = neuron(*self.wiring({self._names[0]: current}, **kwargs).values(), **(neuron_kwargs or {}))
        cell.observe()
        return (spikes, current) if capture_intermediate else spikes
