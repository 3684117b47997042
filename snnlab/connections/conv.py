"""Convolution: one kernel of weights for each filter, and of delays, moves over an image.

    y[f, l] = Σ_n W[f, n]·x[n, l] + b[f]                      without delays
    y[f, l] = Σ_n W[f, n]·x[n, l](t − d[f, n]) + b[f]         with a delay for each weight

x[n, l] is the synaptic current of what tap n = (c, i, j) of the kernel sees at site l; see `snnlab.connections.geometry`. So the synapse
has a cell for each tap at each site, and the histories of all sites are read at the same delays: they are the columns of one table,
site by site and in each all samples, as the samples alone are those of a dense connection.

What the delayed products make of such a table is in `snnlab.connections.wide`.

Reference: Kheradpisheh et al., Neural Networks 99:56 (2018), for spiking convolutions that learn by STDP.
"""

from typing import Any

import torch
from torch import Tensor

from snnlab.connections.base import Connection, batched, build_synapse
from snnlab.connections.geometry import Pair, fold, int_pair, output_size, overlap, unfold
from snnlab.connections.mixins import OneToOne, WeightBiasDelayMixin, initial_parameters
from snnlab.connections.wide import wide_outer, wide_sum
from snnlab.core import checks
from snnlab.core.tensors import exact
from snnlab.synapses import DelayedRead, SynapseConstructor


class Conv2D(WeightBiasDelayMixin, Connection):
    """Convolution with optional biases and a delay for each weight.

    Equation: `help("snnlab.connections.conv")`.

    A weight is shared by all L = oH·oW sites, and a learning rule such as `STDP` changes it by the sum over them: take rates about 1/L of
    those for a `LinearDense`.

    A fixed sparsity is set by `connection.mask`, Dale's sign by `connection.sign`: `help("snnlab.connections.constraint")`.

    Args:
        height, width, channels: size of the image.
        filters: number of kernels, and of images that come out.
        step_time: length of a simulation step.
        kernel: size of the kernel; this and the next three an int, or a pair for height and width.
        stride: pixels from one site to the next.
        padding: pixels of 0 on each side of the image.
        dilation: pixels from one tap of the kernel to the next.
        synapse: builds the synapse, such as `DeltaCurrent.partialconstructor(spike_charge=1.0)`.
        bias: whether filters have a bias.
        delay: longest delay; None for a connection without delays. 0.0 makes a delay parameter that is not used.
        batch_size: number of samples.
        weight_init: makes the weights from the default, uniform in [0, 1).
        bias_init: makes the biases from the default, uniform in [0, 1).
        delay_init: makes the delays from the default, zeros.

    Units:
        step_time, delay: ms;  outputs, bias: nA;  weight: 1

    Shape:
        inputs: B x C x H x W -> outputs: B x F x oH x oW;  weight, delay: F x C x kH x kW;  bias: F;
        synapse: B x (C·kH·kW) x L, with L = oH·oW;  selector: 1 x (C·kH·kW) x L x F

    Raises:
        ValueError: a size, time or initial value out of its range; a kernel that finds no room in the padded image.
        TypeError: a size that is no whole number; a synapse constructor that builds no synapse.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> edge = lambda default: torch.tensor([[[[-1.0, 1.0]]]])
        >>> connection = Conv2D(1, 4, 1, 1, 1.0, (1, 2), synapse=synapse, weight_init=edge)
        >>> connection(torch.tensor([[[[False, False, True, True]]]]))
        tensor([[[[0., 1., 0.]]]])
    """

    weight_axes = "filters x channels x kernel height x kernel width"

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        filters: int,
        step_time: float,
        kernel: int | Pair,
        *,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        synapse: SynapseConstructor,
        bias: bool = False,
        delay: float | None = None,
        batch_size: int = 1,
        weight_init: OneToOne | None = None,
        bias_init: OneToOne | None = None,
        delay_init: OneToOne | None = None,
    ) -> None:
        self._size = checks.whole("height", height), checks.whole("width", width)
        self._channels, self._filters = checks.whole("channels", channels), checks.whole("filters", filters)
        self._moves = {
            "kernel": int_pair("kernel", kernel),
            "stride": int_pair("stride", stride),
            "padding": int_pair("padding", padding, least=0),
            "dilation": int_pair("dilation", dilation),
        }
        self._outsize = output_size(self._size, **self._moves)
        shape = (self._filters, self._channels, *self.kernel)
        cells = (self._channels * self.kernel[0] * self.kernel[1], self.outheight * self.outwidth)
        Connection.__init__(self, build_synapse(synapse, cells, step_time, delay, batch_size))
        first = {"weight_init": weight_init, "bias_init": bias_init, "delay_init": delay_init}
        WeightBiasDelayMixin.__init__(self, **initial_parameters(shape, (self._filters,), bias=bias, delay=delay, **first))
        self.synapse.to(self.weight.dtype)

    # --- sizes --------------------------------------------------------------------------------------------------------------------

    @property
    def height(self) -> int:
        """Height of the image."""
        return self._size[0]

    @property
    def width(self) -> int:
        """Width of the image."""
        return self._size[1]

    @property
    def channels(self) -> int:
        """Number of channels of the image."""
        return self._channels

    @property
    def filters(self) -> int:
        """Number of kernels, and of channels that come out."""
        return self._filters

    @property
    def kernel(self) -> Pair:
        """Height and width of the kernel."""
        return self._moves["kernel"]

    @property
    def stride(self) -> Pair:
        """Pixels down and across from one site to the next."""
        return self._moves["stride"]

    @property
    def padding(self) -> Pair:
        """Pixels of 0 above and below the image, and on its left and right."""
        return self._moves["padding"]

    @property
    def dilation(self) -> Pair:
        """Pixels down and across from one tap of the kernel to the next."""
        return self._moves["dilation"]

    @property
    def outheight(self) -> int:
        """Number of sites from top to bottom."""
        return self._outsize[0]

    @property
    def outwidth(self) -> int:
        """Number of sites from left to right."""
        return self._outsize[1]

    @property
    def inshape(self) -> tuple[int, ...]:
        """Shape of inputs, without the batch: C x H x W."""
        return (self._channels, *self._size)

    @property
    def outshape(self) -> tuple[int, ...]:
        """Shape of outputs, without the batch: F x oH x oW."""
        return (self._filters, *self._outsize)

    @property
    def selector(self) -> Tensor | None:
        """Delays, in ms, as times to read the synapse at, 1 x (C·kH·kW) x L x F; None without delays."""
        if self.delay is None:
            return None
        return self.delay.view(self._filters, -1).t().unsqueeze(1).expand(-1, self.synapse.shape[1], -1).unsqueeze(0)

    # --- reshapes -----------------------------------------------------------------------------------------------------------------

    def like_input(self, data: Tensor) -> Tensor:
        """Brings data like the synapse's input, B x (C·kH·kW) x L, to the image: at each pixel the mean over all taps that see it.

        A pixel that no tap ever sees is 0. A mean of whole numbers is rounded towards 0; one of bools says whether any tap holds.
        """
        data = batched(data, self.synapse.shape)
        summed = fold(data if data.is_floating_point() else exact(data), self._size, **self._moves)
        mean = summed / overlap(self._size, **self._moves).clamp(min=1).to(data.device)
        return mean.to(data.dtype)

    def like_synaptic(self, data: Tensor) -> Tensor:
        """Brings data like the image, B x C x H x W, to the synapse's input, B x (C·kH·kW) x L: what every tap sees at every site."""
        return unfold(batched(data, self.inshape), **self._moves)

    def like_bias(self, data: Tensor) -> Tensor:
        """Reshapes data like a reduced postsynaptic receptive, F x 1 x 1 x 1, to the biases, F."""
        return data.reshape(self._filters)

    def postsyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like the output, B x F x oH x oW, to B x F x 1 x 1 x 1 x L."""
        return batched(data, self.outshape).reshape(-1, self._filters, 1, 1, 1, self.outheight * self.outwidth)

    def presyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like `syncurrent`, B x (C·kH·kW) x L, or x L x F, to B x 1 x C x kH x kW x L, or B x F x C x kH x kW x L."""
        data = batched(data, self.synapse.shape, (*self.synapse.shape, self._filters))
        data = data.unsqueeze(1) if data.dim() == 3 else data.movedim(-1, 1)
        return data.unflatten(2, (self._channels, *self.kernel))

    # --- a step -------------------------------------------------------------------------------------------------------------------

    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step.

        Args:
            *inputs: inputs of this step, B x C x H x W, passed to the synapse as B x (C·kH·kW) x L, with all keywords.

        Returns:
            currents, in nA, B x F x oH x oW.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
            RuntimeError: a gradient is wanted through a history that is written in place.
        """
        self.check_inputs(inputs)
        if self.delayedby:
            self.refuse_lost_gradient()
        current = self.synapse(*(self.like_synaptic(value) for value in inputs), **kwargs)
        weight = self.open_weight().reshape(self._filters, -1)
        if not self.delayedby:
            total = weight @ current.movedim(0, -1).reshape(weight.shape[1], -1)
        elif self.reads_by_plan():
            total = self.read_sum(weight, wide_sum)
        else:  # a synapse that only says what its currents are
            total = torch.einsum("bnlf,fn->flb", self.syncurrent, weight)
        total = total if self.bias is None else total.view(self._filters, -1) + self.bias.unsqueeze(1)
        return total.reshape(-1, self.batchsz).t().contiguous().view(self.batched_outshape)

    def correlate(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """The sum over samples and sites of post x pre for every weight, F x C x kH x kW; see `Connection.correlate`."""
        post = post.reshape(len(post), -1).t().reshape(self._filters, -1)  # F x (L, B), as the table's columns
        if not self.delayedby:
            present = pre.record.block[0].flatten(1)
            product = post.to(present.dtype) @ present.t()
        else:
            product = wide_outer(post, pre.record.table, self.plan(pre, self.synapse.spike_overbound is not None))
        product = product if pre.scale == 1.0 else product * pre.scale
        return product.view(self.weight.shape)

    def extra_repr(self) -> str:
        moves = ", ".join(f"{name}={value}" for name, value in self._moves.items())
        return f"{super().extra_repr()}, {moves}"
