"""What the page says to a lab, and what the lab does then.

    {"do": "hello"}   a view has opened: it wants a frame          {"do": "bye"}    it has closed; with the last one the run stops
    {"do": "ack"}     a frame is painted: the next may leave       {"do": "set"}    a slider was moved
    play, pause, step, run, reset, speed, pace, device             the buttons and menus
    {"do": "follow"}  a neuron was clicked

Every message carries the view it came from and a number that grows; frames say which number of each view has been heard, so that a slider
under the hand is not pushed back by a frame that does not know its last move yet.

All are heard in the thread and loop in which the lab was made (`home.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from snnlab.lab import keep, quiet

if TYPE_CHECKING:
    from snnlab.lab.lab import Lab


def hear(lab: Lab, message: dict[str, Any]) -> None:
    """Does what a message asks for. An error shows in the view: nobody else would see it."""
    if message["do"] == "ack":
        lab.gate.acknowledge(message["frame"])
        return
    lab.gate.heard()
    lab.views[message["view"]] = message["seq"]
    try:
        DO[message["do"]](lab, message)
    except Exception as error:
        lab.fail(error)


def _hello(lab: Lab, message: dict[str, Any]) -> None:
    lab.gate.open()
    if message.get("still") and lab.playing:
        lab.leave(f"Paused at step {lab.steps:,}, because this page asks for reduced motion. Play goes on.")
    lab.show()


def _bye(lab: Lab, message: dict[str, Any]) -> None:
    lab.views.pop(message["view"], None)
    if not lab.views:
        lab.gate.open()
        lab.leave()


DO: dict[str, Callable[[Lab, dict[str, Any]], Any]] = {
    "hello": _hello,
    "bye": _bye,
    "play": lambda lab, message: lab.play(),
    "pause": lambda lab, message: lab.pause(),
    "step": lambda lab, message: lab.step(),
    "run": lambda lab, message: lab.play(message["steps"]),
    "reset": lambda lab, message: lab.reset(),
    "speed": lambda lab, message: setattr(lab, "speed", message["value"] or None),
    "pace": lambda lab, message: setattr(lab, "pace", message["value"]),
    "follow": lambda lab, message: lab.follow(message["group"], message["neuron"]),
    "set": lambda lab, message: lab.set(message["name"], message["value"]),
    "device": lambda lab, message: lab.to(message["value"]),
    "save": lambda lab, message: keep.send(lab, message["view"], message["kind"]),
}


def listen(lab: Lab) -> Callable[[], None]:
    """Hears the page, and the end of every cell (where Python may have changed a value). Returns what ends it, once.

    The view holds its lab, so that a lab without a name in the notebook lives as long as its picture.
    """

    def message(_: Any, content: dict[str, Any], buffers: Any) -> None:
        lab.home.call(hear, lab, content)

    def after_cell(*_: Any) -> None:
        lab.sync()

    lab.view.on_msg(message)
    events = _cell_events()
    if events is not None:
        events.register("post_run_cell", after_cell)

    def end() -> None:
        if lab.view.comm is None:
            return  # ended before
        if events is not None:
            events.unregister("post_run_cell", after_cell)
        quiet.remove(lab.view.model_id)
        lab.view.close()

    return end


def _cell_events() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "events", None)
