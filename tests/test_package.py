"""The package that is built from this checkout holds what it should and no more, and works where the checkout is out of sight.

The wheel is installed into a new environment in another folder. There everything but snnlab is borrowed from the environment that runs the
tests, a link each: nothing is fetched, and what snnlab asks for must be there, or pip refuses.
"""

import base64
import importlib.util
import io
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tomllib
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

import pytest
from matplotlib import image
from sklearn.datasets import load_digits

ROOT = Path(__file__).parents[1]
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

BUILD = """
import sys
from setuptools import build_meta
folder = sys.argv[1]
build_meta.build_wheel(folder)
build_meta.build_sdist(folder)
"""

LAB = """
import torch
import snnlab as snn

digits = snn.data.digits(flat=True)
connection = snn.LinearDense(64, 10, 1.0, synapse=snn.DeltaCurrent.partialconstructor(100.0), weight_init=torch.ones_like)
lif = snn.LIF(10, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=20.0)
layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
view = [snn.lab.Raster("exc"), snn.lab.Fields("in2exc.weight", shape=(8, 8))]
lab = snn.lab.Lab(layer, digits.train_images[None, :1] > 0.5, view=view, controls=["exc.time_constant"], speed=5)
lab.step(3)
"""

TELL = """
import json
told = {"file": snn.__file__, "images": len(digits.train_images) + len(digits.test_images), "snapshot": lab.snapshot()}
told |= {"ink": (digits.train_images.double().sum() + digits.test_images.double().sum()).item()}
told |= {"script": lab.view._esm, "style": lab.view._css, "picture": lab._repr_mimebundle_()["image/png"]}
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """A copy of the checkout: building leaves no trace in the checkout itself, and finds none of an earlier build."""
    copy = tmp_path_factory.mktemp("source") / "checkout"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "notebooks"))
    return copy


@pytest.fixture(scope="module")
def built(source):
    """The folder with the wheel and the source archive."""
    folder = source.parent / "built"
    ran = subprocess.run([sys.executable, "-c", BUILD, folder], cwd=source, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    (path,) = built.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """The Python of a new environment in which the wheel is installed."""
    home = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home / "environment"], check=True)
    python = home / "environment" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    borrowed = home / "borrowed"
    borrowed.mkdir()
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for each in Path(folder).iterdir():
            if "snnlab" not in each.name and each.suffix != ".pth":
                (borrowed / each.name).symlink_to(each, target_is_directory=each.is_dir())
    own = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], capture_output=True, text=True, check=True
    )
    Path(own.stdout.strip(), "borrowed.pth").write_text(f"{borrowed}\n")
    command = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-index", wheel]
    ran = subprocess.run(command, cwd=home, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return python


@pytest.fixture(scope="module")
def told(python, tmp_path_factory):
    """What the example says of itself, run by that Python in an empty folder."""
    command = [python, "-I", "-c", LAB + TELL]
    ran = subprocess.run(command, cwd=tmp_path_factory.mktemp("empty"), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


# ------------------------------------------------------------------------------------------------------------------- what is in the files


def files(source):
    """All that lies in the library's folder, by its place in the checkout."""
    return {path.relative_to(source).as_posix(): path.read_bytes() for path in (source / "snnlab").rglob("*") if path.is_file()}


def test_the_wheel_holds_the_library_whole_and_beside_it_its_own_papers(source, wheel):
    with zipfile.ZipFile(wheel) as opened:
        held = {name: opened.read(name) for name in opened.namelist() if not name.endswith("/")}
    papers = f"snnlab_notebooks-{VERSION}.dist-info/"
    assert {name: content for name, content in held.items() if not name.startswith(papers)} == files(source)
    assert held[papers + "licenses/LICENSE"] == (source / "LICENSE").read_bytes()


def test_the_source_archive_holds_library_and_licence_and_no_tests(source, built):
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as opened:
        held = {PurePosixPath(*PurePosixPath(name).parts[1:]).as_posix() for name in opened.getnames()}
    assert {*files(source), "LICENSE", "README.md", "CITATION.cff", "CHANGELOG.md", "constraints.txt", "pyproject.toml"} <= held
    assert [name for name in held if name.startswith("tests") or "/tests/" in name] == []


# ---------------------------------------------------------------------------------------------------------------------- that it works


def test_the_library_is_that_of_the_wheel(told, python):
    assert Path(told["file"]).is_relative_to(python.parents[1])


def test_its_data_are_all_there(told):
    images = load_digits().images
    assert told["images"] == len(images) == 1797
    assert told["ink"] == pytest.approx(images.sum() / 16, rel=1e-6)


def test_its_view_has_the_script_and_the_style_of_the_source(told, source):
    scripts = {path.name: path.read_text(encoding="utf-8") for path in (source / "snnlab" / "lab").glob("*.js")}
    assert len(scripts) > 10
    assert [name for name, script in scripts.items() if script not in told["script"]] == []
    assert sum(map(len, scripts.values())) + len(scripts) - 1 == len(told["script"])  # joined by one line's end each, and nothing added
    assert told["style"] == (source / "snnlab" / "lab" / "view.css").read_text(encoding="utf-8")
    assert ".snnlab" in told["style"]


def test_a_lab_steps_and_says_in_numbers_what_it_shows(told):
    # By hand: at least ten pixels are inked, 100 nA each; R·I·(1 − exp(−1/20)) > 1000·0.048 mV, and 15 mV are enough: 10 fire, thrice.
    assert told["snapshot"].startswith("step 3 (3 ms); spikes · exc: 30 spikes in view")


def test_a_lab_has_a_picture_for_a_page_without_a_kernel(told):
    pixels = image.imread(io.BytesIO(base64.b64decode(told["picture"])), format="png")
    assert min(pixels.shape[:2]) > 100
    assert pixels.std() > 0


# ------------------------------------------------------------------------------------------------------------------- in a real browser


def look(python, folder):
    """Runs the example in a JupyterLab whose kernel is that of the new environment, and plays; says what was seen."""
    spec = importlib.util.spec_from_file_location("jupyter_page", ROOT / "tests" / "browser" / "jupyter_page.py")
    jupyter_page = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(jupyter_page)
    kernel = folder / "jupyter" / "kernels" / "python3" / "kernel.json"
    kernel.parent.mkdir(parents=True)
    argv = [str(python), "-I", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel.write_text(json.dumps({"argv": argv, "display_name": "Python 3", "language": "python"}))
    served = folder / "served"
    served.mkdir()
    jupyter_page.notebook(served / "installed.ipynb", LAB + "lab")
    paths = {"JUPYTER_PATH": str(folder / "jupyter"), "PYTHONPATH": ""}
    with jupyter_page.Server(served, paths) as server, jupyter_page.chromium() as browser:
        page = jupyter_page.open_notebook(browser, server, "installed.ipynb")
        jupyter_page.run_all(page)
        view = page.locator(".snnlab")
        view.locator("canvas[role=img]").wait_for()
        view.get_by_role("button", name="Play", exact=True).click()
        said = "document.querySelector('.snnlab-clock').textContent"
        page.wait_for_function(f"Number(/step ([\\d,]+)/.exec({said})[1].replaceAll(',', '')) > 20")
        view.get_by_role("button", name="Pause", exact=True).click()
        view.get_by_role("button", name="Play", exact=True).wait_for()
        file = jupyter_page.run_code(page, "print(snn.__file__)")
        problems = page.problems
        page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    return file, problems


@pytest.mark.browser
def test_its_live_view_plays_in_jupyterlab(python, chromium, tmp_path):
    with ThreadPoolExecutor(1) as thread:  # a browser that other tests opened keeps an event loop running in this one
        file, problems = thread.submit(look, python, tmp_path).result()
    assert Path(file).is_relative_to(python.parents[1])
    assert problems == []
