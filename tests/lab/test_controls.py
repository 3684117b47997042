import pytest

from snnlab.core.quantity import Quantity
from snnlab.lab import Control
from snnlab.lab.names import Names


def test_range_unit_and_meaning_come_from_the_class(toy):
    told = Control("exc.tc_membrane").bind(Names(toy)).describe()
    assert (told["low"], told["high"], told["unit"], told["doc"], told["log"]) == (1.0, 100.0, "ms", "membrane time constant", True)


def test_what_is_given_takes_the_place_of_what_the_class_says(toy):
    told = Control("exc.tc_membrane", low=5.0, high=10.0, step=1.0, log=False, label="τ").bind(Names(toy)).describe()
    assert (told["low"], told["high"], told["step"], told["log"], told["label"], told["unit"]) == (5.0, 10.0, 1.0, False, "τ", "ms")


def test_the_value_lives_in_the_model(toy):
    control = Control("exc.tc_membrane").bind(Names(toy))
    control.value = 30.0
    assert toy.cells.tc_membrane == 30.0
    toy.cells.tc_membrane = 40.0
    assert control.value == 40.0


def test_get_and_set_stand_for_what_is_no_attribute(toy):
    weight = toy.wires.weight
    control = Control("gain", low=0.0, high=2.0, get=lambda: weight[3, 2].item(), set=lambda value: weight.fill_(value)).bind(Names(toy))
    control.value = 1.5
    assert (weight == 1.5).all()
    assert control.value == 1.5


def test_a_number_without_a_range_asks_for_one(toy):
    with pytest.raises(ValueError, match=r"'exc.dt' has no range: .* Give one: Control\('exc.dt', low=, high=\)"):
        Control("exc.dt").bind(Names(toy))


def test_a_whole_object_is_no_control(toy):
    with pytest.raises(LookupError, match="'exc' names Cells itself: say which of its numbers"):
        Control("exc").bind(Names(toy))


def test_a_tensor_of_many_numbers_is_no_control(toy):
    with pytest.raises(TypeError, match="give get= and set= for more"):
        Control("in2exc.weight", low=0.0, high=1.0).bind(Names(toy))


@pytest.mark.parametrize(
    ("given", "words"), [({"low": 2.0, "high": 1.0}, "low must be below high"), ({"low": 0.0, "log": True}, "above 0")]
)
def test_a_range_must_be_one(toy, given, words):
    with pytest.raises(ValueError, match=words):
        Control("exc.threshold", **given).bind(Names(toy))


def test_get_without_set_is_refused():
    with pytest.raises(TypeError, match="get and set of the control 'x' must come together"):
        Control("x", low=0, high=1, get=lambda: 0.0)


def test_a_control_prints_its_name_value_unit_and_range(toy):
    assert repr(Control("exc.tc_membrane").bind(Names(toy))) == "Control('exc.tc_membrane': 20 ms, from 1 to 100 ms)"
    assert repr(Control("gain", low=0, high=2.5, get=lambda: 1, set=lambda value: None)) == "Control('gain': 1, from 0 to 2.5)"


def test_a_control_that_knows_no_model_yet_prints_its_name():
    assert repr(Control("exc.tc_membrane")) == "Control('exc.tc_membrane')"


def test_an_unknown_control_is_answered_with_those_there_are(make_lab):
    with pytest.raises(KeyError, match=r"no control 'nix'; there is: exc.tc_membrane, rule.lr_post"):
        make_lab().controls["nix"]
    with pytest.raises(KeyError, match="there is: none"):
        make_lab(controls=[]).controls["nix"]


def test_a_change_that_needs_a_reset_waits_for_it(toy):
    toy.cells.quantities = {"dt": Quantity("ms", 0.1, 2.0, "step", restart=True), "threshold": Quantity("mV", 0.5, 2.0, "fires at")}
    length, threshold = (Control(f"exc.{name}").bind(Names(toy)) for name in ("dt", "threshold"))
    assert (length.waits, threshold.waits) == (False, False)
    toy.cells.dt, threshold.value = 0.5, 1.5
    assert (length.waits, threshold.waits) == (True, False)
    toy.cells.dt = 1.0  # as it was
    assert not length.waits
    length.value = 2.0
    length.settle()
    assert not length.waits


def test_a_control_of_functions_may_say_that_it_needs_a_reset():
    box = {"size": 1.0}
    control = Control("size", low=1, high=9, restart=True, get=lambda: box["size"], set=lambda value: box.update(size=value)).bind(None)
    assert "acts after Reset" in control.describe()["doc"]
    control.value = 4
    assert control.waits
