import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Current, Fields, Lab, Pending, Raster, Voltage, Weights, panels
from snnlab.lab.page import hear


def told(lab, key):
    return [panel.get(key) for panel in lab.view.scene["panels"]]


def test_panels_of_the_same_neurons_are_of_one_group(make_lab):
    # The only neurons of the toy are as many as its only connection has outputs: those it feeds.
    lab = make_lab(view=[Raster("exc"), Current("in2exc"), Voltage("exc", neurons=[0, 3]), Fields("in2exc.weight"), Raster("in2exc")])
    assert told(lab, "group") == ["exc", "exc", "exc", "exc", "inputs of in2exc"]
    assert told(lab, "neurons") == [None, [0, 1, 2], [0, 3], None, None]
    assert told(lab, "inputs") == [None, None, None, "inputs of in2exc", None]


def test_lines_and_parts_that_are_no_neurons_are_of_no_group(toy, make_lab):
    assert told(make_lab(view=[Weights("in2exc.weight")]), "group") == [""]
    toy.wires.updater = None
    toy.cells.part = torch.nn.Module()
    toy.cells.part.register_buffer("level", torch.zeros(1, 4))
    assert told(make_lab(view=[Raster("exc.part.level")]), "group") == [""]


def pair(first: int, second: int, same: bool) -> snn.Layer:
    """Two connections into two groups by cells: in2a into a, in2b into b; or, where it is the same, both into a."""
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    lif = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 0.0, "time_constant": 10.0}

    class Pair(snn.Layer):
        def wiring(self, inputs, **kwargs):
            return {"a": inputs["in2a"], "b": inputs["in2b"]}

    layer = Pair()
    layer.add_connection("in2a", snn.LinearDense(2, first, 1.0, synapse=synapse))
    layer.add_connection("in2b", snn.LinearDense(2, second, 1.0, synapse=synapse))
    layer.add_neuron("a", snn.LIF(first, 1.0, **lif))
    layer.add_neuron("b", snn.LIF(second, 1.0, **lif))
    layer.add_cell("in2a", "a")
    layer.add_cell("in2b", "a" if same else "b")
    return layer


def test_a_connection_shows_the_neurons_that_its_cell_says():
    view = [Fields("in2a.weight", shape=(1, 2)), Current("in2b")]
    lab = Lab(pair(3, 3, same=False), {"in2a": torch.ones(1, 1, 2), "in2b": torch.ones(1, 1, 2)}, view=view)
    assert told(lab, "group") == ["a", "b"]
    lab.close()
    lab = Lab(pair(3, 3, same=True), {"in2a": torch.ones(1, 1, 2), "in2b": torch.ones(1, 1, 2)}, view=view)
    assert told(lab, "group") == ["a", "a"]
    lab.close()


def test_what_is_proposed_is_no_neuron(toy):
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0))
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    connection.defaultupdater()
    lab = Lab(snn.Serial(connection, lif), torch.ones(1, 1, 3), view=[Pending("serial.weight")])
    assert told(lab, "group") == [""]
    lab.close()


def test_the_neuron_that_is_followed_takes_the_place_of_the_last_line_with_its_past(toy, make_lab):
    toy.cells.threshold = 100.0  # else all fire, and are alike after it
    lab = make_lab()
    lab.step(3)
    voltage = toy.cells.voltage[0].tolist()
    past = lab.recorded("spikes · exc")
    lab.follow("exc", 2)
    assert [panel.neurons for panel in lab.scene.panels[1:3]] == [[0, 1, 2], [0, 2]]
    assert lab.recorded("voltage · exc")[-1].tolist() == pytest.approx([voltage[0], voltage[2]])
    assert np.isfinite(lab.recorded("voltage · exc")[-3:]).all()  # its past was recorded
    assert past.shape == (8, 4)
    assert lab.view.scene["followed"] == {"exc": 2}
    assert lab.view.scene["panels"][2]["names"] == ["neuron 0", "neuron 2"]
    assert "maps" in lab.view.scene


def test_after_another_the_first_lines_are_back_but_for_the_last(make_lab):
    lab = make_lab()
    lab.follow("exc", 2)
    lab.follow("exc", 1)
    assert told(lab, "neurons")[2] == [0, 1]
    lab.follow("exc", None)
    assert told(lab, "neurons")[2] == [0, 3]
    assert lab.view.scene["followed"] == {}


def test_a_large_group_keeps_its_lines(make_lab, monkeypatch):
    monkeypatch.setattr(panels, "WHOLE", 3)
    lab = make_lab()
    lab.step(2)
    lab.follow("exc", 2)
    assert told(lab, "neurons")[2] == [0, 3]
    assert lab.view.scene["followed"] == {"exc": 2}
    assert lab.recorded("voltage · exc").shape == (8, 2)


def test_a_click_in_the_page_follows(make_lab):
    lab = make_lab()
    hear(lab, {"do": "follow", "group": "exc", "neuron": 1, "view": "v", "seq": 1})
    assert (lab.scene.following.followed, lab.error) == ({"exc": 1}, "")


def test_what_cannot_be_followed_is_refused(make_lab):
    lab = make_lab()
    with pytest.raises(LookupError, match="group must be one of 'exc', but is 'inh'"):
        lab.follow("inh", 0)
    with pytest.raises(ValueError, match="neuron must be a number from 0 to 3, the places in exc, but is 4"):
        lab.follow("exc", 4)
    assert lab.view.scene["followed"] == {}
