import pytest
import torch

from snnlab.core.mixins import BatchShapeMixin, DelayedMixin
from snnlab.core.module import Module
from snnlab.core.record import RecordTensor


class Shaped(BatchShapeMixin, Module):
    def __init__(self, shape, batch_size=1):
        Module.__init__(self)
        BatchShapeMixin.__init__(self, shape, batch_size)
        self.register_state("voltage_", torch.full(self.batchedshape, -65.0), -65.0)
        self.spikes = RecordTensor(1.0, 2.0, shape=self.batchedshape, fill=2.0)
        self.empty = RecordTensor(1.0, 2.0)
        self.part = Module()
        self.part.register_state("trace_", torch.zeros(self.batchedshape))


class Delayed(DelayedMixin, Module):
    def __init__(self, step_time, delay):
        Module.__init__(self)
        DelayedMixin.__init__(self, step_time, delay)
        self.spikes = RecordTensor(self.dt, self.delay, shape=(1, 2))
        self.currents = RecordTensor(self.dt, self.delay, shape=(1, 2), inplace=False)
        self.register_state("voltage_", torch.zeros(1, 2))


def used(module):
    with torch.no_grad():
        for state in (module.voltage_, module.spikes):
            state.push(torch.ones(state.shape)) if isinstance(state, RecordTensor) else state.fill_(1.0)
    return module


# ---------------------------------------------------------------------------------------------------------------------------- shape


@pytest.mark.parametrize(
    ("shape", "sizes", "count"), [(3, (3,), 3), ((3,), (3,), 3), ([2, 3], (2, 3), 6), (torch.Size((2, 1, 3)), (2, 1, 3), 6)]
)
def test_a_shape_is_a_tuple_and_an_int_becomes_one(shape, sizes, count):
    module = Shaped(shape, 4)
    assert (module.shape, module.count, module.batchsz, module.batchedshape) == (sizes, count, 4, (4, *sizes))


@pytest.mark.parametrize(
    ("shape", "batch", "kind", "words"),
    [
        (0, 1, ValueError, "every size in shape must be a whole number of at least 1, but is 0"),
        ((2, -1), 1, ValueError, "every size in shape must be a whole number of at least 1, but is -1"),
        ((), 1, ValueError, r"shape must be a shape of at least one size, but is \(\)"),
        ((2, 1.5), 1, TypeError, r"every size in shape must be a whole number, but is 1.5 \(float\)"),
        (2.0, 1, TypeError, r"shape must be an int or a tuple of ints, but is 2.0 \(float\)"),
        ("23", 1, TypeError, "shape must be an int or a tuple of ints"),
        (3, 0, ValueError, "batch_size must be a whole number of at least 1, but is 0"),
        (3, 1.0, TypeError, r"batch_size must be a whole number, but is 1.0 \(float\)"),
        (3, True, TypeError, r"batch_size must be a whole number, but is True \(bool\)"),
    ],
)
def test_a_bad_size_is_refused(shape, batch, kind, words):
    with pytest.raises(kind, match=words):
        Shaped(shape, batch)


def test_a_new_batch_size_resizes_every_state_and_brings_it_to_rest():
    module = used(Shaped((2, 3)))
    module.batchsz = 4
    assert module.batchedshape == (4, 2, 3)
    assert torch.equal(module.voltage_, torch.full((4, 2, 3), -65.0))
    assert torch.equal(module.spikes.value, torch.full((3, 4, 2, 3), 2.0))
    assert module.part.trace_.shape == (4, 2, 3)
    assert module.empty.shape is None


def test_a_refused_batch_size_changes_nothing():
    module = used(Shaped(3))
    with pytest.raises(ValueError, match="batchsz must be a whole number of at least 1, but is 0"):
        module.batchsz = 0
    assert (module.batchsz, module.voltage_.tolist()) == (1, [[1.0] * 3])
    assert module.spikes.latest.tolist() == [[1.0] * 3]


# ---------------------------------------------------------------------------------------------------------------------------- delay


def test_step_and_delay_are_returned_as_given():
    module = Delayed(0.1, 3 * 0.1)
    assert (module.dt, module.delay) == (0.1, 3 * 0.1)
    assert isinstance(Delayed(1, 2).delay, float)


@pytest.mark.parametrize(
    ("step_time", "delay", "words"),
    [
        (0.0, 1.0, "step_time must be above 0 ms, but is 0.0 ms"),
        (1.0, -1.0, "delay must be 0 ms or above, but is -1.0 ms. Use 0.0 for no delay"),
        (float("nan"), 1.0, "step_time must be a finite number, but is nan ms"),
    ],
)
def test_a_bad_time_is_refused(step_time, delay, words):
    with pytest.raises(ValueError, match=words):
        Delayed(step_time, delay)


@pytest.mark.parametrize("dt", [0.1, 0.3, 1.0])
def test_a_setter_leaves_as_many_slots_as_the_constructor(dt):
    for steps in range(30):
        by_delay, by_dt = Delayed(dt, 0.0), Delayed(7.0, steps * dt)
        by_delay.delay = steps * dt
        by_dt.dt = dt
        built = Delayed(dt, steps * dt)
        for module in (by_delay, by_dt, built):
            assert {record.slots for record in (module.spikes, module.currents)} == {steps + 1}
            assert module.spikes.value.shape == (steps + 1, 1, 2)
            assert (module.spikes.dt, module.spikes.duration) == (dt, steps * dt)


@pytest.mark.parametrize(("name", "value"), [("dt", 0.5), ("delay", 3.0), ("delay", 2.0)])
def test_a_setter_clears_the_state(name, value):
    module = used(Delayed(1.0, 2.0))
    setattr(module, name, value)
    assert getattr(module, name) == value
    assert not module.voltage_.any()
    assert not module.spikes.value.any()


@pytest.mark.parametrize(("name", "value"), [("dt", 0.0), ("delay", -1.0)])
def test_a_refused_time_changes_nothing(name, value):
    module = used(Delayed(1.0, 2.0))
    with pytest.raises(ValueError, match=f"{name} must be"):
        setattr(module, name, value)
    assert (module.dt, module.delay, module.spikes.slots) == (1.0, 2.0, 3)
    assert module.spikes.latest.tolist() == [[1, 1]]
    assert module.voltage_.tolist() == [[1, 1]]
