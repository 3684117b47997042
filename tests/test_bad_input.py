"""Bad input, one table: what a reader may do wrong in a notebook, the words of the answer, and that nothing has changed.

Each message names the argument, what came, what was wanted, and what to do next.
"""

import copy
import math

import pytest
import torch

import snnlab as snn

B, M, N = 2, 3, 2


class Scene:
    """A whole experiment in the middle of a run: delays, adaptation, an updater, a rule."""

    def __init__(self):
        generator = torch.Generator().manual_seed(0)
        self.connection = snn.LinearDense(
            M, N, 1.0, synapse=snn.SingleExponentialCurrent.partialconstructor(40.0, 5.0), bias=True, delay=4.0, batch_size=B,
            weight_init=lambda like: torch.rand(like.shape, generator=generator),
            bias_init=torch.ones_like,
            delay_init=lambda zeros: torch.rand(zeros.shape, generator=generator) * 4,
        )  # fmt: skip
        self.neuron = snn.ALIF(
            N, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_eq_v=-60.0, refrac_t=2.0, tc_membrane=10.0, tc_adaptation=50.0,
            spike_increment=1.0, batch_size=B,
        )  # fmt: skip
        self.layer = snn.Serial(self.connection, self.neuron)
        self.connection.defaultupdater()
        self.rule = snn.STDP(lr_post=0.1, lr_pre=-0.1, tc_post=20.0, tc_pre=20.0)
        self.rule.register_cell("only", self.layer.cell)
        for spikes in torch.rand(9, B, M, generator=generator) < 0.5:
            self.good = spikes
            self.step()

    @property
    def synapse(self):
        return self.connection.synapse

    def step(self, spikes=None, **kwargs):
        self.layer(self.good if spikes is None else spikes, **kwargs)
        self.rule()
        self.layer.update()

    def bare_cell(self):
        """A cell of a connection without an updater."""
        synapse = snn.DeltaCurrent.partialconstructor(1.0)
        lif = snn.LIF(N, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-60.0, refrac_t=2.0, time_constant=10.0)
        return snn.Serial(snn.LinearDense(M, N, 1.0, synapse=synapse), lif).cell

    def state(self):
        """All that a run or a lesson may change, and every setting."""
        settings = {
            (type(module).__name__, name): getattr(module, name)
            for module in (self.neuron, self.synapse, self.rule)
            for name, value in vars(type(module)).items()
            if isinstance(value, snn.Setting)
        }
        shapes = self.layer.batchsz, self.connection.dt, self.connection.delayedby, self.layer.cell.steps, len(self.rule)
        return copy.deepcopy((dict(self.layer.state_dict()), dict(self.rule.state_dict()))), settings, shapes


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def put(what, name, value):
    return lambda scene: setattr(getattr(scene, what), name, value)


TABLE = {
    # ------------------------------------------------------------------------------------------------------- shapes and batches
    "a wrong shape": (
        lambda s: s.layer(torch.ones(B, M + 1)),
        ValueError,
        r"inputs must be of shape \(2, 3\) \(B x inshape\), but is of shape \(2, 4\)\.",
    ),
    "a wrong batch": (
        lambda s: s.layer(torch.ones(B + 1, M)),
        ValueError,
        r"inputs must be of shape \(2, 3\) \(B x inshape\), but is of shape \(3, 3\)\. Set batchsz for another batch size\.",
    ),
    "an input without a batch": (lambda s: s.layer(torch.ones(M)), ValueError, r"but is of shape \(3,\)\. Set batchsz"),
    "no tensor": (
        lambda s: s.layer([[1, 0, 1]] * B),
        TypeError,
        r"inputs must be a torch\.Tensor, but is \[\[1, 0, 1\], \[1, 0, 1\]\] \(list\)\. Wrap it with torch\.as_tensor\.",
    ),
    "no input": (lambda s: s.layer(), TypeError, r"LinearDense takes inputs of shape \(2, 3\), but got none"),
    "currents of a wrong shape": (
        lambda s: s.neuron(torch.ones(B, N + 1)),
        ValueError,
        r"inputs must be of shape \(2, 2\) \(B x \*shape\)",
    ),
    "spikes of a wrong shape": (lambda s: s.synapse(torch.ones(B, 1)), ValueError, r"inputs must be of shape \(2, 3\) \(B x \*shape\)"),
    "a selector of a wrong shape": (
        lambda s: s.synapse.current_at(torch.zeros(B, M + 1)),
        ValueError,
        r"time must be of shape \(2, 3\), or that with one more axis at the end .* but is of shape \(2, 4\)",
    ),
    "a batch size of 0": (put("layer", "batchsz", 0), ValueError, "batchsz must be a whole number of at least 1, but is 0"),
    "half a batch": (put("layer", "batchsz", 2.5), TypeError, r"batchsz must be a whole number, but is 2\.5 \(float\)"),
    # -------------------------------------------------------------------------------------------------------------- not a number
    "NaN inputs": (
        lambda s: s.layer(torch.tensor([[0.0, math.nan, 1.0]] * B)),
        ValueError,
        r"inputs must be finite in every element, but is NaN or infinite in 2 of 6",
    ),
    "infinite inputs": (lambda s: s.layer(torch.full((B, M), -math.inf)), ValueError, "inputs must be finite .* in 6 of 6"),
    "NaN currents": (lambda s: s.neuron(torch.full((B, N), math.nan)), ValueError, "inputs must be finite .* in 4 of 4"),
    "NaN weights": (
        put("connection", "weight", torch.full((N, M), math.nan)),
        ValueError,
        "weight must be finite in every element, but is NaN or infinite in 6 of 6",
    ),
    "a NaN bias": (put("connection", "bias", torch.tensor([0.0, math.nan])), ValueError, "bias must be finite .* in 1 of 2"),
    "a NaN delay": (put("connection", "delay", torch.full((N, M), math.nan)), ValueError, "delay must be finite"),
    "NaN voltages": (put("neuron", "voltage", torch.full((B, N), math.nan)), ValueError, "voltage must be finite"),
    "a NaN learning rate": (put("rule", "lr_post", math.nan), ValueError, "lr_post must be a finite number, but is nan"),
    # --------------------------------------------------------------------------------------------------------- weights and delays
    "a weight of the wrong shape": (
        put("connection", "weight", torch.ones(M, N)),
        ValueError,
        r"weight must be of shape \(2, 3\) \(outputs x inputs\), but is of shape \(3, 2\)",
    ),
    "a number for weights": (put("connection", "weight", 0.5), TypeError, r"weight must be a torch\.Tensor, but is 0\.5 \(float\)"),
    "a bias of the wrong shape": (put("connection", "bias", torch.ones(M)), ValueError, r"bias must be of shape \(2,\)"),
    "a delay beyond the maximum": (
        put("connection", "delay", torch.full((N, M), 4.5)),
        ValueError,
        r"delay must lie between 0 and 4 ms, the longest delay of this connection, but spans 4\.5 to 4\.5 ms\. Clamp it, or build",
    ),
    "a delay below 0": (
        put("connection", "delay", torch.full((N, M), -1.0)),
        ValueError,
        "delay must lie between 0 and 4 ms.* spans -1 to -1",
    ),
    "a delay of the wrong shape": (
        put("connection", "delay", torch.ones(N)),
        ValueError,
        r"delay must be of shape \(2, 3\) \(outputs x inputs\)",
    ),
    "a longest delay below 0": (
        put("synapse", "delay", -1.0),
        ValueError,
        r"delay must be 0 ms or above, but is -1\.0 ms\. Use 0\.0 for no",
    ),
    # ---------------------------------------------------------------------------------------------------------------- settings
    "a step time of 0": (put("connection", "dt", 0.0), ValueError, r"dt must be above 0 ms, but is 0\.0 ms"),
    "a reset above the threshold": (
        put("neuron", "reset_v", -55.0),
        ValueError,
        r"reset_v must be below thresh_eq_v \(-60\.0 mV\), but is -55\.0 mV\. A neuron reset to its threshold never stops\.",
    ),
    "a time constant of 0": (
        put("synapse", "time_constant", 0.0),
        ValueError,
        r"time_constant must be above 0 ms, but is 0\.0 ms\. For no decay, use DeltaCurrent\.",
    ),
    "a word for a number": (put("neuron", "refrac_t", "long"), TypeError, r"refrac_t must be a number in ms, but is 'long' \(str\)"),
    "an unknown trace mode": (put("rule", "tracemode", "all"), ValueError, "must be one of 'cumulative', 'nearest', but is 'all'"),
    # ---------------------------------------------------------------------------------------------------------------- set-up
    "a rule before its layer": (
        lambda s: s.rule(),
        RuntimeError,
        r"Cell 'only' has not run since the last call\. Call the layer first, then STDP",
    ),
    "a rule on a cell without updater": (
        lambda s: s.rule.register_cell("bare", s.bare_cell()),
        RuntimeError,
        r"Cell 'bare' has no updater, so nothing could be learned\. Call cell\.connection\.defaultupdater\(\) before registering it",
    ),
    "a rule on no cell": (
        lambda s: s.rule.register_cell("new", s.layer),
        TypeError,
        r"cell must be a Cell, but is of type Serial\. Take it from",
    ),
    "a name twice": (lambda s: s.rule.register_cell("only", s.layer.cell), ValueError, "There is a cell 'only' in this STDP already"),
    "a cell that is called": (lambda s: s.layer.cell(s.good), RuntimeError, r"A cell cannot be called: .* Call the layer\."),
    "a history read before its first push": (
        lambda s: snn.RecordTensor(1.0, 3.0).read(),
        RuntimeError,
        r"The history has no shape yet, so it cannot read\. Push an observation first, or call initialize\(shape\)\.",
    ),
    "a time before a history": (
        lambda s: s.synapse.spike_.select(99.0),
        ValueError,
        "time must lie between 0 and 4 ms back, but spans 99 to 99 ms",
    ),
    "parts of unequal batches": (
        lambda s: snn.Serial(s.connection, s.bare_cell().neuron)(s.good),
        RuntimeError,
        r"connection 'serial' has batchsz 2, but neuron 'serial' has 1\. Set batchsz of the layer, which sets both\.",
    ),
    "neurons that do not fit": (
        lambda s: snn.Serial(
            s.connection, snn.LIF(5, 1.0, rest_v=-65, reset_v=-65, thresh_v=-60, refrac_t=2, time_constant=9, batch_size=B)
        ),
        RuntimeError,
        r"connection 'serial' gives outputs of shape \(2,\), but neuron 'serial' is of shape \(5,\)\. Make them equal to train the pair\.",
    ),
    "a gradient that would be lost": (
        lambda s: s.layer(s.good.float().requires_grad_()),
        RuntimeError,
        r"observation requires a gradient, but this history writes in place and would lose it\. Set inplace=False\.",
    ),
    # ---------------------------------------------------------------------------------------------------------- unknown keywords
    "an unknown keyword of a layer": (
        lambda s: s.layer(s.good, adapt=True),
        TypeError,
        "Serial takes no keyword 'adapt': it has no transform",
    ),
    "an unknown keyword of a connection": (
        lambda s: s.connection(s.good, gain=2.0),
        TypeError,
        r"SingleExponentialCurrent takes no keyword 'gain'\. Leave it out, or check its spelling\.",
    ),
    "an unknown keyword of a neuron": (
        lambda s: s.layer(s.good, neuron_kwargs={"adpat": True}),
        TypeError,
        r"ALIF\.forward got an unexpected keyword argument 'adpat'\. Leave it out, or check its spelling\.",
    ),
    "an unknown keyword of a rule": (lambda s: s.rule(signal=1.0), TypeError, "unexpected keyword argument 'signal'"),
    "an unknown keyword of an update": (lambda s: s.layer.update(clean=True), TypeError, "unexpected keyword argument 'clean'"),
    "an unknown override": (
        lambda s: s.rule.register_cell("new", s.layer.cell, lr=0.1),
        TypeError,
        "STDP takes no override 'lr'; it takes .*lr_post",
    ),
    "an unknown argument": (
        lambda s: snn.LinearDense(M, N, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0), max_delay=3.0),
        TypeError,
        "unexpected keyword argument 'max_delay'",
    ),
    "an unknown parameter to update": (lambda s: s.connection.updatesome("wieght"), AttributeError, "'wieght' is not updated here; weight"),
}


@pytest.mark.parametrize(("act", "error", "words"), TABLE.values(), ids=TABLE)
def test_bad_input_is_answered_in_words_and_changes_nothing(act, error, words):
    scene, twin = Scene(), Scene()
    before = scene.state()
    with pytest.raises(error, match=words):
        act(scene)
    assert same(scene.state(), before)
    for each in (scene, twin):
        each.step()
    assert same(scene.state(), twin.state())


def test_the_scene_notices_a_change():
    scene = Scene()
    before = scene.state()
    assert same(before, Scene().state())
    for change in (
        lambda s: s.layer(s.good),
        lambda s: s.neuron(torch.ones(B, N)),
        lambda s: setattr(s.rule, "lr_post", 0.3),
        lambda s: setattr(s.connection, "bias", torch.zeros(N)),
        lambda s: s.rule.clear(),
    ):
        changed = Scene()
        change(changed)
        assert not same(changed.state(), before)


# -------------------------------------------------------------------------------------------------------------- what is pending


def test_an_update_that_would_spoil_the_weights_is_refused_and_changes_nothing():
    scene = Scene()
    before = scene.state()
    scene.connection.updater.weight = torch.full((N, M), math.nan)
    with pytest.raises(ValueError, match="weight must be finite"):
        scene.layer.update()
    scene.connection.updater.clear()
    assert same(scene.state(), before)


def test_an_update_of_the_wrong_shape_is_refused_and_changes_nothing():
    scene = Scene()
    before = scene.state()
    scene.connection.updater.weight = torch.ones(M + 1)
    with pytest.raises((ValueError, RuntimeError), match=r"size|shape"):
        scene.layer.update()
    scene.connection.updater.clear()
    assert same(scene.state(), before)


def test_a_state_of_another_shape_is_refused():
    scene, other = (
        Scene(),
        snn.LinearDense(M + 1, N, 1.0, synapse=snn.SingleExponentialCurrent.partialconstructor(1.0, 5.0), bias=True, delay=4.0),
    )
    with pytest.raises(RuntimeError, match="size mismatch for weight_"):
        scene.connection.load_state_dict(other.state_dict())
