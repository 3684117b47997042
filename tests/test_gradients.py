"""Gradients reach weights, biases, delays and inputs through the history; written in place, they are refused."""

import warnings

import pytest
import torch

import snnlab as snn

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
    optimiser = torch.optim.Adam([connection.delay], lr=0.05)
    for _ in range(150):
        connection.clear()
        optimiser.zero_grad()
        (torch.stack([connection(each) for each in inputs]) - wanted).pow(2).mean().backward()
        optimiser.step()
        with torch.no_grad():
            connection.delay.clamp_(0, connection.delayedby)
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
