"""What is known of a parameter's numbers: that all were finite when they were last read, and that nobody has written to them since.

A parameter that is finite stays so under an update that is small enough, so an updater that has read it once need not read it at every
step, which costs as much as the update. torch counts the writes to a tensor: another count says that somebody else has written. It does not
count those through `parameter.data`, or through a NumPy array of the same memory, so after so many writes of its own all is read again.

Reference: none; it is this library's own.
"""

from dataclasses import dataclass

from torch import Tensor

READ_AGAIN = 100  # writes of an updater; what one read costs, spread over these, is nothing


@dataclass
class _Seal:
    parameter: Tensor
    memory: int
    version: int
    left: int


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

    def keep(self, name: str, parameter: Tensor, *, read: bool) -> None:
        """Notes that a parameter is finite, after a write that keeps it so; `read` says whether all its numbers were looked at before."""
        if parameter.is_inference():  # its writes are not counted
            self._seals.pop(name, None)
        else:
            left = READ_AGAIN if read else self._seals[name].left - 1
            self._seals[name] = _Seal(parameter, parameter.data_ptr(), parameter._version, left)

    def __reduce__(self) -> tuple[type, tuple]:
        return KnownFinite, ()
