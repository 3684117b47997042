"""Where synapses read, and how long that is remembered."""

import copy
import math
import pickle
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.connections.delays import delayed_sum
from snnlab.connections.plan import Plans, plan_delays
from snnlab.core.record import RecordTensor
from snnlab.synapses import DelayedRead


@given(steps=st.floats(0, 10), step_time=st.sampled_from([0.1, 0.3, 1.0]))
def test_a_plan_reads_the_neighbours_that_enclose_a_delay(steps, step_time):
    if abs(steps - round(steps)) < 1e-3 or abs(steps % 1 - 0.5) < 1e-3:
        return
    delay = torch.tensor([[steps * step_time]], dtype=torch.float64)
    common = {"step_time": step_time, "duration": 10 * step_time, "slots": 11, "tolerance": 1e-4 * step_time, "overbound": True}
    row = {interp: plan_delays(delay, interp=interp, time_constant=2.0, **common) for interp in ("previous", "nearest", "expdecay")}
    assert row["previous"].reads[0].rows.item() == math.ceil(steps)
    assert row["nearest"].reads[0].rows.item() == round(steps)
    assert row["expdecay"].reads[0].rows.item() == math.ceil(steps)
    assert row["expdecay"].reads[0].factor.item() == pytest.approx(math.exp(-(math.ceil(steps) - steps) * step_time / 2.0))
    assert row["previous"].reads[0].factor is None
    assert row["previous"].beyond is None


def test_a_large_plan_equals_that_of_its_parts():
    delay = torch.randint(0, 50, (200, 3), generator=torch.Generator().manual_seed(0)) / 10.0
    common = {
        "step_time": 1.0,
        "duration": 4.0,
        "slots": 5,
        "interp": "expdecay",
        "time_constant": 3.0,
        "tolerance": 1e-4,
        "overbound": True,
    }
    whole = plan_delays(delay, **common)
    for row in range(200):
        alone = plan_delays(delay[row : row + 1], **common)
        assert torch.equal(whole.reads[0].rows[row : row + 1], alone.reads[0].rows)
        assert torch.equal(whole.beyond[row], alone.beyond[0] if alone.beyond is not None else torch.zeros(3, dtype=torch.bool))
        factor = alone.reads[0].factor
        assert torch.equal(whole.reads[0].factor[row], factor[0] if factor is not None else torch.ones(3))


def reading(interp="previous", **settings):
    return DelayedRead(RecordTensor(1.0, 4.0, shape=(1, 2)), interp, 1e-4, **settings)


def test_a_plan_is_kept_until_a_delay_changes_in_place():
    plans, delay, read = Plans(), torch.tensor([[0.0, 2.0]]), reading()
    first = plans.of(delay, read)
    assert plans.of(delay, read) is first
    delay[0, 0] = 3.0
    assert plans.of(delay, read).reads[0].rows.tolist() == [[6, 5]]
    assert first.reads[0].rows.tolist() == [[0, 5]]


def test_each_way_of_reading_has_a_plan_of_its_own():
    plans, delay = Plans(), torch.tensor([[0.4, 2.0]])
    assert plans.of(delay, reading("previous")).reads[0].rows.tolist() == [[2, 5]]
    assert plans.of(delay, reading("nearest")).reads[0].rows.tolist() == [[0, 5]]
    assert plans.of(delay, reading("expdecay", time_constant=2.0)).reads[0].factor[0, 0].item() == pytest.approx(math.exp(-0.6 / 2.0))


def test_moving_a_time_constant_does_not_pile_up_plans():
    plans, delay = Plans(), torch.tensor([[0.4, 2.0]])
    for tau in range(1, 100):
        plans.of(delay, reading("expdecay", time_constant=float(tau)))
    assert len(plans._plans) <= 8


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda plans: pickle.loads(pickle.dumps(plans))], ids=["deepcopy", "pickle"])
def test_a_copy_starts_empty(copied):
    plans = Plans()
    plans.of(torch.tensor([[0.0, 2.0]]), reading())
    assert copied(plans)._plans == {}


def test_delays_outside_the_history_are_warned_of_once():
    plans, delay, read = Plans(), torch.tensor([[0.0, 9.0]]), reading()
    with pytest.warns(UserWarning, match="1 delays lie outside 0 to 4 ms, what the synapse remembers: they read its overbound value"):
        plans.of(delay, read)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plans.of(delay, read)


@pytest.mark.parametrize("interp", ["previous", "linear", "expdecay"])
def test_a_plan_made_in_inference_mode_carries_a_gradient_after_it(interp):
    plans, delay, read = Plans(), torch.tensor([[0.4, 2.0]]), reading(interp, time_constant=2.0 if interp == "expdecay" else None)
    with torch.inference_mode():
        plan = plans.of(delay, read)
    assert plans.of(delay, read) is plan
    weight = torch.ones(1, 2, requires_grad=True)
    delayed_sum(torch.ones(10, 3), weight, plan).sum().backward()
    # By hand: 3 samples of ones, each at its share; the decay from step 1 back to 0.4 ms leaves exp(-0.6/2) of the first.
    assert weight.grad[0].tolist() == pytest.approx([3.0 * math.exp(-0.3) if interp == "expdecay" else 3.0, 3.0])


COMMON = {"step_time": 0.5, "duration": 2.0, "slots": 5, "tolerance": 1e-4, "overbound": True}


def test_linear_splits_a_read_between_its_neighbours_by_how_near_they_are():
    # Delays of 0.6, 1.0 and 2.0 ms at 0.5 ms a step: between steps 1 and 2 at 1.2, on step 2, on the last step.
    delay = torch.tensor([[0.6, 1.0, 2.0]], dtype=torch.float64)
    newer, older = plan_delays(delay, interp="linear", time_constant=None, **COMMON).reads
    assert (newer.rows % 3).tolist() == (older.rows % 3).tolist() == [[0, 1, 2]]
    assert torch.equal(older.rows - newer.rows, torch.full((1, 3), 3))
    assert (newer.rows // 3).tolist() == [[1, 2, 3]]
    torch.testing.assert_close(newer.factor, torch.tensor([[0.8, 1.0, 0.0]], dtype=torch.float64))
    torch.testing.assert_close(older.factor, torch.tensor([[0.2, 0.0, 1.0]], dtype=torch.float64))
    assert newer.slope is None
    assert older.slope is None


def test_linear_on_whole_steps_alone_reads_once():
    reads = plan_delays(torch.tensor([[0.0, 0.5, 1.5]]), interp="linear", time_constant=None, **COMMON).reads
    assert len(reads) == 1
    assert (reads[0].rows.tolist(), reads[0].factor) == ([[0, 4, 11]], None)


def test_slopes_of_linear_are_one_step_apart_also_on_a_step_and_none_outside():
    delay = torch.tensor([[0.0, 0.6, 2.0, 2.5]], dtype=torch.float64)
    newer, older = plan_delays(delay, interp="linear", time_constant=None, slopes=True, **COMMON).reads
    assert newer.slope.tolist() == [[-2.0, -2.0, -2.0, 0.0]]
    assert older.slope.tolist() == [[2.0, 2.0, 2.0, 0.0]]


def test_slopes_of_a_decay_are_those_of_the_decay_from_the_older_step():
    # At 0.6 ms: older step at 1.0 ms, exp(−0.4/τ), slope that over τ. At 0.5 ms, a step: the value is stored, the slope read a step before.
    delay = torch.tensor([[0.6, 0.5]], dtype=torch.float64)
    first, second = plan_delays(delay, interp="expdecay", time_constant=4.0, slopes=True, **COMMON).reads
    assert first.rows.tolist() == [[4, 3]]
    assert first.factor[0].tolist() == pytest.approx([math.exp(-0.1), 1.0])
    assert first.slope[0].tolist() == pytest.approx([math.exp(-0.1) / 4.0, 0.0])
    assert second.rows[0, 1].item() == 5
    assert second.factor is None or not second.factor.any()
    assert second.slope[0].tolist() == pytest.approx([0.0, math.exp(-0.5 / 4.0) / 4.0])


@pytest.mark.parametrize("interp", ["previous", "nearest"])
def test_reading_a_step_as_it_is_has_no_slope(interp):
    (read,) = plan_delays(torch.tensor([[0.6, 0.5]]), interp=interp, time_constant=None, slopes=True, **COMMON).reads
    assert read.slope is None


def test_a_plan_with_slopes_is_kept_beside_the_one_without():
    plans, delay = Plans(), torch.tensor([[0.4, 2.0]])
    without = plans.of(delay, reading("linear"))
    assert plans.of(delay, reading("linear"), slopes=True).reads[0].slope is not None
    assert without.reads[0].slope is None


def read_of(slots, cells, interp="previous"):
    return DelayedRead(RecordTensor(1.0, slots - 1.0, shape=(1, cells)), interp, 1e-4)


@pytest.mark.parametrize(("delay", "shared"), [([[2.0, 2.0]], 2), ([[0.0, 0.0]], 0), ([[2.0, 1.0]], None), ([[1.5, 1.5]], 2)])
def test_a_plan_says_how_many_steps_back_all_synapses_read(delay, shared):
    # "previous": an arrival between two steps waits, so that 1.5 ms are read two steps back.
    assert Plans().of(torch.tensor(delay), read_of(4, 2)).shared == shared


@pytest.mark.filterwarnings("ignore:1 delays lie outside")
def test_synapses_that_scale_what_they_read_or_lie_outside_share_no_step():
    decaying = DelayedRead(RecordTensor(1.0, 3.0, shape=(1, 2)), "expdecay", 1e-4, time_constant=5.0)
    assert Plans().of(torch.tensor([[1.5, 1.5]]), decaying).shared is None
    assert Plans().of(torch.tensor([[3.0, 4.0]]), read_of(4, 2)).shared is None
    assert Plans().of(torch.tensor([[3.0, 4.0]]), read_of(4, 2), overbound=False).shared == 3


def test_synapses_at_sites_listen_to_the_cells_that_are_given():
    # Two sites of two taps over three cells: the first hears cells 0 and 1, the second 1 and 2. Row: steps · 3 cells + cell.
    cells = torch.tensor([[0, 1], [1, 2]])
    plans, everywhere = Plans(), torch.tensor([[0.0, 2.0]])
    assert plans.of(everywhere, read_of(4, 3), cells=cells).reads[0].rows.tolist() == [[0, 7], [1, 8]]
    each_site = torch.tensor([[[0.0, 2.0], [3.0, 1.0]]])
    assert plans.of(each_site, read_of(4, 3), cells=cells).reads[0].rows.tolist() == [[0, 7], [10, 5]]
    two_outputs = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    plan = plans.of(two_outputs, read_of(4, 3), cells=cells)
    assert plan.reads[0].rows.tolist() == [[3, 4], [4, 5], [3, 4], [4, 5]]
    assert plan.shared == 1
