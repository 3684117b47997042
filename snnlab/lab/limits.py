"""Limits of an axis that hold still: round numbers around the data, which change only when the data leave them or shrink to half.

An axis whose limits follow the data at every frame cannot be read, and would have to be drawn again with every frame.
"""

import math

import numpy as np

ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
TICKS = (1, 2, 5, 10)


def round_up(value: float, steps: tuple[float, ...] = ROUND) -> float:
    """The next number that is one of `steps` times a power of ten.

    Example:
        >>> round_up(0.7), round_up(23.0), round_up(100.0)
        (0.8, 25.0, 100.0)
    """
    if value < 1e-300:  # also what floats can hardly tell from 0
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(_digits(m * power) for m in steps if m * power >= value * (1 - 1e-9))


def ends(values: np.ndarray) -> tuple[float, float]:
    """The least and the greatest of those that are finite; (inf, -inf) where none is.

    Example:
        >>> ends(np.array([np.nan, 2.0, -1.0, np.inf]))
        (-1.0, 2.0)
    """
    low = float(np.fmin.reduce(values, axis=None, initial=np.inf))
    high = float(np.fmax.reduce(values, axis=None, initial=-np.inf))
    if math.isfinite(low) and math.isfinite(high):  # nearly always, and then no copy was made
        return low, high
    seen = values[np.isfinite(values)]
    return (float(seen.min()), float(seen.max())) if seen.size else (math.inf, -math.inf)


def around(low: float, high: float, present: tuple[float, float] | None = None) -> tuple[float, float]:
    """Round limits around [low, high]; `present` stays as long as it fits. Values all alike get a hundredth of their size around them.

    Example:
        >>> around(-61.0, -52.3)
        (-62.0, -52.0)
        >>> around(0.0, 0.7, present=(0.0, 1.0))
        (0.0, 1.0)
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return present or (0.0, 1.0)
    low, high = (0.0 if abs(end) < 1e-290 else end for end in (low, high))
    if present and present[0] <= low and high <= present[1] and high - low >= (present[1] - present[0]) / 2:
        return present
    if 0 <= low <= high - low:
        return 0.0, round_up(high) or 1.0
    size = 0.01 * max(abs(low), abs(high))
    if high - low < size:
        low, high = low - size / 2, high + size / 2
    tick = round_up((high - low) / 8, TICKS)
    return _digits(math.floor(low / tick + 1e-9) * tick), _digits(math.ceil(high / tick - 1e-9) * tick)


def _digits(value: float) -> float:
    """Without the noise of binary fractions."""
    return float(f"{value:.10g}")
