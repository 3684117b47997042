"""Delay-adjusted rules against loops over steps, samples and synapses that know nothing but lists of spike times."""

import copy
import math

import pytest
import torch

import snnlab as snn
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, train, trains

TC_CAUSAL, TC_LATE = 13.0, 8.0
REDUCTIONS = [(torch.mean, lambda t, dim: t.mean(dim)), (torch.sum, lambda t, dim: t.sum(dim))]


def weights(lr_pos=0.02, lr_neg=-0.01, **settings):
    return snn.DelayAdjustedSTDP(lr_pos, lr_neg, TC_CAUSAL, TC_LATE, **settings)


def delays(lr_neg=-0.002, lr_pos=0.001, **settings):
    return snn.DelayAdjustedSTDPD(lr_neg, lr_pos, TC_CAUSAL, TC_LATE, **settings)


def by_last_spikes(pre, post, delay, *, step_time=1.0, kind="dense"):
    """Sums over steps, B x N x M: at each, the last spike that either side has sent so far; of spikes in time, and of those too late."""
    steps, batch, inputs = pre.shape
    outputs = post.shape[2]
    a, b = torch.zeros(2, batch, outputs, inputs, dtype=torch.float64)
    for sample in range(batch):
        for n in range(outputs):
            for m in range(inputs):
                if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
                    continue
                for now in range(steps):
                    left = [t for t in range(now + 1) if pre[t, sample, m]]
                    fired = [t for t in range(now + 1) if post[t, sample, n]]
                    if left and fired:
                        difference = fired[-1] - left[-1] - delay[n, m].item() / step_time
                        if difference >= -1e-9:
                            a[sample, n, m] += math.exp(-difference * step_time / TC_CAUSAL)
                        else:
                            b[sample, n, m] += math.exp(difference * step_time / TC_LATE)
    return (a.diagonal(dim1=1, dim2=2), b.diagonal(dim1=1, dim2=2)) if kind == "direct" else (a, b)


# --------------------------------------------------------------------------------------------------------------------- the result


@pytest.mark.parametrize(("lr_pos", "lr_neg"), [(0.02, -0.01), (-0.02, 0.01), (0.02, 0.01), (-0.02, -0.01), (0.0, 0.01)])
@pytest.mark.parametrize("given", ["none", "whole", "fractional"])
def test_weights_equal_the_sum_over_steps(given, lr_pos, lr_neg):
    delay = None if given == "none" else random_delays((3, 4), 7, given == "whole")
    layer = connect(delay=None if delay is None else 7.0, delays=delay)
    pre, post = trains(steps=40, rate=0.1), trains(steps=40, size=3, seed=1, rate=0.1)
    change = train(layer, weights(lr_pos, lr_neg), pre, post)
    a, b = by_last_spikes(pre, post, torch.zeros(3, 4) if delay is None else delay)
    torch.testing.assert_close(change, lr_pos * a.mean(0) + lr_neg * b.mean(0), **CLOSE)


@pytest.mark.parametrize(("lr_neg", "lr_pos"), [(-0.02, 0.01), (0.02, -0.01), (0.02, 0.01), (-0.02, -0.01), (0.0, 0.01)])
@pytest.mark.parametrize("whole", [True, False])
def test_delays_equal_the_sum_over_steps(whole, lr_neg, lr_pos):
    # The loop takes delays to stay as they are, and off both ends: changes are gathered, and applied at the end.
    delay = random_delays((3, 4), 7, whole) + 5
    layer = connect(delay=20.0, delays=delay)
    pre, post = trains(steps=40, rate=0.1), trains(steps=40, size=3, seed=1, rate=0.1)
    change = train(layer, delays(lr_neg, lr_pos), pre, post, parameter="delay", update_each_step=False)
    a, b = by_last_spikes(pre, post, delay)
    assert min(a.mean(), b.mean()) > 1
    torch.testing.assert_close(change, lr_neg * a.mean(0) + lr_pos * b.mean(0), **CLOSE)


def test_delays_that_learn_are_adjusted_to_at_the_next_step_and_stay_in_their_range():
    # By a loop that keeps every delay, changes it by the mean over samples, and clamps it to 0 to 7 ms.
    pre, post = trains(steps=50, rate=0.1), trains(steps=50, size=3, seed=1, rate=0.1)
    delay = random_delays((3, 4), 7, whole=False)
    change = train(connect(delay=7.0, delays=delay), delays(-0.3, 0.2), pre, post, parameter="delay")
    expected = delay.tolist()
    for n in range(3):
        for m in range(4):
            for now in range(50):
                total = 0.0
                for sample in range(4):
                    left = [t for t in range(now + 1) if pre[t, sample, m]]
                    fired = [t for t in range(now + 1) if post[t, sample, n]]
                    if left and fired:
                        difference = fired[-1] - left[-1] - expected[n][m]
                        total += -0.3 * math.exp(-difference / TC_CAUSAL) if difference >= 0 else 0.2 * math.exp(difference / TC_LATE)
                expected[n][m] = min(max(expected[n][m] + total / 4, 0.0), 7.0)
    final = torch.tensor(expected, dtype=torch.float64)
    assert {0.0, 7.0} <= set(final.flatten().tolist())
    torch.testing.assert_close(delay + change, final, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 0.0, 6.0])
@pytest.mark.parametrize("exponential", [False, True])
def test_every_connection_and_synapse_learns_weights_alike(kind, longest, exponential):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    layer = connect(kind, delay=longest, delays=delay, exponential=exponential)
    pre, post = trains(steps=30, size=size), trains(steps=30, size=3, seed=1)
    full = torch.zeros(3, size) if delay is None else (torch.diag(delay) if kind == "direct" else delay)
    a, b = by_last_spikes(pre, post, full, kind=kind)
    torch.testing.assert_close(train(layer, weights(), pre, post), 0.02 * a.mean(0) - 0.01 * b.mean(0), **CLOSE)


@pytest.mark.parametrize("kind", ["direct", "lateral"])
def test_every_connection_learns_delays_alike(kind):
    delay = random_delays((3,) if kind == "direct" else (3, 3), 6, whole=False) + 3
    layer = connect(kind, delay=20.0, delays=delay)
    pre, post = trains(steps=30, size=3), trains(steps=30, size=3, seed=1)
    a, b = by_last_spikes(pre, post, torch.diag(delay) if kind == "direct" else delay, kind=kind)
    change = train(layer, delays(), pre, post, parameter="delay", update_each_step=False)
    expected = -0.002 * a.mean(0) + 0.001 * b.mean(0)
    if kind == "lateral":
        change.fill_diagonal_(0)
    torch.testing.assert_close(change, expected, **CLOSE)


@pytest.mark.parametrize("step_time", [0.1, 0.3])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_a_spike_that_is_answered_as_it_arrives_is_in_time_whatever_the_rounding(step_time, dtype):
    # Δ = 0, after 5,000 steps of rest, with a delay of 3 steps: 300 ms and more in units that no float holds exactly.
    layer = connect(batch_size=1, step_time=step_time, delay=7 * step_time)
    layer.connection.to(dtype)
    layer.connection.delay = torch.full((3, 4), 3 * step_time, dtype=dtype)
    rule = weights(1.0, -1.0)
    unit = rule.register_cell("only", layer.cell)
    pre, post = torch.zeros(2, 8, 1, 4, dtype=torch.bool)
    pre[0], post[3] = True, True
    for now in range(8):
        layer(pre[now], neuron_kwargs={"script": post[now, :, :3]})
        rule()
    assert layer.updater.weight.pos.min() == 5.0  # a step each from the answer on: 3 to 7
    assert layer.updater.weight.neg.max() == 0.0
    unit.state.since_pre_ += 5000 * step_time
    unit.state.since_post_ += 5000 * step_time
    layer(torch.zeros(1, 4), neuron_kwargs={"script": torch.zeros(1, 3, dtype=torch.bool)})
    rule()
    assert layer.updater.weight.pos.min() == 6.0


def test_the_tolerance_is_how_much_too_late_still_counts_as_in_time():
    found = []
    for tolerance in (None, 0.2):
        layer = connect(batch_size=1, delay=7.0, delays=torch.full((3, 4), 3.1))
        rule = weights(1.0, -1.0, interp_tolerance=tolerance)
        rule.register_cell("only", layer.cell)
        for now in range(4):
            spikes = torch.full((1, 4), now == 0), torch.full((1, 3), now == 3)
            layer(spikes[0], neuron_kwargs={"script": spikes[1]})
            rule()
        found.append((layer.updater.weight.pos.max().item(), layer.updater.weight.neg.max().item()))
    assert found == [(0.0, pytest.approx(math.exp(-0.1 / TC_LATE))), (1.0, 0.0)]


# ------------------------------------------------------------------------------------------------------------ convolutions, traced


def by_sites(pre, post, delay, filters, taps, sites):
    """The same for a convolution, B x F x taps: `pre` is steps x B x taps x sites, as every tap sees the image at every site."""
    a, b = torch.zeros(2, pre.shape[1], filters, taps, dtype=torch.float64)
    for site in range(sites):
        one = by_last_spikes(pre[..., site], post[..., site], delay)
        a, b = a + one[0], b + one[1]
    return a, b


@pytest.mark.parametrize("longest", [None, 6.0])
def test_a_convolution_sums_over_its_sites(longest):
    shape = (3, 2, 2, 3)
    delay = random_delays(shape, 6, whole=False) if longest else torch.zeros(shape)
    layer = connect_conv(batch_size=2, delay=longest, delays=delay if longest else None)
    sites = layer.connection.synapse.shape[1]
    images, post = trains(12, 2, (2, 4, 5)), trains(12, 2, layer.connection.outshape, seed=1)
    seen = torch.stack(
        [  # tap (c, i, j) sees pixel (p + i, q + j) of channel c at site (p, q)
            torch.stack([images[:, :, c, p + i, q + j] for p in range(3) for q in range(3)], -1)
            for c in range(2)
            for i in range(2)
            for j in range(3)
        ],
        2,
    )
    a, b = by_sites(seen, post.flatten(3), delay.flatten(1), 3, 12, sites)
    change = train(copy.deepcopy(layer), weights(), images, post)
    torch.testing.assert_close(change, (0.02 * a.mean(0) - 0.01 * b.mean(0)).view(shape), **CLOSE)
    if longest:
        layer.connection.delay = delay * 0.5 + 1
        a, b = by_sites(seen, post.flatten(3), layer.connection.delay.detach().flatten(1), 3, 12, sites)
        change = train(layer, delays(), images, post, parameter="delay", update_each_step=False)
        torch.testing.assert_close(change, (-0.002 * a.mean(0) + 0.001 * b.mean(0)).view(shape), **CLOSE)


def both_convolutions(delay, padding=0):
    """A plain and a traced convolution of the same weights and delays around scripted neurons."""
    plain = snn.Conv2D(
        4, 4, 2, 3, 1.0, 2, padding=padding, synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=9.0, batch_size=2,
        delay_init=lambda like: delay,
    )  # fmt: skip
    traced = snn.traced.Conv2d(2, 3, 2, 4, 2, 1.0, delay.flatten(1)[:, None, None], padding=padding)
    traced.synapse.delay = 9.0
    for connection in (plain.double(), traced.double()):
        connection.defaultupdater()
    scripted = [Scripted(plain.outshape, 2) for _ in range(2)]
    return snn.Serial(plain, scripted[0]), snn.Serial(traced, snn.traced.TracedNeuron(scripted[1], 20.0))


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("rule", "parameter"), [(weights, "weight"), (delays, "delay")])
def test_a_traced_convolution_learns_what_a_plain_one_does(rule, parameter, padding):
    layers = both_convolutions(random_delays((3, 2, 2, 2), 6, whole=True) + 1, padding)
    images, post = trains(12, 2, (2, 4, 4)), trains(12, 2, layers[0].connection.outshape, seed=1)
    rules = [rule(), rule()]
    for each, layer in zip(rules, layers, strict=True):
        each.register_cell("only", layer.cell)
    for image, script in zip(images, post, strict=True):
        layers[0](image, neuron_kwargs={"script": script})
        layers[1](image, image.double(), neuron_kwargs={"script": script})
        for each in rules:
            each()
    plain, traced = (getattr(layer.updater, parameter) for layer in layers)
    for side in ("pos", "neg"):
        assert getattr(plain, side).max() > 0
        torch.testing.assert_close(getattr(traced, side), getattr(plain, side), rtol=1e-10, atol=1e-12)


def test_where_every_site_has_a_delay_of_its_own_each_learns_by_itself():
    at = random_delays((1, 3, 2, 2, 4), 6, whole=True) + 2
    traced = snn.traced.Conv2d(1, 3, 2, 3, 2, 1.0, at).double()
    traced.defaultupdater()
    layer = snn.Serial(traced, snn.traced.TracedNeuron(Scripted(traced.outshape, 2), 20.0))
    images, post = trains(12, 2, (1, 3, 3)), trains(12, 2, traced.outshape, seed=1)
    for rule in (weights(), delays()):
        rule.register_cell("only", layer.cell)
        traced.reset_state()
        for image, script in zip(images, post, strict=True):
            layer(image, image.double(), neuron_kwargs={"script": script})
            rule()
    for f in range(3):
        total = 0.0
        for p in range(2):
            for q in range(2):
                taps = torch.stack([images[:, :, 0, p + i, q + j] for i in range(2) for j in range(2)], -1)
                a, b = by_last_spikes(taps, post[:, :, f, p, q].unsqueeze(-1), at[:, f, p, q])
                torch.testing.assert_close(traced.updater.delay.neg[f, p, q], 0.002 * a.mean(0)[0], **CLOSE)
                torch.testing.assert_close(traced.updater.delay.pos[f, p, q], 0.001 * b.mean(0)[0], **CLOSE)
                total = total + 0.02 * a.mean(0)[0]
        torch.testing.assert_close(traced.updater.weight.pos[f].flatten(), total, **CLOSE)


# ------------------------------------------------------------------------------------------------------------------------ batches


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral", "conv"])
@pytest.mark.parametrize(("quick", "general"), REDUCTIONS)
@pytest.mark.parametrize(("rule", "parameter"), [(weights, "weight"), (delays, "delay")])
def test_mean_and_sum_equal_the_general_path(rule, parameter, quick, general, kind):
    changes = []
    for reduction in (quick, general):
        if kind == "conv":
            layer = connect_conv(delay=9.0, delays=random_delays((3, 2, 2, 3), 6, whole=False))
        else:
            shape = {"dense": (3, 4), "direct": (3,), "lateral": (3, 3)}[kind]
            layer = connect(kind, delay=9.0, delays=random_delays(shape, 6, whole=False))
        pre, post = trains(8, size=layer.connection.inshape), trains(8, size=layer.connection.outshape, seed=1)
        changes.append(train(layer, rule(batch_reduction=reduction), pre, post, parameter=parameter))
    assert changes[0].abs().max() > 1e-3
    torch.testing.assert_close(*changes, rtol=1e-10, atol=1e-12)


def test_any_other_reduction_sees_every_sample():
    # One step from rest: Δ = 0 wherever both sides spiked, and nothing anywhere else.
    pre, post = trains(steps=1, rate=0.6), trains(steps=1, size=3, seed=1, rate=0.6)
    change = train(connect(), weights(batch_reduction=torch.amax), pre, post)
    torch.testing.assert_close(change, 0.02 * (post[0].unsqueeze(2) & pre[0].unsqueeze(1)).any(0).double())


@pytest.mark.parametrize(("rule", "parameter"), [(weights, "weight"), (delays, "delay")])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(rule, parameter):
    delay = random_delays((3, 4), 5, whole=False) + 2
    pre, post = trains(20, batch=32), trains(20, batch=32, size=3, seed=1)
    how = {"parameter": parameter, "update_each_step": False}
    together = train(connect(batch_size=32, delay=20.0, delays=delay), rule(), pre, post, **how)
    alone = [
        train(connect(batch_size=1, delay=20.0, delays=delay), rule(), pre[:, b : b + 1], post[:, b : b + 1], **how) for b in range(32)
    ]
    torch.testing.assert_close(together, torch.stack(alone).mean(0), rtol=1e-9, atol=1e-12)


# ----------------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("lr_pos", "lr_neg", "pos", "neg"),
    [(0.5, -0.25, 0.5, 0.0), (-0.5, 0.25, 0.0, 0.5), (0.5, 0.25, 0.5, None), (-0.5, -0.25, None, 0.5)],
)
def test_contributions_are_magnitudes_sorted_by_sign(lr_pos, lr_neg, pos, neg):
    # Everybody spikes at once: Δ = 0, which is in time.
    layer, rule = connect(batch_size=1), weights(lr_pos, lr_neg)
    rule.register_cell("only", layer.cell)
    layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    rule()
    found = [part if part is None else part.unique().tolist() for part in (layer.updater.weight.pos, layer.updater.weight.neg)]
    assert found == [pos if pos is None else [pos], neg if neg is None else [neg]]


def test_a_cell_may_have_settings_of_its_own_and_follows_the_rule_in_the_others():
    layers = [connect(batch_size=1, delay=5.0) for _ in range(2)]
    rule = delays(lr_neg=-0.5, lr_pos=0.0)
    rule.register_cell("follows", layers[0].cell)
    rule.register_cell("own", layers[1].cell, lr_neg=-0.125, interp_tolerance=0.5, tc_pos=3.0, batch_reduction=torch.sum, inplace=True)
    state = rule.get_unit("own").state
    assert (state.tolerance, state.tc_pos, state.tc_neg, state.batchreduce, state.inplace) == (0.5, 3.0, TC_CAUSAL, torch.sum, True)
    seen = []
    for rate in (-0.5, -2.0):
        rule.lr_neg = rate
        for layer in layers:
            layer(torch.ones(1, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
        seen.append([layer.updater.delay.neg.unique().item() for layer in layers])
        for layer in layers:
            layer.updater.clear()
    assert seen == [[0.5, 0.125], [2.0, 0.125]]


@pytest.mark.parametrize("inplace", [True, False])
def test_in_place_or_not_the_result_is_the_same_and_what_was_kept_is_overwritten_or_not(inplace):
    delay, pre, post = random_delays((3, 4), 7, whole=False), trains(20), trains(20, size=3, seed=1)
    expected = train(connect(delay=7.0, delays=delay), weights(), pre, post)
    layer, rule = connect(delay=7.0, delays=delay), weights(inplace=inplace)
    torch.testing.assert_close(train(layer, rule, pre, post), expected)
    state = rule.get_unit("only").state
    kept = state.since_pre_, state.since_post_
    before = [each.clone() for each in kept]
    layer(torch.ones(4, 4), neuron_kwargs={"script": torch.ones(4, 3, dtype=torch.bool)})
    rule()
    assert state.since_pre_.max() == state.since_post_.max() == 0
    assert [torch.equal(a, b) for a, b in zip(kept, before, strict=True)] == [not inplace] * 2


def test_the_times_since_the_last_spikes_are_ms_and_not_a_number_before_the_first():
    layer, rule = connect(batch_size=1, step_time=0.5), weights()
    state = rule.register_cell("only", layer.cell).state
    for now in range(4):
        pre, post = torch.zeros(1, 4), torch.zeros(1, 3, dtype=torch.bool)
        pre[0, 1], post[0, 2] = now == 0, now == 2
        layer(pre, neuron_kwargs={"script": post})
        rule()
    torch.testing.assert_close(state.since_pre_[0], torch.tensor([math.nan, 1.5, math.nan, math.nan]).double(), equal_nan=True)
    torch.testing.assert_close(state.since_post_[0], torch.tensor([math.nan, math.nan, 0.5]).double(), equal_nan=True)
    rule.clear()
    assert state.since_pre_.isnan().all()
    assert state.since_post_.isnan().all()


def test_a_run_goes_on_from_a_saved_state():
    delay, pre, post = random_delays((3, 4), 7, whole=False), trains(30), trains(30, size=3, seed=1)
    layers = [connect(delay=7.0, delays=delay) for _ in range(2)]
    rules = [weights(), weights()]
    for rule, layer in zip(rules, layers, strict=True):
        rule.register_cell("only", layer.cell)
    for now in range(30):
        if now == 15:
            rules[1].load_state_dict(rules[0].state_dict())
            layers[1].load_state_dict(layers[0].state_dict())
        for rule, layer in list(zip(rules, layers, strict=True))[: 1 if now < 15 else 2]:
            layer(pre[now], neuron_kwargs={"script": post[now]})
            rule()
            layer.update()
    assert torch.equal(layers[0].connection.weight, layers[1].connection.weight)


def test_synapses_that_are_not_there_learn_nothing():
    layer = connect(delay=7.0, delays=random_delays((3, 4), 7, whole=False))
    layer.connection.mask = torch.tensor([[1, 0, 1, 1]] * 3)
    rule = weights()
    rule.register_cell("only", layer.cell)
    layer(torch.ones(4, 4), neuron_kwargs={"script": torch.ones(4, 3, dtype=torch.bool)})
    rule()
    assert (layer.updater.weight.pos + layer.updater.weight.neg).ne(0).tolist() == [[True, False, True, True]] * 3


@pytest.mark.parametrize(("rule", "parameter"), [(weights, "weight"), (delays, "delay")])
def test_it_runs_in_inference_mode_too(rule, parameter):
    delay, pre, post = random_delays((3, 4), 7, whole=False), trains(20), trains(20, size=3, seed=1)
    expected = train(connect(delay=7.0, delays=delay), rule(), pre, post, parameter=parameter)
    for inplace in (True, False):
        layer, each = connect(delay=7.0, delays=delay), rule(inplace=inplace)
        with torch.inference_mode():
            change = train(layer, each, pre, post, parameter=parameter)
        torch.testing.assert_close(change, expected, rtol=1e-9, atol=1e-12)
        layer(torch.ones(4, 4), neuron_kwargs={"script": torch.ones(4, 3, dtype=torch.bool)})
        each()


@pytest.mark.parametrize("longest", [None, 0.0])
def test_a_connection_without_delays_has_none_to_learn(longest):
    layer, rule = connect(delay=longest), delays()
    has = "has no delays" if longest is None else "has delays of at most 0 ms"
    wish = f"Cell 'only' {has}, but DelayAdjustedSTDPD trains them. Build its connection with delay= the longest one in ms."
    with pytest.raises(RuntimeError, match=wish):
        rule.register_cell("only", layer.cell)
    assert len(rule) == 0
    layer = connect(delay=3.0)
    layer.connection.defaultupdater(exclude_delay=True)
    with pytest.raises(RuntimeError, match="updater without 'delay'"):
        rule.register_cell("only", layer.cell)


@pytest.mark.parametrize("rule", [weights, delays])
@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"tc_pos": 0.0}, ValueError, "tc_pos must be above 0 ms, but is 0.0 ms"),
        ({"tc_neg": -1.0}, ValueError, "tc_neg must be above 0 ms"),
        ({"lr_pos": math.nan}, ValueError, "lr_pos must be a finite number"),
        ({"lr_neg": "fast"}, TypeError, "lr_neg must be a number, but is 'fast'"),
        ({"interp_tolerance": -0.1}, ValueError, "must be 0 ms or above"),
        ({"batch_reduction": "mean"}, TypeError, r"must be a function f\(tensor, dim\) or None, but is 'mean'"),
        ({"inplace": 1}, TypeError, "inplace must be True or False, but is 1"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set(rule, changes, error, words):
    kind = type(rule())
    arguments = {"lr_pos": 0.1, "lr_neg": -0.1, "tc_pos": 20.0, "tc_neg": 20.0}
    with pytest.raises(error, match=words):
        kind(**(arguments | changes))
    built = kind(**arguments)
    ((name, value),) = changes.items()
    with pytest.raises(error, match=words):
        setattr(built, kind.spelled.get(name, name), value)
