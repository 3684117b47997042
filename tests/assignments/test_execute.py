"""What a student's cell does, the others do not pay for: the process that runs notebooks, with small notebooks and no gradebook."""

import nbformat
import pytest

from tests.assignments.students import load

execute = load("execute")
pytestmark = pytest.mark.notebook
TEST = {"grade": True, "solution": False, "points": 1}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    started = execute.Kernel(str(tmp_path_factory.mktemp("answers")))
    yield started
    started.stop()


def run(kernel, *sources, timeout=60.0, total=600.0):
    """The cells after a run; a source that begins with "#test" is a test."""
    cells = [nbformat.v4.new_code_cell(each, metadata={"nbgrader": TEST} if each.startswith("#test") else {}) for each in sources]
    execute.Run(nbformat.v4.new_notebook(cells=cells), timeout, total).over(kernel)
    return cells


def error_of(cell):
    return next((output.ename for output in cell.outputs if output.output_type == "error"), None)


def test_outputs_come_back_in_order(kernel):
    cells = run(kernel, "print('a')\nprint('b')", "2 + 2", "1 / 0", "", "#test\nprint('after an error')")
    assert cells[0].outputs[0].text == "a\nb\n"
    assert cells[1].outputs[0].data["text/plain"] == "4"
    assert error_of(cells[2]) == "ZeroDivisionError"
    assert cells[3].outputs == []
    assert cells[4].outputs[0].text == "after an error\n"


def test_a_loop_without_end_costs_its_own_cell_alone(kernel):
    cells = run(kernel, "x = 1", "while True: pass", "while True: print('1' * 10_000)", "#test\nassert x == 1", timeout=4.0)
    assert [error_of(cell) for cell in cells] == [None, "Stopped", "Stopped", None]
    assert len(str(cells[2].outputs)) < 2 * execute.MOST, "the output of a loop is cut"


@pytest.mark.parametrize(
    "deadly",
    ["import time\nwhile True:\n  try: time.sleep(1)\n  except BaseException: pass", "import os; os._exit(0)"],
    ids=["cannot be interrupted", "ends the kernel"],
)
def test_after_a_deadly_cell_a_new_kernel_knows_what_the_old_one_knew(kernel, deadly):
    cells = run(kernel, "x = [1]", "#test\nx.append(2)", deadly, "x.append(3)", "#test\nassert x == [1, 3]", timeout=4.0)
    assert [error_of(cell) for cell in cells] == [None, None, "Stopped", None, None]


def test_a_notebook_has_a_limit_for_all_of_its_cells(kernel):
    cells = run(kernel, "x = 1", "x = 2", total=0.0)
    assert [error_of(cell) for cell in cells] == ["TimeIsUp", "TimeIsUp"]


TAMPERINGS = {  # what an answer may try, and how to undo it
    "isclose": ("import math; kept = math.isclose; math.isclose = lambda *a, **k: True", "math.isclose = kept"),
    "allclose": ("import torch; kept = torch.allclose; torch.allclose = lambda *a, **k: True", "torch.allclose = kept"),
    "equal": ("import torch; kept = torch.equal; torch.equal = lambda *a: True", "torch.equal = kept"),
    "abs in the notebook": ("abs = lambda x: 0.0", "del abs"),
    "abs everywhere": ("import builtins; kept = abs; builtins.abs = lambda x: 0.0", "builtins.abs = kept"),
    "all": ("import builtins; kept = all; builtins.all = lambda x: True", "builtins.all = kept"),
    "asserts removed": (
        "import ast\n"
        "class Drop(ast.NodeTransformer):\n"
        "    def visit_Assert(self, node): return ast.copy_location(ast.Pass(), node)\n"
        "get_ipython().ast_transformers.append(Drop())",
        "get_ipython().ast_transformers.clear()",
    ),
    "lines removed": (
        "drop = lambda lines: [line for line in lines if not line.startswith('assert')]\n"
        "get_ipython().input_transformers_post.append(drop)",
        "get_ipython().input_transformers_post.clear()",
    ),
}


@pytest.mark.parametrize(("attempt", "undo"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_in_a_kernel_that_takes_wrong_for_right_no_test_counts(kernel, attempt, undo):
    cells = run(kernel, attempt, "#test\npass", undo, "#test\npass")
    assert [error_of(cell) for cell in cells] == [None, "Tampered", None, None]


def test_an_error_that_is_hushed_up_is_an_error_all_the_same(kernel):
    hush = "shell = get_ipython(); kept = shell.showtraceback; shell.showtraceback = lambda *a, **k: None"
    cells = run(kernel, hush, "#test\nassert 1 == 2", "shell.showtraceback = kept")
    assert error_of(cells[1]) is not None
