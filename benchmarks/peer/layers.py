"""The networks of snnlab, and those of inferno-ai 0.0.5, whose parts have the same names: `python layers.py snnlab` or `... inferno`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from slices import INPUTS, OUTPUTS, STEPS, Case, serve, spikes

if sys.argv[1] == "snnlab":
    sys.path.insert(0, str(Path(__file__).parents[2]))
    import snnlab as parts
    from snnlab import STDP
else:
    import inferno.neural as parts
    from inferno.learn import STDP

LONGEST = 20.0  # ms
LIMITS = {"weight": (0.0, 1.0), "sum": 78.4}


def synapse(charge: float) -> Callable[..., Any]:
    """Whole currents in the step in which a spike arrives."""
    return parts.DeltaCurrent.partialconstructor(charge)


def trained(cell: Any, rates: tuple[float, float]) -> Any:
    """Pair STDP over a cell."""
    stdp = STDP(lr_post=rates[0], lr_pre=rates[1], tc_post=20.0, tc_pre=20.0)
    stdp.register_cell("only", cell)
    return stdp


def pair_stdp(batch: int, delayed: bool, inputs: int = INPUTS, outputs: int = OUTPUTS, charge: float = 1.0) -> Case:
    """A step of pair STDP: connection, LIF neurons, rule, update."""
    delays = {}
    if delayed:
        delays = {"delay": LONGEST, "delay_init": lambda zeros: torch.randint(0, int(LONGEST) + 1, zeros.shape).float()}
    connection = parts.LinearDense(inputs, outputs, 1.0, synapse=synapse(charge), batch_size=batch, **delays)
    connection.updater = connection.defaultupdater(exclude_delay=True)
    membrane = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0}
    layer = parts.Serial(connection, parts.LIF(outputs, 1.0, **membrane, batch_size=batch))
    stdp = trained(layer.cell, (1e-6, -1e-6))
    trains, count, fired = spikes(batch, inputs), iter(range(10**9)), []

    def run() -> None:
        step = next(count)
        spiked = layer(trains[step % 16])
        stdp()
        connection.update()
        if step % 8 == 0:
            fired.append(spiked)

    return Case(run, lambda: torch.stack(fired[-500:]).float().mean().item(), batch)


def diehl_cook() -> Case:
    """784 inputs, 400 excitatory neurons, each with an inhibitory one that holds down all others; pair STDP, clamped, normalized."""

    def feed(weight: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(torch.rand_like(weight), p=1, dim=1) * LIMITS["sum"]

    enc = parts.LinearDense(INPUTS, OUTPUTS, 1.0, synapse=synapse(1.0), weight_init=feed)
    out = parts.LinearDirect(OUTPUTS, 1.0, synapse=synapse(1.0), weight_init=lambda w: torch.full_like(w, 22.5))
    back = parts.LinearLateral(OUTPUTS, 1.0, synapse=synapse(1.0), weight_init=lambda w: torch.full_like(w, -17.5))
    enc.updater = enc.defaultupdater()
    membrane = {"rest_v": -65.0, "reset_v": -60.0, "thresh_eq_v": -52.0, "refrac_t": 5.0, "tc_membrane": 100.0, "resistance": 100.0}
    inhibitory = {"rest_v": -60.0, "reset_v": -45.0, "thresh_v": -40.0, "refrac_t": 2.0, "time_constant": 10.0, "resistance": 10.0}
    excited = parts.ALIF(OUTPUTS, 1.0, **membrane, tc_adaptation=1e7, spike_increment=0.05)
    layer = parts.RecurrentSerial(enc, out, back, excited, parts.LIF(OUTPUTS, 1.0, **inhibitory))
    clamping = parts.Clamping(enc.updater, "parent.weight", *LIMITS["weight"])
    clamping.register()
    normalization = parts.Normalization(enc, "weight", order=1, scale=LIMITS["sum"], dim=1)
    stdp = trained(layer.feedfwd_cell if hasattr(layer, "feedfwd_cell") else layer.get_cell("feedfwd", "feedfwd"), (1e-2, -1e-4))
    trains, fired = spikes(1), []

    def run() -> None:  # one sample: its steps, and then the normalization
        for step in range(STEPS):
            spiked, _ = layer(trains[step % 16])
            stdp()
            enc.update()
            fired.append(spiked)
        del fired[:-1000]
        normalization(force=True) if sys.argv[1] == "inferno" else normalization.hook(enc)

    return Case(run, lambda: torch.stack(fired).float().mean().item(), steps=STEPS)


CASES = {
    "STDP, batch 1": lambda: pair_stdp(1, False),
    "STDP, batch 32": lambda: pair_stdp(32, False),
    "STDP with delays, batch 1": lambda: pair_stdp(1, True),
    "STDP with delays, batch 32": lambda: pair_stdp(32, True),
    "STDP, 20 -> 10": lambda: pair_stdp(1, False, 20, 10, 150.0),
    "Diehl & Cook": diehl_cook,
}

if __name__ == "__main__":
    serve(CASES)
