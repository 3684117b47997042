"""Neurons: from currents to voltages and spikes."""

from snnlab.neurons.adaptive import ALIF
from snnlab.neurons.base import InfernoNeuron, Neuron
from snnlab.neurons.lif import LIF
from snnlab.neurons.winner import WinnerALIF

__all__ = ["ALIF", "LIF", "InfernoNeuron", "Neuron", "WinnerALIF"]
