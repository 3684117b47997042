"""What every neuron does: integrates its input current, spikes at a threshold, is reset, and rests for a refractory time.

One step of length dt, with the integration f of the model and the refractory time counted in whole steps:

    r ← max(r − 1, 0),                 active = (r = 0)
    v ← f(I)  where active,            else unchanged
    s = active and v ≥ ϑ
    v ← v_reset, r ← ⌈t_refrac/dt⌉     where s

so a neuron with t_refrac = n·dt spikes at most every n steps (n ≥ 1).

"Where" is worked out with numbers that are 0 or 1: `torch.lerp(a, b, x)` is exactly a where x is 0 and b where x is 1, for finite a and b,
and takes a quarter of the time of `torch.where`.

A spike has no slope; where one is set, `surrogate`, gradients pass through spikes: `help("snnlab.neurons.surrogate")`.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 1.3.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.core import checks
from snnlab.core.mixins import BatchShapeMixin
from snnlab.core.module import Module
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.record import count_slots
from snnlab.core.tensors import constant
from snnlab.neurons.surrogate import Surrogate, check_surrogate

_MOST_STEPS = 2**24
"""The longest refractory time, in steps, that single precision counts."""


def advance(
    inputs: Tensor, voltage: Tensor, refrac: Tensor, dynamics: Callable[[Tensor], Tensor], refrac_lock: bool = True
) -> tuple[Tensor, Tensor, Tensor]:
    """The first half of a step: integrates, and says who may spike. Arguments as in `threshold_step`.

    Returns:
        voltage and refractory steps, before any spike, and for each neuron 1 if it is refractory and 0 if it is active.
    """
    if refrac.stride() != inputs.stride():  # tensors that are laid out alike are worked through in half of the time
        refrac = torch.empty_like(inputs, dtype=refrac.dtype).copy_(refrac)
    refrac = F.softshrink(refrac, 1.0)  # max(r − 1, 0) in one pass, for r of 0 or above
    idle = refrac.clamp(max=1)
    idle = idle if idle.dtype == voltage.dtype else idle.to(voltage.dtype)
    voltage = torch.lerp(dynamics(inputs), voltage, idle) if refrac_lock else dynamics(inputs * (1 - idle))
    return voltage, refrac, idle


def fired(voltage: Tensor, threshold: float | Tensor, idle: Tensor) -> Tensor:
    """1 where an active neuron has reached its threshold and 0 elsewhere, in the voltages' dtype; no gradient flows through it.

    Example:
        >>> fired(torch.tensor([-45.0, -55.0, -45.0]), -50.0, torch.tensor([0.0, 0.0, 1.0]))
        tensor([1., 0., 0.])
    """
    seen = voltage.detach() if voltage.requires_grad else voltage
    height = torch.sub(seen, idle, alpha=torch.finfo(voltage.dtype).max)  # from where a refractory neuron reaches no threshold
    return height.ge_(threshold)


def threshold_step(
    inputs: Tensor,
    voltage: Tensor,
    refrac: Tensor,
    dynamics: Callable[[Tensor], Tensor],
    *,
    threshold: float | Tensor,
    reset: float,
    refrac_steps: int,
    refrac_lock: bool = True,
    surrogate: Surrogate | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of the scheme above.

    Args:
        inputs: current, in nA.
        voltage: before the step, in mV.
        refrac: steps left of the refractory time, whole numbers of a floating dtype.
        dynamics: the model's integration over one step, from currents to voltages.
        threshold, reset: in mV; the threshold may differ between neurons.
        refrac_steps: steps that a spike keeps a neuron from spiking.
        refrac_lock: whether the voltage holds still while refractory; else it moves, without input.
        surrogate: slope of a spike, for gradients; the spikes are then 0 and 1 in the voltages' dtype.

    Returns:
        spikes, voltage and refractory steps after the step.

    Example:
        >>> voltage, refrac = torch.tensor([0.0, 0.9, 0.9]), torch.tensor([0.0, 0.0, 3.0])
        >>> integrate = lambda inputs: voltage + inputs
        >>> threshold_step(torch.full((3,), 0.5), voltage, refrac, integrate, threshold=1.0, reset=0.0, refrac_steps=5)
        (tensor([False,  True, False]), tensor([0.5000, 0.0000, 0.9000]), tensor([0., 5., 2.]))
    """
    voltage, refrac, idle = advance(inputs, voltage, refrac, dynamics, refrac_lock)
    spikes = fired(voltage, threshold, idle)
    given = spikes.to(torch.bool) if surrogate is None else surrogate.emit(voltage - threshold, spikes, 1 - idle)
    after = constant(reset, voltage.dtype, voltage.device)
    voltage = voltage.lerp_(after, spikes) if refrac_lock else torch.lerp(voltage, after, spikes)  # `dynamics` may hand out its own tensor
    return given, voltage, refrac.add_(spikes, alpha=refrac_steps)  # who spikes had no step left


class Neuron(Module, ABC):
    """Interface of a group of neurons: a shape with a batch, a step time, voltages, refractory times and spikes.

    Shape:
        voltage, refrac, spike: B x *shape

    Units:
        dt, refrac: ms;  voltage: mV

    Example:
        >>> neuron = snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> isinstance(neuron, Neuron), neuron.batchedshape
        (True, (1, 2))
        >>> neuron(torch.tensor([[0.0, 200.0]])), neuron.refrac
        (tensor([[False,  True]]), tensor([[0., 2.]]))
    """

    shape: tuple[int, ...]
    count: int
    batchsz: int
    batchedshape: tuple[int, ...]
    dt: float

    @property
    @abstractmethod
    def voltage(self) -> Tensor:
        """Membrane voltages, in mV."""

    @property
    @abstractmethod
    def refrac(self) -> Tensor:
        """Refractory time that is left, in ms."""

    @property
    @abstractmethod
    def spike(self) -> Tensor:
        """Spikes of the last step, as bool."""

    @abstractmethod
    def forward(self, inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step: takes currents in nA, returns spikes."""


class InfernoNeuron(BatchShapeMixin, Neuron):
    """A group of neurons with a resting voltage, a reset, a refractory time: what the neurons of this library have in common.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step, in ms.
        rest_v: voltage at rest, in mV.
        refrac_t: refractory time, in ms, 0 or above.
        batch_size: number of samples.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Raises:
        ValueError, TypeError: a size, time or voltage out of its range.

    Example:
        >>> class Comparator(InfernoNeuron):
        ...     def forward(self, inputs):
        ...         self.spike_ = self.check_inputs(inputs) >= 1.0  # nA
        ...         return self.spike
        >>> Comparator(2, 1.0, rest_v=-65.0, refrac_t=0.0, batch_size=1)(torch.tensor([[0.5, 2.0]]))
        tensor([[False,  True]])
    """

    dt = Setting(checks.positive, Quantity("ms", 0.05, 2.0, "length of a simulation step", restart=True))
    rest_v = Setting(checks.number, Quantity("mV", -90.0, -40.0, "voltage at rest"))
    refrac_t = Setting(checks.not_negative, Quantity("ms", 0.0, 20.0, "time after a spike without another"))
    surrogate = Setting(check_surrogate)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        refrac_t: float,
        batch_size: int,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        Neuron.__init__(self)
        BatchShapeMixin.__init__(self, shape, batch_size)
        self.configure(dt=step_time, rest_v=rest_v, refrac_t=refrac_t, surrogate=surrogate)
        self.register_state("voltage_", torch.full(self.batchedshape, self.rest_v), self.rest_v)
        self.register_state("refrac_", torch.zeros(self.batchedshape))
        self.register_state("spike_", torch.zeros(self.batchedshape, dtype=torch.bool))

    def _apply(self, fn: Any, recurse: bool = True) -> "InfernoNeuron":
        super()._apply(fn, recurse)
        if torch.finfo(self.refrac_.dtype).bits < 32:  # half precision does not count far: 300 − 1 would stay 300
            self.refrac_ = self.refrac_.float()
        return self

    def configure(self, **settings: Any) -> None:
        super().configure(**settings)
        own = not type(self).forward.__module__.startswith("snnlab.")  # a step that may know nothing of surrogates
        if own and settings.get("surrogate") is not None and not any(hook is _check_given for hook in self._forward_hooks.values()):
            self.register_forward_hook(_check_given)
        if "rest_v" in settings:
            self._states["voltage_"] = self.rest_v
        if "refrac_t" in settings or "dt" in settings:
            self._refrac_steps = self._count_refrac()

    def check_settings(self) -> None:
        _check_countable("refrac_t", self._count_refrac(), self.dt)

    @property
    def refrac_steps(self) -> int:
        """Steps from a spike to the first step that may spike again."""
        return self._refrac_steps

    def _count_refrac(self) -> int:
        return count_slots(self.dt, self.refrac_t, inclusive=False) if self.refrac_t else 0

    @property
    def voltage(self) -> Tensor:
        """Membrane voltages, in mV, B x *shape. Setting them replaces them."""
        return self.voltage_.clone()

    @voltage.setter
    def voltage(self, value: Tensor) -> None:
        value = checks.shaped("voltage", value, self.batchedshape, "B x *shape")
        self.voltage_ = checks.fitting("voltage", value, self.voltage_.dtype).clone()

    @property
    def refrac(self) -> Tensor:
        """Refractory time that is left, in ms, B x *shape; counted in whole steps. Setting it rounds up to steps."""
        slack = self.refrac_steps * self.dt - self.refrac_t
        return (self.refrac_ * self.dt - slack).clamp(min=0).masked_fill(self.refrac_ == 0, 0.0)

    @refrac.setter
    def refrac(self, value: Tensor) -> None:
        value = checks.finite("refrac", checks.shaped("refrac", value, self.batchedshape, "B x *shape"))
        if (value < 0).any():
            raise ValueError(f"refrac must be 0 ms or above, but its least value is {value.min():g} ms.")
        steps = torch.ceil(value / self.dt - 1e-4)
        _check_countable("refrac", steps.max().item(), self.dt)
        self.refrac_ = steps.to(self.refrac_.dtype)

    @property
    def spike(self) -> Tensor:
        """Spikes of the last step, as bool, B x *shape."""
        return self.spike_.clone()

    @property
    def slope(self) -> Surrogate | None:
        """The surrogate where gradients are recorded; None under `torch.no_grad()`, and where none is set."""
        surrogate = self.__dict__["_surrogate"]
        return surrogate if surrogate is None or torch.is_grad_enabled() else None

    def as_state(self, spikes: Tensor) -> Tensor:
        """The spikes of a step as they are kept: bool, and no part of a graph.

        Raises:
            RuntimeError: a surrogate is set, but the spikes are bool, through which no gradient would pass.
        """
        if spikes.dtype != torch.bool:
            return spikes.detach().to(torch.bool)
        if self.slope is not None:
            raise RuntimeError(
                f"{type(self).__name__} has a surrogate, but its step gives bool spikes, through which no gradient passes. "
                "Give self.slope.emit(voltage - threshold, spikes) where self.slope is not None, or set surrogate = None."
            )
        return spikes

    def check_inputs(self, inputs: Tensor) -> Tensor:
        """The currents of a step in the voltages' dtype, checked before any state changes."""
        voltage = self._buffers["voltage_"]
        if not isinstance(inputs, Tensor) or inputs.shape != voltage.shape:
            checks.shaped("inputs", inputs, self.batchedshape, "B x *shape", "Set batchsz, or build with another batch_size.")
        return checks.fitting("inputs", inputs, voltage.dtype)

    def extra_repr(self) -> str:
        settings = {name: getattr(self, name) for name in sorted(self.quantities) if name != "dt"}
        settings |= {} if self.surrogate is None else {"surrogate": self.surrogate}
        return ", ".join([f"shape={self.shape}, batchsz={self.batchsz}, dt={self.dt}", *(f"{k}={v}" for k, v in settings.items())])


def _check_given(neuron: InfernoNeuron, inputs: tuple, given: Any) -> None:
    """Refuses bool spikes of a step where a gradient should pass."""
    if isinstance(given, Tensor):
        neuron.as_state(given)


def _check_countable(name: str, steps: float, step_time: float) -> None:
    if steps > _MOST_STEPS:
        raise ValueError(
            f"{name} must be at most {_MOST_STEPS * step_time:g} ms, {_MOST_STEPS} steps of {step_time:g} ms, but is {steps:g} steps. "
            "Take a shorter time: neurons count it in whole steps."
        )


def check_reset_below(threshold: str, reset: str, owner: Module) -> None:
    """ValueError unless the setting named `reset` lies below the one named `threshold`."""
    low, high = getattr(owner, reset), getattr(owner, threshold)
    if not low < high:
        raise ValueError(f"{reset} must be below {threshold} ({high} mV), but is {low} mV. A neuron reset to its threshold never stops.")


def check_between(name: str, low: str, high: str, owner: Module) -> None:
    """ValueError unless the setting `name` lies above the one named `low`, and at or below the one named `high`."""
    value, least, most = getattr(owner, name), getattr(owner, low), getattr(owner, high)
    if not least < value <= most:
        raise ValueError(f"{name} must be above {low} ({least} mV) and at or below {high} ({most} mV), but is {value} mV.")
