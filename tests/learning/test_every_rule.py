"""The laws that every learning rule keeps, over every connection: a new rule joins by one more entry in `RULES`."""

import copy
import inspect
import pickle
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import torch

import snnlab as snn
import snnlab.learning
from snnlab.core import events
from tests.learning.scripted import Largest, Scripted, random_delays, trains

BATCH, STEPS, LONGEST = 2, 7, 3.0
PAIR = {"lr_post": 0.02, "lr_pre": -0.01, "tc_post": 17.0, "tc_pre": 9.0}
TRIPLET = {"lr_post_pair": 0.02, "lr_post_triplet": 0.015, "lr_pre_pair": -0.01, "lr_pre_triplet": 0.012}
SLOW = {"tc_post_fast": 13.0, "tc_post_slow": 41.0, "tc_pre_fast": 9.0, "tc_pre_slow": 29.0}
KERNELS = {
    "kernel_post": snn.exp_stdp_post_kernel,
    "kernel_pre": snn.exp_stdp_pre_kernel,
    "kernel_post_kwargs": {"learning_rate": 0.02, "time_constant": 17.0},
    "kernel_pre_kwargs": {"learning_rate": -0.01, "time_constant": 9.0},
}
ADJUSTED = {"lr_pos": 0.02, "lr_neg": -0.01, "tc_pos": 17.0, "tc_neg": 9.0}
OTHER_KERNEL = {"kernel_post_kwargs": {"learning_rate": 0.05, "time_constant": 17.0}}


@dataclass(frozen=True)
class Rule:
    """A rule under the laws.

    Args:
        kind: its class.
        settings: what it is built with.
        own: a setting that a cell may have instead, so that it learns something else.
        trains: the parameter that it changes; a rule of delays needs a connection that has some.
        rewarded: whether each call is told a reward.
        sums: whether samples are summed unless it is told otherwise.
        keeps_samples: whether it remembers something for each sample and weight.
    """

    kind: type
    settings: dict[str, Any]
    own: dict[str, Any]
    trains: str = "weight"
    rewarded: bool = False
    sums: bool = False
    keeps_samples: bool = False

    def build(self, **changes: Any) -> snn.CellTrainer:
        return self.kind(**(self.settings | changes))


RULES = {
    "STDP": Rule(snn.STDP, PAIR, {"lr_post": 0.05}),
    "STDP, nearest": Rule(snn.STDP, PAIR | {"trace_mode": "nearest", "delayed": True}, {"lr_post": 0.05}),
    "TripletSTDP": Rule(snn.TripletSTDP, TRIPLET | SLOW, {"lr_post_triplet": 0.05}),
    "TripletSTDP, in place": Rule(snn.TripletSTDP, TRIPLET | SLOW | {"inplace": True, "delayed": True}, {"tc_pre_slow": 100.0}),
    "Competitive": Rule(snn.Competitive, {"lr": 0.1, "tc_pre": 9.0, "total": 1.0}, {"lr": 0.3}),
    "DiehlCookSTDP": Rule(snn.DiehlCookSTDP, {"lr": 0.1, "tc_pre": 9.0, "target": 0.4}, {"lr": 0.3}),
    "VogelsSTDP": Rule(snn.VogelsSTDP, {"lr": 0.1, "tc": 15.0, "target_rate": 20.0, "sign": 1}, {"lr": 0.3}),
    "MSTDP": Rule(snn.MSTDP, PAIR, {"lr_post": 0.05}, rewarded=True, sums=True),
    "MSTDPET": Rule(snn.MSTDPET, PAIR | {"tc_eligibility": 20.0}, {"lr_post": 0.05}, rewarded=True, sums=True, keeps_samples=True),
    "KernelSTDP": Rule(snn.KernelSTDP, KERNELS, OTHER_KERNEL),
    "DelayAdjustedKernelSTDP": Rule(snn.DelayAdjustedKernelSTDP, KERNELS, OTHER_KERNEL),
    "DelayAdjustedKernelSTDPD": Rule(snn.DelayAdjustedKernelSTDPD, KERNELS, OTHER_KERNEL, "delay"),
    "DelayAdjustedSTDP": Rule(snn.DelayAdjustedSTDP, ADJUSTED, {"lr_pos": 0.05}),
    "DelayAdjustedSTDPD": Rule(snn.DelayAdjustedSTDPD, ADJUSTED, {"lr_pos": 0.05}, "delay"),
    "DelayAdjustedMSTDP": Rule(snn.DelayAdjustedMSTDP, ADJUSTED, {"lr_pos": 0.05}, rewarded=True, sums=True),
    "DelayAdjustedMSTDPD": Rule(snn.DelayAdjustedMSTDPD, ADJUSTED, {"lr_pos": 0.05}, "delay", rewarded=True, sums=True),
    "LinearHomeostasis": Rule(snn.LinearHomeostasis, {"plasticity": 0.01, "target": 0.2, "param": "weight"}, {"target": 0.4}),
    "LinearHomeostasis, delays": Rule(
        snn.LinearHomeostasis, {"plasticity": 0.01, "target": 0.2, "param": "delay"}, {"target": 0.4}, "delay"
    ),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
of_weights = {name: rule for name, rule in RULES.items() if rule.trains != "delay"}

PLACES = ("dense", "direct", "lateral", "conv", "traced linear", "traced conv")
every_place = pytest.mark.parametrize("place", PLACES)
SYNAPSE = snn.DeltaCurrent.partialconstructor(1.0)
PLAIN: dict[str, Callable[..., snn.Connection]] = {
    "dense": lambda **given: snn.LinearDense(4, 3, 1.0, synapse=SYNAPSE, **given),
    "direct": lambda **given: snn.LinearDirect(3, 1.0, synapse=SYNAPSE, **given),
    "lateral": lambda **given: snn.LinearLateral(3, 1.0, synapse=SYNAPSE, **given),
    "conv": lambda **given: snn.Conv2D(3, 4, 2, 2, 1.0, (2, 3), synapse=SYNAPSE, **given),
}


def connect(place: str, batch: int = BATCH, delays: str = "none") -> snn.Serial:
    """A layer of scripted neurons, always with the same weights and delays; delays of traced connections are whole."""
    if place in PLAIN:
        connection = PLAIN[place](batch_size=batch, delay=None if delays == "none" else LONGEST)
        if delays != "none":
            connection.delay = random_delays(connection.delay.shape, int(LONGEST), delays == "whole")
    else:
        shape = (1, 1, 3, 4) if place == "traced linear" else (1, 2, 1, 1, 12)
        delay = 0.0 if delays == "none" else random_delays(shape, int(LONGEST), whole=True)
        connection = snn.traced.Linear(4, 3, batch, 1.0, delay) if place == "traced linear" else None
        connection = connection or snn.traced.Conv2d(2, 2, (2, 3), (3, 4), batch, 1.0, delay)
    connection = connection.to(torch.float64)
    connection.weight = torch.rand(connection.weight.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    connection.defaultupdater()
    neuron = Scripted(tuple(connection.outshape), batch)
    return snn.Serial(connection, snn.traced.TracedNeuron(neuron, 20.0) if place.startswith("traced") else neuron)


@dataclass
class Run:
    """A layer, a rule and what happens to them.

    Args:
        rule, place, delays, batch: of which kind they are.
        settings: further settings of the rule.
        one_for_all: whether a reward is a number, or one a sample.
        updates: whether the layer is updated at each step.
    """

    rule: Rule
    place: str = "dense"
    delays: str = "fractional"
    batch: int = BATCH
    settings: dict[str, Any] = field(default_factory=dict)
    one_for_all: bool = False
    updates: bool = False

    def __post_init__(self) -> None:
        self.layer, self.trainer = connect(self.place, self.batch, self.delays), self.rule.build(**self.settings)
        self.unit = self.trainer.register_cell("only", self.layer.cell)

    def draw(self, steps: int = STEPS, rate: float = 0.35) -> list[tuple[torch.Tensor, torch.Tensor, tuple]]:
        """What comes in, what goes out and what the rule is told, at every step."""
        connection = self.layer.connection
        pre, post = (trains(steps, self.batch, shape, seed, rate) for seed, shape in enumerate((connection.inshape, connection.outshape)))
        rewards = torch.rand(steps, self.batch, generator=torch.Generator().manual_seed(9), dtype=torch.float64) * 2 - 1
        told = [(reward.mean().item() if self.one_for_all else reward,) if self.rule.rewarded else () for reward in rewards]
        return list(zip(pre, post, told, strict=True))

    def step(self, arriving: torch.Tensor, leaving: torch.Tensor, told: tuple) -> None:
        inputs = (arriving, arriving.to(self.layer.connection.weight.dtype)) if self.place.startswith("traced") else (arriving,)
        self.layer(*inputs, neuron_kwargs={"script": leaving})
        self.trainer(*told)
        if self.updates:
            self.layer.update()

    def go(self, steps: list | None = None) -> torch.Tensor:
        """Runs all steps; returns what is pending, or the parameter where it was updated on the way."""
        for each in self.draw() if steps is None else steps:
            self.step(*each)
        return self.parameter.detach().clone() if self.updates else self.pending()

    @property
    def parameter(self) -> torch.Tensor:
        return getattr(self.layer.connection, self.rule.trains)

    def pending(self) -> torch.Tensor:
        """What an update would change, like the parameter."""
        update = self.layer.updater.updates_[self.rule.trains].update(self.parameter)
        return torch.zeros_like(self.parameter) if update is None else update.detach().clone().expand(self.parameter.shape)

    def memory(self) -> int:
        """Bytes of what is pending, and of what the rule keeps."""
        parts = [part for each in self.layer.updater.updates_.values() for part in (each._pos, each._neg)]
        entries = [entry for part in parts for entry in part.entries]
        tensors = [each for entry in entries for each in ((entry,) if isinstance(entry, torch.Tensor) else entry.factors)]
        return sum(each.untyped_storage().nbytes() for each in (*tensors, *self.trainer.buffers()))


def delays_for(rule: Rule) -> tuple[str, ...]:
    return ("fractional",) if rule.trains == "delay" else ("none", "fractional")


def same(a: torch.Tensor, b: torch.Tensor) -> None:
    torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-12)


# ----------------------------------------------------------------------------------------------------------------------- the table


@pytest.mark.parametrize("name", [name for name in snnlab.learning.__all__ if inspect.isclass(getattr(snnlab.learning, name))])
def test_every_rule_that_is_public_is_under_the_laws(name):
    kind = getattr(snnlab.learning, name)
    if issubclass(kind, snn.CellTrainer) and not inspect.isabstract(kind):
        assert kind in {rule.kind for rule in RULES.values()}
        assert getattr(snn, name) is kind


def test_the_page_of_all_rules_says_what_each_trains():
    table = {
        words[0]: words[1]
        for line in snnlab.learning.__doc__.splitlines()
        if (words := line.split()) and words[0] in snnlab.learning.__all__
    }
    assert table == {rule.kind.__name__: "any" if rule.kind is snn.LinearHomeostasis else rule.trains for rule in RULES.values()}


PLAIN_END = "interp_tolerance=None, batch_reduction=None, inplace=False"
PAIR_END = "interp_tolerance=None, trace_mode='cumulative', batch_reduction=None"
FUNCTIONS = "kernel_post, kernel_pre, kernel_post_kwargs, kernel_pre_kwargs"
TRIPLET_RATES = "lr_post_pair, lr_post_triplet, lr_pre_pair, lr_pre_triplet"
FAST_AND_SLOW = "tc_post_fast, tc_post_slow, tc_pre_fast, tc_pre_slow"
SIGNATURES = {
    snn.STDP: f"lr_post, lr_pre, tc_post, tc_pre, delayed=False, {PAIR_END}",
    snn.TripletSTDP: f"{TRIPLET_RATES}, {FAST_AND_SLOW}, delayed=False, {PAIR_END}, inplace=False",
    snn.MSTDP: f"lr_post, lr_pre, tc_post, tc_pre, delayed=False, {PAIR_END}",
    snn.MSTDPET: f"lr_post, lr_pre, tc_post, tc_pre, tc_eligibility, {PAIR_END}",
    snn.KernelSTDP: f"{FUNCTIONS}, delayed=False, {PLAIN_END}",
    snn.DelayAdjustedKernelSTDP: f"{FUNCTIONS}, batch_reduction=None, inplace=False",
    snn.DelayAdjustedKernelSTDPD: f"{FUNCTIONS}, batch_reduction=None, inplace=False",
    snn.DelayAdjustedSTDP: f"lr_pos, lr_neg, tc_pos, tc_neg, {PLAIN_END}",
    snn.DelayAdjustedSTDPD: f"lr_neg, lr_pos, tc_neg, tc_pos, {PLAIN_END}",
    snn.DelayAdjustedMSTDP: f"lr_pos, lr_neg, tc_pos, tc_neg, {PLAIN_END}",
    snn.DelayAdjustedMSTDPD: f"lr_neg, lr_pos, tc_neg, tc_pos, {PLAIN_END}",
    snn.LinearHomeostasis: "plasticity, target, param, batch_reduction=None",
}
STATES = {
    "interp_tolerance": "tolerance",
    "trace_mode": "tracemode",
    "batch_reduction": "batchreduce",
}


@pytest.mark.parametrize(("kind", "wanted"), SIGNATURES.items(), ids=lambda each: getattr(each, "__name__", ""))
def test_arguments_come_in_a_fixed_order_and_are_attributes_of_the_state(kind, wanted):
    arguments = list(inspect.signature(kind).parameters.values())
    given = [name if each.default is each.empty else f"{name}={each.default!r}" for each in arguments for name in [each.name]]
    assert ", ".join(given) == wanted
    state = Run(next(rule for rule in RULES.values() if rule.kind is kind)).unit.state
    for each in arguments:
        getattr(state, STATES.get(each.name, each.name))  # AttributeError where it is missing
    sums = issubclass(kind, snn.RewardedTrainer)
    assert state.batchreduce is (torch.sum if sums else torch.mean)
    called = ", ".join(inspect.signature(kind.forward).parameters)
    told = "target, cells" if kind is snn.LinearHomeostasis else "args, cells, kwargs"
    assert called == f"self, {'signal, scale, cells' if sums else told}"


@every_rule
def test_its_page_says_equation_and_source(rule):
    page = sys.modules[rule.kind.__module__].__doc__
    assert "\n\nReference: " in page
    assert f'Equation: `help("{rule.kind.__module__}")`' in rule.kind.__doc__
    assert {"Args:", "Units:", "Raises:", "Example:"} <= set(rule.kind.__doc__.split())


# ---------------------------------------------------------------------------------------------------------------- every connection


@every_place
@every_rule
def test_it_learns_on_every_connection_and_samples_add_up(rule, place):
    # The laws of the batch: the mean (or the sum) over samples is that of what they learn alone.
    for delays in delays_for(rule):
        together, inputs = Run(rule, place, delays), Run(rule, place, delays).draw()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            change = together.go(inputs)
        assert change.shape == together.parameter.shape
        assert change.isfinite().all()
        assert change.any()
        alone = []
        for b in range(BATCH):
            steps = [(pre[b : b + 1], post[b : b + 1], tuple(each[b : b + 1] for each in told)) for pre, post, told in inputs]
            alone.append(Run(rule, place, delays, 1).go(steps))
        same(change, torch.stack(alone).sum(0) / (1 if rule.sums else BATCH))
        together.layer.update()  # what is pending fits the parameter


@every_rule
def test_a_batch_of_32_learns_the_mean_of_32_runs_or_their_sum(rule):
    inputs, alone = Run(rule, batch=32).draw(4), []
    for b in range(32):
        steps = [(pre[b : b + 1], post[b : b + 1], tuple(each[b : b + 1] for each in told)) for pre, post, told in inputs]
        alone.append(Run(rule, batch=1).go(steps))
    for reduction in (torch.mean, torch.sum):
        same(Run(rule, batch=32, settings={"batch_reduction": reduction}).go(inputs), reduction(torch.stack(alone), 0))


@every_place
@every_rule
def test_mean_and_sum_equal_the_general_path(rule, place):
    for delays in delays_for(rule):
        for quick, general in ((torch.mean, lambda rows, dim: rows.mean(dim)), (torch.sum, lambda rows, dim: rows.sum(dim))):
            # Of a reward a sample, a mean of one's own sees the rows of rewarded samples alone; of one for all it sees every sample.
            runs = [Run(rule, place, delays, settings={"batch_reduction": each}, one_for_all=True) for each in (quick, general)]
            same(*(run.go(run.draw(5)) for run in runs))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda rows, dim: rows.mean(), "returned \\(\\)"),
        (lambda rows, dim: rows.mean(dim, keepdim=True), "returned \\(1, "),
        (lambda rows, dim: rows.mean(dim)[:1], "returned \\("),
        (torch.median, "return a tensor, but returned median"),
    ],
    ids=["a number", "an axis kept", "a part", "a pair"],
)
@every_rule
def test_a_reduction_that_makes_another_shape_is_refused(rule, wrong, words):
    # An update of another shape would be spread over all weights without a word.
    run = Run(rule, settings={"batch_reduction": wrong})
    with pytest.raises((ValueError, TypeError), match=f"batch_reduction must .*{words}"):
        run.go()


@every_rule
def test_a_setting_goes_by_the_name_of_the_constructor_too(rule):
    run = Run(rule)
    for argument, name in rule.kind.spelled.items():
        value = {"trace_mode": "nearest", "interp_tolerance": 0.25, "batch_reduction": torch.amax}[argument]
        own = {"trace_mode": "cumulative", "interp_tolerance": 0.5, "batch_reduction": torch.amin}[argument]
        setattr(run.trainer, argument, value)
        for each in (run.trainer, run.unit.state):
            assert getattr(each, argument) == getattr(each, name) == value
        setattr(run.unit.state, argument, own)
        assert getattr(run.unit.state, argument) == getattr(run.unit.state, name) == own
        assert run.unit.state.overrides[name] == own
        assert getattr(run.trainer, argument) == value
        for each in (run.trainer, run.unit.state):
            with pytest.raises((ValueError, TypeError), match=f"{argument} must be"):
                setattr(each, argument, object())


@every_rule
def test_it_prints_its_settings(rule):
    shown = repr(rule.build())
    for argument, value in rule.settings.items():
        words = f"{value:g}" if isinstance(value, float) else getattr(value, "__name__", repr(value))
        assert f"{argument}={words}" in shown
    assert f"batch_reduction={'sum' if rule.sums else 'mean'}" in shown


ARRIVALS = {
    name: rule
    for name, rule in RULES.items()
    if "interp_tolerance" in inspect.signature(rule.kind).parameters and not name.startswith("DelayAdjusted")
}


@pytest.mark.parametrize("rule", ARRIVALS.values(), ids=ARRIVALS)
def test_a_delay_within_the_tolerance_counts_as_a_whole_step(rule):
    # Without it, a delay of 1.2 steps is heard at the second step; with it, at the first.
    whole, found = random_delays((3, 4), int(LONGEST) - 1, whole=True), []
    for off, settings in ((0.0, {}), (0.2, {"interp_tolerance": 0.25}), (0.2, {})):
        run = Run(rule, settings=settings)
        run.layer.connection.delay = whole + off
        found.append(run.go())
    same(found[1], found[0])
    assert not torch.allclose(found[2], found[0])


# ---------------------------------------------------------------------------------------------------------------------- its cells


@every_rule
def test_a_setting_of_ones_own_acts_in_that_cell_alone(rule):
    run, changed = Run(rule), Run(rule, settings=rule.own)
    plain, own = Run(rule), Run(rule)
    both = rule.build()
    both.register_cell("plain", plain.layer.cell)
    both.register_cell("own", own.layer.cell, **rule.own)
    for pre, post, told in run.draw():
        for each in (plain, own):
            each.layer(pre, neuron_kwargs={"script": post})
        both(*told)
    expected = [run.go(), changed.go()]
    same(plain.pending(), expected[0])
    same(own.pending(), expected[1])
    assert not torch.allclose(*expected)


@every_rule
def test_a_wrong_override_is_refused_with_those_that_are_known(rule):
    run, trainer = Run(rule), rule.build()
    with pytest.raises(TypeError, match=f"{rule.kind.__name__} takes no override 'lr_up'; it takes .*{next(iter(rule.settings))}"):
        trainer.register_cell("other", run.layer.cell, lr_up=1.0)
    assert len(trainer) == 0


@every_rule
def test_a_cell_that_is_left_out_of_a_call_may_be_told_later_in_the_step(rule):
    first, second, trainer = Run(rule), Run(rule), rule.build()
    for name, run in (("first", first), ("second", second)):
        trainer.register_cell(name, run.layer.cell)
    for pre, post, told in first.draw():
        for run in (first, second):
            run.layer(pre, neuron_kwargs={"script": post})
        trainer(*told, cells=["first"])
        trainer(*told, cells=["second"])
    expected = Run(rule).go()
    same(first.pending(), expected)
    same(second.pending(), expected)


# ------------------------------------------------------------------------------------------------------------------- its life


@every_rule
def test_after_clear_it_learns_the_same_again(rule):
    run = Run(rule, updates=True)
    start, inputs = run.parameter.detach().clone(), run.draw()
    first = run.go(inputs)
    run.layer.clear(), run.trainer.clear()
    setattr(run.layer.connection, rule.trains, start)
    assert torch.equal(run.go(inputs), first)
    assert not torch.equal(first, start)


@every_rule
def test_a_copy_a_pickle_and_a_saved_state_go_on_bit_for_bit(rule):
    run = Run(rule, updates=True)
    inputs = run.draw()
    run.go(inputs[:4])
    saved = Run(rule, updates=True)
    saved.layer.load_state_dict(run.layer.state_dict())
    saved.trainer.load_state_dict(run.trainer.state_dict())
    twins = [saved, copy.deepcopy(run), pickle.loads(pickle.dumps(run))]
    expected = run.go(inputs[4:])
    for twin in twins:
        assert torch.equal(twin.go(inputs[4:]), expected)


@every_rule
def test_it_works_in_inference_mode_and_goes_on_after_it(rule):
    inputs, run, switched = Run(rule).draw(), Run(rule, updates=True), Run(rule, updates=True)
    with torch.inference_mode():
        switched.go(inputs[:3])
    switched.go(inputs[3:5])
    with torch.inference_mode():
        change = switched.go(inputs[5:])
    same(change, run.go(inputs))


@pytest.mark.parametrize("place", ["dense", "conv", "traced linear"])
@every_rule
def test_it_goes_on_in_another_precision(rule, place):
    run = Run(rule, place, delays_for(rule)[-1], updates=True)
    inputs, exact = run.draw(), Run(rule, place, delays_for(rule)[-1], updates=True)
    run.layer.to(torch.float32)
    run.go(inputs[:4])
    run.layer.to(torch.float64)
    found = run.go(inputs[4:])
    assert {buffer.dtype for buffer in run.trainer.buffers() if buffer.is_floating_point()} <= {torch.float64}
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, exact.go(inputs), rtol=1e-4, atol=1e-5)


@every_rule
def test_in_evaluation_mode_nothing_is_learned_and_no_trace_moves(rule):
    for mode in (lambda run: run.trainer, lambda run: run.layer.cell):
        run = Run(rule)
        inputs = run.draw()
        run.go(inputs[:4])
        pending, traces = run.pending(), [buffer.clone() for buffer in run.trainer.buffers()]
        mode(run).eval()
        run.go(inputs[4:])
        assert torch.equal(run.pending(), pending)
        assert all(torch.equal(a, b) for a, b in zip(traces, run.trainer.buffers(), strict=True) if not a.isnan().any())
        mode(run).train()
        run.go(inputs[4:])
        assert not torch.equal(run.pending(), pending)


@every_place
@every_rule
def test_where_nobody_has_spiked_nothing_is_nan(rule, place):
    for delays in delays_for(rule):
        run = Run(rule, place, delays, updates=True)
        before = run.parameter.detach().clone()
        after = run.go(run.draw(4, rate=0.0))
        assert after.isfinite().all()
        assert torch.equal(before, after) != (rule.kind is snn.LinearHomeostasis)


def whole(entry):
    """What is pending, multiplied out."""
    return entry if isinstance(entry, torch.Tensor) else entry.dense()


@pytest.mark.parametrize("reduction", [None, lambda rows, dim: rows.amax(dim)], ids=["quick", "general"])
@every_rule
def test_what_is_pending_stays_as_it_was_proposed(rule, reduction):
    # An accumulator takes over what it is given, without a copy: a trace that is written in place must not be among it.
    settings = {} if reduction is None else {"batch_reduction": reduction}
    for delays in delays_for(rule):
        run, held = Run(rule, delays=delays, settings=settings, one_for_all=True), []
        accumulator = run.layer.updater.updates_[rule.trains]
        for each in run.draw():
            run.step(*each)
            entries = [entry for part in (accumulator._pos, accumulator._neg) for entry in part.entries]
            held += [(entry, whole(entry).clone()) for entry in entries]
            accumulator.clear()
        run.trainer.clear()
        assert held
        assert all(torch.equal(whole(entry), before) for entry, before in held)


@pytest.mark.parametrize("place", ["dense", "lateral"])
@pytest.mark.parametrize("rule", of_weights.values(), ids=of_weights)
def test_where_few_spike_the_change_is_that_of_a_step_that_looks_at_all(rule, place, monkeypatch):
    found = {}
    for way, large in (("all", 10**9), ("events", 1)):
        monkeypatch.setattr(events, "LARGE", large)
        monkeypatch.setattr(events, "SHARE", 1)  # any number is few
        run = Run(rule, place, delays="none", batch=1, updates=True)
        limit = snn.Clamping(run.layer.updater, "parent.weight", 0.0, 1.0)
        limit.register()
        with torch.no_grad():
            found[way] = [run.go([each]) for each in run.draw()]
        assert found[way][-1].min() >= 0
        assert found[way][-1].max() <= 1
    for dense, sparse in zip(found["all"], found["events"], strict=True):
        torch.testing.assert_close(sparse, dense, rtol=1e-12, atol=1e-12)
    assert not torch.equal(found["all"][0], found["all"][-1])


# -------------------------------------------------------------------------------------------------------------------------- memory


@pytest.mark.parametrize("kind", [snn.LinearDense, snn.LinearLateral])
@every_rule
def test_a_step_makes_nothing_of_batch_x_inputs_x_outputs(rule, kind):
    batch, size = 32, 30
    for delay in (LONGEST,) if rule.trains == "delay" else (None, LONGEST):
        init = {} if delay is None else {"delay_init": lambda like: random_delays(like.shape, int(LONGEST), whole=False).float()}
        shape = (size, size) if kind is snn.LinearDense else (size,)
        connection = kind(*shape, 1.0, synapse=SYNAPSE, delay=delay, batch_size=batch, **init)
        connection.defaultupdater()
        layer, trainer = snn.Serial(connection, Scripted((size,), batch)), rule.build()
        trainer.register_cell("only", layer.cell)
        with Largest() as seen:
            for pre, post in zip(trains(4, batch, size), trains(4, batch, size, seed=1), strict=True):
                layer(pre, neuron_kwargs={"script": post})
                trainer(*([torch.ones(batch)] if rule.rewarded else []))
                layer.update()
        # The largest that may be: a history of 4 slots, each twice, 2·4·30·32 = 7,680, against 32·30·30 = 28,800.
        assert (seen.elements <= 2 * 4 * size * batch) != rule.keeps_samples


@pytest.mark.parametrize("updates", [False, True])
@pytest.mark.parametrize("reduction", [torch.mean, lambda rows, dim: rows.amax(dim)], ids=["mean", "max"])
@every_rule
def test_pending_updates_and_traces_take_no_more_room_as_time_goes_by(rule, reduction, updates):
    run = Run(rule, batch=2, settings={"batch_reduction": reduction}, updates=updates, one_for_all=True)
    inputs, room = run.draw(10), []
    for _ in range(3):
        run.go(inputs)
        room.append(run.memory())
    assert room[0] > 0
    assert set(room[1:]) == {room[1]}


@every_rule
def test_weights_of_half_precision_learn_what_others_do(rule):
    changes = []
    for dtype in (torch.float64, torch.bfloat16):
        run = Run(rule, "conv")
        run.layer.connection.to(dtype)
        changes.append(run.go([(pre, post, tuple(each.to(dtype) for each in told)) for pre, post, told in run.draw()]).double())
        run.layer.update()
        assert run.parameter.dtype == dtype
    expected, found = changes
    assert (found - expected).norm() <= 0.03 * expected.norm()  # numbers are rounded to 1 in 256, delays among them
