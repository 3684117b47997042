"""Fixtures for tests in a real JupyterLab and a real Chromium: one server and one browser a session, one page a notebook.

def test_something(open_notebook):
    page = open_notebook("cell one", "cell two")          # or open_notebook(path=ROOT / "notebooks" / "00-start.ipynb")
"""

import importlib.util
import secrets
import shutil
from pathlib import Path

import pytest

from snnlab.lab import view

HERE = Path(__file__).parent
SHOTS = HERE / "screenshots"


def beside(name):
    """A module that lies beside this file."""
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


jupyter_page, stage = beside("jupyter_page"), beside("stage")


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in Path(item.fspath).parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def jupyter():
    """The functions of jupyter_page.py."""
    return jupyter_page


@pytest.fixture(scope="session")
def browser(chromium):
    """A running Chromium."""
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
def keep_shot(request):
    """Leaves a screenshot of the pages that it is given where the test failed."""
    pages = []
    yield lambda page: pages.append(page) or page
    for number, page in enumerate(pages if getattr(request.node, "failed", False) else ()):
        SHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")


@pytest.fixture(scope="module")
def open_notebooks(browser, server):
    """Opens notebooks by name, of cells or from a path; shuts them down at the end of the file."""
    pages = []

    def open_one(name, *cells, path=None, **look):
        name = f"{name}-{secrets.token_hex(3)}.ipynb"
        if path is None:
            jupyter_page.notebook(server.folder / name, *cells)
        else:
            shutil.copy(path, server.folder / name)
        pages.append(jupyter_page.open_notebook(browser, server, name, **look))
        return pages[-1]

    yield open_one
    for page in pages:
        if not page.is_closed():
            jupyter_page.close(page)


@pytest.fixture
def on_stage(browser, request):
    """Puts a lab's view in a page of its own, without JupyterLab."""
    labs = []

    def put(lab, **look):
        page = browser.new_page(**({"viewport": jupyter_page.SIZE} | look))
        page.problems = []
        page.on("pageerror", lambda error: page.problems.append(f"{error.name}: {error.message}"))
        labs.append(stage.Stage(page, lab))
        return labs[-1]

    yield put
    for number, each in enumerate(labs):
        each.lab.close()
        problems = each.page.problems
        if getattr(request.node, "failed", False):
            SHOTS.mkdir(exist_ok=True)
            each.page.screenshot(path=SHOTS / f"{request.node.name}-{number}.png")
        each.page.close()
        assert problems == []


@pytest.fixture
def open_notebook(open_notebooks, keep_shot, request):
    """Opens a notebook for one test."""
    return lambda *cells, **more: keep_shot(open_notebooks(request.node.name, *cells, **more))


@pytest.fixture
def paint_page(browser):
    """An empty page that knows how to paint panels, and nothing else of a view."""
    page = browser.new_page()
    for name in view.PAINTING:
        page.add_script_tag(path=view.HERE / name)
    yield page
    page.close()
