"""Rewarded delay-adjusted rules against loops over steps, samples and synapses that know nothing but lists of spike times."""

import math

import pytest
import torch

import snnlab as snn
from tests.learning.pairevents import rewards
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, trains

TC_CAUSAL, TC_LATE, STEPS = 13.0, 8.0, 30


def weights(lr_pos=0.02, lr_neg=-0.01, **settings):
    return snn.DelayAdjustedMSTDP(lr_pos, lr_neg, TC_CAUSAL, TC_LATE, **settings)


def delays(lr_neg=-0.02, lr_pos=0.01, **settings):
    return snn.DelayAdjustedMSTDPD(lr_neg, lr_pos, TC_CAUSAL, TC_LATE, **settings)


def spikes(size=4):
    return trains(STEPS, size=size, rate=0.1), trains(STEPS, size=3, seed=1, rate=0.1)


def run(layer, rule, pre, post, signals):
    """What is pending after a run over both trains: pos and neg, zeros where there is nothing."""
    rule.register_cell("only", layer.cell)
    for arriving, leaving, signal in zip(pre, post, signals, strict=True):
        layer(arriving, neuron_kwargs={"script": leaving})
        rule(signal)
    (name,) = rule.trains
    rest, accumulator = torch.zeros_like(layer.connection.weight.detach()), getattr(layer.updater, name)
    return [rest if part is None else part for part in (accumulator.pos, accumulator.neg)]


def by_last_spikes(pre, post, delay, signals, causal, late, kind="dense"):
    """Adds up, step by step, what the last spike of either side is worth: pos and neg, N x M. `causal` and `late` are the rates."""
    (steps, batch, inputs), outputs = pre.shape, post.shape[2]
    pre, post, signals = pre.tolist(), post.tolist(), signals if isinstance(signals, list) else signals.tolist()
    sums = {True: [[0.0] * inputs for _ in range(outputs)], False: [[0.0] * inputs for _ in range(outputs)]}
    for b, n, m in ((b, n, m) for b in range(batch) for n in range(outputs) for m in range(inputs)):
        if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
            continue
        left = fired = None
        for now in range(steps):
            left, fired = now if pre[now][b][m] else left, now if post[now][b][n] else fired
            if left is None or fired is None:
                continue
            difference = fired - left - (0.0 if delay is None else delay[n, m].item())
            in_time = difference >= -1e-9
            worth = causal * math.exp(-difference / TC_CAUSAL) if in_time else late * math.exp(difference / TC_LATE)
            change = worth * (signals[now][b] if isinstance(signals[now], list) else signals[now])
            sums[change >= 0][n][m] += abs(change)
    pos, neg = (torch.tensor(sums[adds], dtype=torch.float64) for adds in (True, False))
    return (pos.diagonal(), neg.diagonal()) if kind == "direct" else (pos, neg)


def assert_parts(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


RATES = [(0.02, -0.01), (-0.02, 0.01), (0.02, 0.01), (-0.02, -0.01), (0.0, 0.01)]
each_or_one = pytest.mark.parametrize("each", [True, False], ids=["a reward a sample", "one reward"])


@each_or_one
@pytest.mark.parametrize(("causal", "late"), RATES)
@pytest.mark.parametrize("given", ["none", "whole", "fractional"])
def test_weights_equal_the_rewarded_sum_over_steps(given, causal, late, each):
    delay = None if given == "none" else random_delays((3, 4), 7, given == "whole")
    (pre, post), drawn = spikes(), rewards(STEPS, 4)
    signals = drawn if each else drawn[:, 0].tolist()
    found = run(connect(delay=None if delay is None else 7.0, delays=delay), weights(causal, late), pre, post, signals)
    assert_parts(found, by_last_spikes(pre, post, delay, signals, causal, late))


@each_or_one
@pytest.mark.parametrize(("causal", "late"), RATES)
@pytest.mark.parametrize("whole", [True, False])
def test_delays_equal_the_rewarded_sum_over_steps(whole, causal, late, each):
    # Nothing is applied before the end, so that delays stay as the loop takes them to be.
    delay, (pre, post), drawn = random_delays((3, 4), 7, whole), spikes(), rewards(STEPS, 4)
    signals = drawn if each else drawn[:, 0].tolist()
    found = run(connect(delay=7.0, delays=delay), delays(causal, late), pre, post, signals)
    expected = by_last_spikes(pre, post, delay, signals, causal, late)
    assert sum(part.sum() for part in expected) > 0.5
    assert_parts(found, expected)


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("rule", [weights, delays])
@pytest.mark.parametrize("reduction", [None, lambda rows, dim: rows.sum(dim)], ids=["quick", "general"])
def test_every_connection_learns_alike(reduction, rule, kind):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False)
    (pre, post), drawn = spikes(size), rewards(STEPS, 4)
    found = run(connect(kind, delay=6.0, delays=delay), rule(batch_reduction=reduction), pre, post, drawn)
    rates = (0.02, -0.01) if rule is weights else (-0.02, 0.01)
    full = torch.diag(delay) if kind == "direct" else delay
    assert_parts(found, by_last_spikes(pre, post, full, drawn, *rates, kind=kind))


@pytest.mark.parametrize("rule", [weights, delays])
def test_a_shared_weight_sums_over_its_sites(rule):
    pre, post, drawn = trains(15, 2, (1, 3, 4)), trains(15, 2, (2, 2, 2), seed=1), rewards(15, 2)
    delay = random_delays((2, 1, 2, 3), 4, whole=False)
    layer = connect_conv(batch_size=2, delay=4.0, delays=delay, channels=1, filters=2, image=(3, 4))
    pos, neg = torch.zeros(2, 2, 1, 2, 3, dtype=torch.float64)
    rates = (0.02, -0.01) if rule is weights else (-0.02, 0.01)
    for f, i, j, y, x in torch.cartesian_prod(*(torch.arange(size) for size in (2, 2, 3, 2, 2))).tolist():
        site = pre[:, :, 0, y + i, x + j, None], post[:, :, f, y, x, None]
        one = by_last_spikes(*site, delay[f, 0, i, j].view(1, 1), drawn, *rates)
        pos[f, 0, i, j] += one[0].item()
        neg[f, 0, i, j] += one[1].item()
    assert_parts(run(layer, rule(), pre, post, drawn), (pos, neg))


@pytest.mark.parametrize("rule", [weights, delays])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(rule):
    delay, drawn = random_delays((3, 4), 5, whole=False), rewards(12, 32)
    pre, post = trains(12, 32), trains(12, 32, 3, seed=1)
    together = run(connect(batch_size=32, delay=5.0, delays=delay), rule(batch_reduction=torch.mean), pre, post, drawn)
    alone = [
        run(connect(batch_size=1, delay=5.0, delays=delay), rule(), pre[:, b : b + 1], post[:, b : b + 1], drawn[:, b : b + 1])
        for b in range(32)
    ]
    for part in (0, 1):
        torch.testing.assert_close(together[part], torch.stack([each[part] for each in alone]).mean(0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [snn.DelayAdjustedMSTDP, snn.DelayAdjustedMSTDPD])
def test_a_cell_may_have_rates_time_constants_and_a_reduction_of_its_own(kind):
    delay, (pre, post), drawn = random_delays((3, 4), 7, whole=False), spikes(), rewards(STEPS, 4)
    causal, late = ("pos", "neg") if kind is snn.DelayAdjustedMSTDP else ("neg", "pos")
    own = {f"lr_{causal}": 0.03, f"lr_{late}": -0.05, f"tc_{causal}": TC_CAUSAL, f"tc_{late}": TC_LATE}
    layer, rule = connect(delay=7.0, delays=delay), kind(1.0, 1.0, 2.0, 2.0)
    rule.register_cell("own", layer.cell, batch_reduction=torch.mean, **own)
    for arriving, leaving, signal in zip(pre, post, drawn, strict=True):
        layer(arriving, neuron_kwargs={"script": leaving})
        rule(signal)
    found = getattr(layer.updater, rule.trains[0])
    expected = by_last_spikes(pre, post, delay, drawn, 0.03, -0.05)
    assert_parts((found.pos, found.neg), [part / 4 for part in expected])


@pytest.mark.parametrize("rule", [weights, delays])
@pytest.mark.parametrize("signal", [0.0, torch.zeros(4)], ids=["one", "one a sample"])
def test_a_signal_of_zero_changes_nothing_but_the_times_go_on(signal, rule):
    layer, (pre, post), learner = connect(delay=7.0), spikes(), rule()
    before = layer.connection.weight.clone(), layer.connection.delay.clone()
    run(layer, learner, pre, post, [signal] * STEPS)
    layer.update()
    assert torch.equal(layer.connection.weight, before[0])
    assert torch.equal(layer.connection.delay, before[1])
    last = [max((t for t in range(STEPS) if pre[t, 0, m]), default=math.nan) for m in range(4)]
    since = learner.get_unit("only").state.since_pre_[0]
    torch.testing.assert_close(since, STEPS - 1 - torch.tensor(last, dtype=torch.float64), equal_nan=True)


@pytest.mark.parametrize("rule", [weights, delays])
def test_a_masked_synapse_has_no_part(rule):
    layer, (pre, post) = connect(delay=7.0), spikes()
    layer.connection.mask = torch.tensor([[1, 0, 1, 1]] * 3)
    pos, neg = run(layer, rule(), pre, post, rewards(STEPS, 4))
    assert (pos[:, 1] + neg[:, 1]).max() == 0
    assert (pos[:, 0] + neg[:, 0]).min() > 0


def test_a_mask_leaves_delays_be_that_are_one_a_site():
    # There is no delay to go with a weight then, and what an absent weight's delays learn is nobody's business.
    at = random_delays((1, 3, 2, 2, 4), 6, whole=True) + 2
    found = []
    for mask in (None, torch.tensor([1, 0, 1, 1]).view(1, 1, 2, 2).expand(3, 1, 2, 2)):
        traced = snn.traced.Conv2d(1, 3, 2, 3, 1, 1.0, at).double()
        traced.mask = mask
        traced.defaultupdater()
        layer, rule = snn.Serial(traced, snn.traced.TracedNeuron(Scripted(traced.outshape, 1), 20.0)), delays()
        rule.register_cell("only", layer.cell)
        image = torch.ones(1, 1, 3, 3)
        layer(image, image.double(), neuron_kwargs={"script": torch.ones(1, *traced.outshape, dtype=torch.bool)})
        rule(1.0)
        found.append(traced.updater.delay.pos)
    assert found[0].shape == (3, 2, 2, 4)
    assert found[0].min() > 0
    assert torch.equal(*found)


def test_rewarded_delays_move_towards_the_answer_and_stay_in_their_range():
    # By hand: it left at 0 and was answered at 3 ms; with a delay of 1 ms it came in time, Δ = 2.
    pre, post = torch.zeros(2, 4, 1, 1, dtype=torch.bool)
    pre[0], post[3] = True, True
    for signal, expected in (
        (1.0, 1.0 - 0.5 * math.exp(-2 / TC_CAUSAL)),
        (-1.0, 1.0 + 0.5 * math.exp(-2 / TC_CAUSAL)),
        (9.0, 0.0),
        (-9.0, 4.0),
    ):
        synapse = snn.DeltaCurrent.partialconstructor(1.0)
        connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=4.0, delay_init=torch.ones_like).to(torch.float64)
        connection.defaultupdater()
        layer, rule = snn.Serial(connection, Scripted((1,), 1)), delays(-0.5, 0.5)
        run(layer, rule, pre, post, [signal] * 4)
        layer.update()
        assert connection.delay.item() == pytest.approx(expected, rel=1e-12)


def test_a_connection_without_delays_is_refused_where_they_would_learn():
    with pytest.raises(RuntimeError, match="Cell 'only' has no delays, but DelayAdjustedMSTDPD trains them"):
        delays().register_cell("only", connect().cell)


@pytest.mark.parametrize("rule", [weights, delays])
@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"interp_tolerance": -0.1}, ValueError, "interp_tolerance must be 0 ms or above"),
        ({"batch_reduction": "sum"}, TypeError, r"must be a function f\(tensor, dim\) or None"),
        ({"inplace": 1}, TypeError, "inplace must be True or False"),
    ],
)
def test_a_setting_is_checked(changes, error, words, rule):
    with pytest.raises(error, match=words):
        rule(**changes)


@pytest.mark.parametrize("rule", [weights, delays])
def test_a_wrong_signal_is_refused_and_no_time_moves(rule):
    layer, learner = connect(delay=7.0), rule()
    learner.register_cell("only", layer.cell)
    layer(torch.ones(4, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(4, 3, dtype=torch.bool)})
    for signal in (torch.ones(3), math.nan, torch.full((4,), math.nan)):
        with pytest.raises(ValueError, match="signal must be"):
            learner(signal)
    assert learner.get_unit("only").state.since_pre_.isnan().all()
