"""Linear homeostasis: a neuron that spikes more than it should is held back, one that spikes less is helped.

    r[n] ← mean of s_post[n] over all steps since `clear()`
    k[n] = λ·( r*[n] − r[n] ) / r*[n]              λ the plasticity, r* the target, both rates in spikes a step
    ΔW[n, m] = k[n]         Δb[n] = k[n]         Δd[n, m] = −k[n]

A neuron at rest moves by λ, one at its target stays, one at twice its target moves by −λ, whatever the target is: a negative feedback,
linear in the rate. Excitatory weights, or the bias, bring a neuron's drive up; for a delay the sign is the other way round, so that what
is to spike more hears its inputs sooner. Weights that several sites share, as in `Conv2D`, change by the mean over sites.

    r / r*       0      0.5      1      1.5      2      3
    k / λ        1      0.5      0     −0.5     −1     −2

A rate of ρ Hz is ρ·dt/1000 spikes a step: 10 Hz at steps of 1 ms are 0.01. The mean is of all steps alike, so that early steps are
forgotten ever more slowly, and parameters swing about where they are to settle: keep λ small, and start again at times with `clear()`.

Reference: Turrigiano, Cell 135:422 (2008), firing rate homeostasis; van Rossum, Bi & Turrigiano, J. Neurosci. 20:8812 (2000), as a rule.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.quantity import Quantity, Setting
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.learning.delayadjusted import refuse_no_delays
from snnlab.learning.terms import reduce_batch
from snnlab.learning.watch import warn_user
from snnlab.network import Cell

PARAMETERS = ("weight", "bias", "delay")


def check_parameter(name: str, value: Any) -> str:
    """One of the parameters that a connection may have."""
    return checks.one_of(name, value, PARAMETERS)


def check_target(name: str, value: Any, unit: str = "") -> float | Tensor | None:
    """A rate above 0, or a tensor of such; None for a rule that is told at every call."""
    if value is None:
        return None
    hint = "To silence a neuron, take a small one."
    if not isinstance(value, Tensor) or value.dim() == 0:
        value = checks.positive(name, value, unit, hint)
    elif not (checks.finite(name, value) > 0).all():
        raise ValueError(f"{name} must be above 0 in every element, but its least is {value.min():g}. {hint}")
    if (value > 1) if isinstance(value, float) else (value > 1).any():
        came = f"{value:g}" if isinstance(value, float) else f"up to {value.max():g}"
        warn_user(f"{name} counts spikes a step, of which there is at most 1, but is {came}: it is never reached. Hz are times dt/1000.")
    return value if isinstance(value, float) else value.detach()


class LinearHomeostasis(IndependentCellTrainer):
    """Trains weights, biases or delays until every neuron spikes at a target rate.

    Equation: `help("snnlab.learning.homeostasis")`.

    Args:
        plasticity: λ, what a neuron at rest gains at a step; below 0 the feedback is positive, as for weights that inhibit.
        target: r*, the rate to be reached, above 0; a number, or a tensor of one for each sample and neuron. None: each call says it.
        param: what is trained: "weight", "bias" or "delay".
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.

    Units:
        target: spikes a step;  plasticity: that of the parameter: weight, nA or ms

    Shape:
        target: none, or B x outshape

    Raises:
        ValueError: a target not above 0, an unknown parameter.
        RuntimeError: on registering, a connection that does not have the parameter; at a call, a cell without any target.

    Warns:
        UserWarning: a target above 1 spike a step.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(1.0)
        >>> connection = snn.LinearDense(1, 2, 1.0, synapse=synapse, weight_init=torch.zeros_like)
        >>> layer = snn.Serial(connection, snn.ExactNeuron(2, 1.0, rest_v=-65.0, thresh_v=-50.0))
        >>> _ = connection.defaultupdater()
        >>> rule = LinearHomeostasis(plasticity=0.1, target=0.5, param="weight")
        >>> _ = rule.register_cell("only", layer.cell)
        >>> _ = layer(torch.zeros(1, 1), neuron_kwargs={"override": torch.tensor([[True, False]])}), rule(), layer.update()
        >>> connection.weight.tolist()  # the first neuron spikes at twice the target, the second not at all
        [[-0.100...], [0.100...]]
    """

    spelled = {"batch_reduction": "batchreduce"}  # noqa: RUF012

    plasticity = Setting(checks.number, Quantity("", -0.01, 0.01, "what a neuron at rest gains at a step", step=0.0001))
    target = Setting(check_target, Quantity("", 0.001, 1.0, "spikes a step to be reached", log=True))
    param = Setting(check_parameter)
    batchreduce = Setting(checks.reduction)

    def __init__(
        self,
        plasticity: float,
        target: float | Tensor | None,
        param: str,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.configure(plasticity=plasticity, target=target, param=param, batchreduce=batch_reduction)

    def trained(self, state: CellState) -> tuple[str, ...]:
        """The one parameter that is trained in a cell of these settings."""
        return (state.param,)

    def _check_trained(self, name: str, cell: Cell, state: CellState) -> None:
        super()._check_trained(name, cell, state)
        if state.param == "delay":
            refuse_no_delays(type(self).__name__, name, cell)

    def build(self, cell: Cell, state: CellState) -> None:
        shape = cell.neuron.batchedshape
        state.register_state("spikes_", torch.zeros(shape, dtype=torch.int64))  # counts are exact, however long a run is
        state.register_state("steps_", torch.zeros(shape[0], dtype=torch.int64))

    def rate(self, name: str) -> Tensor:
        """The rate of each neuron of a cell since `clear()`, in spikes a step, B x outshape; 0 before the first step."""
        state = self.get_unit(name).state
        return _rate(state, self.get_unit(name).cell.connection.weight.dtype)

    def forward(self, target: float | Tensor | None = None, cells: Iterable[str] | None = None) -> None:
        """Looks at every cell once; call it after the layer's step and before `layer.update()`.

        Args:
            target: the rate to be reached at this step in all cells of this call; None: each cell's own, or the rule's.
            cells: names of the cells that it looks at, as in `CellTrainer.forward`.

        Raises:
            RuntimeError: a cell without any target; and as in `CellTrainer.forward`.
            ValueError: a target not above 0, or not shaped like the spikes of a cell. No rate has changed then.
        """
        super().forward(check_target("target", target), cells=cells)

    def check_call(self, cell: Cell, state: CellState, target: float | Tensor | None) -> None:
        target = state.target if target is None else target
        if target is None:
            raise RuntimeError(
                f"Cell {state.watch.name!r} has no target. Give one to LinearHomeostasis, to register_cell, or to the call: rule(0.01)."
            )
        if isinstance(target, Tensor):
            checks.shaped("target", target, tuple(cell.neuron.batchedshape), "B x outshape", "A plain number holds for all neurons.")

    def step(self, cell: Cell, state: CellState, target: float | Tensor | None) -> None:
        connection, dtype = cell.connection, cell.connection.weight.dtype
        state.spikes_ = state.spikes_ + cell.postspike
        state.steps_ = state.steps_ + 1
        target = state.target if target is None else target
        target = target.to(connection.weight.device, dtype) if isinstance(target, Tensor) else target
        missing = connection.postsyn_receptive(1 - _rate(state, dtype) / target).mean(-1)
        k = missing * (-state.plasticity if state.param == "delay" else state.plasticity)
        pos, neg = reduce_batch(state.batchreduce, k.clamp(min=0)), -reduce_batch(state.batchreduce, k.clamp(max=0))
        if state.param == "bias":
            pos, neg = connection.like_bias(pos), connection.like_bias(neg)
        getattr(cell.updater, state.param).add(pos, neg)


def _rate(state: CellState, dtype: torch.dtype) -> Tensor:
    steps = state.steps_.clamp(min=1).view(-1, *[1] * (state.spikes_.dim() - 1))
    return state.spikes_.to(dtype) / steps
