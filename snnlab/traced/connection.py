"""Traced connections: spikes travel with their traces, and every synapse shows its share.

    spikes, trace  ──► as they were a delay ago ──►  potentials = weight · spike,  trace          one each a synapse, not yet summed

The last axis of what a connection gives are the synapses that come in to one neuron: the neuron sums over it, and until then everybody may
look at single synapses. A spike and its trace take the same time. Both are remembered once a presynaptic cell, and every synapse reads
that one history at its own delay, so that any number of spikes may be on their way.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.record import WHOLE, RecordTensor

DISTRIBUTIONS = (
    "uniform", "neuron_scaled_uniform", "normal", "xavier_normal", "xavier_uniform", "kaiming_normal", "kaiming_uniform", "constant",
)  # fmt: skip


def check_delay(delay: Any, dt: float, shape: tuple[int, ...]) -> Tensor:
    """Delays in ms, a tensor of no axis or one that broadcasts to `shape`, each a whole multiple of the step time.

    Raises:
        ValueError: a delay below 0, between two steps, NaN, or of a shape that does not broadcast.

    Example:
        >>> check_delay(3.0, 0.5, (1, 1, 2, 2))
        tensor(3.)
    """
    if not isinstance(delay, Tensor):
        delay = torch.tensor(checks.number("delay", delay, "ms", "Use 0.0 for no delay."), dtype=torch.float64)
    delay = checks.finite("delay", delay.detach())
    try:
        fits = torch.broadcast_shapes(delay.shape, shape) == torch.Size(shape)
    except RuntimeError:
        fits = False
    if not fits:
        raise ValueError(f"delay must be one number, or broadcast to {tuple(shape)}, one a synapse, but is of shape {tuple(delay.shape)}.")
    if (delay < 0).any():
        raise ValueError(f"delay must be 0 ms or above, but its least value is {delay.min():g} ms. Use 0.0 for no delay.")
    steps = delay.double() / dt
    slack = WHOLE + (torch.finfo(delay.dtype).eps * steps if delay.is_floating_point() else 0.0)
    between = (steps - steps.round()).abs() > slack
    if between.any():
        raise ValueError(
            f"delay must be a whole multiple of dt, {dt:g} ms, but is {delay[between].view(-1)[0]:g} ms. Round it, or take another dt."
        )
    return delay.to(torch.get_default_dtype())


class Connection(Module):
    """What every traced connection does: keeps what is on its way, and sets its weights anew.

    A subclass gives itself a `weight`, and computes its potentials in `forward(x, trace_in)` from `propagate_spike(x)` and
    `propagate_trace(trace_in)`.

    Args:
        shape: of one value a synapse, batch first; the last axis are the synapses of one neuron.
        dt: length of a simulation step.
        delay: time from a spike to its arrival, a whole multiple of `dt`, or a tensor of such times that broadcasts to `shape`. 0: none.

    Units:
        dt, delay: ms

    Shape:
        x, trace_in: of one value a presynaptic cell, broadcasts to `shape`

    Raises:
        ValueError: a delay that is no whole multiple of `dt`, below 0, or of a shape that does not fit.

    Example:
        >>> class Scaled(Connection):
        ...     def __init__(self, inputs, dt, delay):
        ...         super().__init__((1, 1, 1, inputs), dt, delay)
        ...         self.weight = torch.nn.Parameter(torch.full((1, inputs), 2.0))
        ...     def forward(self, x, trace_in):
        ...         return self.convert_spikes(self.propagate_spike(x)) * self.weight, self.propagate_trace(trace_in)
        >>> connection = Scaled(2, dt=1.0, delay=1.0)
        >>> for spikes in ([True, False], [False, False]):
        ...     x = torch.tensor([[[spikes]]])
        ...     potentials, trace = connection(x, x * 0.5)
        >>> potentials.flatten().tolist(), trace.flatten().tolist()
        ([2.0, 0.0], [0.5, 0.0])
    """

    def __init__(self, shape: tuple[int, ...], dt: float, delay: float | Tensor) -> None:
        super().__init__()
        self.shape = checks.shape("shape", shape)
        self.dt = checks.positive("dt", dt, "ms")
        self.register_buffer("delay", check_delay(delay, self.dt, self.shape), persistent=False)
        longest = self.delay.max().item()
        self.spike_, self.trace_ = (RecordTensor(self.dt, longest, dtype=torch.get_default_dtype()) for _ in range(2))

    # --- what is on its way ---------------------------------------------------------------------------------------------------------

    def propagate_spike(self, x: Tensor) -> Tensor:
        """One step of time: takes the spikes that leave now and returns those that arrive.

        Args:
            x: one value a presynaptic cell; broadcasts to `shape`.

        Returns:
            `x` where there is no delay, else as it was a delay ago: like `x` for one delay, of `shape` for one a synapse.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; what is on its way stays as it was.
            RuntimeError: spikes that require a gradient, which a history written in place would lose.
        """
        return self._propagate("x", x, self.spike_)

    def propagate_trace(self, trace_in: Tensor) -> Tensor:
        """The same for the traces: one step of time, from those that leave to those that arrive. No gradient flows through them."""
        return self._propagate("trace_in", trace_in.detach(), self.trace_)

    def _propagate(self, name: str, value: Tensor, record: RecordTensor) -> Tensor:
        checks.finite(name, value)
        if value.dim() != len(self.shape) or any(size not in (1, whole) for size, whole in zip(value.shape, self.shape, strict=False)):
            raise ValueError(f"{name} must broadcast to {self.shape} (the shape of the synapses), but is of shape {tuple(value.shape)}.")
        if record.slots == 1:
            return value
        record.push(value)
        steps = (self.delay.double() / self.dt).round().long()
        if steps.dim() == 0:
            return record.read(int(steps) + 1).to(value.dtype)
        history = record.window.expand(record.slots, *self.shape)
        return history.gather(0, steps.expand(self.shape).unsqueeze(0)).squeeze(0).to(value.dtype)

    def reset_state(self) -> None:
        """Brings spikes on their way, and their traces, to rest. Weights stay."""
        self.clear()

    # --- weights --------------------------------------------------------------------------------------------------------------------

    def convert_spikes(self, x: Tensor) -> Tensor:
        """Spikes in the weights' dtype."""
        return x.to(self.weight.dtype)

    def no_grad(self) -> None:
        """Asks for no gradient of any parameter, and goes to evaluation mode."""
        self.requires_grad_(False)
        self.eval()

    def reset_weights(
        self,
        distribution: str = "uniform",
        gain: float = 1.0,
        a: float = 0.0,
        b: float = 1.0,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        """Draws all weights anew. Arguments that a distribution does not name play no part in it.

        Args:
            distribution:
                "uniform": from `a` to `b`.
                "neuron_scaled_uniform": from `a`/s to `b`/s, with s the square root of the number of inputs of a neuron.
                "normal": mean 0 and deviation 1.
                "xavier_normal", "xavier_uniform": as in `torch.nn.init`, with this `gain`.
                "kaiming_normal", "kaiming_uniform": as in `torch.nn.init`.
                "constant": all equal to `gain`.
            gain, a, b: see there.
            generator: source of randomness; None: torch's own.

        Raises:
            ValueError: an unknown distribution; bounds in the wrong order.
        """
        weight = self._own_weight("reset_weights")
        checks.one_of("distribution", distribution, DISTRIBUTIONS)
        gain, a, b = (checks.number(name, value) for name, value in (("gain", gain), ("a", a), ("b", b)))
        if "uniform" in (distribution, distribution.removeprefix("neuron_scaled_")) and a > b:
            raise ValueError(f"a must be at most b, but a is {a:g} and b is {b:g}. Swap them.")
        scale = math.sqrt(weight[0].numel()) if distribution == "neuron_scaled_uniform" else 1.0
        init, source = nn.init, {"generator": generator}
        draw = {
            "uniform": lambda: init.uniform_(weight, a, b, **source),
            "neuron_scaled_uniform": lambda: init.uniform_(weight, a / scale, b / scale, **source),
            "normal": lambda: init.normal_(weight, **source),
            "xavier_normal": lambda: init.xavier_normal_(weight, gain, **source),
            "xavier_uniform": lambda: init.xavier_uniform_(weight, gain, **source),
            "kaiming_normal": lambda: init.kaiming_normal_(weight, **source),
            "kaiming_uniform": lambda: init.kaiming_uniform_(weight, **source),
            "constant": lambda: init.constant_(weight, gain),
        }
        draw[distribution]()

    def init_connection(self) -> None:
        """Starts afresh: no gradients and evaluation mode, state at rest, new weights.

        Raises:
            RuntimeError: a subclass without weights.
        """
        self._own_weight("init_connection")
        self.no_grad()
        self.reset_state()
        self.reset_weights()

    def _own_weight(self, what: str) -> Tensor:
        weight = getattr(self, "weight", None)
        if not isinstance(weight, Tensor):
            raise RuntimeError(
                f"{what} needs weights, but {type(self).__name__} has none. Set self.weight = torch.nn.Parameter(...) in its constructor."
            )
        return weight

    def extra_repr(self) -> str:
        delay = f"{self.delay.item():g}" if self.delay.dim() == 0 else f"up to {self.delay.max().item():g}"
        return f"shape={self.shape}, dt={self.dt}, delay={delay}"
