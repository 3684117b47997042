"""What is said of steps that are too long, and that no voltage turns into NaN unnoticed."""

import warnings

import pytest
import torch

import snnlab as snn

PARABOLA = {"rest_v": -65.0, "crit_v": -55.0, "affinity": 0.1, "reset_v": -65.0, "thresh_v": 0.0, "refrac_t": 0.0}
UPSWING = {"rest_v": -65.0, "rheobase_v": -50.0, "sharpness": 2.0, "reset_v": -65.0, "thresh_v": 0.0, "refrac_t": 0.0}
CURRENTS = {"voltage_coupling": 0.0, "spike_increment": 0.1}


# Around rest dt/τ·a·(V_crit − V_rest) = dt/τ for this parabola, and dt/τ for a leaky membrane: 2 is the edge.
TOO_LONG = {
    "QIF": lambda tau: snn.QIF(1, 1.0, **PARABOLA, time_constant=tau),
    "Izhikevich": lambda tau: snn.Izhikevich(1, 1.0, **PARABOLA, **CURRENTS, tc_membrane=tau, tc_adaptation=10.0),
    "EIF": lambda tau: snn.EIF(1, 1.0, **UPSWING, time_constant=tau),
    "AdEx": lambda tau: snn.AdEx(1, 1.0, **UPSWING, **CURRENTS, tc_membrane=tau, tc_adaptation=10.0),
    "AdEx's adaptation": lambda tau: snn.AdEx(1, 1.0, **UPSWING, **CURRENTS, tc_membrane=10.0, tc_adaptation=(10.0, tau)),
}


@pytest.mark.parametrize("build", TOO_LONG.values(), ids=TOO_LONG)
def test_a_step_that_does_not_settle_is_told_of_and_a_shorter_one_is_not(build):
    with pytest.warns(UserWarning, match=r"a step of 1 ms is too long for .* Choose a step_time below 0\.98 ms"):
        build(0.49)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(0.51)


@pytest.mark.parametrize("build", TOO_LONG.values(), ids=TOO_LONG)
def test_a_step_time_that_is_set_later_is_looked_at_too(build):
    neuron = build(5.0)
    with pytest.warns(UserWarning, match="a step of 10.5 ms is too long"):
        neuron.dt = 10.5


def test_a_step_from_far_below_rest_that_would_look_like_a_spike_is_told_of():
    # From −65 − X one step leads up by dt/τ·a·X·(X + 10) = X·(X + 10)/100: beyond −55 once X > 100.
    neuron = snn.QIF(1, 1.0, **PARABOLA, time_constant=10.0)
    neuron.voltage = torch.tensor([[-150.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron(torch.tensor([[-700.0]]))  # to −150 + 80.75 − 70
    with pytest.warns(UserWarning, match=r"QIF: a voltage is below -165 mV, from where an Euler step of 1 ms overshoots"):
        neuron(torch.tensor([[-2000.0]]))


def test_a_leaky_step_longer_than_the_time_constant_is_told_of_where_it_overshoots():
    # dt/τ = 1.5: from −65 − X to −65 + X/2, beyond −50 once X > 30.
    neuron = snn.EIF(1, 1.5, **UPSWING, time_constant=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron(torch.tensor([[-19.0]]))
    with pytest.warns(UserWarning, match=r"EIF: a voltage is below -95 mV"):
        neuron(torch.tensor([[-60.0]]))


@pytest.mark.parametrize(
    "build",
    [lambda: snn.QIF(2, 1.0, **PARABOLA, time_constant=10.0), lambda: snn.EIF(2, 1.0, **UPSWING, time_constant=10.0)],
)
def test_a_voltage_that_is_no_longer_finite_is_refused_and_the_state_stays(build):
    neuron = build()
    neuron.resistance = 1e6
    neuron(torch.ones(1, 2) * 1e-6)
    before = neuron.voltage
    with pytest.raises(ValueError, match=r"the voltage of (QIF|EIF) after a step must be finite .* in 1 of 2.* choose a shorter step_time"):
        neuron(torch.tensor([[0.0, -1e36]]))
    assert torch.equal(neuron.voltage, before)


def test_a_gradient_goes_through_the_check():
    neuron = snn.EIF(1, 1.0, **UPSWING, time_constant=10.0, resistance=2.0)
    inputs = torch.ones(1, 1, requires_grad=True)
    neuron(inputs)
    neuron.voltage.sum().backward()
    assert inputs.grad.item() == pytest.approx(2.0 * 1.0 / 10.0)
