"""A quantity: what a parameter is measured in, and the range in which a reader may sensibly move it; a setting: an attribute that has one.

A model declares the parameters of its equation as settings:

    class LIF(InfernoNeuron):
        time_constant = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "membrane time constant"))

and sets them all in its constructor with `configure`. Each may then be set at any time, and is checked whenever it is. The live view builds
its sliders from the same quantities, so that a range is written once, beside the model it belongs to, and never in a notebook.
"""

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any


@dataclass(frozen=True)
class Quantity:
    """Unit, range and meaning of one parameter that may be set while a simulation runs.

    Args:
        unit: unit of the value, as printed ("ms", "mV", "nA", "pC", "MΩ", "Hz"; "" for a plain number).
        low, high: the range worth exploring; the class may accept more.
        doc: what the parameter does, in a few words.
        log: whether equal ratios, not equal differences, should look alike on a slider (needs low > 0).
        step: distance of two neighbouring settings; None leaves it to the control.
        restart: whether a change acts only after the state has been cleared.

    Example:
        >>> Quantity("ms", 1.0, 100.0, "membrane time constant").unit
        'ms'
    """

    unit: str
    low: float
    high: float
    doc: str
    log: bool = False
    step: float | None = None
    restart: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low must be below high, but low is {self.low} and high is {self.high}.")
        if self.log and self.low <= 0:
            raise ValueError(f"low must be above 0 for a logarithmic range, but is {self.low}. Set log=False.")


class Setting(property):
    """A checked attribute of a `Module`: setting it runs `check(name, value)`, then the owner's `check_settings`.

    Args:
        check: what the value must be, such as `checks.positive`; called with name, value and unit, returns the value to keep.
        quantity: unit, range and meaning; None for a setting that is no number to be slid (a mode, a function).

    Example:
        >>> from snnlab.core import checks
        >>> from snnlab.core.module import Module
        >>> class Leak(Module):
        ...     tau = Setting(checks.positive, Quantity("ms", 1.0, 100.0, "time constant"))
        ...     def __init__(self, tau):
        ...         super().__init__()
        ...         self.configure(tau=tau)
        >>> leak = Leak(20.0)
        >>> leak.tau = 0
        Traceback (most recent call last):
        ...
        ValueError: tau must be above 0 ms, but is 0.0 ms.
        >>> leak.tau
        20.0
    """

    def __init__(self, check: Callable[..., Any], quantity: Quantity | None = None) -> None:
        super().__init__()
        self._check, self.quantity = check, quantity

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self._key = name, f"_{name}"
        own = type(self)._get is not Setting._get
        super().__init__(self._get if own else attrgetter(self._key), self._set)  # read many times a step: without a frame of Python
        self.__doc__ = self.quantity.doc if self.quantity else None  # a property's own argument `doc` would be hidden by this class's text

    def check(self, name: str, value: Any) -> Any:
        """The value to keep, or an error that names it."""
        return self._check(name, value, self.quantity.unit) if self.quantity else self._check(name, value)

    def _get(self, owner: Any) -> Any:
        return owner.__dict__[self._key]

    def _set(self, owner: Any, value: Any) -> None:
        owner.configure(**{self.name: value})
