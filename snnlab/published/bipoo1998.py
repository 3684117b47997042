"""Bi & Poo (1998): whether a synapse grows or shrinks is decided by which spike comes first, and by how many milliseconds.

In pairs of cultured neurons, 60 pairs of spikes at 1 Hz changed the synaptic current; by how much, depended on the lag between the two
spikes within each pair. Presynaptic first: it grew. Postsynaptic first: it shrank. Beyond some 40 ms: nothing. Two exponentials describe
it, of t_post − t_pre = Δt, as fitted in the review of 2001:

    ΔI/I = A₊·exp(−Δt/τ₊)  for Δt > 0          A₊ =  0.777,  τ₊ = 16.8 ms
    ΔI/I = A₋·exp( Δt/τ₋)  for Δt < 0          A₋ = −0.273,  τ₋ = 33.7 ms

Here pair STDP is given those numbers, a sixtieth of each amplitude a pair, and the experiment is repeated on it: 60 pairs at each lag,
one a second. What came out is then fitted as an experimenter would fit it, knowing nothing of the rule; the fit must give the four
numbers back.

What is simpler: a weight of 1 stands for the synaptic current before, and no measurement scatters. Real synapses scatter widely, and strong
ones grow less.

Reference: Bi & Poo, Synaptic modifications in cultured hippocampal neurons: dependence on spike timing, synaptic strength, and postsynaptic
cell type, J. Neurosci. 18:10464 (1998); the fit: Bi & Poo, Synaptic modification by correlated activity: Hebb's postulate revisited,
Annu. Rev. Neurosci. 24:139 (2001).
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass

import numpy as np
import torch
from torch import Tensor

import snnlab as snn
from snnlab.core import checks

PAIRS, PERIOD = 60, 1000.0  # ms
LAGS = (-80.0, -60.0, -40.0, -30.0, -20.0, -15.0, -10.0, -5.0, -2.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 60.0, 80.0)  # ms


@dataclass(frozen=True)
class Window:
    """Two exponentials of the lag, one on each side of 0.

    Args:
        a_plus: A₊, relative change by all pairs at a lag just above 0.
        tc_plus: τ₊, how far that side reaches, in ms.
        a_minus: A₋, the same just below 0.
        tc_minus: τ₋, in ms.

    Example:
        >>> Window(a_plus=1.0, tc_plus=20.0, a_minus=-0.5, tc_minus=40.0)(torch.tensor([-40.0, 0.0, 20.0]))
        tensor([-0.1839, -0.5000,  0.3679])
    """

    a_plus: float
    tc_plus: float
    a_minus: float
    tc_minus: float

    def __call__(self, lags: Tensor) -> Tensor:
        """The change at these lags, in ms; of the same shape."""
        grown = self.a_plus * torch.exp(-lags.clamp(min=0) / self.tc_plus)
        shrunk = self.a_minus * torch.exp(lags.clamp(max=0) / self.tc_minus)
        return torch.where(lags > 0, grown, shrunk)


PAPER = Window(0.777, 16.8, -0.273, 33.7)


def rule(constants: Window = PAPER, pairs: int = PAIRS) -> snn.STDP:
    """Pair STDP that changes a weight of 1 by these constants after so many pairs.

    Args:
        constants: what all pairs together change.
        pairs: how many they are.

    Example:
        >>> rule(PAPER, pairs=10).lr_post
        0.0777
    """
    checks.whole("pairs", pairs)
    return snn.STDP(constants.a_plus / pairs, constants.a_minus / pairs, tc_post=constants.tc_minus, tc_pre=constants.tc_plus)


def run(lags: Iterable[float] = LAGS, pairs: int = PAIRS, period: float = PERIOD, constants: Window = PAPER) -> Tensor:
    """The experiment: the relative change of the weight at each lag.

    Args:
        lags: t_post − t_pre, in ms.
        pairs: of spikes, at each lag.
        period: from one pair to the next, in ms.
        constants: of the rule.

    Returns:
        A number for each lag; 0.5 is half as much again.

    Example:
        >>> run((-33.0, 16.0), pairs=1, period=200.0)
        tensor([-0.1025,  0.2998], dtype=torch.float64)
    """
    return snn.window(rule(constants, pairs), lags, weight=1.0, pairs=pairs, period=period)


def fit(lags: Iterable[float], changes: Tensor) -> Window:
    """Two exponentials through what was measured, one on each side of 0, by least squares.

    Args:
        lags: t_post − t_pre, in ms; at least three on each side, and 0 counts for neither.
        changes: measured at these lags, as `run` returns them.

    Raises:
        ValueError: a side has too few lags to fit its two constants.

    Example:
        >>> lags = torch.tensor([-60.0, -30.0, -10.0, 10.0, 30.0, 60.0])
        >>> [round(number, 3) for number in astuple(fit(lags, PAPER(lags)))]
        [0.777, 16.8, -0.273, 33.7]
    """
    from scipy.optimize import curve_fit  # comes with scikit-learn; loaded late, as it takes a while

    lags = torch.as_tensor(lags, dtype=torch.float64)
    changes = checks.finite("changes", checks.shaped("changes", changes, tuple(lags.shape), "one a lag"))
    found = []
    for name, side in (("above", lags > 0), ("below", lags < 0)):
        if side.sum() < 3:
            raise ValueError(
                f"lags must hold three or more {name} 0, in ms, to fit an exponential there, but hold {int(side.sum())}. Add some."
            )
        guess = (changes[side].sum().item() / int(side.sum()), 20.0)
        found += curve_fit(_exponential, lags[side].abs().numpy(), changes[side].numpy(), guess)[0].tolist()
    return Window(*found)


def _exponential(lag: np.ndarray, amplitude: float, time_constant: float) -> np.ndarray:
    return amplitude * np.exp(-lag / time_constant)


def main() -> str:
    """The table of figures, paper and here."""
    found = fit(LAGS, run())
    names = ("A₊", "τ₊ (ms)", "A₋", "τ₋ (ms)")
    rows = [f"| {name} | {paper:g} | {here:.4g} |" for name, paper, here in zip(names, astuple(PAPER), astuple(found), strict=True)]
    return "\n".join(["| figure | paper | here |", "|---|---|---|", *rows])


if __name__ == "__main__":
    print(main())
