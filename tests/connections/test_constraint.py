"""Masks and signs hold, whoever changes the weights."""

import copy
import io
import pickle

import pytest
import torch

import snnlab as snn
from snnlab.connections.constraint import constrain_

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
BUILDERS = {
    "dense": lambda **more: snn.LinearDense(4, 4, 1.0, synapse=DELTA, **more),
    "direct": lambda **more: snn.LinearDirect(4, 1.0, synapse=DELTA, **more),
    "lateral": lambda **more: snn.LinearLateral(4, 1.0, synapse=DELTA, **more),
    "conv": lambda **more: snn.Conv2D(2, 2, 1, 4, 1.0, 2, synapse=DELTA, **more),  # one site: 4 filters of 4 inputs
}
every_connection = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def bounds_of(connection, seed=0):
    """A random mask, and a random sign for each weight, with at least one synapse of each sign."""
    shape = connection.weight.shape
    mask = (torch.rand(shape, generator=generator(seed)) < 0.7).float()
    sign = torch.randint(-1, 2, shape, generator=generator(seed + 1)).float()
    mask.view(-1)[:3], sign.view(-1)[:3] = 1, torch.tensor([1.0, -1.0, 0.0])
    if isinstance(connection, snn.LinearLateral):
        mask.fill_diagonal_(0)
    return mask, sign


def assert_held(connection, mask, sign):
    weight = connection.weight.detach()
    assert not weight[mask == 0].any()
    assert (weight * sign >= 0).all()


def constrained(build, **more):
    connection = build(**more)
    mask, sign = bounds_of(connection)
    drawn = torch.rand(connection.weight.shape, generator=generator(3))
    connection.weight = drawn * torch.where(sign == 0, 1.0, sign)
    connection.mask, connection.sign = mask, sign
    return connection, mask, sign


def by_setter(connection, values):
    connection.weight = values


def by_updater(connection, values):
    change = values - connection.weight.detach()
    connection.updater = None
    connection.defaultupdater().weight = (change.clamp(min=0), (-change).clamp(min=0))
    connection.update()


def by_sgd(connection, values):
    connection.weight.requires_grad_()
    connection.weight.grad = connection.weight.detach() - values
    torch.optim.SGD([connection.weight], lr=1.0).step()
    connection.weight.requires_grad_(False)


def by_hand(connection, values):
    with torch.no_grad():
        connection.weight.copy_(values)


def by_state_dict(connection, values):
    others = {key: value for key, value in connection.state_dict().items() if key not in ("mask_", "sign_")}
    connection.load_state_dict(others | {"weight_": values})


def by_assigning_state_dict(connection, values):
    others = {key: value for key, value in connection.state_dict().items() if key not in ("mask_", "sign_")}
    connection.load_state_dict(others | {"weight_": values.clone()}, assign=True)


def by_inference(connection, values):
    with torch.inference_mode():
        connection.weight = values


CHANGES = (by_setter, by_updater, by_sgd, by_hand, by_state_dict, by_assigning_state_dict, by_inference)


@every_connection
@pytest.mark.parametrize("change", CHANGES)
def test_mask_and_sign_hold_after_every_change(build, change):
    connection, mask, sign = constrained(build)
    assert_held(connection, mask, sign)
    for seed in range(5):
        values = torch.randn(connection.weight.shape, generator=generator(seed + 10))
        change(connection, values)
        assert_held(connection, mask, sign)
        # Where the new value keeps both, it is the new value: the bounds touch nothing else.
        free = (mask == 1) & (values * sign >= 0)
        torch.testing.assert_close(connection.weight.detach()[free], values[free])
        assert free.any()


@every_connection
@pytest.mark.parametrize("change", [by_sgd, by_hand])
@pytest.mark.parametrize("delay", [None, 2.0])
def test_a_step_right_after_a_change_uses_weights_that_hold(build, change, delay):
    connection, mask, sign = constrained(build, delay=delay)
    values = torch.randn(connection.weight.shape, generator=generator(8))
    change(connection, values)
    with torch.no_grad():
        seen = connection(torch.ones(connection.batched_inshape))
        plain = build(weight_init=lambda _: constrain_(values.clone(), mask, sign))
        torch.testing.assert_close(seen, plain(torch.ones(plain.batched_inshape)))


@every_connection
def test_learning_leaves_no_synapse_where_there_is_none_and_lets_none_change_its_sign(build):
    connection, mask, sign = constrained(build)
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -64.5, "refrac_t": 0.0, "time_constant": 10.0, "resistance": 10.0}
    layer = snn.Serial(connection, snn.LIF(connection.outshape, 1.0, **settings))
    connection.defaultupdater()
    rule = snn.STDP(lr_post=0.2, lr_pre=-0.3, tc_post=20.0, tc_pre=20.0)
    rule.register_cell("only", layer.cell)
    before = connection.weight.detach().clone()
    for step in range(60):
        layer(torch.rand(connection.batched_inshape, generator=generator(step)) < 0.4)
        rule()
        layer.update()
        assert_held(connection, mask, sign)
    assert not torch.equal(connection.weight[mask == 1], before[mask == 1])


@every_connection
def test_no_gradient_reaches_a_synapse_that_is_not_there(build):
    connection, mask, _ = constrained(build)
    connection.weight.requires_grad_()
    connection(torch.ones(connection.batched_inshape)).sum().backward()
    assert not connection.weight.grad[mask == 0].any()
    assert connection.weight.grad[mask == 1].all()


@every_connection
def test_a_real_optimiser_with_momentum_keeps_both(build):
    connection, mask, sign = constrained(build)
    connection.weight.requires_grad_()
    optimiser = torch.optim.Adam([connection.weight], lr=0.5)
    for step in range(20):
        optimiser.zero_grad()
        out = connection(torch.rand(connection.batched_inshape, generator=generator(step)) < 0.5)
        (out - torch.randn(out.shape, generator=generator(step + 99))).pow(2).sum().backward()
        optimiser.step()
        assert_held(connection, mask, sign)


def test_one_sign_a_presynaptic_cell_is_dales_principle():
    connection = BUILDERS["dense"](weight_init=lambda default: torch.ones_like(default) * torch.tensor([1.0, 1.0, -1.0, -1.0]))
    connection.sign = torch.tensor([1, 1, -1, -1])
    connection.weight = torch.tensor([[5.0, -5.0, 5.0, -5.0]]).expand(4, 4)
    assert connection.weight.tolist() == [[5.0, 0.0, 0.0, -5.0]] * 4
    assert connection.sign.shape == (1, 4)


def test_a_clamp_after_the_update_cannot_open_a_synapse():
    connection = BUILDERS["dense"](weight_init=torch.ones_like)
    connection.mask = torch.eye(4)
    updater = connection.defaultupdater()
    clamp = snn.Clamping(updater, "parent.weight", min=0.25)
    clamp.register()
    updater.weight = (None, torch.full((4, 4), 10.0))
    connection.update()
    assert torch.equal(connection.weight, 0.25 * torch.eye(4))


def test_a_mask_may_be_bool_and_is_a_copy():
    connection, mask = BUILDERS["dense"](), torch.eye(4, dtype=torch.bool)
    connection.mask = mask
    mask.fill_(True)
    assert torch.equal(connection.mask, torch.eye(4))


def test_none_frees_the_weights():
    connection, *_ = constrained(BUILDERS["dense"])
    connection.mask = connection.sign = None
    connection.weight = -torch.ones(4, 4)
    assert torch.equal(connection.weight, -torch.ones(4, 4))
    lateral, *_ = constrained(BUILDERS["lateral"])
    lateral.mask = lateral.sign = None
    lateral.weight = -torch.ones(4, 4)
    assert torch.equal(lateral.weight, torch.eye(4) - 1)


@every_connection
def test_a_file_brings_its_mask_and_sign_along(build):
    connection, mask, sign = constrained(build)
    file = io.BytesIO()
    torch.save(connection.state_dict(), file)
    file.seek(0)
    fresh = build()
    fresh.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(fresh.weight, connection.weight)
    fresh.weight = torch.randn(fresh.weight.shape, generator=generator(5))
    assert_held(fresh, mask, sign)


@every_connection
@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))], ids=["deepcopy", "pickle"])
def test_a_copy_keeps_its_own(build, twin_of):
    connection, mask, sign = constrained(build)
    twin = twin_of(connection)
    by_hand(twin, torch.randn(twin.weight.shape, generator=generator(5)))
    assert_held(twin, mask, sign)
    twin.mask = torch.zeros_like(mask)
    assert not twin.weight.any()
    assert connection.weight.any()


def test_both_follow_the_dtype():
    connection, mask, sign = constrained(BUILDERS["dense"])
    connection.to(torch.float64)
    assert connection.mask.dtype == connection.sign.dtype == torch.float64
    by_hand(connection, torch.randn(4, 4, generator=generator(5)).double())
    assert_held(connection, mask.double(), sign.double())


WRONG = [
    ("mask", torch.ones(4, 3), r"mask must be of shape \(4, 4\) \(outputs x inputs\), but is of shape \(4, 3\)"),
    ("mask", torch.full((4, 4), 0.5), r"mask must hold 0 \(no synapse\) and 1 \(a synapse\), but 16 of 16 values are others"),
    ("mask", torch.full((4, 4), torch.nan), "mask must hold 0 .*, but 16 of 16 values are others"),
    (
        "sign",
        torch.ones(3),
        r"sign must be of shape \(4, 4\), as the weights are, with any of these sizes 1, or \(4,\), one a presynaptic cell",
    ),
    ("sign", torch.ones(4, 4, 1), "sign must be of shape"),
    ("sign", torch.full((1, 4), 2.0), r"sign must hold \+1 \(excitatory\), -1 \(inhibitory\) and 0 \(free\), but 4 of 4 values"),
    ("sign", torch.full((1, 4), torch.nan), "but 4 of 4 values are others"),
    ("sign", -torch.ones(4), r"sign must agree with the weights, but 16 of 16 weights have the other one\. Set the weights first"),
]


@pytest.mark.parametrize(("name", "value", "words"), WRONG)
def test_a_wrong_bound_is_refused_and_changes_nothing(name, value, words):
    connection = BUILDERS["dense"](weight_init=lambda default: torch.ones_like(default))
    connection.mask, connection.sign = torch.ones(4, 4), torch.ones(4)
    with pytest.raises(ValueError, match=words):
        setattr(connection, name, value)
    assert torch.equal(connection.mask, torch.ones(4, 4))
    assert torch.equal(connection.sign, torch.ones(1, 4))
    assert torch.equal(connection.weight, torch.ones(4, 4))


def test_a_mask_that_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match=r"mask must be a torch\.Tensor, but is \[1, 0\]"):
        BUILDERS["dense"]().mask = [1, 0]


def test_a_file_whose_mask_does_not_fit_is_refused_by_name():
    connection, *_ = constrained(BUILDERS["dense"])
    saved = connection.state_dict() | {"mask_": torch.full((4, 4), 0.5)}
    with pytest.raises(RuntimeError, match=r"mask_: mask must hold 0"):
        BUILDERS["dense"]().load_state_dict(saved)


@every_connection
def test_a_refused_file_leaves_mask_and_sign_as_they_were(build):
    connection = build()
    ones = torch.ones_like(connection.weight)
    connection.weight = ones
    connection.mask, connection.sign = torch.rand(ones.shape, generator=torch.Generator().manual_seed(3)) < 0.5, ones
    mask = connection.mask.clone()
    with pytest.raises(RuntimeError, match=r"mask_: mask must hold 0(.|\n)*sign_: sign must hold"):
        connection.load_state_dict(connection.state_dict() | {"mask_": 0.5 * ones, "sign_": 0.5 * ones})
    assert torch.equal(connection.mask, mask)
    assert torch.equal(connection.sign, ones)


def test_a_neuron_never_reaches_itself_even_after_a_refused_file():
    connection = BUILDERS["lateral"]()
    wrong = connection.state_dict() | {"weight_": torch.ones_like(connection.weight), "mask_": torch.full_like(connection.weight, 0.5)}
    with pytest.raises(RuntimeError, match="mask_: mask must hold 0"):
        connection.load_state_dict(wrong)
    assert not connection.weight.diagonal().any()


def test_a_file_whose_weights_are_against_its_signs_is_refused():
    connection, *_ = constrained(BUILDERS["dense"])
    saved = connection.state_dict() | {"weight_": -connection.weight.detach()}
    with pytest.raises(RuntimeError, match="sign_: sign must agree with the weights"):
        BUILDERS["dense"]().load_state_dict(saved)


TRACED = {
    "linear": lambda delay: snn.traced.Linear(4, 3, 2, 1.0, delay),
    "conv": lambda delay: snn.traced.Conv2d(1, 3, 2, (3, 3), 2, 1.0, delay),
}


@pytest.mark.parametrize("delay", [0.0, 2.0])
@pytest.mark.parametrize("build", TRACED.values(), ids=TRACED)
def test_a_traced_synapse_that_is_not_there_has_neither_potential_nor_gradient(build, delay):
    connection = build(delay)
    mask = (torch.rand(connection.weight.shape, generator=generator()) < 0.6).float()
    connection.weight, connection.mask = torch.ones_like(connection.weight), mask
    connection.weight.requires_grad_()
    connection.synapse.inplace = False
    ones = torch.ones(connection.batched_inshape)
    for step in (connection.total, lambda x: connection(x, x)[0].sum(-1)):
        connection.clear()
        for _ in range(4):
            out = step(ones)
        by_neuron = out.detach().flatten(2).sum(-1) if out.dim() == 4 else out.detach().squeeze(1)
        sites = 1 if out.dim() < 4 else out[0, 0].numel()
        torch.testing.assert_close(by_neuron, mask.flatten(1).sum(1).expand(2, 3) * sites)
        (slope,) = torch.autograd.grad(out.sum(), connection.weight)
        assert torch.equal(slope != 0, mask == 1)
