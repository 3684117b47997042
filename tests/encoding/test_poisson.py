import copy
import math
import pickle

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snnlab.core.trains import isi
from snnlab.encoding import HomogeneousPoissonApproxEncoder, HomogeneousPoissonEncoder, PoissonIntervalEncoder, base, poisson

ENCODERS = [HomogeneousPoissonEncoder, HomogeneousPoissonApproxEncoder, PoissonIntervalEncoder]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def build(encoder=HomogeneousPoissonEncoder, steps=50, step_time=1.0, frequency=100.0, seed=0, **kwargs):
    return encoder(steps, step_time, frequency, generator=seeded(seed), **kwargs)


def first_intervals(encoder, count, trains=3000):
    """The first `count` intervals of each train, in ms: no train of the window may have fewer, or long intervals would be missed."""
    intervals = isi(encoder(torch.ones(trains)), encoder.dt)[:count].double()
    assert not intervals.isnan().any()
    return intervals.flatten()


def agrees(found, mean, deviation):
    """Whether the mean of found lies within four standard errors of the mean of theory."""
    return abs(found.mean().item() - mean) <= 4 * deviation / math.sqrt(found.numel())


# Rates. The count of a train that is no more irregular than a Poisson train varies by no more than its mean.
RATES = [
    (HomogeneousPoissonEncoder, {"frequency": 100.0}, 100.0),
    (HomogeneousPoissonEncoder, {"frequency": 100.0, "refrac": 5.0}, 100.0),
    (HomogeneousPoissonEncoder, {"frequency": 300.0, "refrac": 3.0}, 300.0),
    (HomogeneousPoissonEncoder, {"frequency": 100.0, "refrac": 5.0, "compensate": False}, 1000 / (10 + 5)),
    (HomogeneousPoissonEncoder, {"frequency": 100.0, "refrac": 2.2, "step_time": 0.5, "compensate": False}, 1000 / (10 + 2.5)),
    (HomogeneousPoissonEncoder, {"frequency": 900.0}, 900.0),
    (HomogeneousPoissonApproxEncoder, {"frequency": 100.0}, 100.0),
    (HomogeneousPoissonApproxEncoder, {"frequency": 400.0, "step_time": 0.5}, 400.0),
    (PoissonIntervalEncoder, {"frequency": 100.0}, 100.0),
    (PoissonIntervalEncoder, {"frequency": 500.0}, 1000 / (2 + math.exp(-2))),
]


@pytest.mark.parametrize(("encoder", "kwargs", "rate"), RATES)
@pytest.mark.parametrize("block", [2**20, 7 * 2000])
def test_rate_is_as_theory_says_at_every_step(monkeypatch, encoder, kwargs, rate, block):
    monkeypatch.setattr(base, "_BLOCK_SIZE", block)  # the small one cuts trains into blocks of 7 steps
    made = build(encoder, **kwargs)
    spikes = made(torch.ones(2000)).double()
    share = rate * made.dt / 1000
    assert spikes.mean().item() == pytest.approx(share, abs=4 * math.sqrt(share / spikes.numel()))
    assert (spikes.mean(1) - share).abs().max() < 5 * math.sqrt(share * (1 - share) / 2000)  # the start is no exception


@pytest.mark.parametrize("encoder", ENCODERS)
def test_rate_follows_each_input_and_zero_stays_silent(encoder):
    inputs = torch.tensor([0.0, 0.1, 0.5, 1.0, 2.0]).repeat(400, 1)
    counts = build(encoder, steps=100)(inputs).sum(0).double().mean(0)
    expected = torch.tensor([0.0, 1.0, 5.0, 10.0, 20.0], dtype=torch.float64)
    assert counts[0] == 0
    # Theory of the interval encoder at 2 × 100 Hz: 5 + e^-5 steps, 0.13 % less.
    assert ((counts - expected).abs() <= 4 * (expected / 400).sqrt() + 0.0014 * expected).all()


# Gaps.
@settings(max_examples=40, deadline=None)
@given(
    step_time=st.sampled_from([0.1, 0.25, 0.5, 1.0, 2.0]),
    refrac=st.floats(0.0, 12.0),
    share=st.floats(0.3, 0.99),
    compensate=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_no_two_spikes_are_closer_than_refrac(step_time, refrac, share, compensate, seed):
    gap = max(math.ceil(refrac / step_time - 1e-6), 1) * step_time
    made = build(steps=300, step_time=step_time, frequency=share * 1000 / gap, refrac=refrac, compensate=compensate, seed=seed)
    intervals = isi(made(torch.ones(20)), step_time)
    intervals = intervals[~intervals.isnan()]
    assert (intervals >= refrac - 1e-4 * step_time).all()


def test_the_gap_holds_across_blocks_and_is_reached(monkeypatch):
    monkeypatch.setattr(base, "_BLOCK_SIZE", 3 * 500)
    intervals = isi(build(steps=200, frequency=150.0, refrac=5.0)(torch.ones(500)), 1.0)
    assert intervals[~intervals.isnan()].min() == 5.0


# Intervals.
@pytest.mark.parametrize(
    ("frequency", "refrac", "compensate"), [(100.0, 5.0, True), (100.0, 5.0, False), (200.0, None, True), (50.0, 8.0, True)]
)
def test_intervals_have_the_mean_and_variation_of_a_poisson_train_with_a_gap(frequency, refrac, compensate):
    gap = refrac or 1.0
    mean = 1000 / frequency - (gap if compensate else 0)
    intervals = first_intervals(build(steps=1200, frequency=frequency, refrac=refrac, compensate=compensate), 20)
    # The part beyond the gap is floor(u + e) steps, with u the place of a spike within its step, even on 0 … 1, and e exponential:
    # P(floor(u + e) ≥ j) = m (exp(1/m) − 1) exp(−j/m), so its second moment is the sum of (2j − 1) times that.
    second = sum((2 * j - 1) * mean * math.expm1(1 / mean) * math.exp(-j / mean) for j in range(1, 2000))
    deviation = math.sqrt(second - mean**2)
    assert agrees(intervals, mean + gap, deviation)
    found = intervals.std() / intervals.mean()
    assert found.item() == pytest.approx(deviation / (mean + gap), rel=4 * math.sqrt(2 / intervals.numel()))
    assert found.item() == pytest.approx(mean / (mean + gap), rel=0.02)  # the textbook's, for time without steps


def test_intervals_of_the_approximate_encoder_are_geometric():
    intervals = first_intervals(build(HomogeneousPoissonApproxEncoder, steps=600), 20)
    # p = 0.1: mean 1/p, deviation √(1 − p)/p; a gap of one step with probability p.
    assert agrees(intervals, 10.0, math.sqrt(0.9) / 0.1)
    assert (intervals.std() / intervals.mean()).item() == pytest.approx(math.sqrt(0.9), rel=4 * math.sqrt(2 / intervals.numel()))
    assert agrees((intervals == 1).double(), 0.1, math.sqrt(0.1 * 0.9))


@pytest.mark.parametrize("mean", [1.5, 4.0, 10.0])
def test_intervals_of_the_interval_encoder_are_poisson_with_zeros_bumped(mean):
    intervals = first_intervals(build(PoissonIntervalEncoder, steps=400, frequency=1000 / mean), 20)
    bumped = mean + math.exp(-mean)
    assert agrees(intervals, bumped, math.sqrt(mean + mean**2 + math.exp(-mean) - bumped**2))
    for k in range(1, 8):
        chance = math.exp(-mean) * (mean**k / math.factorial(k) + (k == 1))
        assert agrees((intervals == k).double(), chance, math.sqrt(chance * (1 - chance)))


def test_the_approximate_and_the_interval_encoder_saturate_at_one_spike_a_step():
    assert build(HomogeneousPoissonApproxEncoder, frequency=1500.0)(torch.ones(20)).all()
    assert build(PoissonIntervalEncoder, frequency=1e9)(torch.ones(20)).all()


# The two forms.
@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 4, 3), (0,), (2, 0, 3)])
@pytest.mark.parametrize("block", [2**20, 10])
def test_both_forms_give_the_same_spikes_for_any_shape(monkeypatch, encoder, shape, block):
    monkeypatch.setattr(base, "_BLOCK_SIZE", block)
    inputs = torch.full(shape, 0.5)
    whole = build(encoder, frequency=400.0)(inputs)
    steps = list(build(encoder, frequency=400.0)(inputs, online=True))
    assert whole.dtype == torch.bool
    assert whole.shape == (50, *shape)
    assert len(steps) == 50
    assert all(torch.equal(a, b) for a, b in zip(whole, steps, strict=True))
    assert whole.numel() == 0 or whole.any()


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_seed_fixes_the_spikes_and_the_global_source_is_left_alone(encoder):
    state = torch.get_rng_state()
    made = build(encoder)
    first, again = made(torch.ones(30)), made(torch.ones(30))
    assert not torch.equal(first, again)
    assert torch.equal(first, build(encoder)(torch.ones(30)))
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.parametrize("encoder", ENCODERS)
def test_without_a_generator_torch_decides(encoder):
    made = encoder(50, 1.0, 100.0)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        first = made(torch.ones(30))
        torch.manual_seed(3)
        assert torch.equal(first, made(torch.ones(30)))


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_a_copy_draws_the_same_and_is_independent(encoder, copied):
    made = build(encoder)
    twin = copied(made)
    assert torch.equal(made(torch.ones(30)), twin(torch.ones(30)))
    twin.frequency = 0.0
    assert made.frequency == 100.0


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(
    "inputs", [torch.tensor([1, 0]), torch.tensor([True, False]), torch.ones(2, dtype=torch.float16), torch.ones(2).requires_grad_()]
)
def test_inputs_of_every_kind_are_taken_and_left_as_they_are(encoder, inputs):
    before = inputs.clone()
    assert build(encoder)(inputs)[:, 0].any()
    assert torch.equal(before, inputs)


# Settings.
def test_settings_are_read_and_set_under_their_names():
    made = build(refrac=None, compensate=False)
    assert (made.dt, made.steps, made.duration, made.frequency, made.refrac, made.compensated) == (1.0, 50, 50.0, 100.0, 1.0, False)
    made.dt, made.steps, made.frequency, made.refrac = 0.5, 10, 40.0, 2.0
    assert (made.duration, made.refrac, made.gap) == (5.0, 2.0, 4)
    assert made(torch.ones(3)).shape == (10, 3)
    assert "frequency=40.0 Hz, refrac=2.0 ms" in repr(made)
    made.clear(anything=1)


@pytest.mark.parametrize(("refrac", "step_time", "gap"), [(None, 0.5, 1), (0.0, 1.0, 1), (0.3, 0.1, 3), (2.5, 1.0, 3), (2.0, 1.0, 2)])
def test_the_gap_is_refrac_rounded_up_to_whole_steps(refrac, step_time, gap):
    assert build(step_time=step_time, refrac=refrac).gap == gap


@pytest.mark.parametrize("rate", [500.0, 600.0])
@pytest.mark.parametrize("compensate", [True, False])
def test_a_rate_at_or_above_the_limit_is_refused_with_the_limit(rate, compensate):
    words = rf"inputs must ask for less than 500 Hz, as two spikes are at least 2 ms apart \(refrac\), but asks for {rate:g} Hz.*Lower"
    for online in (False, True):
        with pytest.raises(ValueError, match=words):
            build(frequency=rate / 2, refrac=2.0, compensate=compensate)(torch.tensor([0.1, 2.0]), online)
    assert build(frequency=499.0, refrac=2.0)(torch.ones(3)).any()


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        (torch.tensor([0.5, -0.1]), ValueError, "inputs must be 0 or above in every element, but is -0.1 in one. Rescale"),
        (torch.tensor([0.5, math.nan]), ValueError, "inputs must be finite in every element"),
        (torch.tensor([0.5, math.inf]), ValueError, "inputs must be finite in every element"),
        ([0.5], TypeError, r"inputs must be a torch.Tensor, but is \[0.5\]"),
        (torch.ones(2, dtype=torch.complex64), TypeError, "inputs must be real"),
        (
            torch.ones(2, device="meta"),
            ValueError,
            r"generator must be on the device of inputs \(meta\), but is on cpu. Make it with torch",
        ),
    ],
)
def test_bad_inputs_are_refused_and_draw_nothing(encoder, inputs, error, words):
    made = build(encoder)
    for online in (False, True):
        with pytest.raises(error, match=words):
            made(inputs, online)
    assert torch.equal(made.generator.get_state(), seeded().get_state())


@pytest.mark.parametrize(
    ("kwargs", "error", "words"),
    [
        ({"steps": 0}, ValueError, "steps must be a whole number of at least 1, but is 0"),
        ({"steps": 2.5}, TypeError, "steps must be a whole number"),
        ({"step_time": 0.0}, ValueError, "step_time must be above 0 ms, but is 0.0 ms"),
        ({"frequency": -1.0}, ValueError, "frequency must be 0 Hz or above, but is -1.0 Hz"),
        ({"refrac": -1.0}, ValueError, "refrac must be 0 ms or above, but is -1.0 ms. None asks for one step"),
        ({"compensate": "no"}, TypeError, r"compensate must be True or False, but is 'no' \(str\)"),
        ({"rate": 5.0}, TypeError, "rate"),
    ],
)
def test_bad_settings_are_refused(kwargs, error, words):
    with pytest.raises(error, match=words):
        build(**kwargs)


def test_a_refused_setting_changes_nothing():
    made = build(refrac=2.0)
    for name, value in (("frequency", -1.0), ("refrac", math.nan), ("steps", 0), ("dt", 0.0)):
        with pytest.raises(ValueError, match="must be"):
            setattr(made, name, value)
    for name, value in (("compensated", 0), ("generator", 0)):
        with pytest.raises(TypeError, match="must be"):
            setattr(made, name, value)
    assert (made.frequency, made.refrac, made.steps, made.dt, made.compensated) == (100.0, 2.0, 50, 1.0, True)
    assert isinstance(made.generator, torch.Generator | None)


def test_intervals_of_a_train_are_placed_one_after_another_across_blocks():
    # From 1.5 on, every 2 + 1 steps: 1, 4, 7, 10; a train with no first spike has none.
    first, every_second = torch.tensor([1.5, math.inf]), lambda count: torch.full((count, 2), 2.0)
    blocks = list(poisson.renewal_blocks(first, every_second, [4, 5, 3], gap=1))
    assert [len(block) for block in blocks] == [4, 5, 3]
    assert torch.cat(blocks).nonzero().tolist() == [[1, 0], [4, 0], [7, 0], [10, 0]]
