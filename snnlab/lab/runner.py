"""The runner: steps a model in an asyncio task, so that the sliders answer while it runs. No thread, no sleep.

The event loop of a notebook's kernel serves the page and the model in turns. One message of the page takes four or five turns of the
loop; with turns of at most 5 ms, and a few empty ones between them, a slider is heard within some 15 ms, and the model still gets nearly
all the time. Where it is to go slowly, the task waits for the hour of the next step, and whatever else happens ends the wait.
"""

import asyncio
import contextlib
from collections.abc import Callable
from math import inf
from time import perf_counter

import torch

from snnlab.lab.gate import Gate

TURN = 0.005  # seconds
BREATHS = 5
FRAME = 0.018  # seconds between two frames at full speed: more of them than the eye needs would only cost steps
ASK = 3  # at full speed, one frame of so many asks to be acknowledged


class Runner:
    """Runs and stops.

    Args:
        step: one step of the model.
        gate: lets the frames out.
        failed: told about an error of a step; the run ends.

    Attributes:
        playing: whether it runs.
        awaited: whether a cell waits for the end of the run.
        left: steps still to be done; None runs until `pause`.
    """

    def __init__(self, step: Callable[[], None], gate: Gate, failed: Callable[[Exception], None]) -> None:
        self._step, self._gate, self._failed = step, gate, failed
        self._speed: int | None = 1
        self._pace: float | None = None
        self.playing = self.awaited = False
        self.left: int | None = None
        self._run = object()  # the latest run: an older one that has not ended yet sees that it is no longer its turn
        self._task: asyncio.Task[None] | None = None
        self._last = self._shown = -inf  # when the last step at a pace was due, and when the last frame was shown
        self._stirred: asyncio.Event | None = None

    @property
    def speed(self) -> int | None:
        """Steps per frame; None runs as fast as it goes. Setting it ends a pace."""
        return self._speed

    @speed.setter
    def speed(self, speed: int | None) -> None:
        self._speed = speed
        self.pace = None

    @property
    def pace(self) -> float | None:
        """Steps per second, each with a frame of its own; None goes as `speed` says."""
        return self._pace

    @pace.setter
    def pace(self, pace: float | None) -> None:
        self._pace = pace
        self._stir()

    def play(self, steps: int | None = None) -> None:
        """Starts the task, for so many steps or until `pause`; one that runs already goes on. Needs a running loop, as a notebook has."""
        if self.playing:
            self.left = steps
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            raise RuntimeError(
                "Play needs a running event loop, as a notebook has. Elsewhere use lab.step(n), or await lab.run(n)."
            ) from None
        self._task = loop.create_task(self._play(self._begin(steps)))

    def pause(self) -> None:
        """Stops after the present turn."""
        self.playing = False
        self._stir()

    async def run(self, steps: int) -> None:
        """Runs so many steps, showing frames on the way, then stops; `pause` stops it earlier."""
        await self.stopped()
        run = self._begin(steps)
        self.awaited = True
        try:
            while self._goes(run):
                await self._frame(run)
        finally:
            self._end(run)
        self._gate.show()

    async def stopped(self) -> None:
        """Waits until a task that was paused has ended."""
        self.pause()
        if self._task is not None and self._task is not asyncio.current_task():
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    async def _play(self, run: object) -> None:
        try:
            while self._goes(run):
                await self._frame(run)
        except Exception as error:
            self._end(run)
            self._failed(error)
        finally:
            if self._end(run):
                self._gate.show()

    def _begin(self, steps: int | None) -> object:
        self._run, self.left, self._last = object(), steps, -inf
        self.playing, self.awaited = True, False
        return self._run

    def _goes(self, run: object) -> bool:
        return self.playing and self._run is run and self.left != 0

    def _end(self, run: object) -> bool:
        """Notes the end, unless another run has begun meanwhile. Returns whether it was the latest."""
        if self._run is run:
            self.playing = self.awaited = False
        return self._run is run

    async def _frame(self, run: object) -> None:
        """The steps of one frame, then the frame."""
        await self._hour(run)
        wanted = 1 if self.pace is not None else self.speed or 1_000_000
        full, done = self.speed is None and self.pace is None, 0
        while self._goes(run) and done < wanted:
            done += self._turn(run, wanted - done)
            for _ in range(BREATHS):
                await asyncio.sleep(0)
            if full and self._gate.free and perf_counter() - self._shown >= FRAME:
                break
        await self._gate.wait()
        self._shown = perf_counter()
        self._gate.show(every=ASK if full else 1)

    @torch.no_grad()
    def _turn(self, run: object, wanted: int) -> int:
        """As many steps as are wanted, and as go into a turn. Returns how many."""
        end, done = perf_counter() + TURN, 0
        while self._goes(run) and done < wanted and perf_counter() < end:
            self._step()
            done += 1
            if self.left is not None:
                self.left -= 1
        return done

    async def _hour(self, run: object) -> None:
        """Waits until the next step is due, where there is a pace. A pause or another pace ends the wait."""
        while self.pace is not None and self._goes(run):
            now, period = perf_counter(), 1.0 / self.pace
            due = self._last + period
            if now >= due:
                self._last = due if now < due + period else now  # a step that came late moves the others only where it lost a whole period
                return
            self._stirred = asyncio.Event()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), due - now)

    def _stir(self) -> None:
        if self._stirred is not None:
            self._stirred.set()
