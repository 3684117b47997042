"""A layer: its parts by name, its errors, and a step that is done whole or not at all."""

import copy
import math

import pytest
import torch

import snnlab as snn

DELTA = snn.DeltaCurrent.partialconstructor(100.0)


def dense(inputs=3, outputs=2, **arguments):
    return snn.LinearDense(inputs, outputs, 1.0, **({"synapse": DELTA, "weight_init": torch.ones_like} | arguments))


def lif(shape=2, **arguments):
    return snn.LIF(shape, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0, **arguments)


class Sum(snn.Layer):
    """Every connection feeds every group of neurons named."""

    def wiring(self, inputs, gain=1.0, to=("out",)):
        return {name: gain * sum(inputs.values()) for name in to}


def build(**arguments):
    layer = Sum()
    layer.add_connection("left", dense(3, **arguments))
    layer.add_connection("right", dense(4, **arguments))
    layer.add_neuron("out", lif(**arguments))
    layer.add_neuron("other", lif(**arguments))
    return layer


def inputs(batch=1):
    return {"left": (torch.ones(batch, 3),), "right": (torch.ones(batch, 4),)}


# ----------------------------------------------------------------------------------------------------------------------- parts


def test_a_part_is_returned_when_added_and_found_by_its_name():
    layer, connection, neuron = Sum(), dense(), lif()
    assert layer.add_connection("a", connection) is connection
    assert layer.add_neuron("b", neuron) is neuron
    assert layer.get_connection("a") is layer.connections.a is connection
    assert layer.get_neuron("b") is layer.neurons.b is neuron
    cell = layer.add_cell("a", "b")
    assert layer.add_cell("a", "b") is layer.get_cell("a", "b") is layer.cells.a.b is cell


def test_parts_are_listed_with_their_names():
    layer = build()
    cell = layer.add_cell("left", "out")
    assert list(layer.named_connections) == [("left", layer.connections.left), ("right", layer.connections.right)]
    assert list(layer.named_neurons) == [("out", layer.neurons.out), ("other", layer.neurons.other)]
    assert list(layer.named_synapses) == [("left", layer.connections.left.synapse), ("right", layer.connections.right.synapse)]
    assert list(layer.named_cells) == [(("left", "out"), cell)]


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda layer: layer.add_connection("left", dense()), RuntimeError, "There is a connection 'left' already"),
        (lambda layer: layer.add_neuron("out", lif()), RuntimeError, "There is a neuron 'out' already"),
        (lambda layer: layer.add_connection("two words", dense()), ValueError, "name must be an identifier, .* but is 'two words'"),
        (lambda layer: layer.add_connection("a.b", dense()), ValueError, "name must be an identifier"),
        (lambda layer: layer.add_connection("class", dense()), ValueError, "name must be an identifier"),
        (lambda layer: layer.add_neuron("", lif()), ValueError, "name must be a string that is not empty"),
        (lambda layer: layer.add_neuron(3, lif()), TypeError, "name must be a string, but is 3"),
        (lambda layer: layer.add_connection("forward", dense()), ValueError, "name must be free, but 'forward' means something else"),
        (lambda layer: layer.add_neuron("values", lif()), ValueError, "name must be free"),
        (lambda layer: layer.add_neuron("pop", lif()), ValueError, "name must be free, but 'pop' means something else .* Try pop_1"),
        (lambda layer: layer.add_neuron("__out", lif()), ValueError, "name must be free"),
        (lambda layer: layer.add_connection("new", lif()), TypeError, "connection must be a Connection, but is of type LIF"),
        (lambda layer: layer.add_neuron("new", dense()), TypeError, "neuron must be a Neuron, but is of type LinearDense"),
        (lambda layer: layer.get_connection("up"), AttributeError, "There is no connection 'up'; there is: left, right"),
        (lambda layer: layer.get_neuron("up"), AttributeError, "There is no neuron 'up'; there is: out, other"),
        (lambda layer: layer.get_cell("right", "out"), AttributeError, r"Make it with add_cell\('right', 'out'\)"),
        (lambda layer: layer.get_cell("up", "down"), AttributeError, "There is no cell of 'up' and 'down'"),
        (lambda layer: layer.add_cell("up", "out"), AttributeError, "There is no connection 'up'"),
        (lambda layer: layer.add_cell("left", "up"), AttributeError, "There is no neuron 'up'"),
        (lambda layer: layer.del_connection("up"), AttributeError, "There is no connection 'up'"),
        (lambda layer: layer.del_neuron("up"), ValueError, "There is no neuron 'up'"),
        (lambda layer: layer.del_cell("up", "out"), AttributeError, "There is no connection 'up'"),
        (lambda layer: layer.del_cell("left", "up"), AttributeError, "There is no neuron 'up'"),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(act, error, words):
    layer = build()
    layer.add_cell("left", "out")
    before = [*layer.named_connections, *layer.named_neurons, *layer.named_cells]
    with pytest.raises(error, match=words):
        act(layer)
    assert [*layer.named_connections, *layer.named_neurons, *layer.named_cells] == before


def test_a_cell_that_cannot_be_leaves_no_trace():
    layer = build()
    layer.add_neuron("wide", lif(5))
    with pytest.raises(RuntimeError, match=r"outputs of shape \(2,\), but neuron 'wide' is of shape \(5,\)"):
        layer.add_cell("left", "wide")
    assert list(layer.named_cells) == []
    assert list(layer.cells) == []


def test_deleting_a_part_deletes_its_cells():
    layer = build()
    for connection in ("left", "right"):
        for neuron in ("out", "other"):
            layer.add_cell(connection, neuron)
    layer.del_cell("left", "out")
    layer.del_cell("left", "out")  # already gone: no error
    assert [names for names, _ in layer.named_cells] == [("left", "other"), ("right", "out"), ("right", "other")]
    layer.del_neuron("other")
    assert [names for names, _ in layer.named_cells] == [("right", "out")]
    layer.del_connection("right")
    assert list(layer.named_cells) == []
    assert layer({"left": inputs()["left"]}).keys() == {"out"}
    layer.add_connection("right", dense(4))
    assert layer.add_cell("right", "out") in dict(layer.named_cells).values()


def test_proxies_are_read_only_and_what_they_reach_is_not():
    layer = build()
    cell = layer.add_cell("left", "out")
    for proxy, name in ((layer.connections, "left"), (layer.neurons, "out"), (layer.cells, "left"), (layer.cells.left, "out")):
        with pytest.raises(AttributeError, match="cannot be replaced here"):
            setattr(proxy, name, None)
        with pytest.raises(AttributeError, match="cannot be deleted here"):
            delattr(proxy, name)
        with pytest.raises(AttributeError, match=r"There is no .* 'nobody'; there is:"):
            proxy.nobody  # noqa: B018
        assert name in list(proxy)
        assert name in dir(proxy)
        assert proxy[name] is getattr(proxy, name) or isinstance(proxy[name], snn.Proxy)
    layer.connections.left.weight = torch.zeros(2, 3)
    assert not layer.get_connection("left").weight.any()
    layer.cells.left.out.note = "seen"
    assert cell.note == "seen"
    assert copy.deepcopy(layer.connections).left.weight.shape == (2, 3)


# ------------------------------------------------------------------------------------------------------------------------ a step


def test_a_step_runs_what_is_named_and_returns_spikes_by_name():
    layer = build()
    spikes, currents = layer(inputs(), capture_intermediate=True, to=("out", "other"))
    assert {name: each.tolist() for name, each in spikes.items()} == {"out": [[True, True]], "other": [[True, True]]}
    assert {name: each.tolist() for name, each in currents.items()} == {"left": [[300.0, 300.0]], "right": [[400.0, 400.0]]}
    layer.clear()
    assert layer({"left": inputs()["left"]})["out"].all()
    assert layer.connections.left.synapse.spike.all()
    assert not layer.connections.right.synapse.spike.any()
    assert not layer.neurons.other.spike.any()


def test_keywords_go_where_they_are_meant():
    layer = build()
    assert not layer(inputs(), gain=0.0)["out"].any()
    layer({"left": (torch.ones(1, 3),)}, neuron_kwargs={"out": {"refrac_lock": False}}, connection_kwargs={"right": {}})
    layer.clear()
    layer(inputs=inputs(), gain=-1.0)
    assert (layer.neurons.out.voltage < -65.0).all()


def test_a_tensor_alone_will_do_for_a_tuple_of_one():
    assert build()({"left": torch.ones(1, 3)})["out"].all()


def test_parts_are_called_so_that_their_hooks_run():
    layer, called = build(), []
    for _, part in (*layer.named_connections, *layer.named_neurons):
        part.register_forward_hook(lambda module, *_: called.append(type(module).__name__))
    layer(inputs())
    assert called == ["LinearDense", "LinearDense", "LIF"]


def test_cells_that_ran_count_the_step_and_others_do_not():
    layer = build()
    cells = [layer.add_cell(c, n) for c in ("left", "right") for n in ("out", "other")]
    layer({"left": inputs()["left"]})
    assert [cell.steps for cell in cells] == [1, 0, 0, 0]


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"inputs": {"left": torch.ones(1, 3), "up": torch.ones(1, 3)}}, AttributeError, "There is no connection 'up'"),
        (
            {"inputs": {"left": torch.ones(1, 3), "right": torch.ones(1, 3)}},
            ValueError,
            r"inputs of 'right' must be of shape \(1, 4\) \(B x inshape\)",
        ),
        ({"inputs": {"left": torch.ones(1, 3), "right": torch.ones(2, 4)}}, ValueError, "Set batchsz of the layer for another batch size"),
        ({"inputs": {"left": torch.ones(1, 3), "right": torch.full((1, 4), math.nan)}}, ValueError, "inputs of 'right' must be finite"),
        ({"inputs": {"left": torch.ones(1, 3), "right": ()}}, TypeError, "but got none"),
        ({"inputs": {"left": torch.ones(1, 3), "right": "on"}}, TypeError, r"inputs\[0\] of 'right' must be a torch.Tensor, but is 'o'"),
        ({"neuron_kwargs": {"out": {"adapt": True}}}, TypeError, "LIF.forward got an unexpected keyword argument 'adapt'"),
        ({"gian": 2.0}, TypeError, "Sum.wiring got an unexpected keyword argument 'gian'"),
        ({"neuron_kwargs": {"ouch": {}}}, AttributeError, "There is no neuron 'ouch'"),
        ({"connection_kwargs": {"lift": {}}}, AttributeError, "There is no connection 'lift'"),
        ({"connection_kwargs": {"left": {"gain": 1.0}}}, TypeError, "DeltaCurrent takes no keyword 'gain'"),
    ],
)
def test_a_step_that_is_refused_leaves_every_part_as_it_was(arguments, error, words):
    layer = build()
    layer.add_cell("left", "out")
    layer(inputs())
    before = {key: value.clone() for key, value in layer.state_dict().items()}
    with pytest.raises(error, match=words):
        layer(**({"inputs": inputs()} | arguments))
    after = layer.state_dict()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert layer.cells.left.out.steps == 1


def test_parts_of_unequal_batch_sizes_are_refused_before_they_run():
    layer = build()
    layer.add_cell("left", "out")
    layer.connections.left.batchsz = 2
    with pytest.raises(RuntimeError, match=r"connection 'left' has batchsz 2, but neuron 'out' has 1. Set batchsz of the layer"):
        layer({"left": torch.ones(2, 3)})
    assert not layer.connections.left.synapse.spike.any()
    with pytest.raises(RuntimeError, match=r"batch sizes \[1, 2\]"):
        layer.batchsz  # noqa: B018
    layer.batchsz = 3
    assert layer(inputs(3))["out"].all()
    with pytest.raises(ValueError, match="batchsz must be"):
        layer.batchsz = 0
    assert layer.batchsz == 3


def test_wiring_to_nobody_is_refused_by_name():
    with pytest.raises(AttributeError, match="There is no neuron 'nobody'; there is: out, other"):
        build()(inputs(), to=("nobody",))


class Fed(snn.Layer):
    """Asks for two connections by name."""

    def __init__(self, second="right"):
        super().__init__()
        self.second = second
        self.add_connection("left", dense())
        self.add_connection("right", dense())
        self.add_neuron("out", lif())

    def wiring(self, inputs):
        return {"out": inputs["left"] + inputs[self.second]}


def test_a_wiring_that_asks_for_what_was_not_given_says_what_and_what_was():
    layer = Fed()
    words = r"wiring of Fed asks for 'right', but inputs were given only for left\. Give inputs for 'right' too, .*inputs\.get\('right'\)"
    with pytest.raises(KeyError, match=words) as caught:
        layer({"left": torch.ones(1, 3)})
    # As it says: the connection has stepped, the neurons have not.
    assert "The connections given have stepped by now, the neurons have not" in str(caught.value)
    assert layer.connections.left.synspike.all()
    assert (layer.neurons.out.voltage == -65.0).all()
    with pytest.raises(KeyError, match="inputs were given for none"):
        layer({})


def test_a_wiring_that_asks_for_an_unknown_connection_says_which_there_are():
    with pytest.raises(KeyError, match=r"asks for 'wrong', .* There is no connection 'wrong'; there is: left, right"):
        Fed("wrong")({"left": torch.ones(1, 3), "right": torch.ones(1, 3)})


def test_a_wiring_may_do_without_and_what_is_captured_is_a_plain_dict():
    class Lenient(Fed):
        def wiring(self, inputs):
            assert inputs.get("right") is None
            assert "right" not in inputs
            return {"out": sum(inputs.values())}

    spikes, currents = Lenient()({"left": torch.ones(1, 3)}, capture_intermediate=True)
    assert spikes["out"].all()
    assert type(currents) is dict


def test_a_layer_without_wiring_cannot_be_built():
    with pytest.raises(TypeError, match="wiring"):
        snn.Layer()


# --------------------------------------------------------------------------------------------------------------- update and clear


def test_update_applies_what_is_pending_in_every_connection():
    layer = build()
    for _, connection in layer.named_connections:
        connection.defaultupdater().weight = torch.ones_like(connection.weight)
    layer.update(clear=False)
    layer.update()
    layer.update()
    assert [connection.weight.unique().tolist() for _, connection in layer.named_connections] == [[3.0], [3.0]]
    with pytest.raises(TypeError):
        layer.update(cleer=True)


def test_clear_brings_all_parts_to_rest_or_leaves_them():
    layer = build()
    layer.add_neuron("slow", snn.ALIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-60.0, refrac_t=1.0, tc_membrane=9.0,
                                      tc_adaptation=90.0, spike_increment=2.0))  # fmt: skip
    layer(inputs(), to=("slow",))
    layer.clear(submodules=False)
    assert layer.connections.left.synapse.spike.all()
    layer.clear()
    assert not layer.connections.left.synapse.spike.any()
    assert not layer.neurons.slow.spike.any()
    assert layer.neurons.slow.threshold_adaptation.any()
    layer.clear(keep_adaptations=False)
    assert not layer.neurons.slow.threshold_adaptation.any()


def test_one_step_time_for_every_part():
    layer = build()
    layer.dt = 0.5
    assert {part.dt for part in (*dict(layer.named_connections).values(), *dict(layer.named_neurons).values())} == {0.5}
    assert layer.dt == 0.5
    layer.connections.left.dt = 0.25
    with pytest.raises(RuntimeError, match=r"The parts of the layer step by \[0\.25, 0\.5\] ms\. Set dt to make them one"):
        layer.dt  # noqa: B018


def test_a_batch_that_differs_is_refused_before_any_part_has_run_also_where_no_cell_is():
    layer = build()
    assert list(layer.named_cells) == []
    layer.neurons.out.batchsz = 4
    with pytest.raises(RuntimeError, match="connection 'left' has batchsz 1, but neuron 'out' has 4"):
        layer({"left": inputs()["left"]})
    assert not layer.connections.left.synspike.any()


# ------------------------------------------------------------------------------------------------------------------------ recurrence


class Ring(snn.Layer):
    """The recipe of `help(snn.Layer)`: a group of three whose each neuron feeds the next."""

    def __init__(self, delay=None, batch=1):
        super().__init__()
        charge = snn.DeltaCurrent.partialconstructor(60.0)
        self.add_connection("ext", snn.LinearDirect(3, 1.0, synapse=charge, weight_init=torch.ones_like, batch_size=batch))
        rec = snn.LinearLateral(
            3, 1.0, synapse=charge, weight_init=lambda _: torch.eye(3).roll(1, dims=0), delay=delay, batch_size=batch,
            delay_init=None if delay is None else lambda like: torch.full_like(like, delay),
        )  # fmt: skip
        self.add_connection("rec", rec)
        self.add_neuron(
            "group", snn.LIF(3, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=0.0, time_constant=10.0, batch_size=batch)
        )

    def wiring(self, inputs, **kwargs):
        return {"group": inputs["ext"] + inputs["rec"]}

    def forward(self, inputs, **kwargs):
        return super().forward({**inputs, "rec": self.neurons.group.spike}, **kwargs)


class Open(Ring):
    """The same without a `forward` of its own."""

    forward = snn.Layer.forward


class Single(Ring):
    """The same for the outer inputs alone, as a tensor."""

    @property
    def batched_inshape(self):
        return self.connections.ext.batched_inshape

    def forward(self, x, **kwargs):
        return super().forward({"ext": x}, **kwargs)


def kick(steps, batch=1):
    inputs = torch.zeros(steps, batch, 3, dtype=torch.bool)
    inputs[0, 0, 0] = True
    return inputs


@pytest.mark.parametrize("delay", [None, 0.0, 1.0, 3.0])
def test_what_a_group_feeds_to_itself_comes_back_a_step_later_than_its_delay(delay):
    # By hand: one spike goes round a ring of three, and takes the delay and one step from each neuron to the next.
    spikes = snn.run(Ring(delay), {"ext": kick(13)})["spikes.group"].values[:, 0]
    came = [(step, neuron) for step, neuron in spikes.nonzero().tolist()]
    each = int(1 + (delay or 0))
    assert came == [(lap * each, lap % 3) for lap in range(13) if lap * each < 13]


@pytest.mark.parametrize("batch", [1, 2])
def test_a_generator_a_dict_and_a_tensor_run_it_alike(batch):
    layer, inputs = Open(2.0, batch), kick(9, batch)
    expected = snn.run(Ring(2.0, batch), {"ext": inputs})["spikes.group"].values
    seen = snn.run(layer, ({"ext": x, "rec": layer.neurons.group.spike} for x in inputs))
    assert torch.equal(seen["spikes.group"].values, expected)
    assert torch.equal(snn.run(Single(2.0, batch), inputs)["spikes.group"].values, expected)
    assert expected[:, 0].any()
    assert not expected[:, 1:].any()


def test_a_group_that_feeds_itself_resumes_and_comes_to_rest():
    layer, twin, inputs = Ring(2.0), Ring(2.0), kick(12)
    whole = snn.run(Ring(2.0), {"ext": inputs})["spikes.group"].values
    snn.run(layer, {"ext": inputs[:5]})
    twin.load_state_dict(layer.state_dict())
    assert torch.equal(snn.run(twin, {"ext": inputs[5:]})["spikes.group"].values, whole[5:])
    twin.clear()
    assert not snn.run(twin, {"ext": ~kick(5) & False})["spikes.group"].values.any()
    assert torch.equal(snn.run(twin, {"ext": inputs})["spikes.group"].values, whole)


def test_a_rule_trains_what_feeds_back_and_a_picture_and_a_summary_show_it():
    # By hand: neuron 0 spikes at 0 ms, which arrives at 1 ms, when neuron 1 spikes: the pair is worth the whole rate.
    layer = Ring()
    layer.connections.rec.defaultupdater()
    cell = layer.add_cell("rec", "group")
    rule = snn.STDP(lr_post=0.25, lr_pre=0.0, tc_post=20.0, tc_pre=20.0)
    rule.register_cell("rec", cell)
    recording = snn.run(layer, {"ext": kick(2)}, trainers=rule, record="cells.rec.group.prespike")
    assert recording["cells.rec.group.prespike"].values[:, 0].tolist() == [[False] * 3, [True, False, False]]
    assert layer.connections.rec.weight[1].tolist() == [1.25, 0.0, 0.0]
    layer.add_cell("ext", "group")
    nodes, edges = snn.layout(layer, sources={"rec": "group"})
    assert list(nodes) == ["input", "group"]
    assert {(start, end) for start, end, _ in edges} == {("input", "group"), ("group", "group")}
    assert "connections.rec" in [part.name for part in snn.summary(layer).parts]
