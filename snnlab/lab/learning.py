"""Panels that show a rule at work: its traces at one synapse, and what becomes of chosen weights or delays.

    Traces("stdp", (0, 3))              the traces of the synapse from input 3 to neuron 0, under the trainer called stdp
    Weights("enc2exc.weight", [(0, 3)]) the weights (or delays) of chosen synapses over time

What a rule proposes is in `snnlab.lab.pending`, all weights at once in `snnlab.lab.evolution`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.core.record import RecordTensor
from snnlab.lab.names import noun, parameter
from snnlab.lab.panels import Trace
from snnlab.lab.recorder import Recorder

Synapse = tuple[int, int]


class Lines(Trace):
    """Lines that a panel names itself: what traces and single weights share."""

    def __init__(self, name: str, *, limits: tuple[float, float] | None = None, title: str | None = None) -> None:
        super().__init__(name, (), limits=limits, title=title)
        self.names: list[str] = []

    def _source(self, owner: Any, attribute: str, kind: str) -> tuple[Any, int]:
        raise NotImplementedError  # a line here is not a neuron

    def describe(self) -> dict[str, Any]:
        label = f"{self.noun} ({self.unit})" if self.unit else self.noun
        return {"kind": self.kind, "title": self.title, "names": self.names, "label": label}

    def words(self, recorder: Recorder) -> str:
        return super().words(recorder).rstrip()  # there may be no unit


class Traces(Lines):
    """The traces of one synapse under a rule, over time; presynaptic ones as they arrive, at the synapse's delay.

    Every trace that the rule keeps for the presynaptic cell, the postsynaptic neuron or the synapse itself is a line.

    Args:
        name: the trainer, as the lab's `trainers` name it.
        synapse: neuron and input, each by its place in its flattened group.
        cell: name of the cell under the rule; None takes the only one.
        limits, title: as in `Voltage`.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> layer, _ = snn.Serial(connection, lif), connection.defaultupdater()
        >>> stdp = snn.STDP(lr_post=0.01, lr_pre=-0.01, tc_post=20.0, tc_pre=20.0)
        >>> _ = stdp.register_cell("only", layer.cell)
        >>> lab = snn.lab.Lab(layer, torch.ones(1, 1, 3), trainers={"stdp": stdp}, view=[Traces("stdp", (0, 2))])
        >>> lab.step(1)
        >>> lab.snapshot()
        'step 1 (1 ms); traces · stdp, 2 to 0: 0 to 1'
    """

    first, noun = "trainers", "trace"

    def __init__(
        self,
        name: str,
        synapse: Synapse = (0, 0),
        cell: str | None = None,
        *,
        limits: tuple[float, float] | None = None,
        title: str | None = None,
    ) -> None:
        neuron, source = synapse
        super().__init__(name, limits=limits, title=title or f"traces · {name.removeprefix('trainers.')}, {source} to {neuron}")
        self.synapse, self.cell = (int(neuron), int(source)), cell

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        if attribute or kind != "trainers":
            raise LookupError(f"{self.name!r} must name a trainer, such as 'stdp' of trainers={{'stdp': stdp}}.")
        unit = owner.get_unit(self.cell) if self.cell is not None else _only(self.name, owner)
        self.place = place_of(unit.cell.connection, self.synapse)
        reads = {name: self._reader(name, unit, batch) for name in _kept(unit.state)}
        reads = {name: read for name, read in reads.items() if read is not None}
        if not reads:
            raise LookupError(f"{type(owner).__name__} keeps no traces that could be shown.")
        self.names = [name.strip("_").replace("_", " ") for name in reads]
        recorder.follow(self.title, lambda: torch.stack([read().float() for read in reads.values()]), len(reads), lasts=True)

    def _reader(self, name: str, unit: Any, batch: int) -> Callable[[], Tensor] | None:
        """Reads one number of what a rule keeps, whichever side it belongs to; None for what is of neither."""
        state, connection = unit.state, unit.cell.connection
        (neuron, source), place = self.synapse, self.place
        kept = getattr(state, name)
        if isinstance(kept, RecordTensor):
            return lambda: getattr(state, name).read(1 + _steps(connection, place))[batch].reshape(-1)[source]
        sides = {tuple(unit.cell.neuron.batchedshape): neuron, tuple(unit.cell.synapse.batchedshape): source}
        if tuple(kept.shape[1:]) == tuple(connection.weight.shape) and tuple(kept.shape) not in sides:
            return lambda: getattr(state, name)[batch][place]
        if tuple(kept.shape) not in sides:
            return None
        at = sides[tuple(kept.shape)]
        if len(sides) == 1:  # as many neurons as inputs: only a name tells which side it is of
            at = source if "pre" in name else neuron if "post" in name else None
        return None if at is None else lambda: getattr(state, name)[batch].reshape(-1)[at]


class Weights(Lines):
    """The weights (or delays) of chosen synapses over time.

    Args:
        name: weights or delays of a connection, as in "enc2exc.weight".
        synapses: neuron and input of each, by their places in their flattened groups.
        unit: unit of the values; None: ms for delays, else none.
        limits, title: as in `Voltage`.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> lab = snn.lab.Lab(snn.Serial(connection, lif), torch.zeros(1, 1, 3), view=[Weights("serial.weight", [(0, 2)])])
        >>> lab.step(1)
        >>> lab.snapshot()
        'step 1 (1 ms); weight · serial.weight: 1 to 1'
    """

    first, noun = "connections", "weight"

    def __init__(
        self,
        name: str,
        synapses: Sequence[Synapse] = ((0, 0),),
        *,
        unit: str | None = None,
        limits: tuple[float, float] | None = None,
        title: str | None = None,
    ) -> None:
        self.noun, self.unit = noun(name, unit)
        super().__init__(name, limits=limits, title=title)
        self.synapses = [(int(neuron), int(source)) for neuron, source in synapses]

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        attribute = attribute or "weight"
        parameter(owner, attribute, self.name)
        places = [place_of(owner, synapse) for synapse in self.synapses]
        self.names = [f"{source} to {neuron}" for neuron, source in self.synapses]
        recorder.follow(
            self.title, lambda: torch.stack([getattr(owner, attribute).detach()[place] for place in places]), len(places), lasts=True
        )


def _only(name: str, trainer: Any) -> Any:
    """The only cell of a trainer."""
    units = list(trainer)
    if len(units) != 1:
        raise LookupError(f"{name!r} trains {len(units)} cells. Say which with cell=, the name that it was registered by.")
    return units[0]


def place_of(connection: Any, synapse: Synapse) -> tuple[int, ...]:
    """Where a synapse stands in the weights."""
    neuron, source = synapse
    shape = tuple(connection.weight.shape)
    if len(shape) > 2:
        raise ValueError(f"Synapses of {type(connection).__name__} share weights of shape {shape}, and cannot be shown one by one.")
    place = (neuron, source) if len(shape) == 2 else (source,)
    if not all(0 <= at < size for at, size in zip(place, shape, strict=True)) or (len(shape) == 1 and neuron != source):
        wish = f"a neuron from 0 to {shape[0] - 1} and an input from 0 to {shape[-1] - 1}" + ("" if len(shape) == 2 else ", the same")
        raise ValueError(f"A synapse must be {wish}, but is {synapse}.")
    return place


def _kept(state: Any) -> list[str]:
    """Names of the histories and traces that a rule keeps for a cell."""
    buffers = [name for name, value in state._buffers.items() if value is not None and value.is_floating_point()]
    histories = [name for name, value in state._modules.items() if isinstance(value, RecordTensor)]
    return [*histories, *buffers]


def _steps(connection: Any, place: tuple[int, ...]) -> int:
    """Whole steps until a spike arrives at a synapse."""
    if not connection.delayedby:
        return 0
    return int(np.ceil(connection.delay[place].item() / connection.dt - 1e-3))
