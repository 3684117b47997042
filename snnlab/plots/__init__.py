"""Pictures of what a network did: arrays in, matplotlib Axes out. No model object and no widget comes in here.

What is drawn over time may come as a `Series` too, which brings its step time, its times and its unit along.
"""

from snnlab.plots.currents import currents
from snnlab.plots.delays import delays
from snnlab.plots.evolution import evolution
from snnlab.plots.fi import fi_curve
from snnlab.plots.fields import fields
from snnlab.plots.history import history
from snnlab.plots.pending import pending
from snnlab.plots.phase import phase_plane
from snnlab.plots.raster import raster
from snnlab.plots.receptive import receptive
from snnlab.plots.style import Picture
from snnlab.plots.synapse import synapse
from snnlab.plots.traces import traces
from snnlab.plots.voltages import voltages
from snnlab.plots.weights import weight_change, weight_histogram
from snnlab.plots.window import window
from snnlab.plots.wiring import wiring

__all__ = [
    "Picture",
    "currents",
    "delays",
    "evolution",
    "fi_curve",
    "fields",
    "history",
    "pending",
    "phase_plane",
    "raster",
    "receptive",
    "synapse",
    "traces",
    "voltages",
    "weight_change",
    "weight_histogram",
    "window",
    "wiring",
]
