"""What all connections share: shapes, the synapse inside, the updater, and the reshapes that learning rules see."""

import math

import pytest
import torch

import snnlab as snn

pytestmark = pytest.mark.filterwarnings("ignore:.*delays lie outside")  # said once a plan; here it is meant

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=2.0)
EXPONENTIAL = snn.SingleExponentialCurrent.partialconstructor(spike_charge=2.0, time_constant=5.0)
BUILDERS = {
    "dense": lambda **k: snn.LinearDense((2, 3), (2, 2), 1.0, **({"synapse": DELTA} | k)),
    "direct": lambda **k: snn.LinearDirect((2, 3), 1.0, **({"synapse": DELTA} | k)),
    "lateral": lambda **k: snn.LinearLateral((2, 3), 1.0, **({"synapse": DELTA} | k)),
}
every_connection = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)


@every_connection
def test_shapes_and_sizes(build):
    connection = build(batch_size=5)
    assert connection.inshape == (2, 3)
    assert connection.insize() == 6
    assert connection.outsize() == torch.Size(connection.outshape).numel()
    assert connection.batched_inshape == (5, 2, 3)
    assert connection.batched_outshape == (5, *connection.outshape)
    assert connection.batchsz == connection.synapse.batchsz == 5
    assert connection.synapse.shape == (6,)
    assert connection(torch.zeros(5, 2, 3)).shape == connection.batched_outshape


@every_connection
@pytest.mark.parametrize(("delay", "delayedby", "kept"), [(None, None, 0.0), (0.0, 0.0, 0.0), (2.5, 2.5, 2.5)])
def test_delays_are_absent_unused_or_used(build, delay, delayedby, kept):
    connection = build(delay=delay)
    assert connection.delayedby == delayedby
    assert connection.synapse.delay == kept
    assert (connection.delay is None) == (delay is None)
    assert (connection.selector is None) == (delay is None)
    if delay is not None:
        assert connection.delay.shape == connection.weight.shape
        assert not connection.delay.any()


@every_connection
def test_unused_delays_are_used_once_the_synapse_remembers(build):
    connection = build(delay=0.0, weight_init=torch.ones_like)
    connection.synapse.delay = 2.0
    assert connection.delayedby == 2.0
    connection.delay = torch.full_like(connection.delay, 2.0)
    heard = [bool(connection(torch.full((1, 2, 3), step == 0)).any()) for step in range(4)]
    assert heard == [False, False, True, False]


@every_connection
def test_without_delays_a_synapse_that_remembers_changes_nothing(build):
    connection = build(weight_init=torch.ones_like)
    connection.synapse.delay = 3.0
    assert connection.delayedby is None
    assert connection.selector is None
    heard = [bool(connection(torch.full((1, 2, 3), step == 0)).any()) for step in range(3)]
    assert heard == [True, False, False]


@every_connection
@pytest.mark.parametrize("bias", [True, False])
def test_parameters_ask_for_no_gradient_and_have_their_ranges(build, bias):
    connection = build(bias=bias, delay=3.0)
    assert connection.biased is bias
    assert (connection.bias is not None) is bias
    assert not any(parameter.requires_grad for parameter in connection.parameters())
    assert ((connection.weight >= 0) & (connection.weight < 1)).all()
    assert {name for name, _ in connection.named_parameters()} == {"weight_", "delay_"} | ({"bias_"} if bias else set())


# ------------------------------------------------------------------------------------------------------------------- the synapse


@every_connection
def test_step_time_and_batch_size_are_the_synapses(build):
    connection = build(delay=4.0)
    connection.dt, connection.batchsz = 0.5, 3
    assert (connection.dt, connection.synapse.dt) == (0.5, 0.5)
    assert (connection.batchsz, connection.synapse.batchsz) == (3, 3)
    assert connection(torch.ones(3, 2, 3)).shape == connection.batched_outshape


@every_connection
def test_another_synapse_takes_the_place_of_the_first(build):
    connection = build(weight_init=torch.ones_like).to(torch.float64)
    slow = snn.SingleExponentialCurrent(6, 1.0, spike_charge=2.0, time_constant=5.0)
    connection.synapse = slow
    assert connection.synapse is slow
    first = connection(torch.ones(1, 2, 3))
    assert first.dtype == torch.float64
    assert (connection(torch.zeros(1, 2, 3)) / first).unique().tolist() == pytest.approx([0.8187307530779818])  # exp(−1/5)
    assert "synapse_.current_.observations" in connection.state_dict()
    assert not any("DeltaCurrent" in repr(module) for module in connection.modules())


@every_connection
@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (snn.DeltaCurrent(5, 1.0, spike_charge=1.0), ValueError, r"synapse must be of shape \(6,\), but is of shape \(5,\)"),
        (DELTA, TypeError, "synapse must be a Synapse, but is"),
        (None, TypeError, "synapse must be a Synapse, but is None"),
    ],
)
def test_a_synapse_that_does_not_fit_is_refused(build, value, error, words):
    connection = build()
    before = connection.synapse
    with pytest.raises(error, match=words):
        connection.synapse = value
    assert connection.synapse is before


@every_connection
def test_a_constructor_that_builds_no_synapse_is_refused(build):
    with pytest.raises(TypeError, match=r"synapse must build a Synapse, but gave .* Pass a constructor, such as DeltaCurrent"):
        build(synapse=lambda *arguments: "delta")


@every_connection
@pytest.mark.parametrize("synapse", [DELTA, EXPONENTIAL])
def test_what_the_last_step_used_is_what_was_delayed_by_each_delay(build, synapse):
    connection = build(synapse=synapse, delay=2.0, batch_size=2)
    connection.delay = torch.randint(0, 3, connection.delay.shape, generator=torch.Generator().manual_seed(0)).float()
    inputs = torch.rand(6, 2, 6, generator=torch.Generator().manual_seed(1)) < 0.5
    currents = [connection.synapse.current]
    for spikes in inputs:
        connection(spikes.view(2, 2, 3))
        currents.append(connection.synapse.current)
    past = connection.selector.long().expand(2, *connection.selector.shape[1:])  # B x M x N, whole steps
    for b in range(2):
        for m in range(6):
            for n in range(past.shape[2]):
                step = past[b, m, n].item()
                assert connection.synspike[b, m, n] == inputs[5 - step, b, m]
                assert connection.syncurrent[b, m, n].item() == pytest.approx(currents[6 - step][b, m].item())
    assert connection.synspike.dtype == torch.bool


@every_connection
@pytest.mark.parametrize("delay", [None, 0.0])
def test_without_delays_the_last_step_used_the_synapse_as_it_is(build, delay):
    connection = build(delay=delay)
    connection(torch.ones(1, 2, 3))
    assert torch.equal(connection.syncurrent, torch.full((1, 6), 2.0))
    assert torch.equal(connection.synspike, torch.ones(1, 6, dtype=torch.bool))


class Plain(snn.Synapse):
    """A synapse written against the interface alone: charge 1, remembers two steps in a list."""

    def __init__(self, shape, step_time, delay, batch_size):
        super().__init__()
        self.shape, self.dt, self.delay, self.batchsz, self.inplace = shape, step_time, delay, batch_size, True
        self.count, self.batchedshape = shape[0], (batch_size, *shape)
        self.past = [torch.zeros(self.batchedshape)] * 3

    partialconstructor = classmethod(lambda cls: cls)
    current = property(lambda self: self.past[0])
    spike = property(lambda self: self.past[0] != 0)

    def current_at(self, selector):
        place = torch.arange(self.count)
        return torch.stack(self.past)[selector.long(), 0, place if selector.dim() == 2 else place[:, None]]

    def spike_at(self, selector):
        return self.current_at(selector) != 0

    def forward(self, *inputs):
        self.past = [inputs[0].float(), *self.past[:2]]
        return self.past[0]


@every_connection
@pytest.mark.parametrize("delay", [None, 2.0])
def test_a_synapse_written_against_the_interface_alone_will_do(build, delay):
    mine, ours = build(synapse=Plain, delay=delay), build(synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=delay)
    mine.weight = ours.weight
    if delay:
        mine.delay = ours.delay = torch.randint(0, 3, ours.delay.shape, generator=torch.Generator().manual_seed(0)).float()
    for spikes in torch.rand(6, 1, 2, 3, generator=torch.Generator().manual_seed(1)) < 0.5:
        torch.testing.assert_close(mine(spikes), ours(spikes))


# ------------------------------------------------------------------------------------------------------------------- the updater


@every_connection
@pytest.mark.parametrize(
    ("arguments", "excluded", "names"),
    [
        ({}, {}, ("weight",)),
        ({"bias": True}, {}, ("weight", "bias")),
        ({"bias": True, "delay": 3.0}, {}, ("weight", "bias", "delay")),
        ({"delay": 0.0}, {}, ("weight", "delay")),
        ({"bias": True, "delay": 3.0}, {"exclude_weight": True, "exclude_bias": True}, ("delay",)),
        ({"bias": True, "delay": 3.0}, {"exclude_delay": True}, ("weight", "bias")),
    ],
)
def test_the_default_updater_holds_what_there_is_to_learn(build, arguments, excluded, names):
    connection = build(**arguments)
    assert connection.updater is None
    assert not connection.updatable
    updater = connection.defaultupdater(**excluded)
    assert connection.updater is updater
    assert updater.names == names
    connection.updater = connection.defaultupdater(**excluded)
    assert connection.updatable
    del connection.updater
    assert connection.updater is None


def test_more_may_be_included_by_name_and_what_is_absent_is_refused():
    connection = BUILDERS["dense"]()
    connection.register_buffer("gain", torch.ones(1))
    assert connection.defaultupdater("gain").names == ("weight", "gain")
    before = connection.updater
    with pytest.raises(RuntimeError, match="LinearDense has no attribute 'loss' to update"):
        connection.defaultupdater("loss")
    assert connection.updater is before
    with pytest.raises(TypeError, match="updater must be an Updater or None"):
        connection.updater = "mine"


@every_connection
def test_clear_brings_the_synapse_to_rest_and_forgets_pending_updates(build):
    connection = build(delay=2.0)
    connection.defaultupdater().weight = torch.ones_like(connection.weight)
    connection(torch.ones(1, 2, 3))
    weight = connection.weight.clone()
    connection.clear()
    assert not connection.synapse.spike_.value.any()
    assert connection.updater.weight.pos is None
    connection.update()
    assert torch.equal(connection.weight, weight)


def test_an_update_of_a_delay_stays_in_its_range():
    connection = BUILDERS["dense"](delay=3.0)
    connection.defaultupdater().delay = torch.full((4, 6), 9.0)
    connection.update()
    assert (connection.delay == 3.0).all()
    connection.updater.delay = (None, torch.full((4, 6), 9.0))
    connection.update()
    assert (connection.delay == 0.0).all()


# ------------------------------------------------------------------------------------------------------------------- the reshapes


@every_connection
@pytest.mark.parametrize("delay", [None, 2.0])
def test_both_receptives_multiply_to_the_shape_of_the_weights(build, delay):
    connection = build(delay=delay, batch_size=5)
    pre = connection.presyn_receptive(connection.syncurrent)
    post = connection.postsyn_receptive(torch.rand(connection.batched_outshape))
    product = torch.einsum("b ... r, b ... r -> b ...", post, pre).mean(0)
    assert torch.broadcast_shapes(product.shape, connection.weight.shape) == connection.weight.shape
    assert product.numel() == connection.weight.numel()


@every_connection
def test_what_goes_in_comes_back(build):
    connection = build(batch_size=5)
    data = torch.rand(5, 2, 3)
    assert torch.equal(connection.like_input(connection.like_synaptic(data)), data)
    assert connection.like_synaptic(data).shape == (5, *connection.synapse.shape)


@every_connection
@pytest.mark.parametrize("delay", [None, 3.0])
@pytest.mark.parametrize("spikes", [True, False])
def test_the_quick_product_over_the_batch_equals_the_general_one(build, delay, spikes):
    connection = build(delay=delay, batch_size=4)
    random = torch.Generator().manual_seed(2)
    if delay:
        connection.delay = torch.rand(connection.delay.shape, generator=random) * 3
        connection.synapse.delay = 2.5  # so that some delays lie beyond the history
    for _ in range(5):
        connection(torch.rand(4, 2, 3, generator=random) < 0.5)
    post = torch.rand(connection.batched_outshape, generator=random)
    post = post > 0.5 if spikes else post
    read = connection.synapse.delayed_spikes()
    torch.testing.assert_close(connection.correlate(post, read), connection.pair(post, read).sum(0))
    assert connection.pair(post, read).shape == (4, *connection.weight.shape)


@pytest.mark.parametrize(("overbound", "heard"), [(False, False), (None, True)])
def test_rules_hear_from_beyond_the_history_what_the_synapse_says_is_there(overbound, heard):
    synapse = snn.DeltaCurrent.partialconstructor(1.0, spike_overbound=overbound)
    connection = snn.LinearDense(2, 3, 1.0, synapse=synapse, delay=5.0, batch_size=2, delay_init=lambda zeros: zeros + 5)
    connection.synapse.delay = 1.0
    for _ in range(2):
        connection(torch.ones(2, 2))
    post, read = torch.ones(2, 3), connection.synapse.delayed_spikes()
    for product in (connection.correlate(post, read), connection.pair(post, read).sum(0), connection.correlate(post.bool(), read)):
        assert torch.equal(product, torch.full((3, 2), 2.0 * heard))


# --------------------------------------------------------------------------------------------------------------------- gradients


@every_connection
@pytest.mark.parametrize("synapse", [DELTA, EXPONENTIAL])
@pytest.mark.parametrize("delay", [None, 3.0])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_gradients_reach_weights_bias_and_inputs(build, synapse, delay, batch_size):
    random = torch.Generator().manual_seed(3)
    double = {"generator": random, "dtype": torch.float64}
    connection = build(synapse=synapse, delay=delay, batch_size=batch_size, bias=True).to(torch.float64)
    connection.synapse.inplace = False
    if delay:
        connection.delay = torch.rand(connection.delay.shape, **double) * 3
    connection.weight = torch.rand(connection.weight.shape, **double)
    weight, bias = connection.weight_, connection.bias_
    inputs = (torch.rand(4, batch_size, 2, 3, **double) < 0.5).double().requires_grad_()

    def run(weight, bias):
        connection.clear()
        lent = {"weight_": weight, "bias_": bias}
        return torch.stack([torch.func.functional_call(connection, lent, (spikes,)) for spikes in inputs.detach()])

    given = [each.detach().clone().requires_grad_() for each in (weight, bias)]
    assert torch.autograd.gradcheck(run, given)

    connection.clear()
    torch.stack([connection(spikes) for spikes in inputs]).sum().backward()
    # One more unit of input at step t adds what one spike adds at t and after: the sum over outputs, once a linear system.
    connection.clear()
    with torch.no_grad():
        base = torch.stack([connection(spikes * 0) for spikes in inputs]).sum()
        connection.clear()
        pulse = torch.zeros_like(inputs)
        pulse[1, 0, 1, 2] = 1.0
        effect = torch.stack([connection(spikes) for spikes in pulse]).sum() - base
    torch.testing.assert_close(inputs.grad[1, 0, 1, 2], effect)


@pytest.mark.filterwarnings("ignore:A gradient is wanted for delay")
@pytest.mark.parametrize("batch_size", [1, 3])
def test_a_delay_learns_where_the_current_decays_between_steps(batch_size):
    # One spike at 0; at step 3 with a delay of 1.3: I = w·Q/τ·exp(−(3 − 1.3)/τ), so dI/dd = I/τ.
    connection = snn.LinearDense(
        1, 1, 1.0, synapse=EXPONENTIAL, delay=4.0, batch_size=batch_size, weight_init=torch.ones_like, delay_init=lambda zeros: zeros + 1.3
    )
    connection.delay.requires_grad_()
    connection.synapse.inplace = False
    for step in range(4):
        current = connection(torch.full((batch_size, 1), step == 0))
    current[0].sum().backward()
    assert connection.delay.grad.item() == pytest.approx(current[0].item() / 5.0, rel=1e-5)


@every_connection
def test_a_gradient_that_would_be_lost_is_refused(build):
    connection = build(delay=2.0)
    connection.weight.requires_grad_()
    with pytest.raises(RuntimeError, match=r"A gradient is wanted for weight.* Set connection.synapse.inplace = False"):
        connection(torch.ones(1, 2, 3))
    with torch.no_grad():
        connection(torch.ones(1, 2, 3))
    connection.synapse.inplace = False
    connection.clear()
    connection(torch.ones(1, 2, 3)).sum().backward()
    assert connection.weight.grad is not None


@every_connection
def test_a_gradient_that_is_refused_leaves_the_history_as_it_was(build):
    connection = build(delay=2.0)
    connection(torch.ones(1, 2, 3))
    before = connection.synapse.spike_.value
    connection.weight.requires_grad_()
    with pytest.raises(RuntimeError):
        connection(torch.zeros(1, 2, 3))
    assert torch.equal(connection.synapse.spike_.value, before)
    connection.weight.requires_grad_(False)
    with pytest.raises(RuntimeError, match="inplace=False"):
        connection(torch.zeros(1, 2, 3, requires_grad=True))
    assert torch.equal(connection.synapse.spike_.value, before)


@every_connection
def test_without_delays_weights_learn_in_place(build):
    connection = build()
    connection.weight.requires_grad_()
    connection(torch.ones(1, 2, 3)).sum().backward()
    # Q/dt = 2 for each input, once for every output it reaches; a lateral connection leaves out the self.
    expected = torch.full_like(connection.weight, 2.0)
    expected = expected.fill_diagonal_(0) if isinstance(connection, snn.LinearLateral) else expected
    assert torch.equal(connection.weight.grad, expected)


def test_repr_shows_shapes_and_delays():
    assert "inshape=(2, 3), outshape=(2, 2), biased=True, delayedby=3.0" in repr(BUILDERS["dense"](bias=True, delay=3.0))
    assert "delayedby" not in repr(BUILDERS["dense"]())


@pytest.mark.parametrize(
    ("synapse", "came"),
    [(snn.DeltaCurrent, "DeltaCurrent"), (snn.DeltaCurrent(3, 1.0, spike_charge=1.0), "of type DeltaCurrent"), (None, "of type NoneType")],
)
def test_a_synapse_that_is_no_constructor_is_refused_with_an_example(synapse, came):
    with pytest.raises(
        TypeError, match=rf"synapse must be a constructor .*, but is {came}\. Pass one such as DeltaCurrent\.partialconstructor"
    ):
        snn.LinearDense(3, 2, 1.0, synapse=synapse)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"shape": (7,)}, r"synapse must build one of shape \(3,\), as it was asked to, but gave one of shape \(7,\)"),
        ({"step_time": 2.0}, r"synapse must build one of dt 0\.5, as it was asked to, but gave one of dt 2\.0"),
        ({"batch_size": 4}, "synapse must build one of batchsz 2, as it was asked to, but gave one of batchsz 4"),
        ({"delay": 0.0}, "synapse must build one that remembers 3 ms, as it was asked to, but gave one of 0 ms"),
    ],
)
def test_a_constructor_that_builds_another_synapse_than_it_was_asked_for_is_refused(other, words):
    def constructor(shape, step_time, delay, batch_size):
        asked = {"shape": shape, "step_time": step_time, "delay": delay, "batch_size": batch_size}
        return snn.DeltaCurrent(spike_charge=1.0, **(asked | other))

    with pytest.raises(ValueError, match=words):
        snn.LinearDense(3, 2, 0.5, synapse=constructor, delay=3.0, batch_size=2)


def test_a_constructor_may_build_a_synapse_that_remembers_longer():
    longer = lambda shape, dt, delay, batch: snn.DeltaCurrent(shape, dt, spike_charge=1.0, delay=delay + 2.0, batch_size=batch)  # noqa: E731
    assert snn.LinearDense(3, 2, 1.0, synapse=longer, delay=3.0).delayedby == 5.0


def test_a_negative_delay_is_refused_with_the_way_to_have_none():
    with pytest.raises(ValueError, match=r"delay must be 0.* ms or above, but is -1\.0 ms\. It is the longest one.*; leave it out"):
        snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=-1.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"step_time": 0.5, "delay": 4.0}, r"synapse must be of dt 1\.0 ms, as the one it replaces, but is of dt 0\.5 ms"),
        ({"delay": 4.0, "batch_size": 4}, "synapse must be of batchsz 1, as the one it replaces, but is of batchsz 4"),
        ({"delay": 2.0}, "synapse must remember 3 ms, the longest delay here, but remembers 2 ms"),
    ],
)
def test_a_synapse_that_does_not_fit_the_connection_is_refused(settings, words):
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(3, 2, 1.0, synapse=synapse, delay=4.0, delay_init=lambda zeros: zeros + 3.0)
    before = connection.synapse
    with pytest.raises(ValueError, match=words):
        connection.synapse = snn.DeltaCurrent(3, **({"step_time": 1.0, "spike_charge": 1.0} | settings))
    assert connection.synapse is before
    connection.synapse = snn.DeltaCurrent(3, 1.0, spike_charge=2.0, delay=3.0)
    assert connection.delayedby == 3.0


def reshapes():
    delta = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
    dense = snn.LinearDense((2, 3), (2, 2), 1.0, synapse=delta)
    direct = snn.LinearDirect((2, 3), 1.0, synapse=delta)
    conv = snn.Conv2D(3, 4, 2, 5, 1.0, 2, synapse=delta)
    for connection, inside, synaptic, outside in (
        (dense, (2, 3), (6,), (2, 2)),
        (direct, (2, 3), (6,), (2, 3)),
        (conv, (2, 3, 4), (8, 6), (5, 2, 3)),
    ):
        kind = type(connection).__name__
        yield pytest.param(connection.like_synaptic, inside, id=f"{kind}.like_synaptic")
        yield pytest.param(connection.like_input, synaptic, id=f"{kind}.like_input")
        yield pytest.param(connection.postsyn_receptive, outside, id=f"{kind}.postsyn_receptive")
        yield pytest.param(connection.presyn_receptive, synaptic, id=f"{kind}.presyn_receptive")


@pytest.mark.parametrize(("reshape", "shape"), list(reshapes()))
def test_a_reshape_refuses_data_that_only_has_as_many_elements(reshape, shape):
    count = math.prod(shape)
    assert reshape(torch.zeros(3, *shape)).shape[0] == 3
    for wrong in ((3 * count,), (3, 1, *shape), (1, 3 * count), (3, count, 1, 1)):
        with pytest.raises(ValueError, match=f"data must be of shape B x {' x '.join(map(str, shape))}.*, but is of shape"):
            reshape(torch.zeros(wrong))
