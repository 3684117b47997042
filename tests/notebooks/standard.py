"""The standard of the course, as far as a machine can check it: what every notebook has, whatever it is about.

    python tests/notebooks/standard.py notebooks/00-start.ipynb ...        says what is missing (all of them: notebooks/*.ipynb)

`RULES` holds one function a point; each gets a `Page` and gives a list of complaints, empty where nothing is wrong.
"""

import re
import symtable
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
SEEN = "**What to see.**"
PREDICT = re.compile(r"^> \*\*Predict:\*\*", re.MULTILINE)
PANEL = re.compile(r"\bLab\((?=.*controls=)", re.DOTALL)


@dataclass(frozen=True)
class Page:
    """A notebook and its place in the course.

    Args:
        path: of the notebook, whose name begins with its number.
        cells: its cells.
        following: name of the notebook that comes next; None for the last one.
    """

    path: Path
    cells: list[nbformat.NotebookNode]
    following: str | None

    @property
    def text(self) -> str:
        """All prose."""
        return "\n\n".join(cell.source for cell in self.cells if cell.cell_type == "markdown")

    @property
    def opening(self) -> str:
        """The first cell, where it is prose."""
        return self.cells[0].source if self.cells and self.cells[0].cell_type == "markdown" else ""

    @property
    def pictures(self) -> list[int]:
        """Places of the cells that show a picture."""
        return [place for place, cell in enumerate(self.cells) if shows_picture(cell)]

    @property
    def sections(self) -> list[tuple[str, str, bool]]:
        """Heading of the second level, the prose below it, and whether it shows a picture; what stands before the first has none."""
        found: list[tuple[str, str, bool]] = [("", "", False)]
        for cell in self.cells:
            pieces = re.split(r"^## ", cell.source, flags=re.MULTILINE) if cell.cell_type == "markdown" else [""]
            heading, prose, shows = found[-1]
            found[-1] = (heading, f"{prose}\n\n{pieces[0]}", shows or shows_picture(cell))
            found += [(piece.partition("\n")[0].strip(), piece.partition("\n")[2], False) for piece in pieces[1:]]
        return found

    def part(self, heading: str) -> str:
        """Prose below a heading of the second level."""
        return next((prose for name, prose, _ in self.sections if name == heading), "")


def read(path: Path) -> Page:
    """The page at a path; its neighbours are the other notebooks in its folder."""
    course = [each.name for each in sorted(path.parent.glob("*.ipynb"))]
    return Page(path, nbformat.read(path, as_version=4).cells, dict(pairwise(course)).get(path.name))


def shows_picture(cell: nbformat.NotebookNode) -> bool:
    return any("image/png" in output.get("data", {}) for output in cell.get("outputs", []))


def links(text: str) -> list[str]:
    """Targets of links within the project, without what follows a #."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]


def title(page: Page) -> list[str]:
    """It begins with its number and its name."""
    number = page.path.name.partition("-")[0]
    wanted = re.match(rf"# {number} · [^:\n]+: \S[^\n]*\n", page.opening)
    return [] if wanted else [f"it must begin with the title '# {number} · Name: the question'"]


def question(page: Page) -> list[str]:
    """Its first paragraph asks, in bold."""
    first = page.opening.split("\n\n")[1] if "\n\n" in page.opening else ""
    return [] if re.search(r"\*\*(?:[^*]|\*(?!\*))+\?\*\*", first) else ["the first paragraph after the title has no question in bold"]


def needs(page: Page) -> list[str]:
    """The first cell says, by links, which earlier notebooks one should know."""
    known = [target for target in links(page.opening) if target < page.path.name]
    return [] if known or page.path.name.startswith("00") else ["the first cell links to no earlier notebook that one should know"]


def minutes(page: Page) -> list[str]:
    """The first cell says how long it takes: 20 to 40 minutes."""
    found = re.search(r"\b([23]\d|40|twenty|thirty|forty)\s+minutes\b", page.opening)
    return [] if found else ["the first cell does not say how long the work takes, 20 to 40 minutes"]


def predictions(page: Page) -> list[str]:
    """Results are predicted: three times or more, each before a cell that answers; one section alone may show pictures without."""
    said, bare = [], []
    predicts = [place for place, cell in enumerate(page.cells) if cell.cell_type == "markdown" and PREDICT.search(cell.source)]
    count = len(PREDICT.findall(page.text))
    if count < 3:
        said.append(f"there are {count} of '> **Predict:** ...', fewer than 3")
    for place, end in pairwise([*predicts, len(page.cells)]):
        if not any(cell.get("outputs") for cell in page.cells[place + 1 : end]):
            said.append(f"no output answers the prediction in {page.cells[place].id}")
    for heading, prose, shows in page.sections:
        if shows and not PREDICT.search(prose):
            bare.append(heading)
    return said + ([f"pictures come without a prediction in: {', '.join(bare)}"] if len(bare) > 1 else [])


def panel(page: Page) -> list[str]:
    """A live panel with something to move, and a line of numbers about it in the next code cell."""
    code = [cell for cell in page.cells if cell.cell_type == "code"]
    live = [place for place, cell in enumerate(code) if PANEL.search(cell.source)]
    if not live:
        return ["there is no live panel: snn.lab.Lab(..., controls=[...])"]
    said = [f"{code[place].id} shows no picture of its panel" for place in live if not shows_picture(code[place])]
    for place in live:
        after = code[place + 1].source if place + 1 < len(code) else ""
        if not re.search(r"print\(.*\.snapshot\(\)", after):
            said.append(f"the code cell after {code[place].id} prints no lab.snapshot()")
    return said


def names(table: symtable.SymbolTable) -> set[str]:
    """Names of the notebook that code reads, with whatever is nested in it."""
    own = {name.get_name() for name in table.get_symbols() if name.is_global() and name.is_referenced()}
    return own.union(*(names(inner) for inner in table.get_children()))


def lasting(page: Page) -> list[str]:
    """What the functions of a panel read is bound anew by no later cell: after Run All it would move something that it does not show."""
    code, said = [cell for cell in page.cells if cell.cell_type == "code"], []
    tables = [symtable.symtable(cell.source, cell.id, "exec") for cell in code]
    bound = [{name.get_name() for name in table.get_symbols() if name.is_assigned() or name.is_imported()} for table in tables]
    for panel in (place for place, cell in enumerate(code) if PANEL.search(cell.source)):
        todo, known, read = names(tables[panel]), set(), set()
        while todo:
            known.add(name := todo.pop())
            home = next((tables[place] for place in range(panel, -1, -1) if name in bound[place]), None)
            inner = [] if home is None else home.get_children()
            functions = [each for each in inner if each.get_name() == name] or [each for each in inner if "lambda" in each.get_name()]
            found = set().union(*map(names, functions))
            read |= found
            todo |= found - known
        for place in range(panel + 1, len(code)):
            again = ", ".join(sorted(read & bound[place]))
            said += [f"{code[place].id} binds anew what the panel in {code[panel].id} uses: {again}"] if again else []
    return said


def pictures(page: Page) -> list[str]:
    """Every picture is followed by a number or an assert, and by words that say what to see, before the next picture."""
    said = []
    for place, end in pairwise([*page.pictures, len(page.cells)]):
        after = page.cells[place + 1 : end]
        code = [page.cells[place].source] + [cell.source for cell in after if cell.cell_type == "code"]
        if not any(re.search(r"\bprint\(|^\s*assert ", source, re.MULTILINE) for source in code):
            said.append(f"no print and no assert follows the picture in {page.cells[place].id}")
        if not any(cell.cell_type == "markdown" and SEEN in cell.source for cell in after):
            said.append(f"no '{SEEN}' follows the picture in {page.cells[place].id}")
    return said


def exercises(page: Page) -> list[str]:
    """'Your turn' has three to five exercises, numbered from 1."""
    numbers = [int(number) for number in re.findall(r"^(\d+)\. ", page.part("Your turn"), re.MULTILINE)]
    right = 3 <= len(numbers) <= 5 and numbers == list(range(1, len(numbers) + 1))
    return [] if right else [f"'## Your turn' must have 3 to 5 exercises numbered from 1, but has {numbers or 'none'}"]


def source(page: Page) -> list[str]:
    """One exercise points to the source that was used; every source file that is named is there."""
    named = re.findall(r"`(snnlab/[\w/]+\.py)`", page.text)
    said = [f"there is no {each}" for each in sorted(set(named)) if not (ROOT / each).is_file()]
    asked = re.search(r"^\d+\. .*(?:\n(?!\d+\. |\n).*)*`snnlab/[\w/]+\.py`", page.part("Your turn"), re.MULTILINE)
    return said + ([] if asked else ["no exercise names a source file to read, such as `snnlab/neurons/lif.py`"])


def onwards(page: Page) -> list[str]:
    """'Next' leads to the notebook with the next number; that of the last one back to the README."""
    wanted = page.following or "../README.md"
    found = re.findall(r"^\*\*Next:\*\*[^\n]*?\]\(([^)#]+)(?:#[^)]*)?\)", page.text, re.MULTILINE)
    return [] if found == [wanted] else [f"one line must begin '**Next:** [...]({wanted})', but these do: {found or 'none'}"]


def sources(page: Page) -> list[str]:
    """It says where its facts are from, with years."""
    found = re.search(r"^\*Sources:\*.*?\b(?:18|19|20)\d\d\b", page.text, re.MULTILINE | re.DOTALL)
    return [] if found else ["no paragraph begins '*Sources:*' and names a work and its year"]


def resolves(page: Page) -> list[str]:
    """Relative links lead to files."""
    return [f"the link to {target} leads nowhere" for target in links(page.text) if not (page.path.parent / target).is_file()]


RULES: dict[str, Callable[[Page], list[str]]] = {
    rule.__name__: rule
    for rule in (title, question, needs, minutes, predictions, panel, lasting, pictures, exercises, source, onwards, sources, resolves)
}

if __name__ == "__main__":
    for name in sys.argv[1:]:
        page = read(Path(name).resolve())
        complaints = [f"{name}: {rule}: {each}" for rule, check in RULES.items() for each in check(page)]
        print("\n".join(complaints) or f"{name}: keeps the standard")
