"""One cycle of grading for the tests of this folder: some students, everything that `make grade` does, in a copy of the course."""

import csv
import os
import shutil
import subprocess
import sys
from types import SimpleNamespace

import pytest
from nbgrader.api import Gradebook

from tests.assignments.students import (
    COURSE,
    FORGIVING,
    HANGING,
    LONGEST,
    OPEN_CHEAT,
    PATCHED,
    WRONG,
    cheat_openly,
    hand_in,
    hang,
    lose_a_task,
    read,
    save_elsewhere,
    solutions,
)


def grade(course, *arguments):
    """What `make grade` runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    command = [sys.executable, str(course / "grade.py"), "--folder", str(course), *arguments]
    return subprocess.run(command, env=environment, cwd=course, capture_output=True, text=True, check=False, timeout=1800)


@pytest.fixture(scope="session")
def cycle(tmp_path_factory):
    """The course after everything was graded, with a row of grades.csv for each student and assignment, and the points of each cell."""
    course = tmp_path_factory.mktemp("course")
    for program in COURSE.glob("*.py"):
        shutil.copy(program, course)
    shutil.copytree(COURSE / "source", course / "source", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    hand_in(course, "right", LONGEST, solutions(LONGEST))  # what all answers are worth, test_answers.py says
    hand_in(course, "empty", "1-synapse")
    hand_in(course, "wrong", "1-synapse", WRONG, save_elsewhere)
    hand_in(course, "cheating", "1-synapse", OPEN_CHEAT, cheat_openly)
    hand_in(course, "cheating", "3-stdp", {"trace": PATCHED, "change": FORGIVING + "def change(*a):\n    return Anything(0.0)"})
    (course / "submitted" / "torn" / "1-synapse").mkdir(parents=True)
    (course / "submitted" / "torn" / "1-synapse" / "1-synapse.ipynb").write_text('{"cells": [')
    hand_in(course, "renamed", "1-synapse", name="1-synapse (1)")
    (course / "submitted" / "loose").mkdir()
    shutil.copy(course / "submitted" / "empty" / "1-synapse" / "1-synapse.ipynb", course / "submitted" / "loose")

    everybody = grade(course)
    hand_in(course, "hanging", "1-synapse", solutions("1-synapse") | HANGING, hang)
    with (course / "nbgrader_config.py").open("a") as config:
        config.write("\nc.ExecuteElsewhere.timeout = 5\n")  # s: nothing is loaded by then that takes long
    lose_a_task(course / "source" / "3-stdp" / "3-stdp.ipynb")
    late = grade(course, "--student", "hanging")
    with Gradebook(f"sqlite:///{course / 'gradebook.db'}", "snnlab") as gradebook:  # what a reader enters in nbgrader's page for it
        answer = gradebook.find_grade("question", "1-synapse", "1-synapse", "wrong")
        answer.manual_score, answer.needs_manual_grade = 3.0, False
        gradebook.find_comment("question", "1-synapse", "1-synapse", "wrong").manual_comment = "Why only the peak?"
        gradebook.db.commit()
    read_by_hand = grade(course, "--only-feedback", "--student", "wrong")
    assert (course / "grades.csv").is_file(), everybody.stderr + late.stderr
    with (course / "grades.csv").open() as rows:
        grades = {(row["student_id"], row["assignment"]): row for row in csv.DictReader(rows)}
    return SimpleNamespace(folder=course, grades=grades, everybody=everybody, late=late, read_by_hand=read_by_hand)


@pytest.fixture(scope="session")
def cells_of(cycle):
    """The cells of a graded notebook by name."""

    def find(student, assignment):
        return {cell.id: cell for cell in read(cycle.folder / "autograded" / student, assignment).cells}

    return find


@pytest.fixture(scope="session")
def score_of(cycle):
    """The points of each graded cell of a notebook, as the gradebook has them."""
    with Gradebook(f"sqlite:///{cycle.folder / 'gradebook.db'}", "snnlab") as gradebook:
        books = [book for each in gradebook.students for submission in each.submissions for book in submission.notebooks]
        scores = {(book.student.id, book.name): {grade.name: grade.score for grade in book.grades} for book in books}
    return lambda student, assignment: scores[student, assignment]
