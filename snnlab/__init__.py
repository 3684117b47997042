"""snnlab: spiking neural networks that are read, stepped and watched.

    import snnlab as snn

    connection = snn.LinearDense(64, 100, 1.0, synapse=snn.DeltaCurrent.partialconstructor(spike_charge=1.0), delay=20.0)

The public names are flat. `snn.plots` draws arrays with matplotlib and `snn.lab` is the live view; both are loaded when first used, so that
`import snnlab` loads torch and nothing heavier. So are networks, rules, monitors, encoders, `snn.contract`, `snn.data` and `snn.traced`, so
that it takes hardly longer.
"""

from importlib import import_module as _import_module
from importlib.metadata import version as _version
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from snnlab.connections import Connection, Conv2D, LinearDense, LinearDirect, LinearLateral, WeightBiasDelayMixin
from snnlab.core import *  # noqa: F403 - the step functions of the core are public names too: bounds, interpolations, traces, tensors
from snnlab.core.hooks import Hook, StateHook
from snnlab.core.mixins import BatchShapeMixin, DelayedMixin
from snnlab.core.module import Module
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.record import RecordTensor
from snnlab.core.recording import Recording, Series
from snnlab.core.size import sized
from snnlab.neurons import (
    ALIF,
    EIF,
    GLIF1,
    GLIF2,
    LIF,
    QIF,
    AdEx,
    Arctan,
    CurrentAdaptiveNeuron,
    ExactNeuron,
    FastSigmoid,
    InfernoNeuron,
    Izhikevich,
    Neuron,
    Surrogate,
    ThresholdAdaptiveNeuron,
    ThresholdNeuron,
    Triangle,
    WinnerALIF,
    adapt_current,
    adapt_threshold,
    adapt_threshold_by_voltage,
    exponential_voltage_step,
    leaky_step,
    linear_reset,
    quadratic_step,
    threshold_step,
)
from snnlab.synapses import (
    CurrentSynapse,
    DeltaCurrent,
    DeltaPlusCurrent,
    DoubleExponentialCurrent,
    InfernoSynapse,
    SingleExponentialCurrent,
    Synapse,
    SynapseConstructor,
)
from snnlab.updates import Accumulator, Clamping, Normalization, Updatable, Updater

if _TYPE_CHECKING:  # what an editor reads: at run time `__getattr__` finds these names
    from snnlab import contract, data, traced
    from snnlab.encoding import *  # noqa: F403
    from snnlab.learning import *  # noqa: F403
    from snnlab.network import *  # noqa: F403
    from snnlab.observe import *  # noqa: F403

# What is loaded when first used: packages, and the names that they bring. Beside their own time this spares another: so many more objects
# would make Python search all that torch has made for garbage, which takes longer than the whole of this import.
_PACKAGES = ("contract", "data", "encoding", "lab", "learning", "network", "observe", "plots", "traced")
_NAMES = {
    "encoding": (
        "Encoder",
        "HomogeneousPoissonApproxEncoder",
        "HomogeneousPoissonEncoder",
        "LatencyEncoder",
        "MaxRateClassifier",
        "PoissonIntervalEncoder",
        "RateEncoder",
    ),
    "learning": (
        "MSTDP",
        "MSTDPET",
        "STDP",
        "CellTrainer",
        "Competitive",
        "DelayAdjustedKernelSTDP",
        "DelayAdjustedKernelSTDPD",
        "DelayAdjustedMSTDP",
        "DelayAdjustedMSTDPD",
        "DelayAdjustedSTDP",
        "DelayAdjustedSTDPD",
        "DiehlCookSTDP",
        "IndependentCellTrainer",
        "KernelSTDP",
        "LinearHomeostasis",
        "RewardedTrainer",
        "TripletSTDP",
        "Unit",
        "VogelsSTDP",
        "window",
    ),
    "network": (
        "Biclique",
        "Cell",
        "Layer",
        "Proxy",
        "RecurrentSerial",
        "Serial",
        "Summary",
        "layout",
        "run",
        "summary",
    ),
    "observe": (
        "CAReducer",
        "ConditionalCumulativeTraceReducer",
        "ConditionalNearestTraceReducer",
        "CumulativeTraceReducer",
        "DifferenceMonitor",
        "EMAReducer",
        "EventReducer",
        "FoldReducer",
        "InputMonitor",
        "Monitor",
        "MultiStateMonitor",
        "NearestTraceReducer",
        "OutputMonitor",
        "PassthroughReducer",
        "RecordReducer",
        "Reducer",
        "ScaledCumulativeTraceReducer",
        "ScaledNearestTraceReducer",
        "StateMonitor",
    ),
}
_PLACES = {name: package for package, names in _NAMES.items() for name in names}

__all__ = [name for name, value in globals().items() if name[0] != "_" and not isinstance(value, _ModuleType)]
__all__ += ["contract", "data", "traced", *_PLACES]


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", "lab", "plots"])


def __getattr__(name: str) -> _Any:
    if name in _PACKAGES:
        return _import_module(f"snnlab.{name}")
    if name in _PLACES:
        return globals().setdefault(name, getattr(_import_module(f"snnlab.{_PLACES[name]}"), name))
    if name == "__version__":
        return _version("snnlab-notebooks")
    raise AttributeError(f"module 'snnlab' has no attribute {name!r}")
