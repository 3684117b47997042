"""Song, Miller & Abbott (2000): synapses compete for the right to make a neuron fire, and the neuron ends up where chance decides.

A neuron has 1,000 excitatory synapses, driven by Poisson trains of one rate, and all learn by pair STDP, with a little more weakening than
strengthening. No synapse knows more than another. Yet those that happen to be effective are strengthened, as a synapse that helps to fire
the neuron precedes its spikes a little more often than it follows them. What they win, the others lose: weights part into weak and strong.
Faster inputs leave fewer of them strong. So the neuron fires at a rate that depends little on that of its inputs: it stays where the mean
current alone does not reach the threshold, and single fluctuations count.

    figure                                paper               measured here
    weights gather at both bounds         most of them        share of weights in the lower and in the upper fifth; 1/5 each at first
    fewer strong ones for faster inputs   yes                 the latter, at inputs of 10, 20 and 40 Hz
    output rate is held                   about 10 to 30 Hz   rate at these inputs; the same with fixed weights
    firing is irregular                   yes                 coefficient of variation of the intervals

What is as in the paper: the neuron (20 ms; rest −70, threshold −54, reset −60 mV), 1,000 excitatory inputs, 200 inhibitory ones of 10 Hz,
conductances of 5 ms, at most 0.015 and 0.05 of the leak, 20 ms on both sides of STDP, A₊ = 0.005, A₋/A₊ = 1.05.

What is simpler: steps of 1 ms. Within a step both orders of a pair count, so an input that fires the neuron at once wins nothing by it, and
the output is held at a lower rate than in the paper. The library's synapses give currents; here these stand for conductances, in units of
the leak, and what enters the neuron is conductance times the driving force at the start of the step. The 200 inhibitory inputs are one
that says how many of them spike.

What is faster: weights take about a thousand seconds of pairs to part. A larger A₊ does not help: what pairs bring by chance grows as fast
as what they bring in order, and smears the heaps out. Instead, eight copies of each neuron, the samples of a batch, have inputs of their
own and the weights in common, and the pairs of all are added to these. So 100 s hold 800 s of pairs, each with the A₊ of the paper. It
cannot be pushed much further: copies that weaken the weights together overshoot, and fall silent for good; at 40 Hz, sixteen of them do.

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
from snnlab.core import checks
from snnlab.core.brief import Brief

INPUTS, INHIBITORY = 1000, 200
RATES, INHIBITORY_RATE = (10.0, 20.0, 40.0), 10.0  # Hz
LARGEST, INHIBITORY_WEIGHT = 0.015, 0.05  # conductances, in units of the leak
TC_SYNAPSE, TC_STDP = 5.0, 20.0  # ms
REST, EXCITATORY, INHIBITED = -70.0, 0.0, -70.0  # mV: at rest, and where each kind of synapse drives the voltage to
A_PLUS, RATIO = 0.005, 1.05
COPIES, SECONDS = 8, 100.0


def held(conductance: float) -> float:
    """The charge that makes a conductance jump so far; less what holding it over a step of 1 ms adds: g·τ²·(1 − exp(−1 ms/τ)), τ = 5 ms.

    Args:
        conductance: g, in units of the leak.

    Example:
        >>> round(held(0.015), 4)
        0.068
    """
    return checks.number("conductance", conductance) * TC_SYNAPSE * TC_SYNAPSE * (1.0 - math.exp(-1.0 / TC_SYNAPSE))


def network(
    neurons: int, a_plus: float = A_PLUS, ratio: float = RATIO, copies: int = 1, inputs: int = INPUTS, *, generator: torch.Generator
) -> tuple[snn.Biclique, snn.STDP]:
    """Neurons that share nothing but the connection: a mask gives each inputs of its own. Weights begin anywhere between 0 and 1.

    Args:
        neurons: how many.
        a_plus: A₊, the part of the largest weight that a pair can add.
        ratio: A₋/A₊.
        copies: of each neuron, with inputs of their own and the same weights, to which the pairs of all are added.
        inputs: excitatory ones of a neuron; with fewer, each counts the more.
        generator: of the first weights.

    Returns:
        The layer, with connections "excitation" and "inhibition" and the group "neurons", and the rule over the former.

    Shape:
        inputs of "excitation": copies x (neurons · inputs), bool;  of "inhibition": copies x neurons, how many inhibitory inputs spike

    Example:
        >>> layer, rule = network(2, copies=3, inputs=10, generator=torch.Generator().manual_seed(0))
        >>> layer({"excitation": torch.ones(3, 20, dtype=torch.bool), "inhibition": torch.zeros(3, 2)})["neurons"].shape
        torch.Size([3, 2])
    """
    for name, value in (("neurons", neurons), ("copies", copies), ("inputs", inputs)):
        checks.whole(name, value)
    excitation = snn.LinearDense(
        neurons * inputs,
        neurons,
        1.0,
        synapse=snn.SingleExponentialCurrent.partialconstructor(held(LARGEST * INPUTS / inputs), TC_SYNAPSE),
        weight_init=lambda default: torch.rand(default.shape, generator=generator),
    )
    excitation.mask = torch.eye(neurons).repeat_interleave(inputs, 1)
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
    layer.batchsz = copies
    snn.Clamping(excitation.defaultupdater(), "parent.weight", min=0.0, max=1.0).register()
    rule = snn.STDP(a_plus, -ratio * a_plus, tc_post=TC_STDP, tc_pre=TC_STDP, batch_reduction=torch.sum)
    rule.register_cell("excitation", layer.get_cell("excitation", "neurons"))
    return layer, rule


def arrivals(rates: Sequence[float], steps: int, copies: int, inputs: int, *, generator: torch.Generator) -> Tensor:
    """Spikes at random, each step by itself, steps x copies x (neurons · inputs): drawn by where they are, as few places have one.

    So many throws that each place is missed with the chance of a step without a spike; places thrown at twice still hold one spike.

    Args:
        rates: of the inputs of each neuron, in Hz; below 1,000, as a step of 1 ms holds one spike at most.
        steps: how many, of 1 ms.
        copies: of each neuron.
        inputs: of a neuron.
        generator: draws them.

    Raises:
        ValueError: a rate is negative, or is not below 1,000 Hz.

    Example:
        >>> spikes = arrivals((100.0, 0.0), 1000, 1, 50, generator=torch.Generator().manual_seed(0))
        >>> spikes.shape, 0.09 < spikes[..., :50].float().mean() < 0.11, spikes[..., 50:].any()
        (torch.Size([1000, 1, 100]), tensor(True), tensor(False))
    """
    for rate in rates:
        if not 0.0 <= rate < 1000.0:
            raise ValueError(f"rates must lie from 0 to below 1000 Hz, as a step of 1 ms holds one spike at most, but hold {rate!r}.")
    spikes = torch.zeros(steps * copies, len(rates), inputs, dtype=torch.bool)
    for neuron, rate in enumerate(rates):
        places = steps * copies * inputs
        throws = int(torch.poisson(torch.tensor(-math.log1p(-rate / 1000.0) * places, dtype=torch.float64), generator=generator))
        place = torch.randint(places, (throws,), generator=generator)
        spikes.view(-1)[(place // inputs) * (len(rates) * inputs) + neuron * inputs + place % inputs] = True
    return spikes.view(steps, copies, -1)


@dataclass(frozen=True, eq=False, repr=False)
class Competition(Brief):
    """What a run gave, one entry a neuron.

    Args:
        inputs: rate of the excitatory inputs, in Hz.
        output: rate of a neuron over the last third, in Hz, the mean of its copies.
        irregularity: coefficient of variation of the intervals there: 1 for a Poisson train, 0 for a clock; NaN for fewer than 2 of them.
        before, after: weights, in parts of the largest, neurons x inputs.
        cpu: how long it took, in s of processor time.

    Example:
        >>> weights = torch.tensor([[0.05, 0.1, 0.5, 0.95]])
        >>> result = Competition((10.0,), [12.0], [1.0], before=torch.full((1, 4), 0.5), after=weights, cpu=1.0)
        >>> result.weak, result.strong, result.outer
        ([0.5], [0.25], [0.75])
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
        return [weak + strong for weak, strong in zip(self.weak, self.strong, strict=True)]

    @property
    def weak(self) -> list[float]:
        """Share of weights within a fifth of the lower bound."""
        return (self.after < 0.2).double().mean(1).tolist()

    @property
    def strong(self) -> list[float]:
        """Share of weights within a fifth of the upper bound."""
        return (self.after > 0.8).double().mean(1).tolist()


def run(
    seconds: float = SECONDS,
    rates: Sequence[float] = RATES,
    a_plus: float = A_PLUS,
    ratio: float = RATIO,
    *,
    copies: int = COPIES,
    inputs: int = INPUTS,
    weight: float | None = None,
    learns: bool = True,
    generator: torch.Generator,
) -> Competition:
    """Lets one neuron for each rate learn, or not, for so many seconds of its time.

    Args:
        seconds: of simulated time; a whole number of them, 1 or more.
        rates: of the excitatory inputs, in Hz, one a neuron.
        a_plus, ratio, copies, inputs: as in `network`.
        weight: where all weights begin, in parts of the largest; None: anywhere between 0 and 1.
        learns: False for weights that stay.
        generator: draws weights and spikes.

    Raises:
        ValueError: `seconds` is no whole number above 0, or a rate cannot be had in steps of 1 ms.

    Example:
        >>> result = run(1, rates=(10.0, 20.0), copies=1, inputs=20, generator=torch.Generator().manual_seed(0))
        >>> result.inputs, result.after.shape, (result.after != result.before).any()
        ((10.0, 20.0), torch.Size([2, 20]), tensor(True))
    """
    if checks.positive("seconds", seconds, "s") != round(seconds):
        raise ValueError(f"seconds must be a whole number of them, as rates are taken second by second, but is {seconds!r} s.")
    if weight is not None and not 0.0 <= weight <= 1.0:
        raise ValueError(f"weight must lie between 0 and 1, parts of the largest, but is {weight!r}. None draws one for each synapse.")
    if not rates:
        raise ValueError("rates must hold one rate at least, in Hz, for each neuron there is to be, but holds none.")
    began = process_time()
    layer, rule = network(len(rates), a_plus, ratio, copies, inputs, generator=generator)
    connection = layer.get_connection("excitation")
    mask = connection.mask.bool()
    if weight is not None:
        connection.weight = mask * weight
    before = connection.weight.detach()[mask].view(len(rates), inputs).clone()
    trains = _simulate(layer, rule if learns else None, round(seconds), rates, generator)
    after = connection.weight.detach()[mask].view(len(rates), inputs).clone()
    late = trains[len(trains) * 2 // 3 :]
    output = (late.double().mean((0, 1)) * 1000.0).tolist()
    return Competition(tuple(rates), output, [_irregularity(each) for each in late.unbind(2)], before, after, process_time() - began)


@torch.inference_mode()
def _simulate(layer: snn.Biclique, rule: snn.STDP | None, seconds: int, rates: Sequence[float], generator: torch.Generator) -> Tensor:
    """What the neurons fire, steps x copies x neurons.

    The network is built before, as torch does not count the changes of a tensor from inference mode: it would be masked at every look.
    """
    copies, inputs = layer.batchsz, layer.get_connection("excitation").mask.shape[1] // len(rates)
    expected = torch.full((1000, copies, len(rates)), float(INHIBITORY))
    trains = torch.zeros(seconds, 1000, copies, len(rates), dtype=torch.bool)
    for second in trains:
        inhibiting = torch.binomial(expected, torch.full_like(expected, INHIBITORY_RATE / 1000.0), generator=generator)
        for fired, arriving, held_back in zip(second, arrivals(rates, 1000, copies, inputs, generator=generator), inhibiting, strict=True):
            fired.copy_(layer({"excitation": arriving, "inhibition": held_back})["neurons"])
            if rule is not None:
                rule()
                layer.update()
    return trains.flatten(0, 1)


def _irregularity(trains: Tensor) -> float:
    intervals = torch.cat([snn.isi(each, 1.0) for each in trains.T])
    return (intervals.std() / intervals.mean()).item() if len(intervals) > 1 else math.nan


def main() -> str:
    """The table of figures, paper and here."""
    learned = run(generator=torch.Generator().manual_seed(0))
    fixed = run(3, weight=0.5, learns=False, generator=torch.Generator().manual_seed(0))

    def each(values: list[float], form: str) -> str:
        return ", ".join(form.format(value) for value in values)

    rows = [
        ("weights in the outer fifths", "most", each([100 * share for share in learned.outer], "{:.0f} %")),
        ("weights in the lower fifth", "more for faster inputs", each([100 * share for share in learned.weak], "{:.0f} %")),
        ("weights in the upper fifth", "fewer for faster inputs", each([100 * share for share in learned.strong], "{:.0f} %")),
        ("output rate", "about 10 to 30 Hz", each(learned.output, "{:.0f} Hz")),
        ("output rate, all weights 0.5", "", each(fixed.output, "{:.0f} Hz")),
        ("variation of intervals", "irregular", each(learned.irregularity, "{:.2f}")),
    ]
    head = f"inputs of {each(list(learned.inputs), '{:.0f}')} Hz, {COPIES} copies, {SECONDS:g} s, {learned.cpu:.0f} s of processor time"
    return "\n".join([f"| figure | paper | {head} |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    print(main())
