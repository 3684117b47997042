"""STDP modulated by reward: what pair STDP would do to the weights is done where it is rewarded, and undone where it is punished.

    ΔW = r·( η_post·s_post·x_pre + η_pre·s_pre·x_post )        s, x: spikes and traces of `snnlab.learning.stdp`

The reward r of a step meets the spikes of this very step: there is no memory of what led to it (see `snnlab.learning.mstdpet`). With
η_post > 0 > η_pre, by r and the order of a pair of spikes Δt = t_post − t_pre apart:

                     r > 0              r < 0
    Δt > 0           stronger           weaker          |Δw| = |r|·η_post·exp(−Δt/τ_pre)
    Δt < 0           weaker             stronger        |Δw| = |r|·|η_pre|·exp(Δt/τ_post)

How samples with rewards of their own become one update is in `snnlab.learning.reward`.

Reference: Florian, Neural Computation 19:1468 (2007), equation of MSTDP; Izhikevich, Cereb. Cortex 17:2443 (2007).
"""

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState
from snnlab.learning.reward import Parts, Reduction, RewardedTrainer, check_sum, pair_term, rewarded
from snnlab.learning.stdp import advance_pair_traces, keep_pair_traces
from snnlab.learning.terms import check_tolerance, check_trace_mode
from snnlab.network import Cell


class MSTDP(RewardedTrainer):
    """Trains weights by pairs of spikes, times a reward: `mstdp(signal)`.

    Equation: `help("snnlab.learning.mstdp")`.

    Args:
        lr_post: learning rate at postsynaptic spikes; above 0 a reward strengthens.
        lr_pre: learning rate at presynaptic spikes; below 0 a reward weakens.
        tc_post: time constant of the postsynaptic trace.
        tc_pre: time constant of the presynaptic trace.
        delayed, interp_tolerance, trace_mode: as in `STDP`.
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the sum.

    Units:
        tc_post, tc_pre, interp_tolerance: ms;  lr_post, lr_pre: weight per spike pair and reward

    Shape:
        signal: none, or B

    Raises:
        ValueError: a time constant not above 0, an unknown trace mode.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> layer = snn.Serial(
        ...     snn.LinearDense(1, 1, 1.0, synapse=synapse, weight_init=torch.ones_like),
        ...     snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=0.0, time_constant=10.0),
        ... )
        >>> _ = layer.connection.defaultupdater()
        >>> mstdp = MSTDP(lr_post=0.5, lr_pre=0.0, tc_post=20.0, tc_pre=20.0, trace_mode="nearest")
        >>> _ = mstdp.register_cell("only", layer.cell)
        >>> for reward in (1.0, -0.5):  # the same spikes, rewarded and then punished by half
        ...     _ = layer(torch.tensor([[True]]))
        ...     mstdp(reward)
        ...     layer.update()
        ...     print(layer.connection.weight.item())
        1.5
        1.25
    """

    spelled = {"interp_tolerance": "tolerance", "trace_mode": "tracemode", "batch_reduction": "batchreduce"}  # noqa: RUF012

    lr_post = Setting(checks.number, Quantity("", -0.05, 0.05, "rewarded change at a postsynaptic spike", step=0.0005))
    lr_pre = Setting(checks.number, Quantity("", -0.05, 0.05, "rewarded change at a presynaptic spike", step=0.0005))
    tc_post = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the postsynaptic trace", log=True))
    tc_pre = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the presynaptic trace", log=True))
    delayed = Setting(checks.boolean)
    tolerance = Setting(check_tolerance)
    tracemode = Setting(check_trace_mode)
    batchreduce = Setting(check_sum)

    def __init__(
        self,
        lr_post: float,
        lr_pre: float,
        tc_post: float,
        tc_pre: float,
        delayed: bool = False,
        interp_tolerance: float | None = None,
        trace_mode: str = "cumulative",
        batch_reduction: Reduction | None = None,
    ) -> None:
        super().__init__()
        self.configure(lr_post=lr_post, lr_pre=lr_pre, tc_post=tc_post, tc_pre=tc_pre, delayed=delayed)
        self.configure(tolerance=interp_tolerance, tracemode=trace_mode, batchreduce=batch_reduction)

    def build(self, cell: Cell, state: CellState) -> None:
        keep_pair_traces(cell, state)

    def parts(self, cell: Cell, state: CellState, reward: float | Tensor) -> Parts:
        at_post, at_pre = advance_pair_traces(cell, state, state.delayed)
        terms = pair_term(cell, state.lr_post, *at_post), pair_term(cell, state.lr_pre, *at_pre)
        return rewarded(terms, reward, cell.connection.batchsz, state.batchreduce)
