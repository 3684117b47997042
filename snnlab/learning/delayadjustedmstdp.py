"""Delay-adjusted STDP modulated by reward: of weights, and of the delays themselves.

With A and B as in `snnlab.learning.delayadjusted`, from Δ = t_post − t_pre − d, at every step:

    weight    ΔW = r·( η₊·A + η₋·B )         η₊ > 0 > η₋: a reward strengthens what came in time and weakens what came too late
    delay     Δd = r·( η₋·A + η₊·B )         η₋ < 0 < η₊: a reward brings the arrivals of spikes closer to the answer

and a punishment, r < 0, does the opposite. The reward of a step meets the differences as they stand at this very step, which persist
until either side spikes again: a late reward finds the last pair where it was.

How samples with rewards of their own become one update is in `snnlab.learning.reward`.

Reference: Nadafian & Ganjtabesh, arXiv:2011.09380 (2020), for delay-adjusted times; Florian, Neural Comput. 19:1468 (2007), for rewards.
"""

from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, Unit
from snnlab.learning.delayadjusted import adjusted_pairs, refuse_no_delays
from snnlab.learning.lastspike import advance_since, build_since
from snnlab.learning.reward import Parts, Reduction, RewardedTrainer, check_sum, rewarded_in_turn
from snnlab.learning.terms import check_tolerance
from snnlab.network import Cell


class _RewardedDelayAdjusted(RewardedTrainer):
    """What the rule for weights and that for delays share."""

    spelled = {"interp_tolerance": "tolerance", "batch_reduction": "batchreduce"}  # noqa: RUF012

    tc_pos = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of what goes with lr_pos, with the distance in time", log=True))
    tc_neg = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of what goes with lr_neg, with the distance in time", log=True))
    tolerance = Setting(check_tolerance)
    batchreduce = Setting(check_sum)
    inplace = Setting(checks.boolean)

    def build(self, cell: Cell, state: CellState) -> None:
        build_since(cell, state)

    def by_last_spikes(
        self, cell: Cell, state: CellState, reward: float | Tensor, causal: tuple[float, float], anticausal: tuple[float, float]
    ) -> Parts:
        """One step of the rule for the parameter it trains, with the rate and the time constant of either side."""
        advance_since(cell, state)
        connection, (name,) = cell.connection, self.trains
        pairs, rates = partial(adjusted_pairs, cell, state, name, causal[1], anticausal[1]), (causal[0], anticausal[0])
        parts = rewarded_in_turn(rates, pairs, reward, connection.batchsz, state.batchreduce)
        mask = getattr(connection, "mask", None)
        if mask is None or mask.shape != getattr(connection, name).shape:
            return parts
        return tuple(None if part is None else part.masked_fill_(mask == 0, 0) for part in parts)


class DelayAdjustedMSTDP(_RewardedDelayAdjusted):
    """Trains weights by how long before or after its arrival a spike was answered, times a reward: `rule(signal)`.

    Equation: `help("snnlab.learning.delayadjustedmstdp")`. A connection without delays will do: they count as 0.

    Args:
        lr_pos: learning rate of pairs in time; above 0 a reward strengthens.
        lr_neg: learning rate of pairs too late; below 0 a reward weakens.
        tc_pos: time constant of pairs in time.
        tc_neg: time constant of pairs too late.
        interp_tolerance: how far Δ may lie below 0 and still count as 0; None takes the synapse's.
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the sum.
        inplace: as in `DelayAdjustedSTDP`.

    Units:
        tc_pos, tc_neg, interp_tolerance: ms;  lr_pos, lr_neg: weight per step and reward

    Shape:
        signal: none, or B

    Raises:
        ValueError: a time constant not above 0, a tolerance below 0.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=3.0, weight_init=torch.ones_like, delay_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater(exclude_delay=True)
        >>> rule = DelayAdjustedMSTDP(lr_pos=0.5, lr_neg=-0.5, tc_pos=20.0, tc_neg=20.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> for spike in (True, False):  # it arrives at the second step, and is answered at once: Δ = 0
        ...     _ = layer(torch.tensor([[spike]])), rule(-1.0), layer.update()
        >>> connection.weight.item()
        0.5
    """

    lr_pos = Setting(checks.number, Quantity("", -0.01, 0.01, "rewarded change per step of a pair in time", step=0.0001))
    lr_neg = Setting(checks.number, Quantity("", -0.01, 0.01, "rewarded change per step of a pair too late", step=0.0001))

    def __init__(
        self,
        lr_pos: float,
        lr_neg: float,
        tc_pos: float,
        tc_neg: float,
        interp_tolerance: float | None = None,
        batch_reduction: Reduction | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        self.configure(lr_pos=lr_pos, lr_neg=lr_neg, tc_pos=tc_pos, tc_neg=tc_neg)
        self.configure(tolerance=interp_tolerance, batchreduce=batch_reduction, inplace=inplace)

    def parts(self, cell: Cell, state: CellState, reward: float | Tensor) -> Parts:
        return self.by_last_spikes(cell, state, reward, (state.lr_pos, state.tc_pos), (state.lr_neg, state.tc_neg))


class DelayAdjustedMSTDPD(_RewardedDelayAdjusted):
    """Trains delays by how long before or after its arrival a spike was answered, times a reward: `rule(signal)`.

    Equation: `help("snnlab.learning.delayadjustedmstdp")`. Delays stay between 0 and the longest of their connection.

    Args:
        lr_neg: learning rate of pairs in time; below 0 a reward makes their delays shorter.
        lr_pos: learning rate of pairs too late; above 0 a reward makes their delays longer.
        tc_neg: time constant of pairs in time.
        tc_pos: time constant of pairs too late.
        interp_tolerance, batch_reduction, inplace: as in `DelayAdjustedMSTDP`.

    Units:
        tc_neg, tc_pos, interp_tolerance: ms;  lr_neg, lr_pos: ms per step and reward

    Shape:
        signal: none, or B

    Raises:
        ValueError: a time constant not above 0, a tolerance below 0.
        RuntimeError: at registration, a cell whose connection has no delays.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=3.0, weight_init=torch.ones_like, delay_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater(exclude_weight=True)
        >>> rule = DelayAdjustedMSTDPD(lr_neg=-0.25, lr_pos=0.25, tc_neg=20.0, tc_pos=20.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> for spike in (True, False):  # it arrives at the second step, and is answered at once: Δ = 0
        ...     _ = layer(torch.tensor([[spike]])), rule(-1.0), layer.update()
        >>> connection.delay.item()
        1.25
    """

    trains: ClassVar[tuple[str, ...]] = ("delay",)

    lr_neg = Setting(checks.number, Quantity("", -0.1, 0.1, "rewarded change of the delay per step of a pair in time", step=0.001))
    lr_pos = Setting(checks.number, Quantity("", -0.1, 0.1, "rewarded change of the delay per step of a pair too late", step=0.001))

    def __init__(
        self,
        lr_neg: float,
        lr_pos: float,
        tc_neg: float,
        tc_pos: float,
        interp_tolerance: float | None = None,
        batch_reduction: Reduction | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        self.configure(lr_neg=lr_neg, lr_pos=lr_pos, tc_neg=tc_neg, tc_pos=tc_pos)
        self.configure(tolerance=interp_tolerance, batchreduce=batch_reduction, inplace=inplace)

    def register_cell(self, name: str, cell: Cell, /, **overrides: Any) -> Unit:
        """Puts a cell under this rule, as in `CellTrainer`; its connection must have delays."""
        refuse_no_delays(type(self).__name__, name, cell)
        return super().register_cell(name, cell, **overrides)

    def parts(self, cell: Cell, state: CellState, reward: float | Tensor) -> Parts:
        return self.by_last_spikes(cell, state, reward, (state.lr_neg, state.tc_neg), (state.lr_pos, state.tc_pos))
