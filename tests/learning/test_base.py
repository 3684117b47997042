"""What every rule does: keeps its cells, speaks up at the wrong moment, and touches nothing before it is sure."""

import copy
import math
import pickle

import pytest
import torch

import snnlab as snn
from snnlab.learning.base import CellTrainer


def build(batch_size=1, **arguments):
    synapse = snn.DeltaCurrent.partialconstructor(100.0)
    connection = snn.LinearDense(3, 2, 1.0, **({"synapse": synapse, "weight_init": torch.ones_like, "batch_size": batch_size} | arguments))
    neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=1.0, time_constant=10.0, batch_size=batch_size)
    layer = snn.Serial(connection, neuron)
    connection.defaultupdater()
    return layer


def stdp(**changes):
    return snn.STDP(**({"lr_post": 0.5, "lr_pre": -0.25, "tc_post": 20.0, "tc_pre": 10.0} | changes))


def trained(batch_size=1, **arguments):
    layer, trainer = build(batch_size, **arguments), stdp()
    return layer, trainer, trainer.register_cell("only", layer.cell)


def step(layer, trainer, value=1.0):
    layer(torch.full(layer.connection.batched_inshape, value))
    trainer()


# ------------------------------------------------------------------------------------------------------------------------- cells


def test_a_cell_is_kept_under_its_name():
    layer, trainer, unit = trained()
    assert unit.cell is layer.cell
    assert trainer.get_unit("only") is unit
    assert list(trainer) == [unit]
    assert len(trainer) == 1
    trainer.del_cell("only")
    assert list(trainer) == []
    trainer.register_cell("only", layer.cell)


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (
            lambda t, c: t.register_cell("only", c),
            ValueError,
            "There is a cell 'only' in this STDP already. Choose another name, or del_cell",
        ),
        (lambda t, c: t.register_cell("a_b", c) and t.register_cell("a.b", c), ValueError, "There is a cell 'a.b' in this STDP already"),
        (lambda t, c: t.register_cell("values", c), ValueError, "name must be free, but 'values'"),
        (lambda t, c: t.register_cell("", c), ValueError, "name must be a string that is not empty"),
        (lambda t, c: t.register_cell(3, c), TypeError, "name must be a string, but is 3"),
        (
            lambda t, c: t.register_cell("new", c.connection),
            TypeError,
            r"cell must be a Cell, but is of type LinearDense. Take it from layer.add_cell or serial",
        ),
        (lambda t, c: t.register_cell("new", c, lr_up=1.0), TypeError, "STDP takes no override 'lr_up'; it takes .*lr_post"),
        (lambda t, c: t.register_cell("new", c, tc_pre=0.0), ValueError, "tc_pre must be above 0 ms, but is 0.0 ms"),
        (lambda t, c: t.register_cell("new", c, trace_mode="all"), ValueError, "trace_mode must be one of 'cumulative', 'nearest', but is"),
        (lambda t, c: t.get_unit("up"), AttributeError, "There is no cell 'up' in this STDP; there is: only"),
        (lambda t, c: t.del_cell("up"), AttributeError, "There is no cell 'up' in this STDP"),
    ],
)
def test_what_is_refused_leaves_the_cells_as_they_were(act, error, words):
    layer, trainer, unit = trained()
    with pytest.raises(error, match=words):
        act(trainer, layer.cell)
    assert trainer.get_unit("only") is unit
    assert {name for name, _ in trainer.states_.named_children()} <= {"only", "a_b"}
    step(layer, trainer)


def test_a_cell_without_an_updater_or_its_parameter_is_refused():
    layer = build(bias=True)
    del layer.connection.updater
    with pytest.raises(
        RuntimeError, match=r"Cell 'a' has no updater, so nothing could be learned. Call cell.connection.defaultupdater\(\)"
    ):
        stdp().register_cell("a", layer.cell)
    layer.connection.defaultupdater(exclude_weight=True)
    with pytest.raises(RuntimeError, match="Cell 'a' has an updater without 'weight', which STDP trains"):
        stdp().register_cell("a", layer.cell)


def test_names_are_positional_so_that_any_override_may_be_named():
    with pytest.raises(TypeError):
        stdp().register_cell(name="a", cell=build().cell)


# ------------------------------------------------------------------------------------------------------------------- the moment


def test_called_before_the_layer_it_says_so_and_changes_nothing():
    layer, trainer, unit = trained()
    with pytest.raises(RuntimeError, match=r"Cell 'only' has not run yet. Call the layer first, then STDP, once a step"):
        trainer()
    assert layer.updater.weight.pos is None
    assert not unit.state.post_trace_.any()


def test_called_twice_in_a_step_it_says_so_and_changes_nothing():
    layer, trainer, unit = trained()
    step(layer, trainer)
    pending, trace = layer.updater.weight.pos.clone(), unit.state.post_trace_.clone()
    with pytest.raises(RuntimeError, match="Cell 'only' has not run since the last call"):
        trainer()
    assert torch.equal(layer.updater.weight.pos, pending)
    assert torch.equal(unit.state.post_trace_, trace)
    step(layer, trainer)


def test_a_cell_that_has_not_run_is_passed_over_and_the_others_learn():
    ran, idle, trainer = build(), build(), stdp()
    unit, idle_unit = trainer.register_cell("ran", ran.cell), trainer.register_cell("idle", idle.cell)
    with pytest.raises(RuntimeError, match="Cell 'ran', 'idle' has not run yet"):
        trainer()
    ran(torch.ones(1, 3))
    trainer()
    assert ran.updater.weight.pos is not None
    assert unit.state.pre_trace_.peek().any()
    assert idle.updater.weight.pos is None
    assert not idle_unit.state.pre_trace_.peek().any()
    with pytest.raises(RuntimeError, match="Cell 'ran', 'idle' has not run since the last call"):
        trainer()
    idle(torch.ones(1, 3))
    trainer()
    assert idle.updater.weight.pos is not None


def test_nothing_changes_until_the_update():
    layer, trainer, _ = trained()
    before = layer.connection.weight.clone()
    step(layer, trainer)
    assert torch.equal(layer.connection.weight, before)
    layer.update()
    assert not torch.equal(layer.connection.weight, before)
    assert layer.updater.weight.pos is None


def test_the_rule_can_update_the_layers_of_its_cells_each_once():
    class Two(snn.Layer):
        def wiring(self, inputs):
            return {"out": sum(inputs.values())}

    layer, trainer = Two(), stdp()
    layer.add_neuron("out", build().neuron)
    for name in ("left", "right"):
        layer.add_connection(name, build().connection)
        trainer.register_cell(name, layer.add_cell(name, "out"))
    layer({"left": torch.ones(1, 3), "right": torch.ones(1, 3)})
    trainer()
    trainer.update()
    # First step, everything spikes: a = 0.5·1·1 and b = 0.25·1·1, so every weight moves by 0.25 once.
    assert [c.weight.unique().tolist() for _, c in layer.named_connections] == [[1.25], [1.25]]


# --------------------------------------------------------------------------------------------------------- what a call is told


class Told(CellTrainer):
    """Adds what it is told."""

    def build(self, cell, state):
        pass

    def check_call(self, cell, state, amount, scale=1.0):
        if amount < 0:
            raise ValueError("amount must be 0 or above.")

    def step(self, cell, state, amount, scale=1.0):
        cell.updater.weight.add(pos=torch.full_like(cell.connection.weight, amount * scale))


def told():
    layers, rule = [build(), build()], Told()
    for name, layer in zip("ab", layers, strict=True):
        rule.register_cell(name, layer.cell)
        layer(torch.ones(1, 3))
    return layers, rule


def pending(layers):
    return [part if (part := layer.updater.weight.pos) is None else part.unique().item() for layer in layers]


def test_what_a_call_is_given_reaches_every_cell():
    layers, rule = told()
    rule(2.0, scale=3.0)
    assert pending(layers) == [6.0, 6.0]


def test_cells_may_be_told_different_things_in_one_step():
    layers, rule = told()
    rule(2.0, cells=["a"])
    assert pending(layers) == [2.0, None]
    rule(5.0, cells="b")
    assert pending(layers) == [2.0, 5.0]
    with pytest.raises(RuntimeError, match="Cell 'b' has not run since the last call"):
        rule(5.0, cells=["b"])


def test_a_cell_that_was_left_out_has_missed_the_step():
    layers, rule = told()
    rule(2.0, cells=["a"])
    for layer in layers:
        layer(torch.ones(1, 3))
    with pytest.warns(UserWarning, match="Cell 'b' ran 1 steps that Told did not see") as said:
        rule(2.0)
    assert len(said) == 1


def test_a_cell_that_is_not_there_is_refused_with_those_that_are():
    layers, rule = told()
    with pytest.raises(AttributeError, match="There is no cell 'c' in this Told; there is: a, b"):
        rule(2.0, cells=["a", "c"])
    assert pending(layers) == [None, None]


@pytest.mark.parametrize(
    ("args", "kwargs", "words"),
    [
        ((), {}, "Told must be called with amount, scale at every step: missing a required argument: 'amount'"),
        ((1.0, 2.0, 3.0), {}, "Told must be called with amount, scale at every step: too many positional arguments"),
        ((1.0,), {"size": 1.0}, "Told must be called with amount, scale at every step: got an unexpected keyword argument 'size'"),
    ],
)
def test_arguments_that_a_rule_does_not_take_are_refused(args, kwargs, words):
    layers, rule = told()
    with pytest.raises(TypeError, match=words):
        rule(*args, **kwargs)
    rule(1.0)
    assert pending(layers) == [1.0, 1.0]


def test_a_rule_that_needs_to_be_told_nothing_says_so():
    _, rule, _ = trained()
    with pytest.raises(TypeError, match="STDP must be called with no arguments at every step"):
        rule(1.0)


def test_what_is_refused_for_one_cell_changes_none():
    layers, rule = told()
    with pytest.raises(ValueError, match="amount must be 0 or above"):
        rule(-1.0)
    assert pending(layers) == [None, None]
    rule(1.0)
    assert pending(layers) == [1.0, 1.0]


def test_where_a_cell_fails_those_before_it_have_learned_once():
    class Fails(Told):
        def step(self, cell, state, amount, scale=1.0):
            if state.watch.name == "b" and amount > 2:
                raise ArithmeticError
            super().step(cell, state, amount, scale)

    layers, rule = [build(), build()], Fails()
    for name, layer in zip("ab", layers, strict=True):
        rule.register_cell(name, layer.cell)
        layer(torch.ones(1, 3))
    with pytest.raises(ArithmeticError):
        rule(3.0)
    rule(1.0)
    assert pending(layers) == [3.0, 1.0]


# -------------------------------------------------------------------------------------------------- settings that fit each other


class Ordered(Told):
    """Wants low below high."""

    low, high = snn.Setting(snn.core.checks.number), snn.Setting(snn.core.checks.number)

    def __init__(self, low, high):
        super().__init__()
        self.configure(low=low)
        self.configure(high=high)

    def check_together(self, settings):
        if not settings.low < settings.high:
            raise ValueError(f"low must be below high ({settings.high}), but is {settings.low}.")


def test_settings_that_do_not_fit_are_refused_wherever_they_are_set():
    with pytest.raises(ValueError, match=r"^low must be below high \(1.0\), but is 2.0"):
        Ordered(2.0, 1.0)
    rule = Ordered(1.0, 3.0)
    with pytest.raises(ValueError, match=r"^low must be below high \(3.0\), but is 4.0"):
        rule.low = 4.0
    with pytest.raises(ValueError, match=r"^low must be below high \(3.0\), but is 5.0"):
        rule.register_cell("own", build().cell, low=5.0)
    assert len(rule) == 0
    rule.register_cell("own", build().cell, low=2.0)
    with pytest.raises(ValueError, match=r"Cell 'own' has settings of its own. low must be below high \(1.5\), but is 2.0"):
        rule.high = 1.5
    assert (rule.low, rule.high, rule.get_unit("own").state.high) == (1.0, 3.0, 3.0)


# --------------------------------------------------------------------------------------------------------------------- the moment


@pytest.mark.parametrize("what", ["rule", "layer", "cell"])
def test_in_evaluation_mode_nothing_is_learned_and_the_step_counts_as_seen(what):
    layer, trainer, unit = trained()
    module = {"rule": trainer, "layer": layer, "cell": layer.cell}[what]
    module.eval()
    step(layer, trainer)
    trainer()  # not even called too often
    assert layer.updater.weight.pos is None
    assert not unit.state.post_trace_.any()
    module.train()
    with pytest.raises(RuntimeError, match="has not run"):
        trainer()
    step(layer, trainer)
    assert layer.updater.weight.pos is not None


def test_a_cell_whose_updater_is_gone_is_passed_over():
    layer, trainer, _ = trained()
    del layer.connection.updater
    with pytest.warns(UserWarning, match="Cell 'only' has had an updater, but has none now"):
        step(layer, trainer)
    layer.connection.defaultupdater()
    step(layer, trainer)
    assert layer.updater.weight.pos is not None


def test_clear_forgets_traces_and_nothing_else():
    layer, trainer, unit = trained(delay=2.0)
    step(layer, trainer)
    trainer.clear()
    assert not unit.state.post_trace_.any()
    assert not unit.state.pre_trace_.value.any()
    assert layer.updater.weight.pos is not None
    assert trainer.lr_post == 0.5


# ------------------------------------------------------------------------------------------------------------------------- state


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_weights_of_half_precision_have_times_and_traces_that_count_as_far_as_any(dtype):
    layer = build(delay=2.0)
    layer.to(dtype)
    pairs, times = stdp(tc_post=1000.0, tc_pre=1000.0), snn.DelayAdjustedSTDP(lr_pos=0.1, lr_neg=-0.1, tc_pos=20.0, tc_neg=20.0)
    pairs.gathers = times.gathers = 10_000
    units = [rule.register_cell("only", layer.cell) for rule in (pairs, times)]
    for now in range(2101):
        layer(torch.full((1, 3), float(now == 0)))
        pairs(), times()
        layer.updater.clear()
    post, pre = units[0].state.post_trace_, units[0].state.pre_trace_.present
    assert post.tolist() == [[pytest.approx(math.exp(-2.1), rel=1e-3)] * 2]
    assert pre.tolist() == [[pytest.approx(math.exp(-2.1), rel=1e-3)] * 3]
    assert (units[1].state.since_post_.tolist(), units[1].state.since_pre_.tolist()) == ([[2100.0] * 2], [[2100.0] * 3])


def test_a_loaded_state_leaves_what_is_pending_as_it_was_proposed():
    layer, rule, _ = trained(batch_size=2)
    saved = copy.deepcopy(rule.state_dict()), copy.deepcopy(layer.state_dict())
    step(layer, rule)
    rule.load_state_dict(saved[0])
    layer.load_state_dict(saved[1])
    assert layer.updater.weight.neg.unique().item() == 0.25  # both sides spiked at this one step, in both samples


@pytest.mark.parametrize("delay", [None, 4.0])
def test_it_goes_on_after_the_batch_size_or_the_delays_or_the_dtype_changed(delay):
    layer, trainer, unit = trained(2, delay=delay)
    step(layer, trainer)
    layer.batchsz = 5
    step(layer, trainer)
    assert unit.state.post_trace_.shape == (5, 2)
    layer.to(torch.float64)
    step(layer, trainer)
    assert unit.state.post_trace_.dtype == unit.state.pre_trace_.storage.dtype == torch.float64
    assert layer.updater.weight.pos.dtype == torch.float64
    # Three steps of spikes, the second of which began from rest: the trace of two.
    assert unit.state.post_trace_[0, 0].item() == pytest.approx(1 + math.exp(-1 / 20))
    if delay:
        layer.synapse.delay = 9.0
        step(layer, trainer)
        assert unit.state.pre_trace_.slots == 10
    layer.update()
    assert layer.connection.weight.isfinite().all()


def test_traces_that_are_built_anew_lie_where_the_weights_do():
    class Counts(CellTrainer):
        def build(self, cell, state):
            state.register_state("seen_", torch.zeros(cell.neuron.batchedshape))

        def step(self, cell, state):
            state.seen_ = state.seen_ + cell.postspike

    layer, rule = build(), Counts()
    layer.to(torch.float64)
    state = rule.register_cell("only", layer.cell).state
    assert state.seen_.dtype == torch.float64
    layer.batchsz = 2
    step(layer, rule)
    assert state.seen_.dtype == torch.float64


def test_after_a_change_of_the_step_time_traces_start_from_rest_and_decay_by_the_new_one():
    layer, trainer, unit = trained(delay=2.0)
    step(layer, trainer)
    layer.dt = 0.5
    step(layer, trainer)
    assert unit.state.post_trace_.unique().item() == 1.0
    assert (unit.state.pre_trace_.dt, unit.state.pre_trace_.slots) == (0.5, 5)
    step(layer, trainer, 0.0)
    assert unit.state.pre_trace_.peek().unique().item() == pytest.approx(math.exp(-0.5 / 10))


def test_a_saved_rule_goes_on_bit_for_bit():
    def go(layer, trainer, trains):
        for spikes in trains:
            layer(spikes)
            trainer()
            layer.update()
        return layer.connection.weight.clone()

    trains = torch.rand(30, 2, 3, generator=torch.Generator().manual_seed(0)) < 0.3
    layer, trainer, _ = trained(2, delay=3.0)
    go(layer, trainer, trains[:15])
    fresh, other, _ = trained(2, delay=3.0)
    fresh.load_state_dict(layer.state_dict())
    other.load_state_dict(trainer.state_dict())
    both = copy.deepcopy((layer, trainer))
    loaded = pickle.loads(pickle.dumps((layer, trainer)))
    expected = go(layer, trainer, trains[15:])
    for twins in ((fresh, other), both, loaded):
        assert torch.equal(go(*twins, trains[15:]), expected)


def test_a_rule_has_nothing_to_train_of_its_own():
    _, trainer, _ = trained()
    assert list(trainer.parameters()) == []
    assert trainer.state_dict()
    assert all(key.startswith("states_.only.") for key in trainer.state_dict())


def test_a_rule_of_ones_own_needs_traces_and_a_step():
    class Hebb(CellTrainer):
        def build(self, cell, state):
            state.register_state("seen_", torch.zeros(cell.neuron.batchedshape))

        def step(self, cell, state):
            state.seen_ = state.seen_ + cell.postspike
            cell.updater.weight.add(pos=state.seen_.mean(0).unsqueeze(1).expand_as(cell.connection.weight))

    layer, rule = build(), Hebb()
    rule.register_cell("only", layer.cell)
    for _ in range(3):
        step(layer, rule)
        rule.update()
    assert (layer.connection.weight == 1 + 1 + 2 + 3).all()


def test_a_rule_without_a_cell_says_so():
    with pytest.raises(RuntimeError, match=r"STDP has no cell to train\. Call register_cell\(name, cell\) first"):
        snn.STDP(0.1, -0.1, 20.0, 20.0)()


def test_an_error_speaks_of_the_argument_as_it_was_written():
    with pytest.raises(ValueError, match="trace_mode must be one of"):
        snn.STDP(0.1, -0.1, 20.0, 20.0, trace_mode="x")
    with pytest.raises(TypeError, match="batch_reduction must be a function"):
        snn.STDP(0.1, -0.1, 20.0, 20.0, batch_reduction="sum")
