"""Linear homeostasis against counts of spikes by hand: it holds back what spikes too much, whatever it trains."""

import pytest
import torch

import snnlab as snn
from tests.learning.scripted import Scripted, connect, train, trains

PLASTICITY, TARGET = 0.003, 0.2


def homeostasis(**changes):
    return snn.LinearHomeostasis(**({"plasticity": PLASTICITY, "target": TARGET, "param": "weight"} | changes))


def dense(outputs=3, batch_size=1, **arguments):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(2, outputs, 1.0, synapse=synapse, bias=True, delay=8.0, batch_size=batch_size, **arguments)
    connection.to(torch.float64).defaultupdater()
    connection.delay = torch.full((outputs, 2), 4.0, dtype=torch.float64)
    return snn.Serial(connection, Scripted((outputs,), batch_size))


def step(layer, post):
    layer(torch.zeros(layer.connection.batched_inshape, dtype=torch.bool), neuron_kwargs={"script": post})


def by_counts(post, target=TARGET):
    """Sum over steps of λ(r* − r)/r*, r the mean so far: one number a sample and neuron."""
    change = torch.zeros(post.shape[1:], dtype=torch.float64)
    for place in torch.cartesian_prod(*map(torch.arange, post.shape[1:])).view(-1, post.dim() - 1).tolist():
        spikes = 0
        for t in range(len(post)):
            spikes += int(post[(t, *place)])
            wanted = target if isinstance(target, float) else target[tuple(place)].item()
            change[tuple(place)] += PLASTICITY * (wanted - spikes / (t + 1)) / wanted
    return change


@pytest.mark.parametrize("update_each_step", [True, False])
@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("param", ["weight", "bias", "delay"])
def test_it_equals_the_sum_over_steps_of_what_is_missing(param, own, update_each_step):
    target = 0.1 + torch.rand(4, 3, generator=torch.Generator().manual_seed(5), dtype=torch.float64) if own else TARGET
    pre, post = trains(batch=4, size=2), trains(size=3, seed=1)
    rule = homeostasis(target=target, param=param)
    change = train(dense(batch_size=4), rule, pre, post, parameter=param, update_each_step=update_each_step)
    expected = by_counts(post, target).mean(0) * (-1 if param == "delay" else 1)
    torch.testing.assert_close(change, expected if param == "bias" else expected.unsqueeze(1).expand(3, 2), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
def test_every_linear_connection_learns_alike(kind):
    layer = connect(kind)
    pre, post = trains(size=layer.connection.insize()), trains(size=3, seed=1)
    expected = by_counts(post).mean(0)
    expected = expected if kind == "direct" else expected.unsqueeze(1).repeat(1, layer.connection.insize())
    if kind == "lateral":
        expected.fill_diagonal_(0)
    torch.testing.assert_close(train(layer, homeostasis(), pre, post), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("param", ["weight", "bias", "delay"])
def test_what_sites_share_changes_by_the_mean_over_them(param):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    conv = snn.Conv2D(3, 4, 2, 3, 1.0, 2, synapse=synapse, bias=True, delay=8.0, batch_size=2).to(torch.float64)
    conv.defaultupdater()
    conv.delay = torch.full_like(conv.delay, 4.0)
    pre, post = trains(20, 2, conv.inshape), trains(20, 2, conv.outshape, seed=1)
    change = train(snn.Serial(conv, Scripted(conv.outshape, 2)), homeostasis(param=param), pre, post, parameter=param)
    expected = by_counts(post).mean((0, 2, 3)) * (-1 if param == "delay" else 1)
    torch.testing.assert_close(change, expected.view(-1, *[1] * (change.dim() - 1)).expand_as(change), rtol=1e-9, atol=1e-12)


def test_a_neuron_above_its_target_gets_weaker_and_one_below_it_stronger():
    # By hand: rates 1, ½, 0 and a target of ½ are worth −λ, 0 and λ, and as magnitudes: neg (λ, 0, 0), pos (0, 0, λ).
    layer, rule = dense(), homeostasis(target=0.5)
    rule.register_cell("only", layer.cell)
    for post in ([[True, True, False]], [[True, False, False]]):
        layer.updater.clear()
        step(layer, torch.tensor(post))
        rule()
    assert layer.updater.weight.neg.flatten().tolist() == pytest.approx([PLASTICITY, 0, 0], abs=1e-15)
    assert layer.updater.weight.pos.flatten().tolist() == pytest.approx([0, 0, PLASTICITY], abs=1e-15)
    before = layer.connection.weight.detach().clone()
    layer.update()
    assert (layer.connection.weight - before).sign().tolist() == [[-1, -1], [0, 0], [1, 1]]


def test_weights_swing_to_where_the_neuron_reaches_its_target():
    # With one input at every step, the leaky neuron spikes the more often the larger its weight.
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(1, 2, 1.0, synapse=synapse, weight_init=lambda _: torch.tensor([[0.1], [2.0]]))
    connection.defaultupdater()
    neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=0.0, time_constant=10.0, resistance=10.0)
    layer, rule = snn.Serial(connection, neuron), homeostasis(target=0.1, plasticity=0.01)
    rule.register_cell("only", layer.cell)
    for _ in range(1000):
        layer(torch.ones(1, 1))
        rule()
        layer.update()
    assert rule.rate("only")[0].tolist() == pytest.approx([0.1, 0.1], abs=0.015)


# ----------------------------------------------------------------------------------------------------------------- targets and cells


def pending(layer):
    return layer.updater.weight.update(None).unique().tolist()


def test_every_cell_has_its_own_target_in_one_call():
    layers, rule = [dense() for _ in range(3)], homeostasis(target=0.25)
    for layer, own in zip(layers, ({}, {"target": 0.5}, {"target": torch.full((1, 3), 0.125)}), strict=True):
        rule.register_cell(f"cell{len(rule)}", layer.cell, **own)
        step(layer, torch.ones(1, 3, dtype=torch.bool))
    rule()
    # A rate of 1 at targets of ¼, ½ and ⅛ is worth −3λ, −λ and −7λ.
    assert [pending(layer) for layer in layers] == [[pytest.approx(-times * PLASTICITY)] for times in (3, 1, 7)]


def test_what_a_call_is_told_goes_before_all_targets_and_is_forgotten_after_it():
    layers, rule = [dense() for _ in range(2)], homeostasis(target=None)
    rule.register_cell("a", layers[0].cell)
    rule.register_cell("b", layers[1].cell, target=0.5)
    found = []
    for told in (0.25, torch.full((1, 3), 0.125)):
        for layer in layers:
            layer.updater.clear()
            step(layer, torch.ones(1, 3, dtype=torch.bool))
        rule(target=told)
        found.append([pending(layer) for layer in layers])
    assert found == [[[pytest.approx(-3 * PLASTICITY)]] * 2, [[pytest.approx(-7 * PLASTICITY)]] * 2]
    step(layers[1], torch.ones(1, 3, dtype=torch.bool))
    layers[1].updater.clear()
    rule(cells=["b"])
    assert pending(layers[1]) == [pytest.approx(-PLASTICITY)]


def test_without_any_target_it_says_where_to_give_one_and_counts_nothing():
    layers, rule = [dense() for _ in range(2)], homeostasis(target=None)
    rule.register_cell("has", layers[0].cell, target=0.5)
    rule.register_cell("lacks", layers[1].cell)
    for layer in layers:
        step(layer, torch.ones(1, 3, dtype=torch.bool))
    with pytest.raises(RuntimeError, match=r"Cell 'lacks' has no target. Give one to LinearHomeostasis, to register_cell, or to the call"):
        rule()
    assert not rule.rate("has").any()
    assert layers[0].updater.weight.neg is None
    rule(0.5)
    assert rule.rate("has").unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("target", "error", "words"),
    [
        (0.0, ValueError, "target must be above 0, but is 0.0. To silence a neuron, take a small one"),
        (torch.tensor([[0.5, -0.1, 0.5]]), ValueError, "target must be above 0 in every element, but its least is -0.1"),
        (torch.tensor([[0.5, float("nan"), 0.5]]), ValueError, "target must be finite in every element"),
        ("often", TypeError, "target must be a number, but is 'often'"),
        ([0.5, 0.5, 0.5], TypeError, "target must be a number"),
    ],
)
def test_a_bad_target_is_refused_wherever_it_is_given(target, error, words):
    with pytest.raises(error, match=words):
        homeostasis(target=target)
    layer, rule = dense(), homeostasis()
    with pytest.raises(error, match=words):
        rule.target = target
    with pytest.raises(error, match=words):
        rule.register_cell("only", layer.cell, target=target)
    rule.register_cell("only", layer.cell)
    step(layer, torch.ones(1, 3, dtype=torch.bool))
    with pytest.raises(error, match=words):
        rule(target)
    assert not rule.rate("only").any()
    rule()


@pytest.mark.parametrize("shape", [(3,), (1, 1), (2, 3), (1, 3, 1)])
def test_a_target_of_another_shape_is_not_spread_over_neurons(shape):
    layer, rule = dense(), homeostasis()
    rule.register_cell("only", layer.cell)
    step(layer, torch.ones(1, 3, dtype=torch.bool))
    with pytest.raises(
        ValueError, match=r"target must be of shape \(1, 3\) \(B x outshape\), but is of shape .* A plain number holds for all"
    ):
        rule(torch.full(shape, 0.5))
    assert not rule.rate("only").any()


def test_a_target_in_hz_is_wondered_at():
    with pytest.warns(
        UserWarning, match="target counts spikes a step, of which there is at most 1, but is 10: it is never reached"
    ) as said:
        homeostasis(target=10.0)
    assert said[0].filename == __file__
    with pytest.warns(UserWarning, match="but is up to 2: it is never"):
        homeostasis(target=torch.tensor([[0.1, 2.0]]))


# ------------------------------------------------------------------------------------------------------------------------ parameters


@pytest.mark.parametrize("param", ["bias", "delay"])
def test_a_parameter_that_is_not_there_is_refused(param):
    layer = connect()
    words = (
        f"Cell 'only' has an updater without '{param}', which LinearHomeostasis trains. Build the connection with {param}, if it has none"
    )
    with pytest.raises(RuntimeError, match=words):
        homeostasis(param=param).register_cell("only", layer.cell)
    with pytest.raises(RuntimeError, match=words):
        homeostasis().register_cell("only", layer.cell, param=param)
    rule = homeostasis()
    rule.register_cell("only", layer.cell)
    with pytest.raises(RuntimeError, match=words):
        rule.param = param
    assert rule.param == "weight"


def test_delays_that_cannot_move_are_refused():
    layer = connect(delay=0.0)
    with pytest.raises(RuntimeError, match="Cell 'only' has delays of at most 0 ms, but LinearHomeostasis trains them"):
        homeostasis(param="delay").register_cell("only", layer.cell)
    rule = homeostasis()
    rule.register_cell("only", layer.cell)
    with pytest.raises(RuntimeError, match="has delays of at most 0 ms"):
        rule.param = "delay"
    assert rule.param == "weight"


def test_an_unknown_parameter_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="param must be one of 'weight', 'bias', 'delay', but is 'weights'"):
        homeostasis(param="weights")


def test_cells_may_train_different_parameters():
    layers, rule = [dense() for _ in range(2)], homeostasis()
    rule.register_cell("weight", layers[0].cell)
    rule.register_cell("bias", layers[1].cell, param="bias")
    for layer in layers:
        step(layer, torch.zeros(1, 3, dtype=torch.bool))
    rule()
    found = [[name for name in layer.updater.names if layer.updater.updates_[name].pos is not None] for layer in layers]
    assert found == [["weight"], ["bias"]]
    rule.param = "delay"
    step(layers[0], torch.zeros(1, 3, dtype=torch.bool))
    rule()
    assert layers[0].updater.delay.neg.unique().tolist() == [PLASTICITY]


# ------------------------------------------------------------------------------------------------------------------- the mean of spikes


def test_the_rate_is_the_mean_since_clear():
    layer, rule = dense(batch_size=2), homeostasis()
    rule.register_cell("only", layer.cell)
    assert rule.rate("only").tolist() == [[0.0] * 3] * 2
    post = trains(30, 2, 3, seed=1)
    for spikes in post[:20]:
        step(layer, spikes)
        rule()
    torch.testing.assert_close(rule.rate("only"), post[:20].double().mean(0))
    rule.clear()
    for spikes in post[20:]:
        step(layer, spikes)
        rule()
    torch.testing.assert_close(rule.rate("only"), post[20:].double().mean(0))


def test_the_mean_of_ten_million_steps_is_exact_and_takes_no_more_room():
    # A running mean in single precision stands still once a step is worth less than its last digit: at 2^24 steps.
    layer, rule = dense(), homeostasis()
    state = rule.register_cell("only", layer.cell).state
    layer.to(torch.float32)
    step(layer, torch.tensor([[True, False, True]]))
    rule()
    before = sum(buffer.untyped_storage().nbytes() for buffer in state.buffers())
    state.spikes_, state.steps_ = torch.full_like(state.spikes_, 2**24), torch.full_like(state.steps_, 2**25)
    for _ in range(4):
        step(layer, torch.tensor([[True, False, True]]))
        rule()
    assert state.spikes_.tolist() == [[2**24 + 4, 2**24, 2**24 + 4]]
    assert state.steps_.tolist() == [2**25 + 4]
    assert rule.rate("only").dtype == torch.float32
    assert sum(buffer.untyped_storage().nbytes() for buffer in state.buffers()) == before


def test_a_reduction_other_than_the_mean_sees_every_sample():
    # Rates 1 and 0 at a target of ½: k is −λ and λ. The largest of max(k, 0) is λ, the sum of −min(k, 0) is λ.
    found = []
    for reduction in (torch.amax, torch.sum):
        layer, rule = dense(outputs=1, batch_size=2), homeostasis(target=0.5, batch_reduction=reduction)
        rule.register_cell("only", layer.cell)
        step(layer, torch.tensor([[True], [False]]))
        rule()
        found.append([part.item() for part in (layer.updater.weight.pos, layer.updater.weight.neg)])
    assert found == [[PLASTICITY, 0.0], [PLASTICITY, PLASTICITY]]


def test_it_works_beside_a_pair_rule_on_the_same_weights():
    pre, post = trains(), trains(size=3, seed=1)
    both, stdp = connect(), snn.STDP(0.02, -0.01, 17.0, 9.0)
    stdp.register_cell("only", both.cell)
    rule = homeostasis()
    rule.register_cell("only", both.cell)
    start = both.connection.weight.detach().clone()
    for arriving, leaving in zip(pre, post, strict=True):
        both(arriving, neuron_kwargs={"script": leaving})
        stdp()
        rule()
    both.update()
    alone = train(connect(), snn.STDP(0.02, -0.01, 17.0, 9.0), pre, post)
    expected = alone + by_counts(post).mean(0).unsqueeze(1)
    torch.testing.assert_close(both.connection.weight.detach() - start, expected, rtol=1e-9, atol=1e-12)
