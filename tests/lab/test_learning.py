"""Panels of a rule's traces and of single weights, over the library's own rules and connections."""

import math

import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Lab, Traces, Weights

INPUTS = torch.tensor([[[1, 0, 1]], [[0, 0, 0]], [[0, 1, 0]], [[0, 0, 0]]], dtype=torch.bool)


def serial(delay=None, batch=1):
    """Three inputs, two neurons; the first fires whenever anything comes in, the second never."""
    synapse = snn.DeltaCurrent.partialconstructor(100.0)
    weight = torch.tensor([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, delay=delay, batch_size=batch, weight_init=lambda _: weight)
    connection.defaultupdater(exclude_delay=True)
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-64.0, refrac_t=0.0, time_constant=10.0, batch_size=batch)
    return snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")


def stdp(layer, **settings):
    rule = snn.STDP(**({"lr_post": 0.5, "lr_pre": -0.25, "tc_post": 20.0, "tc_pre": 10.0} | settings))
    rule.register_cell("only", layer.cell)
    return rule


@pytest.fixture
def lab():
    labs = []

    def make(layer, rule, panel, **given):
        labs.append(Lab(layer, given.pop("inputs", INPUTS), trainers={"stdp": rule}, view=[panel], window=4, **given))
        return labs[-1]

    yield make
    for each in labs:
        each.close()


def shown(lab, steps=4):
    lab.step(steps)
    return lab.scene.data()[0]["values"].tolist()


def test_the_traces_of_a_synapse_are_lines(lab):
    layer = serial()
    view = lab(layer, stdp(layer), Traces("stdp", (0, 0)))
    pre, post = math.exp(-1 / 10), math.exp(-1 / 20)
    # By hand: input 0 spikes at step 0, neuron 0 at steps 0 and 2.
    np.testing.assert_allclose(shown(view), [[1, 1], [pre, post], [pre**2, post**2 + 1], [pre**3, post**3 + post]], rtol=1e-6)
    assert view.scene.describe()["panels"][0]["names"] == ["pre trace", "post trace"]
    assert view.scene.describe()["panels"][0]["label"] == "trace"


def test_a_presynaptic_trace_is_shown_as_it_arrives(lab):
    layer = serial(delay=3.0)
    layer.connection.delay = torch.tensor([[2.0, 0.0, 0.5], [0.0, 0.0, 0.0]])
    rule = stdp(layer)
    pre = [step[0] for step in shown(lab(layer, rule, Traces("stdp", (0, 0))))]
    np.testing.assert_allclose(pre, [0, 0, 1, math.exp(-1 / 10)], rtol=1e-6)
    between = serial(delay=3.0)
    between.connection.delay = layer.connection.delay
    pre = [step[0] for step in shown(lab(between, stdp(between), Traces("stdp", (0, 2))))]
    np.testing.assert_allclose(pre, [0, 1, math.exp(-1 / 10), math.exp(-2 / 10)], rtol=1e-6)  # half a step late arrives with the next


def test_the_traces_are_those_of_the_sample_that_is_shown(lab):
    layer = serial(batch=2)
    inputs = torch.tensor([[[0, 0, 0], [1, 0, 0]]], dtype=torch.bool)
    view = lab(layer, stdp(layer), Traces("stdp", (0, 0)), inputs=inputs, batch=1)
    view.step(1)
    assert view.scene.data()[0]["values"][-1].tolist() == [1.0, 1.0]


def test_a_trace_of_each_synapse_is_found_by_neuron_and_input(lab):
    layer = serial()
    rule = snn.MSTDPET(lr_post=1.0, lr_pre=-1.0, tc_post=20.0, tc_pre=10.0, tc_eligibility=50.0)
    rule.register_cell("only", layer.cell)
    step = lambda x: (layer(x), rule(0.0), layer.update())  # noqa: E731
    view = lab(layer, rule, Traces("stdp", (0, 1)), step=step)
    names = view.scene.describe()["panels"][0]["names"]
    values = dict(zip(names, np.array(shown(view)).T, strict=True))
    assert {"eligible post", "eligible pre"} < set(names)
    state = rule.get_unit("only").state
    assert values["eligible post"][-1] == pytest.approx(state.eligible_post_[0, 0, 1].item()) != 0


def test_a_rule_of_several_cells_is_asked_which(lab):
    layer, other = serial(), serial()
    rule = stdp(layer)
    rule.register_cell("second", other.cell)
    with pytest.raises(LookupError, match=r"'stdp' trains 2 cells\. Say which with cell="):
        lab(layer, rule, Traces("stdp"))
    lab(layer, rule, Traces("stdp", cell="second"))
    with pytest.raises(AttributeError, match="There is no cell 'third'"):
        lab(layer, rule, Traces("stdp", cell="third"))


@pytest.mark.parametrize("panel", [Traces("stdp", (0, 3)), Traces("stdp", (2, 0)), Traces("stdp", (-1, 0)), Weights("in2exc", [(0, 3)])])
def test_a_synapse_that_is_not_there_is_refused(lab, panel):
    layer = serial()
    with pytest.raises(ValueError, match="A synapse must be a neuron from 0 to 1 and an input from 0 to 2, but is"):
        lab(layer, stdp(layer), panel)


def test_what_is_no_trainer_has_no_traces(lab):
    layer = serial()
    for name in ("exc", "stdp.lr_post"):
        with pytest.raises(LookupError, match=f"'{name}' must name a trainer"):
            lab(layer, stdp(layer), Traces(name))


def test_a_weight_is_followed_from_step_to_step(lab):
    layer = serial()
    values = shown(lab(layer, stdp(layer), Weights("in2exc.weight", [(0, 0), (1, 0)])))
    # By hand: both spike at step 0, 0.5 − 0.25; neuron 0 again at step 2, 0.5·exp(−2/10).
    first, last = 1.25, 1.25 + 0.5 * math.exp(-0.2)
    np.testing.assert_allclose(values, [[first, 0], [first, 0], [last, 0], [last, 0]], rtol=1e-6)


def test_delays_have_a_unit_and_a_line_each(lab):
    layer = serial(delay=3.0)
    layer.connection.delay = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    view = lab(layer, stdp(layer), Weights("in2exc.delay", [(0, 0), (0, 1)]))
    panel = view.scene.describe()["panels"][0]
    assert (panel["title"], panel["label"], panel["names"]) == ("delay · in2exc.delay", "delay (ms)", ["0 to 0", "1 to 0"])
    assert shown(view)[-1] == [2.0, 0.0]


def test_the_still_twin_draws_the_lines_with_their_names(lab):
    layer = serial()
    view = lab(layer, stdp(layer), Traces("stdp", (0, 0)))
    values = np.array(shown(view))
    ax = view.picture().get_axes()[0]
    assert [line.get_label() for line in ax.lines] == ["pre trace", "post trace"]
    assert ax.lines[1].get_ydata().tolist() == values[:, 1].tolist()
    assert ax.get_ylabel() == "trace"


def test_a_one_to_one_synapse_joins_equals(lab):
    synapse = snn.DeltaCurrent.partialconstructor(100.0)
    connection = snn.LinearDirect(3, 1.0, synapse=synapse, weight_init=lambda w: torch.tensor([1.0, 2.0, 3.0]))
    connection.defaultupdater()
    lif = snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-64.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(connection, lif, connection_name="in2exc")
    rule = stdp(layer)
    assert shown(lab(layer, rule, Weights("in2exc", [(1, 1)])), 1)[-1] == [2.0]
    with pytest.raises(ValueError, match="an input from 0 to 2, the same, but is"):
        lab(layer, rule, Weights("in2exc", [(0, 1)]))


def test_as_many_neurons_as_inputs_are_told_apart(lab):
    synapse = snn.DeltaCurrent.partialconstructor(100.0)
    connection = snn.LinearDense(3, 3, 1.0, synapse=synapse, weight_init=lambda _: torch.tensor([[1.0] * 3, [0.0] * 3, [0.0] * 3]))
    connection.defaultupdater()
    lif = snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-64.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(connection, lif)
    rule = stdp(layer)
    # After the first step: inputs 0 and 2 have spiked, and neuron 0.
    assert shown(lab(layer, rule, Traces("stdp", (0, 1))), 1)[-1] == [0.0, 1.0]
    layer.clear(), rule.clear()
    assert shown(lab(layer, rule, Traces("stdp", (1, 2))), 1)[-1] == [1.0, 0.0]


class Keeps(snn.IndependentCellTrainer):
    """Keeps a number for each input, one for each neuron, and some that do not say whose they are."""

    def build(self, cell, state):
        for name in ("pre_seen_", "post_seen_", "seen_"):
            state.register_state(name, torch.arange(3.0).unsqueeze(0))

    def step(self, cell, state):
        pass


def test_where_sizes_do_not_tell_names_do_and_what_neither_tells_is_left_out(lab):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(3, 3, 1.0, synapse=synapse)
    connection.defaultupdater()
    lif = snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-64.0, refrac_t=0.0, time_constant=10.0)
    layer, rule = snn.Serial(connection, lif), Keeps()
    rule.register_cell("only", layer.cell)
    view = lab(layer, rule, Traces("stdp", (1, 2)))
    assert shown(view, 1)[-1] == [2.0, 1.0]
    assert view.scene.describe()["panels"][0]["names"] == ["pre seen", "post seen"]


def test_a_shared_weight_is_of_no_single_synapse(lab):
    conv = snn.Conv2D(4, 4, 1, 1, 1.0, 2, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    conv.defaultupdater()
    lif = snn.LIF((1, 3, 3), 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-64.0, refrac_t=0.0, time_constant=10.0)
    layer = snn.Serial(conv, lif)
    with pytest.raises(ValueError, match="Synapses of Conv2D share weights of shape"):
        lab(layer, stdp(layer), Traces("stdp"), inputs=torch.zeros(1, 1, 1, 4, 4))
