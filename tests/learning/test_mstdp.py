"""Rewarded pair STDP against a loop over all pairs of spikes."""

import math

import pytest
import torch

import snnlab as snn
from tests.learning.pairevents import TC_POST, TC_PRE, pair_events, parts, rewards, run
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, trains

STEPS = 40


def rule(**settings):
    return snn.MSTDP(**({"lr_post": 0.02, "lr_pre": -0.01, "tc_post": TC_POST, "tc_pre": TC_PRE} | settings))


def spikes(size=4):
    return trains(STEPS, size=size), trains(STEPS, size=3, seed=1)


def assert_parts(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize(("lr_post", "lr_pre"), [(0.02, -0.01), (-0.02, 0.01), (0.02, 0.01), (-0.02, -0.01), (0.0, 0.01)])
@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
@pytest.mark.parametrize("each", [True, False], ids=["a reward a sample", "one reward"])
def test_it_equals_the_sum_over_pairs_times_their_reward(each, delays, lr_post, lr_pre, mode):
    delay = None if delays == "none" else random_delays((3, 4), 7, delays == "whole")
    pre, post = spikes()
    drawn = rewards(STEPS, 4)
    signals = drawn if each else drawn[:, 0].tolist()
    layer = connect(delay=None if delay is None else 7.0, delays=delay)
    found = run(layer, rule(lr_post=lr_post, lr_pre=lr_pre, trace_mode=mode), pre, post, signals)
    assert_parts(found, parts(pair_events(pre, post, delay, mode), (3, 4), {"post": lr_post, "pre": lr_pre}, signals))


@pytest.mark.parametrize("whole", [True, False])
def test_with_delayed_the_presynaptic_trace_decays_to_the_exact_time(whole):
    delay, (pre, post), drawn = random_delays((3, 4), 7, whole), spikes(), rewards(STEPS, 4)
    found = run(connect(delay=7.0, delays=delay), rule(delayed=True), pre, post, drawn)
    events = pair_events(pre, post, delay, delayed=True)
    assert_parts(found, parts(events, (3, 4), {"post": 0.02, "pre": -0.01}, drawn))


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 0.0, 6.0])
@pytest.mark.parametrize("reduction", [None, lambda t, dim: t.sum(dim)], ids=["quick", "general"])
def test_every_connection_learns_alike(reduction, longest, kind):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    (pre, post), drawn = spikes(size), rewards(STEPS, 4)
    found = run(connect(kind, delay=longest, delays=delay), rule(batch_reduction=reduction), pre, post, drawn)
    full = delay if delay is None or kind != "direct" else torch.diag(delay)
    shape = (3,) if kind == "direct" else (3, size)
    events = pair_events(pre, post, full, kind=kind)
    assert_parts(found, parts(events, shape, {"post": 0.02, "pre": -0.01}, drawn))


@pytest.mark.parametrize("delays", [None, random_delays((3, 2, 2, 3), 4, whole=False)], ids=["no delays", "delays"])
@pytest.mark.parametrize("reduction", [None, lambda t, dim: t.sum(dim)], ids=["quick", "general"])
def test_a_shared_weight_sums_over_its_sites(reduction, delays):
    pre, post, drawn = trains(15, 2, (2, 4, 5)), trains(15, 2, (3, 3, 3), seed=1), rewards(15, 2)
    layer = connect_conv(batch_size=2, delay=None if delays is None else 4.0, delays=delays)
    found = run(layer, rule(batch_reduction=reduction), pre, post, drawn)
    pos, neg = torch.zeros(2, 3, 2, 2, 3, dtype=torch.float64)
    for f, c, i, j, y, x in torch.cartesian_prod(*(torch.arange(size) for size in (3, 2, 2, 3, 3, 3))).tolist():
        delay = None if delays is None else delays[f, c, i, j].view(1, 1)
        events = pair_events(pre[:, :, c, y + i, x + j, None], post[:, :, f, y, x, None], delay)
        site = parts(events, (1, 1), {"post": 0.02, "pre": -0.01}, drawn)
        pos[f, c, i, j] += site[0].item()
        neg[f, c, i, j] += site[1].item()
    assert_parts(found, (pos, neg))


def test_a_reward_of_one_makes_it_stdp_and_of_minus_one_its_opposite():
    pre, post = spikes()
    stdp = snn.STDP(0.02, -0.01, TC_POST, TC_PRE, batch_reduction=torch.sum)
    layer = connect()
    stdp.register_cell("only", layer.cell)
    for arriving, leaving in zip(pre, post, strict=True):
        layer(arriving, neuron_kwargs={"script": leaving})
        stdp()
    pos, neg = layer.updater.weight.pos, layer.updater.weight.neg
    assert_parts(run(connect(), rule(), pre, post, [1.0] * STEPS), (pos, neg))
    assert_parts(run(connect(), rule(), pre, post, [-1.0] * STEPS), (neg, pos))


def test_a_pair_is_worth_its_exponential_times_the_reward_that_comes_with_it():
    # By hand: pre at 0, post at 5 ms, rewards 2 at 0 ms and -3 at 5 ms: only the second meets a pair, -3·0.02·exp(−5/9).
    pre, post = torch.zeros(2, 6, 1, 1, dtype=torch.bool)
    pre[0], post[5] = True, True
    connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)).to(torch.float64)
    connection.defaultupdater()
    pos, neg = run(snn.Serial(connection, Scripted((1,), 1)), rule(), pre, post, [2.0, 0.0, 0.0, 0.0, 0.0, -3.0])
    assert pos.item() == 0.0
    assert neg.item() == pytest.approx(3 * 0.02 * math.exp(-5 / TC_PRE), rel=1e-12)


def test_the_mean_divides_by_the_samples_and_not_by_the_rows_that_have_a_part():
    # By hand: all spike at once, so each term is worth 1. One sample of four is rewarded, and three are punished: 0.03/4 and 3·0.03/4.
    layer, mstdp = connect(), rule(lr_pre=0.01, batch_reduction=torch.mean)
    mstdp.register_cell("only", layer.cell)
    layer(torch.ones(4, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(4, 3, dtype=torch.bool)})
    mstdp(torch.tensor([1.0, -1.0, -1.0, -1.0]))
    found = [part.unique().tolist() for part in (layer.updater.weight.pos, layer.updater.weight.neg)]
    assert found == [[pytest.approx(0.0075)], [pytest.approx(0.0225)]]


def test_two_cells_of_one_rule_learn_by_their_own_rates_from_the_same_reward():
    layers, mstdp = [connect(batch_size=1) for _ in range(2)], rule(lr_pre=0.0)
    mstdp.register_cell("follows", layers[0].cell)
    mstdp.register_cell("own", layers[1].cell, lr_post=-0.5)
    for layer in layers:
        layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    mstdp(torch.tensor([2.0]))
    first, second = (layer.updater.weight for layer in layers)
    assert first.pos.unique().tolist() == [0.04]
    assert second.neg.unique().tolist() == [1.0]


def test_it_runs_in_inference_mode_too():
    delay, (pre, post), drawn = random_delays((3, 4), 7, whole=False), spikes(), rewards(STEPS, 4)
    expected = run(connect(delay=7.0, delays=delay), rule(), pre, post, drawn)
    layer = connect(delay=7.0, delays=delay)
    with torch.inference_mode():
        assert_parts(run(layer, rule(), pre, post, drawn), expected)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"tc_post": 0.0}, ValueError, "tc_post must be above 0 ms, but is 0.0 ms"),
        ({"lr_post": math.nan}, ValueError, "lr_post must be a finite number"),
        ({"trace_mode": "newest"}, ValueError, "one of 'cumulative', 'nearest', but is 'newest'"),
        ({"batch_reduction": "sum"}, TypeError, r"must be a function f\(tensor, dim\) or None, but is 'sum'"),
    ],
)
def test_a_setting_is_checked(changes, error, words):
    with pytest.raises(error, match=words):
        rule(**changes)
