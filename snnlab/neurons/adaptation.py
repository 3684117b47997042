"""Adaptation: what a spike leaves behind for longer than a refractory time; a neuron may have k of them, in the last axis of a tensor.

A current that works against the input, driven by the voltage and by spikes (Izhikevich, AdEx):

    I_m = I − Σ_k w_k,        τ_k dw_k/dt = a_k·(V − V_rest) − w_k,        w_k ← w_k + b_k  at a spike

    w_k[t] = w_k[t−1] + dt/τ_k·(a_k·(V[t] − V_rest) − w_k[t−1]) + b_k·s[t]         (Euler; V[t] after the reset)

A threshold that spikes raise (ALIF, GLIF2); exact:

    ϑ = ϑ_∞ + Σ_k θ_k,        θ_k[t] = θ_k[t−1]·exp(−dt/τ_k) + d_k·s[t]

A threshold that follows the voltage (a function alone, for neurons of your own):

    θ_k[t] = θ_k[t−1] + dt·(a_k·(V[t] − V_rest) − b_k·θ_k[t−1])                    (Euler; at least θ_min after a spike)

A neuron that is refractory, with its voltage standing still, has its adaptations standing still too: only the rise at a spike counts.

Reference: Brette & Gerstner, J. Neurophysiol. 94:3637 (2005), on currents; Gerstner et al., Neuronal Dynamics (2014), sections 6.1 and 5.1,
Mihalas & Niebur, Neural Comput. 21:704 (2009), and Teeter et al., Nat. Commun. 9:709 (2018), on thresholds.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from snnlab.core.quantity import Quantity, Setting


def adapt_current(
    adaptation: Tensor,
    voltage: Tensor,
    spikes: Tensor,
    at_rest: Tensor,
    *,
    step_time: float,
    rest_v: float,
    time_constant: float | Tensor,
    coupling: float | Tensor,
    increment: float | Tensor,
) -> Tensor:
    """One step of w: follows the voltage where the neuron is not refractory, rises where it spiked.

    Args:
        adaptation: w before the step, in nA, ... x k.
        voltage: after the step and its resets, in mV.
        spikes, at_rest: who spiked, and who is not refractory.
        step_time, time_constant: dt and τ, in ms.
        rest_v: voltage at which a voltage drives no adaptation, in mV.
        coupling: a, in nA/mV.
        increment: b, in nA.

    Shape:
        adaptation: B x *shape x k;  voltage, spikes, at_rest: B x *shape;  time_constant, coupling, increment: k, or a number

    Returns:
        w after the step, in nA.

    Example:
        >>> voltage, yes = torch.tensor([-50.0]), torch.tensor([True])
        >>> adapt_current(torch.ones(1, 1), voltage, yes, yes, step_time=1.0, rest_v=-70.0, time_constant=10.0, coupling=0.1, increment=5.0)
        tensor([[6.1000]])
    """
    towards = (voltage - rest_v).unsqueeze(-1) * coupling
    moved = torch.lerp(adaptation, towards, step_time / time_constant)
    return torch.where(at_rest.unsqueeze(-1), moved, adaptation) + spikes.unsqueeze(-1).to(adaptation.dtype) * increment


def adapt_threshold(adaptation: Tensor, spikes: Tensor, at_rest: Tensor, *, decay: float | Tensor, increment: float | Tensor) -> Tensor:
    """One step of a threshold θ that spikes raise: falls where the neuron is not refractory, rises where it spiked.

    Args:
        adaptation: θ before the step, in mV.
        spikes, at_rest: who spiked, and who is not refractory.
        decay: exp(−dt/τ).
        increment: d, in mV.

    Shape:
        adaptation: *shape x k;  spikes, at_rest: B x *shape;  decay, increment: k, or a number -> B x *shape x k

    Returns:
        θ after the step, in mV.

    Example:
        >>> one, yes = torch.ones(1, 1), torch.tensor([[True]])
        >>> adapt_threshold(one, yes, ~yes, decay=0.5, increment=2.0)
        tensor([[[3.]]])
    """
    fallen = torch.where(at_rest.unsqueeze(-1), adaptation * decay, adaptation)
    if isinstance(increment, Tensor):
        return fallen + spikes.unsqueeze(-1).to(adaptation.dtype) * increment
    return torch.add(fallen, spikes.unsqueeze(-1), alpha=increment)


def adapt_threshold_by_voltage(
    adaptation: Tensor,
    voltage: Tensor,
    spikes: Tensor,
    at_rest: Tensor,
    *,
    step_time: float,
    rest_v: float,
    coupling_rate: float | Tensor,
    decay_rate: float | Tensor,
    least: float | Tensor | None = None,
) -> Tensor:
    """One step of a threshold θ that follows the voltage where the neuron is not refractory.

    Args:
        adaptation: θ before the step, in mV.
        voltage: after the step and its resets, in mV.
        spikes, at_rest: who spiked, and who is not refractory.
        step_time: dt, in ms.
        rest_v: voltage at which nothing drives the threshold, in mV.
        coupling_rate: a, in 1/ms.
        decay_rate: b, in 1/ms.
        least: θ_min, the least that a spike leaves, in mV; None: a spike leaves what there is.

    Shape:
        adaptation: *shape x k, or B x *shape x k;  voltage, spikes, at_rest: B x *shape;  rates, least: k, or a number -> B x *shape x k

    Returns:
        θ after the step, in mV.

    Example:
        >>> voltage, yes = torch.tensor([[-50.0]]), torch.tensor([[True]])
        >>> rates = {"coupling_rate": 0.1, "decay_rate": 0.5}
        >>> adapt_threshold_by_voltage(torch.ones(1, 1), voltage, ~yes, yes, step_time=1.0, rest_v=-70.0, **rates)
        tensor([[[2.5000]]])
    """
    drive = (voltage - rest_v).unsqueeze(-1) * coupling_rate
    moved = torch.where(at_rest.unsqueeze(-1), adaptation + (drive - adaptation * decay_rate) * step_time, adaptation)
    return moved if least is None else torch.where(spikes.unsqueeze(-1), moved.clamp(min=least), moved)


def entries(values: float | Iterable[float]) -> tuple[float, ...]:
    """What an argument says of each adaptation, as a tuple."""
    return tuple(values) if isinstance(values, Iterable) and getattr(values, "ndim", 1) else (values,)


class PerAdaptation(Setting):
    """A setting with one value for each of a neuron's k adaptations: a number or a tuple; a shorter one is extended with its last entry.

    Args:
        check: what each value must be, as in `Setting`.
        quantity: unit, range and meaning of each.

    Example:
        >>> neuron = snn.ALIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-50.0, refrac_t=2.0, tc_membrane=10.0,
        ...                   tc_adaptation=(10.0, 100.0), spike_increment=1.0)
        >>> neuron.spike_increment
        (1.0, 1.0)
    """

    def __init__(self, check: Callable[..., float], quantity: Quantity) -> None:
        super().__init__(lambda name, values, unit: tuple(check(name, value, unit) for value in entries(values)), quantity)

    def _get(self, owner: Any) -> tuple[float, ...]:
        values = super()._get(owner)
        return values + values[-1:] * (owner.adaptations - len(values))

    def check_count(self, owner: Any) -> None:
        """ValueError unless there is a value, and not more than there are adaptations."""
        values, most = super()._get(owner), owner.adaptations
        if not 1 <= len(values) <= most:
            unit = self.quantity.unit
            raise ValueError(f"{self.name} must hold 1 to {most} values in {unit}, one an adaptation, but holds {len(values)}.")


def check_counts(owner: Any, *names: str) -> None:
    """ValueError where one of these settings, if it is set yet, has no value or more values than there are adaptations."""
    for name in names:
        if f"_{name}" in owner.__dict__:
            getattr(type(owner), name).check_count(owner)


def per_adaptation(values: tuple[float, ...], like: Tensor) -> float | Tensor:
    """The values as a factor for a tensor that ends in k: a number if there is but one, which is cheap; else a tensor."""
    return values[0] if len(values) == 1 else like.new_tensor(values)
