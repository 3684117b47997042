"""What the tests of the contract share: models as a reader would write them, which keep every law, and a way to try one law alone.

Each test breaks one of them in one place. They are classes of a module, not of a test, so that they can be pickled.
"""

import pytest
import torch

import snnlab as snn
from snnlab.contract import LAWS, ContractError


class Leaky(snn.InfernoNeuron):
    """A neuron that keeps every law."""

    def __init__(self, batch):
        super().__init__(4, 1.0, rest_v=0.0, refrac_t=3.0, batch_size=batch)

    def integrate(self, inputs):
        return 0.9 * self.voltage_ + inputs

    def forward(self, inputs):
        inputs = self.check_inputs(inputs)
        settings = {"threshold": 40.0, "reset": 0.0, "refrac_steps": self.refrac_steps}
        step = snn.threshold_step(inputs, self.voltage_, self.refrac_, self.integrate, **settings)
        self.spike_, self.voltage_, self.refrac_ = step
        return self.spike


class Pulse(snn.CurrentSynapse):
    """A synapse that keeps every law."""

    def __init__(self, batch):
        super().__init__(5, 1.0, delay=4.0, batch_size=batch)

    def release(self, spikes):
        return 0.5 * self.current + 3.0 * spikes


class Hebb(snn.IndependentCellTrainer):
    """A rule that keeps every law: a weight grows where its input has come not long before a spike."""

    def arriving(self, cell):
        return cell.connection.presyn_receptive(cell.prespike)

    def build(self, cell, state):
        state.register_state("trace_", torch.zeros(self.arriving(cell).shape, dtype=cell.connection.weight.dtype))

    def step(self, cell, state):
        state.trace_ = 0.9 * state.trace_ + self.arriving(cell)
        cell.updater.weight = 0.01 * (cell.connection.postsyn_receptive(cell.postspike) * state.trace_).sum(-1).mean(0)


SIZES = {Leaky: {"size": 4, "spikes": False}, Pulse: {"size": 5}}


def check(kind, **options):
    """The check of one of these, or of one that is derived from it."""
    if issubclass(kind, Hebb):
        return snn.contract.check_rule(kind, **options)
    return snn.contract.check(kind, **next(sizes for base, sizes in SIZES.items() if issubclass(kind, base)), **options)


def seen(law, kind):
    """What is said of a model that breaks a law, which is tried alone."""
    with pytest.raises(ContractError) as caught:
        check(kind, without=LAWS.keys() - {law})
    assert {breach.law.name for breach in caught.value.breaches} == {law}
    return str(caught.value)
