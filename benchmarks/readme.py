"""The figures of the README: copied from the tables beside this file, so that none is typed and none grows stale.

Run: python -m benchmarks.readme; `make bench` does so at its end. A test says so where README and tables differ.
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BEGIN = "<!-- Copied from the tables in benchmarks/ by `python -m benchmarks.readme`: -->\n"
END = "<!-- So far. -->\n"


def tables(text: str) -> list[list[list[str]]]:
    """The cells of all tables of a Markdown page: table, row, cell; the first row of each is its head."""
    found = re.findall(r"(?:^\|.*\|\n)+", text, re.MULTILINE)
    split = [[[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()] for table in found]
    return [[head, *rows] for head, _, *rows in split]


def figure(page: str, column: str, *words: str) -> str:
    """The one cell of a page in `column` (by the beginning of its head), in the row that has all these words as cells.

    Raises:
        LookupError: there is no such cell, or more than one.
    """
    hits = [
        row[place]
        for head, *rows in tables((HERE / page).read_text(encoding="utf-8"))
        for place, name in enumerate(head)
        if name.startswith(column)
        for row in rows
        if set(words) <= set(row)
    ]
    if len(hits) != 1:
        raise LookupError(f"benchmarks/{page} has {len(hits)} cells in a column {column!r} and a row {words}; the README wants one.")
    return hits[0]


def _live(name: str) -> str:
    return figure("live_view.md", "median / p90", name).split("/")[0].strip() + " ms"


def _step(case: str, library: str) -> str:
    return figure("peers.md", "median ms a step", case, library) + " ms"


def _digits(column: str) -> str:
    return figure("published.md", column, "400 neurons, 3 seeds").replace(" %", "%")


def lines() -> list[tuple[str, str, str, str]]:
    """What is shown: what it is, ours, what stands beside it, and the page that it is from."""
    rival, cook = "inferno-ai 0.0.5", "Diehl & Cook"
    rate = re.search(r"^Mean ([\d.]+ Hz).*within the ([\d.]+ to [\d.]+ Hz)", (HERE / "cuba.md").read_text(encoding="utf-8"), re.MULTILINE)
    watched = figure("live_view.md", "measured", "learning, 5 steps a frame: shown frames/s", "at least 50")
    return [
        (
            "from a slider to changed pixels of the whole figure, median",
            _live("live view"),
            f"{_live('interact, inline matplotlib')} with `interact` and matplotlib; {_live('ipympl')} with ipympl",
            "live_view.md",
        ),
        ("frames a second of a network of 784 -> 100 that learns and is watched", watched, "", "live_view.md"),
        (
            "a step of pair STDP, 784 -> 400, batch of 32",
            _step("STDP, batch 32", "snnlab"),
            f"{_step('STDP, batch 32', rival)} with {rival}",
            "peers.md",
        ),
        (
            "the same with a delay of its own for each synapse",
            _step("STDP with delays, batch 32", "snnlab"),
            f"{_step('STDP with delays, batch 32', rival)} with {rival}",
            "peers.md",
        ),
        (
            "a step of the network of Diehl & Cook (2015)",
            _step(cook, "snnlab"),
            "; ".join(f"{_step(cook, each)} with {each}" for each in ("bindsnet 0.3.4", "brian2 2.9.0", rival)),
            "peers.md",
        ),
        (
            "held-out digits that it reads, trained without labels",
            _digits("here"),
            f"{_digits('paper')} in the paper; {_digits('k-means')} with k-means on the same images",
            "published.md",
        ),
        ("mean rate of the CUBA network of Brette et al. (2007)", rate[1], f"{rate[2]} wanted", "cuba.md"),
    ]


def table() -> str:
    """The table as the README shows it."""
    rows = [f"| {what} | {ours} | {beside} | [table](benchmarks/{page}) |\n" for what, ours, beside, page in lines()]
    return "".join(["| what | snnlab | beside it | from |\n", "|---|---:|---|---|\n", *rows])


def main() -> None:
    """Writes the table into the README, between the two comments that mark its place."""
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    README.write_text(before + BEGIN + "\n" + table() + "\n" + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
