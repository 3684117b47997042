"""The order of events in a step, the refractory time in steps and in ms, and what all neurons share."""

import copy
import inspect
import math
import pickle
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn
from snnlab.neurons.base import threshold_step

STRONG = 1e3  # nA: a spike whenever the neuron may


def lif(shape=1, step_time=1.0, **changes):
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -50.0, "refrac_t": 2.0, "time_constant": 10.0, "resistance": 10.0}
    return snn.LIF(shape, step_time, **(settings | changes))


def spike_steps(neuron, steps, current=STRONG, **kwargs):
    inputs = torch.full(neuron.batchedshape, current)
    return [step for step in range(steps) if neuron(inputs, **kwargs).all()]


# ---------------------------------------------------------------------------------------------------------------------- one step


def step(inputs, voltage, refrac, *, gain=1.0, lock=True, steps=2):
    integrate = lambda current: torch.tensor(voltage) + gain * current  # noqa: E731
    spikes, after, left = threshold_step(
        torch.tensor(inputs),
        torch.tensor(voltage),
        torch.tensor(refrac, dtype=torch.float32),
        integrate,
        threshold=1.0,
        reset=-1.0,
        refrac_steps=steps,
        refrac_lock=lock,
    )
    return spikes.tolist(), after.tolist(), left.tolist()


def test_one_step_by_hand():
    # Free below threshold, exactly at threshold, refractory for one more step, refractory until this step.
    spikes, voltage, refrac = step([0.5, 1.0, 5.0, 5.0], [0.0, 0.0, 0.25, 0.25], [0, 0, 2, 1])
    assert spikes == [False, True, False, True]
    assert voltage == [0.5, -1.0, 0.25, -1.0]
    assert refrac == [0, 2, 1, 2]


def test_without_the_lock_a_refractory_voltage_moves_without_input():
    # v ← f(I·active): the refractory element moves by f(0), here +0, and does not spike however high it is.
    spikes, voltage, refrac = step([5.0, 5.0], [3.0, 0.0], [2, 0], lock=False)
    assert (spikes, voltage, refrac) == ([False, True], [3.0, -1.0], [1, 2])


def test_the_step_leaves_its_arguments_as_they_were():
    inputs, voltage, refrac = torch.tensor([5.0]), torch.tensor([0.0]), torch.tensor([1.0])
    threshold_step(inputs, voltage, refrac, lambda current: current, threshold=1.0, reset=0.0, refrac_steps=3)
    assert (inputs.item(), voltage.item(), refrac.item()) == (5.0, 0.0, 1)


# --------------------------------------------------------------------------------------------------------------- refractory time


@pytest.mark.parametrize(
    ("refrac_t", "step_time", "period"),
    [
        (0.0, 1.0, 1),
        (1.0, 1.0, 1),
        (2.0, 1.0, 2),
        (5.0, 1.0, 5),
        (0.3, 0.1, 3),
        (0.7, 0.1, 7),
        (0.25, 0.1, 3),
        (0.01, 0.1, 1),
        (1.1, 1.0, 2),
    ],
)
def test_a_neuron_spikes_every_refractory_time_rounded_up_to_steps(refrac_t, step_time, period):
    assert spike_steps(lif(step_time=step_time, refrac_t=refrac_t), 30) == list(range(0, 30, period))


@given(steps=st.integers(1, 60), step_time=st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.0, 2.5]))
def test_a_whole_number_of_steps_is_that_number(steps, step_time):
    # n·dt in floating point is rarely n times dt: 3·0.1 ≠ 0.3.
    assert spike_steps(lif(step_time=step_time, refrac_t=steps * step_time), 2 * steps + 1) == [0, steps, 2 * steps]


def test_refrac_is_the_time_that_is_left_in_ms():
    neuron = lif(step_time=0.5, refrac_t=1.5)
    left = []
    for _ in range(4):
        neuron(torch.full((1, 1), STRONG))
        left.append(neuron.refrac.item())
    assert left == [1.5, 1.0, 0.5, 1.5]


def test_refrac_that_is_no_whole_number_of_steps_still_starts_at_its_full_time():
    neuron = lif(step_time=0.1, refrac_t=0.25)
    left = []
    for _ in range(3):
        neuron(torch.full((1, 1), STRONG))
        left.append(neuron.refrac.item())
    assert left == pytest.approx([0.25, 0.15, 0.05], abs=1e-6)


def test_a_refractory_time_that_is_set_keeps_a_neuron_silent_for_that_time():
    neuron = lif(step_time=0.1, refrac_t=0.1)
    neuron.refrac = torch.tensor([[0.3]])
    assert neuron.refrac.item() == pytest.approx(0.3)
    assert spike_steps(neuron, 4) == [2, 3]  # 0.2 and 0.1 ms are left after the first two steps


def test_a_new_refractory_time_acts_at_the_next_spike():
    neuron = lif(refrac_t=2.0)
    assert spike_steps(neuron, 3) == [0, 2]
    neuron.refrac_t = 4.0
    assert spike_steps(neuron, 8) == [1, 5]


def test_spike_is_what_the_last_step_emitted_whatever_the_refractory_time():
    for refrac_t in (0.0, 3.0):
        neuron = lif(refrac_t=refrac_t)
        assert not neuron.spike.any()
        neuron(torch.full((1, 1), STRONG))
        neuron.refrac_t = 7.0
        assert neuron.spike.all()
        neuron(torch.zeros(1, 1))
        assert not neuron.spike.any()


# ---------------------------------------------------------------------------------------------------------- what holds for every model

LEAKY = {"rest_v": -65.0, "reset_v": -66.0, "refrac_t": 2.0, "resistance": 10.0}
LEARNS = {"rest_v": -65.0, "thresh_eq_v": -50.0, "refrac_t": 2.0, "tc_membrane": 10.0, "spike_increment": 0.5, "resistance": 10.0}
PARABOLA = {"crit_v": -50.0, "affinity": 0.1, "thresh_v": -40.0}
UPSWING = {"rheobase_v": -50.0, "sharpness": 2.0, "thresh_v": -40.0}
CURRENTS = {"tc_membrane": 10.0, "tc_adaptation": 40.0, "voltage_coupling": 0.01, "spike_increment": 0.1}
MODELS = {
    snn.LIF: LEAKY | {"thresh_v": -50.0, "time_constant": 10.0},
    snn.GLIF1: LEAKY | {"thresh_v": -50.0, "time_constant": 10.0},
    snn.ALIF: LEARNS | {"reset_v": -66.0, "tc_adaptation": 40.0},
    snn.WinnerALIF: LEARNS | {"reset_v": -66.0, "tc_adaptation": 40.0, "inhibition": 0.5},
    snn.GLIF2: LEARNS | {"reset_v_add": 2.0, "reset_v_mul": 0.1, "rc_adaptation": 0.02},
    snn.QIF: LEAKY | PARABOLA | {"time_constant": 10.0},
    snn.Izhikevich: LEAKY | PARABOLA | CURRENTS,
    snn.EIF: LEAKY | UPSWING | {"time_constant": 10.0},
    snn.AdEx: LEAKY | UPSWING | CURRENTS,
}
every_model = pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
every_setting = pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, settings in MODELS.items() for name in settings],
    ids=lambda part: getattr(part, "__name__", part),
)


def build(kind, shape=1, step_time=1.0, **changes):
    return kind(shape, step_time, **(MODELS[kind] | changes))


def test_every_model_of_the_library_is_among_them():
    concrete = {each for each in vars(snn).values() if inspect.isclass(each) and issubclass(each, snn.InfernoNeuron)}
    assert {each for each in concrete if not inspect.isabstract(each)} == set(MODELS)


@every_model
@pytest.mark.parametrize(
    ("refrac_t", "step_time", "period"), [(0.0, 1.0, 1), (2.0, 1.0, 2), (0.3, 0.1, 3), (0.7, 0.1, 7), (0.25, 0.1, 3), (0.01, 0.1, 1)]
)
def test_every_model_spikes_every_refractory_time_rounded_up_to_steps(kind, refrac_t, step_time, period):
    neuron = build(kind, step_time=step_time, refrac_t=refrac_t)
    assert spike_steps(neuron, 22, current=1e5) == list(range(0, 22, period))


@every_model
def test_a_model_holds_still_while_refractory_or_moves_without_input(kind):
    # Refractory for three steps after the spike, 3 mV above or 1 mV below rest: what moves, moves as it would without any current.
    locked, free, driven = (build(kind, refrac_t=4.0) for _ in range(3))
    for neuron in (locked, free, driven):
        neuron.refrac, neuron.voltage = torch.tensor([[4.0]]), torch.tensor([[-62.0]])
    for _ in range(3):
        assert not locked(torch.full((1, 1), 1e5))
        assert not free(torch.zeros(1, 1), refrac_lock=False)
        assert not driven(torch.full((1, 1), 1e5), refrac_lock=False)
        assert locked.voltage.item() == -62.0
        assert torch.equal(free.voltage, driven.voltage)
    assert -65.1 < free.voltage.item() < -62.1  # on its way to rest
    assert locked(torch.full((1, 1), 1e5))


@every_model
def test_a_model_keeps_the_spikes_of_its_last_step_whatever_its_refractory_time(kind):
    neuron = build(kind, 2, refrac_t=0.0)
    neuron(torch.tensor([[1e5, 0.0]]))
    neuron.refrac_t = 5.0
    assert neuron.spike.tolist() == [[True, False]]
    neuron(torch.zeros(1, 2))
    assert not neuron.spike[0, 1]


@every_model
def test_every_argument_of_a_constructor_is_a_property_by_keyword_alone(kind):
    arguments = dict(list(inspect.signature(kind.__init__).parameters.items())[1:])
    assert list(arguments)[:2] == ["shape", "step_time"]
    assert {each.kind for each in list(arguments.values())[2:]} == {inspect.Parameter.KEYWORD_ONLY}
    settings = set(arguments) - {"shape", "step_time", "batch_size", "batch_reduction", "surrogate"}
    assert settings == set(MODELS[kind])
    assert settings | {"dt"} == set(kind.quantities)
    for name in settings | {"surrogate"} | ({"batch_reduction"} & set(arguments)):
        assert isinstance(getattr(kind, name), property)
    assert arguments["resistance"].default == 1.0
    assert arguments["batch_size"].default == 1


@every_setting
@pytest.mark.parametrize(("value", "error"), [(math.nan, ValueError), (math.inf, ValueError), ("low", TypeError), (None, TypeError)])
def test_a_setting_of_any_model_is_a_number_or_refused_by_name(kind, name, value, error):
    with pytest.raises(error, match=name):
        build(kind, **{name: value})
    neuron = build(kind)
    with pytest.raises(error, match=name):
        setattr(neuron, name, value)
    number = getattr(neuron, name)
    assert number in (MODELS[kind][name], (MODELS[kind][name],))


@every_setting
def test_a_setting_of_any_model_that_is_set_later_acts_as_if_built_so(kind, name):
    value = MODELS[kind][name] + 2.0 if name.endswith("_v") else MODELS[kind][name] / 2
    inputs = torch.rand(80, 2, 3, generator=torch.Generator().manual_seed(0)) * 15
    later, built, other = build(kind, 3, batch_size=2), build(kind, 3, batch_size=2, **{name: value}), build(kind, 3, batch_size=2)
    setattr(later, name, value)
    later.clear()
    seen = []
    for each in inputs:
        assert torch.equal(later(each), built(each))
        other(each)
        assert torch.equal(later.voltage, built.voltage)
        seen.append(torch.equal(later.voltage, other.voltage))
    assert not all(seen)  # the setting does something


@every_model
def test_a_step_of_any_model_refuses_bad_currents_and_keeps_its_state(kind):
    neuron = build(kind, 2)
    neuron(torch.tensor([[1e5, 1.0]]))
    before = {name: value.clone() for name, value in neuron.named_buffers()}
    for wrong, words in ((torch.zeros(2), "of shape"), (torch.zeros(2, 2), "of shape"), (torch.tensor([[0.0, math.nan]]), "finite")):
        with pytest.raises(ValueError, match=f"inputs must be {words}"):
            neuron(wrong)
    assert all(torch.equal(value, before[name]) for name, value in neuron.named_buffers())


# ------------------------------------------------------------------------------------------------------------- state and settings


def test_what_is_read_is_a_copy_and_what_is_set_is_copied():
    neuron = lif(2)
    spikes = neuron(torch.tensor([[STRONG, 0.0]]))
    spikes.fill_(False)
    neuron.spike.fill_(False)
    neuron.voltage.fill_(0.0)
    neuron.refrac.fill_(0.0)
    assert neuron.spike.tolist() == [[True, False]]
    assert neuron.refrac.tolist() == [[2.0, 0.0]]
    assert neuron.voltage.tolist() == [[-65.0, -65.0]]
    mine = torch.tensor([[-60.0, -61.0]])
    neuron.voltage = mine
    neuron(torch.zeros(1, 2))
    assert mine.tolist() == [[-60.0, -61.0]]


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("voltage", torch.zeros(2), ValueError, r"voltage must be of shape \(1, 2\) \(B x \*shape\), but is of shape \(2,\)"),
        (
            "voltage",
            torch.tensor([[0.0, math.nan]]),
            ValueError,
            "voltage must be finite in every element, but is NaN or infinite in 1 of 2",
        ),
        ("voltage", [[0.0, 0.0]], TypeError, "voltage must be a torch.Tensor"),
        ("refrac", torch.tensor([[0.0, -1.0]]), ValueError, "refrac must be 0 ms or above, but its least value is -1 ms"),
        ("refrac", torch.tensor([[0.0, math.inf]]), ValueError, "refrac must be finite"),
        ("refrac", torch.zeros(3, 2), ValueError, "refrac must be of shape"),
        ("refrac", torch.full((1, 2), 1e12), ValueError, r"refrac must be at most 1\.67772e\+07 ms, 16777216 steps of 1 ms"),
        ("refrac_t", 1e12, ValueError, r"refrac_t must be at most 1\.67772e\+07 ms, 16777216 steps of 1 ms, but is 1e\+12 steps"),
        ("voltage", torch.full((1, 2), 1e39, dtype=torch.float64), ValueError, "voltage must be finite.* It must fit into float32"),
        ("batchsz", 0, ValueError, "batchsz must be a whole number of at least 1, but is 0"),
        ("batchsz", 2.0, TypeError, "batchsz must be a whole number"),
        ("refrac_t", -1.0, ValueError, "refrac_t must be 0 ms or above, but is -1.0 ms"),
        ("rest_v", math.nan, ValueError, "rest_v must be a finite number, but is nan mV"),
        ("rest_v", "low", TypeError, "rest_v must be a number in mV, but is 'low'"),
        ("dt", 0.0, ValueError, "dt must be above 0 ms, but is 0.0 ms"),
    ],
)
def test_what_is_refused_leaves_the_neuron_as_it_was(name, value, error, words):
    neuron = lif(2)
    neuron(torch.tensor([[STRONG, 1.0]]))
    before = neuron.voltage, neuron.refrac, neuron.spike, neuron.batchsz, neuron.refrac_t, neuron.rest_v, neuron.dt
    with pytest.raises(error, match=words):
        setattr(neuron, name, value)
    after = neuron.voltage, neuron.refrac, neuron.spike, neuron.batchsz, neuron.refrac_t, neuron.rest_v, neuron.dt
    assert [torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in zip(before, after, strict=True)] == [True] * 7


def test_a_current_that_single_precision_cannot_hold_is_refused_and_changes_nothing():
    neuron = lif(2)
    neuron(torch.tensor([[5.0, 1.0]]))
    before = neuron.voltage
    with pytest.raises(ValueError, match=r"inputs must be finite in every element, but is NaN or infinite in 1 of 2\. It must fit into"):
        neuron(torch.tensor([[-1e39, 0.0]], dtype=torch.float64))
    assert torch.equal(neuron.voltage, before)


@pytest.mark.parametrize("inputs", [torch.zeros(1, 2, dtype=torch.float64), torch.zeros(1, 2, dtype=torch.int64), torch.zeros(1, 2).bool()])
def test_currents_of_any_real_dtype_are_taken(inputs):
    neuron = lif(2)
    neuron(inputs + 1)
    # One step from rest: R·I·(1 − exp(−dt/τ)) above it.
    assert neuron.voltage.tolist() == [pytest.approx([-65.0 + 10 * (1 - math.exp(-0.1))] * 2)]
    assert neuron.voltage.dtype == torch.float32


def test_another_batch_size_brings_every_sample_to_rest():
    neuron = lif(2, rest_v=-70.0)
    neuron(torch.full((1, 2), STRONG))
    neuron.batchsz = 3
    assert neuron.batchedshape == (3, 2)
    assert neuron.voltage.tolist() == [[-70.0, -70.0]] * 3
    assert not neuron.refrac.any()
    assert not neuron.spike.any()
    assert neuron(torch.full((3, 2), STRONG)).all()


def test_a_saved_run_of_another_batch_size_leaves_voltages_at_rest():
    saved, neuron = lif(2, batch_size=2), lif(2, batch_size=3, rest_v=-70.0)
    saved(torch.full((2, 2), STRONG))
    with pytest.warns(UserWarning, match="another batch size"):
        neuron.load_state_dict(saved.state_dict())
    assert neuron.voltage.tolist() == [[-70.0, -70.0]] * 3
    assert not neuron(torch.zeros(3, 2)).any()


def test_a_new_rest_acts_at_the_next_clear():
    neuron = lif()
    neuron.rest_v = -80.0
    neuron.clear()
    assert neuron.voltage.item() == -80.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        neuron.load_state_dict(lif().state_dict())
    assert neuron.voltage.item() == -65.0


def test_the_shape_may_have_many_axes_or_be_an_int():
    assert lif((2, 3), batch_size=4).batchedshape == (4, 2, 3)
    assert lif((2, 3)).count == 6
    assert lif(5).shape == (5,)


@pytest.mark.parametrize(("shape", "error"), [(0, ValueError), ((2, -1), ValueError), ((), ValueError), ("2", TypeError), (1.5, TypeError)])
def test_a_shape_that_is_none_is_refused(shape, error):
    with pytest.raises(error, match="shape"):
        lif(shape)


def test_repr_shows_the_settings():
    assert "shape=(2,), batchsz=1, dt=1.0" in repr(lif(2))
    assert "refrac_t=2.0" in repr(lif(2))


def test_truncation_cuts_the_graph_and_keeps_the_voltage():
    neuron = lif(2)
    inputs = torch.ones(1, 2, requires_grad=True)
    neuron(inputs)
    assert neuron.voltage.requires_grad
    before = neuron.voltage.detach()
    neuron.detach_()
    assert not neuron.voltage.requires_grad
    assert torch.equal(neuron.voltage, before)


def test_a_neuron_may_be_written_with_plain_properties_alone():
    class Relay(snn.Neuron):
        shape, count, batchsz, batchedshape, dt = (2,), 2, 1, (1, 2), 1.0

        def __init__(self):
            super().__init__()
            self.register_state("spike_", torch.zeros(1, 2, dtype=torch.bool))

        voltage = property(lambda self: torch.zeros(1, 2))
        refrac = property(lambda self: torch.zeros(1, 2))
        spike = property(lambda self: self.spike_)

        def forward(self, inputs):
            self.spike_ = inputs > 0
            return self.spike_

    connection = snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=torch.ones_like)
    layer = snn.Serial(connection, Relay())
    assert layer(torch.tensor([[True, False, False]])).all()
    assert layer.cell.postspike.all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_long_refractory_time_ends_in_every_precision(dtype):
    # In bfloat16 300 − 1 is 300 again: who counts in it is refractory for ever.
    neuron = snn.LIF(1, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=300.0, time_constant=10.0, resistance=10.0).to(dtype)
    drive = torch.full((1, 1), 20.0, dtype=dtype)
    assert [step for step in range(601) if neuron(drive)] == [0, 300, 600]


def test_currents_may_be_laid_out_in_any_way():
    # The voltages take the layout of the currents; what comes out does not depend on it, also where it changes in mid-run.
    settings = {"rest_v": -65.0, "reset_v": -65.0, "thresh_v": -60.0, "refrac_t": 3.0, "time_constant": 10.0, "resistance": 10.0}
    one, other = (snn.LIF((2, 3), 1.0, **settings, batch_size=4) for _ in range(2))
    currents = torch.rand(30, 4, 2, 3, generator=torch.Generator().manual_seed(0)) * 12
    fired = 0
    for step, each in enumerate(currents):
        turned = each.movedim(0, -1).contiguous().movedim(-1, 0) if step % 7 < 4 else each
        a, b = one(each), other(turned)
        fired += int(a.sum())
        assert torch.equal(a, b)
        assert torch.equal(one.voltage, other.voltage)
        assert torch.equal(one.refrac, other.refrac)
    assert fired > 50


class Comparator(snn.InfernoNeuron):
    """A step of one's own that knows nothing of surrogates."""

    def forward(self, inputs):
        self.spike_ = inputs >= 1.0
        return self.spike


def test_a_surrogate_that_a_step_of_ones_own_ignores_is_not_passed_over_in_silence():
    neuron = Comparator(2, 1.0, rest_v=-65.0, refrac_t=0.0, batch_size=1)
    neuron(torch.zeros(1, 2))
    neuron.surrogate = "arctan"
    for each in (neuron, copy.deepcopy(neuron), pickle.loads(pickle.dumps(neuron))):
        with pytest.raises(RuntimeError, match="Comparator has a surrogate, but its step gives bool spikes"):
            each(torch.zeros(1, 2))
        with torch.no_grad():
            assert not each(torch.zeros(1, 2)).any()
    neuron.surrogate = None
    assert neuron(torch.ones(1, 2)).all()
    neuron.surrogate = snn.FastSigmoid()
    assert len(neuron._forward_hooks) == 1
