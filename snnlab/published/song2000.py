"""Song, Miller & Abbott (2000): synapses compete for the right to make a neuron fire, and the neuron ends up where chance decides.

A neuron has 1,000 excitatory synapses, driven by Poisson trains of one rate, and all learn by pair STDP, with a little more weakening than
strengthening. No synapse knows more than another. Yet those that happen to be effective are strengthened, as a synapse that helps to fire
the neuron precedes its spikes a little more often than it follows them. What they win, the others lose: weights part into weak and strong.
Faster inputs leave fewer of them strong. So the neuron fires at a rate that depends little on that of its inputs: it stays where the mean
current alone does not reach the threshold, and single fluctuations count.

    figure                                paper               measured here
    weights gather at both bounds         most of them        share of weights in the outer fifths; 2/5 of them at first
    fewer strong ones for faster inputs   yes                 share of weights in the upper fifth
    output rate is held                   about 10 to 30 Hz   rate at inputs of 10, 20 and 40 Hz; the same with fixed weights
    firing is irregular                   yes                 coefficient of variation of the intervals

What is as in the paper: the neuron (20 ms; rest −70, threshold −54, reset −60 mV), 1,000 excitatory inputs, 200 inhibitory ones of 10 Hz,
conductances of 5 ms, at most 0.015 and 0.05 of the leak, 20 ms on both sides of STDP, A₋/A₊ = 1.05.

What is simpler: steps of 1 ms. The library's synapses give currents; here these stand for conductances, in units of the leak, and what
enters the neuron is conductance times the driving force at the start of the step. The 200 inhibitory inputs are one that says how many of
them spike. A₊ is 0.01, twice the paper's 0.005, and a run takes minutes of the neuron's time: weights are still on their way, the more so
the slower the inputs: the heap near 0 is plain after one minute, the one at the upper bound is not.

Reference: Song, Miller & Abbott, Competitive Hebbian learning through spike-timing-dependent synaptic plasticity,
Nat. Neurosci. 3:919 (2000).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from time import process_time

import torch
from torch import Tensor

import snnlab as snn

INPUTS, INHIBITORY = 1000, 200
RATES, INHIBITORY_RATE = (10.0, 20.0, 40.0), 10.0  # Hz
LARGEST, INHIBITORY_WEIGHT = 0.015, 0.05  # conductances, in units of the leak
TC_SYNAPSE, TC_STDP = 5.0, 20.0  # ms
REST, EXCITATORY, INHIBITED = -70.0, 0.0, -70.0  # mV: at rest, and where each kind of synapse drives the voltage to
A_PLUS, RATIO = 0.01, 1.05
SECONDS = 100.0


def held(conductance: float) -> float:
    """The charge that makes a conductance jump so far; less what holding it over a step of 1 ms adds."""
    return conductance * TC_SYNAPSE * TC_SYNAPSE * (1.0 - math.exp(-1.0 / TC_SYNAPSE))


def network(neurons: int, a_plus: float, *, generator: torch.Generator) -> tuple[snn.Biclique, snn.STDP]:
    """Neurons that share nothing but the connection: a mask gives each inputs of its own. Weights begin anywhere between 0 and 1."""
    excitation = snn.LinearDense(
        neurons * INPUTS,
        neurons,
        1.0,
        synapse=snn.SingleExponentialCurrent.partialconstructor(held(LARGEST), TC_SYNAPSE),
        weight_init=lambda default: torch.rand(default.shape, generator=generator),
    )
    excitation.mask = torch.eye(neurons).repeat_interleave(INPUTS, 1)
    inhibition = snn.LinearDirect(
        neurons,
        1.0,
        synapse=snn.SingleExponentialCurrent.partialconstructor(held(INHIBITORY_WEIGHT), TC_SYNAPSE),
        weight_init=torch.ones_like,
    )
    group = snn.LIF(neurons, 1.0, rest_v=REST, reset_v=-60.0, thresh_v=-54.0, refrac_t=0.0, time_constant=20.0)

    def drive(conductances: dict[str, Tensor]) -> Tensor:
        voltage = group.voltage
        return conductances["excitation"] * (EXCITATORY - voltage) + conductances["inhibition"] * (INHIBITED - voltage)

    layer = snn.Biclique([("excitation", excitation), ("inhibition", inhibition)], [("neurons", group)], combine=drive)
    snn.Clamping(excitation.defaultupdater(), "parent.weight", min=0.0, max=1.0).register()
    rule = snn.STDP(a_plus, -RATIO * a_plus, tc_post=TC_STDP, tc_pre=TC_STDP)
    rule.register_cell("excitation", layer.get_cell("excitation", "neurons"))
    return layer, rule


@dataclass(frozen=True)
class Competition:
    """What a run gave, one entry a neuron.

    Args:
        inputs: rate of the excitatory inputs, in Hz.
        output: rate of the neuron over the last third, in Hz.
        irregularity: coefficient of variation of its intervals there: 1 for a Poisson train, 0 for a clock; NaN for fewer than 3 spikes.
        before, after: weights, in parts of the largest, neurons x inputs.
        cpu: how long it took, in s of processor time.
    """

    inputs: tuple[float, ...]
    output: list[float]
    irregularity: list[float]
    before: Tensor
    after: Tensor
    cpu: float

    @property
    def outer(self) -> list[float]:
        """Share of weights within a fifth of either bound."""
        return ((self.after < 0.2) | (self.after > 0.8)).double().mean(1).tolist()

    @property
    def strong(self) -> list[float]:
        """Share of weights within a fifth of the upper bound."""
        return (self.after > 0.8).double().mean(1).tolist()


@torch.inference_mode()
def run(
    seconds: float = SECONDS,
    rates: Sequence[float] = RATES,
    a_plus: float = A_PLUS,
    *,
    weight: float | None = None,
    learns: bool = True,
    generator: torch.Generator,
) -> Competition:
    """Lets one neuron for each rate learn, or not, for so many seconds of its time. With `weight`, all weights begin there."""
    began = process_time()
    layer, rule = network(len(rates), a_plus, generator=generator)
    connection = layer.get_connection("excitation")
    mask = connection.mask.bool()
    if weight is not None:
        connection.weight = mask * weight
    before = connection.weight.detach()[mask].view(len(rates), INPUTS).clone()
    chance = torch.tensor(rates).repeat_interleave(INPUTS) / 1000.0
    expected = torch.full((1000, 1, len(rates)), float(INHIBITORY))
    spikes = []
    for _ in range(round(seconds)):
        arriving = torch.rand((1000, 1, len(chance)), generator=generator) < chance
        inhibiting = torch.binomial(expected, torch.full_like(expected, INHIBITORY_RATE / 1000.0), generator=generator)
        for each, held_back in zip(arriving, inhibiting, strict=True):
            spikes.append(layer({"excitation": each, "inhibition": held_back})["neurons"][0])
            if learns:
                rule()
                layer.update()
    after = connection.weight.detach()[mask].view(len(rates), INPUTS).clone()
    late = torch.stack(spikes)[len(spikes) * 2 // 3 :]
    output = (late.double().mean(0) * 1000.0).tolist()
    return Competition(tuple(rates), output, [_irregularity(each) for each in late.T], before, after, process_time() - began)


def _irregularity(train: Tensor) -> float:
    intervals = snn.isi(train, 1.0)
    return (intervals.std() / intervals.mean()).item() if len(intervals) > 1 else math.nan


def main() -> str:
    """The table of figures, paper and here."""
    learned = run(generator=torch.Generator().manual_seed(0))
    fixed = run(10, weight=0.5, learns=False, generator=torch.Generator().manual_seed(0))

    def each(values: list[float], form: str) -> str:
        return ", ".join(form.format(value) for value in values)

    rows = [
        ("weights in the outer fifths", "most", each([100 * share for share in learned.outer], "{:.0f} %")),
        ("weights in the upper fifth", "fewer for faster inputs", each([100 * share for share in learned.strong], "{:.0f} %")),
        ("output rate", "about 10 to 30 Hz", each(learned.output, "{:.0f} Hz")),
        ("output rate, all weights 0.5", "", each(fixed.output, "{:.0f} Hz")),
        ("variation of intervals", "irregular", each(learned.irregularity, "{:.2f}")),
    ]
    head = f"inputs of {each(list(learned.inputs), '{:.0f}')} Hz, {SECONDS:g} s, {learned.cpu:.0f} s of processor time"
    return "\n".join([f"| figure | paper | {head} |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    print(main())
