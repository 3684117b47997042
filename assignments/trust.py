"""Whether a test can be trusted in a kernel in which students' answers have run.

A test shares its kernel with what it tests. So, around each test:

    names      the test runs in a copy of the notebook's names: the imports of the locked cells are made anew in it, and nothing covers a
               name of Python's own. A variable `abs` or `math` of a student's is neither a way to win nor a reason to lose
    identity   which function is behind each name of Python's own, of math, torch, numpy and snnlab, and of the shell that runs the cells,
               is listed before the first cell, and again before and after each test: what was replaced is found
    a lie      an assert that cannot hold, with the test below it, must come back as an AssertionError
    the end    what stands in the last line of the test must have been done: the test ran, to its end

This is a fence, not a wall: who studies this file can get around it.
"""

import ast
import json
import secrets
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager
from kernel import STARTING, Kernel
from nbformat import NotebookNode

WATCHED = ("builtins", "math", "random", "torch", "numpy", "snnlab")
INSIDE = Path(__file__).with_name("inside.py").read_text(encoding="utf-8")
LONG = 20_000_000  # characters of a list of functions


def marks(cell: NotebookNode) -> dict:
    """What nbgrader knows of a cell."""
    return cell.metadata.get("nbgrader", {})


def is_test(cell: NotebookNode) -> bool:
    """Whether a cell is a test that gives points."""
    return bool(marks(cell).get("grade")) and not marks(cell).get("solution")


def imports(cells: list[NotebookNode]) -> str:
    """The lines of the locked cells that import something; those of the tests are made when they run."""
    lines = []
    for cell in cells:
        if marks(cell).get("locked") and not is_test(cell):
            python = TransformerManager().transform_cell(cell.source)  # lines that begin with % or ! become calls
            lines += [ast.unparse(each) for each in ast.parse(python).body if isinstance(each, ast.Import | ast.ImportFrom)]
    return "\n".join(lines)


class Trust:
    """Asks a kernel what it was like before the answers came, and whether it still is.

    Args:
        kernel: one in which no answer has run yet.
        given: lines that import what the locked cells import.
        watched: modules whose functions are listed.
    """

    def __init__(self, kernel: Kernel, given: str = "", watched: tuple[str, ...] = WATCHED) -> None:
        self._kernel, self._given, self._watched = kernel, given, watched
        self.begin()

    def begin(self) -> None:
        """Takes the kernel as it is for the measure of what comes."""
        self._inside = False
        said = self._asked(f"load({self._watched!r}) or listed({self._watched!r})", STARTING)
        if not isinstance(said, dict):
            raise RuntimeError(f"a new kernel should list its functions, but says {said!r}.")
        self._first = said

    def _asked(self, question: str, timeout: float) -> object:
        """What a function of inside.py answers in the kernel, or None where there is no sensible answer."""
        names = "{'__name__': 'inside', 'get_ipython': get_ipython}"
        source = f"print((lambda names: exec({INSIDE!r}, names) or __import__('json').dumps(eval({question!r}, names)))({names}))"
        outputs, reply = self._kernel.ask(source, timeout, counted=False, most=LONG)
        try:
            return json.loads(outputs[-1].text.splitlines()[-1]) if reply["status"] == "ok" else None
        except (AttributeError, IndexError, ValueError):
            return None

    def _changed(self, said: object) -> str | None:
        """What is not as it was, or None."""
        if not isinstance(said, dict):
            return "the kernel does not answer as it should"
        for owner, first in self._first.items():
            now = said.get(owner, {})
            names = first if owner.startswith("module") else first | now  # a module may load more; a class should stay
            for name in names:
                if now.get(name) != first.get(name):
                    return f"`{name}` of {owner.partition(' ')[2]} is not what it was"
        return None

    def enter(self, source: str, timeout: float) -> str | None:
        """Before a test: what is wrong with the kernel, or None, and the next cell is then run apart from the answers' names."""
        wrong = self._changed(self._asked(f"enter({self._given!r}) or listed({self._watched!r})", timeout))
        self._inside = True
        if wrong is None:
            first, second = secrets.randbelow(9000), 9000 + secrets.randbelow(1000)
            reply = self._kernel.ask(f"assert {first} == {second}, 'no'\n{source}", timeout, counted=False)[1]
            if reply.get("ename") != "AssertionError":
                wrong = f"`assert {first} == {second}` above this test was no error"
        self._mark = secrets.token_hex(8)
        return wrong

    def marked(self, source: str) -> str:
        """A test with a last line that shows that it ran to its end."""
        return f"{source}\n_ended = {self._mark!r}"

    def leave(self, timeout: float, passed: bool = False) -> str | None:
        """After a test: what has become wrong with the kernel, or None. With `passed`, the test should have come to its end."""
        if not self._inside:
            return None
        self._inside = False
        said = self._asked(f"[leave(), listed({self._watched!r})]", timeout)
        ended, lists = said if isinstance(said, list) else (None, None)
        return self._changed(lists) or ("this test did not run to its end" if passed and ended != self._mark else None)
