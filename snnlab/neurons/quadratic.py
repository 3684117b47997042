"""Quadratic integrate-and-fire neurons: above a critical voltage the membrane drives itself up to a spike.

    τ dV/dt = a·(V − V_rest)·(V − V_crit) + R·I,       V ≥ ϑ:  spike, V ← V_reset, refractory for t_refrac

Without input the voltage falls to V_rest from anywhere below V_crit, and runs away from anywhere above it. A constant current makes it
spike again and again if R·I > a·(V_crit − V_rest)²/4, the least that lifts the parabola off the axis. One step of length dt is Euler's:

    V[t] = V[t−1] + dt/τ·(a·(V[t−1] − V_rest)·(V[t−1] − V_crit) + R·I)

Izhikevich's neuron is the same membrane with an adaptation current: I becomes I − Σ_k w_k (`help("snnlab.neurons.adaptation")`).

Reference: Gerstner et al., Neuronal Dynamics (2014), section 5.3; Izhikevich, IEEE Trans. Neural Netw. 14:1569 (2003).
"""

from collections.abc import Callable

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.base import check_between
from snnlab.neurons.current import CurrentAdaptiveNeuron
from snnlab.neurons.euler import check_stepped, warn_unless_settling
from snnlab.neurons.surrogate import Surrogate
from snnlab.neurons.threshold import ThresholdNeuron

CRITICAL = Quantity("mV", -80.0, -40.0, "voltage above which it runs away by itself")
AFFINITY = Quantity("1/mV", 0.01, 1.0, "how steeply the membrane drives itself", log=True)
TIME_CONSTANT = Quantity("ms", 1.0, 200.0, "membrane time constant", log=True)


def quadratic_step(
    voltage: Tensor,
    inputs: Tensor,
    *,
    step_time: float,
    time_constant: float,
    rest_v: float,
    crit_v: float,
    affinity: float,
    resistance: float,
) -> Tensor:
    """One step of the equation above, without threshold.

    Args:
        voltage: before the step, in mV.
        inputs: current, in nA.
        step_time, time_constant: dt and τ, in ms.
        rest_v, crit_v: where the voltage rests, and above which it runs away, in mV.
        affinity: a, in 1/mV.
        resistance: R, in MΩ.

    Returns:
        voltages after the step, in mV.

    Example:
        >>> settings = {"step_time": 1.0, "time_constant": 10.0, "rest_v": -65.0, "crit_v": -55.0, "affinity": 0.1, "resistance": 10.0}
        >>> quadratic_step(torch.tensor([-60.0]), torch.tensor([2.0]), **settings)
        tensor([-58.2500])
    """
    slope = (voltage - rest_v) * (voltage - crit_v) * affinity + inputs * resistance
    return voltage + slope * (step_time / time_constant)


def _check(owner: "QIF | Izhikevich", time_constant: float) -> None:
    """What must hold for the parabola of either neuron."""
    check_between("crit_v", "rest_v", "thresh_v", owner)
    growth = owner.dt / time_constant * owner.affinity * (owner.crit_v - owner.rest_v)
    warn_unless_settling(owner, "its membrane's time constant and affinity", growth)


def _step(owner: "QIF | Izhikevich", inputs: Tensor, time_constant: float) -> Tensor:
    """The step of either neuron. From below V_rest − τ/(a·dt) it would lead beyond V_crit, whatever the input."""
    voltage = quadratic_step(
        owner.voltage_,
        inputs,
        step_time=owner.dt,
        time_constant=time_constant,
        rest_v=owner.rest_v,
        crit_v=owner.crit_v,
        affinity=owner.affinity,
        resistance=owner.resistance,
    )
    return check_stepped(owner, voltage, owner.rest_v - time_constant / (owner.affinity * owner.dt))


class QIF(ThresholdNeuron):
    """A group of quadratic integrate-and-fire neurons.

    Equation: `help("snnlab.neurons.quadratic")`; the order of events in a step: `help("snnlab.neurons.base")`.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest.
        crit_v: voltage above which it runs away by itself, above rest_v and at most thresh_v.
        affinity: how steeply the membrane drives itself, above 0.
        reset_v: voltage after a spike, below the threshold.
        thresh_v: voltage at which it spikes.
        refrac_t: time after a spike without another, 0 or above.
        time_constant: of the membrane, above 0.
        resistance: of the membrane, not 0.
        batch_size: number of samples.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Units:
        step_time, refrac_t, time_constant: ms;  voltages: mV;  affinity: 1/mV;  resistance: MΩ;  inputs: nA

    Shape:
        inputs: B x *shape -> spikes: B x *shape

    Raises:
        ValueError: a voltage out of order, a time constant or an affinity not above 0, a resistance of 0.

    Example:
        >>> neuron = QIF(1, 1.0, rest_v=-65.0, crit_v=-50.0, affinity=0.1, reset_v=-65.0, thresh_v=-30.0, refrac_t=2.0, time_constant=10.0,
        ...              resistance=10.0)
        >>> [step for step in range(100) if neuron(torch.tensor([[1.0]]))]
        [33, 68]
    """

    runs_away = True

    crit_v = Setting(checks.number, CRITICAL)
    affinity = Setting(checks.positive, AFFINITY)
    time_constant = Setting(checks.positive, TIME_CONSTANT)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        crit_v: float,
        affinity: float,
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
        self.configure(crit_v=crit_v, affinity=affinity, time_constant=time_constant)

    def check_settings(self) -> None:
        super().check_settings()
        if "_crit_v" in self.__dict__:
            _check(self, self.time_constant)

    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""
        return _step(self, inputs, self.time_constant)


class Izhikevich(CurrentAdaptiveNeuron):
    """A group of Izhikevich's neurons: quadratic integrate-and-fire with adaptation currents.

    Equation: `help("snnlab.neurons.quadratic")`; adaptation: `help("snnlab.neurons.adaptation")`.

    The numbers of the published C·v' = k(v − v_r)(v − v_t) − u + I, u' = a(b(v − v_r) − u), u ← u + d, with currents in pA, are
    tc_membrane = C, affinity = k, resistance = 1000, rest_v = v_r, crit_v = v_t, tc_adaptation = 1/a, voltage_coupling = b/1000 and
    spike_increment = d/1000.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest.
        crit_v: voltage above which it runs away by itself, above rest_v and at most thresh_v.
        affinity: how steeply the membrane drives itself, above 0.
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
        step_time, refrac_t, tc_membrane, tc_adaptation: ms;  voltages: mV;  affinity: 1/mV;  voltage_coupling: nA/mV;
        spike_increment, inputs: nA;  resistance: MΩ

    Shape:
        inputs: B x *shape -> spikes: B x *shape;  current_adaptation: B x *shape x k

    Raises:
        ValueError: a voltage out of order, a time constant or an affinity not above 0, a resistance of 0.

    Example:
        >>> neuron = Izhikevich(1, 0.5, rest_v=-60.0, crit_v=-40.0, affinity=0.7, reset_v=-50.0, thresh_v=35.0, refrac_t=0.0,
        ...                     tc_membrane=100.0, tc_adaptation=33.3, voltage_coupling=-0.002, spike_increment=0.1, resistance=1000.0)
        >>> times = [0.5 * step for step in range(400) if neuron(torch.tensor([[0.2]]))]
        >>> [round(b - a) for a, b in zip(times, times[1:])]  # a regular spiking cell: the intervals grow
        [22, 28, 28, 29, 29, 29]
    """

    runs_away = True

    crit_v = Setting(checks.number, CRITICAL)
    affinity = Setting(checks.positive, AFFINITY)
    tc_membrane = Setting(checks.positive, TIME_CONSTANT)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        crit_v: float,
        affinity: float,
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
        self.configure(crit_v=crit_v, affinity=affinity, tc_membrane=tc_membrane)

    def check_settings(self) -> None:
        super().check_settings()
        if "_crit_v" in self.__dict__:
            _check(self, self.tc_membrane)

    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""
        return _step(self, inputs, self.tc_membrane)
