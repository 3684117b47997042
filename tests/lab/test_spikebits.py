import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from snnlab.lab.spikebits import SpikeBits, neurons_a_bit, spike_bits


@pytest.mark.parametrize(
    ("neurons", "window", "each"),
    [
        (100, 200, 1),
        (400, 1000, 1),  # 400 bits a step are as many as there are
        (401, 200, 2),
        (10_000, 1000, 25),  # 10,000 / 400
        (10_000, 2400, 50),  # 480,000 / 2,400 = 200 bits a step
        (10_000, 50_000, 100),  # never fewer than 100 bits a step
    ],
)
def test_as_few_neurons_share_a_bit_as_the_size_allows(neurons, window, each):
    assert neurons_a_bit(neurons, window) == each


def test_a_bit_is_set_where_any_of_its_neurons_fired():
    spikes = np.zeros((2, 7), dtype=bool)
    spikes[0, [1, 2, 6]] = True  # of the threes 0-2, 3-5 and 6: the first and the last
    spikes[1, 4] = True
    assert spike_bits(spikes, each=3).tolist() == [[0b101], [0b010]]


def test_the_ninth_bit_opens_a_second_byte():
    assert spike_bits(np.eye(1, 9, 8, dtype=bool), each=1).tolist() == [[0, 1]]


@given(hnp.arrays(bool, st.tuples(st.integers(0, 4), st.integers(1, 40))), st.integers(1, 9))
def test_bits_can_be_read_back(spikes, each):
    bits = np.unpackbits(spike_bits(spikes, each), axis=1, bitorder="little").astype(bool)
    for step, row in enumerate(spikes):
        for first in range(0, len(row), each):
            assert bits[step, first // each] == any(row[first : first + each])
    assert not bits[:, -(-spikes.shape[1] // each) :].any()  # what fills the last byte


def test_ten_thousand_neurons_and_a_thousand_steps_are_50_kb_however_much_fires():
    kept = SpikeBits(10_000, 1000)
    kept.add(np.ones((1000, 10_000), dtype=bool))
    assert kept.bits.nbytes == 50_000  # 400 bits a step, for 25 neurons each
    assert (kept.bits == 255).all()
    assert kept.counts.tolist() == [10_000] * 1000


def test_the_oldest_steps_go():
    kept = SpikeBits(2, window=3)
    for row in ([True, False], [False, True], [True, True], [False, False]):
        kept.add(np.array([row]))
    assert kept.bits.tolist() == [[2], [3], [0]]
    assert kept.counts.tolist() == [1, 2, 0]
