import inspect
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.synapses import DeltaCurrent
from snnlab.synapses.delta import delta_step


def one(**kwargs):
    return DeltaCurrent(1, **{"step_time": 1.0, "spike_charge": 3.0} | kwargs)


def run(synapse, train):
    return [synapse(torch.tensor([[spike]])).item() for spike in train]


@pytest.mark.parametrize(("dt", "charge", "current"), [(1.0, 3.0, 3.0), (0.5, 3.0, 6.0), (0.1, -2.0, -20.0)])
def test_a_spike_delivers_its_charge_within_one_step(dt, charge, current):
    # Q = I·dt, so I = Q/dt for one step and 0 after it.
    synapse = one(step_time=dt, spike_charge=charge)
    assert run(synapse, [True, False, True, True]) == pytest.approx([current, 0, current, current])
    assert synapse.current.item() == pytest.approx(current)


def test_the_step_alone_is_the_equation():
    assert delta_step(torch.tensor([1.0, 0.0, 0.5]), step_time=0.5, spike_charge=2.0).tolist() == [4, 0, 2]


def test_any_nonzero_input_is_one_spike():
    synapse = DeltaCurrent(4, 1.0, spike_charge=3.0)
    with pytest.warns(UserWarning, match="counts every nonzero input as one whole spike"):
        assert synapse(torch.tensor([[0.25, -7.0, 0.0, 1.0]])).tolist() == [[3, 3, 0, 3]]
    assert synapse(torch.tensor([[0, 2, 0, 1]])).tolist() == [[0, 3, 0, 3]]
    assert synapse.spike.tolist() == [[False, True, False, True]]


def test_graded_inputs_are_warned_of_once_a_synapse():
    synapse, graded = DeltaCurrent(2, 1.0, spike_charge=3.0), torch.tensor([[0.0, 0.25]])
    words = r"DeltaCurrent counts every nonzero input as one whole spike, also 0\.25, which came\. .*encoder.*DeltaPlusCurrent.*inputs != 0"
    with pytest.warns(UserWarning, match=words):
        synapse(graded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        synapse(graded)
        synapse.clear()
        synapse(graded)


@pytest.mark.parametrize("graded", [torch.tensor([[-1.0]]), torch.tensor([[2.0]]), torch.tensor([[0.5]], dtype=torch.float64)])
def test_the_first_inputs_after_a_clear_are_looked_at_too(graded):
    synapse = one()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        synapse(torch.tensor([[1.0]]))
        synapse(graded)  # not the first
    synapse.clear()
    with pytest.warns(UserWarning, match="one whole spike"):
        synapse(graded)


def test_a_warning_that_is_an_error_leaves_the_state_as_it_was():
    synapse = one(delay=2.0)
    before = {key: value.clone() for key, value in synapse.state_dict().items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="one whole spike"):
            synapse(torch.tensor([[0.5]]))
    assert all(torch.equal(value, before[key]) for key, value in synapse.state_dict().items())


@pytest.mark.parametrize(
    "spikes",
    [torch.tensor([[True]]), torch.tensor([[2]]), torch.tensor([[1.0]]), torch.tensor([[0.0]]), torch.tensor([[1.0]]).requires_grad_()],
)
def test_of_spikes_nobody_is_warned(spikes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        one(inplace=False)(spikes)


def test_further_inputs_are_ignored():
    synapse = one()
    assert synapse(torch.tensor([[True]]), torch.tensor([[100.0]])).item() == 3


@given(train=st.lists(st.booleans(), min_size=12, max_size=30), steps=st.integers(0, 10), dt=st.sampled_from([0.1, 0.3, 1.0]))
def test_a_delay_replays_the_past(train, steps, dt):
    synapse = one(step_time=dt, delay=10 * dt)
    late = []
    for spike in train:
        synapse(torch.tensor([[spike]]))
        late.append((synapse.spike_at(torch.tensor([[steps * dt]])).item(), synapse.current_at(torch.tensor([[steps * dt]])).item()))
    expected = [False] * steps + train[: len(train) - steps]
    assert [spike for spike, _ in late] == expected
    assert [current for _, current in late] == pytest.approx([3.0 / dt * spike for spike in expected])


@pytest.mark.parametrize(
    ("mode", "seen"), [("previous", [1, 0, 0, 0, 1, 1]), ("Nearest", [1, 0, 0, 1, 1, 1]), ("NEAREST", [1, 0, 0, 1, 1, 1])]
)
def test_between_two_steps_the_older_spike_counts_or_the_nearer(mode, seen):
    # Spikes 3 ms and 0 ms ago.  Delays:   0     0.5 (tie: the older)  1.4   0.4 or 2.6   2.6   3
    synapse = one(delay=3.0, interp_mode=mode)
    run(synapse, [True, False, False, True])
    delays = [0.0, 0.5, 1.4, 0.4, 2.6, 3.0]
    assert synapse.spike_at(torch.tensor([[delays]])).flatten().tolist() == [bool(spike) for spike in seen]
    assert synapse.current_at(torch.tensor([[delays]])).flatten().tolist() == [3.0 * spike for spike in seen]


def test_a_spike_read_along_the_line_arrives_in_two_shares_that_make_its_charge():
    # Delays of 1.25 ms: a share 3/4 of Q/dt a step after 1 ms, 1/4 after 2 ms.
    synapse = one(delay=3.0, interp_mode="Linear")
    late = torch.tensor([[1.25]])
    seen = []
    for spike in (True, False, False, False, False):
        synapse(torch.tensor([[spike]]))
        seen.append((synapse.current_at(late).item(), synapse.spike_at(late).item()))
    assert seen == [(0, False), (2.25, False), (0.75, True), (0, False), (0, False)]


def test_a_delay_learns_from_the_line_and_not_from_what_waits():
    # Spike 2 ms ago of 3 nA: between 1 and 2 ms the current grows by 3 nA a ms, between 2 and 3 ms it falls by as much.
    for mode, slopes in (("linear", [3.0, -3.0]), ("previous", [0.0, 0.0])):
        synapse = one(delay=4.0, interp_mode=mode)
        run(synapse, [False, True, False, False])
        delays = torch.tensor([[[1.5, 2.25]]], requires_grad=True)
        (synapse.current_at(delays).sum() + 0 * delays.sum()).backward()
        assert delays.grad.flatten().tolist() == slopes


def test_the_current_follows_from_the_spikes_and_cannot_be_set():
    synapse = one(delay=1.0)
    run(synapse, [True, False])
    synapse.current = torch.tensor([[99.0]])
    assert (synapse.current.item(), synapse.current_at(torch.tensor([[1.0]])).item()) == (0, 3)
    synapse.spike = torch.tensor([[True]])
    assert synapse.current.item() == 3


def test_a_new_charge_acts_on_what_is_in_flight():
    synapse = one(delay=1.0)
    run(synapse, [True, False])
    synapse.spike_charge = -4.0
    assert synapse.current_at(torch.tensor([[1.0]])).item() == -4
    assert run(synapse, [True]) == [-4]
    with pytest.raises(ValueError, match="spike_charge must be other than 0 pC"):
        synapse.spike_charge = 0
    assert synapse.spike_charge == -4


def test_only_the_spikes_are_stored_as_zeros_and_ones():
    synapse = one(delay=2.0)
    run(synapse, [2, 0, -1])
    assert list(synapse.state_dict()) == ["spike_.observations"]
    assert synapse.spike_.value.flatten().tolist() == [1, 0, 1]
    assert synapse.spike_.value.dtype == torch.float32
    assert synapse.to(torch.float64).spike_.value.dtype == torch.float64
    synapse.clear()
    assert not synapse.spike_.value.any()


@pytest.mark.parametrize("mode", ["expdecay", "next", "", None])
def test_another_interpolation_is_refused_with_the_choices(mode):
    with pytest.raises(RuntimeError, match="interp_mode must be one of 'nearest', 'previous', 'linear', but is"):
        one(interp_mode=mode)


def test_a_partial_constructor_takes_what_a_connection_gives():
    build = DeltaCurrent.partialconstructor(5.0, "nearest", 0.01, -1.0, True, False)
    synapse = build((2, 3), 0.5, 4.0, 7)
    assert (synapse.shape, synapse.dt, synapse.delay, synapse.batchsz) == ((2, 3), 0.5, 4.0, 7)
    assert (synapse.spike_charge, synapse.interp_mode, synapse.tolerance) == (5.0, "nearest", 0.01)
    assert (synapse.current_overbound, synapse.spike_overbound, synapse.inplace) == (-1.0, True, False)
    assert build((2, 3), 0.5, 4.0, 7) is not synapse


def test_a_partial_constructor_has_the_defaults_of_the_class():
    ours = inspect.signature(DeltaCurrent.partialconstructor).parameters
    theirs = inspect.signature(DeltaCurrent).parameters
    assert list(ours) == ["spike_charge", "interp_mode", "interp_tol", "current_overbound", "spike_overbound", "inplace"]
    assert all(parameter.default == theirs[name].default for name, parameter in ours.items())


def test_the_way_to_read_between_two_steps_is_checked_also_later():
    synapse = DeltaCurrent(1, 1.0, spike_charge=1.0)
    synapse.interp_mode = "Nearest"
    assert synapse.interp_mode == "nearest"
    with pytest.raises(RuntimeError, match="interp_mode must be one of 'nearest', 'previous', 'linear', but is 'cubic'"):
        synapse.interp_mode = "cubic"
    assert synapse.interp_mode == "nearest"
