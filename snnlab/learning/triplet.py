"""Triplet spike-timing-dependent plasticity: what a pair of spikes is worth depends on a third, so that learning depends on rates too.

Each side leaves two traces, a fast one and a slow one, presynaptic x, X and postsynaptic y, Y, each with a time constant of its own:

    x ← x·exp(−dt/τ_x) + s_pre         X likewise with τ_X > τ_x         y and Y ← likewise, from s_post
    ΔW = ± s_post[t]·x[t]·( |A₂⁺| + |A₃⁺|·Y[t − dt] )  ±  s_pre[t]·y[t]·( |A₂⁻| + |A₃⁻|·X[t − dt] )

The more postsynaptic spikes came of late, the more one is worth, and so with presynaptic ones: slow traces are taken as they were a step
before, so that no spike counts itself. Signs are those of the pair rates: A₂⁺ > 0 > A₂⁻ is Hebbian. The paper writes τ₊ and τ₋ for our τ_x
and τ_y, and τ_x and τ_y for our τ_X and τ_Y. Each of very many pairs that are repeated at a rate ρ changes the weight, with the values that
the paper fits to visual cortex (A₂⁺ ≈ 0, A₃⁺ = 0.0065, A₂⁻ = −0.0071, A₃⁻ = 0, τ_x = 16.8, τ_y = 33.7, τ_Y = 114 ms), by

    ρ / Hz                           1       10       20       40       50
    10³·ΔW, post 10 ms after pre    0.0      2.0      4.1     10.2     15.1
    10³·ΔW, pre 10 ms after post   −5.3     −5.5     −5.7      3.9     15.1

Rare pairs hardly strengthen, and frequent ones strengthen whichever came first, which no rule of pairs alone can do. "nearest" traces jump
to 1 instead of adding up. With delays everything presynaptic is read as it arrives.

Reference: Pfister & Gerstner, J. Neurosci. 26:9673 (2006), equations 2 to 4.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.learning.terms import advance_trace, check_tolerance, check_trace_mode, history_like_synapse, pair_update, reduce_batch, signed
from snnlab.network import Cell
from snnlab.synapses import DelayedRead
from snnlab.updates import Product

POST_TRACES, PRE_TRACES = ("post_fast_", "post_slow_"), ("pre_slow_",)


def check_pair_rate(name: str, value: Any, unit: str) -> float:
    """A number other than 0, for its sign is that of the triplets too."""
    return checks.not_zero(name, value, unit, "Its sign is that of the triplets too: for triplets alone, take a small one, such as 1e-12.")


def check_triplet_rate(name: str, value: Any, unit: str) -> float:
    """The size of a number."""
    return abs(checks.number(name, value, unit))


class TripletSTDP(IndependentCellTrainer):
    """Trains weights by pairs and triplets of spikes.

    Equation: `help("snnlab.learning.triplet")`.

    Args:
        lr_post_pair: A₂⁺, learning rate at postsynaptic spikes; above 0 they strengthen.
        lr_post_triplet: A₃⁺, how much a postsynaptic spike gains from earlier ones; its sign is that of `lr_post_pair`, whatever is given.
        lr_pre_pair: A₂⁻, learning rate at presynaptic spikes; below 0 they weaken.
        lr_pre_triplet: A₃⁻, how much a presynaptic spike gains from earlier ones; its sign is that of `lr_pre_pair`, whatever is given.
        tc_post_fast, tc_post_slow: time constants τ_y and τ_Y of the postsynaptic traces, the slow one above the fast one.
        tc_pre_fast, tc_pre_slow: time constants τ_x and τ_X of the presynaptic traces, the slow one above the fast one.
        delayed: how presynaptic traces are read at a delay between two steps: True lets them decay to the exact time, False takes them as
            they were when the spike arrived. On whole steps the two are the same. Where the synapse reads spikes at the nearest step, slow
            traces come with the spike that they scale, and do not decay.
        interp_tolerance: how far a delay may lie off a whole step and still count as one; None takes the synapse's.
        trace_mode: "cumulative" or "nearest".
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.
        inplace: whether traces are written in place, which saves a little memory; a trace that was taken from `unit.state` then changes
            with the next step. What is remembered for delays always is, and only ever read as a copy.

    Units:
        tc_post_fast, tc_post_slow, tc_pre_fast, tc_pre_slow, interp_tolerance: ms;  lr_post_pair, lr_pre_pair: weight per spike pair;
        lr_post_triplet, lr_pre_triplet: weight per spike triplet

    Raises:
        ValueError: a pair rate of 0, a time constant not above 0, a slow one not above the fast one, an unknown trace mode.

    Example:
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.zeros_like)
        >>> layer = snn.Serial(connection, snn.ExactNeuron(1, 1.0, rest_v=-65.0, thresh_v=-50.0))
        >>> _ = connection.defaultupdater()
        >>> rule = TripletSTDP(0.25, 0.5, -1e-12, 0.0, tc_post_fast=20.0, tc_post_slow=100.0, tc_pre_fast=20.0, tc_pre_slow=100.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> weights, fires = [], torch.tensor([[True]])
        >>> for _ in range(2):
        ...     _ = layer(fires, neuron_kwargs={"override": fires}), rule(), layer.update()
        ...     weights.append(round(connection.weight.item(), 4))
        >>> weights  # the first spike is worth 0.25, the second three times as much for each spike that its synapse remembers
        [0.25, 1.7134]
    """

    spelled = {"interp_tolerance": "tolerance", "trace_mode": "tracemode", "batch_reduction": "batchreduce"}  # noqa: RUF012

    lr_post_pair = Setting(check_pair_rate, Quantity("", -0.05, 0.05, "weight change at a postsynaptic spike", step=0.0005))
    lr_post_triplet = Setting(check_triplet_rate, Quantity("", 0.0, 0.05, "what earlier postsynaptic spikes add to it", step=0.0005))
    lr_pre_pair = Setting(check_pair_rate, Quantity("", -0.05, 0.05, "weight change at a presynaptic spike", step=0.0005))
    lr_pre_triplet = Setting(check_triplet_rate, Quantity("", 0.0, 0.05, "what earlier presynaptic spikes add to it", step=0.0005))
    tc_post_fast = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the fast postsynaptic trace", log=True))
    tc_post_slow = Setting(checks.positive, Quantity("ms", 1.0, 1000.0, "decay of the slow postsynaptic trace", log=True))
    tc_pre_fast = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the fast presynaptic trace", log=True))
    tc_pre_slow = Setting(checks.positive, Quantity("ms", 1.0, 1000.0, "decay of the slow presynaptic trace", log=True))
    delayed = Setting(checks.boolean)
    tolerance = Setting(check_tolerance)
    tracemode = Setting(check_trace_mode)
    batchreduce = Setting(checks.reduction)
    inplace = Setting(checks.boolean)

    def __init__(
        self,
        lr_post_pair: float,
        lr_post_triplet: float,
        lr_pre_pair: float,
        lr_pre_triplet: float,
        tc_post_fast: float,
        tc_post_slow: float,
        tc_pre_fast: float,
        tc_pre_slow: float,
        delayed: bool = False,
        interp_tolerance: float | None = None,
        trace_mode: str = "cumulative",
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        self.configure(lr_post_pair=lr_post_pair, lr_post_triplet=lr_post_triplet, lr_pre_pair=lr_pre_pair, lr_pre_triplet=lr_pre_triplet)
        self.configure(tc_post_fast=tc_post_fast, tc_post_slow=tc_post_slow, tc_pre_fast=tc_pre_fast, tc_pre_slow=tc_pre_slow)
        self.configure(delayed=delayed, tolerance=interp_tolerance, tracemode=trace_mode, batchreduce=batch_reduction, inplace=inplace)

    def check_together(self, settings: Any) -> None:
        for side in ("post", "pre"):
            fast, slow = getattr(settings, f"tc_{side}_fast"), getattr(settings, f"tc_{side}_slow")
            if not slow > fast:
                raise ValueError(f"tc_{side}_slow must be above tc_{side}_fast ({fast:g} ms), but is {slow:g} ms. Swap them, or set both.")

    def build(self, cell: Cell, state: CellState) -> None:
        dtype = cell.connection.weight.dtype
        state.pre_fast_, state.pre_triplets_ = history_like_synapse(cell), history_like_synapse(cell)
        for names, like in ((POST_TRACES, cell.neuron), (PRE_TRACES, cell.synapse)):
            for name in names:
                state.register_state(name, torch.zeros(like.batchedshape, dtype=dtype))

    def step(self, cell: Cell, state: CellState) -> None:
        arriving, leaving, on_its_way = cell.synapse.spike, cell.postspike, cell.connection.delayedby
        worth_of_post = state.post_slow_ * state.lr_post_triplet + abs(state.lr_post_pair)
        worth_of_pre = state.pre_slow_ if on_its_way else state.pre_slow_ * state.lr_pre_triplet + abs(state.lr_pre_pair)
        state.pre_triplets_.push(arriving * worth_of_pre)  # what is on its way meets the rates of the step when it arrives
        self._advance(cell, state, arriving, leaving)

        spikes, traces, triplets = self._reads(cell, state)
        post = state.post_fast_.clone() if state.inplace else state.post_fast_  # a pending update may hold on to it
        pair, triplet = (state.lr_pre_pair, post, spikes), (state.lr_pre_triplet, post, triplets)
        a = self._reduced(cell, state, (1.0, leaving * worth_of_post, traces))
        b = self._reduced(cell, state, pair, triplet) if on_its_way else self._reduced(cell, state, (1.0, post, triplets))
        cell.updater.weight.add(*signed(a, b, state.lr_post_pair, state.lr_pre_pair))

    def _advance(self, cell: Cell, state: CellState, arriving: Tensor, leaving: Tensor) -> None:
        """Moves the traces on by a step."""
        mode, step_time = state.tracemode, cell.connection.dt

        def moved(spikes: Tensor, before: Tensor, time_constant: float) -> Tensor:
            return advance_trace(mode, spikes, before, math.exp(-step_time / time_constant))

        state.pre_fast_.push(moved(arriving, state.pre_fast_.present, state.tc_pre_fast))
        for name, spikes in (("pre_slow_", arriving), ("post_fast_", leaving), ("post_slow_", leaving)):
            before = getattr(state, name)
            after = moved(spikes, before, getattr(state, f"tc_{name[:-1]}"))
            if state.inplace and not before.is_inference():
                before.copy_(after)
            else:
                setattr(state, name, after)

    def _reads(self, cell: Cell, state: CellState) -> tuple[DelayedRead, DelayedRead, DelayedRead]:
        """How what arrives is read: spikes, the fast trace, and at spikes the slow trace of the step before."""
        spikes = cell.synapse.delayed_spikes()
        spikes = spikes._replace(tolerance=spikes.tolerance if state.tolerance is None else state.tolerance)
        traces, triplets = spikes._replace(record=state.pre_fast_), spikes._replace(record=state.pre_triplets_)
        if state.delayed:
            traces = traces._replace(interp="expdecay", time_constant=state.tc_pre_fast)
            if spikes.interp == "previous":  # else the slow trace could meet another spike than the one it belongs to
                triplets = triplets._replace(interp="expdecay", time_constant=state.tc_pre_slow)
        return spikes, traces, triplets

    def _reduced(self, cell: Cell, state: CellState, *terms: tuple[float, Tensor, DelayedRead]) -> Tensor | Product:
        """The sum of several |rate| x post x pre, reduced over the batch, for an accumulator: like the weights."""
        terms, reduction = [term for term in terms if term[0]], state.batchreduce
        if reduction is torch.mean or reduction is torch.sum:
            first, *others = (pair_update(cell, *term, reduction) for term in terms)
            return sum(others, first)
        first, *others = (cell.connection.pair(post, pre) * abs(rate) for rate, post, pre in terms)
        return reduce_batch(reduction, sum(others, first))
