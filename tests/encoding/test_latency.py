import copy
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.spiketimes import times_from_spikes
from snnlab.encoding import Encoder, LatencyEncoder, base
from snnlab.encoding.latency import charging_latency, linear_latency

DT = st.sampled_from([0.1, 0.25, 0.3, 1.0])


def tensor(*values):
    return torch.tensor(values, dtype=torch.float64)


def times(encoder, *inputs):
    """The time of each input's one spike in ms, or None."""
    trains = times_from_spikes(encoder(tensor(*inputs)), encoder.dt)
    assert all(len(train) <= 1 for train in trains)
    return [train[0] if train else None for train in trains]


# The linear code.
def test_by_hand_the_strongest_spikes_first_the_weakest_last_and_zero_never():
    # t = 4·(1 − x) ms of a train of 5 steps.
    assert times(LatencyEncoder(5, 1.0), 1.0, 0.75, 0.5, 0.25, 1e-9, 0.0) == [0, 1, 2, 3, 4, None]


def test_a_time_between_two_steps_goes_to_the_nearest_and_on_a_tie_to_the_later():
    # t/dt = 4·(1 − x) = 1.5, 1.4 and 1.6; 3.5 is the last step's, not beyond it.
    assert times(LatencyEncoder(5, 0.5), 0.625, 0.65, 0.6, 0.125) == [1.0, 0.5, 1.0, 2.0]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_tie_is_seen_through_the_rounding_of_an_input(dtype):
    # 5·(1 − 0.9) = 0.5 and 5·(1 − 0.1) = 4.5: single precision knows 0.1 and 0.9 to 1e-8 only.
    assert LatencyEncoder(6, 1.0)(torch.tensor([0.9, 0.1], dtype=dtype)).nonzero().tolist() == [[1, 0], [5, 1]]


@given(intensity=st.floats(0, 1, exclude_min=True), steps=st.integers(2, 60), dt=DT)
def test_the_inverse_of_the_linear_code_gives_the_intensity_to_half_a_step(intensity, steps, dt):
    (time,) = times(LatencyEncoder(steps, dt), intensity)
    assert 1 - time / ((steps - 1) * dt) == pytest.approx(intensity, abs=0.5 / (steps - 1) + 1e-5)


@given(intensities=st.lists(st.floats(0, 1, exclude_min=True), min_size=2, max_size=2), steps=st.integers(1, 60), charging=st.booleans())
def test_a_stronger_input_never_spikes_later(intensities, steps, charging):
    membrane = {"time_constant": 3.0, "threshold": 0.1} if charging else {}
    weak, strong = (math.inf if time is None else time for time in times(LatencyEncoder(steps, 0.5, **membrane), *sorted(intensities)))
    assert strong <= weak


def test_in_a_train_of_one_step_all_but_zero_spike_at_once():
    assert times(LatencyEncoder(1, 1.0), 1.0, 0.01, 0.0) == [0, 0, None]


# The charging membrane.
def test_by_hand_a_membrane_charged_to_half_of_its_input_spikes_after_ln_2_time_constants():
    # x − θ = θ: t = τ·ln 2 = 6.93 ms, so 6.9 ms in steps of 0.1 ms. At x = 1: τ·ln(1/0.75) = 2.877 ms.
    assert times(LatencyEncoder(200, 0.1, time_constant=10.0, threshold=0.25), 0.5, 1.0, 0.25, 0.2, 0.0) == [6.9, 2.9, None, None, None]


@given(intensity=st.floats(0.2, 1), dt=DT, tau=st.floats(5, 50), threshold=st.floats(0.01, 0.15))
def test_the_inverse_of_the_charging_code_lies_within_half_a_step(intensity, dt, tau, threshold):
    (time,) = times(LatencyEncoder(3000, dt, time_constant=tau, threshold=threshold), intensity)

    def read_back(time):  # a membrane driven by x is at x·(1 − exp(−t/τ)) at the time t, where it meets the threshold
        return threshold / -math.expm1(-time / tau) if time > 0 else math.inf

    assert read_back(time + dt / 2) * (1 - 1e-5) <= intensity <= read_back(time - dt / 2) * (1 + 1e-5)


def test_the_weakest_intensity_that_spikes_is_said_and_one_below_it_stays_silent():
    encoder = LatencyEncoder(20, 0.5, time_constant=4.0, threshold=0.1)
    assert encoder.weakest == pytest.approx(0.1 / (1 - math.exp(-9.75 / 4)))  # half a step after the last, at 9.5 ms
    assert times(encoder, encoder.weakest + 1e-4, encoder.weakest - 1e-4) == [9.5, None]
    assert LatencyEncoder(20, 0.5).weakest == 0.0


def test_latencies_are_said_before_they_are_rounded():
    inputs = tensor(1.0, 0.5, 0.1, 0.0)
    torch.testing.assert_close(LatencyEncoder(9, 0.5).latencies(inputs), tensor(0.0, 2.0, 3.6, math.inf))
    expected = tensor(4 * math.log(1 / 0.9), 4 * math.log(0.5 / 0.4), math.inf, math.inf)
    torch.testing.assert_close(LatencyEncoder(9, 0.5, time_constant=4.0, threshold=0.1).latencies(inputs), expected)


def test_the_equations_alone_are_plain_functions():
    inputs = tensor(1.0, 0.75, 0.5, 0.0)
    torch.testing.assert_close(linear_latency(inputs, longest=12.0), tensor(0.0, 3.0, 6.0, math.inf))
    found = charging_latency(inputs, time_constant=5.0, threshold=0.5)
    torch.testing.assert_close(found, tensor(5 * math.log(2), 5 * math.log(3), math.inf, math.inf))


def test_a_gradient_of_an_equation_is_finite_also_where_nothing_spikes():
    inputs = tensor(1.0, 0.5, 0.25, 0.0).requires_grad_()
    charging_latency(inputs, time_constant=5.0, threshold=0.25)[:2].sum().backward()
    # d/dx τ·ln(x/(x − θ)) = τ·(1/x − 1/(x − θ))
    torch.testing.assert_close(inputs.grad, tensor(5 * (1 - 1 / 0.75), 5 * (2 - 4), 0.0, 0.0))


# The two forms.
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 4, 3), (0,), (2, 0, 3)])
@pytest.mark.parametrize("block", [2**20, 10])
@pytest.mark.parametrize("membrane", [{}, {"time_constant": 5.0, "threshold": 0.1}])
def test_both_forms_give_the_same_spikes_for_any_shape(monkeypatch, shape, block, membrane):
    monkeypatch.setattr(base, "_BLOCK_SIZE", block)
    inputs = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 0.5 + 0.5
    encoder = LatencyEncoder(50, 1.0, **membrane)
    whole, steps = encoder(inputs), list(encoder(inputs, online=True))
    assert (whole.dtype, whole.shape, len(steps)) == (torch.bool, (50, *shape), 50)
    assert all(torch.equal(a, b) for a, b in zip(whole, steps, strict=True))
    assert (whole.sum(0) == 1).all()


@pytest.mark.parametrize("inputs", [torch.tensor([1, 0]), torch.tensor([True, False]), torch.tensor([1.0, 0.0]).half().requires_grad_()])
def test_inputs_of_every_kind_are_taken_and_left_as_they_are(inputs):
    before = inputs.clone()
    assert LatencyEncoder(3, 1.0)(inputs).tolist() == [[True, False], [False, False], [False, False]]
    assert torch.equal(before, inputs)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_encodes_alike_and_is_independent(copied):
    made = LatencyEncoder(50, 1.0, time_constant=5.0, threshold=0.1)
    twin = copied(made)
    assert torch.equal(made(torch.ones(3)), twin(torch.ones(3)))
    twin.threshold = 0.2
    assert made.threshold == 0.1


# Bad input and settings.
@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (tensor(0.5, 1.01), ValueError, "inputs must be from 0 to 1 in every element, but is 1.01 in one. Rescale them to 0 … 1"),
        (tensor(0.5, -0.1), ValueError, "inputs must be 0 or above in every element, but is -0.1 in one. Rescale"),
        (tensor(0.5, math.nan), ValueError, "inputs must be finite in every element, but is NaN or infinite in 1 of 2"),
        (tensor(math.inf), ValueError, "inputs must be finite in every element"),
        ([0.5], TypeError, r"inputs must be a torch.Tensor, but is \[0.5\]"),
        (torch.ones(2, dtype=torch.complex64), TypeError, "inputs must be real"),
    ],
)
def test_bad_inputs_are_refused_at_the_call(inputs, error, words):
    for online in (False, True):
        with pytest.raises(error, match=words):
            LatencyEncoder(5, 1.0)(inputs, online)


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"steps": 0}, ValueError, "steps must be a whole number of at least 1, but is 0"),
        ({"step_time": 0.0}, ValueError, "step_time must be above 0 ms, but is 0.0 ms"),
        (
            {"time_constant": 5.0},
            ValueError,
            "must be given both, or neither for the linear code, but time_constant is 5.0 and threshold is None",
        ),
        (
            {"threshold": 0.5},
            ValueError,
            "must be given both, or neither for the linear code, but time_constant is None and threshold is 0.5",
        ),
        ({"time_constant": 0.0, "threshold": 0.5}, ValueError, "time_constant must be above 0 ms, but is 0.0 ms"),
        ({"time_constant": 5.0, "threshold": 0.0}, ValueError, "threshold must be above 0, but is 0.0"),
        ({"time_constant": 5.0, "threshold": 1.0}, ValueError, "threshold must be below 1, the strongest input, but is 1.0"),
        (
            {"time_constant": 50.0, "threshold": 0.9},
            ValueError,
            r"An input of 1 must spike within the train of 20 ms, but would at 115.129 ms. R",
        ),
        ({"frequency": 5.0}, TypeError, "frequency"),
    ],
)
def test_bad_settings_are_refused(kwargs, error, words):
    with pytest.raises(error, match=words):
        LatencyEncoder(**{"steps": 20, "step_time": 1.0} | kwargs)


def test_settings_are_read_and_set_under_their_names_and_a_refused_one_changes_nothing():
    made = LatencyEncoder(20, 1.0, time_constant=5.0, threshold=0.1)
    assert isinstance(made, Encoder)
    for name, value in (("time_constant", None), ("threshold", 1.5), ("time_constant", 1e4), ("steps", 0), ("dt", 0.001)):
        with pytest.raises(ValueError, match="must"):
            setattr(made, name, value)
    assert (made.steps, made.dt, made.duration, made.time_constant, made.threshold) == (20, 1.0, 20.0, 5.0, 0.1)
    assert "steps=20, step_time=1.0 ms, time_constant=5.0 ms, threshold=0.1" in repr(made)
    made.configure(time_constant=None, threshold=None)
    made.steps, made.dt = 5, 0.5
    assert times(made, 1.0, 0.5, 0.0) == [0.0, 1.0, None]
    assert repr(made) == "LatencyEncoder(steps=5, step_time=0.5 ms)"
