"""Biclique: every connection feeds every group of neurons."""

import copy

import pytest
import torch

import snnlab as snn

SYNAPSE = snn.DeltaCurrent.partialconstructor(1.0)


def dense(inputs, weight, outputs=2, **arguments):
    return snn.LinearDense(inputs, outputs, 1.0, synapse=SYNAPSE, weight_init=lambda like: torch.full_like(like, weight), **arguments)


def lif(threshold=-60.0, shape=2, **arguments):
    return snn.LIF(shape, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=threshold, refrac_t=0.0, time_constant=10.0, **arguments)


def build(combine="sum", **arguments):
    # Currents of a step of ones: 3 x 2 = 6 nA, 4 x 1 = 4 nA, 1 x (-3) = -3 nA.
    connections = [("a", dense(3, 2.0, **arguments)), ("b", dense(4, 1.0, **arguments)), ("c", dense(1, -3.0, **arguments))]
    return snn.Biclique(connections, [("near", lif(**arguments)), ("far", lif(-40.0, **arguments))], combine)


def inputs(batch=1):
    return {"a": (torch.ones(batch, 3),), "b": (torch.ones(batch, 4),), "c": (torch.ones(batch, 1),)}


def driven_by(layer, given):
    """The current that each group of neurons is called with."""
    seen = {}
    handles = [neuron.register_forward_pre_hook(lambda _, args, n=name: seen.update({n: args[0]})) for name, neuron in layer.named_neurons]
    layer(given)
    for handle in handles:
        handle.remove()
    return seen


@pytest.mark.parametrize(("combine", "expected"), [("sum", 7.0), ("mean", 7 / 3), ("prod", -72.0), ("min", -3.0), ("max", 6.0)])
def test_currents_are_combined_element_by_element_with_no_axis_left_over(combine, expected):
    seen = driven_by(build(combine, batch_size=5), inputs(5))
    assert set(seen) == {"near", "far"}
    for current in seen.values():
        torch.testing.assert_close(current, torch.full((5, 2), expected))


@pytest.mark.parametrize(("combine", "expected"), [("sum", 10.0), ("mean", 5.0), ("prod", 24.0), ("min", 4.0), ("max", 6.0)])
def test_only_the_connections_that_are_named_count(combine, expected):
    given = {name: each for name, each in inputs().items() if name != "c"}
    assert driven_by(build(combine), given)["near"].tolist() == [[expected, expected]]
    assert driven_by(build(combine), {"b": torch.ones(1, 4)})["near"].tolist() == [[4.0, 4.0]]


def test_a_step_gives_spikes_by_neuron_and_currents_by_connection():
    layer = build(lambda currents, gain=1.0: 10 * gain * currents["a"])
    spikes, currents = layer(inputs(), capture_intermediate=True)
    # From rest, 60 nA for 1 ms at 1 MΩ and 10 ms: 60 (1 - exp(-0.1)) = 5.7 mV, above -60 mV and below -40 mV.
    assert {name: each.tolist() for name, each in spikes.items()} == {"near": [[True, True]], "far": [[False, False]]}
    assert {name: each.tolist() for name, each in currents.items()} == {"a": [[6.0, 6.0]], "b": [[4.0, 4.0]], "c": [[-3.0, -3.0]]}


def test_a_word_that_is_set_later_is_checked_when_it_is_used():
    layer = build()
    layer.combine = "median"
    with pytest.raises(ValueError, match="combine must be one of 'sum', 'mean', 'prod', 'min', 'max', but is 'median'"):
        layer(inputs(1))


def test_a_function_combines_and_takes_keywords():
    layer = build(lambda currents, gain=1.0: gain * (currents["a"] - currents["b"]))
    assert not layer(inputs())["near"].any()
    layer.clear()
    assert layer(inputs(), gain=100.0)["near"].all()
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    with pytest.raises(TypeError, match="unexpected keyword argument 'gian'"):
        layer(inputs(), gian=1.0)
    with pytest.raises(TypeError, match="Biclique takes no keyword 'gain': it combines by 'sum'"):
        build()(inputs(), gain=1.0)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


def test_transforms_come_after_connections_and_before_neurons():
    layer = snn.Biclique(
        [("a", dense(3, 2.0), lambda current: 10 * current), ("b", dense(4, 1.0), None)],
        [("near", lif()), ("far", lif(), lambda current: -current)],
    )
    _, captured = layer({name: each for name, each in inputs().items() if name != "c"}, capture_intermediate=True)
    assert captured["a"].tolist() == [[6.0, 6.0]]  # as the connection gave it
    layer.clear()
    seen = driven_by(layer, {name: each for name, each in inputs().items() if name != "c"})
    assert (seen["near"].tolist(), seen["far"].tolist()) == ([[64.0, 64.0]], [[-64.0, -64.0]])


def test_a_transform_that_is_a_module_is_a_part_of_the_layer():
    squash = torch.nn.Linear(2, 2)
    layer = snn.Biclique([("a", dense(3, 2.0), squash)], [("near", lif())])
    assert any(parameter is squash.weight for parameter in layer.parameters())
    assert copy.deepcopy(layer)({"a": torch.ones(1, 3)})["near"].shape == (1, 2)


def test_currents_of_unequal_shapes_are_refused_and_never_broadcast():
    layer = snn.Biclique([("a", dense(3, 2.0)), ("b", dense(4, 1.0), lambda current: current[:, :1])], [("near", lif())])
    with pytest.raises(
        ValueError, match=r"currents of connection 'b' must be of shape \(1, 2\), but is of shape \(1, 1\).* with those of 'a'"
    ):
        layer({"a": torch.ones(1, 3), "b": torch.ones(1, 4)})
    assert (layer.neurons.near.voltage == -65.0).all()


def test_every_pair_is_a_cell_and_sees_the_steps_it_ran():
    layer = build()
    assert [names for names, _ in layer.named_cells] == [(c, n) for c in "abc" for n in ("near", "far")]
    layer({"a": torch.ones(1, 3)})
    assert {names: cell.steps for names, cell in layer.named_cells} == {(c, n): int(c == "a") for c in "abc" for n in ("near", "far")}


def test_parts_are_called_so_that_their_hooks_run():
    layer, called = build(), []
    for name, part in (*layer.named_connections, *layer.named_neurons):
        part.register_forward_hook(lambda *_, name=name: called.append(name))
    layer(inputs())
    assert called == ["a", "b", "c", "near", "far"]


def test_a_rule_trains_one_of_its_cells():
    layer = build(lambda currents: 100 * currents["a"])
    layer.connections.a.defaultupdater()
    rule = snn.STDP(lr_post=0.1, lr_pre=-0.05, tc_post=20.0, tc_pre=20.0)
    rule.register_cell("only", layer.cells.a.near)
    before = {name: connection.weight.clone() for name, connection in layer.named_connections}
    for _ in range(3):
        layer(inputs())
        rule()
        layer.update()
    changed = {name for name, connection in layer.named_connections if not torch.equal(connection.weight, before[name])}
    assert changed == {"a"}


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([], [("n", lif())]), ValueError, r"connections must hold at least one tuple \(name, part\), but is empty"),
        (([("a", dense(3, 1.0))], []), ValueError, "neurons must hold at least one tuple"),
        (([("a",)], [("n", lif())]), ValueError, r"connections\[0\] must be a tuple .* but has 1 entries"),
        (([("a", dense(3, 1.0), None, 1)], [("n", lif())]), ValueError, r"connections\[0\] must be a tuple .* but has 4 entries"),
        (([("a", dense(3, 1.0))], [("n",)]), ValueError, r"neurons\[0\] must be a tuple .* but has 1 entries"),
        (([("a", dense(3, 1.0))], [("n", lif())], "add"), ValueError, "combine must be one of 'sum', 'mean', 'prod', .* but is 'add'"),
        (([("a", dense(3, 1.0))], [("n", lif())], None), ValueError, "combine must be one of .* but is None. Or pass a function"),
        (([dense(3, 1.0)], [("n", lif())]), TypeError, r"connections\[0\] must be a tuple .* but is of type LinearDense"),
        ((dense(3, 1.0), [("n", lif())]), TypeError, "connections must be a list of tuples .* but is of type LinearDense"),
        (({"a": dense(3, 1.0)}, [("n", lif())]), TypeError, "connections must be a list of tuples .* but is of type dict"),
        (([("a", lif())], [("n", lif())]), TypeError, "connection must be a Connection, but is of type LIF"),
        (([("a", dense(3, 1.0), 2.0)], [("n", lif())]), TypeError, r"the transform in connections\[0\] must be a function"),
        (([("a", dense(3, 1.0)), ("a", dense(3, 1.0))], [("n", lif())]), RuntimeError, "There is a connection 'a' already"),
        (([("a b", dense(3, 1.0))], [("n", lif())]), ValueError, "name must be an identifier"),
        (([("a", dense(3, 1.0))], [("n", lif(shape=3))]), RuntimeError, r"outputs of shape \(2,\), but neuron 'n' is of shape \(3,\)"),
    ],
)  # fmt: skip
def test_what_cannot_be_wired_is_refused(arguments, error, words):
    with pytest.raises(error, match=words):
        snn.Biclique(*arguments)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({}, ValueError, "inputs must name at least one connection, but are empty. There is: a, b, c"),
        ({"d": torch.ones(1, 3)}, AttributeError, "There is no connection 'd'; there is: a, b, c"),
        (torch.ones(1, 3), TypeError, r"inputs must be a dict of inputs by connection \('a', 'b', 'c'\), but is a Tensor"),
        ({"a": torch.ones(1, 3), "b": torch.ones(1, 3)}, ValueError, r"inputs of 'b' must be of shape \(1, 4\)"),
        ({"a": torch.ones(1, 3), "b": torch.ones(2, 4)}, ValueError, "inputs of 'b' must be .* Set batchsz of the layer"),
        ({"a": torch.ones(1, 3), "b": torch.full((1, 4), float("nan"))}, ValueError, "inputs of 'b' must be finite"),
        ({"a": torch.ones(1, 3), "b": ()}, TypeError, "but got none"),
        ({"a": torch.ones(1, 2)}, ValueError, r"inputs must be of shape \(1, 3\)"),  # alone it speaks for itself
    ],
)
def test_a_step_that_is_refused_leaves_every_part_as_it_was(given, error, words):
    layer = build()
    layer(inputs())
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    with pytest.raises(error, match=words):
        layer(given)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())
    assert {cell.steps for _, cell in layer.named_cells} == {1}


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"gain": 2.0}, TypeError, "Biclique takes no keyword 'gain'"),
        ({"connection_kwargs": {"b": {"gain": 2.0}}}, TypeError, "DeltaCurrent takes no keyword 'gain'"),
        ({"connection_kwargs": {"d": {}}}, AttributeError, "There is no connection 'd'"),
        ({"neuron_kwargs": {"far": {"adapt": True}}}, TypeError, "LIF.forward got an unexpected keyword argument 'adapt'"),
        ({"neuron_kwargs": {"out": {}}}, AttributeError, "There is no neuron 'out'"),
    ],
)
def test_a_keyword_that_is_refused_leaves_every_part_as_it_was(given, error, words):
    layer = build()
    layer(inputs())
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    with pytest.raises(error, match=words):
        layer(inputs(), **given)
    assert all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


@pytest.mark.parametrize("spoiled", [lambda current: current[:, :1], lambda current: current * float("nan")], ids=["a shape", "NaN"])
def test_a_transform_that_spoils_the_currents_of_one_group_lets_no_group_fire(spoiled):
    layer = snn.Biclique([("a", dense(3, 2.0))], [("near", lif()), ("far", lif(), spoiled)])
    with pytest.raises(ValueError, match="inputs of neuron 'far', from the wiring, must be"):
        layer({"a": torch.ones(1, 3)})
    for _, neuron in layer.named_neurons:
        assert neuron.voltage.eq(-65.0).all()
        assert not neuron.spike.any()


def test_its_name_says_how_it_combines():
    assert "combine='mean'" in repr(build("mean"))
