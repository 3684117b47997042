"""Encoding: numbers into spike trains, and spike counts into classes."""

from snnlab.encoding.base import Encoder, RateEncoder
from snnlab.encoding.latency import LatencyEncoder
from snnlab.encoding.poisson import HomogeneousPoissonApproxEncoder, HomogeneousPoissonEncoder, PoissonIntervalEncoder
from snnlab.encoding.readout import MaxRateClassifier

__all__ = [
    "Encoder",
    "HomogeneousPoissonApproxEncoder",
    "HomogeneousPoissonEncoder",
    "LatencyEncoder",
    "MaxRateClassifier",
    "PoissonIntervalEncoder",
    "RateEncoder",
]
