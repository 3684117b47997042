"""The step of nbgrader's autograding that runs a notebook, done by another process.

nbgrader runs what students wrote in the course folder itself, beside the solutions, the hidden tests, the gradebook and everybody's work.
Here the notebook goes through a pipe into a command, and comes back with its outputs. By default the command is `execute.py` on this
machine; take a container that runs it, and what students wrote is shut in (docs/teaching.md):

    make grade SANDBOX="docker run -i --rm --network none ... snnlab-grader"

Only the outputs are taken from what comes back: what the cells say, which of them are tests and how many points they give is known here.
The notebook carries a mark, drawn by lot, that has to come back with it and that no cell sees: what comes back is what the command sent.
Whatever still runs when the command is over, or when the grading is stopped, is ended.
"""

import contextlib
import ctypes
import os
import secrets
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Integer, Unicode
from trust import is_test

RUNNER = Path(__file__).with_name("execute.py")
LEAVING = 10.0  # s that a command has to end by itself, once it is asked to
ADOPT = 36  # prctl's PR_SET_CHILD_SUBREAPER: a process whose parent has ended becomes a child of ours, and so can be found
PASSED_ON = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR")  # of this process's environment: no keys, no home


class NotRun(RuntimeError):
    """The command did not bring the notebook back. nbgrader reports it for this one notebook and goes on with the next."""


def neutral(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs of a test, such that nbgrader sees errors alone: it takes a value for points, and a warning for an error."""
    for output in outputs:
        if output.output_type == "execute_result":
            output.output_type = "display_data"
            output.pop("execution_count", None)
        elif output.output_type == "stream":
            output.name = "stdout"
    return outputs


def children() -> set[int]:
    """The processes that this one has started or adopted, by Linux's own list; elsewhere none."""
    found = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended by now
            if int(status.read_text(errors="replace").rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(status.parent.name))
    return found


def end(process: subprocess.Popen, before: set[int]) -> None:
    """Ends a process, and on Linux all that it has started, whichever group they have moved to.

    It is asked first: what runs in a container is no child of the command that started it, and ends when that command hands the wish on.
    """
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LEAVING)
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    while left := children() - before:  # each that ends may leave us its own children
        for each in left:
            with contextlib.suppress(OSError):
                os.kill(each, signal.SIGKILL)
                os.waitpid(each, 0)


class ExecuteElsewhere(NbGraderPreprocessor):
    """Runs a notebook through a command, and takes over the outputs.

    Units:
        timeout, total: s;  memory: MB
    """

    sandbox = Unicode("", help="What is put before `--timeout ... --total ... --memory ...`; empty: execute.py, on this machine.").tag(
        config=True
    )
    timeout = Integer(30, help="Seconds that a cell may take.").tag(config=True)
    total = Integer(600, help="Seconds that all cells of a notebook may take.").tag(config=True)
    memory = Integer(4096, help="Megabytes of data that a process of an answer may have; 0: no limit.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """The notebook with the outputs that its cells have made; called by nbgrader.

        Raises:
            NotRun: the command failed, took too long, or gave back another notebook.
        """
        command = shlex.split(self.sandbox) or [sys.executable, str(RUNNER)]
        limits = ("--timeout", str(self.timeout), "--total", str(self.total), "--memory", str(self.memory))
        nb.metadata["snnlab_run"] = mark = secrets.token_hex(16)
        try:
            said = self._through([*command, *limits], nbformat.writes(nb))
        finally:
            del nb.metadata["snnlab_run"]
        try:
            ran = nbformat.reads(said, as_version=4)
            if ran.metadata.get("snnlab_run") != mark:
                raise ValueError("it does not bear the mark of the one that was sent")
            for cell, executed in zip(nb.cells, ran.cells, strict=True):
                if cell.cell_type == "code":
                    cell.outputs = neutral(executed.outputs) if is_test(cell) else executed.outputs
                    cell.execution_count = executed.execution_count
            nbformat.validate(nb)
        except Exception as error:  # whatever was sent in the place of a notebook
            raise NotRun(f"{command[0]} gave back no notebook of the same cells: {error}") from error
        return nb, resources

    def _through(self, command: list[str], notebook: str) -> str:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
        with tempfile.TemporaryDirectory(prefix="snnlab-grading-") as home:
            names = ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
            environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
            environment |= dict.fromkeys(names, home) | {"OMP_NUM_THREADS": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "encoding": "utf-8"}
            before = children()
            with subprocess.Popen(command, env=environment, cwd=home, start_new_session=True, **pipes) as process:
                try:
                    said, complaints = process.communicate(notebook, timeout=self.total + 2 * self.timeout + 120)
                except subprocess.TimeoutExpired:
                    raise NotRun(f"{command[0]} was not over after {self.total} s and the time that a start may take.") from None
                finally:
                    end(process, before)
        if process.returncode:
            raise NotRun(f"{command[0]} ended with {process.returncode}: {complaints.strip()[-2000:]}")
        return said
