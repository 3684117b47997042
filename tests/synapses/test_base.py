import copy
import io
import pickle
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.synapses import (
    DeltaCurrent,
    DeltaPlusCurrent,
    DoubleExponentialCurrent,
    InfernoSynapse,
    SingleExponentialCurrent,
    Synapse,
)
from snnlab.synapses.base import as_binary, decay_mode, interpolation_mode, pulse_mode, refuse_unknown

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()


def kind_of(synapse, **first):
    return lambda **kwargs: synapse(**{"shape": 3, "step_time": 1.0, "spike_charge": 2.0} | first | kwargs)


KINDS = {
    "delta": kind_of(DeltaCurrent),
    "delta linear": kind_of(DeltaCurrent, interp_mode="linear"),
    "delta plus": kind_of(DeltaPlusCurrent),
    "delta plus linear": kind_of(DeltaPlusCurrent, interp_mode="linear"),
    "exponential": kind_of(SingleExponentialCurrent, time_constant=4.0),
    "exponential linear": kind_of(SingleExponentialCurrent, time_constant=4.0, interp_mode="linear"),
    "double exponential": kind_of(DoubleExponentialCurrent, tc_decay=4.0, tc_rise=2.0),
    "double exponential linear": kind_of(DoubleExponentialCurrent, tc_decay=4.0, tc_rise=2.0, interp_mode="linear"),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def trains(steps, batch=2, cells=3, seed=0):
    return torch.rand(steps, batch, cells, generator=torch.Generator().manual_seed(seed)) < 0.4


def run(synapse, spikes):
    return [synapse(step) for step in spikes]


def state_of(synapse):
    return {name: value.clone() for name, value in synapse.state_dict().items()}


def alike(one, other):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=0, atol=0)


# --------------------------------------------------------------------------------------------------- what all synapses have in common


@every_kind
def test_a_synapse_says_what_it_is(kind):
    synapse = KINDS[kind](shape=(2, 3), step_time=0.5, delay=2.0, batch_size=4)
    assert isinstance(synapse, InfernoSynapse)
    assert isinstance(synapse, Synapse)
    assert (synapse.shape, synapse.count, synapse.batchsz, synapse.batchedshape) == ((2, 3), 6, 4, (4, 2, 3))
    assert (synapse.dt, synapse.delay, synapse.inplace) == (0.5, 2.0, True)
    assert "shape=(2, 3), batchsz=4, dt=0.5, delay=2.0" in repr(synapse)


@every_kind
@pytest.mark.parametrize("delay", [0.0, 3 * 0.1, 0.7, 12.5])
def test_the_delay_that_was_given_is_returned(kind, delay):
    assert KINDS[kind](step_time=0.1, delay=delay).delay == delay


@every_kind
@pytest.mark.parametrize("delay", [0.0, 3.0])
def test_a_new_synapse_is_at_rest(kind, delay):
    synapse = KINDS[kind](delay=delay, batch_size=2)
    for tensor in (synapse.current, synapse.spike, synapse.current_at(torch.zeros(2, 3)), synapse.spike_at(torch.zeros(2, 3))):
        assert tensor.shape == (2, 3)
        assert not tensor.any()
    assert synapse.spike.dtype == synapse.spike_at(torch.zeros(2, 3)).dtype == torch.bool


@every_kind
@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("tolerance", [None, 0.0])
def test_a_whole_step_delay_reads_the_current_and_the_spikes_of_that_step(kind, inplace, dt, tolerance):
    # With no tolerance at all the reference takes some exact delays for their neighbour, and the longest for none.
    steps = 40
    synapse = KINDS[kind](step_time=dt, delay=steps * dt, batch_size=2, inplace=inplace, interp_tol=tolerance)
    spikes = trains(steps + 7)
    currents = run(synapse, spikes)
    for dtype in (torch.float32, torch.float64):
        selector = torch.tensor([step * dt for step in range(steps + 1)], dtype=dtype).expand(1, 3, -1)
        assert torch.equal(synapse.current_at(selector), torch.stack(currents[: -steps - 2 : -1], -1))
        assert torch.equal(synapse.spike_at(selector), spikes[-steps - 1 :].flip(0).movedim(0, -1))
    assert torch.equal(synapse.current_at(torch.zeros(2, 3)), synapse.current)
    assert torch.equal(synapse.spike, spikes[-1])


@every_kind
def test_a_selector_has_the_shape_of_the_synapse_or_one_axis_more_and_may_serve_all_samples(kind):
    synapse = KINDS[kind](delay=4.0, batch_size=2)
    run(synapse, trains(9))
    whole = torch.randint(0, 5, (2, 3, 4), generator=torch.Generator().manual_seed(1)).float()
    for at in (synapse.current_at, synapse.spike_at):
        many = at(whole)
        assert many.shape == (2, 3, 4)
        for place in range(4):
            assert torch.equal(at(whole[..., place]), many[..., place])
        assert torch.equal(at(whole[:1]), at(whole[:1].expand(2, 3, 4)))
        assert torch.equal(at(whole[:1, :, 0]), at(whole[:1].expand(2, 3, 4))[..., 0])


@every_kind
@pytest.mark.parametrize("delay", [0.0, 3.0])
def test_a_synapse_of_several_axes_reads_as_a_row_of_its_cells_does(kind, delay):
    sheet, row = KINDS[kind](shape=(2, 3), delay=delay, batch_size=2), KINDS[kind](shape=6, delay=delay, batch_size=2)
    for spikes in trains(6, cells=6):
        assert torch.equal(sheet(spikes.view(2, 2, 3)).view(2, 6), row(spikes))
    selector = torch.rand(2, 6, 4, generator=torch.Generator().manual_seed(2)) * 3
    for ours, theirs in ((sheet.current_at, row.current_at), (sheet.spike_at, row.spike_at)):
        assert torch.equal(ours(selector.view(2, 2, 3, 4)).view(2, 6, 4), theirs(selector))
        assert torch.equal(ours(selector[:1, :, 0].view(1, 2, 3)).view(2, 6), theirs(selector[:1, :, 0]))


@every_kind
def test_without_a_delay_every_selector_reads_the_present(kind):
    synapse = KINDS[kind](batch_size=2)
    run(synapse, trains(3))
    for selector in (torch.full((2, 3), 7.0), torch.zeros(1, 3), torch.full((1, 3, 4), -2.0)):
        shape = (2, *selector.shape[1:])
        present = (synapse.current, synapse.spike) if selector.dim() == 2 else (synapse.current.unsqueeze(-1), synapse.spike.unsqueeze(-1))
        assert torch.equal(synapse.current_at(selector), present[0].expand(shape))
        assert torch.equal(synapse.spike_at(selector), present[1].expand(shape))


@every_kind
def test_beyond_the_longest_delay_there_is_the_overbound_value_or_the_nearest_end(kind):
    selector = torch.tensor([[2.0, 2.5, -0.5]])
    for spike_overbound, beyond in ((True, [True, True]), (False, [False, False]), (None, [False, True])):
        synapse = KINDS[kind](delay=2.0, current_overbound=-7.0, spike_overbound=spike_overbound)
        run(synapse, torch.tensor([[[0, 0, 0]], [[0, 0, 0]], [[0, 0, 1]]]))  # 2 ms ago: no spike; now: one in the last cell
        assert synapse.spike_at(selector).tolist() == [[False, *beyond]]
        assert synapse.current_at(selector).tolist() == [[0, -7, -7]]
    synapse.current_overbound = None
    assert torch.equal(synapse.current_at(selector), torch.tensor([[0, 0, synapse.current[0, 2]]]))


@every_kind
def test_an_overbound_value_is_a_current_not_a_number_of_spikes(kind):
    # The charge multiplies what is stored, never what stands in for it.
    synapse = KINDS[kind](delay=1.0, current_overbound=3.0, spike_charge=50.0)
    assert synapse.current_at(torch.full((1, 3), 9.0)).tolist() == [[3, 3, 3]]


@every_kind
def test_a_delay_within_the_tolerance_of_the_longest_is_the_longest(kind):
    synapse = KINDS[kind](delay=2.0, current_overbound=-7.0, interp_tol=0.25)
    run(synapse, torch.tensor([[[1, 1, 1]], [[0, 0, 0]], [[0, 0, 0]]]))
    assert synapse.spike_at(torch.tensor([[2.2, 2.3, 1.8]])).tolist() == [[True, False, True]]
    assert synapse.tolerance == 0.25
    synapse.tolerance = None
    assert synapse.tolerance == pytest.approx(1e-4)
    synapse.dt = 0.5
    assert synapse.tolerance == pytest.approx(0.5e-4)


# ------------------------------------------------------------------------------------------------------------------------------ laws


DT = st.sampled_from([0.1, 0.25, 0.3, 1.0])
TRAIN = st.lists(st.booleans(), min_size=9, max_size=20)


def driven(kind, train, dt, **kwargs):
    """A synapse of one cell, in double precision, that remembers 8 steps, and the currents of its run."""
    synapse = KINDS[kind](shape=1, step_time=dt, delay=8 * dt, **kwargs).double()
    return synapse, [synapse(torch.tensor([[value]])).item() for value in train]


@every_kind
@given(train=TRAIN, steps=st.integers(0, 8), dt=DT)
def test_a_whole_step_delay_replays_the_past_bit_for_bit(kind, train, steps, dt):
    synapse, currents = driven(kind, train, dt)
    for delay in (steps * dt, float(torch.tensor(steps * dt))):  # also as single precision knows it
        selector = torch.tensor([[delay]], dtype=torch.float64)
        assert synapse.current_at(selector).item() == currents[-1 - steps]
        assert synapse.spike_at(selector).item() == train[-1 - steps]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.endswith("linear")])
@given(train=TRAIN, steps=st.integers(0, 7), share=st.floats(0.01, 0.99), dt=DT)
def test_a_linear_read_lies_on_the_line_between_two_steps_and_its_spikes_are_the_older(kind, train, steps, share, dt):
    synapse, currents = driven(kind, train, dt)
    selector = torch.tensor([[(steps + share) * dt]], dtype=torch.float64)
    newer, older = currents[-1 - steps], currents[-2 - steps]
    assert synapse.current_at(selector).item() == pytest.approx((1 - share) * newer + share * older, rel=1e-9, abs=1e-9)
    assert synapse.spike_at(selector).item() == train[-2 - steps]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("delta", "delta linear")])  # to them any input is 1
@given(one=st.lists(st.floats(-2, 2), min_size=9, max_size=9), other=TRAIN, factor=st.floats(-3, 3), delay=st.floats(0, 8), dt=DT)
def test_currents_add_up_as_their_inputs_do(kind, one, other, factor, delay, dt):
    other = [float(spike) for spike in other[:9]]
    both = [x + factor * y for x, y in zip(one, other, strict=True)]
    selector = torch.tensor([[delay * dt]], dtype=torch.float64)
    first, second, mixed = (driven(kind, train, dt)[0].current_at(selector).item() for train in (one, other, both))
    assert mixed == pytest.approx(first + factor * second, rel=1e-6, abs=1e-6)


@every_kind
@given(train=TRAIN, silent=st.integers(0, 20), dt=DT)
def test_after_clear_nothing_is_left_of_the_past(kind, train, silent, dt):
    synapse, currents = driven(kind, [False] * silent + train, dt)
    synapse.clear()
    assert [synapse(torch.tensor([[value]])).item() for value in train] == currents[silent:]


# ------------------------------------------------------------------------------------------------------------------------ bad input


BAD = {
    "wrong shape": ((torch.zeros(2, 4),), {}, ValueError, r"inputs must be of shape \(2, 3\) \(B x \*shape\), but is of shape \(2, 4\)"),
    "wrong batch": ((torch.zeros(5, 3),), {}, ValueError, r"but is of shape \(5, 3\). Set batchsz, or build with another batch_size"),
    "no batch": ((torch.zeros(3),), {}, ValueError, r"inputs must be of shape \(2, 3\)"),
    "NaN": ((torch.tensor([[1.0, float("nan"), 0]] * 2),), {}, ValueError, "inputs must be finite.*but is NaN or infinite in 2 of 6"),
    "infinity": ((torch.tensor([[1.0, float("inf"), 0]] * 2),), {}, ValueError, "inputs must be finite"),
    "no tensor": (([[1, 0, 1]] * 2,), {}, TypeError, "inputs must be a torch.Tensor"),
    "no input": ((), {}, TypeError, r"takes spikes of shape \(2, 3\), but got no input"),
    "unknown keyword": ((torch.zeros(2, 3),), {"refrac_lock": True}, TypeError, "takes no keyword 'refrac_lock'"),
    "gradient in place": ((torch.ones(2, 3, requires_grad=True),), {}, RuntimeError, "Set inplace=False"),
}


@every_kind
@pytest.mark.parametrize("fault", BAD)
def test_bad_input_is_named_and_leaves_the_state_as_it_was(kind, fault):
    inputs, keywords, error, words = BAD[fault]
    synapse = KINDS[kind](delay=2.0, batch_size=2)
    run(synapse, trains(3))
    before = state_of(synapse)
    with pytest.raises(error, match=words):
        synapse(*inputs, **keywords)
    alike(state_of(synapse), before)


@every_kind
@pytest.mark.parametrize("selector", [torch.zeros(4), torch.zeros(2, 4), torch.zeros(5, 3), torch.full((2, 3), float("nan"))])
def test_a_bad_selector_is_refused(kind, selector):
    synapse = KINDS[kind](delay=2.0, batch_size=2)
    for at in (synapse.current_at, synapse.spike_at):
        with pytest.raises(ValueError, match="time must"):
            at(selector)


@every_kind
@pytest.mark.parametrize("selector", [torch.zeros(3), torch.zeros(2, 1), torch.zeros(5, 3), torch.zeros(2, 1, 4)])
def test_a_selector_of_another_shape_is_refused_also_where_there_is_only_the_present(kind, selector):
    synapse = KINDS[kind](batch_size=2)
    for at in (synapse.current_at, synapse.spike_at):
        with pytest.raises(ValueError, match=r"time must be of shape \(2, 3\)"):
            at(selector)


@every_kind
@pytest.mark.parametrize("delay", [0.0, 2.0])
def test_a_plain_number_selects_for_all_and_anything_else_is_refused(kind, delay):
    synapse = KINDS[kind](delay=delay, batch_size=2)
    run(synapse, trains(4))
    for number in (1, 1.0, delay):
        selector = torch.full((2, 3), float(number))
        assert torch.equal(synapse.current_at(number), synapse.current_at(selector))
        assert torch.equal(synapse.spike_at(number), synapse.spike_at(selector))
    with pytest.raises(TypeError, match="selector must be a number in ms, but is 'late'"):
        synapse.current_at("late")


@every_kind
@pytest.mark.parametrize(
    ("keywords", "error", "words"),
    [
        ({"shape": (2, 0)}, ValueError, "every size in shape must be a whole number of at least 1"),
        ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1, but is 0"),
        ({"step_time": 0}, ValueError, "step_time must be above 0 ms, but is 0.0 ms"),
        ({"delay": -1.0}, ValueError, "delay must be 0 ms or above, but is -1.0 ms. Use 0.0 for no delay"),
        ({"delay": None}, TypeError, "delay must be a number in ms, but is None"),
        ({"spike_charge": 0.0}, ValueError, "spike_charge must be other than 0 pC, but is 0.0 pC"),
        ({"interp_tol": -1.0}, ValueError, "interp_tol must be 0 ms or above, but is -1.0 ms"),
        ({"spike_chrage": 1.0}, TypeError, "spike_chrage"),
        ({"current_overbound": float("nan")}, ValueError, "current_overbound must be a finite number, but is nan nA"),
        ({"current_overbound": "last"}, TypeError, "current_overbound must be a number in nA, but is 'last'"),
        ({"spike_overbound": 1}, TypeError, "spike_overbound must be True or False, but is 1"),
        ({"inplace": "no"}, TypeError, "inplace must be True or False, but is 'no'"),
    ],
)
def test_a_bad_argument_is_named(kind, keywords, error, words):
    with pytest.raises(error, match=words):
        KINDS[kind](**keywords)


@every_kind
def test_a_bad_spike_is_refused_and_a_good_one_replaces_the_present(kind):
    synapse = KINDS[kind](delay=2.0)
    run(synapse, torch.tensor([[[1, 1, 0]], [[0, 0, 1]]]))
    before = state_of(synapse)
    for bad, error in (([1], TypeError), (torch.ones(3), ValueError), (torch.full((1, 3), float("nan")), ValueError)):
        with pytest.raises(error, match="spike must be"):
            synapse.spike = bad
    alike(state_of(synapse), before)
    synapse.spike = torch.tensor([[0, 2, 0]])
    assert synapse.spike.tolist() == [[False, True, False]]
    assert synapse.spike_at(torch.ones(1, 3)).tolist() == [[True, True, False]]


# --------------------------------------------------------------------------------------------------------------------------- setters


@every_kind
@pytest.mark.parametrize("inplace", [True, False])
def test_dt_delay_and_batchsz_clear_the_state_and_leave_what_the_constructor_would(kind, inplace):
    changed = KINDS[kind](step_time=1.0, delay=2.0, inplace=inplace)
    for name, value in (("batchsz", 2), ("delay", 3 * 0.1), ("dt", 0.1)):
        run(changed, torch.ones(3, changed.batchsz, 3))
        setattr(changed, name, value)
        assert getattr(changed, name) == value
        assert not changed.current.any()
        assert not any(tensor.any() for tensor in changed.state_dict().values())
    built = KINDS[kind](step_time=0.1, delay=3 * 0.1, batch_size=2, inplace=inplace)
    spikes = trains(9)
    for ours, theirs in zip(run(changed, spikes), run(built, spikes), strict=True):
        assert torch.equal(ours, theirs)
    alike(state_of(changed), state_of(built))


@every_kind
def test_inplace_may_change_in_the_middle_of_a_run(kind):
    one, other = (KINDS[kind](delay=3.0, batch_size=2) for _ in range(2))
    run(one, trains(8))
    run(other, trains(8)[:4])
    other.inplace = False
    assert not any(record.inplace for record in other.children())
    run(other, trains(8)[4:6])
    other.inplace = True
    run(other, trains(8)[6:])
    alike(state_of(one), state_of(other))


@every_kind
def test_clear_ignores_keywords_meant_for_others(kind):
    synapse = KINDS[kind](delay=2.0, batch_size=2)
    run(synapse, trains(3))
    synapse.clear(keep_adaptations=True)
    assert not any(tensor.any() for tensor in synapse.state_dict().values())


# ------------------------------------------------------------------------------------------------------------------- gradients, copies


@every_kind
@pytest.mark.parametrize("delay", [0.0, 2.0])
def test_a_gradient_passes_straight_through_the_spikes(kind, delay):
    # At the step itself: dI/ds is Q/dt = 2 for delta, Q/τ = 0.5 for exponential, 0 for what rises from 0; a spike of 0 lets it pass too.
    synapse = KINDS[kind](shape=2, delay=delay, inplace=False)
    spikes = torch.tensor([[1.0, 0.0]], requires_grad=True)
    current = synapse(spikes)
    slope = {"delta": 2.0, "delta plus": 2.0, "exponential": 0.5, "double exponential": 0.0}[kind.removesuffix(" linear")]
    assert current.tolist() == [[slope, 0.0]]
    current.sum().backward()
    assert spikes.grad.tolist() == [[slope, slope]]
    assert synapse.spike.dtype == torch.bool


@every_kind
def test_a_gradient_passes_through_a_delay_to_the_spikes_of_that_step(kind):
    synapse = KINDS[kind](shape=1, delay=3.0, inplace=False)
    spikes = [torch.tensor([[value]], requires_grad=True) for value in (1.0, 0.0, 1.0, 0.0)]
    run(synapse, spikes)
    synapse.current_at(torch.tensor([[2.0]])).sum().backward()
    # exp(−1/4) = 0.7788, exp(−1/2) = 0.6065, Q/(τ_d − τ_r) = 1
    decay = {"exponential": [0.5 * 0.7788008, 0.5, 0, 0], "double exponential": [0.7788008 - 0.6065307, 0, 0, 0]}
    expected = decay.get(kind.removesuffix(" linear"), [0, 2, 0, 0])
    assert [0 if each.grad is None else each.grad.item() for each in spikes] == pytest.approx(expected)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in ("delta", "delta linear")]
)  # theirs is no derivative: any input is 1
def test_the_gradient_that_reaches_the_inputs_through_a_delay_is_the_derivative(kind):
    selector = torch.tensor([[[0.0, 0.3, 1.2, 1.75]], [[0.5, 0.05, 1.0, 2.0]]], dtype=torch.float64)  # on steps and between

    def read(*inputs):
        synapse = KINDS[kind](shape=1, step_time=0.5, delay=2.0, batch_size=2, inplace=False).double()
        run(synapse, inputs)
        return synapse.current_at(selector)

    generator = torch.Generator().manual_seed(3)
    inputs = [torch.rand(2, 1, generator=generator, dtype=torch.float64).requires_grad_() for _ in range(6)]
    assert torch.autograd.gradcheck(read, inputs)


@pytest.mark.parametrize(
    "kind", [kind for kind in KINDS if kind not in ("delta", "delta plus")]
)  # a constant between two steps has no slope
@pytest.mark.parametrize("inplace", [True, False])
def test_the_gradient_that_reaches_a_selector_between_two_steps_is_the_derivative(kind, inplace):
    synapse = KINDS[kind](step_time=0.5, delay=2.0, batch_size=2, inplace=inplace).double()
    run(synapse, trains(6))
    within = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(4), dtype=torch.float64) * 0.4 + 0.05
    selector = (within + torch.arange(4) * 0.5).requires_grad_()
    assert torch.autograd.gradcheck(synapse.current_at, selector)
    slope = torch.autograd.grad(synapse.current_at(selector).sum(), selector)[0]
    assert slope.count_nonzero() > 10


@every_kind
def test_without_gradients_a_wanting_input_runs_in_place(kind):
    synapse = KINDS[kind]()
    with torch.no_grad():
        synapse(torch.ones(1, 3, requires_grad=True))
    assert synapse.spike.all()


def through_a_file(synapse):
    file = io.BytesIO()
    torch.save(synapse, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@every_kind
@pytest.mark.parametrize("way", [copy.deepcopy, lambda synapse: pickle.loads(pickle.dumps(synapse)), through_a_file])
@pytest.mark.parametrize("inplace", [True, False])
def test_a_copy_is_independent_and_goes_on_alike(kind, way, inplace):
    synapse = KINDS[kind](delay=2.0, batch_size=2, inplace=inplace)
    synapse(trains(1)[0].float().requires_grad_(not inplace))
    copied = way(synapse)
    assert not any(tensor.requires_grad for tensor in copied.buffers())
    before = state_of(synapse)
    ahead = run(copied, trains(5, seed=2))
    alike(state_of(synapse), before)
    for ours, theirs in zip(run(synapse, trains(5, seed=2)), ahead, strict=True):
        assert torch.equal(ours, theirs)


@every_kind
def test_a_saved_run_resumes_bit_for_bit_and_another_batch_stays_at_rest_with_one_warning(kind):
    straight, resumed = (KINDS[kind](delay=2.0, batch_size=2) for _ in range(2))
    run(straight, trains(4))
    resumed.load_state_dict(straight.state_dict())
    for ours, theirs in zip(run(straight, trains(5, seed=2)), run(resumed, trains(5, seed=2)), strict=True):
        assert torch.equal(ours, theirs)
    alike(state_of(straight), state_of(resumed))
    other = KINDS[kind](delay=2.0, batch_size=5)
    run(other, trains(2, batch=5))
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        other.load_state_dict(straight.state_dict())
    assert len(warned) == 1
    assert "spike_.observations" in str(warned[0].message)
    assert not any(tensor.any() for tensor in other.state_dict().values())
    other(torch.ones(5, 3))


@every_kind
def test_no_argument_is_changed_and_no_result_is_a_view_of_the_state(kind):
    synapse = KINDS[kind](delay=2.0, batch_size=2)
    spikes = trains(2).float()
    kept = spikes.clone()
    current = synapse(spikes[0])
    copied = current.clone()
    read = synapse.current_at(torch.zeros(2, 3))
    for given_out in (synapse.current, read, synapse.spike, synapse.spike_at(torch.zeros(2, 3))):
        given_out.zero_()
    assert torch.equal(synapse.current, copied)
    synapse(spikes[1])
    assert torch.equal(current, copied)
    assert torch.equal(spikes, kept)


@every_kind
def test_samples_do_not_touch_each_other(kind):
    spikes = trains(6, batch=3)
    together = KINDS[kind](delay=2.0, batch_size=3)
    alone = KINDS[kind](delay=2.0)
    for many, one in zip(run(together, spikes), run(alone, spikes[:, 1:2]), strict=True):
        assert torch.equal(many[1:2], one)


@every_kind
@pytest.mark.parametrize("device", DEVICES)
def test_a_synapse_runs_in_any_dtype_on_any_device(kind, device):
    for dtype in (torch.float32, torch.float16) + (torch.float64,) * (device != "mps"):
        synapse = KINDS[kind](delay=2.0, batch_size=2).to(device, dtype)
        currents = run(synapse, trains(4).to(device))
        assert {(current.dtype, current.device.type) for current in currents} == {(dtype, device)}
        assert torch.equal(synapse.current_at(torch.ones(2, 3, device=device, dtype=dtype)), currents[-2])
        synapse.clear()
        assert synapse.current.dtype == dtype


# --------------------------------------------------------------------------------------------------------------- the parts by themselves


def test_the_base_classes_are_abstract():
    with pytest.raises(TypeError, match="abstract"):
        Synapse()
    with pytest.raises(TypeError, match="abstract"):
        InfernoSynapse(3, 1.0, 0.0, 1, True)


def test_a_synapse_of_ones_own_needs_histories_and_how_to_read_them():
    class Doubled(DeltaCurrent):
        def delayed_currents(self):
            (read,) = super().delayed_currents()
            return (read, read)

    synapse = Doubled(1, 1.0, spike_charge=3.0, delay=1.0)
    synapse(torch.ones(1, 1))
    assert synapse.current_at(torch.zeros(1, 1)).item() == 6
    for method in (InfernoSynapse.delayed_currents, InfernoSynapse.delayed_spikes):
        with pytest.raises(NotImplementedError, match="Doubled must say how its"):
            method(synapse)


def test_any_nonzero_input_is_one_spike_that_lets_a_gradient_through():
    inputs = torch.tensor([0.0, 0.5, -3.0, 1.0], requires_grad=True)
    spikes = as_binary(inputs, torch.float32)
    assert spikes.tolist() == [0, 1, 1, 1]
    (spikes * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum().backward()
    assert inputs.grad.tolist() == [1, 2, 3, 4]
    assert as_binary(torch.tensor([True, False]), torch.float16).dtype == torch.float16


def test_names_are_checked():
    refuse_unknown("DeltaCurrent", {})
    with pytest.raises(TypeError, match=r"DeltaCurrent takes no keyword 'a', 'b'. Leave it out, or check its spelling"):
        refuse_unknown("DeltaCurrent", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("check", "taken"),
    [(interpolation_mode, ("nearest", "previous")), (pulse_mode, ("nearest", "previous", "linear")), (decay_mode, ("expdecay", "linear"))],
)
def test_a_way_to_read_between_two_steps_is_one_of_its_kind_in_any_case(check, taken):
    assert [check("interp_mode", mode.title()) for mode in taken] == list(taken)
    for mode in {"nearest", "previous", "linear", "expdecay", "next", ""} - set(taken):
        words = f"interp_mode must be one of {', '.join(map(repr, taken))}, but is {mode!r}"
        with pytest.raises(RuntimeError, match=words):
            check("interp_mode", mode)


def test_spikes_arrive_as_the_numbers_one_and_zero_whatever_is_kept():
    class Loud(DeltaCurrent):
        """Keeps 3 for a spike."""

        def forward(self, *inputs):
            self.spike_.push(self.check_inputs(inputs) * 3.0)
            return self.spike_.peek()

    class Deaf(DeltaCurrent):
        """Hears no more than its first cell."""

        @property
        def spike(self):
            return super().spike & torch.tensor([[True, False]])

    deaf = Deaf(2, 1.0, spike_charge=1.0)
    deaf(torch.ones(1, 2))
    assert deaf.arrived.tolist() == [[1, 0]]

    for kind in (Loud, DeltaCurrent):
        synapse = kind(2, 1.0, spike_charge=1.0)
        synapse(torch.tensor([[1.0, 0.0]]))
        assert synapse.arrived.tolist() == [[1, 0]]
        assert synapse.arrived.dtype == torch.float32
