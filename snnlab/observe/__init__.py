"""Observation: monitors that watch modules, and reducers that keep what they see."""

from snnlab.observe.monitor import InputMonitor, Monitor, OutputMonitor, StateMonitor
from snnlab.observe.reducers import (
    CumulativeTraceReducer,
    EMAReducer,
    EventReducer,
    FoldReducer,
    NearestTraceReducer,
    PassthroughReducer,
    Reducer,
)

__all__ = [
    "CumulativeTraceReducer",
    "EMAReducer",
    "EventReducer",
    "FoldReducer",
    "InputMonitor",
    "Monitor",
    "NearestTraceReducer",
    "OutputMonitor",
    "PassthroughReducer",
    "Reducer",
    "StateMonitor",
]
