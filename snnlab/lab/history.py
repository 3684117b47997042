"""The history of one synapse: what its presynaptic cell did, and where on it the synapse reads.

    History("enc2exc", synapse=(neuron, input))

A connection with delays keeps one history a presynaptic cell, over its longest delay. To the left is now; each synapse reads the current at
its own delay, d ms ago:

    I[t − d]     a pointer at d, with the current that flows there into the neuron at this step (times the weight)

A delay that a slider or a rule moves takes the pointer along. `snnlab.plots.history` draws the histories of many cells.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.core.selection import select
from snnlab.lab import limits as axis
from snnlab.lab.chart import Chart, Limits, Points, Series
from snnlab.lab.learning import Synapse, place_of
from snnlab.lab.recorder import Recorder
from snnlab.synapses.read import INTERPOLATIONS, DelayedRead

WITHIN = (
    0.0,
    0.002,
    0.25,
    0.498,
    0.502,
    0.75,
    0.998,
)  # drawn of each step: what is read there may jump at its ends, or halfway
TOLD = 4  # numbers in front: the longest delay, the synapse's own, the current there, and how many currents follow


def read_one(read: DelayedRead, times: Tensor, batch: int, source: int) -> Tensor:
    """What a synapse reads of one cell at these times back: `DelayedRead.at`, at the price of one cell.

    Shape:
        times: (D,), in ms -> (D,)

    Example:
        >>> synapse = snn.DeltaCurrent(3, 1.0, spike_charge=2.0, delay=2.0)
        >>> for spikes in ([[0, 1, 0]], [[0, 0, 0]]):
        ...     _ = synapse(torch.tensor(spikes))
        >>> read_one(synapse.delayed_currents()[0], torch.tensor([0.0, 0.5, 1.0]), batch=0, source=1)
        tensor([0., 2., 2.])
    """
    record, more = read.record, {} if read.time_constant is None else {"time_constant": read.time_constant}
    block = record.block.detach()
    cell = block.select(-1, batch).reshape(len(block), -1)[:, source, None]
    times = times.to(cell)[None]
    return select(cell, times, INTERPOLATIONS[read.interp], record.dt, len(block) - 1, read.tolerance, **more)[0] * read.scale


class History(Chart):
    """The spikes of one presynaptic cell and the current that they make, over the longest delay, and a pointer at the synapse's delay.

    Args:
        name: a connection with delays, as in "enc2exc".
        synapse: neuron and input, each by its place in its flattened group.
        title: words above the picture.

    Raises:
        LookupError: a connection without delays, or whose synapse keeps no plain histories.
        ValueError: no such synapse; a connection whose synapses share weights.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(2.0)
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, delay=4.0, delay_init=lambda delay: torch.full_like(delay, 3.0))
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> lab = snn.lab.Lab(snn.Serial(connection, lif), torch.ones(1, 1, 3), view=[History("serial", (1, 2))])
        >>> lab.step(4)
        >>> lab.snapshot()
        'step 4 (4 ms); history · serial, 2 to 1: reads 2 nA, 3 ms ago; 4 spikes in 4 ms'
    """

    first, noun = "connections", "history"
    x, y = "time ago (ms); now is at the left", "current (nA)"
    series = (
        Series("line", "current"),
        Series("points", "spike"),
        Series("upright", "delay"),
        Series("marker", words="{y} nA, {x} ms ago"),
    )

    def __init__(self, name: str, synapse: Synapse = (0, 0), *, title: str | None = None) -> None:
        neuron, source = synapse
        super().__init__(name, title=title or f"history · {name.removeprefix('connections.')}, {source} to {neuron}")
        self.synapse = (int(neuron), int(source))
        self.tall: tuple[float, float] | None = None

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        if attribute or kind != "connections":
            raise LookupError(f"{self.name!r} must name a connection, such as 'enc2exc'.")
        if not owner.delayedby:
            raise LookupError(f"{self.name!r} has no delays, so there is no history to read. Build it with delay=, the longest one in ms.")
        if not getattr(owner.synapse, "reads_histories", False):
            raise LookupError(f"{self.name!r} has a {type(owner.synapse).__name__}, which does not say what its currents are read from.")
        place = place_of(owner, self.synapse)
        self.step_time = owner.dt

        def look() -> Tensor:
            own, longest = owner.delay.detach()[place], owner.delayedby
            steps = torch.arange(int(longest / owner.dt + 1e-4) + 1).to(own)
            times = ((steps[:, None] + own.new_tensor(WITHIN)).flatten() * owner.dt).clamp(max=longest)
            reads = owner.synapse.delayed_currents()
            currents = sum(read_one(read, torch.cat([times, own[None]]), batch, self.synapse[1]) for read in reads)
            spikes = read_one(owner.synapse.delayed_spikes(), (steps * owner.dt).clamp(max=longest), batch, self.synapse[1])
            return torch.cat([own.new_tensor([longest, own, currents[-1], len(times)]), times, currents[:-1], spikes])

        recorder.look(self.title, look)

    def _told(self, recorder: Recorder) -> tuple[float, float, float, list[np.ndarray]]:
        """Longest delay, the synapse's own, the current there; times, the currents then, and the spikes of each step."""
        told = recorder.still(self.title)
        longest, own, value, count = (float(each) for each in told[:TOLD])
        return longest, own, value, np.split(told[TOLD:], [int(count), 2 * int(count)])

    def points(self, recorder: Recorder) -> list[Points]:
        _, own, value, (times, currents, spikes) = self._told(recorder)
        fired = np.flatnonzero(spikes) * self.step_time
        return [(times, currents), (fired, np.zeros(len(fired))), ([own], []), ([own], [value])]

    def reach(self, points: list[Points]) -> Limits:
        times, currents = points[0]
        self.tall = axis.around(min(0.0, float(currents.min())), max(0.0, float(currents.max())), self.tall)
        return 0.0, float(times[-1]), *self.tall

    def clear(self) -> None:
        """Forgets how far the axes reached."""
        super().clear()
        self.tall = None

    def words(self, recorder: Recorder) -> str:
        longest, own, value, (_, _, spikes) = self._told(recorder)
        return f"{self.title}: reads {value:.3g} nA, {own:.4g} ms ago; {np.count_nonzero(spikes)} spikes in {longest:.4g} ms"
