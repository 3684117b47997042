"""CITATION.cff has what its format demands, and says what pyproject.toml says."""

import tomllib
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]
CITATION = YAML(typ="safe").load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_it_has_the_four_fields_that_the_format_demands():
    # Citation File Format 1.2.0, schema guide, "required": these four; the type is software unless it says dataset.
    assert str(CITATION["cff-version"]) == "1.2.0"
    assert all(CITATION[field] for field in ("message", "title", "authors"))
    assert CITATION["type"] == "software"


def test_an_author_that_is_no_person_is_an_entity_with_a_name():
    assert [author.keys() for author in CITATION["authors"]] == [{"name"}]
    assert [author["name"] for author in CITATION["authors"]] == [author["name"] for author in PROJECT["authors"]]


@pytest.mark.parametrize("field", ["version", "license", "keywords"])
def test_a_field_is_that_of_the_package(field):
    assert CITATION[field] == PROJECT[field]


def test_no_field_points_where_nothing_is_yet():
    # As long as there is no public address, nothing here can have one: neither a number in a registry nor a page.
    assert not {"doi", "identifiers", "url", "repository", "repository-code", "repository-artifact"} & CITATION.keys()
