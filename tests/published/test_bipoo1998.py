"""Bi & Poo (1998) at small size: fewer pairs, closer together."""

from dataclasses import astuple

import pytest
import torch

from snnlab.published import bipoo1998

LAGS = (-60.0, -20.0, -5.0, -1.0, 1.0, 5.0, 20.0, 60.0)


def measured(**changes):
    return bipoo1998.run(LAGS, pairs=2, period=600.0, **changes)


@pytest.mark.parametrize("constants", [bipoo1998.PAPER, bipoo1998.Window(0.5, 8.0, -0.4, 50.0)])
def test_a_fit_of_what_was_measured_gives_back_the_constants(constants):
    found = bipoo1998.fit(LAGS, measured(constants=constants))
    assert astuple(found) == pytest.approx(astuple(constants), rel=1e-4)


def test_presynaptic_first_grows_and_postsynaptic_first_shrinks_within_tens_of_ms():
    changes = measured()
    assert (changes[4:] > 0).all()
    assert (changes[:4] < 0).all()
    assert changes.abs().argmax() == 4, "growth is strongest, right after the presynaptic spike"
    assert changes[7] < 0.03 * bipoo1998.PAPER.a_plus, "60 ms later there is next to nothing"


def test_what_was_measured_lies_on_the_two_exponentials():
    torch.testing.assert_close(measured(), bipoo1998.PAPER(torch.tensor(LAGS, dtype=torch.float64)), rtol=1e-6, atol=1e-8)


def test_a_rule_that_is_off_changes_nothing():
    off = bipoo1998.Window(0.0, 16.8, 0.0, 33.7)
    assert (measured(constants=off) == 0).all()


def test_full_size_is_that_of_the_paper():
    assert (bipoo1998.PAIRS, bipoo1998.PERIOD) == (60, 1000.0)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: bipoo1998.run(LAGS, pairs=0), "pairs must be a whole number of at least 1, but is 0"),
        (lambda: bipoo1998.fit((5.0, 10.0, 20.0, -5.0), torch.ones(4)), "lags must hold three or more below 0, in ms, .* but hold 1"),
        (lambda: bipoo1998.fit(LAGS, torch.ones(4)), r"changes must be of shape \(8,\) \(one a lag\), but is of shape \(4,\)"),
        (lambda: bipoo1998.fit(LAGS, torch.full((8,), float("nan"))), "changes must be finite in every element, but is NaN"),
    ],
)
def test_an_experiment_that_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
