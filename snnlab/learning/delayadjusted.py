"""Rules that look at when a spike arrived, not at when it left: delay-adjusted STDP of weights, and of the delays themselves.

With Δ = t_post − t_pre − d, from the last spike of each side and the delay d between them, every step adds

    A = exp(−Δ/τ₊)  where Δ ≥ 0            the presynaptic spike had arrived when the postsynaptic neuron spiked
    B = exp( Δ/τ₋)  where Δ < 0            it came too late

    weight    ΔW = η₊·A + η₋·B             η₊ > 0 > η₋ strengthens what came in time
    delay     Δd = η₋·A + η₊·B             η₋ < 0 < η₊ shortens the delay of what came in time, and lengthens that of what came late

The window of η₊ = 1, η₋ = −1 and τ = 20 ms, for a delay of 5 ms:

    t_post − t_pre       −15      −5       4       5      15      25  ms
    ΔW                 −0.37   −0.61   −0.95    1.00    0.61    0.37  a step

Differences persist between spikes, so a pair contributes at every step until either side spikes again: rates are per step. Before the
first spike of a side nothing happens. Of a side that spikes once, the same pair goes on counting: `clear()` ends it.

Reference: Nadafian & Ganjtabesh, arXiv:2011.09380 (2020), for delays that learn from delay-adjusted times; Song, Miller & Abbott,
Nat. Neurosci. 3:919 (2000), for the window.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer, Unit
from snnlab.learning.lastspike import advance_since, build_since, differences, like_parameter, reduced
from snnlab.learning.terms import check_tolerance, signed
from snnlab.network import Cell

LN2 = math.log(2)  # exp(x) = 2^(x/ln 2), which was measured to be 20 times as fast where the result is 0


def adjusted_pairs(
    cell: Cell, state: CellState, name: str, tc_causal: float, tc_anticausal: float, among: Sequence[float] | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """The magnitudes A and B of the equations above, at a learning rate of 1, sample by sample: like the parameter `name`.

    Args:
        cell, state: whose times, as `lastspike.build_since` made them and `advance_since` has moved them on; `state.tolerance` counts.
        name: the parameter, "weight" or "delay".
        tc_causal: time constant of A.
        tc_anticausal: time constant of B.
        among: one value a sample; those of 0 are left out. None: all.

    Units:
        tc_causal, tc_anticausal: ms
    """
    connection, step_time = cell.connection, cell.connection.dt
    tolerance = cell.synapse.tolerance if state.tolerance is None else state.tolerance
    just_below = -torch.finfo(connection.weight.dtype).tiny
    for difference in differences(cell, state, tolerance, adjusted=True, unknown=math.inf, among=among):
        late = F.threshold_(-difference, 0.0, math.inf)  # 2^−∞ = 0 where it does not count; unknown differences are ∞ too
        in_time = F.threshold_(difference, just_below, math.inf)
        a, b = (each.mul_(-step_time / (tc * LN2)).exp2_() for each, tc in ((in_time, tc_causal), (late, tc_anticausal)))
        yield like_parameter(connection, name, a), like_parameter(connection, name, b)


def refuse_no_delays(rule: str, name: str, cell: Any) -> None:
    """RuntimeError for a cell whose connection has no delays to train."""
    connection = getattr(cell, "connection", None)
    if connection is not None and not connection.delayedby:
        has = "has no delays" if connection.delay is None else "has delays of at most 0 ms"
        raise RuntimeError(f"Cell {name!r} {has}, but {rule} trains them. Build its connection with delay= the longest one in ms.")


class _DelayAdjusted(IndependentCellTrainer):
    """What the rule for weights and that for delays share."""

    spelled = {"interp_tolerance": "tolerance", "batch_reduction": "batchreduce"}  # noqa: RUF012

    tc_pos = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of what goes with lr_pos, with the distance in time", log=True))
    tc_neg = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of what goes with lr_neg, with the distance in time", log=True))
    tolerance = Setting(check_tolerance)
    batchreduce = Setting(checks.reduction)
    inplace = Setting(checks.boolean)

    def build(self, cell: Cell, state: CellState) -> None:
        build_since(cell, state)

    def contribute(self, cell: Cell, state: CellState, name: str, causal: tuple[float, float], anticausal: tuple[float, float]) -> None:
        """One step of the rule for the parameter `name`, with the rate and the time constant of either side."""
        advance_since(cell, state)
        pairs = adjusted_pairs(cell, state, name, causal[1], anticausal[1])
        a, b = reduced(cell, pairs, (abs(causal[0]), abs(anticausal[0])), state.batchreduce)
        getattr(cell.updater, name).add(*signed(a, b, causal[0], anticausal[0]))


class DelayAdjustedSTDP(_DelayAdjusted):
    """Trains weights by how long before or after its arrival, not its departure, a spike was answered.

    Equation: `help("snnlab.learning.delayadjusted")`. A connection without delays will do: they count as 0.

    Where synapses share a weight, as in `Conv2D`, it changes by the sum over all sites.

    Args:
        lr_pos: learning rate of pairs in time; above 0 they strengthen.
        lr_neg: learning rate of pairs too late; below 0 they weaken.
        tc_pos: time constant of pairs in time.
        tc_neg: time constant of pairs too late.
        interp_tolerance: how far Δ may lie below 0 and still count as 0; None takes the synapse's.
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.
        inplace: True writes the times since the last spikes over those of the step before, which is a little faster; False makes them anew,
            so that whoever kept `state.since_pre_` keeps what it was.

    Units:
        tc_pos, tc_neg, interp_tolerance: ms;  lr_pos, lr_neg: weight per step

    Raises:
        ValueError: a time constant not above 0, a tolerance below 0.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=3.0, weight_init=torch.ones_like, delay_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater(exclude_delay=True)
        >>> rule = DelayAdjustedSTDP(lr_pos=0.5, lr_neg=-0.5, tc_pos=20.0, tc_neg=20.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> for spike in (True, False):  # it arrives at the second step, and is answered at once: Δ = 0
        ...     _ = layer(torch.tensor([[spike]])), rule(), layer.update()
        >>> connection.weight.item()
        1.5
    """

    lr_pos = Setting(checks.number, Quantity("", -0.01, 0.01, "weight change per step of a pair in time", step=0.0001))
    lr_neg = Setting(checks.number, Quantity("", -0.01, 0.01, "weight change per step of a pair too late", step=0.0001))

    def __init__(
        self,
        lr_pos: float,
        lr_neg: float,
        tc_pos: float,
        tc_neg: float,
        interp_tolerance: float | None = None,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        self.configure(lr_pos=lr_pos, lr_neg=lr_neg, tc_pos=tc_pos, tc_neg=tc_neg)
        self.configure(tolerance=interp_tolerance, batchreduce=batch_reduction, inplace=inplace)

    def step(self, cell: Cell, state: CellState) -> None:
        self.contribute(cell, state, "weight", (state.lr_pos, state.tc_pos), (state.lr_neg, state.tc_neg))


class DelayAdjustedSTDPD(_DelayAdjusted):
    """Trains delays: those of what came in time become shorter, those of what came too late longer.

    Equation: `help("snnlab.learning.delayadjusted")`. Delays stay between 0 and the longest of their connection.

    Args:
        lr_neg: learning rate of pairs in time; below 0 their delays become shorter.
        lr_pos: learning rate of pairs too late; above 0 their delays become longer.
        tc_neg: time constant of pairs in time.
        tc_pos: time constant of pairs too late.
        interp_tolerance, batch_reduction, inplace: as in `DelayAdjustedSTDP`.

    Units:
        tc_neg, tc_pos, interp_tolerance: ms;  lr_neg, lr_pos: ms per step

    Raises:
        ValueError: a time constant not above 0, a tolerance below 0.
        RuntimeError: at registration, a cell whose connection has no delays.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=3.0, weight_init=torch.ones_like, delay_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater(exclude_weight=True)
        >>> rule = DelayAdjustedSTDPD(lr_neg=-0.25, lr_pos=0.25, tc_neg=20.0, tc_pos=20.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> for spike in (True, False):  # it arrives at the second step, and is answered at once: Δ = 0
        ...     _ = layer(torch.tensor([[spike]])), rule(), layer.update()
        >>> connection.delay.item()
        0.75
    """

    trains: ClassVar[tuple[str, ...]] = ("delay",)

    lr_neg = Setting(checks.number, Quantity("", -0.1, 0.1, "change of the delay per step of a pair in time", step=0.001))
    lr_pos = Setting(checks.number, Quantity("", -0.1, 0.1, "change of the delay per step of a pair too late", step=0.001))

    def __init__(
        self,
        lr_neg: float,
        lr_pos: float,
        tc_neg: float,
        tc_pos: float,
        interp_tolerance: float | None = None,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        self.configure(lr_neg=lr_neg, lr_pos=lr_pos, tc_neg=tc_neg, tc_pos=tc_pos)
        self.configure(tolerance=interp_tolerance, batchreduce=batch_reduction, inplace=inplace)

    def register_cell(self, name: str, cell: Cell, /, **overrides: Any) -> Unit:
        """Puts a cell under this rule, as in `CellTrainer`; its connection must have delays."""
        refuse_no_delays(type(self).__name__, name, cell)
        return super().register_cell(name, cell, **overrides)

    def step(self, cell: Cell, state: CellState) -> None:
        self.contribute(cell, state, "delay", (state.lr_neg, state.tc_neg), (state.lr_pos, state.tc_pos))
