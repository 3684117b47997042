"""The Diehl & Cook network of bindsnet 0.3.4: its own model, with its own PostPre rule, clamped and normalized by itself."""

import importlib.util
import sys
import types

import torch
from slices import INPUTS, OUTPUTS, STEPS, Case, serve, spikes

# bindsnet's package loads its games, plots and data sets first. Its networks need none of them.
package = types.ModuleType("bindsnet")
package.__path__ = list(importlib.util.find_spec("bindsnet").submodule_search_locations)
sys.modules["bindsnet"] = package

import bindsnet.network  # noqa: E402, F401  (before the models: they import each other)
from bindsnet.models import DiehlAndCook2015  # noqa: E402
from bindsnet.network.monitors import Monitor  # noqa: E402


def diehl_cook() -> Case:
    """784 inputs, 400 excitatory and 400 inhibitory neurons. A run is one sample, after which the weights are normalized."""
    network = DiehlAndCook2015(n_inpt=INPUTS, n_neurons=OUTPUTS, batch_size=1, nu=(1e-4, 1e-2), norm=78.4)
    trains, fired = torch.cat(spikes(1) * (STEPS // 16 + 1))[:STEPS].unsqueeze(1), []
    monitor = Monitor(network.layers["Ae"], ["s"], time=STEPS)

    def run() -> None:
        network.run({"X": trains}, time=STEPS)

    def rate() -> float:
        network.add_monitor(monitor, "spikes")
        run()
        fired.append(monitor.get("s").float().mean().item())
        del network.monitors["spikes"]
        return fired[-1]

    return Case(run, rate, steps=STEPS)


if __name__ == "__main__":
    serve({"Diehl & Cook": diehl_cook})
