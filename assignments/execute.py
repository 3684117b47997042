"""Runs a student's notebook: in by standard input, out by standard output, the same notebook with its outputs.

    python execute.py --timeout 30 --total 600 < answered.ipynb > executed.ipynb

This is the only process of the grading that runs what a student wrote. It needs nothing but that notebook: neither the course folder nor
the gradebook, neither the network nor any other file of the course. So the whole of it can be shut into a container (docs/teaching.md), and
what a student wrote finds no solutions, no hidden tests and nobody else's work beside it: the notebook is on no disk that it can read.

What one cell does, the other cells shall not pay for:

    it runs for longer than the timeout   it is interrupted and counts as an error. Where interrupting does not help, or the kernel is gone,
                                          a new kernel runs the cells before once more, without that one and without the tests
    it prints without end                 what exceeds a million characters is dropped
    it changes what the tests lean on     before each test the kernel is asked for things that are wrong, with numbers drawn by lot: where
                                          0.3 equals 0.7 by abs, math.isclose or torch.allclose, or a failed assert is no error, somebody
                                          has tampered with the kernel, and the test counts as an error

The last is a fence, not a wall: a test shares its kernel with what it tests, and who studies this file can get around it.
"""

import argparse
import queue
import random
import subprocess
import sys
import tempfile
import time
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel
from nbformat import NotebookNode

MOST = 1_000_000  # characters that a cell may put out
WAKING = 5.0  # s that a kernel has to answer once it was interrupted
STARTING = 120  # s that a kernel has to start, on a busy machine

KEPT = ("stream", "display_data", "execute_result", "error")

WRONG = (
    "assert False",
    "raise AssertionError",
    "if {a} != {b}: raise ValueError",
    "assert {a} == {b}",
    "assert abs({a} - {b}) < 1e-9",
    "assert float('{a}') == {b}",
    "assert all([{a} == {b}])",
    "assert max(abs({a} - {b}), {a}) < 1e-9",
    "assert sum([{a}]) == {b}",
    "assert {modules}['math'].isclose({a}, {b})",
    "assert {modules}['torch'].equal({modules}['torch'].tensor([{a}]), {modules}['torch'].tensor([{b}]))",
    "assert {modules}['torch'].allclose({modules}['torch'].tensor([{a}]), {modules}['torch'].tensor([{b}]))",
)
"""What must come back as an error, for any two numbers a and b. A module that is not loaded is an error too: nobody can have changed it."""


class Stopped(Exception):
    """A piece of code was not over in time; `outputs` are those that it had made by then."""

    def __init__(self, outputs: list[NotebookNode]) -> None:
        super().__init__("not over in time")
        self.outputs = outputs


def failure(name: str, words: str) -> NotebookNode:
    """An error among a cell's outputs: what the grading takes for no points."""
    return nbformat.v4.new_output("error", ename=name, evalue=words, traceback=[f"{name}: {words}"])


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is a test that gives points."""
    marks = cell.metadata.get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")


class Outputs:
    """Collects what a piece of code puts out, up to `MOST` characters and up to a moment."""

    def __init__(self, until: float) -> None:
        self.until = until
        self.kept: list[NotebookNode] = []
        self._size = 0

    def __call__(self, message: dict[str, Any]) -> None:
        if time.monotonic() > self.until:
            raise TimeoutError("it prints without end")
        if message["header"]["msg_type"] not in KEPT:
            return
        output = nbformat.v4.output_from_msg(message)
        if output.output_type == "error":
            output.traceback = [line[:MOST] for line in output.traceback[-50:]]
        elif self._size > MOST:
            return
        elif output.output_type == "stream":
            output.text = output.text[: MOST - self._size]
        self._size += len(str(output))
        last = self.kept[-1] if self.kept else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            self.kept.append(output)


class Kernel:
    """A kernel that is asked to run code, in an empty folder of its own.

    Args:
        folder: where it works.
        name: which kernel, by the name that Jupyter knows it by.
    """

    def __init__(self, folder: str, name: str = "python3") -> None:
        self._folder, self._name = folder, name
        self._start()

    def _start(self) -> None:
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # our own standard output is for the notebook alone
        self._manager, self._client = start_new_kernel(kernel_name=self._name, startup_timeout=STARTING, cwd=self._folder, **silent)

    def stop(self) -> None:
        """Ends the kernel and what it has started in its own group."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def restart(self) -> None:
        """A new kernel in the place of the old one: nothing is defined in it."""
        self.stop()
        self._start()

    def ask(self, source: str, timeout: float, *, counted: bool = True) -> tuple[list[NotebookNode], dict[str, Any]]:
        """Runs a piece of code.

        Returns:
            what it put out, and the kernel's answer.

        Raises:
            Stopped: it was not over in time.
        """
        outputs = Outputs(time.monotonic() + timeout)
        try:
            reply = self._client.execute_interactive(source, store_history=counted, allow_stdin=False, timeout=timeout, output_hook=outputs)
        except TimeoutError:
            raise Stopped(outputs.kept) from None
        return outputs.kept, reply["content"]

    def wake(self) -> bool:
        """Interrupts what runs; whether the kernel then answers."""
        self._manager.interrupt_kernel()
        until = time.monotonic() + WAKING
        while self._manager.is_alive() and time.monotonic() < until:
            asked = self._client.execute("pass", silent=True, store_history=False)
            try:
                while (reply := self._client.get_shell_msg(timeout=max(0.0, until - time.monotonic())))["parent_header"]["msg_id"] != asked:
                    pass
            except queue.Empty:
                return False
            if reply["content"]["status"] == "ok":  # and not dropped together with what was interrupted
                return True
        return False

    def believes_what_is_wrong(self, timeout: float, lot: random.Random) -> str | None:
        """The first piece of wrong code that is no error here, or None: see `WRONG`."""
        for template in WRONG:
            first, second = lot.sample(range(1000, 10_000), 2)
            source = template.format(a=first / 10_000, b=second / 10_000, modules="__import__('sys').modules")
            if self.ask(source, timeout, counted=False)[1]["status"] == "ok":
                return source
        return None


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
        self._lot = random.Random()  # from the system: nobody can know what comes

    def over(self, kernel: Kernel) -> None:
        """Runs all cells in a kernel."""
        for place, cell in enumerate(self._cells):
            cell.outputs, cell.execution_count = [], None
            if not cell.source.strip():
                continue
            if time.monotonic() > self._end:
                cell.outputs = [failure("TimeIsUp", "the cells before took all of the time that a notebook has, so this one did not run.")]
                continue
            try:
                self._one(kernel, cell)
            except Stopped as stopped:
                words = f"this cell was stopped: it was not over after {self._timeout:g} s, or the kernel ended."
                cell.outputs = [*stopped.outputs, failure("Stopped", words)]
                self._stuck.add(place)
                if not kernel.wake():
                    self._again(kernel, place)

    def _one(self, kernel: Kernel, cell: NotebookNode) -> None:
        believed = kernel.believes_what_is_wrong(self._timeout, self._lot) if is_test(cell) else None
        if believed is not None:
            words = f"this kernel takes what is wrong for right, so no test can be trusted in it: `{believed}` was no error."
            cell.outputs = [failure("Tampered", words)]
            return
        cell.outputs, reply = kernel.ask(cell.source, self._timeout)
        cell.execution_count = reply.get("execution_count")
        if reply["status"] != "ok" and not any(output.output_type == "error" for output in cell.outputs):
            cell.outputs.append(failure(reply.get("ename", "Aborted"), reply.get("evalue", "the kernel did not run this cell.")))

    def _again(self, kernel: Kernel, place: int) -> None:
        """Brings a new kernel to where the old one was, without what stopped that one and without the tests."""
        kernel.restart()
        for before, cell in enumerate(self._cells[:place]):
            if cell.source.strip() and not is_test(cell) and before not in self._stuck and time.monotonic() < self._end:
                try:
                    kernel.ask(cell.source, self._timeout)
                except Stopped:
                    self._stuck.add(before)
                    if not kernel.wake():
                        kernel.restart()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds that a cell may take")
    parser.add_argument("--total", type=float, default=600.0, help="seconds that all cells together may take")
    limits = parser.parse_args()
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
