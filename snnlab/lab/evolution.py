"""All weights (or delays) of a connection over time, as a histogram a step.

    Evolution("enc2exc.weight")     a column a step: the share of synapses in each bin, as shades

A shade stands for the square root of a share, as in `snnlab.plots.evolution`.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.lab import limits as axis
from snnlab.lab.names import noun, parameter
from snnlab.lab.panels import Panel
from snnlab.lab.recorder import Recorder


class Evolution(Panel):
    """The histogram of all weights (or delays), one column a step: how they part, gather or drift.

    Args:
        name: weights or delays of a connection, as in "enc2exc.weight".
        bins: number of bins.
        limits: least and greatest value of the bins; what lies beyond counts in the first and the last one. None: 0 to the longest delay,
            or round numbers around 0 and twice the weights as they are now, so that there is room to grow.
        unit: unit of the values; None: ms for delays, else none.
        title: words above the picture.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> view = [Evolution("serial.weight", bins=4, limits=(0.0, 2.0))]
        >>> lab = snn.lab.Lab(snn.Serial(connection, lif), torch.zeros(1, 1, 3), view=view)
        >>> lab.step(1)
        >>> lab.snapshot()
        'step 1 (1 ms); weights over time · serial.weight: most at 1.25, 0 % beyond the ends'
    """

    kind, first, noun = "heat", "connections", "weights over time"

    def __init__(
        self,
        name: str,
        bins: int = 40,
        *,
        limits: tuple[float, float] | None = None,
        unit: str | None = None,
        title: str | None = None,
    ) -> None:
        self.values, self.unit = noun(name, unit)
        self.noun = f"{self.values}s over time"
        super().__init__(name, title=title)
        self.bins, self.fixed, self.limits = bins, limits, limits

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        attribute = attribute or "weight"
        now = parameter(owner, attribute, self.name).detach()
        self.count = now.numel()
        if self.fixed is None:
            longest = owner.delayedby if attribute == "delay" else None
            self.limits = (
                (0.0, longest)
                if longest
                else axis.around(*(2 * end for end in (now.clamp(max=0).min().item(), now.clamp(min=0).max().item())))
            )
            self.fixed = self.limits
        low, high = self.limits
        if not low < high:
            raise ValueError(f"limits must be in order, but are {low:g} and {high:g}.")

        def count() -> Tensor:
            values = getattr(owner, attribute).detach().reshape(-1).float()
            inside = values.clamp(low, high)
            return torch.cat([torch.histc(inside, self.bins, low, high), (inside != values).sum(0, keepdim=True)]) / len(values)

        recorder.follow(self.title, count, self.bins + 1, lasts=True)

    @property
    def label(self) -> str:
        """What the values are, beside the axis."""
        return f"{self.values} ({self.unit})" if self.unit else self.values

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind, "title": self.title, "rows": self.bins, "label": self.label, "count": self.count}

    def columns(self) -> tuple[list[str], str]:
        edges = np.linspace(*self.limits, self.bins + 1)
        return [*(f"{low:.4g} to {high:.4g}" for low, high in pairwise(edges)), "beyond"], "share"

    def shares(self, recorder: Recorder) -> np.ndarray:
        """The share of synapses in each bin, steps x bins."""
        return recorder.rows(self.title)[:, : self.bins]

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        shares = self.shares(recorder)
        top = np.nanmax(shares, initial=1e-12)
        shades = 1 + np.sqrt(shares / top) * 254  # 0 is a step before the first
        shades = np.nan_to_num(shades).round().astype(np.uint8)
        return {"shades": shades, "limits": np.array(self.limits, dtype=np.float32), "top": np.array([top], dtype=np.float32)}

    def words(self, recorder: Recorder) -> str:
        last = recorder.rows(self.title)[-1]
        if not np.isfinite(last).all():
            return f"{self.title}: nothing yet"
        low, high = self.limits
        most = low + (int(last[:-1].argmax()) + 0.5) * (high - low) / self.bins
        return f"{self.title}: most at {most:.3g}, {100 * last[-1]:.0f} % beyond the ends"
