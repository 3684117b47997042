"""The laws that every synapse, neuron, connection and layer keeps; the models are in `contract.py`."""

import copy
import inspect
import io
import math
import pickle
import sys
import warnings
from pathlib import Path

import pytest
import torch

import snnlab as snn

sys.path.insert(0, str(Path(__file__).parent))
from contract import SUBJECTS

sys.path.pop(0)

every_model = pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS)
BATCH, STEPS = 3, 25


def state(model):
    return {key: value.clone() if isinstance(value, torch.Tensor) else value for key, value in model.state_dict().items()}


def assert_same_state(a, b):
    assert a.keys() == b.keys()
    for key, value in a.items():
        assert torch.equal(value, b[key]) if isinstance(value, torch.Tensor) else value == b[key], key


@pytest.mark.parametrize(
    "kind",
    [
        each
        for each in (getattr(snn, name) for name in snn.__all__)
        if inspect.isclass(each) and issubclass(each, snn.Synapse | snn.Neuron | snn.Connection | snn.Layer)
    ],
)
def test_every_model_that_is_public_is_under_the_contract(kind):
    if inspect.isabstract(kind):
        return
    parts = [module for subject in SUBJECTS.values() for module in subject.build(1).modules()]
    assert any(type(part) is kind for part in parts)


# ----------------------------------------------------------------------------------------------------------------------- the run


@every_model
def test_the_same_inputs_give_the_same_outputs(subject):
    inputs = subject.draw(STEPS, BATCH)
    torch.manual_seed(1)
    first = subject.run(subject.build(BATCH), inputs)
    before = torch.random.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(subject.run(subject.build(BATCH), inputs), first)
    assert first.any()
    model = subject.build(BATCH)
    torch.random.set_rng_state(before)
    subject.run(model, inputs)
    assert torch.equal(torch.random.get_rng_state(), before)


@every_model
def test_a_step_leaves_its_arguments_as_they_were(subject):
    inputs = subject.draw(STEPS, BATCH)
    before = inputs.clone()
    subject.run(subject.build(BATCH), inputs)
    assert torch.equal(inputs, before)


@every_model
def test_what_a_step_returned_is_not_changed_by_the_next(subject):
    model, inputs = subject.build(BATCH), subject.draw(6, BATCH)
    kept = [subject.run(model, each.unsqueeze(0))[0] for each in inputs]
    one = torch.stack([each.clone() for each in kept])
    assert torch.equal(subject.run(subject.build(BATCH), inputs), one)


@every_model
def test_samples_do_not_touch_each_other(subject):
    # In evaluation mode: a threshold that adapts is shared by the batch, and is meant to be.
    inputs, others = subject.draw(STEPS, BATCH), subject.draw(STEPS, BATCH, seed=7)
    others[:, 1] = inputs[:, 1]
    a, b = (subject.run(subject.build(BATCH).eval(), each) for each in (inputs, others))
    assert torch.equal(a[:, 1], b[:, 1])
    assert not torch.equal(a, b)
    alone = subject.run(subject.build(1).eval(), inputs[:, 1:2])
    torch.testing.assert_close(alone[:, 0], a[:, 1], rtol=1e-5, atol=1e-5)


@every_model
def test_the_first_step_of_training_sees_no_adaptation(subject):
    inputs = subject.draw(1, BATCH)
    assert torch.equal(subject.run(subject.build(BATCH), inputs), subject.run(subject.build(BATCH).eval(), inputs))


# --------------------------------------------------------------------------------------------------------------------- the state


@every_model
def test_clear_restores_the_state_after_construction(subject):
    model, inputs = subject.build(BATCH), subject.draw(STEPS, BATCH)
    rest = state(model)
    first = subject.run(model, inputs)
    model.clear(keep_adaptations=False)
    assert_same_state(state(model), rest)
    assert torch.equal(subject.run(model, inputs), first)


@every_model
def test_clear_takes_words_that_are_meant_for_others_and_keeps_what_was_learned(subject):
    model = subject.build(BATCH)
    subject.run(model, subject.draw(STEPS, BATCH))
    learned = {key: value for key, value in state(model).items() if "threshold_adaptation_" in key or key.endswith("weight_")}
    model.clear(meant_for_another=True)
    assert_same_state({key: state(model)[key] for key in learned}, learned)


@every_model
def test_a_saved_state_goes_on_bit_for_bit_in_the_middle_of_a_run(subject):
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
    assert_same_state(state(fresh), state(model))
    assert torch.equal(subject.run(fresh, inputs[11:]), subject.run(model, inputs[11:]))


@every_model
def test_what_was_learned_loads_into_another_batch_size(subject):
    model, other = subject.build(BATCH), subject.build(2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(0.5)
    subject.run(model, subject.draw(STEPS, BATCH))
    rest = state(other)
    subject.run(other, subject.draw(4, 2))
    with pytest.warns(UserWarning, match="The saved run was of another batch size: .* left at rest") as caught:
        other.load_state_dict(model.state_dict())
    assert len(caught) == 1
    parameters = {name for name, _ in model.named_parameters()}
    learned = {key for key in rest if key in parameters or "threshold_adaptation_" in key}
    assert_same_state({key: value for key, value in state(other).items() if key in learned}, {key: state(model)[key] for key in learned})
    assert_same_state(
        {key: value for key, value in state(other).items() if key not in learned}, {k: v for k, v in rest.items() if k not in learned}
    )
    subject.run(other, subject.draw(4, 2))


@every_model
def test_loading_leaves_the_state_dict_as_it_was(subject):
    model = subject.build(BATCH)
    subject.run(model, subject.draw(STEPS, BATCH))
    saved = model.state_dict()
    before = {key: value.clone() for key, value in saved.items() if isinstance(value, torch.Tensor)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        subject.build(2).load_state_dict(saved)
    other = subject.build(BATCH)
    other.load_state_dict(saved)
    subject.run(other, subject.draw(4, BATCH))
    assert all(torch.equal(saved[key], value) for key, value in before.items())


@every_model
def test_another_batch_size_starts_from_rest(subject):
    model = subject.build(BATCH).eval()
    subject.run(model, subject.draw(STEPS, BATCH))
    model.batchsz = 2
    assert model.batchsz == 2
    inputs = subject.draw(STEPS, 2)
    torch.testing.assert_close(subject.run(model, inputs), subject.run(subject.build(2).eval(), inputs))


# ------------------------------------------------------------------------------------------------------------ copies and devices


def by_torch(model):
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model)), "torch.save": by_torch}


@every_model
@pytest.mark.parametrize("twin_of", COPIES.values(), ids=COPIES)
def test_a_copy_goes_on_alone(subject, twin_of):
    model, inputs, others = subject.build(BATCH), subject.draw(STEPS, BATCH), subject.draw(STEPS, BATCH, seed=8)
    subject.run(model, inputs[:11])
    twin, rival = twin_of(model), twin_of(model)
    before = state(model)
    subject.run(rival, others)
    with torch.no_grad():
        for parameter in rival.parameters():
            parameter.zero_()
    assert_same_state(state(model), before)
    assert_same_state(state(twin), before)
    assert torch.equal(subject.run(twin, inputs[11:]), subject.run(model, inputs[11:]))


@pytest.mark.filterwarnings("ignore:A gradient is wanted for delay")
@every_model
def test_a_copy_can_be_made_of_a_model_whose_state_carries_a_graph(subject):
    model, inputs = subject.build(BATCH), subject.draw(4, BATCH)
    for module in model.modules():
        if isinstance(module, snn.Synapse):
            module.inplace = False
    for parameter in model.parameters():
        parameter.requires_grad_()
    if not subject.spikes:
        inputs = inputs.requires_grad_()
    subject.run(model, inputs)
    twin = copy.deepcopy(model)
    assert not any(buffer.requires_grad for buffer in twin.buffers())
    model.detach_()
    assert not any(buffer.requires_grad for buffer in model.buffers())
    assert_same_state(state(twin), state(model))


@every_model
def test_in_double_precision_it_goes_on_and_stays_double(subject):
    model, inputs = subject.build(BATCH).eval(), subject.draw(STEPS, BATCH)
    first = subject.run(model, inputs[:11])
    model.to(torch.float64)
    assert {buffer.dtype for buffer in model.buffers() if buffer.is_floating_point()} <= {torch.float64}
    second = subject.run(model, inputs[11:])
    assert second.dtype in (torch.float64, torch.bool)
    expected = subject.run(subject.build(BATCH).eval(), inputs)
    torch.testing.assert_close(torch.cat((first.double(), second.double())), expected.double(), rtol=1e-4, atol=1e-4)
    model.clear(keep_adaptations=False)
    model.batchsz = 2
    assert subject.run(model, subject.draw(STEPS, 2)).dtype == second.dtype
    assert {buffer.dtype for buffer in model.buffers() if buffer.is_floating_point()} <= {torch.float64}


@every_model
def test_everything_moves_to_another_device(subject):
    model = subject.build(BATCH)
    subject.run(model, subject.draw(4, BATCH))
    model.to("meta")  # a device that every machine has: tensors without values
    assert {each.device.type for each in (*model.parameters(), *model.buffers())} == {"meta"}
    left = [
        f"{type(module).__name__}.{name}"
        for module in model.modules()
        for name, value in vars(module).items()
        if isinstance(value, torch.Tensor) and value.device.type != "meta"
    ]
    assert left == []


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@every_model
def test_on_a_gpu_it_gives_what_it_gives_on_the_cpu(subject):
    model, inputs = subject.build(BATCH).eval(), subject.draw(STEPS, BATCH)
    first = subject.run(model, inputs[:11])
    model.to("cuda")
    second = subject.run(model, inputs[11:].to("cuda")).cpu()
    expected = subject.run(subject.build(BATCH).eval(), inputs)
    torch.testing.assert_close(torch.cat((first, second)).float(), expected.float(), rtol=1e-4, atol=1e-4)


@every_model
def test_it_can_be_printed(subject):
    assert "batchsz=3" in repr(subject.build(BATCH))


# --------------------------------------------------------------------------------------------------------------------- bad input


BAD = {
    "a wrong shape": (
        lambda good: good[:, :-1],
        ValueError,
        r"(inputs|x)\b.* must be of shape \(3(, \d)+\).*, but is of shape \(3(, \d)+\)",
    ),
    "a wrong batch": (lambda good: good[:-1], ValueError, r"(inputs|x)\b.* must be of shape .* but is of shape \(2(, \d)+\).* Set batchsz"),
    "no batch": (lambda good: good[0], ValueError, r"(inputs|x)\b.* must be of shape"),
    "NaN": (
        lambda good: torch.full(good.shape, math.nan),
        ValueError,
        r"(inputs|x)\b.* must be finite in every element, but is NaN or infinite in",
    ),
    "infinity": (lambda good: torch.full(good.shape, math.inf), ValueError, r"(inputs|x)\b.* must be finite in every element"),
    "a list": (lambda good: good.tolist(), TypeError, r"(inputs|x)\b.* must be a torch.Tensor, but is .* Wrap it with torch.as_tensor"),
}


@every_model
@pytest.mark.parametrize(("spoil", "error", "words"), BAD.values(), ids=BAD)
def test_a_bad_input_is_refused_and_leaves_the_state_as_it_was(subject, spoil, error, words):
    model, inputs = subject.build(BATCH), subject.draw(12, BATCH)
    subject.run(model, inputs[:11])
    before = state(model)
    with pytest.raises(error, match=words):
        subject.run(model, [spoil(inputs[11])])
    assert_same_state(state(model), before)
    subject.run(model, inputs[11:])


@every_model
def test_an_unknown_keyword_is_refused_and_leaves_the_state_as_it_was(subject):
    model, good = subject.build(BATCH), subject.draw(1, BATCH)[0]
    before = state(model)
    with pytest.raises(TypeError, match="spelled_wrong"):
        model({"feed": (good,)} if type(model).__name__ == "Recurrent" else good, spelled_wrong=1)
    assert_same_state(state(model), before)


@every_model
def test_no_input_at_all_is_refused(subject):
    with pytest.raises(TypeError):
        subject.build(BATCH)()


@every_model
@pytest.mark.parametrize("value", [0, -1, 1.5, "two", None, True])
def test_a_batch_size_that_cannot_be_is_refused(subject, value):
    model = subject.build(BATCH)
    with pytest.raises((ValueError, TypeError), match="batchsz must be a whole number"):
        model.batchsz = value
    assert model.batchsz == BATCH
    subject.run(model, subject.draw(2, BATCH))
