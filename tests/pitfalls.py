"""What libraries of the field get wrong: for each the test that notices, and a piece that makes this library as wrong.

`test_pitfalls.py` puts the piece in its place and runs the test, which must fail then.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from snnlab.connections import plan
from snnlab.connections.base import Connection
from snnlab.connections.geometry import fold, overlap
from snnlab.connections.mixins import WeightBiasDelayMixin
from snnlab.core import bounds
from snnlab.core.mixins import DelayedMixin
from snnlab.encoding.base import Encoder
from snnlab.learning import LinearHomeostasis
from snnlab.learning.mstdp import rewarded
from snnlab.network.biclique import COMBINE
from snnlab.neurons.adaptation import PerAdaptation
from snnlab.neurons.current import CurrentAdaptiveNeuron
from snnlab.neurons.threshold import ThresholdNeuron
from snnlab.observe.differencemonitor import DifferenceMonitor
from snnlab.observe.reducer import RecordReducer
from snnlab.synapses import DelayedRead, DeltaPlusCurrent
from snnlab.traced import Connection as Traced
from snnlab.traced.connection import DISTRIBUTIONS
from snnlab.traced.pool import Pool
from snnlab.updates.accumulator import Accumulator, _Part


@dataclass(frozen=True)
class Pitfall:
    """A way to be wrong.

    Args:
        topic: where it lies.
        wrong: what one sees.
        test: the test that notices, file::function, from this folder.
        place: what is broken, a dotted name within snnlab.
        broken: what stands there then.
    """

    topic: str
    wrong: str
    test: str
    place: str
    broken: Any

    def __str__(self) -> str:
        return f"{self.topic}: {self.wrong}"


def refuse(*_: Any, **__: Any) -> None:
    raise RuntimeError("broken")


# ------------------------------------------------------------------------------------------------------------- history, bounds, delays


def power_by_position(param, pos, neg, max, min, *, upper_power, lower_power):
    return bounds.bound_upper_power(param, pos, max, upper_power) - bounds.bound_lower_power(param, neg, min, lower_power)


def span_of_both(max, min, range):
    return max - min


def upper_that_turns(param, update, limit):
    return (limit - param) * update


def upper_without_end(param, update, limit, *, power):
    return (limit - param) ** power * update


def one_slot_less(module: DelayedMixin) -> None:
    for record in module.children():
        record.resize(module.dt, max(module.delay - module.dt, 0.0))
    module.clear()


def neighbours_in_single(time, step_time, reach, tolerance):
    steps = time / step_time
    newer = steps.floor().clamp(0, max(reach - 1, 0))
    older, nearest = (newer + 1).clamp(max=reach), steps.round().clamp(0, reach)
    on_step = (nearest * step_time - time).abs() <= tolerance
    return older.long(), newer.long(), nearest.long(), (older * step_time - time).clamp(0, step_time), on_step


READS, PLANS, SHARES = DelayedRead.at, plan.plan_delays, plan._shares


def read_up_to_the_end(read, selector, overbound):
    beyond = selector.double() > read.record.duration
    return READS(read, selector, overbound).masked_fill(beyond, overbound or 0.0)


def planned_up_to_the_end(delay, **settings):
    made = PLANS(delay, **settings)
    return replace(made, beyond=delay.double() > settings["duration"], shared=None)


def shares_without_slack(steps, slack, *settings):
    return SHARES(steps, torch.zeros_like(slack), *settings)


def spikes_with_swapped_arguments(synapse, selector):
    read = replace(synapse.delayed_spikes(), tolerance=float(synapse.spike_overbound or 0.0))
    return read.at(selector, False) != 0


def spikes_that_need_a_number(synapse, selector):
    return synapse.delayed_spikes().at(selector, bool(float(synapse.spike_overbound))) != 0


HISTORY = [
    Pitfall("slots of a history", "3·0.1 ms at 0.1 ms make 4 steps",
            "core/test_record.py::test_a_whole_number_of_steps_makes_that_many_slots",
            "core.record.WHOLE", 0.0),
    Pitfall("full bounds by a power", "the powers are passed by position: TypeError",
            "updates/test_updater.py::test_a_full_bound_shrinks_both_sides_of_an_update",
            "core.bounds.bound_power", power_by_position),
    Pitfall("full bounds by a share of the range", "one limit alone is not enough",
            "updates/test_updater.py::test_a_full_bound_without_a_limit_leaves_that_side",
            "core.bounds._span", span_of_both),
    Pitfall("bounds beyond their limit", "growth turns into shrinking",
            "core/test_bounds.py::test_at_and_beyond_a_limit_nothing_pushes_further",
            "core.bounds.bound_upper_multiplicative", upper_that_turns),
    Pitfall("bounds beyond their limit", "a power of one half is NaN",
            "core/test_bounds.py::test_at_and_beyond_a_limit_nothing_pushes_further",
            "core.bounds.bound_upper_power", upper_without_end),
    Pitfall("a delay that is set", "the history has another length than one that was built so",
            "core/test_mixins.py::test_a_setter_leaves_as_many_slots_as_the_constructor",
            "core.mixins.DelayedMixin._fit_histories", one_slot_less),
    Pitfall("delays on a step", "rounding takes some for their neighbour",
            "synapses/test_base.py::test_a_whole_step_delay_reads_the_current_and_the_spikes_of_that_step",
            "core.selection._neighbours", neighbours_in_single),
    Pitfall("delays on a step, of connections", "rounding takes some for their neighbour",
            "test_delays.py::test_with_no_tolerance_a_whole_step_is_still_that_step_and_the_longest_still_arrives",
            "connections.plan._shares", shares_without_slack),
    Pitfall("the longest delay", "rounding takes it for none",
            "test_delays.py::test_with_no_tolerance_a_whole_step_is_still_that_step_and_the_longest_still_arrives",
            "synapses.read.DelayedRead.at", read_up_to_the_end),
    Pitfall("the longest delay, of connections", "rounding takes it for none",
            "test_delays.py::test_with_no_tolerance_a_whole_step_is_still_that_step_and_the_longest_still_arrives",
            "connections.plan.plan_delays", planned_up_to_the_end),
    Pitfall("spikes beyond the longest delay", "an overbound value of True is taken for a tolerance",
            "synapses/test_base.py::test_beyond_the_longest_delay_there_is_the_overbound_value_or_the_nearest_end",
            "synapses.base.InfernoSynapse.spike_at", spikes_with_swapped_arguments),
    Pitfall("spikes beyond the longest delay", "an overbound value of None raises",
            "synapses/test_base.py::test_beyond_the_longest_delay_there_is_the_overbound_value_or_the_nearest_end",
            "synapses.base.InfernoSynapse.spike_at", spikes_that_need_a_number),
]  # fmt: skip

# ---------------------------------------------------------------------------------------------------------------------------- neurons


@property
def steps_by_subtraction(neuron):
    left, steps = torch.tensor(neuron.refrac_t), 0
    while left > 0:
        left, steps = left - neuron.dt, steps + 1
    return steps


def refusing_a_high_rest(neuron: ThresholdNeuron) -> None:
    if neuron.rest_v >= neuron.__dict__.get("_thresh_v", math.inf):
        raise ValueError("broken")


KEEPS, ADAPTS = CurrentAdaptiveNeuron.clear, CurrentAdaptiveNeuron._adapted


def clear_that_keeps(neuron, **kwargs):
    kept = neuron.current_adaptation
    KEEPS(neuron, **kwargs)
    neuron.current_adaptation_ = kept[:1].expand_as(neuron.current_adaptation_).clone()


def adapted_as_one(neuron, *args):
    return ADAPTS(neuron, *args).mean(0, keepdim=True).expand_as(neuron.current_adaptation_)


def adapted_in_training_alone(neuron, *args):
    return ADAPTS(neuron, *args) if neuron.training else neuron.current_adaptation_


def check_that_all_are_there(setting, owner):
    if len(super(PerAdaptation, setting)._get(owner)) != owner.adaptations:
        raise TypeError("broken")


NEURONS = [
    Pitfall("refractory time", "0.3 ms take 4 steps of 0.1 ms",
            "neurons/test_base.py::test_every_model_spikes_every_refractory_time_rounded_up_to_steps",
            "neurons.base.InfernoNeuron.refrac_steps", steps_by_subtraction),
    Pitfall("adaptation currents", "a clear keeps them, as if they were learned",
            "neurons/test_current.py::test_clear_brings_it_to_nothing_as_it_does_every_state_of_a_run",
            "neurons.current.CurrentAdaptiveNeuron.clear", clear_that_keeps),
    Pitfall("adaptation currents", "all samples share them",
            "neurons/test_current.py::test_each_sample_has_its_own",
            "neurons.current.CurrentAdaptiveNeuron._adapted", adapted_as_one),
    Pitfall("adaptation currents", "they stand still outside of training",
            "neurons/test_current.py::test_it_moves_in_every_mode_unless_it_is_told_not_to",
            "neurons.current.CurrentAdaptiveNeuron._adapted", adapted_in_training_alone),
    Pitfall("rest above threshold", "it is refused",
            "neurons/test_lif.py::test_with_rest_above_threshold_it_fires_by_itself",
            "neurons.threshold.ThresholdNeuron.check_settings", refusing_a_high_rest),
    Pitfall("several adapting thresholds", "a shorter tuple of increments raises",
            "neurons/test_adaptive.py::test_a_shorter_tuple_is_extended_with_its_last_entry",
            "neurons.adaptation.PerAdaptation.check_count", check_that_all_are_there),
    Pitfall("several adaptation currents", "a shorter tuple of increments raises",
            "neurons/test_current.py::test_a_shorter_tuple_is_extended_with_its_last_entry",
            "neurons.adaptation.PerAdaptation.check_count", check_that_all_are_there),
]  # fmt: skip

# ------------------------------------------------------------------------------------------------------------- updates, connections


ADD_PART, ADD = _Part.add, Accumulator.add


def part_of_parameters(part, value, folds):
    ADD_PART(part, nn.Parameter(value), folds)


def registered_updates(accumulator, pos=None, neg=None):
    accumulator.register_parameter(f"pending{len(accumulator._parameters)}", nn.Parameter(pos if neg is None else neg))
    ADD(accumulator, pos, neg)


def divided_by_all(connection, data):
    return fold(data, connection._size, **connection._moves) / overlap(connection._size, **connection._moves)


def pair_of_any(name, value, least=1):
    return (value, value) if isinstance(value, int) else tuple(value[:2])


def kept_as_it_came(connection, value):
    connection.weight_ = nn.Parameter(value)


NO_SYNAPSE = Connection.synapse.setter(lambda connection, value: None)
ANY_WEIGHT = WeightBiasDelayMixin.weight.setter(kept_as_it_came)
CONNECTIONS = [
    Pitfall("pending updates", "whole numbers and bools raise",
            "updates/test_accumulator.py::test_bools_and_whole_numbers_count_as_numbers",
            "updates.accumulator._Part.add", part_of_parameters),
    Pitfall("pending updates", "they are parameters, and saved",
            "updates/test_accumulator.py::test_pending_updates_are_neither_state_nor_parameters",
            "updates.accumulator.Accumulator.add", registered_updates),
    Pitfall("a convolution's inputs, for rules", "every shape raises",
            "connections/test_conv.py::test_the_receptives_multiply_to_what_each_weight_saw",
            "connections.conv.Conv2D.presyn_receptive", refuse),
    Pitfall("pixels that no kernel covers", "they are NaN",
            "connections/test_conv.py::test_a_pixel_that_no_kernel_covers_is_zero",
            "connections.conv.Conv2D.like_input", divided_by_all),
    Pitfall("sizes of a kernel", "a third is left unread",
            "connections/test_conv.py::test_triples_are_refused",
            "connections.conv.int_pair", pair_of_any),
    Pitfall("another synapse for a connection", "nothing happens",
            "connections/test_base.py::test_another_synapse_takes_the_place_of_the_first",
            "connections.base.Connection.synapse", NO_SYNAPSE),
    Pitfall("another synapse for a convolution", "nothing happens",
            "connections/test_conv.py::test_another_synapse_takes_the_place_of_the_first",
            "connections.base.Connection.synapse", NO_SYNAPSE),
    Pitfall("weights that are set", "any shape is taken",
            "connections/test_mixins.py::test_what_is_refused_leaves_the_parameter_as_it_was",
            "connections.mixins.WeightBiasDelayMixin.weight", ANY_WEIGHT),
    Pitfall("a convolution's weights that are set", "any shape is taken",
            "connections/test_conv.py::test_weights_of_another_shape_are_refused_and_leave_the_old",
            "connections.mixins.WeightBiasDelayMixin.weight", ANY_WEIGHT),
]  # fmt: skip

# ----------------------------------------------------------------------------------------------------- layers, observation, encoding


def clear_by_name(layer, submodules=True, **kwargs):
    for name in (*layer.connections_, *layer.neurons_) if submodules else ():
        name.clear(**kwargs)


def duration_that_sets_dt(reducer, value):
    reducer.dt = value


BUILDS, ENCODES = DifferenceMonitor.partialconstructor.__func__, Encoder.forward


@classmethod
def built_without_operation(cls, reducer, *settings, op_=None):
    return BUILDS(cls, reducer, *settings)


def encode_vectors_alone(encoder, inputs, online=False):
    return (step.reshape(-1) for step in ENCODES(encoder, inputs)) if online else ENCODES(encoder, inputs)


LAYERS = [
    Pitfall("clear of a layer", "it goes over the names of its parts: AttributeError",
            "network/test_layer.py::test_clear_brings_all_parts_to_rest_or_leaves_them",
            "network.layer.Layer.clear", clear_by_name),
    *(
        Pitfall("connections combined", f"{how} leaves an axis of 1 in front",
                "network/test_biclique.py::test_currents_are_combined_element_by_element_with_no_axis_left_over",
                "network.biclique.COMBINE", COMBINE | {how: lambda stacked, combine=combine: combine(stacked).unsqueeze(0)})
        for how, combine in COMBINE.items()
    ),
    Pitfall("duration of a reducer", "setting it sets the step time",
            "observe/test_reducer.py::test_a_longer_duration_keeps_the_states_and_leaves_the_step_time",
            "observe.reducer.RecordReducer.duration", RecordReducer.duration.setter(duration_that_sets_dt)),
    Pitfall("monitors of change, built later", "the operation is lost",
            "observe/test_differencemonitor.py::test_a_partial_constructor_keeps_the_operation",
            "observe.differencemonitor.DifferenceMonitor.partialconstructor", built_without_operation),
    Pitfall("refractory gap of an encoder", "spikes follow closer than it",
            "encoding/test_poisson.py::test_the_gap_holds_across_blocks_and_is_reached",
            "encoding.poisson.HomogeneousPoissonEncoder.gap", property(lambda encoder: 1)),
    Pitfall("encoding step by step", "inputs must be a row",
            "encoding/test_poisson.py::test_both_forms_give_the_same_spikes_for_any_shape",
            "encoding.base.Encoder.forward", encode_vectors_alone),
    Pitfall("rates above what the gap allows", "they are taken",
            "encoding/test_poisson.py::test_a_rate_at_or_above_the_limit_is_refused_with_the_limit",
            "encoding.poisson.HomogeneousPoissonEncoder.check_largest", lambda encoder, largest: None),
]  # fmt: skip

# ----------------------------------------------------------------------------------------------------------------------------- traced


DRAWS, STEPS, POOLS = Traced.reset_weights, DeltaPlusCurrent.forward, Pool.forward


def drawn_if_known(connection, distribution="uniform", *args, **kwargs):
    if distribution in DISTRIBUTIONS:
        DRAWS(connection, distribution, *args, **kwargs)


def one_countdown(connection, name, value, record):
    steps = torch.round(connection.delay / connection.dt) * torch.ones_like(value, dtype=torch.float)
    left = getattr(connection, "left", torch.full_like(steps, -1)) - 1
    connection.left = torch.where((value != 0) & (left < 0), steps, left)
    return (connection.left == 0).to(value.dtype)


def one_spike_in_flight(synapse, inputs, *further):
    busy = synapse.spike_.window[:-1].any(0) if synapse.delay else torch.zeros_like(synapse.spike)
    return STEPS(synapse, inputs.masked_fill(busy, 0), *further)


def sites_and_taps_mixed(connection, x):
    return connection._patches(x.float()).reshape(connection.batchsz, 1, *connection.outshape[1:], -1)


def trace_of_the_first_plane(pool, x, trace):
    return POOLS(pool, x, trace)[0], POOLS(pool, x, trace[:1, :1].expand_as(trace))[1]


ARRIVES = "traced/test_history.py::test_every_synapse_gives_its_weight_times_what_left_a_delay_ago_and_the_trace_of_that"
TRACED = [
    Pitfall("an unknown distribution of weights", "nothing happens",
            "traced/test_connection.py::test_an_unknown_distribution_is_refused_with_the_known_ones_and_the_weights_stay",
            "traced.connection.Connection.reset_weights", drawn_if_known),
    Pitfall("spikes on their way", "one countdown a synapse merges them",
            "traced/test_connection.py::test_a_delay_replays_the_past_however_many_spikes_are_on_their_way",
            "traced.connection.Connection._propagate", one_countdown),
    Pitfall("spikes on their way to layers", "one countdown a synapse merges them",
            ARRIVES,
            "synapses.deltaplus.DeltaPlusCurrent.forward", one_spike_in_flight),
    Pitfall("traces", "they do not wait for their spikes",
            "traced/test_connection.py::test_a_trace_travels_as_long_as_its_spike",
            "traced.connection.Connection.propagate_trace", lambda connection, trace: trace),
    Pitfall("traces on their way to layers", "they do not wait for their spikes",
            ARRIVES,
            "traced.history.HistoryConnection.propagate_trace", lambda connection, trace: trace),
    Pitfall("potentials of a convolution", "sites and taps are mixed up",
            "traced/test_conv.py::test_potentials_sum_to_torchs_convolution",
            "traced.conv.Conv2d.spread", sites_and_taps_mixed),
    Pitfall("traces through a pool", "every plane has those of the first",
            "traced/test_pool.py::test_a_pool_gives_every_batch_and_channel_what_each_plane_gives_alone",
            "traced.pool.Pool.forward", trace_of_the_first_plane),
    Pitfall("the adaptive pool", "it fails at every call",
            "traced/test_pool.py::test_the_adaptive_pool_does_too",
            "traced.pool.AdaptiveMaxPool2d.largest", refuse),
]  # fmt: skip

# --------------------------------------------------------------------------------------------------------------------------- learning


HOMEOSTASIS, LOOKS = LinearHomeostasis.step, LinearHomeostasis.forward


def neg_below_zero(rule, cell, state, target):
    HOMEOSTASIS(rule, cell, state, target)
    pending = getattr(cell.updater, state.param)
    taken = pending.neg
    del pending.neg
    pending.neg = -taken


def first_target_for_all(rule, target=None, cells=None):
    LOOKS(rule, next(iter(rule)).state.target if target is None else target, cells)


def mean_over_rows(terms, reward, samples, reduction):
    return rewarded(terms, reward, samples, (lambda rows, dim: rows.mean(dim)) if reduction is torch.mean else reduction)


LEARNING = [
    Pitfall("homeostasis", "a neuron above its target gets stronger still",
            "learning/test_homeostasis.py::test_a_neuron_above_its_target_gets_weaker_and_one_below_it_stronger",
            "learning.homeostasis.LinearHomeostasis.step", neg_below_zero),
    Pitfall("homeostasis of several cells", "all have the target of the first",
            "learning/test_homeostasis.py::test_every_cell_has_its_own_target_in_one_call",
            "learning.homeostasis.LinearHomeostasis.forward", first_target_for_all),
    Pitfall("the mean over a rewarded batch", "samples that have no part in it are not counted",
            "learning/test_mstdp.py::test_the_mean_divides_by_the_samples_and_not_by_the_rows_that_have_a_part",
            "learning.mstdp.rewarded", mean_over_rows),
]  # fmt: skip
TABLE = [*HISTORY, *NEURONS, *CONNECTIONS, *LAYERS, *TRACED, *LEARNING]
