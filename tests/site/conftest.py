"""The site, built once for all tests of this folder; and the modules that build it."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PARTS = ROOT / "docs" / "snnlab_site"


def part(name):
    """A module of docs/snnlab_site."""
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
def built(tmp_path_factory):
    """The folder of the built pages, and what the build said. Warnings are errors, and so are dead links between pages."""
    folder = tmp_path_factory.mktemp("build") / "site"
    command = [sys.executable, str(ROOT / "docs" / "build.py"), str(folder)]
    built = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False, timeout=240)
    assert built.returncode == 0, built.stdout[-3000:] + built.stderr[-6000:]
    return folder, built.stdout


@pytest.fixture(scope="session")
def site(built):
    """The folder of the built pages."""
    return built[0]
