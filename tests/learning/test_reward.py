"""What a reward makes of the terms of a rule: how it is checked, how it sorts them, and how samples become one update."""

import copy
import math

import numpy as np
import pytest
import torch

import snnlab as snn
from snnlab.learning.reward import kept_term, rewarded, rewarded_in_turn
from tests.learning.pairevents import TC_POST, TC_PRE, rewards, run
from tests.learning.scripted import Largest, Scripted, connect, random_delays, trains

RULES = {
    "MSTDP": lambda **given: snn.MSTDP(0.02, -0.01, TC_POST, TC_PRE, **given),
    "MSTDPET": lambda **given: snn.MSTDPET(0.2, -0.1, TC_POST, TC_PRE, 12.0, **given),
}
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def two_terms():
    """Two terms of three samples and one weight, with rates 2 and -1: magnitudes (2, 4, 6) and (10, 20, 30)."""
    return kept_term(2.0, torch.tensor([[1.0], [2.0], [3.0]])), kept_term(-1.0, torch.tensor([[10.0], [20.0], [30.0]]))


def numbers(parts):
    return [None if part is None else part.tolist() for part in parts]


# ------------------------------------------------------------------------------------------------------------------------- sorting


@pytest.mark.parametrize(
    ("reward", "pos", "neg"),
    [
        (1.0, 12.0, 60.0),
        (-0.5, 30.0, 6.0),
        (torch.tensor([1.0, 1.0, 1.0]), 12.0, 60.0),
        (torch.tensor([-1.0, -1.0, -1.0]), 60.0, 12.0),
        # By hand: samples 0 and 2 are rewarded, 2·2 + 6 and 2·10 + 30; sample 1 is punished by half, 0.5·20 and 0.5·4.
        (torch.tensor([2.0, -0.5, 1.0]), 10.0 + 10.0, 50.0 + 2.0),
        (torch.tensor([0.0, -1.0, 0.0]), 20.0, 4.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("reduction", [torch.sum, lambda rows, dim: rows.sum(dim)], ids=["quick", "general"])
def test_what_is_punished_changes_sides(reduction, reward, pos, neg):
    assert numbers(rewarded(two_terms(), reward, 3, reduction)) == [[pos], [neg]]


@pytest.mark.parametrize("reward", [3.0, torch.tensor([3.0, 0.0, 1.0])], ids=["one", "one a sample"])
@pytest.mark.parametrize("reduction", [torch.sum, torch.mean, torch.amax])
def test_a_part_that_nothing_falls_to_is_none(reduction, reward):
    terms = [kept_term(2.0, torch.ones(3, 1)), kept_term(0.0, torch.ones(3, 1))]  # a rate of 0 counts as positive
    pos, neg = rewarded(terms, reward, 3, reduction)
    assert pos.item() > 0
    assert neg is None
    pos, neg = rewarded(terms, -reward if isinstance(reward, float) else -reward - 0.1, 3, reduction)
    assert pos is None
    assert neg.item() > 0


@pytest.mark.parametrize("reward", [0.0, -0.0, torch.zeros(3)], ids=str)
@pytest.mark.parametrize("reduction", [torch.sum, torch.mean, torch.amax])
def test_no_reward_teaches_nothing(reduction, reward):
    assert rewarded(two_terms(), reward, 3, reduction) == (None, None)


def test_the_mean_divides_by_all_samples_whatever_their_reward():
    # One of three samples is punished: what it adds is a third of 20, and not 20.
    assert numbers(rewarded(two_terms(), torch.tensor([0.0, -1.0, 0.0]), 3, torch.mean)) == [
        [pytest.approx(20 / 3)],
        [pytest.approx(4 / 3)],
    ]


def test_a_reduction_of_ones_own_sees_the_rows_that_have_a_part_and_no_others():
    seen = []

    def look(rows, dim):
        seen.append(rows.flatten().tolist())
        return rows.mean(dim)

    pos, neg = rewarded(two_terms(), torch.tensor([2.0, -0.5, 1.0]), 3, look)
    assert seen == [[4.0, 6.0, 10.0], [2.0, 20.0, 30.0]]
    assert [pos.item(), neg.item()] == pytest.approx([20 / 3, 52 / 3])


def test_with_one_reward_for_all_each_term_is_reduced_by_itself():
    terms = [kept_term(1.0, torch.tensor([[1.0], [5.0]])), kept_term(1.0, torch.tensor([[3.0], [2.0]]))]
    assert numbers(rewarded(terms, 2.0, 2, torch.amax)) == [[2.0 * (5.0 + 3.0)], None]
    assert numbers(rewarded(terms, torch.tensor([2.0, 2.0]), 2, torch.amax)) == [[2.0 * 5.0], None]


# ------------------------------------------------------------------------------------------------------------------------- batches


@every_rule
@pytest.mark.parametrize("kind", ["dense", "direct", "lateral"])
@pytest.mark.parametrize("longest", [None, 6.0])
@pytest.mark.parametrize("each", [True, False], ids=["a reward a sample", "one reward"])
def test_sum_equals_the_general_path(each, longest, kind, rule):
    size = 4 if kind == "dense" else 3
    delay = random_delays((3,) if kind == "direct" else (3, size), 6, whole=False) if longest else None
    pre, post, drawn = trains(20, size=size), trains(20, size=3, seed=1), rewards(20, 4)
    signals = drawn if each else drawn[:, 0].tolist()
    found = [
        run(connect(kind, delay=longest, delays=delay), rule(batch_reduction=reduction), pre, post, signals)
        for reduction in (None, torch.sum, lambda rows, dim: rows.sum(dim))
    ]
    for other in found[1:]:
        torch.testing.assert_close(found[0], other, rtol=1e-10, atol=1e-12)


@every_rule
@pytest.mark.parametrize("longest", [None, 5.0])
def test_a_batch_learns_the_mean_of_what_its_samples_learn_alone(longest, rule):
    delay = random_delays((3, 4), 5, whole=False) if longest else None
    pre, post, drawn = trains(20, 32), trains(20, 32, 3, seed=1), rewards(20, 32)
    together = run(connect(batch_size=32, delay=longest, delays=delay), rule(batch_reduction=torch.mean), pre, post, drawn)
    alone = [
        run(connect(batch_size=1, delay=longest, delays=delay), rule(), pre[:, b : b + 1], post[:, b : b + 1], drawn[:, b : b + 1])
        for b in range(32)
    ]
    for part in (0, 1):
        expected = torch.stack([each[part] for each in alone]).mean(0)
        torch.testing.assert_close(together[part], expected, rtol=1e-9, atol=1e-12)


@every_rule
def test_one_reward_is_the_same_reward_for_every_sample(rule):
    pre, post, drawn = trains(20), trains(20, size=3, seed=1), rewards(20, 4)[:, :1]
    one = run(connect(), rule(), pre, post, drawn[:, 0].tolist())
    for same in (drawn[:, 0], drawn.expand(-1, 4), drawn.expand(-1, 4).float()):
        torch.testing.assert_close(run(connect(), rule(), pre, post, same), one, rtol=1e-6, atol=1e-9)


@every_rule
@pytest.mark.parametrize("kind", ["one a sample", "a number", "a tensor of no axis"])
def test_a_scale_multiplies_the_reward(kind, rule):
    pre, post, drawn = trains(20), trains(20, size=3, seed=1), rewards(20, 4)
    signals = {"one a sample": drawn, "a number": drawn[:, 0].tolist(), "a tensor of no axis": drawn[:, 0]}[kind]
    larger = [2.5 * signal for signal in signals]
    torch.testing.assert_close(
        run(connect(), rule(), pre, post, signals, 2.5), run(connect(), rule(), pre, post, larger), rtol=1e-10, atol=1e-12
    )


@every_rule
@pytest.mark.parametrize("signal", [0, 0.0, torch.tensor(0.0), torch.zeros(4), torch.zeros(4, dtype=torch.int64)], ids=str)
def test_a_signal_of_zero_changes_no_weight(signal, rule):
    pre, post = trains(10), trains(10, size=3, seed=1)
    layer = connect()
    before = layer.connection.weight.clone()
    run(layer, rule(), pre, post, [signal] * 10)
    layer.update()
    assert torch.equal(layer.connection.weight, before)


@pytest.mark.parametrize("delay", [None, 5.0])
@pytest.mark.parametrize("reduction", [None, torch.mean])
def test_a_step_makes_nothing_of_batch_x_inputs_x_outputs(reduction, delay):
    batch, size, random = 32, 50, torch.Generator().manual_seed(0)
    init = (lambda zeros: torch.rand(zeros.shape, generator=random) * 5) if delay else None
    synapse = snn.DeltaCurrent.partialconstructor(1.0)
    connection = snn.LinearDense(size, size, 1.0, synapse=synapse, delay=delay, batch_size=batch, delay_init=init)
    connection.defaultupdater()
    layer, rule = snn.Serial(connection, Scripted((size,), batch)), RULES["MSTDP"](batch_reduction=reduction)
    rule.register_cell("only", layer.cell)
    signals = rewards(5, batch)
    with Largest() as seen:
        for step, (arriving, leaving) in enumerate(zip(trains(5, batch, size), trains(5, batch, size, seed=1), strict=True)):
            layer(arriving, neuron_kwargs={"script": leaving})
            rule(signals[step] if step % 2 else 1.0)
            layer.update()
    # The largest that may be: a history with every slot twice, 2·6·50·32 = 19,200, against 32·50·50 = 80,000.
    assert seen.elements <= 2 * 6 * size * batch


# --------------------------------------------------------------------------------------------------------------------- bad signals


def after_one_step(rule, batch_size=4):
    layer = connect(batch_size=batch_size)
    rule.register_cell("only", layer.cell)
    layer(torch.ones(batch_size, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(batch_size, 3, dtype=torch.bool)})
    return layer


BAD = [
    ((math.nan,), ValueError, "signal must be a finite number, but is nan. Pass a number, or a tensor of one number a sample"),
    ((math.inf,), ValueError, "signal must be a finite number, but is inf"),
    ((torch.tensor(math.nan),), ValueError, "signal must be a finite number, but is nan"),
    ((torch.tensor([1.0, math.nan, 1.0, 0.0]),), ValueError, "signal must be finite in every element, but is NaN or infinite in 1 of 4"),
    ((torch.ones(3),), ValueError, r"signal must be of shape \(4,\) \(one a sample\), but is of shape \(3,\). A plain number rewards all"),
    ((torch.ones(1),), ValueError, r"signal must be of shape \(4,\)"),
    ((torch.ones(4, 1),), ValueError, r"signal must be of shape \(4,\) \(one a sample\), but is of shape \(4, 1\)"),
    (([1.0, 1.0, 0.0, 0.0],), TypeError, r"signal must be a number, but is \[1.0, 1.0, 0.0, 0.0\] \(list\). Pass a number, or a tensor"),
    ((np.ones(4),), TypeError, "signal must be a number, .*or a tensor of one number a sample"),
    (("good",), TypeError, "signal must be a number, but is 'good'"),
    ((True,), TypeError, "signal must be a number, but is True"),
    ((torch.tensor([True] * 4),), TypeError, "signal must hold real numbers, but is of dtype torch.bool. .* -1.0 for a punishment"),
    ((torch.ones(4, dtype=torch.complex64),), TypeError, "signal must hold real numbers, but is of dtype torch.complex64"),
    ((), TypeError, "signal must be a number, but is None .*1.0 for a reward, -1.0 for a punishment, 0.0 for neither"),
    ((1.0, -1.0), ValueError, "scale must be 0 or above, but is -1.0. The sign of the reward belongs to the signal"),
    ((1.0, math.nan), ValueError, "scale must be a finite number"),
    ((1.0, "twice"), TypeError, "scale must be a number, but is 'twice'"),
]


@every_rule
@pytest.mark.parametrize(("given", "error", "words"), BAD, ids=[str(row[0]) for row in BAD])
def test_a_signal_that_makes_no_sense_is_refused_and_nothing_changes(given, error, words, rule):
    rule = rule()
    layer = after_one_step(rule)
    state = rule.get_unit("only").state
    before = copy.deepcopy(state.state_dict())
    with pytest.raises(error, match=words):
        rule(*given)
    assert all(torch.equal(value, before[name]) for name, value in state.state_dict().items())
    assert torch.equal(state.pre_trace_.peek(), torch.zeros(4, 4, dtype=torch.float64))
    assert layer.updater.weight.pos is None
    rule(1.0)  # the same step is still to be learned from
    assert layer.updater.weight.pos.min() > 0


def test_a_signal_that_fits_one_cell_and_not_the_other_changes_neither():
    rule = RULES["MSTDP"]()
    layers = [connect(batch_size=size) for size in (4, 2)]
    for layer, name in zip(layers, "ab", strict=True):
        rule.register_cell(name, layer.cell)
        size = layer.connection.batchsz
        layer(torch.ones(size, 4, dtype=torch.bool), neuron_kwargs={"script": torch.ones(size, 3, dtype=torch.bool)})
    with pytest.raises(ValueError, match=r"signal must be of shape \(2,\)"):
        rule(torch.ones(4))
    assert all(layer.updater.weight.pos is None for layer in layers)
    rule(torch.ones(4), cells=["a"])  # each cell may be told something of its own
    rule(torch.ones(2), 1.0, ["b"])
    assert all(layer.updater.weight.pos.min() > 0 for layer in layers)


def test_a_signal_may_be_an_integer_a_numpy_number_or_carry_a_gradient():
    for signal in (1, np.float32(1.0), torch.ones(4, dtype=torch.int64), torch.ones(4, requires_grad=True), torch.tensor(1)):
        rule = RULES["MSTDP"]()
        layer = after_one_step(rule)
        rule(signal)
        assert layer.updater.weight.pos.unique().tolist() == [pytest.approx(4 * 0.02)]
        assert not layer.updater.weight.pos.requires_grad


@pytest.mark.parametrize("reward", [1.0, torch.tensor([0.0, 2.0, 0.0]), torch.zeros(3)])
def test_in_turn_no_sample_without_a_reward_is_worked_out(reward):
    worked_out = []

    def samples(among):
        for place, own in enumerate(among):
            if own:
                worked_out.append(place)
                yield (torch.tensor(float(place)),)

    pos, neg = rewarded_in_turn((0.5,), samples, reward, 3, torch.sum)
    expected = {1.0: ([0, 1, 2], 1.5)}.get(reward) if isinstance(reward, float) else ([1], 1.0) if reward.any() else ([], None)
    assert (worked_out, pos if pos is None else pos.item(), neg) == (*expected, None)
