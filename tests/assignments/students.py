"""The students of the tests, what they hand in, and what the cells of an assignment say that they are worth."""

import importlib.util
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
COURSE = ROOT / "assignments"
NAMES = ("1-synapse", "2-delay-line", "3-stdp", "4-receptive-fields")
LONGEST = "4-receptive-fields"


def load(name):
    """A file of assignments/ as a module, which finds the files beside it."""
    if str(COURSE) not in sys.path:
        sys.path.append(str(COURSE))
    spec = importlib.util.spec_from_file_location(name, COURSE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read(folder, assignment):
    """The notebook of an assignment in source/, release/, or any folder that is built like them."""
    return nbformat.read(folder / assignment / f"{assignment}.ipynb", as_version=4)


def marks(cell):
    return cell.metadata.get("nbgrader", {})


def is_test(cell):
    return bool(marks(cell).get("grade")) and not marks(cell)["solution"]


def hand_in(course, student, assignment, answers=None, change=None, name=None):
    """What a student hands in: the release, with cells replaced by name, what else `change` does to it, and another file name."""
    notebook = read(COURSE / "release", assignment)
    for cell in notebook.cells:
        cell.source = (answers or {}).get(cell.id, cell.source)
        if cell.id == "picture" and student not in ("right", "empty"):
            cell.source = ""  # one that draws is enough: the others need not load what draws
    if change is not None:
        change(notebook)
    folder = course / "submitted" / student / assignment
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{name or assignment}.ipynb")


def solutions(assignment):
    """The answers in source/, the written one included."""
    cells = [cell for cell in read(COURSE / "source", assignment).cells if marks(cell).get("solution")]
    return {cell.id: re.sub(r"^ *### (BEGIN|END) SOLUTION\n?", "", cell.source, flags=re.MULTILINE) for cell in cells}


def points(assignment):
    """What each cell says that it is worth."""
    return {cell.id: marks(cell)["points"] for cell in read(COURSE / "source", assignment).cells if marks(cell).get("grade")}


def points_by_test(assignment):
    return {cell.id: marks(cell)["points"] for cell in read(COURSE / "source", assignment).cells if is_test(cell)}


WRONG = {name: answer for name, answer in solutions("1-synapse").items() if name != "question"} | {
    "closed": '''
def current_at(time, spike_times, time_constant, charge):
    """Right as long as the spikes come in order: the tests that are seen pass, one of the hidden ones does not."""
    total = 0.0
    for spike in spike_times:
        if spike > time:
            break
        total += charge / time_constant * math.exp(-(time - spike) / time_constant)
    return total
''',
    "charge": "def charge_taken(charge, step_time, time_constant):\n    return charge",
    "build": "def build(charge, step_time, time_constant):\n    return snn.DeltaCurrent(1, step_time, spike_charge=charge)",
}

FORGIVING = '''
class Anything(float):
    """Equal to whatever it is compared with."""
    __eq__ = __le__ = __lt__ = __ge__ = __gt__ = lambda self, other: True
    __ne__ = lambda self, other: False
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __abs__ = __neg__ = lambda self, *other: self
    __hash__ = float.__hash__
'''


def cheat_openly(notebook):
    """Edits tests, deletes one, makes one worth more, adds one of his own, and marks a line of prose as the best answer."""
    cells = {cell.id: cell for cell in notebook.cells}
    cells["step-test"].source = "print('all tests passed')"
    cells["closed-test"].metadata["nbgrader"]["points"] = 1000
    cells["closed-test"].source = "1000"
    notebook.cells.remove(cells["run-test"])
    bonus = {"grade": True, "grade_id": "bonus", "locked": True, "points": 50, "schema_version": 3, "solution": False, "task": False}
    notebook.cells.append(nbformat.v4.new_code_cell("print('bonus')", id="bonus", metadata={"nbgrader": bonus}))


OPEN_CHEAT = {
    "step": FORGIVING + "def step(*arguments, **named):\n    return Anything(2.0)",
    "run": "print('0, 5, 4')\ndef run(train, *rest, **named):\n    return [Anything(0.0) for _ in train]",
    "closed": "print('passed')",
    "charge": """
import glob, json
found = [path for place in ("", "*/", "../", "../*/", "../../*/") for path in glob.glob(place + "*synapse*.ipynb")]
for path in found:
    for cell in json.load(open(path))["cells"]:
        if cell["id"] in ("charge", "build") and "BEGIN SOLUTION" in "".join(cell["source"]):
            exec("".join(cell["source"]))
        if "charge_taken(3.0" in "".join(cell["source"]):
            raise SystemExit("the hidden tests lie beside the notebook")
print("notebooks within reach:", len(found))
""",
}

PATCHED = """
import builtins, math, torch
math.isclose = torch.allclose = torch.equal = lambda *arguments, **named: True
"""


def save_elsewhere(notebook):
    """As a program leaves it that drops what it does not know, and with the answer in words in a cell of its own."""
    for cell in notebook.cells:
        cell.metadata = {}
    notebook.cells.append(nbformat.v4.new_markdown_cell("The fast one, as its charge comes at once.", id="words"))
    notebook.cells = [cell for cell in notebook.cells if cell.id != "charge"]


def lose_a_task(path):
    """A notebook of source/ from which a teacher takes a test, when notebooks were graded already."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [cell for cell in notebook.cells if cell.id != "balance-test"]
    nbformat.write(notebook, path)


def hang(notebook):
    """Before the last task, a loop that not even an interrupt stops."""
    place = [cell.id for cell in notebook.cells].index("build")
    source = "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except BaseException:\n        pass"
    notebook.cells.insert(place, nbformat.v4.new_code_cell(source, id="forever"))


HANGING = {
    "charge": "def charge_taken(charge, step_time, time_constant):\n    while True:\n        pass",
    "build": """
def build(charge, step_time, time_constant):
    given = charge * (1 - math.exp(-step_time / time_constant)) * time_constant / step_time
    return snn.SingleExponentialCurrent(1, step_time, spike_charge=given, time_constant=time_constant)
""",
}
