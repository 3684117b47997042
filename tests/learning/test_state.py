"""What a rule keeps for a cell: its settings are the rule's, unless they are its own."""

import copy
import pickle
import warnings

import pytest
import torch

import snnlab as snn
from tests.learning.scripted import connect


def rule():
    return snn.STDP(lr_post=0.5, lr_pre=-0.25, tc_post=20.0, tc_pre=10.0)


def test_settings_of_a_cell_are_the_rules_unless_overridden():
    trainer, layer = rule(), connect()
    plain = trainer.register_cell("plain", layer.cell).state
    own = trainer.register_cell("own", layer.cell, lr_post=0.9, trace_mode="nearest", batch_reduction=torch.sum, interp_tolerance=0.1).state
    assert (plain.lr_post, plain.tracemode, plain.batchreduce, plain.tolerance) == (0.5, "cumulative", torch.mean, None)
    assert (own.lr_post, own.tracemode, own.batchreduce, own.tolerance) == (0.9, "nearest", torch.sum, 0.1)
    trainer.lr_post, trainer.lr_pre = 0.7, -0.1
    assert (plain.lr_post, own.lr_post) == (0.7, 0.9)
    assert (plain.lr_pre, own.lr_pre) == (-0.1, -0.1)
    with pytest.raises(AttributeError):
        plain.lr_up  # noqa: B018


def test_a_setting_that_is_set_in_a_cell_is_checked_and_its_own():
    trainer, layer = rule(), connect()
    state = trainer.register_cell("only", layer.cell).state
    for wrong, error in ((0.0, ValueError), ("slow", TypeError)):
        with pytest.raises(error, match="tc_pre must be"):
            state.tc_pre = wrong
        assert state.tc_pre == 10.0
    state.tc_pre, trainer.tc_pre = torch.tensor(7.0), 3.0
    assert (state.tc_pre, type(state.tc_pre), trainer.tc_pre) == (7.0, float, 3.0)


def test_settings_of_a_cell_that_do_not_fit_each_other_are_refused():
    trainer = snn.TripletSTDP(0.1, 0.1, -0.1, 0.1, tc_post_fast=20.0, tc_post_slow=100.0, tc_pre_fast=20.0, tc_pre_slow=100.0)
    state = trainer.register_cell("only", connect().cell).state
    with pytest.raises(ValueError, match="tc_pre_slow must be above tc_pre_fast"):
        state.tc_pre_slow = 10.0
    assert state.tc_pre_slow == 100.0


def test_a_setting_that_is_set_in_a_cell_is_an_override_and_later_changes_of_the_rule_must_fit_it():
    trainer = snn.TripletSTDP(0.1, 0.1, -0.1, 0.1, tc_post_fast=20.0, tc_post_slow=100.0, tc_pre_fast=20.0, tc_pre_slow=100.0)
    state = trainer.register_cell("only", connect().cell).state
    state.tc_pre_slow = 50.0
    assert state.overrides == {"tc_pre_slow": 50.0}
    with pytest.raises(ValueError, match=r"Cell 'only' has settings of its own\. tc_pre_slow must be above tc_pre_fast"):
        trainer.tc_pre_fast = 60.0
    assert (trainer.tc_pre_fast, state.tc_pre_slow, trainer.tc_pre_slow) == (20.0, 50.0, 100.0)


def test_a_parameter_that_the_connection_lacks_is_refused_in_a_cell_too():
    trainer = snn.LinearHomeostasis(0.1, 0.5, "weight")
    state = trainer.register_cell("only", connect().cell).state
    for lacking in ("bias", "delay"):
        with pytest.raises(RuntimeError, match=f"updater without {lacking!r}"):
            state.param = lacking
        assert (state.param, state.overrides) == ("weight", {})
    other = connect(delay=2.0)
    state = trainer.register_cell("delayed", other.cell).state
    state.param = "delay"
    assert state.watch.parameters == ("delay",)


def test_a_time_constant_far_below_a_step_is_noticed_once_where_it_is_set():
    with pytest.warns(
        UserWarning, match=r"tc_post is 0\.02 ms, so its trace is gone within a step of 1 ms\. Times are in ms: .* tc_post=20\."
    ):
        unit = snn.STDP(0.5, -0.25, tc_post=0.02, tc_pre=0.2).register_cell("only", connect().cell)
    trainer = rule()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        unit.state.tc_pre = 20.0  # what was said of the other is not said again
        state = trainer.register_cell("only", connect().cell).state
        trainer.tc_pre = 0.2
        assert state.tc_pre == 0.2
    with pytest.warns(UserWarning, match="tc_pre is 0.01 ms"):
        state.tc_pre = 0.01
    with pytest.warns(UserWarning, match="tc_post is 0.02 ms"):
        trainer.tc_post = 0.02


def test_a_copy_and_a_pickle_follow_the_settings_of_their_own_rule():
    trainer, layer = rule(), connect()
    trainer.register_cell("only", layer.cell)
    for twin in (copy.deepcopy(trainer), pickle.loads(pickle.dumps(trainer))):
        twin.lr_post = 0.9
        assert (twin.get_unit("only").state.lr_post, trainer.get_unit("only").state.lr_post) == (0.9, 0.5)


def test_what_was_looked_up_is_looked_up_anew_after_every_change_and_after_one_that_failed():
    trainer = snn.TripletSTDP(0.1, 0.1, -0.1, 0.1, tc_post_fast=20.0, tc_post_slow=100.0, tc_pre_fast=20.0, tc_pre_slow=100.0)
    state = trainer.register_cell("only", connect().cell).state
    assert (state.tc_pre_fast, state.trace_mode, state.tracemode) == (20.0, "cumulative", "cumulative")
    trainer.tracemode = "nearest"
    assert (state.trace_mode, state.tracemode) == ("nearest", "nearest")
    with pytest.raises(ValueError, match="tc_pre_slow must be above tc_pre_fast"):
        trainer.tc_pre_fast = 200.0
    assert (trainer.tc_pre_fast, state.tc_pre_fast) == (20.0, 20.0)
    with pytest.raises(ValueError, match="tc_pre_slow must be above tc_pre_fast"):
        state.tc_pre_slow = 10.0
    assert state.tc_pre_slow == 100.0
    state.trace_mode = "cumulative"
    assert (state.trace_mode, state.tracemode, trainer.tracemode) == ("cumulative", "cumulative", "nearest")


def test_what_a_rule_of_ones_own_refuses_is_not_what_its_cells_go_by():
    class Short(snn.STDP):
        def check_settings(self):
            super().check_settings()
            if self.__dict__.get("_tc_pre", 0.0) > 50.0:
                raise ValueError("tc_pre is too long")

    trainer = Short(lr_post=0.5, lr_pre=-0.25, tc_post=20.0, tc_pre=10.0)
    state = trainer.register_cell("only", connect().cell).state
    with pytest.raises(ValueError, match="too long"):
        trainer.tc_pre = 100.0
    assert (trainer.tc_pre, state.tc_pre) == (10.0, 10.0)


def test_traces_are_built_anew_in_another_process_too():
    trainer, layer = rule(), connect(batch_size=2)
    state = trainer.register_cell("only", layer.cell).state
    assert state.fitted_at is not None
    assert pickle.loads(pickle.dumps(trainer)).get_unit("only").state.fitted_at is None
