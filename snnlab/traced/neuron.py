"""Neurons in a traced network: they sum their synapses, step, and send each spike on with its trace.

    I = Σ of the potentials over synapses,      s = step of the neuron(I),      z ← z·exp(−dt/τ) + s

Reference: Morrison, Diesmann & Gerstner, Biol. Cybern. 98:459 (2008), section 4 (spike traces).
"""

from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.traces import exp_trace_cumulative
from snnlab.neurons import Neuron
from snnlab.observe import CumulativeTraceReducer, Reducer

Potentials = Tensor | tuple[Tensor, Tensor]


class TracedNeuron(Neuron):
    """Makes neurons of the library part of a traced network.

    Equation: `help("snnlab.traced.neuron")`.

    Args:
        neuron: any neurons of the library; flat layers are of shape (1, N), images of C x H x W.
        time_constant: of the trace; or a reducer that makes the trace of spikes, such as `NearestTraceReducer`.

    Units:
        time_constant: ms;  potentials: nA

    Shape:
        potentials: B x *shape x S -> spikes, trace: B x *shape, with S the synapses of one neuron

    Raises:
        TypeError: no neurons.
        ValueError: a time constant not above 0; a reducer of another step time.

    Example:
        >>> lif = snn.LIF((1, 1), 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10., resistance=10.)
        >>> neuron = TracedNeuron(lif, time_constant=20.0)
        >>> neuron(torch.tensor([[[[4.0, 3.0]]]])), neuron(torch.tensor([[[[0.0, 0.0]]]]))
        ((tensor([[[True]]]), tensor([[[1.]]])), (tensor([[[False]]]), tensor([[[0.9512]]])))
    """

    def __init__(self, neuron: Neuron, time_constant: float | Reducer) -> None:
        super().__init__()
        if not isinstance(neuron, Neuron):
            raise TypeError(f"neuron must be a Neuron, such as LIF((1, 10), 1.0, ...), but is of type {type(neuron).__name__}.")
        self.neuron_ = neuron
        self.reducer_ = time_constant if isinstance(time_constant, Reducer) else None
        self._time_constant = None
        if self.reducer_ is None:
            self.time_constant = time_constant
            self.register_state("trace_", torch.zeros_like(neuron.voltage))
        elif getattr(time_constant, "dt", neuron.dt) != neuron.dt:
            raise ValueError(f"time_constant must be a reducer of dt {neuron.dt} ms, as the neurons, but its dt is {time_constant.dt} ms.")

    @property
    def time_constant(self) -> float | None:
        """Time constant of the trace, in ms; None where a reducer makes the trace."""
        return self._time_constant

    @time_constant.setter
    def time_constant(self, value: float) -> None:
        if self.reducer_ is not None:
            raise RuntimeError("time_constant cannot be set: a reducer makes the trace. Set its time constant.")
        self._time_constant = checks.positive("time_constant", value, "ms")

    # --- the neurons ----------------------------------------------------------------------------------------------------------------

    @property
    def neuron(self) -> Neuron:
        """The neurons themselves."""
        return self.neuron_

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the group, without the batch."""
        return self.neuron.shape

    @property
    def count(self) -> int:
        """Number of neurons."""
        return self.neuron.count

    @property
    def batchedshape(self) -> tuple[int, ...]:
        """Shape of the group: (B, *shape)."""
        return self.neuron.batchedshape

    @property
    def batchsz(self) -> int:
        """Number of samples. Setting it clears the state."""
        return self.neuron.batchsz

    @batchsz.setter
    def batchsz(self, value: int) -> None:
        self.neuron.batchsz = value
        self.resize_states(value)
        if self.reducer_ is not None:
            self.reducer_.clear()

    @property
    def dt(self) -> float:
        """Length of a simulation step, in ms."""
        return self.neuron.dt

    @dt.setter
    def dt(self, value: float) -> None:
        self.neuron.dt = value
        if hasattr(self.reducer_, "dt"):
            self.reducer_.dt = value

    @property
    def voltage(self) -> Tensor:
        """Membrane voltages, in mV, B x *shape. Setting them replaces them."""
        return self.neuron.voltage

    @voltage.setter
    def voltage(self, value: Tensor) -> None:
        self.neuron.voltage = value

    @property
    def refrac(self) -> Tensor:
        """Refractory time that is left, in ms, B x *shape. Setting it replaces it."""
        return self.neuron.refrac

    @refrac.setter
    def refrac(self, value: Tensor) -> None:
        self.neuron.refrac = value

    @property
    def spike(self) -> Tensor:
        """Spikes of the last step, as bool, B x *shape."""
        return self.neuron.spike

    @property
    def trace(self) -> Tensor:
        """Trace of the spikes up to the last step, B x *shape; a copy."""
        if self.reducer_ is None:
            return self.trace_.clone()
        trace = self.reducer_.peek()
        return torch.zeros_like(self.voltage) if trace is None else trace

    # --- a step ---------------------------------------------------------------------------------------------------------------------

    def summed(self, inputs: Potentials | list[Potentials]) -> Tensor:
        """Currents of the neurons, B x *shape: the sums over synapses, and over connections."""
        if isinstance(inputs, list):
            if not inputs:
                raise ValueError("inputs must be potentials, or a list of those of several connections, but is an empty list.")
            first, *others = map(self.summed, inputs)
            return sum(others, first)
        if isinstance(inputs, tuple):
            if len(inputs) != 2:
                raise TypeError(
                    f"inputs must be potentials, one connection's (potentials, trace), or a list, but is a tuple of {len(inputs)}. "
                    "Pass a list for several connections."
                )
            return self.summed(inputs[0])
        shape = tuple(checks.tensor("inputs", inputs).shape)
        if shape == self.batchedshape:
            return inputs
        if shape[:-1] != self.batchedshape:
            raise ValueError(
                f"inputs must be of shape {self.batchedshape} (B x *shape), with or without a last axis of synapses, "
                f"but is of shape {shape}. Set batchsz, or build with another batch_size."
            )
        return inputs.sum(-1)

    def forward(self, inputs: Potentials | list[Potentials], **kwargs: Any) -> tuple[Tensor, Tensor]:
        """One step.

        Args:
            inputs: potentials of a connection, B x *shape x S, their sums, B x *shape, or what a connection gives, (potentials, trace); a
                list of such for several connections.
            **kwargs: passed to the neurons.

        Returns:
            spikes, as the neurons give them, and trace, both B x *shape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        spikes = self.neuron(self.summed(inputs), **kwargs)
        if self.reducer_ is None:
            self.trace_ = exp_trace_cumulative(
                self.spike, self.trace_, step_time=self.dt, time_constant=self.time_constant, amplitude=1.0, target=True
            )
        else:
            self.reducer_(self.spike)
        return spikes, self.trace

    def extra_repr(self) -> str:
        kept = "" if self.reducer_ is not None else f", time_constant={self.time_constant}"
        return f"shape={self.shape}, batchsz={self.batchsz}, dt={self.dt}{kept}"


class TracedInput(Module):
    """Gives input spikes their traces.

    Equation: `help("snnlab.traced.neuron")`.

    Args:
        time_constant: of the trace; or a reducer that makes the trace of spikes, which has a step time of its own.
        dt: length of a simulation step. None: that of the reducer, and without one 1 ms; name it wherever the network steps by another, for
            nothing here knows what the spikes go to.

    Units:
        time_constant, dt: ms

    Shape:
        x: B x ..., always the same -> spikes, trace: as x

    Raises:
        ValueError: a time not above 0.

    Example:
        >>> inputs = TracedInput(time_constant=20.0)
        >>> inputs(torch.tensor([[[True]]])), inputs(torch.tensor([[[False]]]))
        ((tensor([[[True]]]), tensor([[[1.]]])), (tensor([[[False]]]), tensor([[[0.9512]]])))
    """

    def __init__(self, time_constant: float | Reducer, dt: float | None = None) -> None:
        super().__init__()
        if isinstance(time_constant, Reducer):
            if dt is not None and dt != getattr(time_constant, "dt", dt):
                raise ValueError(f"dt must be that of the reducer, {time_constant.dt} ms, but is {dt} ms. Leave it out.")
            self.reducer_ = time_constant
        else:
            tau = checks.positive("time_constant", time_constant, "ms")
            self.reducer_ = CumulativeTraceReducer(1.0 if dt is None else checks.positive("dt", dt, "ms"), tau)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """One step.

        Args:
            x: spikes; nonzero is a spike.

        Returns:
            spikes, bool, and trace, both shaped like `x`.

        Raises:
            ValueError: another shape than before, a NaN or an infinity; the state stays as it was.
        """
        spikes = checks.finite("x", x) != 0
        self.reducer_(spikes)
        return spikes, self.reducer_.peek()
