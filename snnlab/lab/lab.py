"""The lab: an experiment and its live view, in one object that a cell ends with.

Everything that the page can do can be done from Python: play, pause, step, run, reset, set.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import perf_counter, time
from typing import Any

import ipywidgets
import numpy as np
import torch

from snnlab.core import checks
from snnlab.lab import device as devices
from snnlab.lab import fault, page, quiet, rerun
from snnlab.lab.controls import Control
from snnlab.lab.experiment import Experiment
from snnlab.lab.gate import Gate
from snnlab.lab.inputs import Inputs
from snnlab.lab.panels import Panel
from snnlab.lab.runner import Runner
from snnlab.lab.scene import Scene, pack
from snnlab.lab.still import still
from snnlab.lab.twin import Twin
from snnlab.lab.view import View
from snnlab.plots import Picture


class Lab:
    """A live view of a model.

    Args:
        layer: what is stepped; its neurons and connections give the names.
        inputs: a tensor T x B x ... (looped), a callable of the step's number, or an iterable; see `snnlab.lab.inputs`.
        view: panels, as in `[Raster("exc"), Fields("enc2exc.weight", shape=(8, 8))]`, or one alone.
        trainers: rules by name, or a list, where each goes by its class, as "stdp"; called after the layer at each step, then the layer is
            updated. A rule that wants to be told something, such as a reward, needs a `step` that says it; the lab calls none then.
        controls: names of numbers, as in "exc.tc_membrane", or `Control` objects.
        step: does one step instead, called with the step's input (with nothing where `inputs` is None).
        generator: random number generator(s) behind the inputs, so that Reset brings them back too.
        device: True shows a menu of devices; a name moves the model there as well; False shows none.
        step_time: length of a step; None asks the layer's parts.
        window: steps in view.
        batch: which sample of the batch is shown.
        speed: steps per frame; None for as fast as it goes.
        on_reset: called after Reset, for state that a custom `step` keeps.
        key: a lab with the same key closes this one; None takes the cell.

    Units:
        step_time: ms

    Raises:
        LookupError: a name that nothing has; the message lists what there is.
        TypeError: a view of what is no panel; trainers that are no functions, or want arguments.

    Example:
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0), weight_init=torch.ones_like)
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
        >>> lab = Lab(layer, torch.ones(1, 1, 3), view=[snn.lab.Raster("exc")], controls=["exc.time_constant"])
        >>> lab.step(3)
        >>> lab.snapshot()
        'step 3 (3 ms); spikes · exc: 6 spikes in view'
    """

    def __init__(
        self,
        layer: torch.nn.Module,
        inputs: Inputs | None = None,
        view: Panel | Sequence[Panel] = (),
        *,
        trainers: Mapping[str, Any] | Iterable[Any] | None = None,
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
        self.experiment = Experiment(
            *(layer, inputs, view),
            trainers=trainers,
            controls=controls,
            step=step,
            generator=generator,
            step_time=step_time,
            window=window,
            batch=batch,
            on_reset=on_reset,
        )
        if isinstance(device, str):
            self.experiment.to(device)
        described = [{**control.describe(), "initial": control.initial} for control in self.controls.values()]
        self.view = View(self.scene.describe(), described, devices.choices() if device else [])
        self.views: dict[str, int] = {}  # the page's open views, and the last message heard of each
        self.error = ""
        self._twins: dict[str, Twin] = {}
        self.gate = Gate(self._send)
        self.runner = Runner(self.experiment.step, self.gate, self.fail)
        self.speed = speed
        self._frame: tuple[list[Any], bytes] = ([], b"")
        self._alt_at = 0.0
        self._end = page.listen(self)
        rerun.register(self, key)

    # --- what the page's buttons do ---------------------------------------------------------------------------------------------------

    def play(self) -> None:
        """Runs in the background until `pause`."""
        self.error = ""
        self.runner.play()
        self.show()

    def pause(self) -> None:
        """Stops after the present turn."""
        self.runner.pause()
        self.show()
        quiet.flush()

    def step(self, steps: int = 1) -> None:
        """Runs so many steps at once, then shows the result."""
        self.runner.pause()
        self.error = ""
        try:
            for _ in range(checks.whole("steps", steps, least=0)):
                self.experiment.step()
        except Exception as error:
            self.fail(error)
            raise
        self.show()

    async def run(self, steps: int) -> None:
        """Runs so many steps while the page follows and its sliders answer: `await lab.run(500)`."""
        self.error = ""
        try:
            await self.runner.run(checks.whole("steps", steps, least=0))
        except Exception as error:
            self.fail(error)
            raise

    def reset(self) -> None:
        """Back to the first step: model, trainers, random numbers and pictures. Settings of sliders stay, as what is being tried."""
        self.runner.pause()
        self.error = ""
        self.experiment.reset()
        self.show()

    def set(self, name: str, value: float) -> None:
        """Moves a control; acts at the next step."""
        self.experiment.set(name, value)
        self.sync()

    def follow(self, group: str, neuron: int | None) -> None:
        """Follows a neuron, as a click on its field does: it is marked, and stands in for the last line of currents and voltages.

        Args:
            group: name of the neurons, as in "exc".
            neuron: which of them, by its place in the flattened group; None follows none.

        Raises:
            LookupError: no panel shows such a group.
            ValueError: the group has no such neuron.
        """
        self.scene.following.follow(group, neuron)
        self.view.scene = self.view.scene | self.scene.describe()
        self.sync()

    def slider(self, name: str) -> ipywidgets.Widget:
        """An ipywidgets slider that mirrors a control, for a layout of your own: `ipywidgets.VBox([lab.slider("exc.tc_membrane"), ...])`.

        Raises:
            LookupError: no such control.
        """
        checks.one_of("name", name, self.controls, error=LookupError)
        if name not in self._twins:
            self._twins[name] = Twin(self.controls[name], lambda value: self.set(name, value))
        return self._twins[name].slider

    def to(self, name: str) -> None:
        """Moves the model to a device by name ("auto", "cpu", "cuda", "mps") and goes on there."""
        self.experiment.to(name)
        self.sync()

    @property
    def speed(self) -> int | None:
        """Steps per frame; None for as fast as it goes."""
        return self.runner.speed

    @speed.setter
    def speed(self, speed: int | None) -> None:
        self.runner.speed = None if speed is None else checks.whole("speed", speed)

    def close(self) -> None:
        """Stops, and lets go of the model."""
        self.runner.pause()
        self.scene.close()
        self.views.clear()
        for twin in self._twins.values():
            twin.close()
        self._end()

    # --- what there is to see ---------------------------------------------------------------------------------------------------------

    @property
    def playing(self) -> bool:
        """Whether it runs."""
        return self.runner.playing

    @property
    def steps(self) -> int:
        """Steps since the start."""
        return self.experiment.steps

    @property
    def device(self) -> torch.device:
        """Where the model runs."""
        return self.experiment.device

    @property
    def controls(self) -> dict[str, Control]:
        """What may be moved, by name."""
        return self.experiment.controls

    @property
    def scene(self) -> Scene:
        """The panels, as arrays."""
        return self.experiment.scene

    def snapshot(self) -> str:
        """The picture in one line of numbers: for tests, and for those who cannot see it."""
        return self.experiment.snapshot()

    def recorded(self, name: str) -> np.ndarray:
        """The last steps of what a panel follows, by the panel's name or title: one row a step in view, NaN before the first step."""
        panels = {key: panel for panel in reversed(self.scene.panels) if panel.kind != "fields" for key in (panel.name, panel.title)}
        checks.one_of("name", name, panels, error=LookupError)
        self.scene.recorder.fetch()
        return self.scene.recorder.rows(panels[name].title).copy()

    def picture(self) -> Picture:
        """The present picture as a matplotlib figure."""
        return still(self.scene, f"step {self.steps:,} · {self.experiment.time:,.10g} ms")

    def freeze(self) -> None:
        """Puts the present picture into the cell's output, to stay."""
        from IPython.display import display

        display(self.picture())

    def __repr__(self) -> str:
        return f"Lab({', '.join(panel.title for panel in self.scene.panels)})"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        """The live view for pages that have a kernel, a PNG for those that have none."""
        quiet.add(self.view.model_id)
        widget = {"version_major": 2, "version_minor": 1, "model_id": self.view.model_id}
        png = base64.b64encode(self.picture().png()).decode()
        return {"application/vnd.jupyter.widget-view+json": widget, "image/png": png, "text/plain": repr(self)}

    # --- frames -----------------------------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Sends a frame, now or after the one in flight."""
        self._follow()
        if self.views:  # somebody looks
            self.gate.show()

    def sync(self) -> None:
        """Shows values that were changed in Python. Happens by itself after each cell, and with each frame."""
        if not self.playing:
            self.show()

    def fail(self, error: Exception) -> None:
        """Says in the view what went wrong, and at which step; the run has ended."""
        self.runner.pause()
        self.error = fault.describe(error, self.steps)
        self.show()

    def _follow(self) -> None:
        for twin in self._twins.values():
            twin.follow()

    def _send(self, number: int) -> None:
        self._follow()
        if not self.views:
            self.gate.open()
            return
        made = time()
        try:
            self._frame = pack(self.scene.data())
            status = self._status()
        except Exception as error:  # a picture or a value that cannot be had: say so over the last one
            self.runner.pause()
            self.error = fault.describe(error, self.steps)
            status = self._status(known=False)
        table, buffer = self._frame
        self.view.send({"do": "frame", "number": number, "made": made, "table": table, "status": status}, buffers=[buffer])

    def _status(self, known: bool = True) -> dict[str, Any]:
        """What is told around the picture; the words for those who cannot see it only now and then while it runs."""
        alt = ""
        if known and (not self.playing or perf_counter() - self._alt_at > 2.0):
            self._alt_at, alt = perf_counter(), self.snapshot()
        status = {"step": self.steps, "time": self.experiment.time, "playing": self.playing, "speed": self.speed or 0}
        values = {name: control.value for name, control in self.controls.items()} if known else {}
        return status | {"device": self.device.type, "values": values, "error": self.error, "alt": alt, "seen": self.views}
