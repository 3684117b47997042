"""Neurons whose threshold adapts: each spike makes the next one harder.

The membrane is that of `LIF`; the threshold rises by d at each spike and falls back with its own time constant:

    ϑ = ϑ_∞ + Σ_k θ_k,        θ_k[t] = θ_k[t−1]·exp(−dt/τ_k) + d_k·s[t]

The adaptation θ is learned, not a state of one run: it is shared by the batch, kept by `clear`, and advances in training mode.
For a gradient it is a constant.
Here is what such neurons share, and the one with a constant reset (ALIF); `GLIF2` has a reset of its own.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 6.1; Diehl & Cook, Front. Comput. Neurosci. 9:99 (2015).
"""

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.adaptation import PerAdaptation, adapt_threshold, check_counts, entries, per_adaptation
from snnlab.neurons.base import InfernoNeuron, check_reset_below, threshold_step
from snnlab.neurons.lif import leaky_step
from snnlab.neurons.surrogate import Surrogate


class ThresholdAdaptiveNeuron(InfernoNeuron):
    """A group of leaky neurons whose threshold adapts; a subclass says how fast it falls and what a spike resets, and is complete.

    What the threshold does: `help("snnlab.neurons.adaptive")`.

    Args:
        shape, step_time, rest_v, refrac_t, batch_size, surrogate: as in `InfernoNeuron`.
        thresh_eq_v: threshold without adaptation, in mV.
        tc_membrane: time constant of the membrane, in ms, above 0.
        spike_increment: rise of the threshold at a spike, in mV, for each adaptation.
        adaptations: how many there are.
        resistance: of the membrane, in MΩ, not 0.
        batch_reduction: how the samples' adaptations become one, `f(tensor, dim)`; None: `torch.mean`.

    Raises:
        ValueError, TypeError: a size, time, voltage or resistance out of its range; more values than adaptations.

    Example:
        >>> class Stubborn(ThresholdAdaptiveNeuron):  # its threshold never falls back
        ...     decays = (1.0,)
        ...     def fire(self, inputs, refrac_lock):
        ...         voltage = self.integrate(inputs)
        ...         spikes = voltage >= self.threshold
        ...         return spikes, voltage.masked_fill(spikes, self.rest_v), self.refrac_
        >>> neuron = Stubborn(1, 1.0, rest_v=0.0, thresh_eq_v=1.0, refrac_t=0.0, tc_membrane=10.0, spike_increment=(1.0,), adaptations=1,
        ...                   resistance=1.0, batch_size=1)
        >>> [step for step in range(40) if neuron(torch.full((1, 1), 5.0))]
        [2, 8, 18, 35]
    """

    thresh_eq_v = Setting(checks.number, Quantity("mV", -60.0, -20.0, "threshold without adaptation"))
    tc_membrane = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "membrane time constant", log=True))
    spike_increment = PerAdaptation(checks.number, Quantity("mV", 0.0, 20.0, "rise of the threshold at a spike"))
    resistance = Setting(checks.not_zero, Quantity("MΩ", 0.1, 100.0, "membrane resistance", log=True))
    batch_reduction = Setting(checks.reduction)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        thresh_eq_v: float,
        refrac_t: float,
        tc_membrane: float,
        spike_increment: tuple[float, ...],
        adaptations: int,
        resistance: float,
        batch_size: int,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        super().__init__(shape, step_time, rest_v=rest_v, refrac_t=refrac_t, batch_size=batch_size, surrogate=surrogate)
        self.adaptations = adaptations
        self.configure(
            thresh_eq_v=thresh_eq_v,
            tc_membrane=tc_membrane,
            spike_increment=spike_increment,
            resistance=resistance,
            batch_reduction=batch_reduction,
        )
        self.register_buffer("threshold_adaptation_", torch.zeros(*self.shape, self.adaptations))

    def check_settings(self) -> None:
        super().check_settings()
        check_counts(self, "spike_increment")

    @property
    @abstractmethod
    def decays(self) -> tuple[float, ...]:
        """What is left of each adaptation after a step, as a factor."""

    @abstractmethod
    def fire(self, inputs: Tensor, refrac_lock: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Spikes, voltages and refractory steps after a step with these currents."""

    @property
    def threshold_adaptation(self) -> Tensor:
        """Present adaptations, in mV, *shape x k. Setting them with a batch axis in front reduces them over it."""
        return self.threshold_adaptation_.clone()

    @threshold_adaptation.setter
    def threshold_adaptation(self, value: Tensor) -> None:
        wanted = tuple(self.threshold_adaptation_.shape)
        if checks.tensor("threshold_adaptation", value).dim() == len(wanted) + 1:
            value = self.batch_reduction(value, 0)
        value = checks.shaped("threshold_adaptation", value, wanted, "*shape x k").detach()
        self.threshold_adaptation_ = checks.fitting("threshold_adaptation", value, self.threshold_adaptation_.dtype).clone()

    @property
    def threshold(self) -> Tensor:
        """Present threshold of each neuron, in mV, *shape."""
        present = self._buffers["threshold_adaptation_"]
        return (present.select(-1, 0) if self.adaptations == 1 else present.sum(-1)) + self.thresh_eq_v

    def integrate(self, inputs: Tensor) -> Tensor:
        """Voltages after a step with these currents, before any threshold."""
        return leaky_step(
            self.voltage_, inputs, step_time=self.dt, time_constant=self.tc_membrane, rest_v=self.rest_v, resistance=self.resistance
        )

    def clear(self, keep_adaptations: bool = True, **kwargs: Any) -> None:
        """Brings voltages to rest, and refractory times and spikes to 0.

        Args:
            keep_adaptations: whether what the threshold has learned stays.
        """
        super().clear(keep_adaptations=keep_adaptations, **kwargs)
        if not keep_adaptations:
            self.threshold_adaptation_ = torch.zeros_like(self.threshold_adaptation_)

    def forward(self, inputs: Tensor, adapt: bool | None = None, refrac_lock: bool = True) -> Tensor:
        """One step.

        Args:
            inputs: currents, in nA, B x *shape.
            adapt: whether the threshold adapts; None: in training mode only.
            refrac_lock: whether voltages hold still while refractory (and adaptation with them).

        Returns:
            spikes, bool, B x *shape; with a surrogate, where gradients are recorded, 0 and 1 in the voltages' dtype.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        spikes, voltage, refrac = self.fire(self.check_inputs(inputs), refrac_lock)
        self.set_states(spike_=self.as_state(spikes), voltage_=voltage, refrac_=refrac)
        if self.training if adapt is None else adapt:
            self._adapt(refrac_lock)
        return spikes.clone()

    def _adapt(self, refrac_lock: bool) -> None:
        present, spikes, reduction = self._buffers["threshold_adaptation_"], self._buffers["spike_"], self.batch_reduction
        alone = spikes.shape[0] == 1 and (reduction is torch.mean or reduction is torch.sum)
        decays, increments, refrac = self.decays, self.spike_increment, self._buffers["refrac_"]
        if alone and refrac_lock and self.adaptations == 1 and refrac.dtype == present.dtype:  # the usual case, as numbers in a row
            level = present.view(spikes.shape)
            fallen = torch.lerp(level * decays[0], level, refrac.clamp(max=1))
            self.set_states(threshold_adaptation_=fallen.add_(spikes, alpha=increments[0]).view(present.shape))
            return
        at_rest = (refrac == 0) if refrac_lock else torch.ones_like(spikes)
        decay, increment = per_adaptation(decays, present), per_adaptation(increments, present)
        adapted = adapt_threshold(present, spikes, at_rest, decay=decay, increment=increment)
        whole = adapted.squeeze(0) if alone else reduction(adapted, 0)
        self.set_states(threshold_adaptation_=whole.detach() if whole.requires_grad else whole)


class ALIF(ThresholdAdaptiveNeuron):
    """A group of leaky integrate-and-fire neurons whose threshold adapts to their spikes.

    Equation: `help("snnlab.neurons.adaptive")`; the order of events in a step: `help("snnlab.neurons.base")`.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage at rest.
        reset_v: voltage after a spike, below the threshold.
        thresh_eq_v: threshold without adaptation.
        refrac_t: time after a spike without another, 0 or above.
        tc_membrane: time constant of the membrane, above 0.
        tc_adaptation: time constant of the adaptation, above 0, or a tuple for several adaptations.
        spike_increment: rise of the threshold at a spike, or a tuple; shorter tuples are extended with their last entry.
        resistance: of the membrane, not 0.
        batch_size: number of samples.
        batch_reduction: how the samples' adaptations become one, `f(tensor, dim)`; None: `torch.mean`.
        surrogate: slope of a spike, for gradients, such as `FastSigmoid()` or "fast_sigmoid"; None: spikes are bool and carry none.

    Units:
        step_time, refrac_t, tc_membrane, tc_adaptation: ms;  voltages, spike_increment: mV;  resistance: MΩ;  inputs: nA

    Shape:
        inputs: B x *shape -> spikes: B x *shape;  threshold_adaptation: *shape x k

    Raises:
        ValueError: a reset at or above the threshold, a time constant not above 0, a resistance of 0.

    Example:
        >>> neuron = ALIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-50.0, refrac_t=0.0, tc_membrane=10.0, tc_adaptation=1e4,
        ...               spike_increment=30.0, resistance=10.0)
        >>> [bool(neuron(torch.tensor([[20.0]]))) for _ in range(4)]
        [True, False, False, True]
        >>> neuron.threshold
        tensor([9.9910])
    """

    reset_v = Setting(checks.number, Quantity("mV", -90.0, -40.0, "voltage after a spike"))
    tc_adaptation = PerAdaptation(checks.positive, Quantity("ms", 10.0, 1e5, "adaptation time constant", log=True))

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
        batch_size: int = 1,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        taus, increments = entries(tc_adaptation), entries(spike_increment)
        super().__init__(
            shape,
            step_time,
            rest_v=rest_v,
            thresh_eq_v=thresh_eq_v,
            refrac_t=refrac_t,
            tc_membrane=tc_membrane,
            spike_increment=increments,
            adaptations=max(1, len(taus), len(increments)),
            resistance=resistance,
            batch_size=batch_size,
            batch_reduction=batch_reduction,
            surrogate=surrogate,
        )
        self.configure(reset_v=reset_v, tc_adaptation=taus)

    def check_settings(self) -> None:
        super().check_settings()
        check_counts(self, "tc_adaptation")
        if "_reset_v" in self.__dict__:
            check_reset_below("thresh_eq_v", "reset_v", self)

    def configure(self, **settings: Any) -> None:
        super().configure(**settings)
        if "_tc_adaptation" in self.__dict__:
            self._decays = tuple(math.exp(-self.dt / tau) for tau in self.tc_adaptation)

    @property
    def decays(self) -> tuple[float, ...]:
        return self._decays

    def fire(self, inputs: Tensor, refrac_lock: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Spikes, voltages and refractory steps after a step with these currents."""
        return threshold_step(
            inputs,
            self._buffers["voltage_"],
            self._buffers["refrac_"],
            self.integrate,
            threshold=self.threshold,
            reset=self.reset_v,
            refrac_steps=self.refrac_steps,
            refrac_lock=refrac_lock,
            surrogate=self.slope,
        )
