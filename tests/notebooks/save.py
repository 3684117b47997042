"""Runs notebooks at full size and saves them with their outputs, in the one form in which the repository keeps them.

    python tests/notebooks/save.py notebooks/00-start.ipynb ...        (all of them: make notebooks)

Kept: source, stable cell ids, tags, text and pictures. Dropped: widget state and widget views (their models die with the kernel, and
without the views JupyterLab shows the picture at once), timings, the version of Python, whatever an editor left in the metadata.
"""

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def strip(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drops from a notebook what is true for one run only; changes it in place and returns it."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:02d}" if not cell.get("id") else cell["id"]
        tags = cell.metadata.get("tags")
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if data.pop(WIDGET_VIEW, None) is not None and "image/png" not in data:
                data.clear()  # the words behind a progress bar are those of its start: 0 %
        if "outputs" in cell:
            cell.outputs = [output for output in cell.outputs if output.get("data", True)]
    return notebook


def save(path: Path) -> None:
    """Runs one notebook in a fresh kernel, in its own folder, and writes it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=1800,  # s a cell: full size, on a slow machine
        kernel_name="python3",
        record_timing=False,
        store_widget_state=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(path.parent)}},
    )
    client.execute()
    nbformat.write(strip(notebook), path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        began = time.perf_counter()
        save(Path(name))
        print(f"{name}: {Path(name).stat().st_size / 1000:.0f} kB, {time.perf_counter() - began:.0f} s", flush=True)
