"""A docstring as reStructuredText.

Our docstrings are plain text: `code` in single backticks, equations and tables indented, sections with a heading of their own.

    Args, Attributes, Raises, Warns     a definition list, one entry a name
    Units, Shape                        a list, one item for what stands between two semicolons
    Returns, Yields, Example            text and examples

Nothing in the text is markup: whatever reStructuredText would take for it is escaped.
"""

import re
from collections.abc import Callable, Iterator

from aligned import has_head, is_drawing, table

Resolve = Callable[[str], str | None]
"""Takes code, such as `snn.layout(layer)`, to the full name of what the site has a place for, or to None."""

NAMED = ("Args", "Attributes", "Raises", "Warns")
LISTED = ("Units", "Shape")
HEADING = re.compile(rf"^({'|'.join((*NAMED, *LISTED, 'Returns', 'Yields', 'Example', 'References?'))}):$")
LABEL = re.compile(r"^(References?|Seen in|Equation): ")
ENTRY = re.compile(r"^(\*{0,2}\w[\w.]*(?:, \*{0,2}\w[\w.]*)*): (.*)$")
HELP = re.compile(r'^help\("?([\w.]+)"?\)$')
NAME = re.compile(r"^[A-Za-z_][\w.]*$")
CALL = re.compile(r"^([A-Za-z_][\w.]*)\([^`]*\)$")
NOTEBOOK = re.compile(r"\b(?:notebooks/)(\d\d-[\w-]+)(?:\.ipynb)?")


def rst(text: str, resolve: Resolve = lambda code: None) -> list[str]:
    """The lines of a docstring in reStructuredText.

    Example:
        >>> print(*rst("Scales x* by `w`.\\n\\nArgs:\\n    w: its weight,\\n        or none."), sep="\\n")
        Scales x\\* by ``w``.
        <BLANKLINE>
        .. rubric:: Args
        <BLANKLINE>
        ``w``
            its weight, or none.
        <BLANKLINE>
    """
    made: list[str] = []
    for heading, lines in sections(text.splitlines()):
        if heading:
            made += [f".. rubric:: {heading}", ""]
        if heading in NAMED and (entries := split_entries(lines)):
            for names, words in entries:
                made += [", ".join(f"``{name}``" for name in names.split(", ")), f"    {inline(words, resolve)}", ""]
        elif heading in LISTED:
            made += items(" ".join(map(str.strip, lines)), heading, resolve)
        else:
            made += prose(dedented(lines), resolve)
    return made


def summary(text: str) -> str:
    """The first sentence of a docstring, as it stands; what is indented, such as an equation, is no sentence.

    Example:
        >>> summary("    y = x\\n\\nAdds 0.5, e.g. twice. Then\\nrests.")
        'Adds 0.5, e.g. twice.'
    """
    first = next((" ".join(part.split()) for part in text.split("\n\n") if part.strip() and not part.strip("\n").startswith(" ")), "")
    found = re.match(r"(.+?[^.\s][^.\s]\.)(?=\s+[A-Z`]|$)", first)
    return found.group(1) if found else first


def sections(lines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """The parts of a docstring: what stands before, between and after sections goes by the heading ""."""
    heading, kept = "", []
    for line in lines:
        found = HEADING.match(line)
        if found or (heading and line and not line.startswith(" ")):
            yield heading, kept
            heading, kept = (found.group(1), []) if found else ("", [line])
        else:
            kept.append(line)
    yield heading, kept


def dedented(lines: list[str]) -> list[str]:
    """Lines without the spaces that all of them begin with, and without blank ones at either end."""
    least = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join(line[least:].rstrip() for line in lines).strip("\n").split("\n")


def split_entries(lines: list[str]) -> list[tuple[str, str]]:
    """Names and words of a section such as Args; nothing where it is not made of entries."""
    entries: list[tuple[str, str]] = []
    for line in dedented(lines):
        if line.startswith(" ") and entries:
            entries[-1] = (entries[-1][0], f"{entries[-1][1]} {line.strip()}")
        elif found := ENTRY.match(line):
            entries.append((found.group(1), found.group(2)))
        elif line:
            return []
    return entries


def items(text: str, heading: str, resolve: Resolve) -> list[str]:
    """A section such as Units: what two semicolons part, each as an item, its names as code."""
    made = []
    for item in re.split(r";\s\s+", text.strip()):
        names, colon, words = item.partition(": ")
        if heading == "Shape":
            words, names = (re.sub(r" x ", " × ", part.replace("->", "→")) for part in (words, names))
        if colon and re.fullmatch(r"[\w.]+(, [\w.]+)*", names):
            made.append(f"- ``{names}``: {inline(words, resolve)}")
        else:
            made.append(f"- {inline(names + colon + words, resolve)}")
    return [*made, ""]


def prose(lines: list[str], resolve: Resolve) -> list[str]:
    """Paragraphs, lists, examples and what is indented: equations, tables, programs."""
    made: list[str] = []
    for block in blocks(lines):
        first = block[0]
        if first.startswith(" "):
            block = dedented(block)
            made += block if block[0].startswith(">>>") else indented(block, resolve)
        elif first.startswith(">>>"):
            made += block
        elif first.startswith("- "):
            made += [f"- {inline(item, resolve)}" for item in re.split(r"(?:^|\n)- ", "\n".join(block)) if item]
        else:
            label = LABEL.match(first)
            words = " ".join(map(str.strip, block))
            made.append(f"**{label.group(1)}:** {inline(words[label.end() :], resolve)}" if label else inline(words, resolve))
        made.append("")
    return made


def indented(lines: list[str], resolve: Resolve) -> list[str]:
    """A table, or else a block of code, equations or a drawing."""
    told = language(lines)
    if told == "text" and (rows := table(lines)):
        cells = [
            [code(cell, resolve) if cell[:1].isupper() and resolve(cell) else inline(cell, resolve) for cell in cells] for cells in rows
        ]
        lines = [f"{'  ' if number else '* '}- {cell}".rstrip() for row in cells for number, cell in enumerate(row)]
        return [".. list-table::", *["    :header-rows: 1"] * has_head(rows), "", *(f"    {line}" for line in lines)]
    return [f".. code-block:: {told}", *["    :class: drawing"] * is_drawing(lines), "", *(f"    {line}" for line in lines)]


def blocks(lines: list[str]) -> Iterator[list[str]]:
    """What stands together: examples, and indented parts, which go on over blank lines; all else ends at a blank line."""
    kept: list[str] = []
    for line in lines:
        first = kept[0] if kept else ""
        if not line and not first.startswith(" "):
            goes_on = False
        elif not line or first.startswith(">>>"):
            goes_on = True
        elif first.startswith("- "):
            goes_on = line.startswith(("  ", "- "))
        else:
            goes_on = line.startswith(" ") == first.startswith(" ") and not line.startswith(">>>")
        if kept and not goes_on:
            yield without_end(kept)
            kept = []
        if line or kept:
            kept.append(line)
    if kept:
        yield without_end(kept)


def without_end(lines: list[str]) -> list[str]:
    """Lines without blank ones at the end."""
    return "\n".join(lines).rstrip("\n").split("\n")


def language(lines: list[str]) -> str:
    """What an indented part is written in: Python where it can be read as such, and has a name or a call in it."""
    text = "\n".join(lines)
    try:
        compile(text, "docstring", "exec")
    except (SyntaxError, ValueError):
        return "text"
    return "python" if re.search(r"\w\(|^(import|from|class|def) ", text, re.MULTILINE) else "text"


def inline(text: str, resolve: Resolve = lambda code: None) -> str:
    """Text with its code, all else escaped.

    Example:
        >>> print(inline("`x`s of *inputs, B_ and notebooks/06-layers.ipynb"))
        ``x``\\ s of \\*inputs, B\\_ and :doc:`/notebooks/06-layers`
    """
    parts = re.split(r"`([^`]+)`", " ".join(text.split()))
    made = ""
    for number, part in enumerate(parts):
        if number % 2 == 0:
            part = re.sub(r"([\\*|`])", r"\\\1", part)
            part = re.sub(r"(?<=[\w\]])_(?!\w)", r"\\_", part)
            made += NOTEBOOK.sub(r":doc:`/notebooks/\1`", part)
            continue
        before, after = made[-1:], parts[number + 1][:1]
        made += "\\ " * bool(before and re.match(r"[\w)\]}.]", before)) + code(part, resolve) + "\\ " * bool(re.match(r"\w", after))
    return re.sub(r"^(\w+|[-+#•])([.)]?)(?= )", _no_list, made)


def _no_list(found: re.Match) -> str:
    """What would begin a list, as R. in R. V. Florian, begins a sentence."""
    mark, dot = found.groups()
    begins = (dot and re.fullmatch(r"\w|\d+|[ivxlcdmIVXLCDM]+|#", mark)) or not re.match(r"\w", mark)
    return f"{mark}\\{dot}" if begins and dot else f"\\{mark}{dot}" if begins else found.group(0)


def code(text: str, resolve: Resolve, mark: str = "") -> str:
    """Code, as a link where it names something that the site has a place for; `mark` is what Markdown calls such a link."""
    helped, called = HELP.match(text), CALL.match(text)
    target = resolve((helped or called)[1] if helped or called else text) if helped or called or NAME.match(text) else None
    text = helped[1] if helped and not mark else text  # a page of the reference is what help would show
    if not target or "<" in text:
        return f"`{text}`" if mark else f"``{text}``"
    return f"{mark or ':py:obj:'}`{text} <{target}>`"
