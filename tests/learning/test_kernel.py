"""Kernel rules against loops over steps, samples and synapses that know nothing but lists of spike times and a plain Python kernel."""

import copy
import math

import pytest
import torch

import snnlab as snn
from tests.learning.scripted import CLOSE, Scripted, connect, connect_conv, random_delays, train, trains

RATE_POST, RATE_PRE, TC_POST, TC_PRE = 0.02, -0.015, 13.0, 8.0


def wave(diff, height, period, centre=0.0):
    """A kernel of both signs on both sides."""
    return height * torch.cos((diff - centre) * (2 * math.pi / period))


def kernels(kind=snn.KernelSTDP, waves=False, **settings):
    if waves:
        arguments = (wave, wave, {"height": 0.02, "period": 23.0}, {"height": 0.01, "period": 9.0, "centre": 1.0})
    else:
        post, pre = (
            {"learning_rate": rate, "time_constant": tau} for rate, tau in ((RATE_POST, TC_POST), (RATE_PRE, TC_PRE))
        )  # fmt: skip
        arguments = (snn.exp_stdp_post_kernel, snn.exp_stdp_pre_kernel, post, pre)
    return kind(*arguments, **settings)


def plain_window(difference):
    """The two exponential halves, in plain Python: what each adds."""
    if difference >= -1e-9:
        return RATE_POST * math.exp(-difference / TC_POST), 0.0
    return 0.0, RATE_PRE * math.exp(difference / TC_PRE)


def plain_waves(difference):
    post, pre = (0.02 * math.cos(difference * 2 * math.pi / 23), 0.01 * math.cos((difference - 1) * 2 * math.pi / 9))
    return post, pre


def by_last_spikes(pre, post, delay, window, *, adjusted, delayed=False, rounding=math.ceil, step_time=1.0, kind="dense"):
    """What is added and what is taken away, sums over steps, B x N x M.

    Adjusted: from the last spike to have left, less the delay. Else: from the last to have arrived, at a step or (delayed) exactly.
    """
    steps, batch, inputs = pre.shape
    outputs = post.shape[2]
    up, down = torch.zeros(2, batch, outputs, inputs, dtype=torch.float64)
    for sample in range(batch):
        for n in range(outputs):
            for m in range(inputs):
                if (kind == "direct" and n != m) or (kind == "lateral" and n == m):
                    continue
                d = delay[n, m].item() / step_time
                for now in range(steps):
                    fired = [t for t in range(now + 1) if post[t, sample, n]]
                    if adjusted:
                        came = [t + d for t in range(now + 1) if pre[t, sample, m]]
                    else:
                        heard = rounding(d - 1e-9)
                        came = [t + (d if delayed else heard) for t in range(now + 1) if pre[t, sample, m] and t + heard <= now]
                    if came and fired:
                        for change in window((fired[-1] - came[-1]) * step_time):
                            up[sample, n, m] += max(change, 0.0)
                            down[sample, n, m] -= min(change, 0.0)
    return (up.diagonal(dim1=1, dim2=2), down.diagonal(dim1=1, dim2=2)) if kind == "direct" else (up, down)


def given_delays(given):
    return torch.zeros(3, 4) if given == "none" else random_delays((3, 4), 7, given == "whole")


def both_trains(steps=30, rate=0.12):
    return trains(steps=steps, rate=rate), trains(steps=steps, size=3, seed=1, rate=rate)


def assert_learned(layer, rule, parameter, up, down):
    """The pending update, and not only what becomes of it."""
    found = getattr(layer.updater, parameter)
    torch.testing.assert_close(found.pos, up.mean(0), **CLOSE)
    torch.testing.assert_close(found.neg, down.mean(0), **CLOSE)


def run(layer, rule, pre, post):
    """Steps the layer and the rule, and leaves what is learned pending."""
    rule.register_cell("only", layer.cell)
    for arriving, leaving in zip(pre, post, strict=True):
        layer(arriving, neuron_kwargs={"script": leaving})
        rule()


# --------------------------------------------------------------------------------------------------------------------- the result


@pytest.mark.parametrize("waves", [True, False])
@pytest.mark.parametrize("given", ["none", "whole", "fractional"])
@pytest.mark.parametrize("delayed", [True, False])
def test_kernel_stdp_looks_at_what_has_arrived(given, delayed, waves):
    delay, (pre, post) = given_delays(given), both_trains()
    layer = connect(delay=None if given == "none" else 7.0, delays=None if given == "none" else delay)
    rule = kernels(waves=waves, delayed=delayed)
    run(layer, rule, pre, post)
    up, down = by_last_spikes(pre, post, delay, plain_waves if waves else plain_window, adjusted=False, delayed=delayed)
    assert_learned(layer, rule, "weight", up, down)


ADJUSTED = [(snn.DelayAdjustedKernelSTDP, given) for given in ("none", "whole", "fractional")]


@pytest.mark.parametrize("waves", [True, False])
@pytest.mark.parametrize(("kind", "given"), [*ADJUSTED, *((snn.DelayAdjustedKernelSTDPD, given) for given in ("whole", "fractional"))])
def test_adjusted_rules_take_the_delay_off(kind, given, waves):
    delay, (pre, post) = given_delays(given), both_trains()
    layer = connect(delay=None if given == "none" else 7.0, delays=None if given == "none" else delay)
    rule = kernels(kind, waves=waves)
    run(layer, rule, pre, post)
    up, down = by_last_spikes(pre, post, delay, plain_waves if waves else plain_window, adjusted=True)
    assert_learned(layer, rule, rule.trains[0], up, down)


def test_the_nearest_arrival_counts_where_the_synapse_reads_the_nearest():
    delay, (pre, post) = given_delays("fractional"), both_trains()
    layer, rule = connect(delay=7.0, delays=delay, interp="nearest"), kernels()
    run(layer, rule, pre, post)
    up, down = by_last_spikes(pre, post, delay, plain_window, adjusted=False, rounding=lambda steps: math.ceil(steps - 0.5))
    assert_learned(layer, rule, "weight", up, down)


@pytest.mark.parametrize("step_time", [0.1, 0.3])
@pytest.mark.parametrize("delayed", [True, False])
def test_differences_are_in_ms_whatever_the_step(step_time, delayed):
    delay, (pre, post) = given_delays("fractional") * step_time, both_trains()
    layer, rule = connect(step_time=step_time, delay=7 * step_time, delays=delay), kernels(waves=True, delayed=delayed)
    run(layer, rule, pre, post)
    up, down = by_last_spikes(pre, post, delay, plain_waves, adjusted=False, delayed=delayed, step_time=step_time)
    assert_learned(layer, rule, "weight", up, down)


def test_the_exponential_halves_make_the_delay_adjusted_rules():
    # What the rules of `delayadjusted` say in their own equations.
    delay, (pre, post) = given_delays("fractional"), both_trains()
    rules = {
        "weight": (kernels(snn.DelayAdjustedKernelSTDP), snn.DelayAdjustedSTDP(RATE_POST, RATE_PRE, TC_POST, TC_PRE)),
        "delay": (kernels(snn.DelayAdjustedKernelSTDPD), snn.DelayAdjustedSTDPD(RATE_POST, RATE_PRE, TC_POST, TC_PRE)),
    }
    for parameter, pair in rules.items():
        changes = [train(connect(delay=7.0, delays=delay), rule, pre, post, parameter=parameter) for rule in pair]
        torch.testing.assert_close(*changes, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 6.0])
def test_every_connection_learns_alike(kind, longest):
    delay = random_delays((3,) if kind == "direct" else (3, 3), 6, whole=False) if longest else None
    pre, post = trains(20, size=3), trains(20, size=3, seed=1)
    full = torch.zeros(3, 3) if delay is None else (torch.diag(delay) if kind == "direct" else delay)
    for rule, adjusted in ((kernels(waves=True), False), (kernels(snn.DelayAdjustedKernelSTDP, waves=True), True)):
        layer = connect(kind, delay=longest, delays=delay)
        run(layer, rule, pre, post)
        assert_learned(layer, rule, "weight", *by_last_spikes(pre, post, full, plain_waves, adjusted=adjusted, kind=kind))


@pytest.mark.parametrize("longest", [None, 6.0])
@pytest.mark.parametrize("kind", [snn.KernelSTDP, snn.DelayAdjustedKernelSTDP])
def test_a_convolution_sums_over_its_sites(longest, kind):
    shape = (3, 2, 2, 3)
    delay = random_delays(shape, 6, whole=False) if longest else torch.zeros(shape)
    layer = connect_conv(batch_size=2, delay=longest, delays=delay if longest else None)
    images, post = trains(8, 2, (2, 4, 5)), trains(8, 2, layer.connection.outshape, seed=1)
    rule, (up, down) = kernels(kind, waves=True), torch.zeros(2, 2, 3, 12, dtype=torch.float64)
    for p in range(3):
        for q in range(3):
            seen = torch.stack([images[:, :, c, p + i, q + j] for c in range(2) for i in range(2) for j in range(3)], -1)
            one = by_last_spikes(seen, post[..., p, q], delay.flatten(1), plain_waves, adjusted=kind is not snn.KernelSTDP)
            up, down = up + one[0], down + one[1]
    run(layer, rule, images, post)
    assert_learned(layer, rule, "weight", up.unflatten(2, shape[1:]), down.unflatten(2, shape[1:]))


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize("delayed", [True, False])
@pytest.mark.parametrize("longest", [None, 6.0])
def test_a_traced_convolution_learns_what_a_plain_one_does(longest, delayed, padding):
    # Outside the image nothing ever spikes, and so nothing is learned from it.
    delay = random_delays((3, 2, 2, 2), 6, whole=True) if longest else None
    how = {"delay": longest, "delay_init": lambda like: delay} if longest else {}
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    plain = snn.Conv2D(4, 4, 2, 3, 1.0, 2, padding=padding, synapse=synapse, batch_size=2, **how).double()
    each_filter = delay.flatten(1)[:, None, None] if longest else 0.0
    traced = snn.traced.Conv2d(2, 3, 2, 4, 2, 1.0, each_filter, padding=padding).double()
    layers = [snn.Serial(plain, Scripted(plain.outshape, 2))]
    layers += [snn.Serial(traced, snn.traced.TracedNeuron(Scripted(plain.outshape, 2), 20.0))]
    images, post = trains(12, 2, (2, 4, 4)), trains(12, 2, plain.outshape, seed=1)
    rules = [kernels(waves=True, delayed=delayed) for _ in layers]
    for rule, layer in zip(rules, layers, strict=True):
        layer.connection.defaultupdater()
        rule.register_cell("only", layer.cell)
    for image, script in zip(images, post, strict=True):
        layers[0](image, neuron_kwargs={"script": script})
        layers[1](image, image.double(), neuron_kwargs={"script": script})
        for rule in rules:
            rule()
    for side in ("pos", "neg"):
        found = [getattr(layer.updater.weight, side) for layer in layers]
        assert found[0].min() > 0
        torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_delays_that_change_in_flight_are_read_at_the_next_step():
    pre, post = both_trains(16, rate=0.3)
    layer, rule = connect(delay=7.0), kernels()
    rule.register_cell("only", layer.cell)
    for step in range(16):
        delay = random_delays((3, 4), 7, whole=True, seed=step)
        layer.connection.delay = delay
        layer(pre[step], neuron_kwargs={"script": post[step]})
        rule()
        up, down = (
            after - before
            for after, before in zip(
                by_last_spikes(pre[: step + 1], post[: step + 1], delay, plain_window, adjusted=False),
                by_last_spikes(pre[:step], post[:step], delay, plain_window, adjusted=False),
                strict=True,
            )
        )  # fmt: skip
        assert_learned(layer, rule, "weight", up, down)
        layer.updater.clear()


@pytest.mark.filterwarnings("ignore:6 delays lie outside 0 to 2 ms")
def test_from_beyond_what_the_synapse_remembers_nothing_arrives():
    # Delays of 4 ms in a synapse that was cut to 2 ms, and every input spikes at every step.
    delay = torch.tensor([[1.0, 2.0, 4.0, 4.0]] * 3).double()
    layer, rule = connect(batch_size=1, delay=5.0, delays=delay), kernels()
    rule.register_cell("only", layer.cell)
    layer.synapse.delay = 2.0
    for _ in range(6):
        layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
    assert (layer.updater.weight.pos > 0).tolist() == [[True, True, False, False]] * 3


# ------------------------------------------------------------------------------------------------------------------------ batches


@pytest.mark.parametrize(("quick", "general"), [(torch.mean, lambda t, dim: t.mean(dim)), (torch.sum, lambda t, dim: t.sum(dim))])
@pytest.mark.parametrize("kind", [snn.KernelSTDP, snn.DelayAdjustedKernelSTDP, snn.DelayAdjustedKernelSTDPD])
def test_mean_and_sum_equal_the_general_path(kind, quick, general):
    pre, post = both_trains(10, 0.3)
    layers = [connect(delay=9.0, delays=given_delays("fractional")) for _ in range(2)]
    for layer, reduction in zip(layers, (quick, general), strict=True):
        run(layer, kernels(kind, waves=True, batch_reduction=reduction), pre, post)
    (parameter,) = kind.trains
    for side in ("pos", "neg"):
        found = [getattr(getattr(layer.updater, parameter), side) for layer in layers]
        assert found[0].min() > 0
        torch.testing.assert_close(*found, rtol=1e-10, atol=1e-12)


def test_any_other_reduction_sees_every_sample_of_either_kernel():
    # One step from rest: Δ = 0 wherever both sides spiked. K_post = 0.02, K_pre = 0.01·cos(2π/9).
    pre, post = trains(steps=1, rate=0.6), trains(steps=1, size=3, seed=1, rate=0.6)
    layer = connect()
    run(layer, kernels(waves=True, batch_reduction=torch.amax), pre, post)
    both = (post[0].unsqueeze(2) & pre[0].unsqueeze(1)).any(0).double()
    torch.testing.assert_close(layer.updater.weight.pos, both * (0.02 + 0.01 * math.cos(2 * math.pi / 9)))


@pytest.mark.parametrize("kind", [snn.KernelSTDP, snn.DelayAdjustedKernelSTDP, snn.DelayAdjustedKernelSTDPD])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(kind):
    pre, post = trains(12, batch=32), trains(12, batch=32, size=3, seed=1)
    how = {"parameter": kind.trains[0], "update_each_step": False}
    delay = given_delays("fractional") + 2
    together = train(connect(batch_size=32, delay=20.0, delays=delay), kernels(kind), pre, post, **how)
    alone = [
        train(connect(batch_size=1, delay=20.0, delays=delay), kernels(kind), pre[:, b : b + 1], post[:, b : b + 1], **how)
        for b in range(32)
    ]
    torch.testing.assert_close(together, torch.stack(alone).mean(0), rtol=1e-9, atol=1e-12)


# ----------------------------------------------------------------------------------------------------------------------- keywords


def test_a_tensor_shaped_like_the_weights_is_one_value_a_synapse():
    pre, post = both_trains()
    rates = torch.rand(3, 4, dtype=torch.float64)
    layers = [connect(), connect()]
    run(layers[0], kernels(waves=True), pre, post)
    ones = {"height": 0.02 * rates, "period": torch.tensor(23.0)}, {"height": 0.01 * rates, "period": 9.0, "centre": 1.0}
    run(layers[1], snn.KernelSTDP(wave, wave, *ones), pre, post)
    torch.testing.assert_close(layers[1].updater.weight.pos, rates * layers[0].updater.weight.pos)
    torch.testing.assert_close(layers[1].updater.weight.neg, rates * layers[0].updater.weight.neg)


def test_tensors_among_keywords_are_buffers_and_the_rest_is_not():
    height, layer = torch.full((3, 4), 0.5), connect()
    rule = snn.KernelSTDP(wave, wave, {"height": height, "period": 9.0}, {"height": 0.0, "period": torch.tensor(2)})
    state = rule.register_cell("only", layer.cell).state
    assert state.kernel_post_kwargs == {"period": 9.0}
    assert state.kernel_pre_kwargs == {"height": 0.0}
    assert state.kernel_post_tensor_kwargs.height.dtype == torch.float64  # as the weights are
    assert state.kernel_pre_tensor_kwargs.period.dtype == torch.int64
    assert {name for name in rule.state_dict() if "kwargs" in name} == {
        "states_.only.kernel_post_tensor_kwargs.height",
        "states_.only.kernel_pre_tensor_kwargs.period",
    }
    height.zero_()
    assert state.kernel_post_tensor_kwargs.height.unique().item() == 0.5
    rule.to("meta")
    assert state.kernel_post_tensor_kwargs.height.device.type == "meta"
    twin = copy.deepcopy(rule)
    twin.load_state_dict(rule.state_dict())


@pytest.mark.parametrize("whose", ["rule", "state"])
def test_a_single_keyword_that_is_set_acts_at_the_next_step(whose):
    def flat(diff, height, least):
        return torch.zeros_like(diff) + height + least

    layer = connect(batch_size=1)
    rule = snn.KernelSTDP(flat, flat, {"height": 1.0, "least": torch.tensor(0.5)}, {"height": 0.0, "least": 0.0})
    unit = rule.register_cell("only", layer.cell)
    seen = []
    for now in range(5):
        if now == 1 and whose == "rule":
            rule.kernel_post_kwargs["height"] = 2.0
        if now == 1 and whose == "state":
            unit.state.kernel_post_kwargs["height"] = 2.0
        if now == 2:
            rule.kernel_post_kwargs |= {"height": 3.0}
            rule.kernel_post_kwargs["least"] = torch.tensor(0.25)
        if now == 3:
            unit.state.kernel_post_kwargs = {"height": 4.0, "least": 0.0}
        if now == 4:
            unit.state.kernel_post_kwargs["height"] = 5.0
        layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
        seen.append(layer.updater.weight.pos.unique().item())
        layer.updater.clear()
    assert seen == [1.5, 2.5, 3.25, 4.0, 5.0]
    assert rule.kernel_post_kwargs["height"] == 3.0
    unit.state.overrides["kernel_post_kwargs"]["clear"] = torch.tensor(1.0)
    layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    with pytest.raises(ValueError, match="'clear' means something else to a module"):
        rule()


def test_keywords_and_kernels_set_in_flight_act_at_the_next_step_and_saved_ones_are_used():
    def flat(diff, height):
        return torch.zeros_like(diff) + height

    layer = connect(batch_size=1)
    rule = snn.KernelSTDP(flat, flat, {"height": torch.tensor(1.0)}, {"height": 0.0})
    rule.register_cell("only", layer.cell)
    saved = rule.state_dict()
    seen = []
    for now in range(4):
        if now == 1:
            rule.kernel_post_kwargs = {"height": 2.0}
        if now == 2:
            rule.kernel_post = lambda diff, height: torch.zeros_like(diff) + 10 * height
        if now == 3:
            rule.kernel_post_kwargs = {"height": torch.tensor(5.0)}
        layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
        seen.append(layer.updater.weight.pos.unique().item())
        layer.updater.clear()
    assert seen == [1.0, 2.0, 20.0, 50.0]
    saved["states_.only.kernel_post_tensor_kwargs.height"] = torch.tensor(7.0)
    rule.load_state_dict(saved, strict=False)
    layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    rule()
    assert layer.updater.weight.pos.unique().item() == 70.0


def test_a_tensor_of_the_weights_own_type_is_copied_too():
    height = torch.full((3, 4), 0.5, dtype=torch.float64)
    state = (
        snn.KernelSTDP(wave, wave, {"height": height, "period": 9.0}, {"height": 0.0, "period": 2.0})
        .register_cell("only", connect().cell)
        .state
    )
    height.zero_()
    assert state.kernel_post_tensor_kwargs.height.unique().item() == 0.5


def test_a_cell_may_have_a_kernel_of_its_own():
    layers, rule = [connect(batch_size=1), connect(batch_size=1)], kernels()
    rule.register_cell("follows", layers[0].cell)
    rule.register_cell(
        "own", layers[1].cell, kernel_post=wave, kernel_post_kwargs={"height": 0.5, "period": 3.0}, delayed=True, inplace=True
    )
    state = rule.get_unit("own").state
    assert (state.kernel_post, state.kernel_post_kwargs, state.delayed) == (wave, {"height": 0.5, "period": 3.0}, True)
    for layer in layers:
        layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
    rule()
    assert [layer.updater.weight.pos.unique().item() for layer in layers] == [RATE_POST, 0.5]


def test_a_kernel_may_work_in_place_and_spoils_nothing_for_the_other():
    layer = connect(batch_size=1)
    run(
        layer,
        snn.KernelSTDP(lambda diff: diff.add_(3.0), lambda diff: diff.add_(4.0), {}, {}),
        torch.ones(2, 1, 4),
        torch.ones(2, 1, 3).bool(),
    )
    assert layer.updater.weight.pos.unique().item() == 14.0


BAD = {
    "another shape": (
        lambda diff: diff.squeeze(-1),
        ValueError,
        r"What kernel_post returns must be of shape \(3, 4, 1\).*\(3, 4\). It must be one",
    ),
    "a number": (lambda diff: 1.0, TypeError, "What kernel_post returns must be a torch.Tensor, but is 1.0"),
    "a keyword missing": (lambda diff, tau: diff, TypeError, "tau"),
}


@pytest.mark.parametrize(("kernel", "error", "words"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("kind", [snn.KernelSTDP, snn.DelayAdjustedKernelSTDP, snn.DelayAdjustedKernelSTDPD])
def test_a_kernel_that_cannot_work_is_refused_at_registration(kind, kernel, error, words):
    rule, layer = kind(kernel, snn.exp_stdp_pre_kernel, {}, {"learning_rate": 0.0, "time_constant": 1.0}), connect(delay=5.0)
    with pytest.raises(error, match=words):
        rule.register_cell("only", layer.cell)
    assert len(rule) == 0


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kind", [snn.KernelSTDP, snn.DelayAdjustedKernelSTDPD])
def test_a_change_that_is_no_number_is_refused_and_leaves_everything_as_it_was(kind, wrong, inplace):
    layer = connect(batch_size=1, delay=5.0, delays=random_delays((3, 4), 5, whole=True))
    rule = kind(lambda diff, spoil: diff + spoil, lambda diff: diff * 0, {"spoil": 1.0}, {}, inplace=inplace)
    unit = rule.register_cell("only", layer.cell)
    for _ in range(7):
        layer(torch.ones(1, 4), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        rule()
    before = {name: value.clone() for name, value in unit.state.state_dict().items() if "since" in name}
    layer.updater.clear()
    layer(torch.zeros(1, 4), neuron_kwargs={"script": torch.zeros(1, 3, dtype=torch.bool)})
    rule.kernel_post_kwargs = {"spoil": wrong}
    with pytest.raises(ValueError, match="What kernel_post returns must be finite in every element, but is NaN or infinite in 12 of 12"):
        rule()
    assert layer.updater.names
    assert all(getattr(layer.updater, name).pos is None for name in layer.updater.names)
    assert torch.equal(unit.state.since_post_, before["since_post_"])
    rule.kernel_post_kwargs = {"spoil": 1.0}
    rule()
    assert unit.state.since_post_.unique().item() == 1.0


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        (
            {"kernel_post": "exp"},
            TypeError,
            r"kernel_post must be a function f\(diff, \*\*kwargs\), but is 'exp' \(str\). Try exp_stdp_post_kernel",
        ),
        ({"kernel_pre": 0.1}, TypeError, "kernel_pre must be a function"),
        ({"kernel_pre_kwargs": 0.1}, TypeError, r"kernel_pre_kwargs must be a dict of keywords for the kernel, but is 0.1 \(float\)"),
        ({"kernel_post_kwargs": {1: 2}}, TypeError, "kernel_post_kwargs must be a dict of keywords"),
        ({"kernel_post_kwargs": {"double": torch.ones(1)}}, ValueError, "'double' means something else to a module. Try double_"),
        ({"delayed": 1}, TypeError, "delayed must be True or False, but is 1"),
        ({"interp_tolerance": -0.1}, ValueError, "must be 0 ms or above"),
        ({"batch_reduction": "mean"}, TypeError, r"must be a function f\(tensor, dim\) or None, but is 'mean'"),
        ({"inplace": None}, TypeError, "inplace must be True or False, but is None"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set(changes, error, words):
    arguments = {"kernel_post": wave, "kernel_pre": wave, "kernel_post_kwargs": {}, "kernel_pre_kwargs": {}}
    with pytest.raises(error, match=words):
        snn.KernelSTDP(**(arguments | changes))
    rule = snn.KernelSTDP(**arguments)
    ((name, value),) = changes.items()
    with pytest.raises(error, match=words):
        setattr(rule, rule.spelled.get(name, name), value)


def test_a_connection_without_delays_has_none_to_learn():
    with pytest.raises(RuntimeError, match="Cell 'only' has no delays, but DelayAdjustedKernelSTDPD trains them"):
        kernels(snn.DelayAdjustedKernelSTDPD).register_cell("only", connect().cell)


@pytest.mark.parametrize("kind", [snn.KernelSTDP, snn.DelayAdjustedKernelSTDPD])
def test_it_runs_in_inference_mode_too(kind):
    delay, (pre, post) = given_delays("fractional"), both_trains()
    how = {"parameter": kind.trains[0]}
    expected = train(connect(delay=7.0, delays=delay), kernels(kind), pre, post, **how)
    with torch.inference_mode():
        change = train(connect(delay=7.0, delays=delay), kernels(kind), pre, post, **how)
    torch.testing.assert_close(change, expected, rtol=1e-9, atol=1e-12)
