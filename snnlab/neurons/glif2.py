"""Generalised leaky integrate-and-fire neuron 2: the reset keeps a part of the voltage, and spikes raise the threshold.

The membrane is that of `LIF`, the threshold that of `ALIF`, given by rate constants. What a spike leaves depends on how high it came:

    V ← V_rest + m·(V − V_rest) − δ       at a spike

    θ_k[t] = θ_k[t−1]·exp(−λ_k·dt) + d_k·s[t],        ϑ = ϑ_∞ + Σ_k θ_k

With m = 0 and δ = 0 every spike starts anew from V_rest; with m = 1 it takes δ away and leaves the rest, so that no input is lost.

Reference: Teeter et al., Nat. Commun. 9:709 (2018), who call it LIF-R; Mihalas & Niebur, Neural Comput. 21:704 (2009).
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.adaptation import PerAdaptation, check_counts, entries
from snnlab.neurons.adaptive import ThresholdAdaptiveNeuron
from snnlab.neurons.base import advance, fired
from snnlab.neurons.surrogate import Surrogate


def linear_reset(voltage: Tensor, spikes: Tensor, *, rest_v: float, reset_v_mul: float, reset_v_add: float) -> Tensor:
    """The reset of the equation above: m of the distance to rest stays, less δ, where there is a spike.

    Args:
        voltage: that led to the spikes, in mV.
        spikes: who spiked.
        rest_v: voltage at rest, in mV.
        reset_v_mul: m, the share of the distance to rest that stays.
        reset_v_add: δ, in mV, which is taken away.

    Returns:
        voltages after the reset, in mV.

    Example:
        >>> linear_reset(torch.tensor([-40.0, -55.0]), torch.tensor([True, False]), rest_v=-60.0, reset_v_mul=0.5, reset_v_add=2.0)
        tensor([-52., -55.])
    """
    return torch.where(spikes, (voltage - rest_v) * reset_v_mul + (rest_v - reset_v_add), voltage)


def _part(name: str, value: Any, unit: str = "") -> float:
    value = checks.number(name, value, unit)
    if abs(value) > 1:
        raise ValueError(f"{name} must lie between -1 and 1, but is {value}. Beyond, each reset would lead further from rest.")
    return value


class GLIF2(ThresholdAdaptiveNeuron):
    """A group of leaky integrate-and-fire neurons with a linear reset and a threshold that adapts to their spikes.

    Equation: `help("snnlab.neurons.glif2")`; the order of events in a step: `help("snnlab.neurons.base")`.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest.
        reset_v_add: taken away from the voltage at a spike; below 0, it adds.
        reset_v_mul: share of the distance to rest that a spike leaves, -1 to 1. Both together must lead below the threshold.
        thresh_eq_v: threshold without adaptation.
        refrac_t: time after a spike without another, 0 or above.
        tc_membrane: time constant of the membrane, above 0.
        rc_adaptation: rate constant of the adaptation, 1/τ, above 0, or a tuple for several adaptations.
        spike_increment: rise of the threshold at a spike, or a tuple; shorter tuples are extended with their last entry.
        resistance: of the membrane, not 0.
        batch_size: number of samples.
        batch_reduction: how the samples' adaptations become one, `f(tensor, dim)`; None: `torch.mean`.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Units:
        step_time, refrac_t, tc_membrane: ms;  voltages, reset_v_add, spike_increment: mV;  rc_adaptation: 1/ms;  reset_v_mul: 1;
        resistance: MΩ;  inputs: nA

    Shape:
        inputs: B x *shape -> spikes: B x *shape;  threshold_adaptation: *shape x k

    Raises:
        ValueError: a reset that leads to the threshold or above, a time or rate constant not above 0, a resistance of 0.

    Example:
        >>> neuron = GLIF2(1, 1.0, rest_v=-65.0, reset_v_add=5.0, reset_v_mul=0.5, thresh_eq_v=-50.0, refrac_t=0.0, tc_membrane=10.0,
        ...                rc_adaptation=0.1, spike_increment=2.0, resistance=10.0)
        >>> neuron(torch.tensor([[17.0]])), neuron.voltage, neuron.threshold
        (tensor([[True]]), tensor([[-61.9112]]), tensor([-48.]))
    """

    reset_v_add = Setting(checks.number, Quantity("mV", 0.0, 20.0, "taken away from the voltage at a spike"))
    reset_v_mul = Setting(_part, Quantity("", 0.0, 1.0, "share of the distance to rest that a spike leaves"))
    rc_adaptation = PerAdaptation(checks.positive, Quantity("1/ms", 1e-5, 1.0, "adaptation rate constant", log=True))

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        reset_v_add: float,
        reset_v_mul: float,
        thresh_eq_v: float,
        refrac_t: float,
        tc_membrane: float,
        rc_adaptation: float | tuple[float, ...],
        spike_increment: float | tuple[float, ...],
        resistance: float = 1.0,
        batch_size: int = 1,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        rates, increments = entries(rc_adaptation), entries(spike_increment)
        super().__init__(
            shape,
            step_time,
            rest_v=rest_v,
            thresh_eq_v=thresh_eq_v,
            refrac_t=refrac_t,
            tc_membrane=tc_membrane,
            spike_increment=increments,
            adaptations=max(1, len(rates), len(increments)),
            resistance=resistance,
            batch_size=batch_size,
            batch_reduction=batch_reduction,
            surrogate=surrogate,
        )
        self.configure(reset_v_add=reset_v_add, reset_v_mul=reset_v_mul, rc_adaptation=rates)

    def check_settings(self) -> None:
        super().check_settings()
        check_counts(self, "rc_adaptation")
        if "_reset_v_mul" in self.__dict__:
            reset = self.rest_v + self.reset_v_mul * (self.thresh_eq_v - self.rest_v) - self.reset_v_add
            if not reset < self.thresh_eq_v:
                raise ValueError(
                    f"reset_v_add ({self.reset_v_add} mV) and reset_v_mul ({self.reset_v_mul}) must lead from thresh_eq_v "
                    f"({self.thresh_eq_v} mV) to a voltage below it, but lead to {reset:g} mV. A neuron reset to its threshold never stops."
                )

    def configure(self, **settings: Any) -> None:
        super().configure(**settings)
        if "_rc_adaptation" in self.__dict__:
            self._decays = tuple(math.exp(-self.dt * rate) for rate in self.rc_adaptation)

    @property
    def decays(self) -> tuple[float, ...]:
        return self._decays

    def fire(self, inputs: Tensor, refrac_lock: bool) -> tuple[Tensor, Tensor, Tensor]:
        voltage, refrac, idle = advance(inputs, self.voltage_, self.refrac_, self.integrate, refrac_lock)
        spikes = fired(voltage, self.threshold, idle).to(torch.bool)
        given = spikes if self.slope is None else self.slope.emit(voltage - self.threshold, spikes, 1 - idle)
        voltage = linear_reset(voltage, spikes, rest_v=self.rest_v, reset_v_mul=self.reset_v_mul, reset_v_add=self.reset_v_add)
        return given, voltage, refrac.masked_fill_(spikes, self.refrac_steps)
