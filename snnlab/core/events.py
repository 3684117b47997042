"""Events: where few of many numbers are not 0, as few neurons spike within a step, work is done for these alone.

    W·x = Σ_{m: x[m] ≠ 0} W[:, m]·x[m]          W + l·rᵀ changes only the rows n: l[n] ≠ 0, or only the columns m: r[m] ≠ 0

A step of one sample then reads and writes a twentieth of its weights. The weights of an input lie side by side in memory
(`inputs_first`), for it is the inputs that most often are few. Which numbers are not 0 is asked on a CPU alone: a GPU would have to wait
for the answer, and has no need of it.

Reference: none; event-driven simulation is reviewed in Brette et al., J. Comput. Neurosci. 23:349 (2007).
"""

import torch
from torch import Tensor

SHARE = 8  # what is few: one in so many
LARGE = 2**15  # weights, from where to ask is cheaper than to work through them all


def inputs_first(weight: Tensor) -> Tensor:
    """The same matrix, N x M, with the weights of each input side by side in memory, of strides 1 and N, where it is large; else as it is.

    Example:
        >>> inputs_first(torch.rand(2, 3)).stride(), inputs_first(torch.rand(400, 784)).stride()
        ((3, 1), (1, 400))
    """
    return weight.t().contiguous().t() if weight.numel() >= LARGE else weight


def by_events(weight: Tensor) -> bool:
    """Whether a matrix is one to be worked on by events: large, on a CPU, its inputs first, and no gradient in the way."""
    return weight.numel() >= LARGE and weight.is_cpu and weight.stride(0) == 1 and not torch.is_grad_enabled()


def few(values: Tensor) -> Tensor | None:
    """Where the numbers of a vector are not 0, as indices; None where that is more than one in eight of them.

    Example:
        >>> few(torch.tensor([0.0] * 9 + [2.0])), few(torch.ones(10))
        (tensor([9]), None)
    """
    places = values.nonzero().view(-1)
    return places if places.numel() * SHARE <= values.numel() else None


def event_product(values: Tensor, weight: Tensor) -> Tensor | None:
    """x·Wᵀ of a single row x, from the columns of W at which x is not 0; None where these are many.

    Shape:
        values: 1 x M;  weight: N x M -> 1 x N

    Example:
        >>> x = torch.zeros(1, 16)
        >>> x[0, 3] = 2.0
        >>> event_product(x, torch.ones(2, 16))
        tensor([[2., 2.]])
    """
    places = few(values.view(-1))
    if places is None:
        return None
    if not places.numel():
        return values.new_zeros(1, weight.shape[0])
    return torch.mm(values.index_select(1, places), weight.t().index_select(0, places))
