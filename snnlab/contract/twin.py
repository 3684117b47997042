"""Laws of copies, precision and devices: a model is whole in a file, in a copy, in double precision and on another device."""

import copy
import io
import pickle
import warnings
from collections.abc import Callable

import torch
from torch import nn

from snnlab.contract.law import BATCH, STEPS, Broken, keep_same, keep_same_state, law, snapshot
from snnlab.contract.subject import Subject
from snnlab.core.record import RecordTensor
from snnlab.synapses import Synapse


def _pickled(model: nn.Module) -> nn.Module:
    return pickle.loads(pickle.dumps(model))


def _by_torch(model: nn.Module) -> nn.Module:
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@law(cases={"deepcopy": (copy.deepcopy,), "pickle": (_pickled,), "torch.save": (_by_torch,)})
def a_copy_goes_on_alone(subject: Subject, twin_of: Callable[[nn.Module], nn.Module]) -> None:
    """A copy, a pickle and a saved model go on by themselves: nothing that one does is felt by the other.

    Keep state on the object, not on its class. pickle keeps what it finds by name: no lambda, and no class inside a function.
    """
    model, inputs, others = subject.build(BATCH), subject.draw(STEPS, BATCH), subject.draw(STEPS, BATCH, seed=8)
    subject.run(model, inputs[:11])
    twin, rival = twin_of(model), twin_of(model)
    before = snapshot(model)
    subject.run(rival, others)
    with torch.no_grad():
        for parameter in rival.parameters():
            parameter.zero_()
    keep_same_state("after a copy has run", snapshot(model), before)
    keep_same_state("after another copy has run", snapshot(twin), before)
    keep_same("the output of a copy", subject.run(twin, inputs[11:]), subject.run(model, inputs[11:]))


@law()
def a_copy_can_be_made_of_a_model_whose_state_carries_a_graph(subject: Subject) -> None:
    """In the middle of training by gradient a model can be copied, and its graph can be cut by `detach_`.

    Keep tensors in buffers (register_state), which are copied without their graph, and not in plain attributes.
    """
    model, inputs = subject.build(BATCH), subject.draw(4, BATCH)
    for module in model.modules():
        if isinstance(module, Synapse | RecordTensor):
            module.inplace = False
    for parameter in model.parameters():
        parameter.requires_grad_()
    if not subject.spikes:
        inputs = inputs.requires_grad_()
    with torch.enable_grad(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "A gradient is wanted for delay")
        subject.run(model, inputs)
    twin = copy.deepcopy(model)
    model.detach_()
    for what, each in (("a copy", twin), ("a model after detach_()", model)):
        held = [name for name, buffer in each.named_buffers() if buffer.requires_grad]
        if held:
            raise Broken(f"{what} still holds the graph of {', '.join(held)}.")
    keep_same_state("after detach_()", snapshot(model), snapshot(twin))


@law()
def in_double_precision_it_goes_on_and_stays_double(subject: Subject) -> None:
    """After `model.to(torch.float64)` a run goes on in double precision, and stays there after clear and another batch size.

    Make new tensors like present ones (torch.zeros_like, new_full), and let numbers be Python's own, which take any precision.
    """
    model, inputs = subject.build(BATCH).eval(), subject.draw(STEPS, BATCH)
    first = subject.run(model, inputs[:11])
    model.to(torch.float64)
    _keep_double("to(torch.float64)", model)
    second = subject.run(model, inputs[11:])
    if second.dtype not in (torch.float64, torch.bool):
        raise Broken(f"a step of a model in double precision returned {second.dtype}.")
    expected = subject.run(subject.build(BATCH).eval(), inputs)
    found = torch.cat((first.double(), second.double()))
    keep_same("the output of a run that went on in double precision", found, expected, 1e-4)
    model.clear(keep_adaptations=False)
    model.batchsz = 2
    again = subject.run(model, subject.draw(STEPS, 2))
    if again.dtype != second.dtype:
        raise Broken(f"after clear() and batchsz = 2 a step returned {again.dtype}, and {second.dtype} before.")
    _keep_double("clear() and batchsz = 2", model)


def _keep_double(when: str, model: nn.Module) -> None:
    single = [name for name, buffer in model.named_buffers() if buffer.is_floating_point() and buffer.dtype != torch.float64]
    if single:
        raise Broken(f"after {when}, {', '.join(single)} is not in double precision.")


@law()
def everything_moves_to_another_device(subject: Subject) -> None:
    """`model.to(device)` moves every tensor of a model.

    Declare tensors with register_state or register_buffer: plain attributes stay behind.
    """
    model = subject.build(BATCH)
    subject.run(model, subject.draw(4, BATCH))
    model.to("meta")  # a device that every machine has: tensors without values
    held = {f"{type(module).__name__}.{name}": value for module in model.modules() for name, value in vars(module).items()}
    held |= dict([*model.named_parameters(), *model.named_buffers()])
    left = [name for name, value in held.items() if isinstance(value, torch.Tensor) and value.device.type != "meta"]
    if left:
        raise Broken(f"these tensors stayed behind: {', '.join(left)}.")


@law(of=lambda model: torch.cuda.is_available())
def on_a_gpu_it_gives_what_it_gives_on_the_cpu(subject: Subject) -> None:
    """A run that goes on on a GPU gives what it would have given, up to rounding.

    Make new tensors like present ones (torch.zeros_like, new_full): torch.zeros alone makes them on the CPU.
    """
    model, inputs = subject.build(BATCH).eval(), subject.draw(STEPS, BATCH)
    first = subject.run(model, inputs[:11])
    model.to("cuda")
    second = subject.run(model, inputs[11:].to("cuda")).cpu()
    expected = subject.run(subject.build(BATCH).eval(), inputs)
    keep_same("the output of a run that went on on the GPU", torch.cat((first, second)).float(), expected.float(), 1e-4)
