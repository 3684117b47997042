"""Laws of a run: each is broken by a model that does wrong in one place, and says what was seen."""

import re

import pytest
import torch

from tests.contract.models import Leaky, Pulse, seen


class Noisy(Leaky):
    def integrate(self, inputs):
        return super().integrate(inputs) + 10 * torch.rand_like(inputs)


class Wasteful(Leaky):
    def forward(self, inputs):
        torch.rand(1)
        return super().forward(inputs)


class Deaf(Leaky):
    def forward(self, inputs):
        return self.spike


class Doubling(Leaky):
    def forward(self, inputs):
        return super().forward(self.check_inputs(inputs).mul_(2))


class Lending(Leaky):
    def forward(self, inputs):
        kept = self.spike_
        kept.copy_(super().forward(inputs))
        self.spike_ = kept
        return self.spike_


class Mixing(Leaky):
    def integrate(self, inputs):
        return super().integrate(inputs - 0.5 * inputs.mean(0, keepdim=True))


class Clockwork(Leaky):
    def forward(self, inputs):
        return super().forward(torch.full_like(inputs, 30.0))


class Hasty(Leaky):
    def integrate(self, inputs):
        return super().integrate(inputs) + (20.0 if self.training else 0.0)


class Forgetful(Pulse):
    def current_at(self, selector):
        return self.current.expand(selector.shape)


class Silent(Leaky):
    def forward(self, inputs):
        spikes = super().forward(inputs)
        self.spike_ = torch.zeros_like(spikes)
        return spikes


class Tireless(Leaky):
    def forward(self, inputs):
        self.refrac_ = torch.zeros_like(self.refrac_)
        return super().forward(inputs)


BROKEN = {
    "the_same_inputs_give_the_same_outputs": (Noisy, "second model that was built and fed alike is not the same: it differs in"),
    "a_lively_input_gets_an_answer": (Deaf, "every output was 0 in 25 steps"),
    "a_step_leaves_its_arguments_as_they_were": (Doubling, "the input after its step is not the same: it differs in 300 of 300 elements"),
    "what_a_step_returned_is_not_changed_by_the_next": (Lending, "what earlier steps have returned is not the same"),
    "samples_do_not_touch_each_other": (Mixing, "the output of a sample beside other samples is not the same"),
    "the_first_step_of_training_sees_no_adaptation": (Hasty, "the first output of training is not the same"),
    "a_delay_of_whole_steps_reads_what_was_then": (Forgetful, r"current_at\(1 ms\) is not the same"),
    "a_neuron_shows_the_spikes_that_it_gave": (Silent, "spike is not the same"),
    "a_refractory_neuron_does_not_spike": (Tireless, "a neuron spiked 2 ms after its last spike, but refrac_t is 3 ms"),
}


@pytest.mark.parametrize(("law", "kind", "words"), [(law, *each) for law, each in BROKEN.items()], ids=BROKEN)
def test_a_model_that_breaks_it_is_told_what_was_seen(law, kind, words):
    assert re.search(words, seen(law, kind))


def test_a_step_that_draws_numbers_without_need_is_noticed_too():
    assert "a step drew numbers from torch's own generator" in seen("the_same_inputs_give_the_same_outputs", Wasteful)


def test_outputs_that_depend_on_nothing_are_noticed_too():
    assert "the outputs do not depend on the inputs" in seen("samples_do_not_touch_each_other", Clockwork)


def test_a_voltage_that_is_no_number_is_noticed_too():
    assert "voltage must be finite in every element, but is NaN or infinite in" in seen("a_neuron_shows_the_spikes_that_it_gave", Burnt)


class Burnt(Leaky):
    def forward(self, inputs):
        spikes = super().forward(inputs)
        self.voltage_ = self.voltage_ / 0.0
        return spikes
