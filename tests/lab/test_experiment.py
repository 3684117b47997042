import torch

from snnlab.lab import Fields, Raster
from snnlab.lab.experiment import Experiment


def test_every_step_is_recorded(toy):
    experiment = Experiment(toy, torch.tensor([[[1, 0, 0]], [[0, 1, 0]]]), [Raster("in2exc")], window=4)
    for _ in range(3):
        experiment.step()
    assert (experiment.steps, experiment.time) == (3, 3.0)
    assert experiment.scene.data()[0]["spikes"].tolist() == [[1, 0], [2, 1], [3, 0]]


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
