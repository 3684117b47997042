"""The raster: spikes over time.

    Raster("exc")            spikes of neurons
    Raster("enc2exc")        of a connection: the spikes that enter it

The page gets them as bits, packed (`spikebits.py`), and only the steps that are new are looked at.
"""

import math
from typing import Any

import numpy as np

from snnlab.lab.capture import row, state
from snnlab.lab.panels import Panel, size_of
from snnlab.lab.recorder import Recorder
from snnlab.lab.spikebits import SpikeBits


class Raster(Panel):
    """Spikes over time, one row a neuron, or an input of a connection.

    Of many neurons a row stands for several, and has a mark where any of them fired: the picture says how many they are (`spikebits.py`).

    Args:
        name: neurons ("exc", "exc.spike"), or a connection for the spikes that enter it.
        title: words above the picture.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> layer = snn.Serial(snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)), lif)
        >>> lab = snn.lab.Lab(layer, torch.ones(1, 1, 3), view=[Raster("connections.serial", title="spikes in")])
        >>> lab.step(2)
        >>> lab.snapshot()
        'step 2 (2 ms); spikes in: 6 spikes in view'
    """

    kind, noun = "raster", "spikes"

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        self.label = "input" if kind == "connections" else "neuron"
        if kind == "connections" and not attribute:
            self.size, read, lasts = size_of(owner, "inshape"), self._catch(owner, "input"), False
        else:
            attribute = attribute or "spike"
            self.size, (read, lasts) = math.prod(getattr(owner, attribute).shape[1:]), state(owner, attribute)
        if self.size > 65_535:
            raise ValueError(f"{self.name} has {self.size} rows; a raster shows at most 65535.")
        recorder.follow(self.title, row(read, batch, lasts=lasts), self.size, lasts=True)
        self._window = recorder.window
        self.clear()

    def describe(self) -> dict[str, Any]:
        return {"kind": self.kind, "title": self.title, "rows": self.size, "each": self._kept.each, "label": self.label}

    def clear(self) -> None:
        super().clear()
        self._kept, self._seen = SpikeBits(self.size, self._window), 0

    def _follow(self, recorder: Recorder) -> SpikeBits:
        """The bits, as of the last fetch."""
        new = min(recorder.fetched - self._seen, self._window)
        if new:
            self._kept.add(recorder.rows(self.title)[-new:] > 0)
        self._seen = recorder.fetched
        return self._kept

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        return {"bits": self._follow(recorder).bits}

    def words(self, recorder: Recorder) -> str:
        return f"{self.title}: {self._follow(recorder).counts.sum()} spikes in view"
