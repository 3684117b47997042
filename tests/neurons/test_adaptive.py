"""ALIF's threshold by hand: its rise, its fall, who shares it, and when it moves."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

import snnlab as snn
from snnlab.neurons.adaptation import adapt_threshold
from snnlab.neurons.adaptive import ThresholdAdaptiveNeuron

SETTINGS = {
    "rest_v": -65.0,
    "reset_v": -65.0,
    "thresh_eq_v": -50.0,
    "refrac_t": 2.0,
    "tc_membrane": 10.0,
    "tc_adaptation": 100.0,
    "spike_increment": 5.0,
}
STRONG = 1e6


def alif(shape=1, step_time=1.0, **changes):
    return snn.ALIF(shape, step_time, **(SETTINGS | changes))


def drive(neuron, steps, current=STRONG, **kwargs):
    return [neuron(torch.full(neuron.batchedshape, current), **kwargs).float().mean().item() for _ in range(steps)]


def test_the_threshold_rises_at_a_spike_holds_while_refractory_and_then_falls():
    # refrac 3 ms: the spike at step 0 adds 5; steps 1 and 2 are refractory and hold; from step 3 on it falls by exp(−1/100) a step.
    neuron = alif(refrac_t=3.0)
    drive(neuron, 1)
    seen = [neuron.threshold.item()]
    for _ in range(5):
        drive(neuron, 1, current=0.0)
        seen.append(neuron.threshold.item())
    fall = [math.exp(-k / 100.0) for k in (0, 0, 0, 1, 2, 3)]
    assert seen == pytest.approx([-50.0 + 5.0 * f for f in fall], rel=1e-6)


def test_without_a_refractory_time_a_spike_falls_and_rises_in_one_step():
    # θ[t] = θ[t−1]·e + 5 with e = exp(−1/100), spiking at every step.
    neuron, e = alif(refrac_t=0.0), math.exp(-0.01)
    assert drive(neuron, 3) == [1.0, 1.0, 1.0]
    assert neuron.threshold_adaptation.item() == pytest.approx(5.0 * (1 + e + e * e), rel=1e-6)


def test_without_the_lock_the_adaptation_falls_while_refractory_too():
    neuron, e = alif(refrac_t=3.0), math.exp(-0.01)
    drive(neuron, 3, refrac_lock=False)
    assert neuron.threshold_adaptation.item() == pytest.approx(5.0 * e * e, rel=1e-6)


def test_the_spike_that_is_decided_uses_the_threshold_before_it_rises():
    # A voltage of −65 + 10·1.8·(1 − exp(−1/10)) = −63.29 is above a threshold of −63.5 and would be below −63.5 + 5.
    neuron = alif(thresh_eq_v=-63.5, resistance=10.0)
    assert drive(neuron, 1, current=1.8) == [1.0]
    # Step 1 is refractory. At step 5, V = −65 + 18·(1 − exp(−0.4)) = −59.07 and ϑ = −63.5 + 5·exp(−0.03) = −58.65: not yet.
    # At step 6, V = −65 + 18·(1 − exp(−0.5)) = −57.92 and ϑ = −63.5 + 5·exp(−0.04) = −58.70.
    assert drive(neuron, 6, current=1.8) == [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]


def test_several_adaptations_add_up_each_with_its_own_time():
    neuron = alif(tc_adaptation=(10.0, 1000.0), spike_increment=(4.0, 1.0), refrac_t=1.0)
    drive(neuron, 1)
    drive(neuron, 2, current=0.0)
    # refrac 1 ms: the step after the spike is free and falls already.
    expected = [4.0 * math.exp(-0.2), math.exp(-0.002)]
    assert neuron.threshold_adaptation.tolist() == [pytest.approx(expected, rel=1e-6)]
    assert neuron.threshold.item() == pytest.approx(-50.0 + sum(expected), rel=1e-6)


def test_one_decay_may_serve_several_adaptations_of_a_neuron_of_ones_own():
    class Falling(ThresholdAdaptiveNeuron):
        decays = (0.5,)

        def fire(self, inputs, refrac_lock):
            return inputs > 0, self.voltage_, self.refrac_

    shared = {"rest_v": 0.0, "thresh_eq_v": 1.0, "refrac_t": 0.0, "tc_membrane": 10.0, "resistance": 1.0}
    neuron = Falling(2, 1.0, spike_increment=(1.0, 2.0, 4.0), adaptations=3, batch_size=1, **shared)
    for _ in range(2):
        neuron(torch.tensor([[1.0, 0.0]]))
    assert neuron.threshold_adaptation.tolist() == [[1.5, 3.0, 6.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize(
    ("taus", "increments", "all_taus", "all_increments"),
    [
        ((10.0, 20.0, 30.0), 1.0, (10.0, 20.0, 30.0), (1.0, 1.0, 1.0)),
        (10.0, (1.0, 2.0), (10.0, 10.0), (1.0, 2.0)),
        ((10.0, 20.0), (1.0, 2.0, 3.0), (10.0, 20.0, 20.0), (1.0, 2.0, 3.0)),
        ([10.0, 20.0], torch.tensor([1.0, 2.0]), (10.0, 20.0), (1.0, 2.0)),
        (10.0, 1.0, (10.0,), (1.0,)),
    ],
)
def test_a_shorter_tuple_is_extended_with_its_last_entry(taus, increments, all_taus, all_increments):
    neuron = alif(2, tc_adaptation=taus, spike_increment=increments)
    assert neuron.tc_adaptation == all_taus
    assert neuron.spike_increment == all_increments
    assert neuron.threshold_adaptation.shape == (2, len(all_taus))
    drive(neuron, 2)


def test_the_batch_shares_one_threshold_the_mean_of_its_samples():
    # Of four samples one spikes: 5/4. Then nobody does and each falls, refractory or not, to its own value: mean of one held, three fallen.
    neuron = alif(batch_size=4)
    neuron(torch.tensor([[STRONG], [0.0], [0.0], [0.0]]))
    assert neuron.threshold_adaptation.tolist() == [[pytest.approx(1.25)]]
    neuron(torch.zeros(4, 1))
    assert neuron.threshold_adaptation.item() == pytest.approx(1.25 * (1 + 3 * math.exp(-0.01)) / 4, rel=1e-6)


@pytest.mark.parametrize(("reduction", "expected"), [(torch.sum, 5.0), (torch.amax, 5.0), (torch.amin, 0.0), (None, 2.5)])
def test_the_batch_reduction_is_the_users(reduction, expected):
    neuron = alif(batch_size=2, batch_reduction=reduction)
    neuron(torch.tensor([[STRONG], [0.0]]))
    assert neuron.threshold_adaptation.item() == expected


@pytest.mark.parametrize(
    ("training", "adapt", "moves"),
    [(True, None, True), (False, None, False), (True, False, False), (False, True, True), (True, True, True)],
)
def test_the_threshold_moves_in_training_or_where_it_is_asked_to(training, adapt, moves):
    neuron = alif().train(training)
    assert drive(neuron, 1, adapt=adapt) == [1.0]
    assert neuron.threshold_adaptation.any() == moves


def test_clear_keeps_what_was_learned_unless_told_otherwise():
    neuron = alif()
    drive(neuron, 1)
    neuron.clear()
    assert neuron.threshold_adaptation.item() == 5.0
    assert neuron.voltage.item() == -65.0
    assert not neuron.refrac.any()
    neuron.batchsz = 3
    assert neuron.threshold_adaptation.item() == 5.0
    neuron.clear(keep_adaptations=False)
    assert neuron.threshold_adaptation.item() == 0.0


def test_each_neuron_of_a_shape_adapts_alone():
    neuron = alif((2, 2))
    neuron(torch.tensor([[[STRONG, 0.0], [0.0, STRONG]]]))
    assert neuron.threshold.tolist() == [[-45.0, -50.0], [-50.0, -45.0]]


def test_an_adaptation_that_is_set_with_a_batch_in_front_is_reduced():
    neuron = alif(2)
    neuron.threshold_adaptation = torch.tensor([[1.0], [2.0]])
    assert neuron.threshold_adaptation.tolist() == [[1.0], [2.0]]
    neuron.threshold_adaptation = torch.tensor([[[1.0], [2.0]], [[3.0], [6.0]]])
    assert neuron.threshold_adaptation.tolist() == [[2.0], [4.0]]


def test_what_is_read_is_a_copy():
    neuron = alif()
    neuron.threshold_adaptation.fill_(9.0)
    neuron.threshold.fill_(9.0)
    assert neuron.threshold.item() == -50.0


def test_adapting_sees_no_gradient():
    neuron = alif()
    neuron(torch.full((1, 1), STRONG, requires_grad=True))
    assert not neuron.threshold_adaptation.requires_grad


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"reset_v": -50.0}, ValueError, r"reset_v must be below thresh_eq_v \(-50.0 mV\)"),
        ({"tc_membrane": 0.0}, ValueError, "tc_membrane must be above 0 ms"),
        ({"tc_adaptation": -1.0}, ValueError, "tc_adaptation must be above 0 ms, but is -1.0 ms"),
        ({"tc_adaptation": ()}, ValueError, "tc_adaptation must hold 1 to 1 values in ms"),
        ({"tc_adaptation": "slow"}, TypeError, "tc_adaptation must be a number in ms"),
        ({"spike_increment": math.inf}, ValueError, "spike_increment must be a finite number, but is inf mV"),
        ({"resistance": 0.0}, ValueError, "resistance must be other than 0 MΩ"),
        ({"batch_reduction": "mean"}, TypeError, r"batch_reduction must be a function f\(tensor, dim\) or None, but is 'mean'"),
    ],
)
def test_a_setting_is_checked_when_built_and_when_set_and_rolled_back(changes, error, words):
    with pytest.raises(error, match=words):
        alif(**changes)
    neuron = alif()
    ((name, value),) = changes.items()
    before = {key: getattr(neuron, key) for key in (*SETTINGS, "resistance", "batch_reduction")}
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    assert {key: getattr(neuron, key) for key in before} == before


def test_more_values_than_adaptations_are_refused_and_not_cut():
    neuron = alif(tc_adaptation=(10.0, 20.0))
    with pytest.raises(ValueError, match="tc_adaptation must hold 1 to 2 values in ms, one an adaptation, but holds 3"):
        neuron.tc_adaptation = (1.0, 2.0, 3.0)
    assert neuron.tc_adaptation == (10.0, 20.0)
    neuron.tc_adaptation = 5.0
    assert neuron.tc_adaptation == (5.0, 5.0)


@pytest.mark.parametrize(
    ("value", "words"),
    [(torch.zeros(3), "of shape"), (torch.zeros(4, 3, 1), "of shape"), (torch.tensor([[math.nan], [0.0]]), "finite")],
)
def test_an_adaptation_that_is_refused_leaves_the_present_one(value, words):
    neuron = alif(2)
    drive(neuron, 1)
    with pytest.raises(ValueError, match=f"threshold_adaptation must be {words}"):
        neuron.threshold_adaptation = value
    assert neuron.threshold_adaptation.tolist() == [[5.0], [5.0]]


def test_voltages_thresholds_and_spikes_follow_an_adaptive_integrator():
    # The integrator sees the leaky membrane and the falling threshold alone, one step at a time.
    dt, currents = 0.5, 17.0 + 8.0 * np.sin(np.arange(300) * 0.5 / 15.0)
    neuron = alif(step_time=dt, refrac_t=2.0).to(torch.float64)
    voltage, theta, free_from, spikes = -65.0, 0.0, 0, 0
    for step, current in enumerate(currents):
        spiked, expected = neuron(torch.tensor([[current]])).item(), False
        if step >= free_from:
            slopes = lambda _, s, i=current: [(-65.0 - s[0] + i) / 10.0, -s[1] / 100.0]  # noqa: E731
            voltage, fallen = solve_ivp(slopes, (0, dt), [voltage, theta], rtol=1e-10, atol=1e-12).y[:, -1]
            expected = voltage >= -50.0 + theta
            theta = theta if expected else fallen  # who has just spiked is refractory already
        if expected:
            voltage, theta, free_from, spikes = -65.0, theta + 5.0, step + round(2.0 / dt), spikes + 1
        assert spiked == expected
        assert neuron.voltage.item() == pytest.approx(voltage, rel=1e-5)
        assert neuron.threshold.item() == pytest.approx(-50.0 + theta, rel=1e-5)
    assert spikes > 2


def test_a_rest_above_the_threshold_makes_a_neuron_that_fires_by_itself():
    assert sum(drive(alif(rest_v=-40.0, spike_increment=0.0), 100, current=0.0)) > 5


def test_its_settings_may_be_set_together():
    neuron = alif(tc_adaptation=(10.0, 20.0))
    neuron.configure(reset_v=-55.0, thresh_eq_v=-52.0, tc_adaptation=30.0, spike_increment=(1.0, 2.0))
    assert (neuron.reset_v, neuron.tc_adaptation, neuron.spike_increment) == (-55.0, (30.0, 30.0), (1.0, 2.0))
    with pytest.raises(ValueError, match="tc_adaptation must be above 0 ms"):
        neuron.configure(reset_v=-60.0, tc_adaptation=(1.0, -1.0))
    assert neuron.reset_v == -55.0


def test_with_no_increment_it_is_a_lif():
    plain = {"rest_v": -65.0, "reset_v": -65.0, "refrac_t": 2.0, "resistance": 3.0}
    lif = snn.LIF(3, 0.5, thresh_v=-50.0, time_constant=10.0, **plain)
    flat = snn.ALIF(3, 0.5, thresh_eq_v=-50.0, tc_membrane=10.0, tc_adaptation=50.0, spike_increment=0.0, **plain)
    for current in torch.rand(200, 1, 3, generator=torch.Generator().manual_seed(1)) * 20:
        assert torch.equal(lif(current), flat(current))


def test_the_pure_step_leaves_its_arguments_as_they_were():
    adaptation, yes = torch.ones(1, 1), torch.tensor([[True]])
    adapt_threshold(adaptation, yes, yes, decay=torch.tensor([0.5]), increment=torch.tensor([1.0]))
    assert adaptation.item() == 1.0
    assert yes.all()
