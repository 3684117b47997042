"""The site, built once for all tests of this folder; and the modules that build it."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ROOT / "docs" / "snnlab_site"


def part(name):
    """A module of docs/snnlab_site, which finds the others where it lies."""
    if str(PARTS) not in sys.path:
        sys.path.append(str(PARTS))
    spec = importlib.util.spec_from_file_location(f"snnlab_site_{name}", PARTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def docstring():
    return part("docstring")


@pytest.fixture(scope="session")
def inspection():
    return part("inspection")


@pytest.fixture(scope="session")
def lines():
    return part("lines")


@pytest.fixture(scope="session")
def mathml():
    return part("mathml")


@pytest.fixture(scope="session")
def course():
    return part("course")


@pytest.fixture(scope="session")
def built(tmp_path_factory):
    """The folder of the built pages, and what the build said. Warnings are errors, and so are dead links between pages.

    There are pages of an earlier build in it, of which it wrote some itself.
    """
    folder = tmp_path_factory.mktemp("build") / "site"
    old = ("notebooks/98-gone.html", "notebooks/98-gone.ipynb", "source/lab/gone.html", "index.html")
    for name in (*old, "not-ours.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("<p>Words")
        os.utime(folder / name, (0, 0))
    folder.with_name("site-work").mkdir()
    (folder.with_name("site-work") / "pages.txt").write_text("\n".join((*old, "never-there.html")))
    command = [sys.executable, str(ROOT / "docs" / "build.py"), str(folder)]
    built = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False, timeout=900)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-6000:]
    return folder, built.stdout


@pytest.fixture(scope="session")
def site(built):
    """The folder of the built pages."""
    return built[0]
