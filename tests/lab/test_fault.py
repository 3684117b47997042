import json
from pathlib import Path

import ipywidgets
import torch

from snnlab.lab import fault


def caught(action):
    try:
        action()
    except Exception as error:
        return fault.describe(error, 7)


def test_the_step_the_kind_and_the_words_are_said():
    assert caught(lambda: 1 / 0).startswith("Stopped at step 7. ZeroDivisionError: division by zero\n")


def test_the_place_is_the_reader_s_own_line_not_the_library_s():
    def mine():
        return torch.zeros(2) @ torch.zeros(3)

    assert "\nmine, line" in caught(mine)


def test_neither_is_it_that_of_python_s_own_library_or_of_an_installed_one():
    def mine():
        return json.loads("no json")

    def yours():
        return ipywidgets.IntSlider(value="no number")

    assert "\nmine, line" in caught(mine)
    assert "\nyours, line" in caught(yours)


def test_a_file_beside_the_library_is_the_reader_s_own():
    source = compile("def course(): return 1 / 0", str(Path(fault.__file__).parents[1]) + "-course/one.py", "exec")
    names = {}
    exec(source, names)
    assert "\ncourse, line 1" in caught(names["course"])
