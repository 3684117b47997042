"""Limits of an axis that hold still: round numbers around the data, which change only when the data leave them or shrink to half.

An axis whose limits follow the data at every frame cannot be read, and would have to be drawn again with every frame.
"""

import math


def round_up(value: float) -> float:
    """The next number of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8 times a power of ten.

    Example:
        >>> round_up(0.7), round_up(23.0), round_up(100.0)
        (0.8, 25.0, 100.0)
    """
    if value <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(round(m * power, 12) for m in (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if m * power >= value * (1 - 1e-9))


def around(low: float, high: float, present: tuple[float, float] | None = None) -> tuple[float, float]:
    """Round limits around [low, high]; `present` stays as long as it fits.

    Example:
        >>> around(-61.0, -52.3)
        (-61.2, -51.6)
        >>> around(0.0, 0.7, present=(0.0, 1.0))
        (0.0, 1.0)
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return present or (0.0, 1.0)
    if present and present[0] <= low and high <= present[1] and high - low >= (present[1] - present[0]) / 2:
        return present
    if low >= 0 and low <= (high - low):
        return 0.0, round_up(high) or 1.0
    tick = round_up((high - low) / 8) or round_up(abs(high) / 8) or 1.0
    return round(math.floor(low / tick + 1e-9) * tick, 12), round(math.ceil(high / tick - 1e-9) * tick + (low == high) * tick, 12)
