"""Makes the picture of the README, docs/images/lab.png: notebook 05 in a real JupyterLab, while its network learns digits.

    python tests/browser/picture.py [FILE]

It takes a minute. A person looks at the picture before it is kept.
"""

import io
import json
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOK = ROOT / "notebooks" / "05-receptive-fields.ipynb"
PICTURE = ROOT / "docs" / "images" / "lab.png"
SIZE = {"width": 1200, "height": 800}
STEPS = 20_000
TEACHERS = ["@jupyter/nbgrader"]  # menus that a student's JupyterLab does not have


def beginning(notebook: dict) -> dict:
    """The notebook up to the cell that shows its first lab, with no outputs."""
    cells = notebook["cells"]
    end = next(number for number, cell in enumerate(cells) if cell["cell_type"] == "code" and "lab.Lab(" in "".join(cell["source"]))
    cleared = [{**cell, "outputs": [], "execution_count": None} if cell["cell_type"] == "code" else cell for cell in cells[: end + 1]]
    return {**notebook, "cells": cleared}


def shoot() -> bytes:
    """The page as a PNG."""
    import jupyter_page  # beside this file: found where this runs as a program

    with tempfile.TemporaryDirectory(prefix="snnlab-picture-") as folder:
        Path(folder, NOTEBOOK.name).write_text(json.dumps(beginning(json.loads(NOTEBOOK.read_text(encoding="utf-8")))), encoding="utf-8")
        Path(folder, "labconfig").mkdir()
        Path(folder, "labconfig", "page_config.json").write_text(json.dumps({"disabledExtensions": dict.fromkeys(TEACHERS, True)}))
        environment = {"SNNLAB_SMALL": "0", "JUPYTER_CONFIG_PATH": folder}
        with jupyter_page.Server(Path(folder), environment) as server, jupyter_page.chromium() as browser:
            page = jupyter_page.open_notebook(browser, server, NOTEBOOK.name)
            page.set_viewport_size(SIZE)
            jupyter_page.run_all(page)
            page.locator(".snnlab canvas[role=img]").wait_for()
            page.set_default_timeout(300_000)
            jupyter_page.run_code(page, f"lab.step({STEPS})")
            page.wait_for_function(f"document.querySelector('.snnlab-clock').textContent.includes('step {STEPS + 200:,} ')")
            page.evaluate("document.querySelector('.snnlab').scrollIntoView({ block: 'end' })")
            page.wait_for_timeout(1000)
            shot = page.screenshot()
            page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    return shot


def main(path: Path = PICTURE) -> None:
    """Saves the picture as small as it gets without a loss."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(io.BytesIO(shoot())).convert("RGB").save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
