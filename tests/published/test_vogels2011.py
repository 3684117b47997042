"""Detailed balance at small size: each claim, and what the network does where the rule is idle or aims elsewhere."""

import pytest
import torch

from snnlab.published import vogels2011

SMALL = {"samples": 128, "excitatory": 50, "inhibitory": 25, "seconds": 3, "after": 1, "lr": 1.0}


def balance(**changes):
    return vogels2011.run(generator=torch.Generator().manual_seed(1), **(SMALL | changes))


@pytest.fixture(scope="module")
def learned():
    return balance()


@pytest.fixture(scope="module")
def untrained():
    return balance(lr=0.0, seconds=0)


def test_inhibition_takes_the_tuning_of_excitation(learned, untrained):
    assert untrained.over_groups == 0.0
    assert untrained.inhibition.tolist() == pytest.approx([0.2] * 8)
    assert learned.over_groups > 0.95
    assert learned.inhibition.argmax() == learned.excitation.argmax() == vogels2011.PREFERRED - 1


def test_the_currents_mirror_each_other_better_than_before(learned, untrained):
    assert learned.over_time > 0.85
    assert learned.over_time > untrained.over_time + 0.05


def test_the_neuron_comes_to_fire_at_its_target(learned, untrained):
    assert untrained.rate > 30.0
    assert learned.rates[0] > learned.rates[-1]
    # About 640 spikes: 0.2 Hz of chance, and as much again by the weights at which so short a run ends.
    assert learned.rate == pytest.approx(5.0, abs=0.6)


def test_a_drive_whose_noise_is_weak_ends_below_its_target():
    # An excess of excitation has to stay there; it follows the signals, so spikes of both sides coincide beyond chance.
    assert balance(**vogels2011.WEAK).rate < 4.5


def test_another_target_gives_another_rate():
    assert balance(target_rate=15.0).rate == pytest.approx(15.0, abs=1.5)


def test_the_signals_are_as_wide_and_as_slow_as_they_say():
    rates = vogels2011.signals(20_000, 4, torch.Generator().manual_seed(0)).double()
    # By hand: E max(0, x) = 1/√(2π) for a normal x, so 10 + 20·0.399 Hz.
    assert rates.mean().item() == pytest.approx(10 + 20 / (2 * torch.pi) ** 0.5, rel=0.05)
    walk = rates[:, 0, 0] - rates[:, 0, 0].mean()
    near, far = ((walk[lag:] * walk[:-lag]).mean() / walk.var() for lag in (5, 300))
    assert near > 0.8
    assert abs(far) < 0.15


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: vogels2011.signals(0, 1, torch.Generator()), "steps must be a whole number of at least 1, but is 0"),
        (lambda: vogels2011.spikes(torch.full((1, 1, 8), 1000.0), 2, torch.Generator()), "rates must lie from 0 to below 1000 Hz"),
        (lambda: vogels2011.spikes(torch.full((1, 1, 8), float("nan")), 2, torch.Generator()), "rates must lie from 0 to below 1000 Hz"),
        (lambda: vogels2011.correlation(torch.ones(3), torch.ones(4)), r"other must be of shape \(3,\)"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_a_run_without_a_look_at_what_was_learned_is_refused():
    with pytest.raises(ValueError, match="after must be a whole number of at least 1, but is 0"):
        vogels2011.run(after=0, generator=torch.Generator())
