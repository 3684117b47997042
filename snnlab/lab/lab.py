"""The lab: an experiment and its live view, in one object that a cell ends with.

Everything that the page can do can be done from Python: play, pause, step, run, reset (see `snnlab.lab.player`), set.
"""

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import ipywidgets
import numpy as np
import torch

from snnlab.core import checks
from snnlab.lab import device as devices
from snnlab.lab import keep, page, quiet, rerun
from snnlab.lab.controls import Control
from snnlab.lab.experiment import Experiment
from snnlab.lab.frame import Frames
from snnlab.lab.gate import Gate
from snnlab.lab.home import Home
from snnlab.lab.inputs import Inputs
from snnlab.lab.panels import Panel
from snnlab.lab.player import Player
from snnlab.lab.scene import Scene
from snnlab.lab.still import still
from snnlab.lab.twin import Twin
from snnlab.lab.view import View
from snnlab.plots import Picture


class Lab(Player):
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
        pace: steps per second, one a frame, for explaining; None goes as `speed` says.
        on_reset: called after Reset, for state that a custom `step` keeps.
        key: a lab with the same key closes this one; None takes the cell.

    Units:
        step_time: ms;  pace: steps per second

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
        pace: float | None = None,
        on_reset: Callable[[], Any] | None = None,
        key: str | None = None,
    ) -> None:
        experiment = Experiment(
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
            experiment.to(device)
        self.home, self.frames = Home(), Frames(self)
        super().__init__(experiment, Gate(self.frames.send))
        described = [{**control.describe(), "initial": control.initial} for control in self.controls.values()]
        self.view = View(self.scene.describe(), described, devices.choices() if device else [])
        self.views: dict[str, int] = {}  # the page's open views, and the last message heard of each
        self._twins: dict[str, Twin] = {}
        self.speed, self.pace = speed, pace
        self._end = page.listen(self)
        rerun.register(self, key)

    # --- what is moved, beside what plays ----------------------------------------------------------------------------------------------

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
            self._twins[name] = Twin(self.controls[name], lambda value: self.set(name, value), self.fail, self.home)
        return self._twins[name].slider

    def to(self, name: str) -> None:
        """Moves the model to a device by name ("auto", "cpu", "cuda", "mps") and goes on there."""
        self.experiment.to(name)
        self.sync()

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
        kept = [panel for panel in self.scene.panels if self.scene.recorder.follows(panel.title)]
        panels = {key: panel for panel in reversed(kept) for key in (panel.name, panel.title)}
        checks.one_of("name", name, panels, error=LookupError)
        self.scene.recorder.fetch()
        return self.scene.recorder.rows(panels[name].title).copy()

    def picture(self) -> Picture:
        """The present picture as a matplotlib figure."""
        return still(self.scene, f"step {self.steps:,} · {self.experiment.time:,.10g} ms")

    def save(self, path: str | Path) -> Path:
        """Keeps what is in view as a file of the kind that the end of its name says: see `snnlab.lab.keep`.

        Args:
            path: ends in .png or .svg for the picture, in .npz for every panel as an array, in .csv for a table of steps, in .spikes.csv
                for one of spikes.

        Returns:
            The path.

        Raises:
            ValueError: another end.
            LookupError: spikes, where no panel shows any.
        """
        return keep.save(self, path)

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
        self.view.first = self.frames.first()
        return {"application/vnd.jupyter.widget-view+json": widget, "image/png": png, "text/plain": repr(self)}

    # --- frames -----------------------------------------------------------------------------------------------------------------------

    def show(self) -> None:
        """Sends a frame, now or after the one in flight."""
        self.follow_twins()
        if self.views:  # somebody looks
            self.gate.show()

    def sync(self) -> None:
        """Shows values that were changed in Python. Happens by itself after each cell, and with each frame."""
        if not self.playing or self.pace is not None:
            self.show()

    def follow_twins(self) -> None:
        """Moves the sliders of ipywidgets to where the controls are."""
        for twin in self._twins.values():
            twin.follow()
