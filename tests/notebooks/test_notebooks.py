"""What holds for every saved notebook before it is run. That it runs, within 2 GB, and says again what it says on the page, is nbval's
part: pytest collects notebooks/*.ipynb and compares each cell with its saved output (see pyproject.toml and jupyter/kernels/snnlab-test).
"""

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from matplotlib import image

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.notebook


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def test_the_first_notebook_is_there():
    assert "00-start" in [path.stem for path in NOTEBOOKS]


def test_a_notebook_is_small_enough_to_be_kept_and_shown(path):
    assert path.stat().st_size < 500_000


def test_a_notebook_is_valid_and_its_cells_keep_their_ids(notebook):
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)


def test_every_cell_was_run_once_from_top_to_bottom(notebook):
    cells = code_cells(notebook)
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))


def test_no_cell_was_saved_with_an_error_or_a_warning(notebook):
    assert [output.evalue for output in outputs(notebook) if output.output_type == "error"] == []
    streams = [output.text for output in outputs(notebook) if output.output_type == "stream" and output.name == "stderr"]
    assert [text for text in streams if "Warning" in text or "Error" in text] == []


def test_no_widget_state_is_saved(path, notebook):
    # With it an HTML export shows a widget that needs a server far away, in place of the picture.
    assert "widgets" not in notebook.metadata
    assert "application/vnd.jupyter.widget-state+json" not in path.read_text()


def test_a_picture_shows_without_a_kernel(notebook):
    pictures = [output.data["image/png"] for output in outputs(notebook) if "image/png" in output.get("data", {})]
    assert pictures, "no saved output has an image/png"
    for picture in pictures:
        pixels = image.imread(io.BytesIO(base64.b64decode(picture)), format="png")
        assert pixels.std() > 0, "a saved picture is blank"


def test_no_output_leaks_between_cells(notebook):
    # interact and Output write into cells at their own time: nbval and nbconvert cannot follow.
    for cell in code_cells(notebook):
        assert not re.search(r"\binteract(_manual|ive|ive_output)?\s*\(|@(widgets\.)?interact\b|\bOutput\s*\(", cell.source), cell.source


def test_models_are_imported_never_redefined_but_where_writing_them_is_the_lesson(path, notebook):
    for cell in [] if path.stem == "14-write-your-own" else code_cells(notebook):
        assert not re.search(r"^\s*class \w+\(.*(nn\.Module|Neuron|Synapse|Connection)", cell.source, re.M), cell.source


def test_the_kernel_is_the_one_that_every_jupyter_has(notebook):
    assert notebook.metadata.kernelspec.name == "python3"


# ---------------------------------------------------------------------------------------------------------------- the harness itself


@pytest.fixture(scope="module")
def kernel():
    """The kernel in which nbval runs the notebooks."""
    manager, client = start_new_kernel(kernel_name="snnlab-test", startup_timeout=60)
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def say(kernel, code):
    """Runs code in the kernel; what it printed, or the name of the error that it raised."""
    said = []
    reply = kernel.execute_interactive(code, timeout=60, output_hook=lambda message: said.append(message["content"].get("text", "")))
    return "".join(said).strip() if reply["content"]["status"] == "ok" else reply["content"]["ename"]


def test_notebooks_run_small_in_one_thread_and_in_this_environment(kernel):
    code = "import os, sys; print(os.environ['SNNLAB_SMALL'], os.environ['OMP_NUM_THREADS'], sys.prefix)"
    assert say(kernel, code) == f"1 1 {sys.prefix}"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_notebook_that_wants_more_than_2_gb_gets_an_error_and_lives(kernel):
    assert say(kernel, "import resource; print(resource.getrlimit(resource.RLIMIT_AS)[0])") == "2147483648"
    assert say(kernel, "import torch; torch.zeros(2**31, dtype=torch.uint8)") == "RuntimeError"
    assert say(kernel, "print(torch.zeros(2**26, dtype=torch.uint8).sum().item())") == "0"


def run_saved_as(folder, source, text):
    """Pytest's verdict, under this project's own settings, on a notebook whose one cell was saved with the output `text`."""
    cell = nbformat.v4.new_code_cell(source, execution_count=1, outputs=[nbformat.v4.new_output("stream", name="stdout", text=text)])
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "tried.ipynb")
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), "-p", "no:cacheprovider"]
    return subprocess.run([*command, str(folder / "tried.ipynb")], cwd=ROOT, capture_output=True, text=True, check=False)


def test_nbval_passes_what_comes_out_again(tmp_path):
    verdict = run_saved_as(tmp_path, "print(1 + 1, object())", "2 <object object at 0x7f00deadbeef>\n")
    assert verdict.returncode == 0, verdict.stdout
    assert "1 passed" in verdict.stdout


@pytest.mark.parametrize(("source", "saved"), [("print(1 + 1)", "3\n"), ("pass", "2\n"), ("print(2); 1 / 0", "2\n")])
def test_nbval_fails_what_comes_out_otherwise(tmp_path, source, saved):
    verdict = run_saved_as(tmp_path, source, saved)
    assert verdict.returncode == 1, verdict.stdout
    assert "1 failed" in verdict.stdout


def test_saving_drops_what_is_true_for_one_run_only():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "a"}, "text/plain": "a slider"}
    cell = nbformat.v4.new_code_cell("1", metadata={"tags": ["nbval-ignore-output"], "collapsed": True})
    picture = view | {"image/png": "AAAA"}
    cell.outputs = [nbformat.v4.new_output("display_data", data=data) for data in (view, picture)]
    notebook = nbformat.v4.new_notebook(
        cells=[cell], metadata={"widgets": {"state": {}}, "language_info": {"name": "python", "version": "3.11.7"}}
    )
    sys.path.insert(0, str(Path(__file__).parent))
    try:
        from save import strip
    finally:
        sys.path.pop(0)
    saved = json.loads(nbformat.writes(strip(notebook)))
    assert saved["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert saved["cells"][0]["metadata"] == {"tags": ["nbval-ignore-output"]}
    assert [output["data"] for output in saved["cells"][0]["outputs"]] == [{"image/png": "AAAA", "text/plain": ["a slider"]}]
