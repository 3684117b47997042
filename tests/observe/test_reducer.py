"""What every reducer keeps to: its histories, their length, their types, copies and files."""

import copy
import io
import pickle
import warnings

import pytest
import torch

import snnlab as snn
from snnlab.observe import RecordReducer


def above_zero(obs):
    return obs > 0


REDUCERS = {
    "PassthroughReducer": lambda **kwargs: snn.PassthroughReducer(0.5, **kwargs),
    "EventReducer": lambda **kwargs: snn.EventReducer(0.5, above_zero, "zero", **kwargs),
    "NearestTraceReducer": lambda **kwargs: snn.NearestTraceReducer(0.5, 4.0, 2.0, 1.0, 0.6, **kwargs),
    "CumulativeTraceReducer": lambda **kwargs: snn.CumulativeTraceReducer(0.5, 4.0, 2.0, 1.0, 0.6, **kwargs),
    "ScaledNearestTraceReducer": lambda **kwargs: snn.ScaledNearestTraceReducer(0.5, 4.0, 1.0, 2.0, above_zero, **kwargs),
    "ScaledCumulativeTraceReducer": lambda **kwargs: snn.ScaledCumulativeTraceReducer(0.5, 4.0, 1.0, 2.0, above_zero, **kwargs),
    "ConditionalNearestTraceReducer": lambda **kwargs: snn.ConditionalNearestTraceReducer(0.5, 4.0, 1.0, 2.0, **kwargs),
    "ConditionalCumulativeTraceReducer": lambda **kwargs: snn.ConditionalCumulativeTraceReducer(0.5, 4.0, 1.0, 2.0, **kwargs),
    "EMAReducer": lambda **kwargs: snn.EMAReducer(0.5, 0.25, **kwargs),
    "CAReducer": lambda **kwargs: snn.CAReducer(0.5, **kwargs),
}
every_reducer = pytest.mark.parametrize("name", REDUCERS)


def observations(steps, batch=2, seed=0, dtype=torch.float32):
    return torch.randn(steps, batch, 3, generator=torch.Generator().manual_seed(seed)).to(dtype)


def feed(reducer, values):
    for value in values:
        reducer(*((value, value > 0.5) if "Conditional" in type(reducer).__name__ else (value,)))
    return reducer


def same(one, other):
    return torch.equal(one.nan_to_num(7e7), other.nan_to_num(7e7))


# ----------------------------------------------------------------------------------------------------------------- histories and time


@every_reducer
def test_before_the_first_observation_there_is_nothing(name):
    reducer = REDUCERS[name](duration=2.0)
    assert reducer.latest is reducer.peek() is reducer.dump() is reducer.view(0.0) is None


@every_reducer
@pytest.mark.parametrize(("inclusive", "slots"), [(False, 3), (True, 4)])
def test_the_last_states_are_kept_over_the_duration_newest_first(name, inclusive, slots):
    reducer, states = REDUCERS[name](duration=1.5, inclusive=inclusive), []
    for value in observations(6):
        feed(reducer, [value])
        states.append(reducer.peek())
    assert reducer.dump().shape == (slots, 2, 3)
    assert same(reducer.dump(), torch.stack(states[::-1][:slots]))
    for back, state in enumerate(states[::-1][:slots]):
        assert same(reducer.view(0.5 * back), state)
    with pytest.raises(ValueError, match=r"time must lie between 0 and .* ms back"):
        reducer.view(0.5 * slots)


@every_reducer
def test_unless_told_otherwise_only_the_newest_state_is_kept(name):
    reducer = REDUCERS[name]()
    assert (reducer.dt, reducer.duration, reducer.inclusive, reducer.inplace) == (0.5, 0.0, False, True)
    assert feed(reducer, observations(3)).dump().shape == (1, 2, 3)


@every_reducer
def test_what_is_read_is_never_a_view_of_what_is_kept(name):
    reducer = feed(REDUCERS[name](duration=2.0), observations(4))
    before = reducer.dump()
    for read in (reducer.peek, reducer.dump, lambda: reducer.view(0.0), lambda: reducer.view(0.7)):
        read().fill_(99.0)
        assert same(reducer.dump(), before)


@every_reducer
def test_no_observation_is_changed_and_later_changes_of_one_do_not_matter(name):
    reducer, value = REDUCERS[name](), observations(1)[0]
    before = value.clone()
    feed(reducer, [value])
    assert torch.equal(value, before)
    state = reducer.peek()
    value.zero_()
    assert same(reducer.peek(), state)


@every_reducer
def test_a_longer_duration_keeps_the_states_and_leaves_the_step_time(name):
    # The reference's duration setter sets the step time.
    reducer = feed(REDUCERS[name](duration=1.0), observations(4))
    before = reducer.dump()
    reducer.duration = 2.0
    assert (reducer.dt, reducer.duration, reducer.data_.dt) == (0.5, 2.0, 0.5)
    assert reducer.dump().shape == (4, 2, 3)
    assert same(reducer.dump()[:2], before)
    reducer.duration = 0.5
    assert same(reducer.dump(), before[:1])


@every_reducer
def test_another_step_time_keeps_the_newest_states_and_leaves_the_duration(name):
    reducer = feed(REDUCERS[name](duration=2.0), observations(4))
    before = reducer.dump()
    reducer.dt = 1.0
    assert (reducer.dt, reducer.duration, reducer.data_.dt) == (1.0, 2.0, 1.0)
    assert same(reducer.dump(), before[:2])
    assert same(reducer.view(1.0), before[1])


@every_reducer
def test_the_far_end_of_the_duration_may_be_taken_in_later(name):
    reducer = feed(REDUCERS[name](duration=1.0), observations(4))
    reducer.inclusive = True
    assert len(reducer.dump()) == 3


@every_reducer
@pytest.mark.parametrize(("setting", "value"), [("dt", 0.0), ("dt", -1.0), ("duration", -0.5), ("dt", float("nan"))])
def test_a_time_that_cannot_be_is_refused_and_nothing_changes(name, setting, value):
    reducer = feed(REDUCERS[name](duration=1.0), observations(2))
    before = reducer.dump()
    with pytest.raises(ValueError, match=f"{setting} must be"):
        setattr(reducer, setting, value)
    assert (reducer.dt, reducer.duration) == (0.5, 1.0)
    assert same(reducer.dump(), before)


@every_reducer
@pytest.mark.parametrize("setting", ["inplace", "inclusive"])
def test_what_is_neither_true_nor_false_is_refused(name, setting):
    with pytest.raises(TypeError, match=f"{setting} must be True or False"):
        REDUCERS[name](**{setting: "yes"})
    with pytest.raises(TypeError, match=f"{setting} must be True or False"):
        setattr(REDUCERS[name](), setting, 1)


# -------------------------------------------------------------------------------------------------------------------- in place or not


@every_reducer
def test_in_place_or_not_the_states_are_the_same(name):
    values = observations(9)
    one, other = feed(REDUCERS[name](duration=2.0), values), feed(REDUCERS[name](duration=2.0, inplace=False), values)
    assert (one.data_.inplace, other.data_.inplace) == (True, False)
    assert same(one.dump(), other.dump())
    switched = feed(REDUCERS[name](duration=2.0), values[:5])
    switched.inplace = False
    assert switched.data_.inplace is False
    assert same(feed(switched, values[5:]).dump(), one.dump())


def test_a_gradient_flows_through_states_that_are_not_written_in_place():
    reducer = snn.EMAReducer(1.0, 0.25, duration=3.0, inplace=False)
    values = torch.tensor([[4.0], [8.0], [2.0]], requires_grad=True)
    for value in values:
        reducer(value.reshape(1, 1))
    reducer.peek().sum().backward()
    assert values.grad.flatten().tolist() == [0.75 * 0.75, 0.25 * 0.75, 0.25]  # (1 − α)², α(1 − α), α
    with pytest.raises(RuntimeError, match=r"Set inplace=False"):
        snn.EMAReducer(1.0, 0.25)(values[:1])


# -------------------------------------------------------------------------------------------------------------------- types and places


@every_reducer
def test_states_are_float32_until_they_are_moved_to_another_type(name):
    reducer, values = REDUCERS[name](duration=2.0), observations(6)
    assert feed(reducer, values[:3].double()).peek().dtype == torch.float32
    reducer.to(torch.float64)
    feed(reducer, values[3:].double())
    assert (reducer.peek().dtype, reducer.dump().dtype, reducer.view(0.7).dtype) == (torch.float64,) * 3
    torch.testing.assert_close(reducer.dump().float(), feed(REDUCERS[name](duration=2.0), values).dump())
    reducer.clear()
    assert feed(reducer, values[:1]).peek().dtype == torch.float64


@every_reducer
def test_spikes_are_kept_as_numbers(name):
    spikes = observations(5) > 0
    if "Conditional" in name:
        reducer, other = REDUCERS[name](), REDUCERS[name]()
        for each in spikes:
            reducer(each, each), other(each.float(), each.float())
    else:
        reducer, other = feed(REDUCERS[name](), spikes), feed(REDUCERS[name](), spikes.float())
    assert reducer.peek().dtype == torch.float32
    assert same(reducer.peek(), other.peek())


@every_reducer
def test_a_history_follows_what_is_observed_to_another_device(name):
    reducer = feed(REDUCERS[name](duration=2.0), observations(2))
    feed(reducer, observations(1).to("meta"))
    assert reducer.data_.storage.device.type == "meta"


# ---------------------------------------------------------------------------------------------------------------------------- bad input


@every_reducer
def test_an_observation_of_another_shape_is_refused_and_nothing_changes(name):
    # Shapes that would broadcast, too: the mean of a (2, 3) and a (1, 3) is none of either.
    reducer = feed(REDUCERS[name](duration=2.0), observations(3))
    before = reducer.dump()
    for shape in ((1, 3), (2, 1), (3,), (2, 4), (2, 3, 1)):
        with pytest.raises(ValueError, match=r"observation must be of shape \(2, 3\) \(the history's\), but is of shape .* Call clear\(\)"):
            feed(reducer, [torch.zeros(shape)])
    with pytest.raises(TypeError, match=r"observation must be a torch.Tensor, but is 'all of it' \(str\)"):
        reducer("all of it")
    with pytest.raises(TypeError, match=f"{name} takes an observation, but got none"):
        reducer()
    assert same(reducer.dump(), before)
    next_one = observations(1, seed=3)
    assert same(feed(reducer, next_one).peek(), feed(feed(REDUCERS[name](duration=2.0), observations(3)), next_one).peek())


@every_reducer
def test_a_first_observation_that_is_none_leaves_the_reducer_empty(name):
    reducer = REDUCERS[name]()
    with pytest.raises(TypeError, match=r"observation must be a torch\.Tensor"):
        reducer(3.0)
    assert reducer.peek() is None
    assert same(feed(reducer, observations(1)).peek(), feed(REDUCERS[name](), observations(1)).peek())


# -------------------------------------------------------------------------------------------------------------- clear, files and copies


@every_reducer
@pytest.mark.parametrize("keepshape", [False, True])
def test_after_a_clear_the_next_observation_is_the_first_again(name, keepshape):
    reducer = feed(REDUCERS[name](duration=2.0), observations(4))
    reducer.clear(keepshape=keepshape, keep_adaptations=False)
    assert (reducer.dump() is None) is not keepshape
    later = observations(3, seed=5)
    fresh = feed(REDUCERS[name](duration=2.0), later)
    assert same(feed(reducer, later).dump(), fresh.dump())


@every_reducer
def test_a_clear_forgets_the_shape_unless_it_is_kept(name):
    reducer = feed(REDUCERS[name](duration=2.0), observations(4))
    reducer.clear(keepshape=True)
    assert reducer.dump().eq(0).all()
    with pytest.raises(ValueError, match="observation must be of shape"):
        feed(reducer, observations(1, batch=5))
    reducer.clear()
    assert feed(reducer, observations(1, batch=5)).peek().shape == (5, 3)


@every_reducer
def test_a_pushed_state_is_kept_as_it_is_and_the_next_observation_goes_on_from_it(name):
    reducer, state = REDUCERS[name](duration=2.0), torch.full((2, 3), 1.5)
    reducer.push(state)
    assert torch.equal(reducer.peek(), state)
    assert torch.equal(reducer.latest, state)
    feed(reducer, observations(1))
    assert torch.equal(reducer.view(0.5), state)


def through_a_file(state):
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    return torch.load(file, weights_only=True)


@every_reducer
@pytest.mark.parametrize("has_run", [False, True])
def test_a_saved_reducer_goes_on_bit_for_bit(name, has_run):
    values = observations(9)
    reducer = feed(REDUCERS[name](duration=2.0), values[:5])
    fresh = feed(REDUCERS[name](duration=2.0), observations(4, seed=8) if has_run else [])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fresh.load_state_dict(through_a_file(reducer.state_dict()))
    assert same(fresh.dump(), reducer.dump())
    assert same(feed(fresh, values[5:]).dump(), feed(reducer, values[5:]).dump())


@every_reducer
def test_an_empty_reducer_that_is_saved_loads_as_an_empty_one(name):
    fresh = feed(REDUCERS[name](), observations(4))
    fresh.load_state_dict(through_a_file(REDUCERS[name]().state_dict()))
    assert fresh.peek() is None
    assert same(feed(fresh, observations(2)).peek(), feed(REDUCERS[name](), observations(2)).peek())


@every_reducer
def test_a_state_of_another_batch_size_leaves_the_reducer_at_rest_and_warns_once(name):
    other = feed(REDUCERS[name](duration=2.0), observations(3, batch=4))
    with pytest.warns(UserWarning, match="The saved run was of another batch size: .*data_.observations left at rest") as caught:
        other.load_state_dict(feed(REDUCERS[name](duration=2.0), observations(5)).state_dict())
    assert len(caught) == 1
    values = observations(3, batch=4, seed=2)
    assert same(feed(other, values).dump(), feed(REDUCERS[name](duration=2.0), values).dump())


@every_reducer
@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda each: pickle.loads(pickle.dumps(each))], ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_alone(name, duplicate):
    values = observations(8)
    reducer = feed(REDUCERS[name](duration=2.0), values[:4])
    before, twin = reducer.dump(), duplicate(reducer)
    feed(twin, values[4:])
    assert same(reducer.dump(), before)
    assert same(feed(reducer, values[4:]).dump(), twin.dump())


@every_reducer
def test_a_reducer_prints_its_times(name):
    assert "dt=0.5, duration=2.0" in repr(REDUCERS[name](duration=2.0))


# -------------------------------------------------------------------------------------------------------------- several histories in one


class Extremes(RecordReducer):
    """Keeps the least and the greatest of each sample in histories of their own."""

    def __init__(self, step_time, duration, **kwargs):
        super().__init__(step_time, duration, **kwargs)
        self.add_record("low_", fill=-1.0)
        self.add_record("high_")

    def forward(self, obs):
        self.push((obs.amin(-1, keepdim=True), obs.amax(-1, keepdim=True)))

    def push(self, data):
        self.low_.push(data[0]), self.high_.push(data[1])

    def peek(self):
        return self.high_.peek()

    def view(self, time, tolerance=None):
        return self.high_.select(time)

    def dump(self):
        return self.low_.window


def test_a_reducer_of_several_histories_sets_them_all():
    reducer = Extremes(1.0, 3.0)
    for value in observations(2):
        reducer(value)
    assert list(reducer.records) == ["low_", "high_"]
    assert reducer.dump()[2].eq(-1).all()
    reducer.duration, reducer.inplace, reducer.inclusive = 5.0, False, True
    assert [(each.dt, each.duration, each.inplace, each.slots) for each in reducer.records.values()] == [(1.0, 5.0, False, 6)] * 2
    reducer.dt = 0.5
    assert [(each.dt, each.duration, each.slots) for each in reducer.records.values()] == [(0.5, 5.0, 11)] * 2
    assert (reducer.dt, reducer.duration) == (0.5, 5.0)
    reducer.clear(keepshape=True)
    assert reducer.low_.window.eq(-1).all()
    reducer.clear()
    assert reducer.peek() is None


def test_a_reducer_of_several_histories_goes_on_from_a_file():
    reducer, fresh = Extremes(1.0, 3.0), Extremes(1.0, 3.0)
    for value in observations(4):
        reducer(value)
    fresh.load_state_dict(through_a_file(reducer.state_dict()))
    assert torch.equal(fresh.dump(), reducer.dump())
    assert torch.equal(fresh.peek(), reducer.peek())


@pytest.mark.parametrize("kind", [snn.Reducer, snn.RecordReducer, snn.FoldReducer])
def test_an_abstract_reducer_cannot_be_built(kind):
    with pytest.raises(TypeError, match="abstract"):
        kind(1.0, 0.0)
