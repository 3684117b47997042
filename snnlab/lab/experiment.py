"""An experiment: a model, what drives it, what is recorded of it, and what may be moved. It knows no page and no clock.

One step is   layer(x), then every trainer(), then layer.update():   activity, then what the rules make of it, then the change of weights.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch

from snnlab.core import checks
from snnlab.core.module import without_grad
from snnlab.lab import device as devices
from snnlab.lab import inputs as feed
from snnlab.lab.controls import Control, Controls
from snnlab.lab.names import Names
from snnlab.lab.panels import Panel
from snnlab.lab.scene import Scene
from snnlab.lab.start import Start
from snnlab.learning import CellTrainer, RewardedTrainer


class Experiment:
    """Steps a model, records it, and brings it back to its start.

    The arguments are those of `Lab`.

    Attributes:
        steps: steps since the start.
        scene: what is recorded, as arrays.
        controls: what may be moved, by name.
        device: where the model runs.
    """

    def __init__(
        self,
        layer: torch.nn.Module,
        inputs: feed.Inputs | None,
        view: Panel | Sequence[Panel],
        *,
        trainers: Mapping[str, Any] | Iterable[Any] | None = None,
        controls: Iterable[str | Control] = (),
        step: Callable[..., Any] | None = None,
        generator: torch.Generator | Iterable[torch.Generator] | None = None,
        step_time: float | None = None,
        window: int = 200,
        batch: int = 0,
        on_reset: Callable[[], Any] | None = None,
    ) -> None:
        if inputs is None and step is None:
            raise TypeError("inputs must be given, or a step that needs none.")
        self.layer, self.trainers, self.on_reset = layer, _named(trainers, alone=step is None), on_reset
        self.source, self._custom = feed.Source(inputs), step
        names = Names(layer, self.trainers)
        self.step_time = checks.positive("step_time", _step_time(names) if step_time is None else step_time, "ms")
        bound = [(Control(control) if isinstance(control, str) else control).bind(names) for control in controls]
        self.controls = Controls((control.name, control) for control in bound)
        self.device = _device_of(layer)
        self.scene = Scene(
            _panels(view),
            names,
            window=checks.whole("window", window),
            step_time=self.step_time,
            batch=checks.whole("batch", batch, least=0),
        )
        generators = () if generator is None else (generator,) if isinstance(generator, torch.Generator) else tuple(generator)
        self._start = Start([layer, *self.trainers.values()], generators)
        self.steps = 0

    @property
    def time(self) -> float:
        """Time since the start, in ms."""
        return self.steps * self.step_time

    @without_grad
    def step(self) -> None:
        """One step, recorded."""
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

    def reset(self) -> None:
        """Back to the start. Settings of controls stay, as what is being tried."""
        self.source.restart()  # may refuse: nothing has changed then
        settings = {name: control.value for name, control in self.controls.items()}
        self._start.restore()
        for name, value in settings.items():
            if self.controls[name].value != value:
                self.controls[name].value = value
        self.scene.clear()
        self.steps = 0
        if self.on_reset is not None:
            self.on_reset()
        for control in self.controls.values():
            control.settle()

    def set(self, name: str, value: float) -> None:
        """Moves a control."""
        checks.one_of("name", name, self.controls, error=LookupError)
        self.controls[name].value = value

    def to(self, name: str) -> None:
        """Moves the model to a device by name, and goes on there."""
        self.device = devices.choose(name)
        for module in (self.layer, *self.trainers.values()):
            if hasattr(module, "to"):
                module.to(self.device)

    def snapshot(self) -> str:
        """What there is to see, in one line of numbers."""
        self.scene.advance()
        self.scene.recorder.fetch()
        return self.words()

    def words(self) -> str:
        """The same of the last frame, without another copy from the device."""
        return f"step {self.steps} ({self.time:.10g} ms); {self.scene.words()}"


def _named(trainers: Any, alone: bool) -> dict[str, Any]:
    """Trainers by name; of a list, or one alone, the names of their classes in small letters, numbered from the second on.

    Args:
        trainers: as they were given.
        alone: whether the lab calls them, so that each must do without arguments.
    """
    if not isinstance(trainers, Mapping):
        every = [] if trainers is None else [trainers] if callable(trainers) else trainers
        if isinstance(every, str) or not isinstance(every, Iterable):
            raise TypeError(f'trainers must be trainers by name, {{"stdp": rule}}, or a list of them, but is {trainers!r}.')
        trainers, kinds = {}, []
        for each in every:
            kinds.append(type(each).__name__.lower())
            count = kinds.count(kinds[-1])
            trainers[kinds[-1] if count == 1 else f"{kinds[-1]}_{count}"] = each
    for name, trainer in trainers.items():
        if not callable(trainer):
            raise TypeError(f"trainers[{name!r}] must be a rule, or a function without arguments, but is {trainer!r}.")
        wanted = _wants(trainer) if alone else ""
        if wanted:
            raise TypeError(
                f"trainers[{name!r}] must do without arguments, but this {type(trainer).__name__} wants {wanted} at every step. Do the "
                f"step yourself: Lab(..., step=step), where step(x) calls layer(x), rule({wanted}) and layer.update()."
            )
    return dict(trainers)


def _wants(trainer: Callable[..., Any]) -> str:
    """Names of the arguments that a trainer cannot do without."""
    if isinstance(trainer, RewardedTrainer):
        return "signal"
    passes_on = isinstance(trainer, CellTrainer) and type(trainer).forward is CellTrainer.forward
    call = trainer.step if passes_on else trainer.forward if isinstance(trainer, torch.nn.Module) else trainer
    try:
        wanted = list(inspect.signature(call).parameters.values())[2 if passes_on else 0 :]  # after the cell and its state
    except ValueError:  # a function of C that does not say
        return ""
    return ", ".join(
        each.name for each in wanted if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    )


def _panels(view: Any) -> list[Panel]:
    view = [view] if isinstance(view, Panel) else list(view) if isinstance(view, Iterable) and not isinstance(view, str) else [view]
    for place, panel in enumerate(view):
        if not isinstance(panel, Panel):
            raise TypeError(f'view must hold panels, such as [Raster("exc")], but view[{place}] is {panel!r}.')
    return view


def _step_time(names: Names) -> float:
    parts = [*names.neurons.values(), *names.connections.values()]
    return next((float(part.dt) for part in parts if hasattr(part, "dt")), 1.0)


def _device_of(layer: torch.nn.Module) -> torch.device:
    return next((tensor.device for tensor in [*layer.parameters(), *layer.buffers()]), torch.device("cpu"))
