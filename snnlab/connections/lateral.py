"""Lateral connection: every neuron of a group reaches every other, and never itself.

    y = x·(W ⊙ (1 − I))ᵀ + b

Such a connection carries the competition of a group: with negative weights, whoever spikes holds the others down.
"""

from typing import Any

import torch
from torch import Tensor

from snnlab.connections.constraint import check_mask
from snnlab.connections.dense import LinearDense
from snnlab.connections.mixins import OneToOne
from snnlab.synapses import DelayedRead, SynapseConstructor


class LinearLateral(LinearDense):
    """All-to-all connection of a group with itself, without self-connections.

    Equation: `help("snnlab.connections.lateral")`.

    A fixed sparsity is set by `connection.mask`, Dale's sign by `connection.sign`: `help("snnlab.connections.constraint")`.

    The diagonal of weight and delay is 0 after every setting, and the product leaves it out even where
    an optimiser has moved it.

    Args:
        shape: shape of the group, without the batch.
        step_time, synapse, bias, delay, batch_size, weight_init, bias_init, delay_init: as in `LinearDense`.

    Units:
        step_time, delay: ms;  outputs, bias: nA;  weight: 1

    Shape:
        inputs: B x shape -> outputs: B x shape;  weight, delay: M x M;  bias: M;  selector: 1 x M x M

    Raises:
        ValueError: a size, time or initial value out of its range.
        TypeError: a synapse constructor that builds no synapse.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> connection = LinearLateral(3, 1.0, synapse=synapse, weight_init=lambda default: -torch.ones_like(default))
        >>> connection(torch.tensor([[True, False, False]])).detach()
        tensor([[ 0., -1., -1.]])
    """

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
        super().__init__(
            shape,
            shape,
            step_time,
            synapse=synapse,
            bias=bias,
            delay=delay,
            batch_size=batch_size,
            weight_init=weight_init,
            bias_init=bias_init,
            delay_init=delay_init,
        )
        self.register_buffer("mask_", 1 - torch.eye(self.insize(), dtype=self.weight_.dtype), persistent=False)
        if self.delay_ is not None:
            self._write(self.delay_, self.delay_)

    @property
    def mask(self) -> Tensor:
        """1 where there is a synapse and 0 where there is none, M x M. The diagonal is 0 whatever is set; None makes all others 1."""
        return self.mask_

    @mask.setter
    def mask(self, value: Tensor | None) -> None:
        others = 1 - torch.eye(self.insize(), dtype=self.weight_.dtype, device=self.weight_.device)
        mask = others if value is None else check_mask(value, self.weight_, self.weight_axes) * others
        self.register_buffer("mask_", mask, persistent=value is not None)
        self._held = None

    def _write(self, parameter: Any, value: Tensor) -> None:
        """Copies new values in; of weights and delays, the diagonal stays 0."""
        with torch.no_grad():
            parameter.copy_(value)
            if parameter.dim() == 2:
                parameter.fill_diagonal_(0)

    def pair(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """post x pre of every synapse and sample, B x M x M, with 0 on the diagonal; see `Connection.pair`."""
        self_connections = torch.eye(self.insize(), dtype=torch.bool, device=self.weight_.device)
        return super().pair(post, pre).masked_fill(self_connections, 0)

    def correlate(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """The sum over the batch of post x pre for every synapse, M x M, with 0 on the diagonal; see `Connection.correlate`."""
        return super().correlate(post, pre).fill_diagonal_(0)

    def factors(self, post: Tensor, pre: DelayedRead) -> None:
        """None: a product of two factors has no empty diagonal."""
        return None

    def change(self, post: Tensor, pre: DelayedRead) -> None:
        """None, for the same reason."""
        return None
