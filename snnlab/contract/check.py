"""The check: tries every law on one model, and says which are broken, what was seen, and what to do."""

import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from snnlab.contract import refusal, rule, run, state, twin
from snnlab.contract.law import Broken, Law
from snnlab.contract.rule import lesson_of, small_layer
from snnlab.contract.subject import Subject
from snnlab.core import checks
from snnlab.learning import CellTrainer
from snnlab.network import Serial

LAWS = {law.name: law for place in (run, state, twin, refusal, rule) for law in vars(place).values() if isinstance(law, Law)}
"""Every law by name, in the order in which they are tried."""

_LIBRARIES = (str(Path(torch.__file__).parent), str(Path(__file__).parents[1]))


@dataclass(frozen=True)
class Breach:
    """A law that a model breaks.

    Args:
        law: which.
        case: how it was tried, where there are several ways; "" where there is one.
        seen: what was seen.
    """

    law: Law
    case: str
    seen: str

    def __str__(self) -> str:
        case = f" ({self.case})" if self.case else ""
        return f"{self.law.title}{case}\n  seen: {self.seen}\n  do:   {self.law.advice}"


class ContractError(AssertionError):
    """A model breaks laws of the contract; its words say which, what was seen, and what to do.

    Args:
        model: name of the model.
        breaches: what it breaks.
        tried: how many laws were tried.

    Example:
        >>> class Deaf(snn.InfernoNeuron):
        ...     def forward(self, inputs):
        ...         return self.spike
        >>> try:
        ...     check(lambda batch: Deaf(4, 1.0, rest_v=-65.0, refrac_t=0.0, batch_size=batch), size=4, spikes=False)
        ... except ContractError as error:
        ...     print(error.breaches[0])
        a lively input gets an answer
          seen: every output was 0 in 25 steps.
          do:   Build a model that answers what it is fed: change its settings, or the currents that it is fed, currents=(low, high) in nA.
    """

    def __init__(self, model: str, breaches: Iterable[Breach], tried: int) -> None:
        self.model, self.breaches, self.tried = model, tuple(breaches), tried
        broken = len({breach.law.name for breach in self.breaches})
        heading = f"{model} breaks {broken} of {tried} laws."
        super().__init__("\n\n".join([heading, *map(str, self.breaches)]))


@dataclass(frozen=True)
class Report:
    """What was tried, where nothing is broken.

    Args:
        model: name of the model.
        laws: the laws that it keeps, each a sentence.

    Example:
        >>> report = check(lambda batch: snn.DeltaCurrent(5, 1.0, spike_charge=3.0, batch_size=batch), size=5)
        >>> report.laws[0]
        'the same inputs give the same outputs'
    """

    model: str
    laws: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.model} keeps all {len(self.laws)} laws."


def check(
    build: Callable[[int], nn.Module],
    *,
    size: int | tuple[int, ...],
    spikes: bool = True,
    step: Callable[[nn.Module, Tensor], Tensor] | None = None,
    currents: tuple[float, float] = (-5.0, 35.0),
    without: Iterable[str] = (),
) -> Report:
    """Tries every law on a synapse, a neuron, a connection or a layer, also one of your own.

    It takes a second or less. Models are built anew for every law; yours are left alone, and so is torch's random number generator.

    Args:
        build: makes a model of a batch size, `build(batch)`, always with the same first values.
        size: number of inputs of one sample, or their shape.
        spikes: whether it is fed spikes, or else currents, as neurons are.
        step: runs one step and returns one tensor, `step(model, inputs)`, for models whose call takes or gives more; None calls the model.
        currents: least and greatest current that it is fed.
        without: names of laws that are not meant for it, as in `snn.contract.LAWS`.

    Units:
        currents: nA

    Returns:
        the laws that it keeps.

    Raises:
        ContractError: laws are broken; its words say which, what was seen, and what to do.
        TypeError: build is no function, or makes no module.
        ValueError: `without` names no law.

    Example:
        >>> def build(batch):
        ...     return snn.LIF(4, 1.0, rest_v=-65., reset_v=-65., thresh_v=-60., refrac_t=2., time_constant=10., batch_size=batch)
        >>> report = check(build, size=4, spikes=False)
        >>> "clear restores the state after construction" in report.laws
        True
    """
    made = _called(build, "lambda batch: MyNeuron(4, 1.0, batch_size=batch)", 1)
    if not isinstance(made, nn.Module):
        raise TypeError(f"build must make a torch.nn.Module, such as a snn.Neuron, but made {made!r} ({type(made).__name__}).")
    return _try(Subject(build, checks.shape("size", size), checks.boolean("spikes", spikes), step, currents), without)


def check_rule(
    build: Callable[[], CellTrainer],
    *,
    layer: Callable[[int], Serial] = small_layer,
    tell: tuple = (),
    without: Iterable[str] = (),
) -> Report:
    """Tries every law on a learning rule, also one of your own, while it trains a small layer.

    Args:
        build: makes the rule, `build()`.
        layer: makes the layer that it trains, `layer(batch)`; by default 5 inputs with delays up to 3 ms onto 4 leaky neurons.
        tell: what the rule is called with at every step, such as `(1.0,)` for a reward.
        without: names of laws that are not meant for it, as in `snn.contract.LAWS`.

    Returns:
        the laws that it keeps.

    Raises:
        ContractError: laws are broken; its words say which, what was seen, and what to do.
        TypeError: build is no function, or makes no learning rule.
        ValueError: `without` names no law.

    Example:
        >>> print(check_rule(lambda: snn.STDP(lr_post=0.1, lr_pre=-0.1, tc_post=20.0, tc_pre=20.0)))
        STDP keeps all ... laws.
    """
    made = _called(build, "lambda: MyRule(lr=0.1)")
    if not isinstance(made, CellTrainer):
        raise TypeError(f"build must make a learning rule, such as a snn.CellTrainer, but made {made!r} ({type(made).__name__}).")
    with torch.random.fork_rng(devices=[]):
        subject = lesson_of(build, layer, tell)
    return _try(subject, without)


def _called(build: Callable, example: str, *arguments: int) -> object:
    """What a function makes, or a word where it is none; torch's random numbers stay as they were."""
    if isinstance(build, nn.Module) or not callable(build):
        raise TypeError(f"build must be a function, as in {example}, but is of type {type(build).__name__}.")
    with torch.random.fork_rng(devices=[]):
        return build(*arguments)


def _try(subject: Subject, without: Iterable[str]) -> Report:
    """Tries all laws that are about such a model; raises once, for all that are broken."""
    with torch.random.fork_rng(devices=[]):
        model, name = subject.build(1), subject.name
        given = (subject.step or nn.Module.__call__)(model, subject.draw(1, 1)[0])  # what fails here, fails in its own words
    if not isinstance(given, Tensor):
        hint = "Say which tensor of it counts, as in step=lambda model, x: model(x)[0]."
        raise TypeError(f"a step must return one tensor, but {name} returned a {type(given).__name__}. {hint}")
    left_out = {name.replace(" ", "_") for name in without}
    if unknown := sorted(left_out - LAWS.keys()):
        raise ValueError(f"without must name laws, but {', '.join(map(repr, unknown))} is none. There are: {', '.join(LAWS)}.")
    laws = [law for law in LAWS.values() if law.name not in left_out and law.of(model)]
    breaches, cause = [], None
    with torch.random.fork_rng(devices=[]):
        for law in laws:
            for case, arguments in law.cases.items():
                try:
                    law(subject, *arguments)
                except Broken as broken:
                    breaches.append(Breach(law, case, str(broken)))
                except Exception as error:  # a model of somebody's own may raise whatever it likes
                    breaches.append(Breach(law, case, _told(error)))
                    cause = cause or error
    if breaches:
        raise ContractError(name, breaches, len(laws)) from cause
    return Report(name, tuple(law.title for law in laws))


def _told(error: Exception) -> str:
    """What went wrong, and in which function of the model's own."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith(_LIBRARIES)]
    place = f" (in {own[-1].name}, line {own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {error}{place}"
