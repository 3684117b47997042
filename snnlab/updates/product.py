"""An update given by its two factors, and multiplied out only where it must be.

    Δ[n, m] = Σ_k left[n, k]·right[k, m]

What a pair rule proposes is such a product: post x pre, summed over the batch. Its factors hold N·K + K·M numbers, the product itself
N·M: added straight to the weights it costs one pass over them, and no other tensor of their size is made.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Product:
    """left @ right, not multiplied out.

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

    left: Tensor
    right: Tensor

    @property
    def shape(self) -> torch.Size:
        """Shape of what the factors stand for: N x M."""
        return torch.Size((self.left.shape[0], self.right.shape[1]))

    @property
    def dtype(self) -> torch.dtype:
        """Dtype of what the factors stand for."""
        return self.left.dtype

    def dense(self) -> Tensor:
        """The product, multiplied out."""
        return self.left @ self.right

    def bound(self) -> Tensor:
        """A number that no element of the product exceeds in size: ‖left‖·‖right‖ (Cauchy-Schwarz)."""
        return torch.linalg.vector_norm(self.left) * torch.linalg.vector_norm(self.right)

    def map(self, fn: Callable[[Tensor], Tensor]) -> "Product":
        """The same with both factors passed through a function, such as one that moves them to another device."""
        return Product(fn(self.left), fn(self.right))

    def __add__(self, other: "Product") -> "Product":
        if self.left.shape[1] == other.left.shape[1] == 1:
            left = torch.cat((self.left, other.left), 1)
        else:  # side by side, which for columns in one piece is to set one after another
            left = torch.cat((self.left.t(), other.left.t())).t()
        return Product(left, torch.cat((self.right, other.right)))

    def detach(self) -> "Product":
        """The same without a graph behind it."""
        return self.map(Tensor.detach) if self.left.requires_grad or self.right.requires_grad else self

    def __neg__(self) -> "Product":
        return Product(-self.left, self.right)
