"""What every test shares: a Jupyter of its own, one thread, steady hypothesis, and the rule for tests that need a browser."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

# Before torch is loaded, here and in every process that a test starts.
os.environ["OMP_NUM_THREADS"] = "1"

# Kernels and servers that tests start must neither read nor touch the Jupyter settings of whoever runs the tests.
_HOME = Path(tempfile.mkdtemp(prefix="snnlab-test-"))
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
for _name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
    (_HOME / _name.lower()).mkdir()
    os.environ[_name] = str(_HOME / _name.lower())
os.environ["JUPYTER_PATH"] = str(Path(__file__).parent / "tests" / "notebooks" / "jupyter")  # the kernel "snnlab-test"
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"

import hypothesis  # noqa: E402
import pytest  # noqa: E402

# No deadline: a busy machine is no bug. The same examples at every run; to look further: pytest --hypothesis-profile=explore
hypothesis.settings.register_profile("steady", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2000, print_blob=True)
hypothesis.settings.load_profile("steady")


def find_chromium() -> str | None:
    """The path of a Chromium to drive, or None; SNNLAB_CHROMIUM names one that lies elsewhere."""
    named = os.environ.get("SNNLAB_CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium to drive. Without one the test skips and says what to install; with SNNLAB_REQUIRE_BROWSER it fails."""
    path = find_chromium()
    if path is None:
        _without_browser()
    return path


def _without_browser() -> None:
    message = "no Chromium found: apt-get install chromium (or set SNNLAB_CHROMIUM to the path of one)"
    if os.environ.get("SNNLAB_REQUIRE_BROWSER"):
        pytest.fail(message, pytrace=False)
    pytest.skip(message)


def pytest_configure(config: pytest.Config) -> None:
    """The paths in pyproject.toml are meant from the root, from whichever folder pytest is called."""
    if config.option.nbval_sanitize_with:
        config.option.nbval_sanitize_with = str(Path(__file__).parent / config.option.nbval_sanitize_with)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every cell of a notebook, so that -m "not notebook" leaves them out; and lets the browser tests run last.

    Playwright keeps an event loop running from the first of them to the end of the session, and inside a running loop no other test could
    start one of its own. A file stays together, as `make test` gives each to one of its processes: first those without a browser test,
    then those with some, then those with nothing else.
    """
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker(pytest.mark.notebook)
    kinds: dict[Path, set[bool]] = {}
    for item in items:
        kinds.setdefault(item.path, set()).add(_in_browser(item))
    items.sort(key=lambda item: (sorted(kinds[item.path]), _in_browser(item)))  # [False] < [False, True] < [True]


def _in_browser(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A `browser` test is skipped before any of its fixtures starts a server in vain."""
    if _in_browser(item) and find_chromium() is None:
        _without_browser()


@pytest.fixture(autouse=True)
def _names_in_examples(doctest_namespace: dict) -> None:
    """The examples in docstrings know `torch` and `snn`, as every notebook does after its first cell."""
    import torch

    import snnlab

    doctest_namespace.update(torch=torch, snn=snnlab)
