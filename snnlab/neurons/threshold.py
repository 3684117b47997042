"""Neurons with one constant threshold and one constant reset: what most of the textbook's neurons have in common.

    V ← f(I),        s = (V ≥ ϑ),        V ← V_reset  where s

where f is the integration of the model, and the refractory time and the order of events are those of `help("snnlab.neurons.base")`.
A neuron of your own is a class with one method, `integrate`.

Reference: Gerstner et al., Neuronal Dynamics (2014), sections 1.3 and 5.1.
"""

from abc import abstractmethod
from typing import ClassVar

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.base import InfernoNeuron, check_reset_below, threshold_step
from snnlab.neurons.surrogate import Surrogate


class ThresholdNeuron(InfernoNeuron):
    """A group of neurons with one constant threshold and one constant reset; a subclass says how its voltage integrates, and is complete.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step, in ms.
        rest_v, reset_v, thresh_v: voltage at rest, after a spike, and at which it spikes, in mV; the reset below the threshold.
        refrac_t: refractory time, in ms, 0 or above.
        resistance: of the membrane, in MΩ, not 0.
        batch_size: number of samples.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Attributes:
        runs_away: whether the voltage drives itself up without bound, once it is high enough. It then stops at the threshold where it may
            not spike yet, which is where `refrac_lock=False` lets it move while refractory.

    Raises:
        ValueError, TypeError: a size, time, voltage or resistance out of its range.

    Example:
        >>> class Perfect(ThresholdNeuron):  # integrates, and never leaks
        ...     def integrate(self, inputs):
        ...         return self.voltage + inputs * self.resistance * self.dt
        >>> neuron = Perfect(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=3.0, refrac_t=0.0, resistance=1.0, batch_size=1)
        >>> [bool(neuron(torch.ones(1, 1))) for _ in range(6)]
        [False, False, True, False, False, True]
    """

    runs_away: ClassVar[bool] = False

    reset_v = Setting(checks.number, Quantity("mV", -90.0, -40.0, "voltage after a spike"))
    thresh_v = Setting(checks.number, Quantity("mV", -60.0, -20.0, "voltage at which it spikes"))
    resistance = Setting(checks.not_zero, Quantity("MΩ", 0.1, 100.0, "membrane resistance", log=True))

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        reset_v: float,
        thresh_v: float,
        refrac_t: float,
        resistance: float,
        batch_size: int,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        super().__init__(shape, step_time, rest_v=rest_v, refrac_t=refrac_t, batch_size=batch_size, surrogate=surrogate)
        self.configure(reset_v=reset_v, thresh_v=thresh_v, resistance=resistance)

    def check_settings(self) -> None:
        super().check_settings()
        if "_thresh_v" in self.__dict__:
            check_reset_below("thresh_v", "reset_v", self)

    @abstractmethod
    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""

    def fire(self, inputs: Tensor, refrac_lock: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Spikes, voltages and refractory steps after a step with these currents."""
        spikes, voltage, refrac = threshold_step(
            inputs,
            self._buffers["voltage_"],
            self._buffers["refrac_"],
            self.integrate,
            threshold=self.thresh_v,
            reset=self.reset_v,
            refrac_steps=self.refrac_steps,
            refrac_lock=refrac_lock,
            surrogate=self.slope,
        )
        if self.runs_away and not refrac_lock:
            voltage = voltage.clamp(max=self.thresh_v)
        return spikes, voltage, refrac

    def forward(self, inputs: Tensor, refrac_lock: bool = True) -> Tensor:
        """One step.

        Args:
            inputs: currents, in nA, B x *shape.
            refrac_lock: whether voltages hold still while refractory; else they move, without input.

        Returns:
            spikes, bool, B x *shape; with a surrogate, where gradients are recorded, 0 and 1 in the voltages' dtype.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        spikes, voltage, refrac = self.fire(self.check_inputs(inputs), refrac_lock)
        self.set_states(spike_=self.as_state(spikes), voltage_=voltage, refrac_=refrac)
        return spikes.clone()
