"""Which notebooks use what the reference has a place for: read from their code, as nobody keeps such a list."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

MAGIC = re.compile(r"^\s*[%!].*$|\?+\s*$", re.MULTILINE)


def users(folder: Path, places: Mapping[str, str]) -> dict[str, list[str]]:
    """For each place, the notebooks that use what is there, by name: `snn.LIF`, or `from snnlab.published import song2000`."""
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob("*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
        for place in sorted({places[name] for name in named(code) if name in places}):
            found.setdefault(place, []).append(path.stem)
    return found


@cache
def title(path: Path) -> str:
    """The short title of a notebook, such as 02 · Delays."""
    return json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"][0].strip("# \n").partition(":")[0]


def named(code: str) -> Iterator[str]:
    """Full names that code speaks of.

    Example:
        >>> sorted(named("import snnlab as snn\\nfrom snnlab.core import full as f\\nsnn.lab.Lab(snn.LIF).step()"))
        ['snnlab.LIF', 'snnlab.core.full', 'snnlab.lab', 'snnlab.lab.Lab']
    """
    for node in ast.walk(ast.parse(MAGIC.sub("", code))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "snnlab":
            yield from (f"{node.module}.{each.name}" for each in node.names)
        elif isinstance(node, ast.Attribute) and (whole := dotted(node)):
            yield whole


def dotted(node: ast.expr) -> str:
    """`snn.a.b` as its full name; nothing for what does not begin with the library's name."""
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return "snnlab" if isinstance(node, ast.Name) and node.id in ("snn", "snnlab") else ""
