"""One frame in flight: a new one leaves only when the browser has said that it painted the last.

Without that, frames pile up on the way: 51 a second were shown, but 4 seconds late. What changes meanwhile is merged into the next frame.

Hearing an acknowledgement costs the kernel as much as a few steps of a model. Where frames keep a time of their own (a run at full speed),
only every third asks to be acknowledged: three are in flight then, at most.
"""

import asyncio
import contextlib
from collections.abc import Callable
from time import perf_counter


class Gate:
    """Lets frames out one at a time.

    Args:
        send: sends the frame of that number; called only when none is in flight.
        patience: a frame that nobody acknowledged for so long (a hidden tab, a closed page) no longer holds the next one back.

    Units:
        patience: seconds

    Attributes:
        asking: whether the present frame asks to be acknowledged.
    """

    def __init__(self, send: Callable[[int], None], patience: float = 1.0) -> None:
        self._send, self.patience = send, patience
        self._number = 0
        self.asking = True
        self._sent_at: float | None = None
        self._asked_at: float | None = None  # when the first frame left that nobody has answered
        self._dirty = False
        self._waiting: asyncio.Future[None] | None = None

    @property
    def free(self) -> bool:
        """Whether a frame may leave."""
        return self._sent_at is None or perf_counter() - self._sent_at > self.patience

    @property
    def silence(self) -> float:
        """For how many seconds frames have gone out and none was acknowledged."""
        return 0.0 if self._asked_at is None else perf_counter() - self._asked_at

    def show(self, every: int = 1) -> None:
        """Sends a frame now, or as soon as the last one is acknowledged.

        Args:
            every: the last of so many frames asks to be acknowledged; after the others the next may leave at once.
        """
        if not self.free:
            self._dirty = True
            return
        self._dirty = False
        self._number += 1
        self.asking = self._number % every == 0
        if self.asking:
            self._sent_at = perf_counter()
            if self._asked_at is None:
                self._asked_at = self._sent_at
        self._send(self._number)

    def acknowledge(self, number: int) -> None:
        """The browser has painted this frame."""
        if number != self._number:
            return
        self.open()
        if self._dirty:
            self.show()

    def open(self) -> None:
        """No frame is in flight (any more)."""
        self._sent_at = self._asked_at = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def heard(self) -> None:
        """Somebody is there, whatever was acknowledged."""
        self._asked_at = None

    async def wait(self) -> None:
        """Until a frame may leave."""
        if not self.free:
            self._waiting = asyncio.get_running_loop().create_future()
            left = self.patience - (perf_counter() - (self._sent_at or 0.0))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._waiting, max(left, 0.0))
            self._waiting = None
