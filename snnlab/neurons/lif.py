"""Leaky integrate-and-fire neuron: a leaky capacitor that spikes at a threshold.

    τ dV/dt = −(V − V_rest) + R·I,       V ≥ ϑ:  spike, V ← V_reset, refractory for t_refrac

For a current that is constant over a step, one step of length dt is exact:

    V[t] = V_rest + R·I + (V[t−1] − V_rest − R·I)·exp(−dt/τ)

Reference: Gerstner et al., Neuronal Dynamics (2014), section 1.3; as GLIF1: Teeter et al., Nat. Commun. 9:709 (2018).
"""

import math

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.tensors import constant
from snnlab.neurons.surrogate import Surrogate
from snnlab.neurons.threshold import ThresholdNeuron


def leaky_step(voltage: Tensor, inputs: Tensor, *, step_time: float, time_constant: float, rest_v: float, resistance: float) -> Tensor:
    """One step of the equation above, without threshold.

    Args:
        voltage: before the step, in mV.
        inputs: current, in nA.
        step_time, time_constant: dt and τ, in ms.
        rest_v: voltage at rest, in mV.
        resistance: R, in MΩ.

    Returns:
        voltages after the step, in mV.

    Example:
        >>> leaky_step(torch.tensor([-65.0]), torch.tensor([1.0]), step_time=1.0, time_constant=10.0, rest_v=-65.0, resistance=20.0)
        tensor([-63.0967])
    """
    rest = constant(rest_v, inputs.dtype, inputs.device)  # so that one pass makes V_rest + R·I
    towards = torch.add(rest, inputs, alpha=resistance)
    decay = math.exp(-step_time / time_constant)
    return towards.lerp_(voltage, decay) if towards.shape == voltage.shape else torch.lerp(towards, voltage, decay)


class LIF(ThresholdNeuron):
    """A group of leaky integrate-and-fire neurons.

    Equation: `help("snnlab.neurons.lif")`; the order of events in a step: `help("snnlab.neurons.base")`.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest; above the threshold, the neuron fires by itself.
        reset_v: voltage after a spike, below the threshold.
        thresh_v: voltage at which it spikes.
        refrac_t: time after a spike without another, 0 or above.
        time_constant: of the membrane, above 0.
        resistance: of the membrane, not 0.
        batch_size: number of samples.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Units:
        step_time, refrac_t, time_constant: ms;  voltages: mV;  resistance: MΩ;  inputs: nA (1 MΩ·nA = 1 mV)

    Shape:
        inputs: B x *shape -> spikes: B x *shape

    Raises:
        ValueError: a reset at or above the threshold, a time constant not above 0, a resistance of 0.

    Example:
        >>> neuron = LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0, resistance=10.0)
        >>> [bool(neuron(torch.tensor([[20.0]]))) for _ in range(4)]
        [True, False, True, False]
    """

    time_constant = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "membrane time constant", log=True))

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
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
        self.configure(time_constant=time_constant)

    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""
        return leaky_step(
            self.voltage_, inputs, step_time=self.dt, time_constant=self.time_constant, rest_v=self.rest_v, resistance=self.resistance
        )


class GLIF1(LIF):
    """A group of leaky integrate-and-fire neurons, under the name that the first of the generalised models has: it is `LIF`, name for name.

    Equation: `help("snnlab.neurons.lif")`. Arguments, units and shapes as in `LIF`.

    Reference: Teeter et al., Nat. Commun. 9:709 (2018).

    Example:
        >>> neuron = GLIF1(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0, resistance=10.0)
        >>> [bool(neuron(torch.tensor([[20.0]]))) for _ in range(4)]
        [True, False, True, False]
    """
