"""The reference: a page for each module that shows a public name, from its docstrings.

A page begins with what the module says, its equation above all, and goes on with what it shows. Modules that a docstring speaks of
(`help("snnlab.connections.delays")`) have a page too, whether they show anything or not.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from importlib import import_module
from typing import Any

import course
from docstring import inline, rst, summary
from names import PACKAGES, ROOT, arguments, is_member, line, own, public, title_and_words

from snnlab.core.quantity import Setting

NOTEBOOKS = ROOT.parent / "notebooks"
LAWS = "snnlab.contract.check"
FIRST = 3  # how many names of a package stand beside it
SHOWN = 4  # how many notebooks are named that use a thing


class Reference:
    """What the reference has a place for, and the pages that it is made of."""

    @cached_property
    def things(self) -> dict[str, Any]:
        """What is documented, by full name: all that is public, and what modules define that are spoken of and show nothing public."""
        shown = public()
        for name in self.mentioned(shown) - {value.__module__ for value in shown.values()}:
            shown |= {f"{name}.{each}": value for each, value in own(import_module(name)).items()}
        return shown

    def mentioned(self, shown: dict[str, Any]) -> set[str]:
        """Modules that docstrings of documented things and of their modules speak of, and those that these speak of."""
        found: set[str] = set()
        texts = [inspect.getdoc(value) or "" for value in shown.values()]
        texts += [import_module(name).__doc__ or "" for name in {value.__module__ for value in shown.values()}]
        while texts:
            names = {name for text in texts for name in re.findall(r"\bsnnlab\.\w+\.\w+\b", text)} - found
            names = {name for name in names if (ROOT.parent / name.replace(".", "/")).with_suffix(".py").is_file()}
            found |= names
            texts = [import_module(name).__doc__ or "" for name in names]
        return found

    @cached_property
    def modules(self) -> dict[str, list[str]]:
        """Names of documented things by module, in the order of the source; first the module with base classes, or the package's name."""
        placed: dict[str, list[str]] = {}
        for name, value in self.things.items():
            placed.setdefault(value.__module__, []).append(name)
        for name in self.mentioned(self.things):
            placed.setdefault(name, [])
        for names in placed.values():
            names.sort(key=lambda name: line(self.things[name]))
        return dict(sorted(placed.items(), key=lambda item: (item[0].split(".")[-1] not in ("base", item[0].split(".")[1]), item[0])))

    @cached_property
    def classes(self) -> dict[type, str]:
        """Documented classes, and their names."""
        return {value: name for name, value in self.things.items() if isinstance(value, type)}

    @cached_property
    def places(self) -> dict[str, str]:
        """Every name that leads to a place, and the name under which the place is."""
        found = {name: name for name in (*self.modules, *(f"snnlab.{package}" for package in PACKAGES))}
        for name, value in self.things.items():
            package = ".".join(value.__module__.split(".")[:2])
            for each in (f"{value.__module__}.{value.__name__}", f"{package}.{value.__name__}", name):
                if each == name or each not in self.things:
                    found[each] = name
            if isinstance(value, type):
                found |= {f"{name}.{member}": f"{name}.{member}" for member in self.members(value)}
        return found

    @cached_property
    def seen(self) -> dict[str, list[str]]:
        """Notebooks by what they use."""
        return course.users(NOTEBOOKS, self.places)

    def seen_in(self, name: str) -> list[str]:
        """The notebooks that use what goes by a name, as a line of links; nothing where its own words say where it is seen."""
        pages, text = self.seen.get(name, []), inspect.getdoc(self.things.get(name)) or ""
        links = [f":doc:`{course.title(NOTEBOOKS / f'{page}.ipynb')} </notebooks/{page}>`" for page in pages[:SHOWN]]
        rest = f" and {len(pages) - SHOWN} more" * (len(pages) > SHOWN)
        return [f"**Seen in:** {', '.join(links)}{rest}", ""] if pages and "Seen in:" not in text else []

    def members(self, cls: type) -> list[str]:
        """Methods and properties of a class with words of their own, with those of its bases that are not documented themselves."""
        owners = [base for base in cls.__mro__ if base is cls or (base.__module__.startswith("snnlab") and base not in self.classes)]
        found = {name: value for owner in reversed(owners) for name, value in vars(owner).items()}
        return [name for name, value in found.items() if name[0] != "_" and is_member(value)]

    def resolver(self, scope: str, arguments: frozenset[str] = frozenset()) -> Callable[[str], str | None]:
        """What takes code within the words of `scope` to the place that it names; its arguments and itself lead nowhere."""

        def resolve(code: str) -> str | None:
            code = re.sub(r"^snn\.", "snnlab.", code)
            parts = scope.split(".")
            tried = [".".join((*parts[:count], code)) for count in range(len(parts), -1, -1)]
            found = next((self.places[name] for name in tried if name in self.places), None)
            return None if code in arguments or found == scope else found

        return resolve

    def words(self, name: str, value: Any, text: str) -> list[str]:
        """The docstring of a thing as reStructuredText; of a class also its settings, and what it has from documented bases."""
        resolve = self.resolver(name, frozenset(arguments(value)))
        return rst(text, resolve) + (self.settings(value) + self.inherited(value) if isinstance(value, type) else [])

    def settings(self, cls: type) -> list[str]:
        """The settings of a class that have a unit and a range, as a list."""
        found = {name: each for base in reversed(cls.__mro__) for name, each in vars(base).items() if isinstance(each, Setting)}
        made = []
        for name, setting in found.items():
            if quantity := setting.quantity:
                unit = f" {quantity.unit}" if quantity.unit else ""
                made.append(f"- ``{name}``: {inline(quantity.doc)}; a slider goes from {quantity.low:g} to {quantity.high:g}{unit}")
        return [".. rubric:: May be set at any time", "", *made, ""] if made else []

    def inherited(self, cls: type) -> list[str]:
        """For each documented base, what it brings, as a line of links."""
        made, seen = [], set(vars(cls))
        for base in cls.__mro__[1:]:
            names = [name for name in self.members(base) if name not in seen] if base in self.classes else []
            seen.update(names)
            if names:
                owner = self.classes[base]
                links = ", ".join(f":py:obj:`{name} <{owner}.{name}>`" for name in sorted(names))
                made += [f":py:obj:`{base.__name__} <{owner}>`", f"    {links}", ""]
        return [".. rubric:: Also has, from", "", *made] if made else []

    def pages(self) -> Iterator[tuple[str, str]]:
        """Each page of the reference: where it lies, and its reStructuredText."""
        for package, title in PACKAGES.items():
            modules = {name: names for name, names in self.modules.items() if name.startswith(f"snnlab.{package}.")}
            yield f"{package}/index.rst", "\n".join(self.package(f"snnlab.{package}", title, modules))
            for name, names in modules.items():
                yield f"{package}/{name.rpartition('.')[2]}.rst", "\n".join(self.module(name, names))

    def overview(self) -> Iterator[str]:
        """All packages as a list in Markdown: what each is for, and what most notebooks use of it."""
        for package, title in PACKAGES.items():
            words = summary(inspect.getdoc(import_module(f"snnlab.{package}")) or "")
            words = re.sub(r"^(The )?\w+( rules)?: (\w)", lambda found: found[3].upper(), words)  # its title stands before it
            within = {module: names for module, names in self.modules.items() if module.startswith(f"snnlab.{package}.")}
            names = [name for module, names in within.items() for name in (*names, *{module} - {*self.things})]
            names.sort(key=lambda name: -len(self.seen.get(name, ())))
            links = ", ".join(f"{{py:obj}}`{name.rpartition('.')[2]} <{name}>`" for name in names[:FIRST])
            yield f"- **[{title}](reference/{package}/index.rst)**. {words} {links}, …"

    def package(self, name: str, title: str, modules: dict[str, list[str]]) -> Iterator[str]:
        """The page of a package: what it says, and what each of its modules shows."""
        text = inspect.getdoc(import_module(name)) or ""
        yield from [title, "=" * 2 * len(title), "", f".. py:module:: {name}", "", *rst(text, self.resolver(name))]
        for module, names in modules.items():
            about, words = title_and_words(import_module(module))
            yield from [f":doc:`{about} <{module.rpartition('.')[2]}>`", f"    {inline(summary(words)) or about}", ""]
            for each in names:
                first = inline(summary(inspect.getdoc(self.things[each]) or ""), self.resolver(each))
                yield f"    - :py:obj:`{each.rpartition('.')[2]} <{each}>`: {first}"
            yield ""
        listed = (f"    {self.short(module, names)} <{module.rpartition('.')[2]}>" for module, names in modules.items())
        yield from [".. toctree::", "    :hidden:", "", *listed, ""]

    def short(self, module: str, names: list[str]) -> str:
        """A few words for a module in the list of pages: its classes, or what it is about, or its own name."""
        shown = [self.classes[value] for value in map(self.things.get, names) if value in self.classes]
        if shown:
            return ", ".join(name.rpartition(".")[2] for name in shown[:2]) + ", …" * (len(shown) > 2)
        title = title_and_words(import_module(module))[0]
        return title if len(title) <= 32 else module.rpartition(".")[2]

    def module(self, name: str, names: list[str]) -> Iterator[str]:
        """The page of a module: what it says, and all that it shows."""
        title, words = title_and_words(import_module(name))
        yield from [inline(title), "=" * 2 * len(title), "", f".. py:module:: {name}"]
        yield from [*(["    :no-index:"] if name in self.things else []), "", f"``{name}``", ""]
        yield from [*rst(words, self.resolver(name)), *(() if name in self.things else self.seen_in(name))]
        for each in names:
            value = self.things[each]
            kind = "class" if isinstance(value, type) else "function"
            yield from [f".. auto{kind}:: {each}"]
            if kind == "class":
                yield from ["    :show-inheritance:"] * (value.__bases__ != (object,))
                yield "    :member-order: bysource"
                if members := self.members(value):
                    yield f"    :members: {', '.join(members)}"
            yield from ["", *(f"    {line}" for line in self.seen_in(each))]
        yield from self.laws() if name == LAWS else ()

    def laws(self) -> Iterator[str]:
        """The laws of the contract by name, as the dictionary of them is no class and no function."""
        yield from [".. py:data:: LAWS", "    :module: snnlab.contract", "    :type: dict[str, Law]", ""]
        yield from ["    The laws by name, and what to do where one is broken; ``without`` of a check takes such names.", ""]
        for name, law in import_module(LAWS).LAWS.items():
            yield from [f"    ``{name}``", f"        {inline(law.advice, self.resolver(LAWS))}", ""]
