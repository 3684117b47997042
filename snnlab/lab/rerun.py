"""A cell that is run again stops the lab of its last run: two of them would step the same model, or keep a lost one busy.

Labs are remembered weakly by the cell that made them. Labs of the same run of a cell live side by side.
"""

import weakref
from typing import Any

_labs: dict[str, tuple[str, weakref.WeakSet[Any]]] = {}


def register(lab: Any, key: str | None = None) -> None:
    """Notes a lab, and closes those that an earlier run of the same cell, or an earlier use of the same key, has left.

    Args:
        lab: has `close()`.
        key: name of its place; None takes the running cell. Outside of a notebook, and with no key, nothing is closed.
    """
    cell, run = (key, str(id(lab))) if key is not None else _cell()
    if cell is None:
        return
    last, labs = _labs.get(cell, ("", weakref.WeakSet()))
    if last != run:
        for old in list(labs):
            old.close()
        labs = weakref.WeakSet()
    labs.add(lab)
    _labs[cell] = (run, labs)


def _cell() -> tuple[str | None, str]:
    """The cell that is running, and the message that ran it."""
    try:
        from IPython import get_ipython

        parent = get_ipython().kernel.get_parent("shell")
        return parent["metadata"]["cellId"], parent["header"]["msg_id"]
    except (ImportError, AttributeError, KeyError, TypeError):
        return None, ""
