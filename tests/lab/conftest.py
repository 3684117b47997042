"""A small network with the surface that a lab looks at, and no model of the library behind it: three inputs, four neurons.

v[t] = v[t-1] * exp(-1/tau) + W x[t]; a neuron fires at v >= 1, and then v = 0.
"""

import math
from typing import ClassVar

import pytest
import torch
from torch import nn

from snnlab.core.quantity import Quantity
from snnlab.lab import Current, Fields, Lab, Raster, Voltage


class Wires(nn.Module):
    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.inshape, self.outshape, self.dt = (inputs,), (outputs,), 1.0
        weight = torch.linspace(0.0, 0.5, inputs * outputs).reshape(outputs, inputs)
        self.weight = nn.Parameter(weight, requires_grad=False)

    def forward(self, x):
        return x.float() @ self.weight.T


class Cells(nn.Module):
    quantities: ClassVar[dict[str, Quantity]] = {
        "tc_membrane": Quantity("ms", 1.0, 100.0, "membrane time constant", log=True),
        "threshold": Quantity("mV", 0.5, 2.0, "fires at"),
    }

    def __init__(self, size: int):
        super().__init__()
        self.shape, self.dt, self.tc_membrane, self.threshold = (size,), 1.0, 20.0, 1.0
        self.register_buffer("voltage", torch.zeros(1, size))
        self.register_buffer("spike", torch.zeros(1, size, dtype=torch.bool))

    def forward(self, current):
        self.voltage = self.voltage * math.exp(-1.0 / self.tc_membrane) + current
        self.spike = self.voltage >= self.threshold
        self.voltage = self.voltage * ~self.spike
        return self.spike

    def clear(self):
        self.voltage.zero_()
        self.spike.zero_()


class Toy(nn.Module):
    def __init__(self, inputs: int = 3, outputs: int = 4):
        super().__init__()
        self.wires, self.cells, self.updates = Wires(inputs, outputs), Cells(outputs), 0

    @property
    def named_connections(self):
        return iter([("in2exc", self.wires)])

    @property
    def named_neurons(self):
        return iter([("exc", self.cells)])

    def forward(self, x):
        return self.cells(self.wires(x))

    def update(self):
        self.updates += 1


class Rule(nn.Module):
    """Adds lr to every weight into a neuron that fired."""

    quantities: ClassVar[dict[str, Quantity]] = {"lr_post": Quantity("", 0.0, 0.1, "learning rate")}

    def __init__(self, toy: Toy, lr_post: float = 0.01):
        super().__init__()
        self.toy, self.lr_post = [toy], lr_post

    def forward(self):
        toy = self.toy[0]
        toy.wires.weight += self.lr_post * toy.cells.spike[0][:, None]


@pytest.fixture
def toy():
    return Toy()


@pytest.fixture
def rule(toy):
    return Rule(toy)


@pytest.fixture
def make_lab(toy, rule):
    """Builds a lab over the toy; what is given takes the place of the defaults."""
    labs = []

    def make(**given):
        inputs = torch.tensor([[[1, 0, 1]], [[0, 1, 1]], [[0, 0, 0]]], dtype=torch.bool)
        view = [Raster("exc"), Current("in2exc"), Voltage("exc", neurons=[0, 3]), Fields("in2exc.weight", shape=(1, 3))]
        settings = {
            "inputs": inputs,
            "view": view,
            "trainers": {"rule": rule},
            "controls": ["exc.tc_membrane", "rule.lr_post"],
            "window": 8,
        }
        labs.append(Lab(given.pop("layer", toy), **(settings | given)))
        labs[-1].sent = []
        labs[-1].view.send = lambda content, buffers=None: labs[-1].sent.append((content, buffers))
        return labs[-1]

    yield make
    for lab in labs:
        lab.close()
