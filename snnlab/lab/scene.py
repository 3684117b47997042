"""A scene: panels side by side, as arrays. It draws nothing; the canvas in the browser and the still picture both draw from it."""

import copy
import functools
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np

from snnlab.lab.follow import Following
from snnlab.lab.names import Names
from snnlab.lab.panels import Panel
from snnlab.lab.recorder import Recorder


class Scene:
    """The panels of a view over one recorder.

    Args:
        panels: what to show.
        names: the model in which the panels' names are found.
        window: steps in view.
        step_time: length of a step.
        batch: which sample of the batch is shown.

    Units:
        step_time: ms
    """

    def __init__(self, panels: Sequence[Panel], names: Names, *, window: int, step_time: float, batch: int = 0) -> None:
        self.panels, self.step_time = [copy.copy(panel) for panel in panels], step_time  # a panel may be used in two scenes
        self.recorder = Recorder(window)
        titles: dict[str, int] = {}
        for panel in self.panels:
            titles[panel.title] = titles.get(panel.title, 0) + 1
            if titles[panel.title] > 1:  # titles are the recorder's keys
                panel.title += f" ({titles[panel.title]})"
            panel.bind(names, self.recorder, batch)
        self.following = Following(self.panels, names, self.recorder)

    def describe(self) -> dict[str, Any]:
        """What is drawn once."""
        panels = [panel.describe() | self.following.describe(panel) for panel in self.panels]
        return {"window": self.recorder.window, "step_time": self.step_time, "panels": panels, "followed": dict(self.following.followed)}

    def data(self) -> list[dict[str, np.ndarray]]:
        """What is drawn at every frame: for each panel its arrays, as of now."""
        self.recorder.fetch()
        return [panel.data(self.recorder) for panel in self.panels]

    def advance(self, seconds: float = inf) -> bool:
        """Gives panels about so long for what takes too long for one frame. Returns whether there is more to do."""
        return any(panel.advance(seconds) for panel in self.panels)  # one after the other

    def snapshot(self) -> str:
        """The scene in one line of numbers."""
        self.advance()
        self.recorder.fetch()
        return self.words()

    def words(self) -> str:
        """The same of the last frame, without another copy from the device."""
        return "; ".join(panel.words(self.recorder) for panel in self.panels)

    def clear(self) -> None:
        """Forgets all steps."""
        self.recorder.clear()
        for panel in self.panels:
            panel.clear()

    def close(self) -> None:
        """Takes the hooks off the model."""
        for panel in self.panels:
            for capture in panel.captures:
                capture.remove()


def pack(data: Sequence[dict[str, np.ndarray]]) -> tuple[list[dict[str, list[Any]]], bytes]:
    """All arrays of a frame in one buffer, and a table of where each lies: [type, shape, first byte].

    Every array starts at a multiple of 4 bytes, so that the browser reads them where they lie.

    Example:
        >>> table, buffer = pack([{"a": np.zeros(3, np.uint8), "b": np.ones(1, np.float32)}])
        >>> table, len(buffer)
        ([{'a': ['uint8', [3], 0], 'b': ['float32', [1], 4]}], 8)
    """
    table, parts, at = [], [], 0
    for arrays in data:
        entries = {}
        for name, array in arrays.items():
            entries[name] = [_name(array.dtype), list(array.shape), at]
            parts += [np.ascontiguousarray(array), bytes(-array.nbytes % 4)]
            at += array.nbytes + len(parts[-1])
        table.append(entries)
    return table, b"".join(parts)


_name = functools.cache(lambda kind: kind.name)  # numpy builds the word anew each time, and there are many in a frame
