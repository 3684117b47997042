"""Inhibitory plasticity (Vogels et al.): inhibition grows where a neuron fires too much, until it fires at a given rate.

Both sides leave a trace of one time constant, and the postsynaptic one is compared with what a target rate ρ₀ would make of it:

    x_pre ← x_pre·exp(−dt/τ) + s_pre            x_post ← x_post·exp(−dt/τ) + s_post
    Δ|W| = η·s_post·x_pre + η·s_pre·(x_post − α)            α = 2·ρ₀·τ, with ρ₀ in Hz and τ in ms: 2·ρ₀·τ/1000

A pair of spikes close in time strengthens, whichever came first; a presynaptic spike alone weakens by η·α. The window over
Δt = t_post − t_pre, and what a presynaptic spike costs:

    Δ|W|/η    1 ┤       ╱╲              exp(−|Δt|/τ) for each pair
                │   _.─´  `─._
              0 ┼─────────┼────────► Δt
             −α ┤ ─ ─ ─ ─ ─ ─ ─ ─      for each presynaptic spike

Mean drift, of rates that know nothing of each other: η·ρ_pre·(2·ρ_post·τ − α), which is 0 at ρ_post = ρ₀. The rule is a negative feedback:
more firing, more inhibition. Inputs that excite together with an inhibitory cell make it strengthen first, so that inhibition comes to
mirror excitation.

Weights of inhibitory cells are written below 0 where `connection.sign` is −1, and as magnitudes, which the network then takes away, where
it is +1. The rule strengthens away from 0 in both.

Reference: Vogels, Sprekeler, Zenke, Clopath & Gerstner, Science 334:1569 (2011).
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer, Unit
from snnlab.learning.terms import advance_trace, check_tolerance, check_trace_mode, history_like_synapse, pair_update, reduced_pair
from snnlab.network import Cell
from snnlab.updates import Product

Update = Tensor | Product


def depression(target_rate: float, time_constant: float) -> float:
    """α, twice the mean of a trace at the target rate: 2·ρ₀·τ, with ρ₀ in Hz and τ in ms.

    Example:
        >>> depression(5.0, 20.0)
        0.2
    """
    return 2.0 * target_rate * time_constant / 1000.0


def check_direction(name: str, value: Any) -> int | None:
    """−1, +1, or None."""
    if value is not None and (isinstance(value, bool) or value not in (-1, 1)):
        raise ValueError(
            f"{name} must be -1 (inhibition is written as weights below 0), 1 (as magnitudes) or None (connection.sign says it), "
            f"but is {value!r}."
        )
    return None if value is None else int(value)


class VogelsSTDP(IndependentCellTrainer):
    """Trains inhibitory weights until the neurons that they reach fire at a target rate.

    Equation: `help("snnlab.learning.inhibitory")`.

    Which way a weight grows stronger is read from `connection.sign`: below 0 for −1, above 0 for +1. Weights end at 0 there, and never turn
    into excitation. `sign` says it for a connection that has none: then nothing stops a weight at 0.

    The rate settles a little beside the target: a step counts as one moment, so that with cumulative traces it comes out as
    ρ₀·τ·(1 − exp(−dt/τ))/dt, 2.5 % below for dt = 1 ms and τ = 20 ms. Nearest traces do not add up: with them it settles above, for trains
    at random near ρ₀/(1 − ρ₀·τ) where the inputs are about as fast, and further above where they are faster.

    Args:
        lr: learning rate η.
        tc: time constant τ of both traces.
        target_rate: ρ₀, the rate at which the postsynaptic neurons are to fire.
        delayed: how a presynaptic trace is read at a delay between two steps: True lets it decay to the exact time, False takes it as it
            was when the spike arrived. On whole steps the two are the same.
        interp_tolerance: how far a delay may lie off a whole step and still count as one; None takes the synapse's.
        trace_mode: "cumulative" or "nearest".
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.
        sign: −1 or +1, the sign of inhibitory weights, for a connection without `sign`; None reads `connection.sign`.

    Units:
        tc, interp_tolerance: ms;  target_rate: Hz;  lr: weight per spike pair

    Raises:
        ValueError: a time constant not above 0, a rate below 0, an unknown trace mode; on registering a cell: a sign that is free, or
            that the connection contradicts.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(1.0)
        >>> inhibition = snn.LinearDense(1, 1, 1.0, synapse=synapse, weight_init=torch.zeros_like)
        >>> inhibition.sign = torch.tensor([[-1]])
        >>> _ = inhibition.defaultupdater()
        >>> layer = snn.Serial(inhibition, snn.ExactNeuron(1, 1.0, rest_v=-65.0, thresh_v=-50.0))
        >>> rule = VogelsSTDP(lr=0.5, tc=20.0, target_rate=5.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> fires = torch.tensor([[True]])
        >>> layer(fires, neuron_kwargs={"override": fires}).item(), rule(), layer.update()
        (True, None, None)
        >>> inhibition.weight.item()  # −η·(x_pre + x_post − α) = −0.5·(1 + 1 − 0.2)
        -0.899...
    """

    spelled = {"interp_tolerance": "tolerance", "trace_mode": "tracemode", "batch_reduction": "batchreduce"}  # noqa: RUF012

    lr = Setting(checks.not_negative, Quantity("", 0.0, 0.05, "weight change at a pair of spikes", step=0.0005))
    tc = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of both traces", log=True))
    target_rate = Setting(checks.not_negative, Quantity("Hz", 0.0, 50.0, "rate at which the neurons are to fire"))
    delayed = Setting(checks.boolean)
    tolerance = Setting(check_tolerance)
    tracemode = Setting(check_trace_mode)
    batchreduce = Setting(checks.reduction)
    sign = Setting(check_direction)

    def __init__(
        self,
        lr: float,
        tc: float,
        target_rate: float,
        delayed: bool = False,
        interp_tolerance: float | None = None,
        trace_mode: str = "cumulative",
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        sign: int | None = None,
    ) -> None:
        super().__init__()
        self.configure(lr=lr, tc=tc, target_rate=target_rate, delayed=delayed, tolerance=interp_tolerance)
        self.configure(tracemode=trace_mode, batchreduce=batch_reduction, sign=sign)

    def register_cell(self, name: str, cell: Cell, /, **overrides: Any) -> Unit:
        """Puts a cell under this rule, as `CellTrainer.register_cell` does; refuses one that does not say which way inhibition is."""
        unit = super().register_cell(name, cell, **overrides)
        try:
            _direction(cell, unit.state)
        except ValueError:
            self.del_cell(name)
            raise
        return unit

    def build(self, cell: Cell, state: CellState) -> None:
        state.pre_trace_ = history_like_synapse(cell)
        state.register_state("post_trace_", torch.zeros(cell.neuron.batchedshape, dtype=cell.connection.weight.dtype))

    def step(self, cell: Cell, state: CellState) -> None:
        direction = _direction(cell, state)
        spikes, mode, decay = cell.postspike, state.tracemode, math.exp(-cell.connection.dt / state.tc)
        state.pre_trace_.push(advance_trace(mode, cell.synapse.arrived, state.pre_trace_.present, decay))
        state.post_trace_ = advance_trace(mode, spikes, state.post_trace_, decay)

        arriving = cell.synapse.delayed_spikes()
        arriving = arriving._replace(tolerance=arriving.tolerance if state.tolerance is None else state.tolerance)
        reading = {"interp": "expdecay", "time_constant": state.tc} if state.delayed else {}
        traced, alpha = arriving._replace(record=state.pre_trace_, **reading), depression(state.target_rate, state.tc)
        pair = pair_update if isinstance(direction, int) else reduced_pair  # signs that differ are sorted element by element
        stronger = pair(cell, state.lr, spikes, traced, state.batchreduce)
        stronger = stronger + pair(cell, state.lr, state.post_trace_, arriving, state.batchreduce)
        weaker = pair(cell, state.lr * alpha, torch.ones_like(state.post_trace_), arriving, state.batchreduce)
        cell.updater.weight.add(*_towards(direction, stronger, weaker))


def _direction(cell: Cell, state: CellState) -> Tensor | int:
    """The sign of inhibitory weights: an argument, or what the connection says; ValueError where neither does, or they differ."""
    own, sign = getattr(cell.connection, "sign", None), state.sign
    if own is None:
        if sign is None:
            raise ValueError(
                f"sign must be known, but this {type(cell.connection).__name__} has none, so nothing says which way inhibition grows. "
                "Say it to the rule, sign=-1 for weights below 0 or sign=1 for magnitudes to be subtracted, or to the "
                "connection: connection.sign = -torch.ones_like(connection.weight)."
            )
        return sign
    change = None if own.is_inference() else own._version
    known = state.__dict__.get("known_sign")  # a look at every element makes a GPU wait, so once for each tensor
    if known is None or known[0] is not own or known[1] != (change, sign) or change is None:
        if (own == 0).any():
            raise ValueError("connection.sign must be -1 or +1 for inhibitory plasticity, but leaves some weights free (0).")
        if sign is not None and (own != sign).any():
            raise ValueError(f"sign must agree with connection.sign, but is {sign}, and some there are not. Leave it out to read those.")
        alike = int(own.flatten()[0]) if (own == own.flatten()[0]).all() else own
        known = state.__dict__["known_sign"] = (own, (change, sign), alike)
    return known[2]


def _towards(direction: Tensor | int, stronger: Update, weaker: Update) -> tuple[Update, Update]:
    """What is added and what is taken away, where weights of this sign are to grow away from 0 by `stronger` and towards it by `weaker`."""
    if isinstance(direction, int):
        return (stronger, weaker) if direction > 0 else (weaker, stronger)
    above = direction > 0
    return torch.where(above, stronger, weaker), torch.where(above, weaker, stronger)
