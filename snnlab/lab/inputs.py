"""Where the input of each step comes from, and how it starts again.

    a tensor T x B x ...   step t gets row t mod T
    a callable f(t)        is asked at each step, with the number of the step
    an iterable            gives one item a step, and starts again at its end

An item is what the layer takes: a tensor, or for layers with several connections a dict {connection: tensor}.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

Inputs = Tensor | Callable[[int], Any] | Iterable[Any]


class Source:
    """Gives the input of each step.

    Args:
        inputs: see above. A generator object runs only once: Reset cannot bring it back, so give what makes it (an iterable, a callable).

    Example:
        >>> source = Source(torch.arange(3))
        >>> [source.take(step).item() for step in range(4)]
        [0, 1, 2, 0]
    """

    def __init__(self, inputs: Inputs | None) -> None:
        if not (inputs is None or isinstance(inputs, Tensor) or callable(inputs) or isinstance(inputs, Iterable)):
            raise TypeError(f"inputs must be a tensor T x B x ..., a callable of the step or an iterable, but are {type(inputs).__name__}.")
        if isinstance(inputs, Tensor) and not len(inputs):
            raise ValueError("inputs must hold at least one step, but are of length 0.")
        self.inputs = inputs
        self._items: Iterator[Any] | None = None

    def take(self, step: int) -> Any:
        """The input of this step."""
        if isinstance(self.inputs, Tensor):
            return self.inputs[step % len(self.inputs)]
        if callable(self.inputs):
            return self.inputs(step)
        if self._items is None:
            self._items = iter(self.inputs)
        try:
            return next(self._items)
        except StopIteration:
            if isinstance(self.inputs, Iterator):
                raise RuntimeError("inputs are used up. A generator runs only once; give an iterable, a callable or a tensor.") from None
        self._items = iter(self.inputs)
        return next(self._items)

    def restart(self) -> None:
        """Back to the first step."""
        if isinstance(self.inputs, Iterator) and self._items is not None:
            raise RuntimeError("inputs cannot start again: a generator runs only once. Give an iterable, a callable or a tensor.")
        self._items = None


def call(layer: Any, item: Any, device: torch.device) -> None:
    """Runs a layer on one item."""
    if isinstance(item, dict):
        layer({name: tuple(x.to(device) for x in (value if isinstance(value, tuple) else (value,))) for name, value in item.items()})
    elif isinstance(item, tuple):
        layer(*(x.to(device) for x in item))
    else:
        layer(item.to(device))
