"""Learning rules."""

from snnlab.learning.base import CellTrainer, IndependentCellTrainer, Unit
from snnlab.learning.competitive import Competitive
from snnlab.learning.delayadjusted import DelayAdjustedSTDP, DelayAdjustedSTDPD
from snnlab.learning.delayadjustedmstdp import DelayAdjustedMSTDP, DelayAdjustedMSTDPD
from snnlab.learning.diehlcook import DiehlCookSTDP
from snnlab.learning.homeostasis import LinearHomeostasis
from snnlab.learning.inhibitory import VogelsSTDP
from snnlab.learning.kernel import DelayAdjustedKernelSTDP, DelayAdjustedKernelSTDPD, KernelSTDP
from snnlab.learning.mstdp import MSTDP
from snnlab.learning.mstdpet import MSTDPET
from snnlab.learning.reward import RewardedTrainer
from snnlab.learning.stdp import STDP
from snnlab.learning.triplet import TripletSTDP
from snnlab.learning.window import window

__all__ = [
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
]
