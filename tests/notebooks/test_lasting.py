"""A panel goes on working when all cells have run: what its functions read by name, no later cell gives to something else.

A control or an input of a panel is a function that looks up its network each time. Where a later cell calls another network by the same
name, Play steps that one, and the panel stands still. The notebook's own run does not show it: there the panel is stepped before.
"""

import dis
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def functions(code: CodeType, later: bool = False) -> Iterator[CodeType]:
    """The functions in a piece of code, and those within them; what a cell computes in a comprehension it computes at once."""
    for each in code.co_consts:
        if isinstance(each, CodeType):
            waits = later or each.co_name not in ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
            if waits:
                yield each
            yield from functions(each, waits)


def names(code: CodeType, *ways: str) -> set[str]:
    return {each.argval for each in dis.get_instructions(code) if each.opname in ways}


def reads(code: CodeType) -> set[str]:
    """Names of the notebook that a cell or a function looks up."""
    return names(code, "LOAD_NAME", "LOAD_GLOBAL").union(*(names(each, "LOAD_GLOBAL") for each in functions(code)))


def stale(cells: list[str]) -> list[str]:
    """Names that a panel reads again when it is played, and that a later cell has given to something else."""
    codes = [compile(cell, f"cell {place}", "exec") for place, cell in enumerate(cells)]
    given = [names(code, "STORE_NAME") for code in codes]
    found = set()
    for place, cell in enumerate(cells):
        if "Lab(" not in cell:
            continue
        used, waiting = set(), {place}
        while waiting:  # the cells that the panel is made of
            now = waiting.pop()
            used.add(now)
            waiting |= {
                max(each for each in range(now) if name in given[each]) for name in reads(codes[now]) if any(name in g for g in given[:now])
            }
            waiting -= used
        for each in used:
            wanted = set().union(*(names(code, "LOAD_GLOBAL") for code in functions(codes[each])))
            known = set().union(*given[: place + 1])
            found |= wanted & known & set().union(*given[place + 1 :])
    return sorted(found)


def test_a_name_that_is_given_away_is_found():
    cells = ["net = Net()", "def step():\n    net()", "lab = Lab(step, [Control(get=lambda: net.size)])", "other = Net()"]
    assert stale(cells) == []
    assert stale([*cells, "net = Net()"]) == ["net"]
    assert stale([*cells, "for net in nets: pass"]) == ["net"]
    assert stale([*cells, "lab = Lab(step, [net for _ in [1]])", "net = Net()"]) == ["net"]
    assert stale(["net = Net()", "lab = Lab([net for _ in [1]])", "net = Net()"]) == []
    assert stale([*cells, "def run():\n    net = Net()\n    return net"]) == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_panel_reads_nothing_that_a_later_cell_replaces(path):
    assert stale([cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]) == []
