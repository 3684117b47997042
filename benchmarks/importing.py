"""`import snnlab` beside `import torch`, each in a fresh process, in turn, from compiled files as an installed package has them."""

import os
import statistics
import subprocess
import sys
import tempfile

from benchmarks.timing import Row, table

PROGRAM = "import time; start = time.perf_counter(); import {0}; print(1e3 * (time.perf_counter() - start))"


def main(rounds: int = 15) -> str:
    """The table of import times."""
    times: dict[str, list[float]] = {"torch": [], "snnlab": []}
    with tempfile.TemporaryDirectory() as compiled:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = compiled
        for turn in range(rounds + 1):
            for name, taken in times.items():
                command = [sys.executable, "-c", PROGRAM.format(name)]
                output = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
                if turn:
                    taken.append(float(output))
    base, ours = (statistics.median(taken) for taken in times.values())
    lines = [
        Row("import torch", base, min(times["torch"])),
        Row("import snnlab", ours, min(times["snnlab"]), ours / base, "at most 1.05 x"),
    ]
    return table("Import", lines)


if __name__ == "__main__":
    print(main())
