"""Where a lab lives: the thread and the event loop in which it was made.

JupyterLab sends messages of widgets through a subshell, which is another thread of the kernel with a loop of its own. There they would
touch a model in the middle of its step, and what waits for an acknowledgement would not wake (one frame a second was shown). So all that
comes from the page is brought home first.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import Any


class Home:
    """Calls functions in the thread and loop in which it was made; without a loop, as in a test, in whatever thread asks.

    Example:
        >>> home = Home()
        >>> home.call(print, "here")
        here
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    @property
    def here(self) -> bool:
        """Whether a call would be made at once."""
        return self._loop is None or self._loop.is_closed() or threading.get_ident() == self._thread

    def call(self, function: Callable[..., Any], *args: Any) -> None:
        """Calls at once where that is at home, else as soon as the loop has a turn."""
        if self.here:
            function(*args)
        else:
            self._loop.call_soon_threadsafe(function, *args)
