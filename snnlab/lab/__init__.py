"""The lab: models that are watched and moved while they run. The only place that knows of widgets."""

from snnlab.lab.controls import Control
from snnlab.lab.curve import Curve
from snnlab.lab.evolution import Evolution
from snnlab.lab.histogram import Histogram
from snnlab.lab.history import History
from snnlab.lab.lab import Lab
from snnlab.lab.learning import Traces, Weights
from snnlab.lab.panels import Current, Fields, Voltage
from snnlab.lab.pending import Pending
from snnlab.lab.plane import Plane
from snnlab.lab.raster import Raster
from snnlab.lab.wiring import Wiring

__all__ = [
    "Control",
    "Current",
    "Curve",
    "Evolution",
    "Fields",
    "Histogram",
    "History",
    "Lab",
    "Pending",
    "Plane",
    "Raster",
    "Traces",
    "Voltage",
    "Weights",
    "Wiring",
]
