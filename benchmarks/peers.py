"""Beside the libraries nearest to ours: each in a process and an environment of its own, in short slices that take turns, one thread.

`make bench BENCH=peers` looks for the environments in `.peers/inferno`, `.peers/bindsnet` and `.peers/brian2`, or below the folder that
SNNLAB_PEERS names; CONTRIBUTING.md says how to make them. A peer without one is left out of the table. Every process also times
`F.linear` 784 -> 400 of the same batch, which shows whether two processes had the same machine.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import torch

HERE = Path(__file__).parent
SLICES, SECONDS = 12, 0.4
SCRIPTS = {
    "snnlab": ("layers.py", "snnlab"),
    "inferno-ai 0.0.5": ("layers.py", "inferno"),
    "bindsnet 0.3.4": ("bindsnet_steps.py",),
    "brian2 2.9.0": ("brian2_steps.py",),
}
CASES = ("STDP, batch 1", "STDP, batch 32", "STDP with delays, batch 1", "STDP with delays, batch 32", "STDP, 20 -> 10", "Diehl & Cook")
ASKED = {  # case and yardstick: our step is to be at most so many times as long
    ("STDP, batch 1", "F.linear"): 18,
    ("STDP, batch 32", "F.linear"): 9,
    ("STDP with delays, batch 1", "F.linear"): 140,
    ("STDP with delays, batch 32", "F.linear"): 55,
    ("STDP with delays, batch 32", "inferno-ai 0.0.5"): 1 / 200,
    ("STDP, 20 -> 10", "inferno-ai 0.0.5"): 0.35,
    ("Diehl & Cook", "inferno-ai 0.0.5"): 0.15,
    ("Diehl & Cook", "bindsnet 0.3.4"): 0.9,
}


def interpreter(name: str) -> Path | None:
    """The Python of a peer's environment; None if there is none."""
    if name == "snnlab":
        return Path(sys.executable)
    root = Path(os.environ.get("SNNLAB_PEERS", HERE.parent / ".peers"))
    found = root / name.split("-")[0].split()[0] / "bin" / "python"
    return found if found.exists() else None


class Peer:
    """A process that runs slices."""

    def __init__(self, name: str, python: Path) -> None:
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        command = [str(python), *SCRIPTS[name]]
        self.process = subprocess.Popen(command, cwd=HERE / "peer", env=environment, **pipes)
        self.cases = json.loads(self.process.stdout.readline())

    def slice(self, case: str) -> dict:
        """How long steps of a case took."""
        print(json.dumps({"case": case, "seconds": SECONDS}), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def end(self) -> None:
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


def measure(peers: dict[str, Peer], case: str) -> list[str]:
    """The table rows of a case: slices of all peers that have it, in turn."""
    taking_part = {name: peer for name, peer in peers.items() if case in peer.cases}
    slices: dict[str, list[dict]] = {name: [] for name in taking_part}
    for _ in range(SLICES):
        for name, peer in taking_part.items():
            if len(slices[name]) < 4 or statistics.median(slices[name][0]["steps"]) < 1000:  # a step of seconds: a few will do
                slices[name].append(peer.slice(case))
    ours = [statistics.median(each["steps"]) for each in slices["snnlab"]]
    rows = []
    for name, each in slices.items():
        steps = [time for one in each for time in one["steps"]]
        linear = [time for one in each for time in one["linear"]]
        step, base = statistics.median(steps), statistics.median(linear)
        beside = [own / statistics.median(one["steps"]) for own, one in zip(ours, each, strict=False)]  # slice by slice
        own, others = ASKED.get((case, "F.linear")), ASKED.get((case, name))
        cells = [case, name, f"{step:.3f}", f"{min(steps):.3f}", f"{step / base:.1f} x"]
        cells += [f"{own} x" if own and name == "snnlab" else ""]
        cells += ["", ""] if name == "snnlab" else [f"{statistics.median(beside):.4g}", f"{others:.4g}" if others else ""]
        rows.append("| " + " | ".join([*cells, f"{100 * each[-1]['rate']:.1f} %"]) + " |")
        print(rows[-1], flush=True)
    return rows


def main() -> str:
    """The table."""
    found = {name: python for name in SCRIPTS if (python := interpreter(name)) is not None}
    missing = [name for name in SCRIPTS if name not in found]
    peers = {name: Peer(name, python) for name, python in found.items()}
    head = "| case | library | median ms a step | least | of its F.linear | at most | ours / theirs | at most | neurons that spike |"
    lines = [head, "|" + "---|" * 9]
    print("\n".join(lines), flush=True)
    try:
        for case in CASES:
            lines += measure(peers, case)
    finally:
        for peer in peers.values():
            peer.end()
    text = (
        "# Beside other libraries\n\n"
        f"Printed by `make bench BENCH=peers`: Python {platform.python_version()}, torch {torch.__version__} in every environment, "
        f"{platform.machine()}, one thread. Times are the processor's, of {SLICES} slices of {SECONDS} s that took turns; ours / theirs is "
        "the median over pairs of slices. Inputs spike in 5 % of the steps of 1 ms. Diehl & Cook: 784 inputs, 400 excitatory and 400 "
        "inhibitory neurons, pair STDP clamped at every step, weights normalized every 100 steps; batch 1.\n\n"
    )
    absent = f"\nNot measured, for want of an environment: {', '.join(missing)}.\n" if missing else ""
    return text + "\n".join(lines) + "\n" + absent


if __name__ == "__main__":
    print(main())
