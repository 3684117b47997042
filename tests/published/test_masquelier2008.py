"""Masquelier, Guyonneau & Thorpe (2008) at small size: a fifth of the inputs, each worth five, and twice the learning rate."""

import functools
import math

import pytest
import torch

import snnlab as snn
from snnlab.published import masquelier2008
from snnlab.published.masquelier2008 import FirstAndLast, Found


@functools.cache
def small(learns=True, seconds=12):
    return masquelier2008.run(seconds, 400, 2.0**-4, learns=learns, generator=torch.Generator().manual_seed(2))


def test_the_neuron_finds_the_pattern_and_fires_at_its_start():
    figures = small().late()  # 80 sections, of which some 20 hold the pattern
    assert figures.hit_rate > 0.7
    assert figures.false_alarms < 4
    assert figures.latency < 10.0


def test_without_the_rule_it_fires_at_everything():
    figures = small(learns=False, seconds=3).late()
    assert figures.false_alarms > 15, "in 20 sections, of which 15 are without the pattern"
    assert not figures.success


def test_only_inputs_of_the_pattern_end_strong():
    found = small()
    strong = found.weights > 0.8
    inside = torch.zeros_like(strong)
    inside[found.members] = True
    assert strong.sum() > 10
    assert (strong & inside).sum() > 0.9 * strong.sum()
    assert (found.weights < 0.2).double().mean() > 0.6


def test_the_spike_moves_towards_the_start_of_the_pattern():
    latencies = small().latencies()
    first, last = latencies[: len(latencies) // 4], latencies[-len(latencies) // 4 :]
    assert last.nanmean() < first.nanmean() - 3


def test_figures_count_hits_alarms_and_latencies_of_the_last_third():
    # Six sections of 50 ms; of the last two, one with the pattern and one without.
    shown = torch.tensor([True, False, False, True, True, False])
    found = Found(torch.tensor([10, 60, 208, 230, 260]), shown, 50, torch.zeros(1), torch.zeros(1), 0.0)
    assert found.latencies().tolist()[0] == 10.0
    assert math.isnan(found.latencies()[1])
    assert found.late() == masquelier2008.Figures(1.0, 1, 8.0)
    assert not found.late().success
    assert masquelier2008.Figures(1.0, 0, 8.0).success
    assert not masquelier2008.Figures(0.98, 0, 8.0).success
    assert not masquelier2008.Figures(1.0, 0, 10.0).success


def test_a_spike_of_weight_1_raises_the_voltage_by_its_share_of_the_threshold():
    layer, _ = masquelier2008.network()
    layer.connection.weight = torch.ones_like(layer.connection.weight)
    spikes = torch.zeros(20, 1, masquelier2008.INPUTS)
    spikes[0, 0, :100] = 1
    voltages = snn.run(layer, spikes, record="neuron.voltage")["neuron.voltage"].values.flatten() + 65.0
    # 100 of the 500 spikes to a threshold 15 mV above rest; a step of 1 ms meets the peak, at 4.6 ms, to a few per cent.
    assert voltages.max().item() == pytest.approx(3.0, rel=0.03)


# -------------------------------------------------------------------------------------------------------------------------- the rule


def pairs_by_hand(pre, post):
    """Each postsynaptic spike with the last presynaptic one up to it, and with the first from it on that no other took: a plain loop."""
    change = 0.0
    for t in post:
        before = [s for s in pre if s <= t]
        after = [s for s in pre if s >= t]
        change += 0.02 * math.exp(-(t - before[-1]) / 10.0) if before else 0.0
        change -= 0.01 * math.exp(-(after[0] - t) / 30.0) if after else 0.0
    return change


def test_the_rule_equals_the_loop_over_nearest_pairs():
    random = torch.Generator().manual_seed(0)
    pre, post = torch.rand(200, 1, 6, generator=random) < 0.1, torch.rand(200, 1, 2, generator=random) < 0.1
    connection = snn.LinearDense(6, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)).to(torch.float64)
    connection.defaultupdater()
    layer = snn.Serial(connection, snn.ExactNeuron(2, 1.0, rest_v=-65.0, thresh_v=-50.0))
    rule = FirstAndLast(0.02, -0.01, tc_post=30.0, tc_pre=10.0)
    rule.register_cell("only", layer.cell)
    before = connection.weight.detach().clone()
    for arriving, leaving in zip(pre, post, strict=True):
        layer(arriving, neuron_kwargs={"override": leaving})
        rule()
        layer.update()
    trains = [[train.nonzero().flatten().tolist() for train in side[:, 0].T] for side in (pre, post)]
    expected = torch.tensor([[pairs_by_hand(m, n) for m in trains[0]] for n in trains[1]], dtype=torch.float64)
    torch.testing.assert_close(connection.weight.detach() - before, expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seconds": 0.0}, "seconds must be above 0 s, but is 0"),
        ({"seconds": 0.01}, "seconds must hold a section of the inputs at least, 0.05 s, but is 0.01 s"),
        ({"inputs": 0}, "inputs must be a whole number of at least 1, but is 0"),
    ],
)
def test_a_run_that_cannot_be_is_refused(change, words):
    with pytest.raises(ValueError, match=words):
        masquelier2008.run(**{"seconds": 1.0, "inputs": 10, "generator": torch.Generator()} | change)
