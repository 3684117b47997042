"""Learned delays: classes that differ in nothing but the relative times of their spikes are told apart best where delays learn too.

Each class is a random pattern: every channel spikes once, at a time of its own. A sample is the pattern of its class, with jitter, and
begins at a random moment. Counts say nothing, nor does any one channel: only who spikes how long before whom. A readout neuron that forgets
quickly answers to spikes that arrive together; delays can make those of one class do so.

    y_n[t] = Σ_m W[n, m]·x_m(t − d[n, m])  ──►  leaky neuron n  ──►  logit of a class: 5 x the mean number of its neurons' spikes

The claim, of Hammouamri et al. (2024) on spoken digits and words: delays that learn by gradient beat random fixed ones, which beat none.
They learn positions of taps in a kernel over time, read through a Gaussian that is narrowed during training; here a delay is read along the
straight line between two steps, and its gradient is the slope of that line. Bohte, Kok & La Poutré (2002) gave each pair of neurons
several fixed delays, and learned their weights.

What is simplified: their data are no part of this library, so the patterns above stand in; one layer of readouts, no hidden one. Weights
begin the same and are trained alike in every case. Learned delays double what is trained; so there is a fourth case, fixed delays with
twice the readouts, which trains as many numbers.

Reference: Hammouamri, Khalfaoui-Hassani & Masquelier, Learning delays in spiking neural networks using dilated convolutions with learnable
spacings, ICLR (2024); Bohte, Kok & La Poutré, Neurocomputing 48:17 (2002).
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

import snnlab as snn
from snnlab.core import checks
from snnlab.core.brief import Brief

KINDS = {
    "none": "no delays",
    "fixed": "random delays",
    "fixed, twice the readouts": "random delays, twice the readouts",
    "learned": "learned",
}
JITTER, SPAN, LONGEST, ONSET = 1.0, 15.0, 15.0, 5.0  # ms: of each spike, of a pattern, the longest delay, the latest beginning
STEPS = int(SPAN + LONGEST + ONSET) + 5
TAU, THRESHOLD, GAIN = 3.0, 10.0, 25.0  # ms, mV, mV: memory of a readout, and what all its synapses together would raise it by


@dataclass(frozen=True, eq=False, repr=False)
class Outcome(Brief):
    """What one training came to.

    Args:
        kind: one of `KINDS`.
        accuracy: share of new samples that are told right.
        losses: of each epoch, on the samples of the training.
        trained: how many numbers were trained.
        delays: in ms, N x M, after the training; None where there are none.

    Example:
        >>> Outcome("none", accuracy=0.5, losses=(2.0, 1.0), trained=40, delays=None)
        Outcome(kind='none', accuracy=0.5, losses=(2.0, 1.0), trained=40, delays=None)
    """

    kind: str
    accuracy: float
    losses: tuple[float, ...]
    trained: int
    delays: Tensor | None


def draw_samples(patterns: Tensor, each: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Spikes, T x B x M, and labels, B: so many samples of each class.

    Args:
        patterns: when each channel spikes, in ms, classes x M.
        each: samples of each class.
        generator: draws beginnings and jitter.

    Example:
        >>> spikes, labels = draw_samples(torch.tensor([[0.0, 9.0]]), 3, torch.Generator().manual_seed(0))
        >>> spikes.shape, spikes.sum(0)
        (torch.Size([40, 3, 2]), tensor([[1., 1.],
                [1., 1.],
                [1., 1.]]))
    """
    checks.whole("each", each)
    labels = torch.arange(len(patterns)).repeat_interleave(each)
    beginning = torch.rand(len(labels), 1, generator=generator) * ONSET
    times = patterns[labels] + beginning + torch.randn(len(labels), patterns.shape[1], generator=generator) * JITTER
    steps = times.round().long().clamp(0, STEPS - 1).unsqueeze(0)
    return torch.zeros(STEPS, *times.shape).scatter_(0, steps, 1.0), labels


def network(kind: str, classes: int, channels: int, batch: int, generator: torch.Generator) -> snn.Serial:
    """Channels to readouts, two a class or four; a spike of weight w raises a readout by w mV.

    Args:
        kind: one of `KINDS`.
        classes, channels: how many.
        batch: samples at once.
        generator: draws weights and delays.

    Raises:
        ValueError: there is no such kind.

    Example:
        >>> layer = network("learned", 2, 3, 1, torch.Generator().manual_seed(0))
        >>> layer.connection.delay.shape, layer.connection.delay.requires_grad
        (torch.Size([4, 3]), True)
    """
    checks.one_of("kind", kind, tuple(KINDS))
    readouts = classes * (4 if kind == "fixed, twice the readouts" else 2)
    delays = {"delay": LONGEST, "delay_init": lambda zeros: torch.rand(zeros.shape, generator=generator) * LONGEST}
    connection = snn.LinearDense(
        channels,
        readouts,
        1.0,
        synapse=snn.DeltaPlusCurrent.partialconstructor(1.0, interp_mode="linear", inplace=False),
        batch_size=batch,
        weight_init=lambda like: torch.rand(like.shape, generator=generator) * (2 * GAIN / channels),
        **({} if kind == "none" else delays),
    )
    connection.weight.requires_grad_()
    if kind == "learned":
        connection.delay.requires_grad_()
    cells = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -65.0 + THRESHOLD, "refrac_t": 0.0, "time_constant": TAU}
    resistance = 1 / (1 - math.exp(-1 / TAU))
    surrogate = snn.FastSigmoid(width=5.0)
    return snn.Serial(connection, snn.LIF(readouts, 1.0, **cells, resistance=resistance, batch_size=batch, surrogate=surrogate))


def logits(layer: snn.Serial, spikes: Tensor, classes: int) -> Tensor:
    """5 x the mean number of spikes of each class's readouts, B x classes; from rest.

    Args:
        layer: as `network` makes it.
        spikes: T x B x M.
        classes: how many.

    Example:
        >>> layer = network("fixed", 2, 3, 1, torch.Generator().manual_seed(0))
        >>> logits(layer, torch.zeros(40, 1, 3), 2).detach()
        tensor([[0., 0.]])
    """
    layer.clear()
    counts = torch.stack([layer(each) for each in spikes]).sum(0, dtype=torch.float32)
    return 5 * counts.unflatten(1, (classes, -1)).mean(2)


def run(
    kind: str,
    *,
    classes: int = 10,
    channels: int = 10,
    samples: int = 30,
    epochs: int = 40,
    generator: torch.Generator,
) -> Outcome:
    """Trains one network by Adam on all samples at once, and tests it on as many new ones, twice.

    Generators of one seed give every kind the same patterns, the same samples, and, but for twice the readouts, the same first weights.

    Args:
        kind: one of `KINDS`.
        classes, channels: of the patterns.
        samples: of each class in training.
        epochs: steps of the optimiser.
        generator: draws patterns, samples, weights and delays.

    Raises:
        ValueError: there is no such kind.

    Example:
        >>> outcome = run("learned", classes=2, channels=3, samples=4, epochs=2, generator=torch.Generator().manual_seed(0))
        >>> outcome.trained, len(outcome.losses), outcome.delays.shape  # 12 weights and 12 delays
        (24, 2, torch.Size([4, 3]))
    """
    patterns = torch.rand(classes, channels, generator=generator) * SPAN
    spikes, labels = draw_samples(patterns, samples, generator)
    unseen, answers = draw_samples(patterns, 2 * samples, generator)
    layer = network(kind, classes, channels, len(labels), generator)
    groups = [{"params": [layer.connection.weight], "lr": 0.5}]  # mV
    if kind == "learned":
        groups.append({"params": [layer.connection.delay], "lr": 0.2})  # ms
    optimiser, losses = torch.optim.Adam(groups), []
    for _ in range(epochs):
        loss = F.cross_entropy(logits(layer, spikes, classes), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    layer.batchsz = len(answers)
    with torch.no_grad():
        told = logits(layer, unseen, classes).argmax(1)
    trained = sum(each.numel() for group in groups for each in group["params"])
    delays = None if layer.connection.delay is None else layer.connection.delay.detach().clone()
    return Outcome(kind, (told == answers).float().mean().item(), tuple(losses), trained, delays)


def compare(seeds: int = 5, **size: int) -> dict[str, list[Outcome]]:
    """Every kind, once with each seed from 0.

    Args:
        seeds: how many.
        size: what else `run` takes.

    Example:
        >>> found = compare(1, classes=2, channels=3, samples=4, epochs=1)
        >>> [(kind, len(each)) for kind, each in found.items()]
        [('none', 1), ('fixed', 1), ('fixed, twice the readouts', 1), ('learned', 1)]
    """
    checks.whole("seeds", seeds)
    return {kind: [run(kind, generator=torch.Generator().manual_seed(seed), **size) for seed in range(seeds)] for kind in KINDS}


def table(outcomes: dict[str, list[Outcome]]) -> str:
    """Mean accuracy of each kind and its spread over the seeds (standard deviation), as markdown.

    Args:
        outcomes: as `compare` returns them.

    Example:
        >>> print(table({"none": [Outcome("none", 0.5, (), 40, None), Outcome("none", 0.7, (), 40, None)]}))
        | delays | trained numbers | accuracy (%) | spread |
        |---|---|---|---|
        | no delays | 40 | 60.0 | 14.1 |
    """
    rows = ["| delays | trained numbers | accuracy (%) | spread |", "|---|---|---|---|"]
    for kind, each in outcomes.items():
        checks.one_of("outcomes", kind, tuple(KINDS))
        share = torch.tensor([100 * outcome.accuracy for outcome in each])
        spread = share.std().item() if len(each) > 1 else 0.0
        rows.append(f"| {KINDS[kind]} | {each[0].trained} | {share.mean():.1f} | {spread:.1f} |")
    return "\n".join(rows)


def main() -> str:
    """The comparison at full size: ten classes of ten channels, five seeds. The paper's order: learned above random above none."""
    torch.set_num_threads(1)
    return table(compare())


if __name__ == "__main__":
    print(main())
