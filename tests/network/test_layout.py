"""A layer as boxes and arrows."""

import warnings

import pytest
import torch

import snnlab as snn

SYNAPSE = snn.DeltaCurrent.partialconstructor(1.0)


def dense(inputs=3, outputs=2, **kwargs):
    return snn.LinearDense(inputs, outputs, 1.0, synapse=SYNAPSE, **kwargs)


def lif(size=2):
    return snn.LIF(size, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)


class Loop(snn.Layer):
    """Two groups that feed each other; inputs reach the first."""

    def __init__(self):
        super().__init__()
        for name in ("feed", "on", "back"):
            self.add_connection(name, dense(2))
        self.add_neuron("exc", lif())
        self.add_neuron("inh", lif())
        for pair in (("feed", "exc"), ("on", "inh"), ("back", "exc")):
            self.add_cell(*pair)

    def wiring(self, inputs, **kwargs):
        return {"exc": inputs["feed"]}


def test_a_serial_layer_is_one_arrow():
    nodes, edges = snn.layout(snn.Serial(dense((8, 8), 100), lif(100), connection_name="enc2exc", neuron_name="exc"))
    assert nodes == {"input": "8 × 8", "exc": "LIF · 100"}
    assert edges == [("input", "exc", "enc2exc\nLinearDense")]


def test_a_delay_is_told():
    assert snn.layout(snn.Serial(dense(delay=20.0), lif()))[1][0][2] == "serial\nLinearDense, to 20 ms"


def test_neurons_called_input_are_not_taken_for_one():
    nodes, edges = snn.layout(snn.Serial(dense(), lif(), neuron_name="input"))
    assert list(nodes) == ["input of serial", "input"]
    assert edges[0][:2] == ("input of serial", "input")


def test_a_biclique_has_an_arrow_from_every_input_to_every_group():
    layer = snn.Biclique([("a", dense(3)), ("b", dense(4))], [("x", lif()), ("y", lif())])
    nodes, edges = snn.layout(layer)
    assert nodes == {"input of a": "3", "input of b": "4", "x": "LIF · 2", "y": "LIF · 2"}
    assert [edge[:2] for edge in edges] == [(f"input of {c}", n) for c in "ab" for n in "xy"]
    assert {edge[2] for edge in edges} == {"a\nLinearDense", "b\nLinearDense"}


@pytest.mark.parametrize(
    ("combine", "wanted"), [("sum", "LIF · 2"), ("max", "LIF · 2 ← max"), (lambda currents: 0.0, "LIF · 2 ← function")]
)
def test_a_biclique_that_does_not_add_up_says_so(combine, wanted):
    assert snn.layout(snn.Biclique([("a", dense())], [("x", lif())], combine=combine))[0]["x"] == wanted


@pytest.mark.parametrize("trainable", [True, False])
def test_a_recurrent_layer_feeds_back_with_cells_and_without(trainable):
    layer = snn.RecurrentSerial(dense(3, 2), dense(2, 5), dense(5, 2), lif(2), lif(5), trainable_feedback=trainable)
    nodes, edges = snn.layout(layer)
    assert nodes == {"input": "3", "feedfwd": "LIF · 2", "feedback": "LIF · 5"}
    assert [edge[:2] for edge in edges] == [("input", "feedfwd"), ("feedfwd", "feedback"), ("feedback", "feedfwd")]
    assert [edge[2].split("\n")[0] for edge in edges] == ["feedfwd", "lateral", "feedback"]


def test_of_any_other_layer_each_cell_is_an_arrow():
    assert [edge[:2] for edge in snn.layout(Loop())[1]] == [("input of feed", "exc"), ("input of on", "inh"), ("input of back", "exc")]


def test_it_can_be_told_which_neurons_a_connection_reads():
    nodes, edges = snn.layout(Loop(), sources={"on": "exc", "back": "inh"})
    assert nodes == {"input": "2", "exc": "LIF · 2", "inh": "LIF · 2"}
    assert [edge[:2] for edge in edges] == [("input", "exc"), ("exc", "inh"), ("inh", "exc")]
    with pytest.raises(AttributeError, match="of"):
        snn.layout(Loop(), sources={"of": "exc"})
    with pytest.raises(AttributeError, match="cells"):
        snn.layout(Loop(), sources={"on": "cells"})


def test_a_connection_without_a_cell_is_a_box_without_an_arrow():
    layer = Loop()
    layer.del_cell("back", "exc")
    with pytest.warns(UserWarning, match=r"There is no arrow from 'back', for want of a cell\. .*layer\.add_cell\('back', 'exc'\)"):
        nodes, edges = snn.layout(layer)
    assert "input of back" in nodes
    assert [edge[:2] for edge in edges] == [("input of feed", "exc"), ("input of on", "inh")]


def test_a_layer_without_cells_says_why_there_are_no_arrows():
    layer = Loop()
    for pair in (("feed", "exc"), ("on", "inh"), ("back", "exc")):
        layer.del_cell(*pair)
    with pytest.warns(UserWarning, match=r"There is no arrow from 'feed', 'on', 'back', for want of a cell\. .*layer\.add_cell") as caught:
        assert snn.layout(layer)[1] == []
    assert caught[0].filename == __file__
    layer.add_cell("feed", "exc"), layer.add_cell("on", "inh"), layer.add_cell("back", "exc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(snn.layout(layer)[1]) == 3


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match="layer must be a Layer, but is of type Linear"):
        snn.layout(torch.nn.Linear(1, 1))


def test_a_layout_can_be_drawn():
    ax = snn.plots.wiring(*snn.layout(Loop(), sources={"on": "exc", "back": "inh"}))
    assert {"exc", "inh", "input"} < {text.get_text() for text in ax.texts}
