"""Pictures of what a network did: arrays in, matplotlib Axes out. No model object and no widget comes in here."""

from snnlab.plots.currents import currents
from snnlab.plots.delays import delays
from snnlab.plots.fields import fields
from snnlab.plots.history import history
from snnlab.plots.raster import raster
from snnlab.plots.receptive import receptive
from snnlab.plots.style import Picture
from snnlab.plots.voltages import voltages

__all__ = ["Picture", "currents", "delays", "fields", "history", "raster", "receptive", "voltages"]
