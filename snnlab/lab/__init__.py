"""The lab: models that are watched and moved while they run. The only place that knows of widgets."""

from snnlab.lab.controls import Control
from snnlab.lab.lab import Lab
from snnlab.lab.panels import Current, Fields, Raster, Voltage

__all__ = ["Control", "Current", "Fields", "Lab", "Raster", "Voltage"]
