"""Song, Miller & Abbott (2000) in seconds instead of minutes: a fifth of the inputs, each worth five, more copies, and a larger A₊."""

import functools

import pytest
import torch

from snnlab.connections import mixins
from snnlab.connections.constraint import constrain_
from snnlab.published import song2000

RATES = (10.0, 20.0)


@functools.cache
def small(seconds=6, **changes):
    changes = {"copies": 16, "inputs": 200} | changes
    return song2000.run(seconds, RATES, 0.01, generator=torch.Generator().manual_seed(0), **changes)


def two_heaps(found):
    """Whether most weights of each neuron are near the bounds, and both heaps stand above all that lies between."""
    heights = torch.stack([torch.histc(each, 5, 0.0, 1.0) for each in found.after])
    between = heights[:, 1:4].amax(1)
    return min(found.outer) > 0.6 and bool((heights[:, 0] > between).all() and (heights[:, 4] > 1.25 * between).all())


def test_synapses_part_into_weak_and_strong():
    assert not two_heaps(small(seconds=1, learns=False)), "at first they lie anywhere"
    assert two_heaps(small())


def test_weakening_must_be_the_stronger():
    off_balance = small(seconds=3, ratio=0.95)
    assert not two_heaps(off_balance)
    assert off_balance.after.mean() > 0.8, "all win"
    assert all(off > 2 * held for off, held in zip(off_balance.output, small().output, strict=True)), "and nothing holds the output"


def test_of_faster_inputs_fewer_stay_strong():
    learned = small()
    assert learned.strong[1] < 0.7 * learned.strong[0]
    assert learned.after[1].mean() < 0.7 * learned.after[0].mean()


def test_the_output_rate_is_held_while_fixed_weights_let_it_run_away():
    learned, fixed = small().output, small(seconds=2, learns=False, weight=0.5).output
    assert fixed[1] > 10 * fixed[0]
    assert learned[1] < 2.5 * learned[0]
    assert 10.0 < min(learned) < max(learned) < 80.0


def test_firing_becomes_irregular():
    assert min(small().irregularity) > 0.6
    assert small(seconds=2, learns=False, weight=0.5).irregularity[1] < 0.4, "what is driven far above its threshold ticks like a clock"


def test_without_the_rule_no_weight_changes():
    off = small(seconds=2, learns=False, weight=0.5)
    assert torch.equal(off.before, off.after)
    assert off.outer == [0.0, 0.0]


def test_pairs_of_all_copies_are_added():
    # One input spikes in one copy, and its neuron fires in both at once: A₊ for the pair, less 1.05·A₊ as both orders count in a step.
    layer, rule = song2000.network(1, 0.01, copies=2, inputs=5, generator=torch.Generator().manual_seed(0))
    connection = layer.get_connection("excitation")
    connection.weight = torch.full((1, 5), 0.5)
    for paired, change in (((1.0, 0.0), -0.0005), ((1.0, 1.0), -0.001)):
        layer.clear()
        rule.clear()
        before = connection.weight.detach().clone()
        spikes = torch.tensor(paired).view(2, 1) * torch.tensor([1.0, 0.0, 0.0, 0.0, 0.0])
        layer.get_neuron("neurons").voltage = torch.full((2, 1), 100.0)
        assert layer({"excitation": spikes, "inhibition": torch.zeros(2, 1)})["neurons"][0].all()
        rule()
        layer.update()
        assert (connection.weight.detach() - before)[0].tolist() == pytest.approx([change, 0.0, 0.0, 0.0, 0.0], abs=1e-6)


def test_each_neuron_has_inputs_of_its_own():
    layer, _ = song2000.network(2, 0.01, generator=torch.Generator().manual_seed(0))
    weight = layer.get_connection("excitation").weight.detach()
    assert (weight[0, song2000.INPUTS :] == 0).all()
    assert (weight[1, : song2000.INPUTS] == 0).all()
    assert (weight[0, : song2000.INPUTS] > 0).double().mean() > 0.99


def test_weights_that_do_not_change_are_not_masked_at_every_step(monkeypatch):
    masked = []
    monkeypatch.setattr(mixins, "constrain_", lambda *args: masked.append(1) or constrain_(*args))
    song2000.run(1, (10.0,), copies=1, inputs=10, learns=False, generator=torch.Generator().manual_seed(0))
    assert 1 <= len(masked) < 5, "in 1,000 steps"


def test_inputs_arrive_at_their_rates_each_step_by_itself():
    spikes = song2000.arrivals((10.0, 400.0), 2000, 3, 50, generator=torch.Generator().manual_seed(0)).view(2000, 3, 2, 50).double()
    slow, fast = spikes.unbind(2)
    assert slow.mean().item() == pytest.approx(0.01, abs=6 * (0.01 / slow.numel()) ** 0.5)
    assert fast.mean().item() == pytest.approx(0.4, abs=6 * (0.24 / fast.numel()) ** 0.5)
    assert (fast[1:] * fast[:-1]).mean().item() == pytest.approx(0.16, abs=0.01)
    assert (fast[:, 0] * fast[:, 1]).mean().item() == pytest.approx(0.16, abs=0.01)
    assert (fast[..., 0] * fast[..., 1]).mean().item() == pytest.approx(0.16, abs=0.03)


@pytest.mark.parametrize("inputs", [song2000.INPUTS, 200])
def test_one_spike_raises_the_conductance_by_its_share_of_the_leak(inputs):
    # A conductance of 0.015 that decays in 5 ms brings 0.015·5 ms in all; held over steps of 1 ms, too.
    # With a fifth of the inputs, it is five times as much.
    layer, _ = song2000.network(1, 0.01, inputs=inputs, generator=torch.Generator().manual_seed(0))
    connection = layer.get_connection("excitation")
    connection.weight = torch.ones_like(connection.weight)
    spikes = torch.zeros(100, 1, inputs)
    spikes[0, 0, 0] = 1
    assert sum(connection(each).item() for each in spikes) == pytest.approx(0.015 * 5.0 * 1000 / inputs, rel=1e-4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seconds": 1.5}, "seconds must be a whole number .* but is 1.5 s"),
        ({"seconds": 0}, "seconds must be above 0 s, but is 0"),
        ({"rates": (10.0, 1000.0)}, "rates must lie from 0 to below 1000 Hz, .* but hold 1000.0"),
        ({"rates": ()}, "rates must hold one rate at least, in Hz"),
        ({"copies": 0}, "copies must be a whole number of at least 1, but is 0"),
        ({"inputs": 0}, "inputs must be a whole number of at least 1, but is 0"),
        ({"weight": 2.0}, "weight must lie between 0 and 1, parts of the largest, but is 2.0"),
        ({"rates": (-1.0,)}, "rates must lie from 0 to below 1000 Hz, .* but hold -1.0"),
    ],
)
def test_a_run_that_cannot_be_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        song2000.run(**{"seconds": 1, "generator": torch.Generator()} | change)
