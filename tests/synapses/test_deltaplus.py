import inspect

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.record import RecordTensor
from snnlab.synapses import DeltaCurrent, DeltaPlusCurrent
from snnlab.synapses.deltaplus import delta_plus_step


def one(**kwargs):
    return DeltaPlusCurrent(1, **{"step_time": 1.0, "spike_charge": 3.0} | kwargs)


def run(synapse, train):
    return [synapse(torch.tensor([[spike]])).item() for spike in train]


@pytest.mark.parametrize(("dt", "charge", "current"), [(1.0, 3.0, 3.0), (0.5, 3.0, 6.0), (0.1, -2.0, -20.0)])
def test_a_spike_delivers_its_charge_within_one_step(dt, charge, current):
    # Q = I·dt, so I = Q/dt for one step and 0 after it.
    assert run(one(step_time=dt, spike_charge=charge), [True, False, True]) == pytest.approx([current, 0, current])


def test_a_graded_input_delivers_its_share_and_counts_as_one_spike():
    synapse = DeltaPlusCurrent(4, 0.5, spike_charge=3.0)
    assert synapse(torch.tensor([[0.25, -7.0, 0.0, 1.0]])).tolist() == [[1.5, -42, 0, 6]]
    assert synapse.spike.tolist() == [[True, True, False, True]]
    assert synapse.spike_.latest.tolist() == [[1, 1, 0, 1]]
    assert synapse(torch.tensor([[0, 2, 0, 1]])).tolist() == [[0, 12, 0, 6]]


def test_injected_currents_add_up_and_are_no_spikes():
    # 3 nA of the spike, 0.5 + 2 nA from outside; and in the other cell from outside alone.
    synapse = DeltaPlusCurrent(2, 1.0, spike_charge=3.0)
    spikes, first, second = torch.tensor([[True, False]]), torch.tensor([[0.5, 0.25]]), torch.tensor([[2, -1]])
    assert synapse(spikes, first, second).tolist() == [[5.5, -0.75]]
    assert synapse.current.tolist() == [[5.5, -0.75]]
    assert synapse.spike.tolist() == [[True, False]]
    assert synapse(torch.tensor([[False, False]])).tolist() == [[0, 0]]


def test_the_step_alone_is_the_equation():
    spikes, injected = torch.tensor([1.0, 0.0, 0.5]), torch.tensor([0.0, 1.0, 1.0])
    assert delta_plus_step(spikes, step_time=0.5, spike_charge=2.0).tolist() == [4, 0, 2]
    assert delta_plus_step(spikes, injected, injected, step_time=0.5, spike_charge=2.0).tolist() == [4, 2, 4]
    assert (spikes.tolist(), injected.tolist()) == ([1, 0, 0.5], [0, 1, 1])


@given(
    train=st.lists(st.booleans(), min_size=12, max_size=20),
    delay=st.floats(0, 10),
    dt=st.sampled_from([0.1, 0.25, 0.3, 1.0]),
    mode=st.sampled_from(["previous", "nearest", "linear"]),
)
def test_of_whole_spikes_it_makes_what_the_delta_synapse_makes(train, delay, dt, mode):
    ours, theirs = (
        kind(1, dt, spike_charge=3.0, delay=10 * dt, interp_mode=mode, current_overbound=None) for kind in (DeltaPlusCurrent, DeltaCurrent)
    )
    assert run(ours, train) == run(theirs, train)
    selector = torch.tensor([[delay * dt]])
    torch.testing.assert_close(ours.current_at(selector), theirs.current_at(selector))
    assert torch.equal(ours.spike_at(selector), theirs.spike_at(selector))


@pytest.mark.parametrize(
    ("mode", "currents", "spikes"),
    [
        ("previous", [6.0, 0.0, 1.5], [True, False, True]),
        ("Nearest", [6.0, 1.5, 0.0], [True, True, False]),
        ("linear", [4.5, 0.9, 0.6], [True, False, True]),
    ],
)
def test_between_two_steps_the_current_is_the_older_the_nearer_or_on_the_line(mode, currents, spikes):
    # Currents of 6, 3, 0, 1.5 and 0 nA, 4 to 0 ms ago. At 3.5 ms both are as near: the older.
    synapse = one(delay=4.0, interp_mode=mode)
    run(synapse, [2.0, 1.0, 0.0, 0.5, 0.0])
    delays = torch.tensor([[[3.5, 1.4, 0.4]]])
    assert synapse.current_at(delays).flatten().tolist() == pytest.approx(currents)
    assert synapse.spike_at(delays).flatten().tolist() == spikes


def test_a_delay_replays_injected_currents_too():
    synapse = one(delay=2.0)
    for injected in (5.0, 6.0, 7.0):
        synapse(torch.tensor([[0.0]]), torch.tensor([[injected]]))
    assert synapse.current_at(torch.tensor([[[0.0, 1.0, 2.0]]])).flatten().tolist() == [7, 6, 5]
    assert not synapse.spike_at(torch.tensor([[[0.0, 1.0, 2.0]]])).any()


def test_current_and_spikes_are_set_each_by_itself():
    synapse = one(delay=1.0)
    run(synapse, [True, False])
    synapse.current = torch.tensor([[99.0]])
    assert (synapse.current.item(), synapse.spike.item()) == (99, False)
    synapse.spike = torch.tensor([[True]])
    assert (synapse.current.item(), synapse.spike.item()) == (99, True)
    assert synapse.current_at(torch.tensor([[[0.0, 1.0]]])).flatten().tolist() == [99, 3]
    for bad in (torch.ones(2, 1), torch.tensor([[torch.nan]])):
        with pytest.raises(ValueError, match="current must be"):
            synapse.current = bad


def test_a_new_charge_leaves_what_is_in_flight():
    synapse = one(delay=1.0)
    run(synapse, [True])
    synapse.spike_charge = -4.0
    assert run(synapse, [True]) == [-4]
    assert synapse.current_at(torch.tensor([[1.0]])).item() == 3


@pytest.mark.parametrize(
    ("injected", "error", "words"),
    [
        (torch.zeros(1, 2), ValueError, r"inputs\[1\] must be of shape \(1, 1\) \(B x \*shape\), but is of shape \(1, 2\)"),
        (torch.tensor([[torch.nan]]), ValueError, r"inputs\[1\] must be finite in every element, but is NaN or infinite in 1 of 1"),
        (2.0, TypeError, r"inputs\[1\] must be a torch.Tensor, but is 2.0 \(float\)"),
        (torch.ones(1, 1, requires_grad=True), RuntimeError, "Set inplace=False"),
    ],
)
def test_a_bad_injected_current_is_refused_and_leaves_the_state_as_it_was(injected, error, words):
    synapse = one(delay=1.0)
    run(synapse, [True, False])
    with pytest.raises(error, match=words):
        synapse(torch.tensor([[1.0]]), injected)
    assert synapse.current_at(torch.tensor([[[0.0, 1.0]]])).flatten().tolist() == [0, 3]
    assert synapse.spike_at(torch.tensor([[[0.0, 1.0]]])).flatten().tolist() == [False, True]


def test_a_gradient_reaches_an_injected_current():
    synapse = one(delay=1.0, inplace=False)
    injected = torch.tensor([[0.5]], requires_grad=True)
    synapse(torch.tensor([[1.0]]), injected)
    run(synapse, [0.0])
    synapse.current_at(torch.tensor([[1.0]])).backward()
    assert injected.grad.item() == 1


def test_current_and_spikes_are_both_saved():
    synapse = one(delay=2.0)
    assert sorted(synapse.state_dict()) == ["current_.observations", "spike_.observations"]
    assert all(isinstance(record, RecordTensor) for record in (synapse.current_, synapse.spike_))


def test_it_is_built_as_the_delta_synapse_is():
    for ours, theirs in ((DeltaPlusCurrent, DeltaCurrent), (DeltaPlusCurrent.partialconstructor, DeltaCurrent.partialconstructor)):
        assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    synapse = DeltaPlusCurrent.partialconstructor(5.0, "nearest", 0.01, -1.0, True, False)((2, 3), 0.5, 4.0, 7)
    assert (synapse.shape, synapse.dt, synapse.delay, synapse.batchsz) == ((2, 3), 0.5, 4.0, 7)
    assert (synapse.spike_charge, synapse.interp_mode, synapse.tolerance) == (5.0, "nearest", 0.01)
    assert (synapse.current_overbound, synapse.spike_overbound, synapse.inplace) == (-1.0, True, False)


def test_the_way_to_read_between_two_steps_is_checked():
    with pytest.raises(RuntimeError, match="interp_mode must be one of 'nearest', 'previous', 'linear', but is 'expdecay'"):
        one(interp_mode="expdecay")
