"""Observation: monitors that watch modules, and reducers that keep what they see."""

from snnlab.observe.average import CAReducer, EMAReducer
from snnlab.observe.callmonitor import InputMonitor, OutputMonitor
from snnlab.observe.differencemonitor import DifferenceMonitor
from snnlab.observe.event import EventReducer
from snnlab.observe.fold import FoldReducer
from snnlab.observe.monitor import Monitor
from snnlab.observe.passthrough import PassthroughReducer
from snnlab.observe.reducer import RecordReducer, Reducer
from snnlab.observe.scaledtrace import (
    ConditionalCumulativeTraceReducer,
    ConditionalNearestTraceReducer,
    ScaledCumulativeTraceReducer,
    ScaledNearestTraceReducer,
)
from snnlab.observe.statemonitor import MultiStateMonitor, StateMonitor
from snnlab.observe.trace import CumulativeTraceReducer, NearestTraceReducer

__all__ = [
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
]
