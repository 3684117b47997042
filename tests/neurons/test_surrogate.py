"""Surrogate slopes against algebra and autograd; gradients through spikes by hand, against plain torch, and in training."""

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import snnlab as snn
from tests.contract.subjects import OUTPUTS, SUBJECTS

KINDS = [snn.FastSigmoid, snn.Arctan, snn.Triangle]
every_kind = pytest.mark.parametrize("kind", KINDS)
NEURONS = {name: subject for name, subject in SUBJECTS.items() if isinstance(subject.build(1), snn.Neuron)}
every_neuron = pytest.mark.parametrize("subject", NEURONS.values(), ids=NEURONS)
LIF = {"rest_v": 0.0, "reset_v": 0.0, "thresh_v": 10.0, "refrac_t": 0.0, "time_constant": 10.0}

# The smooth steps whose slopes the surrogates are, as they are written in `help("snnlab.neurons.surrogate")`.
SMOOTH = {
    snn.FastSigmoid: lambda x, w: 0.5 + x / (2 * (w + x.abs())),
    snn.Arctan: lambda x, w: 0.5 + torch.arctan(x / w) / math.pi,
    snn.Triangle: lambda x, w: torch.where(x < 0, (1 + x / w).clamp(min=0) ** 2 / 2, 1 - (1 - x / w).clamp(min=0) ** 2 / 2),
}


def double(*values, grad=False):
    return torch.tensor(values, dtype=torch.float64, requires_grad=grad)


# --------------------------------------------------------------------------------------------------------------------- the slopes


@given(x=st.floats(-100, 100), width=st.floats(0.1, 50), scale=st.floats(0.1, 3))
def test_slopes_are_the_equations(x, width, scale):
    by_hand = {
        snn.FastSigmoid: scale / (2 * width) / (1 + abs(x) / width) ** 2,
        snn.Arctan: scale / (math.pi * width) / (1 + (x / width) ** 2),
        snn.Triangle: scale / width * max(0.0, 1 - abs(x) / width),
    }
    for kind, expected in by_hand.items():
        assert kind(width, scale).slope(double(x)).item() == pytest.approx(expected, rel=1e-12, abs=1e-15)


@every_kind
def test_a_slope_is_that_of_its_smooth_step(kind):
    x = torch.linspace(-40, 40, 401, dtype=torch.float64).add(0.01).requires_grad_()
    (expected,) = torch.autograd.grad(SMOOTH[kind](x, 4.0).sum(), x)
    torch.testing.assert_close(kind(4.0).slope(x.detach()), expected)


@every_kind
def test_a_slope_encloses_a_whole_step(kind):
    x = torch.linspace(-1e4, 1e4, 2_000_001, dtype=torch.float64)
    assert torch.trapezoid(kind(3.0).slope(x), x).item() == pytest.approx(1.0, abs=1e-3)


@every_kind
def test_spikes_are_a_step_forwards_and_the_slope_backwards(kind):
    x = double(-20.0, -1e-9, 0.0, 3.0, grad=True)
    spikes = kind(5.0).emit(x)
    assert spikes.tolist() == [0.0, 0.0, 1.0, 1.0]
    (2.0 * spikes).sum().backward()
    torch.testing.assert_close(x.grad, 2.0 * kind(5.0).slope(x.detach()))


@every_kind
def test_a_voltage_beyond_all_bounds_has_a_finite_slope(kind):
    slope = kind(5.0).slope(torch.tensor([-3e38, 3e38]))
    assert slope.tolist() == [0.0, 0.0]


# ----------------------------------------------------------------------------------------------------------- forwards, nothing changes


@every_neuron
@pytest.mark.parametrize("lock", [True, False])
def test_forwards_a_surrogate_changes_no_number(subject, lock):
    kwargs = {} if isinstance(subject.build(1), snn.ExactNeuron) else {"refrac_lock": lock}
    plain, learns = subject.build(3), subject.build(3)
    learns.surrogate = snn.FastSigmoid()
    for current in subject.draw(40, 3):
        expected, spikes = plain(current, **kwargs), learns(current.clone().requires_grad_(), **kwargs)
        assert spikes.dtype == current.dtype
        assert spikes.requires_grad
        assert torch.equal(spikes != 0, expected)
        assert set(spikes.unique().tolist()) <= {0.0, 1.0}
        assert learns.spike.dtype == torch.bool
        assert torch.equal(learns.spike, expected)
        assert torch.equal(learns.voltage, plain.voltage)
    assert {name: torch.equal(each, dict(plain.named_buffers())[name]) for name, each in learns.named_buffers()} == dict.fromkeys(
        dict(plain.named_buffers()), True
    )


@every_neuron
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_where_no_gradient_is_recorded_spikes_are_bool(subject, mode):
    plain, learns = subject.build(3), subject.build(3)
    learns.surrogate = "arctan"
    with mode():
        for current in subject.draw(20, 3):
            spikes = learns(current)
            assert spikes.dtype == torch.bool
            assert torch.equal(spikes, plain(current))


@every_neuron
def test_without_a_surrogate_spikes_are_bool_and_carry_nothing(subject):
    neuron = subject.build(3)
    assert neuron.surrogate is None
    spikes = neuron(subject.draw(1, 3)[0].requires_grad_())
    assert (spikes.dtype, spikes.requires_grad) == (torch.bool, False)


@every_neuron
def test_copies_keep_their_surrogate_and_print_it(subject):
    neuron = subject.build(1)
    neuron.surrogate = snn.Triangle(2.0)
    neuron(subject.draw(1, 1)[0].requires_grad_())
    for twin in (copy.deepcopy(neuron), pickle.loads(pickle.dumps(neuron))):
        assert twin.surrogate == snn.Triangle(2.0)
    assert "surrogate=Triangle(width=2.0, scale=1.0)" in repr(neuron)
    assert "surrogate" not in repr(subject.build(1))


# --------------------------------------------------------------------------------------------------------------- gradients by algebra


@pytest.mark.parametrize("first", [60.0, 120.0])
@every_kind
def test_one_neuron_over_two_steps_by_hand(first, kind):
    # v₁ = (1−e)·w·x₁;  v₂ = e·v₁·(1−s₁) + (1−e)·w·x₂, as a spike resets to 0;  L = s₁ + 2·s₂.
    neuron = snn.LIF(1, 1.0, **LIF, surrogate=kind(4.0)).to(torch.float64)
    weight, second, e = double(1.0, grad=True), 90.0, math.exp(-0.1)
    loss = neuron((weight * first).view(1, 1)) + 2 * neuron((weight * second).view(1, 1))
    loss.sum().backward()
    v1 = (1 - e) * first
    s1 = float(v1 >= 10)
    v2 = e * v1 * (1 - s1) + (1 - e) * second
    h1, h2 = (kind(4.0).slope(double(v - 10)).item() for v in (v1, v2))
    expected = h1 * (1 - e) * first + 2 * h2 * ((1 - e) * second + (1 - s1) * e * (1 - e) * first)
    assert s1 == (first > 100)
    assert weight.grad.item() == pytest.approx(expected, rel=1e-12)


def plain_lif(inputs, weight, kind, *, width, refractory, rest, reset, thresh, tau, resistance):
    """A leaky neuron written out in plain torch, spikes by autograd through the smooth step."""
    batch, count = inputs.shape[1], len(weight)
    voltage, left, out = torch.full((batch, count), rest, dtype=torch.float64), torch.zeros(batch, count), []
    for x in inputs:
        left = torch.where(left > 0, left - 1, left)
        moved = voltage + (1 - math.exp(-1 / tau)) * (rest + resistance * (x @ weight.t()) - voltage)
        voltage = torch.where(left > 0, voltage, moved)
        spiked = ((voltage >= thresh) & (left == 0)).double()
        smooth = SMOOTH[kind](voltage - thresh, width) * (left == 0)
        out.append(spiked + (smooth - smooth.detach()))
        voltage = torch.where(spiked > 0, torch.full_like(voltage, reset), voltage)
        left = torch.where(spiked > 0, torch.full_like(left, refractory), left)
    return torch.stack(out)


@every_kind
@pytest.mark.parametrize("refractory", [0, 3])
def test_through_a_whole_run_gradients_are_those_of_a_neuron_written_in_plain_torch(kind, refractory):
    random = torch.Generator().manual_seed(1)
    inputs = (torch.rand(40, 3, 6, generator=random) < 0.3).double()
    first = torch.rand(4, 6, generator=random, dtype=torch.float64)
    pull = torch.randn(40, 3, 4, generator=random, dtype=torch.float64)
    settings = {"rest": -65.0, "reset": -67.0, "thresh": -60.0, "tau": 15.0, "resistance": 30.0}
    weight = first.clone().requires_grad_()
    expected = plain_lif(inputs, weight, kind, width=3.0, refractory=refractory, **settings)
    (expected * pull).sum().backward()

    connection = snn.LinearDense(6, 4, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), batch_size=3, weight_init=lambda w: first)
    neuron = snn.LIF(4, 1.0, rest_v=-65.0, reset_v=-67.0, thresh_v=-60.0, refrac_t=float(refractory), time_constant=15.0,
                     resistance=30.0, batch_size=3, surrogate=kind(3.0)).to(torch.float64)  # fmt: skip
    connection.weight.requires_grad_()
    spikes = snn.run(snn.Serial(connection, neuron), inputs)["spikes"].values
    assert torch.equal(spikes, expected)
    assert 20 < spikes.sum() < 300
    (spikes * pull).sum().backward()
    torch.testing.assert_close(connection.weight.grad, weight.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("lock", [True, False])
def test_a_refractory_neuron_has_no_slope(lock):
    # The reset of GLIF2 keeps a part of the voltage, so that the current before a spike still shows in the voltages after it.
    cells = {"rest_v": 0.0, "thresh_eq_v": 10.0, "tc_membrane": 10.0, "rc_adaptation": 0.1, "spike_increment": 0.0}
    neuron = snn.GLIF2(1, 1.0, **cells, reset_v_add=0.0, reset_v_mul=0.5, refrac_t=3.0, surrogate=snn.FastSigmoid())
    current = torch.full((1, 1), 150.0, requires_grad=True)
    slopes = []
    for step in range(5):
        spikes = neuron(current if step == 0 else torch.zeros(1, 1), refrac_lock=lock)
        slopes.append(torch.autograd.grad(spikes.sum(), current, retain_graph=True)[0].item())
    assert slopes[1:3] == [0.0, 0.0]
    assert slopes[0] > slopes[3] > 0


def test_who_may_not_spike_does_not_though_above_threshold():
    voltage, left = torch.tensor([12.0, 12.0], requires_grad=True), torch.tensor([0.0, 2.0])
    settings = {"threshold": 10.0, "reset": 0.0, "refrac_steps": 2, "surrogate": snn.FastSigmoid(5.0)}
    spikes, _, _ = snn.threshold_step(torch.zeros(2), voltage, left, lambda inputs: voltage + inputs, **settings)
    assert spikes.tolist() == [1.0, 0.0]
    assert torch.autograd.grad(spikes.sum(), voltage)[0].tolist() == pytest.approx([0.1 / 1.4**2, 0.0])


def test_of_neurons_that_compete_losers_have_the_slope_of_their_own_threshold():
    neuron = SUBJECTS["WinnerALIF"].build(1)
    neuron.surrogate = snn.FastSigmoid()
    current = torch.tensor([[60.0, 50.0, 0.0, 0.0]], requires_grad=True)
    spikes = neuron(current)
    assert spikes.tolist() == [[1.0, 0.0, 0.0, 0.0]]
    # One step from rest: V = R·I·(1 − exp(−1/15)) above rest, R = 2, the threshold 5 mV above rest.
    share = 2 * (1 - math.exp(-1 / 15))
    expected = snn.FastSigmoid().slope(current.detach() * share - 5) * share
    torch.testing.assert_close(torch.autograd.grad(spikes.sum(), current)[0], expected)


def test_an_exact_neuron_has_its_slope_over_the_input_and_none_where_it_is_told():
    neuron = snn.ExactNeuron(3, 1.0, rest_v=-65.0, thresh_v=-50.0, surrogate=snn.Triangle(2.0))
    inputs = torch.tensor([[-1.0, 0.5, 3.0]], requires_grad=True)
    assert torch.autograd.grad(neuron(inputs).sum(), inputs)[0].tolist() == [[0.25, 0.375, 0.0]]
    told = neuron(inputs, override=torch.tensor([[True, False, True]]))
    assert (told.tolist(), told.requires_grad) == ([[1.0, 0.0, 1.0]], False)
    assert neuron(torch.tensor([[1, 0, 2]])).tolist() == [[1.0, 0.0, 1.0]]


def test_scale_and_width_act_when_set_later():
    neuron, grads = snn.LIF(1, 1.0, **LIF, surrogate="fast_sigmoid"), []
    for surrogate in (snn.FastSigmoid(5.0), snn.FastSigmoid(5.0, scale=0.5), None):
        neuron.clear()
        neuron.surrogate = surrogate
        current = torch.full((1, 1), 50.0, requires_grad=True)
        spikes = neuron(current)
        grads.append(torch.autograd.grad(spikes.sum(), current)[0].item() if spikes.requires_grad else None)
    assert grads[1] == pytest.approx(grads[0] / 2)
    assert grads[2] is None


def test_detach_cuts_what_lies_behind():
    neuron = snn.LIF(1, 1.0, **LIF, surrogate="fast_sigmoid")
    early, late = torch.full((1, 1), 30.0, requires_grad=True), torch.full((1, 1), 30.0, requires_grad=True)
    neuron(early)
    kept = neuron.voltage
    neuron.detach_()
    assert torch.equal(neuron.voltage, kept)
    grads = torch.autograd.grad(neuron(late).sum(), (early, late), allow_unused=True)
    assert grads[0] is None
    assert grads[1].item() > 0


# ---------------------------------------------------------------------------------------------------------------------- training


def feed(inputs, outputs, batch, seed=0, **synapse):
    random = torch.Generator().manual_seed(seed)
    made = snn.SingleExponentialCurrent.partialconstructor(200.0, 5.0, inplace=False, **synapse)
    connection = snn.LinearDense(
        inputs, outputs, 1.0, synapse=made, batch_size=batch, weight_init=lambda w: torch.rand(w.shape, generator=random) * 0.1
    )
    connection.weight.requires_grad_()
    return connection


BY_NAME = [(name, "fast_sigmoid") for name in NEURONS] + [("LIF", "arctan"), ("LIF", "triangle"), ("AdEx", "triangle")]


@pytest.mark.parametrize(("name", "surrogate"), BY_NAME)
def test_a_layer_of_any_neuron_learns_a_rate_by_adam(name, surrogate):
    subject = NEURONS[name]
    inputs = torch.rand(20, 2, 8, generator=torch.Generator().manual_seed(3)) < 0.2
    connection, neuron = feed(8, OUTPUTS, 2), subject.build(2).eval()
    neuron.surrogate = surrogate
    layer, wanted = snn.Serial(connection, neuron), torch.tensor([0.05, 0.1, 0.2, 0.25])
    wanted = wanted / 4 if isinstance(neuron, snn.WinnerALIF) else wanted  # at most one of them spikes a step
    optimiser, losses = torch.optim.Adam([connection.weight], lr=0.03), []
    for _ in range(25):
        layer.clear()
        loss = (snn.run(layer, inputs)["spikes"].values.mean((0, 1)) - wanted).square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert min(losses[-5:]) < 0.25 * losses[0]


def test_two_layers_learn_what_one_cannot():
    # Exclusive or of two channels, with a third that always spikes: only a hidden layer can tell.
    kinds = torch.tensor([[0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=torch.bool)
    cells = {
        "rest_v": -65.0,
        "reset_v": -65.0,
        "thresh_v": -55.0,
        "refrac_t": 0.0,
        "time_constant": 10.0,
        "resistance": 3.0,
        "batch_size": 4,
    }
    inputs = kinds.expand(15, 4, 3) & (torch.arange(15) % 4 == 0).view(-1, 1, 1)
    layers = [
        snn.Serial(feed(3, 20, 4, 1), snn.LIF(20, 1.0, **cells, surrogate="fast_sigmoid")),
        snn.Serial(feed(20, 2, 4, 2), snn.LIF(2, 1.0, **cells, surrogate="fast_sigmoid")),
    ]
    first = [each.connection.weight.detach().clone() for each in layers]
    optimiser = torch.optim.Adam([each.connection.weight for each in layers], lr=0.02)
    for _ in range(50):
        for layer in layers:
            layer.clear()
        counts = sum(layers[1](layers[0](each)) for each in inputs)
        loss = torch.nn.functional.cross_entropy(counts, torch.tensor([0, 1, 1, 0]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert counts.argmax(1).tolist() == [0, 1, 1, 0]
    assert loss < 0.2
    assert all((each.connection.weight - before).abs().max() > 0.1 for each, before in zip(layers, first, strict=True))


def test_a_gradient_flows_once_around_a_recurrent_layer():
    cells = {
        "rest_v": -65.0,
        "reset_v": -65.0,
        "thresh_v": -60.0,
        "refrac_t": 0.0,
        "time_constant": 10.0,
        "resistance": 50.0,
        "surrogate": "fast_sigmoid",
    }
    parts = [feed(2, 3, 1), feed(3, 3, 1, 1), feed(3, 3, 1, 2)]
    layer = snn.RecurrentSerial(*parts, snn.LIF(3, 1.0, **cells), snn.LIF(3, 1.0, **cells))
    early = torch.ones(1, 2, requires_grad=True)
    spikes = [layer(each)[0] for each in (early, torch.zeros(1, 2), torch.zeros(1, 2))]
    # What the lateral connection carries reaches the feedfwd neurons only by way of the feedback spikes of the step before.
    assert layer.feedback_spikes.any()
    grads = torch.autograd.grad(spikes[-1].sum(), (early, *(part.weight for part in parts)))
    assert all(grad.any() for grad in grads)
    layer.detach_()
    assert not layer.feedback_spikes.requires_grad
    layer.clear()
    assert layer.feedback_spikes.dtype == torch.bool


def test_rules_see_bool_spikes_beside_a_gradient():
    layer = snn.Serial(feed(3, 2, 1), snn.LIF(2, 1.0, **LIF, surrogate="fast_sigmoid"))
    layer.connection.defaultupdater()
    layer(torch.ones(1, 3))
    assert layer.cell.postspike.dtype == torch.bool


def test_a_traced_neuron_gives_the_spikes_of_its_neurons_and_a_trace_without_gradient():
    neuron = snn.traced.TracedNeuron(snn.LIF(1, 1.0, **LIF, surrogate="fast_sigmoid"), 20.0)
    current = torch.full((1, 1), 200.0, requires_grad=True)
    spikes, trace = neuron(current)
    assert (spikes.item(), trace.item()) == (1.0, 1.0)
    assert spikes.requires_grad
    assert not trace.requires_grad


def test_second_derivatives_and_vmap_work():
    x = double(-2.0, 1.0, grad=True)
    assert torch.autograd.gradgradcheck(lambda x: snn.Arctan(3.0).slope(x), x)
    each = torch.func.vmap(torch.func.grad(lambda x: snn.Arctan(3.0).emit(x)))(x.detach())
    torch.testing.assert_close(each, snn.Arctan(3.0).slope(x.detach()))


# ----------------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        ("sigmoid", ValueError, "surrogate must be one of 'fast_sigmoid', 'arctan', 'triangle', but is 'sigmoid'"),
        (snn.Triangle, TypeError, r"surrogate must be a Surrogate.* but is the class Triangle\. Build one: Triangle\(width=5.0\)"),
        (5.0, TypeError, r"surrogate must be a Surrogate, its name or None, but is 5.0 \(float\)\. Pass FastSigmoid\(width=5.0\)"),
        (torch.sigmoid, TypeError, "surrogate must be a Surrogate, its name or None, but is"),
    ],
)
def test_what_is_no_surrogate_is_refused_when_built_and_when_set(value, error, words):
    with pytest.raises(error, match=words):
        snn.LIF(1, 1.0, **LIF, surrogate=value)
    neuron = snn.LIF(1, 1.0, **LIF, surrogate="triangle")
    with pytest.raises(error, match=words):
        neuron.surrogate = value
    assert neuron.surrogate == snn.Triangle()
    with pytest.raises(error, match=words):
        snn.ExactNeuron(1, 1.0, rest_v=-65.0, thresh_v=-50.0, surrogate=value)


@every_kind
@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"width": 0.0}, ValueError, "width must be above 0 mV, but is 0.0 mV"),
        ({"width": -1.0}, ValueError, "width must be above 0 mV"),
        ({"width": math.nan}, ValueError, "width must be a finite number"),
        ({"width": "wide"}, TypeError, "width must be a number in mV, but is 'wide'"),
        ({"scale": 0.0}, ValueError, "scale must be above 0, but is 0.0"),
    ],
)
def test_a_width_or_scale_that_cannot_be_is_refused(kind, arguments, error, words):
    with pytest.raises(error, match=words):
        kind(**arguments)


def test_a_neuron_of_ones_own_gets_a_surrogate_from_its_base():
    class Perfect(snn.ThresholdNeuron):
        def integrate(self, inputs):
            return self.voltage + inputs * self.resistance * self.dt

    neuron = Perfect(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=3.0, refrac_t=0.0, resistance=1.0, batch_size=1, surrogate=snn.Triangle(2.0))
    current = torch.full((1, 1), 2.0, requires_grad=True)
    assert torch.autograd.grad(neuron(current).sum(), current)[0].item() == pytest.approx(0.25)


def test_a_neuron_of_ones_own_whose_spikes_would_lose_the_gradient_says_what_to_do():
    class Stubborn(snn.ThresholdNeuron):
        def integrate(self, inputs):
            return inputs

        def fire(self, inputs, refrac_lock):
            return inputs >= self.thresh_v, inputs, self.refrac_

    neuron = Stubborn(1, 1.0, rest_v=0.0, reset_v=0.0, thresh_v=3.0, refrac_t=0.0, resistance=1.0, batch_size=1, surrogate="arctan")
    with pytest.raises(RuntimeError, match=r"Stubborn has a surrogate, but .* bool spikes.* self\.slope\.emit\(voltage - threshold"):
        neuron(torch.full((1, 1), 5.0))
    assert neuron.voltage.item() == 0.0
    with torch.no_grad():
        assert neuron(torch.full((1, 1), 5.0)).item() is True


def test_a_synapse_that_would_lose_the_gradient_says_what_to_set():
    connection = snn.LinearDense(1, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0))
    neuron = snn.LIF(1, 1.0, **LIF, surrogate="arctan")
    with pytest.raises(RuntimeError, match="inplace=False"):
        connection(neuron(torch.ones(1, 1, requires_grad=True)))
