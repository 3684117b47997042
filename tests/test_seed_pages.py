"""The five pages that the library follows, member by member: each is there, with that signature, and a test shows what it does.

The tables below were written out from the pages of Connection, LinearDense, InfernoSynapse, pysnn.connection (here `snn.traced`) and
Layer: one row for every class, property and method that a page states, in the page's order. A row says

    member | kind | signature | the test that shows its behaviour

with the kinds "class", "property" (read), "property=" (read and set), "method" and "classmethod"; "abstract" where the page says so or
where the subclass must give the member, so that the base raises NotImplementedError. In a signature * and ** are as in Python. What the
page does not have may be added as a keyword alone, so that every call of the page works as it stands.
"""
# ruff: noqa: E501 - a row is a line

import ast
import inspect
from abc import ABC
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import torch

import snnlab as snn

TESTS = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One member of a page."""

    page: str
    owner: str
    member: str
    kind: str
    signature: str
    test: str

    def __str__(self):
        return f"{self.owner}.{self.member}"

    @property
    def abstract(self):
        return self.kind.startswith("abstract ")

    @property
    def form(self):
        return self.kind.removeprefix("abstract ")

    @property
    def cls(self):
        found = snn
        for part in self.owner.split("."):
            found = getattr(found, part)
        return found


def rows(page, owner, tests, table):
    for line in table.strip().splitlines():
        member, kind, signature, test = (part.strip() for part in line.split("|"))
        path, name = test.split("::") if "::" in test else (tests, test)
        yield Row(page, owner, member, kind, signature, f"{path}::{name}")


CONNECTION = """
Connection           | class              | synapse           | test_connection_takes_the_synapse_that_makes_its_currents
batched_inshape      | property           |                   | test_batched_inshape_is_the_shape_of_inputs_behind_the_batch
batched_outshape     | property           |                   | test_batched_outshape_is_the_shape_of_outputs_behind_the_batch
batchsz              | property           |                   | test_batchsz_is_that_of_the_synapse
bias                 | abstract property= |                   | test_bias_is_a_parameter_that_takes_new_values_or_none
biased               | property           |                   | test_biased_is_whether_there_are_biases
clear                | method             | **kwargs          | test_clear_reaches_the_synapse_with_its_keywords_and_the_updater
defaultupdater       | method             | *includes, exclude_weight=False, exclude_bias=False, exclude_delay=False | test_defaultupdater_sets_and_returns_an_updater_of_what_there_is
delay                | abstract property= |                   | test_delay_is_a_parameter_that_takes_new_values_or_none
delayedby            | property           |                   | test_delayedby_is_the_longest_delay_of_the_synapse_or_none
forward              | abstract method    | *inputs, **kwargs | test_forward_hands_reshaped_inputs_and_keywords_to_the_synapse_and_gives_currents
inshape              | abstract property  |                   | test_inshape_is_the_shape_of_inputs_without_the_batch
insize               | method             |                   | test_insize_counts_the_inputs_without_the_batch
like_bias            | abstract method    | data              | test_like_bias_takes_a_reduced_postsynaptic_receptive_to_the_biases
like_input           | abstract method    | data              | test_like_input_takes_inputs_of_the_synapse_to_those_of_the_connection
like_synaptic        | abstract method    | data              | test_like_synaptic_takes_inputs_of_the_connection_to_those_of_the_synapse
outshape             | abstract property  |                   | test_outshape_is_the_shape_of_outputs_without_the_batch
outsize              | method             |                   | test_outsize_counts_the_outputs_without_the_batch
postsyn_receptive    | abstract method    | data              | test_postsyn_receptive_broadcasts_with_the_weights_behind_the_batch
presyn_receptive     | abstract method    | data              | test_presyn_receptive_broadcasts_with_the_weights_behind_the_batch
selector             | abstract property  |                   | test_selector_has_the_delays_in_ms_or_is_none
syncurrent           | property           |                   | test_syncurrent_has_the_currents_that_the_last_step_used
synspike             | property           |                   | test_synspike_has_the_spikes_that_the_last_step_used
weight               | abstract property= |                   | test_weight_is_a_parameter_that_takes_new_values
"""

LINEAR_DENSE = """
LinearDense          | class              | in_shape, out_shape, step_time, *, synapse, bias=False, delay=None, batch_size=1, weight_init=None, bias_init=None, delay_init=None | test_linear_dense_gives_its_defaults_to_the_initialisers
forward              | method             | *inputs, **kwargs | test_forward_is_x_times_w_transposed_plus_b_in_the_shape_of_outputs
inshape              | property           |                   | test_inshape_is_the_shape_of_inputs
like_bias            | method             | data              | test_like_bias_takes_m_by_1_to_m
like_input           | method             | data              | test_like_input_takes_b_by_m_to_the_shape_of_inputs
like_synaptic        | method             | data              | test_like_synaptic_takes_the_shape_of_inputs_to_b_by_m
outshape             | property           |                   | test_outshape_is_the_shape_of_outputs
postsyn_receptive    | method             | data              | test_postsyn_receptive_is_b_by_n_by_1_by_1
presyn_receptive     | method             | data              | test_presyn_receptive_is_b_by_1_by_m_by_1_undelayed_and_b_by_n_by_m_by_1_delayed
selector             | property           |                   | test_selector_is_1_by_m_by_n_or_none
"""

INFERNO_SYNAPSE = """
InfernoSynapse       | class                | shape, step_time, delay, batch_size, inplace | test_inferno_synapse_has_shape_step_time_delay_batch_size_and_inplace
clear                | abstract method      | **kwargs          | test_clear_brings_it_to_rest_and_takes_keywords_meant_for_others
current              | abstract property=   |                   | test_current_is_that_of_the_present_and_may_be_set
current_at           | abstract method      | selector          | test_current_at_is_that_of_so_many_ms_ago
delay                | property             |                   | test_delay_is_the_longest_in_ms_as_it_was_given
forward              | abstract method      | *inputs, **kwargs | test_forward_takes_tensors_like_the_synapse_and_returns_its_currents
inplace              | property=            |                   | test_inplace_says_whether_writes_are_in_place_and_may_be_set
partialconstructor   | abstract classmethod | *args, **kwargs   | test_partialconstructor_builds_from_shape_step_time_delay_and_batch_size
spike                | abstract property=   |                   | test_spike_is_the_input_of_the_present_as_bool_and_may_be_set
spike_at             | abstract method      | selector          | test_spike_at_is_the_input_of_so_many_ms_ago_as_bool
"""

LAYER = """
Layer                | class              |                   | test_layer_stands_on_module_and_abc_and_takes_no_argument
add_cell             | method             | connection, neuron | test_add_cell_makes_a_cell_once_and_returns_the_one_there_is
add_connection       | method             | name, connection  | test_add_connection_adds_and_returns_it_and_refuses_a_name_twice
add_neuron           | method             | name, neuron      | test_add_neuron_adds_and_returns_it_and_refuses_a_name_twice
cells                | property           |                   | test_cells_are_reached_by_both_names_watched_and_neither_replaced_nor_deleted
clear                | method             | submodules=True, **kwargs | test_clear_reaches_connections_and_neurons_with_its_keywords_or_leaves_them
connections          | property           |                   | test_connections_are_reached_by_name_changed_in_place_and_neither_replaced_nor_deleted
del_cell             | method             | connection, neuron | test_del_cell_deletes_the_one_there_is_and_does_not_mind_if_there_is_none
del_connection       | method             | name              | test_del_connection_deletes_it_and_of_an_unknown_name_is_an_attribute_error
del_neuron           | method             | name              | test_del_neuron_deletes_it_and_of_an_unknown_name_is_a_value_error
forward              | method             | inputs, connection_kwargs=None, neuron_kwargs=None, capture_intermediate=False, **kwargs | test_forward_runs_the_connections_that_are_named_alone_and_returns_spikes_by_neuron
get_cell             | method             | connection, neuron | test_get_cell_gets_the_one_that_was_made_or_is_an_attribute_error
get_connection       | method             | name              | test_get_connection_gets_it_by_name_or_is_an_attribute_error
get_neuron           | method             | name              | test_get_neuron_gets_it_by_name_or_is_an_attribute_error
named_cells          | property           |                   | test_named_cells_yields_pairs_of_names_and_cells
named_connections    | property           |                   | test_named_connections_yields_names_and_connections
named_neurons        | property           |                   | test_named_neurons_yields_names_and_neurons
named_synapses       | property           |                   | test_named_synapses_yields_names_of_connections_and_their_synapses
neurons              | property           |                   | test_neurons_are_reached_by_name_changed_in_place_and_neither_replaced_nor_deleted
update               | method             | clear=True, **kwargs | test_update_applies_all_that_is_pending_and_clears_it
wiring               | abstract method    | inputs, **kwargs  | test_wiring_gets_outputs_by_connection_and_gives_inputs_by_neuron
"""

TRACED_CONNECTION = """
Connection           | class              | shape, dt, delay  | test_connection_takes_shape_dt_and_delay
convert_spikes       | method             | x                 | test_convert_spikes_gives_spikes_in_the_dtype_of_the_weights
no_grad              | method             |                   | test_no_grad_asks_for_no_gradient_and_turns_training_off
reset_state          | method             |                   | test_reset_state_brings_spikes_and_traces_to_rest
reset_weights        | method             | distribution='uniform', gain=1.0, a=0.0, b=1.0 | test_reset_weights_draws_anew_from_0_to_1_unless_told_otherwise
init_connection      | method             |                   | test_init_connection_does_all_that_starts_afresh
propagate_spike      | method             | x                 | test_propagate_spike_gives_what_was_sent_a_delay_ago
"""

TRACED_LINEAR = """
Linear               | class              | in_features, out_features, batch_size, dt, delay | test_linear_takes_features_batch_size_dt_and_delay
activation_potential | method             | x                 | test_activation_potential_of_linear_is_one_a_synapse
forward              | method             | x, trace_in       | test_forward_of_linear_gives_potentials_and_traces
"""

TRACED_CONV = """
Conv2d               | class              | in_channels, out_channels, kernel_size, im_dims, batch_size, dt, delay, stride=1, padding=0, dilation=1 | test_conv2d_takes_channels_kernel_image_batch_size_dt_and_delay
activation_potential | method             | x                 | test_activation_potential_of_conv2d_is_one_a_synapse
forward              | method             | x, trace_in       | test_forward_of_conv2d_gives_potentials_and_traces
"""

TRACED_POOL = """
MaxPool2d            | class              | kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False | test_maxpool2d_takes_what_torchs_takes
forward              | method             | x, trace          | test_forward_of_maxpool2d_gives_spikes_and_the_trace_of_the_first_in_a_window
"""

TRACED_ADAPTIVE = """
AdaptiveMaxPool2d    | class              | output_size       | test_adaptivemaxpool2d_takes_the_size_of_its_output
forward              | method             | x, trace          | test_forward_of_adaptivemaxpool2d_gives_spikes_and_the_trace_of_the_first_in_a_window
"""

TABLE = [
    *rows("Connection", "Connection", "seed_pages/test_connection.py", CONNECTION),
    *rows("LinearDense", "LinearDense", "seed_pages/test_linear_dense.py", LINEAR_DENSE),
    *rows("InfernoSynapse", "InfernoSynapse", "seed_pages/test_inferno_synapse.py", INFERNO_SYNAPSE),
    *rows("pysnn.connection", "traced.Connection", "seed_pages/test_traced.py", TRACED_CONNECTION),
    *rows("pysnn.connection", "traced.Linear", "seed_pages/test_traced.py", TRACED_LINEAR),
    *rows("pysnn.connection", "traced.Conv2d", "seed_pages/test_traced.py", TRACED_CONV),
    *rows("pysnn.connection", "traced.MaxPool2d", "seed_pages/test_traced.py", TRACED_POOL),
    *rows("pysnn.connection", "traced.AdaptiveMaxPool2d", "seed_pages/test_traced.py", TRACED_ADAPTIVE),
    *rows("Layer", "Layer", "seed_pages/test_layer.py", LAYER),
]
# How many classes, properties and methods each page states.
COUNTS = {"Connection": 24, "LinearDense": 10, "InfernoSynapse": 10, "pysnn.connection": 17, "Layer": 21}
BASES = {
    "LinearDense": (snn.WeightBiasDelayMixin, snn.Connection),
    "InfernoSynapse": (snn.DelayedMixin, snn.BatchShapeMixin, snn.Synapse),
    "Layer": (snn.Module, ABC),
}
every_row = pytest.mark.parametrize("row", TABLE, ids=str)
every_abstract_row = pytest.mark.parametrize("row", [row for row in TABLE if row.abstract], ids=str)


def member(row):
    """The member as it stands in its class or, inherited, in a base."""
    return row.cls if row.form == "class" else inspect.getattr_static(row.cls, row.member)


def parameters(text):
    """A signature as the page writes it, as names with kinds and defaults."""
    return list(inspect.signature(eval(f"lambda {text}: None")).parameters.values())


# --------------------------------------------------------------------------------------------------------------------------- the table


def test_the_table_has_every_member_of_every_page_once():
    assert {page: sum(row.page == page for row in TABLE) for page in COUNTS} == COUNTS
    assert len({(row.page, str(row)) for row in TABLE}) == len(TABLE) == sum(COUNTS.values())


@every_row
def test_a_member_is_of_the_kind_that_its_page_states(row):
    found = member(row)
    if row.form == "class":
        assert inspect.isclass(found)
        assert found.__name__ == row.member
    elif row.form.startswith("property"):
        assert isinstance(found, property)
        assert found.fset is not None or row.form == "property"
    else:
        assert isinstance(found, classmethod) is (row.form == "classmethod")
        assert inspect.isfunction(found) or row.form == "classmethod"


@every_row
def test_a_member_has_the_arguments_that_its_page_states(row):
    if row.form.startswith("property"):
        arguments = list(inspect.signature(member(row).fget).parameters)
        assert (arguments, row.signature) == (["self"], "")
        return
    callee = row.cls if row.form == "class" else getattr(row.cls, row.member)
    found = list(inspect.signature(callee).parameters.values())
    found = found[1:] if row.form == "method" else found  # self
    wanted = parameters(row.signature)
    own = [each for each in found if each.name not in {other.name for other in wanted}]
    assert all(each.kind is each.KEYWORD_ONLY and each.default is not each.empty for each in own)
    stated = [each for each in found if each not in own]
    assert [(each.name, each.kind, each.default) for each in stated] == [(each.name, each.kind, each.default) for each in wanted]


@pytest.mark.parametrize("owner", BASES)
def test_a_class_has_the_bases_that_its_page_states(owner):
    assert getattr(snn, owner).__bases__ == BASES[owner]


# ------------------------------------------------------------------------------------------------------------------------- the tests


@cache
def names_in(path):
    """Names of the tests of a file, that pytest collects: functions at its top level that nothing skips."""
    functions = [each for each in ast.parse((TESTS / path).read_text()).body if isinstance(each, ast.FunctionDef)]
    marks = {each.name: [ast.unparse(mark) for mark in each.decorator_list] for each in functions}
    return {
        name for name, said in marks.items() if name.startswith("test_") and not any("skip" in mark or "xfail" in mark for mark in said)
    }


@every_row
def test_a_member_has_a_test_that_is_named_after_it(row):
    path, name = row.test.split("::")
    assert name in names_in(path)
    spoken = row.member if row.form != "class" else row.member.lower()
    assert spoken in name or spoken.replace("_", "") in name.replace("_", "")


def test_no_two_members_of_a_page_share_a_test():
    assert len({row.test for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize("path", sorted({row.test.split("::")[0] for row in TABLE}))
def test_pytest_collects_the_file(path):
    assert Path(path).name.startswith("test_")
    assert "pytestmark" not in (TESTS / path).read_text()
    names = [each.name for each in ast.parse((TESTS / path).read_text()).body if isinstance(each, ast.FunctionDef)]
    assert len(names) == len(set(names))  # of two tests of one name the first would never run


# ---------------------------------------------------------------------------------------------------------------- what a subclass gives


def subclass(cls, without=()):
    """A class that gives every abstract member but those named, and starts with nothing but torch's own state."""
    given = {name: property(lambda self: None) for name in cls.__abstractmethods__ if name not in without}
    return type("Sub", (cls,), given | {"__init__": lambda self: snn.Module.__init__(self)})


ARGUMENTS = {"data": torch.zeros(1), "selector": torch.zeros(1), "inputs": {}}


@every_abstract_row
def test_a_member_that_the_subclass_must_give_raises_not_implemented(row):
    found, instance = member(row), object.__new__(subclass(row.cls))
    instance.__init__()
    needed = [ARGUMENTS[each.name] for each in parameters(row.signature) if each.kind is each.POSITIONAL_OR_KEYWORD]
    if row.form.startswith("property"):
        found, needed = found.fget, []
    elif row.form == "classmethod":
        found, instance = found.__func__, type(instance)
    with pytest.raises(NotImplementedError, match=r"Sub must (implement|say)"):
        found(instance, *needed)
    if row.form == "property=":
        with pytest.raises(NotImplementedError, match=f"Sub must implement {row.member}"):
            member(row).fset(instance, torch.zeros(1, 2))


@pytest.mark.parametrize("row", [row for row in TABLE if row.abstract and row.member in row.cls.__abstractmethods__], ids=str)
def test_a_class_that_lacks_one_abstract_member_cannot_be_built(row):
    subclass(row.cls)()
    with pytest.raises(TypeError, match=rf"Can't instantiate abstract class Sub .*{row.member}"):
        subclass(row.cls, without=(row.member,))()


@pytest.mark.parametrize(
    ("owner", "arguments"), [(snn.Connection, (None,)), (snn.InfernoSynapse, (2, 1.0, 0.0, 1, True)), (snn.Layer, ())], ids=lambda x: str(x)
)
def test_an_abstract_class_cannot_be_built(owner, arguments):
    with pytest.raises(TypeError, match=f"Can't instantiate abstract class {owner.__name__}"):
        owner(*arguments)


def test_every_abstract_member_that_a_page_states_is_abstract_here():
    stated = {page: {row.member for row in TABLE if row.page == page and row.abstract} for page in ("Connection", "Layer")}
    assert stated == {"Connection": set(snn.Connection.__abstractmethods__), "Layer": set(snn.Layer.__abstractmethods__)}
