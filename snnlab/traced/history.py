"""A traced connection that is a connection of the library too: spikes in its synapse's history, traces in a second one beside it.

    x  ──► synapse's history ──► read at each synapse's delay ──► potentials = weight · spike         one each a synapse
    trace_in  ──► traces' history ──► read by the same plan ──► trace

Both histories hold one value a presynaptic cell. Who reads where is the `DelayPlan` of the connection, so that learning rules, `total`
and the views of single synapses cannot disagree.
"""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.record import RecordTensor
from snnlab.synapses import DelayedRead, DeltaPlusCurrent, SynapseConstructor
from snnlab.traced.connection import Connection, check_delay


def spike_synapse(dt: float) -> SynapseConstructor:
    """Builds the synapse of a traced connection: a charge of dt makes a current of 1, so that its currents are the spikes as they came."""
    return DeltaPlusCurrent.partialconstructor(spike_charge=dt)


def delays_of_weights(delay: Any, dt: float, shape: tuple[int, ...]) -> Tensor | None:
    """Delays in ms, one a synapse of one sample, of `shape` without the batch; None where there is none.

    Raises:
        ValueError: as in `check_delay`; delays that differ between samples.
    """
    delays = check_delay(delay, dt, shape).expand(shape)
    if (delays != delays[:1]).any():
        raise ValueError("delay must be the same for every sample, as weights are, but differs along the first axis. Pass that of one.")
    return delays[0] if delays.any() else None


class HistoryConnection(Connection, ABC):
    """What `Linear` and `Conv2d` share. Each inherits this first and a connection of the library second, builds the latter, and calls
    `keep_traces`.
    """

    trace_: RecordTensor

    def keep_traces(self) -> None:
        """Makes the history of the traces: like the synapse's, and as long."""
        shape, dtype = self.synapse.batchedshape, self.weight.dtype
        self.synapse.to(dtype)
        self.trace_ = RecordTensor(self.dt, self.delayedby or 0.0, shape=shape, dtype=dtype)

    def fit_traces(self) -> None:
        """Makes the traces' history like the synapse's again, at rest, where that one has another shape, step time or reach."""
        wanted = (self.dt, self.delayedby or 0.0)
        if (self.trace_.dt, self.trace_.duration) != wanted or self.trace_.shape != self.synapse.batchedshape:
            self.trace_.resize(*wanted)
            self.trace_.initialize(self.synapse.batchedshape)

    @abstractmethod
    def spread(self, x: Tensor) -> Tensor:
        """Lays out one value a presynaptic cell, B x inshape, or one a synapse, so that it broadcasts to `shape`."""

    @abstractmethod
    def weight_of_synapses(self) -> Tensor:
        """The weights, laid out so that they broadcast to `shape`."""

    @abstractmethod
    def sum_shared(self, x: Tensor) -> Tensor:
        """The potentials of `x`, B x inshape, which arrives everywhere at once, summed over synapses: B x outshape."""

    @abstractmethod
    def sum_delayed(self) -> Tensor:
        """The potentials of what arrives at each synapse's own delay, summed over synapses: B x outshape."""

    # --- shape and time -------------------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one value a synapse: samples, neurons, synapses of one neuron."""
        return (*self.batched_outshape, self.weight[0].numel())

    @property
    def batchsz(self) -> int:
        """Number of samples. Setting it clears the state."""
        return self.synapse.batchsz

    @batchsz.setter
    def batchsz(self, value: int) -> None:
        self.synapse.batchsz = value
        self.fit_traces()
        self.trace_.clear()

    @property
    def dt(self) -> float:
        """Length of a simulation step, in ms. Setting it clears the state; every delay must be a whole multiple of it."""
        return self.synapse.dt

    @dt.setter
    def dt(self, value: float) -> None:
        value = checks.positive("dt", value, "ms")
        if self.delay is not None:
            check_delay(self.delay, value, tuple(self.delay.shape))
        one_a_spike = isinstance(self.synapse, DeltaPlusCurrent) and self.synapse.spike_charge == self.dt
        self.synapse.dt = value
        if one_a_spike:
            self.synapse.spike_charge = value  # pC: a spike stays a current of 1
        self.fit_traces()
        self.trace_.clear()

    def check_inputs(self, inputs: tuple[Tensor, ...]) -> None:
        """Refuses inputs of a wrong shape, or not finite, before any state changes."""
        if not inputs:
            raise TypeError(f"{type(self).__name__} takes x and trace_in of shape {self.batched_inshape}, but got none.")
        for name, value in zip(("x", "trace_in"), inputs, strict=False):
            checks.shaped(name, value, self.batched_inshape, "B x inshape", "Set batchsz for another batch size.")
            checks.finite(name, value)

    # --- what arrives ---------------------------------------------------------------------------------------------------------------

    def all_at_once(self) -> bool:
        """Whether all synapses read the same step of the history, so that a plain product serves."""
        if not self.delayedby:
            return True
        if self.delay.requires_grad and torch.is_grad_enabled():
            return False
        return all(self.plan(read).shared is not None for read in self.synapse.delayed_currents())

    def arrived(self, read: DelayedRead, overbound: float | None = 0.0) -> Tensor:
        """What arrives now from a history like the synapse's: B x inshape where all synapses read one step, else B x N x M; a copy."""
        if not self.delayedby:
            return self._at_once(read, 0)
        plan, record = self.plan(read, overbound is not None), read.record
        if plan.shared is not None:
            return self._at_once(read, plan.shared)
        by_sample = record.table.t().contiguous()  # reads stay within one sample's history, which the cache holds
        parts = []
        for each in plan.reads:
            value = by_sample.index_select(1, each.rows.view(-1)).view(-1, *each.rows.shape)
            parts.append(value if each.factor is None else value * each.factor)
        total = sum(parts[1:], parts[0]) if parts else by_sample.new_zeros(self.batchsz, math.prod(self.shape[1:-1]), self.shape[-1])
        total = total if read.scale == 1.0 else total * read.scale
        return total if plan.beyond is None else total.masked_fill(plan.beyond, overbound)

    def _at_once(self, read: DelayedRead, steps: int) -> Tensor:
        return self.like_input(read.record.read(steps + 1)).contiguous() * read.scale

    def arrived_currents(self) -> Tensor:
        """What arrives now of the synapse's currents, as in `arrived`; like `presyn_receptive` where a gradient is to reach the delays."""
        if self.delayedby and self.delay.requires_grad and torch.is_grad_enabled():
            return self.presyn_receptive(self.syncurrent)
        first, *others = self.synapse.delayed_currents()
        overbound = self.synapse.current_overbound  # it stands for the whole current: one part carries it
        rest = None if overbound is None else 0.0
        return sum((self.arrived(read, rest) for read in others), self.arrived(first, overbound))

    def propagate_spike(self, x: Tensor) -> Tensor:
        """One step of time: takes the spikes that leave now and returns those that arrive.

        Args:
            x: B x inshape.

        Returns:
            `x` where there is no delay; as it was a delay ago where all synapses have one; else what arrives at each synapse.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; what is on its way stays as it was.
        """
        self.check_inputs((x,))
        arrived = self._step(x)
        return arrived.to(x.dtype) if self.delayedby else x

    def _step(self, x: Tensor) -> Tensor:
        """One step of the synapse: from what leaves now to the currents that arrive."""
        self.synapse(self.like_synaptic(x))
        return self.arrived_currents()

    def propagate_trace(self, trace_in: Tensor) -> Tensor:
        """The same for the traces; no gradient flows through them."""
        self.check_inputs((trace_in,))
        self.fit_traces()
        self.trace_.push(self.like_synaptic(trace_in.detach()))
        return self.arrived(DelayedRead(self.trace_, "previous", self.synapse.tolerance))

    def activation_potential(self, x: Tensor) -> Tensor:
        """Each synapse's share, weight · spike. No state plays a part.

        Args:
            x: what arrives, B x inshape, or one value a synapse as `propagate_spike` returns it.

        Returns:
            potentials, of `shape`.
        """
        return self.spread(self.convert_spikes(x)) * self.weight_of_synapses()

    def forward(self, x: Tensor, trace_in: Tensor) -> tuple[Tensor, Tensor]:
        """One step: what arrives now at each synapse, weighted, and its trace.

        Args:
            x: spikes that leave now, B x inshape; a graded input counts with its value.
            trace_in: their traces, B x inshape.

        Returns:
            potentials and trace, both of `shape`, and both copies; the neuron sums the potentials over the last axis.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        self.check_inputs((x, trace_in))
        potentials = self.activation_potential(self._step(x))
        return potentials, self.spread(self.propagate_trace(trace_in)).expand(self.shape).contiguous()

    def total(self, x: Tensor) -> Tensor:
        """One step: the potentials summed over synapses, without ever laying them out; for runs that look at no single synapse.

        Call this or `forward`, once a step. Spikes that left in such a step have no trace.

        Args:
            x: spikes that leave now, B x inshape.

        Returns:
            sums of the potentials, B x outshape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
            RuntimeError: a gradient is wanted through a history that is written in place.
        """
        self.check_inputs((x,))
        at_once = self.all_at_once()
        if not at_once:
            self.refuse_lost_gradient()
        self.synapse(self.like_synaptic(x))
        self.fit_traces()
        self.trace_.push(torch.zeros_like(self.trace_.block[0]).movedim(-1, 0))
        return self.sum_shared(self.arrived_currents()) if at_once else self.sum_delayed()

    def reset_state(self) -> None:
        """Brings spikes on their way, and their traces, to rest. Weights stay, and so do pending updates."""
        self.synapse.clear()
        self.trace_.clear()

    def extra_repr(self) -> str:
        delay = "0" if self.delay is None else f"up to {self.delay.max().item():g}"
        return f"shape={self.shape}, batchsz={self.batchsz}, dt={self.dt}, delay={delay}"
