"""What has a place in the reference: the public names of the library, and the words of its modules."""

import ast
import inspect
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import snnlab
from snnlab.core.quantity import Setting

PACKAGES = {
    "connections": "Connections",
    "neurons": "Neurons",
    "synapses": "Synapses",
    "network": "Networks",
    "learning": "Learning rules",
    "updates": "Updates",
    "encoding": "Encoding",
    "observe": "Observation",
    "data": "Data",
    "plots": "Pictures: snn.plots",
    "lab": "The live view: snn.lab",
    "traced": "Traced spikes: snn.traced",
    "published": "Published results",
    "contract": "The contract of a model",
    "core": "The core",
}
ROOT = Path(snnlab.__file__).parent


def own(module: ModuleType) -> dict[str, Any]:
    """Classes and functions that a module defines, that have words of their own and no underscore."""
    things = {name: value for name, value in vars(module).items() if name[0] != "_" and isinstance(value, (type, FunctionType))}
    return {name: value for name, value in things.items() if value.__module__ == module.__name__ and has_words(value)}


def has_words(value: Any) -> bool:
    """Whether a thing has a docstring of its own, not only that of a parent class."""
    return bool(vars(value).get("__doc__") if isinstance(value, type) else value.__doc__)


def public() -> dict[str, Any]:
    """Every public class and function of the library, by the shortest name by which it is reached."""
    named = {f"snnlab.{name}": getattr(snnlab, name) for name in snnlab.__all__}
    for package in PACKAGES:
        shown = import_module(f"snnlab.{package}")
        for name in getattr(shown, "__all__", ()):
            if getattr(shown, name) is not named.get(f"snnlab.{name}"):
                named[f"snnlab.{package}.{name}"] = getattr(shown, name)
    for path in sorted((ROOT / "published").glob("[a-z]*.py")):
        module = import_module(f"snnlab.published.{path.stem}")
        named |= {f"{module.__name__}.{name}": value for name, value in own(module).items()}
    return {name: value for name, value in named.items() if isinstance(value, (type, FunctionType))}


@cache
def class_lines(path: str) -> dict[str, int]:
    """Where each class of a file begins, by its qualified name: reading a file once is faster than `inspect`, which looks for each."""
    found: dict[str, int] = {}

    def walk(node: ast.AST, within: str) -> None:
        for each in ast.iter_child_nodes(node):
            name = f"{within}{each.name}" if isinstance(each, ast.ClassDef) else ""
            if name:
                found[name] = min(part.lineno for part in (each, *each.decorator_list))
            walk(each, f"{name}." if name else within)

    walk(ast.parse(Path(path).read_text(encoding="utf-8")), "")
    return found


def line(value: Any) -> int:
    """The line of its file on which a class or a function begins.

    Example:
        >>> line(line) == inspect.getsourcelines(line)[1]
        True
    """
    if isinstance(value, type):
        return class_lines(inspect.getsourcefile(value))[value.__qualname__]
    return inspect.unwrap(value).__code__.co_firstlineno


def title_and_words(module: ModuleType) -> tuple[str, str]:
    """What a module is about, as a title, and the rest of its docstring."""
    text = inspect.getdoc(module) or module.__name__
    first, _, rest = text.partition("\n\n")
    first = " ".join(first.split())
    title, colon, words = first.partition(": ")
    if not colon:
        title, _, words = first.partition(". ")
    words = words[:1].upper() + words[1:]
    return title.rstrip("."), f"{words}\n\n{rest}".strip("\n")


def is_member(value: Any) -> bool:
    """Whether this is a method or a property of the library with words of its own. Settings are listed with their class."""
    kinds = (FunctionType, property, classmethod, staticmethod, cached_property)
    inner = getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
    ours = getattr(inner, "__module__", "").startswith("snnlab")  # matplotlib and torch put methods into classes that are derived of theirs
    return isinstance(value, kinds) and ours and not isinstance(value, Setting) and bool(getattr(value, "__doc__", None))


def arguments(value: Any) -> list[str]:
    """Names of the arguments of a class or a function; none of what takes none."""
    try:
        return list(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return []
