"""The f–I curve of a group of neurons: how fast one of them would fire at each steady current, with the settings of this moment.

    Curve("exc", currents=(0, 40))

It is worked out on a copy, alone and from rest, one neuron a current, and anew only when a setting changes. That takes 25 ms, or half a
second: so the live view does a part of it at each frame and shows the last curve meanwhile, and a slider answers all the while. A mark
shows where the group is: the mean current that entered it over the view, and its mean rate.
"""

import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from snnlab.core import checks
from snnlab.core.module import changes
from snnlab.lab import limits as axis
from snnlab.lab.chart import Chart, Limits, Points, Series
from snnlab.lab.recorder import Recorder
from snnlab.neurons import ALIF, WinnerALIF

MOST = 2000  # steps of a curve: it is worked out while somebody moves a slider
OWN = ("shape", "step_time", "batch_size")  # arguments that a copy is given anew


def settings(neuron: nn.Module) -> dict[str, Any]:
    """What a group of neurons was built with, as it is now, by the names of its constructor's arguments; shape and batch left out.

    Raises:
        LookupError: an argument that the neurons do not keep under its name.

    Example:
        >>> neuron = snn.ExactNeuron(3, 1.0, rest_v=-65.0, thresh_v=-50.0)
        >>> neuron.thresh_v = -40.0
        >>> settings(neuron)
        {'rest_v': -65.0, 'thresh_v': -40.0, 'surrogate': None}
    """
    spelled, kept = getattr(neuron, "spelled", {}), {}
    for name in inspect.signature(type(neuron)).parameters:
        attribute = spelled.get(name, name)
        if name not in OWN:
            if not hasattr(neuron, attribute):
                raise LookupError(f"{type(neuron).__name__} cannot be copied: it takes {name!r}, but keeps no attribute of that name.")
            kept[name] = getattr(neuron, attribute)
    return kept


def alike(neuron: nn.Module, count: int) -> nn.Module:
    """So many neurons of the same kind and with the same settings, at rest, on the CPU.

    Example:
        >>> lif = snn.LIF((4, 4), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0, batch_size=8)
        >>> alike(lif, 3).batchedshape
        (1, 3)
    """
    given = settings(neuron)
    kind = type(neuron)
    if isinstance(neuron, WinnerALIF):  # alone, and so without rivals: it never loses
        kind = ALIF
        given.pop("inhibition")
    with warnings.catch_warnings():  # whoever built the original was warned
        warnings.simplefilter("ignore")
        return kind(count, neuron.dt, batch_size=1, **given).train(neuron.training)


class Derived:
    """What follows from a neuron's settings: worked out when it is first asked for, and again when one of them has changed.

    Args:
        neuron: whose settings.
        find: works it out; an iterator that gives None for each part of the work, then the result.

    Example:
        >>> lif = snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> derived = Derived(lif, lambda: iter([None, lif.thresh_v]))
        >>> derived.value
        -50.0
        >>> lif.thresh_v = -40.0
        >>> derived.advance(0.0)  # no time for more than one part: the last result stands until there is another
        True
        >>> derived.present, derived.value
        (-50.0, -40.0)
    """

    def __init__(self, neuron: nn.Module, find: Callable[[], Iterator[Any]]) -> None:
        self._neuron, self._find = neuron, find
        self._seen, self._settings, self._value = -1, None, None
        self._work: Iterator[Any] | None = None

    @property
    def value(self) -> Any:
        """As of now."""
        while self.advance(math.inf):
            pass
        return self._value

    @property
    def present(self) -> Any:
        """As of the last time that it was finished."""
        return self.value if self._value is None else self._value

    def advance(self, seconds: float) -> bool:
        """Works on it, for a little longer than so long. Returns whether there is more to do."""
        end = perf_counter() + seconds
        if self._work is None and not self._begin():
            return False
        for result in self._work:
            if result is not None:
                self._value, self._work = result, None
                self._seen = -1  # what changed meanwhile is looked at next
                return self._begin()
            if perf_counter() >= end:
                break
        return True

    def _begin(self) -> bool:
        """Starts anew, where a setting has changed since the last start. Returns whether one has."""
        if changes() != self._seen:  # some attribute of some module was set: cheap to know
            now = {**settings(self._neuron), "step_time": self._neuron.dt, "training": self._neuron.training}
            if now != self._settings:
                self._work, self._settings = self._find(), now
            self._seen = changes()
        return self._work is not None


def rates(neuron: nn.Module, currents: Tensor, duration: float) -> np.ndarray:
    """Firing rates, in Hz, of copies of a neuron at steady currents: of the intervals that end in the second half of a run; 0 for none.

    Args:
        neuron: what is copied.
        currents: in nA.
        duration: length of the run, in ms.

    Shape:
        currents: (C,) -> (C,)

    Example:
        >>> lif = snn.LIF(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=10.0, refrac_t=4.0, time_constant=10.0)
        >>> rates(lif, torch.tensor([9.0, 1e6]), 100.0)  # never; after every refractory time and the step of the spike
        array([  0., 250.])
    """
    *_, found = rates_by_parts(neuron, currents, duration)
    return found


def rates_by_parts(neuron: nn.Module, currents: Tensor, duration: float) -> Iterator[np.ndarray | None]:
    """The same, None after each of its steps, then the rates."""
    group, steps, spikes = alike(neuron, len(currents)), max(2, math.ceil(duration / neuron.dt)), []
    for _ in range(steps):
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spikes.append(group(currents[None])[0])
        yield None
    trains = torch.stack(spikes).numpy().T
    yield np.array([_rate(np.flatnonzero(train), steps / 2, neuron.dt) for train in trains])


def _rate(spikes: np.ndarray, middle: float, step_time: float) -> float:
    """Rate from the last spike before the middle, or the first one at all, to the last one, which must lie behind it."""
    counted = spikes[max(0, np.searchsorted(spikes, middle) - 1) :]
    return 1000.0 * (len(counted) - 1) / ((counted[-1] - counted[0]) * step_time) if len(counted) > 1 else 0.0


class Curve(Chart):
    """The f–I curve of neurons with their present settings, and where the group is on it now.

    Neurons that adapt are at their last, slow rate. A learned threshold is left out: the curve is that of a neuron from rest.

    Args:
        name: neurons, as in "exc".
        currents: the least and the greatest.
        points: how many currents.
        duration: length of each run; None: 500 ms, but no more than 2000 steps. A rate too low for two spikes in that time shows as 0.
        title: words above the picture.

    Units:
        currents: nA;  duration: ms

    Raises:
        ValueError: currents out of order.
        LookupError: neurons that cannot be copied.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=10.0, refrac_t=4.0, time_constant=10.0)
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> lab = snn.lab.Lab(snn.Serial(connection, lif), torch.zeros(1, 1, 3), view=[Curve("serial", (0, 1000), points=2)])
        >>> lab.step(1)
        >>> lab.snapshot()
        'step 1 (1 ms); f–I curve · serial: 0 Hz at 0 nA, 250 Hz at 1e+03 nA; now 0 Hz at 0 nA'
    """

    noun = "f–I curve"
    x, y = "current (nA)", "firing rate (Hz)"
    series = (Series("line", "steady current"), Series("marker", "now, on average"))

    def __init__(
        self,
        name: str,
        currents: tuple[float, float] = (0.0, 40.0),
        *,
        points: int = 41,
        duration: float | None = None,
        title: str | None = None,
    ) -> None:
        super().__init__(name, title=title)
        low, high = (checks.number("currents", end, "nA") for end in currents)
        if not low < high:
            raise ValueError(f"currents must be the least and the greatest, in nA, but are {low:g} and {high:g}.")
        self.currents = torch.linspace(low, high, checks.whole("points", points, least=2))
        self.duration = None if duration is None else checks.positive("duration", duration, "ms")
        self.tall: tuple[float, float] | None = None

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        if attribute or kind != "neurons":
            raise LookupError(f"{self.name!r} must name neurons, such as 'exc'.")
        entered = self._catch(owner, "input")
        self.step_time = owner.dt
        self.curve = Derived(owner, lambda: rates_by_parts(owner, self.currents, self.duration or min(500.0, MOST * owner.dt)))

        def read() -> Tensor | None:
            current = entered()
            return None if current is None else torch.stack([current[batch].float().mean(), owner.spike[batch].float().mean()])

        settings(owner)  # say at once where there will be no curve
        recorder.follow(self.title, read, 2)

    def advance(self, seconds: float) -> bool:
        return self.curve.advance(seconds)

    def columns(self) -> tuple[list[str], str]:
        return ["mean current (nA)", "share that fired"], ""

    def now(self, recorder: Recorder) -> tuple[float, float] | None:
        """Mean current, in nA, and mean rate, in Hz, over the view; None before the first step."""
        rows = recorder.rows(self.title)
        rows = rows[np.isfinite(rows).all(1)]
        if not len(rows):
            return None
        current, share = rows.mean(0, dtype=float)
        return float(current), float(share) * 1000.0 / self.step_time

    def points(self, recorder: Recorder) -> list[Points]:
        now = self.now(recorder)
        return [(self.currents.numpy(), self.curve.present), ([now[0]], [now[1]]) if now else ([], [])]

    def reach(self, points: list[Points]) -> Limits:
        (_, measured), (_, present) = points
        self.tall = axis.around(0.0, float(max([*measured, *present])), self.tall)
        return float(self.currents[0]), float(self.currents[-1]), *self.tall

    def clear(self) -> None:
        """Forgets how far the axes reached."""
        super().clear()
        self.tall = None

    def words(self, recorder: Recorder) -> str:
        curve, now = self.curve.present, self.now(recorder)
        ends = (f"{rate:.3g} Hz at {current:.3g} nA" for rate, current in ((curve[i], float(self.currents[i])) for i in (0, -1)))
        place = f"; now {now[1]:.3g} Hz at {now[0]:.3g} nA" if now else ""
        return f"{self.title}: {', '.join(ends)}{place}"
