"""Every picture can be seen: the docstring of a plot names a notebook, and that notebook draws it."""

import ast
import inspect
import re
from pathlib import Path

import nbformat
import pytest

from snnlab import plots

ROOT = Path(__file__).parents[2]
FUNCTIONS = {name: getattr(plots, name) for name in plots.__all__ if inspect.isfunction(getattr(plots, name))}


def named_notebook(function):
    """The path behind "Seen in:" in a docstring, or None."""
    found = re.search(r"^ *Seen in: (notebooks/[\w.-]+\.ipynb)$", function.__doc__, re.MULTILINE)
    return found and found.group(1)


def calls(source, name):
    """Whether code calls `snn.plots.NAME` or `plots.NAME`; words in strings and comments do not count."""
    called = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return any(ast.unparse(function).removeprefix("snn.") == f"plots.{name}" for function in called)


def pictured(notebook):
    """Sources of the cells that were saved with a picture."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and any("image/png" in output.get("data", {}) for output in cell.outputs):
            yield cell.source


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_a_plot_is_seen_in_the_notebook_that_it_names(name):
    path = named_notebook(FUNCTIONS[name])
    assert path, f"{name} needs a line such as 'Seen in: notebooks/04-neurons.ipynb' in its docstring"
    assert (ROOT / path).is_file()
    assert any(calls(source, name) for source in pictured(nbformat.read(ROOT / path, as_version=4))), f"{path} draws no {name}"


# ------------------------------------------------------------------------------------------------------- the checks of this file, checked


def test_there_are_plots():
    assert {"raster", "voltages", "fi_curve", "wiring"} <= set(FUNCTIONS)


def test_a_call_is_told_from_a_mention():
    assert calls("snn.plots.raster(spikes).figure", "raster")
    assert calls("x = 1\nplots.raster(spikes)", "raster")
    assert not calls("snn.plots.rasters(spikes)", "raster")
    assert not calls("'snn.plots.raster(spikes)'  # snn.plots.raster(spikes)", "raster")


def test_a_cell_without_a_picture_does_not_count():
    drawn = nbformat.v4.new_code_cell("a", outputs=[nbformat.v4.new_output("display_data", data={"image/png": "AAAA"})])
    silent = nbformat.v4.new_code_cell("b", outputs=[nbformat.v4.new_output("stream", text="x")])
    assert list(pictured(nbformat.v4.new_notebook(cells=[silent, drawn]))) == ["a"]
