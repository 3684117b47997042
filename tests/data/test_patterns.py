"""A pattern hidden in random trains: it comes back, and nothing but itself gives it away."""

import itertools

import pytest
import torch

from snnlab.data import HiddenPattern


def source(inputs=200, seed=0, **changes):
    return HiddenPattern(inputs, generator=torch.Generator().manual_seed(seed), **changes)


def test_the_pattern_returns_spike_by_spike_where_nothing_moves_it_and_the_others_go_on_at_random():
    trains = source(jitter=0.0, noise=0.0)
    shown = [spikes for spikes, there in trains.sections(60) if there]
    others = torch.ones(200, dtype=torch.bool)
    others[trains.members] = False
    assert len(shown) > 5
    assert len(trains.members) == 100
    assert all(torch.equal(spikes[:, trains.members], trains.pattern) for spikes in shown)
    assert not any(torch.equal(a[:, others], b[:, others]) for a, b in itertools.pairwise(shown))


def test_sections_that_hold_it_make_the_wanted_share_and_never_follow_each_other():
    for share in (0.1, 0.25, 0.5):
        there = torch.tensor([shown for _, shown in source(2, share=share, duration=2.0, rate=200.0).sections(2000)])
        assert not (there[1:] & there[:-1]).any()
        # Standard deviation of the mean of 2,000 draws: at most 0.5/√2000 = 0.011.
        assert abs(there.double().mean().item() - share) < 0.045


def test_no_rate_gives_it_away():
    trains = source(400, noise=0.0)
    sections = list(trains.sections(150))
    for part in (slice(None), trains.members):
        rates = [
            torch.stack([spikes[:, part] for spikes, there in sections if there is wanted]).double().mean() for wanted in (True, False)
        ]
        assert (rates[0] / rates[1]).item() == pytest.approx(1.0, abs=0.05)


def test_it_fires_at_the_rate_that_the_paper_reports():
    # Masquelier et al. (2008): 54 Hz on average, 64 Hz with the noise.
    for noise, expected in ((0.0, 54.0), (10.0, 64.0)):
        spikes = torch.cat([each for each, _ in source(1000, noise=noise, jitter=0.0).sections(60)])
        assert spikes.double().mean().item() * 1000 == pytest.approx(expected, abs=2.0)


def test_no_step_of_a_section_stands_out():
    spikes = torch.stack([each for each, _ in source(1000, noise=0.0, part=0.0).sections(60)]).double().mean((0, 2))
    assert spikes.max() / spikes.min() < 1.1, "a volley would give the place away"


def test_every_input_of_the_pattern_spikes_in_it():
    trains = source(1000)
    assert trains.pattern.any(0).all()


def test_jitter_moves_spikes_by_its_standard_deviation_and_keeps_their_number():
    trains = source(inputs=4000, jitter=2.0, noise=0.0, duration=200.0, rate=4.9)  # about one spike an input: each can be followed
    lone = trains.pattern.sum(0) == 1
    lone &= trains.pattern[20:-20].any(0)  # none is turned back at an end
    place = trains.pattern[:, lone].double().argmax(0)
    moved = [spikes[:, trains.members][:, lone] for spikes, there in trains.sections(12) if there]
    assert all((each.sum(0) == 1).all() for each in moved)
    steps = torch.cat([each.double().argmax(0) - place for each in moved]).double()
    # Rounded to whole steps, a normal of standard deviation 2 has a variance of 4 + 1/12.
    assert steps.std().item() == pytest.approx((4 + 1 / 12) ** 0.5, rel=0.05)
    assert abs(steps.mean().item()) < 0.1


def test_jitter_piles_nothing_up_at_the_ends_of_the_pattern():
    trains = source(2000, jitter=3.0, noise=0.0, share=0.5)
    shown = torch.stack([spikes[:, trains.members] for spikes, there in trains.sections(20) if there]).double().mean((0, 2))
    # Spikes that a step at either end would hold if all that moved beyond it stayed there: 1 + 3/√(2π) = 2.2 times the others'.
    assert shown[[0, -1]].max() < 1.4 * shown.mean()
    assert shown[[0, -1]].min() > 0.6 * shown.mean()


def test_a_generator_of_the_same_seed_gives_the_same_trains():
    first, second = ([spikes for spikes, _ in source(seed=3).sections(5)] for _ in range(2))
    assert torch.equal(torch.cat(first), torch.cat(second))
    assert not torch.equal(first[0], next(source(seed=4).sections(1))[0])


def test_a_finer_step_keeps_rates_and_durations():
    trains = source(400, step_time=0.5, noise=0.0)
    assert trains.length == 100
    spikes = torch.cat([each for each, _ in trains.sections(60)])
    assert spikes.double().mean().item() * 2000 == pytest.approx(54.0, abs=3.0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"share": 0.6}, "share must be above 0 and at most 0.5, as no two sections in a row hold the pattern, but is 0.6"),
        ({"share": 0.0}, "share must be above 0"),
        ({"part": 1.5}, "part must be from 0 to 1, but is 1.5"),
        ({"duration": 0.2}, "duration must be at least one step, 1 ms, but is 0.2 ms"),
        ({"rate": 1000.0}, "rate must be below one spike a step, 1000 Hz, but is 1000 Hz"),
        ({"noise": -1.0}, "noise must be 0 Hz or above"),
        ({"jitter": -1.0}, "jitter must be 0 ms or above"),
        ({"inputs": 0}, "inputs must be a whole number of at least 1"),
    ],
)
def test_what_makes_no_trains_is_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        source(**changes)
