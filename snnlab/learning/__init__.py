"""Learning rules: what a cell's spikes make of its weights, or of its delays.

    rule                        trains   by                                                          source
    STDP                        weight   pairs of spikes, before strengthens and after weakens       Song et al. 2000
    TripletSTDP                 weight   triplets of spikes, so that the rate counts too             Pfister & Gerstner 2006
    KernelSTDP                  weight   time to the last spikes, in any function of yours           Gerstner et al. 1996
    MSTDP                       weight   STDP times a reward, at once                                Florian 2007
    MSTDPET                     weight   STDP times a reward that comes later                        Florian 2007
    DiehlCookSTDP               weight   the presynaptic trace against a target, at spikes           Diehl & Cook 2015
    VogelsSTDP                  weight   pairs of spikes, so that inhibition holds a target rate     Vogels et al. 2011
    Competitive                 weight   the pattern that made a neuron spike                        Rumelhart & Zipser 1985
    DelayAdjustedSTDP           weight   time between the last spikes less the delay                 Nadafian & Ganjtabesh 2020
    DelayAdjustedSTDPD          delay    the same                                                    Nadafian & Ganjtabesh 2020
    DelayAdjustedMSTDP          weight   the same, times a reward                                    Nadafian & Ganjtabesh 2020
    DelayAdjustedMSTDPD         delay    the same, times a reward                                    Nadafian & Ganjtabesh 2020
    DelayAdjustedKernelSTDP     weight   the same, in any function of yours                          Nadafian & Ganjtabesh 2020
    DelayAdjustedKernelSTDPD    delay    the same, in any function of yours                          Nadafian & Ganjtabesh 2020
    LinearHomeostasis           any      how far a neuron's rate is from a target: weight, bias      Turrigiano 2008
                                         or delay, as `param` says

Each has a page of its own, `help("snnlab.learning.stdp")`, with its equation; `window` measures what it makes of a pair of spikes. A rule
of your own is a subclass of `CellTrainer`: see `help("snnlab.learning.base")`; `snn.contract.check_rule` tries it.
"""

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
