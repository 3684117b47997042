"""What a rule proposes: the positive and the negative part of an update, as an updater was about to apply them.

    Pending("enc2exc.weight")     what was to be added since the picture before, beside what was to be taken away

The layer is updated within a step, and what was pending is gone after it: a hook on the updater keeps it for the picture, summed over the
steps of a frame.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.lab import limits as axis
from snnlab.lab.panels import Fields
from snnlab.lab.recorder import Recorder


class Offer:
    """Holds what an updater was about to add and to take away in the calls since the first after it was last read."""

    stays_behind = True  # a copy of the module is watched by nobody

    def __init__(self, updater: torch.nn.Module, attribute: str) -> None:
        self._value: tuple[Tensor | None, Tensor | None] = (None, None)
        self._updater, self._attribute, self._read = updater, attribute, True
        self._handle = updater.register_forward_pre_hook(self)

    def __call__(self, updater: torch.nn.Module, args: tuple[Any, ...]) -> None:
        pending = getattr(updater, self._attribute)
        now = pending.pos, pending.neg
        before = (None, None) if self._read else self._value
        self._value, self._read = tuple(_sum(*parts) for parts in zip(before, now, strict=True)), False

    def read(self) -> tuple[Tensor | None, Tensor | None]:
        """What is pending now, or what was at those calls; the same until the next call."""
        self._read = True
        pending = getattr(self._updater, self._attribute)
        now = pending.pos, pending.neg
        return self._value if now == (None, None) else now

    def remove(self) -> None:
        self._handle.remove()


def _sum(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Both together; None is nothing."""
    return other if one is None else one if other is None else one + other


class Pending(Fields):
    """What a rule proposed for the weights since the picture before: to be added at the left, in red; taken away at the right, in blue.

    Args:
        name: weights of N x M that an updater updates, as in "enc2exc.weight".
        shape: height and width of one part, h·w = N·M; None: N x M.
        limits, unit, title: as in `Fields`; None as limits: ±the greatest change so far.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> layer, updater = snn.Serial(connection, lif), connection.defaultupdater()
        >>> lab = snn.lab.Lab(layer, torch.zeros(1, 1, 3), view=[Pending("serial.weight")])
        >>> updater.weight = (torch.full((2, 3), 0.5), None)
        >>> lab.snapshot()
        'step 0 (0 ms); pending, + and − · serial.weight: 3 to be added, 0 to be taken away'
    """

    noun = "pending, + and −"

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        attribute = attribute or "weight"
        if getattr(owner, "updater", None) is None or attribute not in owner.updater.names:
            raise LookupError(f"{self.name!r} has no updater, so nothing can be pending. Call connection.defaultupdater() first.")
        like = getattr(owner, attribute)
        shape = tuple(self.shape or (len(like), like[0].numel()))
        if len(shape) != 2 or shape[0] * shape[1] != like.numel():
            raise ValueError(f"shape must be a height and a width with {like.numel()} pixels, one a synapse, but is {shape}.")
        self.count, self.shape, self.top = 2, shape, 0.0
        offer = Offer(owner.updater, attribute)
        self.captures.append(offer)

        def both() -> Tensor:
            empty = torch.zeros_like(getattr(owner, attribute))
            return torch.stack([empty if part is None else part.expand_as(empty) for part in offer.read()])

        recorder.look(self.title, both)

    def weights(self, recorder: Recorder) -> np.ndarray:
        parts = recorder.still(self.title).reshape(2, *self.shape)
        return np.stack([parts[0], -parts[1]])

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        self.top = max(self.top, axis.round_up(float(np.abs(recorder.still(self.title)).max())))
        given, self.fixed = self.fixed, self.fixed or (-(self.top or 1.0), self.top or 1.0)
        self.limits = self.fixed
        shown = super().data(recorder)
        self.fixed = given
        return shown

    def clear(self) -> None:
        super().clear()
        self.top = 0.0

    def words(self, recorder: Recorder) -> str:
        added, taken = recorder.still(self.title)
        return f"{self.title}: {added.sum():.3g} to be added, {taken.sum():.3g} to be taken away"
