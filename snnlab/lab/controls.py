"""A control: one parameter that may be moved while the model runs.

Its range, unit and meaning come from `quantities` of the class that owns the attribute, where they are written once; what is given here
takes their place. The value lives in the model: a control only reads and writes it, so a slider and `lif.tc_membrane = 30` cannot disagree.
"""

from collections.abc import Callable
from typing import Any

from snnlab.core import checks
from snnlab.lab.limits import round_up
from snnlab.lab.names import Names


class Control:
    """A slider for a number of the model.

    Args:
        name: attribute, as in "exc.tc_membrane"; with `get` and `set` any words.
        low, high: range of the slider.
        unit: unit of the value, as printed.
        doc: what it does, in a few words.
        step: distance of two neighbouring settings; None gives about a hundred.
        log: equal ratios look alike.
        label: words beside the slider; None takes the name.
        restart: whether a change acts only after Reset; None takes what the class says.
        get, set: read and write the value, where it is no attribute: `set(value)`.

    Example:
        >>> box = {"gain": 1.0}
        >>> control = Control("gain", low=0.0, high=2.0, get=lambda: box["gain"], set=lambda value: box.update(gain=value))
        >>> control.value = 1.5
        >>> box, control.describe()["step"]
        ({'gain': 1.5}, 0.02)
    """

    def __init__(
        self,
        name: str,
        *,
        low: float | None = None,
        high: float | None = None,
        unit: str | None = None,
        doc: str | None = None,
        step: float | None = None,
        log: bool | None = None,
        label: str | None = None,
        restart: bool | None = None,
        get: Callable[[], float] | None = None,
        set: Callable[[float], Any] | None = None,
    ) -> None:
        if (get is None) != (set is None):
            raise TypeError(f"get and set of the control {name!r} must come together.")
        self.name, self.label = name, label or name
        self._get, self._set = get, set
        self._given = {"low": low, "high": high, "unit": unit, "doc": doc, "step": step, "log": log, "restart": restart}
        if get is not None:
            self._settle(None)

    def bind(self, names: Names) -> "Control":
        """Finds the attribute and its quantity; returns self."""
        if self._get is None:
            owner, attribute = names.find(self.name)
            if not attribute:
                raise LookupError(f"{self.name!r} names {type(owner).__name__} itself: say which of its numbers, as in '{self.name}.NAME'.")
            self._get, self._set = (lambda: getattr(owner, attribute)), (lambda value: setattr(owner, attribute, value))
            self._settle(getattr(owner, "quantities", {}).get(attribute))
        self.initial = self.value
        self.settle()
        return self

    def settle(self) -> None:
        """Notes the present value as the one that acts: the model has begun anew with it."""
        self._acting = self.value if self.restart else None

    @property
    def waits(self) -> bool:
        """Whether it was moved and acts only after Reset."""
        return self.restart and self.value != self._acting

    def _settle(self, quantity: Any) -> None:
        """What was given, then what the quantity says, then plain defaults."""
        plain = {"low": None, "high": None, "unit": "", "doc": "", "step": None, "log": False, "restart": False}
        for field, default in plain.items():
            value = self._given[field]
            setattr(self, field, getattr(quantity, field, default) if value is None else value)
        if self.low is None or self.high is None:
            raise ValueError(
                f"{self.name!r} has no range: its class lists no quantity of that name. Give one: Control({self.name!r}, low=, high=)."
            )
        if not self.low < self.high or (self.log and self.low <= 0):
            raise ValueError(
                f"low must be below high{' and above 0' if self.log else ''} for {self.name!r}, but they are {self.low} and {self.high}."
            )

    def __repr__(self) -> str:
        if self._get is None:
            return f"Control({self.name!r})"  # its value and range are known once it is bound to a model
        unit = f" {self.unit}" if self.unit else ""
        return f"Control({self.name!r}: {self.value:g}{unit}, from {self.low:g} to {self.high:g}{unit})"

    @property
    def value(self) -> float:
        """The value that the model has now."""
        return checks.number(self.name, self._get(), self.unit, hint="A slider moves one number; give get= and set= for more.")

    @value.setter
    def value(self, value: float) -> None:
        self._set(checks.number(self.name, value, self.unit))

    def describe(self) -> dict[str, Any]:
        """What the slider is built from."""
        step = self.step or round_up((self.high - self.low) / 120)
        doc = self.doc + (" (acts after Reset)" if self.restart else "")
        return {
            "name": self.name,
            "label": self.label,
            "low": self.low,
            "high": self.high,
            "step": step,
            "unit": self.unit,
            "doc": doc,
            "log": self.log,
        }


class Controls(dict[str, Control]):
    """Controls by name; for a name that there is none of, a KeyError that lists those there are."""

    def __missing__(self, name: str) -> Control:
        raise KeyError(f"There is no control {name!r}; there is: {', '.join(self) or 'none'}.")
