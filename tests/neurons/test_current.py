"""Adaptation currents, by AdEx and Izhikevich: when they move, whose they are, what they do to the rate."""

import math
from itertools import pairwise

import pytest
import torch

import snnlab as snn

SHARED = {"rest_v": -70.0, "reset_v": -68.0, "thresh_v": -20.0, "refrac_t": 2.0, "resistance": 10.0, "tc_membrane": 10.0} | {
    "tc_adaptation": 50.0,
    "voltage_coupling": 0.02,
    "spike_increment": 0.5,
}
STRONG = 1e4  # nA: a spike whenever the neuron may


def adex(shape=1, step_time=1.0, **changes):
    return snn.AdEx(shape, step_time, rheobase_v=-50.0, sharpness=2.0, **(SHARED | changes))


def izhikevich(shape=1, step_time=1.0, **changes):
    return snn.Izhikevich(shape, step_time, crit_v=-50.0, affinity=0.1, **(SHARED | changes))


class Held(snn.CurrentAdaptiveNeuron):
    """Its voltage is its input times its resistance, above rest: what drives the adaptation is known exactly."""

    def integrate(self, inputs):
        return inputs * self.resistance + self.rest_v


def held(shape=1, step_time=1.0, batch_size=1, **changes):
    settings = {name: value for name, value in SHARED.items() if name != "tc_membrane"}
    return Held(shape, step_time, batch_size=batch_size, **(settings | changes))


both = pytest.mark.parametrize("build", [adex, izhikevich], ids=["AdEx", "Izhikevich"])


def currents(neuron):
    return neuron.current_adaptation[..., 0].tolist()


# ----------------------------------------------------------------------------------------------------------------- by hand


def test_a_current_works_against_the_input():
    neuron = held(voltage_coupling=0.0)
    neuron.current_adaptation = torch.tensor([[[1.5]]])
    neuron(torch.tensor([[2.0]]))
    assert neuron.voltage.item() == pytest.approx(-70.0 + 10.0 * (2.0 - 1.5))


def test_it_moves_towards_what_the_new_voltage_drives():
    # V = −70 + 10·2 = −50 after the step; w = 0 + 1/50·(0.02·20 − 0).
    neuron = held()
    neuron(torch.tensor([[2.0]]))
    assert neuron.current_adaptation.item() == pytest.approx(0.02 * 20.0 / 50.0, rel=1e-6)


def test_a_spike_raises_it_and_while_refractory_it_stands_still():
    # refrac 3 ms: step 0 spikes, steps 1 and 2 hold, step 3 is free: from the reset, at −70 + 10·(0 − 0.5) = −75.
    neuron = held(refrac_t=3.0)
    neuron(torch.tensor([[STRONG]]))
    assert neuron.current_adaptation.item() == 0.5
    for _ in range(2):
        neuron(torch.zeros(1, 1))
        assert neuron.current_adaptation.item() == 0.5
    neuron(torch.zeros(1, 1))
    assert neuron.current_adaptation.item() == pytest.approx(0.5 + (0.02 * -5.0 - 0.5) / 50.0, rel=1e-6)


def test_without_a_refractory_time_a_spiking_neuron_moves_by_its_voltage_after_the_reset_and_rises():
    # The reset is 2 mV above rest: w = 1/50·(0.02·2) + 0.5, and not by the voltage that led to the spike.
    neuron = held(refrac_t=0.0)
    neuron(torch.tensor([[STRONG]]))
    assert neuron.current_adaptation.item() == pytest.approx(0.02 * 2.0 / 50.0 + 0.5, rel=1e-6)


def test_without_the_lock_it_moves_while_refractory_too():
    # Step 0: to the reset, 2 mV above rest, and a spike. Step 1: refractory, without current, so at rest.
    neuron = held(refrac_t=3.0)
    neuron(torch.tensor([[STRONG]]), refrac_lock=False)
    first = 0.02 * 2.0 / 50.0 + 0.5
    assert neuron.current_adaptation.item() == pytest.approx(first, rel=1e-6)
    neuron(torch.tensor([[STRONG]]), refrac_lock=False)
    assert neuron.voltage.item() == -70.0
    assert neuron.current_adaptation.item() == pytest.approx(first * (1 - 1 / 50.0), rel=1e-6)


def test_several_currents_add_up():
    neuron = held(tc_adaptation=(10.0, 100.0), spike_increment=(1.0, 0.25), voltage_coupling=0.0, refrac_t=1.0)
    neuron(torch.tensor([[STRONG]]))
    assert neuron.current_adaptation.tolist() == [[[1.0, 0.25]]]
    neuron(torch.tensor([[2.0]]))
    assert neuron.voltage.item() == pytest.approx(-70.0 + 10.0 * (2.0 - 1.25))
    assert neuron.current_adaptation.tolist() == [[pytest.approx([0.9, 0.2475])]]


# ---------------------------------------------------------------------------------------------------- when it moves, and whose it is


@both
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("adapt", "moves"), [(None, True), (True, True), (False, False)])
def test_it_moves_in_every_mode_unless_it_is_told_not_to(build, training, adapt, moves):
    neuron = build().train(training)
    assert neuron(torch.full((1, 1), STRONG), adapt=adapt).all()
    assert currents(neuron) == [[0.5 if moves else 0.0]]


@both
def test_a_current_that_stands_still_still_acts(build):
    free, weighed = build(), build()
    weighed.current_adaptation = torch.tensor([[[1.0]]])
    free(torch.tensor([[1.0]]), adapt=False)
    weighed(torch.tensor([[2.0]]), adapt=False)
    assert torch.equal(free.voltage, weighed.voltage)
    assert currents(weighed) == [[1.0]]


@both
def test_each_sample_has_its_own(build):
    neuron, alone = build(2, batch_size=3), build(2)
    inputs = torch.zeros(3, 2)
    inputs[1, 0] = STRONG
    neuron(inputs)
    assert neuron.current_adaptation.flatten().tolist() == pytest.approx([0.0, 0.0, 0.5, 0.0, 0.0, 0.0], abs=1e-6)
    for _ in range(5):
        neuron(torch.ones(3, 2))
        alone(torch.ones(1, 2))
    alone.clear()
    alone(inputs[1:2])
    for _ in range(5):
        alone(torch.ones(1, 2))
    torch.testing.assert_close(neuron.current_adaptation[1], alone.current_adaptation[0])
    assert neuron.batch_reduction is None


@both
def test_a_batch_reduction_makes_the_samples_share_what_it_says(build):
    neuron = build(1, batch_size=4, batch_reduction=torch.mean)
    neuron(torch.tensor([[STRONG], [0.0], [0.0], [0.0]]))
    assert currents(neuron) == [[0.125]] * 4
    neuron.batch_reduction = torch.amax
    neuron.clear()
    neuron(torch.tensor([[STRONG], [0.0], [0.0], [0.0]]))
    assert currents(neuron) == [[0.5]] * 4
    assert neuron.current_adaptation_.shape == (4, 1, 1)


def test_a_batch_reduction_that_is_none_is_refused_and_leaves_the_state():
    with pytest.raises(TypeError, match=r"batch_reduction must be a function f\(tensor, dim\) or None, but is 'mean'"):
        adex(batch_reduction="mean")
    neuron = adex(batch_size=2, batch_reduction=lambda tensor, dim: tensor)
    with pytest.raises(ValueError, match=r"the result of batch_reduction must be of shape \(1, 1\) \(\*shape x k\)"):
        neuron(torch.full((2, 1), STRONG))
    assert not neuron.spike.any()
    assert neuron.voltage.tolist() == [[-70.0]] * 2


@both
@pytest.mark.parametrize("keep", [True, False])
def test_clear_brings_it_to_nothing_as_it_does_every_state_of_a_run(build, keep):
    neuron = build()
    neuron(torch.full((1, 1), STRONG))
    neuron.clear(keep_adaptations=keep)
    assert currents(neuron) == [[0.0]]
    neuron(torch.full((1, 1), STRONG))
    neuron.batchsz = 2
    assert currents(neuron) == [[0.0], [0.0]]


def test_it_is_read_and_set_by_copies():
    neuron, mine = adex(2, tc_adaptation=(10.0, 20.0)), torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    neuron.current_adaptation = mine
    neuron.current_adaptation.fill_(9.0)
    mine.fill_(9.0)
    assert neuron.current_adaptation.tolist() == [[[1.0, 2.0], [3.0, 4.0]]]


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (torch.zeros(2, 1), ValueError, r"current_adaptation must be of shape \(1, 2, 1\) \(B x \*shape x k\)"),
        (torch.tensor([[[0.0], [math.nan]]]), ValueError, "current_adaptation must be finite in every element"),
        (0.0, TypeError, "current_adaptation must be a torch.Tensor"),
    ],
)
def test_one_that_is_refused_leaves_the_present_one(value, error, words):
    neuron = adex(2)
    neuron(torch.full((1, 2), STRONG))
    with pytest.raises(error, match=words):
        neuron.current_adaptation = value
    assert currents(neuron) == [[0.5, 0.5]]


def test_a_gradient_reaches_back_through_the_currents():
    # w moves by the voltage of the first step, and the voltage of the second by w: dV₂/dI₁ = −R·(dt/τ)·a·R.
    neuron, first = held(), torch.ones(1, 1, requires_grad=True)
    neuron(first)
    neuron(torch.ones(1, 1))
    neuron.voltage.sum().backward()
    assert first.grad.item() == pytest.approx(-10.0 * (1 / 50.0) * 0.02 * 10.0, rel=1e-5)


# ------------------------------------------------------------------------------------------------------------------------ settings


@both
@pytest.mark.parametrize(
    ("given", "taus", "couplings", "increments"),
    [
        (((10.0, 20.0), 0.1, 0.3), (10.0, 20.0), (0.1, 0.1), (0.3, 0.3)),
        ((10.0, (0.1, 0.2), 0.3), (10.0, 10.0), (0.1, 0.2), (0.3, 0.3)),
        ((10.0, 0.1, (0.3, 0.4, 0.5)), (10.0, 10.0, 10.0), (0.1, 0.1, 0.1), (0.3, 0.4, 0.5)),
        (((10.0, 20.0, 30.0), (0.1, 0.2), 0.3), (10.0, 20.0, 30.0), (0.1, 0.2, 0.2), (0.3, 0.3, 0.3)),
    ],
)
def test_a_shorter_tuple_is_extended_with_its_last_entry(build, given, taus, couplings, increments):
    neuron = build(2, tc_adaptation=given[0], voltage_coupling=given[1], spike_increment=given[2])
    assert (neuron.tc_adaptation, neuron.voltage_coupling, neuron.spike_increment) == (taus, couplings, increments)
    assert neuron.current_adaptation.shape == (1, 2, len(taus))
    neuron(torch.full((1, 2), STRONG))
    assert neuron.current_adaptation[0, 0].tolist() == pytest.approx(increments)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"tc_adaptation": 0.0}, ValueError, "tc_adaptation must be above 0 ms, but is 0.0 ms"),
        ({"tc_adaptation": (10.0, 20.0)}, ValueError, "tc_adaptation must hold 1 to 1 values in ms, one an adaptation, but holds 2"),
        ({"tc_adaptation": ()}, ValueError, "tc_adaptation must hold 1 to 1 values in ms"),
        ({"voltage_coupling": math.nan}, ValueError, "voltage_coupling must be a finite number, but is nan nA/mV"),
        ({"spike_increment": "much"}, TypeError, "spike_increment must be a number in nA, but is 'm'"),
        ({"tc_membrane": -1.0}, ValueError, "tc_membrane must be above 0 ms"),
    ],
)
def test_a_setting_that_is_refused_leaves_the_present_one(changes, error, words):
    neuron = adex()
    ((name, value),) = changes.items()
    before = getattr(neuron, name)
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    assert getattr(neuron, name) == before
    neuron(torch.zeros(1, 1))


# ----------------------------------------------------------------------------------------------------------- what it does to the rate


def intervals(neuron, current, steps):
    spikes = [step for step in range(steps) if neuron(torch.tensor([[current]]))]
    return [b - a for a, b in pairwise(spikes)]


@both
def test_intervals_grow_with_it_and_do_not_without(build):
    adapting = intervals(build(step_time=0.1, voltage_coupling=0.0), 6.0, 1200)
    assert adapting[0] < adapting[1] < adapting[2] <= adapting[-1]
    assert adapting[-1] > 1.3 * adapting[0]
    steady = intervals(build(step_time=0.1, voltage_coupling=0.0, spike_increment=0.0), 6.0, 1200)
    assert max(steady) - min(steady) <= 1


@both
def test_in_the_long_run_each_interval_loses_what_each_spike_brings(build):
    # With a = 0 and no refractory time, w just after a spike obeys w = w·exp(−T/τ) + b, so w = b/(1 − exp(−T/τ)).
    neuron, after, times = build(step_time=0.1, voltage_coupling=0.0, refrac_t=0.0, tc_adaptation=30.0).to(torch.float64), [], []
    for step in range(3000):
        if neuron(torch.full((1, 1), 6.0, dtype=torch.float64)):
            after.append(neuron.current_adaptation.item())
            times.append(0.1 * step)
    period = (times[-1] - times[-6]) / 5
    assert after[-1] == pytest.approx(0.5 / (1 - math.exp(-period / 30.0)), rel=0.01)
