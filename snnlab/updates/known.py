"""What is known of a parameter's numbers: that all were finite when they were last read, and that nobody has written to them since.

A parameter that is finite stays so under an update that is small enough, so an updater that has read it once need not read it at every
step, which costs as much as the update. torch counts the writes to a tensor: another count says that somebody else has written. It does not
count those through `parameter.data`, or through a NumPy array of the same memory, so after so many writes of its own all is read again, and
after so many clampings of what an update has changed all is clamped again.

Reference: none; it is this library's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from snnlab.updates.product import Change

READ_AGAIN = 100  # writes of an updater; what one read costs, spread over these, is nothing
CLAMP_AGAIN = 32  # clampings of a few rows and columns, likewise


@dataclass
class _Seal:
    parameter: Tensor
    memory: int
    version: int
    left: int
    within: tuple[float | None, float | None] | None  # the range that all but the changes are known to lie in
    changes: list[Change]
    partial: int  # clampings of no more than the changes, since the last of all


class KnownFinite:
    """Parameters by name, each with the number of writes up to which it is known to be finite.

    A copy knows nothing, as parameters that are copied are counted from 0.

    Example:
        >>> known, weight = KnownFinite(), torch.ones(2)
        >>> known.holds("weight", weight)
        False
        >>> known.keep("weight", weight, read=True)
        >>> known.holds("weight", weight)
        True
        >>> _ = weight.mul_(2.0)
        >>> known.holds("weight", weight)
        False
    """

    def __init__(self) -> None:
        self._seals: dict[str, _Seal] = {}

    def holds(self, name: str, parameter: Tensor) -> bool:
        """Whether this very parameter was finite, nobody has written to it since, and it need not be read again yet."""
        seal = self._seals.get(name)
        return (
            seal is not None
            and seal.parameter is parameter
            and seal.left > 0
            and seal.version == parameter._version
            and seal.memory == parameter.data_ptr()
        )

    def within(self, name: str) -> tuple[float | None, float | None] | None:
        """The range that all of a parameter that is known to be finite lies in, if there is one that is known."""
        seal = self._seals[name]
        return None if seal.changes or seal.partial >= CLAMP_AGAIN else seal.within

    def keep(self, name: str, parameter: Tensor, *, read: bool, changes: Sequence[Change] | None = None) -> None:
        """Notes that a parameter is finite, after a write that keeps it so.

        Args:
            name: its name.
            parameter: the parameter, as it is now.
            read: whether all its numbers were looked at before the write.
            changes: the rows and columns that may have left the range of the last clamping; None: all of them.
        """
        if parameter.is_inference():  # its writes are not counted
            self._seals.pop(name, None)
            return
        before = None if read else self._seals[name]
        left = READ_AGAIN if before is None else before.left - 1
        within = None if before is None or changes is None else before.within
        since = [] if within is None else [*before.changes, *changes]
        partial = 0 if within is None else before.partial
        self._seals[name] = _Seal(parameter, parameter.data_ptr(), parameter._version, left, within, since, partial)

    def clamp_(self, name: str, parameter: Tensor, low: float | None, high: float | None) -> None:
        """Clamps a parameter that is known to be finite: whole, or where it was written to since it last was in this very range."""
        seal = self._seals[name]
        if seal.within == (low, high) and seal.partial < CLAMP_AGAIN:
            seal.partial += 1
            for change in seal.changes:
                change.clamp_(parameter, low, high)
        else:
            seal.partial = 0
            parameter.clamp_(low, high)
        seal.version, seal.left = parameter._version, seal.left - 1
        seal.within, seal.changes = (low, high), []

    def __reduce__(self) -> tuple[type, tuple]:
        return KnownFinite, ()
