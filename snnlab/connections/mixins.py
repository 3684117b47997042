"""Weight, bias and delay of a connection: three parameters with checked setters."""

import warnings
from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from snnlab.connections.constraint import check_mask, check_sign, constrain_
from snnlab.core import checks
from snnlab.updates.updater import checks_alone

OneToOne = Callable[[Tensor], Tensor]


def _initial(default: Tensor, init: OneToOne | None, name: str) -> Tensor:
    """The default, or a copy of what an initialiser makes of it, which must keep its shape."""
    if init is not None and not callable(init):
        raise TypeError(f"{name} must be a function from the default tensor to another, but is of type {type(init).__name__}.")
    value = default if init is None else init(default)
    value = checks.shaped(name, value, tuple(default.shape), "that of the tensor it was given").detach()
    return value.clone() if value.is_floating_point() else value.to(default.dtype)


def initial_parameters(
    shape: tuple[int, ...],
    bias_shape: tuple[int, ...],
    *,
    bias: bool,
    delay: float | None,
    weight_init: OneToOne | None,
    bias_init: OneToOne | None,
    delay_init: OneToOne | None,
) -> dict[str, Tensor | None]:
    """First weights and biases, uniform in [0, 1), and first delays, zeros, or what their initialisers make of these.

    Raises:
        ValueError: an initialiser that changes the shape.
        TypeError: an initialiser that cannot be called.

    Warns:
        UserWarning: an initialiser of a parameter that the connection does not have.
    """
    checks.boolean("bias", bias)
    for name, init, there, cure in (("bias_init", bias_init, bias, "bias=True"), ("delay_init", delay_init, delay is not None, "delay=")):
        if init is not None and not there:
            warnings.warn(
                f"{name} is given but not used: the connection is built without {cure}. Give it, or leave {name} out.", stacklevel=4
            )
    return {
        "weight": _initial(torch.rand(shape), weight_init, "weight_init"),
        "bias": _initial(torch.rand(bias_shape), bias_init, "bias_init") if bias else None,
        "delay": None if delay is None else _initial(torch.zeros(shape), delay_init, "delay_init"),
    }


class WeightBiasDelayMixin:
    """Gives a connection its parameters `weight_`, `bias_` and `delay_`, and the checked properties `weight`, `bias` and `delay`.

    A setter writes in place, so that an optimiser or a kept index sees the change; what it refuses leaves the parameter as it was.

    Weights may be given a fixed sparsity, `mask`, and signs, `sign` (see `help("snnlab.connections.constraint")`): they hold after every
    change, by a rule, a setter or an optimiser.

    Delays that ask for a gradient stay within 0 to the longest: where a step of an optimiser has moved one beyond, it lies at that end when
    it is next looked at or used, before the next step of the network. So any optimiser of torch will do, without a clamp of your own.

    Weights that ask for a gradient and have an updater enter each product as a copy, so that a rule may change them at every step, before
    the backward pass of a whole run: the gradient is that of the weights as they were at each step.

    Args:
        weight: first weights; their dtype is that of all three.
        bias: first biases, or None for a connection without.
        delay: first delays, in ms, or None for a connection without.
        requires_grad: whether the three ask for gradients.

    Example:
        >>> connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=5.0)
        >>> connection.delay = torch.tensor([[0.0, 4.0]])
        >>> connection.delay.data, connection.bias
        (tensor([[0., 4.]]), None)
        >>> connection.mask, connection.weight = torch.tensor([[1, 0]]), torch.tensor([[3.0, 5.0]])
        >>> connection.weight.data
        tensor([[3., 0.]])
    """

    weight_axes: ClassVar[str] = "as the weights are"  # what the axes of weight, delay and mask are, in the words of an error
    _held: tuple[nn.Parameter, int] | None = None  # the weights, and torch's count of their changes, when they last kept mask and sign
    _ranged: tuple[nn.Parameter, int] | None = None  # the delays, and that count, when those that learn last lay in range

    def __init__(self, weight: Tensor, bias: Tensor | None, delay: Tensor | None, requires_grad: bool = False) -> None:
        self.weight_ = nn.Parameter(checks.finite("weight_init", weight), requires_grad)
        self.bias_ = None if bias is None else nn.Parameter(checks.finite("bias_init", bias).to(weight.dtype), requires_grad)
        self.delay_ = None if delay is None else nn.Parameter(self.check_delay("delay_init", delay).to(weight.dtype), requires_grad)

        self.register_buffer("mask_", None)
        self.register_buffer("sign_", None)

    @property
    def weight(self) -> nn.Parameter:
        """Weights. Setting them copies new values in; a wrong shape, a NaN or an infinity is refused."""
        return self._hold()

    @weight.setter
    @checks_alone
    def weight(self, value: Tensor) -> None:
        checks.shaped("weight", value, tuple(self.weight_.shape), self.weight_axes)
        self._write(self.weight_, checks.fitting("weight", value, self.weight_.dtype))

    @property
    def bias(self) -> nn.Parameter | None:
        """Biases, in nA, or None. Setting them copies new values in; RuntimeError on a connection without."""
        return self.bias_

    @bias.setter
    @checks_alone
    def bias(self, value: Tensor) -> None:
        if self.bias_ is None:
            raise RuntimeError(f"bias cannot be set: this {type(self).__name__} has none. Build it with bias=True.")
        checks.shaped("bias", value, tuple(self.bias_.shape), "one an output")
        self._write(self.bias_, checks.fitting("bias", value, self.bias_.dtype))

    @property
    def delay(self) -> nn.Parameter | None:
        """Delays, in ms, or None. Setting them copies new values in; RuntimeError on a connection without.

        A delay outside 0 to `delayedby` is refused; one that learns by gradient is brought back to the nearer end.
        """
        delay = self.delay_
        if delay is not None and delay.requires_grad:
            self._bring_back(delay)
        return delay

    @delay.setter
    def delay(self, value: Tensor) -> None:
        if self.delay_ is None:
            raise RuntimeError(f"delay cannot be set: this {type(self).__name__} has none. Build it with delay= the longest one in ms.")
        checks.shaped("delay", value, tuple(self.delay_.shape), self.weight_axes)
        self._write(self.delay_, self.check_delay("delay", value))

    @property
    def mask(self) -> Tensor | None:
        """1 where there is a synapse and 0 where there is none, shaped like the weights, or None. Where it is 0, weights are 0 for good."""
        return self.mask_

    @mask.setter
    def mask(self, value: Tensor | None) -> None:
        self.mask_ = None if value is None else check_mask(value, self.weight_, self.weight_axes)
        self._held = None

    @property
    def sign(self) -> Tensor | None:
        """+1 where weights stay at 0 or above, -1 where at 0 or below, 0 where they are free; broadcasts to the weights; or None.

        For N x M weights, M signs in a row are one a presynaptic cell, as Dale's principle has it. Weights of the other sign are refused.
        """
        return self.sign_

    @sign.setter
    def sign(self, value: Tensor | None) -> None:
        self.sign_ = None if value is None else check_sign(value, self.weight)
        self._held = None

    def open_weight(self) -> Tensor:
        """The weights that a product uses: where there is no synapse, neither a weight nor a gradient."""
        weight, mask = self._hold(), self._buffers["mask_"]
        learns = weight.requires_grad and torch.is_grad_enabled()
        if mask is not None and (learns or not isinstance(weight, nn.Parameter)):
            return weight.masked_fill(mask == 0, 0)
        return weight.clone() if learns and self.updatable else weight  # a rule may change them before the backward pass

    def _hold(self) -> nn.Parameter:
        """The weights; those that have changed are made to keep mask and sign."""
        mask, sign = self._buffers["mask_"], self._buffers["sign_"]
        weight = self._parameters["weight_"]
        if (mask is None and sign is None) or not isinstance(weight, nn.Parameter):  # weights lent for a call are not ours to change
            return weight
        counted = not weight.is_inference()
        if not counted or self._held is None or self._held[0] is not weight or self._held[1] != weight._version:
            constrain_(weight, mask, sign)
            self._held = (weight, weight._version) if counted else None
        return weight

    def _bring_back(self, delay: nn.Parameter) -> None:
        """Makes delays that have changed lie in the range that the synapse remembers. Delays lent for a call are not ours to change."""
        if not isinstance(delay, nn.Parameter) or delay.is_inference():
            return
        if self._ranged is None or self._ranged[0] is not delay or self._ranged[1] != delay._version:
            with torch.no_grad():
                delay.copy_(self.limit_delay(delay))
            self._ranged = (delay, delay._version)

    def check_delay(self, name: str, value: Tensor) -> Tensor:
        """Delays that are finite and lie in the range that the synapse remembers."""
        low, high = (end.item() for end in checks.finite(name, value).detach().aminmax())
        longest = self.synapse.delay
        tolerance = 1e-4 * self.synapse.dt + (torch.finfo(value.dtype).eps * longest if value.is_floating_point() else 0.0)
        if low < -tolerance or high > longest + tolerance:
            raise ValueError(
                f"{name} must lie between 0 and {longest:g} ms, the longest delay of this connection, but spans {low:g} to {high:g} ms. "
                "Clamp it, or build the connection with a longer delay."
            )
        return value

    def check_saved(self, key: str, name: str, value: Tensor) -> None:
        """Refuses a saved parameter that its setter would refuse."""
        self.check_delay(key, value) if name == "delay" else checks.fitting(key, value, self.weight_.dtype)

    def limit_delay(self, value: Tensor) -> Tensor:
        """Brings updated delays back into the range that the synapse remembers."""
        return value.clamp(0, self.synapse.delay)

    @staticmethod
    def _write(parameter: nn.Parameter, value: Tensor) -> None:
        with torch.no_grad():
            parameter.copy_(value)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"_held": None, "_ranged": None}

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        self._hold()
        self.delay  # noqa: B018 - and what is saved lies in range
        super()._save_to_state_dict(destination, prefix, keep_vars)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) -> None:
        state_dict = dict(state_dict)
        saved = {name: state_dict.pop(f"{prefix}{name}_", None) for name in ("mask", "sign")}  # a file brings its own; else ours stay
        before = {name: self._buffers[f"{name}_"] for name in saved}
        for name, value in saved.items():
            if value is not None:
                setattr(self, f"{name}_", None)
        super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
        for name, value in saved.items():
            if f"{prefix}{name}_" in missing_keys:
                missing_keys.remove(f"{prefix}{name}_")
            if value is not None:
                try:
                    setattr(self, name, value)
                except (ValueError, TypeError) as error:
                    setattr(self, f"{name}_", before[name])
                    error_msgs.append(f"{prefix}{name}_: {error}")
