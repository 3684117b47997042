"""A current-based synapse in one method: what it gives a subclass, against closed forms and a synapse of the library."""

import inspect

import pytest
import torch

import snnlab as snn
from snnlab.contract import check

TRAIN = torch.rand(30, 2, 3, generator=torch.Generator().manual_seed(0)) < 0.3


class Decaying(snn.CurrentSynapse):
    """The exponential synapse, written as a reader would."""

    def __init__(self, shape, step_time, *, charge, tau, **group):
        super().__init__(shape, step_time, **group)
        self.charge, self.tau = charge, tau

    def release(self, spikes):
        return snn.synapses.exponential.exponential_step(
            self.current, spikes, step_time=self.dt, time_constant=self.tau, spike_charge=self.charge
        )


def decaying(**group):
    return Decaying(3, 1.0, charge=10.0, tau=5.0, **group)


def test_it_gives_what_the_synapse_of_the_library_gives_with_and_without_delays():
    settings = {"spike_charge": 10.0, "time_constant": 5.0, "interp_mode": "linear"}
    ours, theirs = decaying(delay=4.0, batch_size=2), snn.SingleExponentialCurrent(3, 1.0, delay=4.0, batch_size=2, **settings)
    for spikes in TRAIN:
        assert torch.equal(ours(spikes), theirs(spikes))
    selector = torch.linspace(0, 4, 13).expand(1, 3, -1)
    assert torch.equal(ours.current_at(selector), theirs.current_at(selector))
    assert torch.equal(ours.spike_at(selector), theirs.spike_at(selector))
    assert torch.equal(ours.current, theirs.current)
    assert torch.equal(ours.spike, TRAIN[-1])
    assert torch.equal(ours.arrived, theirs.arrived)


def test_a_connection_with_delays_takes_it():
    makers = [
        Decaying.partialconstructor(charge=10.0, tau=5.0),
        snn.SingleExponentialCurrent.partialconstructor(10.0, 5.0, interp_mode="linear"),
    ]
    late = {"delay": 4.0, "delay_init": lambda like: torch.linspace(0, 4, like.numel()).reshape(like.shape)}
    ours, theirs = (snn.LinearDense(3, 2, 1.0, synapse=synapse, batch_size=2, weight_init=torch.ones_like, **late) for synapse in makers)
    for spikes in TRAIN:
        torch.testing.assert_close(ours(spikes), theirs(spikes))


def test_between_two_steps_the_current_lies_on_the_line_and_the_spike_is_the_older():
    synapse = decaying(delay=2.0)
    synapse(torch.tensor([[True, False, False]]))
    synapse(torch.tensor([[False, True, False]]))
    older, newer = 2.0, 2.0 * torch.exp(torch.tensor(-0.2)).item()
    assert synapse.current_at(torch.full((1, 3), 0.25))[0, 0].item() == pytest.approx(0.25 * older + 0.75 * newer)
    assert synapse.spike_at(torch.full((1, 3), 0.25)).tolist() == [[True, False, False]]


def test_it_keeps_the_contract():
    assert check(lambda batch: decaying(delay=3.0, batch_size=batch), size=3).model == "Decaying"


def test_a_graded_input_reaches_the_method_as_it_is_and_counts_as_a_spike():
    synapse = decaying()
    assert synapse(torch.tensor([[0.5, 0.0, -1.0]])).tolist() == [[1.0, 0.0, -2.0]]
    assert synapse.spike.tolist() == [[True, False, True]]


def test_the_current_can_be_set():
    synapse = decaying()
    synapse.current = torch.tensor([[1.0, 2.0, 3.0]])
    assert synapse.current.tolist() == [[1.0, 2.0, 3.0]]
    with pytest.raises(ValueError, match=r"current must be of shape \(1, 3\)"):
        synapse.current = torch.zeros(2)


def test_gradients_flow_through_a_history_that_is_not_written_in_place():
    synapse = decaying(inplace=False)
    spikes = torch.ones(1, 3, requires_grad=True)
    synapse(spikes)
    synapse(torch.zeros(1, 3)).sum().backward()
    torch.testing.assert_close(spikes.grad, 2.0 * torch.exp(torch.full((1, 3), -0.2)))


@pytest.mark.parametrize(
    ("returned", "error", "words"),
    [
        (torch.zeros(1, 2), ValueError, r"what Wrong.release returns must be of shape \(1, 3\) \(B x \*shape\), but is of shape \(1, 2\)"),
        (None, TypeError, r"what Wrong.release returns must be a torch.Tensor, but is None"),
    ],
)
def test_a_method_that_returns_something_else_is_told_so_and_nothing_is_remembered(returned, error, words):
    class Wrong(snn.CurrentSynapse):
        def release(self, spikes):
            return returned

    synapse = Wrong(3, 1.0, delay=1.0)
    with pytest.raises(error, match=words):
        synapse(torch.ones(1, 3))
    assert not synapse.spike.any()


def test_settings_that_do_not_fit_are_refused_before_a_connection_is_built():
    class Exact(snn.CurrentSynapse):
        def __init__(self, shape, step_time, *, charge, delay=0.0, batch_size=1):
            super().__init__(shape, step_time, delay=delay, batch_size=batch_size)

    with pytest.raises(TypeError, match=r"Exact.partialconstructor takes what Exact is built with, by name: missing .*'charge'"):
        Exact.partialconstructor()
    with pytest.raises(TypeError, match="unexpected keyword argument 'tau'"):
        Exact.partialconstructor(charge=1.0, tau=2.0)


def test_without_its_one_method_it_is_no_synapse_yet():
    assert inspect.isabstract(snn.CurrentSynapse)
    with pytest.raises(TypeError, match="release"):
        snn.CurrentSynapse(3, 1.0)
