"""What tests of learning rules share: neurons that spike as they are told, connections of every kind, random trains, random delays.

A rule's expected change is worked out in the rule's own test, by plain loops over spikes.
"""

import math

import torch
from torch.utils._python_dispatch import TorchDispatchMode

import snnlab as snn


class Scripted(snn.Neuron):
    """Spikes as it is told, whatever comes in, so that a test knows both trains."""

    def __init__(self, shape, batch_size, step_time=1.0):
        super().__init__()
        self.shape, self.count, self.batchsz, self.dt = shape, math.prod(shape), batch_size, step_time
        self.batchedshape = (batch_size, *shape)
        self.spike_ = torch.zeros(self.batchedshape, dtype=torch.bool)

    voltage = property(lambda self: torch.zeros(self.batchedshape))
    refrac = property(lambda self: torch.zeros(self.batchedshape))
    spike = property(lambda self: self.spike_.clone())

    def forward(self, inputs, script):
        self.spike_ = script
        return self.spike


SIZES = {"dense": (4, 3), "direct": (3, 3), "lateral": (3, 3)}


def connect(kind="dense", *, batch_size=4, step_time=1.0, delay=None, delays=None, interp="previous", exponential=False):
    """A layer of one small connection, double precision, and scripted neurons: SIZES has its inputs and outputs."""
    inputs, outputs = SIZES[kind]
    synapse = snn.DeltaCurrent.partialconstructor(1.0, interp_mode=interp)
    if exponential:
        synapse = snn.SingleExponentialCurrent.partialconstructor(1.0, 5.0, spike_interp_mode=interp)
    build = {"dense": snn.LinearDense, "direct": snn.LinearDirect, "lateral": snn.LinearLateral}[kind]
    shape = (inputs, outputs) if kind == "dense" else (inputs,)
    connection = build(*shape, step_time, synapse=synapse, delay=delay, batch_size=batch_size).to(torch.float64)
    if delays is not None:
        connection.delay = delays
    connection.defaultupdater()
    return snn.Serial(connection, Scripted((outputs,), batch_size, step_time))


def connect_conv(*, batch_size=4, delay=None, delays=None, channels=2, filters=3, image=(4, 5), kernel=(2, 3)):
    """The same around a Conv2D; neurons are shaped like its outputs."""
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.Conv2D(*image, channels, filters, 1.0, kernel, synapse=synapse, delay=delay, batch_size=batch_size).to(torch.float64)
    if delays is not None:
        connection.delay = delays
    connection.defaultupdater()
    return snn.Serial(connection, Scripted(connection.outshape, batch_size))


def trains(steps=60, batch=4, size=4, seed=0, rate=0.25):
    """Random spikes, steps x batch x size; `size` may be a shape."""
    shape = (size,) if isinstance(size, int) else tuple(size)
    return torch.rand(steps, batch, *shape, generator=torch.Generator().manual_seed(seed)) < rate


def random_delays(shape, longest, whole, seed=3):
    """Delays in steps of 1 ms, or anywhere between 0 and the longest."""
    random = torch.Generator().manual_seed(seed)
    if whole:
        return torch.randint(0, longest + 1, shape, generator=random).double()
    return torch.rand(shape, generator=random, dtype=torch.float64) * longest


def train(layer, rule, pre, post, *signals, parameter="weight", update_each_step=True):
    """Runs a rule over both trains, and returns the change of the parameter. `signals` hold one value a step each, given to the rule."""
    rule.register_cell("only", layer.cell)
    before = getattr(layer.connection, parameter).detach().clone()
    for step, (arriving, leaving) in enumerate(zip(pre, post, strict=True)):
        layer(arriving, neuron_kwargs={"script": leaving})
        rule(*(signal[step] for signal in signals))
        if update_each_step:
            layer.update()
    layer.update()
    return getattr(layer.connection, parameter).detach() - before


CLOSE = {"rtol": 1e-6, "atol": 1e-6 * 0.01}  # of a change whose smallest pair is worth about 0.01


class Largest(TorchDispatchMode):
    """Remembers the number of elements of the largest tensor that any operation made."""

    elements = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor):
                self.elements = max(self.elements, each.numel(), each.untyped_storage().nbytes() // max(each.element_size(), 1))
        return result
