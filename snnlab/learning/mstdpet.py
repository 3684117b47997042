"""STDP modulated by reward, with an eligibility trace: every synapse remembers for a while what it would have learned.

    z_a ← z_a·exp(−dt/τ_z) + s_post·x_pre/τ_z          s, x: spikes and traces of `snnlab.learning.stdp`
    z_b ← z_b·exp(−dt/τ_z) + s_pre·x_post/τ_z
    ΔW = r·( η_post·z_a + η_pre·z_b )                  at every step

So a reward reaches pairs of spikes that are long past: a pair at time 0 is worth, to a reward at time t,

    exp(−t/τ_z)/τ_z        τ_z = 25 ms:   0.040 at 0 ms,   0.027 at 10 ms,   0.015 at 25 ms,   0.005 at 50 ms

which sums to 1 over all time: a steady reward of 1 per ms teaches what `snnlab.learning.mstdp` would. The traces are one a weight and
sample, which takes twice the memory of the weights for each sample.

How samples with rewards of their own become one update is in `snnlab.learning.reward`.

Reference: Florian, Neural Computation 19:1468 (2007), equation of MSTDPET; Izhikevich, Cereb. Cortex 17:2443 (2007).
"""

import math
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState
from snnlab.learning.reward import Parts, Reduction, RewardedTrainer, check_sum, kept_term, rewarded
from snnlab.learning.stdp import advance_pair_traces, keep_pair_traces
from snnlab.learning.terms import check_tolerance, check_trace_mode
from snnlab.network import Cell


def eligible(trace: Tensor, met: Tensor, *, step_time: float, time_constant: float) -> Tensor:
    """One step of the eligibility above: no state, no checks.

    Example:
        >>> eligible(torch.tensor(0.0), torch.tensor(1.0), step_time=1.0, time_constant=25.0)
        tensor(0.0400)
    """
    return (trace * math.exp(-step_time / time_constant)).add_(met, alpha=1 / time_constant)


class MSTDPET(RewardedTrainer):
    """Trains weights by pairs of spikes that a reward may follow later: `mstdpet(signal)`.

    Equation: `help("snnlab.learning.mstdpet")`.

    Args:
        lr_post: learning rate at postsynaptic spikes; above 0 a reward strengthens.
        lr_pre: learning rate at presynaptic spikes; below 0 a reward weakens.
        tc_post: time constant of the postsynaptic trace.
        tc_pre: time constant of the presynaptic trace.
        tc_eligibility: time constant of the eligibility traces.
        interp_tolerance, trace_mode: as in `STDP`.
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the sum.

    Units:
        tc_post, tc_pre, tc_eligibility, interp_tolerance: ms;  lr_post, lr_pre: weight·ms per spike pair and reward

    Shape:
        signal: none, or B;  eligibility traces: B x (like the weights), `unit.state.eligible_post_` and `eligible_pre_`

    Raises:
        ValueError: a time constant not above 0, an unknown trace mode.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> layer = snn.Serial(
        ...     snn.LinearDense(1, 1, 1.0, synapse=synapse, weight_init=torch.ones_like),
        ...     snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=0.0, time_constant=10.0),
        ... )
        >>> _ = layer.connection.defaultupdater()
        >>> mstdpet = MSTDPET(lr_post=10.0, lr_pre=0.0, tc_post=20.0, tc_pre=20.0, tc_eligibility=20.0)
        >>> _ = mstdpet.register_cell("only", layer.cell)
        >>> for spike, reward in ((True, 0.0), (False, 0.0), (False, 1.0)):  # the reward comes 2 ms after the pair
        ...     _ = layer(torch.tensor([[spike]]))
        ...     mstdpet(reward)
        ...     layer.update()
        >>> layer.connection.weight.item()  # 1 + 10·exp(−2/20)/20
        1.452...
    """

    spelled = {"interp_tolerance": "tolerance", "trace_mode": "tracemode", "batch_reduction": "batchreduce"}  # noqa: RUF012

    lr_post = Setting(checks.number, Quantity("", -1.0, 1.0, "rewarded change at a postsynaptic spike", step=0.01))
    lr_pre = Setting(checks.number, Quantity("", -1.0, 1.0, "rewarded change at a presynaptic spike", step=0.01))
    tc_post = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the postsynaptic trace", log=True))
    tc_pre = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the presynaptic trace", log=True))
    tc_eligibility = Setting(checks.positive, Quantity("ms", 1.0, 2000.0, "decay of the eligibility traces", log=True))
    tolerance = Setting(check_tolerance)
    tracemode = Setting(check_trace_mode)
    batchreduce = Setting(check_sum)

    def __init__(
        self,
        lr_post: float,
        lr_pre: float,
        tc_post: float,
        tc_pre: float,
        tc_eligibility: float,
        interp_tolerance: float | None = None,
        trace_mode: str = "cumulative",
        batch_reduction: Reduction | None = None,
    ) -> None:
        super().__init__()
        self.configure(lr_post=lr_post, lr_pre=lr_pre, tc_post=tc_post, tc_pre=tc_pre, tc_eligibility=tc_eligibility)
        self.configure(tolerance=interp_tolerance, tracemode=trace_mode, batchreduce=batch_reduction)

    def build(self, cell: Cell, state: CellState) -> None:
        keep_pair_traces(cell, state)
        weight = cell.connection.weight
        for name in ("eligible_post_", "eligible_pre_"):
            state.register_state(name, torch.zeros(cell.connection.batchsz, *weight.shape, dtype=weight.dtype))

    def parts(self, cell: Cell, state: CellState, reward: float | Tensor) -> Parts:
        at_post, at_pre = advance_pair_traces(cell, state, delayed=False)
        times: dict[str, Any] = {"step_time": cell.connection.dt, "time_constant": state.tc_eligibility}
        state.eligible_post_ = eligible(state.eligible_post_, cell.connection.pair(*at_post), **times)
        state.eligible_pre_ = eligible(state.eligible_pre_, cell.connection.pair(*at_pre), **times)
        terms = kept_term(state.lr_post, state.eligible_post_), kept_term(state.lr_pre, state.eligible_pre_)
        return rewarded(terms, reward, cell.connection.batchsz, state.batchreduce)
