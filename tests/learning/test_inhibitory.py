"""Inhibitory plasticity against a loop over all spikes, and the ways in which inhibitory weights are written."""

import copy
import math

import pytest
import torch

import snnlab as snn
from snnlab.learning.inhibitory import depression
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, train, trains

LR, TC, RATE = 0.02, 13.0, 8.0
ALPHA = 2 * 8.0 * 0.013  # Hz times seconds
SETTINGS = {"lr": LR, "tc": TC, "target_rate": RATE}


def written(layer, sign=-1):
    """The layer, its weights 5 away from 0 on the side of the sign, so that no change meets 0."""
    connection = layer.connection
    start = torch.full_like(connection.weight, 5.0 * sign)
    connection.weight = start
    connection.sign = torch.full((1,) * start.dim(), sign)
    return layer


def learn(layer, pre, post, update_each_step=True, **settings):
    return train(layer, snn.VogelsSTDP(**(SETTINGS | settings)), pre, post, update_each_step=update_each_step)


def growth(arrivals, spikes, mode="cumulative", *, step_time=1.0, extra=0.0, tc=TC, alpha=ALPHA):
    """η⁻¹Δ|W| of one synapse: each post spike with arrivals before it, each arrival with post spikes before it, less α an arrival."""
    last = -1 if mode == "nearest" else 0
    change = -alpha * len(arrivals)
    for t in spikes:
        earlier = [s for s in arrivals if s <= t]
        change += sum(math.exp(-(t - s + extra) * step_time / tc) for s in earlier[last:])
    for s in arrivals:
        earlier = [t for t in spikes if t <= s]
        change += sum(math.exp(-(s - t) * step_time / tc) for t in earlier[last:])
    return change


def by_pairs(pre, post, delay, mode="cumulative", *, step_time=1.0, delayed=False, kind="dense", rounding=math.ceil):
    """LR times the growth of every synapse, B x N x M, or B x M of a direct connection."""
    steps, batch, inputs = pre.shape
    change = torch.zeros(batch, post.shape[2], inputs, dtype=torch.float64)
    for sample in range(batch):
        for n in range(post.shape[2]):
            for m in range(inputs):
                if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
                    continue
                late = rounding(delay[n, m].item() / step_time - 1e-9)
                extra = late - delay[n, m].item() / step_time if delayed else 0.0
                arrivals = [t + late for t in range(steps) if pre[t, sample, m] and t + late < steps]
                spikes = [t for t in range(steps) if post[t, sample, n]]
                change[sample, n, m] = LR * growth(arrivals, spikes, mode, step_time=step_time, extra=extra)
    return change.diagonal(dim1=1, dim2=2) if kind == "direct" else change


# ---------------------------------------------------------------------------------------------------------------------- the rule


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("delays", ["none", "whole", "fractional"])
def test_it_equals_the_sum_over_spikes_and_grows_away_from_zero(delays, sign, mode):
    delay = None if delays == "none" else random_delays((3, 4), 7, delays == "whole")
    layer = written(connect(delay=None if delay is None else 7.0, delays=delay), sign)
    pre, post = trains(), trains(size=3, seed=1)
    expected = by_pairs(pre, post, torch.zeros(3, 4) if delay is None else delay, mode).mean(0)
    torch.testing.assert_close(learn(layer, pre, post, trace_mode=mode), sign * expected, **CLOSE)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
@pytest.mark.parametrize("whole", [True, False])
def test_with_delayed_the_presynaptic_trace_decays_to_the_exact_time(whole, mode):
    delay = random_delays((3, 4), 7, whole)
    pre, post = trains(), trains(size=3, seed=1)
    change = learn(written(connect(delay=7.0, delays=delay)), pre, post, delayed=True, trace_mode=mode)
    torch.testing.assert_close(change, -by_pairs(pre, post, delay, mode, delayed=True).mean(0), **CLOSE)


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 0.0, 6.0])
@pytest.mark.parametrize("exponential", [False, True])
def test_every_connection_and_synapse_learns_alike(kind, longest, exponential):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    layer = written(connect(kind, delay=longest, delays=delay, exponential=exponential))
    pre, post = trains(size=size), trains(size=3, seed=1)
    full = torch.zeros(3, size) if delay is None else (torch.diag(delay) if kind == "direct" else delay)
    torch.testing.assert_close(learn(layer, pre, post), -by_pairs(pre, post, full, kind=kind).mean(0), **CLOSE)


@pytest.mark.parametrize("longest", [None, 4.0])
def test_a_convolution_learns_the_sum_over_its_sites(longest):
    # 2 channels of 4 x 5 pixels, 3 filters of 2 x 3: 3 x 3 sites, all of which share a weight.
    delay = random_delays((3, 2, 2, 3), 4, whole=False) if longest else torch.zeros(3, 2, 2, 3)
    layer = written(connect_conv(delay=longest, delays=delay if longest else None))
    pre, post = trains(30, 4, (2, 4, 5)), trains(30, 4, (3, 3, 3), seed=1)
    expected = torch.zeros(3, 2, 2, 3, dtype=torch.float64)
    for f, c, i, j in torch.cartesian_prod(*map(torch.arange, (3, 2, 2, 3))).tolist():
        late = math.ceil(delay[f, c, i, j].item() - 1e-9)
        for sample, y, x in torch.cartesian_prod(*map(torch.arange, (4, 3, 3))).tolist():
            arrivals = [t + late for t in range(30 - late) if pre[t, sample, c, y + i, x + j]]
            spikes = [t for t in range(30) if post[t, sample, f, y, x]]
            expected[f, c, i, j] -= LR * growth(arrivals, spikes) / 4
    torch.testing.assert_close(learn(layer, pre, post), expected, **CLOSE)


@pytest.mark.parametrize("step_time", [0.1, 0.3])
def test_a_step_other_than_one_ms_changes_the_time_scale_alone(step_time):
    delay = random_delays((3, 4), 7, whole=True) * step_time
    pre, post = trains(), trains(size=3, seed=1)
    layer = written(connect(step_time=step_time, delay=7 * step_time, delays=delay))
    torch.testing.assert_close(learn(layer, pre, post), -by_pairs(pre, post, delay, step_time=step_time).mean(0), **CLOSE)


def test_a_delay_within_the_tolerance_counts_as_a_whole_step():
    delay = torch.full((3, 4), 2.2, dtype=torch.float64)
    pre, post = trains(), trains(size=3, seed=1)
    for tolerance, rounding in ((None, math.ceil), (0.25, round)):
        change = learn(written(connect(delay=7.0, delays=delay)), pre, post, interp_tolerance=tolerance)
        torch.testing.assert_close(change, -by_pairs(pre, post, delay, rounding=rounding).mean(0), **CLOSE)


def test_alpha_is_where_hertz_meet_milliseconds():
    # 5 Hz for 20 ms is a tenth of a spike on average; the two sides of a pair make it two tenths.
    assert depression(5.0, 20.0) == pytest.approx(0.2)
    pre, post = [torch.tensor([[True]])], [torch.tensor([[False]])]
    layer = written(single())
    assert train(layer, snn.VogelsSTDP(1.0, 20.0, 5.0), pre, post).item() == pytest.approx(0.2)  # a lone spike: less inhibition


def single(batch_size=1):
    """One input, one neuron."""
    connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), batch_size=batch_size).to(torch.float64)
    connection.defaultupdater()
    return snn.Serial(connection, Scripted((1,), batch_size))


@pytest.mark.parametrize("rate", [0.004, 0.008, 0.016])
def test_inhibition_holds_still_at_the_target_and_grows_above_it(rate):
    # Independent trains: the drift of a step is η·ρ_pre·(2·ρ_post·T − α), with T the sum of the trace's steps, dt/(1 − exp(−dt/τ)).
    samples, steps, trace = 400, 400, 1 / (1 - math.exp(-1 / TC))
    pre, post = trains(steps, samples, 1, rate=0.1), trains(steps, samples, 1, seed=1, rate=rate)
    change = train(written(single(samples)), snn.VogelsSTDP(1e-5, TC, RATE, batch_reduction=torch.sum), pre, post).item()
    expected = -1e-5 * samples * steps * 0.1 * (2 * rate * trace - ALPHA)
    # Of about 1,280 post spikes at 8 Hz some 3 % more or less: 0.0065 in a drift measured in 1e-5·16,000.
    assert change == pytest.approx(expected, abs=4 * 1e-5 * 16_000 * 2 * trace * math.sqrt(rate / samples / steps))


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
    layers = [written(connect(kind, delay=longest, delays=delay)) for _ in range(2)]
    changes = [learn(layer, pre, post, batch_reduction=each, delayed=delayed) for layer, each in zip(layers, (quick, general), strict=True)]
    torch.testing.assert_close(*changes, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("longest", [None, 5.0])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(longest):
    delay = random_delays((3, 4), 5, whole=False) if longest else None
    pre, post = trains(30, 32), trains(30, 32, 3, seed=1)
    together = learn(written(connect(batch_size=32, delay=longest, delays=delay)), pre, post)
    alone = [learn(written(connect(batch_size=1, delay=longest, delays=delay)), pre[:, b : b + 1], post[:, b : b + 1]) for b in range(32)]
    torch.testing.assert_close(together, torch.stack(alone).mean(0), rtol=1e-9, atol=1e-12)


def test_any_other_reduction_sees_every_sample():
    pre, post = trains(steps=1, rate=0.6), trains(steps=1, size=3, seed=1, rate=0.6)
    change = learn(written(connect(), 1), pre, post, batch_reduction=torch.amax, target_rate=0.0)
    # One step from rest: at a pair of spikes of a sample both sides give 1.
    torch.testing.assert_close(change, 2 * LR * (post[0].unsqueeze(2) & pre[0].unsqueeze(1)).any(0).double())


@pytest.mark.parametrize("delay", [None, 5.0])
@pytest.mark.parametrize("reduction", [None, torch.sum])
def test_a_step_never_takes_the_general_path_for_mean_or_sum(monkeypatch, reduction, delay):
    # `pair` is the one place that makes a tensor of batch x inputs x outputs.
    monkeypatch.setattr(snn.LinearDense, "pair", None)
    layer = written(connect(delay=delay))
    assert learn(layer, trains(5), trains(5, size=3, seed=1), batch_reduction=reduction).any()
    with pytest.raises(TypeError):
        learn(written(connect(delay=delay)), trains(5), trains(5, size=3, seed=1), batch_reduction=torch.amax)


# --------------------------------------------------------------------------------------------------------------- which way it grows


def test_weights_of_both_signs_each_grow_away_from_zero():
    layer = connect()
    layer.connection.weight = torch.tensor([[5.0, -5.0, 5.0, -5.0]]).expand(3, 4).double()
    layer.connection.sign = torch.tensor([1, -1, 1, -1])
    pre, post = trains(), trains(size=3, seed=1)
    expected = by_pairs(pre, post, torch.zeros(3, 4)).mean(0) * torch.tensor([1, -1, 1, -1])
    torch.testing.assert_close(learn(layer, pre, post), expected, **CLOSE)


def test_inhibition_that_weakens_ends_at_zero_and_never_excites():
    layer = written(single())
    layer.connection.weight = torch.tensor([[-0.05]]).double()
    spikes = torch.ones(30, 1, 1, dtype=torch.bool)
    train(layer, snn.VogelsSTDP(1.0, 20.0, 5.0), spikes, torch.zeros_like(spikes))  # α = 0.2 a spike would lead to +5.95
    assert layer.connection.weight.item() == 0.0


def test_a_connection_without_a_sign_is_refused_and_nothing_changes():
    rule, layer = snn.VogelsSTDP(**SETTINGS), connect()
    with pytest.raises(ValueError, match=r"sign must be known, but this LinearDense has none.*connection\.sign = -torch\.ones_like"):
        rule.register_cell("only", layer.cell)
    assert len(rule) == 0
    assert not list(rule.buffers())
    written(layer)
    rule.register_cell("only", layer.cell)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_sign_may_be_given_for_a_connection_without(sign):
    pre, post = trains(), trains(size=3, seed=1)
    by_argument, by_override = (connect() for _ in range(2))
    change = learn(by_argument, pre, post, sign=sign)
    torch.testing.assert_close(change, sign * by_pairs(pre, post, torch.zeros(3, 4)).mean(0), **CLOSE)
    rule = snn.VogelsSTDP(**SETTINGS)
    rule.register_cell("other", by_override.cell, sign=sign)
    assert rule.get_unit("other").state.sign == sign


@pytest.mark.parametrize(
    ("own", "sign", "words"),
    [
        ([-1, 0, -1, -1], None, r"connection\.sign must be -1 or \+1 .* leaves some weights free \(0\)"),
        ([-1, -1, -1, -1], 1, r"sign must agree with connection\.sign, but is 1"),
    ],
)
def test_a_sign_that_says_nothing_clear_is_refused(own, sign, words):
    layer, rule = written(connect()), snn.VogelsSTDP(**SETTINGS, sign=sign)
    layer.connection.sign = torch.tensor(own)
    with pytest.raises(ValueError, match=words):
        rule.register_cell("only", layer.cell)
    assert len(rule) == 0


@pytest.mark.parametrize(("sign", "words"), [(None, "sign must be known"), (torch.zeros(1, 1), "leaves some weights free")])
def test_a_sign_that_is_taken_away_in_flight_is_missed(sign, words):
    layer, rule = written(connect()), snn.VogelsSTDP(**SETTINGS)
    rule.register_cell("only", layer.cell)
    layer.connection.sign = sign
    layer(trains(1)[0], neuron_kwargs={"script": trains(1, size=3)[0]})
    with pytest.raises(ValueError, match=words):
        rule()


# ---------------------------------------------------------------------------------------------------------------- rates and moments


def test_a_sign_that_is_turned_in_place_turns_the_rule():
    layer, rule = written(connect(batch_size=1), 1), snn.VogelsSTDP(1.0, 20.0, 0.0)
    rule.register_cell("only", layer.cell)
    for sign in (1, -1):
        layer.connection.sign.fill_(sign)
        layer.connection.weight = torch.full((3, 4), 5.0 * sign).double()
        layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
        layer.update()
        assert (layer.connection.weight * sign > 5.0).all()


def test_contributions_are_magnitudes():
    for sign in (-1, 1):
        layer = written(connect(batch_size=1), sign)
        rule = snn.VogelsSTDP(0.5, 20.0, 5.0)
        rule.register_cell("only", layer.cell)
        layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
        parts = (layer.updater.weight.pos, layer.updater.weight.neg)
        stronger, weaker = parts if sign > 0 else reversed(parts)
        assert stronger.unique().tolist() == [1.0]  # 0.5·(1 + 1)
        assert weaker.unique().tolist() == pytest.approx([0.1])  # 0.5·0.2


def test_settings_made_in_flight_act_at_the_next_step_on_cells_without_their_own():
    layers, rule = [written(connect(batch_size=1)) for _ in range(2)], snn.VogelsSTDP(1.0, 20.0, 5.0, trace_mode="nearest")
    rule.register_cell("follows", layers[0].cell)
    rule.register_cell("own", layers[1].cell, target_rate=10.0)
    seen = []
    for rate in (5.0, 20.0):
        rule.target_rate = rate
        for layer in layers:
            layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.zeros(1, 3, dtype=torch.bool)})
        rule()
        seen.append([layer.updater.weight.pos.unique().item() for layer in layers])
        for layer in layers:
            layer.updater.clear()
    assert seen[0] == pytest.approx([0.2, 0.4])
    assert seen[1] == pytest.approx([0.8, 0.4])


def test_updates_may_be_gathered_over_many_steps():
    pre, post = trains(), trains(size=3, seed=1)
    gathered = learn(written(connect(delay=3.0)), pre, post, update_each_step=False)
    torch.testing.assert_close(gathered, learn(written(connect(delay=3.0)), pre, post), rtol=1e-9, atol=1e-12)


def test_it_runs_in_inference_mode_and_in_a_copy():
    delay = random_delays((3, 4), 7, whole=False)
    pre, post = trains(), trains(size=3, seed=1)
    expected = learn(written(connect(delay=7.0, delays=delay)), pre, post)
    layer = written(connect(delay=7.0, delays=delay))
    with torch.inference_mode():
        change = learn(copy.deepcopy(layer), pre, post)
    torch.testing.assert_close(change, expected, rtol=1e-9, atol=1e-12)


def test_clear_brings_the_traces_to_rest():
    layer, rule = written(connect()), snn.VogelsSTDP(**SETTINGS)
    unit = rule.register_cell("only", layer.cell)
    layer(trains(1, rate=1.0)[0], neuron_kwargs={"script": trains(1, size=3, rate=1.0)[0]})
    rule()
    assert unit.state.post_trace_.all()
    rule.clear()
    assert not unit.state.post_trace_.any()
    assert not unit.state.pre_trace_.peek().any()


# ---------------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"lr": -0.1}, ValueError, "lr must be 0 or above, but is -0.1"),
        ({"tc": 0.0}, ValueError, "tc must be above 0 ms, but is 0.0 ms"),
        ({"target_rate": -5.0}, ValueError, "target_rate must be 0 Hz or above, but is -5.0 Hz"),
        ({"target_rate": math.nan}, ValueError, "target_rate must be a finite number"),
        ({"trace_mode": "newest"}, ValueError, "one of 'cumulative', 'nearest', but is 'newest'"),
        ({"delayed": 1}, TypeError, "delayed must be True or False, but is 1"),
        ({"interp_tolerance": -0.1}, ValueError, "must be 0 ms or above"),
        ({"batch_reduction": "mean"}, TypeError, r"must be a function f\(tensor, dim\) or None, but is 'mean'"),
        ({"sign": 0}, ValueError, r"sign must be -1 .* 1 .* or None .*, but is 0"),
        ({"sign": "inhibitory"}, ValueError, "but is 'inhibitory'"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set(changes, error, words):
    with pytest.raises(error, match=words):
        snn.VogelsSTDP(**(SETTINGS | changes))
    rule = snn.VogelsSTDP(**SETTINGS)
    ((name, value),) = changes.items()
    name = snn.VogelsSTDP.spelled.get(name, name)
    before = getattr(rule, name)
    with pytest.raises(error, match=words):
        setattr(rule, name, value)
    assert getattr(rule, name) is before
