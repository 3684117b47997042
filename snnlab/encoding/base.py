"""The base classes of encoders: numbers in, spike trains out.

An encoder keeps no state of a run: each call makes a train of `steps` steps anew. Long trains are made in blocks of steps, whose length
depends on the number of inputs alone; so the trains of both forms of `forward` are the same, and the second form holds one block at a time.

What an input says is up to the encoder: its rate (`RateEncoder`), or when its spike comes (`LatencyEncoder`).
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.tensors import exact

_BLOCK_SIZE = 2**20
"""The most elements (steps × inputs) that are made at once."""


class Encoder(Module, ABC):
    """Abstract: turns values into spike trains.

    A subclass implements `spike_blocks`, and `check_inputs` where it takes anything but values of 0 and above.

    Args:
        steps: length of a train, in steps.
        step_time: length of a step, above 0.

    Units:
        step_time, duration: ms

    Shape:
        inputs: (*S), any shape  ->  spikes: (steps, *S) bool, or `steps` tensors (*S) bool

    Example:
        >>> class FirstStep(snn.Encoder):  # whatever is above a half spikes at once
        ...     def spike_blocks(self, values, lengths):
        ...         for times in torch.arange(sum(lengths)).split(lengths):
        ...             yield (times[:, None] == 0) & (values > 0.5)
        >>> FirstStep(3, 1.0)(torch.tensor([0.4, 0.6])).int()
        tensor([[0, 1],
                [0, 0],
                [0, 0]], dtype=torch.int32)
    """

    steps = Setting(checks.whole)
    dt = Setting(lambda name, value: checks.positive("step_time", value, "ms"))

    def __init__(self, steps: int, step_time: float) -> None:
        super().__init__()
        self.configure(steps=steps, dt=step_time)

    @property
    def duration(self) -> float:
        """Length of a train in ms."""
        return self.steps * self.dt

    @abstractmethod
    def spike_blocks(self, values: Tensor, lengths: list[int]) -> Iterator[Tensor]:
        """One train a value, cut into blocks.

        Args:
            values: what `check_inputs` made of the inputs.
            lengths: how many steps each block has; together they make the train.

        Shape:
            values: (P,)  ->  each block: (length, P) bool
        """

    def check_largest(self, largest: float) -> None:
        """Refuses an input that is too large for the encoder; here none."""

    def forward(self, inputs: Tensor, online: bool = False) -> Tensor | Iterator[Tensor]:
        """Makes a train for each input.

        Args:
            inputs: values, usually 0 to 1; not negative.
            online: whether to hand out the train step by step. The spikes are the same as those of the other form; where they are drawn at
                random, from the same state of the generator, as long as nothing else draws from it between the steps.

        Returns:
            all steps at once, or a generator of the steps. Arguments are checked at the call, not at the first step.

        Raises:
            TypeError: inputs is no tensor of real numbers.
            ValueError: an input is negative, not finite or too large.
        """
        values = self.check_inputs(inputs).reshape(-1)
        length = min(max(_BLOCK_SIZE // max(len(values), 1), 1), 4096)
        lengths = [min(length, self.steps - start) for start in range(0, self.steps, length)]
        blocks = (block.reshape(len(block), *inputs.shape) for block in self.spike_blocks(values, lengths))
        return (spikes for block in blocks for spikes in block) if online else torch.cat(list(blocks))

    def check_inputs(self, inputs: Tensor) -> Tensor:
        """The values of the inputs, checked, in the precision in which times are reckoned."""
        if checks.tensor("inputs", inputs).is_complex():
            raise TypeError(f"inputs must be real, but is of dtype {inputs.dtype}. Pass its magnitude.")
        checks.finite("inputs", inputs)
        values = exact(inputs)
        if values.numel():
            least, largest = (extreme.item() for extreme in torch.aminmax(values))
            if least < 0:
                raise ValueError(f"inputs must be 0 or above in every element, but is {least:g} in one. Rescale them to 0 … 1.")
            self.check_largest(largest)
        return values

    def extra_repr(self) -> str:
        return f"steps={self.steps}, step_time={self.dt} ms"


def _generator(name: str, value: torch.Generator | None) -> torch.Generator | None:
    if value is not None and not isinstance(value, torch.Generator):
        raise TypeError(
            f"{name} must be a torch.Generator or None, but is {value!r} ({type(value).__name__}). "
            "Pass torch.Generator().manual_seed(0), for one."
        )
    return value


class RateEncoder(Encoder):
    """Abstract: turns values into spike trains whose rate is `frequency` times the value.

    A subclass implements `spike_blocks`; what it is given are wanted rates, in spikes a step.

    Args:
        steps: length of a train, in steps.
        step_time: length of a step, above 0.
        frequency: rate of an input of 1, at 0 or above.
        generator: source of randomness, on the device of the inputs; None takes torch's own.

    Units:
        step_time, duration: ms;  frequency: Hz

    Shape:
        inputs: (*S), any shape  ->  spikes: (steps, *S) bool, or `steps` tensors (*S) bool

    Example:
        >>> class Regular(RateEncoder):  # evenly spaced spikes
        ...     def spike_blocks(self, rates, lengths):
        ...         for times in torch.arange(sum(lengths)).split(lengths):
        ...             yield (times[:, None] + 1) * rates % 1 < rates
        >>> Regular(4, 1.0, 500.0)(torch.ones(1)).flatten()
        tensor([False,  True, False,  True])
    """

    frequency = Setting(checks.not_negative, Quantity("Hz", 0.0, 200.0, "rate of an input of 1"))
    generator = Setting(_generator)

    def __init__(self, steps: int, step_time: float, frequency: float, *, generator: torch.Generator | None = None) -> None:
        super().__init__(steps, step_time)
        self.configure(frequency=frequency, generator=generator)

    def check_inputs(self, inputs: Tensor) -> Tensor:
        """The wanted rates, in spikes a step."""
        if self.generator is not None and self.generator.device.type != checks.tensor("inputs", inputs).device.type:
            raise ValueError(
                f"generator must be on the device of inputs ({inputs.device.type}), but is on {self.generator.device.type}. "
                f"Make it with torch.Generator({inputs.device.type!r})."
            )
        return super().check_inputs(inputs) * self.frequency * (self.dt / 1000.0)

    def extra_repr(self) -> str:
        return f"{super().extra_repr()}, frequency={self.frequency} Hz"
