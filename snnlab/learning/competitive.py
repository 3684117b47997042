"""Competitive learning: the weights of whoever spikes move towards what has just come in.

    x ← x·exp(−dt/τ_pre) + s_pre                        presynaptic trace
    ΔW[n, m] = η·s_post[n]·( c·x[m]/Σx − W[n, m] )      c the sum of a neuron's weights

At every spike of a neuron its weights take a step of size η towards the present pattern of inputs, scaled to a fixed sum: they become the
mean of the patterns that make it spike. Where neurons inhibit each other, each takes a kind of pattern of its own, as k-means gives each
centre a cluster; the rule differs from k-means in seeing one spike at a time.

Where the connection has delays, the pattern is what arrives: the scaled trace, read at each synapse's delay. In a `Conv2D` every site has
a pattern of its own, what its taps see, and the shared weights move by the sum over sites; in `traced.Conv2d` the whole image is scaled.

Reference: Grossberg, Biol. Cybern. 23:121 (1976), instar learning; Rumelhart & Zipser, Cogn. Sci. 9:75 (1985), competitive learning.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.learning.terms import advance_trace, history_like_synapse, reduce_batch, reduced_pair
from snnlab.network import Cell


class Competitive(IndependentCellTrainer):
    """Trains weights towards the inputs that made a neuron spike.

    Equation: `help("snnlab.learning.competitive")`.

    Args:
        lr: learning rate, the share of the way that one spike moves the weights.
        tc_pre: time constant of the presynaptic trace.
        total: sum that the pattern is scaled to; the sum of a neuron's weights, if they are to stay normalised.
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.

    Units:
        tc_pre: ms;  lr: 1;  total: weight

    Raises:
        ValueError: a rate below 0, a time constant or a total not above 0.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> layer = snn.Serial(
        ...     snn.LinearDense(2, 1, 1.0, synapse=synapse, weight_init=lambda w: torch.tensor([[0.5, 0.5]])),
        ...     snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-62.0, refrac_t=0.0, time_constant=10.0),
        ... )
        >>> _ = layer.connection.defaultupdater()
        >>> rule = Competitive(lr=0.5, tc_pre=20.0, total=1.0)
        >>> _ = rule.register_cell("only", layer.cell)
        >>> layer(torch.tensor([[True, False]])).item()
        True
        >>> rule()
        >>> layer.update()
        >>> layer.connection.weight.detach()  # half of the way to (1, 0)
        tensor([[0.7500, 0.2500]])
    """

    spelled = {"batch_reduction": "batchreduce"}  # noqa: RUF012

    lr = Setting(checks.not_negative, Quantity("", 0.0, 1.0, "how far a spike moves the weights to its input"))
    tc_pre = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the presynaptic trace", log=True))
    total = Setting(checks.positive, Quantity("", 0.1, 100.0, "sum of a neuron's weights", log=True))
    batchreduce = Setting(checks.reduction)

    def __init__(self, lr: float, tc_pre: float, total: float, batch_reduction: Callable[[Tensor, int], Tensor] | None = None) -> None:
        super().__init__()
        self.configure(lr=lr, tc_pre=tc_pre, total=total, batchreduce=batch_reduction)

    def build(self, cell: Cell, state: CellState) -> None:
        state.pattern_ = history_like_synapse(cell)
        state.register_state("trace_", torch.zeros(cell.synapse.batchedshape, dtype=cell.connection.weight.dtype))

    def step(self, cell: Cell, state: CellState) -> None:
        spikes, weight = cell.postspike, cell.connection.weight
        decay = math.exp(-cell.connection.dt / state.tc_pre)
        state.trace_ = advance_trace("cumulative", cell.synapse.arrived, state.trace_, decay)
        whole = state.trace_.sum(1, keepdim=True).clamp(min=1e-12)  # of all inputs; of a convolution, of all that one site sees
        state.pattern_.push(state.trace_ * (state.total / whole))
        towards = reduced_pair(cell, state.lr, spikes, cell.synapse.delayed_spikes()._replace(record=state.pattern_), state.batchreduce)
        away = reduce_batch(state.batchreduce, cell.connection.postsyn_receptive(spikes).to(weight.dtype).sum(-1) * state.lr) * weight
        cell.updater.weight.add(pos=towards, neg=away)
