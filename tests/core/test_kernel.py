"""The halves of an STDP window."""

import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core.kernel import exp_stdp_post_kernel, exp_stdp_pre_kernel

DIFFS = st.lists(st.integers(-100, 100).map(float), min_size=1, max_size=10)


@given(diffs=DIFFS, rate=st.floats(-2, 2), tau=st.floats(1.0, 50.0))
def test_each_half_decays_with_the_distance_on_its_own_side_and_is_zero_on_the_other(diffs, rate, tau):
    given_diffs = torch.tensor(diffs, dtype=torch.float64)
    post = [rate * math.exp(-d / tau) if d >= 0 else 0.0 for d in diffs]
    pre = [rate * math.exp(d / tau) if d < 0 else 0.0 for d in diffs]
    assert exp_stdp_post_kernel(given_diffs, rate, tau).tolist() == pytest.approx(post, abs=1e-12)
    assert exp_stdp_pre_kernel(given_diffs, rate, tau).tolist() == pytest.approx(pre, abs=1e-12)


def test_spikes_at_the_same_time_belong_to_the_causal_half():
    now = torch.zeros(1)
    assert exp_stdp_post_kernel(now, 0.5, 10.0).item() == 0.5
    assert exp_stdp_pre_kernel(now, 0.5, 10.0).item() == 0.0


@pytest.mark.parametrize("kernel", [exp_stdp_post_kernel, exp_stdp_pre_kernel])
def test_a_difference_that_is_not_known_is_not_taken_for_no_change(kernel):
    assert kernel(torch.tensor([math.nan]), 1.0, 10.0).isnan().all()


@pytest.mark.parametrize("kernel", [exp_stdp_post_kernel, exp_stdp_pre_kernel])
def test_rates_and_time_constants_may_differ_by_element_and_other_keywords_are_for_other_kernels(kernel):
    diffs = torch.tensor([10.0, 10.0]) * (1 if kernel is exp_stdp_post_kernel else -1)
    found = kernel(diffs, torch.tensor([1.0, -2.0]), torch.tensor([10.0, 5.0]), sharpness=3.0)
    assert found.tolist() == pytest.approx([math.exp(-1), -2 * math.exp(-2)])


def test_the_difference_itself_is_not_changed_and_its_dtype_is_kept():
    diffs = torch.tensor([1.0, -1.0], dtype=torch.float64)
    assert exp_stdp_post_kernel(diffs, 1.0, 1.0).dtype == torch.float64
    assert diffs.tolist() == [1.0, -1.0]


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (exp_stdp_post_kernel, "diff learning_rate time_constant kwargs"),
        (exp_stdp_pre_kernel, "diff learning_rate time_constant kwargs"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature
