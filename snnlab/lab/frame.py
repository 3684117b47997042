"""A frame: what the page is told of a lab, the panels' arrays in one buffer and the words around them."""

from __future__ import annotations

from time import perf_counter, time
from typing import TYPE_CHECKING, Any

from snnlab.lab import fault
from snnlab.lab.player import SILENCE
from snnlab.lab.scene import pack

if TYPE_CHECKING:
    from snnlab.lab.lab import Lab

PART = 0.015  # seconds for a part of what takes longer than a frame
WORDS = 2.0  # seconds between two alt texts while it runs: nobody reads faster


class Frames:
    """Sends frames of a lab to its views.

    Args:
        lab: has `scene`, `controls`, `view`, `views`, and what `Player` has.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._last: tuple[list[Any], bytes] = ([], b"")
        self._alt_at = 0.0

    def send(self, number: int) -> None:
        """Sends the frame of that number, where somebody looks."""
        lab = self._lab
        if lab.views and lab.gate.silence > SILENCE and lab.playing and not lab.runner.awaited:
            lab.runner.pause()  # a notebook that is closed has lost its kernel before it could say goodbye
            lab.note = f"Paused at step {lab.steps:,}: no page has answered for {SILENCE:g} seconds."
        made, status, more = time(), None, False
        try:
            lab.follow_twins()
            if lab.views:
                more = lab.scene.advance(PART)
                self._last = pack(lab.scene.data())
                status = self._status()
        except Exception as error:  # a picture or a value that cannot be had: say so over the last one
            lab.runner.pause()
            lab.error = fault.describe(error, lab.steps)
        if not lab.views:
            lab.gate.open()
            return
        status = status or self._status(known=False)
        table, buffer = self._last
        told = {"number": number, "asks": lab.gate.asking, "made": made}
        lab.view.send({"do": "frame", **told, "table": table, "status": status}, buffers=[buffer])
        if more and not lab.playing:
            lab.gate.show()  # the next part with the next frame

    def first(self) -> dict[str, Any]:
        """What a view shows before the lab has heard of it: the present frame, whoever looks; nothing where a value cannot be had."""
        try:
            table, buffer = pack(self._lab.scene.data())
            return {"table": table, "buffer": buffer, "status": self._status() | {"seen": {}}}
        except Exception:  # the frame that is asked for says which
            return {}

    def _status(self, known: bool = True) -> dict[str, Any]:
        """What is told around the picture; the words for those who cannot see it only now and then while it runs."""
        lab, alt = self._lab, ""
        if known and (not lab.playing or perf_counter() - self._alt_at > WORDS):
            self._alt_at, alt = perf_counter(), lab.experiment.words()
        status = {"step": lab.steps, "time": lab.experiment.time, "playing": lab.playing, "speed": lab.speed or 0, "pace": lab.pace or 0}
        controls = lab.controls.items() if known else ()
        status["values"] = {name: control.value for name, control in controls}
        status["waiting"] = [name for name, control in controls if control.waits]
        return status | {"device": lab.device.type, "error": lab.error, "note": lab.note, "alt": alt, "seen": lab.views}
