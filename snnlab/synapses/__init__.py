"""Synapses: from spikes to currents, with a memory as long as the longest delay."""

from snnlab.synapses.base import InfernoSynapse, Synapse, SynapseConstructor
from snnlab.synapses.current import CurrentSynapse
from snnlab.synapses.delta import DeltaCurrent
from snnlab.synapses.deltaplus import DeltaPlusCurrent
from snnlab.synapses.doubleexponential import DoubleExponentialCurrent
from snnlab.synapses.exponential import SingleExponentialCurrent
from snnlab.synapses.read import DelayedRead

__all__ = [
    "CurrentSynapse",
    "DelayedRead",
    "DeltaCurrent",
    "DeltaPlusCurrent",
    "DoubleExponentialCurrent",
    "InfernoSynapse",
    "SingleExponentialCurrent",
    "Synapse",
    "SynapseConstructor",
]
