"""Exponential synapse: each spike releases a charge that flows out over a time τ.

    τ dI/dt = −I  between spikes,      I ← I + Q/τ  at a presynaptic spike

The equation is linear, so one step of length dt is exact, whatever dt:

    I[t] = I[t−1]·exp(−dt/τ) + (Q/τ)·s[t]

I[t] is the current sampled at the step: exact at every step, and at every delay too, as between two steps it decays from the older one by
the same law. (Read along the straight line between both steps instead, a spike's onset is a ramp of one step, whose slope a delay can learn
by.) What a spike delivers to a neuron that holds this sample for a whole step is another matter: it takes in the charge

    Q·(dt/τ) / (1 − exp(−dt/τ))

instead of Q: 1 % more for dt = τ/50, and 13 % more for dt = τ/4.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 3.1.
"""

import math
from typing import Any

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.synapses.base import InfernoSynapse, SynapseConstructor, as_binary, decay_mode, interpolation_mode, refuse_unknown
from snnlab.synapses.read import DelayedRead, decaying_read


def exponential_step(current: Tensor, spikes: Tensor, *, step_time: float, time_constant: float, spike_charge: float) -> Tensor:
    """One step of the equation above: no state, no checks, handy in a notebook.

    Example:
        >>> exponential_step(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.0]), step_time=1.0, time_constant=5.0, spike_charge=10.0)
        tensor([2.0000, 0.8187])
    """
    return current * math.exp(-step_time / time_constant) + spikes * (spike_charge / time_constant)


class SingleExponentialCurrent(InfernoSynapse):
    """Turns spikes into a current that decays with one time constant.

    Equation: `help("snnlab.synapses.exponential")`. Spikes may be bool, 0/1, or graded: a graded spike releases that share of the charge.

    Args:
        shape: shape of the group of synapses, without the batch.
        step_time: length of a simulation step.
        spike_charge: charge of a spike, not 0; below 0 it inhibits.
        time_constant: time in which the current falls to 1/e, above 0.
        delay: longest delay that can be read.
        spike_interp_mode: which spike counts between two steps: "previous" (the older) or "nearest".
        interp_tol: how far a delay may lie off a whole step and still count as one; None: 1e-4 steps.
        current_overbound: current beyond the longest delay; None: that of the longest delay.
        spike_overbound: spikes beyond the longest delay; None: those of the longest delay.
        batch_size: number of samples.
        inplace: whether the histories are written in place.
        interp_mode: the current between two steps: "expdecay" (decays from the older: exact) or "linear" (on the line between both).

    Units:
        step_time, time_constant, delay, interp_tol: ms;  spike_charge: pC;  current: nA (1 pC/ms = 1 nA)

    Shape:
        inputs: B x *shape -> current: B x *shape

    Raises:
        ValueError: a charge of 0, a time constant or step time not above 0, a negative delay.
        RuntimeError: an unknown `spike_interp_mode` or `interp_mode`.

    Example:
        >>> synapse = SingleExponentialCurrent((2,), 1.0, spike_charge=10.0, time_constant=5.0)
        >>> synapse(torch.tensor([[True, False]]))
        tensor([[2., 0.]])
    """

    spike_charge = Setting(checks.not_zero, Quantity("pC", 0.5, 50.0, "charge of one spike", step=0.5))
    spike_interp_mode = Setting(interpolation_mode)
    interp_mode = Setting(decay_mode)
    time_constant = Setting(
        lambda name, value, unit: checks.positive(name, value, unit, "For no decay, use DeltaCurrent."),
        Quantity("ms", 0.5, 100.0, "decay of the synaptic current", log=True),
    )

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        spike_charge: float,
        time_constant: float,
        delay: float = 0.0,
        spike_interp_mode: str = "previous",
        interp_tol: float | None = None,
        current_overbound: float | None = 0.0,
        spike_overbound: bool | None = False,
        batch_size: int = 1,
        inplace: bool = True,
        interp_mode: str = "expdecay",
    ) -> None:
        super().__init__(shape, step_time, delay, batch_size, inplace)
        modes = {"spike_interp_mode": spike_interp_mode, "interp_mode": interp_mode}
        self.configure(spike_charge=spike_charge, time_constant=time_constant, **modes)
        self.tolerance = interp_tol
        self.current_overbound, self.spike_overbound = current_overbound, spike_overbound
        self.current_ = self.new_history()
        self.spike_ = self.new_history()

    @classmethod
    def partialconstructor(
        cls,
        spike_charge: float,
        time_constant: float,
        spike_interp_mode: str = "previous",
        interp_tol: float | None = None,
        current_overbound: float | None = 0.0,
        spike_overbound: bool | None = False,
        inplace: bool = True,
        interp_mode: str = "expdecay",
    ) -> SynapseConstructor:
        """A function that builds such a synapse from (shape, step_time, delay, batch_size); arguments as in the class."""
        return lambda shape, step_time, delay, batch_size: cls(
            shape,
            step_time,
            spike_charge=spike_charge,
            time_constant=time_constant,
            delay=delay,
            spike_interp_mode=spike_interp_mode,
            interp_tol=interp_tol,
            current_overbound=current_overbound,
            spike_overbound=spike_overbound,
            batch_size=batch_size,
            inplace=inplace,
            interp_mode=interp_mode,
        )

    @property
    def current(self) -> Tensor:
        """Current at present, in nA, B x *shape. Setting it replaces it."""
        return self.current_.peek()

    @current.setter
    def current(self, value: Tensor) -> None:
        self.current_.write(self.check_state("current", value), 1)

    def delayed_currents(self) -> tuple[DelayedRead, ...]:
        return (decaying_read(self.current_, self.interp_mode, self.tolerance, self.time_constant),)

    def delayed_spikes(self) -> DelayedRead:
        return DelayedRead(self._spikes(), self.spike_interp_mode, self.tolerance)

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: spikes of this step, B x *shape. Further inputs are ignored.

        Returns:
            current after this step's spikes, in nA, B x *shape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        refuse_unknown(type(self).__name__, kwargs)
        spikes = self.check_inputs(inputs).to(self.current_.storage.dtype)
        current = exponential_step(
            self.current, spikes, step_time=self.dt, time_constant=self.time_constant, spike_charge=self.spike_charge
        )
        self.current_.push(current)
        self.spike_.push(as_binary(spikes, spikes.dtype))
        return current
