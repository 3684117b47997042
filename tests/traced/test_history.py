"""What the traced connections share: one history of spikes, one of traces, read at every synapse's delay."""

import copy
import math

import pytest
import torch

import snnlab as snn

BATCH, STEPS = 2, 12


def linear(delay=0.0, batch=BATCH, dt=1.0):
    return snn.traced.Linear(4, 3, batch, dt, delay)


def conv(delay=0.0, batch=BATCH, dt=1.0):
    return snn.traced.Conv2d(2, 3, (3, 2), (5, 4), batch, dt, delay, stride=(2, 1), padding=1)


def whole(like, seed=3):
    """Whole-step delays from 0 to 4, one a synapse of one sample."""
    return torch.randint(0, 5, like.shape[1:], generator=torch.Generator().manual_seed(seed)).double()


def a_weight(like, seed=3):
    """The same at every site."""
    return torch.randint(0, 5, like.weight.shape, generator=torch.Generator().manual_seed(seed)).double().flatten(1)


DELAYS = {
    "no delay": lambda like: 0.0,
    "one delay": lambda like: 3.0,
    "a delay a synapse": whole,
    "a delay a synapse, given as a batch": lambda like: whole(like).expand(like.shape),
    "a delay a weight": lambda like: a_weight(like).view(3, *[1] * (len(like.shape) - 3), -1) if len(like.shape) == 5 else a_weight(like),
    "a delay a presynaptic place": lambda like: whole(like).flatten()[: like.shape[-1]],
}
BUILD = {"Linear": linear, "Conv2d": conv}
every_kind = pytest.mark.parametrize("build", BUILD.values(), ids=BUILD)
every_delay = pytest.mark.parametrize("delay", DELAYS.values(), ids=DELAYS)


def draw(connection, steps=STEPS, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (steps, *connection.batched_inshape)
    return torch.rand(shape, generator=generator) < 0.4, torch.rand(shape, generator=generator)


def laid_out(connection, x):
    """One value a presynaptic cell as one a synapse: by torch's own unfold, or by hand."""
    x = x.float()
    if x.dim() == 3:
        return x.unsqueeze(2).expand(connection.shape)
    seen = torch.nn.functional.unfold(x, connection.kernel_size, connection.dilation, connection.padding, connection.stride)
    return seen.transpose(1, 2).reshape(len(x), 1, *connection.shape[2:]).expand(connection.shape)


def as_it_was(connection, delay, past):
    """What arrives at every synapse, from all that ever left, oldest first."""
    steps = torch.as_tensor(delay).expand(connection.shape)
    arriving = torch.zeros(connection.shape)
    for back, x in enumerate(reversed(past)):
        arriving = torch.where(steps == back, laid_out(connection, x), arriving)
    return arriving


def weights_a_synapse(connection):
    weight = connection.weight.detach().flatten(1)
    return weight.view(3, *[1] * (len(connection.shape) - 3), -1) if len(connection.shape) == 5 else weight


# ------------------------------------------------------------------------------------------------------------------- what a step gives


@every_kind
@every_delay
def test_every_synapse_gives_its_weight_times_what_left_a_delay_ago_and_the_trace_of_that(build, delay):
    delay = delay(build())
    connection = build(delay)
    spikes, traces = draw(connection)
    for t in range(STEPS):
        potentials, trace = connection(spikes[t], traces[t])
        assert potentials.shape == trace.shape == connection.shape
        arrived = as_it_was(connection, delay, spikes[: t + 1])
        torch.testing.assert_close(potentials, arrived * weights_a_synapse(connection))
        torch.testing.assert_close(trace, as_it_was(connection, delay, traces[: t + 1]))
    assert potentials.any()


@every_kind
@every_delay
def test_the_total_is_the_sum_over_synapses(build, delay):
    connection = build(delay(build()))
    twin = copy.deepcopy(connection)
    for x, trace in zip(*draw(connection), strict=True):
        total = twin.total(x)
        assert total.shape == connection.batched_outshape
        torch.testing.assert_close(total, connection(x, trace)[0].sum(-1))
        assert torch.equal(twin.synapse.spike, connection.synapse.spike)


@every_kind
@every_delay
def test_the_views_for_learning_rules_show_the_same_arrivals(build, delay):
    connection = build(delay(build()))
    spikes, traces = draw(connection)
    for x, trace in zip(spikes, traces, strict=True):
        potentials, _ = connection(x, trace)
    seen = connection.presyn_receptive(connection.syncurrent)  # B x (1 or N) x (like a weight of one neuron) x L
    by_weight = (seen * connection.weight.unsqueeze(-1)).flatten(2, -2).transpose(-1, -2)
    torch.testing.assert_close(by_weight.reshape(connection.shape), potentials)
    assert torch.equal(connection.presyn_receptive(connection.synspike.float()), seen)


@every_kind
def test_graded_inputs_arrive_with_their_value(build):
    connection = build(1.0)
    graded = torch.rand(connection.batched_inshape)
    connection(graded, graded)
    potentials, _ = connection(torch.zeros_like(graded), graded)
    torch.testing.assert_close(potentials, laid_out(connection, graded) * weights_a_synapse(connection))


OTHER = {
    "pulses": snn.DeltaCurrent.partialconstructor(spike_charge=3.0),
    "a decay": snn.SingleExponentialCurrent.partialconstructor(spike_charge=3.0, time_constant=5.0),
    "a rise and a decay": snn.DoubleExponentialCurrent.partialconstructor(spike_charge=3.0, tc_decay=5.0, tc_rise=1.0),
}


@every_kind
@every_delay
@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER)
def test_another_synapse_may_take_its_place(build, delay, other):
    # Its currents, not the spikes, then arrive: those of the same synapse that stands alone, a delay ago.
    delay = delay(build())
    connection, fast = build(delay), build(delay)
    longest = connection.synapse.delay
    for each in (connection, fast):
        each.synapse = other(each.synapse.shape, 1.0, longest, BATCH)
    fast.weight, alone, past = connection.weight, other(connection.synapse.shape, 1.0, 0.0, BATCH), []
    for x, trace in zip(*draw(connection), strict=True):
        past.append(connection.like_input(alone(connection.like_synaptic(x))))
        potentials, _ = connection(x, trace)
        torch.testing.assert_close(potentials, as_it_was(connection, delay, past) * weights_a_synapse(connection))
        torch.testing.assert_close(fast.total(x), potentials.sum(-1))


@every_kind
def test_a_spike_is_a_current_of_1_at_any_step_time(build):
    connection = build(1.0, dt=0.25)
    connection.dt = 0.5
    one = torch.ones(connection.batched_inshape)
    connection(one, one), connection(one, one)
    assert connection.dt == connection.synapse.dt == connection.trace_.dt == 0.5
    torch.testing.assert_close(connection(one, one)[0], laid_out(connection, one) * weights_a_synapse(connection))


@every_kind
def test_another_synapse_keeps_its_charge_at_any_step_time(build):
    connection = build(1.0)
    connection.synapse = snn.DeltaCurrent(connection.synapse.shape, 1.0, spike_charge=3.0, delay=1.0, batch_size=BATCH)
    connection.dt = 0.5
    assert (connection.synapse.spike_charge, connection.synapse.dt) == (3.0, 0.5)


@every_kind
def test_a_step_time_that_does_not_divide_the_delays_is_refused(build):
    connection = build(3.0)
    with pytest.raises(ValueError, match=r"delay must be a whole multiple of dt, 2 ms, but is 3 ms"):
        connection.dt = 2.0
    assert connection.dt == connection.synapse.dt == connection.trace_.dt == 1.0


@every_kind
def test_propagate_spike_gives_what_arrives(build):
    connection, late, apart = build(), build(2.0), build(whole(build()))
    spikes, _ = draw(connection)
    for t, x in enumerate(spikes):
        assert connection.propagate_spike(x) is x
        arrived = late.propagate_spike(x)
        assert arrived.dtype == torch.bool
        assert torch.equal(arrived, spikes[t - 2] if t > 1 else torch.zeros_like(x))
        expected = as_it_was(apart, whole(build()), spikes[: t + 1])
        assert torch.equal(apart.propagate_spike(x).view(apart.shape), expected.bool())


@every_kind
@every_delay
def test_the_activation_potential_takes_what_propagate_spike_gives(build, delay):
    delay = delay(build())
    connection, apart = build(delay), build(delay)
    apart.weight = connection.weight
    for x, trace in zip(*draw(connection), strict=True):
        assert torch.equal(apart.activation_potential(apart.propagate_spike(x)), connection(x, trace)[0])


@every_kind
def test_the_activation_potential_changes_no_state(build):
    connection = build(2.0)
    before = copy.deepcopy(connection.state_dict())
    connection.activation_potential(torch.ones(connection.batched_inshape))
    assert all(torch.equal(value, before[key]) for key, value in connection.state_dict().items())


@every_kind
@every_delay
def test_what_a_step_gives_is_no_view_of_what_is_kept(build, delay):
    connection = build(delay(build()))
    twin = copy.deepcopy(connection)
    for x, trace in zip(*draw(connection), strict=True):
        given = connection(x, trace)
        expected = twin(x, trace)
        assert torch.equal(given[0], expected[0])
        assert torch.equal(given[1], expected[1])
        given[0].add_(99.0), given[1].add_(99.0)  # torch refuses this where two synapses share a place in memory


# --------------------------------------------------------------------------------------------------------------------------- the state


@every_kind
@every_delay
def test_histories_are_kept_once_a_presynaptic_cell(build, delay):
    connection = build(delay(build()))
    records = [module for module in connection.modules() if isinstance(module, snn.RecordTensor)]
    assert len(records) == 3  # currents, spikes, traces
    assert {tuple(record.shape) for record in records} == {(BATCH, connection.insize())}
    assert max(buffer.numel() for buffer in connection.buffers() if buffer.is_floating_point()) <= 2 * 5 * BATCH * connection.insize()


@every_kind
def test_reset_state_loses_what_is_on_its_way_and_keeps_what_was_learned(build):
    connection = build(2.0)
    before = connection.weight.clone()
    updater = connection.defaultupdater()
    for x, trace in zip(*draw(connection), strict=True):
        connection(x, trace)
    updater.weight = torch.ones_like(before)
    connection.reset_state()
    assert all(not buffer.any() for name, buffer in connection.named_buffers() if "storage" in name)
    silent = torch.zeros(connection.batched_inshape)
    assert not connection(silent, silent)[0].any()
    assert torch.equal(connection.weight, before)
    connection.update()
    assert torch.equal(connection.weight, before + 1)


@every_kind
def test_clear_brings_the_traces_to_rest_too(build):
    connection = build(2.0)
    one = torch.ones(connection.batched_inshape)
    connection(one, one)
    connection.clear()
    silent = torch.zeros(connection.batched_inshape)
    assert not any(connection(silent, silent)[1].any() for _ in range(4))


@every_kind
def test_a_total_keeps_spikes_and_traces_in_step(build):
    connection = build(2.0)
    one = torch.ones(connection.batched_inshape)
    connection(one, one * 0.5), connection.total(one), connection(one, one * 0.5)
    traces = [connection(one, one)[1].amax().item() for _ in range(3)]
    assert traces == [0.0, 0.5, 1.0]  # of the total's step none, then the third, then the fourth


@every_kind
def test_another_batch_size_fits_the_traces_too(build):
    connection = build(2.0)
    connection.batchsz = 5
    one = torch.ones(connection.batched_inshape)
    assert connection(one, one)[1].shape == connection.shape == (5, *build().shape[1:])


@every_kind
@pytest.mark.parametrize("name", ["dt", "batchsz"])
def test_a_step_time_or_batch_size_set_again_clears_spikes_and_traces_alike(build, name):
    connection = build(2.0)
    one = torch.ones(connection.batched_inshape)
    connection(one, one)
    setattr(connection, name, getattr(connection, name))
    assert not any(each.any() for _ in range(2) for each in connection(0 * one, 0 * one))


@every_kind
@pytest.mark.parametrize("fast", [True, False])
def test_a_synapse_that_remembers_longer_takes_the_traces_along(build, fast):
    connection = build(1.0)
    connection.synapse.delay = 3.0
    connection.delay = torch.full_like(connection.delay, 3.0)
    one = torch.ones(connection.batched_inshape)
    connection.total(one) if fast else connection(one, one)
    arrived = [connection(one, one)[1].amax().item() for _ in range(4)]
    assert arrived == [0.0, 0.0, 0.0 if fast else 1.0, 1.0]
    connection.synapse.batchsz = 4
    one = torch.ones(connection.batched_inshape)
    assert connection(one, one)[1].shape == connection.shape == (4, *build().shape[1:])


@every_kind
def test_init_connection_of_a_connection_in_a_layer(build):
    connection = build(1.0)
    one = torch.ones(connection.batched_inshape)
    connection(one, one)
    before = connection.weight.clone()
    connection.init_connection()
    assert not connection.training
    assert not connection.weight.requires_grad
    assert not connection(one * 0, one * 0)[0].any()
    assert not torch.equal(connection.weight, before)
    assert 0 <= connection.weight.min() < connection.weight.max() < 1


@every_kind
def test_weights_are_drawn_by_the_inputs_of_a_neuron(build):
    connection = build()
    inputs = {"Linear": 4, "Conv2d": 2 * 3 * 2}[type(connection).__name__]
    connection.reset_weights("neuron_scaled_uniform", a=1.0, b=1.0)
    assert connection.weight.flatten().tolist() == pytest.approx([1 / math.sqrt(inputs)] * connection.weight.numel())


@every_kind
def test_new_weights_act_at_the_next_step_also_where_delays_are_planned(build):
    connection = build(whole(build()))
    one = torch.ones(connection.batched_inshape)
    for _ in range(6):
        connection(one, one)
    connection.reset_weights("constant", gain=2.0)
    torch.testing.assert_close(connection(one, one)[0], 2.0 * laid_out(connection, one))


@every_kind
def test_moved_delays_act_at_the_next_step(build):
    connection = build(3.0)
    spikes, traces = draw(connection)
    for x, trace in zip(spikes, traces, strict=True):
        connection(x, trace)
    connection.delay = torch.full_like(connection.delay, 1.0)
    silent = torch.zeros(connection.batched_inshape)
    torch.testing.assert_close(connection(silent, silent)[1], laid_out(connection, traces[-1]))


# -------------------------------------------------------------------------------------------------------------------------- gradients


@every_kind
@every_delay
def test_a_gradient_reaches_the_weights(build, delay):
    delay = delay(build())
    connection = build(delay)
    connection.weight_.requires_grad_()
    spikes, traces = draw(connection)
    total = sum(connection(x, trace)[0].sum() for x, trace in zip(spikes, traces, strict=True))
    total.backward()
    arrived = sum(as_it_was(connection, delay, spikes[: t + 1]) for t in range(STEPS)).sum(0)
    expected = arrived.flatten(1, -2).sum(1) if arrived.dim() == 4 else arrived[0]
    torch.testing.assert_close(connection.weight.grad.flatten(1), expected)


@every_kind
@pytest.mark.parametrize("fast", [True, False])
def test_a_gradient_reaches_delays_where_the_synapse_reads_along_the_line(build, fast):
    # One spike everywhere, then one less: at 0.5 ms half of each arrives, and each ms more brings one more.
    connection = build(1.0)
    shape = connection.synapse.shape
    connection.synapse = snn.DeltaPlusCurrent(
        shape, 1.0, spike_charge=1.0, delay=1.0, interp_mode="linear", batch_size=BATCH, inplace=False
    )
    connection.delay = torch.full_like(connection.delay, 0.5)
    connection.reset_weights("constant", gain=3.0)
    connection.delay_.requires_grad_()
    one = torch.ones(connection.batched_inshape)
    out = []
    for x in (one, 0 * one):
        out.append(connection.total(x) if fast else connection(x, x)[0].sum(-1))
    torch.testing.assert_close(out[1], (laid_out(connection, one) * 1.5).sum(-1))
    out[1].sum().backward()
    reads = laid_out(connection, one)[:, 0].sum(0) if isinstance(connection, snn.traced.Conv2d) else torch.full((1, 4), float(BATCH))
    expected = 3.0 * reads.flatten(0, -2).sum(0) if reads.dim() > 1 else reads
    torch.testing.assert_close(connection.delay.grad.flatten(1), expected.expand(3, -1))


@every_kind
def test_currents_that_have_all_decayed_are_zeros_of_the_same_shape(build):
    # exp(−0.5/0.001) is 0 in any precision: half a step after a spike nothing is left to be read.
    connection = build(3.0)
    connection.synapse = snn.SingleExponentialCurrent(
        connection.synapse.shape, 1.0, spike_charge=1.0, time_constant=1e-3, delay=3.0, batch_size=BATCH
    )
    connection.delay = torch.full_like(connection.delay, 0.5)
    one = torch.ones(connection.batched_inshape)
    for _ in range(3):
        potentials, _ = connection(one, one)
        assert potentials.shape == connection.shape
        assert not potentials.any()


@every_kind
def test_a_gradient_that_a_total_would_lose_is_refused_before_the_step(build):
    connection = build(whole(build()))
    connection.weight_.requires_grad_()
    one = torch.ones(connection.batched_inshape)
    with pytest.raises(RuntimeError, match="A gradient is wanted for weight, but the synapse writes its history in place"):
        connection.total(one)
    assert not connection.synapse.spike.any()


# -------------------------------------------------------------------------------------------------------------------------- bad input


@every_kind
@pytest.mark.parametrize(("place", "name"), [(0, "x"), (1, "trace_in")])
@pytest.mark.parametrize(
    "spoil", [lambda good: good[..., :-1], lambda good: good[:1], lambda good: good / 0], ids=["shape", "batch", "NaN"]
)
def test_a_bad_input_is_refused_by_name_and_nothing_moves(build, place, name, spoil):
    connection = build(1.0)
    good = torch.ones(connection.batched_inshape)
    connection(good, good)
    before = copy.deepcopy(connection.state_dict())
    both = [good, good]
    both[place] = spoil(good)
    with pytest.raises(ValueError, match=rf"{name} must be (of shape|finite)"):
        connection(*both)
    assert all(torch.equal(value, before[key]) for key, value in connection.state_dict().items())
    if place == 0:
        with pytest.raises(ValueError, match="x must be"):
            connection.total(both[0])


@every_kind
def test_delays_that_differ_between_samples_are_refused(build):
    delay = torch.zeros(build().shape)
    delay[1] = 1.0
    with pytest.raises(ValueError, match="delay must be the same for every sample, as weights are"):
        build(delay)


@every_kind
def test_a_delay_between_two_steps_is_refused_with_both_numbers(build):
    with pytest.raises(ValueError, match=r"delay must be a whole multiple of dt, 0.4 ms, but is 1 ms. Round it, or take another dt"):
        build(1.0, dt=0.4)


@every_kind
def test_what_fits_no_synapse_is_refused_by_the_activation_potential(build):
    with pytest.raises(ValueError, match=r"x must be of shape .* or .*, but is of shape \(2, 7\)"):
        build().activation_potential(torch.zeros(2, 7))
