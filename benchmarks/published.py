"""Published results at full size: the figures of every program of `snnlab.published` beside those of its paper.

`python -m benchmarks published` runs all, one after the other in a process of its own each; `python -m benchmarks published song2000` runs
one, and leaves the tables of the others as they are.
"""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import snnlab.published

RESULTS = Path(__file__).parent / "published.md"
HEAD = """# Published results

Printed by `make bench BENCH=published`, one torch thread. What is simplified, and why, stands at the top of each program:
`help("snnlab.published.song2000")`.
"""


def programs() -> list[str]:
    """Names of the programs, in the order of their authors."""
    return sorted(path.stem for path in Path(snnlab.published.__file__).parent.glob("*.py") if path.stem != "__init__")


def known() -> dict[str, str]:
    """The tables that were written before."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    return dict(re.findall(r"^## (\w+)\n\n(.*?)(?=\n## |\Z)", text, re.MULTILINE | re.DOTALL))


def run(name: str) -> str:
    """The first line of a program's words, and its table."""
    title = importlib.import_module(f"snnlab.published.{name}").__doc__.splitlines()[0]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", f"snnlab.published.{name}"]
    return f"{title}\n\n{subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout}"


def main(names: list[str]) -> None:
    """Runs the programs of these names, or all for none, and writes each table as it comes."""
    for name in names or programs():
        if name not in programs():
            raise SystemExit(f"There is no published result {name!r}; there is: {', '.join(programs())}.")
        table = run(name)
        tables = known() | {name: table}  # read after the run: others may have been written in the meantime
        print(f"## {name}\n\n{tables[name]}", flush=True)
        parts = [HEAD, *(f"## {each}\n\n{tables[each].rstrip()}\n" for each in programs() if each in tables)]
        RESULTS.write_text("\n".join(parts), encoding="utf-8")
