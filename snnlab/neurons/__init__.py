"""Neurons: from currents to voltages and spikes."""

from snnlab.neurons.adaptation import adapt_current, adapt_threshold, adapt_threshold_by_voltage
from snnlab.neurons.adaptive import ALIF, ThresholdAdaptiveNeuron
from snnlab.neurons.base import InfernoNeuron, Neuron, threshold_step
from snnlab.neurons.current import CurrentAdaptiveNeuron
from snnlab.neurons.exact import ExactNeuron
from snnlab.neurons.exponential import EIF, AdEx, exponential_voltage_step
from snnlab.neurons.glif2 import GLIF2, linear_reset
from snnlab.neurons.lif import GLIF1, LIF, leaky_step
from snnlab.neurons.quadratic import QIF, Izhikevich, quadratic_step
from snnlab.neurons.surrogate import Arctan, FastSigmoid, Surrogate, Triangle
from snnlab.neurons.threshold import ThresholdNeuron
from snnlab.neurons.winner import WinnerALIF

__all__ = [
    "ALIF",
    "EIF",
    "GLIF1",
    "GLIF2",
    "LIF",
    "QIF",
    "AdEx",
    "Arctan",
    "CurrentAdaptiveNeuron",
    "ExactNeuron",
    "FastSigmoid",
    "InfernoNeuron",
    "Izhikevich",
    "Neuron",
    "Surrogate",
    "ThresholdAdaptiveNeuron",
    "ThresholdNeuron",
    "Triangle",
    "WinnerALIF",
    "adapt_current",
    "adapt_threshold",
    "adapt_threshold_by_voltage",
    "exponential_voltage_step",
    "leaky_step",
    "linear_reset",
    "quadratic_step",
    "threshold_step",
]
