"""Two ideas that many parts share: a shape with a batch in front, and a history that reaches back over a delay."""

import math

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.record import RecordTensor


class BatchShapeMixin:
    """Gives a module a shape, and a batch size that may be changed later.

    Args:
        shape: sizes without the batch; an int becomes a 1-tuple.
        batch_size: number of samples that run side by side.

    Example:
        >>> class Sheet(BatchShapeMixin, Module):
        ...     def __init__(self):
        ...         Module.__init__(self)
        ...         BatchShapeMixin.__init__(self, (2, 3), batch_size=1)
        >>> sheet = Sheet()
        >>> sheet.batchsz = 4
        >>> sheet.batchedshape, sheet.count
        ((4, 2, 3), 6)
    """

    def __init__(self, shape: tuple[int, ...] | int, batch_size: int) -> None:
        self._shape = checks.shape("shape", shape)
        self._batch_size = checks.whole("batch_size", batch_size)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of one sample."""
        return self._shape

    @property
    def count(self) -> int:
        """Number of elements of one sample."""
        return math.prod(self._shape)

    @property
    def batchedshape(self) -> tuple[int, ...]:
        """Sizes of a batch: (B, *shape)."""
        return (self._batch_size, *self._shape)

    @property
    def batchsz(self) -> int:
        """Number of samples. Setting it resizes every run state and brings the module to rest."""
        return self._batch_size

    @batchsz.setter
    def batchsz(self, value: int) -> None:
        self._batch_size = checks.whole("batchsz", value)
        for module in self.modules():
            if isinstance(module, RecordTensor):
                if module.shape is not None:
                    module.initialize((self._batch_size, *module.shape[1:]))
            elif isinstance(module, Module):
                module.resize_states(self._batch_size)
        self.clear()


class DelayedMixin:
    """Gives every history of a module one step time and one reach, both of which may be changed later.

    Args:
        step_time: length of a simulation step, in ms, above 0.
        delay: longest delay that can be read, in ms, 0 or above.

    Example:
        >>> synapse = snn.DeltaCurrent(2, 0.5, spike_charge=1.0, delay=3.0)
        >>> synapse.delay = 5.0
        >>> synapse.spike_at(torch.full((1, 2), 5.0))
        tensor([[False, False]])
    """

    def __init__(self, step_time: float, delay: float) -> None:
        self._dt = checks.positive("step_time", step_time, "ms")
        self._delay = checks.not_negative("delay", delay, "ms", "Use 0.0 for no delay.")

    @property
    def dt(self) -> float:
        """Length of a simulation step, in ms. Setting it clears the state."""
        return self._dt

    @dt.setter
    def dt(self, value: float) -> None:
        self._dt = checks.positive("dt", value, "ms")
        self._fit_histories()

    @property
    def delay(self) -> float:
        """Longest delay that can be read, in ms. Setting it clears the state."""
        return self._delay

    @delay.setter
    def delay(self, value: float) -> None:
        self._delay = checks.not_negative("delay", value, "ms", "Use 0.0 for no delay.")
        self._fit_histories()

    def _fit_histories(self) -> None:
        for record in self.children():
            if isinstance(record, RecordTensor):
                record.resize(self._dt, self._delay)
        self.clear()
