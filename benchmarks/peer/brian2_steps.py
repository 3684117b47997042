"""The Diehl & Cook network in brian2, compiled by Cython: event-driven traces, the usual way there to write pair STDP."""

import brian2 as b
import torch
from slices import INPUTS, OUTPUTS, RATE, STEPS, Case, serve

b.prefs.codegen.target = "cython"

TRACES = "dx/dt = -x/(20*ms) : 1 (event-driven)\ndy/dt = -y/(20*ms) : 1 (event-driven)\nw : 1"  # one of each a synapse


def diehl_cook() -> Case:
    """784 inputs, 400 excitatory and 400 inhibitory neurons, in steps of 1 ms; a call is one sample, after which weights are normalized."""
    b.start_scope()
    b.defaultclock.dt = 1 * b.ms
    b.seed(0)
    pixels = b.PoissonGroup(INPUTS, RATE / b.ms)
    leak = "dv/dt = (rest - v)/tau : volt\nrest : volt (constant)\ntau : second (constant)\n"
    excited = b.NeuronGroup(
        OUTPUTS,
        leak + "dtheta/dt = -theta/(1e7*ms) : volt",
        threshold="v > -52*mV + theta",
        reset="v = -60*mV; theta += 0.05*mV",
        refractory=5 * b.ms,
        method="exact",
    )
    inhibitory = b.NeuronGroup(OUTPUTS, leak, threshold="v > -40*mV", reset="v = -45*mV", refractory=2 * b.ms, method="exact")
    for group, rest, tau in ((excited, -65, 100), (inhibitory, -60, 10)):
        group.rest, group.v, group.tau = rest * b.mV, rest * b.mV, tau * b.ms
    enc = b.Synapses(
        pixels,
        excited,
        TRACES,
        on_pre="v_post += w*mV; x += 1; w = clip(w - 1e-4*y, 0, 1)",
        on_post="y += 1; w = clip(w + 1e-2*x, 0, 1)",
    )
    enc.connect()
    enc.w = torch.nn.functional.normalize(torch.rand(INPUTS, OUTPUTS), p=1, dim=0).mul(78.4).flatten().numpy()
    out = b.Synapses(excited, inhibitory, on_pre="v_post += 22.5*mV")
    out.connect(j="i")
    back = b.Synapses(inhibitory, excited, on_pre="v_post -= 17.5*mV")
    back.connect(condition="i != j")
    monitor = b.SpikeMonitor(excited, record=False)
    network = b.Network(pixels, excited, inhibitory, enc, out, back, monitor)
    sampled = [0]

    def run() -> None:
        network.run(STEPS * b.ms)
        weight = enc.w[:].reshape(INPUTS, OUTPUTS)
        enc.w = (weight * (78.4 / weight.sum(0))).ravel()
        sampled[0] += 1

    return Case(run, lambda: monitor.num_spikes / (sampled[0] * STEPS * OUTPUTS), steps=STEPS)


if __name__ == "__main__":
    serve({"Diehl & Cook": diehl_cook})
