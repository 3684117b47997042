import math
import re

import numpy as np
import pytest
import torch

from snnlab.core import checks
from snnlab.core.recording import Series


def says(kind, words, check, *arguments, **kwargs):
    with pytest.raises(kind, match=f"^{re.escape(words)}$"):
        check(*arguments, **kwargs)


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int64(2), torch.tensor(2.0), torch.tensor([2])])
def test_a_number_of_any_kind_comes_back_as_a_float(value):
    for check in (checks.number, checks.positive, checks.not_negative, checks.not_zero):
        assert check("tau", value, "ms") == 2.0
        assert type(check("tau", value, "ms")) is float


def test_zero_and_below_are_refused_where_the_name_says_so():
    assert checks.not_negative("delay", 0) == 0.0
    assert checks.not_zero("charge", -1) == -1.0
    hint = "For no decay, use DeltaCurrent."
    says(ValueError, f"tau must be above 0 ms, but is 0.0 ms. {hint}", checks.positive, "tau", 0, "ms", hint)
    says(ValueError, "delay must be 0 ms or above, but is -1.5 ms.", checks.not_negative, "delay", -1.5, "ms")
    says(ValueError, "charge must be other than 0 pC, but is 0.0 pC.", checks.not_zero, "charge", 0.0, "pC")
    says(ValueError, "power must be above 0, but is -2.0.", checks.positive, "power", -2)


@pytest.mark.parametrize("check", [checks.number, checks.positive, checks.not_negative, checks.not_zero])
def test_nan_and_infinity_are_no_values_of_a_parameter(check):
    for value in (math.nan, math.inf, -math.inf):
        says(ValueError, f"tau must be a finite number, but is {value} ms.", check, "tau", value, "ms")


@pytest.mark.parametrize(("value", "came"), [("5", "'5' (str)"), (None, "None (NoneType)"), (True, "True (bool)"), (1j, "1j (complex)")])
def test_what_is_no_number_is_named_with_its_type(value, came):
    says(TypeError, f"tau must be a number in ms, but is {came}.", checks.number, "tau", value, "ms")
    says(TypeError, f"tau must be a number, but is {came}.", checks.number, "tau", value)


def test_a_whole_number_is_an_int_and_neither_bool_nor_float():
    assert checks.whole("steps", np.int32(3)) == 3
    assert checks.whole("index", 0, least=0) == 0
    says(ValueError, "steps must be a whole number of at least 1, but is 0.", checks.whole, "steps", 0)
    says(TypeError, "steps must be a whole number, but is 2.0 (float).", checks.whole, "steps", 2.0)
    says(TypeError, "steps must be a whole number, but is True (bool).", checks.whole, "steps", True)


def test_one_of_lists_the_choices():
    assert checks.one_of("mode", "a", ("a", "b")) == "a"
    says(ValueError, "mode must be one of 'a', 'b', but is 'c'.", checks.one_of, "mode", "c", ("a", "b"))
    says(RuntimeError, "mode must be one of 'a', but is 3. Read on.", checks.one_of, "mode", 3, iter("a"), RuntimeError, "Read on.")


def test_a_shape_is_a_tuple_of_sizes():
    assert checks.shape("shape", 3) == (3,)
    assert checks.shape("shape", np.int64(3)) == (3,)
    assert checks.shape("shape", iter([2, 3])) == (2, 3)
    says(ValueError, "every size in shape must be a whole number of at least 1, but is 0.", checks.shape, "shape", (2, 0))
    says(ValueError, "shape must be a shape of at least one size, but is ().", checks.shape, "shape", ())
    says(TypeError, "shape must be an int or a tuple of ints, but is 'ab' (str).", checks.shape, "shape", "ab")
    says(TypeError, "shape must be an int or a tuple of ints, but is True (bool).", checks.shape, "shape", True)


def test_a_tensor_is_a_tensor_of_a_shape():
    value = torch.zeros(2, 3)
    assert checks.tensor("spikes", value) is value
    assert checks.shaped("spikes", value, (2, 3)) is value
    says(TypeError, "spikes must be a torch.Tensor, but is [1] (list). Wrap it with torch.as_tensor.", checks.tensor, "spikes", [1])
    series = Series("spikes", torch.zeros(2, 3), ("time", "neuron"), torch.arange(2.0), 1.0)
    says(TypeError, "spikes must be a torch.Tensor, but is a Series of shape (2, 3). Pass its .values.", checks.tensor, "spikes", series)
    says(
        TypeError,
        "spikes must be a torch.Tensor, but is None (NoneType). Wrap it with torch.as_tensor.",
        checks.shaped,
        "spikes",
        None,
        (2,),
    )
    words = "spikes must be of shape (2, 4) (B x M), but is of shape (2, 3). Set batchsz."
    says(ValueError, words, checks.shaped, "spikes", value, (2, 4), "B x M", "Set batchsz.")


def test_a_finite_tensor_has_no_nan_and_no_infinity():
    for value in (torch.zeros(2, 3), torch.ones(3, dtype=torch.bool), torch.ones(3, dtype=torch.int64), torch.zeros(0)):
        assert checks.finite("weight", value) is value
    wanted = "weight must be real, but is of dtype torch.complex64. Pass its magnitude, or its real part."
    says(TypeError, wanted, checks.finite, "weight", torch.ones(1, dtype=torch.complex64))
    words = "weight must be finite in every element, but is NaN or infinite in 2 of 3. Look at the learning rate."
    for bad in ([math.nan, 1.0, math.inf], [math.inf, -math.inf, 0.0], [math.nan, math.nan, 0.0]):
        says(ValueError, words, checks.finite, "weight", torch.tensor(bad), "Look at the learning rate.")
    says(TypeError, "spike must be a torch.Tensor, but is [1] (list). Wrap it with torch.as_tensor.", checks.finite, "spike", [1])


def test_a_value_that_fits_a_dtype_is_finite_in_it():
    fits = torch.tensor([1e38], dtype=torch.float64)
    assert checks.fitting("weight", fits, torch.float32).dtype == torch.float32
    assert checks.fitting("weight", torch.tensor([True]), torch.float64).tolist() == [1.0]
    words = "weight must be finite in every element, but is NaN or infinite in 1 of 1. It must fit into float32."
    says(ValueError, words, checks.fitting, "weight", 10 * fits, torch.float32)
    says(
        ValueError,
        "weight must be finite in every element, but is NaN or infinite in 1 of 1.",
        checks.fitting,
        "weight",
        fits * math.nan,
        torch.float32,
    )


def test_a_sum_that_overflows_is_no_fault_of_finite_elements():
    large = torch.full((4,), 3e38)
    assert not math.isfinite(large.sum())
    assert checks.finite("weight", large) is large


def test_a_text_is_a_string_with_letters():
    assert checks.text("attr", "weight") == "weight"
    says(ValueError, "attr must be a string that is not empty, but is ''.", checks.text, "attr", "")
    says(TypeError, "attr must be a string, but is 3 (int).", checks.text, "attr", 3)


def test_true_is_true_and_one_is_not():
    assert checks.boolean("delayed", True) is True
    with pytest.raises(TypeError, match="delayed must be True or False, but is 1"):
        checks.boolean("delayed", 1)


def test_a_reduction_is_a_function_and_none_the_mean():
    assert checks.reduction("batch_reduction", None) is torch.mean
    assert checks.reduction("batch_reduction", torch.sum) is torch.sum
    with pytest.raises(TypeError, match=r"batch_reduction must be a function f\(tensor, dim\) or None, but is 'sum'"):
        checks.reduction("batch_reduction", "sum")


def test_a_member_that_is_only_named_says_which_class_must_give_it():
    class Half:
        pass

    for owner in (Half(), Half):
        error = checks.unimplemented(owner, "weight")
        assert isinstance(error, NotImplementedError)
        assert str(error) == "Half must implement weight: its base class only says what it is."
