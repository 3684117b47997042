import inspect

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from snnlab.core import bounds

INSIDE = st.floats(-2.0, 2.0)
ANYWHERE = st.floats(-10.0, 10.0)
MAGNITUDE = st.floats(0.0, 5.0)
POWER = st.floats(0.0, 3.0)
KINDS = ["power", "scaled_power", "multiplicative", "scaled_multiplicative", "sharp"]
HI, LO = 2.0, -2.0


def one(value):
    return torch.tensor([value], dtype=torch.float64)


def half(side, kind, w, update, limit, power=1.0):
    function = getattr(bounds, f"bound_{side}_{kind}")
    extras = {"power": power, "range": HI - LO}
    return function(one(w), one(update), limit, **{k: v for k, v in extras.items() if k in inspect.signature(function).parameters}).item()


def full(kind, w, pos, neg, hi=HI, lo=LO, upper_power=1.0, lower_power=1.0, **kwargs):
    powers = {"upper_power": upper_power, "lower_power": lower_power} if "power" in kind else {}
    return getattr(bounds, f"bound_{kind}")(one(w), one(pos), one(neg), hi, lo, **powers, **kwargs).item()


def scale(kind, headroom, power):
    """The table of the module docstring, in plain floats."""
    headroom = max(headroom, 0.0)
    return {
        "power": headroom**power,
        "scaled_power": (headroom / (HI - LO)) ** power,
        "multiplicative": headroom,
        "scaled_multiplicative": headroom / (HI - LO),
        "sharp": float(headroom > 0),
    }[kind]


@pytest.mark.parametrize("kind", KINDS)
@given(w=ANYWHERE, update=MAGNITUDE, power=POWER)
def test_half_forms_scale_the_update_by_their_headroom(kind, w, update, power):
    assert half("upper", kind, w, update, HI, power) == pytest.approx(scale(kind, HI - w, power) * update)
    assert half("lower", kind, w, update, LO, power) == pytest.approx(scale(kind, w - LO, power) * update)


@pytest.mark.parametrize("kind", KINDS)
@given(w=ANYWHERE, pos=MAGNITUDE, neg=MAGNITUDE, up=POWER, down=POWER)
def test_a_full_form_is_its_upper_half_minus_its_lower_half(kind, w, pos, neg, up, down):
    expected = scale(kind, HI - w, up) * pos - scale(kind, w - LO, down) * neg
    assert full(kind, w, pos, neg, upper_power=up, lower_power=down) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beyond", [HI, HI + 1.5])
def test_at_and_beyond_a_limit_nothing_pushes_further(kind, beyond):
    # A fractional power of a negative headroom would be NaN, an odd one would turn growth into shrinking.
    for power in (0.5, 1.0, 3.0):
        assert full(kind, beyond, 1.0, 0.0, upper_power=power, lower_power=power) == 0.0
        assert full(kind, -beyond, 0.0, 1.0, upper_power=power, lower_power=power) == 0.0


@pytest.mark.parametrize("kind", KINDS)
@given(w=ANYWHERE, pos=MAGNITUDE, neg=MAGNITUDE)
def test_a_limit_of_none_leaves_its_side_as_it_came(kind, w, pos, neg):
    spread = {"range": HI - LO} if "scaled" in kind else {}
    assert full(kind, w, pos, neg, hi=None, lo=None) == pytest.approx(pos - neg)
    assert full(kind, w, pos, neg, lo=None, **spread) == pytest.approx(scale(kind, HI - w, 1.0) * pos - neg, abs=1e-12)
    assert full(kind, w, pos, neg, hi=None, **spread) == pytest.approx(pos - scale(kind, w - LO, 1.0) * neg, abs=1e-12)


@given(w=INSIDE, pos=MAGNITUDE, neg=MAGNITUDE)
def test_a_power_of_one_is_the_multiplicative_kind(w, pos, neg):
    assert full("power", w, pos, neg) == pytest.approx(full("multiplicative", w, pos, neg))
    assert full("scaled_power", w, pos, neg) == pytest.approx(full("scaled_multiplicative", w, pos, neg))


@given(w=INSIDE, share=st.floats(0.0, 1.0))
def test_scaled_growth_of_up_to_the_range_never_crosses_the_limit(w, share):
    update = share * (HI - LO)
    assert w + half("upper", "scaled_multiplicative", w, update, HI) <= HI + 1e-9


def test_limits_may_differ_from_element_to_element():
    w, update = torch.tensor([0.5, 0.5]), torch.tensor([1.0, 1.0])
    assert bounds.bound_upper_multiplicative(w, update, torch.tensor([1.0, 3.0])).tolist() == [0.5, 2.5]


def test_a_sharp_bound_drops_even_an_infinite_update():
    assert half("upper", "sharp", HI, float("inf"), HI) == 0.0


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match=r"power must be 0 or above, but is -1.0. 0 keeps the update whole"):
        half("upper", "power", 0.0, 1.0, HI, power=-1.0)
    with pytest.raises(ValueError, match="lower_power must be 0 or above"):
        full("scaled_power", 0.0, 1.0, 1.0, lower_power=-1.0)
    with pytest.raises(ValueError, match=r"range must be above 0, but is -4.0"):
        full("scaled_multiplicative", 0.0, 1.0, 1.0, hi=LO, lo=HI)
    with pytest.raises(RuntimeError, match=r"range must be given where min is None, but is None. Pass range="):
        full("scaled_power", 0.0, 1.0, 1.0, lo=None)


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (bounds.bound_upper_power, "param update limit *power"),
        (bounds.bound_upper_scaled_power, "param update limit *power *range"),
        (bounds.bound_upper_multiplicative, "param update limit"),
        (bounds.bound_upper_scaled_multiplicative, "param update limit *range"),
        (bounds.bound_upper_sharp, "param update limit"),
        (bounds.bound_lower_power, "param update limit *power"),
        (bounds.bound_lower_scaled_power, "param update limit *power *range"),
        (bounds.bound_lower_multiplicative, "param update limit"),
        (bounds.bound_lower_scaled_multiplicative, "param update limit *range"),
        (bounds.bound_lower_sharp, "param update limit"),
        (bounds.bound_power, "param pos neg max min *upper_power *lower_power"),
        (bounds.bound_scaled_power, "param pos neg max min *upper_power *lower_power *range=None"),
        (bounds.bound_multiplicative, "param pos neg max min"),
        (bounds.bound_scaled_multiplicative, "param pos neg max min *range=None"),
        (bounds.bound_sharp, "param pos neg max min"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    found = " ".join(
        ("*" if each.kind is each.KEYWORD_ONLY else "") + each.name + ("" if each.default is each.empty else f"={each.default}")
        for each in parameters
    )
    assert found == signature


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("side", ["upper", "lower"])
def test_a_half_form_without_its_limit_says_what_to_give(side, kind):
    with pytest.raises(TypeError, match=r"limit must be a number or a tensor in the parameter's unit, but is None. Give one"):
        half(side, kind, 0.0, 1.0, None)
