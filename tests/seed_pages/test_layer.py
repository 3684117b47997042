"""The page of `Layer`: every member, argument and error."""

from abc import ABC

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
SPIKES = torch.tensor([[True, False, True]])


def connection(outputs=2, charge=1.0):
    synapse = snn.DeltaCurrent.partialconstructor(spike_charge=charge)
    return snn.LinearDense(3, outputs, 1.0, synapse=synapse, weight_init=torch.ones_like)


def neuron(size=2):
    return snn.LIF(size, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0)


class Crossing(snn.Layer):
    """Two connections a and b, two groups x and y: x hears the sum, y hears b alone; y only runs when b does."""

    def __init__(self):
        super().__init__()
        self.wired = []

    def wiring(self, inputs, gain=1.0):
        self.wired.append(dict(inputs))
        return {"x": gain * sum(inputs.values())} | ({"y": inputs["b"]} if "b" in inputs else {})


def layer():
    built = Crossing()
    for name in ("a", "b"):
        built.add_connection(name, connection())
    for name in ("x", "y"):
        built.add_neuron(name, neuron())
    return built


def test_layer_stands_on_module_and_abc_and_takes_no_argument():
    assert snn.Layer.__bases__ == (snn.Module, ABC)
    with pytest.raises(TypeError, match="positional argument"):
        Crossing.__base__.__init__(Crossing(), 1)


# ------------------------------------------------------------------------------------------------------------------------------- parts


def test_add_connection_adds_and_returns_it_and_refuses_a_name_twice():
    built, added = Crossing(), connection()
    assert built.add_connection("a", added) is added
    assert built.get_connection("a") is added
    with pytest.raises(RuntimeError, match="There is a connection 'a' already"):
        built.add_connection("a", connection())
    assert built.get_connection("a") is added


def test_add_neuron_adds_and_returns_it_and_refuses_a_name_twice():
    built, added = Crossing(), neuron()
    assert built.add_neuron("x", added) is added
    assert built.get_neuron("x") is added
    with pytest.raises(RuntimeError, match="There is a neuron 'x' already"):
        built.add_neuron("x", neuron())
    assert built.get_neuron("x") is added


def test_add_cell_makes_a_cell_once_and_returns_the_one_there_is():
    built = layer()
    cell = built.add_cell("a", "x")
    assert isinstance(cell, snn.Cell)
    assert (cell.connection, cell.neuron) == (built.get_connection("a"), built.get_neuron("x"))
    assert built.add_cell("a", "x") is cell
    assert built.add_cell("a", "y") is not cell


@pytest.mark.parametrize(("names", "words"), [(("z", "x"), "There is no connection 'z'"), (("a", "z"), "There is no neuron 'z'")])
def test_add_cell_of_an_unknown_name_is_an_attribute_error(names, words):
    built = layer()
    with pytest.raises(AttributeError, match=words):
        built.add_cell(*names)
    assert list(built.named_cells) == []


def test_get_connection_gets_it_by_name_or_is_an_attribute_error():
    built = layer()
    assert isinstance(built.get_connection("b"), snn.Connection)
    for name in ("z", "x"):
        with pytest.raises(AttributeError, match=f"There is no connection '{name}'"):
            built.get_connection(name)


def test_get_neuron_gets_it_by_name_or_is_an_attribute_error():
    built = layer()
    assert isinstance(built.get_neuron("y"), snn.Neuron)
    for name in ("z", "a"):
        with pytest.raises(AttributeError, match=f"There is no neuron '{name}'"):
            built.get_neuron(name)


def test_get_cell_gets_the_one_that_was_made_or_is_an_attribute_error():
    built = layer()
    cell = built.add_cell("a", "x")
    assert built.get_cell("a", "x") is cell
    for pair in (("a", "y"), ("b", "x"), ("z", "z")):
        with pytest.raises(AttributeError, match="There is no cell of"):
            built.get_cell(*pair)


def test_del_connection_deletes_it_and_of_an_unknown_name_is_an_attribute_error():
    built = layer()
    built.add_cell("a", "x")
    assert built.del_connection("a") is None
    assert [name for name, _ in built.named_connections] == ["b"]
    assert list(built.named_cells) == []
    with pytest.raises(AttributeError, match="There is no connection 'a'"):
        built.del_connection("a")


def test_del_neuron_deletes_it_and_of_an_unknown_name_is_a_value_error():
    built = layer()
    built.add_cell("a", "x"), built.add_cell("b", "x"), built.add_cell("b", "y")
    assert built.del_neuron("x") is None
    assert [name for name, _ in built.named_neurons] == ["y"]
    assert [names for names, _ in built.named_cells] == [("b", "y")]
    with pytest.raises(ValueError, match="There is no neuron 'x'"):
        built.del_neuron("x")


def test_del_cell_deletes_the_one_there_is_and_does_not_mind_if_there_is_none():
    built = layer()
    built.add_cell("a", "x"), built.add_cell("a", "y")
    assert built.del_cell("a", "x") is None
    assert built.del_cell("a", "x") is None
    assert built.del_cell("b", "y") is None
    assert [names for names, _ in built.named_cells] == [("a", "y")]


@pytest.mark.parametrize(("names", "words"), [(("z", "x"), "There is no connection 'z'"), (("a", "z"), "There is no neuron 'z'")])
def test_del_cell_of_an_unknown_name_is_an_attribute_error(names, words):
    with pytest.raises(AttributeError, match=words):
        layer().del_cell(*names)


# ------------------------------------------------------------------------------------------------------------------------ safe access


def untouchable(proxy, name, value):
    """A part reached through the proxy is neither replaced nor deleted."""
    with pytest.raises(AttributeError, match="cannot be replaced here"):
        setattr(proxy, name, value)
    with pytest.raises(AttributeError, match="cannot be deleted here"):
        delattr(proxy, name)


def test_connections_are_reached_by_name_changed_in_place_and_neither_replaced_nor_deleted():
    built = layer()
    assert isinstance(built.connections, snn.Proxy)
    assert built.connections.a is built.get_connection("a")
    built.connections.a.weight = torch.zeros(2, 3)
    built.connections.a.note = "excites"
    assert not built.get_connection("a").weight.any()
    untouchable(built.connections, "a", connection())
    assert built.get_connection("a").note == "excites"


def test_neurons_are_reached_by_name_changed_in_place_and_neither_replaced_nor_deleted():
    built = layer()
    assert isinstance(built.neurons, snn.Proxy)
    assert built.neurons.x is built.get_neuron("x")
    built.neurons.x.thresh_v = -40.0
    assert built.get_neuron("x").thresh_v == -40.0
    untouchable(built.neurons, "x", neuron())


def test_cells_are_reached_by_both_names_watched_and_neither_replaced_nor_deleted():
    built = layer()
    cell = built.add_cell("a", "x")
    assert isinstance(built.cells, snn.Proxy)
    assert built.cells.a.x is cell
    monitor = snn.StateMonitor(snn.PassthroughReducer(1.0), "postvoltage", built.cells.a.x)
    built({"a": (SPIKES,)})
    assert torch.equal(monitor.peek(), built.neurons.x.voltage)
    untouchable(built.cells, "a", None)
    untouchable(built.cells.a, "x", None)
    assert built.get_cell("a", "x") is cell


def test_named_connections_yields_names_and_connections():
    built = layer()
    found = built.named_connections
    assert iter(found) is found
    assert list(found) == [("a", built.get_connection("a")), ("b", built.get_connection("b"))]


def test_named_neurons_yields_names_and_neurons():
    built = layer()
    found = built.named_neurons
    assert iter(found) is found
    assert list(found) == [("x", built.get_neuron("x")), ("y", built.get_neuron("y"))]


def test_named_synapses_yields_names_of_connections_and_their_synapses():
    built = layer()
    found = built.named_synapses
    assert iter(found) is found
    assert list(found) == [("a", built.get_connection("a").synapse), ("b", built.get_connection("b").synapse)]


def test_named_cells_yields_pairs_of_names_and_cells():
    built = layer()
    cells = [built.add_cell(*pair) for pair in (("b", "y"), ("a", "x"))]
    found = built.named_cells
    assert iter(found) is found
    assert list(found) == [(("b", "y"), cells[0]), (("a", "x"), cells[1])]


# ------------------------------------------------------------------------------------------------------------------------------- a step


def test_wiring_gets_outputs_by_connection_and_gives_inputs_by_neuron():
    built = layer()
    built({"b": (SPIKES,), "a": (SPIKES,)})
    assert {name: value.tolist() for name, value in built.wired[0].items()} == {"b": [[2.0, 2.0]], "a": [[2.0, 2.0]]}


def test_forward_runs_the_connections_that_are_named_alone_and_returns_spikes_by_neuron():
    built = layer()
    calls = []
    for name, part in (*built.named_connections, *built.named_neurons):
        part.register_forward_hook(lambda *_, name=name: calls.append(name))
    spikes = built({"a": (SPIKES,)})
    assert calls == ["a", "x"]
    assert {name: (value.dtype, tuple(value.shape)) for name, value in spikes.items()} == {"x": (torch.bool, (1, 2))}
    assert list(built({"a": (SPIKES,), "b": (SPIKES,)})) == ["x", "y"]
    assert calls == ["a", "x", "a", "b", "x", "y"]


class Noting(snn.DeltaPlusCurrent):
    """Takes down a keyword of its own."""

    def forward(self, *inputs, note=None):
        self.note = note
        return super().forward(*inputs)


class Locked(snn.LIF):
    """Takes down the keyword of its step."""

    def forward(self, inputs, refrac_lock=True):
        self.lock = refrac_lock
        return super().forward(inputs, refrac_lock)


def test_forward_unpacks_inputs_and_keywords_for_each_call():
    built = layer()
    built.del_connection("b"), built.del_neuron("x")
    built.add_neuron("x", Locked(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=10.0))
    added = snn.LinearDense(
        3, 2, 1.0, synapse=lambda shape, dt, delay, batch: Noting(shape, dt, spike_charge=1.0), weight_init=torch.ones_like
    )
    built.add_connection("b", added)
    injected = torch.full((1, 3), 500.0)
    _, currents = built({"a": (SPIKES,), "b": (SPIKES, injected)}, {"b": {"note": "loud"}}, capture_intermediate=True)
    assert currents["b"].tolist() == [[1502.0, 1502.0]]  # two spikes and three times 500 nA
    assert added.synapse.note == "loud"
    assert built.neurons.x.lock is True
    built({"a": (SPIKES,)}, neuron_kwargs={"x": {"refrac_lock": False}})
    assert built.neurons.x.lock is False
    with pytest.raises(AttributeError, match="There is no neuron 'z'"):
        built({"a": (SPIKES,)}, neuron_kwargs={"z": {}})
    with pytest.raises(AttributeError, match="There is no connection 'z'"):
        built({"z": (SPIKES,)})


def test_forward_hands_further_keywords_to_the_wiring():
    built, plain = layer(), layer()
    built({"a": (SPIKES,)}, gain=3.0)
    for _ in range(1):
        plain({"a": (SPIKES,)}, gain=1.0)
    rise, alone = (each.neurons.x.voltage + 65.0 for each in (built, plain))
    torch.testing.assert_close(rise, 3 * alone, rtol=1e-4, atol=1e-4)
    with pytest.raises(TypeError, match="spelled_wrong"):
        built({"a": (SPIKES,)}, spelled_wrong=1)


def test_forward_captures_the_outputs_of_connections_on_request():
    built = layer()
    spikes, currents = built({"a": (SPIKES,), "b": (SPIKES,)}, capture_intermediate=True)
    assert set(spikes) == {"x", "y"}
    assert {name: value.tolist() for name, value in currents.items()} == {"a": [[2.0, 2.0]], "b": [[2.0, 2.0]]}
    assert isinstance(built({"a": (SPIKES,)}, capture_intermediate=False), dict)


def learning():
    built = layer()
    for name in ("a", "b"):
        built.get_connection(name).defaultupdater()
        built.get_connection(name).updater.weight = torch.full((2, 3), 0.5)
    return built


def weights(built):
    return [part.weight.max().item() for _, part in built.named_connections]


def test_update_applies_all_that_is_pending_and_clears_it():
    built = learning()
    assert built.update() is None
    assert weights(built) == [1.5, 1.5]
    built.update()
    assert weights(built) == [1.5, 1.5]


def test_update_without_clear_keeps_what_is_pending():
    built = learning()
    built.update(clear=False)
    built.update(False)
    assert weights(built) == [2.0, 2.0]


def test_update_calls_every_updater_so_that_its_hooks_run():
    built = learning()
    for _, part in built.named_connections:
        snn.Clamping(part.updater, "parent.weight", max=1.25).register()
    built.update()
    assert weights(built) == [1.25, 1.25]


def test_clear_reaches_connections_and_neurons_with_its_keywords_or_leaves_them():
    built, heard = layer(), []
    built({"a": (SPIKES,), "b": (SPIKES,)})
    before = built.neurons.x.voltage
    assert built.clear(submodules=False) is None
    assert torch.equal(built.neurons.x.voltage, before)
    assert built.connections.a.synspike.any()
    for part in (built.connections.a, built.neurons.x):
        part.clear = lambda inner=part.clear, **kwargs: heard.append(kwargs) or inner(**kwargs)
    built.clear(keep_adaptations=False)
    assert heard == [{"keep_adaptations": False}] * 2
    assert built.neurons.x.voltage.eq(-65.0).all()
    assert not built.connections.a.synspike.any()
