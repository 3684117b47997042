"""A subject: a model under the contract, with a way to build it, to feed it and to run it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Subject:
    """A model under the contract.

    Args:
        build: makes one of a batch size, `build(batch)`, always with the same first values.
        size: number of inputs of one sample, or their shape.
        spikes: whether it is fed spikes, or else currents.
        step: runs one step and returns its output, `step(model, inputs)`; None: calls the model.
        currents: least and greatest current that it is fed, in nA.

    Shape:
        inputs: T x B x size, or T x B x shape

    Example:
        >>> subject = Subject(lambda batch: snn.DeltaCurrent(5, 1.0, spike_charge=3.0, batch_size=batch), size=5)
        >>> subject.name, subject.run(subject.build(2), subject.draw(steps=4, batch=2)).shape
        ('DeltaCurrent', torch.Size([4, 2, 5]))
    """

    build: Callable[[int], nn.Module]
    size: int | tuple[int, ...]
    spikes: bool = True
    step: Callable[[nn.Module, Tensor], Tensor] | None = None
    currents: tuple[float, float] = (-5.0, 35.0)

    @property
    def name(self) -> str:
        """Name of the model's class."""
        return type(self.build(1)).__name__

    def run(self, model: nn.Module, inputs: Tensor) -> Tensor:
        """Outputs of one step after the other, T x B x ..."""
        return torch.stack([(self.step or nn.Module.__call__)(model, each) for each in inputs])

    def draw(self, steps: int, batch: int, seed: int = 0) -> Tensor:
        """Random inputs, T x B x size or shape: spikes in three of ten places, or currents evenly spread over their range."""
        shape = (self.size,) if isinstance(self.size, int) else tuple(self.size)
        drawn = torch.rand(steps, batch, *shape, generator=torch.Generator().manual_seed(seed))
        low, high = self.currents
        return drawn < 0.3 if self.spikes else drawn * (high - low) + low
