"""The present weights (or delays) of a connection, as a histogram.

    Histogram("enc2exc.weight")     bars: how many synapses have which weight
    Histogram("enc2exc.delay")      the same of delays, from 0 to the longest

`Evolution` shows the same over time, a column a step.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.lab import limits as axis
from snnlab.lab.chart import Chart, Limits, Points, Series
from snnlab.lab.names import noun, parameter
from snnlab.lab.recorder import Recorder

TOLD = 6  # numbers in front of the counts: both ends of the bins; mean, least and greatest value, and how many there are


class Histogram(Chart):
    """How many synapses have which weight (or delay) now. Synapses that a mask leaves out do not count.

    Args:
        name: weights or delays of a connection, as in "enc2exc.weight".
        bins: number of bars.
        limits: least and greatest value of the bars; what lies beyond is left out, and `snapshot` tells how many that are. None: 0 to the
            longest delay, or round numbers around the weights.
        unit: unit of the values; None: ms for delays, else none.
        title: words above the picture.

    Raises:
        LookupError: a connection without delays.
        ValueError: limits out of order.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> lab = snn.lab.Lab(snn.Serial(connection, lif), torch.zeros(1, 1, 3), view=[Histogram("serial.weight")])
        >>> lab.snapshot()
        'step 0 (0 ms); histogram · serial.weight: 6 synapses, mean 1, 1 to 1'
    """

    first, noun = "connections", "histogram"
    y, whole = "synapses", True
    series = (Series("bars"),)

    def __init__(
        self,
        name: str,
        bins: int = 40,
        *,
        limits: tuple[float, float] | None = None,
        unit: str | None = None,
        title: str | None = None,
    ) -> None:
        super().__init__(name, title=title)
        self.bins, self.ends = checks.whole("bins", bins), limits
        self.present: tuple[float, float] | None = None
        self.tall: tuple[float, float] | None = None
        values, self.unit = noun(name, unit)
        self.x = f"{values} ({self.unit})" if self.unit else values
        if limits is not None and not limits[0] < limits[1]:
            raise ValueError(f"limits must be in order, but are {limits[0]:g} and {limits[1]:g}.")

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        attribute = attribute or "weight"
        parameter(owner, attribute, self.name)

        def count() -> Tensor:
            values = getattr(owner, attribute).detach().float()
            mask = getattr(owner, "mask", None)
            values = values.reshape(-1) if mask is None or mask.shape != values.shape else values[mask != 0]
            values = values[values.isfinite()]
            least, most = (end.item() for end in values.aminmax()) if len(values) else (0.0, 0.0)
            low, high = self._ends(owner, attribute, least, most)
            told = values.new_tensor([low, high, values.mean(), least, most, len(values)])
            return torch.cat([told, torch.histc(values, self.bins, low, high)])

        recorder.look(self.title, count)

    def _ends(self, owner: Any, attribute: str, least: float, most: float) -> tuple[float, float]:
        if self.ends is not None:
            return self.ends
        longest = owner.delayedby if attribute == "delay" else None
        if not longest:
            self.present = axis.around(least, most, self.present)
        return (0.0, longest) if longest else self.present

    def points(self, recorder: Recorder) -> list[Points]:
        told = recorder.still(self.title)
        low, high = told[:2]
        return [(np.linspace(low, high, self.bins + 1), told[TOLD:])]

    def reach(self, points: list[Points]) -> Limits:
        ((edges, counts),) = points
        self.tall = axis.around(0.0, float(counts.max()), self.tall)
        return float(edges[0]), float(edges[-1]), *self.tall

    def clear(self) -> None:
        """Forgets how far the axes reached."""
        super().clear()
        self.present = self.tall = None

    def words(self, recorder: Recorder) -> str:
        told = recorder.still(self.title)
        mean, least, most, total = told[2:TOLD]
        missing = total - told[TOLD:].sum()
        beyond = f", {missing:.0f} beyond the ends" if missing else ""
        return f"{self.title}: {total:.0f} synapses, mean {mean:.4g}, {least:.4g} to {most:.4g} {self.unit}".rstrip() + beyond
