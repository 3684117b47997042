"""What a rule notices: steps that it did not see, updates that nobody applied, an updater that is gone, times in seconds.

    layer(x)   rule()   layer.update()        each once a step: whichever is left out, the rule says so, and says it once

It counts calls in plain numbers, so that looking out costs nothing.
"""

import sys
import warnings
from typing import Any

from snnlab.core import checks
from snnlab.network import Cell

SHORT = 0.2  # of a step: a trace with such a time constant has fallen below a hundredth at the next step
FIRST, LATER = 100, 1000  # calls without any update at which it was rather forgotten than put off: before the first update, and after it


def check_gathers(name: str, value: Any) -> int | None:
    """A whole number of steps above 0, or None."""
    hint = "It is the number of steps from one update to the next."
    return None if value is None else checks.whole(name, value, hint=hint)


def warn_user(message: str) -> None:
    """Warns at the line of whoever called the library, however deep in it or in torch the cause was found."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in ("snnlab", "torch"):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, stacklevel=level)


class Watch:
    """Looks out for what was forgotten around one cell of a rule.

    Args:
        cell: the cell.
        rule: name of the rule, for what is said.
        name: name of the cell under the rule.
        parameters: what the rule trains there.

    Attributes:
        called: whether the rule has looked at the cell at all.

    Example:
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.))
        >>> watch = Watch(layer.cell, "STDP", "only", ("weight",))
        >>> before, _ = watch.has_run(layer.cell), layer(torch.zeros(1, 2))
        >>> before, watch.has_run(layer.cell)
        (False, True)
    """

    def __init__(self, cell: Cell, rule: str, name: str, parameters: tuple[str, ...]) -> None:
        self.rule, self.name, self.parameters, self.called = rule, name, parameters, False
        self._steps, self._calls, self._applied, self._updated = cell.steps, 0, self._count(cell), False
        self._said: set[str] = set()

    def has_run(self, cell: Cell) -> bool:
        """Whether the cell has run since it was looked at."""
        return cell.steps != self._steps

    def look(self, cell: Cell) -> None:
        """Notes that its steps so far are seen."""
        self._steps, self.called = cell.steps, True

    def forget(self, cell: Cell) -> None:
        """Notes that its steps so far are no matter: the traces are at rest."""
        self._steps = cell.steps

    def _count(self, cell: Cell) -> int:
        """How often what the rule trains was updated."""
        applied = {} if (updater := cell.updater) is None else updater.applied
        return sum([applied.get(parameter, 0) for parameter in self.parameters])

    def warn_of_gaps(self, cell: Cell) -> None:
        """Says how many steps the rule did not see."""
        unseen = cell.steps - self._steps - 1
        if unseen:
            warn_user(
                f"Cell {self.name!r} ran {unseen} steps that {self.rule} did not see, so its traces know nothing of them. "
                "Call it after every step, or clear() it after steps that are not to be learned from."
            )

    def warn_of_no_updater(self) -> None:
        """Says, once, that nothing can be learned."""
        self._once(
            "updater",
            f"Cell {self.name!r} has had an updater, but has none now, so {self.rule} passes it over and nothing is learned there. Call "
            f"cell.connection.defaultupdater(), or take the cell out: del_cell({self.name!r}).",
        )

    def warn_of_no_update(self, cell: Cell, gathers: int | None) -> None:
        """Counts a call, and says, once, that the updates so far were never applied.

        Args:
            cell: the cell.
            gathers: how many calls may go by without an update; None: 100 before the first, and 1,000 after it.
        """
        applied = self._count(cell)
        if applied != self._applied:
            self._applied, self._updated, self._calls = applied, True, 0
        if self._calls >= (gathers or (LATER if self._updated else FIRST)):
            since = "since the last update" if self._updated else "so far"
            self._once(
                "update",
                f"{self.rule} was called for {self._calls} steps of cell {self.name!r} {since}, and no update was applied, so its "
                f"{' and '.join(self.parameters)} has not changed. Call layer.update() after each step, or the rule's own update(). If "
                f"updates are to gather for longer, say for how many steps: set {self.rule}'s gathers, such as rule.gathers = 10_000.",
            )
        self._calls += 1

    def warn_of_short_times(self, cell: Cell, times: dict[str, float]) -> None:
        """Says, once for each value, that a time constant in ms is far below a step: it was rather meant in seconds."""
        step_time = cell.connection.dt
        for name, value in times.items():
            if value < step_time * SHORT:
                self._once(
                    f"{name} {value}",
                    f"{name} is {value:g} ms, so its trace is gone within a step of {step_time:g} ms. Times are in ms: {value:g} s would "
                    f"be {name}={1000 * value:g}.",
                )

    def _once(self, what: str, message: str) -> None:
        if what not in self._said:
            self._said.add(what)
            warn_user(message)
