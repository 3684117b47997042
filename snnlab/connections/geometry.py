"""How a kernel moves over an image: which pixels each of its sites sees, as patches side by side.

A kernel of k taps, spread by the dilation d, covers d·(k − 1) + 1 pixels. Moved in steps of the stride s over an image of n pixels with
p more on either side, it finds room at

    o = ⌊(n + 2p − d·(k − 1) − 1)/s⌋ + 1     sites, and its tap i at site j sees pixel  j·s + i·d − p

on each of two axes. `unfold` lays out what every tap sees at every site, so that a convolution is one matrix product; `fold` adds it up
again where it came from. A pixel outside the image is 0.

Reference: Dumoulin & Visin, A guide to convolution arithmetic for deep learning, arXiv:1603.07285 (2016), relationship 15.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.core import checks
from snnlab.core.tensors import exact

Pair = tuple[int, int]


def int_pair(name: str, value: Any, least: int = 1) -> Pair:
    """Two whole numbers, for height and width, of at least `least`; one int counts for both.

    Raises:
        ValueError: a size below the least; other than two of them.
        TypeError: no whole number.

    Example:
        >>> int_pair("kernel", 3), int_pair("padding", (0, 1), least=0)
        ((3, 3), (0, 1))
    """
    if not isinstance(value, (tuple, list, torch.Size)):
        size = checks.whole(name, value, least, "Pass an int, or a pair of height and width.")
        return size, size
    if len(value) != 2:
        raise ValueError(f"{name} must be an int or a pair of height and width, but is {value!r}, of {len(value)} sizes.")
    height, width = (checks.whole(f"both sizes in {name}", size, least) for size in value)
    return height, width


def output_size(size: Pair, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1)) -> Pair:
    """Number of sites on each axis: o above.

    Args:
        size: height and width of the image.
        kernel, stride, padding, dilation: height and width each.

    Raises:
        ValueError: a kernel that finds no room in the padded image.

    Example:
        >>> output_size((28, 28), (5, 5)), output_size((5, 7), (3, 3), stride=(2, 1), padding=(1, 0))
        ((24, 24), (3, 5))
    """
    span = tuple(d * (k - 1) + 1 for d, k in zip(dilation, kernel, strict=True))
    room = tuple(n + 2 * p for n, p in zip(size, padding, strict=True))
    if span[0] > room[0] or span[1] > room[1]:
        spread = f" spread by dilation {_times(dilation)} to {_times(span)}" if span != tuple(kernel) else ""
        padded = f" padded to {_times(room)}" if room != tuple(size) else ""
        raise ValueError(
            f"kernel must find room in the image, but is {_times(kernel)} pixels{spread}, in an image of {_times(size)}{padded}. "
            "Take a smaller kernel, or more padding."
        )
    height, width = ((r - k) // s + 1 for r, k, s in zip(room, span, stride, strict=True))
    return height, width


def _times(pair: Pair) -> str:
    return f"{pair[0]} x {pair[1]}"


def unfold(images: Tensor, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1)) -> Tensor:
    """What every tap sees at every site. Moves values and computes nothing, so that any dtype will do; a copy.

    As `torch.nn.functional.unfold`, but laid out in memory batch last, as histories are: to push it moves one block.

    Args:
        images: of any dtype.
        kernel, stride, padding, dilation: height and width each.

    Shape:
        images: B x C x H x W -> B x (C·kH·kW) x (oH·oW)

    Example:
        >>> unfold(torch.arange(6).view(1, 1, 2, 3), (2, 2))
        tensor([[[0, 1],
                 [1, 2],
                 [3, 4],
                 [4, 5]]])
    """
    height, width = output_size(images.shape[2:], kernel, stride, padding, dilation)
    pixels = images.permute(1, 2, 3, 0).contiguous()  # C x H x W x B
    if padding != (0, 0):
        pixels = F.pad(pixels, (0, 0, padding[1], padding[1], padding[0], padding[0]))
    for axis in (0, 1):  # each adds its taps as a last axis
        pixels = pixels.unfold(1 + axis, dilation[axis] * (kernel[axis] - 1) + 1, stride[axis])[..., :: dilation[axis]]
    patches = pixels.permute(0, 4, 5, 1, 2, 3)  # C x kH x kW x oH x oW x B, not moved yet
    patches = patches.clone(memory_format=torch.contiguous_format)
    return patches.view(-1, height * width, patches.shape[-1]).movedim(-1, 0)


def fold(patches: Tensor, size: Pair, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1)) -> Tensor:
    """Adds up at every pixel what all taps that see it hold: the transpose of `unfold`. Integers stay exact; a bool says whether any holds.

    Args:
        patches: of any dtype.
        size: height and width of the image.
        kernel, stride, padding, dilation: height and width each.

    Shape:
        patches: B x (C·kH·kW) x (oH·oW) -> B x C x H x W

    Example:
        >>> fold(torch.ones(1, 4, 2), (2, 3), (2, 2))
        tensor([[[[1., 2., 1.],
                  [1., 2., 1.]]]])
    """
    summed = patches if patches.is_floating_point() else exact(patches)
    images = F.fold(summed, size, kernel, dilation, padding, stride)
    return images if patches.is_floating_point() else images.to(patches.dtype)


def overlap(size: Pair, kernel: Pair, stride: Pair = (1, 1), padding: Pair = (0, 0), dilation: Pair = (1, 1)) -> Tensor:
    """How many sites see each pixel, 1 x 1 x H x W, whole numbers; 0 where the kernel never comes.

    Example:
        >>> overlap((1, 5), (1, 2), stride=(1, 2))
        tensor([[[[1, 1, 1, 1, 0]]]])
    """
    seen = unfold(torch.ones(1, 1, *size, dtype=torch.long), kernel, stride, padding, dilation)
    return fold(seen, size, kernel, stride, padding, dilation)
