"""Laws of learning rules: each is broken by a rule that does wrong in one place; and rules of the library keep them all.

What every rule of the library keeps beside these is in `tests/learning/test_every_rule.py`.
"""

import re

import pytest
import torch

import snnlab as snn
from snnlab.contract.rule import Lesson, lesson_of, small_layer
from tests.contract.models import Hebb, check, seen
from tests.learning.test_every_rule import RULES


class Idle(Hebb):
    def step(self, cell, state):
        pass


class Impatient(Hebb):
    def step(self, cell, state):
        cell.connection.weight = 0.99 * cell.connection.weight


class Signed(Hebb):
    def step(self, cell, state):
        cell.updater.weight = -0.01 * cell.connection.weight


class Restless(Hebb):
    def forward(self):
        for unit in self:
            self.step(unit.cell, unit.state)


class Unregistered(Hebb):
    """Keeps its trace in a plain attribute of the rule."""

    def build(self, cell, state):
        self.trace = torch.zeros(self.arriving(cell).shape)

    def step(self, cell, state):
        self.trace = 0.9 * self.trace + self.arriving(cell)
        cell.updater.weight = 0.01 * (cell.connection.postsyn_receptive(cell.postspike) * self.trace).sum(-1).mean(0)


BROKEN = {
    "a_rule_learns_something": (Idle, "no parameter had changed after 25 steps"),
    "a_rule_proposes_and_changes_nothing_itself": (Impatient, "before the update, 'connections_.serial.weight_' is not the same"),
    "what_a_rule_adds_and_what_it_takes_away_are_magnitudes": (Signed, "what the rule adds to weight is below 0 in 20 of 20 elements"),
    "in_evaluation_mode_a_rule_does_nothing": (Restless, "after steps in evaluation mode, 'connections_.serial.weight_' is not the same"),
}
MORE = [
    ("clear_restores_the_state_after_construction", Unregistered, r"the output after clear\(\) is not the same"),
    ("a_saved_state_goes_on_bit_for_bit_in_the_middle_of_a_run", Unregistered, "saved, loaded and gone on with is not the same"),
    ("everything_moves_to_another_device", Unregistered, "stayed behind: Unregistered.trace"),
]


@pytest.mark.parametrize(("law", "kind", "words"), [*[(law, *each) for law, each in BROKEN.items()], *MORE])
def test_a_rule_that_breaks_it_is_told_what_was_seen(law, kind, words):
    assert re.search(words, seen(law, kind))


ONE_OF_A_KIND = ["STDP", "TripletSTDP", "Competitive", "MSTDPET", "KernelSTDP", "DelayAdjustedSTDPD", "LinearHomeostasis"]


@pytest.mark.parametrize("rule", [RULES[name] for name in ONE_OF_A_KIND], ids=ONE_OF_A_KIND)
def test_a_rule_of_each_kind_that_the_library_has_keeps_the_contract(rule):
    assert snn.contract.check_rule(rule.build, tell=(1.0,) if rule.rewarded else ()).model == rule.kind.__name__


def test_a_rule_of_ones_own_keeps_it_too_on_a_layer_of_ones_own():
    def layer(batch):
        synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=40.0, time_constant=5.0)
        weights = {"weight_init": lambda like: torch.linspace(0.1, 1.0, like.numel()).reshape(like.shape)}
        neuron = snn.LIF((3, 2), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=0.0, time_constant=9.0, batch_size=batch)
        return snn.Serial(snn.LinearDense((2, 2), (3, 2), 1.0, synapse=synapse, batch_size=batch, **weights), neuron)

    assert check(Hebb).model == check(Hebb, layer=layer).model == "Hebb"


def test_a_lesson_is_a_step_of_the_layer_then_of_the_rule_then_of_the_update():
    lesson, layer, rule = Lesson(small_layer(2), Hebb()), small_layer(2), Hebb()
    layer.connection.defaultupdater()
    rule.register_cell("only", layer.cell)
    for x in lesson_of(Hebb).draw(12, 2):
        _, currents = layer(x, capture_intermediate=True)
        rule()
        layer.update()
        assert torch.equal(lesson(x), currents)
    learned = lesson.layer.connection.weight
    assert torch.equal(learned, layer.connection.weight)
    assert not torch.equal(learned, small_layer(2).connection.weight)
    lesson.clear()
    assert torch.equal(learned, layer.connection.weight)
    lesson.clear(keep_adaptations=False)
    assert torch.equal(learned, small_layer(2).connection.weight)
