import copy
import inspect
import io
import math
import pickle

import pytest
import torch
from torch import nn

from snnlab import DeltaCurrent, LinearDense
from snnlab.core import bounds
from snnlab.core.bounds import bound_upper_power
from snnlab.updates import Accumulator, Clamping, Normalization, Product, Updatable, Updater


def connected(delay=2.0, bias=True, **kwargs):
    """Two inputs, one output; all weights, biases and delays 1."""
    connection = LinearDense(
        2,
        1,
        1.0,
        synapse=DeltaCurrent.partialconstructor(1.0),
        bias=bias,
        delay=delay,
        weight_init=torch.ones_like,
        bias_init=torch.ones_like,
        delay_init=torch.ones_like,
    )
    connection.defaultupdater(**kwargs)
    return connection


def tensor(*values, **kwargs):
    return torch.tensor(values, **kwargs)


def values(connection):
    return [parameter.detach().flatten().tolist() for parameter in (connection.weight, connection.bias, connection.delay)]


# ---------------------------------------------------------------------------------------------------------------------------- names


def test_each_name_is_an_accumulator():
    updater = connected().updater
    assert updater.names == ("weight", "bias", "delay")
    assert all(isinstance(getattr(updater, name), Accumulator) for name in updater.names)
    assert updater.weight is not updater.bias


def test_setting_appends_deleting_empties():
    updater = connected().updater
    updater.weight = tensor([1.0, 2.0])
    updater.weight = tensor([1.0, 1.0]), tensor([0.5, 0.0])
    updater.weight = None
    updater.weight = [None, tensor([0.5, 0.0])]
    updater.weight = None, None
    assert updater.weight.pos.tolist() == [[2, 3]]
    assert updater.weight.neg.tolist() == [[1, 0]]
    assert updater.bias.pos is None
    del updater.weight
    assert updater.weight.pos is updater.weight.neg is None
    assert isinstance(updater.weight, Accumulator)


@pytest.mark.parametrize("value", [(torch.ones(1),), (torch.ones(1),) * 3, [], ()])
def test_a_tuple_that_is_no_pair_is_refused_with_what_was_wanted(value):
    updater = connected().updater
    with pytest.raises(ValueError, match=rf"weight must be a tensor, None or a pair \(pos, neg\), but is {len(value)} values"):
        updater.weight = value
    assert updater.weight.pos is updater.weight.neg is None


@pytest.mark.parametrize("value", [1.0, "1", (torch.ones(1, 2), 1.0)])
def test_an_update_that_is_no_tensor_is_refused_and_nothing_is_pending(value):
    updater = connected().updater
    with pytest.raises(TypeError, match=r"must be a torch.Tensor"):
        updater.weight = value
    assert updater.weight.pos is updater.weight.neg is None


def test_an_unknown_name_is_an_error_however_it_is_used():
    connection = connected()
    updater = connection.updater
    with pytest.raises(AttributeError, match="wieght"):
        updater.wieght  # noqa: B018
    for value in (torch.ones(1, 2), (torch.ones(1, 2), None)):
        with pytest.raises(AttributeError, match="'wieght' is not updated here; weight, bias, delay is"):
            updater.wieght = value
    with pytest.raises(AttributeError, match="wieght"):
        del updater.wieght
    updater.weight = torch.ones(1, 2)
    for act in (updater, connection.updatesome):
        with pytest.raises(AttributeError, match="'wieght' is not updated here; weight, bias, delay is"):
            act("weight", "wieght")
    assert values(connection)[0] == [1, 1]


def test_a_missing_attribute_is_refused_at_once():
    with pytest.raises(RuntimeError, match=r"Linear has no attribute 'wieght' to update. Name a parameter that it has"):
        Updater(nn.Linear(2, 1), "weight", "wieght")


def test_a_subclass_may_keep_attributes_of_its_own():
    class Counting(Updater):
        def __init__(self, module, *params):
            super().__init__(module, *params)
            self.steps, self.last = 0, None
            self.register_buffer("mean", torch.zeros(1))

    updater = Counting(nn.Linear(2, 1), "weight")
    updater.steps += 1
    updater.mean = torch.ones(1)
    assert (updater.steps, updater.mean.item()) == (1, 1)


# ---------------------------------------------------------------------------------------------------------------------------- update


def test_nothing_changes_until_the_update_and_then_all_at_once():
    connection = connected()
    connection.updater.weight = tensor([1.0, 2.0]), tensor([0.5, 0.0])
    connection.updater.bias = tensor(3.0)
    connection.updater.delay = None, tensor([0.25, 0.75])
    assert values(connection) == [[1, 1], [1], [1, 1]]
    connection.update()
    assert values(connection) == [[1.5, 3], [4], [0.75, 0.25]]
    connection.update()
    assert values(connection) == [[1.5, 3], [4], [0.75, 0.25]]


def test_without_clear_an_update_is_applied_again():
    connection = connected()
    connection.updater.weight = tensor([1.0, 0.0])
    connection.update(clear=False)
    connection.update(clear=False)
    assert values(connection)[0] == [3, 1]
    connection.updatesome("bias", "weight", clear=False)
    assert values(connection)[0] == [4, 1]


def test_only_the_named_are_updated_and_cleared():
    connection = connected()
    connection.updater.weight, connection.updater.bias = tensor([1.0, 0.0]), tensor(1.0)
    connection.updatesome("weight", "weight")
    assert values(connection)[:2] == [[2, 1], [1]]
    assert connection.updater.weight.pos is None
    assert connection.updater.bias.pos.item() == 1


def test_no_name_updates_nothing():
    connection = connected()
    connection.updater.weight = tensor([1.0, 0.0])
    connection.updatesome()
    assert values(connection)[0] == [1, 1]
    connection.update()
    assert values(connection)[0] == [2, 1]


def test_an_updated_delay_stays_in_the_range_that_is_remembered():
    connection = connected(delay=2.0)
    connection.updater.delay = tensor([9.0, 0.0]), tensor([0.0, 9.0])
    connection.update()
    assert values(connection)[2] == [2, 0]


# An infinite delay is no error: it is clamped to the longest one.
BAD = [(name, bad) for name in ("weight", "bias", "delay") for bad in (math.nan, math.inf, "shape") if (name, bad) != ("delay", math.inf)]


@pytest.mark.parametrize(("name", "bad"), BAD)
def test_a_refused_update_changes_no_parameter_at_all(name, bad):
    connection = connected()
    for each in connection.updater.names:
        setattr(connection.updater, each, torch.full(getattr(connection, each).shape, 0.5))
    setattr(connection.updater, name, torch.ones(3, 1, 1, 2) if bad == "shape" else torch.tensor(bad))
    with pytest.raises(ValueError, match=f"{name} must be"):
        connection.update()
    assert values(connection) == [[1, 1], [1], [1, 1]]


def of_kind(value, kind):
    """An update of both weights by the same number."""
    return Product(torch.tensor([[value]]), torch.ones(1, 2)) if kind == "product" else torch.full((1, 2), value)


@pytest.mark.parametrize("kind", ["tensor", "product"])
def test_an_update_by_products_or_tensors_changes_the_parameter_that_there_is(kind):
    connection = connected()
    weight, place = connection.weight, connection.weight.data_ptr()
    connection.updater.weight.add(pos=of_kind(3.0, kind), neg=of_kind(0.5, kind))
    connection.update()
    assert values(connection) == [[3.5, 3.5], [1], [1, 1]]
    assert connection.weight is weight
    assert weight.data_ptr() == place
    connection.update()
    assert values(connection)[0] == [3.5, 3.5]


@pytest.mark.parametrize("kind", ["tensor", "product"])
@pytest.mark.parametrize("value", [math.nan, math.inf, 3e38, 5e37])
def test_an_update_that_would_leave_no_finite_weight_changes_nothing(kind, value):
    connection = connected()
    connection.weight = tensor([1.0, 3e38])
    before = values(connection)
    connection.updater.weight.add(pos=of_kind(value, kind))
    with pytest.raises(ValueError, match="weight must be finite in every element"):
        connection.update()
    assert values(connection) == before


@pytest.mark.parametrize(("name", "bad"), [("weight", tensor(1.0, math.nan)), ("weight", torch.ones(3)), ("bias", tensor(math.inf))])
def test_only_updates_that_were_applied_are_counted(name, bad):
    connection = connected()
    updater = connection.updater
    updater.weight = tensor(1.0, 1.0)
    connection.update()
    connection.updatesome("bias")
    assert updater.applied == {"weight": 1, "bias": 2, "delay": 1}
    setattr(updater, name, bad)
    with pytest.raises(ValueError, match=f"{name} must be"):
        connection.update()
    assert updater.applied == {"weight": 1, "bias": 2, "delay": 1}


@pytest.mark.parametrize("kind", ["tensor", "product"])
def test_the_largest_weight_stays_finite_where_an_update_is_too_small_to_move_it(kind):
    connection, largest = connected(), torch.finfo(torch.float32).max
    connection.weight = tensor([1.0, largest])
    connection.updater.weight.add(pos=of_kind(1e30, kind))  # the next number below the largest is 2e31 less
    connection.update()
    assert values(connection)[0] == [tensor(1e30).item(), largest]


@pytest.mark.parametrize("kind", ["tensor", "product"])
def test_an_update_of_a_weight_that_is_nan_already_is_refused(kind):
    connection = connected()
    connection.weight.data[0, 1] = math.nan
    connection.updater.weight.add(pos=of_kind(1.0, kind))
    with pytest.raises(ValueError, match="weight must be finite in every element, but is NaN or infinite in 1 of 2"):
        connection.update()
    assert connection.weight[0, 0].item() == 1


@pytest.mark.parametrize("kind", ["tensor", "product"])
def test_a_setter_of_ones_own_sees_every_update(kind):
    class Whole(LinearDense):
        @property
        def weight(self):
            return super().weight

        @weight.setter
        def weight(self, value):
            if (value < 0).any():
                raise ValueError("no weight below 0")
            LinearDense.weight.fset(self, value.round())

    connection = Whole(2, 1, 1.0, synapse=DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    connection.defaultupdater()
    connection.updater.weight.add(pos=of_kind(1.25, kind))
    connection.update()
    assert connection.weight.tolist() == [[2, 2]]
    connection.updater.weight.add(neg=of_kind(5.0, kind))
    with pytest.raises(ValueError, match="no weight below 0"):
        connection.update()
    assert connection.weight.tolist() == [[2, 2]]


@pytest.mark.parametrize("kind", ["tensor", "product"])
def test_mask_and_sign_hold_after_an_update_in_place(kind):
    connection = connected()
    connection.mask, connection.sign = tensor([1.0, 0.0]), tensor([1.0, 1.0])
    connection.updater.weight.add(neg=of_kind(5.0, kind))
    connection.update()
    assert connection.weight.tolist() == [[0, 0]]
    connection.updater.weight.add(pos=of_kind(5.0, kind))
    connection.update()
    assert connection.weight.tolist() == [[5, 0]]


@pytest.mark.parametrize("kind", ["tensor", "product"])
def test_a_parameter_of_a_plain_module_is_updated_in_place_and_one_of_another_shape_is_not(kind):
    module = nn.Linear(2, 1, bias=False).requires_grad_(False)
    updater, before = Updater(module, "weight"), module.weight.clone()
    updater.weight.add(pos=of_kind(0.5, kind))
    updater()
    torch.testing.assert_close(module.weight.data, before + 0.5)
    updater.clear()
    updater.weight.add(pos=Product(torch.ones(3, 1), torch.ones(1, 2)) if kind == "product" else torch.ones(3, 2))
    with pytest.raises(ValueError, match=r"The update of weight must be of shape \(1, 2\)"):
        updater()


def test_an_update_is_written_in_place_and_keeps_no_graph():
    connection = connected()
    for parameter in connection.parameters():
        parameter.requires_grad_()
    places = [parameter.data_ptr() for parameter in connection.parameters()]
    for name in connection.updater.names:
        setattr(connection.updater, name, getattr(connection, name) * 0.25)
        getattr(connection.updater, name).upperbound(bound_upper_power, 2.0, power=1.0)
    connection.update()
    assert values(connection) == [[1.25, 1.25], [1.25], [1.25, 1.25]]
    for parameter in (connection.weight, connection.bias, connection.delay):
        assert isinstance(parameter, nn.Parameter)
        assert parameter.is_leaf
        assert parameter.requires_grad
        assert parameter.grad_fn is None
    assert [parameter.data_ptr() for parameter in connection.parameters()] == places


def test_a_plain_module_of_torch_is_updated_too():
    module = nn.BatchNorm1d(2)
    updater = Updater(module, "weight", "running_mean")
    place = module.running_mean.data_ptr()
    updater.weight, updater.running_mean = tensor(1.0, 2.0), tensor(3.0, 4.0)
    updater()
    assert (module.weight.tolist(), module.running_mean.tolist()) == ([2, 3], [3, 4])
    assert module.weight.is_leaf
    assert module.running_mean.data_ptr() == place
    updater.clear()
    updater.weight = tensor(float("nan"), 0.0)
    with pytest.raises(ValueError, match="weight must be finite"):
        updater()


def test_a_plain_tensor_attribute_is_updated_without_a_graph():
    module = nn.Identity()
    module.gain = torch.ones(2, requires_grad=True)
    updater = Updater(module, "gain")
    updater.gain.upperbound(bound_upper_power, 3.0, power=1.0)
    updater.gain = tensor(1.0, 0.5)
    updater()
    assert module.gain.tolist() == [3, 2]
    assert module.gain.grad_fn is None


def test_bounds_and_reduction_are_those_of_each_accumulator():
    connection = connected()
    connection.updater = Updater(connection, "weight", "bias", reduction=torch.mean)
    connection.updater.weight.upperbound(bound_upper_power, 3.0, power=1.0)
    for update in (1.0, 3.0):
        connection.updater.weight = torch.full((1, 2), update)
        connection.updater.bias = torch.full((1,), update)
    connection.update()
    assert values(connection)[:2] == [[1 + (3 - 1) * 2] * 2, [3]]


# ------------------------------------------------------------------------------------------------------------------------- Updatable


def test_a_connection_without_an_updater_updates_nothing():
    connection = connected()
    del connection.updater
    assert (connection.updater, connection.updatable) == (None, False)
    connection.update()
    connection.updatesome("weight")
    assert values(connection) == [[1, 1], [1], [1, 1]]
    connection.updater = connection.defaultupdater()
    assert connection.updatable
    connection.updater = None
    assert not connection.updatable


def test_an_updater_is_an_updater():
    connection = connected()
    with pytest.raises(TypeError, match=r"updater must be an Updater or None, but is 3 \(int\). Use defaultupdater\(\)"):
        connection.updater = 3
    assert connection.updatable
    assert isinstance(connection, Updatable)


def test_an_unknown_keyword_is_refused_before_anything_changes():
    connection = connected()
    connection.updater.weight = tensor([1.0, 0.0])
    with pytest.raises(TypeError, match="claer"):
        connection.update(claer=True)
    assert values(connection)[0] == [1, 1]


def test_clear_forgets_what_is_pending():
    connection = connected()
    connection.updater.weight = tensor([1.0, 0.0])
    connection.clear(keep_adaptations=True)
    connection.update()
    assert values(connection)[0] == [1, 1]


# -------------------------------------------------------------------------------------------------------------------- state and copies


def test_neither_the_parent_nor_pending_updates_are_part_of_the_state():
    connection = connected()
    before, named = list(connection.state_dict()), [name for name, _ in connection.named_parameters()]
    connection.updater.weight = tensor([1.0, 0.0])
    connection.updater.weight.reduction(torch.mean)
    assert list(connection.state_dict()) == before
    assert not any("updater" in name for name in before)
    assert [name for name, _ in connection.named_parameters(remove_duplicate=False)] == named
    assert list(connection.updater.state_dict()) == list(connection.updater.parameters()) == []
    assert connection not in list(connection.updater.modules())
    assert repr(connection).count("LinearDense") == 1
    connection.eval().train()
    assert connection.updater.training


def through_a_file(connection):
    file = io.BytesIO()
    torch.save(connection, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


@pytest.mark.parametrize("way", [copy.deepcopy, lambda connection: pickle.loads(pickle.dumps(connection)), through_a_file])
def test_a_copied_connection_updates_and_limits_itself_and_not_the_original(way):
    connection = connected()
    Clamping(connection.updater, "parent.weight", max=3.0).register()
    Normalization(connection.updater, "parent.bias", order=1, scale=6.0, dim=None).register()
    connection.updater.weight.upperbound(bound_upper_power, 9.0, power=1.0)
    connection.updater.weight = tensor([0.5, 0.0])
    copied = way(connection)
    assert copied.updater.parent is copied
    copied.updater.weight = tensor([0.0, 0.125])
    copied.update()
    # (9 − 1)·0.5 = 4 is clamped to 3; (9 − 1)·0.125 = 1.
    assert values(copied) == [[3, 2], [6], [1, 1]]
    assert values(connection) == [[1, 1], [1], [1, 1]]
    connection.update()
    assert values(connection) == [[3, 1], [6], [1, 1]]
    assert values(copied) == [[3, 2], [6], [1, 1]]


def test_a_copied_updater_brings_its_parent():
    connection = connected()
    updater = copy.deepcopy(connection.updater)
    updater.weight = tensor([1.0, 0.0])
    updater()
    assert values(updater.parent)[0] == [2, 1]
    assert values(connection)[0] == [1, 1]
    assert updater.parent.updater is updater


def test_an_update_that_does_not_fit_is_named_and_changes_nothing():
    connection = connected()
    connection.updater.weight = torch.ones(3)
    with pytest.raises(ValueError, match=r"The update of weight must be of shape \(1, 2\), or broadcast to it, but is of shape \(3,\)"):
        connection.update()
    assert values(connection)[0] == [1, 1]
    connection.updater.clear()
    connection.updater.weight = torch.ones(1)  # broadcasts
    connection.update()
    assert values(connection)[0] == [2, 2]


def test_an_updater_of_another_connection_is_refused():
    one, other = connected(), connected()
    with pytest.raises(ValueError, match="updater must be one of this LinearDense, but updates another"):
        one.updater = other.updater


def test_what_was_set_may_be_changed_afterwards():
    connection = connected()
    change, pair = torch.ones(1, 2), (torch.ones(1, 2), torch.ones(1, 2))
    connection.updater.weight = change
    connection.updater.bias = (pair[0][:, 0], None)
    change.zero_(), pair[0].zero_()
    connection.update()
    assert values(connection)[:2] == [[2, 2], [2]]


# ------------------------------------------------------------------------------------------------------------------------- all bounds

# Weight 1 within -2 … 4: headroom 3 above and also 3 below, range 6. Growth 2, shrinking 4.
BOUNDS = {
    "sharp": ({}, {}, {}, 1.0, 1.0),
    "multiplicative": ({}, {}, {}, 3.0, 3.0),
    "scaled_multiplicative": ({}, {"range": 6.0}, {"range": 6.0}, 0.5, 0.5),
    "power": ({"upper_power": 2.0, "lower_power": 0.5}, {"power": 2.0}, {"power": 0.5}, 9.0, math.sqrt(3)),
    "scaled_power": (
        {"upper_power": 2.0, "lower_power": 0.5},
        {"power": 2.0, "range": 6.0},
        {"power": 0.5, "range": 6.0},
        0.25,
        math.sqrt(0.5),
    ),
}
every_bound = pytest.mark.parametrize("kind", BOUNDS)


def proposed(pos=2.0, neg=4.0):
    connection = connected()
    connection.updater.weight = torch.full((1, 2), pos), torch.full((1, 2), neg)
    return connection


@every_bound
def test_a_full_bound_shrinks_both_sides_of_an_update(kind):
    connection, (full, _, _, up, down) = proposed(), BOUNDS[kind]
    connection.updater.weight.fullbound(getattr(bounds, f"bound_{kind}"), 4.0, -2.0, **full)
    connection.update()
    assert values(connection)[0] == pytest.approx([1 + 2 * up - 4 * down] * 2)


@every_bound
def test_half_bounds_shrink_their_side_of_an_update(kind):
    _, upper, lower, up, down = BOUNDS[kind]
    connection = proposed()
    connection.updater.weight.upperbound(getattr(bounds, f"bound_upper_{kind}"), 4.0, **upper)
    connection.update()
    assert values(connection)[0] == pytest.approx([1 + 2 * up - 4] * 2)
    connection = proposed()
    connection.updater.weight.lowerbound(getattr(bounds, f"bound_lower_{kind}"), -2.0, **lower)
    connection.update()
    assert values(connection)[0] == pytest.approx([1 + 2 - 4 * down] * 2)
    connection = proposed()
    connection.updater.weight.lowerbound(getattr(bounds, f"bound_lower_{kind}"), -2.0, **lower)
    connection.updater.weight.upperbound(getattr(bounds, f"bound_upper_{kind}"), 4.0, **upper)
    connection.update()
    assert values(connection)[0] == pytest.approx([1 + 2 * up - 4 * down] * 2)


@every_bound
@pytest.mark.parametrize(("high", "low"), [(None, -2.0), (4.0, None), (None, None)])
def test_a_full_bound_without_a_limit_leaves_that_side(kind, high, low):
    connection, (full, _, _, up, down) = proposed(), BOUNDS[kind]
    spread = {"range": 6.0} if "scaled" in kind else {}
    connection.updater.weight.fullbound(getattr(bounds, f"bound_{kind}"), high, low, **full, **spread)
    connection.update()
    assert values(connection)[0] == pytest.approx([1 + 2 * (1 if high is None else up) - 4 * (1 if low is None else down)] * 2)


@every_bound
@pytest.mark.parametrize("at", [4.0, 5.5])
def test_at_and_beyond_a_limit_an_update_goes_no_further_and_is_still_a_number(kind, at):
    full = BOUNDS[kind][0] | ({"upper_power": 0.5} if "power" in kind else {})
    connection = proposed(neg=0.0)
    connection.weight = torch.full((1, 2), at)
    connection.updater.weight.fullbound(getattr(bounds, f"bound_{kind}"), 4.0, -2.0, **full)
    connection.update()
    assert values(connection)[0] == [at, at]


@every_bound
def test_a_bound_of_a_missing_side_does_nothing_to_it(kind):
    full, upper, _, up, _ = BOUNDS[kind]
    for setting in ("fullbound", "upperbound"):
        connection = connected()
        connection.updater.weight = torch.full((1, 2), 2.0)
        name, limits, keywords = ("", (4.0, -2.0), full) if setting == "fullbound" else ("upper_", (4.0,), upper)
        getattr(connection.updater.weight, setting)(getattr(bounds, f"bound_{name}{kind}"), *limits, **keywords)
        connection.update()
        assert values(connection)[0] == pytest.approx([1 + 2 * up] * 2)


def test_a_half_bound_without_its_limit_is_refused_and_nothing_changes():
    connection = proposed()
    connection.updater.weight.upperbound(bound_upper_power, power=1.0)
    with pytest.raises(TypeError, match="limit must be a number or a tensor in the parameter's unit, but is None"):
        connection.update()
    assert values(connection)[0] == [1, 1]


@pytest.mark.parametrize(
    ("function", "signature"),
    [
        (Accumulator.add, "self pos=None neg=None"),
        (Accumulator.reduction, "self fn=None"),
        (Accumulator.upperbound, "self bound max=None **kwargs"),
        (Accumulator.lowerbound, "self bound min=None **kwargs"),
        (Accumulator.fullbound, "self bound max=None min=None **kwargs"),
        (Accumulator.update, "self param"),
        (Updater.__init__, "self module *params reduction=None"),
        (Updater.forward, "self *names"),
        (Updatable.update, "self clear=True **kwargs"),
        (Updatable.updatesome, "self *names clear=True"),
        (Normalization.__init__, "self module attr order scale dim epsilon=1e-12 as_prehook=False train_update=True eval_update=True"),
        (Clamping.__init__, "self module attr min=None max=None as_prehook=False train_update=True eval_update=True"),
    ],
)
def test_arguments_come_in_this_order_with_these_defaults(function, signature):
    parameters = inspect.signature(function).parameters.values()
    stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    written = [stars.get(each.kind, "") + each.name + ("" if each.default is each.empty else f"={each.default}") for each in parameters]
    assert " ".join(written) == signature


def test_the_limits_of_a_bound_are_positional_so_that_its_keywords_are_free():
    accumulator = Accumulator()
    accumulator.fullbound(lambda param, pos, neg, high, low, **kwargs: pos + kwargs["max"] + high, 1.0, None, max=10.0)
    accumulator.pos = tensor(2.0)
    assert accumulator.update(tensor(0.0)).tolist() == [13.0]
