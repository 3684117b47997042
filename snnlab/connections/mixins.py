"""Weight, bias and delay of a connection: three parameters with checked setters."""

import torch
from torch import Tensor, nn

from snnlab.core import checks


class WeightBiasDelayMixin:
    """Gives a connection its parameters `weight_`, `bias_` and `delay_`, and the checked properties `weight`, `bias` and `delay`.

    A setter writes in place, so that an optimiser or a kept index sees the change; what it refuses leaves the parameter as it was.

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
    """

    def __init__(self, weight: Tensor, bias: Tensor | None, delay: Tensor | None, requires_grad: bool = False) -> None:
        self.weight_ = nn.Parameter(checks.finite("weight_init", weight), requires_grad)
        self.bias_ = None if bias is None else nn.Parameter(checks.finite("bias_init", bias).to(weight.dtype), requires_grad)
        self.delay_ = None if delay is None else nn.Parameter(self.check_delay("delay_init", delay).to(weight.dtype), requires_grad)

    @property
    def weight(self) -> nn.Parameter:
        """Weights. Setting them copies new values in; a wrong shape, a NaN or an infinity is refused."""
        return self.weight_

    @weight.setter
    def weight(self, value: Tensor) -> None:
        checks.finite("weight", checks.shaped("weight", value, tuple(self.weight_.shape), "the weights'"))
        self._write(self.weight_, value)

    @property
    def bias(self) -> nn.Parameter | None:
        """Biases, in nA, or None. Setting them copies new values in; RuntimeError on a connection without."""
        return self.bias_

    @bias.setter
    def bias(self, value: Tensor) -> None:
        if self.bias_ is None:
            raise RuntimeError(f"bias cannot be set: this {type(self).__name__} has none. Build it with bias=True.")
        checks.finite("bias", checks.shaped("bias", value, tuple(self.bias_.shape), "the biases'"))
        self._write(self.bias_, value)

    @property
    def delay(self) -> nn.Parameter | None:
        """Delays, in ms, or None. Setting them copies new values in; RuntimeError on a connection without.

        A delay outside 0 to `delayedby` is refused.
        """
        return self.delay_

    @delay.setter
    def delay(self, value: Tensor) -> None:
        if self.delay_ is None:
            raise RuntimeError(f"delay cannot be set: this {type(self).__name__} has none. Build it with delay= the longest one in ms.")
        checks.shaped("delay", value, tuple(self.delay_.shape), "the delays'")
        self._write(self.delay_, self.check_delay("delay", value))

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

    def limit_delay(self, value: Tensor) -> Tensor:
        """Brings updated delays back into the range that the synapse remembers."""
        return value.clamp(0, self.synapse.delay)

    @staticmethod
    def _write(parameter: nn.Parameter, value: Tensor) -> None:
        with torch.no_grad():
            parameter.copy_(value)
