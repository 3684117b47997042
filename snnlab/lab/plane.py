"""The phase plane of one neuron, live: voltage to the right, its second variable upwards, and time along the curve.

    Plane("exc", neuron=0)

The second variable is an adaptation current (AdEx, Izhikevich) or a threshold (ALIF, GLIF2). On each nullcline one of the two stands still:

    dV/dt = 0      w = I + f(V)/R, where τ dV/dt = f(V) + R·(I − w);     of a leaky membrane with a threshold: V = V_rest + R·I
    dw/dt = 0      w = a·(V − V_rest);                                   of a threshold: ϑ = ϑ_∞, and it spikes at V = ϑ

I is the mean current of the last membrane time constant. What a spike does is a jump: the curve is broken there.

Reference: Gerstner et al., Neuronal Dynamics (2014), sections 4.2 and 6.2.
"""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.lab import limits as axis
from snnlab.lab.chart import Chart, Limits, Points, Series
from snnlab.lab.curve import Derived, alike
from snnlab.lab.panels import WHOLE
from snnlab.lab.recorder import Recorder
from snnlab.neurons import CurrentAdaptiveNeuron, ThresholdAdaptiveNeuron

FINE = 200  # points of a nullcline


class Plane(Chart):
    """The way of one neuron through its phase plane over the steps in view, and its nullclines.

    Several adaptations count as their sum; then only the nullcline of the voltage is drawn.

    Args:
        name: neurons with a second variable, as in "exc".
        neuron: which of them, by its place in the flattened group.
        title: words above the picture.

    Units:
        voltage, threshold: mV;  adaptation: nA

    Raises:
        LookupError: neurons without a second variable.
        ValueError: no such neuron.

    Example:
        >>> alif = snn.ALIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-50.0, refrac_t=0.0, tc_membrane=10.0, tc_adaptation=50.0,
        ...                 spike_increment=2.0)
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> lab = snn.lab.Lab(snn.Serial(connection, alif), torch.zeros(1, 1, 3), view=[Plane("serial")])
        >>> lab.step(1)
        >>> lab.snapshot()
        'step 1 (1 ms); phase plane · serial, neuron 0: -65 mV, -50 mV'
    """

    noun = "phase plane"
    x = "voltage (mV)"

    def __init__(self, name: str, neuron: int = 0, *, title: str | None = None) -> None:
        super().__init__(name, title=title or f"phase plane · {name.removeprefix('neurons.')}, neuron {neuron}")
        self.named = title is None
        self.chosen = self.neuron = checks.whole("neuron", neuron, least=0)
        self.wide: tuple[float, float] | None = None
        self.tall: tuple[float, float] | None = None

    def _bind(self, owner: Any, attribute: str, kind: str, recorder: Recorder, batch: int) -> None:
        if attribute or not isinstance(owner, CurrentAdaptiveNeuron | ThresholdAdaptiveNeuron):
            raise LookupError(
                f"{self.name!r} must name neurons with a second variable (AdEx, Izhikevich, ALIF, GLIF2), but names "
                f"{attribute or type(owner).__name__}. Show one variable with Voltage({self.name!r})."
            )
        if self.neuron >= owner.count:
            raise ValueError(f"neuron must be from 0 to {owner.count - 1}, the neurons of {self.name}, but is {self.neuron}.")
        self.owner, self.entered = owner, self._catch(owner, "input")
        self.current_driven = isinstance(owner, CurrentAdaptiveNeuron)
        self.unit = "nA" if self.current_driven else "mV"
        self.y = "adaptation (nA)" if self.current_driven else "threshold (mV)"
        second = "dw/dt = 0" if self.current_driven else "dϑ/dt = 0"
        lines = ("trajectory", "dV/dt = 0", second, *(() if self.current_driven else ("a spike",)))
        self.series = (*(Series("line", line) for line in lines), Series("marker", "now"))
        self.standing = Derived(owner, lambda: iter([standing(owner) if self.current_driven else ()]))
        self.size, self.whole = owner.count, owner.count <= WHOLE
        recorder.follow(self.title, lambda: self._read(batch), 4 * (self.size if self.whole else 1), lasts=True)
        self.turn(self.neuron, recorder)

    def turn(self, neuron: int, recorder: Recorder) -> None:
        """Shows the way of another neuron, with its past; of a group that is recorded whole."""
        self.neuron = neuron
        if self.whole:
            recorder.show(self.title, [neuron + self.size * quantity for quantity in range(4)])

    def _read(self, batch: int) -> Tensor | None:
        """Voltages, second variables, currents and spikes: of all neurons, where they are few enough to be followed later."""
        owner, current = self.owner, self.entered()
        if current is None:
            return None
        second = owner.current_adaptation[batch].sum(-1) if self.current_driven else owner.threshold
        each = (owner.voltage[batch], second, current[batch], owner.spike[batch])
        return torch.cat([(part.reshape(-1) if self.whole else part.reshape(-1)[self.neuron, None]).float() for part in each])

    @property
    def said(self) -> str:
        """The title, with the neuron that is shown now."""
        others = self.named and self.neuron != self.chosen
        return self.title.replace(f"neuron {self.chosen}", f"neuron {self.neuron}") if others else self.title

    def columns(self) -> tuple[list[str], str]:
        return [self.x, self.y, "current (nA)", "spike"], ""

    def points(self, recorder: Recorder) -> list[Points]:
        rows = recorder.rows(self.title)
        rows = rows[np.isfinite(rows).all(1)]
        jumps = np.flatnonzero(rows[:, 3] > 0)
        voltage, second = (np.insert(rows[:, column], jumps, np.nan) for column in (0, 1))
        over = max(1, round(self.owner.tc_membrane / self.owner.dt)) if hasattr(self.owner, "tc_membrane") else len(rows)
        current = float(rows[-over:, 2].mean()) if len(rows) else 0.0
        return [(voltage, second), *self._nullclines(current, rows), (rows[-1:, 0], rows[-1:, 1])]

    def _nullclines(self, current: float, rows: np.ndarray) -> list[Points]:
        """Both nullclines; and, on the way, how far the axes reach around them and the neuron."""
        owner = self.owner
        if self.current_driven:
            voltages, balance, follows = self.standing.value
            lifted = current + balance
            seen = [0.0, max(owner.spike_increment), float(lifted.min()), *rows[:, 1]]
            seen.append(seen[2] + 0.3 * (max(seen) - min(seen)))  # more than the foot of the valley
            self._fit([voltages[0], owner.thresh_v, *rows[:, 0]], seen)
            room = 2 * (self.tall[1] - self.tall[0])  # far outside is far enough
            return [(voltages, np.clip(lifted, self.tall[0] - room, self.tall[1] + room)), (voltages, follows)]
        rest = owner.rest_v + owner.resistance * current
        seen = [owner.thresh_eq_v, owner.thresh_eq_v + max(0.0, *owner.spike_increment), *rows[:, 1]]
        room = 0.2 * (owner.thresh_eq_v - owner.rest_v)
        self._fit([owner.rest_v - room, max(seen) + room, *rows[:, 0]], seen)
        return [([rest, rest], list(self.tall)), (list(self.wide), [owner.thresh_eq_v] * 2), (list(self.tall), list(self.tall))]

    def _fit(self, x: list[float], y: list[float]) -> None:
        self.wide, self.tall = axis.around(min(x), max(x), self.wide), axis.around(min(y), max(y), self.tall)

    def reach(self, points: list[Points]) -> Limits:
        return *self.wide, *self.tall

    def clear(self) -> None:
        """Forgets how far the axes reached."""
        super().clear()
        self.wide = self.tall = None

    def words(self, recorder: Recorder) -> str:
        voltage, second = recorder.rows(self.title)[-1, :2]
        if not np.isfinite(second):
            return f"{self.said}: nothing yet"
        return f"{self.said}: {voltage:.4g} mV, {second:.4g} {self.unit}"


@torch.no_grad()
def standing(neuron: CurrentAdaptiveNeuron) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Voltages, and the adaptations at which, without input, the voltage stands still there, and those at which the adaptation does.

    A step of the voltage is linear in the current: from the steps at 0 and at 1 nA follows the current at which there is none.

    Example:
        >>> class Leaky(snn.CurrentAdaptiveNeuron):
        ...     def integrate(self, inputs):
        ...         return self.voltage + (inputs * self.resistance - self.voltage) * self.dt / 10.0
        >>> neuron = Leaky(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=8.0, refrac_t=0.0, resistance=4.0, tc_adaptation=50.0,
        ...                voltage_coupling=0.5, spike_increment=1.0, batch_size=1)
        >>> voltages, balance, follows = standing(neuron)
        >>> bool(np.allclose(balance, -voltages / 4.0)), bool(np.allclose(follows, voltages / 2.0))
        (True, True)
    """
    low = min(neuron.rest_v, neuron.reset_v)
    voltages = torch.linspace(low - 0.2 * (neuron.thresh_v - low), neuron.thresh_v, FINE)
    group = alike(neuron, FINE).double()  # large numbers that differ by little
    group.voltage = voltages.double()[None]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone, driven = (group.integrate(torch.full((1, FINE), current, dtype=torch.float64))[0] for current in (0.0, 1.0))
    balance = (alone - voltages) / (driven - alone)  # minus what flows, over what a nA makes flow
    follows = sum(neuron.voltage_coupling) * (voltages - neuron.rest_v)
    if neuron.adaptations > 1:  # each has a time constant of its own: their sum alone does not say where it goes
        follows = torch.full_like(follows, torch.nan)
    return voltages.numpy(), balance.numpy(), follows.numpy()
