"""What flows through a module: caught by a hook as it passes, read once after the step."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn


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


def row(read: Callable[[], Tensor | None], batch: int, index: Tensor | None) -> Callable[[], Tensor | None]:
    """One sample of the batch, flat, as a function; with `index` only those elements."""

    def pick() -> Tensor | None:
        nonlocal index
        value = read()
        if value is None:
            return None
        value = value[batch].reshape(-1)
        if index is None:
            return value
        if index.device != value.device:  # once, not at every step
            index = index.to(value.device)
        return value[index]

    return pick
