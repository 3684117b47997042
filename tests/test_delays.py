"""What a delay means, on every connection: between two steps, on a step, at 0.0, and where there is none."""

import math

import pytest
import torch

import snnlab as snn

CHARGE, TAU, LONGEST, BATCH = 3.0, 4.0, 5.0, 2
DECAY = {"spike_charge": CHARGE, "time_constant": TAU}
PLAIN = {
    "dense": lambda step_time, **more: snn.LinearDense(3, 2, step_time, **more),
    "direct": lambda step_time, **more: snn.LinearDirect(3, step_time, **more),
    "lateral": lambda step_time, **more: snn.LinearLateral(3, step_time, **more),
    "conv": lambda step_time, **more: snn.Conv2D(3, 4, 2, 2, step_time, (2, 3), **more),
}
TRACED = {
    "traced linear": lambda step_time, delay: snn.traced.Linear(3, 2, BATCH, step_time, delay),
    "traced conv": lambda step_time, delay: snn.traced.Conv2d(2, 2, (2, 3), (3, 4), BATCH, step_time, delay),
}
FAN = {"dense": 3, "direct": 1, "lateral": 2, "conv": 2 * 2 * 3, "traced linear": 3, "traced conv": 2 * 2 * 3}
every_plain = pytest.mark.parametrize("kind", PLAIN)
every_kind = pytest.mark.parametrize("kind", FAN)


def decaying(kind, step_time, delay, synapse="expdecay", inplace=True):
    """A connection of weights 1 whose currents decay, with one delay everywhere, in double precision."""
    how = DECAY | {"inplace": inplace, "interp_mode": synapse}
    if kind in PLAIN:
        made = snn.SingleExponentialCurrent.partialconstructor(**how)
        connection = PLAIN[kind](step_time, synapse=made, delay=LONGEST * step_time, batch_size=BATCH)
    else:
        connection = TRACED[kind](step_time, LONGEST * step_time)
        remembers = {"delay": LONGEST * step_time, "batch_size": BATCH}
        connection.synapse = snn.SingleExponentialCurrent(connection.synapse.shape, step_time, **how, **remembers)
    connection.to(torch.float64)
    connection.weight = torch.ones_like(connection.weight)
    connection.delay = torch.full_like(connection.delay, delay)
    return connection


def after_one_spike(connection, kind, steps=9, fast=False):
    """Currents of every step, of one spike of every cell at the first."""
    seen = []
    for step in range(steps):
        spikes = torch.full(connection.batched_inshape, step == 0)
        if kind in PLAIN:
            seen.append(connection(spikes))
        else:
            seen.append(connection.total(spikes) if fast else connection(spikes, spikes.double())[0].sum(-1))
    return torch.stack(seen)


def closed_form(kind, delay, step_time, steps=9):
    """Q/τ·exp(−(t − d)/τ) from the moment t = d on, of as many synapses as one neuron has."""
    since = [step * step_time - delay for step in range(steps)]
    return [FAN[kind] * CHARGE / TAU * math.exp(-t / TAU) if t > -1e-9 else 0.0 for t in since]


# ----------------------------------------------------------------------------------------------------------------- between two steps


@pytest.mark.filterwarnings("ignore:A gradient is wanted for delay")
@every_kind
@pytest.mark.parametrize("step_time", [1.0, 0.1])
@pytest.mark.parametrize("wanted", [False, True], ids=["no gradient", "a gradient"])
def test_three_and_a_half_steps_are_neither_three_nor_four_for_a_current_that_decays(kind, step_time, wanted):
    found = {}
    for steps in (3.0, 3.5, 4.0):
        connection = decaying(kind, step_time, steps * step_time, inplace=not wanted)
        connection.delay.requires_grad_(wanted)
        found[steps] = after_one_spike(connection, kind).detach()
        for values, expected in zip(found[steps], closed_form(kind, steps * step_time, step_time), strict=True):
            torch.testing.assert_close(values, torch.full_like(values, expected), rtol=1e-6, atol=1e-12)
    assert all((found[3.5][4:] < found[4.0][4:]).flatten())  # half a step older
    assert all((found[3.5][4:] > found[3.0][4:]).flatten())  # half a step younger
    assert found[3.0][3].all()
    assert not found[3.5][3].any()  # the spike is not there yet


@every_kind
def test_rules_see_three_and_a_half_ms_too(kind):
    connection = decaying(kind, 1.0, 3.5)
    after_one_spike(connection, kind, steps=6)
    expected = closed_form(kind, 3.5, 1.0)[5] / FAN[kind]
    seen = connection.syncurrent
    synapses = seen[(connection.selector == 3.5).expand_as(seen)]  # not those from a neuron to itself, or from where no tap is
    assert len(synapses) >= BATCH * connection.delay.count_nonzero()
    torch.testing.assert_close(synapses, torch.full_like(synapses, expected))


@pytest.mark.parametrize("kind", TRACED)
def test_the_fast_sum_of_a_traced_connection_sees_three_and_a_half_ms_too(kind):
    found = after_one_spike(decaying(kind, 1.0, 3.5), kind, fast=True)
    for values, expected in zip(found, closed_form(kind, 3.5, 1.0), strict=True):
        torch.testing.assert_close(values, torch.full_like(values, expected))


@every_kind
def test_along_the_line_three_and_a_half_ms_is_the_mean_of_three_and_four(kind):
    found = {delay: after_one_spike(decaying(kind, 1.0, delay, "linear"), kind) for delay in (3.0, 3.5, 4.0)}
    torch.testing.assert_close(found[3.5], (found[3.0] + found[4.0]) / 2)
    assert not torch.equal(found[3.0], found[4.0])


# ----------------------------------------------------------------------------------------------------------------------- on a step

FAR = 43  # of 0.1, 0.3 and 0.7 ms, a little more in single precision than in double


def fanned_out(kind, step_time):
    """Delays of 0 to 43 steps, one an output, as single precision has them; no tolerance at all."""
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=CHARGE, interp_tol=0.0)
    arguments = {"synapse": synapse, "delay": FAR * step_time, "weight_init": torch.ones_like}
    connection = {
        "dense": lambda: snn.LinearDense(1, FAR + 1, step_time, **arguments),
        "direct": lambda: snn.LinearDirect(FAR + 1, step_time, **arguments),
        "lateral": lambda: snn.LinearLateral(FAR + 1, step_time, **arguments),
        "conv": lambda: snn.Conv2D(1, 1, 1, FAR + 1, step_time, 1, **arguments),
    }[kind]()
    times = torch.arange(FAR + 1, dtype=torch.float32) * step_time
    connection.delay = times.view(-1, *[1] * (connection.weight.dim() - 1)).expand_as(connection.weight)
    return connection


@every_plain
@pytest.mark.parametrize("step_time", [0.1, 0.3, 0.7])
def test_with_no_tolerance_a_whole_step_is_still_that_step_and_the_longest_still_arrives(kind, step_time):
    connection = fanned_out(kind, step_time)
    arrived, heard = [], []
    for step in range(FAR + 3):
        arrived.append(connection(torch.full(connection.batched_inshape, step == 0)).flatten() != 0)
        spikes = connection.presyn_receptive(connection.synspike).view(connection.weight.shape)
        heard.append((spikes & (connection.weight != 0)).view(FAR + 1, -1).any(1))  # weights are 1, and 0 from a neuron to itself
    expected = torch.eye(FAR + 3, FAR + 1, dtype=torch.bool)
    assert torch.equal(torch.stack(arrived), expected)
    assert torch.equal(torch.stack(heard), expected)


# -------------------------------------------------------------------------------------------------------------------------- none and 0


def pulses(kind, **more):
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=CHARGE)
    return PLAIN[kind](1.0, synapse=synapse, batch_size=BATCH, weight_init=torch.ones_like, **more)


@every_plain
def test_no_delay_means_no_delay_parameter(kind):
    connection = pulses(kind, delay=None)
    assert (connection.delay, connection.delayedby, connection.selector) == (None, None, None)
    assert connection.synapse.delay == 0.0
    assert connection.defaultupdater().names == ("weight",)
    with pytest.raises(RuntimeError, match=r"delay cannot be set: this \w+ has none\. Build it with delay="):
        connection.delay = torch.zeros_like(connection.weight)


@every_plain
def test_a_delay_of_0_is_a_parameter_that_nothing_reads(kind):
    connection, without = pulses(kind, delay=0.0), pulses(kind, delay=None)
    assert connection.delayedby == 0.0
    assert connection.delayedby is not None
    assert connection.delay.shape == connection.weight.shape
    assert not connection.delay.any()
    assert connection.selector is not None
    assert connection.selector.dim() == len(connection.synapse.batchedshape) + 1
    assert connection.defaultupdater().names == ("weight", "delay")
    with pytest.raises(ValueError, match="delay must lie between 0 and 0 ms"):
        connection.delay = torch.ones_like(connection.delay)
    for step in range(6):
        if step == 3:
            with torch.no_grad():
                connection.delay.fill_(7.0)  # as an optimiser would
        spikes = torch.rand(connection.batched_inshape, generator=torch.Generator().manual_seed(step)) < 0.5
        assert torch.equal(connection(spikes), without(spikes))
        assert torch.equal(connection.syncurrent, without.syncurrent)
        assert torch.equal(connection.synspike, without.synspike)


@every_plain
def test_a_delay_of_0_loses_no_gradient(kind):
    connection = pulses(kind, delay=0.0)
    connection.weight.requires_grad_()
    connection(torch.ones(connection.batched_inshape)).sum().backward()
    assert connection.weight.grad.any()
