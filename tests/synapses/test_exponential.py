import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.record import RecordTensor
from snnlab.synapses import SingleExponentialCurrent
from snnlab.synapses.exponential import exponential_step

TRAINS = st.lists(st.booleans(), min_size=1, max_size=25)


def one(**kwargs):
    return SingleExponentialCurrent(1, **{"step_time": 1.0, "spike_charge": 10.0, "time_constant": 5.0} | kwargs)


def run(synapse, train):
    dtype = synapse.current.dtype
    return [synapse(torch.tensor([[spike]], dtype=dtype)).item() for spike in train]


def closed_form(train, time, dt=1.0, charge=10.0, tau=5.0):
    """Current `time` after the first step: every spike that came by then has decayed since it came."""
    since = (time - step * dt for step, spike in enumerate(train) if spike)
    return sum(charge / tau * math.exp(-each / tau) for each in since if each > -1e-9)


def test_one_spike_decays_as_the_closed_form():
    # By hand: Q/τ = 10/5 = 2 nA, then 2·exp(−1/5), then 2·exp(−2/5).
    assert run(one(), [True, False, False]) == pytest.approx([2.0, 2.0 * math.exp(-0.2), 2.0 * math.exp(-0.4)])


@given(train=TRAINS, dt=st.sampled_from([0.1, 0.3, 1.0, 4.0]), tau=st.floats(0.5, 40.0))
def test_a_train_is_the_sum_of_its_spikes_whatever_the_step(train, dt, tau):
    synapse = one(step_time=dt, time_constant=tau).double()
    expected = [closed_form(train, step * dt, dt, tau=tau) for step in range(len(train))]
    assert run(synapse, train) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_charge_that_flows_is_the_charge_of_the_spike():
    # ∫ I dt from one step to the next is I·τ·(1 − exp(−dt/τ)); over all steps that is Q.
    currents = run(one(step_time=0.5).double(), [True] + [False] * 400)
    assert sum(currents) * 5.0 * (1 - math.exp(-0.1)) == pytest.approx(10.0)


def test_the_step_alone_is_the_equation():
    stepped = exponential_step(
        torch.tensor([0.0, 1.0, 3.0]), torch.tensor([1.0, 0.0, 1.0]), step_time=2.0, time_constant=4.0, spike_charge=8.0
    )
    assert stepped.tolist() == pytest.approx([2.0, math.exp(-0.5), 3 * math.exp(-0.5) + 2.0])


def test_a_graded_spike_releases_its_share_and_counts_as_one_spike():
    synapse = one()
    assert run(synapse, [0.25, -1.0]) == pytest.approx([0.5, 0.5 * math.exp(-0.2) - 2.0])
    assert synapse.spike.item() is True
    assert synapse.spike_.latest.item() == 1


@given(train=st.lists(st.booleans(), min_size=10, max_size=25), delay=st.floats(0.0, 9.0), dt=st.sampled_from([0.25, 0.3, 1.0]))
def test_a_read_at_any_delay_equals_the_closed_form(train, delay, dt):
    delay = min(delay, 9 * dt)
    synapse = one(step_time=dt, delay=9 * dt).double()
    run(synapse, train)
    found = synapse.current_at(torch.tensor([[delay]], dtype=torch.float64)).item()
    time = (len(train) - 1) * dt - delay
    on_step = round(time / dt) if abs(time / dt - round(time / dt)) < 1e-4 else None
    assert found == pytest.approx(closed_form(train, time if on_step is None else on_step * dt, dt), rel=1e-4, abs=1e-9)


def test_a_delay_of_three_and_a_half_ms_equals_the_closed_form():
    synapse = one(delay=6.0)
    run(synapse, [True, False, False, True, False, False, False])  # now is 6 ms after the first spike
    expected = 2.0 * math.exp(-2.5 / 5.0)  # 3.5 ms ago only the first had come
    assert synapse.current_at(torch.tensor([[3.5]])).item() == pytest.approx(expected, rel=1e-6)
    later = 2.0 * math.exp(-3.5 / 5.0) + 2.0 * math.exp(-0.5 / 5.0)  # 2.5 ms ago both had
    assert synapse.current_at(torch.tensor([[2.5]])).item() == pytest.approx(later, rel=1e-6)


@pytest.mark.parametrize(("delay", "slope"), [(2.5, 2 * math.exp(-2.5 / 5) / 5), (3.0, 2 * math.exp(-2.0 / 5) / 5)])
def test_a_delay_learns_from_the_slope_of_the_decay(delay, slope):
    # A spike 5 ms ago: I(t − d) = 2·exp(−(5 − d)/5), so dI/dd is I/5, also on a step.
    synapse = one(delay=5.0)
    run(synapse, [True] + [False] * 5)
    delays = torch.tensor([[delay]], requires_grad=True)
    synapse.current_at(delays).sum().backward()
    assert delays.grad.item() == pytest.approx(slope, rel=1e-5)


def test_spikes_between_two_steps_are_the_older_or_the_nearer():
    for mode, expected in (("previous", [False, True]), ("NEAREST", [True, False])):
        synapse = one(delay=2.0, spike_interp_mode=mode)
        run(synapse, [True, False, True])
        assert synapse.spike_at(torch.tensor([[[0.4, 1.4]]])).flatten().tolist() == expected
    with pytest.raises(RuntimeError, match="spike_interp_mode must be one of 'nearest', 'previous', but is 'expdecay'"):
        one(spike_interp_mode="expdecay")


def test_the_onset_read_along_the_line_is_a_ramp_of_one_step():
    # A spike 3 ms ago: at 3.5 ms half of its 2 nA, where the exact current is 0; at 2.5 ms half way between 2 and 2·exp(−1/5).
    for mode, expected in (("linear", [1.0, 1.0 + math.exp(-0.2)]), ("expdecay", [0.0, 2.0 * math.exp(-0.1)])):
        synapse = one(delay=5.0, interp_mode=mode)
        run(synapse, [False, True, False, False, False])
        assert synapse.current_at(torch.tensor([[[3.5, 2.5]]])).flatten().tolist() == pytest.approx(expected)
    synapse.interp_mode = "linear"
    assert synapse.current_at(torch.tensor([[3.5]])).item() == 1
    with pytest.raises(RuntimeError, match="interp_mode must be one of 'expdecay', 'linear', but is 'nearest'"):
        synapse.interp_mode = "nearest"


def test_a_current_that_is_set_goes_on_decaying():
    synapse = one(delay=1.0)
    run(synapse, [True])
    synapse.current = torch.tensor([[5.0]])
    assert synapse.spike.item() is True
    assert run(synapse, [False]) == pytest.approx([5 * math.exp(-0.2)])
    assert synapse.current_at(torch.tensor([[1.0]])).item() == 5
    synapse.spike = torch.tensor([[True]])
    assert synapse.current.item() == pytest.approx(5 * math.exp(-0.2))
    for bad in (torch.ones(2, 1), torch.tensor([[math.nan]])):
        with pytest.raises(ValueError, match="current must be"):
            synapse.current = bad


@pytest.mark.parametrize("tau", [0.0, -1.0])
def test_a_time_constant_is_above_zero(tau):
    with pytest.raises(ValueError, match=rf"time_constant must be above 0 ms, but is {tau} ms. For no decay, use DeltaCurrent"):
        one(time_constant=tau)


def test_constants_may_be_set_in_the_middle_of_a_run():
    synapse = one()
    run(synapse, [True])
    synapse.time_constant, synapse.spike_charge = 2.0, -6.0
    assert run(synapse, [True]) == pytest.approx([2.0 * math.exp(-0.5) - 3.0])
    with pytest.raises(ValueError, match="time_constant must be above 0 ms"):
        synapse.time_constant = 0
    assert synapse.time_constant == 2.0


def test_both_histories_are_saved_under_the_names_of_the_seed():
    synapse = one(delay=2.0)
    assert sorted(synapse.state_dict()) == ["current_.observations", "spike_.observations"]
    assert all(isinstance(record, RecordTensor) for record in (synapse.current_, synapse.spike_))


def test_a_partial_constructor_takes_what_a_connection_gives():
    build = SingleExponentialCurrent.partialconstructor(5.0, 3.0, "nearest", 0.01, -1.0, True, False, "Linear")
    synapse = build((2, 3), 0.5, 4.0, 7)
    assert (synapse.shape, synapse.dt, synapse.delay, synapse.batchsz) == ((2, 3), 0.5, 4.0, 7)
    assert (synapse.spike_charge, synapse.time_constant, synapse.spike_interp_mode, synapse.tolerance) == (5.0, 3.0, "nearest", 0.01)
    assert (synapse.current_overbound, synapse.spike_overbound, synapse.inplace) == (-1.0, True, False)
    assert synapse.interp_mode == "linear"


def test_a_partial_constructor_has_the_defaults_of_the_class():
    ours = inspect.signature(SingleExponentialCurrent.partialconstructor).parameters
    theirs = inspect.signature(SingleExponentialCurrent).parameters
    wanted = ["spike_charge", "time_constant", "spike_interp_mode", "interp_tol", "current_overbound", "spike_overbound", "inplace"]
    assert list(ours) == [*wanted, "interp_mode"]
    assert next(reversed(theirs)) == "interp_mode"
    assert all(parameter.default == theirs[name].default for name, parameter in ours.items())
