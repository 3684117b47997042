"""Sound localisation by delays at small size: what a ladder can do, what random delays cannot, and what they learn."""

import pytest
import torch

from snnlab.published import jeffress1948

SMALL = {"detectors": 8, "fibres": 20, "duration": 200.0, "samples": 8, "lr": 0.12, "step_time": 0.1, "listening": 60.0}


@pytest.fixture(scope="module")
def found():
    return [jeffress1948.run(generator=torch.Generator().manual_seed(seed), **SMALL) for seed in (0, 3)]


def test_a_ladder_of_delays_makes_a_map_of_where_sounds_come_from(found):
    assert min(each.ladder.r for each in found) > 0.95


def test_random_delays_make_none_and_learn_one(found):
    before, after = ([getattr(each, name).r for each in found] for name in ("before", "after"))
    assert max(before) < 0.7
    assert sum(after) / len(after) > 0.9
    assert min(after) > 0.8


def test_the_delays_of_a_neuron_come_to_agree_and_those_of_two_neurons_do_not(found):
    for each in found:
        assert each.before.agreement < 0.3
        assert each.after.agreement > 0.6
        assert each.after.places.max() - each.after.places.min() > 0.6  # ms: the neurons have not all learned the same


def test_without_a_learning_rate_nothing_is_learned():
    generator = torch.Generator().manual_seed(0)
    delays = jeffress1948.random_delays(3, 4, generator)
    kept = jeffress1948.learn(delays, generator=generator, duration=4.0, samples=2, lr=0.0, step_time=0.1, sound_lasts=2.0)
    assert torch.equal(kept, delays)


def test_a_sound_from_the_left_is_heard_later_on_the_right_and_in_phase():
    # 4,000 spikes an ear, each within a fifth of a period or so: the mean phase is known to 0.01 ms.
    itd, steps = torch.tensor([0.3]), 4000
    spikes = jeffress1948.sound(itd, steps, 0.1, 20, torch.Generator().manual_seed(0))
    phase = torch.exp(2j * torch.pi * torch.arange(steps) * 0.1 / jeffress1948.PERIOD)
    left, right = (phase @ spikes[:, 0, ear].sum(1).to(phase.dtype) for ear in (slice(0, 20), slice(20, 40)))
    late = torch.angle(right * left.conj()) * jeffress1948.PERIOD / (2 * torch.pi)
    assert late.item() == pytest.approx(0.3, abs=0.02)
    # By hand: 40 fibres x 0.4 s x 250 Hz, and I₁(6)/I₀(6) for how well they keep to the phase.
    assert spikes.sum().item() == pytest.approx(4000, rel=0.05)
    locking = left.abs() / spikes[:, 0, :20].sum()
    assert locking.item() == pytest.approx((torch.special.i1(torch.tensor(6.0)) / torch.special.i0(torch.tensor(6.0))).item(), abs=0.03)
