"""Masquelier, Guyonneau & Thorpe (2008): one neuron finds a pattern that nobody announces, and learns to fire at its very beginning.

2,000 inputs fire at random for minutes. Half of them repeat one stretch of 50 ms, again and again at moments that nothing gives away: no
rate changes, and the other half goes on as before. A neuron that fires at random at first strengthens, by STDP, whatever came just before
its spikes. What happens to come before them again and again is the pattern. Once it is found, each spike strengthens inputs that came
still a little earlier, so the spike moves towards the first milliseconds of the pattern.

    figure                                     paper
    hit rate, last third                       above 98 %
    false alarms, last third                   none
    latency, from the pattern's start          below 10 ms
    runs that meet all three                   96 of 100

What is as in the paper: inputs (54 Hz on average and 10 Hz of noise, half of them in the pattern, a quarter of the time, 1 ms of jitter),
synapses (2.5 ms and a membrane of 10 ms, so that a spike of weight 1 raises the voltage by 1/500 of the way to the threshold), weights
between 0 and 1, all 0.475 at first, and the learning rule with its numbers.

What is simpler: steps of 1 ms, where the paper works from event to event; spikes of both sides in one step count as before and as after.
After a spike the voltage goes as far below rest as the threshold is above, for 5 ms, instead of following a kernel; the currents flow on.
The paper learns for 450 s and looks at the last 150; here 120 s are enough, of which the last 40 count, and `seconds` says how long.

Reference: Masquelier, Guyonneau & Thorpe, Spike timing dependent plasticity finds the start of repeating patterns in continuous spike
trains, PLoS ONE 3:e1377 (2008).
"""

import math
from dataclasses import dataclass
from time import process_time

import torch
from torch import Tensor

import snnlab as snn
from snnlab.core import checks
from snnlab.core.brief import Brief
from snnlab.core.quantity import Quantity, Setting
from snnlab.data import HiddenPattern
from snnlab.learning.base import CellState, IndependentCellTrainer
from snnlab.network import Cell

RATE, RATIO = 2.0**-5, 0.85
"""a₊ of the paper, and a₋/a₊."""
TC_PRE, TC_POST = 16.8, 33.7  # ms
TC_MEMBRANE, TC_SYNAPSE = 10.0, 2.5  # ms
INPUTS, THRESHOLD = 2000, 500.0
"""How many inputs there are, and how many of their spikes, at weight 1 and at once, make the neuron fire."""
REST, HEIGHT = -65.0, 15.0
"""Voltage at rest, and from there to the threshold, in mV. The paper counts in spikes; 15 mV makes a membrane of it."""
SECONDS = 120.0


class FirstAndLast(IndependentCellTrainer):
    """STDP of nearest neighbours on both sides, as the paper has it: a postsynaptic spike pairs with two presynaptic ones and no more.

        ΔW = η_post·exp(−Δt/τ_pre)       with the last one before it
        ΔW = η_pre·exp(−Δt/τ_post)       with the first one after it

    `snn.STDP(trace_mode="nearest")` lets every later presynaptic spike pair with the last postsynaptic one. Where inputs fire more often
    than the neuron that is many: it would be weakened several times a spike, until it fell silent.

    Each synapse keeps a trace of its own of the postsynaptic spikes since its last presynaptic one, so this rule suits few neurons.

    Args:
        lr_post, lr_pre: change by a pair that is simultaneous.
        tc_post, tc_pre: time constants of both sides, in ms.

    Example:
        >>> layer, rule = network(inputs=100, lr=0.1)
        >>> early = torch.arange(100) < 60  # these spike, and make the neuron fire
        >>> for step in range(6):
        ...     fired = layer((early & (step == 0)).unsqueeze(0))
        ...     rule()
        ...     layer.update()
        >>> (layer.connection.weight[0] > 0.475).sum(), (layer.connection.weight[0] < 0.475).sum()
        (tensor(60), tensor(0))
    """

    lr_post = Setting(checks.number, Quantity("", 0.0, 0.1, "weight change at a postsynaptic spike", step=0.0005))
    lr_pre = Setting(checks.number, Quantity("", -0.1, 0.0, "weight change at a presynaptic spike", step=0.0005))
    tc_post = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the postsynaptic trace", log=True))
    tc_pre = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "decay of the presynaptic trace", log=True))

    def __init__(self, lr_post: float, lr_pre: float, tc_post: float, tc_pre: float) -> None:
        super().__init__()
        self.configure(lr_post=lr_post, lr_pre=lr_pre, tc_post=tc_post, tc_pre=tc_pre)

    def build(self, cell: Cell, state: CellState) -> None:
        weight = cell.connection.weight
        state.register_state("last_", torch.zeros(1, weight.shape[1], dtype=weight.dtype))
        state.register_state("open_", torch.zeros_like(weight))

    def step(self, cell: Cell, state: CellState) -> None:
        pre, post = cell.prespike, cell.postspike.to(state.open_.dtype)  # one sample: 1 x M and 1 x N
        dt = cell.connection.dt
        state.last_ = (state.last_ * math.exp(-dt / state.tc_pre)).masked_fill(pre, 1.0)
        waiting = state.open_ * math.exp(-dt / state.tc_post) + post.t()
        cell.updater.weight.add(pos=state.lr_post * post.t() * state.last_, neg=-state.lr_pre * waiting * pre)
        state.open_ = waiting.masked_fill(pre, 0.0)


def charge_of(height: float) -> float:
    """Charge of a spike, in pC, that raises a membrane of 1 MΩ by so many mV at its peak.

    Charge Q gives R·Q/(τ_m − τ_s)·(exp(−t/τ_m) − exp(−t/τ_s)), whose peak is at ln(τ_m/τ_s)·τ_m·τ_s/(τ_m − τ_s). A current that is held for
    a step of 1 ms brings more than its charge, see `snnlab.synapses.exponential`; that is taken off.

    Args:
        height: of the peak, in mV.

    Example:
        >>> round(charge_of(1.0), 2)
        13.08
    """
    checks.number("height", height, "mV")
    apart = TC_MEMBRANE - TC_SYNAPSE
    peak = math.log(TC_MEMBRANE / TC_SYNAPSE) * TC_MEMBRANE * TC_SYNAPSE / apart
    share = math.exp(-peak / TC_MEMBRANE) - math.exp(-peak / TC_SYNAPSE)
    return height * apart / share * TC_SYNAPSE * (1.0 - math.exp(-1.0 / TC_SYNAPSE))


def network(inputs: int = INPUTS, lr: float = RATE) -> tuple[snn.Serial, FirstAndLast]:
    """The neuron with its synapses, and the rule that trains them. Of fewer inputs each counts for more.

    Args:
        inputs: how many.
        lr: a₊; a₋ is 0.85 of it.

    Example:
        >>> layer, rule = network(inputs=100)
        >>> layer.connection.weight.shape, round(rule.lr_pre / rule.lr_post, 2)
        (torch.Size([1, 100]), -0.85)
    """
    checks.whole("inputs", inputs)
    connection = snn.LinearDense(
        inputs,
        1,
        1.0,
        synapse=snn.SingleExponentialCurrent.partialconstructor(charge_of(HEIGHT / THRESHOLD * INPUTS / inputs), TC_SYNAPSE),
        weight_init=lambda default: torch.full_like(default, 0.475),
    )
    voltages = {"rest_v": REST, "reset_v": REST - HEIGHT, "thresh_v": REST + HEIGHT}
    layer = snn.Serial(connection, snn.LIF(1, 1.0, **voltages, refrac_t=5.0, time_constant=TC_MEMBRANE))
    snn.Clamping(connection.defaultupdater(), "parent.weight", min=0.0, max=1.0).register()
    rule = FirstAndLast(lr, -RATIO * lr, tc_post=TC_POST, tc_pre=TC_PRE)
    rule.register_cell("neuron", layer.cell)
    return layer, rule


@dataclass(frozen=True, eq=False, repr=False)
class Found(Brief):
    """What a run gave.

    Args:
        spikes: times of the neuron's spikes, in ms.
        shown: whether the pattern was there, section by section.
        section: length of a section, in ms.
        weights: of all inputs in the end, M.
        members: which inputs took part in the pattern, K.
        cpu: how long it took, in s of processor time.

    Example:
        >>> shown = torch.tensor([True, False, True])
        >>> found = Found(torch.tensor([7, 103, 110]), shown, 50, weights=torch.ones(4), members=torch.tensor([0, 2]), cpu=1.0)
        >>> found.latencies()
        tensor([7., 3.])
    """

    spikes: Tensor
    shown: Tensor
    section: int
    weights: Tensor
    members: Tensor
    cpu: float

    def latencies(self) -> Tensor:
        """Time from the pattern's start to the first spike within it, in ms, for each time that it came; NaN where it was missed."""
        first = torch.full(self.shown.shape, math.nan)
        for time in reversed(self.spikes.tolist()):
            first[time // self.section] = time % self.section
        return first[self.shown]

    def late(self, part: float = 1 / 3) -> "Figures":
        """Hit rate, false alarms and mean latency over the last part of the run."""
        begin = round(len(self.shown) * (1 - part))
        place = self.spikes // self.section
        latencies = self.latencies()[int(self.shown[:begin].sum()) :]
        hits = ~latencies.isnan()
        alarms = int((~self.shown[place] & (place >= begin)).sum())
        return Figures(hits.double().mean().item(), alarms, latencies[hits].mean().item())


@dataclass(frozen=True)
class Figures:
    """The paper's three figures of a run.

    Args:
        hit_rate: share of the times that the pattern came and the neuron fired in it.
        false_alarms: number of spikes while the pattern was not there.
        latency: mean time from the pattern's start to the first spike, in ms.

    Example:
        >>> Figures(0.99, 0, 4.0).success, Figures(0.99, 3, 4.0).success
        (True, False)
    """

    hit_rate: float
    false_alarms: int
    latency: float

    @property
    def success(self) -> bool:
        """Whether the paper would count the run as a success."""
        return self.hit_rate > 0.98 and self.false_alarms == 0 and self.latency < 10.0


@torch.inference_mode()
def run(seconds: float = SECONDS, inputs: int = INPUTS, lr: float = RATE, *, learns: bool = True, generator: torch.Generator) -> Found:
    """Shows the neuron its inputs, section by section, for so many seconds of its own time; it learns all the while, or not at all.

    Args:
        seconds: of simulated time.
        inputs, lr: as in `network`.
        learns: False for weights that stay.
        generator: draws the inputs and the pattern.

    Example:
        >>> found = run(seconds=1.0, inputs=100, generator=torch.Generator().manual_seed(0))
        >>> found.section, found.shown.shape, found.weights.shape
        (50, torch.Size([20]), torch.Size([100]))
    """
    checks.positive("seconds", seconds, "s")
    began = process_time()
    layer, rule = network(inputs, lr)
    source = HiddenPattern(inputs, generator=generator)
    if not (sections := round(seconds * 1000 / source.length)):
        raise ValueError(
            f"seconds must hold a section of the inputs at least, {source.length / 1000:g} s, but is {seconds:g} s. Take more."
        )
    spikes, shown = [], []
    for number, (section, there) in enumerate(source.sections(sections)):
        shown.append(there)
        for step, each in enumerate(section):
            if layer(each.unsqueeze(0)).item():
                spikes.append(number * source.length + step)
            if learns:
                rule()
                layer.update()
    weights = layer.connection.weight.detach()[0].clone()
    times = torch.tensor(spikes, dtype=torch.int64)
    return Found(times, torch.tensor(shown), source.length, weights, source.members, process_time() - began)


def main(seeds: int = 5) -> str:
    """The table of figures, paper and here."""
    runs = [run(generator=torch.Generator().manual_seed(seed)) for seed in range(seeds)]
    figures = [each.late() for each in runs]
    rows = [
        ("hit rate, last third", "above 98 %", ", ".join(f"{100 * each.hit_rate:.1f} %" for each in figures)),
        ("false alarms, last third", "0", ", ".join(str(each.false_alarms) for each in figures)),
        ("latency", "below 10 ms", ", ".join(f"{each.latency:.1f} ms" for each in figures)),
        ("runs that meet all three", "96 of 100", f"{sum(each.success for each in figures)} of {seeds}"),
        ("length of a run", "450 s", f"{SECONDS:g} s, {max(each.cpu for each in runs):.0f} s of processor time at most"),
    ]
    return "\n".join(["| figure | paper | here |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)])


if __name__ == "__main__":
    print(main())
