"""Direct connection: every input reaches the output of the same index, and no other.

    y = x ⊙ w + b                                without delays, x the synaptic currents
    y[m] = w[m]·x[m](t − d[m]) + b[m]            with a delay for each synapse

One read a synapse: nothing here is larger than the output.
"""

from typing import Any

import torch
from torch import Tensor

from snnlab.connections.base import Connection, batched, build_synapse
from snnlab.connections.mixins import OneToOne, WeightBiasDelayMixin, initial_parameters
from snnlab.core import checks
from snnlab.synapses import DelayedRead, SynapseConstructor


class LinearDirect(WeightBiasDelayMixin, Connection):
    """One-to-one connection with optional biases and a delay for each synapse.

    Equation: `help("snnlab.connections.direct")`.

    Args:
        shape: shape of inputs and outputs, without the batch.
        step_time: length of a simulation step.
        synapse: builds the synapse, such as `DeltaCurrent.partialconstructor(spike_charge=1.0)`.
        bias: whether outputs have a bias.
        delay: longest delay; None for a connection without delays.
        batch_size: number of samples.
        weight_init, bias_init: make the parameter from the default, uniform in [0, 1).
        delay_init: makes the delays from the default, zeros.

    Units:
        step_time, delay: ms;  outputs, bias: nA;  weight: 1

    Shape:
        inputs: B x shape -> outputs: B x shape;  weight, delay, bias: M;  selector: 1 x M x 1

    Raises:
        ValueError: a size, time or initial value out of its range.
        TypeError: a synapse constructor that builds no synapse.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> connection = LinearDirect(2, 1.0, synapse=synapse, weight_init=lambda default: torch.tensor([3.0, 4.0]))
        >>> connection(torch.tensor([[True, False]])).detach()
        tensor([[3., 0.]])
    """

    weight_axes = "one an input"

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        synapse: SynapseConstructor,
        bias: bool = False,
        delay: float | None = None,
        batch_size: int = 1,
        weight_init: OneToOne | None = None,
        bias_init: OneToOne | None = None,
        delay_init: OneToOne | None = None,
    ) -> None:
        self._shape = checks.shape("shape", shape)
        size = torch.Size(self._shape).numel()
        Connection.__init__(self, build_synapse(synapse, (size,), step_time, delay, batch_size))
        first = {"weight_init": weight_init, "bias_init": bias_init, "delay_init": delay_init}
        WeightBiasDelayMixin.__init__(self, **initial_parameters((size,), (size,), bias=bias, delay=delay, **first))
        self.synapse.to(self.weight.dtype)

    @property
    def inshape(self) -> tuple[int, ...]:
        """Shape of inputs, without the batch."""
        return self._shape

    @property
    def outshape(self) -> tuple[int, ...]:
        """Shape of outputs, without the batch: that of the inputs."""
        return self._shape

    @property
    def selector(self) -> Tensor | None:
        """Delays, in ms, as times to read the synapse at, 1 x M x 1; None without delays."""
        return None if self.delay is None else self.delay.view(1, -1, 1)

    def like_input(self, data: Tensor) -> Tensor:
        """Reshapes data like the synapse's input, B x M, to the connection's input, B x shape."""
        return batched(data, (self.insize(),)).reshape(-1, *self._shape)

    def like_synaptic(self, data: Tensor) -> Tensor:
        """Reshapes data like the connection's input, B x shape, to the synapse's input, B x M."""
        data = batched(data, self._shape)
        return data if len(self._shape) == 1 else data.reshape(-1, self.insize())

    def like_bias(self, data: Tensor) -> Tensor:
        """Reshapes data like a reduced postsynaptic receptive, M, to the biases, M."""
        return data.reshape(self.insize())

    def postsyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like the output, B x shape, to B x M x 1."""
        return batched(data, self._shape).reshape(-1, self.insize(), 1)

    def presyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like `syncurrent`, B x M or B x M x 1, to B x M x 1."""
        return batched(data, (self.insize(),), (self.insize(), 1)).reshape(-1, self.insize(), 1)

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: inputs of this step, B x shape, passed to the synapse as B x M, with all keywords.

        Returns:
            currents, in nA, B x shape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
            RuntimeError: a gradient is wanted through a history that is written in place.
        """
        self.check_inputs(inputs)
        delayed = self.delayedby
        if delayed:
            self.refuse_lost_gradient()
        current = self.synapse(*map(self.like_synaptic, inputs), **kwargs)
        if delayed:  # one read a synapse: nothing here is larger than the output
            current = self.syncurrent.squeeze(-1)
        total = current * self.open_weight()
        total = total if self.bias is None else total + self.bias
        return total if len(self._shape) == 1 else total.reshape(self.batched_outshape)

    def correlate(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """The sum over the batch of post x pre for every synapse, M; see `Connection.correlate`."""
        arriving = self.arriving(pre).reshape(-1, self.insize())
        return (post.reshape(-1, self.insize()) * arriving).sum(0)
