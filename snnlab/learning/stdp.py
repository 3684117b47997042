"""Pair-based spike-timing-dependent plasticity: what fires before is strengthened, what fires after is weakened.

Each side leaves a trace, and each side's spike meets the other's trace:

    x_pre ← x_pre·exp(−dt/τ_pre) + s_pre            x_post ← x_post·exp(−dt/τ_post) + s_post
    ΔW = η_post·s_post·x_pre + η_pre·s_pre·x_post

With η_post > 0 > η_pre this is Hebbian: a pair of spikes Δt = t_post − t_pre apart changes the weight by η_post·exp(−Δt/τ_pre) for Δt ≥ 0
and by η_pre·exp(Δt/τ_post) for Δt ≤ 0. "nearest" traces jump to 1 instead of adding up, so that only the last spike counts. The
presynaptic signal is what arrives at the synapse: with delays, spikes and traces are read at each synapse's delay.

Reference: Morrison, Diesmann & Gerstner, Biol. Cybern. 98:459 (2008), section 4; Song, Miller & Abbott, Nat. Neurosci. 3:919 (2000).
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.learning.terms import advance_trace, check_tolerance, check_trace_mode, history_like_synapse, pair_update, signed
from snnlab.network import Cell
from snnlab.synapses import DelayedRead


def keep_pair_traces(cell: Cell, state: CellState) -> None:
    """Gives a cell's state the two traces of the equation above, at rest."""
    state.pre_trace_ = history_like_synapse(cell)
    state.register_state("post_trace_", torch.zeros(cell.neuron.batchedshape, dtype=cell.connection.weight.dtype))


def advance_pair_traces(cell: Cell, state: CellState, delayed: bool) -> tuple[tuple[Tensor, DelayedRead], tuple[Tensor, DelayedRead]]:
    """One step of both traces, by the state's `tc_pre`, `tc_post`, `tracemode` and `tolerance`.

    Args:
        cell: whose spikes they follow.
        state: where they are kept.
        delayed: how the presynaptic trace is read between two steps, as in `STDP`.

    Returns:
        what meets at a postsynaptic spike, s_post and x_pre; and at a presynaptic one, x_post and s_pre.
    """
    spikes, synapse, step_time = cell.fired, cell.synapse, cell.connection.dt
    history, mode, tc_pre, tolerance = state.pre_trace_, state.tracemode, state.tc_pre, state.tolerance
    history.push(advance_trace(mode, synapse.arrived, history.present, math.exp(-step_time / tc_pre)))
    post_trace = advance_trace(mode, spikes, state.post_trace_, math.exp(-step_time / state.tc_post))
    state.set_states(post_trace_=post_trace)

    arriving = synapse.delayed_spikes()
    if tolerance is not None:
        arriving = arriving._replace(tolerance=tolerance)
    traced = arriving.of(history)
    if delayed:
        traced = traced._replace(interp="expdecay", time_constant=tc_pre)
    return (spikes, traced), (post_trace, arriving)


class STDP(IndependentCellTrainer):
    """Trains weights by pairs of spikes.

    Equation: `help("snnlab.learning.stdp")`.

    Where synapses share a weight, as in `Conv2D`, it changes by the sum over all of them, at every site of the image: with L sites, rates
    of 1/L the size move a weight as far as those of a `LinearDense` would.

    Args:
        lr_post: learning rate at postsynaptic spikes; above 0 they strengthen.
        lr_pre: learning rate at presynaptic spikes; below 0 they weaken.
        tc_post: time constant of the postsynaptic trace.
        tc_pre: time constant of the presynaptic trace.
        delayed: how a presynaptic trace is read at a delay between two steps: True lets it decay to the exact time, False takes it as it
            was when the spike arrived. On whole steps the two are the same.
        interp_tolerance: how far a delay may lie off a whole step and still count as one; None takes the synapse's.
        trace_mode: "cumulative" or "nearest".
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.

    Units:
        tc_post, tc_pre, interp_tolerance: ms;  lr_post, lr_pre: weight per spike pair

    Raises:
        ValueError: a time constant not above 0, an unknown trace mode.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> layer = snn.Serial(
        ...     snn.LinearDense(1, 1, 1.0, synapse=synapse, weight_init=torch.ones_like),
        ...     snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0),
        ... )
        >>> _ = layer.connection.defaultupdater()
        >>> stdp = STDP(lr_post=0.5, lr_pre=-0.1, tc_post=20.0, tc_pre=20.0)
        >>> _ = stdp.register_cell("only", layer.cell)
        >>> layer(torch.tensor([[True]])).item()
        True
        >>> stdp()
        >>> layer.update()
        >>> layer.connection.weight.item()
        1.399...
    """

    spelled = {"interp_tolerance": "tolerance", "trace_mode": "tracemode", "batch_reduction": "batchreduce"}  # noqa: RUF012

    lr_post = Setting(checks.number, Quantity("", -0.05, 0.05, "weight change at a postsynaptic spike", step=0.0005))
    lr_pre = Setting(checks.number, Quantity("", -0.05, 0.05, "weight change at a presynaptic spike", step=0.0005))
    tc_post = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the postsynaptic trace", log=True))
    tc_pre = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the presynaptic trace", log=True))
    delayed = Setting(checks.boolean)
    tolerance = Setting(check_tolerance)
    tracemode = Setting(check_trace_mode)
    batchreduce = Setting(checks.reduction)

    def __init__(
        self,
        lr_post: float,
        lr_pre: float,
        tc_post: float,
        tc_pre: float,
        delayed: bool = False,
        interp_tolerance: float | None = None,
        trace_mode: str = "cumulative",
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.configure(lr_post=lr_post, lr_pre=lr_pre, tc_post=tc_post, tc_pre=tc_pre, delayed=delayed)
        self.configure(tolerance=interp_tolerance, tracemode=trace_mode, batchreduce=batch_reduction)

    def build(self, cell: Cell, state: CellState) -> None:
        keep_pair_traces(cell, state)

    def step(self, cell: Cell, state: CellState) -> None:
        (spikes, pre_trace), (post_trace, arriving) = advance_pair_traces(cell, state, state.delayed)
        lr_post, lr_pre, reduction = state.lr_post, state.lr_pre, state.batchreduce
        a = pair_update(cell, lr_post, spikes, pre_trace, reduction)
        b = pair_update(cell, lr_pre, post_trace, arriving, reduction)
        cell.updater.weight.add(*signed(a, b, lr_post, lr_pre))
