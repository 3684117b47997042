"""Surrogate gradients: a slope for the spike, which has none.

A spike is a step, s = H(x) with x = V − ϑ: flat everywhere, so that no gradient passes. Training by gradient keeps the step forwards, and
takes the slope of a smooth step in its place backwards:

    forwards     s = 1 where x ≥ 0, else 0
    backwards    ds/dx ← γ·σ'(x),       σ a smooth step from 0 to 1 of width w

    fast sigmoid     σ(x) = ½ + x / (2·(w + |x|))           σ'(x) = 1/(2w) · 1/(1 + |x|/w)²
    arctangent       σ(x) = ½ + arctan(x/w)/π               σ'(x) = 1/(πw) · 1/(1 + (x/w)²)
    triangle         σ a parabola from either end           σ'(x) = 1/w · max(0, 1 − |x|/w)

A slope is what is left of a whole step: each encloses an area of 1 and falls as 1/w, in 1/mV. So the width says how far from its threshold
a neuron still learns, and not how fast. The factor γ, `scale`, damps a gradient that grows on its way back through many steps.

What a spike leaves behind counts as a constant: its reset, its refractory time and what adapts. While a neuron is refractory, it has no
slope: no voltage would make it spike.

With a surrogate a step returns its spikes as 0 and 1 in the voltages' dtype, equal to the bool ones; under `torch.no_grad()` it returns
bool. `neuron.spike` is always bool and carries no gradient, so a recurrence that is to be learned feeds back what the step returned.
Histories on the way must keep their graph: `inplace=False` for the synapses. Between two stretches of a long run, `detach_()` cuts it.

Reference: Zenke & Ganguli, Neural Comput. 30:1514 (2018), the fast sigmoid, with β = 1/w; Fang et al., ICCV (2021), the arctangent, with
α = 2/(πw); Esser et al., PNAS 113:11441 (2016), and Bellec et al., NeurIPS (2018), the triangle, with γ = 0.3; Neftci, Mostafa & Zenke,
IEEE Signal Process. Mag. 36(6):51 (2019), a review. Theirs are 1 high, or α/2, where ours enclose 1: the difference is a factor.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks


class _Spike(torch.autograd.Function):
    """The spikes as they are; backwards the slope at their distance from the threshold."""

    generate_vmap_rule = True

    @staticmethod
    def forward(distance: Tensor, spikes: Tensor, may: Tensor, surrogate: "Surrogate") -> Tensor:
        return spikes.clone()

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple, output: Tensor) -> None:
        distance, _, may, ctx.surrogate = inputs
        ctx.save_for_backward(distance, may)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None, None]:
        distance, may = ctx.saved_tensors
        return grad * ctx.surrogate.slope(distance) * may, None, None, None


@dataclass(frozen=True)
class Surrogate(ABC):
    """A slope in the place of the spike's. A subclass says what it is; one method makes a surrogate of your own.

    Equation: `help("snnlab.neurons.surrogate")`.

    Args:
        width: w, how far from the threshold the slope reaches, above 0.
        scale: γ, factor on the slope, above 0.

    Units:
        width: mV, as voltages have it (of an `ExactNeuron`, the unit of its inputs);  scale: 1

    Raises:
        ValueError, TypeError: a width or a scale that is not above 0, or no number.

    Example:
        >>> class Boxcar(Surrogate):
        ...     def slope(self, distance):
        ...         return (distance.abs() < self.width) * (self.scale / (2 * self.width))
        >>> neuron = snn.LIF(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=10.0, refrac_t=0.0, time_constant=10.0, surrogate=Boxcar(2.0))
        >>> voltage = torch.tensor([9.0, 11.0, 20.0], requires_grad=True)
        >>> neuron.surrogate.emit(voltage - 10.0).sum().backward()
        >>> voltage.grad
        tensor([0.2500, 0.2500, 0.0000])
    """

    width: float = 5.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", checks.positive("width", self.width, "mV"))
        object.__setattr__(self, "scale", checks.positive("scale", self.scale))

    @abstractmethod
    def slope(self, distance: Tensor) -> Tensor:
        """γ·σ'(x) at a distance x = V − ϑ in mV, in 1/mV: shaped like the distance."""

    def emit(self, distance: Tensor, spikes: Tensor | None = None, may: Tensor | None = None) -> Tensor:
        """Spikes as 0 and 1 in the dtype of the distance, through which a gradient reaches it by `slope`.

        Args:
            distance: x = V − ϑ, in mV.
            spikes: who spikes; None: whoever is at its threshold or above.
            may: 0 for who may not spike, which has no slope, and 1 for all others; None: all may.

        Shape:
            distance, spikes, may: all alike -> spikes
        """
        seen = (distance.detach() >= 0) if spikes is None else spikes.detach()
        may = torch.ones((), dtype=distance.dtype, device=distance.device) if may is None else may.detach()
        return _Spike.apply(distance, seen.to(distance.dtype), may.to(distance.dtype), self)


class FastSigmoid(Surrogate):
    """The slope of a fast sigmoid: high at the threshold, with tails that reach a silent neuron from far below.

    Equation: `help("snnlab.neurons.surrogate")`. Arguments and units as in `Surrogate`.

    Reference: Zenke & Ganguli, Neural Comput. 30:1514 (2018).

    Example:
        >>> FastSigmoid(width=5.0).slope(torch.tensor([-5.0, 0.0, 5.0]))
        tensor([0.0250, 0.1000, 0.0250])
    """

    def slope(self, distance: Tensor) -> Tensor:
        return (distance.abs() / self.width + 1).pow(-2) * (self.scale / (2 * self.width))


class Arctan(Surrogate):
    """The slope of an arctangent: flatter at the threshold than that of the fast sigmoid, with tails as long.

    Equation: `help("snnlab.neurons.surrogate")`. Arguments and units as in `Surrogate`.

    Reference: Fang et al., ICCV (2021).

    Example:
        >>> Arctan(width=5.0).slope(torch.tensor([-5.0, 0.0, 5.0]))
        tensor([0.0318, 0.0637, 0.0318])
    """

    def slope(self, distance: Tensor) -> Tensor:
        return (distance / self.width).square().add(1).reciprocal() * (self.scale / (math.pi * self.width))


@dataclass(frozen=True)
class Triangle(Surrogate):
    """A slope that falls along a line to 0 at the width: a neuron that is further off learns nothing.

    Its width is that of rest to threshold unless another is given: 15 mV.

    Equation: `help("snnlab.neurons.surrogate")`. Arguments and units as in `Surrogate`.

    Reference: Esser et al., PNAS 113:11441 (2016); Bellec et al., NeurIPS (2018).

    Example:
        >>> Triangle(width=5.0).slope(torch.tensor([-5.0, 0.0, 2.5]))
        tensor([0.0000, 0.2000, 0.1000])
    """

    width: float = 15.0

    def slope(self, distance: Tensor) -> Tensor:
        return (1 - distance.abs() / self.width).clamp(min=0) * (self.scale / self.width)


NAMED = {"fast_sigmoid": FastSigmoid, "arctan": Arctan, "triangle": Triangle}


def check_surrogate(name: str, value: Any) -> Surrogate | None:
    """A surrogate, or one of the library's by name, or None for a spike without slope."""
    if isinstance(value, str):
        hint = f"Pass one such as {NAMED.get(value.lower(), FastSigmoid).__name__}(width=5.0) for a width of your own."
        return NAMED[checks.one_of(name, value.lower(), NAMED, hint=hint)]()
    if value is not None and not isinstance(value, Surrogate):
        built = isinstance(value, type) and issubclass(value, Surrogate)
        came = f"the class {value.__name__}" if built else f"{value!r} ({type(value).__name__})"
        hint = f"Build one: {value.__name__}(width=5.0)." if built else f"Pass FastSigmoid(width=5.0), or a name: {', '.join(NAMED)}."
        raise TypeError(f"{name} must be a Surrogate, its name or None, but is {came}. {hint}")
    return value
