"""A summary: each part with its size, and totals that count everything once."""

import pytest
import torch

import snnlab as snn
from snnlab.network.summary import human

SYNAPSE = snn.DeltaCurrent.partialconstructor(spike_charge=1.0)
EXPONENTIAL = snn.SingleExponentialCurrent.partialconstructor(spike_charge=1.0, time_constant=5.0)


def dense(inputs=6, outputs=4, batch=3, **arguments):
    return snn.LinearDense(inputs, outputs, 1.0, **({"synapse": SYNAPSE, "batch_size": batch} | arguments))


def lif(shape=4, batch=3):
    return snn.LIF(shape, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0, batch_size=batch)


def alif(batch=3):
    return snn.ALIF(
        4, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-60.0, refrac_t=2.0, tc_membrane=10.0, tc_adaptation=(10.0, 100.0),
        spike_increment=1.0, batch_size=batch,
    )  # fmt: skip


class Pair(snn.Layer):
    def wiring(self, inputs):
        return {"out": sum(inputs.values())}


def stored(model):
    """Bytes of every tensor of a model, counted by torch."""
    tensors = {id(each): each for each in (*model.parameters(), *model.buffers())}
    return sum(each.untyped_storage().nbytes() for each in tensors.values())


def test_a_layer_is_listed_part_by_part_under_the_names_that_run_takes():
    layer = Pair()
    layer.add_connection("near", dense(bias=True)).defaultupdater()
    layer.add_connection("far", dense(5, synapse=EXPONENTIAL, delay=7.0))
    layer.add_neuron("out", lif())
    layer.add_cell("near", "out")
    table = snn.summary(layer)
    assert [(part.name, part.kind, part.shape) for part in table.parts] == [
        ("connections.near", "LinearDense", "6 → 4"),
        ("connections.near.synapse", "DeltaCurrent", "6"),
        ("connections.near.updater", "Updater", "of weight, bias"),
        ("connections.far", "LinearDense", "5 → 4"),
        ("connections.far.synapse", "SingleExponentialCurrent", "5"),
        ("neurons.out", "LIF", "4"),
        ("cells.near.out", "Cell", "near → out"),
    ]
    assert table.title == "Pair, batch 3, steps of 1 ms"
    readable = [part.name for part in table.parts if part.name.startswith("neurons")]
    assert list(snn.run(layer, [{"near": torch.zeros(3, 6)}], record=[f"{name}.voltage" for name in readable]))


def test_parameters_are_counted():
    parts = {part.name: part for part in snn.summary(snn.Serial(dense(bias=True, delay=7.0), alif())).parts}
    assert parts["connections.serial"].parameters == 6 * 4 + 4 + 6 * 4  # weights, biases, delays
    assert parts["connections.serial"].memory == 4 * (6 * 4 + 4 + 6 * 4)  # float32
    assert parts["neurons.serial"].parameters == 0
    assert parts["neurons.serial"].memory == 4 * 4 * 2  # two adaptations a neuron, which the batch shares
    assert parts["neurons.serial"].state == 3 * 4 * (4 + 4 + 1)  # voltage, refractory steps, spike


def test_delays_are_shown_with_their_range_and_what_a_synapse_remembers():
    connection = dense(delay=20.0, delay_init=lambda like: torch.linspace(2.5, 19.0, like.numel()).reshape(like.shape))
    assert [part.delays for part in snn.summary(connection).parts] == ["2.5–19 ms", "21 slots"]
    assert [part.delays for part in snn.summary(dense(delay=20.0)).parts] == ["0 ms", "21 slots"]
    assert [part.delays for part in snn.summary(dense()).parts] == ["", "1 slot"]


def test_of_a_masked_connection_the_open_weights_are_counted_and_only_their_delays_are_shown():
    connection = dense(delay=20.0, delay_init=lambda like: torch.linspace(0.0, 20.0, like.numel()).reshape(like.shape))
    mask = torch.zeros(4, 6)
    mask[1, :3] = 1.0  # the delays of these are 6, 7 and 8 of 23 steps of 20/23 ms
    connection.mask = mask
    table = snn.summary(snn.Serial(connection, lif()))
    first, *others = table.parts
    assert (first.open, first.parameters, first.delays) == ((3, 24), 48, "5.22–6.96 ms")
    assert [part.open for part in others] == [None] * 3
    _, head, _, line, *_ = str(table).splitlines()
    assert head.split() == ["part", "kind", "shape", "parameters", "open", "delays", "memory", "state"]
    assert " 3 of 24  5.22–6.96 ms" in line
    assert '<td style="text-align:right">3 of 24</td>' in table._repr_html_()
    connection.mask = torch.zeros(4, 6)
    closed = snn.summary(connection).parts[0]
    assert (closed.open, closed.delays) == ((0, 24), "")


def test_the_diagonal_of_a_lateral_connection_is_no_synapse():
    connection = snn.LinearLateral(4, 1.0, synapse=EXPONENTIAL, delay=9.0, delay_init=lambda like: torch.full_like(like, 5.0))
    part = snn.summary(connection).parts[0]
    assert (part.parameters, part.open, part.delays) == (32, (12, 16), "5 ms")


def test_without_a_mask_there_is_no_column_for_it():
    assert "open" not in str(snn.summary(dense()))
    assert "open" not in snn.summary(dense())._repr_html_()


def test_state_grows_with_the_batch_and_memory_does_not():
    layer = snn.Serial(dense(delay=7.0), alif())
    small = snn.summary(layer).total
    layer.batchsz = 30
    large = snn.summary(layer).total
    assert (large.memory, large.parameters) == (small.memory, small.parameters)
    assert large.state == 10 * small.state > 0


MODELS = {
    "Serial": lambda: snn.Serial(dense(delay=7.0, bias=True), alif()),
    "Biclique": lambda: snn.Biclique([("a", dense(), torch.nn.Linear(4, 4)), ("b", dense(5))], [("out", lif()), ("other", alif())]),
    "RecurrentSerial": lambda: snn.RecurrentSerial(dense(), dense(4, 2), dense(2, 4), lif(), lif(2)),
    "LinearLateral": lambda: snn.LinearLateral(4, 1.0, synapse=EXPONENTIAL, delay=3.0, batch_size=2),
    "ALIF": alif,
    "DeltaCurrent": lambda: snn.DeltaCurrent(4, 1.0, spike_charge=1.0, delay=5.0),
    "Linear": lambda: torch.nn.Linear(3, 4),
    "ModuleList": lambda: torch.nn.ModuleList([snn.Serial(dense(), alif()), MODELS["RecurrentSerial"](), torch.nn.Linear(3, 4)]),
    "Mixed": lambda: Mixed(),
}


class Mixed(torch.nn.Module):
    """A module of torch, with a parameter of its own and with a connection within a container."""

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(5))
        self.inner = torch.nn.ModuleDict({"up": dense()})


@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS)
def test_the_total_is_all_that_torch_stores_and_the_sum_of_the_parts(build):
    model = build()
    table = snn.summary(model)
    assert table.total.memory + table.total.state == stored(model)
    assert table.total.parameters == sum(each.numel() for each in model.parameters())
    for column in ("parameters", "memory", "state"):
        assert getattr(table.total, column) == sum(getattr(part, column) for part in table.parts)


def test_what_two_parts_share_is_counted_once_in_the_total():
    layer, shared = Pair(), lif()
    layer.add_neuron("out", shared)
    layer.add_neuron("other", shared)
    table = snn.summary(layer)
    assert [part.name for part in table.parts] == ["neurons.out", "neurons.other"]
    assert table.total.state == table.parts[0].state == stored(shared)


def test_the_layers_own_state_and_transforms_have_lines_of_their_own():
    recurrent = {part.name: part for part in snn.summary(MODELS["RecurrentSerial"]()).parts}
    assert recurrent["itself"].state == 3 * 2 * 1  # the spikes that are fed back
    biclique = {part.name: part for part in snn.summary(MODELS["Biclique"]()).parts}
    assert biclique["after_a"].parameters == 4 * 4 + 4


def test_of_a_container_every_module_in_it_is_listed():
    table = snn.summary(MODELS["ModuleList"]())
    assert [(part.name, part.kind) for part in table.parts] == [
        ("0.connections.serial", "LinearDense"),
        ("0.connections.serial.synapse", "DeltaCurrent"),
        ("0.neurons.serial", "ALIF"),
        ("0.cells.serial.serial", "Cell"),
        ("1.connections.feedfwd", "LinearDense"),
        ("1.connections.feedfwd.synapse", "DeltaCurrent"),
        ("1.connections.lateral", "LinearDense"),
        ("1.connections.lateral.synapse", "DeltaCurrent"),
        ("1.connections.feedback", "LinearDense"),
        ("1.connections.feedback.synapse", "DeltaCurrent"),
        ("1.neurons.feedfwd", "LIF"),
        ("1.neurons.feedback", "LIF"),
        ("1.cells.feedfwd.feedfwd", "Cell"),
        ("1", "RecurrentSerial"),
        ("2", "Linear"),
    ]
    mixed = snn.summary(Mixed())
    assert [(part.name, part.parameters) for part in mixed.parts] == [("inner.up", 24), ("inner.up.synapse", 0), ("itself", 5)]


def test_a_module_without_anything_of_this_library_is_one_line():
    assert [part.name for part in snn.summary(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())).parts] == ["itself"]
    assert "no parts yet" in str(snn.summary(torch.nn.ModuleList([Pair()])))


def test_a_layer_without_parts_and_one_of_unequal_parts_are_shown_too():
    layer = Pair()
    assert "no parts yet" in str(snn.summary(layer))
    assert snn.summary(layer).total.state == 0
    layer.add_neuron("out", lif(batch=1))
    layer.add_neuron("other", lif(batch=2))
    assert snn.summary(layer).title == "Pair, steps of 1 ms"


def test_the_table_is_aligned_and_ends_with_the_total():
    text = str(snn.summary(MODELS["Serial"]()))
    title, head, rule, *body, _, total = text.splitlines()
    assert title == "Serial, batch 3, steps of 1 ms"
    assert head.split() == ["part", "kind", "shape", "parameters", "delays", "memory", "state"]
    assert set(rule) == {"─"}
    assert len(rule) == max(map(len, [head, *body, total]))
    assert total.split()[:2] == ["total", "52"]
    assert {line.index("→") for line in body if "6 → 4" in line} == {head.index("shape") + 2}


def test_a_notebook_shows_a_table_of_the_same_words():
    html = snn.summary(MODELS["Serial"]())._repr_html_()
    assert html.count("<tr>") == 1 + 4 + 1
    assert '<td style="text-align:left">connections.serial</td>' in html
    assert "<" not in html.split("<caption>")[1].split("</caption>")[0]


def test_words_of_a_user_are_escaped_in_a_notebook():
    odd = type("A<b>", (torch.nn.Linear,), {})(1, 1)
    assert "A&lt;b&gt;" in snn.summary(odd)._repr_html_()
    assert "A<b>" not in snn.summary(odd)._repr_html_()


def test_it_can_be_made_of_a_model_without_values():
    assert "to 7 ms" in str(snn.summary(snn.Serial(dense(delay=7.0), lif()).to("meta")))


def test_what_is_no_module_is_refused():
    with pytest.raises(TypeError, match=r"model must be a module, such as a Layer or a Connection, but is 3 \(int\)"):
        snn.summary(3)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, ""), (1, "1 B"), (1023, "1023 B"), (1024, "1.00 KiB"), (10 * 1024, "10.0 KiB"), (300 * 1024, "300 KiB"),
     (1023 * 1024, "1023 KiB"), (1024**2, "1.00 MiB"), (5 * 1024**3, "5.00 GiB"), (2000 * 1024**4, "2000 TiB")],
)  # fmt: skip
def test_bytes_are_said_in_the_unit_that_suits_them(size, words):
    assert human(size) == words
