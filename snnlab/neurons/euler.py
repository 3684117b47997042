"""Euler's steps are simple, and wrong where a step is too long: this file tells so, that nothing is silently wrong.

    v ← v + dt·f(v)

    settling at v_0    needs dt·|f'(v_0)| < 2; else each step leads further away than the last
    overshooting       a step from far below v_0 may land beyond the upswing: it looks like a spike, and is one of the arithmetic alone

Reference: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), section IV.2.
"""

import math
import warnings

from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module


def warn_unless_settling(owner: Module, what: str, growth: float) -> None:
    """Warns where `growth` = dt·|f'(v_0)| is 2 or more; `what` names the settings that it comes from."""
    if growth >= 2:
        name, dt = type(owner).__name__, owner.dt
        warnings.warn(
            f"{name}: a step of {dt:g} ms is too long for {what}: Euler's steps swing ever further from rest. "
            f"Choose a step_time below {2 * dt / growth:.3g} ms.",
            stacklevel=4,
        )


def check_stepped(owner: Module, voltage: Tensor, lowest: float) -> Tensor:
    """The voltages of a step, where they are finite; a warning where one is so low that the next step from there overshoots.

    Args:
        owner: the neuron, for its name and its step time.
        voltage: after the step, in mV.
        lowest: from where a step overshoots, in mV.

    Raises:
        ValueError: a voltage is NaN or infinite.
    """
    low = voltage.detach().min().item()  # NaN where there is one
    if not low > lowest:
        dt, name = owner.dt, type(owner).__name__
        hint = f"A step of {dt:g} ms is too long, or the input too strong: choose a shorter step_time."
        checks.finite(f"the voltage of {name} after a step", voltage, hint)
        if math.isfinite(lowest):
            warnings.warn(
                f"{name}: a voltage is below {lowest:.4g} mV, from where an Euler step of {dt:g} ms overshoots: a spike may follow that is "
                "none of the neuron's. Choose a shorter step_time, or weaker inhibition.",
                stacklevel=4,
            )
    return voltage
