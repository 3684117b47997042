"""A neuron that has no dynamics: it spikes exactly where it is told to.

    s = (I > 0),  or what is given instead,        V = ϑ where s, else V_rest

It stands where a network wants a neuron and a recorded or computed spike train is to go through: as the input of a layer, as the teacher
of a learning rule, or in a test.

Reference: none; it is this library's own.
"""

from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.mixins import BatchShapeMixin
from snnlab.core.quantity import Quantity, Setting
from snnlab.neurons.base import Neuron
from snnlab.neurons.surrogate import Surrogate, check_surrogate


class ExactNeuron(BatchShapeMixin, Neuron):
    """A group of neurons that spike where their input is above 0.

    Equation: `help("snnlab.neurons.exact")`.

    Args:
        shape: shape of the group, without the batch.
        step_time: length of a simulation step.
        rest_v: voltage that is shown where there is no spike.
        thresh_v: voltage that is shown where there is one.
        batch_size: number of samples.
        surrogate: slope of a spike over the input, for gradients, such as `FastSigmoid()`; its width is in the unit of the inputs. Spikes
            that are given instead have none. None: spikes are bool and carry no gradient.

    Units:
        step_time: ms;  voltages: mV;  inputs: any, as only their sign counts

    Shape:
        inputs: B x *shape -> spikes: B x *shape

    Raises:
        ValueError, TypeError: a size, time or voltage out of its range.

    Example:
        >>> neuron = ExactNeuron(3, 1.0, rest_v=-65.0, thresh_v=-50.0)
        >>> neuron(torch.tensor([[0.0, 2.0, -1.0]])), neuron.voltage
        (tensor([[False,  True, False]]), tensor([[-65., -50., -65.]]))
        >>> neuron(torch.zeros(1, 3), override=torch.tensor([True, False, True]))
        tensor([[ True, False,  True]])
    """

    dt = Setting(checks.positive, Quantity("ms", 0.05, 2.0, "length of a simulation step", restart=True))
    rest_v = Setting(checks.number, Quantity("mV", -90.0, -40.0, "voltage without a spike"))
    thresh_v = Setting(checks.number, Quantity("mV", -60.0, -20.0, "voltage at a spike"))

    surrogate = Setting(check_surrogate)

    def __init__(
        self,
        shape: tuple[int, ...] | int,
        step_time: float,
        *,
        rest_v: float,
        thresh_v: float,
        batch_size: int = 1,
        surrogate: Surrogate | str | None = None,
    ) -> None:
        Neuron.__init__(self)
        BatchShapeMixin.__init__(self, shape, batch_size)
        self.configure(dt=step_time, rest_v=rest_v, thresh_v=thresh_v, surrogate=surrogate)
        self.register_state("spike_", torch.zeros(self.batchedshape, dtype=torch.bool))

    @property
    def voltage(self) -> Tensor:
        """Threshold where the last step spiked, else rest, in mV, B x *shape. Setting it changes nothing."""
        return torch.where(self.spike_, self.thresh_v, self.rest_v)

    @voltage.setter
    def voltage(self, value: Any) -> None:
        pass

    @property
    def refrac(self) -> Tensor:
        """Always 0 ms, B x *shape. Setting it changes nothing."""
        return torch.zeros_like(self.voltage)

    @refrac.setter
    def refrac(self, value: Any) -> None:
        pass

    @property
    def spike(self) -> Tensor:
        """Spikes of the last step, as bool, B x *shape."""
        return self.spike_.clone()

    def forward(self, inputs: Tensor, override: Tensor | None = None) -> Tensor:
        """One step.

        Args:
            inputs: a number above 0 where a neuron is to spike, B x *shape.
            override: spikes to take instead, 0 for none and anything else for one; any shape with as many elements, first the batch.

        Returns:
            spikes, bool, B x *shape; with a surrogate, where gradients are recorded, 0 and 1 in the inputs' dtype.

        Raises:
            ValueError: a wrong shape, a NaN or an infinity; the state stays as it was.
        """
        checks.shaped("inputs", inputs, self.batchedshape, "B x *shape", "Set batchsz, or build with another batch_size.")
        spikes = checks.finite("inputs", inputs) > 0
        if override is not None:
            if checks.tensor("override", override).numel() != spikes.numel():
                wish = f"as many elements as {self.batchedshape} (B x *shape), {spikes.numel()}"
                raise ValueError(f"override must have {wish}, but is of shape {tuple(override.shape)}.")
            spikes = checks.finite("override", override).reshape(self.batchedshape) != 0
        self.spike_ = spikes
        if self.surrogate is None or not torch.is_grad_enabled():
            return self.spike
        numbers = inputs if inputs.is_floating_point() else inputs.to(torch.get_default_dtype())
        return self.surrogate.emit(numbers, spikes) if override is None else spikes.to(numbers.dtype)

    def extra_repr(self) -> str:
        learns = "" if self.surrogate is None else f", surrogate={self.surrogate}"
        return f"shape={self.shape}, batchsz={self.batchsz}, dt={self.dt}, rest_v={self.rest_v}, thresh_v={self.thresh_v}{learns}"
