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
