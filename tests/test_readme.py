"""The README keeps its promises: its program runs, its links lead somewhere, and its badge opens the first notebook at a release."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BADGE = re.compile(r"^\[binder\]: https://mybinder\.org/v2/gh/([\w.-]+/[\w.-]+)/([\w.-]+)\?urlpath=lab/tree/(\S+)", re.MULTILINE)


def badge():
    """Owner and name of the repository, the tag, the path that Binder opens."""
    return BADGE.search(README).groups()


def test_the_program_runs_fires_and_learns():
    (program,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    said = {}
    torch.manual_seed(0)  # the weights are drawn first
    exec(compile(program, "README.md", "exec"), said)
    assert said["spikes"].shape == (32, 100)
    assert said["spikes"].dtype == torch.bool
    assert said["connection"].weight.shape == (100, 64)
    torch.manual_seed(0)
    assert not torch.allclose(said["connection"].weight, torch.rand(100, 64)), "the weights are as they were drawn"


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
