"""Acknowledgements without a word: keeps the kernel from publishing `busy` and `idle` for every message of a live view.

A kernel answers each message with two status messages. At 55 acknowledgements a second these small, lone packets hold the next frame
back (31 instead of 56 frames a second were shown). ipykernel 7.4 handles a widget's message without them while a cell is running; this
file asks for the same when none is. It wraps one private method, so it looks first whether that method is the one it knows, and otherwise
does nothing: everything works then as well, only with fewer frames.

The page waits for an `idle` for each message before it forgets it: they are sent later, many at once, at a pause and every twenty. (Of four
hundred at once the picture stood still for 200 ms.)
"""

import contextlib
import inspect
from collections import deque
from typing import Any

HELD = 20

_quiet: set[str] = set()
_held: deque[dict[str, Any]] = deque()  # several threads may come: a message of a subshell beside a pause


def install() -> bool:
    """Wraps the present kernel's dispatch; True where that worked, or was done before."""
    kernel = _kernel()
    dispatch = getattr(kernel, "dispatch_shell", None)
    if dispatch is None or not hasattr(kernel, "_publish_status"):
        return False
    if getattr(dispatch, "quiet", False):
        return True
    parameters = inspect.signature(dispatch).parameters
    if list(parameters) != ["msg", "subshell_id", "concurrent"] or parameters["concurrent"].kind is not inspect.Parameter.KEYWORD_ONLY:
        return False

    async def dispatch_shell(msg: Any, /, subshell_id: str | None = None, *, concurrent: bool = False) -> None:
        parent = None if concurrent else _message(kernel, msg)
        if parent is None:
            await dispatch(msg, subshell_id=subshell_id, concurrent=concurrent)
            return
        await dispatch(msg, subshell_id=subshell_id, concurrent=True)
        _held.append(parent)
        if len(_held) >= HELD:
            flush()

    dispatch_shell.quiet = True  # type: ignore[attr-defined]
    kernel.dispatch_shell = dispatch_shell
    return True


def add(comm_id: str) -> None:
    """Messages of this widget are handled without status messages, where the kernel is one that can."""
    if install():
        _quiet.add(comm_id)


def remove(comm_id: str) -> None:
    _quiet.discard(comm_id)
    flush()


def flush() -> None:
    """Sends the `idle` of all messages that were handled quietly."""
    kernel = _kernel()
    with contextlib.suppress(IndexError):  # none is left
        while True:
            parent = _held.popleft()
            if kernel is not None:
                kernel._publish_status("idle", "shell", parent=parent)


def _kernel() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    return getattr(get_ipython(), "kernel", None)


def _message(kernel: Any, msg: Any) -> dict[str, Any] | None:
    """The header of the message, if it is one of a quiet widget."""
    try:
        _, frames = kernel.session.feed_identities(msg, copy=False)
        content = bytes(frames[4].bytes)
        if not any(comm_id.encode() in content for comm_id in _quiet):
            return None
        header = kernel.session.unpack(frames[1].bytes)
        return {"header": header} if header["msg_type"] == "comm_msg" else None
    except Exception:
        return None  # whatever this is, the kernel knows better
