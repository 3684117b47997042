"""Neurons with adaptation currents: what each spike, and each mV above rest, makes flow against the input for a while.

The equation is that of a current in `help("snnlab.neurons.adaptation")`. The currents are a state of the run, each sample's own, as
voltages are: they move in training and in evaluation, and `clear` brings them to 0. Here is what Izhikevich's neuron and AdEx share; a
membrane of your own joins by its integration.

Reference: Brette & Gerstner, J. Neurophysiol. 94:3637 (2005); Gerstner et al., Neuronal Dynamics (2014), section 6.1.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.adaptation import PerAdaptation, adapt_current, check_counts, entries, per_adaptation
from snnlab.neurons.euler import warn_unless_settling
from snnlab.neurons.surrogate import Surrogate
from snnlab.neurons.threshold import ThresholdNeuron


def _reduction_or_none(name: str, value: Any) -> Callable[[Tensor, int], Tensor] | None:
    return None if value is None else checks.reduction(name, value)


class CurrentAdaptiveNeuron(ThresholdNeuron):
    """A group of neurons with adaptation currents; a subclass says how its voltage integrates, and is complete.

    What the currents do: `help("snnlab.neurons.current")`.

    Args:
        shape, step_time, rest_v, reset_v, thresh_v, refrac_t, resistance, batch_size, surrogate: as in `ThresholdNeuron`. For a gradient
            what a spike adds to the adaptation is a constant; what the voltage adds is not.
        tc_adaptation: time constants τ_k, in ms, above 0: a number, or a tuple for several adaptations.
        voltage_coupling: a_k, in nA/mV. Shorter tuples are extended with their last entry.
        spike_increment: b_k, in nA.
        batch_reduction: None: each sample keeps adaptations of its own. A function `f(tensor, dim)`, such as `torch.mean`: after each step
            all samples share what it makes of theirs.

    Raises:
        ValueError, TypeError: a size, time, voltage or resistance out of its range; more values than adaptations.

    Example:
        >>> class AdaptiveLeaky(CurrentAdaptiveNeuron):
        ...     def integrate(self, inputs):
        ...         return self.voltage + (inputs * self.resistance - self.voltage) * self.dt / 10.0
        >>> neuron = AdaptiveLeaky(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=1.0, refrac_t=0.0, resistance=1.0, tc_adaptation=50.0,
        ...                        voltage_coupling=0.0, spike_increment=1.0, batch_size=1)
        >>> [step for step in range(40) if neuron(torch.full((1, 1), 6.0))]
        [1, 4, 7, 11, 16, 23, 32]
    """

    tc_adaptation = PerAdaptation(checks.positive, Quantity("ms", 5.0, 500.0, "adaptation time constant", log=True))
    voltage_coupling = PerAdaptation(checks.number, Quantity("nA/mV", -0.1, 0.1, "adaptation that a voltage above rest drives"))
    spike_increment = PerAdaptation(checks.number, Quantity("nA", 0.0, 1.0, "rise of the adaptation at a spike"))
    batch_reduction = Setting(_reduction_or_none)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        reset_v: float,
        thresh_v: float,
        refrac_t: float,
        tc_adaptation: float | tuple[float, ...],
        voltage_coupling: float | tuple[float, ...],
        spike_increment: float | tuple[float, ...],
        resistance: float,
        batch_size: int,
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
            resistance=resistance,
            batch_size=batch_size,
            surrogate=surrogate,
        )
        taus, couplings, increments = map(entries, (tc_adaptation, voltage_coupling, spike_increment))
        self.adaptations = max(1, len(taus), len(couplings), len(increments))
        self.configure(tc_adaptation=taus, voltage_coupling=couplings, spike_increment=increments, batch_reduction=batch_reduction)
        self.register_state("current_adaptation_", torch.zeros(*self.batchedshape, self.adaptations))

    def check_settings(self) -> None:
        super().check_settings()
        check_counts(self, "tc_adaptation", "voltage_coupling", "spike_increment")
        if "_tc_adaptation" in self.__dict__:
            warn_unless_settling(self, "tc_adaptation", self.dt / min(self.tc_adaptation))

    @property
    def current_adaptation(self) -> Tensor:
        """Present adaptation currents, in nA, B x *shape x k. Setting them replaces them."""
        return self.current_adaptation_.clone()

    @current_adaptation.setter
    def current_adaptation(self, value: Tensor) -> None:
        wanted = tuple(self.current_adaptation_.shape)
        value = checks.shaped("current_adaptation", value, wanted, "B x *shape x k")
        self.current_adaptation_ = checks.fitting("current_adaptation", value, self.current_adaptation_.dtype).clone()

    def forward(self, inputs: Tensor, adapt: bool | None = None, refrac_lock: bool = True) -> Tensor:
        """One step.

        Args:
            inputs: currents, in nA, B x *shape.
            adapt: False: the adaptation currents stay as they are, and still act. Else they move, in training and in evaluation alike.
            refrac_lock: whether voltages and adaptations hold still while refractory; else they move, the voltage without any current.

        Returns:
            spikes, bool, B x *shape; with a surrogate, where gradients are recorded, 0 and 1 in the voltages' dtype.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        adaptation = self.current_adaptation_
        spikes, voltage, refrac = self.fire(self.check_inputs(inputs) - adaptation.sum(-1), refrac_lock)
        state = self.as_state(spikes)
        if adapt is None or adapt:
            adaptation = self._adapted(voltage, state, (refrac == 0) if refrac_lock else torch.ones_like(state))
        self.set_states(spike_=state, voltage_=voltage, refrac_=refrac, current_adaptation_=adaptation)
        return spikes.clone()

    def _adapted(self, voltage: Tensor, spikes: Tensor, at_rest: Tensor) -> Tensor:
        present = self.current_adaptation_
        adapted = adapt_current(
            present,
            voltage,
            spikes,
            at_rest,
            step_time=self.dt,
            rest_v=self.rest_v,
            time_constant=per_adaptation(self.tc_adaptation, present),
            coupling=per_adaptation(self.voltage_coupling, present),
            increment=per_adaptation(self.spike_increment, present),
        )
        if self.batch_reduction is None:
            return adapted
        shared = checks.shaped("the result of batch_reduction", self.batch_reduction(adapted, 0), adapted.shape[1:], "*shape x k")
        return shared.expand_as(adapted).clone()
