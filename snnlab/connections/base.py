"""What every connection does: weights and geometry over a presynaptic history.

    inputs ──► like_synaptic ──► synapse ──► currents at each synapse's delay ──► weighted sum ──► outputs

One step takes inputs B x inshape and gives currents B x outshape. Learning rules see a connection through four reshapes: `presyn_receptive`
and `postsyn_receptive` bring both sides of every synapse to shapes that broadcast to the weights, `like_bias` and `like_input` lead back;
and through one product, `correlate`, which is the sum over the batch of post x pre for every synapse.
"""

import inspect
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.connections.delays import delayed_sum
from snnlab.connections.plan import DelayPlan, Plans
from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.synapses import DelayedRead, InfernoSynapse, Synapse, SynapseConstructor
from snnlab.updates import Change, Updatable, Updater


def build_synapse(
    constructor: SynapseConstructor, shape: tuple[int, ...], step_time: float, delay: float | None, batch_size: int
) -> Synapse:
    """The synapse of a connection, with a history as long as its longest delay, or of one step for None.

    Raises:
        TypeError: what came is no constructor; a synapse that is built already, or its class, is none.
        ValueError: a delay below 0; a synapse of another shape, step time, batch size or a shorter history than it was asked for.
    """
    try:
        inspect.signature(constructor).bind(shape, step_time, delay, batch_size)
        fits = not isinstance(constructor, Synapse)
    except (TypeError, ValueError):
        fits = False
    if not fits:
        came = constructor.__name__ if isinstance(constructor, type) else f"of type {type(constructor).__name__}"
        raise TypeError(
            f"synapse must be a constructor f(shape, step_time, delay, batch_size), but is {came}. "
            "Pass one such as DeltaCurrent.partialconstructor(spike_charge=1.0)."
        )
    if delay is not None:
        hint = "It is the longest one: set connection.delay, one a synapse, afterwards; leave it out for a connection without delays."
        checks.not_negative("delay", delay, "ms", hint)
    wanted = {"shape": tuple(shape), "dt": step_time, "batchsz": batch_size}
    built = constructor(shape, step_time, 0.0 if delay is None else delay, batch_size)
    if isinstance(built, Synapse):  # else `Connection` says what it must be
        for name, value in wanted.items():
            if (came := getattr(built, name)) != value:
                raise ValueError(f"synapse must build one of {name} {value}, as it was asked to, but gave one of {name} {came}.")
        if delay is not None and built.delay < delay:
            raise ValueError(f"synapse must build one that remembers {delay:g} ms, as it was asked to, but gave one of {built.delay:g} ms.")
    return built


def batched(data: Tensor, *shapes: tuple[int, ...]) -> Tensor:
    """Data of one of these shapes, whatever the batch; ValueError for any other, also where a reshape would find as many elements.

    Example:
        >>> batched(torch.zeros(2, 6), (2, 3))
        Traceback (most recent call last):
        ...
        ValueError: data must be of shape B x 2 x 3, but is of shape (2, 6).
    """
    if data.shape[1:] not in shapes:
        wish = " or ".join(" x ".join(map(str, ("B", *shape))) for shape in shapes)
        raise ValueError(f"data must be of shape {wish}, but is of shape {tuple(data.shape)}.")
    return data


class Connection(Updatable, Module, ABC):
    """A weighted connection between two groups of neurons.

    Args:
        synapse: turns inputs into currents, and remembers them.

    Raises:
        TypeError: what came is no synapse.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
        >>> connection = snn.LinearDense((8, 8), 10, 1.0, synapse=synapse, delay=5.0)
        >>> isinstance(connection, Connection), connection.insize(), connection.outsize(), connection.delayedby
        (True, 64, 10, 5.0)
    """

    def __init__(self, synapse: Synapse) -> None:
        Module.__init__(self)
        if not isinstance(synapse, Synapse):
            raise TypeError(
                f"synapse must build a Synapse, but gave {synapse!r} ({type(synapse).__name__}). "
                "Pass a constructor, such as DeltaCurrent.partialconstructor(spike_charge=1.0)."
            )
        self.synapse_ = synapse
        self.updater_: Updater | None = None
        self._plans = Plans()
        self._warned_of_slopes = False

    # --- parameters (a subclass gives them) ---------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def weight(self) -> nn.Parameter:
        """Weights."""
        raise checks.unimplemented(self, "weight")

    @weight.setter
    def weight(self, value: Tensor) -> None:
        raise checks.unimplemented(self, "weight")

    @property
    @abstractmethod
    def bias(self) -> nn.Parameter | None:
        """Biases, in nA, or None."""
        raise checks.unimplemented(self, "bias")

    @bias.setter
    def bias(self, value: Tensor) -> None:
        raise checks.unimplemented(self, "bias")

    @property
    @abstractmethod
    def delay(self) -> nn.Parameter | None:
        """Delays, in ms, or None."""
        raise checks.unimplemented(self, "delay")

    @delay.setter
    def delay(self, value: Tensor) -> None:
        raise checks.unimplemented(self, "delay")

    # --- shape and time -----------------------------------------------------------------------------------------------------------

    @property
    def synapse(self) -> Synapse:
        """The synapse that turns inputs into currents. Setting it replaces it by one of the same shape."""
        return self._modules["synapse_"]  # read several times a step

    @synapse.setter
    def synapse(self, value: Synapse) -> None:
        if not isinstance(value, Synapse):
            raise TypeError(f"synapse must be a Synapse, but is {value!r} ({type(value).__name__}).")
        if value.shape != self.synapse_.shape:
            raise ValueError(f"synapse must be of shape {self.synapse_.shape}, but is of shape {value.shape}.")
        for name, unit in (("dt", " ms"), ("batchsz", "")):
            came, wanted = getattr(value, name), getattr(self.synapse_, name)
            if came != wanted:
                raise ValueError(f"synapse must be of {name} {wanted}{unit}, as the one it replaces, but is of {name} {came}{unit}.")
        if self.delay is not None and self.delay.max() > value.delay + 1e-4 * value.dt:
            longest = self.delay.max().item()
            raise ValueError(f"synapse must remember {longest:g} ms, the longest delay here, but remembers {value.delay:g} ms.")
        self.synapse_ = value.to(self.weight.device, self.weight.dtype)
        self._plans.forget()

    @property
    @abstractmethod
    def inshape(self) -> tuple[int, ...]:
        """Shape of inputs, without the batch."""
        raise checks.unimplemented(self, "inshape")

    @property
    @abstractmethod
    def outshape(self) -> tuple[int, ...]:
        """Shape of outputs, without the batch."""
        raise checks.unimplemented(self, "outshape")

    def insize(self) -> int:
        """Number of inputs, without the batch."""
        return math.prod(self.inshape)

    def outsize(self) -> int:
        """Number of outputs, without the batch."""
        return math.prod(self.outshape)

    @property
    def batchsz(self) -> int:
        """Number of samples, that of the synapse. Setting it clears the state."""
        return self.synapse.batchsz

    @batchsz.setter
    def batchsz(self, value: int) -> None:
        self.synapse.batchsz = value

    @property
    def dt(self) -> float:
        """Length of a simulation step, in ms, that of the synapse. Setting it clears the state."""
        return self.synapse.dt

    @dt.setter
    def dt(self, value: float) -> None:
        self.synapse.dt = value

    @property
    def batched_inshape(self) -> tuple[int, ...]:
        """Shape of inputs: (B, *inshape)."""
        return (self.batchsz, *self.inshape)

    @property
    def batched_outshape(self) -> tuple[int, ...]:
        """Shape of outputs: (B, *outshape)."""
        return (self.batchsz, *self.outshape)

    @property
    def biased(self) -> bool:
        """Whether there are biases."""
        return self.bias is not None

    @property
    def delayedby(self) -> float | None:
        """Longest delay, in ms, that of the synapse; None for a connection without delays. 0.0 counts as having them."""
        return None if self.delay is None else self.synapse.delay

    # --- what the synapses carry --------------------------------------------------------------------------------------------------

    @property
    @abstractmethod
    def selector(self) -> Tensor | None:
        """Delays, in ms, as times to read the synapse at; None for a connection without delays."""
        raise checks.unimplemented(self, "selector")

    @property
    def syncurrent(self) -> Tensor:
        """Currents, in nA, as the last step used them: at each synapse's delay, B x *synapse.shape x N, or B x *synapse.shape."""
        if not self.delayedby:
            return self.synapse.current
        selector = self.selector
        if selector.requires_grad and self.updatable and torch.is_grad_enabled():
            selector = selector.clone()  # a rule may change the delays before the backward pass
        return self.synapse.current_at(selector)

    @property
    def synspike(self) -> Tensor:
        """Spikes, as bool, as they arrived at the last step: at each synapse's delay, or at once."""
        return self.synapse.spike_at(self.selector) if self.delayedby else self.synapse.spike

    # --- reshapes (a subclass gives them) -----------------------------------------------------------------------------------------

    @abstractmethod
    def like_input(self, data: Tensor) -> Tensor:
        """Reshapes data like the synapse's input to the connection's input."""
        raise checks.unimplemented(self, "like_input")

    @abstractmethod
    def like_synaptic(self, data: Tensor) -> Tensor:
        """Reshapes data like the connection's input to the synapse's input."""
        raise checks.unimplemented(self, "like_synaptic")

    @abstractmethod
    def like_bias(self, data: Tensor) -> Tensor:
        """Reshapes data like a reduced postsynaptic receptive to the biases."""
        raise checks.unimplemented(self, "like_bias")

    @abstractmethod
    def postsyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like the output to B x (broadcasts to the weights) x L."""
        raise checks.unimplemented(self, "postsyn_receptive")

    @abstractmethod
    def presyn_receptive(self, data: Tensor) -> Tensor:
        """Reshapes data like `syncurrent` to B x (broadcasts to the weights) x L."""
        raise checks.unimplemented(self, "presyn_receptive")

    @abstractmethod
    def forward(self, *inputs: Tensor, **kwargs: Any) -> Tensor:
        """One step: takes inputs B x inshape, returns currents B x outshape, in nA."""
        raise checks.unimplemented(self, "forward")

    # --- products over the history ------------------------------------------------------------------------------------------------

    def arriving(self, pre: DelayedRead) -> Tensor:
        """A history like the synapse's, as it arrives now at each synapse: at its delay, or at once. Shaped like `syncurrent`.

        From beyond the longest delay nothing arrives, unless the synapse's `spike_overbound` is None: then the oldest observation.
        """
        overbound = None if self.synapse.spike_overbound is None else 0.0
        return pre.at(self.selector, overbound) if self.delayedby else pre.record.peek() * pre.scale

    def pair(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """post x pre of every synapse and sample, summed over the receptive axis: B x (like weight).

        The general path, for reductions over the batch other than a sum: it takes B times the memory of the weights.
        """
        arriving = self.arriving(pre)
        post, pre = self.postsyn_receptive(post).to(arriving.dtype), self.presyn_receptive(arriving)
        if pre.shape[-1] == 1:  # nothing to sum: torch would take each synapse for a matrix product of its own
            return (post * pre).squeeze(-1).expand(-1, *self.weight.shape)
        return torch.einsum("b...r,b...r->b...", post, pre).expand(-1, *self.weight.shape)

    def correlate(self, post: Tensor, pre: DelayedRead) -> Tensor:
        """The sum over the batch of post x pre for every synapse, with pre as it arrives there now.

        Args:
            post: one value a postsynaptic neuron, B x outshape; bool where it is spikes, which is faster.
            pre: a history of one value a presynaptic cell, shaped like the synapse's, and how to read it.

        Returns:
            like the weights.
        """
        return self.pair(post, pre).sum(0)

    def factors(self, post: Tensor, pre: DelayedRead) -> tuple[Tensor, Tensor] | None:
        """Two factors, N x K and K x M, whose product is `correlate`, where there are such, and nobody changes them; else None."""
        return None

    def change(self, post: Tensor, pre: DelayedRead) -> Change | None:
        """`correlate` as a change of a few rows or columns of the weights, where few neurons spiked on one side; else None.

        One of the two is spikes: post if it is bool, else pre.
        """
        return None

    def plan(self, read: DelayedRead, overbound: bool = True, slopes: bool = False) -> DelayPlan:
        """Where each synapse reads such a history; kept until a delay changes."""
        return self._plans.of(self.delay, read, overbound, slopes)

    def read_sum(self, weight: Tensor, product: Callable[..., Tensor] = delayed_sum) -> Tensor:
        """Each output's sum of weight x current at the delay, over all histories that the current is made of.

        Args:
            weight: N x M, M the first axis of the synapse's shape.
            product: works out one history's share, as `delayed_sum` does.

        Returns:
            N x (all other axes of the synapse's shape, then samples).
        """
        overbound, total = self.synapse.current_overbound, None
        delay = self.delay.view(weight.shape) if self.delay.requires_grad and torch.is_grad_enabled() else None
        for read in self.synapse.delayed_currents():
            plan = self.plan(read, overbound is not None, delay is not None)
            share = product(read.record.table, weight, plan, scale=read.scale, overbound=overbound, delay=delay)
            total = share if total is None else total + share  # no pass over the outputs to add 0
            overbound = overbound and 0.0  # what lies beyond counts once, however many histories the current is made of
        return total

    def reads_by_plan(self) -> bool:
        """Whether currents at a delay may be read from the synapse's histories by a plan; `syncurrent` has them, whatever the synapse."""
        return isinstance(self.synapse, InfernoSynapse) and self.synapse.reads_histories

    def refuse_lost_gradient(self) -> None:
        """RuntimeError where a gradient is wanted through a history that the next step overwrites; called before a step changes it."""
        wanted = [name for name in ("weight", "delay") if getattr(self, name).requires_grad]
        if wanted and self.synapse.inplace and torch.is_grad_enabled() and isinstance(self.synapse, InfernoSynapse):
            raise RuntimeError(
                f"A gradient is wanted for {' and '.join(wanted)}, but the synapse writes its history in place, which loses it. "
                "Set connection.synapse.inplace = False, or run under torch.no_grad()."
            )
        if "delay" in wanted and torch.is_grad_enabled() and self.reads_by_plan():
            self._warn_of_poor_slopes()

    def _warn_of_poor_slopes(self) -> None:
        """Says once that the way in which currents are read between two steps teaches delays nothing, or little."""
        modes = {read.interp for read in self.synapse.delayed_currents()} - {"linear"}
        if modes and not self._warned_of_slopes:
            self._warned_of_slopes = True
            mode = modes.pop()
            lacks = (
                "whose slope never sees a spike's onset" if mode == "expdecay" else "which does not change with them: they will not move"
            )
            warnings.warn(
                f"A gradient is wanted for delay, but the synapse reads between two steps by {mode!r}, {lacks}. "
                "Build it with interp_mode='linear' for delays that learn.",
                stacklevel=5,
            )

    # --- state --------------------------------------------------------------------------------------------------------------------

    def check_inputs(self, inputs: tuple[Tensor, ...]) -> None:
        """Refuses inputs of a wrong shape before any state changes."""
        shape = self.batched_inshape
        if not inputs:
            raise TypeError(f"{type(self).__name__} takes inputs of shape {shape}, but got none.")
        for place, value in enumerate(inputs):
            if isinstance(value, Tensor) and value.shape == shape:
                continue
            name = "inputs" if len(inputs) == 1 else f"inputs[{place}]"
            checks.shaped(name, value, shape, "B x inshape", "Set batchsz for another batch size.")

    def clear(self, **kwargs: Any) -> None:
        """Brings the synapse to rest and forgets pending updates. Weights, biases and delays stay."""
        super().clear(**kwargs)

    def defaultupdater(
        self, *includes: str, exclude_weight: bool = False, exclude_bias: bool = False, exclude_delay: bool = False
    ) -> Updater:
        """Sets and returns an updater of weight, bias if there is one, delay if there is one, and whatever else is named.

        Args:
            *includes: further attributes to be updated.
            exclude_weight, exclude_bias, exclude_delay: leave one out.
        """
        names = [] if exclude_weight else ["weight"]
        names += ["bias"] if self.biased and not exclude_bias else []
        names += ["delay"] if self.delayedby is not None and not exclude_delay else []
        self.updater = Updater(self, *names, *includes)
        return self.updater

    def extra_repr(self) -> str:
        delays = "" if self.delayedby is None else f", delayedby={self.delayedby}"
        return f"inshape={self.inshape}, outshape={self.outshape}, biased={self.biased}{delays}"

    def _apply(self, fn: Any, recurse: bool = True) -> "Connection":
        self._plans.forget()
        return super()._apply(fn, recurse)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) -> None:
        self._plans.forget()
        state_dict = dict(state_dict)
        for name in ("weight", "bias", "delay"):  # what a setter refuses is no better in a file
            saved = state_dict.get(f"{prefix}{name}_")
            try:
                if saved is not None:
                    self.check_saved(f"{prefix}{name}_", name, saved)
            except (ValueError, TypeError) as error:
                error_msgs.append(str(error))
                state_dict[f"{prefix}{name}_"] = getattr(self, name).detach()
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)

    def check_saved(self, key: str, name: str, value: Tensor) -> None:
        """Refuses a saved parameter that its setter would refuse."""
        checks.finite(key, value)
