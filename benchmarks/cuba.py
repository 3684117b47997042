"""The CUBA network: 4,000 leaky neurons with current-based synapses, which keep each other firing without any input.

    τ_m dv/dt = (V_rest − v) + g_e + g_i,      τ_e dg_e/dt = −g_e,      τ_i dg_i/dt = −g_i
    at a presynaptic spike:  g_e ← g_e + 1.62 mV (four cells of five)  or  g_i ← g_i − 9 mV (the fifth)

with τ_m = 20 ms, τ_e = 5 ms, τ_i = 10 ms; V_rest = −49 mV lies above the threshold of −50 mV, so that each cell alone would fire by itself;
reset to −60 mV, 5 ms refractory; each pair is connected with a probability of 2 %; steps of 0.1 ms. The g are currents times a resistance:
with 1 MΩ, a synapse of charge w·τ adds the current w (nA) to g (mV) at each spike.

The mean rate is a number to compare: it tells whether thresholds, refractory times, synaptic sums and signs all are as they should be.

Reference: Brette et al., Simulation of networks of spiking neurons: a review of tools and strategies, Journal of Computational Neuroscience
23 (2007) 349-398, benchmark 2; the network is that of Vogels and Abbott, Journal of Neuroscience 25 (2005) 10786-10795.

Two things that the library does differ from the equations, by less than the rate differs from seed to seed: a step integrates a current
held at its value after this step's spikes (1 % more charge for τ_e, 0.5 % for τ_i), and numbers are of single precision.
"""

import platform
import statistics
import time
from typing import Any

import torch
from torch import Tensor

import snnlab as snn

STEP = 0.1  # ms
INPUTS = 80  # a cell has on average: 2 % of 4,000
KINDS = {"excitatory": (1.62, 5.0), "inhibitory": (-9.0, 10.0)}  # mV a spike, ms
GOAL = (5.5, 6.05)  # Hz, the mean over ten seeds


class Cuba(snn.Layer):
    """The network: one group of neurons, and one connection from its excitatory cells and one from its inhibitory cells to all of it.

    Args:
        neurons: how many, a multiple of five. With fewer than 4,000 the probability of a connection rises, so that a cell keeps 80 inputs.
        seed: of connections and first voltages.

    Example:
        >>> from benchmarks.cuba import Cuba
        >>> layer = Cuba(100, seed=0)
        >>> layer.connections.excitatory.weight.shape, layer.step().shape
        (torch.Size([100, 80]), torch.Size([1, 100]))
    """

    def __init__(self, neurons: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.sizes = [neurons * 4 // 5, neurons - neurons * 4 // 5]
        for size, (name, (jump, time_constant)) in zip(self.sizes, KINDS.items(), strict=True):
            synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=jump * time_constant, time_constant=time_constant)
            chosen = (torch.rand(neurons, size, generator=generator) < INPUTS / neurons).float()
            self.add_connection(name, snn.LinearDense(size, neurons, STEP, synapse=synapse, weight_init=lambda _, w=chosen: w))
        cells = snn.LIF(neurons, STEP, rest_v=-49.0, reset_v=-60.0, thresh_v=-50.0, refrac_t=5.0, time_constant=20.0, resistance=1.0)
        cells.voltage = -60.0 + 10.0 * torch.rand(1, neurons, generator=generator)
        self.add_neuron("cells", cells)

    def wiring(self, inputs: dict[str, Tensor], **kwargs: Any) -> dict[str, Tensor]:
        return {"cells": inputs["excitatory"] + inputs["inhibitory"]}

    def step(self) -> Tensor:
        """One step: the spikes of the last one reach their targets. Returns spikes, bool, 1 x neurons."""
        return self(dict(zip(KINDS, self.get_neuron("cells").spike.split(self.sizes, dim=1), strict=True)))["cells"]


def run(neurons: int = 4000, seed: int = 0, duration: float = 1000.0) -> float:
    """The mean rate, in Hz, of such a network over `duration` ms from its random start."""
    with torch.no_grad():
        layer, steps = Cuba(neurons, seed), round(duration / STEP)
        spikes = sum(layer.step().sum() for _ in range(steps))
    return float(spikes) / neurons / (duration / 1000.0)


def main(seeds: int = 10) -> str:
    """A table of the rates of ten networks over one second, with mean and standard deviation."""
    torch.set_num_threads(1)
    flushed = torch.set_flush_denormal(True)  # currents of cells that fall silent end as subnormal numbers, which are slow to multiply
    rates, lines = [], ["| seed | mean rate, Hz | CPU ms a step |", "|-----:|--------------:|--------------:|"]
    for seed in range(seeds):
        start = time.process_time()
        rates.append(run(seed=seed))
        taken = time.process_time() - start
        lines.append(f"| {seed} | {rates[-1]:.2f} | {taken * STEP:.2f} |")
        print(lines[-1], flush=True)
    mean, deviation = statistics.mean(rates), statistics.stdev(rates)
    verdict = "within" if GOAL[0] <= mean <= GOAL[1] else "OUTSIDE"
    head = (
        "# The CUBA network\n\n"
        "Benchmark 2 of Brette et al. (2007), printed by `make bench BENCH=cuba`: one second in steps of 0.1 ms, of ten networks of 4,000 "
        f"neurons, each with connections and first voltages of its own. Torch {torch.__version__}, {platform.machine()}, single precision, "
        f"one thread, subnormal numbers {'' if flushed else 'not '}flushed to 0. The machine is shared.\n\n"
    )
    foot = f"\n\nMean {mean:.2f} Hz, standard deviation {deviation:.2f} Hz; {verdict} the {GOAL[0]} to {GOAL[1]} Hz that are wanted.\n"
    return head + "\n".join(lines) + foot


if __name__ == "__main__":
    print(main())
