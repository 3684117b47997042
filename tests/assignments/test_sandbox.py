"""What goes to the process that runs answers, what is taken from it, and that nothing of it is left when it is over."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import time
import warnings

import nbformat
import pytest
from nbgrader.utils import determine_grade

from tests.assignments.students import COURSE, load, read

sandbox = load("sandbox")
restore = load("restore")


def through(tmp_path, program, **marks):
    """A notebook of one cell after it has gone through a command: a program in Python that has read the notebook as `notebook`."""
    script = tmp_path / "command.py"
    script.write_text("import json, sys\nnotebook = json.load(sys.stdin)\n" + textwrap.dedent(program))
    elsewhere = sandbox.ExecuteElsewhere(sandbox=f"{sys.executable} {script}", timeout=1, total=1)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x", id="one", metadata={"nbgrader": {"points": 1, **marks}})])
    return elsewhere.preprocess(notebook, {})[0]


def test_only_outputs_are_taken(tmp_path):
    program = """
        (cell,) = notebook["cells"]
        cell |= {"source": "y", "metadata": {"nbgrader": {"points": 9}}}
        cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "said"}]
        print(json.dumps(notebook))
    """
    ran = through(tmp_path, program)
    assert (ran.cells[0].source, ran.cells[0].metadata.nbgrader.points, ran.cells[0].outputs[0].text) == ("x", 1, "said")
    assert "snnlab_run" not in ran.metadata


@pytest.mark.parametrize(
    ("outputs", "earned"),
    [
        ("[]", 1.0),
        ("[stderr]", 1.0),  # a warning in a right answer
        ("[value]", 1.0),
        ("[value, error]", 0.0),  # a value of an answer's own before the test's error
        ("[stderr, error]", 0.0),
    ],
)
def test_only_an_error_in_a_test_costs_points_and_no_value_gives_any(tmp_path, outputs, earned):
    program = f"""
        stderr = {{"output_type": "stream", "name": "stderr", "text": "UserWarning"}}
        value = {{"output_type": "execute_result", "data": {{"text/plain": "'hello'"}}, "metadata": {{}}, "execution_count": 1}}
        error = {{"output_type": "error", "ename": "AssertionError", "evalue": "", "traceback": []}}
        notebook["cells"][0]["outputs"] = {outputs}
        print(json.dumps(notebook))
    """
    ran = through(tmp_path, program, grade=True, solution=False, grade_id="one", locked=True, schema_version=3, task=False)
    assert determine_grade(ran.cells[0]) == (earned, 1.0)


@pytest.mark.parametrize(
    "change", ["notebook['metadata'] = {}", "notebook['metadata']['snnlab_run'] = '0'", "notebook['cells'] *= 2", "notebook = 1"]
)
def test_another_notebook_than_the_one_that_was_sent_is_refused(tmp_path, change):
    with warnings.catch_warnings(action="ignore"), pytest.raises(sandbox.NotRun, match="gave back no notebook of the same cells"):
        through(tmp_path, f"{change}\nprint(json.dumps(notebook))")


def test_a_command_that_fails_is_told_with_its_last_words(tmp_path):
    with pytest.raises(sandbox.NotRun, match="ended with 3: no container here"):
        through(tmp_path, "print('no container here', file=sys.stderr); sys.exit(3)")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found by Linux's list of them")
def test_nothing_that_an_answer_has_started_goes_on(tmp_path):
    # In a process of its own, as the grading is: it adopts what the command leaves behind.
    left = tmp_path / "left"
    command = tmp_path / "command.py"
    command.write_text(
        "import os, sys, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"  # another group, so that ending the command's own does not reach it
        "    if os.fork() == 0:\n"
        "        os.closerange(0, 3)\n"
        f"        open({str(left)!r}, 'w').write(str(os.getpid()))\n"
        "        time.sleep(100)\n"
        "    os._exit(0)\n"
        f"while not os.path.exists({str(left)!r}) or not open({str(left)!r}).read(): time.sleep(0.01)\n"
        "sys.stdout.write(sys.stdin.read())\n"
    )
    source = (
        f"import sys; sys.path.insert(0, {str(COURSE)!r})\nimport nbformat, sandbox\n"
        f"elsewhere = sandbox.ExecuteElsewhere(sandbox={f'{sys.executable} {command}'!r}, timeout=1, total=9)\n"
        "elsewhere.preprocess(nbformat.v4.new_notebook(cells=[]), {})\n"
    )
    subprocess.run([sys.executable, "-c", source], check=True, timeout=100)
    process = int(left.read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)


def test_a_grading_that_is_interrupted_leaves_nothing_behind(tmp_path, monkeypatch):
    started = []

    class Interrupted(subprocess.Popen):
        def communicate(self, *arguments, **named):
            started.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(sandbox.subprocess, "Popen", Interrupted)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        through(tmp_path, "import time; time.sleep(1000)")
    assert started[0].poll() is not None
    assert time.monotonic() - began < 500


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without asking it")
def test_a_command_is_asked_before_it_is_ended_as_only_it_can_end_its_container(tmp_path):
    answer = tmp_path / "answer"
    lines = [
        "import signal, sys, time",
        f"signal.signal(signal.SIGTERM, lambda *a: (open({str(answer)!r}, 'w').write('container ended'), sys.exit()))",
        "print('ready', flush=True)",
        "time.sleep(1000)",
    ]
    with subprocess.Popen([sys.executable, "-c", "\n".join(lines)], stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.readline()
        sandbox.end(process, sandbox.children() - {process.pid})
    assert answer.read_text() == "container ended"


@pytest.mark.notebook
@pytest.mark.skipif(sys.platform != "linux", reason="processes are found by Linux's list of them")
def test_whoever_runs_a_notebook_ends_when_asked_and_takes_the_kernel_along(tmp_path):
    there = tmp_path / "there"
    source = f"import os\nwith open({str(there)!r}, 'w') as file: file.write(str(os.getpid()))\nwhile True: pass"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    with subprocess.Popen([sys.executable, str(sandbox.RUNNER)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        process.stdin.write(nbformat.writes(notebook))
        process.stdin.close()
        while not there.exists() or not there.read_text():
            assert process.poll() is None
            time.sleep(0.1)
        process.terminate()
        assert process.wait(100) == 128 + 15
    with pytest.raises(ProcessLookupError):
        os.kill(int(there.read_text()), 0)


@pytest.mark.notebook
def test_a_notebook_goes_through_whatever_letters_the_machine_takes():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("print('”, ü and τ')")])
    machine = os.environ | {"PYTHONIOENCODING": "cp1252", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(sandbox.RUNNER)]
    said = subprocess.run(command, input=nbformat.writes(notebook).encode(), capture_output=True, env=machine, check=True).stdout
    assert nbformat.reads(said.decode(), as_version=4).cells[0].outputs[0].text == "”, ü and τ\n"


def test_the_container_holds_what_running_a_notebook_takes_and_nothing_that_grades(tmp_path):
    lines = (COURSE / "Containerfile").read_text(encoding="utf-8").splitlines()
    copied = [line.split()[1:-1] for line in lines if line.startswith("COPY assignments/")]
    names = {name.removeprefix("assignments/") for names in copied for name in names}
    for name in names:
        shutil.copy(COURSE / name, tmp_path)
    said = subprocess.run([sys.executable, tmp_path / "execute.py", "--help"], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert {"--timeout", "--total", "--memory"} <= set(said.stdout.split())
    assert names.isdisjoint({"grade.py", "restore.py", "sandbox.py", "nbgrader_config.py"})


@pytest.fixture
def notebooks():
    """What a student hands in, and the release."""
    return read(COURSE / "release", "1-synapse"), read(COURSE / "release", "1-synapse")


def test_cells_are_found_by_their_id_where_the_marks_are_lost(notebooks):
    handed_in, released = notebooks
    for cell in handed_in.cells:
        cell.metadata = {}
    next(cell for cell in handed_in.cells if cell.id == "step").source = "mine"
    assert restore.restore(handed_in, released) == []
    assert [(cell.id, cell.metadata.get("nbgrader")) for cell in handed_in.cells] == [
        (cell.id, cell.metadata.get("nbgrader")) for cell in released.cells
    ]
    assert next(cell for cell in handed_in.cells if restore.name_of(cell) == "step").source == "mine"


def test_a_cell_that_went_missing_is_put_back_and_told(notebooks):
    handed_in, released = notebooks
    handed_in.cells = [cell for cell in handed_in.cells if cell.id not in ("step", "run-test")]
    assert restore.restore(handed_in, released) == ["Missing"]
    there, wanted = ([cell for cell in notebook.cells if restore.name_of(cell)] for notebook in (handed_in, released))
    assert json.dumps(there) == json.dumps(wanted)


def test_an_answer_in_words_in_a_cell_of_its_own_is_told_and_a_note_beside_an_answer_is_not(notebooks):
    handed_in, released = notebooks
    handed_in.cells.append(nbformat.v4.new_markdown_cell("The fast one.", id="words"))
    assert restore.restore(handed_in, released) == ["Elsewhere"]
    next(cell for cell in handed_in.cells if cell.id == "question").source = "The fast one."
    assert restore.restore(handed_in, released) == []
