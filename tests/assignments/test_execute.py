"""What a student's cell does, the others do not pay for: the process that runs notebooks, with small notebooks and no gradebook."""

import subprocess
import sys

import nbformat
import pytest

from tests.assignments.students import COURSE, load

execute = load("execute")
pytestmark = pytest.mark.notebook
TEST = {"grade": True, "solution": False, "points": 1}


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    started = execute.Kernel(str(tmp_path_factory.mktemp("answers")))
    yield started
    started.stop()


def run(kernel, *sources, timeout=60.0, total=600.0, watched=("builtins", "math")):
    """The cells after a run; a source that begins with "#test" is a test, and one that begins with "#given" a locked cell."""
    kinds = {"#test": TEST, "#given": {"grade": False, "solution": False, "locked": True}}
    cells = [nbformat.v4.new_code_cell(each, metadata={"nbgrader": kinds.get(each.partition("\n")[0], {})}) for each in sources]
    execute.Run(nbformat.v4.new_notebook(cells=cells), timeout, total).over(kernel, watched)
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
    cells = run(kernel, "x = 1", "while True: pass", "while True: print('1' * 10_000)", "#test\nassert x == 1", timeout=5.0)
    assert [error_of(cell) for cell in cells] == [None, "Stopped", "Stopped", None]
    assert len(str(cells[2].outputs)) < 2 * load("kernel").MOST, "the output of a loop is cut"


def test_a_thread_that_prints_without_end_does_not_hold_up_the_end_of_another_cell(kernel):
    thread = (
        "import threading, time\ngoing = True\n"
        "def talk():\n    time.sleep(2)\n    while going: print('1' * 10_000)\n"
        "talker = threading.Thread(target=talk)\ntalker.start()"
    )
    cells = run(kernel, thread, "while True: pass", "going = False", timeout=5.0)
    assert [error_of(cell) for cell in cells] == [None, "Stopped", None]


def test_what_a_loop_has_printed_is_not_left_for_the_next_cell_to_read(kernel):
    with pytest.raises(execute.Stopped):
        kernel.ask("while True: print('1' * 10_000)", 2.0)
    if not kernel.wake():  # too much to read on a busy machine, so execute.py takes a new kernel
        kernel.restart()
    assert not kernel._client.iopub_channel.msg_ready()


@pytest.mark.parametrize(
    "deadly",
    ["import time\nwhile True:\n  try: time.sleep(1)\n  except BaseException: pass", "import os; os._exit(0)"],
    ids=["cannot be interrupted", "ends the kernel"],
)
def test_after_a_deadly_cell_a_new_kernel_knows_what_the_old_one_knew(kernel, deadly):
    cells = run(kernel, "x = [1]", "#test\nx.append(2)", deadly, "x.append(3)", "#test\nassert x == [1, 3]", timeout=5.0)
    assert [error_of(cell) for cell in cells] == [None, None, "Stopped", None, None]


def test_a_new_kernel_loads_nothing_that_an_answer_has_left_for_it(kernel):
    trap = (
        "import os, pathlib\n"
        "startup = pathlib.Path(os.environ.get('IPYTHONDIR') or pathlib.Path.home() / '.ipython') / 'profile_default' / 'startup'\n"
        "startup.mkdir(parents=True, exist_ok=True)\n"
        "(startup / '00.py').write_text('import math; math.isclose = lambda *a, **k: True')\n"
        "pathlib.Path('json.py').write_text('raise SystemExit')\n"
        "os._exit(0)"
    )
    cells = run(kernel, trap, "#test\nimport math\nassert not math.isclose(1, 2)", timeout=5.0)
    assert [error_of(cell) for cell in cells] == ["Stopped", None]


def test_what_no_notebook_can_hold_and_what_is_too_long_is_dropped_from_it(kernel):
    most = load("kernel").MOST
    cells = run(
        kernel,
        "display({'text/plain': 5}, raw=True)",
        "'x' * 5_000_000",
        "raise ValueError('x' * 5_000_000)",
        "for _ in range(3000): get_ipython().showtraceback((ValueError, ValueError('x' * 1000), None))",
        "1 + 1",
    )
    nbformat.validate(nbformat.v4.new_notebook(cells=cells))
    assert "no notebook can hold" in cells[0].outputs[0].text
    assert cells[1].outputs[0].data["text/plain"] == "(too large to be kept)"
    assert [error_of(cell) for cell in cells] == [None, None, "ValueError", "ValueError", None]
    assert max(len(str(cell.outputs)) for cell in cells) < 2 * most
    assert cells[4].outputs[0].data["text/plain"] == "2"


def test_imports_of_a_locked_cell_are_found_beside_magics():
    cell = nbformat.v4.new_code_cell("%matplotlib inline\nimport math\n!ls", metadata={"nbgrader": {"locked": True, "grade": False}})
    assert load("trust").imports([cell]) == "import math"


def test_a_notebook_has_a_limit_for_all_of_its_cells(kernel):
    cells = run(kernel, "x = 1", "x = 2", total=0.0)
    assert [error_of(cell) for cell in cells] == ["TimeIsUp", "TimeIsUp"]


TAMPERINGS = {  # what an answer may try, and how to undo it
    "isclose": ("import math; kept = math.isclose; math.isclose = lambda *a, **k: True", "math.isclose = kept"),
    "abs everywhere": ("import builtins; kept = abs; builtins.abs = lambda x: 0.0", "builtins.abs = kept"),
    "float, which lets its own kind through": ("import builtins; kept = float; builtins.float = lambda x: x", "builtins.float = kept"),
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
    "a test emptied": (
        "empty = lambda lines: ['pass\\n'] if any('answer(' in line for line in lines) else lines\n"
        "get_ipython().input_transformers_cleanup.append(empty)",
        "get_ipython().input_transformers_cleanup.remove(empty)",
    ),
    "another run_cell": (
        "shell = get_ipython(); kept = shell.run_cell_async\n"
        "async def calm(source, *a, **k): return await kept('pass' if 'answer(' in source else source, *a, **k)\n"
        "shell.run_cell_async = calm",
        "del shell.run_cell_async",
    ),
    "another do_execute": (
        "core = get_ipython().kernel; kept = core.do_execute\n"
        "async def calm(code, *a, **k): return await kept('pass' if 'answer(' in code else code, *a, **k)\n"
        "core.do_execute = calm",
        "del core.do_execute",
    ),
    "something before each cell": (
        "early = lambda *a: None\nget_ipython().events.register('pre_run_cell', early)",
        "get_ipython().events.unregister('pre_run_cell', early)",
    ),
    "a trace": ("import sys; sys.setprofile(lambda *a: None)", "sys.setprofile(None)"),
    "exceptions of one's own": (
        "get_ipython().set_custom_exc((Exception,), lambda *a, **k: None)",
        "get_ipython().set_custom_exc((), None)",
    ),
    "a compiler that leaves asserts out": (  # in no list of functions: a lie that passes tells of it
        "import ast; from IPython.core.compilerop import CachingCompiler as C; kept = C.ast_parse\n"
        "def calm(self, source, *a, **k):\n"
        "    tree = kept(self, source, *a, **k)\n"
        "    tree.body = [each for each in tree.body if not isinstance(each, ast.Assert)]\n"
        "    return tree\n"
        "C.ast_parse = calm",
        "C.ast_parse = kept",
    ),
    "a compiler that leaves all out but the first assert": (  # and that a test has not run to its end tells of this one
        "import ast; from IPython.core.compilerop import CachingCompiler as C; kept = C.ast_parse\n"
        "def calm(self, source, *a, **k):\n"
        "    tree = kept(self, source, *a, **k)\n"
        "    if 'answer(' in source and not isinstance(tree.body[0], ast.Assert): tree.body = tree.body[:0]\n"
        "    return tree\n"
        "C.ast_parse = calm",
        "C.ast_parse = kept",
    ),
}


@pytest.mark.parametrize(("attempt", "undo"), TAMPERINGS.values(), ids=TAMPERINGS)
def test_in_a_kernel_that_was_tampered_with_no_test_counts(kernel, attempt, undo):
    test = "#test\nanswer = lambda x: x\nassert answer(1) == 1, 'or not'"
    cells = run(kernel, attempt, test, undo, test)
    assert [error_of(cell) for cell in cells] == [None, "Tampered", None, None]


@pytest.mark.parametrize("name", ["isclose", "abs everywhere", "a test emptied", "something before each cell"])
def test_nor_one_during_which_it_is_tampered_with(kernel, name):
    attempt, undo = TAMPERINGS[name]
    lines = "\n    ".join(["global kept, math, builtins, empty, early", *attempt.splitlines()])
    cells = run(kernel, f"def answer():\n    {lines}", "#test\nanswer()\nassert True, 'or not'", undo, "#test\npass")
    assert [error_of(cell) for cell in cells] == [None, "Tampered", None, None]


def test_functions_of_torch_and_of_the_library_are_watched_too(kernel):
    replace = {
        "torch.allclose": "lambda *a, **k: True",
        "torch.Tensor.tolist": "lambda self: 0",
        "torch.Tensor.shape": "property(lambda self: 0)",
        "snn.window": "lambda *a: 0",
        "snn.LinearDense.forward": "lambda *a: 0",
    }
    cells = [
        f"import torch, snnlab as snn; kept = vars({name.rpartition('.')[0]}).get('{name.rpartition('.')[2]}'); {name} = {other}\n"
        for name, other in replace.items()
    ]
    undo = [f"if kept is None: del {name}\nelse: {name} = kept" for name in replace]
    sources = [source for change, back in zip(cells, undo, strict=True) for source in (change, "#test\npass", back, "#test\npass")]
    watched = ("torch", "snnlab")
    assert [error_of(cell) for cell in run(kernel, *sources, watched=watched)] == [None, "Tampered", None, None] * len(replace)


def test_a_name_that_covers_one_of_pythons_own_neither_helps_nor_hurts(kernel):
    given = "#given\nimport math"
    mine = "abs = 3\nmath = None\nfloat = lambda x: 0.7\nlist = [1]\ndef answer(x): return list[0] + abs + x"
    right = "#test\nassert abs(-2) == 2 and math.sqrt(4) == 2\nassert float('0.3') == 0.3\nassert answer(1) == 5\nseen = [answer]"
    cells = run(
        kernel,
        given,
        mine,
        right,
        "#test\nassert abs(0.3 - 0.7) < 0.1",
        "assert seen[0] is answer and abs == 3",
        "del abs, math, float, list",
    )
    assert [error_of(cell) for cell in cells] == [None, None, None, "AssertionError", None, None]


def test_a_cell_that_is_not_over_in_a_test_leaves_the_names_as_they_were(kernel):
    cells = run(kernel, "x = 1", "#test\nx = 2\nwhile True: pass", "assert x == 2\nx = 3", "#test\nassert x == 3", timeout=5.0)
    assert [error_of(cell) for cell in cells] == [None, "Stopped", None, None]


def test_memory_without_end_is_refused_and_the_process_that_knows_the_tests_cannot_be_read():
    lines = [
        "import ctypes, sys",
        f"sys.path.append({str(COURSE)!r})",
        "import execute",
        "execute.hide()",
        "print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) if sys.platform == 'linux' else 0)",  # PR_GET_DUMPABLE
        "execute.limit(900)",
        "bytearray(50 * 2**30)",
    ]
    said = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert said.stdout == "0\n"
    assert said.stderr.splitlines()[-1] == "MemoryError"


def test_an_error_that_is_hushed_up_is_an_error_all_the_same(kernel):
    hush = "shell = get_ipython(); kept = shell.showtraceback; shell.showtraceback = lambda *a, **k: None"
    cells = run(kernel, hush, "#test\nassert 1 == 2", "shell.showtraceback = kept")
    assert error_of(cells[1]) is not None
