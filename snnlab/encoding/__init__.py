"""Encoding: numbers into spike trains, and spike counts into classes."""

from snnlab.encoding.base import Encoder
from snnlab.encoding.poisson import HomogeneousPoissonApproxEncoder, HomogeneousPoissonEncoder, PoissonIntervalEncoder

__all__ = ["Encoder", "HomogeneousPoissonApproxEncoder", "HomogeneousPoissonEncoder", "PoissonIntervalEncoder"]
