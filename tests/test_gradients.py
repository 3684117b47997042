"""Gradients reach weights, biases, delays and inputs through the history; written in place, they are refused."""

import copy
import math
import warnings

import pytest
import torch

import snnlab as snn
from tests.learning.test_stdp import Largest

STEPS, BATCH, DELAY = 6, 2, 3.0
EXPONENTIAL = {"spike_charge": 2.0, "time_constant": 4.0}
DOUBLE = {"spike_charge": 2.0, "tc_decay": 6.0, "tc_rise": 2.0}
SYNAPSES = {
    "delta": lambda **more: snn.DeltaCurrent.partialconstructor(2.0, **more),
    "delta plus": lambda **more: snn.DeltaPlusCurrent.partialconstructor(2.0, **more),
    "exponential": lambda **more: snn.SingleExponentialCurrent.partialconstructor(**EXPONENTIAL, **more),
    "double exponential": lambda **more: snn.DoubleExponentialCurrent.partialconstructor(**DOUBLE, **more),
}
GRADED = [name for name in SYNAPSES if name != "delta"]  # a delta current takes any input as one whole spike: its gradient is a stand-in
CONNECTIONS = {
    "dense": lambda **more: snn.LinearDense(3, 2, 1.0, **more),
    "direct": lambda **more: snn.LinearDirect(3, 1.0, **more),
    "lateral": lambda **more: snn.LinearLateral(3, 1.0, **more),
    "conv": lambda **more: snn.Conv2D(3, 3, 1, 2, 1.0, 2, **more),
}
every_connection = pytest.mark.parametrize("build", CONNECTIONS.values(), ids=CONNECTIONS)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(shape, low, high, seed):
    return torch.rand(shape, generator=generator(seed), dtype=torch.float64) * (high - low) + low


def connect(build, synapse, delay=DELAY, **more):
    return build(synapse=synapse, delay=delay, bias=True, batch_size=BATCH, **more).to(torch.float64)


def delays_between_steps(shape, seed=5):
    return torch.randint(0, int(DELAY), shape, generator=generator(seed)) + draw(shape, 0.1, 0.9, seed + 1)


def runner(connection):
    """Outputs of a run from rest, as a function of parameters and inputs."""

    def run(weight, bias, delay, inputs):
        connection.clear()
        lent = {"weight_": weight.clone(), "bias_": bias.clone(), "delay_": delay.clone()}
        return torch.stack([torch.func.functional_call(connection, lent, (each,)) for each in inputs])

    return run


@pytest.mark.filterwarnings("ignore:A gradient is wanted for delay")
@every_connection
@pytest.mark.parametrize("synapse", SYNAPSES)
@pytest.mark.parametrize("interp", ["linear", "by default"])
def test_gradients_reach_weights_biases_and_delays(build, synapse, interp):
    more = {"interp_mode": "linear"} if interp == "linear" else {}
    connection = connect(build, SYNAPSES[synapse](inplace=False, **more))
    inputs = (draw((STEPS, *connection.batched_inshape), 0, 1, 1) < 0.6).double()
    shape = connection.weight.shape
    given = (draw(shape, -1, 1, 2), draw(connection.bias.shape, -1, 1, 3), delays_between_steps(shape))
    given = tuple(each.requires_grad_() for each in given)
    run = runner(connection)
    assert torch.autograd.gradcheck(lambda *parameters: run(*parameters, inputs), given)
    (slope,) = torch.autograd.grad(run(*given, inputs).sum(), given[2], allow_unused=True)
    flat = synapse.startswith("delta") and interp != "linear"  # a stored step, as it is: nothing changes with the delay
    assert (slope is None or not slope.any()) if flat else slope.any()


@every_connection
@pytest.mark.parametrize("synapse", GRADED)
@pytest.mark.parametrize("interp", ["linear", "by default"])
@pytest.mark.parametrize("delayed", [True, False])
def test_gradients_reach_inputs(build, synapse, interp, delayed):
    more = {"interp_mode": "linear"} if interp == "linear" else {}
    connection = connect(build, SYNAPSES[synapse](inplace=False, **more), DELAY if delayed else None)
    if delayed:
        connection.delay = delays_between_steps(connection.delay.shape)

    def run(inputs):
        connection.clear()
        return torch.stack([connection(each) for each in inputs])

    assert torch.autograd.gradcheck(run, draw((STEPS, *connection.batched_inshape), 0.2, 1, 1).requires_grad_())


@every_connection
def test_delays_that_start_at_zero_learn(build):
    # One input a step, louder each step: x[t] = t. With d = 0 the output is w·Q·t; the slope towards the next older step is −w·Q per ms.
    connection = connect(
        build, snn.DeltaPlusCurrent.partialconstructor(2.0, interp_mode="linear", inplace=False), weight_init=torch.ones_like
    )
    connection.delay.requires_grad_()
    for t in range(4):
        out = connection(torch.full(connection.batched_inshape, float(t), dtype=torch.float64))
    out.sum().backward()
    readers = torch.autograd.functional.jacobian(
        lambda w: torch.func.functional_call(connection, {"weight_": w}, _still(connection)).sum(), connection.weight.detach()
    )
    # Each synapse adds −Q for every output and sample that it feeds: Q·x of that many is its share of the output's slope to its weight.
    torch.testing.assert_close(connection.delay.grad, -2.0 * readers / (2.0 * 5.0))


def _still(connection):
    return (torch.full(connection.batched_inshape, 5.0, dtype=torch.float64),)


@every_connection
def test_a_delay_finds_the_time_of_a_spike_by_gradient(build):
    # A pulse of five steps' slope comes 2 ms before the target's; from no delay at all, descent finds 2 ms.
    connection = connect(
        build, snn.DeltaPlusCurrent.partialconstructor(1.0, interp_mode="linear", inplace=False), delay=5.0, weight_init=torch.ones_like
    )
    with torch.no_grad():
        connection.bias.zero_()
    course = torch.tensor([0.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0])
    inputs = course.view(-1, *[1] * len(connection.batched_inshape)).expand(-1, *connection.batched_inshape).double()
    target = connect(
        build, snn.DeltaPlusCurrent.partialconstructor(1.0), delay=5.0, weight_init=torch.ones_like, delay_init=lambda zeros: zeros + 2.0
    )
    with torch.no_grad():
        target.bias.zero_()
        wanted = torch.stack([target(each) for each in inputs])
    connection.delay.requires_grad_()
    optimiser = torch.optim.Adam([connection.delay], lr=0.1)
    for _ in range(80):
        connection.clear()
        optimiser.zero_grad()
        (torch.stack([connection(each) for each in inputs]) - wanted).pow(2).mean().backward()
        optimiser.step()
    live = torch.ones_like(connection.delay, dtype=torch.bool) if connection.mask is None else connection.mask == 1
    torch.testing.assert_close(connection.delay[live], torch.full_like(connection.delay[live], 2.0), rtol=0, atol=0.05)


@every_connection
@pytest.mark.parametrize("synapse", SYNAPSES)
@pytest.mark.parametrize("wanted", ["weight", "delay"])
def test_written_in_place_a_run_that_needs_a_gradient_says_what_to_set(build, synapse, wanted):
    connection = connect(build, SYNAPSES[synapse](), delay=DELAY)
    getattr(connection, wanted).requires_grad_()
    before = {key: value.clone() for key, value in connection.state_dict().items()}
    with pytest.raises(RuntimeError, match=rf"A gradient is wanted for {wanted}.*Set connection\.synapse\.inplace = False"):
        connection(torch.ones(connection.batched_inshape))
    assert all(torch.equal(value, before[key]) for key, value in connection.state_dict().items())
    with torch.no_grad():
        connection(torch.ones(connection.batched_inshape))


@every_connection
@pytest.mark.parametrize("synapse", SYNAPSES)
@pytest.mark.parametrize("delay", [None, DELAY])
def test_written_in_place_an_input_that_needs_a_gradient_is_refused(build, synapse, delay):
    connection = connect(build, SYNAPSES[synapse](), delay=delay)
    before = {key: value.clone() for key, value in connection.state_dict().items()}
    with pytest.raises(RuntimeError, match="inplace=False"):
        connection(torch.ones(connection.batched_inshape, dtype=torch.float64, requires_grad=True))
    assert all(torch.equal(value, before[key]) for key, value in connection.state_dict().items())


def test_a_long_run_is_cut_by_detach():
    connection = connect(CONNECTIONS["dense"], SYNAPSES["exponential"](inplace=False))
    connection.weight.requires_grad_()
    inputs = torch.ones(connection.batched_inshape, dtype=torch.float64, requires_grad=True)
    connection(inputs)
    connection.detach_()
    later = torch.zeros(connection.batched_inshape, dtype=torch.float64, requires_grad=True)
    out = connection(later).sum()
    assert torch.autograd.grad(out, inputs, allow_unused=True, retain_graph=True) == (None,)
    assert torch.autograd.grad(out, later)[0].any()


@pytest.mark.parametrize(
    ("synapse", "words"),
    [
        ("delta", r"by 'previous', which does not change with them: they will not move\. Build it with interp_mode='linear'"),
        ("exponential", "by 'expdecay', whose slope never sees a spike's onset"),
    ],
)
@every_connection
def test_delays_that_would_learn_nothing_or_little_are_told_of_once(build, synapse, words):
    connection = connect(build, SYNAPSES[synapse](inplace=False))
    connection.delay.requires_grad_()
    with pytest.warns(UserWarning, match=words):
        connection(torch.ones(connection.batched_inshape))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        connection(torch.ones(connection.batched_inshape))
        linear = connect(build, SYNAPSES[synapse](inplace=False, interp_mode="linear"))
        linear.delay.requires_grad_()
        linear(torch.ones(linear.batched_inshape))
        with torch.no_grad():
            still = connect(build, SYNAPSES[synapse](inplace=False))
            still.delay.requires_grad_()
            still(torch.ones(still.batched_inshape))


# ----------------------------------------------------------------------------------------------- delays that learn stay within their range


def linear(synapse="delta plus", charge=None):
    more = {"interp_mode": "linear", "inplace": False}
    return SYNAPSES[synapse](**more) if charge is None else snn.DeltaPlusCurrent.partialconstructor(charge, **more)


def live(connection):
    """Where there is a synapse: a lateral connection has none on its diagonal."""
    return torch.ones_like(connection.delay, dtype=torch.bool) if connection.mask is None else connection.mask == 1


@every_connection
@pytest.mark.parametrize(("synapse", "optimiser"), [("delta", torch.optim.Adam), *((name, torch.optim.SGD) for name in GRADED)])
def test_an_optimiser_cannot_lose_a_delay_out_of_its_range(build, synapse, optimiser):
    connection = connect(build, linear(synapse), weight_init=torch.ones_like)
    connection.delay.requires_grad_()
    for sign in (1.0, -1.0, 1.0):  # each step of this rate leads from one end beyond the other
        connection.delay.grad = torch.full_like(connection.delay, sign)
        optimiser([connection.delay], lr=5.0).step()
        end = 0.0 if sign > 0 else DELAY
        connection.clear()
        twin = connect(build, linear(synapse), weight_init=torch.ones_like, delay_init=lambda zeros, end=end: zeros + end)
        with torch.no_grad():
            twin.bias.copy_(connection.bias)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for _ in range(5):
                out = connection(torch.ones(connection.batched_inshape, dtype=torch.float64))
                expected = twin(torch.ones(connection.batched_inshape, dtype=torch.float64))
        torch.testing.assert_close(out, expected)
        assert (connection.delay[live(connection)] == end).all()


@every_connection
def test_delays_are_in_range_wherever_they_are_looked_at_after_an_optimisers_step(build):
    looks = (
        lambda connection: connection.delay,
        lambda connection: connection.selector,
        lambda connection: connection.state_dict()["delay_"],
        lambda connection: copy.deepcopy(connection).delay,
    )
    for look in looks:
        connection = connect(build, linear())
        connection.delay.requires_grad_()
        with torch.no_grad():
            connection.delay.sub_(0.5)  # as an optimiser does
        assert (look(connection) >= 0).all()
    connection.load_state_dict(connection.state_dict())


@every_connection
def test_delays_that_start_at_either_end_learn(build):
    # A ramp x[t] = t reads w·Q·(t − d): less with every ms of delay, at 0 as at the longest.
    for end in (0.0, DELAY):
        connection = connect(build, linear(), weight_init=torch.ones_like, delay_init=lambda zeros, end=end: zeros + end)
        connection.delay.requires_grad_()
        descent = torch.optim.SGD([connection.delay], lr=0.01)
        for t in range(6):
            out = connection(torch.full(connection.batched_inshape, float(t), dtype=torch.float64))
        (-out.sum() if end else out.sum()).backward()
        assert (connection.delay.grad[live(connection)] * (1 if end else -1) > 0).all()
        descent.step()
        moved = connection.delay[live(connection)]
        assert (moved < DELAY).all() if end else (moved > 0).all()


def test_delays_that_do_not_change_are_not_looked_through_again(monkeypatch):
    connection, looked = connect(CONNECTIONS["dense"], linear()), []
    limit = connection.limit_delay
    monkeypatch.setattr(connection, "limit_delay", lambda value: looked.append(1) or limit(value))
    connection.delay.requires_grad_()
    for _ in range(5):
        connection(torch.ones(connection.batched_inshape))
    assert len(looked) == 1
    with torch.no_grad():
        connection.delay.add_(0.5)
    connection(torch.ones(connection.batched_inshape))
    assert len(looked) == 2


def test_delays_without_a_gradient_are_warned_of_as_ever_and_left_alone():
    connection = connect(CONNECTIONS["dense"], linear())
    with torch.no_grad():
        connection.delay.fill_(9.0)
    with pytest.warns(UserWarning, match="6 delays lie outside 0 to 3 ms"):
        connection(torch.ones(connection.batched_inshape))
    assert (connection.delay == 9.0).all()


@pytest.mark.parametrize("kind", ["dense", "lateral", "conv"])
def test_a_delay_that_became_nan_is_named(kind):
    connection = connect(CONNECTIONS[kind], linear())
    connection.delay.requires_grad_()
    with torch.no_grad():
        connection.delay.fill_(math.nan)
    with pytest.raises(ValueError, match=r"delay must be finite in every element, but is NaN .* look at the loss"):
        connection(torch.ones(connection.batched_inshape))


# ----------------------------------------------------------------------------------------------------- rules and gradients at the same time


def both(build, delay=DELAY):
    """A layer whose weights and delays learn by gradient and by rules, and spikes that make its neurons fire."""
    connection = build(synapse=linear(charge=60.0), delay=delay, batch_size=BATCH).to(torch.float64)
    shape = connection.weight.shape
    connection.weight = draw(shape, 0.5, 1.0, 4)
    if delay:
        connection.delay = delays_between_steps(shape)
        connection.delay.requires_grad_()
    connection.weight.requires_grad_()
    connection.defaultupdater()
    cells = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -60.0, "refrac_t": 0.0, "time_constant": 10.0}
    neuron = snn.LIF(connection.outshape, 1.0, **cells, batch_size=BATCH, surrogate="fast_sigmoid").to(torch.float64)
    return snn.Serial(connection, neuron), (draw((12, *connection.batched_inshape), 0, 1, 9) < 0.4).double()


@every_connection
@pytest.mark.parametrize("delay", [None, DELAY])
def test_rules_change_a_connection_at_every_step_and_its_gradient_is_that_of_what_it_was_at_each(build, delay):
    layer, spikes = both(build, delay)
    other, _ = both(build, delay)  # it knows no rule: what it uses is lent, one parameter for the whole run and the changes as constants
    del other.connection.updater
    names = ["weight", "delay"] if delay else ["weight"]
    before = {name: getattr(layer.connection, name).detach().clone() for name in names}
    lent = {name: value.clone().requires_grad_() for name, value in before.items()}
    inputs, given = (spikes.clone().requires_grad_() for _ in range(2))
    stdp = snn.STDP(0.05, -0.02, 20.0, 20.0)
    stdp.register_cell("only", layer.cell)
    out, expected = [], []
    for mine, its in zip(inputs, given, strict=True):
        now = {f"{name}_": lent[name] + (getattr(layer.connection, name) - before[name]).detach() for name in names}
        expected.append(other.neuron(torch.func.functional_call(other.connection, now, (its,))))
        out.append(layer(mine))
        stdp()
        if delay:
            layer.updater.delay = torch.full_like(before["delay"], 0.2)  # some reach the longest, and stay there
        layer.update()
    torch.stack(out).sum().backward()
    torch.stack(expected).sum().backward()
    assert torch.equal(torch.stack(out), torch.stack(expected))
    assert torch.stack(out).any()
    torch.testing.assert_close(inputs.grad, given.grad)
    for name in names:
        learned = getattr(layer.connection, name)
        assert (learned - before[name]).abs().max() > 0.01
        assert learned.grad.any()
        torch.testing.assert_close(learned.grad, lent[name].grad)
    if delay:
        here = live(layer.connection)
        torch.testing.assert_close(layer.connection.delay[here], (before["delay"] + 12 * 0.2).clamp(max=DELAY)[here])


def test_what_a_rule_does_is_the_same_with_and_without_a_gradient():
    changes = []
    for learns in (True, False):
        layer, spikes = both(CONNECTIONS["dense"])
        layer.connection.weight.requires_grad_(learns)
        layer.connection.delay.requires_grad_(learns)
        stdp = snn.STDP(0.05, -0.02, 20.0, 20.0)
        stdp.register_cell("only", layer.cell)
        before = layer.connection.weight.detach().clone()
        with torch.set_grad_enabled(learns):
            snn.run(layer, spikes, trainers=[stdp])
        changes.append(layer.connection.weight.detach() - before)
    assert changes[0].any()
    assert torch.equal(*changes)


def test_delays_learn_by_a_rule_and_by_gradient_at_once():
    layers = [both(CONNECTIONS["dense"])[0] for _ in range(3)]
    layer, lender, ungraded = layers
    spikes = both(CONNECTIONS["dense"])[1]
    ungraded.connection.delay.requires_grad_(False)
    before = layer.connection.delay.detach().clone()
    lent, rules, out, expected = before.clone().requires_grad_(), [], [], []
    for each in (layer, ungraded):
        rules.append(snn.DelayAdjustedSTDPD(-0.05, 0.03, 10.0, 10.0))
        rules[-1].register_cell("only", each.cell)
    for arriving in spikes:
        now = {"delay_": lent + (layer.connection.delay - before).detach()}  # what the rule did so far, as a constant
        expected.append(lender.neuron(torch.func.functional_call(lender.connection, now, (arriving,))))
        out.append(layer(arriving))
        ungraded(arriving)
        for each, rule in zip((layer, ungraded), rules, strict=True):
            rule()
            each.update()
    torch.stack(out).sum().backward()
    torch.stack(expected).sum().backward()
    by_rule = layer.connection.delay.detach().clone()
    assert (by_rule - before).abs().max() > 0.05
    assert torch.equal(by_rule, ungraded.connection.delay)
    assert lent.grad.any()
    torch.testing.assert_close(layer.connection.delay.grad, lent.grad)
    torch.optim.SGD([layer.connection.delay], lr=0.1).step()
    torch.testing.assert_close(layer.connection.delay.detach(), (by_rule - 0.1 * lent.grad).clamp(0, DELAY))


def test_without_an_updater_a_change_in_place_before_the_backward_pass_is_torchs_own_error():
    connection = connect(CONNECTIONS["dense"], linear(), delay=None)
    connection.weight.requires_grad_()
    out = connection(torch.ones(connection.batched_inshape, dtype=torch.float64, requires_grad=True))
    with torch.no_grad():
        connection.weight.mul_(2.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        out.sum().backward()


# ------------------------------------------------------------------------------------------------------------------------------- size


@pytest.mark.parametrize("synapse", ["delta plus", "exponential"])
def test_a_training_step_with_delays_makes_nothing_of_batch_x_inputs_x_outputs(synapse):
    batch, inputs, outputs = 32, 50, 40
    connection = snn.LinearDense(
        inputs, outputs, 1.0, synapse=linear(synapse), delay=5.0, batch_size=batch, delay_init=lambda w: draw(w.shape, 0, 5, 1).float()
    )
    connection.weight.requires_grad_()
    connection.delay.requires_grad_()
    cells = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -60.0, "refrac_t": 0.0, "time_constant": 10.0}
    layer = snn.Serial(connection, snn.LIF(outputs, 1.0, **cells, batch_size=batch, surrogate="fast_sigmoid"))
    optimiser = torch.optim.Adam([connection.weight, connection.delay], lr=0.1)
    with Largest() as seen:
        for _ in range(2):
            layer.clear()
            total = sum(layer(draw((batch, inputs), 0, 1, step).float().requires_grad_()).sum() for step in range(4))
            optimiser.zero_grad()
            total.backward()
            optimiser.step()
    assert connection.delay.grad.any()
    # The largest that may be: a history, 6·50·32 = 9,600 numbers, against 32·50·40 = 64,000. Built in place it had every slot twice.
    assert seen.elements <= 6 * inputs * batch
