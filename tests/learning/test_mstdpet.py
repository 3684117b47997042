"""STDP with eligibility traces, rewarded, against a loop over all pairs of spikes and all steps that they are remembered for."""

import math

import pytest
import torch

import snnlab as snn
from tests.learning.pairevents import TC_POST, TC_PRE, kept, pair_events, parts, rewards, run
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, trains

STEPS, TC_ELIGIBILITY = 30, 12.0


def rule(**settings):
    given = {"lr_post": 0.2, "lr_pre": -0.1, "tc_post": TC_POST, "tc_pre": TC_PRE, "tc_eligibility": TC_ELIGIBILITY}
    return snn.MSTDPET(**(given | settings))


def spikes(size=4):
    return trains(STEPS, size=size), trains(STEPS, size=3, seed=1)


def assert_parts(found, expected):
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize(("lr_post", "lr_pre"), [(0.2, -0.1), (-0.2, 0.1), (0.2, 0.1), (-0.2, -0.1), (0.0, 0.1)])
@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
@pytest.mark.parametrize("each", [True, False], ids=["a reward a sample", "one reward"])
def test_it_equals_the_sum_over_pairs_and_the_steps_they_are_remembered(each, delays, lr_post, lr_pre, mode):
    # What is kept of the two terms is sorted by the sign of each, so the parts may be added up pair by pair.
    delay = None if delays == "none" else random_delays((3, 4), 7, delays == "whole")
    pre, post = spikes()
    drawn = rewards(STEPS, 4)
    signals = drawn if each else drawn[:, 0].tolist()
    layer = connect(delay=None if delay is None else 7.0, delays=delay)
    found = run(layer, rule(lr_post=lr_post, lr_pre=lr_pre, trace_mode=mode), pre, post, signals)
    events = kept(pair_events(pre, post, delay, mode), STEPS, TC_ELIGIBILITY)
    assert_parts(found, parts(events, (3, 4), {"post": lr_post, "pre": lr_pre}, signals))


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 0.0, 6.0])
@pytest.mark.parametrize("reduction", [None, lambda t, dim: t.sum(dim)], ids=["quick", "general"])
def test_every_connection_learns_alike(reduction, longest, kind):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    (pre, post), drawn = spikes(size), rewards(STEPS, 4)
    found = run(connect(kind, delay=longest, delays=delay), rule(batch_reduction=reduction), pre, post, drawn)
    full = delay if delay is None or kind != "direct" else torch.diag(delay)
    events = kept(pair_events(pre, post, full, kind=kind), STEPS, TC_ELIGIBILITY)
    shape = (3,) if kind == "direct" else (3, size)
    assert_parts(found, parts(events, shape, {"post": 0.2, "pre": -0.1}, drawn))


@pytest.mark.parametrize("delays", [None, random_delays((3, 2, 2, 3), 4, whole=False)], ids=["no delays", "delays"])
def test_a_shared_weight_sums_over_its_sites(delays):
    pre, post, drawn = trains(12, 2, (2, 4, 5)), trains(12, 2, (3, 3, 3), seed=1), rewards(12, 2)
    layer = connect_conv(batch_size=2, delay=None if delays is None else 4.0, delays=delays)
    found = run(layer, rule(), pre, post, drawn)
    pos, neg = torch.zeros(2, 3, 2, 2, 3, dtype=torch.float64)
    for f, c, i, j, y, x in torch.cartesian_prod(*(torch.arange(size) for size in (3, 2, 2, 3, 3, 3))).tolist():
        delay = None if delays is None else delays[f, c, i, j].view(1, 1)
        events = kept(pair_events(pre[:, :, c, y + i, x + j, None], post[:, :, f, y, x, None], delay), 12, TC_ELIGIBILITY)
        site = parts(events, (1, 1), {"post": 0.2, "pre": -0.1}, drawn)
        pos[f, c, i, j] += site[0].item()
        neg[f, c, i, j] += site[1].item()
    assert_parts(found, (pos, neg))


@pytest.mark.parametrize("step_time", [0.1, 0.3])
def test_a_step_other_than_one_ms_changes_the_time_scale_alone(step_time):
    delay, (pre, post), drawn = random_delays((3, 4), 7, whole=True) * step_time, spikes(), rewards(STEPS, 4)
    found = run(connect(step_time=step_time, delay=7 * step_time, delays=delay), rule(), pre, post, drawn)
    events = kept(pair_events(pre, post, delay, step_time=step_time), STEPS, TC_ELIGIBILITY, step_time)
    assert_parts(found, parts(events, (3, 4), {"post": 0.2, "pre": -0.1}, drawn))


@pytest.mark.parametrize("kind", ["Linear", "Conv2d"])
@pytest.mark.parametrize("modulated", [rule, lambda: snn.MSTDP(0.02, -0.01, TC_POST, TC_PRE)], ids=["MSTDPET", "MSTDP"])
def test_traced_connections_learn_as_plain_ones(modulated, kind):
    synapse = {"synapse": snn.DeltaPlusCurrent.partialconstructor(1.0), "batch_size": 2, "delay": 3.0}
    if kind == "Linear":
        delay = random_delays((3, 4), 3, whole=True)
        traced, plain = snn.traced.Linear(4, 3, 2, 1.0, delay), snn.LinearDense((1, 4), (1, 3), 1.0, **synapse)
    else:
        delay = random_delays((3, 2, 2, 2), 3, whole=True)
        traced, plain = snn.traced.Conv2d(2, 3, 2, (4, 4), 2, 1.0, delay.view(3, 1, 1, -1)), snn.Conv2D(4, 4, 2, 3, 1.0, 2, **synapse)
    plain.delay, drawn, found = delay, rewards(15, 2), []
    for connection, ends in ((traced.double(), {"transform": lambda given: given[0].sum(-1)}), (plain.double(), {})):
        connection.defaultupdater(exclude_delay=True)
        layer, each = snn.Serial(connection, Scripted(connection.outshape, 2), **ends), modulated()
        each.register_cell("only", layer.cell)
        pre, post = trains(15, 2, connection.inshape), trains(15, 2, connection.outshape, seed=1)
        for step in range(15):
            layer(*(pre[step], pre[step].double())[: 1 + bool(ends)], neuron_kwargs={"script": post[step]})
            each(drawn[step])
        found.append((connection.updater.weight.pos, connection.updater.weight.neg))
    assert found[0][0].min() > 0
    assert_parts(*found)


# --------------------------------------------------------------------------------------------------------------------- eligibility


def one_pair():
    """One synapse, spikes of both sides at 0 ms: each term is 1/τ_z then."""
    connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)).to(torch.float64)
    connection.defaultupdater()
    spikes = torch.zeros(8, 1, 1, dtype=torch.bool)
    spikes[0] = True
    return snn.Serial(connection, Scripted((1,), 1)), spikes


@pytest.mark.parametrize("late", [0, 3, 7])
def test_a_late_reward_finds_the_pair_decayed_to_the_exact_time(late):
    layer, spikes = one_pair()
    pos, neg = run(layer, rule(lr_pre=0.0), spikes, spikes, [2.0 if step == late else 0.0 for step in range(8)])
    assert pos.item() == pytest.approx(2.0 * 0.2 * math.exp(-late / TC_ELIGIBILITY) / TC_ELIGIBILITY, rel=1e-12)
    assert neg.item() == 0.0


def test_eligibility_decays_also_while_nothing_is_rewarded():
    layer, spikes = one_pair()
    rewarded = rule()
    run(layer, rewarded, spikes, spikes, [0.0] * 8)
    state = rewarded.get_unit("only").state
    for trace in (state.eligible_post_, state.eligible_pre_):
        assert trace.item() == pytest.approx(math.exp(-7 / TC_ELIGIBILITY) / TC_ELIGIBILITY, rel=1e-12)
    assert layer.updater.weight.pos is None
    assert layer.updater.weight.neg is None


def test_a_time_constant_set_in_flight_acts_at_the_next_step():
    layer, spikes = one_pair()
    rewarded = rule()
    rewarded.register_cell("only", layer.cell)
    for step in range(3):
        rewarded.tc_eligibility = 4.0 if step == 2 else TC_ELIGIBILITY
        layer(spikes[step], neuron_kwargs={"script": spikes[step]})
        rewarded(0.0)
    expected = math.exp(-1 / TC_ELIGIBILITY - 1 / 4) / TC_ELIGIBILITY
    assert rewarded.get_unit("only").state.eligible_post_.item() == pytest.approx(expected, rel=1e-12)


def test_clear_forgets_what_could_have_been_rewarded():
    layer, spikes = one_pair()
    rewarded = rule()
    run(layer, rewarded, spikes, spikes, [0.0] * 8)
    rewarded.clear()
    layer(spikes[1], neuron_kwargs={"script": spikes[1]})
    rewarded(1.0)
    assert layer.updater.weight.pos.item() == layer.updater.weight.neg.item() == 0.0


def test_a_mask_keeps_absent_synapses_at_zero():
    layer = connect()
    layer.connection.mask = torch.tensor([[1, 0, 1, 1]] * 3)
    pre, post = spikes()
    run(layer, rule(), pre, post, [1.0] * STEPS)
    layer.update()
    assert layer.connection.weight[:, 1].tolist() == [0.0] * 3
    assert layer.connection.weight[:, 0].ne(0).all()


def test_it_runs_in_inference_mode_and_goes_on_outside_of_it():
    delay, (pre, post), drawn = random_delays((3, 4), 7, whole=False), spikes(), rewards(STEPS, 4)
    expected = run(connect(delay=7.0, delays=delay), rule(), pre, post, drawn)
    layer, rewarded = connect(delay=7.0, delays=delay), rule()
    rewarded.register_cell("only", layer.cell)
    for step in range(STEPS):
        with torch.inference_mode(10 <= step < 20):
            layer(pre[step], neuron_kwargs={"script": post[step]})
            rewarded(drawn[step])
    assert_parts((layer.updater.weight.pos, layer.updater.weight.neg), expected)


def test_a_saved_rule_goes_on_where_it_was():
    (pre, post), drawn = spikes(), rewards(STEPS, 4)
    layers, rules = [connect() for _ in range(2)], [rule() for _ in range(2)]
    for layer, each in zip(layers, rules, strict=True):
        each.register_cell("only", layer.cell)
    for step in range(10):
        layers[0](pre[step], neuron_kwargs={"script": post[step]})
        rules[0](0.0)
    rules[1].load_state_dict(rules[0].state_dict())
    for layer, each in zip(layers, rules, strict=True):
        layer(pre[10] & False, neuron_kwargs={"script": post[10] & False})
        each.get_unit("only").state.pre_trace_.clear()
        each(drawn[1])
    assert layers[0].updater.weight.pos.abs().max() > 0
    torch.testing.assert_close(layers[1].updater.weight.pos, layers[0].updater.weight.pos)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"tc_eligibility": 0.0}, ValueError, "tc_eligibility must be above 0 ms, but is 0.0 ms"),
        ({"tc_eligibility": "slow"}, TypeError, "tc_eligibility must be a number in ms, but is 'slow'"),
        ({"interp_tolerance": -1.0}, ValueError, "interp_tolerance must be 0 ms or above"),
    ],
)
def test_a_setting_is_checked_for_the_rule_and_for_a_cell(changes, error, words):
    with pytest.raises(error, match=words):
        rule(**changes)
    with pytest.raises(error, match=words):
        rule().register_cell("only", connect().cell, **changes)
