"""Times since the last spikes, differences sample by sample, and how values of synapses become those of a parameter."""

import math

import pytest
import torch

import snnlab as snn
from snnlab.connections.plan import plan_delays
from snnlab.learning.lastspike import advance_since, advanced_since, at_synapses, build_since, differences, like_parameter, reduced
from snnlab.learning.state import CellState
from tests.learning.scripted import connect, connect_conv


class State(CellState):
    inplace, tolerance = False, None

    def __init__(self, inplace=False):
        super().__init__(snn.STDP(0.1, 0.1, 20.0, 20.0), {})
        self.inplace = inplace


def spiking(layer, pre, post, state, **how):
    """Steps a layer over trains of one sample, and gives the differences of the last step."""
    build_since(layer.cell, state, **how)
    for arriving, leaving in zip(pre, post, strict=True):
        layer(torch.tensor([arriving]), neuron_kwargs={"script": torch.tensor([leaving])})
        advance_since(layer.cell, state)
    return state


PRE = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
POST = [[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]
POST = [[bool(each) for each in row] for row in POST]


def test_differences_are_in_steps_and_as_asked_for_where_one_side_has_not_spiked():
    layer = connect(batch_size=1, step_time=0.5)
    state = spiking(layer, PRE, POST, State())
    for unknown in (math.inf, math.nan):
        (found,) = differences(layer.cell, state, 0.0, unknown=unknown)
        expected = torch.full((3, 4, 1), unknown).double()
        expected[0, :2, 0] = torch.tensor([2.0, 1.0])
        torch.testing.assert_close(found, expected, equal_nan=True)


def test_delays_are_taken_off_in_steps():
    delay = torch.tensor([[1.0, 0.5, 0.0, 2.0], [0.0] * 4, [0.0] * 4])
    layer = connect(batch_size=1, step_time=0.5, delay=2.0, delays=delay)
    (found,) = differences(layer.cell, spiking(layer, PRE, POST, State()), 0.0, adjusted=True)
    assert found[0, :2, 0].tolist() == [0.0, 0.0]


@pytest.mark.parametrize(("delayed", "expected"), [(True, [1.75, 0.0, math.inf]), (False, [1.0, 0.0, math.inf])])
def test_what_has_not_arrived_has_not_spiked_and_between_two_steps_it_has_arrived_exactly_or_with_the_step(delayed, expected):
    # The last step is 3. Inputs 0, 1, 2 leave at 0, 1, 2 ms and arrive at 0.25, 2 and 4 ms; the answer is at 2 ms.
    pre = [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]
    layer = connect(batch_size=1, delay=2.0, delays=torch.tensor([[0.25, 1.0, 2.0, 0.0]] * 3).double())
    (found,) = differences(layer.cell, spiking(layer, pre, POST, State(), history=True), 0.0, delayed=delayed, unknown=math.inf)
    assert found[0, :3, 0].tolist() == expected


@pytest.mark.parametrize("delayed", [True, False])
@pytest.mark.parametrize("place", ["dense", "direct", "lateral", "conv"])
def test_where_synapses_read_is_worked_out_once_until_a_delay_changes(place, delayed, monkeypatch):
    made = []
    for module in ("snnlab.connections.plan", "snnlab.learning.lastspike"):
        monkeypatch.setattr(f"{module}.plan_delays", lambda *args, **kwargs: made.append(1) or plan_delays(*args, **kwargs))
    layer = connect_conv(batch_size=2, delay=3.0) if place == "conv" else connect(place, batch_size=2, delay=3.0)
    connection, state = layer.connection, State()
    build_since(layer.cell, state, history=True)
    counts = []
    for now in range(4):
        if now == 2:
            connection.delay = torch.ones_like(connection.delay)
        layer(torch.zeros(connection.batched_inshape), neuron_kwargs={"script": torch.zeros(connection.batched_outshape, dtype=torch.bool)})
        advance_since(layer.cell, state)
        made.clear()  # what the step itself has worked out
        assert len(list(differences(layer.cell, state, 0.125, delayed=delayed))) == 2
        counts.append(len(made))
    assert counts == [1, 0, 1, 0]


def test_samples_that_do_not_count_are_left_out():
    layer = connect(batch_size=3)
    state = State()
    build_since(layer.cell, state)
    state.since_pre_, state.since_post_ = torch.arange(3.0).double().view(3, 1).expand(3, 4), torch.zeros(3, 3).double()
    assert [each.unique().item() for each in differences(layer.cell, state, 0.0, among=[0.5, 0.0, -1.0])] == [0.0, 2.0]


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("history", [True, False])
@pytest.mark.parametrize("longest", [None, 4.0])
def test_a_failure_leaves_the_times_as_they_were_and_the_next_step_as_it_would_have_been(longest, history, inplace):
    delay = torch.arange(12.0).view(3, 4).double() / 3 if longest else None
    ways = []
    for fails in (True, False):
        layer = connect(batch_size=1, delay=longest, delays=delay)
        state = spiking(layer, PRE, POST, State(inplace), history=history)
        layer(torch.tensor([[0, 0, 1, 1]]), neuron_kwargs={"script": torch.ones(1, 3, dtype=torch.bool)})
        if fails:
            with pytest.raises(ZeroDivisionError), advanced_since(layer.cell, state):
                raise ZeroDivisionError
        advance_since(layer.cell, state)
        for _ in range(2):
            layer(torch.zeros(1, 4), neuron_kwargs={"script": torch.zeros(1, 3, dtype=torch.bool)})
            advance_since(layer.cell, state)
        ways.append(torch.cat(list(differences(layer.cell, state, 0.0, delayed=True if history else None, unknown=math.inf))))
    assert torch.equal(*ways)


def test_a_parameter_is_laid_out_over_synapses_and_back():
    plain = connect_conv(delay=3.0).connection
    values = torch.arange(36.0).view(3, 2, 2, 3)
    assert at_synapses(plain, values).shape == (3, 2, 2, 3, 1)
    assert torch.equal(like_parameter(plain, "delay", values.unsqueeze(-1).expand(-1, -1, -1, -1, 9)), 9 * values)
    each_site = torch.arange(48.0).view(1, 3, 2, 2, 4) % 5
    traced = snn.traced.Conv2d(1, 3, 2, 3, 1, 1.0, each_site)
    laid = at_synapses(traced, traced.delay)
    assert laid.shape == (3, 1, 2, 2, 4)
    assert laid[2, 0, 1, 0, 3] == each_site[0, 2, 1, 1, 2]  # filter 2, tap (1, 0), the last of the sites
    assert torch.equal(like_parameter(traced, "delay", laid), traced.delay)


def test_a_reduction_sees_samples_times_their_rate():
    cell = connect(batch_size=2).cell
    ones = torch.ones(3, 4)
    for reduction, expected in ((torch.mean, [6.0, 0.5]), (torch.sum, [12.0, 1.0]), (torch.amax, [8.0, 1.0])):
        samples = iter([(ones * 1.0, ones * 0.0), (ones * 2.0, ones * 1.0)])
        assert [each.unique().item() for each in reduced(cell, samples, (4.0, 1.0), reduction)] == expected
