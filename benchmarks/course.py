"""The course on a machine as small as Binder's: every notebook at full size on one core and within 2 GB. Run: make course

`python -m benchmarks.course` runs all notebooks, one after the other in a fresh kernel each, at full size and then at small size, and
writes benchmarks/course.md. `python -m benchmarks.course 00 03` runs those whose names begin so, and leaves the rows of the others as they
are. It ends with an error where a notebook asks for more than it may.
"""

import contextlib
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
import torch
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RESULTS = Path(__file__).with_name("course.md")
KERNELS = ROOT / "tests" / "notebooks" / "jupyter"  # both of its kernels have one thread and 2 GB of address space
FULL, SMALL = "snnlab-full", "snnlab-test"
GB = 1024**3

LONGEST, PICTURE, SHORT = 180.0, 10.0, 60.0  # s: a cell, the first picture, all cells at small size
HEAD = f"""# The course

Printed by `make course`: Python {platform.python_version()}, torch {torch.__version__}, {platform.machine()}. Every notebook at full
size, in a fresh kernel that has one core, one thread and 2 GB of address space (1 GB = 1,024³ bytes), as on a small machine of Binder's;
its cells run one after the other, as *Run All* runs them. Times count from the first cell and include `import torch`; the machine is
shared.

Asked: 2 GB are enough; the longest cell takes less than 3 minutes; the first picture is there within 10 s; at small size, as the tests
run it, a notebook takes less than 60 s.

| notebook | all cells | longest cell | first picture | peak address space | peak resident memory | at small size | holds |
|---|---:|---:|---:|---:|---:|---:|---|
"""


@dataclass
class Run:
    """What one run of a notebook took.

    Args:
        times: of each code cell, by its id.
        picture: until the first picture, or None where there was none.
        peak, resident: most address space and most memory in use, or None where the system does not tell.
        printed: lines printed by cells that assert something, or whose text depends on size, device or clock.
        fault: the cell that failed, and how; empty where none did.

    Units:
        times, picture: s;  peak, resident: bytes
    """

    times: dict[str, float] = field(default_factory=dict)
    picture: float | None = None
    peak: int | None = None
    resident: int | None = None
    printed: list[str] = field(default_factory=list)
    fault: str = ""

    @property
    def total(self) -> float:
        """All cells, in s."""
        return sum(self.times.values())

    @property
    def longest(self) -> tuple[str, float]:
        """Id and time of the cell that took longest."""
        return max(self.times.items(), key=lambda item: item[1])


class Watched(NotebookClient):
    """A client that notes when the first picture came."""

    pictured: float | None = None

    def process_message(self, msg, cell, cell_index):
        if self.pictured is None and "image/png" in msg["content"].get("data", {}):
            self.pictured = time.perf_counter()
        return super().process_message(msg, cell, cell_index)


def run(path: Path, kernel: str) -> Run:
    """Runs a notebook in a fresh kernel, in the notebook's own folder; the file stays as it is."""
    notebook, result = nbformat.read(path, as_version=4), Run()
    folder = {"metadata": {"path": str(path.parent)}}
    client = Watched(notebook, timeout=1800, kernel_name=kernel, store_widget_state=False, coalesce_streams=True, resources=folder)
    with client.setup_kernel():
        began = time.perf_counter()
        for number, cell in enumerate(notebook.cells):
            if cell.cell_type != "code":
                continue
            start = time.perf_counter()
            try:
                client.execute_cell(cell, number)
            except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
                result.fault = f"{cell.id}: {getattr(error, 'ename', type(error).__name__)}"
                break
            finally:
                result.times[cell.id] = time.perf_counter() - start
            result.printed += _printed(cell)
        result.peak, result.resident = _memory(client.km.provisioner.pid)
    if client.pictured is not None:
        result.picture = client.pictured - began
    return result


def _printed(cell: nbformat.NotebookNode) -> list[str]:
    """The lines of a cell that asserts something, or whose text depends on the run."""
    if "assert" not in cell.source and "nbval-ignore-output" not in cell.metadata.get("tags", []):
        return []
    said = [output.text if output.get("name") == "stdout" else output.get("data", {}).get("text/markdown", "") for output in cell.outputs]
    return [line for text in said for line in text.splitlines()]


def _memory(process: int) -> tuple[int | None, int | None]:
    """Most address space and most resident memory that a process has had, in bytes, where the system tells."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return None, None
    return tuple(1024 * int(re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)[1]) for name in ("VmPeak", "VmHWM"))


def missed(full: Run, small: Run) -> list[str]:
    """What is asked and does not hold, in words."""
    faults = [f"{size} size fails in {each.fault}" for size, each in (("full", full), ("small", small)) if each.fault]
    late = full.picture is None or full.picture > PICTURE
    return [
        *faults,
        *(["longest cell"] if full.longest[1] >= LONGEST else []),
        *(["first picture"] if late else []),
        *(["small size"] if small.total >= SHORT else []),
    ]


def row(name: str, full: Run, small: Run) -> str:
    """A notebook's line of the table."""
    cell, longest = full.longest
    peak, resident = ("" if each is None else f"{each / GB:.2f} GB" for each in (full.peak, full.resident))
    picture = "none" if full.picture is None else f"{full.picture:.1f} s"
    holds = "no: " + "; ".join(missed(full, small)) if missed(full, small) else "yes"
    cells = [name, f"{full.total:.0f} s", f"{longest:.1f} s ({cell})", picture, peak, resident, f"{small.total:.0f} s", holds]
    return "| " + " | ".join(cells) + " |"


def known(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """Rows and printed lines of a table that was written before, by notebook."""
    rows = {match[1]: match[0] for match in re.finditer(r"^\| (\d\S+) \|.*$", text, re.MULTILINE)}
    return rows, dict(re.findall(r"^### (\S+)\n\n```text\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def document(rows: dict[str, str], printed: dict[str, str]) -> str:
    """The whole page, in the order of the notebooks."""
    said = [f"### {name}\n\n```text\n{printed[name]}```\n" for name in sorted(printed) if printed[name]]
    words = "## What they printed at full size\n\nLines of cells that assert something, or whose text depends on size, device or clock.\n"
    return HEAD + "\n".join(rows[name] for name in sorted(rows)) + "\n\n" + "\n".join([words, *said])


@contextlib.contextmanager
def confined() -> Iterator[None]:
    """Kernels started meanwhile share one core with this process, where the system allows, and know none of the user's settings."""
    before, environment = getattr(os, "sched_getaffinity", lambda process: None)(0), dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="snnlab-course-", ignore_cleanup_errors=True) as home:
        os.environ.update(JUPYTER_PATH=str(KERNELS), IPYTHONDIR=home)
        if before:
            os.sched_setaffinity(0, {max(before)})
        try:
            yield
        finally:
            if before:
                os.sched_setaffinity(0, before)
            os.environ.clear()
            os.environ.update(environment)


def chosen(starts: list[str]) -> list[Path]:
    """The notebooks whose names begin so, or all for none.

    Raises:
        SystemExit: a beginning that no notebook has.
    """
    for start in starts:
        if not any(path.stem.startswith(start) for path in NOTEBOOKS):
            raise SystemExit(f"No notebook begins with {start!r}; there is: {', '.join(path.stem for path in NOTEBOOKS)}.")
    return [path for path in NOTEBOOKS if not starts or path.stem.startswith(tuple(starts))]


def main(starts: list[str]) -> int:
    """Runs notebooks, writes the page after each, and returns how many do not hold what is asked."""
    bad, names = 0, {path.stem for path in NOTEBOOKS}
    for path in chosen(starts):
        with confined():
            full, small = run(path, FULL), run(path, SMALL)
        bad += bool(missed(full, small))
        rows, printed = known(RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else "")
        rows = {name: line for name, line in rows.items() if name in names} | {path.stem: row(path.stem, full, small)}
        printed = {name: lines for name, lines in printed.items() if name in names}
        printed[path.stem] = "".join(f"{line}\n" for line in full.printed)
        RESULTS.write_text(document(rows, printed), encoding="utf-8")
        print(rows[path.stem], flush=True)
    return bad


if __name__ == "__main__":
    sys.exit(bool(main(sys.argv[1:])))
