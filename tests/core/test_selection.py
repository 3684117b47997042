import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from snnlab.core.extrapolation import extrap_expdecay, extrap_linear_backward, extrap_linear_forward, extrap_neighbors, extrap_previous
from snnlab.core.interpolation import interp_expdecay, interp_linear, interp_nearest, interp_next, interp_previous
from snnlab.core.record import RecordTensor

INTERPOLATIONS = {
    "previous": interp_previous,
    "next": interp_next,
    "nearest": interp_nearest,
    "linear": interp_linear,
    "expdecay": interp_expdecay,
}
STEP_TIMES = st.sampled_from([0.1, 0.25, 0.3, 1.0])


def row(*values, dt=1.0, dtype=torch.float64, **kwargs):
    """The history of one element, given oldest first."""
    record = RecordTensor(dt, (len(values) - 1) * dt, shape=(1, 1), dtype=dtype, **kwargs)
    record.value = torch.tensor(values, dtype=dtype).view(-1, 1, 1)
    return record


def times(*values, dtype=torch.float64, **kwargs):
    """Times of one element: 1 x 1 x D."""
    return torch.tensor([[values]], dtype=dtype, **kwargs)


def between(newest_first, time, dt, name, tau=2.0):
    """By hand: step k and k + 1 back enclose the time; a is the time since the older."""
    k = math.floor(time / dt)
    older, newer, a = newest_first[k + 1], newest_first[k], (k + 1) * dt - time
    return {
        "previous": older,
        "next": newer,
        "nearest": newer if a / dt > 0.5 else older,
        "linear": older + (newer - older) * a / dt,
        "expdecay": older * math.exp(-a / tau),
    }[name]


# -------------------------------------------------------------------------------------------------------------------- between two steps


@given(data=st.data(), dt=STEP_TIMES, slots=st.integers(2, 9), name=st.sampled_from(sorted(INTERPOLATIONS)))
def test_between_two_steps_a_read_is_the_interpolation_of_both(data, dt, slots, name):
    values = data.draw(st.lists(st.floats(-50, 50), min_size=slots, max_size=slots))
    steps, part = data.draw(st.integers(0, slots - 2)), data.draw(st.floats(0.01, 0.99))
    assume(abs(part - 0.5) > 1e-3)  # a tie has a test of its own
    kwargs = {"time_constant": 2.0} if name == "expdecay" else {}
    time = (steps + part) * dt
    found = row(*values, dt=dt).select(times(time), INTERPOLATIONS[name], interp_kwargs=kwargs).item()
    assert found == pytest.approx(between(values[::-1], time, dt, name), rel=1e-9, abs=1e-9)


def test_the_default_is_the_nearest_and_a_tie_takes_the_older():
    assert row(4.0, 8.0, 16.0).select(times(0.4, 0.5, 0.6, 1.5)).flatten().tolist() == [16, 8, 8, 4]


def test_an_interpolation_gets_the_older_the_newer_the_time_since_the_older_and_the_step():
    seen = []
    row(1.0, 2.0, 3.0, dt=0.5).select(
        times(0.6), lambda *args, **kwargs: seen.append((args, kwargs)) or args[0], interp_kwargs={"extra": 7}
    )
    (older, newer, sample_at, step_time), kwargs = seen[-1]
    assert (older.item(), newer.item(), step_time, kwargs) == (1, 2, 0.5, {"extra": 7})
    assert sample_at.item() == pytest.approx(0.4)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.int64])
def test_sample_at_never_leaves_the_step(dtype):
    seen = []
    record = RecordTensor(0.1, 20.0, shape=(1, 1))
    record.select(
        torch.arange(0, 21, dtype=dtype).view(1, 1, -1) * (1 if dtype == torch.int64 else 0.97), lambda p, n, a, dt: seen.append(a) or p
    )
    assert seen
    assert all((a >= 0).all() and (a <= 0.1).all() for a in seen)


# ------------------------------------------------------------------------------------------------------------------------- on a step


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dt", [0.1, 0.25, 0.3, 1.0, 1 / 3])
@pytest.mark.parametrize("tolerance", [0.0, 1e-6])
def test_a_whole_step_is_never_off_by_one_even_far_back(dt, dtype, tolerance):
    slots = 2000
    record = row(*range(slots), dt=dt)
    whole = times(*(step * dt for step in range(slots)), dtype=dtype)
    for interp in (interp_previous, interp_next, interp_linear):
        found = record.select(whole, interp, tolerance=tolerance).flatten()
        assert found.tolist() == list(range(slots))[::-1]


@pytest.mark.parametrize("dt", [0.1, 0.3])
@pytest.mark.parametrize("tolerance", [0.0, 1e-6])
def test_the_longest_time_is_always_within_reach(dt, tolerance):
    late = []
    for slots in range(2, 600):
        record = RecordTensor(dt, (slots - 1) * dt, shape=(1, 1))
        record.writerange(torch.full((1, 1, 1), 5.0), slots)
        late.append(record.select(torch.tensor([[(slots - 1) * dt]]), interp_next, tolerance=tolerance).item())
    assert late == [5.0] * 598


def test_a_time_within_tolerance_of_a_step_is_that_step():
    record = row(4.0, 8.0, 16.0)
    assert record.select(times(0.9, 1.1, 0.8, 1.2), interp_linear, tolerance=0.15).flatten().tolist() == pytest.approx([8, 8, 9.6, 7.2])
    assert record.select(times(-0.1, 2.1), tolerance=0.15).flatten().tolist() == [16, 4]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("interp", [interp_linear, lambda p, n, a, dt: (n - p) / a, lambda p, n, a, dt: torch.full_like(p, math.nan)])
def test_what_an_interpolation_makes_of_its_neighbours_does_not_leak_onto_a_step(bad, interp):
    found = row(bad, 8.0, bad, 2.0).select(times(0.0, 2.0), interp)
    assert found.flatten().tolist() == [2, 8]


def test_a_stored_nan_is_still_read():
    found = row(1.0, math.nan, 3.0).select(times(0.0, 1.0, 2.0), interp_linear).flatten().tolist()
    assert (found[0], math.isnan(found[1]), found[2]) == (3, True, 1)


# ----------------------------------------------------------------------------------------------------------------------------- shapes


def history(batch=2, cells=3, slots=4):
    record = RecordTensor(1.0, slots - 1.0, shape=(batch, cells))
    record.value = torch.arange(float(slots * batch * cells)).view(slots, batch, cells)
    return record


def test_each_element_is_read_at_its_own_time():
    record = history()
    steps = torch.tensor([[0, 1, 2], [3, 2, 0]])
    expected = [[record.read(1 + int(steps[b, m]))[b, m].item() for m in range(3)] for b in range(2)]
    assert record.select(steps.float()).tolist() == expected


def test_one_more_axis_reads_each_element_several_times_and_a_batch_axis_of_one_serves_all():
    record = history()
    steps = torch.tensor([[[0, 3], [1, 2], [2, 2]]])
    found = record.select(steps.float())
    assert found.shape == (2, 3, 2)
    for b in range(2):
        for m in range(3):
            assert found[b, m].tolist() == [record.read(1 + int(step))[b, m].item() for step in steps[0, m]]


@pytest.mark.parametrize("time", [1, 1.0, torch.tensor(1.0), torch.tensor(1), torch.ones(2, 3, dtype=torch.int32), torch.ones(1, 3)])
def test_a_number_and_a_whole_number_tensor_are_times_too(time):
    assert torch.equal(history().select(time), history().read(2))


def test_a_plain_number_is_as_exact_as_the_history():
    assert row(0.0, 1.0, dt=0.1).select(0.037, interp_linear).item() == pytest.approx(1 - 0.37, rel=1e-14)


def test_times_in_double_are_read_in_double():
    found = row(*range(1001), dt=0.1).select(times(87.654), interp_linear).item()
    assert found == pytest.approx(1000 - 876.54, rel=1e-12)


def test_an_offset_moves_the_present():
    record = row(1.0, 2.0, 3.0, 4.0)
    assert record.select(times(0.0, 1.0, 2.0), offset=2).flatten().tolist() == [3, 2, 1]
    assert record.select(times(0.0), offset=4).item() == 1
    # Offset 0 is the slot of the next push, which holds the oldest observation until then.
    assert record.select(times(0.0, 1.0, 3.0, 4.0), offset=0).flatten().tolist() == [1, 4, 2, 1]
    with pytest.raises(ValueError, match=r"between 0 and 2 ms back, but spans 0 to 3 ms"):
        record.select(times(0.0, 3.0), offset=2)


@pytest.mark.parametrize("time", [torch.zeros(3), torch.zeros(2, 2), torch.zeros(3, 3), torch.zeros(2, 3, 1, 1), torch.zeros(1, 4, 2)])
def test_times_of_another_shape_are_refused(time):
    with pytest.raises(ValueError, match=r"time must be of shape \(2, 3\), or that with one more axis at the end.*but is of shape"):
        history().select(time)


@pytest.mark.parametrize("time", [-0.01, 3.01, math.nan, math.inf])
def test_a_time_out_of_reach_is_refused_with_the_reach(time):
    with pytest.raises(
        ValueError, match=r"time must lie between 0 and 3 ms back, but spans .* Raise the duration of the history, or clamp"
    ):
        history().select(time)


# --------------------------------------------------------------------------------------------------------------- gradients of the time


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("dt", [0.1, 0.25, 0.3, 1.0])
def test_the_slope_on_a_step_is_that_of_the_line_to_the_next_older_one(dt, dtype):
    # Newest first k²: the line from step k to k + 1 rises by 2k + 1 per dt; at the very end there is only the line from k − 1.
    slots = 300
    record = row(*((step**2) for step in reversed(range(slots))), dt=dt)
    time = times(*(step * dt for step in range(slots)), dtype=dtype, requires_grad=True)
    record.select(time, interp_linear).sum().backward()
    expected = [2 * step + 1 for step in range(slots - 1)] + [2 * slots - 3]
    assert (time.grad.flatten() * dt).tolist() == pytest.approx(expected, rel=1e-5)


def test_the_slope_between_two_steps_is_the_interpolations():
    record = row(5.0, 1.0, 8.0, dt=0.5)
    time = times(0.2, 0.7, requires_grad=True)
    record.select(time, interp_linear).sum().backward()
    assert time.grad.flatten().tolist() == pytest.approx([(1 - 8) / 0.5, (5 - 1) / 0.5])
    time = times(0.2, 0.7, requires_grad=True)
    record.select(time, interp_expdecay, interp_kwargs={"time_constant": 2.0}).sum().backward()
    # older·exp(−a/τ) with a = k·dt − t grows by 1/τ of itself.
    expected = [1 * math.exp(-0.3 / 2) / 2, 5 * math.exp(-0.3 / 2) / 2]
    assert time.grad.flatten().tolist() == pytest.approx(expected)


def test_a_decay_read_on_a_step_has_the_slope_of_the_decay_from_the_next_older_one():
    time = times(0.0, 0.5, requires_grad=True)
    found = row(5.0, 1.0, 8.0, dt=0.5).select(time, interp_expdecay, interp_kwargs={"time_constant": 2.0})
    assert found.flatten().tolist() == [8, 1]
    found.sum().backward()
    assert time.grad.flatten().tolist() == pytest.approx([1 * math.exp(-0.25) / 2, 5 * math.exp(-0.25) / 2])


def test_a_step_function_has_no_slope():
    for interp in (interp_previous, interp_nearest):
        time = times(0.0, 0.3, 1.0, requires_grad=True)
        found = row(1.0, 2.0, 4.0).select(time, interp) + 0 * time
        found.sum().backward()
        assert time.grad.flatten().tolist() == [0, 0, 0]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_slope_that_is_no_number_is_none(bad):
    time = times(0.0, 2.0, requires_grad=True)
    found = row(bad, 8.0, bad, 2.0).select(time, interp_linear)
    assert found.flatten().tolist() == [2, 8]
    found.sum().backward()
    assert time.grad.flatten().tolist() == [0, 0]


def test_a_history_of_bools_may_be_read_at_times_that_learn():
    record = RecordTensor(1.0, 2.0)
    for spike in (True, False, False):
        record.push(torch.tensor([[spike]]))
    assert record.select(times(0.0, 1.5, 2.0, requires_grad=True), interp_previous).flatten().tolist() == [0, 1, 1]


@given(seed=st.integers(0, 9999), slots=st.integers(2, 5), interp=st.sampled_from([interp_linear, interp_expdecay]))
def test_both_gradients_agree_with_small_differences(seed, slots, interp):
    generator = torch.Generator().manual_seed(seed)
    source = torch.randn(slots, 2, 3, dtype=torch.float64, generator=generator, requires_grad=True)
    steps = torch.randint(0, slots - 1, (1, 3, 2), generator=generator)
    part = 0.1 + 0.8 * torch.rand(1, 3, 2, dtype=torch.float64, generator=generator)
    time = ((steps + part) * 0.3).requires_grad_()
    kwargs = {"time_constant": 2.0} if interp is interp_expdecay else {}

    def read(source, time):
        record = RecordTensor(0.3, (slots - 1) * 0.3, dtype=torch.float64, inplace=False)
        for observation in source:
            record.push(observation)
        return record.select(time, interp, interp_kwargs=kwargs)

    assert torch.autograd.gradcheck(read, (source, time))


# ---------------------------------------------------------------------------------------------------------------------------- insert


@given(data=st.data(), slots=st.integers(1, 6), offset=st.integers(0, 2), inplace=st.booleans())
def test_on_a_step_an_insert_is_a_write(data, slots, offset, inplace):
    values = [float(value) for value in range(slots)]
    written, wrote = row(*values, dt=0.3, inplace=inplace), row(*values, dt=0.3, inplace=inplace)
    assume(offset <= slots)
    step = data.draw(st.integers(0, slots - max(offset, 1)))
    written.insert(torch.full((1, 1), 9.0), step * 0.3, extrap_linear_forward, offset=offset)
    wrote.write(torch.full((1, 1), 9.0), offset + step)
    assert torch.equal(written.value, wrote.value)


def test_between_two_steps_an_insert_changes_both_neighbours():
    record = row(1.0, 2.0, 3.0, 4.0, dt=0.5)
    record.insert(torch.full((1, 1), 9.0, dtype=torch.float64), times(0.7).squeeze(-1), extrap_neighbors, offset=1)
    assert record.value.flatten().tolist() == [1, 9, 9, 4]
    record.insert(torch.full((1, 1), 7.0, dtype=torch.float64), times(0.7).squeeze(-1), extrap_previous, offset=2)
    assert record.value.flatten().tolist() == [7, 9, 9, 4]


def test_the_default_gives_it_to_the_nearest_and_a_tie_to_the_older():
    for time, expected in ((1.4, [1, 2, 9, 4]), (1.5, [1, 9, 3, 4]), (1.6, [1, 9, 3, 4])):
        record = row(1.0, 2.0, 3.0, 4.0)
        record.insert(torch.full((1, 1), 9.0), time, offset=1)
        assert record.value.flatten().tolist() == expected


@given(part=st.floats(0.05, 0.95), steps=st.integers(0, 2), sample=st.floats(-20, 20), inplace=st.booleans())
def test_what_is_inserted_is_what_is_selected(part, steps, sample, inplace):
    time = (steps + part) * 0.3
    for extrap, interp, kwargs in (
        (extrap_linear_forward, interp_linear, {}),
        (extrap_linear_backward, interp_linear, {}),
        (extrap_expdecay, interp_expdecay, {"time_constant": 2.0}),
    ):
        record = row(1.0, -2.0, 3.0, -4.0, dt=0.3, inplace=inplace)
        record.insert(torch.full((1, 1), sample, dtype=torch.float64), time, extrap, offset=1, extrap_kwargs=kwargs)
        assert record.select(time, interp, interp_kwargs=kwargs).item() == pytest.approx(sample, abs=1e-9)


def test_each_element_is_inserted_at_its_own_time():
    record = history()
    expected = record.value
    expected[-1, 0, 0] = expected[-3, 1, 0] = expected[-2, :, 1] = expected[-4, :, 2] = -1.0
    expected[-3, 0, 0], expected[-1, 0, 0] = -1.0, history().value[-1, 0, 0]
    record.insert(torch.full((2, 3), -1.0), torch.tensor([[2.0, 1.0, 3.0]]), offset=1)
    assert torch.equal(record.value, expected)


def test_a_gradient_flows_through_an_insert_that_is_not_in_place():
    record, source = row(1.0, 2.0, 3.0, inplace=False), torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    record.insert(5 * source, 0.5, extrap_expdecay, offset=1, extrap_kwargs={"time_constant": 2.0})
    record.value.sum().backward()
    # The two neighbours are 5·exp(0.25) and 5·exp(−0.25).
    assert source.grad.item() == pytest.approx(10 * math.cosh(0.25))


@pytest.mark.parametrize(
    ("observation", "time", "words"),
    [
        (torch.ones(2, 3), 3.5, "time must lie between 0 and 3 ms back, but spans 3.5 to 3.5 ms"),
        (torch.ones(2, 3), -0.5, "time must lie between 0 and 3 ms back"),
        (torch.ones(2, 3), torch.zeros(2, 3, 2), r"time must be of shape \(2, 3\), as the observation is, but is of shape \(2, 3, 2\)"),
        (torch.ones(3, 3), 0.0, r"observation must be of shape \(2, 3\).*but is of shape \(3, 3\)"),
    ],
)
def test_a_refused_insert_changes_nothing(observation, time, words):
    record = history()
    with pytest.raises(ValueError, match=words):
        record.insert(observation, time, offset=1)
    assert torch.equal(record.value, history().value)
