"""What a student has done to the cells that were not his to change is undone, before nbgrader compares them with its gradebook.

The released notebook is the measure. Cells that it marks and that are missing are put back after their predecessor, every marked cell
gets back what it was, a test or an answer, with so many points, and no other cell is marked. nbgrader itself then restores what locked
cells say, and puts the hidden tests back; alone it fails where an answer is missing as well as its test, or where a student has made up
a test, and leaves a deleted first cell, with its imports, deleted.
"""

import copy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode


def name_of(cell: NotebookNode) -> str | None:
    """The name by which nbgrader knows a cell, or None."""
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def restore(notebook: NotebookNode, released: NotebookNode) -> None:
    """Gives a notebook back the marked cells and the marks of the released one; changes it in place."""
    ours = {name_of(cell) for cell in released.cells} - {None}
    for cell in notebook.cells:
        if name_of(cell) not in ours:
            cell.metadata.pop("nbgrader", None)  # a test that a student has made up
    after = 0
    for cell in released.cells:
        name = name_of(cell)
        if name is None:
            continue
        places = [place for place, each in enumerate(notebook.cells) if name_of(each) == name]
        if not places:
            added = copy.deepcopy(cell)
            notebook.cells.insert(after, added)
            places = [after]
        for copied in places[:-1]:  # of several that bear the name, the last is meant
            del notebook.cells[copied].metadata["nbgrader"]
        notebook.cells[places[-1]].metadata["nbgrader"] = copy.deepcopy(cell.metadata["nbgrader"])
        after = places[-1] + 1


class RestoreCells(NbGraderPreprocessor):
    """Restores a submission by the release of its assignment: see `restore`."""

    release = Unicode("", help="Folder with the released assignments.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """The notebook with its cells restored; called by nbgrader."""
        names = resources["nbgrader"]
        restore(nb, nbformat.read(Path(self.release) / names["assignment"] / f"{names['notebook']}.ipynb", as_version=4))
        return nb, resources
