"""Encoding: numbers into spike trains, and spike counts into classes."""

from snnlab.encoding.base import Encoder
from snnlab.encoding.poisson import HomogeneousPoissonApproxEncoder, HomogeneousPoissonEncoder, PoissonIntervalEncoder
from snnlab.encoding.readout import MaxRateClassifier

__all__ = ["Encoder", "HomogeneousPoissonApproxEncoder", "HomogeneousPoissonEncoder", "MaxRateClassifier", "PoissonIntervalEncoder"]
