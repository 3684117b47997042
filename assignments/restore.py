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


def restore(notebook: NotebookNode, released: NotebookNode) -> list[str]:
    """Gives a notebook back the marked cells and the marks of the released one; changes it in place.

    Returns:
        what a teacher should know of it: names of `REMARKS` in grade.py.
    """
    ours = {name_of(cell) for cell in released.cells} - {None}
    known = {name_of(cell) for cell in notebook.cells}
    marked = {cell.id: name_of(cell) for cell in released.cells if name_of(cell) not in {None} | known}
    for cell in notebook.cells:
        if cell.get("id") in marked:  # a program that drops what it does not know has saved it
            cell.metadata["nbgrader"] = {"grade_id": marked[cell.id]}
        elif name_of(cell) not in ours:
            cell.metadata.pop("nbgrader", None)  # a test that a student has made up
    remarks = []
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
            if cell.metadata["nbgrader"]["solution"]:
                remarks.append("Missing")
        for copied in places[:-1]:  # of several that bear the name, the last is meant
            del notebook.cells[copied].metadata["nbgrader"]
        notebook.cells[places[-1]].metadata["nbgrader"] = copy.deepcopy(cell.metadata["nbgrader"])
        after = places[-1] + 1
    return remarks + ["Elsewhere"] * (question_is_empty(notebook, released) and has_own_text(notebook, released))


def question_is_empty(notebook: NotebookNode, released: NotebookNode) -> bool:
    """Whether an answer in words was left as it was handed out."""
    before = {name_of(cell): cell.source.strip() for cell in released.cells if cell.cell_type == "markdown" and name_of(cell)}
    return any(cell.source.strip() == before.get(name_of(cell)) for cell in notebook.cells)


def has_own_text(notebook: NotebookNode, released: NotebookNode) -> bool:
    """Whether a student has put in a cell with text."""
    before = {cell.source.strip() for cell in released.cells}
    return any(cell.cell_type != "code" and cell.source.strip() not in {""} | before and not name_of(cell) for cell in notebook.cells)


class RestoreCells(NbGraderPreprocessor):
    """Restores a submission by the release of its assignment: see `restore`."""

    release = Unicode("", help="Folder with the released assignments.").tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """The notebook with its cells restored; called by nbgrader."""
        names = resources["nbgrader"]
        released = nbformat.read(Path(self.release) / names["assignment"] / f"{names['notebook']}.ipynb", as_version=4)
        nb.metadata["snnlab_remarks"] = sorted(set(restore(nb, released)))
        return nb, resources
