import torch

import snnlab as snn
from snnlab.lab.start import Start


def test_random_numbers_come_again():
    generator = torch.Generator().manual_seed(3)
    start = Start([], [generator])
    before = torch.rand(4, generator=generator)
    start.restore()
    assert torch.equal(torch.rand(4, generator=generator), before)


def test_what_has_no_state_is_left_alone():
    Start([lambda: None], []).restore()


def test_a_learning_layer_with_delays_repeats_its_run_exactly():
    connection = snn.LinearDense(5, 3, 1.0, synapse=snn.SingleExponentialCurrent.partialconstructor(200.0, 5.0), delay=4.0)
    neuron = snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)
    layer = snn.Serial(connection, neuron)
    connection.defaultupdater()
    stdp = snn.STDP(lr_post=0.01, lr_pre=-0.01, tc_post=20.0, tc_pre=20.0)
    stdp.register_cell("only", layer.cell)
    inputs = torch.rand(60, 1, 5, generator=torch.Generator().manual_seed(0)) < 0.3

    def run():
        spikes = []
        for x in inputs:
            spikes.append(layer(x))
            stdp()
            layer.update()
        return torch.stack(spikes), connection.weight.detach().clone()

    start = Start([layer, stdp], [])
    first_spikes, first_weights = run()
    start.restore()
    again_spikes, again_weights = run()
    assert first_spikes.any()
    assert torch.equal(first_spikes, again_spikes)
    assert torch.equal(first_weights, again_weights)


def test_the_start_can_be_restored_twice():
    linear = torch.nn.Linear(2, 2)
    weight = linear.weight.detach().clone()
    start = Start([linear], [])
    for _ in range(2):
        linear.weight.data.add_(1.0)
        start.restore()
        assert torch.equal(linear.weight, weight)
