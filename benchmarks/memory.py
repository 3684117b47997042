"""What is pending takes no more memory with time: 10,000 steps of each rule, with an update after every step, and without any.

Pending are the tensors that a rule has handed to the connection's updater, and its traces. Beside them stands what the whole process grew
by between step 1,000 and the last, in its resident memory; Linux alone.
"""

import re
import subprocess
import sys
from pathlib import Path

import torch

import snnlab as snn
from snnlab.updates import Product

INPUTS, OUTPUTS, STEPS = 200, 100, 10_000
RULES = {
    "STDP": lambda: snn.STDP(lr_post=1e-6, lr_pre=-1e-6, tc_post=20.0, tc_pre=20.0),
    "STDP, both rates above 0": lambda: snn.STDP(lr_post=1e-6, lr_pre=1e-6, tc_post=20.0, tc_pre=20.0),
    "STDP with delays": lambda: snn.STDP(lr_post=1e-6, lr_pre=-1e-6, tc_post=20.0, tc_pre=20.0),
    "DiehlCookSTDP": lambda: snn.DiehlCookSTDP(lr=1e-6, tc_pre=20.0, target=0.4, weight_max=1.0, mu=1.0),
    "VogelsSTDP": lambda: snn.VogelsSTDP(lr=1e-6, tc=20.0, target_rate=5.0, sign=1),
}


def size(kept: object) -> int:
    """Bytes of a tensor, or of a product written as two factors."""
    parts = kept.factors if isinstance(kept, Product) else (kept,)
    return sum(part.numel() * part.element_size() for part in parts)


def resident() -> float:
    """MB of the process that lie in memory."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def run(name: str, updated: bool) -> tuple[int, int, float]:
    """Most bytes that were pending or traced in the first 1,000 steps and in all, and MB that the process grew by after these."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    delays = {"delay": 5.0, "delay_init": lambda d: torch.randint(0, 6, d.shape).float()} if name.endswith("delays") else {}
    connection = snn.LinearDense(INPUTS, OUTPUTS, 1.0, synapse=snn.DeltaCurrent.partialconstructor(20.0), **delays)
    membrane = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0}
    layer = snn.Serial(connection, snn.LIF(OUTPUTS, 1.0, **membrane))
    connection.defaultupdater(exclude_delay=True)
    rule = RULES[name]()
    rule.gathers = 10 * STEPS
    rule.register_cell("only", layer.cell)
    accumulator, most, early, before = connection.updater.weight, 0, 0, 0.0
    with torch.no_grad():
        for step in range(STEPS):
            layer(torch.rand(1, INPUTS) < 0.05)
            rule()
            pending = [entry for part in (accumulator._pos, accumulator._neg) for entry in part.entries]
            most = max(most, sum(map(size, (*pending, *rule.buffers()))))
            if step == 999:
                early, before = most, resident()
            if updated:
                layer.update()
    return early, most, resident() - before


def main() -> str:
    """The table; each row in a process of its own."""
    head = ["rule", "updates", "most in 1,000 steps, kB", f"in {STEPS:,} steps, kB", "the process grew by, MB"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for name in RULES:
        for updated in (True, False):
            program = f"from benchmarks.memory import run; print(run({name!r}, {updated}))"
            done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
            first, last, grown = eval(done.stdout)  # numbers that this very file has printed
            verdict = "" if first == last else " **grows**"
            when = "after every step" if updated else "never"
            lines.append(f"| {name} | {when} | {first / 1e3:.1f} | {last / 1e3:.1f}{verdict} | {grown:.1f} |")
            print(lines[-1], flush=True)
    return f"## Pending updates and traces of {INPUTS} -> {OUTPUTS}, {STEPS:,} steps\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(main())
