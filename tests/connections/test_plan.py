"""Where synapses read, and how long that is remembered."""

import copy
import math
import pickle
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

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
    assert row["previous"].rows.item() == math.ceil(steps)
    assert row["nearest"].rows.item() == round(steps)
    assert row["expdecay"].rows.item() == math.ceil(steps)
    assert row["expdecay"].factor.item() == pytest.approx(math.exp(-(math.ceil(steps) - steps) * step_time / 2.0))
    assert row["previous"].factor is None
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
        assert torch.equal(whole.rows[row : row + 1], alone.rows)
        assert torch.equal(whole.beyond[row], alone.beyond[0] if alone.beyond is not None else torch.zeros(3, dtype=torch.bool))
        assert torch.equal(whole.factor[row], alone.factor[0] if alone.factor is not None else torch.ones(3))


def reading(interp="previous", **settings):
    return DelayedRead(RecordTensor(1.0, 4.0, shape=(1, 2)), interp, 1e-4, **settings)


def test_a_plan_is_kept_until_a_delay_changes_in_place():
    plans, delay, read = Plans(), torch.tensor([[0.0, 2.0]]), reading()
    first = plans.of(delay, read)
    assert plans.of(delay, read) is first
    delay[0, 0] = 3.0
    assert plans.of(delay, read).rows.tolist() == [[6, 5]]
    assert first.rows.tolist() == [[0, 5]]


def test_each_way_of_reading_has_a_plan_of_its_own():
    plans, delay = Plans(), torch.tensor([[0.4, 2.0]])
    assert plans.of(delay, reading("previous")).rows.tolist() == [[2, 5]]
    assert plans.of(delay, reading("nearest")).rows.tolist() == [[0, 5]]
    assert plans.of(delay, reading("expdecay", time_constant=2.0)).factor[0, 0].item() == pytest.approx(math.exp(-0.6 / 2.0))


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
