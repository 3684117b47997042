import pytest
import torch

import snnlab as snn
from snnlab.lab import Fields, Raster
from snnlab.lab.experiment import Experiment


def test_every_step_is_recorded(toy):
    experiment = Experiment(toy, torch.tensor([[[1, 0, 0]], [[0, 1, 0]]]), [Raster("in2exc")], window=4)
    for _ in range(3):
        experiment.step()
    assert (experiment.steps, experiment.time) == (3, 3.0)
    assert experiment.scene.data()[0]["bits"].tolist() == [[0], [0b001], [0b010], [0b001]]


def test_no_gradient_is_kept(toy):
    toy.wires.weight.requires_grad_(True)
    experiment = Experiment(toy, torch.ones(1, 1, 3), [Fields("in2exc.weight", shape=(1, 3))])
    experiment.step()
    assert not toy.cells.voltage.requires_grad
    assert experiment.scene.data()[0]["fields"].shape == (4, 1, 3)


def test_a_device_moves_layer_and_trainers(toy, rule, monkeypatch):
    moved = []
    for module in (toy, rule):
        monkeypatch.setattr(module, "to", lambda device, module=module: moved.append((module, device)))
    Experiment(toy, torch.ones(1, 1, 3), [], trainers={"rule": rule, "plain": lambda: None}).to("cpu")
    assert moved == [(toy, torch.device("cpu")), (rule, torch.device("cpu"))]


# -------------------------------------------------------------------------------------------------------------------- what is given


def learning():
    """A layer, and a function that puts a rule over its cell."""
    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    layer, _ = snn.Serial(connection, lif, neuron_name="exc"), connection.defaultupdater()

    def over(rule):
        rule.register_cell("only", layer.cell)
        return rule

    return layer, over


PAIR = (0.1, -0.1, 20.0, 20.0)


def test_trainers_of_a_list_or_alone_go_by_their_class():
    layer, over = learning()
    stdp, other, homeostasis = over(snn.STDP(*PAIR)), over(snn.STDP(*PAIR)), over(snn.LinearHomeostasis(0.1, 0.1, "weight"))
    for given, names in (
        (stdp, {"stdp": stdp}),
        ([stdp, homeostasis, other], {"stdp": stdp, "linearhomeostasis": homeostasis, "stdp_2": other}),
        ((), {}),
        (None, {}),
    ):
        experiment = Experiment(layer, torch.ones(1, 1, 3), [], trainers=given)
        assert experiment.trainers == names
    Experiment(layer, torch.ones(1, 1, 3), [], trainers=[stdp, homeostasis, other]).step()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stdp": "stdp"}, r"trainers\['stdp'\] must be a rule, or a function without arguments, but is 'stdp'"),
        ("stdp", r"trainers must be trainers by name, .* but is 'stdp'"),
        (3, "trainers must be trainers by name, .* but is 3"),
        ([lambda reward: None], r"trainers\['function'\] must do without arguments, but this function wants reward at every step"),
        (snn.MSTDP(*PAIR), r"this MSTDP wants signal at every step\. Do the step yourself.* step=step\), .* rule\(signal\)"),
    ],
)
def test_trainers_that_cannot_be_called_are_refused(given, words):
    with pytest.raises(TypeError, match=words):
        Experiment(learning()[0], torch.ones(1, 1, 3), [], trainers=given)


def test_a_step_of_ones_own_tells_a_rule_its_reward():
    layer, over = learning()
    rule, told = over(snn.MSTDP(*PAIR)), []

    def step(x):
        layer(x), rule(1.0), layer.update()
        told.append(x)

    Experiment(layer, torch.ones(1, 1, 3), [], trainers=[rule], step=step).step()
    assert len(told) == 1


def test_a_panel_alone_is_a_view_and_what_is_no_panel_is_refused():
    layer, _ = learning()
    assert len(Experiment(layer, torch.ones(1, 1, 3), Raster("exc")).scene.panels) == 1
    for given, shown in (("exc", "'exc'"), (["exc"], "'exc'"), (3, "3")):
        with pytest.raises(TypeError, match=rf"view must hold panels, .* but view\[0\] is {shown}"):
            Experiment(layer, torch.ones(1, 1, 3), given)
