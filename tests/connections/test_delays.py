"""Delays are exact: every delayed connection against a loop over time, sample, output and input that knows no history and no plan."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

import snnlab as snn
from snnlab.connections import delays
from snnlab.connections.delays import delayed_outer, delayed_outer_of_spikes, delayed_sum
from snnlab.connections.plan import DelayPlan, Reading, plan_delays

pytestmark = pytest.mark.filterwarnings("ignore:.*delays lie outside")  # said once a plan; here it is meant

CHARGE, TAU = 3.0, 4.0
SYNAPSES = {
    "delta": snn.DeltaCurrent.partialconstructor(spike_charge=CHARGE),
    "nearest": snn.DeltaCurrent.partialconstructor(spike_charge=CHARGE, interp_mode="nearest"),
    "exponential": snn.SingleExponentialCurrent.partialconstructor(spike_charge=CHARGE, time_constant=TAU),
}
KINDS = ("dense", "direct", "lateral")
SIZE = {"dense": (5, 3), "direct": (4, 4), "lateral": (4, 4)}


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def build(kind, synapse="delta", *, step_time=1.0, delay=20.0, batch_size=8, bias=True, seed=0, **inits):
    inputs, outputs = SIZE[kind]
    shape = {"dense": (outputs, inputs), "direct": (inputs,), "lateral": (inputs, inputs)}[kind]
    random = generator(seed)
    weight = torch.rand(shape, generator=random) * 2 - 1
    whole = torch.randint(0, round((delay or 0.0) / step_time) + 1, shape, generator=random) * step_time
    firsts = {"weight_init": lambda _: weight}
    firsts |= {} if delay is None else {"delay_init": lambda _: whole}
    firsts |= {"bias_init": lambda default: torch.full_like(default, 0.5)} if bias else {}
    inits = firsts | inits
    arguments = {"synapse": SYNAPSES[synapse], "bias": bias, "delay": delay, "batch_size": batch_size} | inits
    if kind == "dense":
        return snn.LinearDense(inputs, outputs, step_time, **arguments)
    return {"direct": snn.LinearDirect, "lateral": snn.LinearLateral}[kind](inputs, step_time, **arguments)


def trains(kind, steps, batch_size=8, seed=1, rate=0.2):
    return torch.rand(steps, batch_size, SIZE[kind][0], generator=generator(seed)) < rate


def full(connection, parameter):
    """A parameter as N x M, with 0 where there is no synapse."""
    matrix = (torch.diag(parameter) if parameter.dim() == 1 else parameter).detach().clone()
    return matrix.fill_diagonal_(0) if isinstance(connection, snn.LinearLateral) else matrix


def current_at(train, time, synapse, step_time):
    """Current at a time in steps, whole or not, of one spike train: by the synapse's equation, spike by spike."""
    if synapse == "exponential":
        return sum(CHARGE / TAU * math.exp(-(time - at) * step_time / TAU) for at, spike in enumerate(train) if spike and at <= time + 1e-6)
    step = math.floor(time + 1e-6) if synapse == "delta" else math.ceil(time - 0.5 - 1e-6)  # the older; the nearest, a tie the older
    return CHARGE / step_time * train[step] if 0 <= step < len(train) else 0.0


def by_loops(connection, inputs, synapse):
    weight, delay = full(connection, connection.weight), full(connection, connection.delay)
    step_time, (steps, batch, _) = connection.dt, inputs.shape
    bias = [0.0] * len(weight) if connection.bias is None else connection.bias.tolist()
    result = torch.zeros(steps, batch, len(weight), dtype=torch.float64)
    reads = [(n, m, weight[n, m].item(), delay[n, m].item()) for n in range(len(weight)) for m in range(weight.shape[1]) if weight[n, m]]
    for sample in range(batch):
        columns = inputs[:, sample].T.tolist()
        for time in range(steps):
            result[time, sample] = torch.tensor(bias)
            for n, m, w, d in reads:
                past = time - d / step_time
                if past > -1:
                    result[time, sample, n] += w * current_at(columns[m][: time + 1], past, synapse, step_time)
    return result


def run(connection, inputs):
    with torch.no_grad():
        return torch.stack([connection(spikes) for spikes in inputs])


# --------------------------------------------------------------------------------------------------------------- whole-step delays


@pytest.mark.parametrize("synapse", ["delta", "exponential"])
@pytest.mark.parametrize("kind", KINDS)
def test_random_whole_step_delays_equal_the_loops(kind, synapse):
    connection, inputs = build(kind, synapse), trains(kind, 200)
    torch.testing.assert_close(run(connection, inputs), by_loops(connection, inputs, synapse).float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("step_time", [0.1, 0.3, 0.7, 2.0])
@pytest.mark.parametrize("synapse", ["delta", "exponential"])
@pytest.mark.parametrize("kind", KINDS)
def test_delays_are_exact_at_steps_other_than_one_ms(kind, synapse, step_time):
    connection, inputs = build(kind, synapse, step_time=step_time, delay=12 * step_time), trains(kind, 40)
    torch.testing.assert_close(run(connection, inputs), by_loops(connection, inputs, synapse).float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_delays_are_exact_without_bias_and_in_a_batch_of_one(kind):
    connection, inputs = build(kind, bias=False, batch_size=1), trains(kind, 60, batch_size=1)
    torch.testing.assert_close(run(connection, inputs), by_loops(connection, inputs, "delta").float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("synapse", ["delta", "exponential"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_sample_alone_gives_what_it_gives_in_a_batch(kind, synapse):
    inputs = trains(kind, 50, batch_size=3)
    together = run(build(kind, synapse, batch_size=3), inputs)
    alone = [run(build(kind, synapse, batch_size=1), inputs[:, b : b + 1]) for b in range(3)]
    torch.testing.assert_close(torch.cat(alone, 1), together, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_zero_delays_give_what_a_connection_without_delays_gives(kind):
    inputs = trains(kind, 30)
    connection, none, zero = build(kind), build(kind, delay=None), build(kind, delay=0.0)
    connection.delay = torch.zeros_like(connection.delay)
    expected = run(none, inputs)
    torch.testing.assert_close(run(connection, inputs), expected, rtol=1e-6, atol=1e-6)
    assert torch.equal(run(zero, inputs), expected)


@given(steps=st.integers(1, 40), step_time=st.sampled_from([0.1, 0.3, 0.5, 0.7, 1.0, 1.1]), batch_size=st.sampled_from([1, 2]))
def test_the_longest_delay_acts_at_its_time_and_not_before_or_after(steps, step_time, batch_size):
    longest = steps * step_time
    arguments = {"synapse": SYNAPSES["delta"], "delay": longest, "batch_size": batch_size, "weight_init": torch.ones_like}
    connection = snn.LinearDense(1, 1, step_time, delay_init=lambda zeros: zeros + longest, **arguments)
    pulse = torch.zeros(steps + 3, batch_size, 1, dtype=torch.bool)
    pulse[0] = True
    assert run(connection, pulse).flatten(1).any(1).nonzero().flatten().tolist() == [steps]


def test_a_long_delay_in_fine_steps_is_still_a_whole_step():
    # In float32, 299.9 is known to 3e-5 only: coarser than the tolerance of 1e-5 ms.
    delays = torch.arange(2990, 3004) * 0.1
    arguments = {"synapse": SYNAPSES["delta"], "delay": 300.3, "weight_init": torch.ones_like, "delay_init": lambda zeros: delays}
    connection = snn.LinearDirect(14, 0.1, **arguments)
    pulse = torch.zeros(3005, 1, 14, dtype=torch.bool)
    pulse[0] = True
    arrival = run(connection, pulse)[:, 0].argmax(0)
    assert arrival.tolist() == list(range(2990, 3004))
    dense = snn.LinearDense(1, 14, 0.1, **(arguments | {"delay_init": lambda zeros: delays.unsqueeze(1)}))
    assert run(dense, pulse[:, :, :1])[:, 0].argmax(0).tolist() == list(range(2990, 3004))


@pytest.mark.parametrize("kind", KINDS)
def test_two_spikes_in_flight_both_arrive(kind):
    connection = build(kind, bias=False, batch_size=2, weight_init=torch.ones_like, delay_init=lambda zeros: zeros + 10.0)
    inputs = torch.zeros(20, 2, SIZE[kind][0], dtype=torch.bool)
    inputs[[0, 3, 4]] = True
    assert run(connection, inputs).flatten(1).any(1).nonzero().flatten().tolist() == [10, 13, 14]


def test_two_targets_hear_one_spike_each_at_its_own_time():
    connection = snn.LinearDense(
        1,
        3,
        1.0,
        synapse=SYNAPSES["delta"],
        delay=5.0,
        weight_init=torch.ones_like,
        delay_init=lambda _: torch.tensor([[0.0], [2.0], [5.0]]),
    )
    pulse = torch.zeros(6, 1, 1, dtype=torch.bool)
    pulse[0] = True
    assert run(connection, pulse)[:, 0].nonzero().tolist() == [[0, 0], [2, 1], [5, 2]]


# ------------------------------------------------------------------------------------------------------- delays between two steps


@pytest.mark.parametrize("step_time", [1.0, 0.3])
@pytest.mark.parametrize("synapse", SYNAPSES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_delay_between_two_steps_reads_by_the_synapses_rule(kind, synapse, step_time):
    connection, inputs = build(kind, synapse, step_time=step_time, delay=6 * step_time), trains(kind, 40)
    connection.delay = torch.rand(connection.delay.shape, generator=generator(5)) * 6 * step_time
    torch.testing.assert_close(run(connection, inputs), by_loops(connection, inputs, synapse).float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("synapse", "delay", "arrives"), [("delta", 2.3, [3]), ("nearest", 2.3, [2]), ("nearest", 2.5, [3]), ("nearest", 2.7, [3])]
)
def test_a_delay_between_2_and_3_steps_arrives_at_the_older_or_the_nearer_step(kind, synapse, delay, arrives):
    connection = build(kind, synapse, bias=False, batch_size=1, weight_init=torch.ones_like, delay_init=lambda zeros: zeros + delay)
    pulse = torch.zeros(6, 1, SIZE[kind][0], dtype=torch.bool)
    pulse[0] = True
    assert run(connection, pulse)[:, 0, 0].nonzero().flatten().tolist() == arrives


def test_an_exponential_current_is_exact_at_any_delay():
    # One spike at 0: the current at t ms with a delay of 2.3 ms is Q/τ·exp(−(t − 2.3)/τ).
    connection = snn.LinearDense(
        1, 1, 1.0, synapse=SYNAPSES["exponential"], delay=5.0, weight_init=torch.ones_like, delay_init=lambda zeros: zeros + 2.3
    )
    pulse = torch.zeros(6, 1, 1, dtype=torch.bool)
    pulse[0] = True
    expected = [0.0, 0.0, 0.0] + [CHARGE / TAU * math.exp(-(t - 2.3) / TAU) for t in (3, 4, 5)]
    assert run(connection, pulse).flatten().tolist() == pytest.approx(expected, rel=1e-5)


def test_a_longest_delay_that_is_no_whole_number_of_steps_is_reached():
    connection = snn.LinearDense(
        1,
        2,
        1.0,
        synapse=SYNAPSES["exponential"],
        delay=2.5,
        weight_init=torch.ones_like,
        delay_init=lambda _: torch.tensor([[2.5], [0.5]]),
    )
    pulse = torch.zeros(4, 1, 1, dtype=torch.bool)
    pulse[0] = True
    seen = run(connection, pulse)[:, 0].T.tolist()
    assert seen[0] == pytest.approx([0.0, 0.0, 0.0, CHARGE / TAU * math.exp(-0.5 / TAU)])
    assert seen[1] == pytest.approx([0.0] + [CHARGE / TAU * math.exp(-(t - 0.5) / TAU) for t in (1, 2, 3)])


# ------------------------------------------------------------------------------------------------------------- changes in flight


def by_optimiser(connection, values):
    with torch.no_grad():
        for name, value in values.items():
            getattr(connection, name).copy_(value)


def by_setter(connection, values):
    for name, value in values.items():
        setattr(connection, name, value)


def by_state_dict(connection, values):
    connection.load_state_dict(connection.state_dict() | {f"{name}_": value for name, value in values.items()})


def by_assigning_state_dict(connection, values):
    connection.load_state_dict(connection.state_dict() | {f"{name}_": value.clone() for name, value in values.items()}, assign=True)


def by_a_new_parameter(connection, values):
    for name, value in values.items():
        setattr(connection, f"{name}_", torch.nn.Parameter(value.clone(), requires_grad=False))


def by_inference(connection, values):
    with torch.inference_mode():
        by_setter(connection, values)


def by_updater(connection, values):
    updater = connection.defaultupdater()
    for name, value in values.items():
        change = value - getattr(connection, name).detach()
        setattr(updater, name, (change.clamp(min=0), (-change).clamp(min=0)))
    connection.update()


CHANGES = (by_setter, by_optimiser, by_state_dict, by_assigning_state_dict, by_a_new_parameter, by_inference, by_updater)


@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", KINDS)
def test_new_delays_and_weights_act_at_the_next_step(kind, change, batch_size):
    inputs = trains(kind, 30, batch_size)
    other = build(kind, batch_size=batch_size, seed=9)
    values = {"weight": other.weight.detach(), "delay": other.delay.detach()}
    expected = run(other, inputs)
    connection = build(kind, batch_size=batch_size)
    before = run(connection, inputs[:15])
    assert not torch.allclose(before, expected[:15])
    change(connection, values)
    torch.testing.assert_close(run(connection, inputs[15:]), expected[15:], rtol=1e-5, atol=1e-5)


def test_delays_that_are_lent_for_one_call_are_read_in_that_call():
    # Each call's delays lie where the last call's lay in memory, as happens when a tensor is freed and the next is made.
    place = np.zeros((1, 1), dtype=np.float32)
    connection = snn.LinearDense(1, 1, 1.0, synapse=SYNAPSES["delta"], delay=9.0, weight_init=torch.ones_like)
    train = torch.rand(60, 1, 1, generator=generator(3)) < 0.5
    delays = torch.randint(0, 10, (60,), generator=generator(4)).tolist()
    heard = []
    with torch.no_grad():
        for step, delay in enumerate(delays):
            place[:] = delay
            heard.append(torch.func.functional_call(connection, {"delay_": torch.from_numpy(place)}, (train[step],)).item())
    assert heard == [CHARGE * train[step - delay].item() if step >= delay else 0.0 for step, delay in enumerate(delays)]


@pytest.mark.parametrize("optimiser", [torch.optim.SGD, torch.optim.Adam])
@pytest.mark.parametrize("foreach", [True, False])
def test_a_real_optimiser_moves_delays_that_are_read_at_the_next_step(optimiser, foreach):
    connection = build("dense", "exponential", batch_size=2, bias=False)
    connection.delay.requires_grad_(True)
    inputs = trains("dense", 20, 2)
    run(connection, inputs)
    step = optimiser([connection.delay], lr=1.0, foreach=foreach)
    connection.delay.grad = torch.sign(connection.delay.detach() - 10.0)  # every delay one step (or nearly) towards 10 ms
    step.step()
    with torch.no_grad():
        connection.delay.clamp_(0, 20)
        moved = connection.delay.clone()
    seen = run(connection, inputs)
    fresh = build("dense", "exponential", batch_size=2, bias=False, delay_init=lambda _: moved)
    run(fresh, inputs)
    torch.testing.assert_close(seen, run(fresh, inputs), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_copy_and_its_original_go_on_with_delays_of_their_own(kind):
    import copy
    import pickle

    connection, inputs = build(kind), trains(kind, 30)
    run(connection, inputs[:10])
    for twin in (copy.deepcopy(connection), pickle.loads(pickle.dumps(connection))):
        other = build(kind, seed=9)
        run(other, inputs[:10])
        twin.delay, twin.weight = other.delay, other.weight
        torch.testing.assert_close(run(twin, inputs[10:]), run(other, inputs[10:]), rtol=1e-5, atol=1e-5)
    untouched = build(kind)
    run(untouched, inputs[:10])
    assert torch.equal(run(connection, inputs[10:]), run(untouched, inputs[10:]))


@pytest.mark.parametrize("kind", KINDS)
def test_in_double_precision_the_run_goes_on_where_it_was(kind):
    connection, inputs = build(kind, "exponential"), trains(kind, 30)
    first = run(connection, inputs[:15])
    connection.to(torch.float64)
    second = run(connection, inputs[15:])
    assert second.dtype == torch.float64
    expected = by_loops(connection, inputs, "exponential")
    torch.testing.assert_close(torch.cat((first.double(), second)), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_step_time_or_longest_delay_starts_from_rest_with_the_same_delays(kind):
    connection, inputs = build(kind, delay=8.0), trains(kind, 30)
    run(connection, inputs)
    connection.dt = 0.5
    torch.testing.assert_close(run(connection, inputs), by_loops(connection, inputs, "delta").float(), rtol=1e-5, atol=1e-5)
    connection.synapse.delay = 12.0
    torch.testing.assert_close(run(connection, inputs), by_loops(connection, inputs, "delta").float(), rtol=1e-5, atol=1e-5)
    connection.batchsz = 3
    torch.testing.assert_close(run(connection, inputs[:, :3]), by_loops(connection, inputs[:, :3], "delta").float(), rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------------------------------------------ delays beyond the history


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize(("overbound", "expected"), [(0.0, [0.0, 0.0]), (7.0, [14.0, 7.0]), (None, [2 * CHARGE, 2 * CHARGE])])
def test_a_delay_that_came_to_lie_beyond_the_history_gives_the_overbound_value(overbound, expected, batch_size):
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=CHARGE, current_overbound=overbound)
    late = torch.tensor([[9.0, 9.0], [9.0, 1.0]])
    connection = snn.LinearDense(
        2, 2, 1.0, synapse=synapse, delay=10.0, batch_size=batch_size, weight_init=torch.ones_like, delay_init=lambda _: late
    )
    connection.synapse.delay = 3.0
    inputs = torch.zeros(4, batch_size, 2, dtype=torch.bool)
    inputs[0] = True
    seen = run(connection, inputs)
    # At step 3 the spikes of step 0 lie in the oldest slot; at step 1 the one synapse that is not late hears its spike.
    last = expected if overbound is not None else [2 * CHARGE, CHARGE]
    assert seen[3].tolist() == [last] * batch_size
    extra = 0.0 if overbound is None else overbound
    assert seen[1].tolist() == [[2 * extra, CHARGE + extra]] * batch_size


def test_a_delay_below_zero_counts_as_outside():
    connection = build("dense", batch_size=2, bias=False, weight_init=torch.ones_like)
    by_optimiser(connection, {"delay": torch.full((3, 5), -2.0)})
    assert not run(connection, torch.ones(3, 2, 5, dtype=torch.bool)).any()


def test_the_self_connection_is_left_out_even_where_its_delay_lies_beyond_the_history():
    connection = build("lateral", batch_size=2, bias=False, synapse="exponential")
    inputs = trains("lateral", 30, 2)
    expected = run(connection, inputs)
    for late in (3.7, 25.0, -1.0):
        connection.clear()
        with torch.no_grad():
            connection.weight.fill_diagonal_(5.0)
            connection.delay.fill_diagonal_(late)
        torch.testing.assert_close(run(connection, inputs), expected, rtol=1e-5, atol=1e-5)


# ------------------------------------------------------------------------------------------------------------------------- size


class Largest(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor that any operation made."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor):
                self.elements = max(self.elements, each.numel(), each.untyped_storage().nbytes() // max(each.element_size(), 1))
        return result


def test_the_watch_sees_a_large_tensor():
    with Largest() as seen:
        torch.ones(10, 20).sum()
    assert seen.elements == 200


@pytest.mark.parametrize("synapse", SYNAPSES)
def test_a_delayed_step_makes_nothing_of_batch_x_inputs_x_outputs(synapse):
    batch, inputs, outputs = 32, 50, 40
    random = generator()
    connection = snn.LinearDense(
        inputs, outputs, 1.0, synapse=SYNAPSES[synapse], delay=5.0, batch_size=batch, bias=True,
        delay_init=lambda zeros: torch.rand(zeros.shape, generator=random) * 5,
    )  # fmt: skip
    lateral = snn.LinearLateral(inputs, 1.0, synapse=SYNAPSES[synapse], delay=5.0, batch_size=batch)
    spikes = torch.rand(batch, inputs, generator=random) < 0.3
    with Largest() as seen, torch.no_grad():
        for _ in range(3):
            connection(spikes)
            lateral(spikes)
    # The largest that may be: the history with every slot twice (2·6·50·32), far from 32·50·40 = 64,000.
    assert seen.elements <= 2 * 6 * inputs * batch


def test_delays_that_learn_by_gradient_make_nothing_of_batch_x_inputs_x_outputs_either():
    batch, inputs, outputs = 32, 50, 40
    synapse = snn.DeltaPlusCurrent.partialconstructor(1.0, interp_mode="linear", inplace=False)
    random = generator()
    connection = snn.LinearDense(
        inputs, outputs, 1.0, synapse=synapse, delay=5.0, batch_size=batch,
        delay_init=lambda zeros: torch.rand(zeros.shape, generator=random) * 5,
    )  # fmt: skip
    connection.delay.requires_grad_()
    connection.weight.requires_grad_()
    spikes = torch.rand(batch, inputs, generator=random) < 0.3
    with Largest() as seen:
        sum(connection(spikes).sum() for _ in range(3)).backward()
    assert connection.delay.grad.any()
    assert seen.elements <= 6 * inputs * batch


# ----------------------------------------------------------------------------------------------------------------- the functions


def random_plan(slots, inputs, outputs, seed=0, factor=True, beyond=True, reads=1):
    random, parts = generator(seed), []
    for _ in range(reads):
        rows = torch.randint(0, slots, (outputs, inputs), generator=random) * inputs + torch.arange(inputs)
        parts.append(Reading(rows, torch.rand(outputs, inputs, generator=random, dtype=torch.float64) if factor else None))
    outside = torch.rand(outputs, inputs, generator=random) < 0.2 if beyond else None
    return DelayPlan(tuple(parts), outside)


@pytest.mark.parametrize("reads", [1, 2])
@pytest.mark.parametrize("factor", [True, False])
@pytest.mark.parametrize("beyond", [True, False])
@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize(("few", "at_once"), [(30, 2**20), (30, 30), (0, 2**20)], ids=["all slots", "two outputs at a time", "own slots"])
def test_the_products_equal_their_sums(monkeypatch, few, at_once, batch, beyond, factor, reads):
    monkeypatch.setattr(delays, "FEW_SLOTS", few)
    monkeypatch.setattr(delays, "AT_ONCE", at_once)
    plan, random = random_plan(4, 3, 6, factor=factor, beyond=beyond, reads=reads), generator(7)
    history = torch.rand(12, batch, generator=random, dtype=torch.float64)
    weight = torch.rand(6, 3, generator=random, dtype=torch.float64)
    post = torch.rand(6, batch, generator=random, dtype=torch.float64)
    spikes = post > 0.5
    out = torch.zeros(6, batch, dtype=torch.float64)
    pairs, pairs_of_spikes = torch.zeros(6, 3, dtype=torch.float64), torch.zeros(6, 3, dtype=torch.float64)
    for n in range(6):
        for m in range(3):
            for b in range(batch):
                outside = beyond and plan.beyond[n, m]
                read = sum(history[one.rows[n, m], b] * (one.factor[n, m] if factor else 1.0) for one in plan.reads)
                out[n, b] += weight[n, m] * (0.25 if outside else 2.0 * read)
                pairs[n, m] += 0.0 if outside else post[n, b] * read
                pairs_of_spikes[n, m] += 0.0 if outside else spikes[n, b] * read
    torch.testing.assert_close(delayed_sum(history, weight, plan, scale=2.0, overbound=0.25), out)
    torch.testing.assert_close(delayed_outer(post, history, plan), pairs)
    torch.testing.assert_close(delayed_outer_of_spikes(spikes, history, plan), pairs_of_spikes)
    torch.testing.assert_close(delayed_outer(post, history, plan, scale=0.5), 0.5 * pairs)
    torch.testing.assert_close(delayed_outer_of_spikes(spikes, history, plan, scale=0.5), 0.5 * pairs_of_spikes)
    with torch.inference_mode():
        torch.testing.assert_close(delayed_outer(post, history, plan), pairs)
        left_by_it = history.clone()
    torch.testing.assert_close(delayed_outer(post, left_by_it, plan), pairs)


def test_the_products_leave_their_arguments_as_they_were():
    plan, random = random_plan(4, 3, 6), generator(7)
    history, weight = torch.rand(12, 2, generator=random, dtype=torch.float64), torch.rand(6, 3, generator=random, dtype=torch.float64)
    post = torch.rand(6, 2, generator=random, dtype=torch.float64)
    arguments = (history, weight, post, plan.reads[0].rows, plan.reads[0].factor, plan.beyond)
    before = [each.clone() for each in arguments]
    delayed_sum(history, weight, plan)
    delayed_outer(post, history, plan)
    delayed_outer_of_spikes(post > 0.5, history, plan)
    assert all(torch.equal(a, b) for a, b in zip(before, arguments, strict=True))


# ----------------------------------------------------------------------------------------------------------- gradients to delays


@pytest.mark.parametrize("batch", [1, 3])
def test_a_gradient_reaches_the_delays_as_the_slope_between_the_two_neighbours(batch):
    past = [torch.rand(4, batch, generator=generator(k), dtype=torch.float64) for k in range(5)]  # newest first
    table = torch.stack(past).view(20, batch)
    weight = torch.rand(1, 4, generator=generator(9), dtype=torch.float64)
    delay = torch.tensor([[0.0, 1.3, 2.0, 4.0]], dtype=torch.float64, requires_grad=True)
    plan = plan_delays(
        delay.detach(),
        step_time=1.0,
        duration=4.0,
        slots=5,
        interp="linear",
        time_constant=None,
        tolerance=1e-4,
        overbound=True,
        slopes=True,
    )
    out = delayed_sum(table, weight, plan, delay=delay)
    # By hand: read 0, 1 + 0.3, 2 and 4 steps back; the slope is older − newer of 0..1, 1..2, 2..3 and 3..4.
    at = lambda k, m: past[k][m]  # noqa: E731
    read = torch.stack([at(0, 0), 0.7 * at(1, 1) + 0.3 * at(2, 1), at(2, 2), at(4, 3)])
    torch.testing.assert_close(out, weight @ read)
    (slope,) = torch.autograd.grad(out.sum(), delay)
    expected = torch.stack([at(1, 0) - at(0, 0), at(2, 1) - at(1, 1), at(3, 2) - at(2, 2), at(4, 3) - at(3, 3)]).sum(1) * weight[0]
    torch.testing.assert_close(slope[0], expected)
