"""Networks: connections and neurons that are stepped together."""

from snnlab.network.cell import Cell
from snnlab.network.layer import Layer
from snnlab.network.proxy import Proxy
from snnlab.network.wiring import Serial

__all__ = ["Cell", "Layer", "Proxy", "Serial"]
