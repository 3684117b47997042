"""What a rule keeps for each of its cells: settings, its own or the rule's, and traces.

state.lr_post       the cell's own where it was given to `register_cell`, else the rule's as it is now
state.NAME_         a trace, or whatever else the rule has built there
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from snnlab.core.module import Module
from snnlab.learning.watch import Watch
from snnlab.network import Cell

if TYPE_CHECKING:
    from snnlab.learning.base import CellTrainer


class CellState(Module):
    """What a rule keeps for one cell: its settings, and its traces.

    A setting is the trainer's, unless it was overridden for this cell: `state.lr_post`. It goes by the constructor's name, too.

    Args:
        trainer: whose settings hold where nothing is overridden.
        overrides: settings of this cell alone.

    Attributes:
        watch: looks out for steps and updates that were forgotten.
    """

    watch: Watch

    def __init__(self, trainer: "CellTrainer", overrides: dict[str, Any]) -> None:
        super().__init__()
        self.__dict__.update(_trainer=trainer, overrides=overrides, built_for=None, kind=None, fitted_at=None, _found=set())

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        trainer = own.get("_trainer")
        if trainer is None:
            return super().__getattr__(name)
        for kept in (own["_buffers"], own["_modules"]):  # ten reads a step: what is asked for most comes first
            if name in kept:
                return kept[name]
        asked, name, overrides = name, trainer.spelled.get(name, name), own["overrides"]
        if name not in trainer.settings():
            return super().__getattr__(name)
        own[asked] = value = overrides[name] if name in overrides else getattr(trainer, name)  # found at once until a setting changes
        own["_found"].add(asked)
        return value

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"fitted_at": None}  # another process counts changes of its own

    def forget(self) -> None:
        """Looks every setting up anew; called whenever one of the rule, or of this cell, has changed."""
        for name in self.__dict__["_found"]:
            self.__dict__.pop(name, None)
        self.__dict__["_found"] = set()

    def __setattr__(self, name: str, value: Any) -> None:
        """Sets an attribute; a setting is then this cell's own, as if it had been given to `register_cell`, and checked like those."""
        own, argument = self.__dict__, name
        if "_trainer" in own:
            name = own["_trainer"].spelled.get(name, name)
        if "_trainer" not in own or name not in own["_trainer"].settings():
            super().__setattr__(name, value)
            return
        trainer, before = own["_trainer"], dict(own)
        own["overrides"] = own["overrides"] | {name: trainer.settings()[name].check(argument, value)}
        own.pop(name, None)  # what a rule has made of the setting that was
        self.forget()
        try:
            trainer.check_settings()
        except Exception:
            own.clear()
            own.update(before)
            raise


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
