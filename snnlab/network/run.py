"""A run: a layer stepped over a spike train, and what was seen on the way.

The order of events in the step of index k, which stands at the time k·dt:

    1  input        inputs[k] enter the synapses; what a delay d holds back is read as it was at k − d/dt
    2  current      each connection gives its weighted currents, with the weights as the step before left them
    3  spike        each group of neurons integrates its current over dt, and what reaches its threshold spikes: spikes[k]
    4  observe      monitors on cells look
    5  learn        trainers advance their traces by the spikes of this step, and propose updates
    6  update       the proposed updates change weights and delays
    7  record       what is to be recorded is read, as these six have left it

So an input without delay acts on the spikes of its own step, and a change of a weight on those of the next.
"""

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from snnlab.connections import Connection
from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.recording import KEPT, Recording, Series
from snnlab.network.interrupt import BetweenSteps
from snnlab.network.layer import Layer
from snnlab.network.progress import shown
from snnlab.network.reading import Reading, axes_of, reading
from snnlab.network.rows import Rows
from snnlab.network.step import check_given
from snnlab.neurons import Neuron
from snnlab.synapses import Synapse


def run(
    layer: Module,
    inputs: Tensor | Mapping[str, Tensor] | Iterable[Any],
    *,
    record: Iterable[str] = (),
    trainers: Iterable[Callable[[], Any]] = (),
    progress: bool | None = None,
) -> Recording:
    """Steps a layer once for each entry of the inputs, and records its spikes and whatever else is named.

    A step is, in this order: input, current, spike, observe, learn, update, record; snnlab/network/run.py begins with what each of them is.
    The run goes on from the state in which it finds the layer; `layer.clear()` brings it to rest before. Times begin at 0 in every run.

    Args:
        layer: a `Serial` or `RecurrentSerial`, any other `Layer`, or a single part: neurons, a connection, a synapse.
        inputs: time first. A tensor for what has one input; for any other layer a dict of tensors by connection. Or a list or a generator
            of what each step is called with: a tensor, a tuple of tensors, or a dict. A generator is asked for a step's inputs when that
            step comes, so it may look at what the layer did before, and feed it back: see Recurrence in `help(snn.Layer)`. What is traced
            takes tuples (spikes, trace), as `map(snn.traced.TracedInput(20.0, dt), spikes)` gives them.
        record: dotted names of tensors to be read at the end of every step, such as "neuron.voltage", "connection.syncurrent",
            "neurons.exc.voltage", "cells.up.exc.prespike". They are copied.
        trainers: called after each step, without arguments; then the layer's pending updates are applied. A rule that wants to be told
            something, such as a reward, is put into a function that says it: `trainers=lambda: rule(reward())`.
        progress: whether to show a bar; None: once the run has lasted 2 seconds.

    Units:
        as the parts have them; times of the recording: ms

    Shape:
        inputs: (T, B, *inshape)  ->  each series: (T, B, *shape), or (T, *shape) for what the batch shares, such as weights

    Returns:
        the recording. "spikes" is what a `Serial` or neurons gave, "spikes.NAME" what the neurons of any other layer gave, "currents" what
        a connection or a synapse gave, and "trace" or "trace.NAME" the traces beside them, of what is traced; further series have the names
        in `record`. Spikes are bool; of neurons with a surrogate, 0 and 1 where gradients are recorded. Under `torch.no_grad()`
        nothing carries a graph; else every series keeps its own, for a loss over spikes or voltages.

    Raises:
        AttributeError: a name in `record`, or of a connection, that is not there. No step has run.
        TypeError, ValueError: inputs of a wrong kind or shape, not finite, or none; a name in `record` of what is no tensor; trainers that
            cannot be called. No step has run, unless the inputs come step by step.
        KeyboardInterrupt: the run was stopped. Like any error within a run, it bears a note that says in which step, and in its attribute
            `recording` what was recorded up to there, or None: `except KeyboardInterrupt as stop: recording = stop.recording`; in a
            notebook, in the next cell, `sys.last_value.recording`. The step at hand is finished first, unless a second interruption comes.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=30.0)
        >>> connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.))
        >>> recording = run(layer, torch.ones(4, 1, 3), record=["neuron.voltage"])
        >>> recording
        Recording of 4 steps of 1 ms:
          spikes          time 4 x batch 1 x neuron 2, bool
          neuron.voltage  time 4 x batch 1 x neuron 2, mV
        >>> recording["spikes"].sample(0)[:, 0]
        tensor([ True, False,  True, False])
    """
    if not isinstance(layer, Layer | Neuron | Connection | Synapse):
        raise TypeError(f"layer must be a Layer, or neurons, a connection or a synapse, but is of type {type(layer).__name__}.")
    step_time, batch = layer.dt, layer.batchsz
    readings = [reading(layer, name, batch) for name in _names(record)]
    trainers = _trainers(layer, trainers)
    steps, each = _steps(layer, inputs)
    taken = _Taken(layer, readings, steps)
    try:
        with BetweenSteps() as between:
            for given in shown(each, steps, progress):
                output = _call(layer, given)
                for trainer in trainers:
                    trainer()
                if trainers:
                    layer.update()
                taken.take(output)
                between.check()
    except BaseException as error:
        done, of = taken.steps, "" if steps is None else f" of {steps}"
        error.recording = taken.so_far(step_time)
        kept = " The error's attribute `recording` holds them." if error.recording is not None else ""
        error.add_note(
            f"snn.run stopped at the step of index {done}{of}, {done * step_time:g} ms. The {done} steps before it are done.{kept}"
        )
        raise
    return taken.recording(step_time)


def _call(layer: Module, given: Any) -> Any:
    if isinstance(given, Mapping):
        return layer(dict(given))
    return layer(*given) if isinstance(given, tuple | list) else layer(given)


class _Taken:
    """What a run has gathered so far: the layer's outputs, and what was to be recorded."""

    def __init__(self, layer: Module, readings: Sequence[Reading], steps: int | None) -> None:
        self._layer, self._readings, self._expected, self.steps = layer, readings, steps, 0
        self._outputs: dict[str, Rows] = {}
        self._rows = [Rows(each.name, steps) for each in readings]

    def take(self, output: Any) -> None:
        """One more step."""
        named = self._named(output)
        if self.steps == 0:
            self._outputs = {name: Rows(name, self._expected) for name in named}
        elif named.keys() != self._outputs.keys():
            before, came = ", ".join(self._outputs), ", ".join(named) or "nothing"
            raise RuntimeError(f"Every step of a run must give the same outputs, {before}, but one gave {came}.")
        for name, value in named.items():
            self._outputs[name].add(value)
        for each, rows in zip(self._readings, self._rows, strict=True):
            rows.add(each.read())
        self.steps += 1

    def _named(self, output: Any) -> dict[str, Tensor]:
        layer, kind = self._layer, "spikes" if isinstance(self._layer, Layer | Neuron) else "currents"
        one = isinstance(output, tuple) and hasattr(layer, "neuron")  # a Serial with a traced neuron
        if isinstance(output, Tensor) or not isinstance(layer, Layer) or one:
            return self._beside_trace(kind, output)
        if isinstance(output, tuple) and len(output) == len(layer.neurons):
            output = dict(zip(layer.neurons, output, strict=True))
        if not isinstance(output, Mapping):
            raise TypeError(f"A step must give a tensor, or tensors by neuron, but gave a {type(output).__name__}.")
        return {key: each for name, out in output.items() for key, each in self._beside_trace(kind, out, f".{name}").items()}

    def _beside_trace(self, kind: str, output: Any, suffix: str = "") -> dict[str, Tensor]:
        """What one part gave: a tensor, or of what is traced a tensor and its trace; what is recorded under that name stands for it."""
        pair = output if isinstance(output, tuple) and len(output) == 2 else (output,)
        if not all(isinstance(each, Tensor) for each in pair):
            raise TypeError(f"A step must give a tensor, or tensors by neuron, but gave a {type(output).__name__}.")
        recorded = {each.name for each in self._readings}
        names = (f"{kind}{suffix}", f"trace{suffix}")
        return {name: each for name, each in zip(names, pair, strict=False) if name not in recorded}

    def so_far(self, step_time: float) -> Recording | None:
        """What an error takes along: the steps that were done; None where there is none, or no memory left. It never hides the error."""
        try:
            return self.recording(step_time) if self.steps else None
        except Exception:
            return None

    def recording(self, step_time: float) -> Recording:
        """All of it, with axes, times and units; of a step that broke off, nothing."""
        if self.steps == 0:
            raise ValueError("inputs must hold at least one step, but are empty.")
        times = torch.arange(self.steps, dtype=torch.float64) * step_time
        series = []
        for name, rows in self._outputs.items():
            owner = self._layer.get_neuron(name.partition(".")[2]) if "." in name else getattr(self._layer, "neuron", self._layer)
            values = rows.stacked()[: self.steps]
            if isinstance(owner, Connection):  # its outputs are shaped as neurons are, and not as its inputs
                owner = SimpleNamespace(shape=tuple(values.shape[2:]), batchedshape=tuple(values.shape[1:]))
            axes, unit = axes_of(owner, "", values[0], self._layer.batchsz), "nA" if name == "currents" else ""
            series.append(Series(name, values, ("time", *axes), times, step_time, unit))
        for each, rows in zip(self._readings, self._rows, strict=True):
            series.append(Series(each.name, rows.stacked()[: self.steps], ("time", *each.axes), times, step_time, each.unit))
        return Recording(series)


# --- what is checked before the first step ----------------------------------------------------------------------------------------------


def _names(record: Any) -> list[str]:
    names = [record] if isinstance(record, str) else list(record)
    for name in names:
        if isinstance(name, str) and (name in KEPT or name.partition(".")[0] in ("spikes", "currents")):
            raise ValueError(f"record must not name {name!r}: a run keeps that name for itself. Leave it out.")
    return list(dict.fromkeys(names))


def _trainers(layer: Module, trainers: Any) -> list[Callable[[], Any]]:
    trainers = [trainers] if callable(trainers) else list(trainers)
    for place, trainer in enumerate(trainers):
        if not callable(trainer):
            raise TypeError(f"trainers[{place}] must be a function without arguments, such as an STDP, but is {trainer!r}.")
        _check_needs_nothing(place, trainer)
    if trainers and not isinstance(layer, Layer):
        raise TypeError(f"trainers need a Layer, whose cells they train, but layer is a {type(layer).__name__}. Build a Serial of it.")
    return trainers


def _check_needs_nothing(place: int, trainer: Any) -> None:
    """TypeError where a trainer cannot be called without arguments, as a rule that wants a reward."""
    try:
        wanted = inspect.signature(trainer.forward if isinstance(trainer, Module) else trainer).parameters.values()
    except ValueError:  # a function of C that does not say: it will refuse by itself
        return
    names = [each.name for each in wanted if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    if names:
        kind, called = type(trainer).__name__, ", ".join(names)
        raise TypeError(
            f"trainers[{place}] must be a function without arguments, but this {kind} wants {called} at every step. "
            f"Put it into one that says so: trainers=lambda: rule({called})."
        )


def _steps(layer: Module, inputs: Any) -> tuple[int | None, Iterable[Any]]:
    """How many steps there are, or None, and what each is called with; tensors are checked whole."""
    single = getattr(layer, "batched_inshape", getattr(layer, "batchedshape", None))
    if isinstance(inputs, Mapping):
        return _by_connection(layer, inputs, single)
    if isinstance(inputs, Tensor):
        if single is None:
            known = ", ".join(name for name, _ in layer.named_connections) or "none yet"
            raise TypeError(
                f"inputs must be a dict of tensors by connection ({known}) for a {type(layer).__name__}, or what each step is called with, "
                "but is a Tensor."
            )
        if isinstance(layer, Connection):
            check_given("inputs", layer, 1)
        return _length("inputs", inputs, single), inputs
    if isinstance(inputs, str) or not isinstance(inputs, Iterable):
        raise TypeError(f"inputs must be a tensor, a dict of tensors, or what each step is called with, but is a {type(inputs).__name__}.")
    return (len(inputs) if isinstance(inputs, Sequence) else None), inputs


def _by_connection(layer: Module, inputs: Mapping[str, Tensor], single: tuple[int, ...] | None) -> tuple[int, Iterator[Any]]:
    if single is not None:
        raise TypeError(f"inputs must be a tensor for a {type(layer).__name__}, which has one input, but is a dict. Pass the tensor alone.")
    if not inputs:
        raise ValueError("inputs must name at least one connection, but are empty.")
    lengths = {name: _length(f"inputs of {name!r}", value, layer.get_connection(name).batched_inshape) for name, value in inputs.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"inputs must have as many steps for every connection, but have {lengths}.")
    steps = next(iter(lengths.values()))
    return steps, ({name: value[step] for name, value in inputs.items()} for step in range(steps))


def _length(name: str, inputs: Any, one_step: tuple[int, ...]) -> int:
    steps = len(inputs) if checks.tensor(name, inputs).dim() else 0
    axes = "T x B x shape, time first"
    hint = "For one sample without a batch axis: inputs.unsqueeze(1). For another batch size, set batchsz of the layer."
    checks.shaped(name, inputs, (steps, *one_step), axes, hint)
    checks.finite(name, inputs)
    if not steps:
        raise ValueError(f"{name} must hold at least one step, but are empty.")
    return steps
