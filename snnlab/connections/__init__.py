"""Connections: weights and geometry over a presynaptic history."""

from snnlab.connections.base import Connection
from snnlab.connections.conv import Conv2D
from snnlab.connections.dense import LinearDense
from snnlab.connections.direct import LinearDirect
from snnlab.connections.lateral import LinearLateral
from snnlab.connections.mixins import WeightBiasDelayMixin

__all__ = ["Connection", "Conv2D", "LinearDense", "LinearDirect", "LinearLateral", "WeightBiasDelayMixin"]
