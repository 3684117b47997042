"""The lab: a model, what is seen of it, and what may be moved, in one object that a cell ends with.

One step is   layer(x), then every trainer(), then layer.update():   activity, then what the rules make of it, then the change of weights.
Everything that the page can do can be done from Python: play, pause, step, run, reset, set.
"""

import asyncio
import base64
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter, time
from typing import Any

import torch

from snnlab.core import checks
from snnlab.lab import device as devices
from snnlab.lab import inputs as feed
from snnlab.lab import page, quiet, rerun
from snnlab.lab.controls import Control
from snnlab.lab.gate import Gate
from snnlab.lab.names import Names
from snnlab.lab.panels import Panel
from snnlab.lab.runner import Runner
from snnlab.lab.scene import Scene, pack
from snnlab.lab.start import Start
from snnlab.lab.still import still
from snnlab.lab.view import View
from snnlab.plots import Picture

LIBRARIES = tuple(str(Path(module.__file__).parents[depth]) for module, depth in ((torch, 1), (checks, 1), (asyncio, 1)))
"""Where errors are raised, but not made: of the places in a traceback, the reader is shown the last one outside of these."""


class Lab:
    """A live view of a model.

    Args:
        layer: what is stepped; its neurons and connections give the names.
        inputs: a tensor T x B x ... (looped), a callable of the step's number, or an iterable; see `snnlab.lab.inputs`.
        view: panels, as in `[Raster("exc"), Fields("enc2exc.weight", shape=(8, 8))]`.
        trainers: by name; called after the layer at each step, then the layer is updated.
        controls: names of numbers, as in "exc.tc_membrane", or `Control` objects.
        step: does one step instead, called with the step's input (with nothing where `inputs` is None).
        generator: random number generator(s) behind the inputs, so that Reset brings them back too.
        device: True shows a menu of devices; a name chooses one as well; False shows none.
        step_time: length of a step; None asks the layer's parts.
        window: steps in view.
        batch: which sample of the batch is shown.
        speed: steps per frame; None for as fast as it goes.
        on_reset: called after Reset, for state that a custom `step` keeps.
        key: a lab with the same key closes this one; None takes the cell.

    Units:
        step_time: ms

    Example:
        >>> lab = Lab(layer, inputs, view=[Raster("exc"), Voltage("exc", neurons=[0, 1])], controls=["exc.tc_membrane"])  # doctest: +SKIP
        >>> lab.step(10)  # doctest: +SKIP
        >>> lab  # doctest: +SKIP
    """

    def __init__(
        self,
        layer: torch.nn.Module,
        inputs: feed.Inputs | None = None,
        view: Sequence[Panel] = (),
        *,
        trainers: Mapping[str, Any] | None = None,
        controls: Iterable[str | Control] = (),
        step: Callable[..., Any] | None = None,
        generator: torch.Generator | Iterable[torch.Generator] | None = None,
        device: bool | str = True,
        step_time: float | None = None,
        window: int = 200,
        batch: int = 0,
        speed: int | None = 1,
        on_reset: Callable[[], Any] | None = None,
        key: str | None = None,
    ) -> None:
        if inputs is None and step is None:
            raise TypeError("inputs must be given, or a step that needs none.")
        rerun.register(self, key)
        self.layer, self.trainers, self.on_reset = layer, dict(trainers or {}), on_reset
        self.source, self._custom = feed.Source(inputs), step
        self.names = Names(layer, self.trainers)
        self.step_time = checks.positive("step_time", _step_time(self.names) if step_time is None else step_time, "ms")
        self.controls = {}
        for control in controls:
            control = (Control(control) if isinstance(control, str) else control).bind(self.names)
            self.controls[control.name] = control
        self.device = _device_of(layer)
        if isinstance(device, str):
            self.to(device)
        self.scene = Scene(view, self.names, window=checks.whole("window", window), step_time=self.step_time, batch=batch)
        generators = () if generator is None else (generator,) if isinstance(generator, torch.Generator) else tuple(generator)
        self._start = Start([layer, *self.trainers.values()], generators)
        self.steps, self.error = 0, ""
        self.views: dict[str, int] = {}
        self._said = 0.0
        self.view = View(
            self.scene.describe(),
            [{**control.describe(), "initial": control.initial} for control in self.controls.values()],
            devices.choices() if device else [],
        )
        self.gate = Gate(self._send)
        self._runner = Runner(self._step, self.gate, self.fail)
        self.speed = speed
        self._closed = False
        self._deaf = page.listen(self)

    # ---- what the page's buttons do -------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Runs in the background until `pause`."""
        self.error = ""
        self._runner.play()
        self.show()

    def pause(self) -> None:
        """Stops after the present turn."""
        self._runner.pause()
        self.show()
        quiet.flush()

    def step(self, steps: int = 1) -> None:
        """Runs so many steps at once, then shows the result."""
        self._runner.pause()
        self.error = ""
        try:
            for _ in range(checks.whole("steps", steps, least=0)):
                self._step()
        except Exception as error:
            self.fail(error)
            raise
        self.show()

    async def run(self, steps: int) -> None:
        """Runs so many steps while the page follows and its sliders answer: `await lab.run(500)`."""
        self.error = ""
        try:
            await self._runner.run(checks.whole("steps", steps, least=0))
        except Exception as error:
            self.fail(error)
            raise

    def reset(self) -> None:
        """Back to the first step: model, trainers, random numbers and pictures. Settings of sliders stay, as what is being tried."""
        self._runner.pause()
        settings = {name: control.value for name, control in self.controls.items()}
        self._start.restore()
        self.source.restart()
        for name, value in settings.items():
            if self.controls[name].value != value:
                self.controls[name].value = value
        if self.on_reset is not None:
            self.on_reset()
        self.scene.clear()
        self.steps, self.error = 0, ""
        self.show()

    def set(self, name: str, value: float) -> None:
        """Moves a control; acts at the next step."""
        checks.one_of("name", name, self.controls, error=LookupError)
        self.controls[name].value = value
        if not self.playing:
            self.show()

    def to(self, name: str) -> None:
        """Moves the model to a device by name ("auto", "cpu", "cuda", "mps") and goes on there."""
        self.device = devices.choose(name)
        for module in (self.layer, *self.trainers.values()):
            if hasattr(module, "to"):
                module.to(self.device)
        if hasattr(self, "scene") and not self.playing:
            self.show()

    @property
    def playing(self) -> bool:
        """Whether it runs."""
        return self._runner.playing

    @property
    def speed(self) -> int | None:
        """Steps per frame; None for as fast as it goes."""
        return self._runner.speed

    @speed.setter
    def speed(self, speed: int | None) -> None:
        self._runner.speed = None if speed is None else checks.whole("speed", speed)

    def pace(self, speed: int | None) -> None:
        """Sets the speed."""
        self.speed = speed

    def sync(self) -> None:
        """Shows values that were changed in Python. Happens by itself after each cell, and with each frame."""
        if not self.playing:
            self.show()

    def close(self) -> None:
        """Stops, and lets go of the model."""
        if self._closed:
            return
        self._closed = True
        self._runner.pause()
        self.scene.close()
        self.views.clear()
        self._deaf()
        quiet.remove(self.view.model_id)
        self.view.close()

    # ---- what is seen ----------------------------------------------------------------------------------------------------------------

    def snapshot(self) -> str:
        """The picture in one line of numbers: for tests, and for those who cannot see it."""
        return f"step {self.steps} ({self.steps * self.step_time:g} ms); {self.scene.snapshot()}"

    def picture(self) -> Picture:
        """The present picture as a matplotlib figure."""
        return still(self.scene, f"step {self.steps:,} · {self.steps * self.step_time:g} ms")

    def freeze(self) -> None:
        """Puts the present picture into the cell's output, to stay."""
        from IPython.display import display

        display(self.picture())

    def __repr__(self) -> str:
        return f"Lab({', '.join(panel.title for panel in self.scene.panels)})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live view for pages that have a kernel, a PNG for those that have none."""
        if quiet.install():
            quiet.add(self.view.model_id)
        png = base64.b64encode(self.picture().png()).decode()
        widget = {"version_major": 2, "version_minor": 1, "model_id": self.view.model_id}
        return {"application/vnd.jupyter.widget-view+json": widget, "image/png": png, "text/plain": repr(self)}

    # ---- inside ----------------------------------------------------------------------------------------------------------------------

    @torch.no_grad()
    def _step(self) -> None:
        if self._custom is not None:
            self._custom(*(() if self.source.inputs is None else (self.source.take(self.steps),)))
        else:
            feed.call(self.layer, self.source.take(self.steps), self.device)
            for trainer in self.trainers.values():
                trainer()
            if self.trainers:
                self.layer.update()
        self.scene.recorder.record()
        self.steps += 1

    def show(self) -> None:
        """Sends a frame, now or after the one in flight."""
        if self.views:  # somebody looks
            self.gate.show()

    def _send(self, number: int) -> None:
        if not self.views:
            self.gate.open()
            return
        made = time()
        table, buffer = pack(self.scene.data())
        self.view.send({"do": "frame", "number": number, "made": made, "table": table, "status": self.status()}, buffers=[buffer])

    def status(self) -> dict[str, Any]:
        """What is told around the picture."""
        alt = ""
        if not self.playing or perf_counter() - self._said > 2.0:
            self._said, alt = perf_counter(), self.snapshot()
        return {
            "step": self.steps,
            "time": self.steps * self.step_time,
            "playing": self.playing,
            "speed": self.speed or 0,
            "device": self.device.type,
            "values": {name: control.value for name, control in self.controls.items()},
            "error": self.error,
            "alt": alt,
            "seen": self.views,
        }

    def fail(self, error: Exception) -> None:
        """Says in the view what went wrong, and at which step; the run has ended."""
        self._runner.pause()
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(LIBRARIES)]
        at = f"\n{own[-1].name}, line {own[-1].lineno}: {own[-1].line}" if own else ""
        self.error = f"Stopped at step {self.steps}. {type(error).__name__}: {error}{at}"
        self.show()


def _step_time(names: Names) -> float:
    parts = [*names.neurons.values(), *names.connections.values()]
    return next((float(part.dt) for part in parts if hasattr(part, "dt")), 1.0)


def _device_of(layer: torch.nn.Module) -> torch.device:
    return next((tensor.device for tensor in [*layer.parameters(), *layer.buffers()]), torch.device("cpu"))
