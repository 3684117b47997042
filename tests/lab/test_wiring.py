import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.lab import Lab, Wiring

LIF = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 0.0, "time_constant": 10.0}


def dense(inputs, outputs, weight):
    connection = snn.LinearDense(inputs, outputs, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1000.0))
    connection.weight = torch.tensor(weight)
    return connection


@pytest.fixture
def lab():
    """Two of four neurons fire, as they have a weight from the only input that comes."""
    connection = dense(3, 4, [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    layer = snn.Serial(connection, snn.LIF(4, 1.0, **LIF), connection_name="in2exc", neuron_name="exc")
    lab = Lab(layer, torch.tensor([[[True, False, False]], [[False, False, False]]]), view=Wiring(), device=False)
    yield lab
    lab.close()


def test_a_box_counts_what_spiked_in_the_last_step(lab):
    assert np.isnan(lab.scene.data()[0]["counts"]).all()
    lab.step()
    assert lab.scene.data()[0]["counts"].tolist() == [1.0, 2.0]
    assert lab.snapshot() == "step 1 (1 ms); wiring: input 1 of 3 spiked, exc 2 of 4 spiked"
    lab.step()
    assert lab.scene.data()[0]["counts"].tolist() == [0.0, 0.0]


def test_before_the_first_step_there_is_nothing_to_say(lab):
    assert lab.snapshot() == "step 0 (0 ms); wiring: nothing yet"


def test_boxes_and_arrows_are_those_of_the_layer(lab):
    # A box is 1.3 inches wide and 0.62 high, the next begins 3.1 inches further; 0.15 are left around all, 0.4 for words above an arrow.
    panel = lab.view.scene["panels"][0]
    assert [(box["name"], box["words"], box["size"]) for box in panel["boxes"]] == [("input", "3", 3), ("exc", "LIF · 4", 4)]
    assert [box["at"] for box in panel["boxes"]] == [[0.8, 0.55], [3.9, 0.55]]
    (arrow,) = panel["arrows"]
    assert arrow["points"] == [[1.45, 0.55], [2.35, 0.55], [3.25, 0.55]]
    assert (arrow["label"], arrow["dashed"]) == ("in2exc\nLinearDense", False)
    assert (panel["across"], panel["down"]) == pytest.approx((4.7, 1.1))


def test_what_leads_back_is_dashed_and_bends_below():
    recurrent = snn.RecurrentSerial(
        dense(2, 3, [[1.0, 1.0]] * 3),
        dense(3, 3, torch.eye(3).tolist()),
        dense(3, 3, torch.eye(3).tolist()),
        snn.LIF(3, 1.0, **LIF),
        snn.LIF(3, 1.0, **LIF),
    )
    lab = Lab(recurrent, torch.ones(1, 1, 2), view=Wiring(), device=False)
    panel = lab.view.scene["panels"][0]
    (back,) = [arrow for arrow in panel["arrows"] if arrow["dashed"]]
    tail, middle, head = back["points"]
    assert middle[1] > max(tail[1], head[1])  # places grow downwards
    assert back["label"].startswith("feedback")
    lab.step()
    assert lab.scene.data()[0]["counts"].tolist()[:2] == [2.0, 3.0]
    lab.close()


def test_a_connection_that_is_not_run_says_so():
    class Two(snn.Layer):
        def wiring(self, inputs, **kwargs):
            return {"exc": inputs["a"]}

    layer = Two()
    layer.add_connection("a", dense(1, 1, [[1.0]]))
    layer.add_connection("b", dense(1, 1, [[1.0]]))
    layer.add_neuron("exc", snn.LIF(1, 1.0, **LIF))
    layer.add_cell("a", "exc"), layer.add_cell("b", "exc")
    lab = Lab(layer, None, view=Wiring(), device=False, step=lambda: layer({"a": torch.ones(1, 1)}))
    lab.step()
    assert lab.snapshot().endswith("input of a 1 of 1 spiked, input of b not run, exc 1 of 1 spiked")
    lab.close()


def test_a_model_that_is_no_layer_does_not_say_who_feeds_whom(make_lab):
    with pytest.raises(TypeError, match="layer must be a Layer"):
        make_lab(view=[Wiring()])


def test_the_still_twin_has_the_same_boxes_and_counts(lab):
    lab.step()
    (ax,) = lab.picture().get_axes()
    assert ax.get_title(loc="left") == "wiring"
    words = [text.get_text() for text in ax.texts]
    assert words == ["input", "1 of 3 spiked", "exc", "2 of 4 spiked", "in2exc\nLinearDense"]
