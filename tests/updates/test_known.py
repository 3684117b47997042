import copy
import math
import pickle

import pytest
import torch

from snnlab import DeltaCurrent, LinearDense
from snnlab.updates import Clamping
from snnlab.updates.known import READ_AGAIN, KnownFinite


def sealed():
    known, weight = KnownFinite(), torch.ones(2, 3)
    known.keep("weight", weight, read=True)
    assert known.holds("weight", weight)
    return known, weight


@pytest.mark.parametrize(
    "write",
    [
        lambda weight: weight.fill_(math.nan),
        lambda weight: weight[0].fill_(math.nan),
        lambda weight: weight.detach().t().fill_(math.nan),
        lambda weight: torch.add(weight, 1.0, out=weight),
        lambda weight: setattr(weight, "data", torch.full((2, 3), math.nan)),
    ],
)
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_whoever_else_writes_breaks_the_seal(write, mode):
    known, weight = sealed()
    with mode():
        write(weight)
    assert not known.holds("weight", weight)


def test_another_tensor_of_the_same_name_and_another_name_are_not_known():
    known, weight = sealed()
    assert not known.holds("weight", weight.clone())
    assert not known.holds("delay", weight)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda known: pickle.loads(pickle.dumps(known))])
def test_a_copy_knows_nothing(way):
    known, weight = sealed()
    assert not way(known).holds("weight", weight)


def test_a_tensor_of_inference_mode_is_never_known():
    known = KnownFinite()
    with torch.inference_mode():
        weight = torch.ones(2)
    known.keep("weight", weight, read=True)
    assert not known.holds("weight", weight)


def test_after_so_many_writes_it_is_read_again():
    known, weight = sealed()
    for _ in range(READ_AGAIN):
        assert known.holds("weight", weight)
        known.keep("weight", weight.add_(1.0), read=False)
    assert not known.holds("weight", weight)


def learning():
    connection = LinearDense(3, 2, 1.0, synapse=DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    Clamping(connection.defaultupdater(), "parent.weight", min=0.0, max=5.0).register()
    return connection


def changed(connection, times=1):
    for _ in range(times):
        connection.updater.weight = torch.full((2, 3), 0.01)
        connection.update()


def test_weights_that_somebody_else_made_nan_are_refused_at_the_next_update():
    connection = learning()
    changed(connection, 2)
    with torch.no_grad():
        connection.weight[0, 1] = math.nan
    with pytest.raises(ValueError, match=r"^weight must be finite in every element, but is NaN or infinite in 1 of 6\.$"):
        changed(connection)


def test_nan_written_past_the_count_of_writes_is_refused_some_updates_later():
    connection = learning()
    changed(connection)
    connection.weight.data[0, 1] = math.nan
    with pytest.raises(ValueError, match=r"^weight must be finite in every element"):
        changed(connection, READ_AGAIN)


def test_an_update_that_is_too_large_is_refused_by_weights_that_are_known():
    connection = learning()
    changed(connection)
    before = connection.weight.detach().clone()
    connection.updater.weight = torch.full((2, 3), math.inf)
    with pytest.raises(ValueError, match="weight must be finite"):
        connection.update()
    assert torch.equal(connection.weight.detach(), before)


def test_a_limit_holds_whether_or_not_the_weights_are_known():
    connection = learning()
    for _ in range(3):
        connection.updater.weight = torch.full((2, 3), 3.0)
        connection.update()
        assert connection.weight.max() <= 5.0
