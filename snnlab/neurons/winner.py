"""Adaptive neurons that compete: whoever spikes first holds all others down.

The membrane and the threshold are those of `ALIF`. Of the neurons that reach their threshold at one step, only the one furthest above it
spikes, and it pulls every other neuron towards its reset, by a share γ, the strength of the inhibition:

    s[n] = 1  for  n = argmax_k (V[k] − ϑ[k]),  if  V[n] ≥ ϑ[n]
    V[k] ← V[k] + γ·(V_reset − V[k])            for all others, if there is a winner

This is lateral inhibition without a delay: γ = 1 wipes out what the others had gathered, γ = 0 leaves it to them (and still only one
spikes a step). `LinearLateral` is the same with synapses and weights, a step later.

Reference: Maass, Neural Comput. 12:2519 (2000), on winner-take-all; Diehl & Cook, Front. Comput. Neurosci. 9:99 (2015), on competition
among neurons that learn digits.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.adaptive import ALIF
from snnlab.neurons.base import advance
from snnlab.neurons.surrogate import Surrogate


def winner_spikes(voltage: Tensor, threshold: Tensor | float, active: Tensor) -> Tensor:
    """The winner of each sample, as bool: furthest above its threshold, if anyone reaches it. On a tie, the first.

    Shape:
        voltage, active: B x *shape -> B x *shape

    Example:
        >>> winner_spikes(torch.tensor([[-51.0, -49.0, -48.0]]), -50.0, torch.tensor([[True, True, True]]))
        tensor([[False, False,  True]])
    """
    above = (voltage - threshold).masked_fill(~active, -torch.inf).flatten(1)
    most, winner = above.max(1, keepdim=True)
    return torch.zeros_like(above, dtype=torch.bool).scatter_(1, winner, most >= 0).view_as(voltage)


def _share(name: str, value: Any, unit: str = "") -> float:
    value = checks.not_negative(name, value, unit)
    if value > 1:
        raise ValueError(f"{name} must be a share from 0 to 1, but is {value}. 1 resets all others.")
    return value


class WinnerALIF(ALIF):
    """A group of adaptive integrate-and-fire neurons of which at most one spikes a step and sample.

    Equation: `help("snnlab.neurons.winner")`. The membrane and the threshold are those of `ALIF`.

    Args:
        shape, step_time, rest_v, reset_v, thresh_eq_v, refrac_t, tc_membrane, tc_adaptation, spike_increment, resistance, batch_size,
            batch_reduction, surrogate: as in `ALIF`. For a gradient each neuron has the slope of its own threshold; who won is a constant.
        inhibition: share by which a winner pulls all others to their reset, 0 to 1.

    Units:
        times: ms;  voltages: mV;  resistance: MΩ;  inputs: nA;  inhibition: 1

    Shape:
        inputs: B x *shape -> spikes: B x *shape

    Raises:
        ValueError: an inhibition outside 0 to 1; else as in `ALIF`.

    Example:
        >>> neuron = WinnerALIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-60.0, refrac_t=0.0, tc_membrane=20.0, tc_adaptation=1e4,
        ...                     spike_increment=1.0, resistance=100.0, inhibition=1.0)
        >>> neuron(torch.tensor([[2.0, 3.0, 0.5]]))
        tensor([[False,  True, False]])
        >>> neuron.voltage
        tensor([[-65., -65., -65.]])
    """

    inhibition = Setting(_share, Quantity("", 0.0, 1.0, "how far a winner pulls the others to their reset"))

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        reset_v: float,
        thresh_eq_v: float,
        refrac_t: float,
        tc_membrane: float,
        tc_adaptation: float | tuple[float, ...],
        spike_increment: float | tuple[float, ...],
        resistance: float = 1.0,
        inhibition: float = 1.0,
        batch_size: int = 1,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        super().__init__(
            shape,
            step_time,
            rest_v=rest_v,
            reset_v=reset_v,
            thresh_eq_v=thresh_eq_v,
            refrac_t=refrac_t,
            tc_membrane=tc_membrane,
            tc_adaptation=tc_adaptation,
            spike_increment=spike_increment,
            resistance=resistance,
            batch_size=batch_size,
            batch_reduction=batch_reduction,
            surrogate=surrogate,
        )
        self.configure(inhibition=inhibition)

    def fire(self, inputs: Tensor, refrac_lock: bool) -> tuple[Tensor, Tensor, Tensor]:
        voltage, refrac, idle = advance(inputs, self.voltage_, self.refrac_, self.integrate, refrac_lock)
        spikes = winner_spikes(voltage, self.threshold, idle == 0)
        given = spikes if self.slope is None else self.slope.emit(voltage - self.threshold, spikes, 1 - idle)
        won = spikes.flatten(1).any(1).view(-1, *[1] * (voltage.dim() - 1))
        voltage = torch.where(won, torch.lerp(voltage, torch.full_like(voltage, self.reset_v), self.inhibition), voltage)
        return given, voltage.masked_fill(spikes, self.reset_v), refrac.masked_fill_(spikes, self.refrac_steps)
