"""snnlab: spiking neural networks that are read, stepped and watched.

    import snnlab as snn

    connection = snn.LinearDense(64, 100, 1.0, synapse=snn.DeltaCurrent.partialconstructor(spike_charge=1.0), delay=20.0)

The public names are flat. `snn.plots` draws arrays with matplotlib and `snn.lab` is the live view; both are loaded when first used, so that
`import snnlab` loads torch and nothing heavier.
"""

from importlib import import_module
from typing import Any

from snnlab import data
from snnlab.connections import Connection, LinearDense, LinearDirect, LinearLateral, WeightBiasDelayMixin
from snnlab.core.mixins import BatchShapeMixin, DelayedMixin
from snnlab.core.module import Module
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.record import RecordTensor
from snnlab.core.size import sized
from snnlab.encoding import (
    Encoder,
    HomogeneousPoissonApproxEncoder,
    HomogeneousPoissonEncoder,
    MaxRateClassifier,
    PoissonIntervalEncoder,
)
from snnlab.learning import STDP, CellTrainer, Competitive, IndependentCellTrainer, Unit
from snnlab.network import Cell, Layer, Proxy, Serial
from snnlab.neurons import ALIF, LIF, InfernoNeuron, Neuron, WinnerALIF
from snnlab.observe import (
    CumulativeTraceReducer,
    EMAReducer,
    EventReducer,
    FoldReducer,
    InputMonitor,
    Monitor,
    NearestTraceReducer,
    OutputMonitor,
    PassthroughReducer,
    Reducer,
    StateMonitor,
)
from snnlab.synapses import DeltaCurrent, InfernoSynapse, SingleExponentialCurrent, Synapse, SynapseConstructor
from snnlab.updates import Accumulator, Clamping, Normalization, Updatable, Updater


def __getattr__(name: str) -> Any:
    if name in ("lab", "plots"):
        return import_module(f"snnlab.{name}")
    raise AttributeError(f"module 'snnlab' has no attribute {name!r}")
