"""Where a sound comes from (Jeffress, J. Comp. Physiol. Psychol. 41:35, 1948): a place for every difference of the ears' times.

What was proposed, and later found in the barn owl. A sound from the left meets the left ear first, by up to 0.7 ms in humans. Fibres of
both ears lock to the phase of the tone. They meet at a row of neurons that fire when spikes arrive together, and the fibres of the left
ear reach those neurons after longer and longer delays, those of the right ear after shorter and shorter ones. Whichever neuron's delays
make up for the difference of the ears' times fires most: where it sits says where the sound is. Such delays, each linear in the place,
were measured by Carr & Konishi (J. Neurosci. 10:3227, 1990).

- With a ladder of delays, the neuron that fires most is linear in the interaural time difference (ITD).
- Nothing in an egg sets delays to a tenth of a millisecond. Gerstner, Kempter, van Hemmen & Wagner (Nature 383:76, 1996) showed that a
  learning rule can find them: from a broad choice of delays, those stay whose spikes arrive together.

Here delays are not chosen: they move. Each of many fibres has a random delay to each neuron, spread over a whole period of the tone, so
at first a neuron prefers nothing much. Sounds come from everywhere; of all neurons only the first to reach its threshold fires, and pulls
the others down, and a threshold that rises with every spike gives each its turn. `DelayAdjustedSTDPD` with a positive rate for what came in
time and a negative one for what came late draws the arrivals of both ears to the spike they belong to: each neuron comes to prefer the ITDs
that it happens to win, and the map is linear again, though it lies in no order. Only differences of delays matter: what all of them gain
together is taken off again, for the rule sees more spikes in time than late, and would make delays longer and longer.

What is simpler here: a tone of 500 Hz, at which the two ends of the human range lie 0.6 ms apart the other way round too; Poisson fibres
that know no refractory time, of a rate exp(κ·cos); point neurons whose membranes forget in 0.3 ms. Delays a period apart are as good as
equal, so the place of a neuron on the map is read from the mean phases of its delays.

What falls short: the places that are learned span less than the ITDs do, as the ends of the range have neighbours on one side only. With
fewer neurons, fibres or sounds at a time than here it gets worse: chance can leave one side of the range to a single neuron.

    from snnlab.published import jeffress1948
    python -m snnlab.published.jeffress1948       at full size, over some seeds
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

import snnlab as snn
from snnlab.core import checks
from snnlab.core.brief import Brief

PERIOD = 2.0  # ms, of a tone of 500 Hz
RANGE = 0.7  # ms, the largest ITD of a human head
RATE, LOCKING = 250.0, 6.0  # Hz of a fibre, and κ of how well it keeps to the phase
LONGEST, MIDDLE = 4.0, 2.0  # ms; the latter is the mean of all delays
MEMBRANE, REFRACTORY = 0.3, 1.0  # ms
VOLLEY = 20.0  # mV, if all fibres of one ear spiked at once: about 10 mV is what they reach in phase
THRESHOLD = 7.0  # mV above rest, of neurons whose delays are to be tested
LEARNER = {"thresh_eq_v": 5.0, "tc_adaptation": 200.0, "spike_increment": 2.0, "inhibition": 1.0}
WINDOW = 0.3  # ms, of the rule


def sound(itds: Tensor, steps: int, step_time: float, fibres: int, generator: torch.Generator, first: int = 0) -> Tensor:
    """Spikes of the fibres of the left and the right ear, steps x samples x (2·fibres), one sample an ITD; from step `first` on.

    An ITD above 0 is that of a sound from the left: the right ear hears it later. Chances follow the phase of a tone of 500 Hz (von Mises).

    Args:
        itds: interaural time differences, in ms, one a sample.
        steps: how many.
        step_time: length of a step, in ms.
        fibres: of each ear.
        generator: draws the spikes.
        first: the step at which the sound is taken up, so that it can be had in pieces.

    Example:
        >>> spikes = sound(torch.tensor([0.0, 0.5]), 10_000, 0.1, 4, torch.Generator().manual_seed(0))
        >>> spikes.shape, 230 < spikes.float().mean() * 10_000 < 270  # Hz
        (torch.Size([10000, 2, 8]), tensor(True))
    """
    checks.positive("step_time", step_time, "ms")
    time = (torch.arange(first, first + steps) * step_time).unsqueeze(1)
    heard = torch.stack([time.expand(-1, len(itds)), time - itds], -1)
    density = RATE / 1000 * step_time / torch.special.i0(torch.tensor(LOCKING))
    chance = density * torch.exp(LOCKING * torch.cos(2 * math.pi * heard / PERIOD))
    return torch.rand(steps, len(itds), 2 * fibres, generator=generator) < chance.repeat_interleave(fibres, -1)


def ladder(detectors: int, fibres: int) -> Tensor:
    """Delays in ms, detectors x (2·fibres), that grow along the row on the left and shrink on the right.

    Args:
        detectors: how many rungs.
        fibres: of each ear; all of an ear have one delay.

    Example:
        >>> ladder(3, 1)
        tensor([[0.6500, 1.3500],
                [1.0000, 1.0000],
                [1.3500, 0.6500]])
    """
    checks.whole("detectors", detectors)
    checks.whole("fibres", fibres)
    half = torch.linspace(-RANGE / 2, RANGE / 2, detectors).unsqueeze(1).expand(-1, fibres)
    return torch.cat([1 + half, 1 - half], 1)


def random_delays(detectors: int, fibres: int, generator: torch.Generator) -> Tensor:
    """Delays in ms, detectors x (2·fibres), anywhere within a period around the middle.

    Args:
        detectors: how many.
        fibres: of each ear.
        generator: draws the delays.

    Example:
        >>> delays = random_delays(3, 2, torch.Generator().manual_seed(0))
        >>> delays.shape, (1.0 <= delays).all() and (delays <= 3.0).all()
        (torch.Size([3, 4]), tensor(True))
    """
    checks.whole("detectors", detectors)
    checks.whole("fibres", fibres)
    return MIDDLE + PERIOD * (torch.rand(detectors, 2 * fibres, generator=generator) - 0.5)


def balanced(delays: Tensor) -> Tensor:
    """Delays in ms without what all have in common: their mean is in the middle again. None leaves the range.

    Args:
        delays: in ms, of any shape.

    Example:
        >>> balanced(torch.tensor([[2.0, 3.0], [3.0, 4.0]]))
        tensor([[1., 2.],
                [2., 3.]])
    """
    return (delays - delays.mean() + MIDDLE).clamp(0.0, LONGEST)


def places(delays: Tensor) -> tuple[Tensor, Tensor]:
    """The ITD that each detector's delays make up for, in ms, and how well its delays agree, 0 to 1: from their mean phases, ear by ear.

    Args:
        delays: in ms, detectors x (2·fibres), those of the left ear first.

    Returns:
        Both, one number a detector.

    Example:
        >>> itd, agreement = places(ladder(3, 2))
        >>> (itd / RANGE).round().tolist(), agreement
        ([-1.0, 0.0, 1.0], tensor([1., 1., 1.]))
    """
    if delays.ndim != 2 or delays.shape[1] % 2:
        raise ValueError(f"delays must be detectors x (2·fibres), as many of each ear, but are of shape {tuple(delays.shape)}.")
    left, right = torch.exp(2j * math.pi * delays / PERIOD).view(len(delays), 2, -1).mean(2).unbind(1)
    return torch.angle(left * right.conj()) * PERIOD / (2 * math.pi), (left.abs() + right.abs()) / 2


def network(delays: Tensor, samples: int, step_time: float, learns: bool) -> snn.Serial:
    """Detectors with these delays; those that learn compete, and adapt.

    Args:
        delays: in ms, detectors x (2·fibres), up to 4 ms.
        samples: sounds at once.
        step_time: length of a step, in ms.
        learns: whether delays can be trained. Then neurons are `WinnerALIF`, else `LIF`.

    Example:
        >>> layer = network(ladder(3, 2), samples=5, step_time=0.1, learns=False)
        >>> layer(torch.ones(5, 4, dtype=torch.bool)).shape
        torch.Size([5, 3])
    """
    count, fibres = len(delays), delays.shape[1] // 2
    synapse = snn.DeltaCurrent.partialconstructor(MEMBRANE * VOLLEY / fibres)  # pC: this over MEMBRANE is the jump of a spike, in mV
    connection = snn.LinearDense(
        2 * fibres, count, step_time, synapse=synapse, delay=LONGEST, batch_size=samples,
        weight_init=torch.ones_like, delay_init=lambda _: delays,
    )  # fmt: skip
    rest = {"rest_v": 0.0, "reset_v": 0.0, "refrac_t": REFRACTORY, "batch_size": samples}
    if not learns:
        return snn.Serial(connection, snn.LIF(count, step_time, thresh_v=THRESHOLD, time_constant=MEMBRANE, **rest))
    connection.defaultupdater(exclude_weight=True)
    return snn.Serial(connection, snn.WinnerALIF(count, step_time, tc_membrane=MEMBRANE, **LEARNER, **rest))


@dataclass(frozen=True, eq=False, repr=False)
class Map(Brief):
    """What detectors with certain delays make of sounds.

    Args:
        itds: of the sounds, in ms.
        places: the ITD that each detector's delays make up for, in ms.
        agreement: how well a detector's delays agree, 0 to 1, on average.
        counts: spikes of each detector, sounds x detectors.
        winners: the place of whoever fired most, for each sound, in ms.
        r: correlation of `winners` and `itds`; 0 where one detector wins all.

    Example:
        >>> found = listen(ladder(7, 10), generator=torch.Generator().manual_seed(0), sounds=5, duration=20.0)
        >>> found.itds, found.agreement
        (tensor([-0.7000, -0.3500,  0.0000,  0.3500,  0.7000]), 1.0)
    """

    itds: Tensor
    places: Tensor
    agreement: float
    counts: Tensor
    winners: Tensor
    r: float


@torch.inference_mode()
def listen(delays: Tensor, *, generator: torch.Generator, sounds: int = 15, duration: float = 100.0, step_time: float = 0.1) -> Map:
    """Plays sounds of ITDs all over the range to detectors that learn nothing, and counts.

    Args:
        delays: in ms, detectors x (2·fibres), up to 4 ms.
        generator: draws the spikes.
        sounds: how many, 2 or more, from one end of the range to the other.
        duration: of a sound, in ms.
        step_time: length of a step, in ms.

    Example:
        >>> found = listen(ladder(7, 10), generator=torch.Generator().manual_seed(0), sounds=5, duration=20.0)
        >>> found.counts.shape, found.r > 0.8
        (torch.Size([5, 7]), True)
    """
    checks.whole("sounds", sounds, least=2)
    if round(checks.positive("duration", duration, "ms") / checks.positive("step_time", step_time, "ms")) < 1:
        raise ValueError(f"duration must hold a step at least, {step_time:g} ms, but is {duration:g} ms. Make it longer.")
    itds = torch.linspace(-RANGE, RANGE, sounds)
    layer, counts = network(delays, sounds, step_time, learns=False), torch.zeros(sounds, len(delays))
    for spikes in sound(itds, round(duration / step_time), step_time, delays.shape[1] // 2, generator):
        counts += layer(spikes)
    found, agreement = places(delays)
    winners = found[counts.argmax(1)]
    r = torch.corrcoef(torch.stack([winners, itds]))[0, 1].nan_to_num()  # where one detector wins all, there is no map
    return Map(itds, found, agreement.mean().item(), counts, winners, r.item())


@torch.inference_mode()
def learn(
    delays: Tensor,
    *,
    generator: torch.Generator,
    duration: float = 200.0,
    samples: int = 16,
    lr: float = 0.3,
    step_time: float = 0.1,
    sound_lasts: float = 20.0,
) -> Tensor:
    """Delays after so many ms of sounds from everywhere, `samples` of them at a time; the last third at a quarter of the rate.

    Args:
        delays: at the beginning, in ms, detectors x (2·fibres), up to 4 ms.
        generator: draws sounds and spikes.
        duration: of all sounds one after another, in ms.
        samples: sounds at once.
        lr: learning rate, in ms a pair.
        step_time: length of a step, in ms.
        sound_lasts: how long each sound does, in ms.

    Returns:
        The delays in the end, of the same shape, in ms.

    Raises:
        ValueError: `sound_lasts` is longer than `duration`, so that there would be no sound.

    Example:
        >>> before = random_delays(4, 10, torch.Generator().manual_seed(0))
        >>> after = learn(before, duration=20.0, samples=4, generator=torch.Generator().manual_seed(1))
        >>> after.shape, (after != before).any(), (after >= 0.0).all() and (after <= 4.0).all()
        (torch.Size([4, 20]), tensor(True), tensor(True))
    """
    if not round(duration / sound_lasts):
        raise ValueError(f"duration must hold a sound at least, {sound_lasts:g} ms (sound_lasts), but is {duration:g} ms. Make it longer.")
    fibres, steps = delays.shape[1] // 2, round(sound_lasts / step_time)
    layer = network(delays, samples, step_time, learns=True)
    rule = snn.DelayAdjustedSTDPD(lr_neg=lr, lr_pos=-lr, tc_neg=WINDOW, tc_pos=WINDOW, inplace=True)
    rule.register_cell("detectors", layer.cell)
    for turn in range(round(duration / sound_lasts)):
        if turn * sound_lasts >= duration * 2 / 3:
            rule.lr_neg, rule.lr_pos = lr / 4, -lr / 4
        itds = (torch.rand(samples, generator=generator) * 2 - 1) * RANGE
        for spikes in sound(itds, steps, step_time, fibres, generator, first=turn * steps):
            layer(spikes)
            rule()
            layer.update()
            layer.connection.delay = balanced(layer.connection.delay)
    return layer.connection.delay.detach().clone()


@dataclass(frozen=True, eq=False, repr=False)
class Localisation(Brief):
    """What one run gives.

    Args:
        ladder: the map by a ladder of delays.
        before, after: the maps by random delays, and by what these have become.
        random, learned: those delays, in ms, detectors x (2·fibres).

    Example:
        >>> size = {"detectors": 4, "fibres": 10, "duration": 20.0, "samples": 2, "listening": 10.0}
        >>> type(run(**size, generator=torch.Generator().manual_seed(0)).ladder).__name__
        'Map'
    """

    ladder: Map
    before: Map
    after: Map
    random: Tensor
    learned: Tensor


def run(
    *,
    generator: torch.Generator,
    detectors: int = 16,
    fibres: int = 40,
    duration: float = 200.0,
    samples: int = 16,
    lr: float = 0.3,
    step_time: float = 0.1,
    listening: float = 100.0,
) -> Localisation:
    """The whole: a ladder listens, random delays listen, learn, and listen again.

    Args:
        generator: draws delays, sounds and spikes.
        detectors: how many.
        fibres: of each ear.
        duration, samples, lr: as in `learn`.
        step_time: length of a step, in ms.
        listening: length of each sound that is listened to, in ms.

    Example:
        >>> size = {"detectors": 4, "fibres": 10, "duration": 20.0, "samples": 2, "listening": 10.0}
        >>> found = run(**size, generator=torch.Generator().manual_seed(0))
        >>> found.learned.shape, found.after.counts.shape
        (torch.Size([4, 20]), torch.Size([15, 4]))
    """
    how = {"generator": generator, "step_time": step_time}
    random = random_delays(detectors, fibres, generator)
    learned = learn(random, duration=duration, samples=samples, lr=lr, **how)
    maps = [listen(delays, duration=listening, **how) for delays in (ladder(detectors, fibres), random, learned)]
    return Localisation(*maps, random, learned)


def main(seeds: int = 5) -> str:
    """The figures over some seeds, as a table."""
    found = [run(generator=torch.Generator().manual_seed(seed)) for seed in range(seeds)]

    def spread(values: list[float]) -> str:
        values = torch.tensor(values)
        return f"{values.mean():.2f} ({values.min():.2f} to {values.max():.2f})"

    lines = ["| figure | paper | here, mean over seeds (range) |", "|---|---|---|"]
    rows = {
        "ladder of delays: r of winner and ITD": ("linear", [each.ladder.r for each in found]),
        "random delays: r of winner and ITD": ("no map", [each.before.r for each in found]),
        "learned delays: r of winner and ITD": ("linear", [each.after.r for each in found]),
        "agreement of a neuron's delays before": ("broad", [each.before.agreement for each in found]),
        "agreement of a neuron's delays after": ("a narrow choice", [each.after.agreement for each in found]),
        "span of learned places, ms (ITDs: 1.4)": ("", [(each.after.places.max() - each.after.places.min()).item() for each in found]),
        "mean of all learned delays, ms (before: 2)": ("", [each.learned.mean().item() for each in found]),
    }
    return "\n".join([*lines, *(f"| {name} | {paper} | {spread(values)} |" for name, (paper, values) in rows.items())])


if __name__ == "__main__":
    print(main())
