"""Neurons: from currents to voltages and spikes."""

from snnlab.neurons.adaptive import ALIF
from snnlab.neurons.base import InfernoNeuron, Neuron
from snnlab.neurons.lif import LIF

__all__ = ["ALIF", "LIF", "InfernoNeuron", "Neuron"]
