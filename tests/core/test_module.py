import copy
import io
import pickle
import warnings

import pytest
import torch
from torch import nn

import snnlab as snn
from snnlab.core import checks
from snnlab.core.module import Module, changes, without_grad
from snnlab.core.quantity import Quantity, Setting
from snnlab.core.record import RecordTensor

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()


class Cell(Module):
    """A weight that is learned, a voltage and a history that a run leaves, a counter."""

    def __init__(self, batch=1):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3))
        self.register_buffer("adaptation_", torch.zeros(3))
        self.register_state("voltage_", torch.full((batch, 3), -65.0), -65.0)
        self.register_state("spike_", torch.zeros(batch, 3, dtype=torch.bool))
        self.spikes = RecordTensor(1.0, 2.0, shape=(batch, 3))
        self.register_extra("steps", 0)

    def forward(self, inputs):
        self.voltage_ = self.voltage_ + inputs * (1 + self.weight)
        self.spike_ = self.voltage_ > -60
        self.spikes.push(self.spike_)
        self.steps += 1
        return self.voltage_


class Net(Module):
    """Cells in a container of torch."""

    def __init__(self, batch=1):
        super().__init__()
        self.cells = nn.ModuleDict({"a": Cell(batch), "b": Cell(batch)})
        self.pipeline = nn.Sequential(nn.Linear(3, 3), Cell(batch))


def run(net, steps=4):
    with torch.no_grad():
        for step in range(steps):
            for cell in (module for module in net.modules() if isinstance(module, Cell)):
                cell(torch.full((cell.voltage_.shape[0], 3), 2.0 + step))
    return net


def state_of(net):
    return {name: value.clone() if isinstance(value, torch.Tensor) else value for name, value in net.state_dict().items()}


def alike(one, other):
    assert one.keys() == other.keys()
    for name in one:
        assert torch.equal(one[name], other[name]) if isinstance(one[name], torch.Tensor) else one[name] == other[name], name


# ---------------------------------------------------------------------------------------------------------------------------- clear


def test_loading_leaves_the_state_that_someone_holds_as_it_was():
    module = Module()
    module.register_state("total_", torch.zeros(1, 2))
    held = module.total_
    module.load_state_dict({"total_": torch.ones(1, 2)})
    assert (held.tolist(), module.total_.tolist()) == ([[0.0, 0.0]], [[1.0, 1.0]])


def test_clear_brings_everything_a_run_leaves_to_rest_also_inside_containers_of_torch():
    net = run(Net())
    net.cells["a"].adaptation_.fill_(3.0)
    net.clear(keep_adaptations=True)  # a keyword meant for others is ignored
    for cell in (net.cells["a"], net.cells["b"], net.pipeline[1]):
        assert cell.voltage_.tolist() == [[-65.0] * 3]
        assert not cell.spike_.any()
        assert cell.spike_.dtype == torch.bool
        assert not cell.spikes.value.any()
    assert net.cells["a"].adaptation_.tolist() == [3.0] * 3


def test_clear_passes_keywords_on_to_submodules():
    class Adaptive(Module):
        def clear(self, keep=True, **kwargs):
            super().clear(**kwargs)
            self.kept = keep

    outer = Module()
    outer.inner = nn.ModuleList([Adaptive()])
    outer.clear(keep=False, other=1)
    assert outer.inner[0].kept is False


def test_any_other_method_refuses_an_unknown_keyword():
    with pytest.raises(TypeError, match="keep"):
        Cell()(torch.zeros(1, 3), keep=True)


def test_clear_does_not_reach_into_the_graph_of_the_past():
    cell = Cell()
    cell.spikes.inplace = False
    before = cell(torch.ones(1, 3))
    cell.clear()
    before.sum().backward()
    assert cell.weight.grad.tolist() == [1.0, 1.0, 1.0]
    assert not cell.voltage_.requires_grad


def test_resized_states_are_at_rest():
    cell = run(Cell())
    cell.resize_states(4)
    assert cell.voltage_.tolist() == [[-65.0] * 3] * 4
    assert (cell.spike_.shape, cell.spike_.dtype) == ((4, 3), torch.bool)


# ---------------------------------------------------------------------------------------------------------------------------- graph


def test_detach_cuts_the_graph_behind_every_state_and_keeps_the_values():
    net = Net()
    net.cells["a"](torch.ones(1, 3))
    assert net.cells["a"].voltage_.requires_grad
    net.detach_()
    assert not any(buffer.requires_grad for buffer in net.buffers())
    assert net.cells["a"].voltage_.tolist() == [[-64.0] * 3]
    assert net.cells["a"].weight.requires_grad


# ---------------------------------------------------------------------------------------------------------------------------- copies


def through_a_file(module):
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module)), through_a_file])
def test_a_copy_in_the_middle_of_a_run_is_independent_and_has_no_graph(way):
    cell = Cell()
    cell.spikes.inplace = False
    cell(torch.ones(1, 3))
    copied = way(cell)
    alike(state_of(copied), state_of(cell))
    assert cell.voltage_.requires_grad
    assert not copied.voltage_.requires_grad
    run(copied)
    assert cell.voltage_.tolist() == [[-64.0] * 3]
    assert (cell.steps, copied.steps) == (1, 5)
    with torch.no_grad():
        copied.weight.fill_(1)
    assert cell.weight.tolist() == [0, 0, 0]


class Follow:
    """A hook that says whether it stays behind, as hooks of monitors do."""

    def __init__(self, stays_behind):
        self.stays_behind = stays_behind

    def __call__(self, *_):
        pass


@pytest.mark.parametrize("register", ["register_forward_hook", "register_forward_pre_hook"])
@pytest.mark.parametrize("stays_behind", [True, False])
def test_copies_leave_hooks_of_monitors_behind_and_take_the_others(register, stays_behind):
    cell = Cell()
    getattr(cell, register)(Follow(stays_behind))
    for copied in (copy.deepcopy(cell), pickle.loads(pickle.dumps(cell))):
        assert len(copied._forward_hooks) + len(copied._forward_pre_hooks) == (0 if stays_behind else 1)
        run(copied)
    assert len(cell._forward_hooks) + len(cell._forward_pre_hooks) == 1


# ----------------------------------------------------------------------------------------------------------------------------- files


def test_a_state_holds_what_was_learned_what_a_run_left_and_the_counters_once_each():
    assert list(Cell().state_dict()) == ["weight", "adaptation_", "voltage_", "spike_", "_extra_state", "spikes.observations"]
    assert list(Module().state_dict()) == []


def test_a_run_resumes_bit_for_bit():
    straight, first, second = run(Net(), 7), run(Net(), 4), Net()
    second.pipeline[0].load_state_dict(straight.pipeline[0].state_dict())
    state = first.state_dict() | {name: value for name, value in straight.state_dict().items() if "pipeline.0" in name}
    second.load_state_dict(state)
    with torch.no_grad():
        for step in range(4, 7):
            for cell in (module for module in second.modules() if isinstance(module, Cell)):
                cell(torch.full((1, 3), 2.0 + step))
    alike(state_of(second), state_of(straight))


def test_a_saved_state_survives_a_file_that_holds_weights_only():
    file, net = io.BytesIO(), run(Net())
    torch.save(net.state_dict(), file)
    file.seek(0)
    resumed = Net()
    resumed.load_state_dict(torch.load(file, weights_only=True))
    alike(state_of(resumed), state_of(net))
    assert resumed.cells["a"].steps == 4


def test_loading_merges_counters_and_keeps_those_that_were_not_saved():
    cell = run(Cell(), 3)
    state = cell.state_dict()
    state["_extra_state"] = {"unknown": 5}
    cell.load_state_dict(state)
    assert cell.steps == 3
    del state["_extra_state"]
    cell.load_state_dict(state)
    assert cell.steps == 3


def test_another_batch_size_loads_what_was_learned_leaves_the_run_at_rest_and_warns_once():
    saved, net = run(Net(batch=2)), run(Net(batch=5))
    with torch.no_grad():
        saved.cells["b"].weight.fill_(7.0)
    saved.cells["b"].adaptation_.fill_(8.0)
    state = saved.state_dict()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        net.load_state_dict(state)
    assert len(warned) == 1
    message = str(warned[0].message)
    assert "The saved run was of another batch size" in message
    assert all(name in message for name in ("cells.a.voltage_", "cells.b.spike_", "pipeline.1.spikes.observations"))
    assert warned[0].filename == __file__
    assert net.cells["b"].weight.tolist() == [7.0] * 3
    assert net.cells["b"].adaptation_.tolist() == [8.0] * 3
    assert net.cells["b"].voltage_.tolist() == [[-65.0] * 3] * 5
    assert not net.pipeline[1].spikes.value.any()
    assert net.pipeline[1].spikes.shape == (5, 3)
    alike(state, saved.state_dict())  # the caller's state is not changed


def test_the_same_batch_size_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Net(batch=2).load_state_dict(run(Net(batch=2)).state_dict())


def test_a_state_of_another_shape_is_an_error_as_in_torch():
    state = Cell().state_dict() | {"voltage_": torch.zeros(1, 4)}
    with pytest.raises(RuntimeError, match="size mismatch for voltage_"):
        Cell().load_state_dict(state)


@pytest.mark.parametrize("device", DEVICES)
def test_a_module_moves_to_a_dtype_and_a_device(device):
    net = run(Net()).to(device, torch.float16)
    assert {buffer.device.type for buffer in net.buffers()} == {device}
    assert net.cells["a"].voltage_.dtype == torch.float16
    assert net.cells["a"].spike_.dtype == torch.bool
    net.clear()
    assert net.cells["a"].voltage_.dtype == torch.float16


# --------------------------------------------------------------------------------------------------------------------------- settings


class Range(Module):
    low = Setting(checks.number, Quantity("mV", -100.0, 0.0, "lower end"))
    high = Setting(checks.number, Quantity("mV", -100.0, 0.0, "upper end"))

    def __init__(self, low=-70.0, high=-50.0):
        super().__init__()
        self.configure(low=low, high=high)

    def check_settings(self):
        if not self.low < self.high:
            raise ValueError(f"low must be below high, but low is {self.low} and high is {self.high}")


def test_settings_that_must_fit_each_other_change_together_or_not_at_all():
    pair = Range()
    with pytest.raises(ValueError, match=r"low must be below high, but low is -40.0 and high is -50.0"):
        pair.low = -40.0
    assert (pair.low, pair.high) == (-70.0, -50.0)
    with pytest.raises(TypeError, match="high must be a number in mV"):
        pair.configure(low=-80.0, high="high")
    assert (pair.low, pair.high) == (-70.0, -50.0)
    pair.configure(low=-40.0, high=-30.0)
    assert (pair.low, pair.high) == (-40.0, -30.0)


def test_an_unknown_setting_is_named():
    with pytest.raises(AttributeError, match="hihg"):
        Range().configure(hihg=1.0)


def test_a_class_lists_the_quantities_of_its_settings_and_those_it_inherits():
    class Wider(Range):
        width = Setting(checks.positive, Quantity("mV", 1.0, 9.0, "width"))
        mode = Setting(checks.text)

    assert list(Wider.quantities) == ["low", "high", "width"]
    assert list(Range.quantities) == ["low", "high"]
    assert Module.quantities == {}


def test_a_tensor_given_to_a_property_reaches_the_property():
    class Owner(Module):
        @property
        def value(self):
            return self._value

        @value.setter
        def value(self, value):
            self._value = value + 1

    owner = Owner()
    owner.value = nn.Parameter(torch.zeros(1), requires_grad=False)
    assert owner.value.item() == 1
    assert list(owner.parameters()) == []


# ------------------------------------------------------------------------------------------------------------ calls, and what changes


HOOKS = {
    "forward": lambda cell, note: cell.register_forward_hook(lambda *_: note("after")),
    "pre": lambda cell, note: cell.register_forward_pre_hook(lambda *_: note("before")),
    "backward": lambda cell, note: cell.register_full_backward_hook(lambda *_: note("backward")),
    "before backward": lambda cell, note: cell.register_full_backward_pre_hook(lambda *_: note("backward")),
    "every forward": lambda cell, note: nn.modules.module.register_module_forward_hook(lambda *_: note("after")),
    "every pre": lambda cell, note: nn.modules.module.register_module_forward_pre_hook(lambda *_: note("before")),
    "every backward": lambda cell, note: nn.modules.module.register_module_full_backward_hook(lambda *_: note("backward")),
    "every before backward": lambda cell, note: nn.modules.module.register_module_full_backward_pre_hook(lambda *_: note("backward")),
}


@pytest.mark.parametrize("hook", HOOKS)
def test_a_call_runs_every_hook_that_there_is(hook):
    cell, said = Cell(), []
    handle = HOOKS[hook](cell, said.append)
    try:
        cell(torch.ones(1, 3, requires_grad=True)).sum().backward()
    finally:
        handle.remove()
    assert said == [{"forward": "after", "pre": "before"}.get(hook.split()[-1], "backward")]
    cell(torch.ones(1, 3))
    assert len(said) == 1


def test_a_call_without_hooks_passes_everything_on():
    class Passes(Module):
        def forward(self, *args, **kwargs):
            return args, kwargs

    assert Passes()(1, 2, three=3) == ((1, 2), {"three": 3})


def test_a_compiled_module_runs_what_was_compiled():
    cell = Cell()
    cell._compiled_call_impl = lambda inputs: "compiled"  # where torch.compile puts it
    assert cell(torch.ones(1, 3)) == "compiled"


@pytest.mark.parametrize(
    ("change", "counts"),
    [
        (lambda cell: cell(torch.ones(1, 3)), True),  # its step counter is an attribute
        (lambda cell: setattr(cell, "note", 1), True),
        (lambda cell: cell.to(torch.float64), True),
        (lambda cell: cell.eval(), True),
        (lambda cell: cell.spikes.push(torch.ones(1, 3)), False),
        (lambda cell: setattr(cell, "voltage_", torch.zeros(1, 3)), False),
        (lambda cell: cell.set_states(voltage_=torch.zeros(1, 3)), False),
        (lambda cell: cell.voltage_.add_(1), False),
    ],
)
def test_changes_of_anything_but_states_are_counted(change, counts):
    cell = Cell()
    cell.spikes.push(torch.zeros(1, 3))
    before = changes()
    change(cell)
    assert (changes() != before) == counts


def test_a_setting_that_is_set_is_a_change():
    neuron = snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
    for change in (
        lambda: setattr(neuron, "thresh_v", -55.0),
        lambda: neuron.configure(rest_v=-60.0),
        lambda: setattr(neuron, "batchsz", 2),
    ):
        before = changes()
        change()
        assert changes() != before


@pytest.mark.parametrize("recording", [True, False])
def test_without_grad_records_nothing_and_leaves_the_mode_as_it_was(recording):
    @without_grad
    def double(x):
        """Twice."""
        return 2 * x, torch.is_grad_enabled()

    with torch.set_grad_enabled(recording):
        doubled, inside = double(torch.ones(1, requires_grad=True))
        assert torch.is_grad_enabled() == recording
    assert (doubled.requires_grad, inside, double.__doc__) == (False, False, "Twice.")


def test_hooks_hear_what_came_out_in_their_order_and_may_change_it():
    class Adds(Module):
        def forward(self, x, *, more=0):
            return x + more

    module, heard = Adds(), []
    module.register_forward_hook(lambda module, args, out: heard.append((module, args, out)))
    once = module.register_forward_hook(lambda module, args, out: (once.remove(), 10 * out)[1])
    module.register_forward_hook(lambda module, args, out: out + 0.5)
    assert module(1, more=2) == 30.5
    assert module(1, more=2) == 3.5
    assert heard == [(module, (1,), 3), (module, (1,), 3)]
    module.register_forward_hook(lambda module, args, kwargs, out: kwargs, with_kwargs=True)
    assert module(1, more=2) == {"more": 2}


def test_a_hook_that_is_always_called_is_called_after_an_error_too():
    class Fails(Module):
        def forward(self):
            raise ArithmeticError

    module, heard = Fails(), []
    module.register_forward_hook(lambda *_: heard.append(1), always_call=True)
    with pytest.raises(ArithmeticError):
        module()
    assert heard == [1]
