"""Pools for spikes with traces: a window spikes if any cell in it does, and hands on that cell's trace.

    spike = any of the window's spikes,      trace = that of its first spike, counted from the top left; of none, that of the top left

To find the cell, every cell is given a number that falls from the top left to the bottom right, raised above all others where it spikes:
the largest number in the window is the cell that is sought, and no two are the same.
"""

from abc import ABC, abstractmethod

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab.connections.geometry import Pair, int_pair
from snnlab.core import checks
from snnlab.core.module import Module


class Pool(Module, ABC):
    """What pools share. A subclass says which windows there are."""

    @abstractmethod
    def largest(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """The largest of each window, and where in its plane it lies: both B x C x H' x W'."""

    def forward(self, x: Tensor, trace: Tensor) -> tuple[Tensor, Tensor]:
        """Pools spikes and traces; there is no state.

        Args:
            x: spikes, B x C x H x W; nonzero is a spike.
            trace: their traces, B x C x H x W.

        Returns:
            spikes, bool, and trace, both B x C x H' x W'.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; a window that does not fit.
        """
        if checks.finite("x", x).dim() != 4 or not x.numel():
            raise ValueError(f"x must be of shape B x C x H x W, but is of shape {tuple(x.shape)}. Add an axis for batch or channel.")
        checks.finite("trace", checks.shaped("trace", trace, tuple(x.shape), "that of x"))
        cells = x.shape[2] * x.shape[3]
        dtype = torch.float32 if cells < 2**23 else torch.float64  # in which twice as many whole numbers are exact
        numbers = torch.arange(cells, 0, -1, dtype=dtype, device=x.device).view(x.shape[2:])
        best, place = self.largest(numbers + cells * (x != 0))
        empty = best <= 0  # a window that lies in the padding alone
        found = trace.flatten(2).gather(2, place.flatten(2).clamp(0, cells - 1)).view(place.shape)
        return best > cells, found.masked_fill(empty, 0)


class MaxPool2d(Pool):
    """The first spike in each window of one size, with its trace; windows as in `torch.nn.MaxPool2d`.

    Args:
        kernel_size: height and width of a window.
        stride: step from one window to the next; None: the window's size.
        padding: cells around the image that never spike, at most half a window.
        dilation: distance of two cells in a window.
        ceil_mode: whether a window that begins inside the image but does not end there counts.

    Shape:
        x, trace: B x C x H x W -> spikes, trace: B x C x H' x W'

    Raises:
        ValueError: a size out of its range; padding above half a window.

    Example:
        >>> spikes = torch.tensor([[[[False, True], [True, False]]]])
        >>> MaxPool2d(2)(spikes, torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]]))
        (tensor([[[[True]]]]), tensor([[[[0.2000]]]]))
    """

    def __init__(
        self,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = int_pair("kernel_size", kernel_size)
        self.stride = self.kernel_size if stride is None else int_pair("stride", stride)
        self.padding, self.dilation = int_pair("padding", padding, 0), int_pair("dilation", dilation)
        self.ceil_mode = checks.boolean("ceil_mode", ceil_mode)
        if any(2 * pad > size for pad, size in zip(self.padding, self.kernel_size, strict=True)):
            raise ValueError(f"padding must be at most half of kernel_size, {self.kernel_size}, but is {self.padding}.")

    def largest(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        spans = [d * (k - 1) + 1 for d, k in zip(self.dilation, self.kernel_size, strict=True)]
        room = [size + 2 * pad for size, pad in zip(numbers.shape[2:], self.padding, strict=True)]
        if any(have < need for have, need in zip(room, spans, strict=True)):
            raise ValueError(
                f"x must hold a window of {spans[0]} x {spans[1]} cells, but with padding is {room[0]} x {room[1]}. "
                "Take a smaller kernel_size."
            )
        kernel, rest = self.kernel_size, (self.stride, self.padding, self.dilation, self.ceil_mode)
        return F.max_pool2d(numbers, kernel, *rest, return_indices=True)

    def extra_repr(self) -> str:
        names = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")
        return ", ".join(f"{name}={getattr(self, name)}" for name in names)


class AdaptiveMaxPool2d(Pool):
    """The first spike in each of a given number of windows, with its trace; windows as in `torch.nn.AdaptiveMaxPool2d`.

    Args:
        output_size: number of windows on each axis.

    Shape:
        x, trace: B x C x H x W -> spikes, trace: B x C x H' x W'

    Raises:
        ValueError: a size out of its range.

    Example:
        >>> spikes = torch.tensor([[[[False, True], [True, False]]]])
        >>> AdaptiveMaxPool2d((2, 1))(spikes, torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]]))
        (tensor([[[[True],
                   [True]]]]), tensor([[[[0.2000],
                   [0.3000]]]]))
    """

    def __init__(self, output_size: int | Pair) -> None:
        super().__init__()
        self.output_size = int_pair("output_size", output_size)

    def largest(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        return F.adaptive_max_pool2d(numbers, self.output_size, return_indices=True)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"
