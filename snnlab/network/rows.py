"""Rows: tensors of one shape, one a step, gathered into one tensor, time first.

Where the number of steps is known, the tensor is allocated once; else it grows by doubling, so that each row is moved about once. Rows that
carry a graph are kept one by one and stacked in the end: written into one tensor, each would make the backward pass of all as long again.
"""

import torch
from torch import Tensor


class Rows:
    """Gathers one tensor a step. Each is copied: what is added may change afterwards.

    Args:
        name: what they are, for errors.
        steps: how many there will be, or None.
    """

    def __init__(self, name: str, steps: int | None = None) -> None:
        self.name, self.steps, self.count = name, steps, 0
        self._kept: Tensor | None = None
        self._linked: list[Tensor] | None = None  # once one carries a graph

    def add(self, value: Tensor) -> None:
        """One more row; ValueError if it is unlike the rows before."""
        if self._kept is None and self._linked is None:
            self._like = (value.shape, value.dtype)
        if (value.shape, value.dtype) != self._like:
            before, came = (
                f"{tuple(shape)}, {str(dtype).removeprefix('torch.')}" for shape, dtype in (self._like, (value.shape, value.dtype))
            )
            raise ValueError(f"{self.name!r} must keep its shape and dtype through a run, {before}, but became {came}.")
        if value.requires_grad and self._linked is None:
            self._linked = [] if self._kept is None else list(self._kept[: self.count].clone())
        if self._linked is not None:
            self._linked.append(value.clone())
        else:
            self._write(value)
        self.count += 1

    def _write(self, value: Tensor) -> None:
        if self._kept is None:
            self._kept = value.new_empty((self.steps or 64, *value.shape))
        elif self.count == len(self._kept):
            self._kept = torch.cat((self._kept, torch.empty_like(self._kept)))
        self._kept[self.count] = value

    def stacked(self) -> Tensor:
        """All rows, T x ..."""
        if self._linked is not None:
            return torch.stack(self._linked)
        return self._kept if self.count == len(self._kept) else self._kept[: self.count].clone()
