import dataclasses
import math

import pytest

from snnlab.core import checks
from snnlab.core.module import Module
from snnlab.core.quantity import Quantity, Setting


class Membrane(Module):
    time_constant = Setting(checks.positive, Quantity("ms", 1.0, 200.0, "membrane time constant"))
    mode = Setting(checks.text)

    def __init__(self, time_constant=20.0, mode="nearest"):
        super().__init__()
        self.checked = 0
        self.configure(time_constant=time_constant, mode=mode)

    def check_settings(self):
        self.checked += 1


def test_a_quantity_is_a_value_that_does_not_change():
    quantity = Quantity("ms", 1.0, 100.0, "time constant", log=True)
    assert (quantity.step, quantity.restart) == (None, False)
    assert quantity == Quantity("ms", 1.0, 100.0, "time constant", log=True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        quantity.low = 0.0


@pytest.mark.parametrize(("low", "high"), [(2.0, 1.0), (1.0, 1.0), (math.nan, 1.0)])
def test_a_range_goes_upwards(low, high):
    with pytest.raises(ValueError, match=f"low must be below high, but low is {low} and high is {high}"):
        Quantity("ms", low, high, "")


def test_a_logarithmic_range_begins_above_zero():
    with pytest.raises(ValueError, match=r"low must be above 0 for a logarithmic range, but is 0.0. Set log=False"):
        Quantity("ms", 0.0, 1.0, "", log=True)


def test_a_setting_is_checked_whenever_it_is_set_and_then_its_owner():
    membrane = Membrane()
    membrane.time_constant = 5
    assert (membrane.time_constant, type(membrane.time_constant), membrane.checked) == (5.0, float, 2)
    for bad, kind in ((0.0, ValueError), (math.inf, ValueError), ("5", TypeError)):
        with pytest.raises(kind, match="time_constant must be"):
            membrane.time_constant = bad
    assert (membrane.time_constant, membrane.checked) == (5.0, 2)


def test_a_setting_belongs_to_its_object():
    one, other = Membrane(10.0), Membrane(30.0)
    one.time_constant = 1.0
    assert other.time_constant == 30.0


def test_a_setting_shows_its_meaning_and_its_quantity():
    assert Membrane.time_constant.__doc__ == "membrane time constant"
    assert Membrane.time_constant.quantity.unit == "ms"
    assert Membrane.mode.quantity is None
    assert Membrane().mode == "nearest"


def test_a_bad_argument_is_named_without_its_object():
    with pytest.raises(ValueError, match=r"^time_constant must be above 0 ms, but is -1.0 ms.$"):
        Membrane(-1.0)
