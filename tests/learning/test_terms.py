"""The terms of learning rules; the products themselves are tested with each rule, against loops over spikes."""

import pytest
import torch

from snnlab.learning.terms import signed


@pytest.mark.parametrize(
    ("rates", "pos", "neg"),
    [((1, -1), 2.0, 3.0), ((-1, 1), 3.0, 2.0), ((1, 1), 5.0, None), ((-1, -1), None, 5.0), ((0, 0), 5.0, None), ((0, -1), 2.0, 3.0)],
)
def test_magnitudes_are_sorted_by_the_signs_of_their_rates(rates, pos, neg):
    found = signed(torch.tensor(2.0), torch.tensor(3.0), *rates)
    assert tuple(None if part is None else part.item() for part in found) == (pos, neg)
