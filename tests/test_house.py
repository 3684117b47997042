"""The house around the library: imports stay light, versions agree, commands fail with a word when something is missing."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from jupyter_core.paths import jupyter_config_path
from jupyter_server.extension.config import ExtensionConfigManager
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
REQUIREMENTS = [Requirement(entry) for entry in PROJECT["dependencies"] + [entry for extra in EXTRAS.values() for entry in extra]]
BY_NAME = {requirement.name: requirement for requirement in REQUIREMENTS}
MODULES = sorted(path.relative_to(ROOT / "snnlab") for path in (ROOT / "snnlab").rglob("*.py") if path.name != "__init__.py")


def pins():
    lines = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    return dict(re.fullmatch(r"([\w.-]+)==([\w.]+)", line).groups() for line in lines)


# ------------------------------------------------------------------------------------------------------------------------- the import


@pytest.mark.parametrize("heavy", ["matplotlib", "ipywidgets", "anywidget", "IPython", "scipy", "sklearn", "pandas", "mlxtend"])
def test_import_snnlab_loads_nothing_heavier_than_torch(heavy, loaded_by_import):
    assert heavy not in loaded_by_import


@pytest.fixture(scope="module")
def loaded_by_import():
    code = "import sys, snnlab; print(*{name.partition('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    assert "snnlab" in loaded
    return loaded


def test_every_module_has_its_tests_in_the_mirrored_place():
    assert [str(module) for module in MODULES if not (ROOT / "tests" / module.parent / f"test_{module.name}").is_file()] == []


# ------------------------------------------------------------------------------------------------------------------------ the versions


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_dependency_has_a_tested_version_within_its_bounds(name):
    tested = {canonicalize_name(each): version for each, version in pins().items()}
    assert BY_NAME[name].specifier.contains(tested[canonicalize_name(name)])


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_dependency_has_a_line_that_says_why(name):
    assert re.search(rf"^\| {re.escape(name)} \| .{{20,}} \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)


def test_debians_own_python_can_install_every_tested_version():
    refused = {}
    for name, version in pins().items():
        with contextlib.suppress(metadata.PackageNotFoundError):  # of another platform
            found = metadata.distribution(name)
            wanted = found.metadata["Requires-Python"] or ""
            if found.version.partition("+")[0] == version and not SpecifierSet(wanted).contains("3.11.2"):
                refused[name] = wanted
    assert refused == {}


def test_torch_may_come_as_any_build_of_its_version():
    assert "+" not in pins()["torch"]


def test_the_distribution_is_not_named_like_a_strangers_package():
    assert PROJECT["name"] == "snnlab-notebooks"


# ------------------------------------------------------------------------------------------------------------------------ the spelling


@pytest.mark.parametrize(("kind", "found"), [("source", 1), ("text", 1), ("image/png", 0)])
def test_a_misspelt_word_is_found_in_a_notebook_but_not_in_its_pictures(tmp_path, kind, found):
    word = "".join(("t", "e", "h"))  # written apart, or it would be found here
    (tmp_path / "tried.ipynb").write_text(f'{{\n "{kind}": "iVBOR/{word}/wAAAA==\\n"\n}}\n')
    command = [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml"), str(tmp_path / "tried.ipynb")]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.stdout.count(word), bool(said.returncode)) == (found, bool(found)), said.stdout + said.stderr


# ------------------------------------------------------------------------------------------------------------------------ the commands

shell_only = pytest.mark.skipif(os.name == "nt" or shutil.which("make") is None, reason="needs make and a POSIX shell")


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def make(folder, *arguments):
    """Runs make on a copy of the files that it reads, so that no environment of this checkout is touched."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    return subprocess.run(["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=60)


@shell_only
def test_an_old_python_is_refused_with_the_version_that_is_wanted(tmp_path):
    old = script(tmp_path / "python-old", "exit 1")
    refused = make(tmp_path, "lab", f"PYTHON={old}")
    assert refused.returncode != 0
    assert "needs Python 3.11 or later" in refused.stderr
    assert str(old) in refused.stderr
    assert not (tmp_path / ".venv").exists()


@shell_only
def test_a_python_without_venv_is_refused_with_what_to_install(tmp_path):
    bare = script(tmp_path / "python-bare", 'case "$2" in *ensurepip*) exit 1;; esac; exit 0')
    refused = make(tmp_path, "test", f"PYTHON={bare}")
    assert refused.returncode != 0
    assert "apt-get install python3-venv" in refused.stderr


@pytest.fixture
def ready(tmp_path):
    """A checkout whose environment is made of scripts that write down how they were called, and fail where FAIL names them."""
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name in ("python", "ruff", "codespell", "lint-imports"):
        script(tmp_path / ".venv" / "bin" / name, f'echo "{name} $*" >> calls; case "{name} $*" in $FAIL) exit 3;; esac')
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def calls(folder):
    return (folder / "calls").read_text().splitlines()


@shell_only
def test_make_installs_once_and_again_when_the_versions_change(ready):
    assert make(ready, "setup").returncode == 0
    installs = [call for call in calls(ready) if "pip install" in call]
    assert len(installs) == 1
    assert "--constraint constraints.txt --editable .[lab,test,site]" in installs[0]
    os.utime(ready / ".venv" / ".ready", (2e9, 2e9))
    make(ready, "setup")
    assert len([call for call in calls(ready) if "pip install" in call]) == 1
    os.utime(ready / ".venv" / ".ready", (1e9, 1e9))
    make(ready, "setup")
    assert len([call for call in calls(ready) if "pip install" in call]) == 2


@shell_only
@pytest.mark.parametrize(("own", "after"), [(None, ""), ("/their/own", ":/their/own")])
def test_make_lab_leads_jupyter_to_our_settings_before_those_of_the_user(ready, monkeypatch, own, after):
    script(ready / ".venv" / "bin" / "python", 'echo "$JUPYTER_CONFIG_PATH $*" > ../calls')
    monkeypatch.delenv("JUPYTER_CONFIG_PATH", raising=False)
    if own:
        monkeypatch.setenv("JUPYTER_CONFIG_PATH", own)
    assert make(ready, "setup").returncode == 0
    assert make(ready, "lab").returncode == 0
    assert calls(ready)[0].startswith(f"{ready.resolve()}/.jupyter{after} -m jupyter lab ")


def test_the_lab_of_a_student_has_no_tools_of_a_teacher(monkeypatch):
    def enabled():
        servers = ExtensionConfigManager(read_config_path=jupyter_config_path()).get_jpserver_extensions()
        listed = subprocess.run([sys.executable, "-m", "jupyter", "labextension", "list"], capture_output=True, text=True, check=True)
        pages = [line for line in (listed.stdout + listed.stderr).splitlines() if "nbgrader" in line and "enabled" in line]
        return [name for name, on in servers.items() if on and "nbgrader" in name], pages

    servers, pages = enabled()
    assert servers  # the environment of the tests has them
    assert pages
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(ROOT / ".jupyter"))
    assert enabled() == ([], [])


@shell_only
def test_make_test_runs_every_check_and_pytest_last(ready, monkeypatch):
    monkeypatch.delenv("TEST_FLAGS", raising=False)  # those of whoever runs this test are not meant
    monkeypatch.delenv("TEST_JOBS", raising=False)
    assert make(ready, "test").returncode == 0
    *checks, tests = [call.strip() for call in calls(ready)[-5:]]
    assert checks == ["ruff check .", "ruff format --check .", "codespell", "lint-imports --no-cache --no-logo"]
    assert tests.startswith("python -m pytest ")
    assert {"--numprocesses=logical", "--dist=loadfile", "--no-loadscope-reorder"} <= set(tests.split())


@shell_only
def test_make_test_passes_flags_and_the_number_of_processes_on(ready):
    make(ready, "test", "TEST_JOBS=0", "TEST_FLAGS=tests/core -x")
    last = calls(ready)[-1].strip()
    assert "--numprocesses=0" in last
    assert last.endswith("tests/core -x")


@shell_only
@pytest.mark.parametrize(
    "step", ["ruff check*", "ruff format*", "codespell*", "lint-imports*", "python -m pytest*", "python -m pip install*"]
)
def test_make_test_fails_where_any_step_fails(ready, monkeypatch, step):
    monkeypatch.setenv("FAIL", step)
    assert make(ready, "test").returncode != 0


@shell_only
@pytest.mark.parametrize("has_chromium", [True, False])
def test_a_build_server_gets_its_browser_and_must_use_it(tmp_path, has_chromium):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci")
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("bash", "dirname", "env"):
        (tools / name).symlink_to(shutil.which(name))
    script(tools / "id", "echo 0")
    script(tools / "apt-get", 'echo "apt-get $*" >> calls')
    script(tools / "make", 'echo "make $* CI=$CI SNNLAB_REQUIRE_BROWSER=$SNNLAB_REQUIRE_BROWSER" >> calls')
    if has_chromium:
        script(tools / "chromium", "")
    subprocess.run([str(tmp_path / ".ci" / "run")], env={"PATH": str(tools)}, check=True, timeout=60)
    *before, last = calls(tmp_path)
    assert last == "make test CI=true SNNLAB_REQUIRE_BROWSER=1"
    assert any("apt-get install" in call and "chromium" in call for call in before) is not has_chromium


@pytest.mark.parametrize(("required", "verdict"), [("", "1 skipped"), ("1", "1 error")])
def test_without_a_browser_its_tests_skip_or_where_it_is_required_fail(tmp_path, required, verdict):
    (tmp_path / "test_it.py").write_text("import pytest\n\n@pytest.mark.browser\ndef test_it():\n    raise AssertionError\n")
    environment = {key: value for key, value in os.environ.items() if key not in ("SNNLAB_CHROMIUM", "SNNLAB_REQUIRE_BROWSER")}
    environment |= {"PATH": str(tmp_path), "SNNLAB_REQUIRE_BROWSER": required}
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-c", "pyproject.toml", "--rootdir", str(ROOT), str(tmp_path)]
    ran = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert verdict in ran.stdout, ran.stdout + ran.stderr
    assert "apt-get install chromium" in ran.stdout
