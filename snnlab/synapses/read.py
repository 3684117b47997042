"""A read: how what arrives after a delay follows from a history.

    x(t − d) = scale·record(t − d)

between two steps by a rule: the older step, the nearer, the line between both, or a decay from the older. Beyond the history nothing is
known, and a value is put in its place.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.interpolation import interp_expdecay, interp_linear, interp_nearest, interp_previous
from snnlab.core.record import RecordTensor

INTERPOLATIONS = {"previous": interp_previous, "nearest": interp_nearest, "linear": interp_linear, "expdecay": interp_expdecay}


class DelayedRead(NamedTuple):
    """How a quantity at a delay follows from one history: `scale * record(t - d)`, with a rule between two steps.

    Args:
        record: the history.
        interp: "previous", "nearest", "linear" or "expdecay".
        scale: factor on the stored values, such as charge per step.
        time_constant: of the decay between two steps, in ms; for "expdecay" alone.
        tolerance: how far a delay may lie off a whole step and still count as one, in ms.
    """

    record: RecordTensor
    interp: str
    tolerance: float
    scale: float = 1.0
    time_constant: float | None = None

    def scaled(self, factor: float) -> "DelayedRead":
        """The same, times a factor."""
        return DelayedRead(self.record, self.interp, self.tolerance, self.scale * factor, self.time_constant)

    def of(self, record: RecordTensor) -> "DelayedRead":
        """The same way of reading, of another history."""
        return DelayedRead(record, self.interp, self.tolerance, self.scale, self.time_constant)

    def at(self, selector: Tensor, overbound: float | bool | None) -> Tensor:
        """The quantity `selector` ms ago, element by element; beyond the history it is `overbound`, or its nearest end for None.

        Shape:
            selector: B x M -> B x M, or B x M x D -> B x M x D; a batch axis of 1 serves all samples, a plain number all elements
        """
        record = self.record
        if not isinstance(selector, Tensor):
            selector = torch.tensor(checks.number("selector", selector, "ms"), dtype=record.storage.dtype, device=record.storage.device)
        if not selector.is_floating_point():
            selector = selector.to(record.storage.dtype)
        if record.slots == 1:  # there is nothing but the present
            return record.select(torch.zeros_like(selector)) * self.scale
        bounded = selector.clamp(0, record.duration)
        kwargs = {} if self.time_constant is None else {"time_constant": self.time_constant}
        value = record.select(bounded, INTERPOLATIONS[self.interp], tolerance=self.tolerance, interp_kwargs=kwargs) * self.scale
        if overbound is None:
            return value
        rounding = torch.finfo(bounded.dtype).eps * record.duration  # 300.3 ms in float32 is known to 3e-5 ms only
        beyond = (selector - bounded).abs() > self.tolerance + rounding
        return torch.where(beyond, torch.as_tensor(overbound, dtype=value.dtype, device=value.device), value)


def decaying_read(record: RecordTensor, interp: str, tolerance: float, time_constant: float, scale: float = 1.0) -> DelayedRead:
    """How a current that decays is read: between two steps by its decay for "expdecay", else along the line."""
    return DelayedRead(record, interp, tolerance, scale, time_constant if interp == "expdecay" else None)
