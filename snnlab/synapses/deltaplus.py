"""Delta synapse with injected currents: each input delivers its charge within one step, and further currents add to it.

    I[t] = (Q/dt)·x[t] + Σ_k J_k[t]

with x the input, where 1 is a spike and any other number that share of its charge, and J_k currents that come from elsewhere: an electrode,
a gap junction, a teacher. Unlike in `snnlab.synapses.delta`, the current is remembered beside the spikes, as it does not follow from them.
At a delay between two steps it is that of the older step, of the nearer, or lies on the straight line between both.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 1.3 (short current pulses).
"""

from typing import Any

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.synapses.base import InfernoSynapse, SynapseConstructor, as_binary, pulse_mode, refuse_unknown
from snnlab.synapses.read import DelayedRead


def delta_plus_step(inputs: Tensor, *injected: Tensor, step_time: float, spike_charge: float) -> Tensor:
    """Current of one step: the equation above.

    Example:
        >>> delta_plus_step(torch.tensor([1.0, 0.5]), torch.tensor([0.0, 3.0]), step_time=0.5, spike_charge=2.0)
        tensor([4., 5.])
    """
    return sum(injected, inputs * (spike_charge / step_time))


class DeltaPlusCurrent(InfernoSynapse):
    """Turns spikes, whole or graded, into current pulses of one step, and adds injected currents.

    Equation: `help("snnlab.synapses.deltaplus")`.

    Any nonzero input counts as one spike; the current takes its value as it is, also 0.3 and -1.0.

    Args:
        shape: shape of the group of synapses, without the batch.
        step_time: length of a simulation step.
        spike_charge: charge of an input of 1, not 0; below 0 it inhibits. A new charge acts on inputs to come.
        delay: longest delay that can be read.
        interp_mode: what counts between two steps: "previous" (the older: an arrival waits for the next step), "nearest", or "linear"
            (currents lie on the line between both; spikes are the older).
        interp_tol: how far a delay may lie off a whole step and still count as one; None: 1e-4 steps.
        current_overbound: current beyond the longest delay; None: that of the longest delay.
        spike_overbound: spikes beyond the longest delay; None: those of the longest delay.
        batch_size: number of samples.
        inplace: whether the histories are written in place.

    Units:
        step_time, delay, interp_tol: ms;  spike_charge: pC;  current, injected: nA (1 pC/ms = 1 nA)

    Shape:
        inputs, injected: B x *shape -> current: B x *shape

    Raises:
        ValueError: a charge of 0, a step time not above 0, a negative delay.
        RuntimeError: an unknown `interp_mode`.

    Example:
        >>> synapse = DeltaPlusCurrent(2, 1.0, spike_charge=3.0, delay=1.0)
        >>> synapse(torch.tensor([[1.0, 0.5]])), synapse(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 7.0]]))
        (tensor([[3.0000, 1.5000]]), tensor([[0., 7.]]))
        >>> synapse.current_at(torch.tensor([[1.0, 0.0]]))
        tensor([[3., 7.]])
    """

    spike_charge = Setting(checks.not_zero, Quantity("pC", 0.5, 50.0, "charge of one spike", step=0.5))
    interp_mode = Setting(pulse_mode)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        spike_charge: float,
        delay: float = 0.0,
        interp_mode: str = "previous",
        interp_tol: float | None = None,
        current_overbound: float | None = 0.0,
        spike_overbound: bool | None = False,
        batch_size: int = 1,
        inplace: bool = True,
    ) -> None:
        super().__init__(shape, step_time, delay, batch_size, inplace)
        self.configure(spike_charge=spike_charge, interp_mode=interp_mode)
        self.tolerance = interp_tol
        self.current_overbound, self.spike_overbound = current_overbound, spike_overbound
        self.current_ = self.new_history()
        self.spike_ = self.new_history()

    @classmethod
    def partialconstructor(
        cls,
        spike_charge: float,
        interp_mode: str = "previous",
        interp_tol: float | None = None,
        current_overbound: float | None = 0.0,
        spike_overbound: bool | None = False,
        inplace: bool = True,
    ) -> SynapseConstructor:
        """A function that builds such a synapse from (shape, step_time, delay, batch_size); arguments as in the class."""
        return lambda shape, step_time, delay, batch_size: cls(
            shape,
            step_time,
            spike_charge=spike_charge,
            delay=delay,
            interp_mode=interp_mode,
            interp_tol=interp_tol,
            current_overbound=current_overbound,
            spike_overbound=spike_overbound,
            batch_size=batch_size,
            inplace=inplace,
        )

    @property
    def current(self) -> Tensor:
        """Current of this step, in nA, B x *shape. Setting it replaces it; the spikes stay."""
        return self.current_.peek()

    @current.setter
    def current(self, value: Tensor) -> None:
        self.current_.write(self.check_state("current", value), 1)

    def delayed_currents(self) -> tuple[DelayedRead, ...]:
        return (DelayedRead(self.current_, self.interp_mode, self.tolerance),)

    def delayed_spikes(self) -> DelayedRead:
        interp = "previous" if self.interp_mode == "linear" else self.interp_mode  # half a spike is none
        return DelayedRead(self._spikes(), interp, self.tolerance)

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: spikes of this step, whole or graded, then any number of injected currents in nA, each B x *shape.

        Returns:
            current of this step, in nA, B x *shape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        refuse_unknown(type(self).__name__, kwargs)
        self.check_inputs(inputs)
        spikes, *injected = (each.to(self.current_.storage.dtype) for each in inputs)
        current = delta_plus_step(spikes, *injected, step_time=self.dt, spike_charge=self.spike_charge)
        self.current_.push(current)
        self.spike_.push(as_binary(spikes, spikes.dtype))
        return current
