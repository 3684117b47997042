"""Dense connection: every input reaches every output.

    y = x·Wᵀ + b                                   without delays, x the synaptic currents
    y[n] = Σ_m W[n, m]·x[m](t − d[n, m]) + b[n]     with a delay for each synapse

With delays, every synapse reads the one history of its presynaptic cell at its own delay; see `snnlab.connections.delays`.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.connections.base import Connection, batched, build_synapse
from snnlab.connections.delays import delayed_outer, delayed_outer_of_spikes
from snnlab.connections.mixins import OneToOne, WeightBiasDelayMixin, initial_parameters
from snnlab.core import checks
from snnlab.core.events import by_events, event_product, few, inputs_first
from snnlab.synapses import DelayedRead, SynapseConstructor
from snnlab.updates import Change


class LinearDense(WeightBiasDelayMixin, Connection):
    """All-to-all connection with optional biases and a delay for each synapse.

    Equation: `help("snnlab.connections.dense")`.

    Large weights without delays, 2^15 or more, lie input by input in memory, so that a step in which few spike touches few of them. Flatten
    them by `reshape(-1)`: torch refuses `view(-1)`, and with it `torch.nn.utils.parameters_to_vector` and L-BFGS. Where these are wanted,
    `connection.weight.data = connection.weight.data.contiguous()` lays them out by rows.

    A fixed sparsity is set by `connection.mask`, Dale's sign by `connection.sign`: `help("snnlab.connections.constraint")`.

    Args:
        in_shape: shape of inputs, without the batch.
        out_shape: shape of outputs, without the batch.
        step_time: length of a simulation step.
        synapse: builds the synapse, such as `DeltaCurrent.partialconstructor(spike_charge=1.0)`.
        bias: whether outputs have a bias.
        delay: longest delay; None for a connection without delays. 0.0 makes a delay parameter that is not used.
        batch_size: number of samples.
        weight_init: makes the weights from the default, uniform in [0, 1).
        bias_init: makes the biases from the default, uniform in [0, 1).
        delay_init: makes the delays from the default, zeros.

    Units:
        step_time, delay: ms;  outputs, bias: nA;  weight: 1

    Shape:
        inputs: B x inshape -> outputs: B x outshape;  weight, delay: N x M;  bias: N;  selector: 1 x M x N

    Raises:
        ValueError: a size, time or initial value out of its range.
        TypeError: a synapse constructor that builds no synapse.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> late = lambda zeros: torch.tensor([[0.0, 2.0]])
        >>> connection = LinearDense(2, 1, 1.0, synapse=synapse, delay=2.0, weight_init=torch.ones_like, delay_init=late)
        >>> both, none = torch.tensor([[True, True]]), torch.tensor([[False, False]])
        >>> [connection(x).item() for x in (both, none, none)]
        [1.0, 0.0, 1.0]

        Delays learn by gradient where the synapse reads along the line between two steps, and keeps the graph of its history:

        >>> synapse = snn.DeltaPlusCurrent.partialconstructor(1.0, interp_mode="linear", inplace=False)
        >>> connection = LinearDense(1, 1, 1.0, synapse=synapse, delay=5.0, weight_init=torch.ones_like)
        >>> _ = connection.delay.requires_grad_()
        >>> for x in (0.0, 3.0, 7.0):
        ...     current = connection(torch.tensor([[x]]))
        >>> current.sum().backward()
        >>> connection.delay.grad  # a longer delay would read less: 3 in the place of 7
        tensor([[-4.]])
    """

    weight_axes = "outputs x inputs"

    def __init__(
        self,
        in_shape: tuple[int, ...] | int,
        out_shape: tuple[int, ...] | int,
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
        self._inshape, self._outshape = checks.shape("in_shape", in_shape), checks.shape("out_shape", out_shape)
        inputs, outputs = torch.Size(self._inshape).numel(), torch.Size(self._outshape).numel()
        Connection.__init__(self, build_synapse(synapse, (inputs,), step_time, delay, batch_size))
        first = {"weight_init": weight_init, "bias_init": bias_init, "delay_init": delay_init}
        first = initial_parameters((outputs, inputs), (outputs,), bias=bias, delay=delay, **first)
        if not delay:  # a product over the history has its own order of reading
            first["weight"] = inputs_first(first["weight"])
        WeightBiasDelayMixin.__init__(self, **first)
        self.synapse.to(self.weight.dtype)

    @property
    def inshape(self) -> tuple[int, ...]:
        """Shape of inputs, without the batch."""
        return self._inshape

    @property
    def outshape(self) -> tuple[int, ...]:
        """Shape of outputs, without the batch."""
        return self._outshape

    @property
    def selector(self) -> Tensor | None:
        """Delays, in ms, as times to read the synapse at, 1 x M x N; None without delays."""
        return None if self.delay is None else self.delay.t().unsqueeze(0)

    def like_input(self, data: Tensor) -> Tensor:
        """Reshapes data like the synapse's input, B x M, to the connection's input, B x inshape."""
        return batched(data, (self.insize(),)).reshape(-1, *self.inshape)

    def like_synaptic(self, data: Tensor) -> Tensor:
        """Reshapes data like the connection's input, B x inshape, to the synapse's input, B x M."""
        data = batched(data, self._inshape)
        return data if len(self._inshape) == 1 else data.reshape(-1, self.insize())

    def like_bias(self, data: Tensor) -> Tensor:
        """Reshapes data like a reduced postsynaptic receptive, N x 1, to the biases, N."""
        return data.reshape(self.outsize())

    def postsyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like the output, B x outshape, to B x N x 1 x 1."""
        return batched(data, self.outshape).reshape(-1, self.outsize(), 1, 1)

    def presyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like `syncurrent`, B x M or B x M x N, to B x 1 x M x 1 or B x N x M x 1."""
        data = batched(data, (self.insize(),), (self.insize(), self.outsize()))
        return (data.unsqueeze(1) if data.dim() == 2 else data.transpose(1, 2)).unsqueeze(-1)

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: inputs of this step, B x inshape, passed to the synapse as B x M, with all keywords.

        Returns:
            currents, in nA, B x outshape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
            RuntimeError: a gradient is wanted through a history that is written in place.
        """
        self.check_inputs(inputs)
        delayed = self.delayedby
        if delayed:
            self.refuse_lost_gradient()
        current = self.synapse(*map(self.like_synaptic, inputs), **kwargs)
        total = self._delayed() if delayed else self._present(current)
        return total if len(self._outshape) == 1 else total.reshape(self.batched_outshape)

    def _present(self, current: Tensor) -> Tensor:
        """The undelayed product: B x M -> B x N."""
        weight = self.open_weight()
        if current.shape[0] == 1 and by_events(weight) and (total := event_product(current, weight)) is not None:
            return total if self.bias is None else total + self.bias
        return F.linear(current, weight, self.bias)

    def _delayed(self) -> Tensor:
        """The delayed product over what the synapse remembers: B x N."""
        if self.reads_by_plan():
            total = self.read_sum(self.open_weight()).t()
        else:  # a synapse that only says what its currents are
            total = torch.einsum("bmn,nm->bn", self.syncurrent, self.open_weight())
        return total if self.bias is None else total + self.bias

    def factors(self, post: Tensor, pre: DelayedRead) -> tuple[Tensor, Tensor] | None:
        """Two factors, N x B and B x M, whose product is `correlate`; None with delays, where there are none."""
        if self.delayedby:
            return None
        present = pre.record.present
        post = post if post.dim() == 2 else post.flatten(1)
        return post.t().to(present.dtype), present * pre.scale  # what is present is live: a copy

    def change(self, post: Tensor, pre: DelayedRead) -> Change | None:
        """`correlate` of a single sample as a change of a few rows or columns, where few neurons spiked on one side; else None."""
        if post.shape[0] != 1 or self.delayedby or type(self).factors is not LinearDense.factors or not by_events(self._hold()):
            return None  # nor where a subclass has factors of its own
        post, present = post.reshape(-1), pre.record.present.view(-1)
        if post.dtype == torch.bool:  # spikes that meet a trace, which is live: a copy, unless nobody spiked
            if (rows := few(post)) is None:
                return None
            if not rows.numel():
                return Change(0, rows, rows, present, post.shape[0])
            return Change(0, rows, present.new_full(rows.shape, pre.scale), present.clone(), post.shape[0])
        if (columns := few(present)) is None:
            return None
        return Change(1, columns, present.index_select(0, columns).mul_(pre.scale), post.to(present.dtype), present.shape[0])

    def correlate(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """The sum over the batch of post x pre for every synapse, N x M; see `Connection.correlate`."""
        if not self.delayedby:
            return torch.mm(*LinearDense.factors(self, post, pre))
        multiply = delayed_outer_of_spikes if post.dtype == torch.bool else delayed_outer
        plan = self.plan(pre, self.synapse.spike_overbound is not None)
        if not plan.reads:  # a decay so steep that nothing is left of any spike
            return torch.zeros_like(self.weight)
        return multiply(post.reshape(-1, self.outsize()).t(), pre.record.table, plan, scale=pre.scale)
