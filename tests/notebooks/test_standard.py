"""Every notebook keeps the standard of the course (`standard.py`), and each of its rules can find what it looks for."""

import importlib.util
import sys
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def load(path):
    """A module by its path: this folder is no package."""
    spec = importlib.util.spec_from_file_location(f"snnlab_tests_{path.stem}", path)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


standard = load(Path(__file__).parent / "standard.py")


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def page(request):
    return standard.read(request.param)


@pytest.mark.parametrize("rule", standard.RULES)
def test_a_notebook_keeps_the_standard(page, rule):
    assert standard.RULES[rule](page) == []


# ---------------------------------------------------------------------------------------------------------- the rules themselves

TEXT, CODE = nbformat.v4.new_markdown_cell, nbformat.v4.new_code_cell
OPENING = "# 07 · Bags: what is in a bag?\n\nBags are closed. **What is\nin one?**\n\nYou need [00 · Start](00-start.ipynb). 30 minutes."
PICTURE = [nbformat.v4.new_output("display_data", data={"image/png": "AAAA"})]
PRINTED = [nbformat.v4.new_output("stream", name="stdout", text="1\n")]
TURN = "1. Open it.\n2. Shake it.\n3. Read the source:\n   `snnlab/neurons/lif.py`."
END = f"**What to see.** A box.\n\n## Your turn\n\n{TURN}\n\n**Next:** [08 · Boxes](08-boxes.ipynb), closed.\n\n*Sources:* Box (1976)."


def good():
    """Cells of a notebook that breaks no rule."""
    return [
        TEXT(OPENING),
        TEXT("## Look\n\n> **Predict:** one?\n\n> **Predict:** two?"),
        CODE("draw()", outputs=PICTURE),
        CODE("print(1)", outputs=PRINTED),
        TEXT("**What to see.** A bag.\n\n## Move it\n\n> **Predict:** three?"),
        CODE("lab = snn.lab.Lab(layer, x, controls=['a.b'])\nlab", outputs=PICTURE),
        CODE("print(lab.snapshot())", outputs=PRINTED),
        TEXT(END),
    ]


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name in ("00-start.ipynb", "07-bags.ipynb", "08-boxes.ipynb"):
        (folder / name).touch()
    return folder


def complaints(folder, cells, following="08-boxes.ipynb"):
    """Rules that complain, and what they say."""
    page = standard.Page(folder / "07-bags.ipynb", cells, following)
    return {name: found for name, rule in standard.RULES.items() if (found := rule(page))}


def test_a_good_notebook_passes(course):
    assert complaints(course, good()) == {}


BREAKS = {  # the rule, the place of a cell, what is changed in it, and into what
    "another number": ("title", 0, "# 07", "# 06"),
    "no question in the title's place": ("title", 0, ": what is in a bag?", ""),
    "a question that is not bold": ("question", 0, "**What is\nin one?**", "What is in one?"),
    "a question in the second paragraph": ("question", 0, "Bags are closed. ", "Bags are closed.\n\n"),
    "nothing that one should know": ("needs", 0, "[00 · Start](00-start.ipynb)", "nothing"),
    "only a later notebook": ("needs", 0, "00-start", "08-boxes"),
    "no time": ("minutes", 0, " 30 minutes.", ""),
    "too long a time": ("minutes", 0, "30 minutes", "90 minutes"),
    "two predictions": ("predictions", 1, "> **Predict:** one?", "One?"),
    "no panel": ("panel", 5, "controls=['a.b']", ""),
    "no snapshot": ("panel", 6, "lab.snapshot()", "1"),
    "a picture without a number": ("pictures", 3, "print(1)", "1"),
    "a picture without words": ("pictures", 4, "**What to see.** A bag.", "A bag."),
    "a panel without words": ("pictures", 7, "**What to see.** A box.", "A box."),
    "two exercises": ("exercises", 7, "2. Shake it.\n3.", "2."),
    "six exercises": ("exercises", 7, "2. Shake", "2. A\n3. B\n4. C\n5. D\n6. Shake"),
    "a number left out": ("exercises", 7, "2. Shake", "4. Shake"),
    "another heading": ("exercises", 7, "## Your turn", "## Exercise"),
    "no source to read": ("source", 7, "`snnlab/neurons/lif.py`", "`help(snn.LIF)`"),
    "a source outside the exercises": ("source", 7, "`snnlab/neurons/lif.py`", "it.\n\nRead `snnlab/neurons/lif.py`"),
    "a source that is not there": ("source", 7, "neurons/lif.py", "neurons/leaf.py"),
    "next is not the next": ("onwards", 7, "08-boxes.ipynb", "00-start.ipynb"),
    "no next": ("onwards", 7, "**Next:** ", ""),
    "no sources": ("sources", 7, "*Sources:*", "Sources:"),
    "sources without a year": ("sources", 7, "(1976)", "(soon)"),
    "a link to nowhere": ("resolves", 4, "A bag.", "A [bag](06-bag.ipynb)."),
}


@pytest.mark.parametrize(("rule", "place", "old", "new"), BREAKS.values(), ids=BREAKS)
def test_a_rule_finds_what_it_looks_for(course, rule, place, old, new):
    cells = good()
    assert old in cells[place].source
    cells[place].source = cells[place].source.replace(old, new, 1)
    assert rule in complaints(course, cells)


def test_a_prediction_that_nothing_answers_is_found(course):
    cells = good()
    cells[6].outputs, cells[5].outputs = [], []
    assert "predictions" in complaints(course, cells)


@pytest.mark.parametrize("uses", ["def step(now):\n    return net(now)\n\n\n", "step = lambda now: [net(each) for each in now]\n"])
def test_a_panel_that_a_later_cell_takes_its_network_from_is_found(course, uses):
    cells = good()
    cells[5].source = f"{uses}lab = snn.lab.Lab(layer, x, step=step, controls=['a.b'])\nlab"
    assert complaints(course, cells) == {}
    cells[6].source += "\nfor net in others:\n    net(x)"
    assert "net" in complaints(course, cells)["lasting"][0]


def test_one_section_may_show_what_is_given_and_no_more(course):
    given = [CODE("draw()\nprint(2)", outputs=PICTURE), TEXT("**What to see.** Ten.")]
    before, after = [*good()[:4], TEXT("**What to see.** A bag.")], [TEXT("## Move it\n\n> **Predict:** three?"), *good()[5:]]
    assert complaints(course, [*before, TEXT("## Data"), *given, *after]) == {}
    assert "predictions" in complaints(course, [*before, TEXT("## Data"), *given, TEXT("## More data"), *given, *after])


def test_the_last_notebook_leads_back_to_the_readme(course):
    (course.parent / "README.md").touch()
    cells = good()
    assert "onwards" in complaints(course, cells, following=None)
    cells[-1].source = END.replace("08-boxes.ipynb", "../README.md#the-notebooks")
    assert complaints(course, cells, following=None) == {}


def test_the_course_begins_with_the_one_that_needs_no_other():
    assert NOTEBOOKS[0].stem == "00-start"
