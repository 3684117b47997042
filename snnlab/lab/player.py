"""Playing: what the page's buttons do to an experiment, and the same from Python.

    lab.play()      lab.pause()      lab.step()      lab.play(500)      await lab.run(500)      lab.reset()
    lab.pace = 1.0      one step a second, to explain each; the page answers all the while
    lab.speed = 5       five steps a frame; None: as fast as it goes

Whatever fails on the way stops the run and is said in the view; Reset, Step and Play work again after it.
"""

from abc import ABC, abstractmethod

from snnlab.core import checks
from snnlab.lab import fault, quiet
from snnlab.lab.experiment import Experiment
from snnlab.lab.gate import Gate
from snnlab.lab.runner import Runner

SILENCE = 10.0  # seconds without an answer; a page in a hidden tab answers every second


class Player(ABC):
    """Plays an experiment.

    Args:
        experiment: what is stepped.
        gate: lets the frames out.

    Attributes:
        error: what stopped the last run, as the view says it.
        note: what else the view says, such as why it is paused.
    """

    def __init__(self, experiment: Experiment, gate: Gate) -> None:
        self.experiment, self.gate = experiment, gate
        self.runner = Runner(experiment.step, gate, self.fail)
        self.error = self.note = ""

    @abstractmethod
    def show(self) -> None:
        """Sends a frame, now or after the one in flight."""

    def play(self, steps: int | None = None) -> None:
        """Runs in the background, for so many steps or until `pause`."""
        if steps is not None:
            checks.whole("steps", steps, least=0, hint="None runs until pause().")
        self._begin()
        self.runner.play(steps)
        self.show()

    def pause(self, note: str = "") -> None:
        """Stops after the present turn; the view says the note."""
        self.runner.pause()
        self.note = note
        self.show()
        quiet.flush()

    def step(self, steps: int = 1) -> None:
        """Runs so many steps at once, then shows the result."""
        checks.whole("steps", steps, least=0)
        self.runner.pause()
        self._begin()
        try:
            for _ in range(steps):
                self.experiment.step()
        except Exception as error:
            self.fail(error)
            raise
        self.show()

    async def run(self, steps: int) -> None:
        """Runs so many steps while the page follows and its sliders answer: `await lab.run(500)`."""
        checks.whole("steps", steps, least=0)
        self._begin()
        try:
            await self.runner.run(steps)
        except Exception as error:
            self.fail(error)
            raise

    def reset(self) -> None:
        """Back to the first step: model, trainers, random numbers and pictures. Settings of sliders stay, as what is being tried."""
        self.runner.pause()
        self._begin()
        try:
            self.experiment.reset()
        except Exception as error:
            self.fail(error)
            raise
        self.show()

    def fail(self, error: Exception) -> None:
        """Says in the view what went wrong, and at which step; the run has ended."""
        self.runner.pause()
        self.error = fault.describe(error, self.steps)
        self.gate.show()

    def leave(self, note: str = "") -> None:
        """Stops a run that nobody looks at any more, or that a page does not want; one that a cell waits for goes on."""
        if not self.runner.awaited:
            self.pause(note if self.playing else self.note)

    def _begin(self) -> None:
        """Whatever the view said is of the run before."""
        self.error = self.note = ""
        self.gate.heard()  # a page that slept is given its time again

    @property
    def speed(self) -> int | None:
        """Steps per frame; None for as fast as it goes. Setting it ends a pace."""
        return self.runner.speed

    @speed.setter
    def speed(self, speed: int | None) -> None:
        hint = "None goes as fast as it can; to go slower than a step a frame, set pace, in steps a second."
        self.runner.speed = None if speed is None else checks.whole("speed", speed, hint=hint)

    @property
    def pace(self) -> float | None:
        """Steps per second, for explaining: each is shown, and the page answers meanwhile. None goes as `speed` says."""
        return self.runner.pace

    @pace.setter
    def pace(self, pace: float | None) -> None:
        hint = "None goes as speed says."
        self.runner.pace = None if pace is None else checks.positive("pace", pace, "steps a second", hint=hint)

    @property
    def playing(self) -> bool:
        """Whether it runs."""
        return self.runner.playing

    @property
    def steps(self) -> int:
        """Steps since the start."""
        return self.experiment.steps
