"""Rules whose window is a function of yours: kernel STDP.

With Δ = t_post − t_pre from the last spike of each side, every step adds

    Δ(parameter) = K_post(Δ) + K_pre(Δ)

where what is above 0 is added and what is below 0 taken away. `exp_stdp_post_kernel` and `exp_stdp_pre_kernel` are the two halves of the
usual window; any function f(diff, **kwargs) of the difference, in ms, will do in the place of either:

    t_post − t_pre       −20     −10       0      10      20  ms
    K_post + K_pre     −0.37   −0.61    1.00    0.61    0.37  a step       the halves at rates 1 and −1, τ = 20 ms

Three rules look at three differences:

    KernelSTDP                   weights    from the last spike to have arrived
    DelayAdjustedKernelSTDP      weights    t_post − t_pre − d, from the last spike to have left
    DelayAdjustedKernelSTDPD     delays     the same

They differ where a spike is on its way: the first rule looks at what has arrived, the other two at what will. Differences persist between
spikes, so a pair contributes at every step until either side spikes again: rates are per step. Before the first spike of a side nothing
happens.

What a kernel is given is one sample's differences, shaped like the weights with one more axis for the sites that share them (N x M x 1 of
a dense connection, M x 1 of a direct one, F x C x kH x kW x L of a convolution), not a number where either side has not spiked yet. What it
returns has the same shape. A tensor among its keywords that is shaped like the weights holds one value a synapse, and is given that last
axis; any other comes as it is.

Reference: Gerstner, Kempter, van Hemmen & Wagner, Nature 383:76 (1996), and Gerstner & Kistler, Spiking Neuron Models (2002), chapter 10,
for learning windows; Nadafian & Ganjtabesh, arXiv:2011.09380 (2020), for delays.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.quantity import Setting
from snnlab.learning.base import CellState, IndependentCellTrainer, Unit
from snnlab.learning.delayadjusted import refuse_no_delays
from snnlab.learning.lastspike import advanced_since, build_since, differences, like_parameter, reduced
from snnlab.learning.terms import check_tolerance
from snnlab.network import Cell

Kernel = Callable[..., Tensor]
SIDES = ("kernel_post", "kernel_pre")


def check_kernel(name: str, value: Any) -> Kernel:
    """A function from differences to changes."""
    if not callable(value):
        raise TypeError(
            f"{name} must be a function f(diff, **kwargs), but is {value!r} ({type(value).__name__}). Try exp_stdp_post_kernel."
        )
    return value


def check_kwargs(name: str, value: Any) -> dict[str, Any]:
    """Keywords of a kernel; a copy."""
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in value):
        raise TypeError(f"{name} must be a dict of keywords for the kernel, but is {value!r} ({type(value).__name__}). Use {{}} for none.")
    taken = [key for key, each in value.items() if isinstance(each, Tensor) and hasattr(Module(), key)]
    if taken:
        raise ValueError(
            f"{name} must give tensors names that are free, but {taken[0]!r} means something else to a module. Try {taken[0]}_."
        )
    return dict(value)


def _tensors(kwargs: dict[str, Any]) -> dict[str, Tensor]:
    return {key: value for key, value in kwargs.items() if isinstance(value, Tensor)}


def _same(known: dict[str, Any], given: dict[str, Any]) -> bool:
    return known.keys() == given.keys() and all(known[key] is value for key, value in given.items())


class Keywords(Module):
    """Tensors among a kernel's keywords, as buffers: they move with the rule, and are saved with it."""

    def __init__(self, tensors: dict[str, Tensor]) -> None:
        super().__init__()
        for name, value in tensors.items():
            self.register_buffer(name, value.detach().clone())

    def given(self, like: Tensor) -> dict[str, Tensor]:
        """What a kernel is given: one value a synapse gets the axis of the sites."""
        return {name: value.unsqueeze(-1) if value.shape == like.shape else value for name, value in self.named_buffers()}


def change(side: str, kernel: Kernel, difference: Tensor, kwargs: dict[str, Any]) -> Tensor:
    """What a kernel makes of differences in ms; 0 where they are not known.

    Raises:
        TypeError: the kernel returns no tensor.
        ValueError: the kernel returns another shape.

    Example:
        >>> change("kernel_post", lambda diff, gain: diff * gain, torch.tensor([2.0, float("nan")]), {"gain": 3.0})
        tensor([6., 0.])
    """
    found = kernel(difference.clone(), **kwargs)  # a kernel may work in place
    checks.shaped(f"What {side} returns", found, tuple(difference.shape), "that of diff", "It must be one change for each difference.")
    return found.masked_fill(difference.isnan(), 0).to(difference.dtype)


class _KernelRule(IndependentCellTrainer):
    """What the three rules share."""

    spelled = {"batch_reduction": "batchreduce"}  # noqa: RUF012

    kernel_post = Setting(check_kernel)
    kernel_pre = Setting(check_kernel)
    kernel_post_kwargs = Setting(check_kwargs)
    kernel_pre_kwargs = Setting(check_kwargs)
    batchreduce = Setting(checks.reduction)
    inplace = Setting(checks.boolean)

    def __init__(
        self,
        kernel_post: Kernel,
        kernel_pre: Kernel,
        kernel_post_kwargs: dict[str, Any],
        kernel_pre_kwargs: dict[str, Any],
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__()
        self.configure(kernel_post=kernel_post, kernel_pre=kernel_pre, batchreduce=batch_reduction, inplace=inplace)
        self.configure(kernel_post_kwargs=kernel_post_kwargs, kernel_pre_kwargs=kernel_pre_kwargs)

    def build(self, cell: Cell, state: CellState) -> None:
        build_since(cell, state, self.reads_arrivals)
        sites = cell.connection.postsyn_receptive(state.since_post_).shape[-1]
        unknown = cell.connection.weight.new_full((*cell.connection.weight.shape, sites), torch.nan)
        for side, kwargs in self.keywords(cell, state).items():  # a kernel that cannot work is refused before the first step
            change(side, getattr(state, side), unknown, kwargs)

    def keywords(self, cell: Cell, state: CellState) -> dict[str, dict[str, Any]]:
        """What each kernel is called with. Tensors become buffers of the state, anew when others are set, in any of the ways to set one."""
        weight, called = cell.connection.weight, {}
        for side in SIDES:
            name = f"{side}_kwargs"
            given, known = state.overrides.get(name, getattr(self, name)), state.__dict__.get(f"{name}_given")
            if known is None or not _same(known, given):
                given = check_kwargs(name, given)  # a copy, as single keywords may be set in the one that was given
                tensors = _tensors(given)
                if known is None or not _same(_tensors(known), tensors):  # else what was loaded stays
                    setattr(state, f"{side}_tensor_kwargs", Keywords(tensors).to(weight.device, weight.dtype))
                state.__dict__ |= {name: {key: value for key, value in given.items() if key not in tensors}, f"{name}_given": given}
            called[side] = getattr(state, name) | getattr(state, f"{side}_tensor_kwargs").given(weight)
        return called

    def step(self, cell: Cell, state: CellState) -> None:
        (parameter,) = self.trains
        kwargs = self.keywords(cell, state)
        with advanced_since(cell, state):
            samples = self.samples(cell, state, parameter, kwargs)
            post_up, post_down, pre_up, pre_down = reduced(cell, samples, (1.0,) * 4, state.batchreduce)
            for side, up, down in zip(SIDES, (post_up, pre_up), (post_down, pre_down), strict=True):
                checks.finite(f"What {side} returns", up + down, "Where diff is a number, the change must be one: check the keywords.")
        getattr(cell.updater, parameter).add(pos=post_up + pre_up, neg=(post_down + pre_down).neg_())

    def samples(self, cell: Cell, state: CellState, parameter: str, kwargs: dict[str, dict[str, Any]]) -> Iterator[tuple[Tensor, ...]]:
        """What either kernel adds and takes away, sample by sample: like the parameter."""
        for steps in self.differences(cell, state):
            difference = steps.mul_(cell.connection.dt)
            parts = []
            for side in SIDES:
                found = change(side, getattr(state, side), difference, kwargs[side])
                parts += [like_parameter(cell.connection, parameter, part) for part in (found.clamp(min=0), found.clamp(max=0))]
            yield tuple(parts)

    reads_arrivals = False

    def differences(self, cell: Cell, state: CellState) -> Iterator[Tensor]:
        """Δ of each sample, in steps; with what the delays are, unless a subclass says otherwise."""
        return differences(cell, state, cell.synapse.tolerance, adjusted=True)


class KernelSTDP(_KernelRule):
    """Trains weights by kernels of the time between the last arrival and the last postsynaptic spike.

    Equation: `help("snnlab.learning.kernel")`.

    Where synapses share a weight, as in `Conv2D`, it changes by the sum over all sites.

    Args:
        kernel_post, kernel_pre: functions f(diff, **kwargs) from differences to changes, such as `exp_stdp_post_kernel`; the rule adds up
            what the two return.
        kernel_post_kwargs, kernel_pre_kwargs: keywords of either; tensors among them are copied, move with the rule and are saved with it.
        delayed: what a delay between two steps counts from: True from the exact arrival, False from the step at which the synapse hears
            it. On whole steps the two are the same.
        interp_tolerance: how far a delay may lie off a whole step and still count as one; None takes the synapse's.
        batch_reduction: how samples become one update, `f(tensor, dim)`; None: the mean.
        inplace: True writes the times since the last spikes over those of the step before, which is a little faster; False makes them anew,
            so that whoever kept `state.since_post_` keeps what it was.

    Units:
        diff, interp_tolerance: ms;  what a kernel returns: weight per step

    Raises:
        TypeError: a kernel that is no function, keywords that are no dict.
        ValueError: at registration or at a step, a kernel that returns anything but one change for each difference.

    Example:
        >>> synapse = snn.DeltaCurrent.partialconstructor(100.0)
        >>> connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, weight_init=torch.ones_like)
        >>> layer = snn.Serial(connection, snn.LIF(1, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10.))
        >>> _ = connection.defaultupdater()
        >>> box = lambda diff, height, width: height * (diff.abs() <= width).to(diff)
        >>> rule = KernelSTDP(box, box, {"height": 0.5, "width": 1.0}, {"height": 0.0, "width": 0.0})
        >>> _ = rule.register_cell("only", layer.cell)
        >>> _ = layer(torch.tensor([[True]])), rule(), layer.update()  # both sides spike: Δ = 0
        >>> connection.weight.item()
        1.5
    """

    spelled = _KernelRule.spelled | {"interp_tolerance": "tolerance"}

    delayed = Setting(checks.boolean)
    tolerance = Setting(check_tolerance)
    reads_arrivals = True

    def __init__(
        self,
        kernel_post: Kernel,
        kernel_pre: Kernel,
        kernel_post_kwargs: dict[str, Any],
        kernel_pre_kwargs: dict[str, Any],
        delayed: bool = False,
        interp_tolerance: float | None = None,
        batch_reduction: Callable[[Tensor, int], Tensor] | None = None,
        inplace: bool = False,
    ) -> None:
        super().__init__(kernel_post, kernel_pre, kernel_post_kwargs, kernel_pre_kwargs, batch_reduction, inplace)
        self.configure(delayed=delayed, tolerance=interp_tolerance)

    def differences(self, cell: Cell, state: CellState) -> Iterator[Tensor]:
        tolerance = cell.synapse.tolerance if state.tolerance is None else state.tolerance
        return differences(cell, state, tolerance, delayed=state.delayed)


class DelayAdjustedKernelSTDP(_KernelRule):
    """Trains weights by kernels of t_post − t_pre − d, with the delay d of each synapse.

    Equation: `help("snnlab.learning.kernel")`. A connection without delays will do: they count as 0.

    Args:
        kernel_post, kernel_pre, kernel_post_kwargs, kernel_pre_kwargs, batch_reduction, inplace: as in `KernelSTDP`.

    Units:
        diff: ms;  what a kernel returns: weight per step

    Raises:
        TypeError, ValueError: as in `KernelSTDP`.

    Example:
        >>> post, pre = ({"learning_rate": rate, "time_constant": 20.0} for rate in (0.1, -0.1))
        >>> rule = DelayAdjustedKernelSTDP(snn.exp_stdp_post_kernel, snn.exp_stdp_pre_kernel, post, pre)
        >>> rule.trains, rule.kernel_post_kwargs["learning_rate"]
        (('weight',), 0.1)
    """


class DelayAdjustedKernelSTDPD(_KernelRule):
    """Trains delays by kernels of t_post − t_pre − d: what a kernel returns above 0 makes a delay longer.

    Equation: `help("snnlab.learning.kernel")`. Delays stay between 0 and the longest of their connection.

    Args:
        kernel_post, kernel_pre, kernel_post_kwargs, kernel_pre_kwargs, batch_reduction, inplace: as in `KernelSTDP`.

    Units:
        diff: ms;  what a kernel returns: ms per step

    Raises:
        TypeError, ValueError: as in `KernelSTDP`.
        RuntimeError: at registration, a cell whose connection has no delays.

    Example:
        >>> towards = lambda diff, rate, reach: rate * diff * (diff.abs() < reach)  # a delay goes to where Δ is 0
        >>> rule = DelayAdjustedKernelSTDPD(towards, towards, {"rate": 0.1, "reach": 5.0}, {"rate": 0.0, "reach": 0.0})
        >>> rule.trains
        ('delay',)
    """

    trains: ClassVar[tuple[str, ...]] = ("delay",)

    def register_cell(self, name: str, cell: Cell, /, **overrides: Any) -> Unit:
        """Puts a cell under this rule, as in `CellTrainer`; its connection must have delays."""
        refuse_no_delays(type(self).__name__, name, cell)
        return super().register_cell(name, cell, **overrides)
