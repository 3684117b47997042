"""The check as a reader meets it: what it says of a good model, of a broken one, and of a slip in calling it."""

import pytest
import torch

import snnlab as snn
from snnlab.contract import LAWS, ContractError, check_rule
from tests.contract.models import Hebb, Leaky, Pulse, check
from tests.contract.test_refusal import Trusting
from tests.contract.test_state import Remembering


@pytest.mark.parametrize("kind", [Leaky, Pulse, Hebb])
def test_a_model_as_a_reader_writes_it_keeps_every_law_that_is_about_it(kind):
    report = check(kind)
    assert (report.model, str(report)) == (kind.__name__, f"{kind.__name__} keeps all {len(report.laws)} laws.")
    assert ("a rule learns something" in report.laws) is (kind is Hebb)
    assert ("a delay of whole steps reads what was then" in report.laws) is (kind is Pulse)
    assert ("a refractory neuron does not spike" in report.laws) is (kind is Leaky)
    assert "clear restores the state after construction" in report.laws


def test_one_slip_and_all_that_it_breaks_is_told_in_one_go():
    with pytest.raises(ContractError) as caught:
        check(Remembering)
    broken = [breach.law.name for breach in caught.value.breaches]
    assert {
        "clear_restores_the_state_after_construction",
        "a_saved_state_goes_on_bit_for_bit_in_the_middle_of_a_run",
        "another_batch_size_starts_from_rest",
        "everything_moves_to_another_device",
    } <= set(broken)
    assert broken == sorted(broken, key=list(LAWS).index)
    heading, *paragraphs = str(caught.value).split("\n\n")
    assert heading == f"Remembering breaks {len(set(broken))} of {caught.value.tried} laws."
    for breach, words in zip(caught.value.breaches, paragraphs, strict=True):
        title, seen, advice = words.split("\n")
        assert title.startswith(breach.law.title)
        assert seen == f"  seen: {breach.seen}"
        assert advice == f"  do:   {breach.law.advice}"


def test_what_failed_of_itself_is_the_cause_and_says_in_which_function():
    with pytest.raises(ContractError, match="in integrate, line") as caught:
        check(Remembering, without=LAWS.keys() - {"another_batch_size_starts_from_rest"})
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_every_way_to_try_a_law_is_told_apart():
    with pytest.raises(ContractError) as caught:
        check(Trusting, without=LAWS.keys() - {"a_bad_input_is_refused_and_leaves_the_state_as_it_was"})
    assert {"NaN", "infinity", "a list"} <= {breach.case for breach in caught.value.breaches}
    assert str(caught.value).startswith("Trusting breaks 1 of 1 laws.")


def test_laws_may_be_left_out_by_name_or_as_they_read():
    every = check(Pulse).laws
    assert check(Pulse, without=["it_can_be_printed"]).laws == tuple(law for law in every if law != "it can be printed")
    assert check(Pulse, without=["it can be printed"]).laws == tuple(law for law in every if law != "it can be printed")
    with pytest.raises(ValueError, match=r"without must name laws, but 'it_flies' is none\. There are: the_same_inputs"):
        check(Pulse, without=["it flies"])


def test_it_leaves_torchs_random_numbers_alone():
    before = torch.random.get_rng_state()
    check(Leaky)
    check(Hebb)
    snn.contract.check(lambda batch: (torch.rand(1), Pulse(batch))[1], size=5)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (
            lambda: snn.contract.check(Pulse(2), size=5),
            TypeError,
            r"build must be a function, as in lambda batch: .*, but is of type Pulse",
        ),
        (
            lambda: snn.contract.check(lambda batch: None, size=5),
            TypeError,
            r"build must make a torch.nn.Module.* but made None \(NoneType\)",
        ),
        (lambda: snn.contract.check(Pulse, size=5, spikes=1), TypeError, "spikes must be True or False"),
        (lambda: snn.contract.check(Pulse, size=0), ValueError, "every size in size must be .* but is 0"),
        (lambda: snn.contract.check(Pulse, size=4), ValueError, r"inputs must be of shape \(1, 5\) .*, but is of shape \(1, 4\)"),
        (
            lambda: snn.contract.check(Pulse, size=5, step=lambda model, x: (model(x), x)),
            TypeError,
            "a step must return one tensor, but Pulse returned a tuple. Say which",
        ),
        (lambda: check_rule(Hebb()), TypeError, "build must be a function, as in lambda: .*, but is of type Hebb"),
        (lambda: check_rule(lambda: Pulse(1)), TypeError, "build must make a learning rule"),
        (lambda: check_rule(lambda: snn.MSTDP(0.1, -0.1, 20.0, 20.0)), TypeError, "signal"),
    ],
)
def test_a_slip_in_calling_it_is_answered_in_words(act, error, words):
    with pytest.raises(error, match=words):
        act()
