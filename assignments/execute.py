"""Runs a student's notebook: in by standard input, out by standard output, the same notebook with its outputs.

    python execute.py --timeout 30 --total 600 < answered.ipynb > executed.ipynb

This is the only process of the grading that runs what a student wrote. It needs nothing but that notebook: neither the course folder nor
the gradebook, neither the network nor any other file of the course. So the whole of it can be shut into a container (docs/teaching.md), and
what a student wrote finds no solutions, no hidden tests and nobody else's work beside it: the notebook is on no disk that it can read.

What one cell does, the other cells shall not pay for:

    it runs for longer than the timeout   it is interrupted and counts as an error. Where interrupting does not help, or the kernel is gone,
                                          a new kernel runs the cells before once more, without that one and without the tests
    it prints without end                 what exceeds a million characters is dropped
    it takes memory without end           it gets a MemoryError
    it changes what the tests lean on     the test counts as an error: see trust.py, which is a fence and not a wall
"""

import signal
import sys

if __name__ == "__main__":  # before all that takes long to load; as the first process of a container it has no other way to be ended
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))

import argparse
import ctypes
import tempfile
import time

import nbformat
from kernel import Kernel, Stopped
from nbformat import NotebookNode
from trust import WATCHED, Trust, imports, is_test

try:
    import resource
except ImportError:  # not on Windows
    resource = None


def failure(name: str, words: str) -> NotebookNode:
    """An error among a cell's outputs: what the grading takes for no points."""
    return nbformat.v4.new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])


def hide() -> None:
    """On Linux: lets no other process of the same user read this one's memory or pipes, in which the hidden tests are; root may still."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def limit(memory: int) -> None:
    """Lets this process, and each that it starts, have no more memory than so many megabytes: its own data, not the libraries' code."""
    if resource is not None and memory:
        resource.setrlimit(resource.RLIMIT_DATA, (memory * 2**20, memory * 2**20))


class Run:
    """Runs the cells of a notebook one after another and writes their outputs into it.

    Args:
        notebook: what to run.
        timeout: how long a cell may take, in s.
        total: how long all of them may take, in s.
    """

    def __init__(self, notebook: NotebookNode, timeout: float, total: float) -> None:
        self._cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        self._timeout, self._end = timeout, time.monotonic() + total
        self._stuck: set[int] = set()  # places of cells

    def over(self, kernel: Kernel, watched: tuple[str, ...] = WATCHED) -> None:
        """Runs all cells in a kernel in which none has run yet; `watched`: modules whose functions must stay what they are."""
        trust = Trust(kernel, imports(self._cells), watched)
        for place, cell in enumerate(self._cells):
            cell.outputs, cell.execution_count = [], None
            if not cell.source.strip():
                continue
            if time.monotonic() > self._end:
                cell.outputs = [failure("TimeIsUp", "the cells before took all of the time that a notebook has, so this one did not run.")]
                continue
            try:
                (self._test if is_test(cell) else self._run)(kernel, cell, trust)
            except Stopped as stopped:
                words = f"this cell was stopped: it was not over after {self._timeout:g} s, or the kernel ended."
                cell.outputs = [*stopped.outputs, failure("Stopped", words)]
                self._stuck.add(place)
                self._wake(kernel, trust, place)

    def _run(self, kernel: Kernel, cell: NotebookNode, trust: Trust) -> None:
        self._put(cell, kernel.ask(cell.source, self._timeout))

    def _put(self, cell: NotebookNode, answer: tuple[list[NotebookNode], dict]) -> bool:
        """Writes what a cell put out into it; whether it ran without an error."""
        cell.outputs, reply = answer
        cell.execution_count = reply.get("execution_count")
        if reply["status"] != "ok" and not any(output.output_type == "error" for output in cell.outputs):
            cell.outputs.append(failure(reply.get("ename", "Aborted"), reply.get("evalue", "the kernel did not run this cell.")))
        return reply["status"] == "ok"

    def _test(self, kernel: Kernel, cell: NotebookNode, trust: Trust) -> None:
        wrong = trust.enter(cell.source, self._timeout)
        passed = wrong is None and self._put(cell, kernel.ask(trust.marked(cell.source), self._timeout))
        became = trust.leave(self._timeout, passed)
        if wrong or (passed and became):
            cell.outputs = [failure("Tampered", f"no test can be trusted in this kernel: {wrong or became}.")]

    def _wake(self, kernel: Kernel, trust: Trust, place: int) -> None:
        """Goes on in the kernel, where it can be interrupted, else in a new one."""
        try:
            if kernel.wake():
                trust.leave(self._timeout)
                return
        except Stopped:
            pass
        self._again(kernel, trust, place)

    def _again(self, kernel: Kernel, trust: Trust, place: int) -> None:
        """Brings a new kernel to where the old one was, without what stopped that one and without the tests."""
        kernel.restart()
        trust.begin()
        for before, cell in enumerate(self._cells[:place]):
            if cell.source.strip() and not is_test(cell) and before not in self._stuck and time.monotonic() < self._end:
                try:
                    kernel.ask(cell.source, self._timeout)
                except Stopped:
                    self._stuck.add(before)
                    if not kernel.wake():
                        kernel.restart()
                        trust.begin()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds that a cell may take")
    parser.add_argument("--total", type=float, default=600.0, help="seconds that all cells together may take")
    parser.add_argument("--memory", type=int, default=0, help="megabytes of data that a process may have; 0: as many as there are")
    limits = parser.parse_args()
    limit(limits.memory)
    hide()
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8")  # whatever this machine's own is
    notebook = nbformat.reads(sys.stdin.read(), as_version=4)
    with tempfile.TemporaryDirectory(prefix="snnlab-answers-", ignore_cleanup_errors=True) as folder:
        kernel = Kernel(folder)
        try:
            Run(notebook, limits.timeout, limits.total).over(kernel)
        finally:
            kernel.stop()
    sys.stdout.write(nbformat.writes(notebook))


if __name__ == "__main__":
    main()
