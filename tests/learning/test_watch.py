"""What was forgotten around a rule is said, once, at the line of whoever called it; and nothing else is."""

import warnings

import pytest
import torch

import snnlab as snn
from snnlab.learning.watch import FIRST, LATER, Watch
from tests.learning.scripted import connect, trains

NO_UPDATE = "STDP was called for {} steps of cell 'only' {}, and no update was applied, so its weight has not changed"


def build(**overrides):
    layer, rule = connect(batch_size=1), snn.STDP(0.02, -0.01, 20.0, 20.0)
    rule.register_cell("only", layer.cell, **overrides)
    return layer, rule


def go(layer, rule, steps, after=lambda: None):
    """The words of all warnings on the way."""
    pre, post = trains(steps, 1, 4), trains(steps, 1, 3, seed=1)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for arriving, leaving in zip(pre, post, strict=True):
            layer(arriving, neuron_kwargs={"script": leaving})
            rule()
            after()
    assert all(each.filename == __file__ for each in said)
    return [str(each.message) for each in said]


def test_updates_that_were_never_applied_are_said_once():
    layer, rule = build()
    assert go(layer, rule, FIRST) == []
    (words,) = go(layer, rule, 1)
    assert words.startswith(NO_UPDATE.format(FIRST, "so far"))
    assert "Call layer.update() after each step" in words
    assert "rule.gathers = " in words
    assert go(layer, rule, 2 * LATER) == []


@pytest.mark.parametrize("act", [lambda layer, rule: layer.update(), lambda layer, rule: rule.update()])
def test_after_an_update_they_may_gather_for_longer(act):
    layer, rule = build()
    assert go(layer, rule, 10, lambda: act(layer, rule)) == []
    assert go(layer, rule, LATER) == []
    (words,) = go(layer, rule, 1)
    assert words.startswith(NO_UPDATE.format(LATER, "since the last update"))


@pytest.mark.parametrize("own", [True, False])
def test_whoever_gathers_on_purpose_says_for_how_long(own):
    layer, rule = build(gathers=350) if own else build()
    if not own:
        rule.gathers = 350
    for _ in range(3):
        assert go(layer, rule, 350) == []
        layer.update()
    assert go(layer, rule, 350) == []
    assert len(go(layer, rule, 1)) == 1


def test_to_forget_what_is_pending_is_not_to_apply_it():
    layer, rule = build()
    assert len(go(layer, rule, FIRST + 1, layer.updater.clear)) == 1
    assert layer.updater.weight.pos is None


def test_updates_of_another_parameter_do_not_count():
    layer, rule = connect(delay=2.0, batch_size=1), snn.STDP(0.02, -0.01, 20.0, 20.0)
    rule.register_cell("only", layer.cell)
    assert len(go(layer, rule, FIRST + 1, lambda: layer.connection.updatesome("delay"))) == 1


def test_in_evaluation_mode_nothing_gathers():
    layer, rule = build()
    rule.eval()
    assert go(layer, rule, FIRST + 1) == []


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0, ValueError, "gathers must be a whole number of at least 1, but is 0. It is the number of steps from one update to the next"),
        (2.5, TypeError, "gathers must be a whole number, but is 2.5"),
    ],
)
def test_a_number_of_steps_is_whole(value, error, words):
    layer, rule = build()
    with pytest.raises(error, match=words):
        rule.gathers = value
    with pytest.raises(error, match=words):
        rule.register_cell("new", layer.cell, gathers=value)


def test_an_updater_that_is_gone_is_said_once():
    layer, rule = build()
    del layer.connection.updater
    (words,) = go(layer, rule, 5)
    assert words.startswith("Cell 'only' has had an updater, but has none now, so STDP passes it over and nothing is learned there")
    assert "Call cell.connection.defaultupdater(), or take the cell out: del_cell('only')" in words
    layer.connection.defaultupdater()
    assert go(layer, rule, 5) == []
    assert layer.updater.weight.pos is not None


def test_steps_that_a_rule_did_not_see_are_said():
    layer, rule = build()
    go(layer, rule, 1)
    for spikes in trains(3, 1, 4):
        layer(spikes, neuron_kwargs={"script": torch.zeros(1, 3, dtype=torch.bool)})
    (words,) = go(layer, rule, 1)
    assert words.startswith("Cell 'only' ran 3 steps that STDP did not see")


def test_after_a_clear_unseen_steps_are_no_matter():
    layer, rule = build()
    for spikes in trains(3, 1, 4):
        layer(spikes, neuron_kwargs={"script": torch.zeros(1, 3, dtype=torch.bool)})
    rule.clear()
    assert go(layer, rule, 1) == []


def test_it_counts_in_plain_numbers():
    layer, _ = build()
    assert not any(isinstance(value, torch.Tensor) for value in vars(Watch(layer.cell, "STDP", "only", ("weight",))).values())
