"""Which neurons a panel shows, so that one of them can be found in every panel; and which of them is followed.

Two panels show the same neurons where their group is the same: the name of the neurons. A connection shows the neurons that it feeds, where
that is one group with a neuron for each of its outputs. What enters a connection is a group of its own, "inputs of NAME".
"""

import math
import warnings
from collections.abc import Sequence
from typing import Any

from snnlab.core import checks
from snnlab.lab.learning import Lines
from snnlab.lab.names import Names
from snnlab.lab.panels import Fields, Panel, Trace
from snnlab.lab.pending import Pending
from snnlab.lab.plane import Plane
from snnlab.lab.raster import Raster
from snnlab.lab.recorder import Recorder
from snnlab.network.layer import Layer
from snnlab.network.layout import layout


class Following:
    """The neuron of each group that is followed: it takes the place of the last line in the panels of that group that draw lines, and a
    phase plane of that group shows its way.

    Args:
        panels: bound panels.
        names: the model in which their names are found.
        recorder: where their lines are recorded.

    Attributes:
        groups: size of each group that a panel shows, by name.
        followed: the neuron of each group that has one.
    """

    def __init__(self, panels: Sequence[Panel], names: Names, recorder: Recorder) -> None:
        self.followed: dict[str, int] = {}
        self._recorder, self._lines = recorder, [panel for panel in panels if isinstance(panel, Trace)]
        self._planes = [panel for panel in panels if isinstance(panel, Plane)]
        self._chosen = {panel.title: panel.neurons for panel in self._lines}
        self._told = {panel.title: _told(panel, names) for panel in panels}
        self.groups = {told["group"]: _size(panel) for panel in panels if (told := self._told[panel.title])["group"]}

    def describe(self, panel: Panel) -> dict[str, Any]:
        """What the page must know of a panel to find a neuron in it."""
        lines = {"neurons": panel.neurons} if panel in self._lines else {}
        return self._told[panel.title] | lines

    def follow(self, group: str, neuron: int | None) -> None:
        """Follows a neuron, by its place in the flattened group; None: none, and the lines are those that were chosen at first.

        Raises:
            LookupError: no panel shows a group of that name.
            ValueError: the group has no such neuron.
        """
        checks.one_of("group", group, self.groups, error=LookupError)
        if neuron is None:
            self.followed.pop(group, None)
        else:
            neuron, last = checks.whole("neuron", neuron, least=0), self.groups[group] - 1
            if neuron > last:
                raise ValueError(f"neuron must be a number from 0 to {last}, the places in {group}, but is {neuron}.")
            self.followed[group] = neuron
        for panel in self._lines:
            if self._told[panel.title]["group"] == group and panel.whole:
                panel.neurons = _with(self._chosen[panel.title], neuron)
                self._recorder.show(panel.title, panel.neurons)
        for panel in self._planes:
            if self._told[panel.title]["group"] == group and panel.whole:
                panel.turn(panel.chosen if neuron is None else neuron, self._recorder)


def _with(chosen: list[int], neuron: int | None) -> list[int]:
    """The neurons of a panel's lines: those chosen at first, but for the last, which makes room for one that is not among them.

    Example:
        >>> _with([0, 1, 2], 7), _with([0, 1, 2], 1), _with([0, 1, 2], None)
        ([0, 1, 7], [0, 1, 2], [0, 1, 2])
    """
    return chosen if neuron is None or neuron in chosen else [*chosen[:-1], neuron]


def _told(panel: Panel, names: Names) -> dict[str, str]:
    """The group whose neurons are a panel's rows, lines or fields ("" where they are something else); and of fields, that of the pixels."""
    if not isinstance(panel, Raster | Trace | Fields | Plane) or isinstance(panel, Lines | Pending):
        return {"group": ""}
    owner, _ = names.find(panel.name, panel.first)
    neurons, connection = _name(names.neurons, owner), _name(names.connections, owner)
    if connection is None:
        return {"group": neurons or ""}
    inputs = f"inputs of {connection}"
    if isinstance(panel, Raster):
        return {"group": inputs}
    group = {"group": _fed(connection, names, _size(panel))}
    return group | {"inputs": inputs} if isinstance(panel, Fields) else group


def _fed(connection: str, names: Names, size: int) -> str:
    """The only neurons that a connection feeds, where there are as many as it has outputs."""
    ends = []
    if isinstance(names.layer, Layer):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about connections without a cell: they are seen to in the next line
            ends = [end for _, end, label in layout(names.layer)[1] if label.split("\n")[0] == connection]
    ends = ends or list(names.neurons)
    alike = len(ends) == 1 and math.prod(names.neurons[ends[0]].shape) == size
    return ends[0] if alike else f"outputs of {connection}"


def _name(parts: dict[str, Any], part: Any) -> str | None:
    return next((name for name, other in parts.items() if other is part), None)


def _size(panel: Panel) -> int:
    return panel.count if isinstance(panel, Fields) else panel.size
