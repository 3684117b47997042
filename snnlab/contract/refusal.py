"""Laws of refusal: what cannot be meant is answered in words that name it, and nothing has changed then."""

import math
import re
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.contract.law import BATCH, Broken, keep_same_state, law, snapshot
from snnlab.contract.subject import Subject

_NAME = r"(inputs|x)\b.* must be "
BAD: dict[str, tuple[Callable[[Tensor], Any], type[Exception], str, str]] = {
    "a wrong shape": (
        lambda good: good[:, :-1],
        ValueError,
        _NAME + r"of shape \(3(, \d)+\).*, but is of shape \(3(, \d)+\)",
        "inputs must be of shape (3, 5), but is of shape (3, 4)",
    ),
    "a wrong batch": (
        lambda good: good[:-1],
        ValueError,
        _NAME + r"of shape .* but is of shape \(2(, \d)+\).* Set batchsz",
        "inputs must be of shape (3, 5), but is of shape (2, 5). Set batchsz",
    ),
    "no batch": (lambda good: good[0], ValueError, _NAME + "of shape", "inputs must be of shape (3, 5)"),
    "NaN": (
        lambda good: torch.full(good.shape, math.nan),
        ValueError,
        _NAME + "finite in every element, but is NaN or infinite in",
        "inputs must be finite in every element, but is NaN or infinite in 15 of 15",
    ),
    "infinity": (
        lambda good: torch.full(good.shape, math.inf),
        ValueError,
        _NAME + "finite in every element",
        "inputs must be finite in every element",
    ),
    "a list": (
        lambda good: good.tolist(),
        TypeError,
        _NAME + "a torch.Tensor, but is .* Wrap it with torch.as_tensor",
        "inputs must be a torch.Tensor, but is a list. Wrap it with torch.as_tensor",
    ),
}


@law(cases=BAD)
def a_bad_input_is_refused_and_leaves_the_state_as_it_was(
    subject: Subject, spoil: Callable[[Tensor], Any], error: type[Exception], words: str, plain: str
) -> None:
    """An input that cannot be meant is refused before anything has changed, in words that name it and say what was wanted and what came.

    Begin the step with self.check_inputs(inputs) and go on with what it returns, or check with snnlab.core.checks.
    """
    model, inputs = subject.build(BATCH), subject.draw(12, BATCH)
    subject.run(model, inputs[:11])
    before = snapshot(model)
    _keep_refused(lambda: subject.run(model, [spoil(inputs[11])]), error, words, plain)
    keep_same_state("after a refusal", snapshot(model), before)
    subject.run(model, inputs[11:])


def _keep_refused(act: Callable[[], Any], error: type[Exception], words: str, plain: str) -> None:
    """`Broken` unless an act is refused by this kind of error in these words."""
    try:
        act()
    except Exception as came:  # whatever a model does instead
        if not isinstance(came, error) or not re.search(words, str(came)):
            wanted = f"a {error.__name__} such as '{plain}'"
            raise Broken(f"it should be refused by {wanted}, but {type(came).__name__} says: {came}") from came
    else:
        raise Broken(f"it was taken. It should be refused by a {error.__name__} such as '{plain}'.")


@law()
def an_unknown_keyword_is_refused_and_leaves_the_state_as_it_was(subject: Subject) -> None:
    """A keyword that a step does not know, which is rather a slip of spelling, is a TypeError that names it.

    Give forward no **kwargs, or refuse what is left in them.
    """
    model, good = subject.build(BATCH), subject.draw(1, BATCH)[0]
    before = snapshot(model)
    plain = "got an unexpected keyword argument 'spelled_wrong'"
    _keep_refused(lambda: model(good, spelled_wrong=1), TypeError, "spelled_wrong", plain)
    keep_same_state("after a refusal", snapshot(model), before)


@law()
def no_input_at_all_is_refused(subject: Subject) -> None:
    """A step without any input is a TypeError.

    Give forward an argument without a default.
    """
    _keep_refused(subject.build(BATCH), TypeError, "", "missing 1 required positional argument")
