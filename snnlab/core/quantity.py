"""A quantity: what a parameter is measured in, and the range in which a reader may sensibly move it.

Every class lists the quantities that may be changed while it runs in `quantities`, by attribute name. The live view builds its sliders
from them, so that a range is written once, beside the model it belongs to, and never in a notebook.
"""

from dataclasses import dataclass


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
