"""What students get holds no solution and no hidden test, is made of what teachers wrote, and says what everything is worth."""

import ast
import re
import subprocess

import nbformat
import pytest

from tests.assignments.students import COURSE, NAMES, ROOT, is_test, marks, points, read

pytestmark = pytest.mark.notebook

HIDDEN = re.compile(r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END (?:SOLUTION|HIDDEN TESTS)", re.DOTALL)


@pytest.fixture(params=NAMES)
def assignment(request):
    return request.param


@pytest.fixture
def source(assignment):
    return read(COURSE / "source", assignment)


@pytest.fixture
def release(assignment):
    return read(COURSE / "release", assignment)


def test_there_are_four_assignments():
    assert tuple(sorted(path.name for path in (COURSE / "source").iterdir())) == NAMES
    assert tuple(sorted(path.name for path in (COURSE / "release").iterdir())) == NAMES


def test_every_answer_has_a_solution_and_every_test_more_than_students_see(source):
    for cell in source.cells:
        if marks(cell).get("solution") and cell.cell_type == "code":
            assert len(HIDDEN.findall(cell.source)) == 1, cell.id
        if is_test(cell):
            assert "\n### BEGIN HIDDEN TESTS" in cell.source, cell.id


def test_students_get_no_solution_and_no_hidden_test(assignment, source):
    text = "\n".join(cell.source for cell in read(COURSE / "release", assignment).cells)
    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN)", text)
    seen = "\n".join(HIDDEN.sub("", cell.source) for cell in source.cells)
    hidden = [line.strip() for cell in source.cells for part in HIDDEN.findall(cell.source) for line in part.splitlines()]
    hidden += [
        line for cell in source.cells if marks(cell).get("solution") and cell.cell_type == "markdown" for line in cell.source.splitlines()
    ]
    assert [line for line in hidden if len(line) > 20 and line not in seen and line in text] == []
    assert len([line for line in hidden if len(line) > 20]) > 20, "there is something to look for"


def test_names_of_cells_are_kept_and_are_those_of_the_grades(source, release):
    assert [cell.id for cell in source.cells] == [cell.id for cell in release.cells]
    named = [marks(cell)["grade_id"] for cell in source.cells if marks(cell)]
    assert named == [cell.id for cell in source.cells if marks(cell)]
    assert len(set(named)) == len(named)


def test_tests_are_locked_and_answers_are_not(release):
    for cell in release.cells:
        if marks(cell):
            assert marks(cell)["locked"] is not marks(cell)["solution"], cell.id


def test_an_assignment_says_what_its_tasks_are_worth(assignment, source):
    worth = points(assignment)
    assert sum(worth.values()) == 20
    assert worth["question"] == 4
    assert "20 points" in source.cells[0].source
    texts = [cell.source for cell in source.cells if cell.cell_type == "markdown"]
    stated = [int(number) for text in texts for number in re.findall(r"^## .*\((\d+) points?\b", text, re.MULTILINE)]
    assert stated == list(worth.values())


def test_a_visible_check_says_what_was_expected(release):
    for cell in release.cells:
        if is_test(cell):
            checks = [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Assert)]
            assert checks, cell.id
            assert [ast.unparse(check) for check in checks if check.msg is None] == [], cell.id


def test_the_notebooks_run_without_outputs_and_in_any_jupyter(source, release):
    for notebook in (source, release):
        nbformat.validate(notebook)
        assert notebook.metadata.kernelspec.name == "python3"
        assert [cell.id for cell in notebook.cells if cell.get("outputs")] == []


def test_links_lead_to_notebooks(assignment, release):
    folder = COURSE / "release" / assignment
    for cell in release.cells:
        for target in re.findall(r"\]\(([^)]+\.ipynb)\)", cell.source):
            assert (folder / target).resolve().is_file(), target


def test_what_students_hand_in_and_their_grades_stay_out_of_the_repository():
    private = ["gradebook.db", "grades.csv", "submitted/a/b/b.ipynb", "autograded/a/b/b.ipynb", "feedback/a/b/b.html"]
    ignored = subprocess.run(
        ["git", "check-ignore", *(f"assignments/{each}" for each in private)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ignored.returncode == 128:
        pytest.skip("no repository here")
    assert ignored.stdout.split() == [f"assignments/{each}" for each in private]
