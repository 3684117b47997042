import inspect
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from snnlab import LinearDense, LinearDirect
from snnlab.core.record import RecordTensor
from snnlab.synapses import DoubleExponentialCurrent, SingleExponentialCurrent
from snnlab.synapses.doubleexponential import double_exponential_step

TRAINS = st.lists(st.booleans(), min_size=10, max_size=25)
DT = st.sampled_from([0.1, 0.25, 0.3, 1.0])


def one(**kwargs):
    return DoubleExponentialCurrent(1, **{"step_time": 1.0, "spike_charge": 10.0, "tc_decay": 6.0, "tc_rise": 1.0} | kwargs)


def run(synapse, train):
    dtype = synapse.current.dtype
    return [synapse(torch.tensor([[spike]], dtype=dtype)).item() for spike in train]


def response(time, decay=6.0, rise=1.0, charge=10.0):
    """Current `time` after a spike; 0 before it."""
    return 0.0 if time < 0 else charge / (decay - rise) * (math.exp(-time / decay) - math.exp(-time / rise))


def closed_form(train, time, dt=1.0, **constants):
    """Current `time` after the first step: the responses to every spike add up."""
    return sum(response(time - step * dt, **constants) for step, spike in enumerate(train) if spike)


def test_one_spike_rises_and_decays_as_the_closed_form():
    # By hand: Q/(τ_d − τ_r) = 2 nA, then 2·(exp(−1/6) − exp(−1)), then 2·(exp(−2/6) − exp(−2)).
    expected = [0.0, 2 * (0.8464817 - 0.3678794), 2 * (0.7165313 - 0.1353353)]
    assert run(one(), [True, False, False]) == pytest.approx(expected, abs=1e-6)


@given(train=TRAINS, dt=DT, rise=st.floats(0.2, 10.0), ratio=st.floats(1.1, 10.0))
def test_a_train_is_the_sum_of_its_spikes_whatever_the_step(train, dt, rise, ratio):
    constants = {"decay": rise * ratio, "rise": rise}
    synapse = one(step_time=dt, tc_decay=rise * ratio, tc_rise=rise).double()
    expected = [closed_form(train, step * dt, dt, **constants) for step in range(len(train))]
    assert run(synapse, train) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_the_charge_that_flows_is_the_charge_of_the_spike():
    # ∫ I dt over all time is Q. The current read at every delay between two steps is what is integrated.
    synapse = one(step_time=0.5, delay=100.0).double()
    run(synapse, [True] + [False] * 200)
    charge, _ = integrate.quad(lambda delay: synapse.current_at(torch.tensor([[delay]], dtype=torch.float64)).item(), 0, 100.0, limit=500)
    assert charge == pytest.approx(10.0, rel=1e-6)


def test_the_current_is_greatest_where_the_equation_says():
    # ln(6/1)·6·1/5 = 2.15 ms: with steps of 0.05 ms at step 43.
    currents = run(one(step_time=0.05).double(), [True] + [False] * 100)
    assert currents.index(max(currents)) == round(math.log(6.0) * 6 / 5 / 0.05)


def test_with_an_instant_rise_it_is_the_single_exponential():
    # As τ_r goes to 0, Q/(τ_d − τ_r) goes to Q/τ_d and N is gone by the next step.
    fast, single = one(tc_rise=1e-9).double(), SingleExponentialCurrent(1, 1.0, spike_charge=10.0, time_constant=6.0).double()
    train = [True, False, False, True, False, False]
    assert run(fast, train)[1:3] == pytest.approx(run(single, train)[1:3])


def test_the_step_alone_is_the_equation():
    pos, neg, spikes = torch.tensor([0.0, 1.0]), torch.tensor([0.0, 3.0]), torch.tensor([1.0, 0.5])
    stepped = double_exponential_step(pos, neg, spikes, step_time=2.0, tc_decay=4.0, tc_rise=2.0, spike_charge=8.0)
    assert stepped[0].tolist() == pytest.approx([4.0, math.exp(-0.5) + 2.0])
    assert stepped[1].tolist() == pytest.approx([4.0, 3 * math.exp(-1.0) + 2.0])
    assert (pos.tolist(), neg.tolist()) == ([0, 1], [0, 3])


def test_a_graded_spike_releases_its_share_and_counts_as_one_spike():
    synapse = one()
    assert run(synapse, [0.25, -1.0, 0.0]) == pytest.approx([0.0, 0.25 * response(1), 0.25 * response(2) - response(1)], abs=1e-6)
    synapse(torch.tensor([[-0.5]]))
    assert synapse.spike.item() is True
    assert synapse.spike_.latest.item() == 1


@given(train=TRAINS, delay=st.floats(0.0, 9.0), dt=DT)
def test_a_read_at_any_delay_equals_the_closed_form(train, delay, dt):
    synapse = one(step_time=dt, delay=9 * dt).double()
    run(synapse, train)
    steps = len(train) - 1 - delay
    steps = round(steps) if abs(steps - round(steps)) < 1e-4 else steps  # within the tolerance the step itself is read
    found = synapse.current_at(torch.tensor([[delay * dt]], dtype=torch.float64)).item()
    expected = sum(response((steps - place) * dt) for place, spike in enumerate(train) if spike and place <= steps)
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_a_delay_of_three_and_a_half_ms_equals_the_closed_form():
    synapse = one(delay=6.0)
    run(synapse, [True, False, False, True, False, False, False])  # now is 6 ms after the first spike
    read = synapse.current_at(torch.tensor([[[3.0, 3.5, 4.0, 2.5]]])).flatten().tolist()
    assert read == pytest.approx([response(3), response(2.5), response(2), response(3.5) + response(0.5)], rel=1e-5)
    assert read[1] not in (read[0], read[2])


def test_along_the_line_a_delay_of_three_and_a_half_ms_is_half_way():
    synapse = one(delay=6.0, interp_mode="linear")
    run(synapse, [True] + [False] * 6)
    assert synapse.current_at(torch.tensor([[3.5]])).item() == pytest.approx((response(3) + response(2)) / 2, rel=1e-5)


@given(train=TRAINS, dt=DT, mode=st.sampled_from(["expdecay", "linear"]))
def test_the_parts_subtract_to_the_current_bit_for_bit(train, dt, mode):
    synapse = one(step_time=dt, delay=4 * dt, interp_mode=mode)
    now = torch.zeros(1, 1)
    for spike in train:
        current = synapse(torch.tensor([[spike]]))
        assert torch.equal(synapse.current_at(now), current)
        assert torch.equal(synapse.current, current)
        assert torch.equal(synapse.pos_current - synapse.neg_current, current)
        assert torch.equal(synapse.pos_current_at(now), synapse.pos_current)
        assert torch.equal(synapse.neg_current_at(now), synapse.neg_current)
    late = torch.tensor([[[0.3, 1.0, 2.7, 4.0, 5.0, -1.0]]]) * dt
    assert torch.equal(synapse.pos_current_at(late) - synapse.neg_current_at(late), synapse.current_at(late))


def test_each_part_decays_between_two_steps_with_its_own_time_constant():
    synapse = one(delay=3.0)
    run(synapse, [True, False, False])
    late = torch.tensor([[1.4]])  # 0.6 ms after the spike
    assert synapse.pos_current_at(late).item() == pytest.approx(2 * math.exp(-0.6 / 6))
    assert synapse.neg_current_at(late).item() == pytest.approx(2 * math.exp(-0.6 / 1))


@pytest.mark.parametrize(("overbound", "pos", "neg"), [(-7.0, -7.0, 0.0), (0.0, 0.0, 0.0), (None, 2.0, 2.0)])
def test_beyond_the_longest_delay_the_overbound_value_counts_once(overbound, pos, neg):
    synapse = one(delay=2.0, current_overbound=overbound)
    run(synapse, [True, False, False])  # 2 ms ago, the longest delay, both parts were 2 nA
    late = torch.tensor([[5.0]])
    assert (synapse.pos_current_at(late).item(), synapse.neg_current_at(late).item()) == (pos, neg)
    assert synapse.current_at(late).item() == pos - neg


@pytest.mark.parametrize("kind", [LinearDense, LinearDirect])
@pytest.mark.parametrize("batch_size", [1, 3])
@pytest.mark.parametrize("inplace", [True, False])
@pytest.mark.parametrize(("overbound", "beyond"), [(-7.0, -7.0), (0.0, 0.0), (None, 0.0)])
@pytest.mark.filterwarnings("ignore:.*delays lie outside")
def test_a_connection_reads_what_the_synapse_reads_and_the_overbound_value_once(kind, batch_size, inplace, overbound, beyond):
    synapse = DoubleExponentialCurrent.partialconstructor(10.0, 6.0, 1.0, current_overbound=overbound, inplace=inplace)
    shape = (4, 1) if kind is LinearDense else (4,)
    connection = kind(*shape, 1.0, synapse=synapse, delay=3.5, batch_size=batch_size, weight_init=torch.ones_like)
    with torch.no_grad():
        connection.delay.copy_(torch.tensor([3.0, 0.0, 2.5, 9.0]).view_as(connection.delay))  # the last as an optimiser may leave it
        for spike in (True, False, False, False):
            current = connection(torch.full(connection.batched_inshape, spike))
    # Spikes 3 ms ago. At delays of 3, 0 and 2.5 ms: 0, 3 and 0.5 ms after them. The oldest that can be read is at 3.5 ms: before them.
    read = [response(0), response(3), response(0.5), beyond]
    expected = [sum(read)] if kind is LinearDense else read
    torch.testing.assert_close(current, torch.tensor([expected] * batch_size), rtol=1e-5, atol=1e-5)


@given(delay=st.floats(0.0, 4.0), dt=DT, mode=st.sampled_from(["expdecay", "linear"]))
def test_a_connection_carries_at_any_delay_what_the_synapse_has_there(delay, dt, mode):
    synapse = DoubleExponentialCurrent.partialconstructor(10.0, 6.0, 1.0, interp_mode=mode)
    first = {"weight_init": torch.ones_like, "delay_init": lambda zeros: zeros + delay * dt}
    connection = LinearDense(1, 1, dt, synapse=synapse, delay=4 * dt, **first).to(torch.float64)
    with torch.no_grad():
        for spike in (1.0, 0.0, 1.0, 0.0, 0.0):
            current = connection(torch.tensor([[spike]], dtype=torch.float64))
    assert current.item() == pytest.approx(connection.synapse.current_at(connection.delay.detach()).item(), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("delay", [2.5, 3.0])
def test_a_delay_learns_from_the_slope_of_the_response(delay):
    # A spike 5 ms ago: I(t − d) with dI/dd = 2·(exp(−s/6)/6 − exp(−s)), s = 5 − d; also on a step.
    synapse = one(delay=5.0)
    run(synapse, [True] + [False] * 5)
    delays = torch.tensor([[delay]], requires_grad=True)
    synapse.current_at(delays).sum().backward()
    since = 5 - delay
    assert delays.grad.item() == pytest.approx(2 * (math.exp(-since / 6) / 6 - math.exp(-since)), rel=1e-4)


def test_the_closer_the_time_constants_the_fewer_digits_as_the_docstring_says():
    for gap in (1.0, 1e-1, 1e-2, 1e-3):
        constants = {"tc_decay": 5.0 + gap, "tc_rise": 5.0}
        single, double = one(**constants), one(**constants).double()
        error = max(abs(a - b) for a, b in zip(*(run(each, [True] + [False] * 20) for each in (single, double)), strict=True))
        assert error < 4 * 6e-8 * 10.0 / gap
        assert run(one(**constants).double(), [True, False]) == pytest.approx([0, response(1, 5.0 + gap, 5.0)], rel=1e-9, abs=1e-9)


def test_the_current_alone_cannot_be_set_but_its_parts_can():
    synapse = one(delay=1.0)
    run(synapse, [True])
    words = "difference of two parts .* Set pos_current and neg_current, or call clear"
    with pytest.raises(AttributeError, match=words):
        synapse.current = torch.tensor([[5.0]])
    assert (synapse.pos_current.item(), synapse.neg_current.item()) == (2, 2)
    synapse.pos_current, synapse.neg_current = torch.tensor([[5.0]]), torch.tensor([[1.0]])
    assert synapse.current.item() == 4
    assert synapse.spike.item() is True
    assert run(synapse, [False]) == pytest.approx([5 * math.exp(-1 / 6) - math.exp(-1)])
    assert synapse.current_at(torch.tensor([[1.0]])).item() == 4
    for name in ("pos_current", "neg_current"):
        for bad in (torch.ones(2, 1), torch.tensor([[math.nan]])):
            with pytest.raises(ValueError, match=f"{name} must be"):
                setattr(synapse, name, bad)


@pytest.mark.parametrize(
    ("constants", "words"),
    [
        ({"tc_rise": 0.0}, "tc_rise must be above 0 ms, but is 0.0 ms. For no rise, use SingleExponentialCurrent"),
        ({"tc_decay": -1.0}, "tc_decay must be above 0 ms, but is -1.0 ms"),
        ({"tc_decay": 1.0}, r"tc_decay must be above tc_rise \(1.0 ms\), but is 1.0 ms. To change both, call configure"),
        ({"tc_decay": 2.0, "tc_rise": 3.0}, r"tc_decay must be above tc_rise \(3.0 ms\), but is 2.0 ms"),
        ({"tc_decay": math.nan}, "tc_decay must be a finite number, but is nan ms"),
    ],
)
def test_the_decay_is_slower_than_the_rise_and_both_are_above_zero(constants, words):
    with pytest.raises(ValueError, match=words):
        one(**constants)
    synapse = one()
    with pytest.raises(ValueError, match=words):
        synapse.configure(**constants)
    assert (synapse.tc_decay, synapse.tc_rise) == (6.0, 1.0)


def test_constants_may_be_set_in_the_middle_of_a_run():
    synapse = one()
    run(synapse, [True])
    synapse.configure(tc_decay=20.0, tc_rise=10.0, spike_charge=-5.0)
    assert run(synapse, [True]) == pytest.approx([2 * math.exp(-0.05) - 2 * math.exp(-0.1)], rel=1e-5)
    assert synapse.pos_current.item() == pytest.approx(2 * math.exp(-0.05) - 0.5)
    with pytest.raises(ValueError, match=r"tc_decay must be above tc_rise \(10.0 ms\), but is 7.0 ms"):
        synapse.tc_decay = 7.0
    assert synapse.tc_decay == 20.0


def test_spikes_between_two_steps_are_the_older_or_the_nearer():
    for mode, expected in (("previous", [False, True]), ("NEAREST", [True, False])):
        synapse = one(delay=2.0, spike_interp_mode=mode)
        run(synapse, [True, False, True])
        assert synapse.spike_at(torch.tensor([[[0.4, 1.4]]])).flatten().tolist() == expected
    for name in ("spike_interp_mode", "interp_mode"):
        with pytest.raises(RuntimeError, match=f"{name} must be one of"):
            one(**{name: "cubic"})


def test_further_inputs_are_ignored():
    one_input, two_inputs = one(), one()
    for synapse, further in ((one_input, ()), (two_inputs, (torch.full((1, 1), 9.0),))):
        synapse(torch.ones(1, 1), *further)
    assert one_input.pos_current == two_inputs.pos_current


def test_all_histories_are_saved():
    synapse = one(delay=2.0)
    assert sorted(synapse.state_dict()) == ["neg_current_.observations", "pos_current_.observations", "spike_.observations"]
    assert all(isinstance(record, RecordTensor) for record in (synapse.pos_current_, synapse.neg_current_, synapse.spike_))


def test_a_partial_constructor_takes_what_a_connection_gives():
    build = DoubleExponentialCurrent.partialconstructor(5.0, 3.0, 2.0, "nearest", 0.01, -1.0, True, False, "linear")
    synapse = build((2, 3), 0.5, 4.0, 7)
    assert (synapse.shape, synapse.dt, synapse.delay, synapse.batchsz) == ((2, 3), 0.5, 4.0, 7)
    assert (synapse.spike_charge, synapse.tc_decay, synapse.tc_rise, synapse.tolerance) == (5.0, 3.0, 2.0, 0.01)
    assert (synapse.spike_interp_mode, synapse.interp_mode) == ("nearest", "linear")
    assert (synapse.current_overbound, synapse.spike_overbound, synapse.inplace) == (-1.0, True, False)


def test_a_partial_constructor_has_the_defaults_of_the_class():
    ours = inspect.signature(DoubleExponentialCurrent.partialconstructor).parameters
    theirs = inspect.signature(DoubleExponentialCurrent).parameters
    wanted = ["spike_charge", "tc_decay", "tc_rise", "spike_interp_mode", "interp_tol", "current_overbound", "spike_overbound"]
    assert list(ours) == [*wanted, "inplace", "interp_mode"]
    assert all(parameter.default == theirs[name].default for name, parameter in ours.items())
