"""The measured window against closed forms, rule by rule."""

import math

import pytest
import torch

import snnlab as snn
from tests.learning.test_every_rule import RULES

LAGS = [-30.0, -5.0, -1.0, 0.0, 1.0, 5.0, 30.0]
STDP = {"lr_post": 0.02, "lr_pre": -0.01, "tc_post": 34.0, "tc_pre": 17.0}


def hebbian(lag, shift=0.0):
    """By hand, from the spikes of one pair: each side's spike meets the other's trace; together they meet both."""
    since = lag - shift
    strengthened = 0.02 * math.exp(-since / 17.0) if since >= 0 else 0.0
    weakened = 0.01 * math.exp(since / 34.0) if since <= 0 else 0.0
    return strengthened - weakened


def close(changes, expected):
    torch.testing.assert_close(changes, torch.tensor(expected, dtype=torch.float64), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("mode", ["cumulative", "nearest"])
def test_the_window_of_pair_stdp_is_its_two_exponentials(mode):
    close(snn.window(snn.STDP(**STDP, trace_mode=mode), LAGS), [hebbian(lag) for lag in LAGS])


def test_with_a_delay_the_window_moves_to_where_the_spike_arrives():
    close(snn.window(snn.STDP(**STDP), LAGS, delay=5.0), [hebbian(lag, shift=5.0) for lag in LAGS])


def test_a_finer_step_measures_finer_lags():
    lags = [-0.3, 0.1, 0.2]
    close(snn.window(snn.STDP(**STDP), lags, step_time=0.1), [hebbian(lag) for lag in lags])
    with pytest.raises(ValueError, match=r"lags must be whole steps of 1 ms, but one is -0\.3 ms\. Lower step_time"):
        snn.window(snn.STDP(**STDP), lags)


def test_pairs_far_apart_add_up_and_pairs_close_by_meet_each_other():
    lags = [-5.0, 5.0]
    close(snn.window(snn.STDP(**STDP), lags, pairs=3, period=1000.0), [3 * hebbian(lag) for lag in lags])
    # Of two pairs 40 ms apart, the second's presynaptic spike comes 35 ms after the first's postsynaptic one, and its postsynaptic one 45.
    crossed = 2 * hebbian(5.0) - 0.01 * math.exp(-35 / 34) + 0.02 * math.exp(-45 / 17)
    close(snn.window(snn.STDP(**STDP), [5.0], pairs=2, period=40.0), [crossed])


def test_the_window_of_kernels_is_the_kernels():
    rule = snn.KernelSTDP(
        lambda t, height: torch.where(t >= 0, height * torch.exp(-t / 10.0), 0.0),
        lambda t: torch.where(t < 0, -0.5 * torch.exp(t / 10.0), 0.0),
        {"height": 2.0},
        {},
    )
    expected = [2.0 * math.exp(-lag / 10) if lag >= 0 else -0.5 * math.exp(lag / 10) for lag in LAGS]
    close(snn.window(rule, LAGS), expected)
    # It goes on at every step: after 3 more, four times the same.
    close(snn.window(rule, LAGS, settle=3.0), [4 * each for each in expected])


def test_the_window_of_a_delay_shortens_what_comes_in_time_and_lengthens_what_comes_late():
    # A spike arrives 20 ms after it set out: 10 ms before a postsynaptic one 30 ms later, and 30 ms after one 10 ms earlier.
    rule = snn.DelayAdjustedSTDPD(lr_neg=-0.1, lr_pos=0.2, tc_neg=10.0, tc_pos=30.0)
    early, late = snn.window(rule, [30.0, -10.0], parameter="delay", delay=20.0).tolist()
    assert early == pytest.approx(-0.1 * math.exp(-10 / 10))
    assert late > 0
    assert snn.window(rule, [-10.0], parameter="delay")[0] == late, "20 steps where no delay is named"


def test_a_reward_turns_the_window_over():
    rule = snn.MSTDP(**STDP)
    close(snn.window(rule, LAGS, -1.0), [-hebbian(lag) for lag in LAGS])
    close(snn.window(rule, LAGS, 0.5), [0.5 * hebbian(lag) for lag in LAGS])


def test_the_triplet_rule_takes_a_lone_pair_for_a_pair():
    rule = snn.TripletSTDP(0.02, 1.0, -0.01, 1.0, 34.0, 100.0, 17.0, 100.0)
    close(snn.window(rule, LAGS), [hebbian(lag) for lag in LAGS])


def test_inhibitory_plasticity_grows_whoever_was_first_and_pays_for_each_presynaptic_spike():
    rule = snn.VogelsSTDP(0.01, tc=20.0, target_rate=5.0, sign=1)
    # 2·5 Hz·20 ms = 0.2 off each; together, each side's spike meets the other's trace.
    close(snn.window(rule, [-10.0, 0.0, 10.0]), [0.01 * (math.exp(-0.5) - 0.2), 0.01 * (2 - 0.2), 0.01 * (math.exp(-0.5) - 0.2)])


def test_a_rule_with_cells_keeps_them_as_they_are():
    connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    connection.defaultupdater()
    layer = snn.Serial(connection, snn.ExactNeuron(1, 1.0, rest_v=-65.0, thresh_v=-50.0))
    rule = snn.STDP(**STDP)
    unit = rule.register_cell("own", layer.cell)
    layer(torch.ones(1, 1, dtype=torch.bool)), rule(), layer.update()
    weight, trace = connection.weight.clone(), unit.state.post_trace_.clone()
    close(snn.window(rule, LAGS), [hebbian(lag) for lag in LAGS])
    assert [each.cell for each in rule] == [layer.cell]
    assert torch.equal(connection.weight, weight)
    assert torch.equal(unit.state.post_trace_, trace)


def test_a_rate_that_is_set_shows_in_the_next_window():
    rule = snn.STDP(**STDP)
    rule.lr_post = 0.0
    assert snn.window(rule, [1.0]).item() == 0.0


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_a_window_and_a_rule_of_pairs_one_that_knows_nothing_of_other_lags(name):
    kind = RULES[name]

    def measure(*lags):
        return snn.window(kind.build(), lags, *([1.0] if kind.rewarded else []), parameter=kind.trains, settle=2.0)

    lags = (-9.0, 4.0, 25.0)
    together = measure(*lags)
    assert together.isfinite().all()
    assert (together != 0).any()
    if kind.kind not in (snn.Competitive, snn.LinearHomeostasis):  # these look at all inputs, and at all steps: at the other lags, too
        torch.testing.assert_close(together, torch.cat([measure(lag) for lag in lags]), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lag", [10.0, 10, torch.tensor(10.0)])
def test_a_number_is_one_lag(lag):
    assert torch.equal(snn.window(snn.STDP(**STDP), lag), snn.window(snn.STDP(**STDP), [10.0]))


@pytest.mark.parametrize(
    ("rule", "lags", "changes", "error", "words"),
    [
        (snn.STDP, LAGS, {}, TypeError, "rule must be a learning rule, such as .* but is <class"),
        (snn.STDP(**STDP).eval(), LAGS, {}, RuntimeError, "rule is in evaluation mode, in which it changes nothing"),
        (snn.STDP(**STDP), [], {}, ValueError, r"lags must be a row of times in ms, K, but are of shape \(0,\)"),
        (snn.STDP(**STDP), [math.nan], {}, ValueError, "lags must be finite"),
        (snn.STDP(**STDP), LAGS, {"step_time": 0.0}, ValueError, "step_time must be above 0 ms"),
        (snn.STDP(**STDP), LAGS, {"parameter": "bias"}, ValueError, "parameter must be one of 'weight', 'delay', but is 'bias'"),
        (snn.STDP(**STDP), LAGS, {"parameter": "delay"}, RuntimeError, "STDP trains weight, but the window is of delay"),
        (
            snn.DelayAdjustedSTDPD(-0.01, 0.01, 20.0, 20.0),
            LAGS,
            {},
            RuntimeError,
            'DelayAdjustedSTDPD trains delay, but the window is of weight. Say parameter="delay"',
        ),
        (snn.STDP(**STDP), LAGS, {"pairs": 2, "period": 20.0}, ValueError, "period must be longer than a pair takes, 30 ms, but is 20"),
        (snn.STDP(**STDP), LAGS, {"settle": -1.0}, ValueError, "settle must be 0 ms or above"),
        (
            snn.VogelsSTDP(0.01, 20.0, 5.0),
            LAGS,
            {},
            ValueError,
            "sign must be known.*Say it to the rule, sign=-1 for weights below 0 or sign=1",
        ),
        (snn.MSTDP(**STDP), LAGS, {}, TypeError, "signal must be a number, but is None"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_leaves_no_cell(rule, lags, changes, error, words):
    with pytest.raises(error, match=words):
        snn.window(rule, lags, **changes)
    assert not isinstance(rule, snn.CellTrainer) or len(rule) == 0


@pytest.mark.parametrize("lags", [["a"], "ten", None, [None]])
def test_lags_that_are_no_numbers_are_named(lags):
    with pytest.raises(TypeError, match=r"lags must be times in ms, such as range\(-50, 51, 5\), but are"):
        snn.window(snn.STDP(0.1, -0.1, 20.0, 20.0), lags)
