"""The two sides of every synapse as a picture, and their product: what a learning rule sees of a connection."""

from typing import Any

from snnlab.plots.style import Picture, array


def receptive(post: Any, pre: Any) -> Picture:
    """Draws one sample of `postsyn_receptive`, of `presyn_receptive`, and their product, as matrices of outputs x inputs.

    Seen in: notebooks/02-delays.ipynb

    Args:
        post: what each output did.
        pre: what arrives at each synapse: one row for all outputs, or with delays one row an output.

    Shape:
        post: N x 1;  pre: 1 x M or N x M

    Returns:
        a picture of three axes; the last shows the N x M products.

    Raises:
        ValueError: a wrong number of axes, or shapes that do not fit each other.

    Example:
        >>> import numpy as np
        >>> picture = receptive(np.ones((2, 1)), np.ones((1, 3)))
        >>> picture.axes[2].images[0].get_array().shape
        (2, 3)
    """
    post, pre = array("post", post, "N x 1").astype(float), array("pre", pre, "N x M").astype(float)
    if post.shape[1] != 1 or pre.shape[0] not in (1, len(post)):
        raise ValueError(f"post must be N x 1 and pre 1 x M or N x M, but are {post.shape} and {pre.shape}. Drop the batch and last axis.")
    parts = ((post, "post"), (pre, "pre, as it arrives"), (post * pre, "post × pre"))
    picture = Picture(6.4, 1.1 + 0.28 * len(post))
    ratios = [max(matrix.shape[1], 2) for matrix, _ in parts]
    for ax, (matrix, title) in zip(picture.subplots(1, 3, width_ratios=ratios), parts, strict=True):
        ax.imshow(matrix, cmap="Blues", vmin=0, vmax=1, aspect="equal")
        ax.set_title(f"{title}\n{matrix.shape[0]} × {matrix.shape[1]}", fontsize=9)
        ax.set_xticks(range(matrix.shape[1]))
        ax.set_yticks(range(matrix.shape[0]))
        ax.tick_params(labelsize=7)
        ax.set_xlabel("input" if matrix.shape[1] > 1 else "", fontsize=8)
        ax.set_ylabel("output" if matrix.shape[0] > 1 else "all outputs", fontsize=8)
    return picture
