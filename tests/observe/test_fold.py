"""A reducer of one's own: a fold and, if wanted, an interpolation."""

import torch

import snnlab as snn


class Summing(snn.FoldReducer):
    """Sums two inputs and all before; remembers what it was called with."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seen = []

    def fold(self, one, other, state):
        self.seen.append((one, other, state))
        return one + other + (0 if state is None else state)

    def interpolate(self, prev_data, next_data, sample_at, step_time):
        return prev_data + 100 * sample_at + 10 * next_data + step_time


def number(value):
    return torch.tensor([[float(value)]])


def test_a_fold_gets_none_at_first_and_then_the_newest_state():
    reducer = Summing(0.5, 2.0)
    reducer(number(1), number(2))
    reducer(number(3), number(4))
    reducer(number(5), number(6))
    assert [None if state is None else state.item() for _, _, state in reducer.seen] == [None, 3.0, 10.0]
    assert reducer.dump().flatten().tolist() == [21.0, 10.0, 3.0, 0.0]


def test_between_two_steps_its_own_interpolation_is_asked_with_ms_from_the_older():
    reducer = Summing(0.5, 2.0)
    reducer(number(1), number(0))
    reducer(number(1), number(0))
    # States 1, then 2. 0.4 ms back is 0.1 ms after the older: 1 + 100·0.1 + 10·2 + 0.5.
    assert reducer.view(torch.tensor([[0.4]])).item() == 31.5
    assert reducer.view(torch.tensor([[0.5]])).item() == 1.0
    assert reducer.view(torch.tensor([[0.45]]), tolerance=0.1).item() == 1.0


def test_the_history_is_filled_before_the_first_observation():
    reducer = Summing(1.0, 3.0, fill=-7.0)
    reducer(number(1), number(1))
    assert reducer.dump().flatten().tolist() == [2.0, -7.0, -7.0]
    reducer.clear(keepshape=True)
    assert reducer.dump().flatten().tolist() == [-7.0] * 3
    reducer(number(1), number(1))
    assert reducer.peek().item() == 2.0


def test_several_times_an_element_are_read_at_once():
    reducer = Summing(1.0, 4.0)
    for _ in range(3):
        reducer(number(1), number(0))
    assert reducer.view(torch.tensor([[[0.0, 1.0, 2.0]]])).tolist() == [[[3.0, 2.0, 1.0]]]
