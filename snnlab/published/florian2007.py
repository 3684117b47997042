"""XOR learned from reward alone (Florian 2007).

Claim: a network of spiking neurons learns XOR when all it is told is a global reward for single spikes of its one output neuron, by STDP
whose sign the reward sets: MSTDP, and MSTDPET, which remembers for 25 ms what could be rewarded.

    60 inputs, 30 for each bit          Poisson spikes of 40 Hz for a 1, none for a 0; every other input is inhibitory
    60 hidden neurons, 1 output         τ dV/dt = −(V − V_rest), τ = 20 ms; a spike moves V by its weight; −70 mV at rest, −54 at a spike
    weights                             excitatory 0 to 5 mV, inhibitory −5 to 0 mV, at first uniform in these bounds
    reward                              at each spike of the output: +1 where XOR is true, −1 where it is false
    rules                               A = ±1, τ₊ = τ₋ = 20 ms, τ_z = 25 ms; rates 0.1 mV (MSTDP), 0.625 mV (MSTDPET); see below
    an experiment                       each of the four patterns 200 times, for 500 ms
    it has learned if                   the output fires less for 1,1 than for 0,1 and for 1,0 (for 0,0 nothing ever spikes)

Reference: R. V. Florian, Neural Computation 19:1468 (2007), section on XOR with rate-coded input: nearly all experiments learn it with
either rule.

What is simplified: patterns are not shown one after the other in random order, but all four at once and some samples of each, as one batch
with a reward for each sample, from rest; weights change at every step by the sum over the batch. As in the paper, a step is 1 ms, and a
spike takes one step to act.

Each of the 8 samples learns for 25 rounds of 500 ms, so that a pattern is shown for the 100 s of the paper, in 32 times fewer steps. What
differs for it are the rates: where patterns fall silent for long there is nothing to reward, and at the paper's rates, with such large
batches, some did. So hidden neurons learn at 0.3 mV (MSTDP) and 0.2 mV (MSTDPET) here, and the output at a tenth of it.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from snnlab.connections import LinearDense
from snnlab.core import checks
from snnlab.core.brief import Brief
from snnlab.core.module import Module
from snnlab.learning import MSTDP, MSTDPET, RewardedTrainer
from snnlab.network import Serial
from snnlab.neurons import LIF
from snnlab.synapses import DeltaCurrent
from snnlab.updates import Clamping

STEP, TAU, BOUND, RATE = 1.0, 20.0, 5.0, 40.0  # ms, ms, mV, Hz
PATTERNS = ((0, 0), (0, 1), (1, 0), (1, 1))
XOR = (False, True, True, False)
RULES = {
    "MSTDP": lambda: MSTDP(lr_post=0.3, lr_pre=-0.3, tc_post=20.0, tc_pre=20.0),
    "MSTDPET": lambda: MSTDPET(lr_post=0.2, lr_pre=-0.2, tc_post=20.0, tc_pre=20.0, tc_eligibility=25.0),
}
OUTPUT = {"MSTDP": {"lr_post": 0.03, "lr_pre": -0.03}, "MSTDPET": {"lr_post": 0.02, "lr_pre": -0.02}}  # mV: what differs at the output


class StepLater(Module):
    """Hands on the currents of the step before: a spike takes a step to act, so that it comes before what it causes.

    Args:
        shape: of the currents, batch first.

    Example:
        >>> later = StepLater((1, 1))
        >>> [later(torch.tensor([[value]])).item() for value in (1.0, 2.0, 3.0)]
        [0.0, 1.0, 2.0]
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.register_state("current_", torch.zeros(shape))

    def forward(self, current: Tensor) -> Tensor:
        """One step."""
        before, self.current_ = self.current_, current
        return before


def layer(inputs: int, outputs: int, sign: Tensor, batch_size: int, generator: torch.Generator | None) -> Serial:
    """Neurons and their inputs, with random weights of the given signs, which they keep, up to the bound.

    Args:
        inputs, outputs: how many.
        sign: 1 and -1, 1 x inputs: of the weights from each input.
        batch_size: samples at once.
        generator: draws the weights.

    Example:
        >>> cells = layer(2, 3, torch.tensor([[1.0, -1.0]]), 4, torch.Generator().manual_seed(0))
        >>> cells(torch.ones(4, 2, dtype=torch.bool)).shape, cells.connection.weight.sign()
        (torch.Size([4, 3]), tensor([[ 1., -1.],
                [ 1., -1.],
                [ 1., -1.]]))
    """
    checks.shaped("sign", sign, (1, inputs), "1 x inputs")
    connection = LinearDense(
        inputs,
        outputs,
        STEP,
        synapse=DeltaCurrent.partialconstructor(1.0),  # 1 pC in a step of 1 ms: a weight of w is a current of w nA for a step
        batch_size=batch_size,
        weight_init=lambda weight: BOUND * sign * torch.rand(weight.shape, generator=generator),
    )
    connection.sign = sign
    connection.bounds = Clamping(connection.defaultupdater(), "parent.weight", min=-BOUND, max=BOUND)
    connection.bounds.register()
    membrane = {"rest_v": -70.0, "reset_v": -70.0, "thresh_v": -54.0, "refrac_t": 0.0, "time_constant": TAU}
    resistance = 1 / (1 - math.exp(-STEP / TAU))  # MΩ: within a step, a current of w nA moves the voltage by w mV
    neurons = LIF(outputs, STEP, **membrane, resistance=resistance, batch_size=batch_size)
    return Serial(connection, neurons, transform=StepLater((batch_size, outputs)))


def network(inputs: int = 60, hidden: int = 60, *, batch_size: int = 32, generator: torch.Generator | None = None) -> tuple[Serial, Serial]:
    """The two layers at rest: inputs to hidden neurons, and these to the output.

    Args:
        inputs: even number of inputs, a half for each bit.
        hidden: number of hidden neurons.
        batch_size: samples at once.
        generator: draws the first weights.

    Raises:
        ValueError: `inputs` is odd.

    Example:
        >>> hidden, output = network(4, 3, batch_size=2)
        >>> output(hidden(torch.ones(2, 4, dtype=torch.bool))).shape
        torch.Size([2, 1])
    """
    if checks.whole("inputs", inputs, least=2) % 2:
        raise ValueError(f"inputs must be an even number, a half for each bit, but is {inputs}. Take one more or one less.")
    signs = torch.tensor([1.0, -1.0]).repeat(inputs // 2).unsqueeze(0)
    return (
        layer(inputs, hidden, signs, batch_size, generator),
        layer(hidden, 1, torch.ones(1, hidden), batch_size, generator),
    )


def trainer(layers: tuple[Serial, Serial], rule: str = "MSTDPET") -> RewardedTrainer:
    """One rule over the weights of both layers; the same reward reaches both.

    Args:
        layers: as `network` makes them.
        rule: "MSTDP" or "MSTDPET".

    Example:
        >>> trainer(network(4, 3), "MSTDP").tc_post
        20.0
    """
    checks.one_of("rule", rule, tuple(RULES))
    learner, (hidden, output) = RULES[rule](), layers
    learner.register_cell("hidden", hidden.cell)
    learner.register_cell("output", output.cell, **OUTPUT[rule])
    return learner


def show(
    layers: tuple[Serial, Serial], learner: RewardedTrainer | None, rewards: Tensor, duration: int, generator: torch.Generator | None
) -> Tensor:
    """One round: all patterns at once, from rest. Returns the rate of the output for each of the four, in Hz.

    Args:
        layers: the network.
        learner: what learns from it; None: the weights stay.
        rewards: of a spike of the output, one a pattern, such as 1 or -1.
        duration: length of a round, in ms.
        generator: draws the inputs.

    Raises:
        ValueError: the network's batch is no multiple of the number of patterns, or `rewards` are not one a pattern.

    Example:
        >>> layers = network(4, 3, batch_size=4)
        >>> show(layers, None, torch.tensor([-1.0, 1.0, 1.0, -1.0]), duration=50, generator=torch.Generator().manual_seed(0)).shape
        torch.Size([4])
    """
    if layers[0].connection.batchsz % len(PATTERNS):
        raise ValueError(
            f"layers must take whole sets of the {len(PATTERNS)} patterns, so a batch_size that {len(PATTERNS)} divides, "
            f"but theirs is {layers[0].connection.batchsz}. Set layer.batchsz of both."
        )
    checks.positive("duration", duration, "ms")
    checks.shaped("rewards", rewards, (len(PATTERNS),), "one a pattern")
    (hidden, output), batch = layers, layers[0].connection.batchsz
    copies, half = batch // len(PATTERNS), hidden.connection.insize() // 2
    chance = torch.tensor(PATTERNS).repeat_interleave(half, 1).repeat(copies, 1) * (RATE * STEP / 1000)
    told, spikes = rewards.repeat(copies), torch.zeros(batch)
    for module in (*layers, *([] if learner is None else [learner])):
        module.clear()
    for _ in range(round(duration / STEP)):
        spiked = output(hidden(torch.rand(chance.shape, generator=generator) < chance)).squeeze(1)
        spikes += spiked
        if learner is not None:
            learner(told * spiked)
            learner.update()
    return spikes.view(copies, len(PATTERNS)).mean(0) * (1000 / duration)


def drive(layers: tuple[Serial, Serial]) -> Tensor:
    """The sum of the weights from either bit to each hidden neuron: 2 x hidden, in mV.

    Args:
        layers: as `network` makes them.

    Example:
        >>> drive(network(4, 3)).shape
        torch.Size([2, 3])
    """
    return torch.stack([half.sum(1) for half in layers[0].connection.weight.detach().chunk(2, 1)])


@dataclass(frozen=True, eq=False, repr=False)
class Experiment(Brief):
    """How an experiment went.

    Args:
        rates: of the output for 00, 01, 10 and 11, in Hz: a row a round, before what it learned from it is complete.
        before: the same of the untaught network.
        after: the same of the network at the end, which learns no more.
        drives: what each hidden neuron gets from either bit, the sum of its weights, in mV: at the beginning and at the end.

    Shape:
        drives: 2 x 2 x hidden, moment by bit by neuron

    Example:
        >>> Experiment(rates=(), before=(0.0,) * 4, after=(0.0, 60.0, 70.0, 20.0), drives=torch.zeros(2, 2, 3)).learned
        True
    """

    rates: tuple[tuple[float, ...], ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    drives: Tensor

    @property
    def learned(self) -> bool:
        """Whether the output tells XOR by its rate at the end."""
        return tells_xor(self.after)


def tells_xor(rates: tuple[float, ...]) -> bool:
    """The criterion of the paper: 11 makes fewer spikes than 01 and than 10.

    Args:
        rates: of the output for 00, 01, 10 and 11, in Hz.

    Example:
        >>> tells_xor((0.0, 90.0, 80.0, 20.0)), tells_xor((0.0, 90.0, 10.0, 20.0))
        (True, False)
    """
    if len(rates) != len(PATTERNS):
        raise ValueError(f"rates must hold four, for 00, 01, 10 and 11, in Hz, but hold {len(rates)}.")
    return rates[3] < min(rates[1], rates[2])


@torch.no_grad()
def run(
    rule: str = "MSTDPET",
    *,
    rounds: int = 25,
    duration: int = 500,
    truth: tuple[bool, ...] = XOR,
    inputs: int = 60,
    hidden: int = 60,
    copies: int = 8,
    generator: torch.Generator | None = None,
) -> Experiment:
    """One experiment with a network of its own.

    Args:
        rule: "MSTDP" or "MSTDPET".
        rounds: how often all patterns are shown.
        duration: of a round, in ms.
        truth: for which of the patterns 00, 01, 10, 11 a spike of the output is rewarded; for the others it is punished.
        inputs, hidden: sizes of the network.
        copies: samples of each pattern in a round.
        generator: draws weights and inputs.

    Raises:
        ValueError: there is no such rule, `inputs` is odd, or `truth` does not say one thing of each pattern.

    Example:
        >>> result = run(rounds=2, duration=50, inputs=4, hidden=3, copies=1, generator=torch.Generator().manual_seed(0))
        >>> len(result.rates), len(result.after), result.drives.shape
        (2, 4, torch.Size([2, 2, 3]))
    """
    checks.whole("rounds", rounds, least=0)
    checks.whole("copies", copies)
    layers = network(inputs, hidden, batch_size=copies * len(PATTERNS), generator=generator)
    learner, rewards = trainer(layers, rule), torch.tensor([1.0 if true else -1.0 for true in truth])
    before, first = show(layers, None, rewards, duration, generator), drive(layers)
    rates = [tuple(show(layers, learner, rewards, duration, generator).tolist()) for _ in range(rounds)]
    after = show(layers, None, rewards, duration, generator)
    return Experiment(tuple(rates), tuple(before.tolist()), tuple(after.tolist()), torch.stack((first, drive(layers))))


def main(experiments: int = 6, **size: int) -> str:
    """A table of what came out at full size; 12 experiments of about half a minute each, on a core of its own."""
    lines = ["| figure | paper | here |", "| --- | --- | --- |"]
    for rule in RULES:
        ran = [run(rule, generator=torch.Generator().manual_seed(seed), **size) for seed in range(experiments)]
        told = sum(tells_xor(one.before) for one in ran)
        found = sum(one.learned for one in ran)
        mean = [sum(one.after[pattern] for one in ran) / experiments for pattern in range(4)]
        lines += [
            f"| {rule}: experiments that learn XOR | nearly all | {found} of {experiments} ({told} before learning) |",
            f"| {rule}: mean rates of the output for 00, 01, 10, 11 | higher where true | {', '.join(f'{each:.0f}' for each in mean)} Hz |",
        ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
