"""Spikes that carry their traces: connections, pools and neurons that pass both on, side by side.

    spikes, trace = snn.traced.TracedInput(20.0)(x)                                  steps of 1 ms, unless dt is given
    potentials, trace = snn.traced.Linear(64, 10, 1, 1.0, 0.0)(spikes, trace)       one potential a synapse
    spikes, trace = snn.traced.TracedNeuron(lif, 20.0)(potentials)                   summed by the neuron

Flat layers are B x 1 x N, images B x C x H x W; `snn.traced.Flatten()` leads from these to those.
"""

from snnlab.traced.connection import Connection
from snnlab.traced.conv import Conv2d
from snnlab.traced.flatten import Flatten
from snnlab.traced.linear import Linear
from snnlab.traced.neuron import TracedInput, TracedNeuron
from snnlab.traced.pool import AdaptiveMaxPool2d, MaxPool2d

__all__ = ["AdaptiveMaxPool2d", "Connection", "Conv2d", "Flatten", "Linear", "MaxPool2d", "TracedInput", "TracedNeuron"]
