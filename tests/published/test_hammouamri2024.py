"""Classes that differ in relative times alone: learned delays tell them apart better than random ones, and those better than none."""

import pytest
import torch

from snnlab.published import hammouamri2024 as task

SMALL = {"classes": 6, "channels": 8, "samples": 12, "epochs": 25}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def outcomes():
    return {kind: task.run(kind, **SMALL, generator=generator()) for kind in task.KINDS}


def test_learned_delays_beat_random_ones_and_those_beat_none(outcomes):
    none, fixed, learned = (outcomes[kind].accuracy for kind in ("none", "fixed", "learned"))
    assert learned > fixed + 0.05
    assert fixed > none + 0.05


def test_what_was_told_right_is_far_above_chance_and_the_loss_falls(outcomes):
    for outcome in outcomes.values():
        assert outcome.accuracy > 2 / SMALL["classes"]
        assert outcome.losses[-1] < 0.6 * outcome.losses[0]


def test_every_kind_but_that_of_twice_the_readouts_begins_with_the_same_weights_and_samples():
    layers = {kind: task.network(kind, 3, 4, 2, generator(5)) for kind in ("none", "fixed", "learned")}
    first = layers["none"].connection.weight
    assert all(torch.equal(layer.connection.weight, first) for layer in layers.values())
    assert torch.equal(layers["fixed"].connection.delay, layers["learned"].connection.delay)
    assert layers["none"].connection.delay is None


def test_learned_delays_train_as_many_numbers_as_twice_the_readouts(outcomes):
    weights = 2 * SMALL["classes"] * SMALL["channels"]
    trained = {kind: outcome.trained for kind, outcome in outcomes.items()}
    assert trained == {"none": weights, "fixed": weights, "fixed, twice the readouts": 2 * weights, "learned": 2 * weights}


def test_only_delays_that_learn_move_and_they_stay_in_range(outcomes):
    random = generator()
    patterns = torch.rand(SMALL["classes"], SMALL["channels"], generator=random) * task.SPAN
    for each in (SMALL["samples"], 2 * SMALL["samples"]):
        _, labels = task.draw_samples(patterns, each, random)
    before = task.network("fixed", SMALL["classes"], SMALL["channels"], len(labels) // 2, random).connection.delay.detach()
    assert torch.equal(outcomes["fixed"].delays, before)
    learned = outcomes["learned"].delays
    assert (learned - before).abs().mean() > 0.3
    assert 0 <= learned.min() <= learned.max() <= task.LONGEST


def test_neither_counts_nor_a_single_channel_tell_the_class():
    spikes, labels = task.draw_samples(torch.rand(3, 5, generator=generator()) * task.SPAN, 40, generator(1))
    assert (spikes.sum(0) == 1).all()
    assert labels.bincount().tolist() == [40, 40, 40]


def test_a_sample_is_its_pattern_shifted_and_jittered():
    patterns = torch.tensor([[0.0, 4.0, 12.0]])
    spikes, _ = task.draw_samples(patterns, 2000, generator(2))
    times = spikes.argmax(0).float()
    apart = times - times[:, :1]
    # Two jitters of 1 ms make a spread of √2 ms, and rounding to steps 1/12 ms² each; what is clipped at 0 ms moves the mean by little.
    assert apart.mean(0)[1:].tolist() == pytest.approx([4.0, 12.0], abs=0.15)
    assert apart[:, 2].std().item() == pytest.approx((2 + 2 / 12) ** 0.5, abs=0.15)
    assert times[:, 0].std() > 1.2


def test_the_table_gives_means_and_spreads_over_seeds():
    made = [task.Outcome("none", accuracy, (1.0,), 7, None) for accuracy in (0.5, 0.7)]
    assert task.table({"none": made}).splitlines()[-1] == "| no delays | 7 | 60.0 | 14.1 |"


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: task.run("some", generator=torch.Generator()), "kind must be one of 'none', 'fixed', .* but is 'some'"),
        (lambda: task.draw_samples(torch.zeros(2, 2), 0, torch.Generator()), "each must be a whole number of at least 1, but is 0"),
        (lambda: task.table({"some": []}), "outcomes must be one of 'none', .* but is 'some'"),
        (lambda: task.compare(0), "seeds must be a whole number of at least 1, but is 0"),
    ],
)
def test_a_training_that_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
