"""Laws of learning rules: a rule proposes, the update changes, and in evaluation nothing is learned.

A rule is tried in a lesson, which is a model like any other: a layer, the rule that watches it, and steps of both. So the laws of models
hold for it too: what it remembers is cleared, saved, copied and moved with the rest.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.connections import LinearDense
from snnlab.contract.law import BATCH, STEPS, Broken, keep_same_state, law, snapshot
from snnlab.contract.subject import Subject
from snnlab.core.module import Module
from snnlab.learning import CellTrainer
from snnlab.network import Serial
from snnlab.neurons import LIF
from snnlab.synapses import DeltaCurrent

INPUTS, OUTPUTS = 5, 4


def small_layer(batch: int) -> Serial:
    """Five inputs, four leaky neurons, weights of 0 and above, biases, and delays up to 3 ms, some of them between two steps.

    Example:
        >>> small_layer(2).connection.weight.shape
        torch.Size([4, 5])
    """

    def drawn(low: float, high: float, seed: int) -> Callable[[Tensor], Tensor]:
        return lambda like: torch.rand(like.shape, generator=torch.Generator().manual_seed(seed)) * (high - low) + low

    firsts = {"weight_init": drawn(0.1, 1.0, 1), "bias_init": drawn(0.0, 1.0, 2), "delay_init": drawn(0.0, 3.0, 3)}
    synapse = DeltaCurrent.partialconstructor(spike_charge=40.0)
    connection = LinearDense(INPUTS, OUTPUTS, 1.0, synapse=synapse, bias=True, delay=3.0, batch_size=batch, **firsts)
    neuron = LIF(OUTPUTS, 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=2.0, time_constant=15.0, batch_size=batch)
    return Serial(connection, neuron)


class Lesson(Module):
    """A layer and a rule that trains its cell, as one model: a call is one step of the layer, of the rule, and of the update.

    Args:
        layer: what is trained.
        rule: what trains it.
        tell: what the rule is called with at every step, such as a reward.

    Shape:
        inputs: B x inshape -> currents: B x outshape, which show the weights that were learned so far

    Example:
        >>> lesson = Lesson(small_layer(1), snn.STDP(0.1, -0.1, tc_post=20.0, tc_pre=20.0))
        >>> lesson(torch.ones(1, 5, dtype=torch.bool)).shape
        torch.Size([1, 4])
    """

    def __init__(self, layer: Serial, rule: CellTrainer, tell: tuple = ()) -> None:
        super().__init__()
        self.layer, self.rule, self.tell = layer, rule, tell
        if layer.updater is None:
            layer.connection.defaultupdater()
        rule.register_cell("only", layer.cell)
        self._first = {name: parameter.detach().clone() for name, parameter in layer.named_parameters()}

    @property
    def batchsz(self) -> int:
        """Number of samples, that of the layer."""
        return self.layer.batchsz

    @batchsz.setter
    def batchsz(self, value: int) -> None:
        self.layer.batchsz = value

    def clear(self, keep_adaptations: bool = True, **kwargs: Any) -> None:
        """Brings layer and rule to rest; what was learned is forgotten where adaptations are not kept."""
        super().clear(keep_adaptations=keep_adaptations, **kwargs)
        if not keep_adaptations:
            with torch.no_grad():
                for name, parameter in self.layer.named_parameters():
                    parameter.copy_(self._first[name])

    def watch(self, inputs: Tensor) -> Tensor:
        """A step of the layer and of the rule, whose proposals are left pending; returns the currents."""
        _, currents = self.layer(inputs, capture_intermediate=True)
        self.rule(*self.tell)
        return currents

    def forward(self, inputs: Tensor) -> Tensor:
        currents = self.watch(inputs)
        self.layer.update()
        return currents


def lesson_of(build: Callable[[], CellTrainer], layer: Callable[[int], Serial] = small_layer, tell: tuple = ()) -> Subject:
    """The subject in which a rule is tried; arguments as in `check_rule`.

    Example:
        >>> lesson_of(lambda: snn.STDP(0.1, -0.1, tc_post=20.0, tc_pre=20.0)).name
        'STDP'
    """
    return _LessonSubject(lambda batch: Lesson(layer(batch), build(), tell), tuple(layer(1).connection.inshape))


class _LessonSubject(Subject):
    """A lesson, which goes by the name of its rule."""

    @property
    def name(self) -> str:
        return type(self.build(1).rule).__name__


def _is_lesson(model: Any) -> bool:
    return isinstance(model, Lesson)


def _parameters(lesson: Lesson) -> dict[str, Tensor]:
    return {name: parameter.detach().clone() for name, parameter in lesson.layer.named_parameters()}


@law(of=_is_lesson)
def a_rule_learns_something(subject: Subject) -> None:
    """In a few steps of a lively layer some parameter has changed.

    Add what should change to cell.updater.weight, as cell.updater.weight = (what is added, what is taken away).
    """
    lesson = subject.build(BATCH)
    before = _parameters(lesson)
    subject.run(lesson, subject.draw(STEPS, BATCH))
    after = _parameters(lesson)
    if all(torch.equal(before[name], after[name]) for name in before):
        raise Broken(f"no parameter had changed after {STEPS} steps.")


@law(of=_is_lesson)
def a_rule_proposes_and_changes_nothing_itself(subject: Subject) -> None:
    """A call of the rule leaves the layer as it is: only `layer.update()` changes it, after all rules have looked at the same step.

    Give the change to cell.updater instead of setting connection.weight.
    """
    lesson = subject.build(BATCH)
    for each in subject.draw(STEPS, BATCH):
        lesson.layer(each)
        before = snapshot(lesson.layer)
        lesson.rule(*lesson.tell)
        keep_same_state("after a call of the rule, before the update", snapshot(lesson.layer), before)
        lesson.layer.update()


@law(of=_is_lesson)
def what_a_rule_adds_and_what_it_takes_away_are_magnitudes(subject: Subject) -> None:
    """Both parts of a proposal are 0 or above, so that bounds know what makes a parameter grow and what makes it shrink.

    Sort by sign: cell.updater.weight = (change.clamp(min=0), (-change).clamp(min=0)).
    """
    lesson = subject.build(BATCH)
    for each in subject.draw(STEPS, BATCH):
        lesson.watch(each)
        for name in lesson.layer.updater.names:
            pending = getattr(lesson.layer.updater, name)
            for part, value in (("adds to", pending.pos), ("takes away from", pending.neg)):
                if value is not None and (value < 0).any():
                    raise Broken(f"what the rule {part} {name} is below 0 in {int((value < 0).sum())} of {value.numel()} elements.")
        lesson.layer.update()


@law(of=_is_lesson)
def in_evaluation_mode_a_rule_does_nothing(subject: Subject) -> None:
    """After `rule.eval()` nothing is learned, and nothing that the rule remembers moves.

    Write build and step, and leave forward as it is: it looks at the mode.
    """
    lesson, inputs = subject.build(BATCH), subject.draw(STEPS, BATCH)
    subject.run(lesson, inputs[:11])
    lesson.rule.eval()
    parameters, traces = _parameters(lesson), snapshot(lesson.rule)
    subject.run(lesson, inputs[11:])
    keep_same_state("after steps in evaluation mode", _parameters(lesson), parameters)
    keep_same_state("after steps in evaluation mode", snapshot(lesson.rule), traces)
