"""The trace-target rule of Diehl & Cook: a postsynaptic spike compares each presynaptic trace with a target.

    x ← x·exp(−dt/τ_pre) + s_pre                                  presynaptic trace
    ΔW[n, m] = η·s_post[n]·( x[m] − x_target )·( W_max − W[n, m] )^μ

At a spike of the neuron, synapses through which more spikes have come of late than the target grow, all others shrink: inputs that had no
part in the spike lose their weight, by η·x_target at each spike when they were silent. With x_target = 0.4 and one presynaptic spike Δt
before, at W_max − W = 1:

    Δt / τ_pre         0      0.25    0.5    0.92    1.5     3       ∞
    ΔW / η            0.60    0.38    0.21   0.00   −0.18   −0.35   −0.40

Nothing is computed at presynaptic spikes, and nothing at a step where no neuron spikes: that is what the rule was made for. μ = 0 takes the
bound away; with μ > 0 steps shrink, in both directions, as a weight comes near W_max, and a weight at or above it stays where it is. Below,
the rule has no bound: clamp weights at 0 with `Clamping`. "nearest" traces jump to 1 instead of adding up. With delays the trace is read at
each synapse's delay, as it arrives.

Reference: Diehl & Cook, Front. Comput. Neurosci. 9:99 (2015), equation 3; Querlioz et al., IEEE Trans. Nanotechnol. 12:288 (2013).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.learning.terms import advance_trace, check_tolerance, check_trace_mode, history_like_synapse, reduce_batch, reduced_pair
from snnlab.learning.watch import warn_user
from snnlab.network import Cell
from snnlab.synapses import DelayedRead
from snnlab.updates import Change, Product

FEW = 32  # rows up to which they are cheaper alone than all synapses at once


class DiehlCookSTDP(IndependentCellTrainer):
    """Trains weights at postsynaptic spikes alone, up where the presynaptic trace is above a target and down where it is below.

    Equation: `help("snnlab.learning.diehlcook")`.

    Args:
        lr: learning rate; below 0 the rule runs backwards.
        tc_pre: time constant of the presynaptic trace.
        target: value of the trace at which a weight stays, at 0 or above; 0 only strengthens.
        weight_max: weight at which changes have shrunk to 0; not used with mu = 0.
        mu: how changes shrink on the way there: 0 not at all, 1 in proportion to what is left.
        delayed: how a trace is read at a delay between two steps: True lets it decay to the exact time, False takes it as it was when the
            spike arrived. On whole steps the two are the same.
        interp_tolerance: how far a delay may lie off a whole step and still count as one; None takes the synapse's.
        trace_mode: "cumulative" or "nearest".
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.

    Units:
        tc_pre, interp_tolerance: ms;  lr: weight per spike and unit of trace, times weight^−mu;  target: 1;  weight_max: weight

    Raises:
        ValueError: a time constant not above 0, a target or mu below 0, an unknown trace mode.

    Warns:
        UserWarning: a cell has weights above weight_max, or none below it, which would never change (mu above 0).

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> layer = snn.Serial(
        ...     snn.LinearDense(2, 1, 1.0, synapse=synapse, weight_init=lambda w: torch.full_like(w, 0.5)),
        ...     snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-62.0, refrac_t=0.0, time_constant=10.0),
        ... )
        >>> _ = layer.connection.defaultupdater()
        >>> rule = DiehlCookSTDP(lr=0.5, tc_pre=20.0, target=0.4)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> layer(torch.tensor([[True, False]])).item()
        True
        >>> rule()
        >>> layer.update()
        >>> layer.connection.weight.detach()  # 0.5 + 0.5·(1 − 0.4)·0.5, and 0.5 + 0.5·(0 − 0.4)·0.5
        tensor([[0.6500, 0.4000]])
    """

    spelled = {"interp_tolerance": "tolerance", "trace_mode": "tracemode", "batch_reduction": "batchreduce"}  # noqa: RUF012

    lr = Setting(checks.number, Quantity("", -0.05, 0.05, "weight change at a postsynaptic spike", step=0.0005))
    tc_pre = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the presynaptic trace", log=True))
    target = Setting(checks.not_negative, Quantity("", 0.0, 2.0, "presynaptic trace at which a weight stays"))
    weight_max = Setting(checks.number, Quantity("", 0.1, 10.0, "weight at which changes have shrunk to 0", log=True))
    mu = Setting(checks.not_negative, Quantity("", 0.0, 3.0, "how fast changes shrink towards weight_max"))
    delayed = Setting(checks.boolean)
    tolerance = Setting(check_tolerance)
    tracemode = Setting(check_trace_mode)
    batchreduce = Setting(checks.reduction)

    def __init__(
        self,
        lr: float,
        tc_pre: float,
        target: float,
        weight_max: float = 1.0,
        mu: float = 1.0,
        delayed: bool = False,
        interp_tolerance: float | None = None,
        trace_mode: str = "cumulative",
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.configure(lr=lr, tc_pre=tc_pre, target=target, weight_max=weight_max, mu=mu, delayed=delayed)
        self.configure(tolerance=interp_tolerance, tracemode=trace_mode, batchreduce=batch_reduction)

    def build(self, cell: Cell, state: CellState) -> None:
        least, largest = (each.item() for each in cell.connection.weight.aminmax())
        if state.mu > 0 and least >= state.weight_max:
            warn_user(
                f"weight_max is {state.weight_max:g}, and no weight is below it, so none would ever change. "
                "Raise weight_max, lower the weights, or set mu=0 for no bound."
            )
        elif state.mu > 0 and largest > state.weight_max:
            warn_user(
                f"weight_max is {state.weight_max:g}, but weights reach up to {largest:g}: those above it would never change. "
                "Raise weight_max, lower the weights, or set mu=0 for no bound."
            )
        state.pre_trace_ = history_like_synapse(cell)

    def step(self, cell: Cell, state: CellState) -> None:
        connection, spikes = cell.connection, cell.postspike
        decay = math.exp(-connection.dt / state.tc_pre)
        trace = advance_trace(state.tracemode, cell.synapse.arrived, state.pre_trace_.present, decay)
        state.pre_trace_.push(trace)
        if not spikes.any():
            return

        arriving = cell.synapse.delayed_spikes()
        tolerance = arriving.tolerance if state.tolerance is None else state.tolerance
        between = {"interp": "expdecay", "time_constant": state.tc_pre} if state.delayed else {}
        traces = arriving._replace(record=state.pre_trace_, tolerance=tolerance, **between)
        few = _by_rows(cell, state, spikes, traces)
        seen, wanted = few if few else _by_synapse(cell, state, spikes, traces)
        cell.updater.weight.add(*((seen, wanted) if state.lr >= 0 else (wanted, seen)))


def _left(weight: Tensor, state: CellState) -> Tensor | float:
    """(W_max − W)^μ."""
    return (state.weight_max - weight).clamp(min=0) ** state.mu if state.mu else 1.0


def _by_synapse(cell: Cell, state: CellState, spikes: Tensor, traces: DelayedRead) -> tuple[Tensor, Tensor]:
    """What the traces add, and what the target takes away, at every synapse."""
    connection, left = cell.connection, _left(cell.connection.weight, state)
    seen = reduced_pair(cell, state.lr, spikes, traces, state.batchreduce)
    counts = connection.postsyn_receptive(spikes).to(seen.dtype).sum(-1)
    return seen * left, reduce_batch(state.batchreduce, counts * (abs(state.lr) * state.target)) * left


def _by_rows(cell: Cell, state: CellState, spikes: Tensor, traces: DelayedRead) -> tuple[Product, Product] | None:
    """The same where few neurons spiked, for their rows of the weights alone; None where rows are many, or the connection has none."""
    spiked = spikes.flatten(1).any(0).nonzero().squeeze(1)
    if len(spiked) > FEW or state.batchreduce not in (torch.mean, torch.sum):
        return None
    factors = cell.connection.factors(spikes, traces)
    if factors is None:
        return None
    post, pre = factors[0][spiked], factors[1]
    rate = _left(cell.connection.weight[spiked], state) * (abs(state.lr) / (len(spikes) if state.batchreduce is torch.mean else 1))
    own = torch.eye(len(spiked), dtype=pre.dtype, device=pre.device)
    wanted = post.sum(1, keepdim=True) * state.target
    changes = (post @ pre * rate, (wanted * rate).expand(-1, pre.shape[1]))
    return tuple(Product.of(Change(0, spiked, own, change, len(factors[0]))) for change in changes)
