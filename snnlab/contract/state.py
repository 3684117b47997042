"""Laws of the state: a run's state goes with `clear`, is saved whole, and has a batch size; what was learned outlives all three."""

import io
import re
import warnings
from typing import Any

import torch

from snnlab.contract.law import BATCH, STEPS, Broken, keep_same, keep_same_state, law, snapshot
from snnlab.contract.subject import Subject

_AT_REST = "The saved run was of another batch size: .* left at rest"


@law()
def clear_restores_the_state_after_construction(subject: Subject) -> None:
    """After `clear(keep_adaptations=False)` a model is as it was when it was built, and does the same again.

    Declare what a run changes with register_state(name, tensor, rest), or keep it in a history: clear then finds it.
    """
    model, inputs = subject.build(BATCH), subject.draw(STEPS, BATCH)
    rest = snapshot(model)
    first = subject.run(model, inputs)
    model.clear(keep_adaptations=False)
    keep_same_state("after clear()", snapshot(model), rest)
    keep_same("the output after clear()", subject.run(model, inputs), first)


@law()
def clear_takes_words_that_are_meant_for_others_and_keeps_what_was_learned(subject: Subject) -> None:
    """`clear` is passed on through a whole network: it takes any keyword, and without keep_adaptations=False learned values stay.

    Write def clear(self, **kwargs) and call super().clear(**kwargs).
    """
    model = subject.build(BATCH)
    subject.run(model, subject.draw(STEPS, BATCH))
    learned = {key: value for key, value in snapshot(model).items() if "threshold_adaptation_" in key or key.endswith("weight_")}
    model.clear(meant_for_another=True)
    after = snapshot(model)
    keep_same_state("after clear(meant_for_another=True)", {key: after[key] for key in learned}, learned)


@law()
def a_saved_state_goes_on_bit_for_bit_in_the_middle_of_a_run(subject: Subject) -> None:
    """A state that is saved in the middle of a run and loaded into another model goes on as if nothing had happened.

    Declare all that the next step needs with register_state or register_extra: plain attributes are not saved.
    """
    model, inputs = subject.build(BATCH), subject.draw(STEPS, BATCH)
    subject.run(model, inputs[:11])
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    fresh = subject.build(BATCH)
    subject.run(fresh, subject.draw(4, BATCH, seed=5))  # it has run something else before
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh.load_state_dict(torch.load(file, weights_only=True))
    keep_same_state("after loading", snapshot(fresh), snapshot(model))
    keep_same(
        "the output of a run that was saved, loaded and gone on with", subject.run(fresh, inputs[11:]), subject.run(model, inputs[11:])
    )


@law()
def what_was_learned_loads_into_another_batch_size(subject: Subject) -> None:
    """A state that was saved with another batch size brings what was learned; the run's state stays at rest, with one warning.

    Declare what a run changes with register_state, whose first axis is the batch; a plain register_buffer counts as learned.
    """
    model, other = subject.build(BATCH), subject.build(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.5)
    subject.run(model, subject.draw(STEPS, BATCH))
    rest, saved = snapshot(other), snapshot(model)
    subject.run(other, subject.draw(4, 2))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        other.load_state_dict(model.state_dict())
    told = [str(each.message) for each in caught]
    if len(told) != 1 or not re.search(_AT_REST, told[0]):
        raise Broken(f"loading should warn once that the run's state was left at rest, but said {told or 'nothing'}.")
    parameters = {name for name, _ in model.named_parameters()}
    wanted = {key: saved[key] if key in parameters or "threshold_adaptation_" in key else value for key, value in rest.items()}
    keep_same_state("after loading a state of another batch size", snapshot(other), wanted)
    subject.run(other, subject.draw(4, 2))


@law()
def loading_leaves_the_state_dict_as_it_was(subject: Subject) -> None:
    """A saved state may be loaded again and again: neither loading nor the run after it changes it.

    Copy what you load, and write to no tensor that was handed to you.
    """
    model = subject.build(BATCH)
    subject.run(model, subject.draw(STEPS, BATCH))
    saved = model.state_dict()
    before: dict[str, Any] = {key: value.clone() for key, value in saved.items() if isinstance(value, torch.Tensor)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject.build(2).load_state_dict(saved)
    other = subject.build(BATCH)
    other.load_state_dict(saved)
    subject.run(other, subject.draw(4, BATCH))
    keep_same_state("after loading it", {key: saved[key] for key in before}, before)


@law()
def another_batch_size_starts_from_rest(subject: Subject) -> None:
    """After `model.batchsz = 2` a model runs two samples, from rest, as one that was built for two.

    Declare what a run changes with register_state, or keep it in a history: batchsz then finds it.
    """
    model = subject.build(BATCH).eval()
    subject.run(model, subject.draw(STEPS, BATCH))
    model.batchsz = 2
    if model.batchsz != 2:
        raise Broken(f"batchsz was set to 2, and is {model.batchsz!r}.")
    inputs = subject.draw(STEPS, 2)
    keep_same("the output after batchsz = 2", subject.run(model, inputs), subject.run(subject.build(2).eval(), inputs), 1e-5)


@law(cases={str(value): (value,) for value in (0, -1, 1.5, "two", None, True)})
def a_batch_size_that_cannot_be_is_refused(subject: Subject, value: Any) -> None:
    """A batch size is a whole number of at least 1; any other is refused by name, and nothing changes.

    Take batchsz from snn.BatchShapeMixin, as InfernoSynapse and InfernoNeuron do, and leave its setter alone.
    """
    model = subject.build(BATCH)
    try:
        model.batchsz = value
    except (ValueError, TypeError) as error:
        if "batchsz must be a whole number" not in str(error):
            raise Broken(f"batchsz = {value!r} was refused without the words 'batchsz must be a whole number': {error}") from error
    else:
        raise Broken(f"batchsz = {value!r} was taken.")
    if model.batchsz != BATCH:
        raise Broken(f"batchsz = {value!r} was refused, but batchsz is {model.batchsz!r} now, and was {BATCH}.")
    subject.run(model, subject.draw(2, BATCH))


@law()
def it_can_be_printed(subject: Subject) -> None:
    """A model that is printed says its batch size.

    Leave extra_repr alone, or add to what super().extra_repr() gives.
    """
    shown = repr(subject.build(BATCH))
    if f"batchsz={BATCH}" not in shown:
        raise Broken(f"print(model) shows no 'batchsz={BATCH}', but {shown}")
