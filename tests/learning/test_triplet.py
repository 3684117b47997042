"""Triplet STDP against loops over all triplets of spikes."""

import math

import pytest
import torch

import snnlab as snn
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, train, trains

TAUS = {"tc_post_fast": 13.0, "tc_post_slow": 41.0, "tc_pre_fast": 9.0, "tc_pre_slow": 29.0}
RATES = {"lr_post_pair": 0.02, "lr_post_triplet": 0.015, "lr_pre_pair": -0.01, "lr_pre_triplet": 0.012}


def learn(layer, pre, post, update_each_step=True, **settings):
    """The change of the weights."""
    return train(layer, snn.TripletSTDP(**(RATES | TAUS | settings)), pre, post, update_each_step=update_each_step)


def one_synapse(arrivals, spikes, mode, extra=0.0, step_time=1.0):
    """Sums over pairs and over triplets of one synapse: a₂, a₃ at postsynaptic spikes, b₂, b₃ at presynaptic ones.

    `extra` says how long before the step of its arrival, in steps, a spike truly arrived.
    """

    def heard(times):  # of the spikes that a trace knows
        return times[-1:] if mode == "nearest" else times

    def kernel(steps, tau):
        return math.exp(-steps * step_time / TAUS[tau])

    a2 = a3 = b2 = b3 = 0.0
    for t in spikes:
        for s in heard([s for s in arrivals if s <= t]):
            a2 += kernel(t - s + extra, "tc_pre_fast")
            for third in heard([u for u in spikes if u < t]):
                a3 += kernel(t - s + extra, "tc_pre_fast") * kernel(t - 1 - third, "tc_post_slow")
    for s in arrivals:
        for t in heard([t for t in spikes if t <= s]):
            b2 += kernel(s - t, "tc_post_fast")
            for third in heard([u for u in arrivals if u < s]):
                b3 += kernel(s - t, "tc_post_fast") * kernel(s - 1 - third + extra, "tc_pre_slow")
    return a2, a3, b2, b3


def by_triplets(pre, post, delay, mode="cumulative", *, kind="dense", delayed=False, step_time=1.0, rounding=math.ceil):
    """The four sums of every synapse and sample, 4 x B x N x M; of direct connections 4 x B x N."""
    (steps, batch, inputs), outputs = pre.shape, post.shape[2]
    sums = torch.zeros(4, batch, outputs, inputs, dtype=torch.float64)
    for sample in range(batch):
        for n in range(outputs):
            for m in range(inputs):
                if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
                    continue
                d = delay[n, m].item() / step_time
                late = rounding(d - 1e-9)
                arrivals = [t + late for t in range(steps) if pre[t, sample, m] and t + late < steps]
                spikes = [t for t in range(steps) if post[t, sample, n]]
                found = one_synapse(arrivals, spikes, mode, late - d if delayed else 0.0, step_time)
                sums[:, sample, n, m] = torch.tensor(found, dtype=torch.float64)
    return sums.diagonal(dim1=2, dim2=3) if kind == "direct" else sums


def expected(sums, **rates):
    """What the mean over samples makes of them."""
    a2, a3, b2, b3 = sums.mean(1)
    rates = RATES | rates
    after = math.copysign(1, rates["lr_post_pair"]) * (abs(rates["lr_post_pair"]) * a2 + abs(rates["lr_post_triplet"]) * a3)
    before = math.copysign(1, rates["lr_pre_pair"]) * (abs(rates["lr_pre_pair"]) * b2 + abs(rates["lr_pre_triplet"]) * b3)
    return after + before


SIGNS = [(0.02, -0.01), (-0.02, 0.01), (0.02, 0.01), (-0.02, -0.01)]


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
def test_it_equals_the_sum_over_triplets_whatever_the_signs(delays, mode):
    delay = None if delays == "none" else random_delays((3, 4), 7, delays == "whole")
    pre, post = trains(), trains(size=3, seed=1)
    sums = by_triplets(pre, post, torch.zeros(3, 4) if delay is None else delay, mode)
    for post_pair, pre_pair in SIGNS:
        rates = {"lr_post_pair": post_pair, "lr_pre_pair": pre_pair}
        layer = connect(delay=None if delay is None else 7.0, delays=delay)
        torch.testing.assert_close(learn(layer, pre, post, trace_mode=mode, **rates), expected(sums, **rates), **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("whole", [True, False])
def test_with_delayed_presynaptic_traces_decay_to_the_exact_time(whole, mode):
    delay = random_delays((3, 4), 7, whole)
    pre, post = trains(), trains(size=3, seed=1)
    change = learn(connect(delay=7.0, delays=delay), pre, post, delayed=True, trace_mode=mode)
    torch.testing.assert_close(change, expected(by_triplets(pre, post, delay, mode, delayed=True)), **CLOSE)


@pytest.mark.parametrize("kind", ["direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 6.0])
@pytest.mark.parametrize("exponential", [False, True])
def test_every_connection_and_synapse_learns_alike(kind, longest, exponential):
    delay = random_delays((3,) if kind == "direct" else (3, 3), 6, whole=False) if longest else None
    pre, post = trains(size=3), trains(size=3, seed=1)
    full = torch.zeros(3, 3) if delay is None else (torch.diag(delay) if kind == "direct" else delay)
    layer = connect(kind, delay=longest, delays=delay, exponential=exponential)
    torch.testing.assert_close(learn(layer, pre, post), expected(by_triplets(pre, post, full, kind=kind)), **CLOSE)


@pytest.mark.parametrize("delays", ["none", "fractional"])
def test_a_shared_weight_changes_by_the_sum_over_its_sites(delays):
    delay = None if delays == "none" else random_delays((3, 2, 2, 3), 5, whole=False)
    layer = connect_conv(batch_size=2, delay=None if delay is None else 5.0, delays=delay)
    pre, post = trains(40, 2, (2, 4, 5)), trains(40, 2, layer.connection.outshape, seed=1)
    sums, (height, width) = torch.zeros(4, 2, 3, 2, 2, 3, dtype=torch.float64), layer.connection.outshape[1:]
    for place in torch.cartesian_prod(*map(torch.arange, sums.shape[1:])).tolist():
        sample, f, c, i, j = place
        late = 0 if delay is None else math.ceil(delay[f, c, i, j].item() - 1e-9)
        for y in range(height):
            for x in range(width):
                arrivals = [t + late for t in range(40) if pre[t, sample, c, y + i, x + j] and t + late < 40]
                spikes = [t for t in range(40) if post[t, sample, f, y, x]]
                sums[(slice(None), *place)] += torch.tensor(one_synapse(arrivals, spikes, "cumulative"), dtype=torch.float64)
    torch.testing.assert_close(learn(layer, pre, post), expected(sums), **CLOSE)


@pytest.mark.parametrize("delayed", [False, True])
def test_where_the_synapse_reads_the_nearest_step_its_slow_trace_comes_with_the_spike(delayed):
    delay = random_delays((3, 4), 7, whole=False)
    pre, post = trains(), trains(size=3, seed=1)
    layer = connect(delay=7.0, delays=delay, interp="nearest")
    _, _, b2, b3 = by_triplets(pre, post, delay, rounding=lambda steps: math.ceil(steps - 0.5)).mean(1)
    change = learn(layer, pre, post, lr_post_pair=1e-12, lr_post_triplet=0.0, delayed=delayed)
    torch.testing.assert_close(change, -0.01 * b2 - 0.012 * b3, **CLOSE)


def test_a_step_other_than_one_ms_changes_the_time_scale_alone():
    delay = random_delays((3, 4), 7, whole=True) * 0.3
    pre, post = trains(), trains(size=3, seed=1)
    change = learn(connect(step_time=0.3, delay=7 * 0.3, delays=delay), pre, post)
    torch.testing.assert_close(change, expected(by_triplets(pre, post, delay, step_time=0.3)), **CLOSE)


def test_rates_set_in_flight_act_at_once_also_on_what_is_on_its_way():
    # One presynaptic spike at 0 and 1 ms each, heard 3 ms later; the rates change at 2 ms. One postsynaptic spike at 4 ms, with the second.
    delay = torch.full((1, 1), 3.0, dtype=torch.float64)
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(1, 1, 1.0, synapse=synapse, delay=3.0, delay_init=lambda _: delay).to(torch.float64)
    connection.defaultupdater()
    layer, rule = snn.Serial(connection, Scripted((1,), 1)), snn.TripletSTDP(**(RATES | TAUS))
    rule.register_cell("only", layer.cell)
    before = connection.weight.item()
    for t in range(5):
        if t == 2:
            rule.lr_pre_pair, rule.lr_pre_triplet, rule.lr_post_pair = -0.5, 0.25, 1e-12
        layer(torch.tensor([[t < 2]]), neuron_kwargs={"script": torch.tensor([[t == 4]])})
        rule()
        layer.update()
    # At 4 ms: y = 1 and the slow trace of the step before the second spike, at 3 ms, is 1.
    assert connection.weight.item() - before == pytest.approx(-0.5 - 0.25, rel=1e-9)


# ------------------------------------------------------------------------------------------------------------- batches and traces


def test_any_reduction_sees_pairs_and_triplets_of_a_sample_together():
    pre, post, delay = trains(steps=20), trains(steps=20, size=3, seed=1), random_delays((3, 4), 3, whole=True)
    layer, rule = connect(delay=3.0, delays=delay), snn.TripletSTDP(**(RATES | TAUS), batch_reduction=torch.amax)
    rule.register_cell("only", layer.cell)
    total = torch.zeros(2, 3, 4, dtype=torch.float64)
    for t in range(20):
        layer(pre[t], neuron_kwargs={"script": post[t]})
        rule()
        until = by_triplets(pre[: t + 1], post[: t + 1], delay) - (by_triplets(pre[:t], post[:t], delay) if t else 0)
        a2, a3, b2, b3 = until
        total += torch.stack(((0.02 * a2 + 0.015 * a3).amax(0), (0.01 * b2 + 0.012 * b3).amax(0)))
    torch.testing.assert_close(torch.stack((layer.updater.weight.pos, layer.updater.weight.neg)), total, **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
def test_written_in_place_traces_are_the_same_numbers(mode):
    pre, post = trains(), trains(size=3, seed=1)
    delay = random_delays((3, 4), 7, whole=False)
    changes = [learn(connect(delay=7.0, delays=delay), pre, post, inplace=inplace, trace_mode=mode) for inplace in (True, False)]
    torch.testing.assert_close(*changes, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("inplace", [True, False])
def test_a_trace_that_was_taken_changes_with_the_next_step_only_where_traces_are_written_in_place(inplace):
    layer, rule = connect(), snn.TripletSTDP(**(RATES | TAUS), inplace=inplace)
    state = rule.register_cell("only", layer.cell).state
    names = ["post_fast_", "post_slow_", "pre_slow_"]
    taken = [getattr(state, name) for name in names]
    layer(torch.ones(4, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(4, 3, dtype=torch.bool)})
    rule()
    assert [bool(trace.any()) for trace in taken] == [inplace] * 3
    assert all((getattr(state, name) == 1).all() for name in names)


# --------------------------------------------------------------------------------------------------------------- what the paper says


def per_pair(rate, gap):
    """What a pair is worth once traces have settled, by geometric sums over all earlier pairs; `gap` = t_post − t_pre in ms."""

    def trace(since, tau):  # of spikes `since` ms ago, and a period before that, and so on
        return math.exp(-since / tau) / (1 - math.exp(-1000 / rate / tau))

    period = 1000 / rate
    x, y = trace(gap % period, 16.8), trace(-gap % period, 33.7)
    return 0.0065 * x * trace(period - 1, 114.0) - 0.0071 * y  # the slow trace as it was a step of 1 ms before


def test_frequent_pairs_strengthen_whichever_spike_comes_first():
    rule = snn.TripletSTDP(1e-15, 0.0065, -0.0071, 0.0, tc_post_fast=33.7, tc_post_slow=114.0, tc_pre_fast=16.8, tc_pre_slow=101.0)
    rule.gathers = 1300
    protocols = [(rate, gap) for rate in (10, 20, 40, 50) for gap in (10, -10)]  # one synapse each
    connection = snn.LinearDirect(8, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)).to(torch.float64)
    connection.defaultupdater()
    layer, steps = snn.Serial(connection, Scripted((8,), 1)), 1300
    pre, post = torch.zeros(2, steps, 1, 8, dtype=torch.bool)
    for synapse, (rate, gap) in enumerate(protocols):
        pre[20 :: 1000 // rate, :, synapse], post[20 + gap :: 1000 // rate, :, synapse] = True, True
    rule.register_cell("only", layer.cell)
    for t in range(steps):
        if t == steps - 100:  # 100 ms are a whole number of periods of each
            layer.update()
            before = connection.weight.detach().clone()
        layer(pre[t], neuron_kwargs={"script": post[t]})
        rule()
    layer.update()
    found = (connection.weight.detach() - before) / torch.tensor([rate / 10 for rate, _ in protocols])
    assert found.tolist() == pytest.approx([per_pair(*protocol) for protocol in protocols], rel=1e-3)
    strengthens = {(40, -10), *((rate, gap) for rate, gap in protocols if gap > 0), (50, -10)}
    assert {protocol for protocol, change in zip(protocols, found, strict=True) if change > 0} == strengthens


# ----------------------------------------------------------------------------------------------------------------------- settings


def build(**changes):
    return snn.TripletSTDP(**(RATES | TAUS | changes))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"lr_post_pair": 0},
            ValueError,
            "lr_post_pair must be other than 0, but is 0.0. Its sign is that of the triplets too: for triplets",
        ),
        ({"lr_pre_pair": 0.0}, ValueError, "lr_pre_pair must be other than 0"),
        ({"lr_post_triplet": math.inf}, ValueError, "lr_post_triplet must be a finite number"),
        ({"lr_pre_triplet": "1"}, TypeError, "lr_pre_triplet must be a number, but is '1'"),
        ({"tc_post_fast": 0.0}, ValueError, "tc_post_fast must be above 0 ms"),
        ({"tc_post_slow": 13.0}, ValueError, r"tc_post_slow must be above tc_post_fast \(13 ms\), but is 13 ms. Swap them, or set both"),
        ({"tc_pre_slow": 8.0}, ValueError, r"tc_pre_slow must be above tc_pre_fast \(9 ms\), but is 8 ms"),
        ({"tc_pre_fast": 29.5}, ValueError, r"tc_pre_slow must be above tc_pre_fast \(29.5 ms\), but is 29 ms"),
        ({"trace_mode": "all"}, ValueError, "trace_mode must be one of 'cumulative', 'nearest', but is 'all'"),
        ({"inplace": 1}, TypeError, "inplace must be True or False, but is 1"),
    ],
)
def test_a_setting_is_checked_when_built_when_set_and_as_an_override(changes, error, words):
    with pytest.raises(error, match=words):
        build(**changes)
    rule, layer = build(), connect()
    rule.register_cell("plain", layer.cell)
    ((name, value),) = changes.items()
    before = getattr(rule, rule.spelled.get(name, name))
    with pytest.raises(error, match=words):
        setattr(rule, rule.spelled.get(name, name), value)
    with pytest.raises(error, match=words):
        rule.register_cell("own", layer.cell, **changes)
    assert getattr(rule, rule.spelled.get(name, name)) is before
    assert len(rule) == 1


def test_both_time_constants_of_a_side_may_be_set_together():
    rule = build()
    rule.configure(tc_post_fast=100.0, tc_post_slow=200.0)
    assert (rule.tc_post_fast, rule.tc_post_slow) == (100.0, 200.0)


def test_a_cell_with_a_slow_constant_of_its_own_keeps_it_above_the_rules_fast_one():
    rule = build()
    rule.register_cell("own", connect().cell, tc_post_slow=20.0)
    with pytest.raises(
        ValueError, match=r"Cell 'own' has settings of its own. tc_post_slow must be above tc_post_fast \(25 ms\), but is 20 ms"
    ):
        rule.tc_post_fast = 25.0
    assert rule.tc_post_fast == 13.0


def test_triplet_rates_are_kept_as_sizes():
    rule = build(lr_post_triplet=-0.3)
    rule.lr_pre_triplet = -0.4
    assert (rule.lr_post_triplet, rule.lr_pre_triplet) == (0.3, 0.4)
    assert rule.register_cell("own", connect().cell, lr_pre_triplet=-0.5).state.lr_pre_triplet == 0.5
