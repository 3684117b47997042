"""What `help` and `?` show: every public name has words of its own, an example that runs, and its arguments."""

import inspect
import pydoc
import re
from importlib import import_module
from pkgutil import iter_modules

import pytest

from snnlab import published

PACKAGES = tuple(f"snnlab{name}" for name in ("", ".contract", ".core", ".data", ".encoding", ".lab", ".observe", ".plots", ".traced"))


def public(package):
    """The classes and functions of snnlab that a package shows, by name."""
    module = import_module(package)
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    things = {name: getattr(module, name) for name in names}
    return {f"{package}.{name}": thing for name, thing in things.items() if getattr(thing, "__module__", "").startswith("snnlab")}


def programs():
    """What the programs of snnlab.published are made of; `main` is for the command line."""
    modules = [f"{published.__name__}.{each.name}" for each in iter_modules(published.__path__)]
    shown = {f"{module}.{name}": thing for module in modules for name, thing in vars(import_module(module)).items() if name[0] != "_"}
    return {
        name: thing
        for name, thing in shown.items()
        if callable(thing) and name == f"{getattr(thing, '__module__', '')}.{getattr(thing, '__name__', '')}" and thing.__name__ != "main"
    }


PUBLIC = {name: thing for package in PACKAGES for name, thing in public(package).items()} | programs()
CLASSES = {thing.__name__: thing for thing in PUBLIC.values() if inspect.isclass(thing)}


def own_words(thing):
    """The docstring of the thing itself; that of a parent class does not count."""
    return vars(thing).get("__doc__") or "" if inspect.isclass(thing) else thing.__doc__ or ""


def takes_arguments(thing):
    if not inspect.isclass(thing):
        return bool(inspect.signature(thing).parameters)
    first = next((base for base in thing.__mro__ if "__init__" in vars(base)), object)
    return first.__module__.startswith("snnlab") and len(inspect.signature(first.__init__).parameters) > 1


def says_its_arguments(words):
    return "Args:" in words or re.search(r"\bas in `\w+`", words) is not None


def has_example(words):
    return re.search(r"^ *Example:\n +>>> ", words, re.MULTILINE) is not None


def test_every_package_shows_something():
    assert {package for package in PACKAGES if not public(package)} == set()
    assert {"LIF", "Reducer", "Unit", "Proxy", "Raster"} < set(CLASSES)
    assert {"snnlab.published.song2000.run", "snnlab.published.vogels2011.Balance"} < set(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_a_public_name_has_words_of_its_own_and_an_example(name):
    words = own_words(PUBLIC[name])
    assert words.strip()
    assert has_example(words), f"{name} needs a section 'Example:' that begins with >>>"


@pytest.mark.parametrize("name", sorted(name for name, thing in PUBLIC.items() if takes_arguments(thing)))
def test_a_public_name_with_arguments_says_what_they_are(name):
    assert says_its_arguments(own_words(PUBLIC[name])), f"{name} needs a section 'Args:', or the words 'as in `X`'"


EQUATION = re.compile(r'Equation: `help\("([\w.]+)"\)`')
MODELS = [
    "AdEx",
    "ALIF",
    "Competitive",
    "Conv2d",
    "DeltaCurrent",
    "DeltaPlusCurrent",
    "DiehlCookSTDP",
    "DoubleExponentialCurrent",
    "EIF",
    "ExactNeuron",
    "GLIF1",
    "GLIF2",
    "Izhikevich",
    "LIF",
    "LatencyEncoder",
    "Linear",
    "LinearDense",
    "LinearDirect",
    "LinearLateral",
    "QIF",
    "SingleExponentialCurrent",
    "STDP",
    "TracedInput",
    "TracedNeuron",
    "WinnerALIF",
]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_which_help_shows_its_equation(name):
    place = EQUATION.search(own_words(CLASSES[name])).group(1)
    assert place == CLASSES[name].__module__
    assert re.search(r"^ {4}\S.* [=←] ", pydoc.locate(place).__doc__, re.MULTILINE)


# ------------------------------------------------------------------------------------------------------- the checks of this file, checked


class Parent:
    """Words.

    Args:
        x: a number.

    Example:
        >>> 1 + 1
        2
    """


class Silent(Parent):
    pass


def test_a_parents_words_are_not_a_childs():
    assert has_example(own_words(Parent))
    assert own_words(Silent) == ""


@pytest.mark.parametrize("words", ["", "Example: none.", "Example:\n    x = 1", ">>> 1"])
def test_words_without_an_example_are_found_out(words):
    assert not has_example(words)


@pytest.mark.parametrize(("words", "told"), [("Does. Arguments as in `LIF`.", True), ("As in life.", False), ("Takes x.", False)])
def test_words_without_arguments_are_found_out(words, told):
    assert says_its_arguments(words) is told
