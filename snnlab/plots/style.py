"""How every picture of snnlab looks: its colours, its dashes, and a figure that belongs to nobody else.

Lines take the colours of Okabe and Ito, which stay apart for colour-blind readers, and each its own dash, so that colour never speaks
alone. Fields take viridis, whose lightness grows with the value; values of both signs take a diverging map with white at exactly 0.

Reference: Okabe & Ito, Color Universal Design (2008); Nuñez, Anderton & Renslow, PLoS ONE 13(7) (2018), on perceptually even maps.
"""

import io
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ((), (6, 2), (2, 2), (8, 2, 2, 2), (4, 1), (1, 1))
INK = "#222222"
SEQUENTIAL = "viridis"
DIVERGING = "RdBu_r"
ADDED, TAKEN = (COLORS[1], "Reds"), (COLORS[0], "Blues")  # of bars and of fields: red adds, as it is above 0 in the diverging map


class Picture(Figure):
    """A matplotlib figure outside of pyplot: nothing to close, and a cell that ends with it shows it on white.

    Args:
        width, height: size in inches.

    Example:
        >>> Picture(4, 3).subplots().figure.get_facecolor()
        (1.0, 1.0, 1.0, 1.0)
    """

    def __init__(self, width: float = 6.4, height: float = 2.8) -> None:
        super().__init__(figsize=(width, height), dpi=100, layout="constrained", facecolor="white")
        FigureCanvasAgg(self)

    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        file = io.BytesIO()
        self.savefig(file, format="png", dpi=100, facecolor="white")
        return file.getvalue()

    def _repr_png_(self) -> bytes:
        return self.png()


def axes(ax: Axes | None, width: float = 6.4, height: float = 2.8) -> Axes:
    """The given axes, or those of a new picture."""
    if ax is None:
        ax = Picture(width, height).subplots()
    ax.spines[["top", "right"]].set_visible(False)
    ax.tick_params(labelsize=8)
    return ax


def line(index: int) -> dict[str, Any]:
    """Colour and dash of the line at this place in a legend: the first 36 all differ."""
    dashes = DASHES[(index + index // len(COLORS)) % len(DASHES)]  # each round of colours begins with the next dash
    return {"color": COLORS[index % len(COLORS)], "linestyle": (0, dashes) if dashes else "solid", "linewidth": 1.3}


def fetch(value: Any) -> np.ndarray:
    """A numpy array of a tensor, wherever it lies, or of anything else that numpy reads."""
    return np.asarray(value.detach().cpu().numpy() if hasattr(value, "detach") else value)


def finite(name: str, value: Any, axes_: str | None = None, hint: str = "") -> np.ndarray:
    """Numbers as float64, of any shape or with the axes that `axes_` names; ValueError for none at all, NaN and infinity."""
    numbers = (fetch(value) if axes_ is None else array(name, value, axes_, hint)).astype(float)
    if not numbers.size:
        raise ValueError(f"{name} must hold numbers, but is empty, of shape {numbers.shape}.")
    if not np.isfinite(numbers).all():
        raise ValueError(f"{name} must be finite, but {int((~np.isfinite(numbers)).sum())} of its {numbers.size} numbers are not.")
    return numbers


def array(name: str, value: Any, axes_: str, hint: str = "") -> np.ndarray:
    """A numpy array with as many axes as `axes_` names, as in "T x N"; tensors are fetched from their device.

    `hint` says what to do with another: None given, to pick a sample.
    """
    value = fetch(value)
    wanted = axes_.split(" x ")
    if value.ndim != len(wanted):
        hint = hint or "Pick one sample of the batch first."
        raise ValueError(f"{name} must have {len(wanted)} axes ({axes_}), but is of shape {value.shape}. {hint}")
    return value
