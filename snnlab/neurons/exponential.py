"""Exponential integrate-and-fire neurons: a leaky membrane whose upswing to a spike is exponential, as sodium channels make it.

    τ dV/dt = −(V − V_rest) + Δ·exp((V − V_rh)/Δ) + R·I,       V ≥ ϑ:  spike, V ← V_reset, refractory for t_refrac

V_rh is the rheobase voltage, where the upswing begins: no constant current with R·I < V_rh − V_rest − Δ makes the neuron spike. The
sharpness Δ says how sudden the upswing is; as Δ goes to 0 this is a leaky neuron with threshold V_rh. One step of length dt is Euler's:

    V[t] = V[t−1] + dt/τ·(−(V[t−1] − V_rest) + Δ·exp((V[t−1] − V_rh)/Δ) + R·I)

The adaptive neuron (AdEx) is the same membrane with adaptation currents: I becomes I − Σ_k w_k (`help("snnlab.neurons.adaptation")`).

Reference: Fourcaud-Trocmé et al., J. Neurosci. 23:11628 (2003); Brette & Gerstner, J. Neurophysiol. 94:3637 (2005).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.base import check_between
from snnlab.neurons.current import CurrentAdaptiveNeuron
from snnlab.neurons.euler import check_stepped, warn_unless_settling
from snnlab.neurons.surrogate import Surrogate
from snnlab.neurons.threshold import ThresholdNeuron

RHEOBASE = Quantity("mV", -60.0, -40.0, "voltage at which the upswing begins")
SHARPNESS = Quantity("mV", 0.2, 10.0, "width of the upswing's beginning", log=True)
TIME_CONSTANT = Quantity("ms", 1.0, 200.0, "membrane time constant", log=True)


def exponential_voltage_step(
    voltage: Tensor,
    inputs: Tensor,
    *,
    step_time: float,
    time_constant: float,
    rest_v: float,
    rheobase_v: float,
    sharpness: float,
    resistance: float,
) -> Tensor:
    """One step of the equation above, without threshold.

    The exponent stops short of the dtype's range (at 80 in single precision, 639 in double), so that no voltage gives infinity. Nothing is
    lost: a step from there leads beyond any threshold, by some 10³⁰ mV.

    Args:
        voltage: before the step, in mV.
        inputs: current, in nA.
        step_time, time_constant: dt and τ, in ms.
        rest_v, rheobase_v: where the voltage rests, and where the upswing begins, in mV.
        sharpness: Δ, in mV.
        resistance: R, in MΩ.

    Returns:
        voltages after the step, in mV.

    Example:
        >>> settings = {"step_time": 1.0, "time_constant": 10.0, "rest_v": -65.0, "rheobase_v": -50.0, "sharpness": 2.0, "resistance": 10.0}
        >>> exponential_voltage_step(torch.tensor([-50.0]), torch.tensor([2.0]), **settings)
        tensor([-49.3000])
    """
    most = 0.9 * math.log(torch.finfo(voltage.dtype).max)
    upswing = ((voltage - rheobase_v) / sharpness).clamp(max=most).exp() * sharpness
    return voltage + (rest_v - voltage + upswing + inputs * resistance) * (step_time / time_constant)


def _check(owner: "EIF | AdEx", time_constant: float) -> None:
    """What must hold for the membrane of either neuron."""
    check_between("rheobase_v", "rest_v", "thresh_v", owner)
    warn_unless_settling(owner, "its membrane's time constant", owner.dt / time_constant)


def _step(owner: "EIF | AdEx", inputs: Tensor, time_constant: float) -> Tensor:
    """The step of either neuron. With dt above τ, a step from far enough below V_rest would lead beyond V_rh."""
    voltage = exponential_voltage_step(
        owner.voltage_,
        inputs,
        step_time=owner.dt,
        time_constant=time_constant,
        rest_v=owner.rest_v,
        rheobase_v=owner.rheobase_v,
        sharpness=owner.sharpness,
        resistance=owner.resistance,
    )
    beyond = owner.dt / time_constant - 1
    return check_stepped(owner, voltage, owner.rest_v - (owner.rheobase_v - owner.rest_v) / beyond if beyond > 0 else -math.inf)


class EIF(ThresholdNeuron):
    """A group of exponential integrate-and-fire neurons.

    Equation: `help("snnlab.neurons.exponential")`; the order of events in a step: `help("snnlab.neurons.base")`.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest.
        rheobase_v: voltage at which the upswing begins, above rest_v and at most thresh_v.
        sharpness: width of the upswing's beginning, above 0; small is sudden.
        reset_v: voltage after a spike, below the threshold.
        thresh_v: voltage at which it spikes.
        refrac_t: time after a spike without another, 0 or above.
        time_constant: of the membrane, above 0.
        resistance: of the membrane, not 0.
        batch_size: number of samples.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Units:
        step_time, refrac_t, time_constant: ms;  voltages, sharpness: mV;  resistance: MΩ;  inputs: nA

    Shape:
        inputs: B x *shape -> spikes: B x *shape

    Raises:
        ValueError: a voltage out of order, a time constant or a sharpness not above 0, a resistance of 0.

    Example:
        >>> neuron = EIF(1, 0.5, rest_v=-65.0, rheobase_v=-50.0, sharpness=2.0, reset_v=-65.0, thresh_v=-30.0, refrac_t=2.0,
        ...              time_constant=10.0, resistance=10.0)
        >>> [step for step in range(120) if neuron(torch.tensor([[2.0]]))]
        [39, 82]
    """

    runs_away = True

    rheobase_v = Setting(checks.number, RHEOBASE)
    sharpness = Setting(checks.positive, SHARPNESS)
    time_constant = Setting(checks.positive, TIME_CONSTANT)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        rheobase_v: float,
        sharpness: float,
        reset_v: float,
        thresh_v: float,
        refrac_t: float,
        time_constant: float,
        resistance: float = 1.0,
        batch_size: int = 1,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        super().__init__(
            shape,
            step_time,
            rest_v=rest_v,
            reset_v=reset_v,
            thresh_v=thresh_v,
            refrac_t=refrac_t,
            resistance=resistance,
            batch_size=batch_size,
            surrogate=surrogate,
        )
        self.configure(rheobase_v=rheobase_v, sharpness=sharpness, time_constant=time_constant)

    def check_settings(self) -> None:
        super().check_settings()
        if "_rheobase_v" in self.__dict__:
            _check(self, self.time_constant)

    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""
        return _step(self, inputs, self.time_constant)


class AdEx(CurrentAdaptiveNeuron):
    """A group of adaptive exponential integrate-and-fire neurons.

    Equation: `help("snnlab.neurons.exponential")`; adaptation: `help("snnlab.neurons.adaptation")`.

    The constants C, g_L, a, b of the paper are resistance = 1/g_L, tc_membrane = C/g_L, voltage_coupling = a, spike_increment = b, where
    30 nS are 1/33.3 MΩ, and 4 nS are 0.004 nA/mV.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest.
        rheobase_v: voltage at which the upswing begins, above rest_v and at most thresh_v.
        sharpness: width of the upswing's beginning, above 0; small is sudden.
        reset_v: voltage after a spike, below the threshold.
        thresh_v: voltage at which it spikes.
        refrac_t: time after a spike without another, 0 or above.
        tc_membrane: time constant of the membrane, above 0.
        tc_adaptation: time constant of the adaptation, above 0, or a tuple for several adaptations.
        voltage_coupling: adaptation that each mV above rest drives, or a tuple.
        spike_increment: rise of the adaptation at a spike, or a tuple; shorter tuples are extended with their last entry.
        resistance: of the membrane, not 0.
        batch_size: number of samples.
        batch_reduction: None: each sample keeps adaptations of its own. A function `f(tensor, dim)`, such as `torch.mean`: after each step
            all samples share what it makes of theirs.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Units:
        step_time, refrac_t, tc_membrane, tc_adaptation: ms;  voltages, sharpness: mV;  voltage_coupling: nA/mV;
        spike_increment, inputs: nA;  resistance: MΩ

    Shape:
        inputs: B x *shape -> spikes: B x *shape;  current_adaptation: B x *shape x k

    Raises:
        ValueError: a voltage out of order, a time constant or a sharpness not above 0, a resistance of 0.

    Example:
        >>> neuron = AdEx(1, 0.1, rest_v=-70.6, rheobase_v=-50.4, sharpness=2.0, reset_v=-70.6, thresh_v=-20.0, refrac_t=0.0,
        ...               tc_membrane=9.37, tc_adaptation=144.0, voltage_coupling=0.004, spike_increment=0.0805, resistance=33.3)
        >>> times = [0.1 * step for step in range(4000) if neuron(torch.tensor([[1.0]]))]
        >>> [round(b - a) for a, b in zip(times, times[1:])]  # the intervals grow
        [14, 16, 19, 22, 26, 29, 32, 34, 35, 36, 36, 36, 36]
    """

    runs_away = True

    rheobase_v = Setting(checks.number, RHEOBASE)
    sharpness = Setting(checks.positive, SHARPNESS)
    tc_membrane = Setting(checks.positive, TIME_CONSTANT)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        rheobase_v: float,
        sharpness: float,
        reset_v: float,
        thresh_v: float,
        refrac_t: float,
        tc_membrane: float,
        tc_adaptation: float | tuple[float, ...],
        voltage_coupling: float | tuple[float, ...],
        spike_increment: float | tuple[float, ...],
        resistance: float = 1.0,
        batch_size: int = 1,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        super().__init__(
            shape,
            step_time,
            rest_v=rest_v,
            reset_v=reset_v,
            thresh_v=thresh_v,
            refrac_t=refrac_t,
            tc_adaptation=tc_adaptation,
            voltage_coupling=voltage_coupling,
            spike_increment=spike_increment,
            resistance=resistance,
            batch_size=batch_size,
            batch_reduction=batch_reduction,
            surrogate=surrogate,
        )
        self.configure(rheobase_v=rheobase_v, sharpness=sharpness, tc_membrane=tc_membrane)

    def check_settings(self) -> None:
        super().check_settings()
        if "_rheobase_v" in self.__dict__:
            _check(self, self.tc_membrane)

    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""
        return _step(self, inputs, self.tc_membrane)
