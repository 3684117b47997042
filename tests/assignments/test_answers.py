"""What right, wrong and missing answers are worth, in this one process: every test of source/, hidden ones included, without a kernel."""

import re

import pytest
import torch

from tests.assignments.mistakes import MISTAKES
from tests.assignments.students import COURSE, NAMES, is_test, read, solutions

SLOW = ("picture", "train", "together-test")  # pictures, and the training of a whole layer: the cycle in test_grading.py runs them
TASKS = [(name, cell) for name in NAMES for cell in solutions(name) if cell != "question"]
SILENT = {("4-receptive-fields", "learn")}  # should return nothing


@pytest.fixture(autouse=True)
def _gradients_as_they_were():
    with torch.enable_grad():
        yield


def failed(assignment, answers):
    """The tests that an answered notebook does not pass, and what they say; run as in a notebook, one cell after another."""
    names, said = {}, {}
    for cell in read(COURSE / "source", assignment).cells:
        if cell.cell_type != "code" or cell.id in SLOW:
            continue
        try:
            exec(compile(answers.get(cell.id, cell.source), cell.id, "exec"), names)
        except Exception as error:
            if is_test(cell):
                said[cell.id] = f"{type(error).__name__}: {error}"
    return said


def function(assignment, task):
    """The name of the function that a task asks for."""
    return re.search(r"^def (\w+)", solutions(assignment)[task], re.MULTILINE).group(1)


def changed(assignment, task, *pairs):
    """An answer of the solutions with something in it replaced."""
    answer = solutions(assignment)[task]
    for old, new in pairs:
        assert old in answer, (old, answer)
        answer = answer.replace(old, new)
    return {task: answer}


@pytest.mark.parametrize("assignment", NAMES)
def test_the_answers_of_the_source_pass_every_test(assignment):
    assert failed(assignment, {}) == {}


@pytest.mark.parametrize(("assignment", "task"), TASKS)
def test_a_task_that_was_not_done_costs_its_own_points_alone(assignment, task):
    missing = {task: f"def {function(assignment, task)}(*arguments, **named):\n    raise NotImplementedError"}
    assert set(failed(assignment, missing)) == {f"{task}-test"}


@pytest.mark.parametrize(("assignment", "task"), [each for each in TASKS if each not in SILENT])
def test_a_forgotten_return_is_named(assignment, task):
    answer = solutions(assignment)[task]
    name = function(assignment, task)
    said = failed(assignment, {task: f"{answer}\nright = {name}\ndef {name}(*arguments, **named):\n    right(*arguments, **named)"})
    assert set(said) == {f"{task}-test"}
    assert re.search(f"{name} returns nothing|returns a NoneType|yours is None", said[f"{task}-test"])


@pytest.mark.parametrize(("assignment", "mistake", "words"), MISTAKES.values(), ids=MISTAKES)
def test_a_usual_mistake_costs_its_own_points_alone_and_is_told_in_words(assignment, mistake, words):
    said = failed(assignment, changed(assignment, *mistake))
    assert set(said) == {f"{mistake[0]}-test"}
    assert words in said[f"{mistake[0]}-test"]


@pytest.mark.parametrize(
    ("assignment", "mistake"),
    [
        ("1-synapse", ("step", ("math.exp(-step_time / time_constant)", "torch.tensor(-step_time / time_constant).exp()"))),
        ("1-synapse", ("run", ("current, currents = 0.0", "current, currents = torch.zeros(1)"))),
        ("3-stdp", ("trace", ("value, values = 0.0", "value, values = torch.zeros(())"))),
        ("3-stdp", ("trace", ("return values", "return torch.tensor(values)"))),
    ],
)
def test_an_answer_in_numbers_of_single_precision_is_right(assignment, mistake):
    assert failed(assignment, changed(assignment, *mistake)) == {}


TOGETHER = """
known = {tuple(image): label for image, label in zip(snn.data.digits(flat=True).train_images.tolist(), snn.data.digits().train_labels)}
known |= {tuple(image): label for image, label in zip(snn.data.digits(flat=True).test_images.tolist(), snn.data.digits().test_labels)}
layer = generator = None
scaled = lambda images, total: images
presentations = lambda images, generator: images
responses = lambda layer, images: torch.stack([torch.eye(10)[known[tuple(image)]] for image in images.tolist()])
preferred = lambda counts, labels: torch.arange(10)
read = lambda counts, owners: counts.argmax(1)
"""
"""A layer of ten neurons that knows every digit."""


@pytest.mark.parametrize(
    ("cheat", "is_right"),
    [
        ("", True),
        ("digits.test_labels[:] = 0; read = lambda counts, owners: torch.zeros(len(counts))", False),
        ("read = lambda counts, owners: digits.test_labels[: len(counts)]", False),
    ],
    ids=["honest", "labels overwritten", "labels read"],
)
def test_digits_are_read_from_what_neurons_say(cheat, is_right):
    cells = {cell.id: cell.source for cell in read(COURSE / "source", "4-receptive-fields").cells}
    names = {}
    exec("\n".join([cells["setup"], TOGETHER, cheat]), names)
    if is_right:
        exec(cells["together-test"], names)
    else:
        with pytest.raises(AssertionError):
            exec(cells["together-test"], names)
