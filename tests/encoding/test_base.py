"""What every encoder does before and after it draws: checks, blocks, shapes. The encoder here draws nothing by chance."""

import pytest
import torch

from snnlab.encoding import base


class Every(base.RateEncoder):
    """Spikes at every k-th step, k the inverse of the rate; counts the blocks that it is asked for."""

    def spike_blocks(self, rates, lengths):
        self.lengths = lengths
        start = 0
        for length in lengths:
            steps = torch.arange(start, start + length).unsqueeze(1)
            yield (steps % (1 / rates).round()) == 0
            start += length


def test_rates_are_spikes_a_step_and_frequency_is_that_of_an_input_of_one():
    # 250 Hz at 2 ms a step: half a spike a step, so every second; an input of ½: every fourth.
    spikes = Every(8, 2.0, 250.0)(torch.tensor([1.0, 0.5]))
    assert spikes[:, 0].tolist() == [True, False] * 4
    assert spikes[:, 1].tolist() == [True, False, False, False] * 2


def test_steps_come_first_and_the_shape_of_the_inputs_stays():
    assert Every(5, 1.0, 100.0)(torch.ones(2, 3, 4)).shape == (5, 2, 3, 4)
    assert Every(5, 1.0, 100.0)(torch.tensor(1.0)).shape == (5,)


def test_a_train_longer_than_a_block_is_drawn_in_blocks_that_make_it_whole(monkeypatch):
    monkeypatch.setattr(base, "_BLOCK_SIZE", 6)
    encoder = Every(8, 2.0, 250.0)
    spikes = encoder(torch.tensor([1.0, 0.5]))
    assert encoder.lengths == [3, 3, 2]
    assert spikes[:, 1].tolist() == [True, False, False, False] * 2


def test_online_hands_out_one_step_at_a_time():
    online = Every(4, 2.0, 250.0)(torch.tensor([1.0]), online=True)
    assert next(online).tolist() == [True]
    assert [step.tolist() for step in online] == [[False], [True], [False]]


def test_bad_inputs_are_refused_at_the_call_also_online():
    encoder = Every(4, 1.0, 100.0)
    with pytest.raises(ValueError, match="inputs must be 0 or above in every element, but is -1 in one"):
        encoder(torch.tensor([-1.0]), online=True)
    with pytest.raises(TypeError, match=r"inputs must be a torch\.Tensor"):
        encoder([1.0])


def test_duration_is_steps_times_step_time():
    assert Every(40, 0.5, 100.0).duration == 20.0


def test_an_encoder_that_draws_nothing_cannot_be_built():
    with pytest.raises(TypeError, match="abstract"):
        base.Encoder(4, 1.0)
    with pytest.raises(TypeError, match="abstract"):
        base.RateEncoder(4, 1.0, 100.0)


def test_an_encoder_of_ones_own_is_given_its_inputs_as_they_are():
    class Threshold(base.Encoder):
        """A spike at every step where an input is above the share of the train that has gone by."""

        def spike_blocks(self, values, lengths):
            for steps in torch.arange(sum(lengths)).split(lengths):
                yield steps[:, None] / self.steps < values

        def check_largest(self, largest):
            if largest > 1:
                raise ValueError("too large")

    encoder = Threshold(4, 0.5)
    assert (encoder.steps, encoder.dt, encoder.duration) == (4, 0.5, 2.0)
    assert encoder(torch.tensor([0.5, 0.0, 1.0])).sum(0).tolist() == [2, 0, 4]
    assert [each.tolist() for each in encoder(torch.tensor([0.5]), online=True)] == [[True], [True], [False], [False]]
    assert "steps=4, step_time=0.5 ms" in repr(encoder)
    for bad, words in ((-0.5, "inputs must be 0 or above"), (1.5, "too large"), (torch.nan, "inputs must be finite")):
        with pytest.raises(ValueError, match=words):
            encoder(torch.tensor([bad]), online=True)


def test_a_seed_in_the_place_of_a_generator_is_refused():
    with pytest.raises(TypeError, match=r"generator must be a torch\.Generator or None, but is 0 \(int\)"):
        Every(4, 1.0, 100.0, generator=0)
