"""Laws of refusal: each is broken by a model that does wrong in one place, and says what was seen."""

import re

import pytest

from snnlab.contract import LAWS
from snnlab.contract.refusal import BAD
from tests.contract.models import Leaky, Pulse, check, seen


class Trusting(Leaky):
    """Takes whatever comes."""

    def check_inputs(self, inputs):
        return inputs


class Late(Leaky):
    """Refuses, but only after it has changed."""

    def forward(self, inputs):
        self.voltage_ = self.voltage_ * 0.9
        return super().forward(inputs)


class Generous(Leaky):
    def forward(self, inputs, **kwargs):
        return super().forward(inputs)


class Alone(Leaky):
    def forward(self, inputs=None):
        return self.spike if inputs is None else super().forward(inputs)


BROKEN = {
    "a_bad_input_is_refused_and_leaves_the_state_as_it_was": (
        Trusting,
        r"was \(NaN\)\n  seen: it was taken. It should be refused by a Value",
    ),
    "an_unknown_keyword_is_refused_and_leaves_the_state_as_it_was": (Generous, "should be refused by a TypeError .*'spelled_wrong'"),
    "no_input_at_all_is_refused": (Alone, "it was taken. It should be refused by a TypeError"),
}
MORE = [
    ("a_bad_input_is_refused_and_leaves_the_state_as_it_was", Late, "after a refusal, 'voltage_' is not the same"),
    (
        "a_bad_input_is_refused_and_leaves_the_state_as_it_was",
        Trusting,
        r"was \(a list\)\n  seen: it should be refused by a TypeError such as",
    ),
]


@pytest.mark.parametrize(("law", "kind", "words"), [*[(law, *each) for law, each in BROKEN.items()], *MORE])
def test_a_model_that_breaks_it_is_told_what_was_seen(law, kind, words):
    assert re.search(words, seen(law, kind))


def test_the_plain_words_of_an_advice_are_such_as_are_asked_for():
    for _, _, words, plain in BAD.values():
        assert re.search(words, plain)


@pytest.mark.parametrize("kind", [Leaky, Pulse])
def test_models_that_check_their_inputs_keep_them(kind):
    assert check(kind, without=LAWS.keys() - BROKEN.keys()).model == kind.__name__
