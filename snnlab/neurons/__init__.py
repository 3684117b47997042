"""Neurons: from currents to voltages and spikes."""

from snnlab.neurons.adaptation import CurrentAdaptiveNeuron, adapt_current
from snnlab.neurons.adaptive import ALIF
from snnlab.neurons.base import InfernoNeuron, Neuron, ThresholdNeuron
from snnlab.neurons.exponential import EIF, AdEx
from snnlab.neurons.lif import LIF
from snnlab.neurons.quadratic import QIF, Izhikevich
from snnlab.neurons.winner import WinnerALIF

__all__ = [
    "ALIF",
    "EIF",
    "LIF",
    "QIF",
    "AdEx",
    "CurrentAdaptiveNeuron",
    "InfernoNeuron",
    "Izhikevich",
    "Neuron",
    "ThresholdNeuron",
    "WinnerALIF",
]
