"""An update given by its factors, and multiplied out only where it must be.

    Δ[n, m] = Σ_terms Σ_k left[n, k]·right[k, m]

What a pair rule proposes is a sum of such products: post x pre, summed over the batch. The factors hold N·K + K·M numbers, the product
itself N·M: added straight to the weights it costs one pass over them, and no other tensor of their size is made. Where one factor is spikes
and few neurons spiked, only their rows or columns of the weights are read and written at all (`Change`); see `snnlab.core.events`.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor


class Change(NamedTuple):
    """What is added to some rows of a matrix (axis 0), or to some of its columns (axis 1), at `places`:

        sign * near ⊗ far, where near has a number for each of the places; sign * near @ far, where it has K of them.

    Args:
        axis: 0 for rows, 1 for columns.
        places: which.
        near: the factor of that axis, at these places; not looked at where there are none.
        far: the factor of the other axis, whole.
        size: how many rows or columns the matrix has.
        sign: 1 or -1.

    Shape:
        places: P;  near: P, or P x K;  far: L, the length of a row or column, or K x L
    """

    axis: int
    places: Tensor
    near: Tensor
    far: Tensor
    size: int
    sign: float = 1.0

    @property
    def shape(self) -> tuple[int, int]:
        """Shape of the whole matrix."""
        return (self.size, self.far.shape[-1]) if self.axis == 0 else (self.far.shape[-1], self.size)

    @property
    def factors(self) -> tuple[Tensor, Tensor]:
        """The same as two factors of the whole matrix, N x K and K x M, without the sign."""
        far = self.far if self.far.dim() == 2 else self.far.unsqueeze(0)
        near = far.new_zeros(self.size, far.shape[0])
        if self.places.numel():
            near.index_copy_(0, self.places, self.near.view(-1, far.shape[0]))
        return (near, far) if self.axis == 0 else (far.t(), near.t())

    def bound(self) -> float:
        """A number that no element of it exceeds in size; infinity where it is too large to tell."""
        near, far = (self.near, self.far) if self.far.dim() == 1 else (self.near.reshape(-1), self.far.reshape(-1))
        return math.sqrt(near.dot(near).item() * far.dot(far).item())  # ‖near‖·‖far‖ (Cauchy-Schwarz)

    def _across(self, matrix: Tensor) -> Tensor:
        return matrix if self.axis == 0 else matrix.t()

    def add_to_(self, matrix: Tensor) -> None:
        """Adds it in place."""
        block = torch.outer(self.near, self.far) if self.far.dim() == 1 else torch.mm(self.near, self.far)
        self._across(matrix).index_add_(0, self.places, block, alpha=self.sign)

    def add_and_clamp_(self, matrix: Tensor, low: float | None, high: float | None) -> None:
        """Adds it in place, and clamps what it has changed: each of the rows or columns is read and written once."""
        changed = self._across(matrix)
        block = changed.index_select(0, self.places)
        add = block.addr_ if self.far.dim() == 1 else block.addmm_
        changed.index_copy_(0, self.places, add(self.near, self.far, alpha=self.sign).clamp_(low, high))

    def clamp_(self, matrix: Tensor, low: float | None, high: float | None) -> None:
        """Clamps the rows or columns in place."""
        changed = self._across(matrix)
        changed.index_copy_(0, self.places, changed.index_select(0, self.places).clamp_(low, high))


def add_and_clamp_(matrix: Tensor, changes: Sequence[Change], low: float | None, high: float | None) -> None:
    """Adds changes in place, and clamps what they have changed once all are added: where a row meets a column, both count.

    Example:
        >>> row, column = (Change(axis, torch.tensor([0]), torch.ones(1), torch.ones(2), 2) for axis in (0, 1))
        >>> matrix = torch.tensor([[-2.5, 0.0], [0.0, 0.0]])
        >>> add_and_clamp_(matrix, [row, column], 0.0, 0.5)
        >>> matrix
        tensor([[0.0000, 0.5000],
                [0.5000, 0.0000]])
    """
    *others, most = sorted(changes, key=lambda change: change.places.numel())
    for change in others:
        change.add_to_(matrix)
    most.add_and_clamp_(matrix, low, high)
    for change in others:
        change.clamp_(matrix, low, high)


class _Factors(NamedTuple):
    """left @ right, with a sign."""

    factors: tuple[Tensor, Tensor]
    sign: float = 1.0


class Product:
    """The sum of products left @ right, not multiplied out.

    Args:
        left: the first factor.
        right: the second factor.

    Shape:
        left: N x K;  right: K x M;  what they stand for: N x M

    Example:
        >>> update = Product(torch.tensor([[1.0], [2.0]]), torch.tensor([[3.0, 0.5]]))
        >>> update.shape, update.dense()
        (torch.Size([2, 2]), tensor([[3.0000, 0.5000],
                [6.0000, 1.0000]]))
    """

    __slots__ = ("_terms",)

    def __init__(self, left: Tensor, right: Tensor) -> None:
        self._terms: tuple[_Factors | Change, ...] = (_Factors((left, right)),)

    @classmethod
    def of(cls, *terms: Change | _Factors) -> "Product":
        """The sum of several terms, such as changes of a few rows or columns; there must be one."""
        made = object.__new__(cls)
        made._terms = terms
        return made

    @property
    def factors(self) -> tuple[Tensor, Tensor]:
        """All terms as one product: their factors side by side, N x K and K x M."""
        lefts, rights = zip(*(term.factors for term in self._terms), strict=True)
        lefts = [left if term.sign > 0 else -left for left, term in zip(lefts, self._terms, strict=True)]
        if len(lefts) == 1:
            return lefts[0], rights[0]
        if all(left.shape[1] == 1 for left in lefts):
            return torch.cat(lefts, 1), torch.cat(rights)
        return torch.cat([left.t() for left in lefts]).t(), torch.cat(rights)  # for columns in one piece it is to set one after another

    @property
    def shape(self) -> torch.Size:
        """Shape of what the factors stand for: N x M."""
        term = self._terms[0]
        if isinstance(term, Change):
            return torch.Size(term.shape)
        left, right = term.factors
        return torch.Size((left.shape[0], right.shape[1]))

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of what the factors stand for."""
        term = self._terms[0]
        return term.far.dtype if isinstance(term, Change) else term.factors[0].dtype

    def dense(self) -> Tensor:
        """The product, multiplied out."""
        return torch.mm(*self.factors)

    def bound(self) -> float:
        """A number that no element of the product exceeds in size: ‖left‖·‖right‖ (Cauchy-Schwarz)."""
        left, right = self.factors
        return (torch.linalg.vector_norm(left) * torch.linalg.vector_norm(right)).item()

    def changes(self) -> list[Change] | None:
        """What it adds, where that is no more than changes of a few rows or columns; else None."""
        for term in self._terms:
            if not isinstance(term, Change):
                return None
        return [term for term in self._terms if term.places.numel()]

    def map(self, fn: Callable[[Tensor], Tensor]) -> "Product":
        """The same as one product, with its factors passed through a function, such as one that moves them to another device."""
        return Product(*map(fn, self.factors))

    def __add__(self, other: "Product") -> "Product":
        return self.of(*self._terms, *other._terms)

    def detach(self) -> "Product":
        """The same without a graph behind it."""
        for term in self._terms:
            left, right = (term.near, term.far) if isinstance(term, Change) else term.factors
            if left.requires_grad or right.requires_grad:
                return self.map(Tensor.detach)
        return self

    def __sub__(self, other: "Product") -> "Product":
        return self.of(*self._terms, *[_turned(term) for term in other._terms])

    def __neg__(self) -> "Product":
        return self.of(*[_turned(term) for term in self._terms])


def _turned(term: Change | _Factors) -> Change | _Factors:
    return _Factors(term.factors, -term.sign) if isinstance(term, _Factors) else Change(*term[:-1], -term.sign)
