"""Interruption between two steps: Ctrl-C, or the stop button of a notebook, waits until the step at hand is done."""

import signal
import threading
from types import FrameType, TracebackType


class BetweenSteps:
    """While it is entered, an interruption is noted, and raised by `check`; a second one acts at once.

    Only the main thread is ever interrupted, and only where Python's own handler, or one like it, is in place: elsewhere nothing changes.
    """

    def __init__(self) -> None:
        self._asked = False
        self._before = None

    def __enter__(self) -> "BetweenSteps":
        if threading.current_thread() is threading.main_thread() and callable(signal.getsignal(signal.SIGINT)):
            self._before = signal.signal(signal.SIGINT, self._note)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if self._asked and kind is None:
            raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            self._before(number, frame)
        self._asked = True

    def check(self) -> None:
        """KeyboardInterrupt if one was asked for."""
        if self._asked:
            self._asked = False
            raise KeyboardInterrupt
