"""How things are timed here: what is to be compared runs in turn, A B C A B C, in one process and one thread.

A time on a shared machine means little; the ratio of two medians of one such run does. Beside each row stands what the machine could do at
best: the bytes that must be read over the bandwidth that a plain copy reaches, or the operations over the rate that a matmul reaches.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Row:
    """One line of a table: what was timed, its median and minimum in ms, its ratio to the first of its group, and what was asked."""

    name: str
    median: float
    least: float
    ratio: float | None = None
    asked: str = ""
    limit: float | None = None

    def cells(self) -> list[str]:
        ratio = "" if self.ratio is None else f"{self.ratio:.2f} x"
        limit = "" if self.limit is None else f"{self.limit:.3f}"
        return [self.name, f"{self.median:.3f}", f"{self.least:.3f}", limit, ratio, self.asked]


HEAD = ["what", "median ms", "least ms", "limit ms", "ratio", "asked"]


def interleave(calls: dict[str, Callable[[], object]], rounds: int = 200) -> dict[str, list[float]]:
    """Times of each call in ms, taken in turn, after a warm-up of ten rounds."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 10):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn >= 10:
                times[name].append(1e3 * (time.perf_counter() - start))
    return times


def rows(
    calls: dict[str, Callable[[], object]], asked: dict[str, str] | None = None, limits: dict[str, float] | None = None, rounds: int = 200
) -> list[Row]:
    """One row a call; ratios are of medians, against the first call."""
    times = interleave(calls, rounds)
    base = statistics.median(next(iter(times.values())))
    return [
        Row(
            name,
            statistics.median(taken),
            min(taken),
            None if index == 0 else statistics.median(taken) / base,
            (asked or {}).get(name, ""),
            (limits or {}).get(name),
        )
        for index, (name, taken) in enumerate(times.items())
    ]


def bandwidth() -> float:
    """Bytes a ms that a copy of 64 MB moves, read and written."""
    source, target = torch.rand(16_000_000), torch.empty(16_000_000)
    taken = interleave({"copy": lambda: target.copy_(source)}, 20)["copy"]
    return 2 * 4 * source.numel() / min(taken)


def matmul_rate() -> float:
    """Multiply-adds a ms of a square matmul of 1,024."""
    a, b = torch.rand(1024, 1024), torch.rand(1024, 1024)
    return 1024**3 / min(interleave({"matmul": lambda: a @ b}, 10)["matmul"])


def table(title: str, lines: list[Row]) -> str:
    """A Markdown table."""
    cells = [HEAD, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return f"## {title}\n\n" + "\n".join(text) + "\n"
