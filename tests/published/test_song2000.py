"""Song, Miller & Abbott (2000) in seconds instead of minutes: four times its rates of learning, and weights that begin equal."""

import functools

import pytest
import torch

from snnlab.published import song2000

RATES = (20.0, 40.0)


@functools.cache
def small(learns=True, seconds=6):
    return song2000.run(seconds, RATES, 0.02, weight=0.3, learns=learns, generator=torch.Generator().manual_seed(0))


def test_equal_synapses_part():
    learned = small()
    assert learned.outer[0] > 0.2, "none was in the outer fifths at first"
    assert learned.outer[1] > 0.6
    assert (learned.after.amax(1) > 0.6).all(), "some have grown, though most have shrunk"


def test_of_faster_inputs_more_lose():
    weak = (small().after < 0.2).double().mean(1)
    assert weak[1] > weak[0] + 0.2
    assert small().after[1].mean() < 0.7 * small().after[0].mean()


def test_the_output_rate_is_held_while_fixed_weights_let_it_run_away():
    learned, fixed = small().output, small(learns=False, seconds=2).output
    assert 5.0 < learned[0] < 40.0
    assert 5.0 < learned[1] < 60.0
    assert fixed[1] - fixed[0] > 100.0 > 3 * abs(learned[1] - learned[0])


def test_firing_becomes_irregular():
    assert min(small().irregularity) > 0.5
    assert small(learns=False, seconds=2).irregularity[1] < 0.3, "what is driven far above its threshold ticks like a clock"


def test_without_the_rule_no_weight_changes():
    off = small(learns=False, seconds=2)
    assert torch.equal(off.before, off.after)
    assert off.outer == [0.0, 0.0]


def test_synapses_that_are_masked_stay_away():
    layer, _ = song2000.network(2, 0.01, generator=torch.Generator().manual_seed(0))
    weight = layer.get_connection("excitation").weight.detach()
    assert (weight[0, song2000.INPUTS :] == 0).all()
    assert (weight[1, : song2000.INPUTS] == 0).all()
    assert (weight[0, : song2000.INPUTS] > 0).double().mean() > 0.99


def test_one_spike_raises_the_conductance_by_its_share_of_the_leak():
    # A conductance of 0.015 that decays in 5 ms brings 0.015·5 ms in all; held over steps of 1 ms, too.
    layer, _ = song2000.network(1, 0.01, generator=torch.Generator().manual_seed(0))
    connection = layer.get_connection("excitation")
    connection.weight = torch.ones_like(connection.weight)
    spikes = torch.zeros(100, 1, song2000.INPUTS)
    spikes[0, 0, 0] = 1
    assert sum(connection(each).item() for each in spikes) == pytest.approx(0.015 * 5.0, rel=1e-4)
