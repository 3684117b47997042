import pytest
import torch

from snnlab.network.rows import Rows


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("count", [1, 63, 64, 65, 200])
def test_rows_come_back_in_order_whether_or_not_their_number_was_known(known, count):
    rows = Rows("x", count if known else None)
    for step in range(count):
        rows.add(torch.tensor([[step, -step]]))
    assert rows.stacked().tolist() == [[[step, -step]] for step in range(count)]


def test_a_known_number_of_rows_is_allocated_once():
    rows = Rows("x", 100)
    rows.add(torch.zeros(3))
    place = rows.stacked  # not yet all: a copy
    assert place().shape == (1, 3)
    before = rows._kept.data_ptr()
    for _ in range(99):
        rows.add(torch.ones(3))
    assert rows.stacked().data_ptr() == before


def test_an_unknown_number_of_rows_moves_seldom_and_holds_no_spare_memory_in_the_end():
    rows, places = Rows("x"), set()
    for _ in range(1000):
        rows.add(torch.zeros(3))
        places.add(len(rows._kept))
    assert places == {64, 128, 256, 512, 1024}
    assert rows.stacked().untyped_storage().nbytes() == 1000 * 3 * 4


def test_what_is_added_is_copied():
    value, rows = torch.zeros(2), Rows("x", 2)
    rows.add(value)
    value += 1
    rows.add(value)
    value += 1
    assert rows.stacked().tolist() == [[0.0, 0.0], [1.0, 1.0]]


def test_the_kind_stays():
    rows = Rows("x")
    rows.add(torch.tensor([True]))
    assert rows.stacked().dtype == torch.bool
    with pytest.raises(ValueError, match=r"'x' must keep its shape and dtype through a run, \(1,\), bool, but became \(2,\), bool"):
        rows.add(torch.tensor([True, False]))
    with pytest.raises(ValueError, match=r"but became \(1,\), float32"):
        rows.add(torch.tensor([1.0]))
    assert rows.stacked().tolist() == [[True]]


def test_a_graph_is_kept_also_where_it_begins_late():
    weight, rows = torch.tensor([2.0], requires_grad=True), Rows("x", 3)
    rows.add(torch.tensor([5.0]))
    rows.add(weight * 3)
    rows.add(torch.tensor([7.0]))
    stacked = rows.stacked()
    assert stacked.tolist() == [[5.0], [6.0], [7.0]]
    (gradient,) = torch.autograd.grad(stacked.sum(), weight)
    assert gradient.tolist() == [3.0]
