"""From images to a flat layer: spikes and traces, laid out in one row.

B x C x H x W  ──►  B x 1 x N,      N = C·H·W, channel by channel, each row by row from the top left
"""

from torch import Tensor

from snnlab.core import checks
from snnlab.core.module import Module


class Flatten(Module):
    """Lays out images of spikes and their traces as a flat layer takes them; it stands between a pool or `Conv2d` and `Linear`.

    Shape:
        x, trace: B x C x H x W, or B x any shape -> spikes, trace: B x 1 x N

    Example:
        >>> spikes = torch.tensor([[[[False, True], [True, False]]]])
        >>> Flatten()(spikes, torch.tensor([[[[0.1, 0.2], [0.3, 0.4]]]]))
        (tensor([[[False,  True,  True, False]]]), tensor([[[0.1000, 0.2000, 0.3000, 0.4000]]]))
    """

    def forward(self, x: Tensor, trace: Tensor) -> tuple[Tensor, Tensor]:
        """Spikes and traces in a row; there is no state.

        Args:
            x: spikes, B x any shape.
            trace: their traces, shaped like `x`.

        Returns:
            spikes and trace, both B x 1 x N, in the dtypes in which they came.

        Raises:
            ValueError: traces of another shape than spikes; no axis but the batch; a NaN or an infinity.
        """
        if checks.finite("x", x).dim() < 2 or not x.numel():
            raise ValueError(f"x must be of shape B x C x H x W, but is of shape {tuple(x.shape)}. Add an axis for batch or channel.")
        checks.finite("trace", checks.shaped("trace", trace, tuple(x.shape), "that of x"))
        return x.clone().reshape(len(x), 1, -1), trace.clone().reshape(len(x), 1, -1)
