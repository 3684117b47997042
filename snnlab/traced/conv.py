"""Traced convolution: a kernel moves over the image, and every tap at every site shows its share.

    potential[f, l, k] = W[f, k]·s[pixel(l, k)](t − d)         trace[f, l, k] = z[pixel(l, k)](t − d)

with f the filter, l the site and k one of K = C·kH·kW taps; `snnlab.connections.geometry` says which pixel tap k sees at site l. Summed
over k, the potentials are a convolution. The history holds pixels: a pixel that many taps see is remembered once. A tap that lies outside
the image carries nothing.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from snnlab import connections
from snnlab.connections.delays import delayed_outer, delayed_outer_of_spikes, delayed_sum
from snnlab.connections.geometry import Pair, int_pair, output_size, unfold
from snnlab.connections.plan import DelayPlan
from snnlab.core import checks
from snnlab.synapses import DelayedRead
from snnlab.traced.history import HistoryConnection, delays_of_weights, spike_synapse


class Conv2d(HistoryConnection, connections.WeightBiasDelayMixin, connections.Connection):
    """Convolution for spikes with traces.

    Equation: `help("snnlab.traced.conv")`.

    Args:
        in_channels: channels of the image.
        out_channels: number of filters.
        kernel_size: height and width of the kernel.
        im_dims: height and width of the image.
        batch_size: number of samples.
        dt: length of a simulation step.
        delay: time from a spike to its arrival, a whole multiple of `dt`, or a tensor of such times, one a synapse, that broadcasts to
            `shape`; where it is the same at every site, it is kept like the weights. 0: none.
        stride, padding, dilation: step of the kernel, zeros around the image, distance of two taps.

    Units:
        dt, delay: ms

    Shape:
        x, trace_in: B x C x H x W -> potentials, trace: B x F x H' x W' x K;  weight: F x C x kH x kW

    Raises:
        ValueError: a size or time out of its range; a kernel that finds no room; a delay that is no whole multiple of `dt`, or differs
            between samples.

    Example:
        >>> connection = Conv2d(1, 1, kernel_size=(1, 2), im_dims=(1, 3), batch_size=1, dt=1.0, delay=0.0)
        >>> connection.weight = torch.tensor([[[[2.0, 5.0]]]])
        >>> image = torch.tensor([[[[1.0, 0.0, 1.0]]]])
        >>> potentials, trace = connection(image, image * 0.5)
        >>> potentials.tolist(), potentials.sum(-1).tolist()
        ([[[[[2.0, 0.0], [0.0, 5.0]]]]], [[[[2.0, 5.0]]]])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        im_dims: int | Pair,
        batch_size: int,
        dt: float,
        delay: float | Tensor,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
    ) -> None:
        channels, filters = checks.whole("in_channels", in_channels), checks.whole("out_channels", out_channels)
        batch, dt = checks.whole("batch_size", batch_size), checks.positive("dt", dt, "ms")
        kernel, size = int_pair("kernel_size", kernel_size), int_pair("im_dims", im_dims)
        self.stride, self.padding, self.dilation = (
            int_pair("stride", stride),
            int_pair("padding", padding, 0),
            int_pair("dilation", dilation),
        )
        self.kernel_size, self.im_dims = kernel, size
        self._inshape = (channels, *size)
        self._outshape = (filters, *output_size(size, kernel, self.stride, self.padding, self.dilation))
        weight = torch.rand(filters, channels, *kernel)
        delays = delays_of_weights(delay, dt, (batch, *self._outshape, weight[0].numel()))
        longest = 0.0 if delays is None else delays.max().item()
        connections.Connection.__init__(self, spike_synapse(dt)(self.insize(), dt, longest, batch))
        if delays is not None:
            everywhere = bool((delays == delays[:, :1, :1]).all())
            delays = (delays[:, 0, 0].reshape(weight.shape) if everywhere else delays).clone(memory_format=torch.contiguous_format)
        connections.WeightBiasDelayMixin.__init__(self, weight, None, delays)
        seen = self._patches(torch.arange(1, self.insize() + 1).view(1, *self._inshape))[0].t()  # L x K, 0 outside the image
        self.register_buffer("cells_", (seen - 1).clamp(min=0), persistent=False)
        self.register_buffer("inside_", seen > 0 if self.padding != (0, 0) else None, persistent=False)
        self.keep_traces()

    # --- geometry -------------------------------------------------------------------------------------------------------------------

    @property
    def inshape(self) -> tuple[int, ...]:
        """Shape of an image: C x H x W."""
        return self._inshape

    @property
    def outshape(self) -> tuple[int, ...]:
        """Shape of outputs: F x H' x W'."""
        return self._outshape

    def _patches(self, images: Tensor) -> Tensor:
        """What every tap sees at every site, B x K x L."""
        return unfold(images, self.kernel_size, self.stride, self.padding, self.dilation)

    def _inside(self, values: Tensor) -> Tensor:
        """Values of taps, ... x L x K, with those outside the image 0."""
        return values if self.inside_ is None else values * self.inside_

    @property
    def selector(self) -> Tensor | None:
        """Delays, in ms, as times to read each pixel at, one for each filter and each of the kernel's kH·kW taps: 1 x CHW x (F·kH·kW).

        None without delays.
        """
        if self.delay is None:
            return None
        sites, taps = self.delay.reshape(self.outshape[0], -1, self.cells_.shape[1]).expand(-1, len(self.cells_), -1), self._taps()
        inside = torch.ones_like(self.cells_, dtype=torch.bool) if self.inside_ is None else self.inside_
        selector = sites.new_zeros(self.insize(), self.outshape[0], taps.max() + 1)
        selector[self.cells_[inside], :, taps.expand_as(self.cells_)[inside]] = sites.permute(1, 2, 0)[inside]
        return selector.flatten(1).unsqueeze(0)

    def _taps(self) -> Tensor:
        """Place of each of the K taps within one channel's kernel."""
        return torch.arange(self.cells_.shape[1], device=self.cells_.device) % (self.kernel_size[0] * self.kernel_size[1])

    def like_input(self, data: Tensor) -> Tensor:
        """Reshapes data like the synapse's input, B x CHW, to images, B x C x H x W."""
        return data.reshape(-1, *self.inshape)

    def like_synaptic(self, data: Tensor) -> Tensor:
        """Reshapes images, B x C x H x W, to the synapse's input, B x CHW."""
        return data.reshape(-1, self.insize())

    def like_bias(self, data: Tensor) -> Tensor:
        """Reshapes data like a reduced postsynaptic receptive, F x 1 x 1 x 1, to one value a filter, F."""
        return data.reshape(self.outshape[0])

    def postsyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like the output, B x F x H' x W', to B x F x 1 x 1 x 1 x L."""
        return data.reshape(-1, self.outshape[0], 1, 1, 1, len(self.cells_))

    def presyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like `syncurrent`, B x CHW or B x CHW x (F·kH·kW), to B x 1 (or F) x C x kH x kW x L."""
        kernel = tuple(self.weight.shape[1:])
        if data.dim() == 2:
            return self._patches(self.like_input(data)).view(len(data), 1, *kernel, -1)
        pixels = data.reshape(*data.shape[:2], self.outshape[0], -1)
        seen = pixels[:, self.cells_, :, self._taps()]  # L x K x B x F
        seen = seen if self.inside_ is None else seen * self.inside_[..., None, None]
        return seen.permute(2, 3, 1, 0).reshape(len(data), self.outshape[0], *kernel, -1)

    # --- a step ---------------------------------------------------------------------------------------------------------------------

    def plan(self, read: DelayedRead, overbound: bool = True, slopes: bool = False) -> DelayPlan:
        """Where each synapse reads such a history, F·L x K; kept until a delay changes."""
        return self._plans.of(self.delay, read, overbound, slopes, self.cells_)

    def spread(self, x: Tensor) -> Tensor:
        """Lays out images, B x C x H x W, as B x 1 x H' x W' x K, and one value a synapse as B x F x H' x W' x K."""
        if tuple(x.shape) == self.batched_inshape:
            return self._patches(x).transpose(1, 2).reshape(self.batchsz, 1, *self.outshape[1:], -1)
        if x.dim() == 6 and x.shape[:2] == self.batched_outshape[:2]:  # as `presyn_receptive` gives it
            return x.flatten(2, 4).transpose(2, 3).reshape(self.shape)
        if tuple(x.shape) != self.shape:
            raise ValueError(
                f"x must be of shape {self.batched_inshape} (B x C x H x W) or {self.shape} (one value a synapse), "
                f"but is of shape {tuple(x.shape)}."
            )
        return x

    def arrived(self, read: DelayedRead, overbound: float | None = 0.0) -> Tensor:
        """What arrives now: B x C x H x W where all synapses read one step, else of `shape`; a copy."""
        value = super().arrived(read, overbound)
        if tuple(value.shape) == self.batched_inshape:
            return value
        return self._inside(value.reshape(self.batchsz, -1, *self.cells_.shape)).view(self.shape)

    def weight_of_synapses(self) -> Tensor:
        """The weights, F x 1 x 1 x K."""
        return self.open_weight().reshape(self.outshape[0], 1, 1, -1)

    def sum_shared(self, x: Tensor) -> Tensor:
        """One convolution: B x C x H x W -> B x F x H' x W'."""
        return F.conv2d(x, self.open_weight(), stride=self.stride, padding=self.padding, dilation=self.dilation)

    def sum_delayed(self) -> Tensor:
        """The delayed product, every tap of every site at its own delay: B x F x H' x W'."""
        if self.delay.requires_grad and torch.is_grad_enabled():
            return self.activation_potential(self.arrived_currents()).sum(-1)
        weight = self._inside(self.open_weight().flatten(1).unsqueeze(1).expand(-1, *self.cells_.shape)).flatten(0, 1)
        overbound, total = self.synapse.current_overbound, 0.0
        for read in self.synapse.delayed_currents():
            plan = self.plan(read, overbound is not None)
            total = total + delayed_sum(read.record.table, weight, plan, scale=read.scale, overbound=overbound)
            overbound = overbound and 0.0
        return total.t().reshape(self.batched_outshape)

    def correlate(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """The sum over batch and sites of post x pre for every weight, F x C x kH x kW; see `snnlab.connections.Connection.correlate`."""
        post = post.flatten(2)
        plan = self.plan(pre, self.synapse.spike_overbound is not None) if self.delayedby else None
        if plan is None or plan.shared is not None:
            seen = self._patches(self.like_input(pre.record.read(1 if plan is None else plan.shared + 1)))
            product = torch.einsum("bfl,bkl->fk", post.to(seen.dtype), seen)
        else:
            multiply = delayed_outer_of_spikes if post.dtype == torch.bool else delayed_outer
            product = multiply(post.flatten(1).t(), pre.record.table, plan)
            product = self._inside(product.view(len(self.weight), *self.cells_.shape)).sum(1)
        return product.view(self.weight.shape) * pre.scale
