"""Delta synapse: each spike delivers its whole charge within one step.

    I[t] = (Q/dt)·s[t]

so that the current, summed over the step, carries the charge Q whatever the step's length. At a delay between two steps the current is that
of the older, of the nearer, or lies on the straight line between both: a spike then arrives in two shares that add up to Q, and the current
has a slope by which delays can learn.

Reference: Gerstner et al., Neuronal Dynamics (2014), section 1.3 (short current pulses).
"""

import warnings
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.synapses.base import InfernoSynapse, SynapseConstructor, as_binary, pulse_mode, refuse_unknown
from snnlab.synapses.read import DelayedRead


def delta_step(spikes: Tensor, *, step_time: float, spike_charge: float) -> Tensor:
    """Current of one step: the equation above.

    Example:
        >>> import torch
        >>> delta_step(torch.tensor([1.0, 0.0]), step_time=0.5, spike_charge=2.0)
        tensor([4., 0.])
    """
    return spikes * (spike_charge / step_time)


class DeltaCurrent(InfernoSynapse):
    """Turns spikes into current pulses of one step.

    Equation: `help("snnlab.synapses.delta")`.

    Only the spikes are remembered: the current at a delay is the spike at that delay, times Q/dt.

    Any nonzero input is one whole spike, also 0.3 and -1.0; to scale the charge by a graded input, take `DeltaPlusCurrent`. Where the first
    inputs after construction or `clear()` are such, there is a warning, once a synapse; `inputs != 0` says that it is meant.

    Args:
        shape: shape of the group of synapses, without the batch.
        step_time: length of a simulation step.
        spike_charge: charge of a spike, not 0; below 0 it inhibits.
        delay: longest delay that can be read.
        interp_mode: what counts between two steps: "previous" (the older spike: an arrival waits for the next step), "nearest", or
            "linear" (currents lie on the line between both; spikes are the older).
        interp_tol: how far a delay may lie off a whole step and still count as one; None: 1e-4 steps.
        current_overbound: current beyond the longest delay; None: that of the longest delay.
        spike_overbound: spikes beyond the longest delay; None: those of the longest delay.
        batch_size: number of samples.
        inplace: whether the history is written in place.

    Units:
        step_time, delay, interp_tol: ms;  spike_charge: pC;  current: nA (1 pC/ms = 1 nA)

    Shape:
        inputs: B x *shape -> current: B x *shape

    Raises:
        ValueError: a charge of 0, a step time not above 0, a negative delay.
        RuntimeError: an unknown `interp_mode`.

    Warns:
        UserWarning: the first inputs hold values other than 0 and 1.

    Example:
        >>> import torch
        >>> synapse = DeltaCurrent(2, 1.0, spike_charge=3.0, delay=1.0)
        >>> synapse(torch.tensor([[True, False]])), synapse(torch.tensor([[False, False]]))
        (tensor([[3., 0.]]), tensor([[0., 0.]]))
        >>> synapse.current_at(torch.tensor([[1.0, 1.0]]))
        tensor([[3., 0.]])
    """

    _watched = True  # whether the next inputs are looked at for graded values
    _warned = False

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
    def charge_per_step(self) -> float:
        """Q/dt, in nA."""
        return self.spike_charge / self.dt

    @property
    def current(self) -> Tensor:
        """Current of this step, in nA, B x *shape. It follows from the spikes: setting it does nothing."""
        return delta_step(self.spike_.peek(), step_time=self.dt, spike_charge=self.spike_charge)

    @current.setter
    def current(self, value: Tensor) -> None:
        pass

    def clear(self, **kwargs: Any) -> None:
        """Brings the history to rest."""
        super().clear(**kwargs)
        self._watched = True

    def delayed_currents(self) -> tuple[DelayedRead, ...]:
        return (DelayedRead(self.spike_, self.interp_mode, self.tolerance, scale=self.charge_per_step),)

    def delayed_spikes(self) -> DelayedRead:
        interp = "previous" if self.interp_mode == "linear" else self.interp_mode  # half a spike is none
        return DelayedRead(self._spikes(), interp, self.tolerance)

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: spikes of this step, B x *shape; nonzero is a spike. Further inputs are ignored.

        Returns:
            current of this step, in nA, B x *shape.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        if kwargs:
            refuse_unknown(type(self).__name__, kwargs)
        came = self.check_inputs(inputs)
        if self._watched:
            self._warn_of_graded(came.detach())
        history = self._spikes()
        history.push(came if came.dtype == torch.bool else as_binary(came, history.storage.dtype))
        return delta_step(history.present, step_time=self.dt, spike_charge=self.spike_charge)

    def _warn_of_graded(self, inputs: Tensor) -> None:
        """Warns of inputs that are neither 0 nor 1. One look is cheap, one a step would not be; bool and integers are not looked at."""
        self._watched = False
        if self._warned or not inputs.is_floating_point():
            return
        graded = inputs[(inputs != 0) & (inputs != 1)]
        if graded.numel():
            self._warned = True
            warnings.warn(
                f"{type(self).__name__} counts every nonzero input as one whole spike, also {graded[0].item():g}, which came. To draw "
                "spikes of a rate, take an encoder, such as HomogeneousPoissonEncoder; to scale the charge by the input, DeltaPlusCurrent; "
                "if this is meant, pass inputs != 0.",
                stacklevel=2,
            )
