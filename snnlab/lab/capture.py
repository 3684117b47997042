"""What flows through a module: caught by a hook as it passes, read once after the step."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from snnlab.neurons.base import InfernoNeuron


class Capture:
    """Holds what entered or left a module in the present step, and lets go of it when it is read.

    Args:
        module: a neuron group or a connection.
        side: "input" or "output".

    Example:
        >>> import torch
        >>> linear = nn.Linear(2, 2)
        >>> capture = Capture(linear, "input")
        >>> _ = linear(torch.ones(1, 2))
        >>> capture.read()
        tensor([[1., 1.]])
        >>> capture.read() is None
        True
    """

    stays_behind = True  # a copy of the module is watched by nobody

    def __init__(self, module: nn.Module, side: str) -> None:
        self._value: Tensor | None = None
        register = module.register_forward_pre_hook if side == "input" else module.register_forward_hook
        self._handle = register(self)

    def __call__(self, module: nn.Module, args: tuple[Any, ...], output: Tensor | None = None) -> None:
        self._value = args[0] if output is None else output

    def read(self) -> Tensor | None:
        value, self._value = self._value, None
        return value

    def remove(self) -> None:
        self._handle.remove()


def state(owner: Any, attribute: str) -> tuple[Callable[[], Tensor], bool]:
    """A function that reads an attribute, and whether what it gives lasts. Voltages and spikes of our neurons it reads where they lie, for
    a step replaces them and never writes into them; their properties would give a copy at every step."""
    own = getattr(InfernoNeuron, attribute, None) if attribute in ("voltage", "spike") else None
    if own is not None and getattr(type(owner), attribute, None) is own:
        return lambda: owner._buffers[f"{attribute}_"], True
    return lambda: getattr(owner, attribute), False


def row(read: Callable[[], Tensor | None], batch: int, index: Tensor | None = None, *, lasts: bool = False) -> Callable[[], Tensor | None]:
    """A function that gives one sample of the batch, to be kept. It runs at every step: each call in it counts.

    Args:
        read: gives B x ..., or None.
        batch: which sample.
        index: only these elements, by their place in the flattened sample; None gives all.
        lasts: whether nobody writes into what `read` gives, so that a batch of one need not be copied.
    """
    whole = batch == 0 and index is None

    def pick() -> Tensor | None:
        nonlocal index
        value = read()
        if value is None:
            return None
        if whole and value.size(0) == 1:
            return value if lasts else value.clone()
        if batch >= value.size(0):
            last = value.size(0) - 1
            raise IndexError(f"batch must be a sample from 0 to {last}, as the model steps {last + 1} at once, but is {batch}.")
        value = value[batch].reshape(-1)
        if index is None:
            return value.clone()  # and not the other samples with it
        if index.device != value.device:  # once, not at every step
            index = index.to(value.device)
        return value[index]

    return pick
