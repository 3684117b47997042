"""Double exponential synapse: each spike releases a charge that rises with one time constant and flows out with another.

    I(t) = Q/(τ_d − τ_r)·(exp(−t/τ_d) − exp(−t/τ_r))      at a time t ≥ 0 after a spike,  τ_d > τ_r > 0

It is the difference of two currents that each decay with one time constant. Their equations are linear, so one step of length dt is exact:

    P[t] = P[t−1]·exp(−dt/τ_d) + Q/(τ_d − τ_r)·s[t]
    N[t] = N[t−1]·exp(−dt/τ_r) + Q/(τ_d − τ_r)·s[t]
    I[t] = P[t] − N[t]

The current begins at 0 at the step of the spike, is greatest at t = ln(τ_d/τ_r)·τ_d·τ_r/(τ_d − τ_r), and carries the charge Q in all.
Between two steps each part decays from the older one by its own law, so that a read at any delay is exact too.

The closer the two time constants, the larger both parts beside their difference, and the fewer digits are left of it: the current is known
to about the rounding error (6e-8 in single precision) times Q/(τ_d − τ_r).

Reference: Dayan and Abbott, Theoretical Neuroscience (2001), section 5.8 (difference of two exponentials).
"""

import math
from typing import Any

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.synapses.base import InfernoSynapse, SynapseConstructor, as_binary, decay_mode, interpolation_mode, refuse_unknown
from snnlab.synapses.read import DelayedRead, decaying_read


def double_exponential_step(
    pos_current: Tensor, neg_current: Tensor, spikes: Tensor, *, step_time: float, tc_decay: float, tc_rise: float, spike_charge: float
) -> tuple[Tensor, Tensor]:
    """One step of the equations above for P and N: no state, no checks, handy in a notebook. The current is their difference.

    Example:
        >>> rest, spike = torch.zeros(1), torch.ones(1)
        >>> double_exponential_step(rest, rest, spike, step_time=1.0, tc_decay=6.0, tc_rise=1.0, spike_charge=10.0)
        (tensor([2.]), tensor([2.]))
    """
    released = spikes * (spike_charge / (tc_decay - tc_rise))
    return pos_current * math.exp(-step_time / tc_decay) + released, neg_current * math.exp(-step_time / tc_rise) + released


class DoubleExponentialCurrent(InfernoSynapse):
    """Turns spikes into a current that rises and decays.

    Equation: `help("snnlab.synapses.doubleexponential")`. Spikes may be bool, 0/1, or graded: a graded spike releases its share
    of the charge.

    Args:
        shape: shape of the group of synapses, without the batch.
        step_time: length of a simulation step.
        spike_charge: charge of a spike, not 0; below 0 it inhibits.
        tc_decay: time constant of the decay, above `tc_rise`.
        tc_rise: time constant of the rise, above 0.
        delay: longest delay that can be read.
        spike_interp_mode: which spike counts between two steps: "previous" (the older) or "nearest".
        interp_tol: how far a delay may lie off a whole step and still count as one; None: 1e-4 steps.
        current_overbound: current beyond the longest delay; None: that of the longest delay.
        spike_overbound: spikes beyond the longest delay; None: those of the longest delay.
        batch_size: number of samples.
        inplace: whether the histories are written in place.
        interp_mode: the current between two steps: "expdecay" (both parts decay from the older: exact) or "linear" (on the line between).

    Units:
        step_time, tc_decay, tc_rise, delay, interp_tol: ms;  spike_charge: pC;  currents: nA (1 pC/ms = 1 nA)

    Shape:
        inputs: B x *shape -> current: B x *shape

    Raises:
        ValueError: a charge of 0, a time constant or step time not above 0, a decay not slower than the rise, a negative delay.
        RuntimeError: an unknown `spike_interp_mode` or `interp_mode`.

    Example:
        >>> synapse = DoubleExponentialCurrent((2,), 1.0, spike_charge=10.0, tc_decay=6.0, tc_rise=1.0)
        >>> synapse(torch.tensor([[True, False]])), synapse(torch.tensor([[False, False]]))
        (tensor([[0., 0.]]), tensor([[0.9572, 0.0000]]))
    """

    spike_charge = Setting(checks.not_zero, Quantity("pC", 0.5, 50.0, "charge of one spike", step=0.5))
    tc_decay = Setting(checks.positive, Quantity("ms", 1.0, 100.0, "decay of the synaptic current", log=True))
    tc_rise = Setting(
        lambda name, value, unit: checks.positive(name, value, unit, "For no rise, use SingleExponentialCurrent."),
        Quantity("ms", 0.1, 20.0, "rise of the synaptic current", log=True),
    )
    spike_interp_mode = Setting(interpolation_mode)
    interp_mode = Setting(decay_mode)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        spike_charge: float,
        tc_decay: float,
        tc_rise: float,
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
        self.configure(spike_charge=spike_charge, tc_decay=tc_decay, tc_rise=tc_rise, **modes)
        self.tolerance = interp_tol
        self.current_overbound, self.spike_overbound = current_overbound, spike_overbound
        self.pos_current_ = self.new_history()
        self.neg_current_ = self.new_history()
        self.spike_ = self.new_history()

    @classmethod
    def partialconstructor(
        cls,
        spike_charge: float,
        tc_decay: float,
        tc_rise: float,
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
            tc_decay=tc_decay,
            tc_rise=tc_rise,
            delay=delay,
            spike_interp_mode=spike_interp_mode,
            interp_tol=interp_tol,
            current_overbound=current_overbound,
            spike_overbound=spike_overbound,
            batch_size=batch_size,
            inplace=inplace,
            interp_mode=interp_mode,
        )

    def check_settings(self) -> None:
        if not self.tc_decay > self.tc_rise:
            raise ValueError(
                f"tc_decay must be above tc_rise ({self.tc_rise} ms), but is {self.tc_decay} ms. "
                "To change both, call configure(tc_decay=..., tc_rise=...)."
            )

    @property
    def pos_current(self) -> Tensor:
        """The part P that decays with tc_decay, at present, in nA, B x *shape. Setting it replaces it."""
        return self.pos_current_.peek()

    @pos_current.setter
    def pos_current(self, value: Tensor) -> None:
        self.pos_current_.write(self.check_state("pos_current", value), 1)

    @property
    def neg_current(self) -> Tensor:
        """The part N that decays with tc_rise and is subtracted, at present, in nA, B x *shape. Setting it replaces it."""
        return self.neg_current_.peek()

    @neg_current.setter
    def neg_current(self, value: Tensor) -> None:
        self.neg_current_.write(self.check_state("neg_current", value), 1)

    @property
    def current(self) -> Tensor:
        """Current P − N at present, in nA, B x *shape. It cannot be set, as it leaves open how much of it is P: set the parts."""
        return self.pos_current - self.neg_current

    @current.setter
    def current(self, value: Tensor) -> None:
        raise AttributeError(
            f"current of {type(self).__name__} is the difference of two parts that decay at their own pace, so it cannot be set alone. "
            "Set pos_current and neg_current, or call clear() for no current."
        )

    def delayed_currents(self) -> tuple[DelayedRead, ...]:
        pos = decaying_read(self.pos_current_, self.interp_mode, self.tolerance, self.tc_decay)
        return pos, decaying_read(self.neg_current_, self.interp_mode, self.tolerance, self.tc_rise, scale=-1.0)

    def delayed_spikes(self) -> DelayedRead:
        return DelayedRead(self._spikes(), self.spike_interp_mode, self.tolerance)

    def pos_current_at(self, selector: Tensor) -> Tensor:
        """The part P `selector` ms ago, in nA; beyond the longest delay `current_overbound`. Shapes as in `current_at`."""
        return self.delayed_currents()[0].at(selector, self.current_overbound)

    def neg_current_at(self, selector: Tensor) -> Tensor:
        """The part N `selector` ms ago, in nA; 0 beyond the longest delay, where P is `current_overbound`. Shapes as in `current_at`."""
        read = decaying_read(self.neg_current_, self.interp_mode, self.tolerance, self.tc_rise)
        return read.at(selector, None if self.current_overbound is None else 0.0)

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
        spikes = self.check_inputs(inputs).to(self.pos_current_.storage.dtype)
        constants = {"tc_decay": self.tc_decay, "tc_rise": self.tc_rise, "spike_charge": self.spike_charge}
        pos, neg = double_exponential_step(self.pos_current, self.neg_current, spikes, step_time=self.dt, **constants)
        self.pos_current_.push(pos)
        self.neg_current_.push(neg)
        self.spike_.push(as_binary(spikes, spikes.dtype))
        return pos - neg
