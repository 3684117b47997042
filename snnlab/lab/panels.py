"""The panels of a view: what each looks at, and the arrays that it shows. No drawing here.

    Current("enc2exc")       what a connection delivers to each neuron; of neurons: the sum that enters them
    Voltage("exc")           membrane voltages
    Fields("enc2exc.weight") the weights into each neuron, in the shape of its input

Others have files of their own, such as `Raster` in `raster.py`. A panel is bound to a model once. Then `data` gives, at every frame, plain
arrays: spikes (a bit each), traces (float32), fields as shades between two limits (uint8). Small types keep a frame small: that of
784 -> 100 neurons has some 85 kB, nearly all of it fields.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from snnlab.lab import limits
from snnlab.lab.capture import Capture, row, state
from snnlab.lab.names import Names, noun, parameter
from snnlab.lab.recorder import Recorder

WHOLE = 1024  # a group of up to so many neurons is recorded whole, so that a line that is chosen later has a past


class Panel(ABC):
    """One picture of a view.

    Args:
        name: what it looks at, as in "exc.spike".
        title: words above the picture; None says what is looked at.
    """

    kind = ""
    first = "neurons"  # where a name is looked for first
    noun = unit = ""

    def __init__(self, name: str, *, title: str | None = None) -> None:
        self.name = name
        self.title = title or f"{self.noun} · {name.removeprefix('neurons.').removeprefix('connections.')}"

    def bind(self, names: Names, recorder: Recorder, batch: int) -> None:
        """Finds what the panel looks at, and lets the recorder follow it."""
        self.captures: list[Capture] = []
        owner, attribute = names.find(self.name, self.first)
        self._bind(owner, attribute, names.kind(owner), recorder, batch)

    @abstractmethod
    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None: ...

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """What is drawn once: title, labels, units, sizes."""

    @abstractmethod
    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        """What is drawn at every frame."""

    @abstractmethod
    def words(self, recorder: Recorder) -> str:
        """The picture in a few numbers."""

    @property
    def said(self) -> str:
        """The title as it is shown now; `title` is the one under which the recorder keeps what it follows."""
        return self.title

    def columns(self) -> tuple[list[str], str]:
        """What each column of the recorded steps is, and their unit: for files."""
        return self.describe().get("names", []), self.unit

    def advance(self, seconds: float) -> bool:
        """Works for about so long, in seconds, on what takes too long for one frame. Returns whether there is more to do."""
        return False

    def clear(self) -> None:
        """Forgets the limits of the axis."""
        self.limits = getattr(self, "fixed", None)

    def _catch(self, owner: Any, side: str) -> Any:
        capture = Capture(owner, side)
        self.captures.append(capture)
        return capture.read


def size_of(owner: Any, *names: str) -> int:
    """Number of elements of one sample: the first of these attributes that the owner has."""
    for name in names:
        shape = getattr(owner, name, None)
        if shape is not None:
            return math.prod(shape) if not isinstance(shape, int) else shape
    raise TypeError(f"{type(owner).__name__} has no {' and no '.join(names)}: its number of elements is unknown.")


class Trace(Panel):
    """A line a neuron over time: what currents and voltages share.

    Args:
        name: what it looks at.
        neurons: which neurons, by their place in the flattened group.
        limits: lower and upper end of the axis; None follows the data, in round numbers.
        title: words above the picture.
    """

    kind, unit = "traces", ""

    def __init__(
        self, name: str, neurons: Sequence[int] = (0, 1, 2), *, limits: tuple[float, float] | None = None, title: str | None = None
    ) -> None:
        super().__init__(name, title=title)
        self.neurons = [int(neuron) for neuron in neurons]
        self.fixed = self.limits = limits

    @abstractmethod
    def _source(self, owner: Any, attribute: str, kind: str) -> tuple[tuple[Any, bool], int]:
        """A function that reads B x ..., whether what it gives lasts (see `capture.state`), and the number of elements of a sample."""

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        (read, lasts), size = self._source(owner, attribute, kind)
        self.element = "synapse" if attribute and kind == "connections" else "neuron"
        self.neurons = [neuron for neuron in self.neurons if neuron < size] if self.neurons == [0, 1, 2] else self.neurons
        if not all(0 <= neuron < size for neuron in self.neurons):
            raise ValueError(f"neurons must be numbers from 0 to {size - 1}, the elements of {self.name}, but are {self.neurons}.")
        self.size, self.whole = size, size <= WHOLE
        if self.whole:
            recorder.follow(self.title, row(read, batch, lasts=lasts), size, lasts=True)
            recorder.show(self.title, self.neurons)
        else:
            recorder.follow(self.title, row(read, batch, torch.tensor(self.neurons)), len(self.neurons), lasts=True)

    def describe(self) -> dict[str, Any]:
        names = [f"{self.element} {place}" for place in self.neurons]
        return {"kind": self.kind, "title": self.title, "names": names, "label": f"{self.noun} ({self.unit})"}

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        values = np.ascontiguousarray(recorder.rows(self.title))
        if self.fixed is None:
            low, high = limits.ends(values)
            if low <= high:
                self.limits = limits.around(low, high, self.limits)
        return {"values": values, "limits": np.array(self.limits or (0.0, 1.0), dtype=np.float32)}

    def words(self, recorder: Recorder) -> str:
        values = recorder.rows(self.title)
        seen = values[np.isfinite(values)]
        return f"{self.title}: {seen.min():.3g} to {seen.max():.3g} {self.unit}" if seen.size else f"{self.title}: nothing yet"


class Current(Trace):
    """Currents into chosen neurons, in nA: of one connection ("enc2exc"), or the sum that enters a group ("exc").

    Args:
        name: a connection, or neurons.
        neurons, limits, title: as in `Voltage`.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> synapse = snn.DeltaCurrent.partialconstructor(1.0)
        >>> layer = snn.Serial(snn.LinearDense(3, 2, 1.0, synapse=synapse, weight_init=torch.ones_like), lif)
        >>> lab = snn.lab.Lab(layer, torch.ones(1, 1, 3), view=[Current("serial", neurons=[1])])
        >>> lab.step(2)
        >>> lab.snapshot()
        'step 2 (2 ms); current · serial: 3 to 3 nA'
    """

    noun, unit, first = "current", "nA", "connections"

    def _source(self, owner: Any, attribute: str, kind: str) -> tuple[tuple[Any, bool], int]:
        if attribute:
            return state(owner, attribute), math.prod(getattr(owner, attribute).shape[1:])
        if kind == "connections":
            return (self._catch(owner, "output"), False), size_of(owner, "outshape")
        return (self._catch(owner, "input"), False), size_of(owner, "shape")


class Voltage(Trace):
    """Membrane voltages of chosen neurons, in mV.

    Args:
        name: neurons, as in "exc".
        neurons: which of them, by their place in the flattened group.
        limits: lower and upper end of the axis; None follows the data, in round numbers.
        title: words above the picture.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> layer = snn.Serial(snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)), lif)
        >>> lab = snn.lab.Lab(layer, torch.zeros(1, 1, 3), view=[Voltage("serial", neurons=[0, 1])])
        >>> lab.step(2)
        >>> lab.snapshot()
        'step 2 (2 ms); voltage · serial: -65 to -65 mV'
    """

    noun, unit = "voltage", "mV"

    def _source(self, owner: Any, attribute: str, kind: str) -> tuple[tuple[Any, bool], int]:
        attribute = attribute or "voltage"
        return state(owner, attribute), math.prod(getattr(owner, attribute).shape[1:])


class Fields(Panel):
    """The weights into each neuron as a picture of its input, in a grid; of "enc2exc.delay" the delays.

    Args:
        name: weights or delays of N x M, as in "enc2exc.weight".
        shape: height and width of the input, h·w = M; None takes the connection's own.
        limits: values at both ends of the colour bar; None follows the weights: 0 to max, or ±max|w| where there are both signs.
        unit: unit of the values, for the colour bar; None: ms for delays, else none.
        title: words above the picture.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> synapse = snn.DeltaCurrent.partialconstructor(1.0)
        >>> layer = snn.Serial(snn.LinearDense(4, 2, 1.0, synapse=synapse, weight_init=torch.ones_like), lif)
        >>> lab = snn.lab.Lab(layer, torch.ones(1, 1, 4), view=[Fields("serial.weight", shape=(2, 2))])
        >>> lab.snapshot()
        'step 0 (0 ms); receptive fields · serial.weight: mean 1, 1 to 1'
    """

    kind, noun, first = "fields", "receptive fields", "connections"

    def __init__(
        self,
        name: str,
        shape: tuple[int, int] | None = None,
        *,
        limits: tuple[float, float] | None = None,
        unit: str | None = None,
        title: str | None = None,
    ) -> None:
        self.values, self.unit = noun(name, unit)
        if self.values == "delay" and self.noun == Fields.noun:  # a subclass has a word of its own
            self.noun = "delays"
        super().__init__(name, title=title)
        self.shape, self.fixed, self.limits = shape, limits, limits
        self._shades: np.ndarray | None = None

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        attribute = attribute or "weight"
        weight = parameter(owner, attribute, self.name)
        shape = tuple(self.shape or getattr(owner, "inshape", weight.shape[1:]))
        shape = (1, *shape) if len(shape) == 1 else shape
        if len(shape) != 2 or weight.numel() != len(weight) * math.prod(shape):
            raise ValueError(
                f"shape must be a height and a width with {weight[0].numel()} pixels, as many as {self.name} has inputs, but is {shape}."
            )
        self.count, self.shape = len(weight), shape
        recorder.look(self.title, lambda: getattr(owner, attribute))

    def describe(self) -> dict[str, Any]:
        columns = math.ceil(math.sqrt(self.count))
        sizes = {"count": self.count, "columns": columns, "height": self.shape[0], "width": self.shape[1]}
        return {"kind": self.kind, "title": self.title, "label": f"{self.values} ({self.unit})" if self.unit else self.values, **sizes}

    def weights(self, recorder: Recorder) -> np.ndarray:
        return recorder.still(self.title).reshape(self.count, *self.shape)

    def data(self, recorder: Recorder) -> dict[str, np.ndarray]:
        weights = self.weights(recorder)
        if self.fixed is None:
            low, high = float(np.nanmin(weights)), float(np.nanmax(weights))
            present = self.limits if self.limits and (self.limits[0] < 0) == (low < 0) else None
            top = limits.around(0.0, max(high, -low), (0.0, present[1]) if present else None)[1]
            self.limits = (-top if low < 0 else 0.0, top)
        low, high = self.limits
        scale = 255.0 / (high - low)
        shades = self._shades = np.multiply(weights, np.float32(scale), out=self._shades)  # in the memory of the last time
        if low:
            shades -= np.float32(low * scale)
        torch.from_numpy(shades).clamp_(0.0, 255.0)  # twice as fast as numpy's
        with np.errstate(invalid="ignore"):  # NaN becomes 0
            return {"fields": np.rint(shades, out=shades).astype(np.uint8), "limits": np.array(self.limits, dtype=np.float32)}

    def words(self, recorder: Recorder) -> str:
        weights = self.weights(recorder)
        return f"{self.title}: mean {weights.mean():.4g}, {weights.min():.4g} to {weights.max():.4g}"
