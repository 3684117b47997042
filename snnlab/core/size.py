"""Full or small: notebooks run the same cells at full size for readers, and in seconds for tests.

The environment variable SNNLAB_SMALL is read here and nowhere else.
"""

import os
from typing import TypeVar

T = TypeVar("T")


def small() -> bool:
    """Whether SNNLAB_SMALL is set (to anything but 0)."""
    return os.environ.get("SNNLAB_SMALL", "0") not in ("", "0")


def sized(full: T, small_: T, /) -> T:
    """The first value, or the second where SNNLAB_SMALL is set.

    Args:
        full: for readers.
        small_: for tests; it takes seconds.

    Returns:
        one of the two.

    Example:
        >>> images = sized(1438, 64)
    """
    return small_ if small() else full
