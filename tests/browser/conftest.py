"""Fixtures for tests in a real JupyterLab and a real Chromium: one server and one browser a session, one page a notebook.

def test_something(open_notebook):
    page = open_notebook("cell one", "cell two")          # or open_notebook(path=ROOT / "notebooks" / "00-start.ipynb")
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHOTS = HERE / "screenshots"

spec = importlib.util.spec_from_file_location("jupyter_page", HERE / "jupyter_page.py")
jupyter_page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(jupyter_page)


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def jupyter():
    """The functions of jupyter_page.py."""
    return jupyter_page


@pytest.fixture(scope="session")
def browser():
    """A running Chromium, or a skip that says what to install."""
    if jupyter_page.chromium_path() is None:
        words = "no Chromium here: apt-get install chromium"
        pytest.fail(words) if os.environ.get("SNNLAB_REQUIRE_BROWSER") == "1" else pytest.skip(words)
    with jupyter_page.chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
def server(browser, tmp_path_factory):
    """A JupyterLab over an empty folder; its kernels run notebooks at small size."""
    with jupyter_page.Server(tmp_path_factory.mktemp("notebooks"), {"SNNLAB_SMALL": "1"}) as server:
        yield server


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.failed = report.failed


@pytest.fixture
def open_notebook(browser, server, request):
    """Opens notebooks, closes them at the end, and leaves a screenshot of each where the test failed."""
    pages = []

    def open_one(*cells, path=None, **look):
        name = "".join(c if c.isalnum() else "-" for c in request.node.name) + f"-{len(pages)}.ipynb"
        if path is None:
            jupyter_page.notebook(server.folder / name, *cells)
        else:
            shutil.copy(path, server.folder / name)
        pages.append(jupyter_page.open_notebook(browser, server, name, **look))
        return pages[-1]

    yield open_one
    for number, page in enumerate(pages):
        if getattr(request.node, "failed", False):
            SHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")
        page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")
        page.context.close()
