"""The README keeps its promises: its program runs, its figures are those of the tables, its links lead somewhere, and its badge opens the
first notebook at a release.
"""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import torch
from matplotlib import image

from benchmarks import readme

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BADGE = re.compile(r"^\[binder\]: https://mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/([\w.-]+)\?urlpath=lab/tree/(\S+)", re.MULTILINE)


def badge():
    """Owner and name of the repository, the tag, the path that Binder opens."""
    return BADGE.search(README).groups()


@pytest.fixture(scope="module")
def program():
    """The lines of the program."""
    (text,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    return text


def test_the_program_has_twelve_lines_of_code(program):
    lines = [line for line in program.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) == 12
    assert "\nTwelve lines in a notebook: " in README


def test_the_program_fires_and_learns_and_is_watched(program):
    *before, last = ast.parse(program).body  # a cell shows its last line's value
    said = {}
    torch.manual_seed(0)  # delays and weights are drawn here
    exec(compile(ast.Module(before, []), "README.md", "exec"), said)
    lab = eval(compile(ast.Expression(last.value), "README.md", "eval"), said)
    first = said["connection"].weight.clone()
    assert first.shape == (100, 64)
    assert said["connection"].delay.unique().tolist() == list(range(21))
    lab.step(100)
    assert lab.recorded("exc").any()
    assert not torch.allclose(said["connection"].weight, first)
    assert lab._repr_mimebundle_()["image/png"]
    lab.close()


def test_a_step_is_what_the_readme_says_it_is(program):
    *before, _ = ast.parse(program).body
    said = {}
    torch.manual_seed(0)
    exec(compile(ast.Module(before, []), "README.md", "exec"), said)
    shapes = set()
    for arriving in said["spikes"][:50]:
        fired = said["layer"](arriving)
        shapes.add((tuple(fired.shape), fired.dtype))
        said["rule"]()
        said["layer"].update()
    assert shapes == {((32, 100), torch.bool)}
    assert "`layer(spikes[0])`, which gives the 32 x 100 spikes" in README


def test_its_figures_are_those_of_the_tables():
    assert readme.BEGIN + "\n" + readme.table() + "\n" + readme.END in README, "run: python -m benchmarks.readme"


def test_each_figure_stands_in_the_page_that_its_row_names():
    rows = re.findall(r"^\| (.+) \| (.*) \| (.*) \| \[table\]\((benchmarks/\w+\.md)\) \|$", README, re.MULTILINE)
    assert len(rows) >= 6
    for _, ours, beside, page in rows:
        figures = re.findall(r"\d+\.\d+(?!\.\d|\d)(?<!\d\.\d\.\d)", f"{ours} {beside}")  # 0.5.0 is a version
        text = (ROOT / page).read_text(encoding="utf-8")
        assert figures
        assert [each for each in figures if each not in text] == []


def test_a_figure_that_is_nowhere_or_twice_is_refused():
    with pytest.raises(LookupError, match=r"peers.md has 0 cells in a column 'median ms a step' and a row \('STDP, batch 64',"):
        readme.figure("peers.md", "median ms a step", "STDP, batch 64", "snnlab")
    with pytest.raises(LookupError, match=r"peers.md has [2-9] cells in a column 'least' and a row \('STDP, batch 1',\)"):
        readme.figure("peers.md", "least", "STDP, batch 1")


def test_the_picture_is_small_enough_and_says_in_words_what_it_shows():
    alt, path = re.search(r"^!\[([^]]+)\]\((\S+\.png)\)", README, re.MULTILINE).groups()
    assert len(alt) > 60
    assert (ROOT / path).stat().st_size < 200_000
    rows, columns = image.imread(ROOT / path).shape[:2]
    assert 1000 <= columns <= 1300
    assert rows < columns


def test_the_course_is_listed_whole_and_in_order():
    listed = re.findall(r"^\| \[([\w-]+)\]\(notebooks/\1\.ipynb\) \| .{10,}\? \|$", README, re.MULTILINE)
    kept = subprocess.run(["git", "ls-files", "notebooks/*.ipynb"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    assert listed == sorted(Path(name).stem for name in kept or (ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)", README))))
def test_a_link_leads_to_a_file(target):
    assert (ROOT / target).is_file()


def test_the_badge_opens_the_first_notebook():
    path = badge()[2]
    assert path == "notebooks/00-start.ipynb"
    assert (ROOT / path).is_file()


def test_the_badge_stands_at_the_tag_of_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert badge()[1] == f"v{version}"
    assert re.search(rf"^## {re.escape(version)}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_the_picture_of_the_badge_leads_to_the_badge():
    assert re.search(r"\[!\[[^]]+\]\[binder-badge\]\]\[binder\]", README)


def test_the_public_address_stands_in_one_place():
    address = badge()[0]
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.decode().split("\0")
    texts = {name: (ROOT / name).read_bytes().decode("utf-8", "ignore") for name in listed if (ROOT / name).is_file()}
    if not texts:
        pytest.skip("not a git checkout: nothing to search")
    hits = {name: text.count(address) for name, text in texts.items() if address in text}
    assert hits == {"README.md": 1}


def test_as_long_as_there_is_no_public_address_the_readme_says_so():
    assert badge()[0].startswith("OWNER/") == ("it has none yet" in README)
