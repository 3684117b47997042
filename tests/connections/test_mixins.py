"""Weight, bias and delay: what their setters take, what they refuse, and what a refusal leaves."""

import math

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)


def build(**arguments):
    return snn.LinearDense(3, 2, 1.0, **({"synapse": DELTA, "bias": True, "delay": 5.0} | arguments))


@pytest.mark.parametrize(("name", "shape"), [("weight", (2, 3)), ("bias", (2,)), ("delay", (2, 3))])
def test_a_value_is_copied_into_the_same_parameter(name, shape):
    connection = build()
    parameter = getattr(connection, name)
    for value in (torch.full(shape, 2.0), torch.full(shape, 2.0, dtype=torch.float64), torch.nn.Parameter(torch.full(shape, 2.0))):
        setattr(connection, name, value)
        assert getattr(connection, name) is parameter
        assert parameter.dtype == torch.float32
        assert (parameter == 2.0).all()
        with torch.no_grad():
            value += 1
        assert (parameter == 2.0).all()
        assert not parameter.requires_grad


@pytest.mark.parametrize(
    ("name", "value", "error", "words"),
    [
        ("weight", torch.ones(3, 2), ValueError, r"weight must be of shape \(2, 3\) \(outputs x inputs\), but is of shape \(3, 2\)"),
        ("weight", torch.ones(1), ValueError, r"weight must be of shape \(2, 3\)"),
        ("weight", torch.full((2, 3), math.nan), ValueError, "weight must be finite in every element, but is NaN or infinite in 6 of 6"),
        ("weight", torch.tensor([[math.inf, -math.inf, 0.0]] * 2), ValueError, "weight must be finite"),
        ("weight", 1.0, TypeError, r"weight must be a torch.Tensor, but is 1.0 \(float\). Wrap it with torch.as_tensor"),
        ("bias", torch.ones(3), ValueError, r"bias must be of shape \(2,\)"),
        ("bias", torch.tensor([0.0, math.nan]), ValueError, "bias must be finite"),
        ("bias", None, TypeError, "bias must be a torch.Tensor, but is None"),
        ("delay", torch.ones(2), ValueError, r"delay must be of shape \(2, 3\) \(outputs x inputs\)"),
        (
            "delay",
            torch.full((2, 3), 5.5),
            ValueError,
            "delay must lie between 0 and 5 ms, the longest delay of this connection, but spans 5.5",
        ),
        (
            "delay",
            torch.full((2, 3), -0.5),
            ValueError,
            "delay must lie between 0 and 5 ms.* Clamp it, or build the connection with a longer",
        ),
        ("delay", torch.full((2, 3), math.nan), ValueError, "delay must be finite"),
        ("weight", torch.full((2, 3), 1e39, dtype=torch.float64), ValueError, "in 6 of 6. It must fit into float32"),
        ("bias", torch.tensor([0.0, -1e300], dtype=torch.float64), ValueError, "in 1 of 2. It must fit into float32"),
        ("weight", torch.full((2, 3), 1j), TypeError, "weight must be real, but is of dtype torch.complex64. Pass its magnitude"),
    ],
)
def test_what_is_refused_leaves_the_parameter_as_it_was(name, value, error, words):
    connection = build()
    before = {key: parameter.clone() for key, parameter in connection.named_parameters()}
    with pytest.raises(error, match=words):
        setattr(connection, name, value)
    assert all(torch.equal(parameter, before[key]) for key, parameter in connection.named_parameters())


@pytest.mark.parametrize(("name", "words"), [("bias", "Build it with bias=True"), ("delay", "Build it with delay= the longest one in ms")])
def test_what_a_connection_does_not_have_cannot_be_set(name, words):
    connection = build(bias=False, delay=None)
    with pytest.raises(RuntimeError, match=f"{name} cannot be set: this LinearDense has none. {words}"):
        setattr(connection, name, torch.zeros(2, 3))
    assert getattr(connection, name) is None


def test_the_ends_of_the_range_belong_to_it_and_rounding_is_forgiven():
    connection = snn.LinearDense(2, 1, 0.1, synapse=DELTA, delay=3 * 0.1)
    connection.delay = torch.tensor([[0.0, 0.3]])
    connection.delay = torch.tensor([[0.0, 3 * 0.1]], dtype=torch.float64)
    connection = snn.LinearDense(2, 1, 0.1, synapse=DELTA, delay=300.3)
    connection.delay = torch.tensor([[0.0, 3003.0]]) * 0.1


def test_large_finite_values_are_finite():
    connection = build()
    connection.weight = torch.full((2, 3), 3e38)  # their sum overflows
    assert (connection.weight == torch.full((2, 3), 3e38)).all()


def test_a_parameter_that_asks_for_a_gradient_can_still_be_set():
    connection = build()
    connection.weight.requires_grad_()
    connection.weight = torch.ones(2, 3)
    assert connection.weight.requires_grad
    assert connection.weight.is_leaf
    connection.weight = connection.weight * 2
    assert (connection.weight == 2).all()


# ----------------------------------------------------------------------------------------------------------------- first values


@pytest.mark.parametrize(("name", "shape"), [("weight", (2, 3)), ("bias", (2,)), ("delay", (2, 3))])
def test_an_initialiser_sees_the_default_and_its_tensor_stays_its_own(name, shape):
    seen, mine = [], torch.full(shape, 2.0)

    def init(default):
        seen.append(default.clone())
        return mine

    connection = build(**{f"{name}_init": init})
    (default,) = seen
    assert default.shape == shape
    assert (default == 0).all() if name == "delay" else ((default >= 0) & (default < 1)).all()
    setattr(connection, name, torch.ones(shape))
    assert (mine == 2.0).all()
    mine.fill_(3.0)
    assert (getattr(connection, name) == 1.0).all()


@pytest.mark.parametrize(
    ("inits", "error", "words"),
    [
        ({"weight_init": lambda _: torch.ones(3, 2)}, ValueError, r"weight_init must be of shape \(2, 3\)"),
        ({"weight_init": lambda _: None}, TypeError, "weight_init must be a torch.Tensor, but is None"),
        ({"weight_init": lambda default: default / 0 * 0}, ValueError, "weight_init must be finite"),
        ({"bias_init": lambda default: default * math.nan}, ValueError, "bias_init must be finite"),
        ({"delay_init": lambda zeros: zeros + 6}, ValueError, "delay_init must lie between 0 and 5 ms"),
        ({"delay_init": lambda zeros: zeros[0]}, ValueError, r"delay_init must be of shape \(2, 3\)"),
    ],
)
def test_a_first_value_that_cannot_be_is_refused(inits, error, words):
    with pytest.raises(error, match=words):
        build(**inits)


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("synapse", [DELTA, snn.SingleExponentialCurrent.partialconstructor(1.0, 5.0)])
@pytest.mark.parametrize("name", ["weight", "bias", "delay"])
def test_first_values_from_numpy_or_whole_numbers_can_be_run(name, synapse, batch_size):
    for init in (lambda default: default.double(), lambda default: torch.ones(default.shape, dtype=torch.int64)):
        connection = build(synapse=synapse, batch_size=batch_size, **{f"{name}_init": init})
        neuron = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=9.0, batch_size=batch_size)
        layer = snn.Serial(connection, neuron)
        connection.delay = torch.rand(2, 3, generator=torch.Generator().manual_seed(0)) * 5  # some of them between two steps
        assert len({parameter.dtype for parameter in connection.parameters()}) == 1
        for _ in range(7):
            layer(torch.ones(batch_size, 3))


@pytest.mark.parametrize(("init", "missing"), [("bias_init", "bias=True"), ("delay_init", "delay=")])
def test_an_initialiser_of_nothing_is_said_to_be_unused(init, missing):
    with pytest.warns(UserWarning, match=f"{init} is given but not used: the connection is built without {missing}"):
        snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), **{init: torch.ones_like})


def test_an_initialiser_that_is_no_function_is_refused():
    with pytest.raises(TypeError, match="weight_init must be a function from the default tensor to another, but is of type float"):
        snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), weight_init=0.5)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("weight_", math.nan, "weight_ must be finite"),
        ("weight_", 1e39, "weight_ must be finite.* It must fit into float32"),
        ("weight_", 1j, "weight_ must be real"),
        ("delay_", 30.0, r"delay_ must lie between 0 and 20 ms"),
        ("delay_", -1.0, "delay_ must lie"),
    ],
)
def test_a_file_cannot_bring_what_a_setter_refuses(name, value, words):
    connection = snn.LinearDense(2, 1, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), delay=20.0)
    saved, before = connection.state_dict(), getattr(connection, name).detach().clone()
    saved[name] = torch.full(before.shape, value, dtype=torch.complex64 if isinstance(value, complex) else torch.float64)
    with pytest.raises(RuntimeError, match=words):
        connection.load_state_dict(saved)
    assert torch.equal(getattr(connection, name), before)
