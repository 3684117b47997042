"""The whole cycle of grading, run once: five students, and the points of each against the points that the cells state."""

import nbformat
import pytest

from tests.assignments.students import NAMES, is_test, marks, points, points_by_test, read

pytestmark = pytest.mark.notebook


def test_everybody_who_handed_in_a_notebook_has_a_row(cycle):
    handed_in = {(student, assignment) for student in ("right", "empty") for assignment in NAMES}
    handed_in |= {("wrong", "1-synapse"), ("hanging", "1-synapse"), ("cheating", "1-synapse"), ("cheating", "3-stdp")}
    graded = {who for who, row in cycle.grades.items() if row["timestamp"] or float(row["raw_score"] or 0) or who in handed_in}
    assert handed_in <= graded


@pytest.mark.parametrize("assignment", NAMES)
def test_the_solutions_earn_every_point_that_a_test_gives(cycle, score_of, assignment):
    scores = score_of("right", assignment)
    assert {name: scores[name] for name in points_by_test(assignment)} == points_by_test(assignment)
    assert float(cycle.grades["right", assignment]["max_score"]) == sum(points(assignment).values())


@pytest.mark.parametrize("assignment", NAMES)
def test_an_answer_in_words_waits_for_a_reader_and_gives_nothing_before(cycle, score_of, assignment):
    assert score_of("right", assignment)["question"] == 0
    row = next(line for line in cycle.everybody.stdout.splitlines() if line.split()[:2] == ["right", assignment])
    assert "wait for a reader" in row


@pytest.mark.parametrize("assignment", NAMES)
def test_who_hands_in_the_release_untouched_gets_nothing_and_nobody_has_to_read_it(cycle, assignment):
    assert float(cycle.grades["empty", assignment]["raw_score"]) == 0
    row = next(line for line in cycle.everybody.stdout.splitlines() if line.split()[:2] == ["empty", assignment])
    assert "wait" not in row


@pytest.mark.parametrize("assignment", NAMES)
def test_an_empty_notebook_runs_to_its_end_and_says_everywhere_what_is_missing(cells_of, assignment):
    cells = [cell for cell in cells_of("empty", assignment).values() if cell.cell_type == "code"]
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


def test_a_torn_notebook_is_reported_and_the_others_are_graded(cycle):
    assert cycle.everybody.returncode == 1
    assert [line.split(":")[0] for line in cycle.everybody.stderr.splitlines() if line.startswith("NOT DONE")] == [
        "NOT DONE  torn, 1-synapse"
    ]


def test_everybody_who_was_graded_gets_a_page_of_feedback(cycle):
    for student, assignment in [("right", "4-receptive-fields"), ("hanging", "1-synapse"), ("cheating", "3-stdp")]:
        page = (cycle.folder / "feedback" / student / assignment / f"{assignment}.html").read_text(encoding="utf-8")
        assert "Score" in page
        assert "BEGIN SOLUTION" not in page


def test_only_the_outputs_are_taken_from_the_process_that_ran_the_answers(cells_of):
    source = {cell.id: cell for cell in read_release("1-synapse").cells}
    ran = cells_of("empty", "1-synapse")
    assert [name for name in source if ran[name].source.split("### BEGIN")[0].strip() != source[name].source.strip()] == []


def read_release(assignment):
    from tests.assignments.students import COURSE

    return nbformat.read(COURSE / "release" / assignment / f"{assignment}.ipynb", as_version=4)
