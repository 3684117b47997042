"""A law: one sentence that every model keeps, a function that tries it on one, and what to do where it is broken.

    law(subject)      nothing where it is kept;  `Broken`, with what was seen, where it is not

A law's docstring has two paragraphs: the sentence, and the advice. Its name is the name of the test that the library's own models pass.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from snnlab.contract.subject import Subject

BATCH, STEPS = 3, 25


class Broken(AssertionError):
    """A law is not kept; its words say what was seen."""


@dataclass(frozen=True)
class Law:
    """One law of the contract.

    Args:
        tries: tries it, `tries(subject)` or `tries(subject, *case)`, and raises `Broken` with what was seen.
        cases: further arguments by name, where there are several ways to try it.
        of: which models it is about, `of(model)`.

    Example:
        >>> law = snn.contract.LAWS["no_input_at_all_is_refused"]
        >>> law.title, law.advice
        ('no input at all is refused', 'Give forward an argument without a default.')
        >>> law(snn.contract.Subject(lambda batch: snn.DeltaCurrent(5, 1.0, spike_charge=3.0, batch_size=batch), size=5))
    """

    tries: Callable[..., None]
    cases: Mapping[str, tuple]
    of: Callable[[nn.Module], bool]

    @property
    def name(self) -> str:
        """The law as a name."""
        return self.tries.__name__

    @property
    def title(self) -> str:
        """The law as a sentence."""
        return self.name.replace("_", " ")

    @property
    def advice(self) -> str:
        """What to do where it is broken."""
        return " ".join(inspect.getdoc(self.tries).partition("\n\n")[2].split())

    def __call__(self, subject: Subject, *case: Any) -> None:
        self.tries(subject, *case)


def law(*, cases: Mapping[str, Any] | None = None, of: Callable[[nn.Module], bool] | None = None) -> Callable[[Callable], Law]:
    """Makes a law of a function; arguments as in `Law`."""

    def make(tries: Callable[..., None]) -> Law:
        return Law(tries, dict(cases or {"": ()}), of or (lambda model: True))

    return make


def snapshot(model: nn.Module) -> dict[str, Any]:
    """Everything that a model saves, as it is now."""
    return {key: value.clone() if isinstance(value, Tensor) else value for key, value in model.state_dict().items()}


def keep_same(what: str, found: Tensor, wanted: Tensor, tolerance: float = 0.0, nan: bool = False) -> None:
    """`Broken`, with where and by how much, unless two tensors are the same.

    Args:
        what: what they are, as in "the output after clear()".
        found, wanted: the two.
        tolerance: by how much numbers may differ, absolutely and relatively; their dtypes may then differ too.
        nan: whether NaN equals NaN.

    Example:
        >>> keep_same("the output", torch.tensor([1.0, 2.0]), torch.tensor([1.0, 2.5]))
        Traceback (most recent call last):
        ...
        snnlab.contract.law.Broken: the output is not the same: it differs in 1 of 2 elements, by up to 0.5.
    """
    if found.shape != wanted.shape or (found.dtype != wanted.dtype and not tolerance):
        kinds = [f"{str(each.dtype).removeprefix('torch.')} of shape {tuple(each.shape)}" for each in (found, wanted)]
        raise Broken(f"{what} is not the same: it is {kinds[0]}, and should be {kinds[1]}.")
    a, b = (each.detach().to("cpu", torch.float64) for each in (found, wanted))
    wrong = ~torch.isclose(a, b, rtol=tolerance, atol=tolerance, equal_nan=nan)
    if wrong.any():
        far = (a - b)[wrong].abs().max().item()
        by = "" if found.dtype == torch.bool else f", by up to {far:.3g}"
        raise Broken(f"{what} is not the same: it differs in {int(wrong.sum())} of {wrong.numel()} elements{by}.")


def keep_same_state(what: str, found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """`Broken`, with the name of what differs, unless two states are the same.

    Example:
        >>> keep_same_state("after clear()", {"voltage_": torch.tensor([1.0])}, {"voltage_": torch.tensor([0.0])})
        Traceback (most recent call last):
        ...
        snnlab.contract.law.Broken: after clear(), 'voltage_' is not the same: it differs in 1 of 1 elements, by up to 1.
    """
    if found.keys() != wanted.keys():
        raise Broken(f"{what}, other things are saved than before: {', '.join(sorted(found.keys() ^ wanted.keys()))}.")
    for name, value in wanted.items():
        if isinstance(value, Tensor):
            keep_same(f"{what}, {name!r}", found[name], value, nan=True)
        elif found[name] != value:
            raise Broken(f"{what}, {name!r} is not the same: it is {found[name]!r}, and should be {value!r}.")
