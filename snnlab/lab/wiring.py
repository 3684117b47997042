"""The wiring of a layer at work: a box for each group of neurons, in which stands how many of them spiked in the last step.

Wiring()      boxes and arrows as `snn.layout` gives them and `snn.plots.wiring` draws them
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.lab.capture import row, state
from snnlab.lab.names import Names
from snnlab.lab.panels import Panel
from snnlab.lab.recorder import Recorder
from snnlab.network.layout import layout
from snnlab.plots.wiring import HEIGHT, WIDTH, arrange


class Wiring(Panel):
    """Groups of neurons as boxes, connections as arrows; a box lights up by the share of its neurons that spiked in the last step.

    Args:
        sources: for connections that read the spikes of neurons of the layer, the name of those neurons, as in `snn.layout`.
        title: words above the picture.

    Raises:
        TypeError: the lab's model is no `snn.Layer`, which says who feeds whom.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> connection = snn.LinearDense(4, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
        >>> lab = snn.lab.Lab(layer, torch.tensor([[[True, False, False, False]]]), view=[Wiring()])
        >>> lab.step()
        >>> lab.snapshot()
        'step 1 (1 ms); wiring: input 1 of 4 spiked, exc 0 of 2 spiked'
    """

    kind = "wiring"

    def __init__(self, sources: Mapping[str, str] | None = None, *, title: str | None = None) -> None:
        super().__init__("", title=title or "wiring")
        self.sources = sources

    def bind(self, names: Names, recorder: Recorder, batch: int) -> None:
        self.captures = []
        self._bind(names.layer, "", "", recorder, batch)

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        self.nodes, self.edges = layout(owner, self.sources)
        neurons, connections = dict(owner.named_neurons), dict(owner.named_connections)
        reads, self.sizes = [], []
        for name in self.nodes:
            if name in neurons:
                self.sizes.append(math.prod(neurons[name].shape))
                read, lasts = state(neurons[name], "spike")
                reads.append(row(read, batch, lasts=lasts))
            else:
                fed = connections[next(_connection(label) for start, _, label in self.edges if start == name)]
                self.sizes.append(math.prod(fed.inshape))
                reads.append(row(self._catch(fed, "input"), batch))
        recorder.follow(self.title, lambda: _counts([read() for read in reads]), len(reads), lasts=True)

    def describe(self) -> dict[str, Any]:
        places, arrows, (left, right, bottom, top) = arrange(list(self.nodes), self.edges)

        def at(point: tuple[float, float]) -> list[float]:  # inches from the left and from the top
            return [round(point[0] - left, 4), round(top - point[1], 4)]

        boxes = [
            {"name": name, "words": words, "size": size, "at": at(places[name])}
            for (name, words), size in zip(self.nodes.items(), self.sizes, strict=True)
        ]
        lines = [
            {"points": [at(arrow.tail), at(_middle(arrow)), at(arrow.head)], "dashed": arrow.dashed}
            | {"label": arrow.label, "at": at(arrow.place), "where": arrow.where}
            for arrow in arrows
        ]
        sizes = {"across": round(right - left, 4), "down": round(top - bottom, 4), "box": [WIDTH, HEIGHT]}
        return {"kind": self.kind, "title": self.title, "boxes": boxes, "arrows": lines, **sizes}

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        return {"counts": np.array(recorder.rows(self.title)[-1])}

    def counts(self, recorder: Recorder) -> dict[str, str]:
        """How many spiked in the last step, in words, by box."""
        last = recorder.rows(self.title)[-1]
        return {
            name: f"{int(count)} of {size} spiked" if np.isfinite(count) else "not run"
            for name, size, count in zip(self.nodes, self.sizes, last, strict=True)
        }

    def words(self, recorder: Recorder) -> str:
        if not np.isfinite(recorder.rows(self.title)[-1]).any():
            return f"{self.title}: nothing yet"
        return f"{self.title}: {', '.join(f'{name} {words}' for name, words in self.counts(recorder).items())}"


def _connection(label: str) -> str:
    """The connection's name, which begins what `snn.layout` writes beside an arrow."""
    return label.split("\n")[0]


def _counts(parts: list[Tensor | None]) -> Tensor:
    """How many of each are not 0; of a connection that was not run, NaN."""
    device = next((part.device for part in parts if part is not None), None)
    unknown = torch.tensor(float("nan"), device=device)
    return torch.stack([unknown if part is None else (part != 0).sum().float() for part in parts])


def _middle(arrow: Any) -> tuple[float, float]:
    """The point towards which an arrow bends, as matplotlib's "arc3" has it: the third of a quadratic Bézier curve."""
    (x, y), (u, v) = arrow.tail, arrow.head
    return (x + u) / 2 + arrow.rad * (v - y), (y + v) / 2 - arrow.rad * (u - x)
