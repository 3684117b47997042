"""The whole cycle of grading, run once: some students, and the points of each against the points that the cells state."""

import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from tests.assignments.students import COURSE, LONGEST, NAMES, hand_in, is_test, marks, points, points_by_test, read

pytestmark = pytest.mark.notebook
HIDDEN = re.compile(r"### BEGIN HIDDEN TESTS\n.*?### END HIDDEN TESTS\n?", re.DOTALL)


def test_everybody_who_handed_in_a_notebook_has_a_row(cycle):
    handed_in = {("right", LONGEST), ("cheating", "1-synapse"), ("cheating", "3-stdp")}
    handed_in |= {(student, "1-synapse") for student in ("empty", "wrong", "hanging", "renamed", "torn")}
    assert handed_in <= set(cycle.grades)


@pytest.mark.skipif(sys.platform == "win32", reason="a console's Ctrl-C is another thing on Windows")
def test_ctrl_c_stops_the_grading_of_all_and_the_table_is_written(tmp_path):
    for program in COURSE.glob("*.py"):
        shutil.copy(program, tmp_path)
    shutil.copytree(COURSE / "source" / "1-synapse", tmp_path / "source" / "1-synapse")
    for student in ("ada", "ben"):
        hand_in(tmp_path, student, "1-synapse", {"step": "import time; time.sleep(100)"})
    command = [sys.executable, str(tmp_path / "grade.py"), "--folder", str(tmp_path)]
    machine = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")}
    with subprocess.Popen(command, env=machine, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True) as grading:
        for line in grading.stderr:
            if line.startswith("ada, 1-synapse"):
                break
        time.sleep(1.0)
        grading.send_signal(signal.SIGINT)
        rest = grading.stderr.read()
        assert grading.wait(100) == 130
    assert "ben" not in rest
    assert "Traceback" not in rest
    assert "Stopped." in rest
    with (tmp_path / "grades.csv").open() as rows:
        assert [row["student_id"] for row in csv.DictReader(rows)] == ["ada", "ben"]


def test_the_solutions_earn_every_point_that_a_test_gives(cycle, score_of):
    scores = score_of("right", LONGEST)
    assert {name: scores[name] for name in points_by_test(LONGEST)} == points_by_test(LONGEST)
    assert float(cycle.grades["right", LONGEST]["max_score"]) == sum(points(LONGEST).values())


def test_an_answer_in_words_waits_for_a_reader_and_gives_nothing_before(cycle, score_of):
    assert score_of("right", LONGEST)["question"] == 0
    row = next(line for line in cycle.everybody.stdout.splitlines() if line.split()[:2] == ["right", LONGEST])
    assert "wait for a reader" in row


def test_who_hands_in_the_release_untouched_gets_nothing_and_nobody_has_to_read_it(cycle):
    assert float(cycle.grades["empty", "1-synapse"]["raw_score"]) == 0
    row = next(line for line in cycle.everybody.stdout.splitlines() if line.split()[:2] == ["empty", "1-synapse"])
    assert "wait" not in row


def test_an_empty_notebook_runs_to_its_end_and_says_everywhere_what_is_missing(cells_of):
    cells = [cell for cell in cells_of("empty", "1-synapse").values() if cell.cell_type == "code"]
    errors = {cell.id: [output.ename for output in cell.outputs if output.output_type == "error"] for cell in cells}
    assert {name for names in errors.values() for name in names} == {"NotImplementedError"}
    assert [cell.id for cell in cells if is_test(cell) and not errors[cell.id]] == []
    assert [cell.id for cell in cells if marks(cell)["solution"] and errors[cell.id]] == [], "an answer is a function: asked for, not run"


def test_a_wrong_answer_costs_its_own_points_and_a_hidden_test_finds_what_the_seen_ones_do_not(score_of):
    worth = points("1-synapse")
    tests = {name: points for name, points in score_of("wrong", "1-synapse").items() if name != "question"}
    assert tests == dict.fromkeys(tests, 0) | {name: worth[name] for name in ("step-test", "run-test")}


def test_the_points_and_words_of_a_reader_are_in_the_table_and_in_the_feedback(cycle):
    assert cycle.read_by_hand.returncode == 0, cycle.read_by_hand.stderr
    assert float(cycle.grades["wrong", "1-synapse"]["raw_score"]) == 3 + 3 + 3
    page = (cycle.folder / "feedback" / "wrong" / "1-synapse" / "1-synapse.html").read_text(encoding="utf-8")
    assert "Why only the peak?" in page
    row = next(line for line in cycle.read_by_hand.stdout.splitlines() if line.split()[:2] == ["wrong", "1-synapse"])
    assert "9 of 20" in row
    assert "wait" not in row


def test_a_teacher_is_told_of_an_answer_that_went_missing_and_of_one_in_another_place(cycle):
    lines = cycle.everybody.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.split()[:2] == ["wrong", "1-synapse"])
    assert "an answer's cell was missing" in lines[place + 1]
    assert "it may be the answer" in lines[place + 2]


def test_what_hangs_costs_its_own_points_alone(cycle, score_of, cells_of):
    worth = points("1-synapse")
    assert score_of("hanging", "1-synapse") == worth | {"charge-test": 0, "question": 0}
    cells = cells_of("hanging", "1-synapse")
    assert [name for name, cell in cells.items() if any(output.get("ename") == "Stopped" for output in cell.get("outputs", []))] == [
        "charge-test",
        "forever",
    ]
    assert "was stopped" in cycle.late.stdout
    assert [line.split()[0] for line in cycle.late.stdout.splitlines() if "1-synapse" in line].count("hanging") == 1


def test_edited_deleted_and_invented_tests_earn_nothing(score_of, cells_of, cycle):
    assert score_of("cheating", "1-synapse") == dict.fromkeys(points("1-synapse"), 0)
    cells = cells_of("cheating", "1-synapse")
    for cell in read(cycle.folder / "source", "1-synapse").cells:
        if is_test(cell):
            found = next(each for each in cells.values() if marks(each).get("grade_id") == cell.id)
            assert found.source.partition("added back by nbgrader.")[2].strip() in ("", cell.source.strip()) or found.source == cell.source
            assert marks(found)["points"] == marks(cell)["points"]
    assert float(cycle.grades["cheating", "1-synapse"]["max_score"]) == sum(points("1-synapse").values())


def test_an_answer_finds_no_notebook_to_copy_from(cells_of):
    (output,) = [output for output in cells_of("cheating", "1-synapse")["charge"].outputs if output.output_type == "stream"]
    assert output.text == "notebooks within reach: 0\n"


def test_a_replaced_library_function_is_found_and_told(cycle, score_of, cells_of):
    assert score_of("cheating", "3-stdp") == dict.fromkeys(points("3-stdp"), 0)
    cells = cells_of("cheating", "3-stdp")
    assert {cells[name].outputs[-1].ename for name in points_by_test("3-stdp")} == {"Tampered"}
    lines = cycle.everybody.stdout.splitlines()
    place = next(number for number, line in enumerate(lines) if line.split()[:2] == ["cheating", "3-stdp"])
    assert "read what the answers do" in lines[place + 1]


def test_what_cannot_be_graded_is_named_with_the_reason_and_the_others_are_graded(cycle):
    assert cycle.everybody.returncode == 1
    said = [line.removeprefix("NOT DONE  ") for line in cycle.everybody.stderr.splitlines() if line.startswith("NOT DONE")]
    assert [each.partition(": ")[0] for each in said] == ["submitted/loose/1-synapse.ipynb", "renamed, 1-synapse", "torn, 1-synapse"]
    assert "Put it into submitted/STUDENT/ASSIGNMENT/ASSIGNMENT.ipynb" in said[0]
    assert "in its folder there is: 1-synapse (1).ipynb. Rename" in said[1]
    assert "does not appear to be JSON" in said[2]


def test_what_was_not_graded_is_not_shown_as_0_points(cycle):
    rows = {line.split()[0]: line for line in cycle.everybody.stdout.splitlines() if "1-synapse" in line}
    assert rows["torn"].endswith("not graded")
    assert rows["renamed"].endswith("not graded")


def test_a_line_for_each_notebook_shows_how_far_the_grading_is(cycle):
    said = cycle.everybody.stderr.splitlines()
    assert said.index("cheating, 3-stdp ...") < said.index("empty, 1-synapse ...") < said.index("right, 4-receptive-fields ...")
    assert "SAWarning" not in cycle.everybody.stderr


def test_a_release_that_cannot_be_made_is_told_and_what_was_there_stays(cycle, cells_of):
    (said,) = [line for line in cycle.late.stderr.splitlines() if line.startswith("NOT DONE")]
    assert said.startswith("NOT DONE  release of 3-stdp: RuntimeError: Cannot add or remove cells")
    assert "nothing of 3-stdp was graded" in said
    assert "begin a new gradebook" in said
    assert {cell.id for cell in read(cycle.folder / "release", "3-stdp").cells} >= {"balance", "balance-test"}
    assert "balance-test" in cells_of("cheating", "3-stdp")
    assert float(cycle.grades["hanging", "1-synapse"]["raw_score"]) > 0, "the others are graded"


def test_everybody_who_was_graded_gets_a_page_of_feedback(cycle):
    for student, assignment in [("right", "4-receptive-fields"), ("hanging", "1-synapse"), ("cheating", "3-stdp")]:
        page = (cycle.folder / "feedback" / student / assignment / f"{assignment}.html").read_text(encoding="utf-8")
        assert "Score" in page
        assert "BEGIN SOLUTION" not in page


def test_only_the_outputs_are_taken_from_the_process_that_ran_the_answers(cells_of):
    source = {cell.id: cell.source.strip() for cell in read_release("1-synapse").cells}
    ran = cells_of("empty", "1-synapse")
    assert [name for name in source if HIDDEN.sub("", ran[name].source).strip() != source[name]] == []


def read_release(assignment):
    return read(COURSE / "release", assignment)


@pytest.mark.parametrize("assignment", NAMES)
def test_the_release_is_what_comes_out_of_the_source(cycle, assignment):
    assert nbformat.writes(read_release(assignment)) == nbformat.writes(read(cycle.folder / "release", assignment))
