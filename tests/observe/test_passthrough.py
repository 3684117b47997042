"""Observations kept as they are, against a plain list."""

import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn


@given(
    values=st.lists(st.integers(-9, 9), min_size=1, max_size=12),
    slots=st.integers(1, 5),
    dt=st.sampled_from([0.1, 0.25, 0.3, 1.0]),
)
def test_the_last_observations_are_a_plain_list_of_the_past(values, slots, dt):
    reducer = snn.PassthroughReducer(dt, duration=slots * dt)
    for value in values:
        reducer(torch.tensor([[float(value)]]))
    past = (values[::-1] + [0] * slots)[:slots]
    assert reducer.dump().flatten().tolist() == past
    assert reducer.peek().item() == reducer.latest.item() == values[-1]
    for back in range(slots):
        assert reducer.view(back * dt).item() == past[back]


@given(values=st.lists(st.integers(-9, 9), min_size=4, max_size=4), share=st.floats(0.01, 0.99))
def test_between_two_steps_the_older_observation_holds(values, share):
    reducer = snn.PassthroughReducer(0.5, duration=2.0)
    for value in values:
        reducer(torch.tensor([[float(value)]]))
    for back in range(3):
        assert reducer.view(torch.tensor([[(back + share) * 0.5]])).item() == values[::-1][back + 1]
