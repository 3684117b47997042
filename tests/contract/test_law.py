"""A law: its words, and what it says of tensors and states that differ."""

import math

import pytest
import torch

from snnlab.contract import LAWS
from snnlab.contract.law import Broken, keep_same, keep_same_state, law, snapshot
from tests.contract import test_refusal, test_rule, test_run, test_state, test_twin
from tests.contract.models import Pulse

TABLES = (test_run, test_state, test_twin, test_refusal, test_rule)


def test_every_law_is_broken_by_a_model_in_the_test_beside_it():
    broken = [name for table in TABLES for name in table.BROKEN]
    assert sorted(broken) == sorted(LAWS)


@pytest.mark.parametrize("each", LAWS.values(), ids=LAWS)
def test_a_law_is_a_sentence_with_an_advice(each):
    sentence = each.tries.__doc__.partition("\n\n")[0]
    assert sentence.endswith(".")
    assert each.title == each.name.replace("_", " ")
    assert len(each.advice) > 40
    assert each.advice[0].isupper()
    assert each.advice.endswith((".", ")."))


def test_a_law_is_tried_on_each_of_its_cases():
    tried = []

    @law(cases={"one": (1,), "two": (2,)})
    def it_counts(subject, number):
        """It counts.

        Count on."""
        tried.append((subject, number))

    for case in it_counts.cases.values():
        it_counts("subject", *case)
    assert tried == [("subject", 1), ("subject", 2)]
    assert (it_counts.name, it_counts.advice, it_counts.of(None)) == ("it_counts", "Count on.", True)


ROW = torch.tensor([1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    ("found", "wanted", "words"),
    [
        (ROW, torch.tensor([1.0, 2.5, 3.0]), "^it is not the same: it differs in 2 of 3 elements, by up to 1.$"),
        (ROW > 1, ROW > 2, "^it is not the same: it differs in 1 of 3 elements.$"),
        (ROW, ROW[:2], r"it is float32 of shape \(3,\), and should be float32 of shape \(2,\)"),
        (ROW, ROW.double(), "it is float32 .*, and should be float64"),
        (ROW, torch.tensor([1.0, math.nan, 4.0]), "differs in 1 of 3"),
        (torch.full((2,), math.nan), torch.full((2,), math.nan), "differs in 2 of 2"),
    ],
)
def test_tensors_that_differ_are_found_with_where_and_by_how_much(found, wanted, words):
    with pytest.raises(Broken, match=words):
        keep_same("it", found, wanted)


def test_tensors_that_are_the_same_are_not():
    keep_same("it", ROW, ROW.clone())
    keep_same("it", ROW, ROW.double() + 1e-6, 1e-5)
    keep_same("it", torch.tensor([math.nan, math.inf]), torch.tensor([math.nan, math.inf]), nan=True)
    with pytest.raises(Broken):
        keep_same("it", ROW, ROW + 1e-4, 1e-5)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"a": ROW + 1, "b": 2}, "^then, 'a' is not the same: it differs in 3 of 3 elements, by up to 1.$"),
        ({"a": ROW, "b": 3}, "^then, 'b' is not the same: it is 3, and should be 2.$"),
        ({"a": ROW}, "^then, other things are saved than before: b.$"),
    ],
)
def test_states_that_differ_are_found_with_the_name(found, words):
    with pytest.raises(Broken, match=words):
        keep_same_state("then", found, {"a": ROW, "b": 2})
    keep_same_state("then", {"a": ROW.clone(), "b": 2}, {"a": ROW, "b": 2})


def test_a_snapshot_stays_while_the_model_goes_on():
    model = Pulse(1)
    before = snapshot(model)
    model(torch.ones(1, 5))
    with pytest.raises(Broken, match="current_"):
        keep_same_state("after a step", snapshot(model), before)
    model.clear()
    keep_same_state("after clear", snapshot(model), before)
