"""Learning rules."""

from snnlab.learning.base import CellTrainer, IndependentCellTrainer, Unit
from snnlab.learning.competitive import Competitive
from snnlab.learning.diehlcook import DiehlCookSTDP
from snnlab.learning.inhibitory import VogelsSTDP
from snnlab.learning.stdp import STDP
from snnlab.learning.triplet import TripletSTDP

__all__ = ["STDP", "CellTrainer", "Competitive", "DiehlCookSTDP", "IndependentCellTrainer", "TripletSTDP", "Unit", "VogelsSTDP"]
