from dataclasses import dataclass
from typing import Any

import pytest
import torch

from snnlab.core.brief import Brief


@dataclass(frozen=True, eq=False, repr=False)
class Result(Brief):
    value: Any


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (torch.zeros(3, 4), "float32 3 x 4"),
        (torch.zeros(2000, dtype=torch.int64), "int64 2000"),
        (torch.tensor(0.25), "0.25"),
        ((1.0, 2.0), "(1.0, 2.0)"),
        ([0.5] * 9, "list of 9"),
        (None, "None"),
        (Result(torch.zeros(5, dtype=torch.bool)), "Result(value=bool 5)"),
    ],
)
def test_a_result_is_shown_in_one_line(value, shown):
    assert repr(Result(value)) == f"Result(value={shown})"


def test_results_with_tensors_can_be_compared():
    one = Result(torch.zeros(3))
    assert one == one
    assert one != Result(torch.zeros(3))  # each run is itself
