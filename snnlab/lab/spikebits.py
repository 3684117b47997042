"""The spikes of a window as bits: what a raster sends at every frame, small and of one size however much fires.

One bit stands for a step and for `each` neurons, and is set where any of them fired; eight of them lie in a byte, the first in its lowest
bit. With at most 400 bits a step, 10,000 neurons in a window of 1,000 steps are 25 neurons a bit, and 50 kB.
"""

import math

import numpy as np

MOST, LEAST, WHOLE = 400, 100, 480_000


def neurons_a_bit(neurons: int, window: int) -> int:
    """How many neurons share a bit: as few as make at most 400 bits a step, or 480,000 in the window (60 kB), but not below 100 a step.

    Example:
        >>> neurons_a_bit(400, 1000), neurons_a_bit(10_000, 1000)
        (1, 25)
    """
    return math.ceil(neurons / max(LEAST, min(MOST, WHOLE // window)))


def spike_bits(spikes: np.ndarray, each: int) -> np.ndarray:
    """Spikes as bits.

    Shape:
        spikes: (T, N), of booleans  ->  (T, ceil(N / each / 8)), of bytes.

    Example:
        >>> spike_bits(np.array([[True, False, False, False, True]]), each=2).tolist()  # 1 + 4: the first and the third pair
        [[5]]
    """
    if each > 1:
        spikes = np.logical_or.reduceat(spikes, np.arange(0, spikes.shape[1], each), axis=1)
    return np.packbits(spikes, axis=1, bitorder="little")


class SpikeBits:
    """The last `window` steps as bits. Only new steps are looked at: a look at all of them at every frame would cost more than a step.

    Args:
        neurons: how many there are.
        window: steps to keep.

    Attributes:
        each: neurons that share a bit.
        bits: window x bytes, oldest first; nothing is set before the first step.
        counts: spikes in each step, of all neurons.

    Example:
        >>> kept = SpikeBits(neurons=3, window=2)
        >>> kept.add(np.array([[True, False, True]]))
        >>> kept.bits.tolist(), kept.counts.tolist()
        ([[0], [5]], [0, 2])
    """

    def __init__(self, neurons: int, window: int) -> None:
        self.each = neurons_a_bit(neurons, window)
        self.bits = spike_bits(np.zeros((window, neurons), dtype=bool), self.each)
        self.counts = np.zeros(window, dtype=int)

    def add(self, spikes: np.ndarray) -> None:
        """Adds steps, at most a window of them; as many of the oldest go."""
        self.bits = np.concatenate([self.bits[len(spikes) :], spike_bits(spikes, self.each)])
        self.counts = np.concatenate([self.counts[len(spikes) :], spikes.sum(1)])
