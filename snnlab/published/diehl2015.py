"""Unsupervised learning of handwritten digits (Diehl & Cook 2015)."""

import torch

from snnlab.connections import LinearDense, LinearDirect, LinearLateral
from snnlab.core.tensors import normalize
from snnlab.learning import DiehlCookSTDP
from snnlab.network import RecurrentSerial, Serial
from snnlab.neurons import ALIF, LIF, WinnerALIF
from snnlab.synapses import DeltaCurrent

PIXELS = 784
WEIGHTS = 78.4  # sum of a neuron's weights
STEP = 1.0  # ms


def network(
    neurons: int = 400, *, inhibition: str = "winner", batch_size: int = 1, generator: torch.Generator | None = None
) -> Serial | RecurrentSerial:
    """The network at rest, with random weights: connection "enc2exc", neurons "exc".

    Args:
        neurons: how many excitatory neurons there are.
        inhibition: "group" for the pair of groups of the paper: each excitatory neuron drives an inhibitory one of its own, which holds
            down all other excitatory neurons a step later; "winner" for the same without a second group and without a delay.
        batch_size: images at once.
        generator: draws the first weights.
    """
    synapse = DeltaCurrent.partialconstructor(1.0)  # 1 pC in a step of 1 ms: a weight of w is a current of w nA for a step

    def first(weight: torch.Tensor) -> torch.Tensor:
        return normalize(torch.rand(weight.shape, generator=generator), 1, WEIGHTS, dim=1)

    feed = LinearDense(PIXELS, neurons, STEP, synapse=synapse, batch_size=batch_size, weight_init=first)
    feed.defaultupdater()
    membrane = {"rest_v": -65.0, "reset_v": -60.0, "thresh_eq_v": -52.0, "refrac_t": 5.0, "tc_membrane": 100.0, "resistance": 100.0}
    threshold = {"tc_adaptation": 1e7, "spike_increment": 0.05, "batch_size": batch_size}
    if inhibition == "winner":
        return Serial(feed, WinnerALIF(neurons, STEP, **membrane, **threshold), connection_name="enc2exc", neuron_name="exc")
    out = LinearDirect(neurons, STEP, synapse=synapse, batch_size=batch_size, weight_init=lambda w: torch.full_like(w, 22.5))
    back = LinearLateral(neurons, STEP, synapse=synapse, batch_size=batch_size, weight_init=lambda w: torch.full_like(w, -17.5))
    inhibitory = {"rest_v": -60.0, "reset_v": -45.0, "thresh_v": -40.0, "refrac_t": 2.0, "time_constant": 10.0, "resistance": 10.0}
    return RecurrentSerial(
        feed,
        out,
        back,
        ALIF(neurons, STEP, **membrane, **threshold),
        LIF(neurons, STEP, **inhibitory, batch_size=batch_size),
        feedfwd_connection_name="enc2exc",
        lateral_connection_name="exc2inh",
        feedback_connection_name="inh2exc",
        feedfwd_neuron_name="exc",
        feedback_neuron_name="inh",
    )


def trainer(layer: Serial | RecurrentSerial, *, lr: float = 0.01, target: float = 0.4) -> DiehlCookSTDP:
    """The rule over the weights from pixels to excitatory neurons."""
    rule = DiehlCookSTDP(lr=lr, tc_pre=20.0, target=target, weight_max=1.0, mu=1.0)
    rule.register_cell("exc", layer.get_cell("enc2exc", "exc"))
    return rule
