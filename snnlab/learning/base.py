"""What every learning rule does: looks at its cells once a step, and proposes updates of their parameters.

    layer(x)          the step
    trainer()         the rule reads the cells: traces advance, contributions go to each cell's updater
    layer.update()    the parameters change

Traces have unit amplitude and are buffers of the rule, one set a cell; learning rates multiply at the product, so that a rate set between
two steps acts at the next.
"""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import torch
from torch import nn

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.quantity import Setting
from snnlab.network import Cell
from snnlab.synapses import InfernoSynapse


class CellState(Module):
    """What a rule keeps for one cell: its settings, and its traces.

    A setting is the trainer's, unless it was overridden for this cell: `state.lr_post`.

    Args:
        trainer: whose settings hold where nothing is overridden.
        overrides: settings of this cell alone.
    """

    def __init__(self, trainer: "CellTrainer", overrides: dict[str, Any]) -> None:
        super().__init__()
        self.__dict__.update(_trainer=trainer, overrides=overrides, built_for=None, kind=None, seen_steps=0, called=False)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if name in own.get("overrides", ()):
            return own["overrides"][name]
        if "_trainer" in own and name in own["_trainer"].settings():
            return getattr(own["_trainer"], name)
        return super().__getattr__(name)


@dataclass(frozen=True)
class Unit:
    """A cell in training, and what the rule keeps for it.

    Args:
        cell: the cell.
        state: its settings under this rule, and its traces.

    Example:
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater()
        >>> unit = snn.STDP(lr_post=0.1, lr_pre=-0.1, tc_post=20.0, tc_pre=20.0).register_cell("only", layer.cell, lr_post=0.2)
        >>> unit.cell is layer.cell, unit.state.lr_post, unit.state.lr_pre
        (True, 0.2, -0.1)
    """

    cell: Cell
    state: CellState


class CellTrainer(Module, ABC):
    """A learning rule over named cells.

    A subclass declares its settings, names the parameters that it trains in `trains`, builds its traces in `build`, and works in `step`.

    Attributes:
        trains: names of the parameters that each cell's updater must hold.

    Example:
        >>> class Decay(CellTrainer):  # every weight falls by a tenth a step
        ...     def build(self, cell, state):
        ...         pass
        ...     def step(self, cell, state):
        ...         cell.updater.weight = (None, 0.1 * cell.connection.weight)
        >>> synapse = snn.DeltaCurrent.partialconstructor(1.0)
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater()
        >>> rule = Decay()
        >>> _ = rule.register_cell("only", layer.cell)
        >>> _ = layer(torch.zeros(1, 2)), rule(), layer.update()
        >>> connection.weight.data
        tensor([[0.9000, 0.9000]])
    """

    trains: ClassVar[tuple[str, ...]] = ("weight",)

    def __init__(self) -> None:
        super().__init__()
        self.states_ = nn.ModuleDict()
        self.__dict__["_cells"] = {}

    @classmethod
    @cache
    def settings(cls) -> dict[str, Setting]:
        """Every setting of the rule, by name."""
        return {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items() if isinstance(value, Setting)}

    # --- cells --------------------------------------------------------------------------------------------------------------------

    def register_cell(self, name: str, cell: Cell, /, **overrides: Any) -> Unit:
        """Puts a cell under this rule.

        Args:
            name: what to call it here.
            cell: the cell; its connection needs an updater.
            **overrides: constructor arguments of the rule that differ for this cell.

        Raises:
            ValueError: the name is taken; an override out of its range.
            TypeError: an override that the rule does not have.
            RuntimeError: the cell has no updater, or its updater lacks a parameter that the rule trains.
        """
        if not isinstance(cell, Cell):
            raise TypeError(f"cell must be a Cell, but is of type {type(cell).__name__}. Take it from layer.add_cell or serial.cell.")
        key = checks.text("name", name).replace(".", "_")  # torch takes no dot in a name
        if key in self.states_:
            raise ValueError(f"There is a cell {name!r} in this {type(self).__name__} already. Choose another name, or del_cell it first.")
        if hasattr(self.states_, key):
            raise ValueError(f"name must be free, but {name!r} means something else to the trainer's containers. Try {name}_1.")
        if cell.updater is None:
            raise RuntimeError(
                f"Cell {name!r} has no updater, so nothing could be learned. Call cell.connection.defaultupdater() before registering it."
            )
        for parameter in self.trains:
            if parameter not in cell.updater.names:
                raise RuntimeError(f"Cell {name!r} has an updater without {parameter!r}, which {type(self).__name__} trains.")
        if not isinstance(cell.synapse, InfernoSynapse):
            raise TypeError(
                f"Cell {name!r} has a synapse of type {type(cell.synapse).__name__}; rules read the history of an InfernoSynapse."
            )
        state = CellState(self, self._checked(overrides))
        state.seen_steps = cell.steps
        self.states_[key] = state
        self._cells[name] = Unit(cell, state)
        self._fit(self._cells[name])
        return self._cells[name]

    def _checked(self, overrides: dict[str, Any]) -> dict[str, Any]:
        settings, checked = self.settings(), {}
        for argument, value in overrides.items():
            name = self.spelled.get(argument, argument)
            if name not in settings:
                known = sorted({*settings, *self.spelled} - set(self.spelled.values()))
                raise TypeError(f"{type(self).__name__} takes no override {argument!r}; it takes {', '.join(known)}.")
            checked[name] = settings[name].check(argument, value)
        return checked

    def get_unit(self, name: str) -> Unit:
        """The cell of this name and its state; AttributeError if there is none."""
        if name not in self._cells:
            raise AttributeError(f"There is no cell {name!r} in this {type(self).__name__}; there is: {', '.join(self._cells) or 'none'}.")
        return self._cells[name]

    def del_cell(self, name: str) -> None:
        """Takes a cell from under this rule; AttributeError if there is none of this name."""
        self.get_unit(name)
        del self._cells[name], self.states_[name.replace(".", "_")]

    def __iter__(self) -> Iterator[Unit]:
        return iter(self._cells.values())

    def __len__(self) -> int:
        return len(self._cells)

    # --- a step -------------------------------------------------------------------------------------------------------------------

    @abstractmethod
    def build(self, cell: Cell, state: CellState) -> None:
        """Makes the traces of a cell, at rest."""

    @abstractmethod
    def step(self, cell: Cell, state: CellState) -> None:
        """Advances the traces of a cell by the step that has just run, and adds contributions to its updater."""

    def _fit(self, unit: Unit) -> None:
        """Builds the traces, and builds them anew when the cell has another batch size, step time or longest delay."""
        connection = unit.cell.connection
        shape = (unit.cell.neuron.batchedshape, connection.dt, connection.delayedby)
        if shape != unit.state.built_for:
            self.build(unit.cell, unit.state)
            unit.state.built_for = shape
        kind = (connection.weight.device, connection.weight.dtype)
        if unit.state.kind != kind:
            unit.state.to(*kind).kind = kind

    @torch.no_grad()
    def forward(self) -> None:
        """Looks at every cell once; call it after the layer's step and before `layer.update()`.

        A cell in evaluation mode, whose updater is gone, or that has not run at this step is passed over; in evaluation mode of the rule
        all are.

        Raises:
            RuntimeError: no cell has run since the last call, or there is no cell.

        Warns:
            UserWarning: a cell has run more than one step since.
        """
        if not self._cells:
            raise RuntimeError(f"{type(self).__name__} has no cell to train. Call register_cell(name, cell) first.")
        learning = {n: u for n, u in self._cells.items() if self.training and u.cell.training and u.cell.updater is not None}
        ran = {name: unit for name, unit in learning.items() if unit.cell.steps != unit.state.seen_steps}
        if learning and not ran:
            since = "since the last call" if any(unit.state.called for unit in learning.values()) else "yet"
            names = ", ".join(map(repr, learning))
            raise RuntimeError(f"Cell {names} has not run {since}. Call the layer first, then {type(self).__name__}, once a step.")
        for name, unit in ran.items():
            self._warn_of_gaps(name, unit)
            self._fit(unit)
            self.step(unit.cell, unit.state)
        for unit in self:
            unit.state.seen_steps, unit.state.called = unit.cell.steps, True

    def _warn_of_gaps(self, name: str, unit: Unit) -> None:
        unseen = unit.cell.steps - unit.state.seen_steps - 1
        if unseen:
            warnings.warn(
                f"Cell {name!r} ran {unseen} steps that {type(self).__name__} did not see, so its traces know nothing of them. "
                "Call it after every step, or clear() it after steps that are not to be learned from.",
                stacklevel=6,
            )

    def clear(self, **kwargs: Any) -> None:
        """Brings the traces to rest; steps that the cells have run so far are forgotten."""
        super().clear(**kwargs)
        for unit in self:
            unit.state.seen_steps = unit.cell.steps

    def update(self) -> None:
        """Applies the pending updates of the layers that the cells belong to."""
        for layer in {id(unit.cell.layer): unit.cell.layer for unit in self}.values():
            layer.update()


class IndependentCellTrainer(CellTrainer):
    """A rule whose cells know nothing of each other. A subclass as in `CellTrainer`.

    Example:
        >>> issubclass(snn.STDP, IndependentCellTrainer), snn.STDP.trains
        (True, ('weight',))
    """
