"""The trace-target rule against a loop over spikes."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import snnlab as snn
from snnlab.learning import diehlcook
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, train, trains

TC_PRE, TARGET = 9.0, 0.7
SETTINGS = {"lr": 0.02, "tc_pre": TC_PRE, "target": TARGET, "mu": 0.0}


def learn(layer, pre, post, update_each_step=True, **settings):
    """The change of the weights."""
    return train(layer, snn.DiehlCookSTDP(**(SETTINGS | settings)), pre, post, update_each_step=update_each_step)


def trace_at(spikes, time, mode, *, step_time=1.0, extra=0.0):
    """The trace at a step from the steps of the spikes so far, which truly came `extra` steps before the step they count at."""
    earlier = [s for s in spikes if s <= time]
    return sum(math.exp(-(time - s + extra) * step_time / TC_PRE) for s in (earlier[-1:] if mode == "nearest" else earlier))


def synapses(kind, inputs, outputs):
    """Which (n, m) there are."""
    every = [(n, m) for n in range(outputs) for m in range(inputs)]
    return [(n, m) for n, m in every if kind == "dense" or (n == m) == (kind == "direct")]


def by_spikes(pre, post, delay=None, mode="cumulative", *, kind="dense", delayed=False, step_time=1.0, rounding=math.ceil):
    """For each sample and synapse, the sum over post spikes of trace minus target: B x N x M, or B x M for direct connections."""
    steps, batch, inputs = pre.shape
    outputs = post.shape[2]
    change = torch.zeros(batch, outputs, inputs, dtype=torch.float64)
    for sample in range(batch):
        for n, m in synapses(kind, inputs, outputs):
            d = 0.0 if delay is None else (delay[n] if kind == "direct" else delay[n, m]).item() / step_time
            late = rounding(d - 1e-9)
            arrivals = [t + late for t in range(steps) if pre[t, sample, m]]
            for t in range(steps):
                if post[t, sample, n]:
                    extra = late - d if delayed else 0.0
                    change[sample, n, m] += trace_at(arrivals, t, mode, step_time=step_time, extra=extra) - TARGET
    return change.diagonal(dim1=1, dim2=2) if kind == "direct" else change


def shape_of(kind):
    return {"dense": (3, 4), "direct": (3,), "lateral": (3, 3)}[kind]


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("lr", [0.02, -0.02])
@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
def test_it_equals_the_sum_over_postsynaptic_spikes(kind, delays, lr, mode):
    delay = None if delays == "none" else random_delays(shape_of(kind), 7, delays == "whole")
    layer = connect(kind, delay=None if delay is None else 7.0, delays=delay)
    pre, post = trains(size=4 if kind == "dense" else 3), trains(size=3, seed=1)
    change = learn(layer, pre, post, lr=lr, trace_mode=mode)
    torch.testing.assert_close(change, lr * by_spikes(pre, post, delay, mode, kind=kind).mean(0), **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_with_delayed_the_trace_decays_to_the_exact_time(whole, batch_size, mode):
    delay = random_delays((3, 4), 7, whole)
    pre, post = trains(batch=batch_size), trains(batch=batch_size, size=3, seed=1)
    change = learn(connect(delay=7.0, delays=delay, batch_size=batch_size), pre, post, delayed=True, trace_mode=mode)
    torch.testing.assert_close(change, 0.02 * by_spikes(pre, post, delay, mode, delayed=True).mean(0), **CLOSE)


@pytest.mark.parametrize("exponential", [False, True])
@pytest.mark.parametrize("longest", [0.0, 6.0])
def test_the_kind_of_synapse_changes_nothing(longest, exponential):
    delay = random_delays((3, 4), 6, whole=False) if longest else None
    pre, post = trains(), trains(size=3, seed=1)
    change = learn(connect(delay=longest, delays=delay, exponential=exponential), pre, post)
    torch.testing.assert_close(change, 0.02 * by_spikes(pre, post, delay).mean(0), **CLOSE)


def test_the_nearest_arrival_counts_where_the_synapse_or_the_tolerance_says_so():
    delay = random_delays((3, 4), 7, whole=False)
    pre, post = trains(), trains(size=3, seed=1)
    expected = 0.02 * by_spikes(pre, post, delay, rounding=lambda steps: math.ceil(steps - 0.5)).mean(0)
    torch.testing.assert_close(learn(connect(delay=7.0, delays=delay, interp="nearest"), pre, post), expected, **CLOSE)
    torch.testing.assert_close(learn(connect(delay=7.0, delays=delay), pre, post, interp_tolerance=0.5), expected, **CLOSE)


@pytest.mark.parametrize("step_time", [0.1, 0.3])
def test_a_step_other_than_one_ms_changes_the_time_scale_alone(step_time):
    delay = random_delays((3, 4), 7, whole=True) * step_time
    pre, post = trains(), trains(size=3, seed=1)
    change = learn(connect(step_time=step_time, delay=7 * step_time, delays=delay), pre, post)
    torch.testing.assert_close(change, 0.02 * by_spikes(pre, post, delay, step_time=step_time).mean(0), **CLOSE)


@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
def test_a_shared_weight_changes_by_the_sum_over_the_sites_of_its_image(delays):
    # Kernel 2 x 3 over an image of 4 x 5: a site (r, c) sees the pixel (r + i, c + j) through the weight (f, ch, i, j).
    delay = None if delays == "none" else random_delays((3, 2, 2, 3), 4, delays == "whole")
    layer = connect_conv(delay=None if delay is None else 4.0, delays=delay)
    pre, post = trains(15, size=(2, 4, 5)), trains(15, size=(3, 3, 3), seed=1)
    expected = torch.zeros(3, 2, 2, 3, dtype=torch.float64)
    for f, ch, i, j in torch.cartesian_prod(*map(torch.arange, (3, 2, 2, 3))).tolist():
        late = 0 if delay is None else math.ceil(delay[f, ch, i, j].item() - 1e-9)
        for sample, r, c in torch.cartesian_prod(*map(torch.arange, (4, 3, 3))).tolist():
            arrivals = [t + late for t in range(15) if pre[t, sample, ch, r + i, c + j]]
            times = [t for t in range(15) if post[t, sample, f, r, c]]
            expected[f, ch, i, j] += sum(trace_at(arrivals, t, "cumulative") - TARGET for t in times) / 4
    torch.testing.assert_close(learn(layer, pre, post), 0.02 * expected, **CLOSE)


@pytest.mark.parametrize("reduction", [None, torch.sum])
@pytest.mark.parametrize("mu", [0.0, 1.0])
@pytest.mark.parametrize("lr", [0.02, -0.02])
def test_a_few_rows_alone_learn_as_all_synapses_at_once(monkeypatch, lr, mu, reduction):
    pre, post = trains(), trains(size=3, seed=1)
    changes = []
    for few in (3, 2, 0):  # three rows at most; two, so that some steps take the one way and some the other; none
        monkeypatch.setattr(diehlcook, "FEW", few)
        layer = connect()
        layer.connection.weight = torch.rand(3, 4, generator=torch.Generator().manual_seed(2))
        changes.append(learn(layer, pre, post, lr=lr, mu=mu, weight_max=2.0, batch_reduction=reduction))
    torch.testing.assert_close(changes[1], changes[0], rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(changes[2], changes[0], rtol=1e-10, atol=1e-12)


# ------------------------------------------------------------------------------------------------------------------------- bounds


@pytest.mark.parametrize("mu", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("longest", [None, 5.0])
def test_changes_shrink_by_a_power_of_what_is_left_up_to_the_largest_weight(longest, mu):
    delay = random_delays((3, 4), 5, whole=True) if longest else None
    layer = connect(batch_size=1, delay=longest, delays=delay)
    pre, post = trains(batch=1), trains(batch=1, size=3, seed=1)
    layer.connection.weight = torch.rand(3, 4, generator=torch.Generator().manual_seed(2))
    expected = layer.connection.weight.detach().clone()
    for t in range(60):
        for n, m in synapses("dense", 4, 3):
            if post[t, 0, n]:
                late = 0 if delay is None else int(delay[n, m].item())
                trace = trace_at([s + late for s in range(60) if pre[s, 0, m]], t, "cumulative")
                expected[n, m] += 0.01 * (trace - TARGET) * (1.2 - expected[n, m].item()) ** mu
    learn(layer, pre, post, lr=0.01, mu=mu, weight_max=1.2)
    torch.testing.assert_close(layer.connection.weight.detach(), expected, rtol=1e-9, atol=1e-12)


def test_a_weight_at_the_bound_or_above_it_stays_and_that_is_said():
    layer = connect(batch_size=1)
    layer.connection.weight = torch.tensor([[0.5, 1.0, 1.5, 0.9]] * 3, dtype=torch.float64)
    on = torch.ones(1, 1, 4, dtype=torch.bool)
    with pytest.warns(UserWarning, match=r"weight_max is 1, but weights reach up to 1\.5: those above it would never change"):
        change = learn(layer, on, on[:, :, :3], mu=0.5)
    assert (change[:, [1, 2]] == 0).all()
    assert (change[:, [0, 3]] > 0).all()


def test_where_no_weight_is_below_the_bound_it_is_said_that_none_would_change():
    layer = connect(batch_size=1)
    layer.connection.weight = torch.ones(3, 4)
    on = torch.ones(1, 1, 4, dtype=torch.bool)
    with pytest.warns(UserWarning, match="weight_max is 1, and no weight is below it, so none would ever change"):
        change = learn(layer, on, on[:, :, :3], mu=1.0)
    assert (change == 0).all()


def test_with_mu_0_there_is_no_bound():
    layer = connect(batch_size=1)
    layer.connection.weight = torch.full((3, 4), 7.0)
    on = torch.ones(1, 1, 4, dtype=torch.bool)
    torch.testing.assert_close(learn(layer, on, on[:, :, :3]), torch.full((3, 4), 0.02 * (1 - TARGET), dtype=torch.float64))


def test_what_falls_may_be_bounded_by_the_updater():
    # Silent inputs: each post spike takes lr·target, here times the weight itself, w ← w·(1 − lr·target).
    layer = connect(batch_size=1)
    layer.updater.weight.lowerbound(snn.bound_lower_multiplicative, 0.0)
    before = layer.connection.weight.detach().clone()
    learn(layer, torch.zeros(5, 1, 4, dtype=torch.bool), torch.ones(5, 1, 3, dtype=torch.bool))
    torch.testing.assert_close(layer.connection.weight.detach(), before * (1 - 0.02 * TARGET) ** 5)


# ------------------------------------------------------------------------------------------------------------------------ batches


REDUCTIONS = [(torch.mean, lambda t, dim: t.mean(dim)), (None, lambda t, dim: t.mean(dim)), (torch.sum, lambda t, dim: t.sum(dim))]


@pytest.mark.parametrize("delayed", [True, False])
@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 6.0])
@pytest.mark.parametrize(("quick", "general"), REDUCTIONS)
def test_mean_and_sum_equal_the_general_path(quick, general, longest, kind, delayed):
    delay = random_delays(shape_of(kind), 6, whole=False) if longest else None
    pre, post = trains(size=4 if kind == "dense" else 3), trains(size=3, seed=1)
    start = torch.rand(shape_of(kind), generator=torch.Generator().manual_seed(2))
    changes = []
    for reduction in (quick, general):
        layer = connect(kind, delay=longest, delays=delay)
        layer.connection.weight = start
        changes.append(learn(layer, pre, post, batch_reduction=reduction, delayed=delayed, mu=0.5, weight_max=3.0))
    assert changes[0].abs().sum() > 0
    torch.testing.assert_close(*changes, rtol=1e-10, atol=1e-12)


def test_any_other_reduction_sees_every_sample():
    # One step from rest: of what grows, the largest sample, lr where both spiked; of what shrinks, the largest, lr·target.
    pre, post = trains(steps=1, rate=0.6), trains(steps=1, size=3, seed=1, rate=0.6)
    change = learn(connect(), pre, post, batch_reduction=torch.amax)
    both = (post[0].unsqueeze(2) & pre[0].unsqueeze(1)).any(0).double()
    torch.testing.assert_close(change, 0.02 * both - 0.02 * TARGET * post[0].any(0).double().unsqueeze(1))


@pytest.mark.parametrize("longest", [None, 5.0])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(longest):
    delay = random_delays((3, 4), 5, whole=False) if longest else None
    pre, post = trains(batch=32), trains(batch=32, size=3, seed=1)
    together = learn(connect(batch_size=32, delay=longest, delays=delay), pre, post)
    alone = [learn(connect(batch_size=1, delay=longest, delays=delay), pre[:, b : b + 1], post[:, b : b + 1]) for b in range(32)]
    torch.testing.assert_close(together, torch.stack(alone).mean(0), rtol=1e-9, atol=1e-12)


# --------------------------------------------------------------------------------------------------------------- rates and moments


@pytest.mark.parametrize(("lr", "pos", "neg"), [(0.5, 0.5, 0.125), (-0.5, 0.125, 0.5)])
def test_contributions_are_magnitudes_sorted_by_sign(lr, pos, neg):
    layer, rule = connect(batch_size=1), snn.DiehlCookSTDP(lr, TC_PRE, 0.25, mu=0.0)
    rule.register_cell("only", layer.cell)
    layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    rule()
    assert layer.updater.weight.pos.unique().tolist() == [pos]
    assert layer.updater.weight.neg.unique().tolist() == [neg]


def test_nothing_is_proposed_where_nobody_spiked_and_the_trace_still_runs():
    layer, rule = connect(batch_size=1), snn.DiehlCookSTDP(1.0, TC_PRE, 0.0, mu=0.0)
    rule.register_cell("only", layer.cell)
    on, off = torch.ones(1, 4, dtype=torch.bool), torch.zeros(1, 4, dtype=torch.bool)
    for arriving in (on, off, off):
        layer(arriving, neuron_kwargs={"script": off[:, :3]})
        rule()
        assert layer.updater.weight.pos is None
        assert layer.updater.weight.neg is None
    layer(off, neuron_kwargs={"script": on[:, :3]})
    rule()
    torch.testing.assert_close(layer.updater.weight.pos, torch.full((3, 4), math.exp(-3 / TC_PRE), dtype=torch.float64))


def test_settings_set_in_flight_act_at_the_next_step_on_cells_without_their_own():
    layers = [connect(batch_size=1) for _ in range(2)]
    rule = snn.DiehlCookSTDP(0.5, TC_PRE, 0.25, mu=0.0, trace_mode="nearest")
    rule.register_cell("follows", layers[0].cell)
    rule.register_cell("own", layers[1].cell, lr=0.125, target=2.0)
    seen = []
    for lr, target in ((0.5, 0.25), (2.0, 0.5)):
        rule.lr, rule.target = lr, target
        for layer in layers:
            layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
        seen.append([(layer.updater.weight.pos.unique().item(), layer.updater.weight.neg.unique().item()) for layer in layers])
        for layer in layers:
            layer.updater.clear()
    assert seen == [[(0.5, 0.125), (0.125, 0.25)], [(2.0, 1.0), (0.125, 0.25)]]


def test_updates_may_be_gathered_over_many_steps():
    pre, post = trains(), trains(size=3, seed=1)
    gathered = learn(connect(delay=3.0), pre, post, update_each_step=False)
    torch.testing.assert_close(gathered, learn(connect(delay=3.0), pre, post), rtol=1e-9, atol=1e-12)


def test_one_pair_is_worth_what_the_table_of_the_docstring_says():
    # x = exp(−Δt/τ) against a target of 0.4, for Δt/τ of 0, 0.25, 0.5, 0.92, 1.5, 3 and never.
    found = []
    for gap in (0, 25, 50, 92, 150, 300, None):
        pre, post = torch.zeros(2, 301, 1, 1, dtype=torch.bool)
        post[300] = True
        if gap is not None:
            pre[300 - gap] = True
        connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)).to(torch.float64)
        connection.defaultupdater()
        found.append(learn(snn.Serial(connection, Scripted((1,), 1)), pre, post, lr=1.0, tc_pre=100.0, target=0.4).item())
    assert found == pytest.approx([0.60, 0.38, 0.21, 0.00, -0.18, -0.35, -0.40], abs=0.005)


def test_it_runs_in_inference_mode_too():
    delay = random_delays((3, 4), 7, whole=False)
    pre, post = trains(), trains(size=3, seed=1)
    expected = learn(connect(delay=7.0, delays=delay), pre, post)
    layer = connect(delay=7.0, delays=delay)
    with torch.inference_mode():
        change = learn(layer, pre, post)
    torch.testing.assert_close(change, expected, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"tc_pre": 0.0}, ValueError, "tc_pre must be above 0 ms, but is 0.0 ms"),
        ({"lr": math.nan}, ValueError, "lr must be a finite number"),
        ({"lr": "fast"}, TypeError, "lr must be a number, but is 'fast'"),
        ({"target": -0.4}, ValueError, "target must be 0 or above, but is -0.4"),
        ({"weight_max": None}, TypeError, "weight_max must be a number, but is None"),
        ({"mu": -1.0}, ValueError, "mu must be 0 or above, but is -1.0"),
        ({"trace_mode": "newest"}, ValueError, "one of 'cumulative', 'nearest', but is 'newest'"),
        ({"delayed": 1}, TypeError, "delayed must be True or False, but is 1"),
        ({"interp_tolerance": -0.1}, ValueError, "must be 0 ms or above"),
        ({"batch_reduction": "mean"}, TypeError, r"must be a function f\(tensor, dim\) or None, but is 'mean'"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set(changes, error, words):
    with pytest.raises(error, match=words):
        snn.DiehlCookSTDP(**(SETTINGS | changes))
    rule = snn.DiehlCookSTDP(**SETTINGS)
    ((name, value),) = changes.items()
    name = snn.DiehlCookSTDP.spelled.get(name, name)
    before = getattr(rule, name)
    with pytest.raises(error, match=words):
        setattr(rule, name, value)
    assert getattr(rule, name) is before


# -------------------------------------------------------------------------------------------------------------------------- size


class Made(TorchDispatchMode):
    """Remembers the number of elements of every tensor that an operation made."""

    def __init__(self):
        super().__init__()
        self.elements = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        every = result if isinstance(result, tuple | list) else (result,)
        self.elements += [each.numel() for each in every if isinstance(each, torch.Tensor)]
        return result


@pytest.mark.parametrize("reduction", [None, torch.sum])
@pytest.mark.parametrize("delay", [None, 5.0])
@pytest.mark.parametrize("rate", [0.25, 0.0])
def test_a_step_makes_nothing_of_batch_x_inputs_x_outputs_and_nothing_dense_without_a_spike(rate, delay, reduction):
    batch, size = 32, 50
    random = torch.Generator().manual_seed(0)
    init = (lambda zeros: torch.rand(zeros.shape, generator=random) * 5) if delay else None
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(size, size, 1.0, synapse=synapse, delay=delay, batch_size=batch, delay_init=init)
    connection.defaultupdater()
    layer, rule = snn.Serial(connection, Scripted((size,), batch)), snn.DiehlCookSTDP(0.1, 20.0, 0.4, batch_reduction=reduction)
    rule.register_cell("only", layer.cell)
    pre, post = trains(5, batch, size), trains(5, batch, size, seed=1, rate=rate)
    for arriving, leaving in zip(pre, post, strict=True):
        layer(arriving, neuron_kwargs={"script": leaving})
        with Made() as made:
            rule()
        # The largest is a history with every slot twice, 2·6·50·32 = 19,200, against 32·50·50 = 80,000 synapses of all samples.
        assert max(made.elements) <= 2 * 6 * size * batch
        layer.update()
        assert (size * size in made.elements) == bool(leaving.any())  # as many as there are weights
