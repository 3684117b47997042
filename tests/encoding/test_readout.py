import copy
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.encoding import MaxRateClassifier
from snnlab.encoding.readout import class_means

INPUTS = torch.tensor([[0.6, 0.2, 0.0], [0.2, 0.2, 0.2], [0.0, 0.9, 0.3]])
LABELS = torch.tensor([0, 0, 1])
# By hand: class 0 is the mean of two samples, class 1 the third.
RATES = [[0.4, 0.0], [0.2, 0.9], [0.1, 0.3]]


def trained(**kwargs):
    classifier = MaxRateClassifier((3,), 2, **kwargs)
    classifier.update(INPUTS, LABELS)
    return classifier


def flat(tensor):
    return tensor.flatten().tolist()


def state(classifier):
    return [x.clone() for x in (classifier.rates_, classifier.proportions, classifier.assignments, classifier.occurrences)]


def same(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_three_neurons_and_two_classes_by_hand():
    classifier = trained()
    assert flat(classifier.rates) == pytest.approx([0.4, 0.0, 0.2, 0.9, 0.1, 0.3])
    assert flat(classifier.proportions) == pytest.approx([1.0, 0.0, 2 / 11, 9 / 11, 0.25, 0.75])
    assert classifier.assignments.tolist() == [0, 1, 1]
    assert classifier.occurrences.tolist() == [1, 2]
    sample = torch.tensor([[0.5, 0.22, 0.4]])
    # Class 0 has neuron 0 alone; class 1 the mean of the other two, each by its share: (0.22·9/11 + 0.4·0.75)/2.
    assert flat(classifier.regress(sample)) == pytest.approx([0.5, 0.24])
    assert flat(classifier.regress(sample, proportional=False)) == pytest.approx([0.5, 0.31])
    assert classifier.classify(sample).tolist() == [0]
    assert classifier.classify(torch.tensor([[0.1, 0.3, 0.3]])).tolist() == [1]


def test_proportions_can_turn_a_decision():
    classifier = MaxRateClassifier(2, 2)
    classifier.rates = torch.tensor([[0.6, 0.4], [0.0, 1.0]])
    sample = torch.tensor([[1.0, 0.8]])  # 1·0.6 against 0.8·1
    assert classifier.classify(sample).tolist() == [1]
    assert classifier.classify(sample, proportional=False).tolist() == [0]


def test_what_was_learned_adds_up_and_fades_with_the_samples_of_its_class():
    classifier = trained(decay=0.5)
    classifier.update(INPUTS, LABELS)
    # Two samples of class 0 and one of class 1: factors exp(-1) and exp(-0.5) on the first time.
    expected = [r * (1 + math.exp(-fade)) for pair in RATES for r, fade in zip(pair, (1.0, 0.5), strict=True)]
    assert flat(classifier.rates) == pytest.approx(expected)


def test_a_class_that_did_not_come_does_not_fade():
    classifier = trained(decay=3.0)
    classifier.update(torch.zeros(4, 3), torch.zeros(4, dtype=torch.long))
    assert flat(classifier.rates[:, 1]) == pytest.approx([pair[1] for pair in RATES])
    assert flat(classifier.rates[:, 0]) == pytest.approx([pair[0] * math.exp(-12) for pair in RATES])


def test_a_class_without_neurons_scores_zero():
    classifier = MaxRateClassifier((2,), 3)
    classifier.rates = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    assert classifier.occurrences.tolist() == [2, 0, 0]
    assert classifier.regress(torch.tensor([[0.5, 0.7]])).tolist()[0] == pytest.approx([0.6, 0.0, 0.0])


def test_spikes_are_averaged_over_time():
    spikes = torch.rand(40, 3, 3, generator=torch.Generator().manual_seed(1)) < 0.3
    over_time, by_rate = MaxRateClassifier(3, 2), MaxRateClassifier(3, 2)
    over_time.update(spikes, LABELS)
    by_rate.update(spikes.float().mean(0), LABELS)
    assert torch.equal(over_time.rates, by_rate.rates)
    assert torch.equal(over_time.regress(spikes), by_rate.regress(spikes.float().mean(0)))


def test_forward_predicts_before_it_learns():
    classifier = trained()
    before = classifier.regress(INPUTS)
    predictions, logits = classifier(INPUTS, torch.tensor([1, 1, 0]), logits=True)
    assert torch.equal(logits, before)
    assert torch.equal(predictions, before.argmax(1))
    assert not torch.equal(classifier.regress(INPUTS), before)


def test_forward_without_labels_learns_nothing_and_without_logits_predicts_nothing():
    classifier = trained()
    before = state(classifier)
    assert torch.equal(classifier(INPUTS, None), classifier.classify(INPUTS))
    assert torch.equal(classifier(INPUTS, None, proportional=False), classifier.classify(INPUTS, proportional=False))
    assert same(before, state(classifier))
    fresh = MaxRateClassifier(3, 2)
    assert fresh(INPUTS, LABELS, logits=None) is None
    assert same(before, state(fresh))


@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.lists(st.integers(0, 9), min_size=2, max_size=2)), min_size=1, max_size=12),
)
def test_class_means_are_the_means_of_the_classes(rows):
    labels, inputs = [label for label, _ in rows], [values for _, values in rows]
    means, counts = class_means(torch.tensor(inputs, dtype=torch.float64), torch.tensor(labels), 4)
    for c in range(4):
        own = [values for label, values in rows if label == c]
        assert counts[c] == len(own)
        assert means[:, c].tolist() == pytest.approx([sum(column) / len(own) for column in zip(*own, strict=True)] if own else [0.0, 0.0])


def test_neurons_may_lie_in_any_shape():
    classifier, plain = MaxRateClassifier((3, 1), 2), trained()
    classifier.update(INPUTS.reshape(3, 3, 1), LABELS)
    assert (classifier.rates.shape, classifier.assignments.shape) == ((3, 1, 2), (3, 1))
    assert torch.equal(classifier.regress(INPUTS.reshape(3, 3, 1)), plain.regress(INPUTS))


def test_loading_derives_the_rest_anew():
    classifier = trained()
    assert list(classifier.state_dict()) == ["rates_"]
    twin = MaxRateClassifier(3, 2)
    twin.load_state_dict(classifier.state_dict())
    assert same(state(classifier), state(twin))
    parent = torch.nn.Sequential(MaxRateClassifier(3, 2))
    parent.load_state_dict({"0.rates_": classifier.rates_.clone()}, assign=True)
    assert same(state(classifier), state(parent[0]))


@pytest.mark.parametrize(
    ("value", "words"), [(math.nan, "rates_ must be finite"), (-1.0, "rates_ must be 0 or above"), (1e39, "must fit into")]
)
def test_a_file_cannot_bring_rates_that_cannot_be_set(value, words):
    classifier = trained()
    before = state(classifier)
    with pytest.raises(RuntimeError, match=words):
        classifier.load_state_dict({"rates_": torch.full((3, 2), value, dtype=torch.float64)})
    assert same(before, state(classifier))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_is_equal_and_independent(copied):
    classifier = trained()
    before, twin = state(classifier), copied(classifier)
    assert same(before, state(twin))
    twin.update(INPUTS, 1 - LABELS)
    assert same(before, state(classifier))


def test_it_follows_to_another_dtype_and_clear_forgets_nothing():
    classifier = trained()
    before = state(classifier)
    classifier.clear(keep_adaptations=False)
    assert same(before, state(classifier))
    classifier.double()
    classifier.update(INPUTS, LABELS)
    assert classifier.regress(INPUTS).dtype == torch.float64
    assert [p.requires_grad for p in classifier.parameters()] == [False]


def test_no_argument_is_changed_or_kept():
    inputs, labels, rates = INPUTS.clone(), LABELS.clone(), torch.ones(3, 2)
    classifier = MaxRateClassifier(3, 2)
    classifier.rates = rates
    classifier(inputs, labels)
    assert (torch.equal(inputs, INPUTS), torch.equal(labels, LABELS), torch.equal(rates, torch.ones(3, 2))) == (True, True, True)


@pytest.mark.parametrize(
    ("inputs", "labels", "error", "words"),
    [
        (torch.ones(3), LABELS, ValueError, r"inputs must be of shape \(T, B, 3\) or \(B, 3\), but is of shape \(3,\). Keep the batch"),
        (torch.ones(2, 4), LABELS, ValueError, r"inputs must be of shape .* but is of shape \(2, 4\)"),
        (torch.ones(0, 3, 3), LABELS, ValueError, "inputs must have at least one step"),
        (-INPUTS, LABELS, ValueError, "inputs must be 0 or above in every element, but is -0.9 in one. Pass spikes or rates"),
        (INPUTS / 0, LABELS, ValueError, "inputs must be finite"),
        ([[1.0]], LABELS, TypeError, "inputs must be a torch.Tensor"),
        (INPUTS, LABELS[:2], ValueError, r"labels must be of shape \(3,\) \(B\), but is of shape \(2,\). Pass one label a sample"),
        (INPUTS, LABELS.float(), TypeError, r"labels must be whole numbers, but are of dtype torch.float32. Convert"),
        (INPUTS, LABELS + 1, ValueError, "labels must be 0 to 1, but one is 2. Set num_classes"),
        (INPUTS, LABELS - 1, ValueError, "labels must be 0 to 1, but one is -1"),
        (INPUTS, [0, 0, 1], TypeError, "labels must be a torch.Tensor"),
    ],
)
@pytest.mark.parametrize("call", ["update", "forward"])
def test_bad_samples_are_refused_and_nothing_is_learned(inputs, labels, error, words, call):
    classifier = trained()
    before = state(classifier)
    with pytest.raises(error, match=words):
        getattr(classifier, call)(inputs, labels)
    assert same(before, state(classifier))


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (torch.ones(2, 3), r"rates must be of shape \(3, 2\) \(neurons x classes\), but is of shape \(2, 3\)"),
        (torch.full((3, 2), -1.0), "rates must be 0 or above in every element, but is -1 in one"),
        (torch.full((3, 2), math.nan), "rates must be finite"),
        (torch.full((3, 2), 1e39, dtype=torch.float64), "rates must be finite.* It must fit into float32"),
    ],
)
def test_bad_rates_are_refused_and_nothing_changes(value, words):
    classifier = trained()
    before = state(classifier)
    with pytest.raises(ValueError, match=words):
        classifier.rates = value
    assert same(before, state(classifier))


def test_bad_settings_are_refused():
    for args, kwargs, words in [
        ((0, 2), {}, "shape"),
        ((3, 0), {}, "num_classes"),
        ((3, 2), {"decay": -1.0}, "decay must be 0 per sample"),
    ]:
        with pytest.raises(ValueError, match=words):
            MaxRateClassifier(*args, **kwargs)
    with pytest.raises(TypeError, match="speed"):
        MaxRateClassifier(3, 2, speed=1.0)
    with pytest.raises(TypeError, match="speed"):
        trained()(INPUTS, LABELS, speed=1.0)


def test_nothing_can_be_told_before_anything_is_learned():
    reader = MaxRateClassifier(3, 2)
    for tell in (reader.classify, reader.regress):
        with pytest.raises(RuntimeError, match=r"Nothing is learned yet, so no class can be told\. Call update\(inputs, labels\) first"):
            tell(torch.ones(1, 3))
