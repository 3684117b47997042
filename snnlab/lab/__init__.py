"""The lab: models that are watched and moved while they run. The only place that knows of widgets."""

from snnlab.lab.controls import Control
from snnlab.lab.evolution import Evolution
from snnlab.lab.lab import Lab
from snnlab.lab.learning import Traces, Weights
from snnlab.lab.panels import Current, Fields, Raster, Voltage
from snnlab.lab.pending import Pending

__all__ = ["Control", "Current", "Evolution", "Fields", "Lab", "Pending", "Raster", "Traces", "Voltage", "Weights"]
