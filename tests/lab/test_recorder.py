import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.lab.recorder import Recorder


@given(st.integers(1, 7), st.lists(st.booleans(), max_size=40))
def test_the_last_steps_are_there_however_seldom_they_are_fetched(window, fetches):
    step = torch.zeros(2)
    recorder = Recorder(window)
    recorder.follow("a", lambda: step, 2)
    recorder.follow("b", lambda: step[:1] > 2, 1)  # a bool beside a float
    for fetch in fetches:
        step = step + 1
        recorder.record()
        if fetch:
            recorder.fetch()
    recorder.fetch()
    seen = list(range(1, len(fetches) + 1))[-window:]
    wanted = [np.nan] * (window - len(seen)) + seen
    np.testing.assert_array_equal(recorder.rows("a"), np.array([wanted, wanted]).T)
    np.testing.assert_array_equal(recorder.rows("b")[window - len(seen) :, 0], [float(n > 2) for n in seen])


def test_a_frame_costs_one_copy(monkeypatch):
    monkeypatch.setattr("snnlab.lab.recorder._here", lambda part: False)  # as on a GPU
    recorder = Recorder(4)
    recorder.follow("a", lambda: torch.ones(3), 3)
    recorder.follow("b", lambda: torch.ones(2) > 0, 2)
    recorder.look("weights", lambda: torch.ones(3, 2))
    for _ in range(6):
        recorder.record()
    copies, cpu = [], torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda self: copies.append(self.shape) or cpu(self))
    recorder.fetch()
    assert copies == [torch.Size([4 * 5 + 6])]
    assert recorder.still("weights").tolist() == [[1, 1], [1, 1], [1, 1]]
    assert recorder.rows("a").tolist() == [[1, 1, 1]] * 4
    assert recorder.rows("b").tolist() == [[1, 1]] * 4


def test_what_was_not_seen_in_a_step_is_unknown():
    values = iter([torch.tensor([5.0]), None])
    recorder = Recorder(2)
    recorder.follow("now and then", lambda: next(values), 1)
    recorder.record()
    recorder.record()
    recorder.fetch()
    np.testing.assert_array_equal(recorder.rows("now and then")[:, 0], [5.0, np.nan])


def test_a_record_is_no_view_of_the_state():
    state = torch.ones(1)
    recorder = Recorder(2)
    recorder.follow("state", lambda: state, 1)
    recorder.record()
    state += 1
    recorder.record()
    recorder.fetch()
    assert recorder.rows("state")[:, 0].tolist() == [1.0, 2.0]


def test_what_lasts_is_not_copied_and_no_graph_is_kept():
    weight = torch.ones(1, requires_grad=True)
    made = []
    recorder = Recorder(2)
    recorder.follow("lasting", lambda: made.append(2 * weight) or made[-1], 1, lasts=True)
    recorder.record()
    kept = recorder._new[0][0]
    assert kept.data_ptr() == made[0].data_ptr()
    assert not kept.requires_grad


def test_of_steps_that_no_frame_fetched_only_a_window_is_kept():
    recorder = Recorder(3)
    recorder.follow("one", lambda: torch.ones(1), 1)
    for _ in range(10):
        recorder.record()
    assert len(recorder._new) == 3


def test_another_size_than_at_first_is_an_error_not_a_shift_of_all_others():
    sizes = iter([2, 3])
    recorder = Recorder(2)
    recorder.follow("grows", lambda: torch.ones(1, next(sizes)), 2)
    recorder.follow("other", lambda: torch.ones(2), 2)
    recorder.record()
    recorder.record()
    with pytest.raises(ValueError, match=r"grows must have 2 elements at each step.* has now \(1, 3\)"):
        recorder.fetch()


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_what_is_looked_at_comes_back_as_it_was_however_it_lies_in_memory(axes):
    looked = torch.arange(24.0).reshape(2, 3, 4).permute(axes)
    recorder = Recorder(1)
    recorder.look("weights", lambda: looked)
    recorder.fetch()
    before = looked.numpy().copy()
    np.testing.assert_array_equal(recorder.still("weights"), before)
    looked.mul_(2)
    np.testing.assert_array_equal(recorder.still("weights"), before)  # until it is fetched again
    recorder.fetch()
    np.testing.assert_array_equal(recorder.still("weights"), 2 * before)


def test_clear_forgets():
    recorder = Recorder(2)
    recorder.follow("one", lambda: torch.ones(1), 1)
    recorder.record()
    recorder.fetch()
    recorder.clear()
    recorder.fetch()
    assert np.isnan(recorder.rows("one")).all()


def test_of_what_is_recorded_chosen_columns_can_be_shown_with_their_past():
    recorder, x = Recorder(3), torch.arange(4.0)
    recorder.follow("a", lambda: x, 4)
    recorder.show("a", [2, 0])
    recorder.record()
    recorder.fetch()
    np.testing.assert_array_equal(recorder.rows("a"), [[np.nan, np.nan], [np.nan, np.nan], [2.0, 0.0]])
    recorder.show("a", [3])
    assert recorder.rows("a")[-1].tolist() == [3.0]
