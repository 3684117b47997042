"""Handwritten digits that nobody labelled, read by spiking neurons that compete: Diehl & Cook (2015).

The claim: excitatory neurons that learn from spike times alone, hold each other down, and get harder to excite the more they spike, each
take a kind of digit of their own. Labels are looked at after learning only, to say which digit each neuron stands for.

Figures of the paper (MNIST, 60,000 images to learn from, 10,000 held out): 82.9 % of digits read right with 100 neurons, 87.0 % with 400,
91.9 % with 1,600, 95.0 % with 6,400.

What is simplified here, and what differs:

    images          5,000 (4,000 to learn from, 1,000 held out), shown several times each, 16 or 32 at once, for 50 ms instead of 350 ms
                    and a pause; each is scaled to the same Euclidean length, where the paper shows dim images again, brighter
    pixels          spike regularly, in proportion to their brightness and from a random phase, instead of in Poisson trains of up to 64 Hz;
                    a white one of a middling image at 640 Hz: a pixel stands for ten of the paper's fibres
    neurons         currents instead of conductances, a membrane of 20 ms instead of 100 ms, steps of 1 ms instead of 0.5 ms, no delays
    inhibition      inhibition="winner": the first to spike resets all others at once; "group" has the paper's inhibitory neurons
    rule            the paper's equation 3 with μ = 1 (`snnlab.learning.DiehlCookSTDP`); its rate falls tenfold in the course of a run
    weights         keep their Euclidean length after each batch instead of their sum after each image: with thresholds that settle at about
                    the same height, it is then the likeness of image and weights that decides who spikes first, not how many pixels are lit
    thresholds      fall back with 10 s instead of 10,000 s, and rise more at a spike; at the test they are frozen, as in the paper

References: Diehl & Cook, Front. Comput. Neurosci. 9:99 (2015); LeCun et al., Proc. IEEE 86:2278 (1998), MNIST.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from snnlab.connections import LinearDense, LinearDirect, LinearLateral
from snnlab.core import checks
from snnlab.core.brief import Brief
from snnlab.core.tensors import normalize
from snnlab.data import Digits
from snnlab.data import digits as load_digits
from snnlab.encoding import MaxRateClassifier
from snnlab.learning import DiehlCookSTDP
from snnlab.network import RecurrentSerial, Serial
from snnlab.neurons import ALIF, LIF, WinnerALIF
from snnlab.synapses import DeltaCurrent

PAPER = {100: 0.829, 400: 0.870}  # share of held-out digits read right
PIXELS = 784
STEP, SHOWN = 1.0, 50  # ms; steps that an image is shown
BRIGHTNESS, RATE = 9.0, 640.0  # Euclidean length of an image, about that of a middling one; Hz of a pixel of brightness 1
LENGTH = 3.0  # Euclidean length of a neuron's weights
LEARNING = {  # by neurons; the more there are, the less often each one spikes and learns
    100: {"batch_size": 16, "passes": 2, "lr": 0.003},
    400: {"batch_size": 32, "passes": 8, "lr": 0.003},
}


def network(
    neurons: int = 400, *, inhibition: str = "winner", batch_size: int = 1, generator: torch.Generator | None = None
) -> Serial | RecurrentSerial:
    """The network at rest, with random weights: connection "enc2exc", neurons "exc".

    Args:
        neurons: how many excitatory neurons there are.
        inhibition: "group" for the two groups of the paper: each excitatory neuron drives an inhibitory one of its own, "inh", which holds
            down all other excitatory neurons a step later; "winner" for the same without a second group and without the step.
        batch_size: images at once.
        generator: draws the first weights.

    Raises:
        ValueError: there is no such inhibition.

    Example:
        >>> layer = network(10, batch_size=3)
        >>> step(layer, torch.zeros(3, 784, dtype=torch.bool)).shape
        torch.Size([3, 10])
    """
    checks.one_of("inhibition", inhibition, ("winner", "group"))
    feed = LinearDense(
        PIXELS,
        neurons,
        STEP,
        synapse=DeltaCurrent.partialconstructor(0.2),  # pC: on a membrane of 20 ms/20 MΩ = 1 nF, 0.2 mV times the weight
        batch_size=batch_size,
        weight_init=lambda weight: normalize(torch.rand(weight.shape, generator=generator), 2, LENGTH, dim=1),
    )
    feed.defaultupdater()
    membrane = {"rest_v": -65.0, "reset_v": -65.0, "thresh_eq_v": -60.0, "refrac_t": 0.0, "tc_membrane": 20.0, "resistance": 20.0}
    threshold = {"tc_adaptation": 1e4, "spike_increment": 0.0075 * neurons}  # each spikes the less often the more there are
    if inhibition == "winner":
        winners = WinnerALIF(neurons, STEP, **membrane, **threshold, batch_size=batch_size)
        return Serial(feed, winners, connection_name="enc2exc", neuron_name="exc")
    whole = DeltaCurrent.partialconstructor(1.0)
    out = LinearDirect(neurons, STEP, synapse=whole, batch_size=batch_size, weight_init=lambda w: torch.full_like(w, 22.5))
    back = LinearLateral(neurons, STEP, synapse=whole, batch_size=batch_size, weight_init=lambda w: torch.full_like(w, -17.5))
    relay = {"rest_v": -60.0, "reset_v": -45.0, "thresh_v": -40.0, "refrac_t": 2.0, "time_constant": 10.0, "resistance": 10.0}
    return RecurrentSerial(
        feed,
        out,
        back,
        ALIF(neurons, STEP, **membrane, **threshold, batch_size=batch_size),
        LIF(neurons, STEP, **relay, batch_size=batch_size),
        feedfwd_connection_name="enc2exc",
        lateral_connection_name="exc2inh",
        feedback_connection_name="inh2exc",
        feedfwd_neuron_name="exc",
        feedback_neuron_name="inh",
    )


def trainer(layer: Serial | RecurrentSerial, *, lr: float = 0.003) -> DiehlCookSTDP:
    """The rule over the weights from pixels to excitatory neurons. All images of a batch count in full.

    Args:
        layer: as `network` makes it.
        lr: learning rate.

    Example:
        >>> trainer(network(10), lr=0.01).lr
        0.01
    """
    rule = DiehlCookSTDP(lr=lr, tc_pre=20.0, target=0.4, weight_max=1.0, mu=1.0, batch_reduction=torch.sum)
    rule.register_cell("exc", layer.get_cell("enc2exc", "exc"))
    return rule


def spikes_of(images: Tensor, *, steps: int = SHOWN, generator: torch.Generator | None = None) -> Iterator[Tensor]:
    """Regular trains in proportion to brightness, each from a random phase: `steps` tensors B x 784, bool.

    Args:
        images: brightness, 0 or more, B x 784. Each is brought to the same length first.
        steps: how many, of 1 ms.
        generator: draws the phases.

    Example:
        >>> image = torch.zeros(1, 784)
        >>> image[0, :4] = 1.0  # 640 Hz x 9 / √4 is more than a spike a step
        >>> [spikes.sum().item() for spikes in spikes_of(image, steps=3)]
        [4, 4, 4]
    """
    if not (images >= 0).all():
        raise ValueError("images must be brightness, 0 or more everywhere, but hold numbers below 0, or NaN. Take off their least value.")
    rates = (images * (BRIGHTNESS * RATE * STEP / 1000) / images.norm(dim=1, keepdim=True).clamp(min=1e-6)).clamp(max=1.0)
    phase = torch.rand(images.shape, generator=generator)
    for _ in range(steps):
        phase = phase + rates
        spikes = phase >= 1
        phase = phase - spikes.to(phase.dtype)
        yield spikes


def step(layer: Serial | RecurrentSerial, spikes: Tensor) -> Tensor:
    """One step; the spikes of the excitatory neurons, B x neurons.

    Args:
        layer: as `network` makes it.
        spikes: of the pixels, B x 784, bool.

    Example:
        >>> layer = network(10, inhibition="group")
        >>> step(layer, torch.zeros(1, 784, dtype=torch.bool)).any()
        tensor(False)
    """
    out = layer(spikes)
    return out[0] if isinstance(out, tuple) else out


def learn(layer: Serial | RecurrentSerial, rule: DiehlCookSTDP, images: Tensor, *, passes: int, generator: torch.Generator) -> None:
    """Shows all images so many times, in batches and in mixed order; the learning rate falls tenfold on the way.

    Args:
        layer, rule: as `network` and `trainer` make them.
        images: brightness, images x 784; as many as the layer takes at once, or more.
        passes: how often.
        generator: draws order and phases.

    Raises:
        ValueError: there are fewer images than one batch takes, so nothing could be learned.

    Example:
        >>> layer = network(10, batch_size=2, generator=torch.Generator().manual_seed(0))
        >>> images = torch.rand(4, 784, generator=torch.Generator().manual_seed(1))
        >>> learn(layer, trainer(layer), images, passes=1, generator=torch.Generator().manual_seed(2))
        >>> layer.get_connection("enc2exc").weight.norm(dim=1).round(decimals=3)
        tensor([3., 3., 3., 3., 3., 3., 3., 3., 3., 3.])
    """
    feed, first = layer.get_connection("enc2exc"), rule.lr
    if len(images) < feed.batchsz:
        raise ValueError(
            f"images must fill a batch of {feed.batchsz} at least, but there are {len(images)}. Set layer.batchsz = {len(images)}."
        )
    batches = [picks for _ in range(passes) for picks in _batches(len(images), feed.batchsz, generator)]
    for number, picks in enumerate(batches):
        rule.lr = first * 0.1 ** (number / len(batches))
        layer.clear(), rule.clear()
        for spikes in spikes_of(images[picks], generator=generator):
            layer(spikes)
            rule()
            layer.update()
        feed.weight = normalize(feed.weight.clamp(min=0.0), 2, LENGTH, dim=1)
    rule.lr = first


def _batches(count: int, size: int, generator: torch.Generator) -> list[Tensor]:
    """All numbers below a count in mixed order, in batches of one size; what is left over waits for another pass."""
    return list(torch.randperm(count, generator=generator)[: count // size * size].split(size))


def responses(layer: Serial | RecurrentSerial, images: Tensor, *, generator: torch.Generator) -> Tensor:
    """Spikes of every excitatory neuron for every image, with weights and thresholds frozen: images x neurons. Brings the layer to rest.

    Args:
        layer: as `network` makes it.
        images: brightness, images x 784.
        generator: draws phases.

    Example:
        >>> layer = network(10, generator=torch.Generator().manual_seed(0))
        >>> images = torch.rand(4, 784, generator=torch.Generator().manual_seed(1))
        >>> responses(layer, images, generator=torch.Generator().manual_seed(2)).shape
        torch.Size([4, 10])
    """
    training, size, found = layer.training, layer.batchsz, []
    layer.eval()
    for batch in images.split(250):
        layer.batchsz = len(batch)
        found.append(sum(step(layer, spikes).float() for spikes in spikes_of(batch, generator=generator)))
    layer.batchsz = size
    layer.train(training)
    return torch.cat(found)


@dataclass(frozen=True, eq=False, repr=False)
class Result(Brief):
    """What came out of one run.

    Args:
        accuracy: share of held-out digits read right.
        cpu_seconds: processor time of learning.
        weights: neurons x 784, after learning.
        labels: the digit that each neuron was given, after learning.
        predictions: the digit read from each held-out image.

    Example:
        >>> Result(0.75, 1.0, torch.zeros(10, 784), torch.zeros(10), torch.zeros(4))
        Result(accuracy=0.75, cpu_seconds=1.0, weights=float32 10 x 784, labels=float32 10, predictions=float32 4)
    """

    accuracy: float
    cpu_seconds: float
    weights: Tensor
    labels: Tensor
    predictions: Tensor


@torch.no_grad()
def run(
    neurons: int = 100,
    *,
    digits: Digits | None = None,
    batch_size: int = 16,
    passes: int = 2,
    lr: float = 0.003,
    inhibition: str = "winner",
    generator: torch.Generator,
) -> Result:
    """Learns from the training images without labels, names the neurons by their responses to them, and reads the held-out images.

    Args:
        neurons, inhibition: as in `network`.
        digits: images, flat; None: 5,000 of MNIST, a fifth of them held out.
        batch_size: images at once, in learning.
        passes: how often each image is shown.
        lr: learning rate; 0 for the same without learning.
        generator: draws weights, order and phases.

    Raises:
        ValueError: as `network` and `learn`.

    Example:
        >>> from dataclasses import replace
        >>> digits = load_digits(source="mnist", flat=True)
        >>> few = replace(digits, train_images=digits.train_images[:32], train_labels=digits.train_labels[:32])
        >>> result = run(10, digits=few, passes=1, generator=torch.Generator().manual_seed(0))
        >>> result.labels.shape, result.predictions.shape == digits.test_labels.shape
        (torch.Size([10]), True)
    """
    digits = load_digits(source="mnist", flat=True) if digits is None else digits
    layer = network(neurons, inhibition=inhibition, batch_size=batch_size, generator=generator)
    began = time.process_time()
    learn(layer, trainer(layer, lr=lr), digits.train_images, passes=passes, generator=generator)
    seconds = time.process_time() - began
    reader = MaxRateClassifier(neurons, 10)
    reader.update(responses(layer, digits.train_images, generator=generator), digits.train_labels)
    read = reader.classify(responses(layer, digits.test_images, generator=generator))
    weights = layer.get_connection("enc2exc").weight.detach().clone()
    return Result((read == digits.test_labels).double().mean().item(), seconds, weights, reader.assignments, read)


def kmeans(centres: int, digits: Digits, *, seed: int) -> float:
    """The yardstick: k-means on the pixels, each centre named by most of its training images; the share of held-out digits read right.

    Args:
        centres: how many.
        digits: images, flat.
        seed: of the first centres.

    Example:
        >>> digits = load_digits(source="mnist", flat=True)
        >>> 0.5 < kmeans(20, digits, seed=0) < 0.9
        True
    """
    from sklearn.cluster import KMeans  # takes long to import, and only this function needs it

    checks.whole("centres", centres)
    fitted = KMeans(centres, n_init=1, random_state=seed).fit(digits.train_images.numpy())
    train, test = (torch.as_tensor(fitted.predict(images.numpy())).long() for images in (digits.train_images, digits.test_images))
    votes = torch.zeros(centres, 10).index_put_((train, digits.train_labels), torch.tensor(1.0), accumulate=True)
    return (votes.argmax(1)[test] == digits.test_labels).double().mean().item()


def percent(values: list[float]) -> str:
    """Mean and standard deviation of shares, in per cent.

    Args:
        values: two shares or more, 0 to 1.

    Example:
        >>> percent([0.5, 0.7])
        '60.0 ± 14.1 %'
    """
    if len(values) < 2:
        raise ValueError(f"values must hold two shares or more, as one has no standard deviation, but hold {len(values)}. Add some.")
    shares = 100 * torch.tensor(values, dtype=torch.float64)
    return f"{shares.mean():.1f} ± {shares.std():.1f} %"


def main(seeds: int = 3) -> str:
    """The paper's figures beside ours, at full size, as a markdown table."""
    torch.set_num_threads(1)
    digits = load_digits(source="mnist", flat=True)
    lines = ["| held-out digits read right | paper | here | CPU s a training | k-means on the same images |", "|---|---|---|---|---|"]
    for neurons, settings in LEARNING.items():
        runs = [run(neurons, digits=digits, **settings, generator=torch.Generator().manual_seed(seed)) for seed in range(seeds)]
        centres = percent([kmeans(neurons, digits, seed=seed) for seed in range(seeds)])
        longest = max(each.cpu_seconds for each in runs)
        here = percent([each.accuracy for each in runs])
        lines.append(f"| {neurons} neurons, {seeds} seeds | {PAPER[neurons]:.1%} | {here} | at most {longest:.0f} | {centres} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(main())
