"""Passing through: observations kept as they are.

    state ← observation

Between two steps the older state holds.
"""

from torch import Tensor

from snnlab.observe.fold import FoldReducer


class PassthroughReducer(FoldReducer):
    """Keeps observations as they are.

    Args:
        step_time, duration, inclusive, inplace, fill: as in `FoldReducer`.

    Example:
        >>> reducer = snn.PassthroughReducer(1.0, 2.0)
        >>> for value in (1.0, 2.0, 3.0):
        ...     reducer(torch.tensor([[value]]))
        >>> reducer.dump().flatten()
        tensor([3., 2.])
    """

    def fold(self, obs: Tensor, state: Tensor | None) -> Tensor:
        return obs
