"""RecurrentSerial: what is fed back is one step old, every part is called, and a step is done whole or not at all."""

import copy
import io
import math

import pytest
import torch

import snnlab as snn

SYNAPSE = snn.DeltaCurrent.partialconstructor(1.0)
INJECTED = snn.DeltaPlusCurrent.partialconstructor(1.0)  # adds all inputs after the first to its current
CONNECTIONS, GROUPS = ("feedfwd", "lateral", "feedback"), ("feedfwd", "feedback")


def dense(inputs, outputs, weight, synapse=SYNAPSE, **arguments):
    return snn.LinearDense(inputs, outputs, 1.0, synapse=synapse, weight_init=lambda like: torch.full_like(like, weight), **arguments)


def relay(shape, **arguments):
    """Neurons that spike at once where their current is above 0, and forget it: 1 nA for 1 ms moves them by far more than 1 mV."""
    settings = {"rest_v": -65.0, "reset_v": -66.0, "thresh_v": -64.0, "refrac_t": 0.0, "time_constant": 0.01, "resistance": 10.0}
    return snn.LIF(shape, 1.0, **(settings | arguments))


def build(back=-10.0, forward=1.0, batch=1, **arguments):
    size = {"batch_size": batch}
    return snn.RecurrentSerial(
        dense(3, 2, forward, **size), dense(2, 4, 1.0, **size), dense(4, 2, back, **size), relay(2, **size), relay(4, **size), **arguments
    )


ON, OFF = torch.ones(1, 3), torch.zeros(1, 3)


def state(layer):
    return {key: value.clone() for key, value in layer.state_dict().items()}


def unchanged(layer, before):
    return all(torch.equal(value, before[key]) for key, value in layer.state_dict().items())


# ------------------------------------------------------------------------------------------------------------------------- a step


def test_feedback_acts_one_step_later_and_the_lateral_way_at_once():
    # Feedback of 4 spikes x -10 nA silences the 3 nA of the inputs; where nobody fired, nothing is fed back: every second step fires.
    layer = build()
    ran = [layer(ON) for _ in range(6)]
    assert [bool(forward.all()) for forward, _ in ran] == [True, False, True, False, True, False]
    assert [bool(back.all()) for _, back in ran] == [True, False, True, False, True, False]


def test_one_input_goes_round_for_ever_where_feedback_excites():
    layer = build(back=1.0)
    assert [bool(layer(x)[0].all()) for x in (OFF, ON, OFF, OFF, OFF)] == [False, True, True, True, True]


def test_currents_add_up_as_the_equations_say():
    layer = build(back=-0.25)
    (forward, back), first = layer(ON, capture_intermediate=True)
    assert list(first) == ["feedfwd", "lateral", "feedback"]
    assert first["feedfwd"].tolist() == [[3.0, 3.0]]  # 3 inputs x 1 pC / 1 ms
    assert first["feedback"].tolist() == [[0.0, 0.0]]  # nobody had fired
    assert first["lateral"].tolist() == [[2.0] * 4]  # the 2 spikes of this very step
    assert forward.all()
    assert back.all()
    seen = []
    layer.feedfwd_neuron.register_forward_pre_hook(lambda _, args: seen.append(args[0].clone()))
    _, second = layer(ON, capture_intermediate=True)
    assert second["feedback"].tolist() == [[-1.0, -1.0]]  # the 4 spikes of the step before x -0.25
    assert seen[0].tolist() == [[2.0, 2.0]]  # 3 - 1


def test_it_steps_as_the_same_parts_stepped_by_hand():
    layer = build(back=-0.7, forward=0.4)
    twin, back = copy.deepcopy(layer), torch.zeros(1, 4, dtype=torch.bool)
    for x in torch.rand(30, 1, 3, generator=torch.Generator().manual_seed(0)) < 0.5:
        expected = twin.feedfwd_neuron(twin.feedfwd_connection(x) + twin.feedback_connection(back))
        back = twin.feedback_neuron(twin.lateral_connection(expected))
        spikes = layer(x)
        assert torch.equal(spikes[0], expected)
        assert torch.equal(spikes[1], back)
        assert torch.equal(layer.feedback_spikes, back)


def test_parts_are_called_so_that_their_hooks_run():
    layer, called = build(), []
    for kind, parts in (("connection", layer.named_connections), ("neuron", layer.named_neurons)):
        for name, part in parts:
            part.register_forward_hook(lambda *_, word=f"{name} {kind}": called.append(word))
    layer(ON)
    assert sorted(called) == sorted([*(f"{name} connection" for name in CONNECTIONS), *(f"{name} neuron" for name in GROUPS)])
    assert called.index("feedfwd neuron") < called.index("lateral connection") < called.index("feedback neuron")


def test_a_hook_that_changes_what_a_connection_gives_is_heard():
    layer = build()
    layer.feedfwd_connection.register_forward_hook(lambda module, args, output: -output)
    assert not layer(ON)[0].any()


def test_transforms_stand_where_they_are_named():
    layer = build(
        feedfwd_out_transform=lambda current: 2 * current,
        feedback_out_transform=lambda current: 3 * current,
        lateral_out_transform=lambda current: -current,
    )
    layer.feedback_spikes = torch.ones(1, 4, dtype=torch.bool)
    seen = {}
    for name, neuron in layer.named_neurons:
        neuron.register_forward_pre_hook(lambda _, args, name=name: seen.update({name: args[0].tolist()}))
    _, currents = layer(10 * ON.int(), capture_intermediate=True)
    assert currents["feedfwd"].tolist() == [[3.0, 3.0]]  # as the connection gave it; 10 is a spike like 1
    assert seen["feedfwd"] == [[6.0 - 120.0] * 2]
    assert seen["feedback"] == [[0.0] * 4]
    layer.clear()
    assert not layer(ON)[1].any()  # what is sent along the lateral way is turned round
    assert layer.feedfwd_neuron.spike.all()


def test_in_transforms_make_the_inputs_of_a_connection_one_or_several():
    pooled = snn.RecurrentSerial(
        dense(3, 2, 1.0), dense(1, 4, 1.0, INJECTED), dense(2, 2, -10.0), relay(2), relay(4),
        lateral_in_transform=lambda spikes: (spikes.any(1, keepdim=True), torch.full((1, 1), 5.0)),  # spikes, and 5 nA besides
        feedback_in_transform=lambda spikes: spikes[:, :2],
    )  # fmt: skip
    (_, back), currents = pooled(ON, capture_intermediate=True)
    assert currents["lateral"].tolist() == [[6.0] * 4]
    assert back.all()
    assert pooled(ON, capture_intermediate=True)[1]["feedback"].tolist() == [[-20.0, -20.0]]


def test_further_inputs_reach_the_lateral_and_the_feedback_connection():
    layer = snn.RecurrentSerial(dense(3, 2, 1.0), dense(2, 4, 1.0, INJECTED), dense(4, 2, 1.0, INJECTED), relay(2), relay(4))
    extra = {"lateral_connection_args": (torch.full((1, 2), 7.0),), "feedback_connection_args": (torch.full((1, 4), -1.0),)}
    _, currents = layer(OFF, **extra, capture_intermediate=True)
    assert currents["lateral"].tolist() == [[14.0] * 4]
    assert currents["feedback"].tolist() == [[-4.0, -4.0]]


def test_one_further_input_may_come_without_a_tuple():
    def steps(further, back):
        layer = snn.RecurrentSerial(*(dense(i, o, 1.0, INJECTED) for i, o in ((3, 2), (2, 4), (4, 2))), relay(2), relay(4))
        return [layer(ON, lateral_connection_args=further, feedback_connection_args=back, capture_intermediate=True) for _ in range(2)]

    further, back = torch.full((1, 2), 3.0), torch.full((1, 4), 5.0)
    for (alone, currents), (_, wrapped) in zip(steps(further, back), steps((further,), (back,)), strict=True):
        assert [each.shape for each in alone] == [(1, 2), (1, 4)]
        assert all(torch.equal(currents[name], wrapped[name]) for name in CONNECTIONS)


@pytest.mark.parametrize(
    "name",
    ["feedfwd_out_transform", "lateral_out_transform", "feedback_out_transform", "lateral_in_transform", "feedback_in_transform"],
)
def test_a_transform_that_is_no_function_is_refused_when_the_layer_is_built(name):
    with pytest.raises(TypeError, match=rf"{name} must be a function f\(tensor\), but is 2.0 \(float\). Leave it out for none"):
        build(**{name: 2.0})


def test_keywords_reach_the_part_they_name():
    layer, seen = build(), {}
    for name, neuron in layer.named_neurons:
        neuron.register_forward_pre_hook(lambda _, args, kwargs, name=name: seen.update({name: kwargs}), with_kwargs=True)
    layer(ON, feedfwd_neuron_kwargs={"refrac_lock": False}, feedback_neuron_kwargs={"refrac_lock": True})
    assert seen == {"feedfwd": {"refrac_lock": False}, "feedback": {"refrac_lock": True}}


# ------------------------------------------------------------------------------------------------------------------------ its parts


def test_its_parts_have_names():
    layer = build(trainable_feedback=True)
    assert [name for name, _ in layer.named_connections] == list(CONNECTIONS)
    assert [name for name, _ in layer.named_neurons] == list(GROUPS)
    for name in CONNECTIONS:
        connection = layer.get_connection(name)
        assert getattr(layer, f"{name}_connection") is connection
        assert getattr(layer, f"{name}_synapse") is connection.synapse
        assert getattr(layer, f"{name}_updater") is None
        assert connection.defaultupdater() is getattr(layer, f"{name}_updater")
    assert layer.feedfwd_neuron is layer.neurons.feedfwd
    assert layer.feedback_neuron is layer.neurons.feedback
    assert layer.feedfwd_cell is layer.cells.feedfwd.feedfwd
    assert layer.lateral_cell is layer.cells.lateral.feedback
    assert layer.feedback_cell is layer.cells.feedback.feedfwd


def test_other_names_will_do():
    layer = build(
        feedfwd_connection_name="up", lateral_connection_name="across", feedback_connection_name="down",
        feedfwd_neuron_name="exc", feedback_neuron_name="inh", trainable_feedback=True,
    )  # fmt: skip
    assert [names for names, _ in layer.named_cells] == [("up", "exc"), ("across", "inh"), ("down", "exc")]
    assert layer.feedback_cell is layer.cells.down.exc
    assert list(layer(ON, capture_intermediate=True)[1]) == ["up", "across", "down"]


def test_only_the_feedfwd_cell_is_there_unless_feedback_is_to_be_trained():
    layer = build()
    assert [names for names, _ in layer.named_cells] == [("feedfwd", "feedfwd")]
    assert layer.lateral_cell is None
    assert layer.feedback_cell is None
    layer(ON)
    assert layer.feedfwd_cell.steps == 1


def test_every_cell_counts_every_step_and_sees_both_its_sides():
    layer = build(trainable_feedback=True)
    layer(ON)
    layer(OFF)
    assert [cell.steps for _, cell in layer.named_cells] == [2, 2, 2]
    assert layer.feedback_cell.prespike.all()  # of the step before
    assert not layer.feedback_cell.postspike.any()
    assert not layer.lateral_cell.prespike.any()


def test_a_rule_trains_the_feedback():
    layer = build(back=1.0, trainable_feedback=True)
    layer.feedback_connection.defaultupdater()
    rule = snn.STDP(lr_post=0.1, lr_pre=-0.05, tc_post=20.0, tc_pre=20.0)
    rule.register_cell("back", layer.feedback_cell)
    for _ in range(2):
        layer(ON)
        rule()
        layer.update()
    # By hand, step 1: post fires, no pre. Step 2: both fire. Post: pre trace 1 x 0.1; pre: post trace e^(-1/20) + 1 with the present spike.
    expected = 1.0 + 0.1 * 1.0 - 0.05 * (1.0 + math.exp(-1 / 20))
    torch.testing.assert_close(layer.feedback_connection.weight.data, torch.full((2, 4), expected))
    assert (layer.feedfwd_connection.weight == 1.0).all()


def test_shapes_are_checked_where_a_cell_is_made():
    parts = (dense(3, 2, 1.0), dense(2, 5, 1.0), dense(4, 2, 1.0), relay(2), relay(4))
    layer = snn.RecurrentSerial(*parts, lateral_out_transform=lambda current: current[:, :4])
    assert layer(ON)[1].all()
    with pytest.raises(RuntimeError, match=r"connection 'lateral' gives outputs of shape \(5,\), but neuron 'feedback' is of shape \(4,\)"):
        snn.RecurrentSerial(*parts, trainable_feedback=True)
    with pytest.raises(RuntimeError, match=r"connection 'feedfwd' gives outputs of shape \(1,\), but neuron 'feedfwd' is of shape \(2,\)"):
        snn.RecurrentSerial(dense(3, 1, 1.0), *parts[1:])


def test_parts_of_unequal_step_times_are_refused_also_where_no_cell_is():
    with pytest.raises(RuntimeError, match=r"The parts of the layer step by \[0\.5, 1\.0\] ms"):
        snn.RecurrentSerial(
            dense(3, 2, 1.0), dense(2, 4, 1.0), snn.LinearDense(4, 2, 0.5, synapse=SYNAPSE), relay(2), relay(4)
        )  # fmt: skip
    with pytest.raises(TypeError, match="trainable_feedback must be True or False, but is 1"):
        build(trainable_feedback=1)


def test_only_the_keywords_of_the_constructor_are_taken():
    with pytest.raises(TypeError, match="feedback_transform"):
        build(feedback_transform=None)
    with pytest.raises(TypeError, match="positional argument"):
        snn.RecurrentSerial(dense(3, 2, 1.0), dense(2, 4, 1.0), dense(4, 2, 1.0), relay(2), relay(4), None)


# ------------------------------------------------------------------------------------------------------------- nothing is left half done


WRONG = {
    "inputs": ((torch.ones(1, 4),), {}, ValueError, r"inputs of 'feedfwd' must be of shape \(1, 3\)"),
    "NaN": ((torch.full((1, 3), math.nan),), {}, ValueError, "inputs of 'feedfwd' must be finite"),
    "no inputs": ((), {}, TypeError, "but got none"),
    "lateral inputs": (
        (ON,),
        {"lateral_connection_args": (torch.ones(1, 3),)},
        ValueError,
        r"inputs\[1\] of 'lateral' must be of shape \(1, 2\)",
    ),
    "lateral NaN": (
        (ON,),
        {"lateral_connection_args": (torch.full((1, 2), math.nan),)},
        ValueError,
        r"inputs\[1\] of 'lateral' must be finite",
    ),
    "feedback inputs": (
        (ON,),
        {"feedback_connection_args": (torch.ones(2, 4),)},
        ValueError,
        r"inputs\[1\] of 'feedback' must be of shape \(1, 4\)",
    ),
    "lateral keyword": ((ON,), {"lateral_connection_kwargs": {"gain": 1}}, TypeError, "DeltaCurrent takes no keyword 'gain'"),
    "feedback keyword": ((ON,), {"feedback_connection_kwargs": {"gain": 1}}, TypeError, "DeltaCurrent takes no keyword 'gain'"),
    "neuron keyword": ((ON,), {"feedback_neuron_kwargs": {"adapt": True}}, TypeError, r"LIF\.forward got an unexpected keyword argument"),
    "a keyword": ((ON,), {"neuron_kwargs": {}}, TypeError, "neuron_kwargs"),
}


@pytest.mark.parametrize(("given", "keywords", "error", "words"), WRONG.values(), ids=WRONG)
def test_a_step_that_is_refused_leaves_every_part_as_it_was(given, keywords, error, words):
    layer = build(trainable_feedback=True)
    layer(ON)
    before = state(layer)
    with pytest.raises(error, match=words):
        layer(*given, **keywords)
    assert unchanged(layer, before)
    assert layer.feedfwd_cell.steps == 1
    assert not layer(ON)[0].any()  # it goes on: the first step is fed back


@pytest.mark.parametrize(
    ("spikes", "words"),
    [
        (torch.zeros(1, 5), r"inputs of 'feedback' must be of shape \(1, 4\)"),
        (torch.zeros(1, 5, dtype=torch.bool), r"inputs of 'feedback' must be of shape \(1, 4\)"),
        (torch.full((1, 4), math.nan), "inputs of 'feedback' must be finite"),
    ],
)
def test_what_somebody_puts_in_the_place_of_the_spikes_to_feed_back_is_checked_before_any_part_runs(spikes, words):
    layer = build()
    layer(ON)
    layer.feedback_spikes = spikes
    before = layer.feedfwd_synapse.spike
    with pytest.raises(ValueError, match=words):
        layer(OFF)
    assert before.all()
    assert layer.feedfwd_synapse.spike.all()


@pytest.mark.parametrize("gives", [torch.zeros(1, 2), None])
def test_a_wiring_of_ones_own_that_gives_no_dict_is_named(gives):
    class Wrong(snn.RecurrentSerial):
        def wiring(self, inputs):
            return gives

    layer = Wrong(dense(3, 2, 1.0), dense(2, 4, 1.0), dense(4, 2, 1.0), relay(2), relay(4))
    with pytest.raises(TypeError, match="wiring must return a dict of currents by neuron, but gave a"):
        layer(ON)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({1: dense(2, 5, 1.0)}, r"outputs of the lateral connection must be shaped like the feedback neurons, \(4,\), but are .* \(5,\)"),
        ({1: dense(3, 4, 1.0)}, r"inputs of the lateral connection must be shaped like the feedfwd neurons, \(2,\), but are .* \(3,\)"),
        ({2: dense(5, 2, 1.0)}, r"inputs of the feedback connection must be shaped like the feedback neurons, \(4,\)"),
        ({2: dense(4, 1, 1.0)}, r"outputs of the feedback connection must be shaped like the feedfwd neurons, \(2,\), but are .* \(1,\)"),
    ],
)
def test_parts_that_do_not_fit_are_refused_when_the_layer_is_built(parts, words):
    usual = [dense(3, 2, 1.0), dense(2, 4, 1.0), dense(4, 2, 1.0), relay(2), relay(4)]
    with pytest.raises(ValueError, match=words):
        snn.RecurrentSerial(*(parts.get(place, part) for place, part in enumerate(usual)))


@pytest.mark.parametrize(
    ("transform", "connection", "words"),
    [
        ("lateral_out_transform", {1: dense(2, 1, 1.0)}, "outputs of the lateral connection must be shaped like the feedback neurons"),
        ("lateral_in_transform", {1: dense(1, 4, 1.0)}, "inputs of the lateral connection must be shaped like the feedfwd neurons"),
        ("feedback_in_transform", {2: dense(1, 2, 1.0)}, "inputs of the feedback connection must be shaped like the feedback neurons"),
        ("feedback_out_transform", {2: dense(4, 1, 1.0)}, "outputs of the feedback connection must be shaped like the feedfwd neurons"),
    ],
)
def test_a_transform_makes_them_fit_and_without_it_no_part_runs_and_none_broadcasts(transform, connection, words):
    usual = [dense(3, 2, 1.0), dense(2, 4, 1.0), dense(4, 2, 1.0), relay(2), relay(4)]
    whole = {"lateral_out_transform": 4, "feedback_out_transform": 2}  # from one current to one a neuron; else from spikes to one
    fit = (lambda x: x.expand(-1, whole[transform])) if transform in whole else (lambda x: x.any(1, keepdim=True))
    layer = snn.RecurrentSerial(*(connection.get(place, part) for place, part in enumerate(usual)), **{transform: fit})
    layer(ON)
    setattr(layer, transform, None)
    before = state(layer)
    with pytest.raises(ValueError, match=words):
        layer(ON)
    assert unchanged(layer, before)


def test_a_transform_that_does_not_fit_is_refused_before_the_neurons_run():
    layer = build(feedback_out_transform=lambda current: current[:, :1])
    with pytest.raises(ValueError, match=r"current of the feedback connection must be of shape \(1, 2\), but is of shape \(1, 1\)"):
        layer(ON)
    assert not layer.feedfwd_neuron.spike.any()


def test_a_batch_size_of_one_part_is_refused_before_any_runs():
    layer = build()
    layer.feedback_connection.batchsz = 2
    before = state(layer)
    with pytest.raises(RuntimeError, match="connection 'feedback' has batchsz 2, but neuron 'feedfwd' has 1"):
        layer(ON)
    assert unchanged(layer, before)


# -------------------------------------------------------------------------------------------------------------------------- the state


def test_what_is_fed_back_is_state_that_is_saved():
    layer = build()
    assert layer.feedback_spikes.dtype == torch.bool
    assert layer.feedback_spikes.tolist() == [[False] * 4]
    layer(ON)
    assert layer.state_dict()["feedback_spikes"].all()
    file = io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    other = build()
    other.load_state_dict(torch.load(file, weights_only=True))
    assert not other(ON)[0].any()


def test_clear_forgets_what_would_be_fed_back_or_keeps_it():
    layer = build()
    layer(ON)
    layer.clear(clear_feedback=False)
    assert layer.feedback_spikes.all()
    assert not layer.feedback_neuron.spike.any()
    assert not layer.feedfwd_synapse.spike.any()
    layer.clear(submodules=False)
    assert not layer.feedback_spikes.any()
    layer(ON)
    layer.clear(clear_feedback=False, submodules=False)
    assert layer.feedback_spikes.all()
    assert layer.feedback_neuron.spike.all()
    layer.clear()
    assert not layer.feedback_spikes.any()
    assert layer(ON)[0].all()


def test_another_batch_size_brings_it_to_rest():
    layer = build()
    layer(ON)
    layer.batchsz = 3
    assert layer.feedback_spikes.shape == (3, 4)
    assert not layer.feedback_spikes.any()
    assert layer(ON.expand(3, 3))[0].shape == (3, 2)
    for part in (*dict(layer.named_connections).values(), *dict(layer.named_neurons).values()):
        part.batchsz = 2  # one by one, without the layer
    assert layer(ON.expand(2, 3))[0].all()
    assert layer.feedback_spikes.shape == (2, 4)


def test_samples_are_fed_back_to_themselves_alone():
    layer = build(batch=2)
    both = torch.stack((ON[0], OFF[0]))
    layer(both)
    forward, _ = layer(torch.ones(2, 3))
    assert forward.tolist() == [[False, False], [True, True]]


def test_what_a_step_returned_may_be_changed_without_changing_the_state():
    layer = build()
    for spikes in layer(ON):
        spikes.zero_()
    assert layer.feedback_spikes.all()
    assert not layer(ON)[0].any()


def test_a_gradient_goes_round_the_loop_until_it_is_cut():
    layer = build(back=0.5)
    for part in layer.modules():
        if isinstance(part, snn.Synapse):
            part.inplace = False
    for _, neuron in layer.named_neurons:  # spikes as a surrogate gives them: 0 or 1, with the slope of the current, here 1
        neuron.register_forward_hook(lambda _, args, spikes: spikes.float() + args[0] - args[0].detach())
    weight = layer.feedfwd_connection.weight.requires_grad_()
    layer(ON)
    assert layer.feedback_spikes.requires_grad
    forward, _ = layer(OFF)  # nothing comes in: what reaches the first weights came round, through 2 cells x 1, 4 cells x 0.5
    (slope,) = torch.autograd.grad(forward[0, 0], weight)
    torch.testing.assert_close(slope, torch.full((2, 3), 4 * 0.5 * 1.0))
    layer.detach_()
    assert not layer.feedback_spikes.requires_grad
    layer.clear()
    assert layer.feedback_spikes.dtype == torch.bool


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda layer: setattr(layer.feedback_neuron, "batchsz", 2), "has batchsz 1, but neuron"),
        (lambda layer: setattr(layer.lateral_connection, "dt", 0.5), "steps by 0.5 ms"),
        (lambda layer: setattr(layer.feedfwd_connection.synapse, "dt", 0.5), "steps by 0.5 ms"),
    ],
)
def test_parts_that_were_changed_between_two_steps_are_checked_before_the_next(change, words):
    layer = build()
    for _ in range(3):
        layer(ON)
    change(layer)
    before = layer.feedfwd_neuron.voltage
    for each in (layer, copy.deepcopy(layer)):
        with pytest.raises(RuntimeError, match=words):
            each(ON)
    assert torch.equal(layer.feedfwd_neuron.voltage, before)


def test_a_transform_that_comes_between_two_steps_is_heard():
    layer = build()
    assert layer(ON)[1].any()
    layer.lateral_in_transform = torch.zeros_like
    assert not layer(ON)[1].any()
