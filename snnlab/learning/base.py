"""What every learning rule does: looks at its cells once a step, and proposes updates of their parameters.

    layer(x)          the step
    trainer()         the rule reads the cells: traces advance, contributions go to each cell's updater
    layer.update()    the parameters change

Traces have unit amplitude and are buffers of the rule, one set a cell; learning rates multiply at the product, so that a rate set between
two steps acts at the next. What is left out of these three is noticed; see `snnlab.learning.watch`.
"""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from functools import cache, partial
from operator import attrgetter
from typing import Any, ClassVar

import torch
from torch import nn

from snnlab.core import checks
from snnlab.core.module import Module, changes, without_grad
from snnlab.core.quantity import Setting
from snnlab.learning.state import CellState, Unit
from snnlab.learning.watch import Watch, check_gathers
from snnlab.network import Cell
from snnlab.synapses import InfernoSynapse


class CellTrainer(Module, ABC):
    """A learning rule over named cells.

    A subclass declares its settings, names the parameters that it trains in `trains`, builds its traces in `build`, and works in `step`.
    What a call is given, such as a reward, goes on to `step`; where it can be wrong, `check_call` refuses it before anything changes.
    Settings that must fit each other are checked in `check_together`. A setting whose constructor argument is spelled differently
    (`spelled`) goes by both names, on the rule and on `unit.state`: `rule.trace_mode` is `rule.tracemode`.

    Attributes:
        trains: names of the parameters that each cell's updater must hold.
        gathers: how many steps updates may gather before the rule says that none was applied; None: 100 before the first update, and 1,000
            after it. Set it where updates are applied once in a long while on purpose. A cell may have its own.

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

    gathers = Setting(check_gathers)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for argument, name in vars(cls).get("spelled", {}).items():
            if not hasattr(cls, argument):
                setattr(cls, argument, property(attrgetter(name), partial(_set, name), doc=f"`{name}`, as the constructor calls it."))

    def __init__(self) -> None:
        super().__init__()
        self.states_ = nn.ModuleDict()
        self.__dict__.update(_cells={}, _fitting=set())
        self.configure(gathers=None)

    @classmethod
    @cache
    def settings(cls) -> dict[str, Setting]:
        """Every setting of the rule, by name."""
        return {name: value for base in reversed(cls.__mro__) for name, value in vars(base).items() if isinstance(value, Setting)}

    def check_settings(self) -> None:
        """Checks settings that must fit each other, the rule's own and those of every cell that has some of its own."""
        if not all(f"_{name}" in self.__dict__ for name in self.settings()):
            return  # it is being built
        self._forget()
        self._check_settings()

    def configure(self, **settings: Any) -> None:
        try:
            super().configure(**settings)
        except Exception:
            self._forget()  # what was looked up meanwhile, for the change is taken back
            raise

    def _forget(self) -> None:
        for unit in self:
            unit.state.forget()

    def _check_settings(self) -> None:
        self.check_together(self)
        for name, unit in self._cells.items():
            if unit.state.overrides:
                try:
                    self.check_together(unit.state)
                except ValueError as error:
                    raise ValueError(f"Cell {name!r} has settings of its own. {error}") from None
            self._check_trained(name, unit.cell, unit.state)
        for unit in self:
            unit.state.watch.parameters = self.trained(unit.state)
            unit.state.watch.warn_of_short_times(unit.cell, self._times(unit.state))

    def check_together(self, settings: Any) -> None:
        """Refuses settings that do not fit each other; `settings` has them as attributes, be it the rule or the state of a cell."""

    def trained(self, state: CellState) -> tuple[str, ...]:
        """Names of the parameters that are trained in a cell of these settings: `trains`, unless a subclass says otherwise."""
        return self.trains

    def extra_repr(self) -> str:
        """The settings, as the constructor is given them."""
        arguments = {name: argument for argument, name in self.spelled.items()}
        values = {arguments.get(name, name): self.__dict__.get(f"_{name}") for name in self.settings()}
        return ", ".join(f"{name}={_shown(value)}" for name, value in values.items() if value is not None)

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

        Warns:
            UserWarning: a time constant far below a step, which was rather meant in seconds.
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
        if not isinstance(cell.synapse, InfernoSynapse):
            raise TypeError(
                f"Cell {name!r} has a synapse of type {type(cell.synapse).__name__}; rules read the history of an InfernoSynapse."
            )
        state = CellState(self, self._checked(overrides))
        self.check_together(state)
        self._check_trained(name, cell, state)
        state.__dict__["watch"] = Watch(cell, type(self).__name__, name, self.trained(state))
        state.watch.warn_of_short_times(cell, self._times(state))
        unit = Unit(cell, state)
        self._fit(unit)
        self.states_[key], self._cells[name] = state, unit
        return unit

    def _times(self, state: CellState) -> dict[str, float]:
        """The time constants of a cell, by name."""
        return {name: getattr(state, name) for name in self.settings() if name.partition("_")[0] == "tc"}

    def _check_trained(self, name: str, cell: Cell, state: CellState) -> None:
        for parameter in self.trained(state):
            if cell.updater is not None and parameter not in cell.updater.names:
                raise RuntimeError(
                    f"Cell {name!r} has an updater without {parameter!r}, which {type(self).__name__} trains. Build the connection with "
                    f"{parameter}, if it has none, and call cell.connection.defaultupdater()."
                )

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
    def step(self, cell: Cell, state: CellState, *args: Any, **kwargs: Any) -> None:
        """Advances the traces of a cell by the step that has just run, and adds contributions to its updater.

        What the rule was called with follows the state.
        """

    def check_call(self, cell: Cell, state: CellState, *args: Any, **kwargs: Any) -> None:
        """Refuses what a call was given where it does not fit a cell; asked of all cells before any trace has changed."""

    def _fit(self, unit: Unit) -> None:
        """Builds the traces, and builds them anew when the cell has another batch size, step time or longest delay."""
        connection = unit.cell.connection
        shape = (unit.cell.neuron.batchedshape, connection.dt, connection.delayedby)
        if shape != unit.state.built_for:
            self.build(unit.cell, unit.state)
            unit.state.built_for, unit.state.kind = shape, None  # what was built lies wherever torch puts it
        weight = connection.weight
        kind = (weight.device, weight.dtype)
        if unit.state.kind != kind:
            kept = torch.promote_types(weight.dtype, torch.float32)  # half precision does not count far: a time of 256 + 1 would stay 256
            unit.state.to(weight.device, kept).kind = kind
        unit.state.__dict__["fitted_at"] = changes()

    @without_grad
    def forward(self, *args: Any, cells: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Looks at every cell once; call it after the layer's step and before `layer.update()`.

        A cell in evaluation mode, whose updater is gone, or that has not run at this step is passed over; in evaluation mode of the rule
        all are.

        Args:
            *args, **kwargs: what the rule needs to know at a step, such as a reward; most rules need nothing.
            cells: names of the cells that it looks at; None for all. The others are passed over, as if it had not been called: call it
                again within the same step to tell them something else. Where nobody calls it for them, their traces miss the step.

        Raises:
            RuntimeError: no cell has run since the last call, or there is no cell.
            AttributeError: a name in `cells` that no cell has.
            TypeError: arguments that the rule does not take, or too few of them.

        Warns:
            UserWarning: a cell has run more than one step since; it has no updater any more; its updates were never applied (`gathers`).
        """
        if not self._cells:
            raise RuntimeError(f"{type(self).__name__} has no cell to train. Call register_cell(name, cell) first.")
        self._check_arguments(args, kwargs)
        chosen = (self._cells if cells is None else self._chosen(cells)).values()
        learning, lacking = [], []
        for unit in chosen if self.training else ():
            if unit.cell.training:
                (lacking if unit.cell.updater is None else learning).append(unit)
        ran = [unit for unit in learning if unit.state.watch.has_run(unit.cell)]
        if learning and not ran:
            since = "since the last call" if any(unit.state.watch.called for unit in learning) else "yet"
            names = ", ".join(repr(unit.state.watch.name) for unit in learning)
            raise RuntimeError(f"Cell {names} has not run {since}. Call the layer first, then {type(self).__name__}, once a step.")
        for unit in ran:
            self.check_call(unit.cell, unit.state, *args, **kwargs)
        for unit in lacking:
            unit.state.watch.warn_of_no_updater()
        for unit in ran:
            cell, state, watch = unit.cell, unit.state, unit.state.watch
            watch.warn_of_gaps(cell)
            watch.warn_of_no_update(cell, state.gathers)
            if state.fitted_at != changes():
                self._fit(unit)
            self.step(cell, state, *args, **kwargs)
            watch.look(cell)  # at once: if the next cell fails, this one has learned, and does not a second time
        for unit in chosen:
            unit.state.watch.look(unit.cell)

    def _chosen(self, cells: Iterable[str]) -> dict[str, Unit]:
        return {name: self.get_unit(name) for name in ([cells] if isinstance(cells, str) else cells)}

    def _check_arguments(self, args: tuple, kwargs: dict[str, Any]) -> None:
        """TypeError that names what is missing or not taken, before any cell has been looked at."""
        form = (len(args), *kwargs)
        if form not in self._fitting:
            try:
                inspect.signature(self.step).bind(None, None, *args, **kwargs)
            except TypeError as error:
                wanted = ", ".join(list(inspect.signature(self.step).parameters)[2:]) or "no arguments"
                raise TypeError(f"{type(self).__name__} must be called with {wanted} at every step: {error}.") from None
            self._fitting.add(form)

    def clear(self, **kwargs: Any) -> None:
        """Brings the traces to rest; steps that the cells have run so far are forgotten."""
        super().clear(**kwargs)
        for unit in self:
            unit.state.watch.forget(unit.cell)

    def update(self) -> None:
        """Applies the pending updates of the layers that the cells belong to."""
        for layer in {id(unit.cell.layer): unit.cell.layer for unit in self}.values():
            layer.update()


def _shown(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"tensor of {tuple(value.shape)}"
    return getattr(value, "__name__", None) or (f"{value:g}" if isinstance(value, float) else repr(value))


def _set(name: str, rule: CellTrainer, value: Any) -> None:
    setattr(rule, name, value)


class IndependentCellTrainer(CellTrainer):
    """A rule whose cells know nothing of each other. A subclass as in `CellTrainer`.

    Example:
        >>> issubclass(snn.STDP, IndependentCellTrainer), snn.STDP.trains
        (True, ('weight',))
    """
