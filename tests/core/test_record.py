import copy
import io
import math
import pickle
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.interpolation import interp_nearest, interp_next, interp_previous
from snnlab.core.record import RecordTensor, count_slots

DEVICES = ["cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()
SHAPES = [(1,), (3,), (2, 3), (1, 4), (3, 1), (2, 1, 3), (1, 1, 1), (2, 3, 2)]
STEP_TIMES = st.sampled_from([0.1, 0.25, 0.3, 1.0])
HALF_STEPS = st.integers(0, 14)  # durations in half steps, so that their whole number is known without a division of floats


def slots_of(half_steps, inclusive=True):
    return max(math.ceil(Fraction(half_steps, 2)) + inclusive, 1)


def counted(slots, shape, dtype=torch.float32):
    """Observations 0, 1, 2, …: every element of every one another number, oldest first."""
    return torch.arange(slots * math.prod(shape), dtype=dtype).view(slots, *shape)


def filled(slots=4, shape=(2, 3), **kwargs):
    record = RecordTensor(1.0, slots - 1.0, shape=shape, **kwargs)
    record.value = counted(slots, shape)
    return record


def random(*shape, dtype=torch.float32):
    return torch.rand(*shape, dtype=dtype, generator=torch.Generator().manual_seed(1))


def same(found, expected):
    torch.testing.assert_close(found, expected, rtol=0, atol=0, equal_nan=True)


# --------------------------------------------------------------------------------------------------------- a plain list of the past


class Past:
    """The same history as a Python list, newest first."""

    def __init__(self, slots, shape, fill):
        self.ring = [torch.full(shape, float(fill)) for _ in range(slots)]
        self.shape, self.fill = shape, fill

    def push(self, observation):
        self.ring = [observation, *self.ring[:-1]]

    def incr(self, n):
        for _ in range(n):
            self.ring = [self.ring[-1], *self.ring[:-1]]

    def decr(self, n):
        for _ in range(n):
            self.ring = [*self.ring[1:], self.ring[0]]

    def place(self, offset):
        return (offset - 1) % len(self.ring)

    def places(self, length, offset, forward):
        """Of `length` observations, oldest first: `offset` names the oldest (forward) or the newest."""
        oldest = offset if forward else offset + length - 1
        return [self.place(oldest - step) for step in range(length)]

    def resize(self, slots):
        self.ring = [*self.ring[:slots], *(torch.full(self.shape, float(self.fill)) for _ in range(slots - len(self.ring)))]


ACTS = [
    "push",
    "push",
    "push",
    "pop",
    "incr",
    "decr",
    "write",
    "writerange",
    "align",
    "value",
    "duration",
    "dt",
    "inclusive",
    "reset",
    "inplace",
]


def act(name, record, past, draw, number):
    """Does the same to the record and to the list; `number` makes each observation another one."""
    observation = torch.full(past.shape, float(number)) + torch.arange(math.prod(past.shape)).view(past.shape) / 100
    slots = len(past.ring)
    if name == "push":
        record.push(observation)
        past.push(observation)
    elif name == "pop":
        same(record.pop(), past.ring[0])
        past.decr(1)
    elif name in ("incr", "decr"):
        steps = draw(st.integers(0, 2 * slots))
        getattr(record, name)(steps)
        getattr(past, name)(steps)
    elif name == "write":
        offset = draw(st.integers(0, slots))
        record.write(observation, offset)
        past.ring[past.place(offset)] = observation
    elif name == "writerange":
        length, offset, forward = draw(st.integers(1, slots)), draw(st.integers(0, slots)), draw(st.booleans())
        rows = [observation + 1000 * row for row in range(length)]
        record.writerange(torch.stack(rows, -1), offset, forward)
        for place, row in zip(past.places(length, offset, forward), rows, strict=True):
            past.ring[place] = row
    elif name == "align":
        record.align(draw(st.integers(0, slots - 1)))
    elif name == "value":
        past.ring = [observation + 1000 * row for row in range(slots)]
        record.value = torch.stack(past.ring[::-1])
    elif name == "reset":
        record.reset(7.0)
        past.ring = [torch.full(past.shape, 7.0) for _ in range(slots)]
    elif name == "inplace":
        record.inplace = not record.inplace
    else:
        resize(name, record, past, draw)


def resize(name, record, past, draw):
    half_steps = draw(HALF_STEPS)
    if name == "duration":
        record.duration = float(Fraction(half_steps, 2) * Fraction(str(record.dt)))
        past.resize(slots_of(half_steps, record.inclusive))
    elif name == "dt":
        dt = draw(STEP_TIMES)
        steps = Fraction(str(round(record.duration, 6))) / Fraction(str(dt))
        record.dt = dt
        past.resize(max(math.ceil(steps) + record.inclusive, 1))
    else:
        steps = Fraction(str(round(record.duration, 6))) / Fraction(str(record.dt))
        record.inclusive = not record.inclusive
        past.resize(max(math.ceil(steps) + record.inclusive, 1))


@given(data=st.data(), dt=STEP_TIMES, half_steps=HALF_STEPS, shape=st.sampled_from(SHAPES), inclusive=st.booleans(), inplace=st.booleans())
def test_a_history_is_a_list_of_the_past(data, dt, half_steps, shape, inclusive, inplace):
    duration = float(Fraction(half_steps, 2) * Fraction(str(dt)))
    record = RecordTensor(dt, duration, shape=shape, inclusive=inclusive, inplace=inplace, fill=-1)
    past = Past(slots_of(half_steps, inclusive), shape, fill=-1)
    for number, name in enumerate(data.draw(st.lists(st.sampled_from(ACTS), max_size=12)), start=1):
        act(name, record, past, data.draw, number)
        assert record.slots == len(past.ring)
        same(record.value, torch.stack(past.ring[::-1]))
    slots = len(past.ring)
    same(record.window, torch.stack(past.ring))
    same(record.latest, past.ring[0])
    same(record.peek(), past.ring[0])
    for offset in range(slots + 1):
        same(record.read(offset), past.ring[past.place(offset)])
    batch_last = torch.stack([each.movedim(0, -1) for each in past.ring])
    same(record.block, batch_last)
    same(record.table, batch_last.reshape(len(batch_last) * (shape[1] if len(shape) > 1 else 1), -1))
    length, offset, forward = data.draw(st.integers(1, slots)), data.draw(st.integers(0, slots)), data.draw(st.booleans())
    expected = torch.stack([past.ring[place] for place in past.places(length, offset, forward)], -1)
    same(record.readrange(length, offset, forward), expected)
    same(record.readrange(length, torch.full(shape, offset), forward), expected)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@given(data=st.data(), dt=STEP_TIMES, half_steps=HALF_STEPS, shape=st.sampled_from(SHAPES), inclusive=st.booleans(), inplace=st.booleans())
def test_at_any_delay_a_history_is_a_list_of_the_past(dtype, data, dt, half_steps, shape, inclusive, inplace):
    # Delays in quarter steps, so that the steps on either side are known without a division of floats.
    record = RecordTensor(dt, float(Fraction(half_steps, 2) * Fraction(str(dt))), shape=shape, inclusive=inclusive, inplace=inplace)
    past = Past(slots_of(half_steps, inclusive), shape, fill=0)
    slots, count = len(past.ring), math.prod(shape)
    for number in range(data.draw(st.integers(0, 2 * slots))):
        observation = counted(1, shape)[0] + count * number
        record.push(observation)
        past.push(observation)
    for step in range(slots):
        same(record.select(step * dt), past.ring[step])
        same(record.select(torch.full(shape, step * dt, dtype=dtype), interp_next), past.ring[step])
    quarters = torch.tensor(data.draw(st.lists(st.integers(0, 4 * (slots - 1)), min_size=count, max_size=count))).view(shape)
    times = (quarters.double() * dt / 4).to(dtype)
    ties = quarters % 4 == 2
    if dt in (0.1, 0.3):  # halves of such a step are rounded, to one side or the other
        times, quarters = torch.where(ties, 0, times), quarters.masked_fill(ties, 0)
    for interp, steps in ((interp_previous, (quarters + 3) // 4), (interp_next, quarters // 4), (interp_nearest, (quarters + 2) // 4)):
        same(record.select(times, interp), torch.stack(past.ring).gather(0, steps.unsqueeze(0))[0])
        same(record.select(times.unsqueeze(-1), interp)[..., 0], torch.stack(past.ring).gather(0, steps.unsqueeze(0))[0])


def test_a_range_may_begin_elsewhere_for_each_element():
    record = filled(4, (1, 3))  # newest first: 9 10 11 | 6 7 8 | 3 4 5 | 0 1 2
    offsets = torch.tensor([[1, 2, 3]], dtype=torch.int32)
    assert record.readrange(2, offsets).tolist() == [[[6, 9], [4, 7], [2, 5]]]
    assert record.readrange(2, offsets, forward=True).tolist() == [[[9, 0], [7, 10], [5, 8]]]


def test_a_writerange_of_all_is_read_back_by_a_readrange_of_all():
    record, rows = filled(4), random(2, 3, 4)
    record.writerange(rows, 1)
    same(record.readrange(4), rows)
    same(record.value, rows.movedim(-1, 0))


# -------------------------------------------------------------------------------------------------------------------------- slots


@pytest.mark.parametrize("dt", [0.1, 0.2, 0.3, 0.7, 1.0, 1 / 3])
def test_a_whole_number_of_steps_makes_that_many_slots(dt):
    # The reference takes 3·0.1/0.1 = 3.0000000000000004 for 4 steps.
    assert [count_slots(dt, steps * dt) for steps in range(1000)] == [steps + 1 for steps in range(1000)]
    sums = [sum([dt] * steps) for steps in range(100)]
    assert [count_slots(dt, duration, inclusive=False) for duration in sums] == [max(steps, 1) for steps in range(100)]


def test_a_part_of_a_step_takes_a_slot_of_its_own():
    assert [count_slots(1.0, duration) for duration in (0.0, 0.5, 1.0, 1.001, 2.999999999)] == [1, 2, 2, 3, 4]


def test_a_new_duration_leaves_as_many_slots_as_a_new_record_has():
    for steps in range(1, 40):
        record = RecordTensor(0.1, 0.0)
        record.duration = steps * 0.1
        assert record.slots == RecordTensor(0.1, steps * 0.1).slots == steps + 1


def test_a_setter_that_changes_no_slot_keeps_every_observation():
    record = filled(4)
    before = record.value
    record.duration = 2.5
    assert (record.slots, record.duration) == (4, 2.5)
    record.dt = 0.9
    same(record.value, before)


# ------------------------------------------------------------------------------------------------------------------ first things first


def test_the_first_push_gives_shape_and_dtype():
    record = RecordTensor(1.0, 2.0, fill=1)
    assert record.shape is record.latest is record.peek() is record.pop() is None
    record.push(torch.tensor([[True, False]]))
    assert record.shape == (1, 2)
    assert record.value.tolist() == [[[True, True]], [[True, True]], [[True, False]]]
    assert record.value.dtype == torch.bool


def test_a_given_dtype_stands_against_that_of_the_first_push():
    record = RecordTensor(1.0, 2.0, dtype=torch.float32)
    record.push(torch.tensor([[True]]))
    assert record.latest.dtype == torch.float32


def test_a_change_of_dtype_before_the_first_push_is_kept():
    record = RecordTensor(1.0, 2.0, dtype=torch.float32).to(torch.float64)
    record.push(torch.ones(1, 2))
    assert record.latest.dtype == torch.float64


def test_latest_set_is_a_push():
    record = filled(3, (1, 1))
    record.latest = torch.tensor([[9.0]])
    assert record.value.flatten().tolist() == [1, 2, 9]


def test_reset_fills_with_zero_with_a_value_or_with_the_constructors_fill():
    record = filled(2, (1, 1), fill=5.0)
    for wanted, result in ((3.0, 3.0), (None, 5.0), (math.nan, math.nan)):
        record.reset(wanted)
        same(record.value, torch.full((2, 1, 1), result))
    record.reset()
    same(record.value, torch.zeros(2, 1, 1))
    record.clear(keep_adaptations=True)
    same(record.value, torch.full((2, 1, 1), 5.0))


def test_a_deinitialized_history_takes_another_shape():
    record = filled()
    record.deinitialize()
    assert record.latest is None
    record.push(torch.ones(1, 5))
    assert record.value.shape == (4, 1, 5)


@pytest.mark.parametrize("inplace", [True, False])
def test_what_is_handed_out_is_a_copy(inplace):
    record = filled(inplace=inplace)
    before = record.value
    for copied in (record.value, record.window, record.latest, record.peek(), record.read(2), record.readrange(4)):
        copied.fill_(-5)
    same(record.value, before)
    taken = record.latest
    record.pop().fill_(-5)
    record.push(torch.zeros(2, 3))
    same(taken, before[-1])
    same(record.value[:-1], before[:-1])


@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize("slots", [1, 3])
def test_what_is_handed_in_is_copied(inplace, slots):
    record = RecordTensor(1.0, slots - 1.0, shape=(1, 2), inplace=inplace)
    pushed, value = torch.ones(1, 2), torch.ones(slots, 1, 2)
    record.push(pushed)
    pushed.fill_(-5)
    assert record.latest.tolist() == [[1, 1]]
    record.value = value
    value.fill_(-5)
    same(record.value, torch.ones(slots, 1, 2))


@pytest.mark.parametrize("inplace", [True, False])
def test_reading_leaves_no_trace(inplace):
    record = filled(inplace=inplace)
    before, storage = record.value, record.storage.clone()
    record.peek(), record.read(3), record.readrange(3, 2), record.select(1.5), record.state_dict(), repr(record)
    same(record.value, before)
    same(record.storage, storage)


# ------------------------------------------------------------------------------------------------------------------------ gradients


def test_a_gradient_flows_through_a_history_that_is_not_written_in_place():
    source = torch.ones(1, 2, requires_grad=True)
    record = RecordTensor(1.0, 2.0, inplace=False)
    record.push(2 * source)
    record.push(torch.zeros(1, 2))
    record.push(5 * source)
    (record.read(1).sum() + 10 * record.read(3).sum() + 100 * record.value.sum()).backward()
    # 5 + 10·2 + 100·(2 + 5), for each element.
    assert source.grad.tolist() == [[725, 725]]


def test_detach_cuts_the_graph_and_keeps_the_values():
    record = RecordTensor(1.0, 2.0, inplace=False)
    record.push(torch.ones(1, 2, requires_grad=True) * 3)
    record.detach_()
    assert record.latest.tolist() == [[3, 3]]
    assert not record.latest.requires_grad


@pytest.mark.parametrize("slots", [1, 3])
@pytest.mark.parametrize("write", ["push", "write", "writerange", "value", "insert"])
def test_in_place_a_gradient_is_refused_with_what_to_do(write, slots):
    record = filled(slots, (1, 2))
    before = record.value
    wanting = torch.ones(1, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"requires a gradient.*Set inplace=False"):
        {
            "push": lambda: record.push(wanting),
            "write": lambda: record.write(wanting),
            "writerange": lambda: record.writerange(wanting.unsqueeze(-1)),
            "value": lambda: setattr(record, "value", wanting.expand(slots, 1, 2)),
            "insert": lambda: record.insert(wanting, 0.0),
        }[write]()
    same(record.value, before)
    assert not record.storage.requires_grad


def test_a_first_push_that_is_refused_leaves_the_history_empty():
    record = RecordTensor(1.0, 2.0)
    with pytest.raises(RuntimeError, match="Set inplace=False"):
        record.push(torch.ones(1, 2, requires_grad=True))
    assert record.shape is None
    record.push(torch.ones(3, 4))


def test_without_gradients_anything_may_be_pushed_in_place():
    record = filled(3, (1, 2))
    with torch.no_grad():
        record.push(torch.ones(1, 2, requires_grad=True))
    assert record.latest.tolist() == [[1, 1]]
    assert not record.storage.requires_grad


@pytest.mark.parametrize("slots", [1, 3])
def test_a_history_cleared_in_inference_mode_still_runs_outside_of_it(slots):
    record = filled(slots, (1, 2))
    empty = RecordTensor(1.0, slots - 1.0)
    with torch.inference_mode():
        record.clear()
        record.push(torch.ones(1, 2))
        empty.push(torch.ones(1, 2))
    for history in (record, empty):
        history.push(torch.full((1, 2), 2.0))
        assert history.latest.tolist() == [[2, 2]]


# --------------------------------------------------------------------------------------------------------------- copies, files, devices


def copies():
    def through_a_file(record):
        file = io.BytesIO()
        torch.save(record, file)
        file.seek(0)
        return torch.load(file, weights_only=False)

    return {"deepcopy": copy.deepcopy, "pickle": lambda record: pickle.loads(pickle.dumps(record)), "torch.save": through_a_file}


@pytest.mark.parametrize("way", copies())
@pytest.mark.parametrize("inplace", [True, False])
def test_a_copy_goes_its_own_way_and_leaves_the_graph_behind(way, inplace):
    record = filled(inplace=inplace)
    record.push(torch.ones(2, 3, requires_grad=not inplace) * 2)
    copied = copies()[way](record)
    same(copied.value, record.value.detach())
    assert not copied.storage.requires_grad
    assert record.storage.requires_grad is not inplace
    record.push(torch.zeros(2, 3))
    copied.push(torch.full((2, 3), 9.0))
    assert (record.latest.max(), copied.latest.min()) == (0, 9)
    same(copied.read(2), record.read(2).detach())


@pytest.mark.parametrize("inplace", [True, False])
def test_the_state_is_the_observations_oldest_first_and_no_pointer(inplace):
    record = RecordTensor(1.0, 2.0, inplace=inplace)
    for number in range(5):
        record.push(torch.full((1, 1), float(number)))
    state = record.state_dict()
    assert list(state) == ["observations"]
    assert state["observations"].flatten().tolist() == [2, 3, 4]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("dtype", [torch.bool, torch.float64, torch.float32, torch.int64])
def test_a_saved_history_resumes_bit_for_bit(dtype, known):
    record, resumed = RecordTensor(0.3, 0.9), RecordTensor(0.3, 0.9)
    values = (random(9, 2, 3, dtype=torch.float64) * 10).to(dtype)
    for value in values[:7]:
        record.push(value)
    if known:
        resumed.push(values[8])
    resumed.load_state_dict(record.state_dict())
    for history in (record, resumed):
        history.push(values[7])
    assert resumed.value.dtype == dtype
    same(resumed.value, record.value)
    same(resumed.value, values[4:8])


def test_a_saved_state_does_not_change_with_the_run():
    record = filled()
    state = record.state_dict()
    before = state["observations"].clone()
    record.push(torch.zeros(2, 3))
    same(state["observations"], before)


def test_an_empty_history_is_saved_and_loaded_as_an_empty_one():
    record = filled()
    record.load_state_dict(RecordTensor(1.0, 3.0).state_dict())
    assert record.shape is None


def test_another_batch_size_leaves_the_history_at_rest_and_warns():
    record = RecordTensor(1.0, 2.0, shape=(4, 3), fill=2.0)
    record.push(torch.ones(4, 3))
    with pytest.warns(UserWarning, match="another batch size: observations left at rest") as warned:
        record.load_state_dict(filled(3, (2, 3)).state_dict())
    assert len(warned) == 1
    same(record.value, torch.full((3, 4, 3), 2.0))


@pytest.mark.parametrize("saved", [RecordTensor(1.0, 9.0, shape=(2, 3)), RecordTensor(1.0, 3.0, shape=(2, 4))])
def test_a_history_of_another_length_or_shape_is_refused(saved):
    record = filled()
    before = record.value
    with pytest.raises(RuntimeError, match=r"observations: saved as .* but the history here keeps 4 of \(2, 3\)"):
        record.load_state_dict(saved.state_dict())
    same(record.value, before)


def test_strict_loading_names_what_is_missing_and_what_nobody_takes():
    record = filled()
    with pytest.raises(RuntimeError, match=r"Missing key.*observations"):
        record.load_state_dict({})
    with pytest.raises(RuntimeError, match=r"Unexpected key.*pointer"):
        record.load_state_dict(record.state_dict() | {"pointer": torch.zeros(1)})
    record.load_state_dict({}, strict=False)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32])
def test_a_history_moves_to_a_dtype_and_a_device(dtype, device):
    record = filled().to(device, dtype)
    record.push(torch.full((2, 3), 0.5, device=device))
    assert record.latest.dtype == dtype
    assert record.latest.device.type == device
    assert record.value.cpu().float()[:, 1, 2].tolist() == [11, 17, 23, 0.5]


# --------------------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("step_time", "duration", "words"),
    [
        (0.0, 1.0, "step_time must be above 0 ms, but is 0.0 ms"),
        (-1.0, 1.0, "step_time must be above 0 ms, but is -1.0 ms"),
        (1.0, -2.0, "duration must be 0 ms or above, but is -2.0 ms"),
        (1.0, math.inf, "duration must be a finite number, but is inf ms"),
    ],
)
def test_a_bad_time_is_refused(step_time, duration, words):
    with pytest.raises(ValueError, match=words):
        RecordTensor(step_time, duration)


ERRORS = {
    "push another shape": (
        lambda r: r.push(torch.ones(3, 3)),
        ValueError,
        r"observation must be of shape \(2, 3\).*but is of shape \(3, 3\)",
    ),
    "push no tensor": (lambda r: r.push([1.0]), TypeError, r"observation must be a torch.Tensor, but is \[1.0\] \(list\)"),
    "write another shape": (lambda r: r.write(torch.ones(3)), ValueError, r"observation must be of shape \(2, 3\)"),
    "value of another length": (lambda r: setattr(r, "value", torch.ones(3, 2, 3)), ValueError, r"value must be of shape \(4, 2, 3\)"),
    "read too long a range": (lambda r: r.readrange(5), ValueError, "length must be at most the 4 observations that are kept, but is 5"),
    "read no range": (lambda r: r.readrange(0), ValueError, "length must be a whole number of at least 1, but is 0"),
    "range at a float": (lambda r: r.readrange(1, torch.ones(2, 3)), TypeError, "offset must be of whole numbers, but is of torch.float32"),
    "range at another shape": (lambda r: r.readrange(1, torch.ones(3).long()), ValueError, r"offset must be of shape \(2, 3\)"),
    "write too long a range": (lambda r: r.writerange(torch.ones(2, 3, 5)), ValueError, "length must be at most the 4 observations"),
    "write a range of another shape": (
        lambda r: r.writerange(torch.ones(2, 4, 2)),
        ValueError,
        r"observations must be of shape \(2, 3, 2\)",
    ),
    "align to nowhere": (lambda r: r.align(-1), ValueError, "index must be a whole number of at least 0, but is -1"),
    "dt": (lambda r: setattr(r, "dt", 0), ValueError, "dt must be above 0 ms, but is 0.0 ms"),
    "duration": (lambda r: setattr(r, "duration", -1), ValueError, "duration must be 0 ms or above, but is -1.0 ms"),
    "initialize": (lambda r: r.initialize((2, 0)), ValueError, "every size in shape must be a whole number of at least 1, but is 0"),
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("inplace", [True, False])
def test_an_error_says_what_came_and_leaves_the_history_as_it_was(name, inplace):
    fault, kind, words = ERRORS[name]
    record = filled(inplace=inplace)
    before, storage = record.value, record.storage.clone()
    with pytest.raises(kind, match=words):
        fault(record)
    same(record.value, before)
    same(record.storage, storage)
    assert (record.dt, record.duration, record.slots, record.shape) == (1.0, 3.0, 4, (2, 3))


@pytest.mark.parametrize("use", ["read", "write", "readrange", "writerange", "select", "insert", "value", "window", "incr", "align"])
def test_a_history_without_a_shape_says_how_to_give_it_one(use):
    record, one = RecordTensor(1.0, 2.0), torch.ones(1, 1)
    arguments = {"write": (one,), "readrange": (1,), "writerange": (one,), "select": (0.0,), "insert": (one, 0.0)}.get(use, ())
    with pytest.raises(RuntimeError, match=r"Push an observation first, or call initialize\(shape\)"):
        getattr(record, use)(*arguments)
    assert record.shape is None


def test_its_line_in_a_printed_network_shows_the_settings():
    assert repr(filled()) == "RecordTensor(shape=(2, 3), slots=4, dt=1.0, duration=3.0, inplace=True)"


@pytest.mark.parametrize("offset", [-1, 4])
def test_an_offset_outside_the_history_is_refused(offset):
    record = RecordTensor(1.0, 2.0, shape=(1, 1))
    with pytest.raises(ValueError, match=r"offset must be (from 0 to 3|a whole number of at least 0)"):
        record.read(offset)
    with pytest.raises(ValueError, match="offset must be"):
        record.write(torch.ones(1, 1), offset)
    assert not record.value.any()


def test_one_slot_takes_observations_however_they_are_laid_out():
    # A history of one slot lies as the observation does; what is read does not depend on that.
    random = torch.Generator().manual_seed(0)
    record = RecordTensor(1.0, 0.0)
    plain, turned, spread = (torch.rand(shape, generator=random) for shape in ((3, 4), (4, 3), (1, 4)))
    every_other = torch.rand(3, 8, generator=random)[:, ::2]
    for observation in (plain, turned.t(), spread.expand(3, 4), plain > 0.5, every_other, plain):
        kept = observation.clone()
        record.push(observation)
        assert torch.equal(record.peek(), kept.float())
        assert torch.equal(record.table, kept.float().t())
        assert torch.equal(record.window, kept.float().unsqueeze(0))
    with torch.inference_mode():
        record.push(turned.t())
    kept = plain.clone()
    record.push(plain)
    plain.zero_()
    assert torch.equal(record.peek(), kept)
    fresh = RecordTensor(1.0, 0.0, shape=(3, 4))
    fresh.load_state_dict(record.state_dict())
    assert torch.equal(fresh.peek(), record.peek())


@pytest.mark.parametrize("change", [lambda one: one.double(), copy.deepcopy, lambda one: one.clear(), lambda one: one.initialize((2, 3))])
def test_after_any_change_what_is_present_is_what_is_pushed_next(change):
    record, seen = RecordTensor(1.0, 0.0), torch.rand(2, 3)
    record.push(torch.rand(2, 3))
    assert record.present.shape == (2, 3)  # cut out of the storage that is there now
    changed = change(record) or record
    changed.push(seen)
    assert torch.equal(changed.present.float(), seen)
    assert torch.equal(changed.read().float(), seen)


@pytest.mark.parametrize("spikes", [3, 3000])  # many of them are copied in another way
def test_few_spikes_and_many_are_kept_as_numbers(spikes):
    record, seen = RecordTensor(1.0, 0.0, shape=(1, spikes), dtype=torch.float32), torch.arange(spikes)[None] % 2 == 1
    record.push(seen)
    assert record.present.dtype == torch.float32
    assert record.present.tolist() == seen.tolist()


def test_one_slot_first_read_in_inference_mode_is_written_outside_of_it():
    record = RecordTensor(1.0, 0.0, shape=(1, 2))
    with torch.inference_mode():
        assert record.present.tolist() == [[0.0, 0.0]]
    record.push(torch.tensor([[1.0, 2.0]]))
    assert not record.present.is_inference()
    assert record.present.tolist() == [[1.0, 2.0]]
