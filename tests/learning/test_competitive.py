"""Competitive learning: weights move towards the input that made their neuron spike."""

import math

import pytest
import torch

import snnlab as snn

LIF = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -60.0, "refrac_t": 0.0, "time_constant": 10.0, "resistance": 100.0}


def network(inputs=3, outputs=2, batch_size=1, **connection):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    dense = snn.LinearDense(inputs, outputs, 1.0, synapse=synapse, batch_size=batch_size, **connection)
    dense.defaultupdater(exclude_delay=True)
    return snn.Serial(dense, snn.LIF(outputs, 1.0, **LIF, batch_size=batch_size))


def rule_for(layer, **settings):
    rule = snn.Competitive(**({"lr": 0.25, "tc_pre": 20.0, "total": 1.0} | settings))
    rule.register_cell("cell", layer.cell)
    return rule


def test_the_weights_of_a_neuron_that_spikes_move_to_the_scaled_input():
    # Output 0 spikes (weight 1 from inputs 0 and 2), output 1 does not (weight 0). The pattern is (½, 0, ½): W ← W + ¼(pattern − W).
    layer = network(weight_init=lambda _: torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]]))
    rule = rule_for(layer)
    assert layer(torch.tensor([[True, False, True]])).tolist() == [[True, False]]
    rule()
    layer.update()
    assert torch.allclose(layer.connection.weight, torch.tensor([[0.875, 0.75, 0.875], [0.0, 0.0, 0.0]]))


def test_the_pattern_is_a_trace_of_recent_input():
    # Input 1 spiked a step before inputs 0: traces (1, e) with e = exp(−1/20), scaled to the sum 2.
    layer = network(inputs=2, outputs=1, weight_init=lambda _: torch.tensor([[1.0, 0.0]]))
    rule = rule_for(layer, lr=1.0, total=2.0)
    for train in ([[False, True]], [[True, False]]):
        spiked = layer(torch.tensor(train)).item()
        rule()
    layer.update()
    assert spiked
    e = math.exp(-1 / 20)
    assert layer.connection.weight[0].tolist() == pytest.approx([2 / (1 + e), 2 * e / (1 + e)])


def test_the_mean_over_the_batch_is_that_of_single_runs():
    trains = torch.rand(12, 4, 3, generator=torch.Generator().manual_seed(3)) < 0.5
    start = torch.rand(2, 3, generator=torch.Generator().manual_seed(4))
    together = network(batch_size=4, weight_init=lambda _: start)
    rule = rule_for(together)
    singles = [network(weight_init=lambda _: start) for _ in range(4)]
    rules = [rule_for(layer) for layer in singles]
    for step in trains:
        together(step)
        rule()
        for sample, (layer, single) in enumerate(zip(singles, rules, strict=True)):
            layer(step[sample : sample + 1])
            single()
    together.update()
    for layer in singles:
        layer.update()
    expected = torch.stack([layer.connection.weight.detach() for layer in singles]).mean(0)
    assert not torch.equal(expected, start)
    assert torch.allclose(together.connection.weight, expected, atol=1e-6)


def test_a_reduction_other_than_the_mean_sees_every_sample():
    layer = network(batch_size=2, weight_init=lambda _: torch.ones(2, 3))
    rule = rule_for(layer, batch_reduction=lambda samples, dim: samples.amax(dim))
    layer(torch.tensor([[True, False, False], [False, True, False]]))
    rule()
    layer.update()
    # Towards: the larger of (¼, 0, 0) and (0, ¼, 0); away: the larger of ¼·1 and ¼·1.
    assert torch.allclose(layer.connection.weight, torch.tensor([[1.0, 1.0, 0.75]] * 2))


def test_with_delays_the_pattern_is_what_arrives():
    # Input 0 reaches the output after 2 steps; at its arrival the pattern of 2 steps ago was (1, 0).
    delays = torch.tensor([[2.0, 2.0]])
    layer = network(inputs=2, outputs=1, weight_init=torch.ones_like, delay=2.0, delay_init=lambda _: delays)
    rule = rule_for(layer, lr=1.0)
    spikes = []
    for train in ([[True, False]], [[False, True]], [[False, False]]):
        spikes.append(layer(torch.tensor(train)).item())
        rule()
    layer.update()
    assert spikes == [False, False, True]
    assert layer.connection.weight.tolist() == [[1.0, 0.0]]


def test_a_convolution_scales_what_each_site_sees():
    # By hand: the kernel of 2 pixels slides over (1, 1, 0, 0): sites see (1, 1), (1, 0) and (0, 0). All neurons spike, with lr 1 and
    # total 1: towards (½, ½) + (1, 0) + nothing, away three times the weights of ½.
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    conv = snn.Conv2D(1, 4, 1, 1, 1.0, (1, 2), synapse=synapse, weight_init=lambda w: torch.full_like(w, 0.5))
    conv.defaultupdater()
    layer = snn.Serial(conv, snn.ExactNeuron((1, 1, 3), 1.0, rest_v=-65.0, thresh_v=-50.0))
    rule = rule_for(layer, lr=1.0)
    layer(torch.tensor([[[[1.0, 1.0, 0.0, 0.0]]]]), neuron_kwargs={"override": torch.ones(1, 1, 1, 3, dtype=torch.bool)})
    rule()
    assert conv.updater.weight.pos.flatten().tolist() == [1.5, 0.5]
    assert conv.updater.weight.neg.flatten().tolist() == [1.5, 1.5]


def test_without_any_input_the_pattern_is_zero_and_not_a_nan():
    layer = network(bias=True, bias_init=lambda bias: torch.full_like(bias, 5.0), weight_init=torch.ones_like)
    rule = rule_for(layer)
    assert layer(torch.zeros(1, 3, dtype=torch.bool)).all()
    rule()
    layer.update()
    assert torch.allclose(layer.connection.weight, torch.full((2, 3), 0.75))


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [("lr", -0.1, "lr must be 0 or above"), ("tc_pre", 0.0, "tc_pre must be above 0 ms"), ("total", 0.0, "total must be above 0")],
)
def test_settings_out_of_range_are_refused(setting, value, words):
    with pytest.raises(ValueError, match=words):
        snn.Competitive(**({"lr": 0.1, "tc_pre": 20.0, "total": 1.0} | {setting: value}))
