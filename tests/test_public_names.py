"""The names of `snnlab`: all are there, whether the import brings them or their first use; and the import brings few."""

import pickle
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import snnlab as snn

ROOT = Path(__file__).parents[1]
LATER = ("encoding", "learning", "network", "observe")


def fresh(code):
    """What a Python of its own prints, word by word."""
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


# ------------------------------------------------------------------------------------------------------------------------ what is there


def test_every_public_name_loads_and_is_named_once():
    assert {"LIF", "LinearDense", "STDP", "Serial", "StateMonitor", "LatencyEncoder", "data", "traced"} < set(snn.__all__)
    assert [name for name in snn.__all__ if not hasattr(snn, name)] == []
    assert len(snn.__all__) == len(set(snn.__all__))


@pytest.mark.parametrize("package", LATER)
def test_what_a_package_shows_is_there_under_its_flat_name(package):
    module = import_module(f"snnlab.{package}")
    assert [name for name in module.__all__ if getattr(snn, name, None) is not getattr(module, name)] == []
    assert set(module.__all__) <= set(snn.__all__)


def test_dir_lists_every_name_before_it_is_loaded():
    listed = fresh("import sys, snnlab; print(*dir(snnlab), *('snnlab.learning' in sys.modules) * ['loaded'])")
    assert listed == sorted({*snn.__all__, "__version__", "lab", "plots"})


def test_a_star_imports_every_name():
    assert fresh("from snnlab import *; print(*[name for name in dir() if name[0] != '_'])") == sorted(snn.__all__)


def test_an_editor_sees_the_names_that_are_loaded_later():
    source = (ROOT / "snnlab" / "__init__.py").read_text(encoding="utf-8")
    seen = {"__name__": "snnlab", "__path__": snn.__path__}
    exec(source.replace("if _TYPE_CHECKING:", "if True:"), seen)
    assert {name for name in seen if name[0] != "_"} >= set(snn.__all__)
    assert set(seen["__all__"]) == set(snn.__all__)


# --------------------------------------------------------------------------------------------------------------------- how it is loaded


def test_the_import_leaves_for_later_what_is_not_needed_yet():
    loaded = fresh("import sys, snnlab; print(*sys.modules)")
    assert {"torch", "snnlab.neurons", "snnlab.connections"} < set(loaded)
    later = [f"snnlab.{package}" for package in (*LATER, "contract", "data", "lab", "plots", "published", "traced")]
    assert [name for name in loaded if name.startswith(tuple(later))] == []


@pytest.mark.parametrize(
    "code",
    [
        "from snnlab import STDP as first; import snnlab; print(first is snnlab.learning.stdp.STDP)",
        "import snnlab; print(snnlab.Serial is snnlab.network.Serial)",
        "import snnlab; print(snnlab.window is snnlab.learning.window and callable(snnlab.window))",
        "import snnlab; print(snnlab.traced.Linear is snnlab.traced.linear.Linear)",
        "import snnlab.lab, snnlab; print(snnlab.lab.Lab is snnlab.lab.lab.Lab)",
        "from snnlab import data; print(callable(data.digits))",
        "import snnlab; snnlab.STDP; print('STDP' in vars(snnlab))",
    ],
)
def test_a_name_is_the_same_whichever_way_it_is_reached(code):
    assert fresh(code) == ["True"]


def test_what_was_pickled_is_found_again_by_a_process_that_has_not_used_it():
    pickled = pickle.dumps(snn.StateMonitor)
    assert fresh(f"import pickle, snnlab; print(pickle.loads({pickled!r}) is snnlab.StateMonitor)") == ["True"]


# -------------------------------------------------------------------------------------------------------------------- what is not there


@pytest.mark.parametrize("name", ["Seriel", "_learning", "__wrapped__"])
def test_an_unknown_name_is_an_attribute_error_in_the_usual_words(name):
    with pytest.raises(AttributeError, match=f"^module 'snnlab' has no attribute '{name}'$") as caught:
        getattr(snn, name)
    assert (caught.value.name, caught.value.obj) == (name, snn)  # from which Python says: Did you mean: 'Serial'?


def test_an_unknown_name_cannot_be_imported():
    with pytest.raises(ImportError, match="cannot import name 'Seriel' from 'snnlab'"):
        from snnlab import Seriel  # noqa: F401
