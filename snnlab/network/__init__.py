"""Networks: connections and neurons that are stepped together."""

from snnlab.network.biclique import Biclique
from snnlab.network.cell import Cell
from snnlab.network.layer import Layer
from snnlab.network.layout import layout
from snnlab.network.proxy import Proxy
from snnlab.network.recurrent import RecurrentSerial
from snnlab.network.run import run
from snnlab.network.serial import Serial
from snnlab.network.summary import Summary, summary

__all__ = ["Biclique", "Cell", "Layer", "Proxy", "RecurrentSerial", "Serial", "Summary", "layout", "run", "summary"]
