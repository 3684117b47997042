"""Pair STDP against a loop over all pairs of spikes."""

import math

import pytest
import torch

import snnlab as snn
from tests.learning.scripted import CLOSE, Largest, Scripted, connect, random_delays, train, trains

TC_POST, TC_PRE = 17.0, 9.0


def learn(layer, pre, post, update_each_step=True, **settings):
    """The change of the weights."""
    stdp = snn.STDP(**({"lr_post": 0.02, "lr_pre": -0.01, "tc_post": TC_POST, "tc_pre": TC_PRE} | settings))
    return train(layer, stdp, pre, post, update_each_step=update_each_step)


def by_pairs(pre, post, delay, mode="cumulative", *, step_time=1.0, delayed=False, rounding=math.ceil, kind="dense"):
    """Sums over pairs, B x N x M: each post spike with the arrivals before it, and each arrival with the post spikes before it."""
    steps, batch, inputs = pre.shape
    outputs = post.shape[2]
    a, b = torch.zeros(2, batch, outputs, inputs, dtype=torch.float64)
    for sample in range(batch):
        for n in range(outputs):
            for m in range(inputs):
                if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
                    continue
                d = delay[n, m].item() / step_time
                late = rounding(d - 1e-9)
                extra = late - d if delayed else 0.0  # how long before the arrival step the spike truly arrived, in steps
                arrivals = [t + late for t in range(steps) if pre[t, sample, m] and t + late < steps]
                spikes = [t for t in range(steps) if post[t, sample, n]]
                for t in spikes:
                    earlier = [s for s in arrivals if s <= t]
                    for s in earlier[-1:] if mode == "nearest" else earlier:
                        a[sample, n, m] += math.exp(-(t - s + extra) * step_time / TC_PRE)
                for s in arrivals:
                    earlier = [t for t in spikes if t <= s]
                    for t in earlier[-1:] if mode == "nearest" else earlier:
                        b[sample, n, m] += math.exp(-(s - t) * step_time / TC_POST)
    return (a.diagonal(dim1=1, dim2=2), b.diagonal(dim1=1, dim2=2)) if kind == "direct" else (a, b)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize(("lr_post", "lr_pre"), [(0.02, -0.01), (-0.02, 0.01), (0.02, 0.01), (-0.02, -0.01), (0.0, 0.01)])
@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
def test_it_equals_the_sum_over_pairs(delays, lr_post, lr_pre, mode):
    delay = None if delays == "none" else random_delays((3, 4), 7, delays == "whole")
    layer = connect(delay=None if delay is None else 7.0, delays=delay)
    pre, post = trains(), trains(size=3, seed=1)
    change = learn(layer, pre, post, lr_post=lr_post, lr_pre=lr_pre, trace_mode=mode)
    a, b = by_pairs(pre, post, torch.zeros(3, 4) if delay is None else delay, mode)
    torch.testing.assert_close(change, lr_post * a.mean(0) + lr_pre * b.mean(0), **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("batch_size", [1, 4])
@pytest.mark.parametrize("whole", [True, False])
def test_with_delayed_the_presynaptic_trace_decays_to_the_exact_time(whole, batch_size, mode):
    delay = random_delays((3, 4), 7, whole)
    pre, post = trains(batch=batch_size), trains(batch=batch_size, size=3, seed=1)
    change = learn(connect(delay=7.0, delays=delay, batch_size=batch_size), pre, post, delayed=True, trace_mode=mode)
    a, b = by_pairs(pre, post, delay, mode, delayed=True)
    torch.testing.assert_close(change, 0.02 * a.mean(0) - 0.01 * b.mean(0), **CLOSE)


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 0.0, 6.0])
@pytest.mark.parametrize("exponential", [False, True])
def test_every_connection_and_synapse_learns_alike(kind, longest, exponential):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    layer = connect(kind, delay=longest, delays=delay, exponential=exponential)
    pre, post = trains(size=size), trains(size=3, seed=1)
    full = torch.zeros(3, size) if delay is None else (torch.diag(delay) if kind == "direct" else delay)
    a, b = by_pairs(pre, post, full, kind=kind)
    torch.testing.assert_close(learn(layer, pre, post), 0.02 * a.mean(0) - 0.01 * b.mean(0), **CLOSE)


def test_the_nearest_arrival_counts_where_the_synapse_reads_the_nearest():
    delay = random_delays((3, 4), 7, whole=False)
    pre, post = trains(), trains(size=3, seed=1)
    a, b = by_pairs(pre, post, delay, rounding=lambda steps: math.ceil(steps - 0.5))
    change = learn(connect(delay=7.0, delays=delay, interp="nearest"), pre, post)
    torch.testing.assert_close(change, 0.02 * a.mean(0) - 0.01 * b.mean(0), **CLOSE)


@pytest.mark.parametrize("step_time", [0.1, 0.3])
def test_a_step_other_than_one_ms_changes_the_time_scale_alone(step_time):
    delay = random_delays((3, 4), 7, whole=True) * step_time
    pre, post = trains(), trains(size=3, seed=1)
    layer = connect(step_time=step_time, delay=7 * step_time, delays=delay)
    a, b = by_pairs(pre, post, delay, step_time=step_time)
    torch.testing.assert_close(learn(layer, pre, post), 0.02 * a.mean(0) - 0.01 * b.mean(0), **CLOSE)


def test_delays_that_change_in_flight_are_heard_at_the_next_step():
    # The presynaptic trace lives at the cell: whatever delay a synapse has at a step, it hears the history at that delay.
    pre, post = trains(), trains(size=3, seed=1)
    layer = connect(delay=7.0)
    stdp = snn.STDP(0.02, -0.01, TC_POST, TC_PRE)
    unit = stdp.register_cell("only", layer.cell)
    trace, traces, post_trace = torch.zeros(4, 4, dtype=torch.float64), [], torch.zeros(4, 3, dtype=torch.float64)
    for step in range(60):
        layer.connection.delay = random_delays((3, 4), 7, whole=True, seed=step)
        layer(pre[step], neuron_kwargs={"script": post[step]})
        stdp()
        trace = trace * math.exp(-1 / TC_PRE) + pre[step]
        post_trace = post_trace * math.exp(-1 / TC_POST) + post[step]
        traces.append(trace)
        pos, neg = torch.zeros(2, 3, 4, dtype=torch.float64)
        for n in range(3):
            for m in range(4):
                past = step - int(layer.connection.delay[n, m].item())
                if past >= 0:
                    pos[n, m] = 0.02 * (post[step, :, n] * traces[past][:, m]).mean()
                    neg[n, m] = 0.01 * (pre[past, :, m] * post_trace[:, n]).mean()
        torch.testing.assert_close(layer.updater.weight.pos, pos, **CLOSE)
        torch.testing.assert_close(layer.updater.weight.neg, neg, **CLOSE)
        layer.updater.clear()
    torch.testing.assert_close(unit.state.post_trace_, post_trace)


# ------------------------------------------------------------------------------------------------------------------------ batches


REDUCTIONS = [(torch.mean, lambda t, dim: t.mean(dim)), (torch.sum, lambda t, dim: t.sum(dim))]


@pytest.mark.parametrize("delayed", [True, False])
@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 6.0])
@pytest.mark.parametrize(("quick", "general"), REDUCTIONS)
def test_mean_and_sum_equal_the_general_path(quick, general, longest, kind, delayed):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    pre, post = trains(size=size), trains(size=3, seed=1)
    changes = [
        learn(connect(kind, delay=longest, delays=delay), pre, post, batch_reduction=each, delayed=delayed) for each in (quick, general)
    ]
    torch.testing.assert_close(*changes, rtol=1e-10, atol=1e-12)


def test_any_other_reduction_sees_every_sample():
    pre, post = trains(steps=1, rate=0.6), trains(steps=1, size=3, seed=1, rate=0.6)
    change = learn(connect(), pre, post, batch_reduction=torch.amax, lr_pre=0.0)
    # One step from rest: a = lr·post·pre for each sample, 0 or 0.02.
    torch.testing.assert_close(change, 0.02 * (post[0].unsqueeze(2) & pre[0].unsqueeze(1)).any(0).double())


@pytest.mark.parametrize("longest", [None, 5.0])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(longest):
    delay = random_delays((3, 4), 5, whole=False) if longest else None
    pre, post = trains(batch=32), trains(batch=32, size=3, seed=1)
    together = learn(connect(batch_size=32, delay=longest, delays=delay), pre, post)
    alone = [learn(connect(batch_size=1, delay=longest, delays=delay), pre[:, b : b + 1], post[:, b : b + 1]) for b in range(32)]
    torch.testing.assert_close(together, torch.stack(alone).mean(0), rtol=1e-9, atol=1e-12)


# --------------------------------------------------------------------------------------------------------------- rates and moments


@pytest.mark.parametrize(
    ("lr_post", "lr_pre", "pos", "neg"),
    [(0.5, -0.25, 0.5, 0.25), (-0.5, 0.25, 0.25, 0.5), (0.5, 0.25, 0.75, None), (-0.5, -0.25, None, 0.75)],
)
def test_contributions_are_magnitudes_sorted_by_sign(lr_post, lr_pre, pos, neg):
    layer, stdp = connect(batch_size=1), snn.STDP(lr_post, lr_pre, TC_POST, TC_PRE)
    stdp.register_cell("only", layer.cell)
    layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    stdp()
    found = [part if part is None else part.unique().tolist() for part in (layer.updater.weight.pos, layer.updater.weight.neg)]
    assert found == [pos if pos is None else [pos], neg if neg is None else [neg]]


def test_a_rate_set_in_flight_acts_at_the_next_step_on_cells_without_their_own():
    layers = [connect(batch_size=1) for _ in range(2)]
    stdp = snn.STDP(0.5, 0.0, TC_POST, TC_PRE, trace_mode="nearest")
    stdp.register_cell("follows", layers[0].cell)
    stdp.register_cell("own", layers[1].cell, lr_post=0.125)
    seen = []
    for rate in (0.5, 2.0):
        stdp.lr_post = rate
        for layer in layers:
            layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        stdp()
        seen.append([layer.updater.weight.pos.unique().item() for layer in layers])
        for layer in layers:
            layer.updater.clear()
    assert seen == [[0.5, 0.125], [2.0, 0.125]]


def test_updates_may_be_gathered_over_many_steps():
    pre, post = trains(), trains(size=3, seed=1)
    gathered = learn(connect(delay=3.0), pre, post, update_each_step=False)
    torch.testing.assert_close(gathered, learn(connect(delay=3.0), pre, post), rtol=1e-9, atol=1e-12)


def test_a_hebbian_pair_is_worth_its_exponential():
    # Pre at 0, post at 5 ms: η_post·exp(−5/τ_pre). Post at 0, pre at 5: η_pre·exp(−5/τ_post).
    early, late = torch.zeros(2, 6, 1, 1, dtype=torch.bool)
    early[0], late[5] = True, True
    for pre, post, expected in ((early, late, 0.02 * math.exp(-5 / TC_PRE)), (late, early, -0.01 * math.exp(-5 / TC_POST))):
        synapse = snn.DeltaCurrent.partialconstructor(1.0)
        connection = snn.LinearDense(1, 1, 1.0, synapse=synapse).to(torch.float64)
        connection.defaultupdater()
        change = learn(snn.Serial(connection, Scripted((1,), 1)), pre, post)
        assert change.item() == pytest.approx(expected, rel=1e-9)


def test_a_weight_that_is_shared_by_many_sites_changes_by_the_sum_over_them():
    # By hand: every pixel spikes at 0 ms and every neuron at 2 ms, so each of 2 x 3 sites is worth the same exponential.
    conv = snn.Conv2D(2, 3, 1, 1, 1.0, 1, synapse=snn.DeltaCurrent.partialconstructor(1.0)).to(torch.float64)
    conv.defaultupdater()
    on, off = torch.ones(1, 1, 2, 3, dtype=torch.bool), torch.zeros(1, 1, 2, 3, dtype=torch.bool)
    change = learn(snn.Serial(conv, Scripted((1, 2, 3), 1)), [on, off, off], [off, off, on])
    assert change.item() == pytest.approx(6 * 0.02 * math.exp(-2 / TC_PRE), rel=1e-12)


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
        ({"tc_post": 0.0}, ValueError, "tc_post must be above 0 ms, but is 0.0 ms"),
        ({"tc_pre": -1.0}, ValueError, "tc_pre must be above 0 ms"),
        ({"lr_post": math.nan}, ValueError, "lr_post must be a finite number"),
        ({"lr_pre": "fast"}, TypeError, "lr_pre must be a number, but is 'fast'"),
        ({"trace_mode": "newest"}, ValueError, "one of 'cumulative', 'nearest', but is 'newest'"),
        ({"delayed": 1}, TypeError, "delayed must be True or False, but is 1"),
        ({"interp_tolerance": -0.1}, ValueError, "must be 0 ms or above"),
        ({"batch_reduction": "mean"}, TypeError, r"must be a function f\(tensor, dim\) or None, but is 'mean'"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set(changes, error, words):
    arguments = {"lr_post": 0.1, "lr_pre": 0.1, "tc_post": 20.0, "tc_pre": 20.0}
    with pytest.raises(error, match=words):
        snn.STDP(**(arguments | changes))
    stdp = snn.STDP(**arguments)
    ((name, value),) = changes.items()
    name = snn.STDP.spelled.get(name, name)
    before = getattr(stdp, name)
    with pytest.raises(error, match=words):
        setattr(stdp, name, value)
    assert getattr(stdp, name) is before


# -------------------------------------------------------------------------------------------------------------------------- size


@pytest.mark.parametrize("reduction", [None, torch.sum])
@pytest.mark.parametrize("delay", [None, 5.0])
@pytest.mark.parametrize("kind", [snn.LinearDense, snn.LinearLateral])
def test_a_step_makes_nothing_of_batch_x_inputs_x_outputs(kind, delay, reduction):
    batch, size = 32, 50
    shape = (size, size) if kind is snn.LinearDense else (size,)
    random = torch.Generator().manual_seed(0)
    init = (lambda zeros: torch.rand(zeros.shape, generator=random) * 5) if delay else None
    connection = kind(*shape, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=delay, batch_size=batch, delay_init=init)
    connection.defaultupdater()
    layer, stdp = snn.Serial(connection, Scripted((size,), batch)), snn.STDP(0.1, -0.1, 20.0, 20.0, batch_reduction=reduction)
    stdp.register_cell("only", layer.cell)
    pre, post = trains(5, batch, size), trains(5, batch, size, seed=1)
    with Largest() as seen:
        for arriving, leaving in zip(pre, post, strict=True):
            layer(arriving, neuron_kwargs={"script": leaving})
            stdp()
            layer.update()
    # The largest that may be: a history with every slot twice, 2·6·50·32 = 19,200, against 32·50·50 = 80,000.
    assert seen.elements <= 2 * 6 * size * batch
