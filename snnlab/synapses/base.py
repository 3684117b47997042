"""What every synapse does: takes presynaptic spikes, gives a current, and remembers both over the longest delay.

    spikes s[t]  ──►  current I[t]           now, what `forward` returns
    history      ──►  I[t − d], s[t − d]     at a delay d, what `current_at` and `spike_at` read

A synapse keeps one history a presynaptic cell, never one a connection: every target reads the same history at its own delay.
"""

from abc import ABC, abstractmethod
from functools import lru_cache
from typing import Any, Protocol

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.mixins import BatchShapeMixin, DelayedMixin
from snnlab.core.module import Module
from snnlab.core.record import RecordTensor
from snnlab.synapses.read import DelayedRead


class SynapseConstructor(Protocol):
    """What a connection calls to build its synapse: `f(shape, step_time, delay, batch_size) -> Synapse`.

    Args:
        shape: shape of the synapse, without the batch.
        step_time: length of a simulation step, in ms.
        delay: longest delay, in ms.
        batch_size: number of samples.

    Example:
        >>> constructor = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> synapse = constructor((3,), 1.0, 5.0, 2)
        >>> type(synapse).__name__, synapse.batchedshape, synapse.delay
        ('DeltaCurrent', (2, 3), 5.0)
    """

    def __call__(self, shape: tuple[int, ...] | int, step_time: float, delay: float, batch_size: int) -> "Synapse": ...


class Synapse(Module, ABC):
    """Interface of a synapse: a shape with a batch, a step time, a longest delay, and currents and spikes now and before.

    Shape:
        spike, current: B x *shape;  spike_at, current_at: as the selector, B x *shape or B x *shape x D

    Units:
        dt, delay, selector: ms;  current: nA

    Example:
        >>> synapse = snn.DeltaCurrent(2, 1.0, spike_charge=3.0, delay=1.0)
        >>> isinstance(synapse, Synapse), synapse(torch.tensor([[True, False]]))
        (True, tensor([[3., 0.]]))
        >>> synapse.spike_at(torch.zeros(1, 2))
        tensor([[ True, False]])
    """

    shape: tuple[int, ...]
    count: int
    batchsz: int
    batchedshape: tuple[int, ...]
    dt: float
    delay: float
    inplace: bool

    @classmethod
    @abstractmethod
    def partialconstructor(cls, *args: Any, **kwargs: Any) -> SynapseConstructor:
        """A function that builds such a synapse from (shape, step_time, delay, batch_size)."""
        raise checks.unimplemented(cls, "partialconstructor")

    @property
    @abstractmethod
    def current(self) -> Tensor:
        """Current at present, in nA."""
        raise checks.unimplemented(self, "current")

    @current.setter
    def current(self, value: Tensor) -> None:
        raise checks.unimplemented(self, "current")

    @property
    @abstractmethod
    def spike(self) -> Tensor:
        """Spikes that came at this step, as bool."""
        raise checks.unimplemented(self, "spike")

    @spike.setter
    def spike(self, value: Tensor) -> None:
        raise checks.unimplemented(self, "spike")

    @abstractmethod
    def current_at(self, selector: Tensor) -> Tensor:
        """Current `selector` ms ago, in nA."""
        raise checks.unimplemented(self, "current_at")

    @abstractmethod
    def spike_at(self, selector: Tensor) -> Tensor:
        """Spikes `selector` ms ago, as bool."""
        raise checks.unimplemented(self, "spike_at")

    @abstractmethod
    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step: takes the spikes of this step, returns the current."""
        raise checks.unimplemented(self, "forward")


class InfernoSynapse(DelayedMixin, BatchShapeMixin, Synapse):
    """A synapse with plain histories: what the synapses of this library have in common.

    A subclass builds its histories with `new_history`, that of its spikes under the name `spike_`; it says in `delayed_currents` and
    `delayed_spikes` how currents and spikes follow from them, and steps them in `forward`. A synapse of one current needs less: see
    `CurrentSynapse`.

    Args:
        shape: shape of the group of synapses, without the batch.
        step_time: length of a simulation step, in ms.
        delay: longest delay, in ms.
        batch_size: number of samples.
        inplace: whether histories are written in place: fastest, but no gradient flows through them.

    Raises:
        ValueError, TypeError: a size, time or delay out of its range.

    Example:
        >>> class Counted(snn.DeltaCurrent):  # a synapse of the library that also counts its spikes
        ...     def forward(self, *inputs):
        ...         self.spikes = getattr(self, "spikes", 0) + int(self.check_inputs(inputs).sum())
        ...         return super().forward(*inputs)
        >>> synapse = Counted(2, 1.0, spike_charge=3.0)
        >>> isinstance(synapse, InfernoSynapse), synapse(torch.tensor([[True, True]])), synapse.spikes
        (True, tensor([[3., 3.]]), 2)
    """

    def __init__(self, shape: tuple[int, ...] | int, step_time: float, delay: float, batch_size: int, inplace: bool) -> None:
        Synapse.__init__(self)
        BatchShapeMixin.__init__(self, shape, batch_size)
        DelayedMixin.__init__(self, step_time, delay)
        self._inplace = checks.boolean("inplace", inplace)
        self._current_overbound: float | None = 0.0
        self._spike_overbound: bool | None = False
        self._tolerance: float | None = None

    @property
    def inplace(self) -> bool:
        """Whether histories are written in place; set it to False where a gradient is wanted."""
        return self._inplace

    @inplace.setter
    def inplace(self, value: bool) -> None:
        self._inplace = checks.boolean("inplace", value)
        for record in self.children():
            if isinstance(record, RecordTensor):
                record.inplace = self._inplace

    @property
    def current_overbound(self) -> float | None:
        """Current beyond the longest delay, in nA; None for that of the longest delay."""
        return self._current_overbound

    @current_overbound.setter
    def current_overbound(self, value: float | None) -> None:
        hint = "None reads the oldest current instead."
        self._current_overbound = None if value is None else checks.number("current_overbound", value, "nA", hint)

    @property
    def spike_overbound(self) -> bool | None:
        """Whether there are spikes beyond the longest delay; None for those of the longest delay."""
        return self._spike_overbound

    @spike_overbound.setter
    def spike_overbound(self, value: bool | None) -> None:
        self._spike_overbound = None if value is None else checks.boolean("spike_overbound", value)

    @property
    def tolerance(self) -> float:
        """How far a delay may lie off a whole step and still count as one, in ms; 1e-4 of a step unless it was given."""
        return 1e-4 * self.dt if self._tolerance is None else self._tolerance

    @tolerance.setter
    def tolerance(self, value: float | None) -> None:
        self._tolerance = None if value is None else checks.not_negative("interp_tol", value, "ms")

    def clear(self, **kwargs: Any) -> None:
        """Brings every history to rest.

        Raises:
            NotImplementedError: there is none, so that only the subclass can know what is at rest.
        """
        if not self._states and not any(isinstance(child, RecordTensor) for child in self.children()):
            raise checks.unimplemented(self, "clear")
        super().clear(**kwargs)

    def new_history(self) -> RecordTensor:
        """A history of this synapse's shape that reaches its longest delay."""
        dtype = torch.get_default_dtype()
        return RecordTensor(self.dt, self.delay, shape=self.batchedshape, dtype=dtype, inplace=self.inplace)

    @property
    def spike(self) -> Tensor:
        """Spikes that came at this step, as bool, B x *shape. Setting it replaces them, and no stored current with them."""
        return self._spikes().present != 0

    @spike.setter
    def spike(self, value: Tensor) -> None:
        self._spikes().write(self.check_state("spike", value) != 0, 1)

    @property
    def arrived(self) -> Tensor:
        """The same as the numbers 1 and 0, which may be the history itself: to be read, and never written to."""
        return self._spikes().present if _keeps_numbers(type(self)) else self.spike.to(torch.get_default_dtype())

    def _spikes(self) -> RecordTensor:
        """The history of spikes, `spike_`; NotImplementedError where the subclass keeps none of that name and so must say what they are."""
        record = self._modules.get("spike_")
        if record is None:
            raise checks.unimplemented(self, "spike")
        return record

    @property
    def reads_histories(self) -> bool:
        """Whether currents at a delay are those of `delayed_currents`; not where a subclass has a `current_at` of its own."""
        own = type(self)
        return own.current_at is InfernoSynapse.current_at and own.delayed_currents is not InfernoSynapse.delayed_currents

    def delayed_currents(self) -> tuple[DelayedRead, ...]:
        """The histories whose reads at a delay add up to the current at that delay."""
        raise NotImplementedError(f"{type(self).__name__} must say how its current follows from its histories.")

    def delayed_spikes(self) -> DelayedRead:
        """The history that spikes at a delay are read from."""
        raise NotImplementedError(f"{type(self).__name__} must say how its spikes follow from its histories.")

    def current_at(self, selector: Tensor) -> Tensor:
        """Currents `selector` ms ago, in nA; beyond the longest delay `current_overbound`, or the oldest current for None.

        Shape:
            selector: B x *shape -> B x *shape, or B x *shape x D -> B x *shape x D; a batch axis of 1 serves all samples
        """
        first, *others = self.delayed_currents()
        rest = None if self.current_overbound is None else 0.0  # the overbound value stands for the whole current: one part carries it
        return sum((read.at(selector, rest) for read in others), first.at(selector, self.current_overbound))

    def spike_at(self, selector: Tensor) -> Tensor:
        """Spikes `selector` ms ago, as bool; beyond the longest delay `spike_overbound`, or the oldest spikes for None."""
        return self.delayed_spikes().at(selector, self.spike_overbound) != 0

    def check_inputs(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """The spikes among the inputs, checked before any state changes."""
        if not inputs:
            raise TypeError(f"{type(self).__name__} takes spikes of shape {self.batchedshape}, but got no input.")
        shape = self.batchedshape
        for place, value in enumerate(inputs):
            if isinstance(value, Tensor) and value.dtype == torch.bool and value.shape == shape:  # nothing can be wrong with these
                continue
            name = "inputs" if len(inputs) == 1 else f"inputs[{place}]"
            checks.shaped(name, value, shape, "B x *shape", "Set batchsz, or build with another batch_size.")
            checks.finite(name, value)
        return inputs[0]

    def check_state(self, name: str, value: Tensor) -> Tensor:
        """A value for the present spikes or currents, checked before it replaces them."""
        return checks.finite(name, checks.shaped(name, value, self.batchedshape, "B x *shape"))

    def extra_repr(self) -> str:
        return f"shape={self.shape}, batchsz={self.batchsz}, dt={self.dt}, delay={self.delay}"


@lru_cache
def _keeps_numbers(kind: type) -> bool:
    """Whether a synapse keeps its spikes as 1 and 0, as those of this library do; a step written elsewhere may keep what it likes."""
    return kind.forward.__module__.startswith("snnlab.synapses.") and kind.spike is InfernoSynapse.spike


def as_binary(inputs: Tensor, dtype: torch.dtype) -> Tensor:
    """1 where there is a spike and 0 elsewhere, in `dtype`; a gradient passes straight through."""
    seen = inputs.detach()
    if seen.dtype == torch.bool:  # noqa: SIM108 - the reason stands beside each
        spikes = seen.view(torch.uint8).to(dtype)  # four times as fast as from bool, and this is done at every step
    else:
        spikes = torch.ne(seen, 0, out=torch.empty_like(seen, dtype=dtype))
    return spikes + (inputs - seen) if inputs.requires_grad else spikes


def refuse_unknown(name: str, kwargs: dict[str, Any]) -> None:
    """TypeError that names keywords nobody takes."""
    if kwargs:
        raise TypeError(f"{name} takes no keyword {', '.join(map(repr, kwargs))}. Leave it out, or check its spelling.")


def interpolation_mode(name: str, value: Any, choices: tuple[str, ...] = ("nearest", "previous")) -> str:
    """The lower-case name of a way to read between two steps; for spikes unless other choices are given."""
    return checks.one_of(name, str(value).lower(), choices, RuntimeError)


def pulse_mode(name: str, value: Any) -> str:
    """A way to read currents that are pulses of one step."""
    return interpolation_mode(name, value, ("nearest", "previous", "linear"))


def decay_mode(name: str, value: Any) -> str:
    """A way to read currents that decay between two steps."""
    return interpolation_mode(name, value, ("expdecay", "linear"))
