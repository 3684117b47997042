"""Current-based synapses: one method says which current a step's spikes give, and the synapse is complete.

    I[t] ← f(s[t], I[t−1], whatever else it remembers)

where f is the equation of the model. Currents and spikes are kept over the longest delay and read there: at a delay of whole steps exactly;
between two steps the current lies on the straight line between both, and the spike is the older one. A synapse of your own is a class with
one method, `release`; what it remembers beside its current is declared with `register_state`, so that it is cleared, saved and copied.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 3.1 (synaptic currents).
"""

import inspect
from abc import abstractmethod
from typing import Any

from torch import Tensor

from snnlab.core import checks
from snnlab.synapses.base import InfernoSynapse, SynapseConstructor, as_binary, refuse_unknown
from snnlab.synapses.read import DelayedRead


class CurrentSynapse(InfernoSynapse):
    """A group of synapses that give currents; a subclass says which, and is complete: with delays, batches, saving and copies.

    Args:
        shape: shape of the group of synapses, without the batch.
        step_time: length of a simulation step, in ms.
        delay: longest delay that can be read, in ms.
        batch_size: number of samples.
        inplace: whether the histories are written in place: fastest, but no gradient flows through them.

    Shape:
        inputs: B x *shape -> current: B x *shape

    Raises:
        ValueError, TypeError: a size, time or delay out of its range.

    Example:
        >>> class Facilitating(CurrentSynapse):  # with every spike the next ones carry more
        ...     def __init__(self, shape, step_time, *, spike_charge, **group):
        ...         super().__init__(shape, step_time, **group)
        ...         self.charge = spike_charge
        ...         self.register_state("gain_", torch.ones(self.batchedshape), rest=1.0)
        ...     def release(self, spikes):
        ...         current = spikes * self.gain_ * (self.charge / self.dt)
        ...         self.gain_ = self.gain_ + 0.1 * spikes
        ...         return current
        >>> synapse = Facilitating.partialconstructor(spike_charge=10.0)
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=2.0, weight_init=torch.ones_like)
        >>> [round(connection(torch.tensor([[True]])).item(), 4) for _ in range(3)]
        [10.0, 11.0, 12.0]
    """

    def __init__(
        self, shape: tuple[int, ...] | int, step_time: float, *, delay: float = 0.0, batch_size: int = 1, inplace: bool = True
    ) -> None:
        super().__init__(shape, step_time, delay, batch_size, inplace)
        self.current_ = self.new_history()
        self.spike_ = self.new_history()

    @classmethod
    def partialconstructor(cls, **settings: Any) -> SynapseConstructor:
        """A function that builds such a synapse from (shape, step_time, delay, batch_size).

        Args:
            **settings: what else the class is built with, by name.

        Raises:
            TypeError: a setting that the class does not take, or one that is missing.
        """
        try:
            inspect.signature(cls).bind(1, 1.0, delay=0.0, batch_size=1, **settings)
        except TypeError as error:
            raise TypeError(f"{cls.__name__}.partialconstructor takes what {cls.__name__} is built with, by name: {error}.") from None
        return lambda shape, step_time, delay, batch_size: cls(shape, step_time, delay=delay, batch_size=batch_size, **settings)

    @abstractmethod
    def release(self, spikes: Tensor) -> Tensor:
        """The current of this step, in nA, B x *shape, given its spikes as numbers, B x *shape; `self.current` is that of the last step."""
        raise checks.unimplemented(self, "release")

    @property
    def current(self) -> Tensor:
        """Current at present, in nA, B x *shape. Setting it replaces it."""
        return self.current_.peek()

    @current.setter
    def current(self, value: Tensor) -> None:
        self.current_.write(self.check_state("current", value), 1)

    def delayed_currents(self) -> tuple[DelayedRead, ...]:
        return (DelayedRead(self.current_, "linear", self.tolerance),)

    def delayed_spikes(self) -> DelayedRead:
        return DelayedRead(self._spikes(), "previous", self.tolerance)

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: spikes of this step, B x *shape; others than 0 and 1 reach `release` as they are. Further inputs are ignored.

        Returns:
            current after this step's spikes, in nA, B x *shape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity, and the state stays as it was; `release` returned another shape.
        """
        refuse_unknown(type(self).__name__, kwargs)
        spikes = self.check_inputs(inputs).to(self.current_.storage.dtype)
        current = checks.shaped(f"what {type(self).__name__}.release returns", self.release(spikes), self.batchedshape, "B x *shape")
        self.current_.push(current)
        self.spike_.push(as_binary(spikes, spikes.dtype))
        return current.clone()
