import math

import pytest
import torch
from torch import nn

from snnlab import DeltaCurrent, LinearDense
from snnlab.updates import Change, Clamping, Normalization, Product
from snnlab.updates.known import CLAMP_AGAIN


def connected(weight):
    weight = torch.tensor(weight)
    connection = LinearDense(
        weight.shape[1], weight.shape[0], 1.0, synapse=DeltaCurrent.partialconstructor(1.0), delay=5.0, weight_init=lambda _: weight
    )
    connection.defaultupdater()
    return connection


def limited(weight, build, *args, **kwargs):
    connection = connected(weight)
    hook = build(connection.updater, "parent.weight", *args, **kwargs)
    hook.register()
    connection.update()
    return connection.weight.detach().tolist()


# ---------------------------------------------------------------------------------------------------------------------- normalization


@pytest.mark.parametrize(
    ("order", "scale", "dim", "expected"),
    [
        (1, 14.0, 1, [[6.0, -8.0], [0.0, 14.0]]),  # |3| + |−4| = 7, |0| + |5| = 5
        (2, 1.0, 1, [[0.6, -0.8], [0.0, 1.0]]),
        (math.inf, 2.0, 1, [[1.5, -2.0], [0.0, 2.0]]),
        (1, 3.0, 0, [[3.0, -4 / 3], [0.0, 5 / 3]]),
        (1, 24.0, None, [[6.0, -8.0], [0.0, 10.0]]),
        (2, math.sqrt(50), (0, 1), [[3.0, -4.0], [0.0, 5.0]]),
        (1, -7.0, 1, [[-3.0, 4.0], [0.0, -7.0]]),
    ],
)
def test_after_an_update_the_weights_have_the_norm(order, scale, dim, expected):
    found = limited([[3.0, -4.0], [0.0, 5.0]], Normalization, order, scale, dim)
    assert torch.tensor(found).flatten().tolist() == pytest.approx(torch.tensor(expected).flatten().tolist())


def test_a_row_of_zeros_stays_zero():
    assert limited([[0.0, 0.0]], Normalization, 1, 5.0, 1) == [[0, 0]]
    assert limited([[0.5, 0.5]], Normalization, 1, 5.0, 1, 2.0) == [[1.25, 1.25]]  # a norm of 1 is divided by ε = 2


@pytest.mark.parametrize(("order", "scale", "name"), [(0, 1.0, "order"), (1, 0.0, "scale")])
def test_an_order_or_a_scale_of_zero_is_refused(order, scale, name):
    connection = connected([[1.0, 2.0]])
    with pytest.raises(ValueError, match=rf"{name} must be other than 0, but is 0.0"):
        Normalization(connection.updater, "parent.weight", order, scale, 1)


# -------------------------------------------------------------------------------------------------------------------------- clamping


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(-1.0, 2.0, [[-1.0, 0.5, 2.0]]), (0, None, [[0.0, 0.5, 3.0]]), (None, 1.0, [[-2.0, 0.5, 1.0]])]
)
def test_after_an_update_the_weights_lie_in_the_range(low, high, expected):
    assert limited([[-2.0, 0.5, 3.0]], Clamping, low, high) == expected


@pytest.mark.parametrize("low", [0.0, None])
def test_clamping_refuses_a_weight_that_is_nan_and_changes_none(low):
    connection = connected([[2.0, 3.0]])
    limit = Clamping(connection.updater, "parent.weight", min=low, max=1.0)
    connection.weight.data[0, 1] = math.nan
    with pytest.raises(ValueError, match="weight must be finite in every element, but is NaN or infinite in 1 of 2"):
        limit(force=True)
    assert connection.weight[0, 0].item() == 2


def test_clamping_brings_an_infinite_weight_back():
    connection = connected([[2.0, 3.0]])
    connection.weight.data[0, 1] = math.inf
    Clamping(connection.updater, "parent.weight", max=2.5)(force=True)
    assert connection.weight.tolist() == [[2.0, 2.5]]


def test_a_range_needs_an_end_and_goes_upwards():
    updater = connected([[1.0]]).updater
    with pytest.raises(RuntimeError, match="min and max are both None: give at least one end of the range"):
        Clamping(updater, "parent.weight")
    for high in (1.0, 0.5):
        with pytest.raises(ValueError, match=rf"max must be above min \(1.0\), but is {high}"):
            Clamping(updater, "parent.weight", 1.0, high)
    with pytest.raises(ValueError, match="min must be a finite number, but is nan"):
        Clamping(updater, "parent.weight", min=math.nan)


# ------------------------------------------------------------------------------------------------------------------------------ both


BUILDS = {
    "normalization": lambda module, attr, **kwargs: Normalization(module, attr, 1, 2.0, 1, **kwargs),
    "clamping": lambda module, attr, **kwargs: Clamping(module, attr, max=1.0, **kwargs),
}
both = pytest.mark.parametrize("build", BUILDS.values(), ids=BUILDS)


@both
def test_a_limit_acts_while_registered_and_only_after_a_call(build):
    connection = connected([[4.0, 4.0]])
    limit = build(connection.updater, "parent.weight")
    connection.update()
    assert connection.weight.tolist() == [[4, 4]]
    limit.register()
    assert connection.weight.tolist() == [[4, 4]]
    connection.update()
    assert connection.weight.tolist() == [[1, 1]]
    limit.deregister()
    connection.weight = torch.full((1, 2), 4.0)
    connection.update()
    assert connection.weight.tolist() == [[4, 4]]
    limit(force=True)
    assert connection.weight.tolist() == [[1, 1]]


@both
@pytest.mark.parametrize("training", [True, False])
def test_a_limit_acts_in_the_modes_it_was_given(build, training):
    connection = connected([[4.0, 4.0]]).train(training)
    build(connection.updater, "parent.weight", train_update=not training, eval_update=training).register()
    connection.update()
    assert connection.weight.tolist() == [[4, 4]]
    build(connection.updater, "parent.weight", train_update=training, eval_update=not training).register()
    connection.update()
    assert connection.weight.tolist() == [[1, 1]]


@both
def test_a_limit_before_the_call_lets_the_update_pass_it(build):
    connection = connected([[4.0, 4.0]])
    build(connection.updater, "parent.weight", as_prehook=True).register()
    connection.updater.weight = torch.ones(1, 2)
    connection.update()
    assert connection.weight.tolist() == [[2, 2]]


@both
def test_a_limit_writes_in_place_and_keeps_no_graph(build):
    connection = connected([[4.0, 4.0]])
    weight, place = connection.weight.requires_grad_(), connection.weight.data_ptr()
    build(connection.updater, "parent.weight").register()
    connection.update()
    assert connection.weight is weight
    assert weight.data_ptr() == place
    assert weight.is_leaf
    assert weight.requires_grad
    assert weight.tolist() == [[1, 1]]


@both
def test_a_limit_also_keeps_a_plain_module_of_torch(build):
    module = nn.Linear(2, 1)
    with torch.no_grad():
        module.weight.fill_(4.0)
    weight = module.weight
    build(module, "weight").register()
    module(torch.zeros(1, 2))
    assert module.weight is weight
    assert weight.tolist() == [[1, 1]]
    assert weight.is_leaf


@both
def test_a_limit_also_keeps_a_buffer(build):
    module = nn.Sequential(nn.Identity())
    module[0].register_buffer("trace", torch.full((1, 2), 4.0))
    build(module, "0.trace").register()
    module(torch.zeros(1))
    assert module[0].trace.tolist() == [[1, 1]]
    assert list(module.state_dict()) == ["0.trace"]


@both
def test_a_limit_needs_a_module_and_an_attribute_that_it_has(build):
    updater = connected([[1.0, 1.0]]).updater
    with pytest.raises(AttributeError, match=r"attr is 'parent.wieght', but LinearDense has no attribute 'wieght'. Name one that it has"):
        build(updater, "parent.wieght")
    with pytest.raises(AttributeError, match=r"attr is 'paernt.weight', but Updater has no attribute 'paernt'. Name one that it has"):
        build(updater, "paernt.weight")
    with pytest.raises(ValueError, match="attr must be a string that is not empty"):
        build(updater, "")
    with pytest.raises(TypeError, match=r"attr must be a string, but is None"):
        build(updater, None)
    with pytest.raises(TypeError, match=r"attr must be a string, but is \['parent.weight'\]"):
        build(updater, ["parent.weight"])
    with pytest.raises(TypeError, match=r"module must be a torch.nn.Module, but is None"):
        build(None, "weight")


def test_limits_run_in_the_order_of_their_registration():
    connection = connected([[1.0, 3.0]])
    Normalization(connection.updater, "parent.weight", 1, 8.0, 1).register()
    Clamping(connection.updater, "parent.weight", max=5.0).register()
    connection.update()
    assert connection.weight.tolist() == [[2, 5]]


def test_a_limit_whose_result_is_refused_by_the_setter_says_so():
    connection = connected([[1.0, 1.0]])
    Normalization(connection.updater, "parent.delay", 1, 20.0, 1).register()
    with torch.no_grad():
        connection.delay.fill_(1.0)
    with pytest.raises(ValueError, match="delay must lie between 0 and 5 ms"):
        connection.update()
    assert connection.delay.tolist() == [[1, 1]]


# ------------------------------------------------------------------------------------------------------------ after changes of a few


def spiking(axis, places, size):
    """±0.4 at some rows or columns of 6 x 5 weights."""
    near = torch.tensor([0.4 if place % 2 else -0.4 for place in places])
    return Product.of(Change(axis, torch.tensor(places), near, torch.ones(11 - size), size))


STEPS = [(0, [1]), (1, [0, 3]), (0, [2, 5]), (1, [4]), (1, [0, 1, 2]), (0, [1])]
MEDDLERS = {
    "nobody": lambda connection, hook, step: None,
    "somebody who writes": lambda connection, hook, step: connection.weight.detach().add_(0.3) if step == 2 else None,
    "somebody who sets": lambda connection, hook, step: setattr(connection, "weight", connection.weight * 3) if step == 3 else None,
    "another range": lambda connection, hook, step: setattr(hook, "max", 0.8 if step % 2 else 0.6),
    "no clamping for a while": lambda connection, hook, step: hook.deregister() if step in (2, 3) else hook.register(),
    "evaluation for a while": lambda connection, hook, step: connection.train(step not in (2, 3)),
    "a mask": lambda connection, hook, step: setattr(connection, "mask", torch.eye(6, 5)) if step == 3 else None,
}


@pytest.mark.parametrize("meddler", MEDDLERS)
@pytest.mark.parametrize("both", [False, True], ids=["one a step", "rows and columns"])
@pytest.mark.parametrize("first", ["clamping", "another hook"])
def test_clamping_after_changes_of_a_few_rows_or_columns_is_clamping(meddler, both, first):
    def run(dense):
        weight = torch.rand(6, 5, generator=torch.Generator().manual_seed(0))
        connection, seen = connected(weight.tolist()), []
        if first == "another hook":
            connection.updater.register_forward_hook(lambda updater, *_: seen.append(updater.parent.weight.detach().clone()))
        hook = Clamping(connection.updater, "parent.weight", 0.0, 1.0, eval_update=False)
        hook.register()
        for step, (axis, places) in enumerate(STEPS * 2):
            MEDDLERS[meddler](connection, hook, step)
            update = spiking(axis, places, 5 if axis else 6)
            if both:
                update = update + spiking(1 - axis, [0, 2, 3], 6 if axis else 5)
            connection.updater.weight.add(pos=update.dense() if dense else update)
            connection.update()
            seen.append(connection.weight.detach().clone())
        return seen

    expected, found = run(dense=True), run(dense=False)
    assert len(expected) == len(found)
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, one)
    assert not torch.equal(expected[0], expected[-1])


def test_a_write_that_torch_does_not_count_is_clamped_some_updates_later():
    connection = connected(torch.full((6, 5), 0.5).tolist())
    Clamping(connection.updater, "parent.weight", 0.0, 1.0).register()
    for step in range(3 + CLAMP_AGAIN + 1):
        connection.updater.weight.add(pos=spiking(0, [1], 6))
        connection.update()
        if step == 2:
            connection.weight.data[4, 4] = 7.0
    assert connection.weight.max() == 1
    assert connection.weight[4, 4] == 1


def test_a_limit_of_ones_own_that_clamps_now_and_then_is_asked_every_time():
    class Seldom(Clamping):
        calls = 0

        def hook(self, module):
            self.calls += 1
            if self.calls % 2:
                super().hook(module)

    connection, seen = connected(torch.full((6, 5), 0.5).tolist()), []
    Seldom(connection.updater, "parent.weight", 0.0, 1.0).register()
    for _ in range(6):
        connection.updater.weight.add(pos=spiking(0, [1], 6))
        connection.update()
        seen.append(connection.weight[1, 0].item())
    # 0.4 a step, clamped at the first, third and fifth
    assert seen == pytest.approx([0.9, 1.3, 1.0, 1.4, 1.0, 1.4])
