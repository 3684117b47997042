"""Work for the few that are not 0 gives what work for all would."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core import events
from snnlab.core.events import by_events, event_product, few, inputs_first


def test_the_weights_of_an_input_lie_side_by_side_and_stay_the_same(monkeypatch):
    monkeypatch.setattr(events, "LARGE", 6)
    assert inputs_first(torch.zeros(1, 5)).stride() == (5, 1)
    weight = torch.arange(6.0).view(2, 3)
    moved = inputs_first(weight)
    assert moved.stride() == (1, 2)
    assert moved.tolist() == [[0, 1, 2], [3, 4, 5]]
    weight[0, 0] = 9.0
    assert moved[0, 0] == 0


@pytest.mark.parametrize(("count", "places"), [(0, []), (2, [0, 1]), (3, None), (16, None)])
def test_few_is_one_in_eight(count, places):
    values = torch.zeros(16)
    values[:count] = -0.5
    found = few(values)
    assert (found if found is None else found.tolist()) == places
    assert few(values != 0) is None if places is None else few(values != 0).tolist() == places


@given(st.lists(st.sampled_from([0.0, 0.0, 0.0, 1.0, -2.5, 1e-30]), min_size=1, max_size=40), st.integers(1, 5))
def test_the_product_by_events_is_the_product(numbers, outputs):
    values = torch.tensor(numbers, dtype=torch.float64).unsqueeze(0)
    weight = inputs_first(torch.rand(outputs, len(numbers), dtype=torch.float64))
    found = event_product(values, weight)
    spiking = sum(number != 0 for number in numbers)
    assert (found is None) == (spiking * 8 > len(numbers))
    if found is not None:
        expected = [[sum(w * x for w, x in zip(row, numbers, strict=True)) for row in weight.tolist()]]
        torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-12, atol=0)


def test_only_large_matrices_with_inputs_first_are_worked_on_by_events_and_never_where_a_gradient_is_recorded():
    large = torch.zeros(256, 128)
    assert large.numel() == events.LARGE
    assert not by_events(inputs_first(large))
    with torch.no_grad():
        assert by_events(inputs_first(large))
        assert not by_events(large)
        assert not by_events(inputs_first(large[:, 1:]))
        assert not by_events(inputs_first(large).to("meta"))
