"""The runner: steps a model in an asyncio task, so that the sliders answer while it runs. No thread, no sleep.

The event loop of a notebook's kernel serves the page and the model in turns. One message of the page takes four or five turns of the
loop; with turns of at most 3 ms, and a few empty ones between them, a slider is heard within some 15 ms, and the model still gets nearly
all the time.
"""

import asyncio
from collections.abc import Callable
from time import perf_counter

from snnlab.lab.gate import Gate

TURN = 0.003  # seconds
BREATHS = 6


class Runner:
    """Runs and stops.

    Args:
        step: one step of the model.
        gate: lets the frames out.
        failed: told about an error of a step; the run ends.

    Attributes:
        speed: steps per frame; None runs as fast as it goes.
        playing: whether it runs.
    """

    def __init__(self, step: Callable[[], None], gate: Gate, failed: Callable[[Exception], None]) -> None:
        self._step, self._gate, self._failed = step, gate, failed
        self.speed: int | None = 1
        self._task: asyncio.Task[None] | None = None
        self.playing = False

    def play(self) -> None:
        """Starts the task; needs a running event loop, as every notebook has."""
        if self.playing:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "Play needs a running event loop, as a notebook has. Elsewhere use lab.step(n), or await lab.run(n)."
            ) from None
        self.playing = True
        self._task = loop.create_task(self._play())

    def pause(self) -> None:
        """Stops after the present turn."""
        self.playing = False

    async def run(self, steps: int) -> None:
        """Runs so many steps, showing frames on the way, then stops; `pause` stops it earlier."""
        await self.stopped()
        self.playing = True
        try:
            while self.playing and steps > 0:
                steps -= await self._frame(steps)
        finally:
            self.playing = False
        self._gate.show()

    async def stopped(self) -> None:
        """Waits until a task that was paused has ended."""
        self.pause()
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _play(self) -> None:
        mine = asyncio.current_task()
        try:
            while self.playing and self._task is mine:
                await self._frame(None)
        except Exception as error:
            self.playing = False
            self._failed(error)
        finally:
            if self._task is mine:
                self._gate.show()

    async def _frame(self, most: int | None) -> int:
        """The steps of one frame, then the frame. Returns how many steps."""
        wanted = min(n for n in (self.speed, most, 1_000_000) if n is not None)
        done = 0
        while self.playing and done < wanted:
            end = perf_counter() + TURN
            while self.playing and done < wanted and perf_counter() < end:
                self._step()
                done += 1
            for _ in range(BREATHS):
                await asyncio.sleep(0)
            if self.speed is None and self._gate.free:
                break
        await self._gate.wait()
        self._gate.show()
        return done
