"""Digits learned without labels: the network of Diehl & Cook (2015) at small size."""

import pytest
import torch

from snnlab.published import diehl2015


@pytest.mark.parametrize("inhibition", ["group", "winner"])
def test_a_network_begins_with_normalised_weights_and_learns(inhibition):
    layer = diehl2015.network(20, inhibition=inhibition, generator=torch.Generator().manual_seed(0))
    rule = diehl2015.trainer(layer)
    weight = layer.get_connection("enc2exc").weight
    torch.testing.assert_close(weight.detach().sum(1), torch.full((20,), diehl2015.WEIGHTS))
    before = weight.detach().clone()
    for _ in range(30):
        layer(torch.rand(1, diehl2015.PIXELS, generator=torch.Generator().manual_seed(1)) < 0.1)
        rule()
        layer.update()
    assert not torch.equal(weight, before)
