"""Runs the benchmarks, prints their tables, and writes them to benchmarks/results.md.

`python -m benchmarks` runs those that need no browser; `python -m benchmarks live` those of the live view alone, for five minutes, and
writes benchmarks/live_view.md; `python -m benchmarks live 30` a lesson of so many minutes too, which goes to benchmarks/live_long.md.
`python -m benchmarks cuba` runs the CUBA network alone, for six minutes, and writes benchmarks/cuba.md. `python -m benchmarks peers` runs
the comparison with other libraries alone, and writes benchmarks/peers.md. `python -m benchmarks published` runs the published results at
full size, and writes benchmarks/published.md.
"""

import platform
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from benchmarks import convolution, cuba, importing, learning, memory, peers, products, published

RESULTS = Path(__file__).parent / "results.md"


def main() -> None:
    """Runs all, in order; or one of those that run alone."""
    if "cuba" in sys.argv[1:]:
        RESULTS.with_name("cuba.md").write_text(cuba.main(), encoding="utf-8")
        return
    if "published" in sys.argv[1:2]:
        published.main(sys.argv[2:])
        return
    if "peers" in sys.argv[1:]:
        RESULTS.with_name("peers.md").write_text(peers.main(), encoding="utf-8")
        return
    if "live" in sys.argv[1:2]:
        _live(sys.argv[2:])
        return
    head = (
        "# Benchmarks\n\n"
        f"Printed by `make bench`: Python {platform.python_version()}, torch {torch.__version__}, {platform.machine()}, one thread. "
        "Calls are timed in turn; a ratio is of medians, against the first row of its group. The machine is shared: only ratios last.\n"
    )
    parts = [head]
    for part in (products, convolution, learning, memory, importing):
        parts.append(part.main())
        print(parts[-1], flush=True)
    RESULTS.write_text("\n".join(parts), encoding="utf-8")


def _live(minutes: list[str]) -> None:
    from benchmarks import live_long, live_rivals, live_view

    words = "A 784 -> 100 network with pair STDP, in a real JupyterLab and a real Chromium, printed by `make bench BENCH=live`."
    _write("live_view.md", f"# The live view\n\n{words}\n", live_view.main, live_rivals.main)
    for each in minutes:
        words = f'The network of [live_view.md](live_view.md) learns on and is looked at, printed by `make bench BENCH="live {each}"`.'
        _write("live_long.md", f"# A lesson with the live view\n\n{words}\n", partial(live_long.main, int(each)))


def _write(name: str, head: str, *makers: Callable[[], str]) -> None:
    """Prints tables as they come, and writes them all to a file."""
    parts = [head]
    for maker in makers:
        parts.append(maker())
        print(parts[-1], flush=True)
    RESULTS.with_name(name).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
