"""Digits learned without labels: the network of Diehl & Cook (2015) at small size."""

from dataclasses import replace

import pytest
import torch

import snnlab as snn
from snnlab.published import diehl2015

BOTH = pytest.mark.parametrize("inhibition", ["group", "winner"])


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def three_kinds():
    """Three kinds of digits: 240 images to learn from, 150 held out."""
    digits = snn.data.digits(source="mnist", flat=True)
    train, test = (labels < 3 for labels in (digits.train_labels, digits.test_labels))
    return replace(
        digits,
        train_images=digits.train_images[train][:240],
        train_labels=digits.train_labels[train][:240],
        test_images=digits.test_images[test][:150],
        test_labels=digits.test_labels[test][:150],
    )


@BOTH
def test_it_reads_digits_that_nobody_labelled_and_does_not_without_its_rule(three_kinds, inhibition):
    # The same weights, neurons and readout without learning are the bar: random weights tell three digits apart to some extent already.
    settings = {"digits": three_kinds, "batch_size": 24, "passes": 3, "inhibition": inhibition}
    learned, unlearned = (diehl2015.run(20, **settings, lr=lr, generator=seeded()).accuracy for lr in (0.03, 0.0))
    assert learned > 0.82
    assert unlearned < 0.75


def test_one_seed_gives_one_result(three_kinds):
    few = replace(three_kinds, train_images=three_kinds.train_images[:64], train_labels=three_kinds.train_labels[:64])
    first, second, other = (diehl2015.run(10, digits=few, passes=1, generator=seeded(seed)) for seed in (3, 3, 4))
    assert torch.equal(first.weights, second.weights)
    assert torch.equal(first.predictions, second.predictions)
    assert not torch.equal(first.weights, other.weights)


def test_reading_changes_neither_weights_nor_thresholds(three_kinds):
    layer = diehl2015.network(20, batch_size=4, generator=seeded())
    weights, neurons = layer.connection.weight.detach().clone(), layer.neuron
    neurons.threshold_adaptation = torch.rand(20, 1)
    thresholds = neurons.threshold
    counts = diehl2015.responses(layer, three_kinds.test_images[:30], generator=seeded())
    assert counts.shape == (30, 20)
    assert counts.sum() > 0
    assert layer.training
    assert layer.batchsz == 4
    assert torch.equal(layer.connection.weight, weights)
    assert torch.equal(neurons.threshold, thresholds)


@BOTH
def test_weights_keep_their_length_and_no_weight_falls_below_0(three_kinds, inhibition):
    layer = diehl2015.network(20, inhibition=inhibition, batch_size=4, generator=seeded())
    weight = layer.get_connection("enc2exc").weight
    before = weight.detach().clone()
    diehl2015.learn(layer, diehl2015.trainer(layer, lr=0.02), three_kinds.train_images[:12], passes=1, generator=seeded())
    torch.testing.assert_close(weight.detach().norm(dim=1), torch.full((20,), diehl2015.LENGTH))
    assert not torch.equal(weight, before)
    assert weight.min() >= 0


def test_pixels_spike_regularly_and_in_proportion_to_their_brightness():
    # An image of one grey of length 9: 784 pixels of 9/28, so 9/28·0.64 spikes a step: 10.3 in 50 steps, of any phase 10 or 11.
    counts = sum(spikes.int() for spikes in diehl2015.spikes_of(torch.ones(2, 784), generator=seeded()))
    assert counts.unique().tolist() == [10, 11]
    one = torch.zeros(1, 784)
    one[0, 3] = 1.0  # more than a spike a step is wanted: there is one at each
    assert [spikes[0].nonzero().tolist() for spikes in diehl2015.spikes_of(one, steps=2, generator=seeded())] == [[[3]], [[3]]]


def test_a_black_image_is_silent_and_no_nan():
    assert not any(spikes.any() for spikes in diehl2015.spikes_of(torch.zeros(1, 784), generator=seeded()))


def test_inhibition_lets_one_neuron_spike_at_a_time():
    # With the second group a spike silences all others from the next step on.
    spikes = torch.ones(1, 784, dtype=torch.bool)
    winner = diehl2015.network(20, generator=seeded())
    assert all(diehl2015.step(winner, spikes).sum() <= 1 for _ in range(10))
    group = diehl2015.network(20, inhibition="group", generator=seeded())
    group.get_connection("enc2exc").weight = torch.arange(20.0).unsqueeze(1).expand(-1, 784) / 784  # the last is driven hardest, 3.8 mV
    steps = [diehl2015.step(group, spikes) for _ in range(10)]
    first = next(number for number, each in enumerate(steps) if each.any())
    assert steps[first][0, 19]
    assert not steps[first + 1][0, :19].any()
    assert group.feedback_neuron.spike.sum() <= 20
    free = diehl2015.network(20, inhibition="group", generator=seeded())
    free.get_connection("enc2exc").weight = group.get_connection("enc2exc").weight
    free.get_connection("inh2exc").weight = torch.zeros(20, 20)
    assert sum(int(diehl2015.step(free, spikes).sum()) for _ in range(10)) > sum(int(each.sum()) for each in steps)


def test_k_means_reads_easy_digits(three_kinds):
    assert diehl2015.kmeans(10, three_kinds, seed=0) > 0.88


def test_a_wrong_inhibition_is_named():
    with pytest.raises(ValueError, match="inhibition must be one of 'winner', 'group', but is 'both'"):
        diehl2015.network(20, inhibition="both")


def test_the_table_names_both_sizes_and_the_paper(monkeypatch, three_kinds):
    monkeypatch.setattr(diehl2015, "load_digits", lambda **_: three_kinds)
    monkeypatch.setattr(diehl2015, "LEARNING", {100: {"passes": 0}})
    header, line, row = diehl2015.main(seeds=2).splitlines()
    assert header.count("|") == line.count("|") == row.count("|")
    assert row.startswith("| 100 neurons, 2 seeds | 82.9% |")


def test_fewer_images_than_a_batch_are_refused_for_nothing_would_be_learned():
    layer = diehl2015.network(5, batch_size=4)
    with pytest.raises(ValueError, match=r"images must fill a batch of 4 at least, but there are 3\. Set layer.batchsz = 3"):
        diehl2015.learn(layer, diehl2015.trainer(layer), torch.rand(3, 784), passes=1, generator=torch.Generator())


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: list(diehl2015.spikes_of(-torch.ones(1, 784))), "images must be brightness, 0 or more everywhere"),
        (lambda: diehl2015.percent([0.5]), "values must hold two shares or more, .* but hold 1"),
        (lambda: diehl2015.kmeans(0, None, seed=0), "centres must be a whole number of at least 1, but is 0"),
    ],
)
def test_what_cannot_be_is_refused(call, words):
    with pytest.raises(ValueError, match=words):
        call()
