import copy
import gc
import pickle
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from snnlab.core.bounds import (
    bound_lower_multiplicative,
    bound_lower_power,
    bound_power,
    bound_scaled_multiplicative,
    bound_sharp,
    bound_upper_power,
    bound_upper_sharp,
)
from snnlab.updates import Accumulator

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
VALUES = st.lists(st.lists(st.integers(0, 50), min_size=3, max_size=3), max_size=6)


def tensor(*values, **kwargs):
    return torch.tensor(values, **kwargs)


def total(rows):
    return [float(sum(column)) for column in zip(*rows, strict=True)] if rows else None


# --------------------------------------------------------------------------------------------------------------------------- gather


@given(pos=VALUES, neg=VALUES)
def test_an_update_is_the_sum_of_all_that_adds_less_the_sum_of_all_that_takes_away(pos, neg):
    accumulator = Accumulator()
    for row in pos:
        accumulator.pos = torch.tensor(row, dtype=torch.float32)
    for row in neg:
        accumulator.neg = torch.tensor(row, dtype=torch.float32)
    assert (accumulator.pos is None, accumulator.neg is None) == (not pos, not neg)
    param = torch.full((3,), 1000.0)
    added, taken = total(pos) or [0, 0, 0], total(neg) or [0, 0, 0]
    assert accumulator(param).tolist() == [1000 + a - t for a, t in zip(added, taken, strict=True)]
    update = accumulator.update(None)  # no bound needs the parameter
    assert (update is None) is (not pos and not neg)
    assert param.tolist() == [1000] * 3


def test_nothing_pending_is_none_and_leaves_the_parameter_itself():
    accumulator, param = Accumulator(), torch.ones(2)
    accumulator.pos = accumulator.neg = None
    accumulator.add()
    assert accumulator.pos is accumulator.neg is accumulator.update(param) is None
    assert accumulator(param) is param


def test_a_single_entry_comes_back_as_it_was():
    accumulator, update = Accumulator(), tensor(1.0, 2.0)
    accumulator.pos = update
    assert accumulator.pos.tolist() == [1, 2]
    assert accumulator.pos.dtype == update.dtype
    assert accumulator.update(None).tolist() == [1, 2]


@pytest.mark.parametrize("reduction", [None, torch.mean])
def test_the_callers_tensors_are_never_changed(reduction):
    accumulator = Accumulator()
    accumulator.reduction(reduction)
    updates = [tensor(1.0, 2.0), tensor(3.0, 4.0), tensor(5.0, 6.0), tensor(7.0, 8.0)]
    for update in updates:
        accumulator.add(update, update)
        accumulator(torch.ones(2))
    accumulator.clear()
    assert [update.tolist() for update in updates] == [[1, 2], [3, 4], [5, 6], [7, 8]]


def test_what_was_read_does_not_change_with_later_entries():
    accumulator, read = Accumulator(), []
    for number in range(4):
        accumulator.pos = tensor(1.0, float(number))
        read.append(accumulator.pos)
    assert [each.tolist() for each in read] == [[1, 0], [2, 1], [3, 3], [4, 6]]


def test_with_the_sum_a_thousand_entries_take_the_memory_of_one():
    accumulator = Accumulator()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(1500):
            accumulator.pos = torch.full((1234,), 1.0)
    gc.collect()
    alive = [each for each in gc.get_objects() if type(each) is torch.Tensor and each.shape == (1234,)]
    assert len(alive) <= 2
    assert accumulator.pos.tolist() == [1500.0] * 1234


def test_another_reduction_keeps_every_entry_and_warns_once_at_a_thousand():
    accumulator, seen = Accumulator(), []
    accumulator.reduction(lambda stack, dim: seen.append((stack.shape, dim)) or stack.amax(dim))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for number in range(999):
            accumulator.pos = tensor(float(number), -1.0)
        assert warned == []
        for number in range(999, 1200):
            accumulator.pos = tensor(float(number), -1.0)
    assert [str(each.message) for each in warned] == ["1000 updates of pos are pending. Call update() after each step, or clear()."]
    assert accumulator.pos.tolist() == [1199, -1]
    assert seen == [((1200, 2), 0)]
    assert accumulator.neg is None


def test_a_mean_divides_by_the_entries_of_its_own_side():
    accumulator = Accumulator()
    accumulator.reduction(torch.mean)
    for value in (1.0, 2.0, 6.0):
        accumulator.pos = tensor(value)
    accumulator.neg = tensor(1.0)
    assert accumulator.update(None).tolist() == [2.0]
    accumulator.reduction()
    accumulator.clear()
    accumulator.add(tensor(1.0))
    accumulator.add(tensor(2.0))
    assert accumulator.pos.tolist() == [3.0]


@pytest.mark.parametrize("dtype", [torch.bool, torch.int64, torch.uint8])
def test_bools_and_whole_numbers_count_as_numbers(dtype):
    # The reference raises here. In torch True + True is True, and 0 − 1 is 255 in uint8.
    accumulator = Accumulator()
    for _ in range(3):
        accumulator.pos = torch.tensor([1, 0], dtype=dtype)
        accumulator.neg = torch.tensor([0, 1], dtype=dtype)
    assert accumulator.update(None).tolist() == [3, -3]
    del accumulator.pos
    assert accumulator(tensor(0.5, 0.5)).tolist() == [0.5, -2.5]
    accumulator.clear()
    accumulator.neg = torch.tensor([1, 0], dtype=dtype)
    assert accumulator.update(None).tolist() == [-1, 0]


@pytest.mark.parametrize("reduction", [None, torch.sum, lambda stack, dim: stack.sum(dim)])
def test_entries_of_different_shapes_are_broadcast(reduction):
    accumulator = Accumulator()
    accumulator.reduction(reduction)
    for update in (torch.tensor(1.0), tensor([10.0], [20.0]), tensor(100.0, 200.0, 300.0)):
        accumulator.pos = update
    assert accumulator(torch.zeros(2, 3)).tolist() == [[111, 211, 311], [121, 221, 321]]


def test_a_graph_is_left_outside():
    accumulator, source = Accumulator(), torch.ones(2, requires_grad=True)
    accumulator.add(source * 2, nn.Parameter(torch.ones(2)))
    accumulator.add(source * 2)
    for tensor in (accumulator.pos, accumulator.neg, accumulator.update(torch.ones(2))):
        assert not tensor.requires_grad


def test_each_side_is_emptied_by_itself():
    accumulator = Accumulator()
    accumulator.add(pos=tensor(1.0), neg=tensor(2.0))
    del accumulator.pos
    assert (accumulator.pos, accumulator.neg.item()) == (None, 2)
    del accumulator.neg, accumulator.pos
    assert accumulator.neg is None
    accumulator.add(tensor(1.0), tensor(2.0))
    accumulator.clear(keep_adaptations=True)
    assert accumulator.update(tensor(5.0)) is None


@pytest.mark.parametrize(("pos", "neg", "name"), [(1.0, None, "pos"), (None, [1.0], "neg"), (torch.ones(1), "1", "neg")])
def test_what_is_no_tensor_is_refused_and_nothing_is_added(pos, neg, name):
    accumulator = Accumulator()
    with pytest.raises(TypeError, match=f"{name} must be a torch.Tensor, but is"):
        accumulator.add(pos, neg)
    assert accumulator.pos is accumulator.neg is None


# --------------------------------------------------------------------------------------------------------------------------- bounds


def pending(pos=None, neg=None):
    accumulator = Accumulator()
    accumulator.add(None if pos is None else tensor(*pos), None if neg is None else tensor(*neg))
    return accumulator


def test_an_upper_bound_scales_what_is_added_only():
    accumulator = pending([1.0, 1.0], [0.5, 0.5])
    accumulator.upperbound(bound_upper_power, 1.0, power=2.0)
    # (1 − 0.5)²·1 − 0.5 and (1 − 0.75)²·1 − 0.5.
    assert accumulator.update(tensor(0.5, 0.75)).tolist() == [-0.25, -0.4375]


def test_a_lower_bound_scales_what_is_taken_away_only():
    accumulator = pending([1.0, 1.0], [0.5, 0.5])
    accumulator.lowerbound(bound_lower_multiplicative, -1.0)
    assert accumulator.update(tensor(1.0, 0.0)).tolist() == [0.0, 0.5]


def test_both_half_bounds_act_together_and_a_missing_side_is_absent():
    accumulator = pending([1.0], [1.0])
    accumulator.upperbound(bound_upper_power, 2.0, power=1.0)
    accumulator.lowerbound(bound_lower_power, -1.0, power=1.0)
    assert accumulator.update(tensor(0.5)).tolist() == [1.5 - 1.5]
    del accumulator.neg
    assert accumulator.update(tensor(0.5)).tolist() == [1.5]
    del accumulator.pos
    assert accumulator.update(tensor(0.5)) is None
    accumulator.neg = tensor(2.0)
    assert accumulator.update(tensor(0.5)).tolist() == [-3.0]


def test_a_full_bound_takes_both_sides_with_zeros_for_a_missing_one():
    seen = []
    accumulator = pending([4.0])
    accumulator.fullbound(lambda *args, **kwargs: seen.append((args, kwargs)) or args[1] - args[2], 1.0, -1.0, share=0.5)
    assert accumulator(tensor(0.25)).tolist() == [4.25]
    (param, pos, neg, highest, lowest), kwargs = seen[0]
    assert (param.item(), pos.item(), neg.tolist(), highest, lowest, kwargs) == (0.25, 4, [0], 1.0, -1.0, {"share": 0.5})


@pytest.mark.parametrize(
    ("bound", "keywords", "expected"),
    [
        (bound_power, {"upper_power": 1.0, "lower_power": 2.0}, 0.25 * 2 - 0.5625 * 4),  # headroom 1/4 above and 3/4 below
        (bound_scaled_multiplicative, {}, 0.25 * 2 - 0.75 * 4),
        (bound_sharp, {}, 2 - 4),
    ],
)
def test_the_full_bounds_of_the_library_fit(bound, keywords, expected):
    accumulator = pending([2.0], [4.0])
    accumulator.fullbound(bound, 1.0, 0.0, **keywords)
    assert accumulator.update(tensor(0.75)).tolist() == pytest.approx([expected])


def test_a_half_bound_drops_a_full_one_and_the_other_way_round():
    accumulator, param = pending([1.0], [1.0]), tensor(2.0)
    accumulator.fullbound(lambda *_: tensor(77.0))
    accumulator.upperbound(bound_upper_sharp, 1.0)
    assert accumulator.update(param).tolist() == [-1]  # above its limit nothing is added
    accumulator.lowerbound(bound_lower_multiplicative, 1.5)
    assert accumulator.update(param).tolist() == [-0.5]
    accumulator.fullbound(lambda *_: tensor(77.0))
    assert accumulator.update(param).tolist() == [77]
    accumulator.lowerbound(None)
    assert accumulator.update(param).tolist() == [0]
    accumulator.upperbound(bound_upper_sharp, 1.0)
    accumulator.fullbound(None)
    assert accumulator.update(param).tolist() == [0]
    accumulator.upperbound(bound_upper_sharp, 1.0)
    accumulator.upperbound(None)
    assert accumulator.update(None).tolist() == [0]


# --------------------------------------------------------------------------------------------------------------- state, copies, devices


def bounded():
    accumulator = pending([1.0], [0.5])
    accumulator.add(tensor(1.0))
    accumulator.upperbound(bound_upper_power, 1.0, power=1.0)
    accumulator.lowerbound(bound_lower_power, 0.0, power=1.0)
    return accumulator


def test_pending_updates_are_neither_state_nor_parameters():
    accumulator = bounded()
    assert list(accumulator.state_dict()) == list(accumulator.parameters()) == list(accumulator.buffers()) == []


@pytest.mark.parametrize("way", [copy.deepcopy, lambda accumulator: pickle.loads(pickle.dumps(accumulator))])
def test_a_copy_has_bounds_and_pending_updates_of_its_own(way):
    accumulator = bounded()
    copied = way(accumulator)
    assert copied.update(tensor(0.5)).tolist() == [0.5 * 2 - 0.5 * 0.5]
    copied.add(tensor(5.0))
    copied.add(tensor(5.0))
    assert (accumulator.pos.tolist(), copied.pos.tolist()) == ([2], [12])
    copied.upperbound(None)
    assert accumulator.update(tensor(0.5)).tolist() == [0.75]
    full = Accumulator()
    full.fullbound(bound_sharp, 1.0, 0.0)
    full.add(tensor(1.0))
    assert way(full).update(tensor(2.0)).tolist() == [0]


@pytest.mark.parametrize("device", DEVICES)
def test_pending_updates_move_with_the_module(device):
    accumulator = bounded().to(device, torch.float16)
    accumulator.upperbound(None)
    accumulator.add(torch.ones(1, device=device, dtype=torch.float16))
    assert (accumulator.pos.dtype, accumulator.pos.device.type, accumulator.pos.item()) == (torch.float16, device, 3)
