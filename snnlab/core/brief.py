"""Results that are shown in one line: a tensor of a million weights says its type and shape, and prints nothing else."""

from dataclasses import fields
from typing import Any

from torch import Tensor

LONGEST = 8  # a tuple or list of up to so many numbers is shown whole


class Brief:
    """A dataclass is shown in one line, whatever it holds.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True, eq=False, repr=False)
        ... class Result(Brief):
        ...     accuracy: float
        ...     weights: torch.Tensor
        ...     losses: tuple[float, ...]
        >>> Result(0.5, torch.zeros(100, 784), (1.0,) * 300)
        Result(accuracy=0.5, weights=float32 100 x 784, losses=tuple of 300)
    """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{each.name}={_shown(getattr(self, each.name))}' for each in fields(self))})"


def _shown(value: Any) -> str:
    """A tensor of one number is that number; others are their type and shape; long rows are how many they are."""
    if isinstance(value, Tensor):
        return repr(value.item()) if value.ndim == 0 else f"{str(value.dtype).removeprefix('torch.')} {' x '.join(map(str, value.shape))}"
    if isinstance(value, tuple | list) and len(value) > LONGEST:
        return f"{type(value).__name__} of {len(value)}"
    return repr(value)
