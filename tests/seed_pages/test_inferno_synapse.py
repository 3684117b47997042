"""The page of `InfernoSynapse`: every member, on a synapse written against the page alone and on one of the library."""

import pytest
import torch

import snnlab as snn
from snnlab.core.record import RecordTensor


class Summing(snn.InfernoSynapse):
    """The current is twice the sum of the inputs. It keeps its histories itself, and reads them itself."""

    def __init__(self, shape, step_time, delay=0.0, batch_size=1, inplace=True):
        super().__init__(shape, step_time, delay, batch_size, inplace)
        self.seen_, self.current_ = (RecordTensor(step_time, delay, shape=self.batchedshape, inplace=inplace) for _ in range(2))

    @classmethod
    def partialconstructor(cls, inplace=True):
        return lambda shape, step_time, delay, batch_size: cls(shape, step_time, delay, batch_size, inplace)

    current = property(lambda self: self.current_.peek(), lambda self, value: self.current_.write(value, 1))
    spike = property(lambda self: self.seen_.peek() != 0, lambda self, value: self.seen_.write(value, 1))

    def current_at(self, selector):
        return self.current_.select(selector)

    def spike_at(self, selector):
        return self.seen_.select(selector) != 0

    def forward(self, *inputs, **kwargs):
        self.seen_.push(inputs[0].float())
        self.current_.push(2 * sum(each.float() for each in inputs))
        return self.current


def library(shape, step_time, delay=0.0, batch_size=1, inplace=True):
    return snn.DeltaPlusCurrent(shape, step_time, spike_charge=2 * step_time, delay=delay, batch_size=batch_size, inplace=inplace)


BUILDERS = {"of one's own": Summing, "of the library": library}
both = pytest.mark.parametrize("build", BUILDERS.values(), ids=BUILDERS)
SPIKES, NONE = torch.tensor([[True, False]]), torch.tensor([[False, False]])


def test_inferno_synapse_stands_on_two_mixins_and_on_synapse():
    assert snn.InfernoSynapse.__bases__ == (snn.DelayedMixin, snn.BatchShapeMixin, snn.Synapse)


@both
def test_inferno_synapse_has_shape_step_time_delay_batch_size_and_inplace(build):
    synapse = build((2, 3), 0.5, 1.5, 4, False)
    assert (synapse.shape, synapse.dt, synapse.delay, synapse.batchsz, synapse.inplace) == ((2, 3), 0.5, 1.5, 4, False)
    assert (synapse.batchedshape, synapse.count) == ((4, 2, 3), 6)
    assert build(3, 1.0).shape == (3,)


@both
def test_inferno_synapse_resizes_what_depends_on_the_batch(build):
    synapse = build((2,), 1.0, 2.0)
    synapse(SPIKES)
    synapse.batchsz = 3
    assert not synapse.spike.any()
    assert synapse(SPIKES.expand(3, 2)).shape == synapse.current.shape == synapse.spike_at(torch.ones(3, 2)).shape == (3, 2)


@both
def test_inferno_synapse_manages_the_history_over_the_delay(build):
    synapse = build((2,), 0.1)
    for delay in (0.3, 1.0, 0.7):
        synapse.delay = delay
        synapse(SPIKES)
        for _ in range(round(delay / 0.1)):
            synapse(NONE)
        assert torch.equal(synapse.spike_at(torch.full((1, 2), delay)), SPIKES)
    synapse.dt = 0.35
    assert synapse.dt == 0.35
    synapse(SPIKES), synapse(NONE), synapse(NONE)
    assert torch.equal(synapse.spike_at(torch.full((1, 2), 0.7)), SPIKES)


@both
def test_clear_brings_it_to_rest_and_takes_keywords_meant_for_others(build):
    synapse = build((2,), 1.0, 2.0)
    synapse(SPIKES)
    assert synapse.clear(keep_adaptations=False) is None
    assert not synapse.spike.any()
    assert not synapse.current.any()
    assert not synapse.spike_at(torch.tensor([[0.0, 0.0]])).any()


@both
def test_current_is_that_of_the_present_and_may_be_set(build):
    synapse = build((2,), 1.0, 2.0)
    synapse(SPIKES)
    assert synapse.current.tolist() == [[2.0, 0.0]]
    synapse(NONE)
    synapse.current = torch.tensor([[0.25, 0.5]])
    assert synapse.current.tolist() == [[0.25, 0.5]]
    assert synapse.current_at(torch.ones(1, 2)).tolist() == [[2.0, 0.0]]


@both
def test_current_at_is_that_of_so_many_ms_ago(build):
    synapse = build((2,), 0.5, 1.0)
    currents = [synapse(torch.tensor([x])) for x in ([True, False], [False, True], [True, True])]
    for steps in range(3):
        assert torch.equal(synapse.current_at(torch.full((1, 2), 0.5 * steps)), currents[2 - steps])
    assert synapse.current_at(torch.tensor([[0.5, 1.0]])).tolist() == [[0.0, 0.0]]
    assert synapse.current_at(torch.tensor([[1.0, 0.5]])).tolist() == [[2.0, 2.0]]


@both
@pytest.mark.parametrize("delay", [0.0, 0.3, 1.0, 7.25])
def test_delay_is_the_longest_in_ms_as_it_was_given(build, delay):
    synapse = build((2,), 0.3, delay)
    assert synapse.delay == delay
    synapse.delay = 2.5
    assert synapse.delay == 2.5


@both
def test_forward_takes_tensors_like_the_synapse_and_returns_its_currents(build):
    synapse = build((2,), 1.0)
    current = synapse(SPIKES)
    assert current.shape == synapse.batchedshape
    assert current.tolist() == synapse.current.tolist() == [[2.0, 0.0]]


@both
def test_inplace_says_whether_writes_are_in_place_and_may_be_set(build):
    for inplace in (True, False):
        synapse = build((2,), 1.0, 1.0, 1, inplace)
        records = [each for each in synapse.children() if isinstance(each, RecordTensor)]
        assert synapse.inplace is inplace
        assert {record.inplace for record in records} == {inplace}
        synapse.inplace = not inplace
        assert synapse.inplace is not inplace
        assert {record.inplace for record in records} == {not inplace}


def test_inplace_false_lets_a_gradient_through():
    synapse = Summing((2,), 1.0, 1.0, 1, False)
    inputs = torch.ones(1, 2, requires_grad=True)
    synapse(inputs), synapse(torch.zeros(1, 2))
    synapse.current_at(torch.ones(1, 2)).sum().backward()
    assert inputs.grad.tolist() == [[2.0, 2.0]]


@pytest.mark.parametrize(
    "constructor", [Summing.partialconstructor(), snn.DeltaPlusCurrent.partialconstructor(2.0)], ids=["of one's own", "of the library"]
)
def test_partialconstructor_builds_from_shape_step_time_delay_and_batch_size(constructor):
    synapse = constructor((2,), 1.0, 3.0, 4)
    assert isinstance(synapse, snn.InfernoSynapse)
    assert (synapse.shape, synapse.dt, synapse.delay, synapse.batchsz) == ((2,), 1.0, 3.0, 4)
    connection = snn.LinearDense(2, 1, 1.0, synapse=constructor, delay=3.0, weight_init=torch.ones_like)
    assert connection(SPIKES).item() == 2.0


@both
def test_spike_is_the_input_of_the_present_as_bool_and_may_be_set(build):
    synapse = build((2,), 1.0, 2.0)
    synapse(SPIKES)
    assert synapse.spike.dtype == torch.bool
    assert torch.equal(synapse.spike, SPIKES)
    synapse(NONE)
    synapse.spike = ~SPIKES
    assert torch.equal(synapse.spike, ~SPIKES)
    assert torch.equal(synapse.spike_at(torch.ones(1, 2)), SPIKES)


@both
def test_spike_at_is_the_input_of_so_many_ms_ago_as_bool(build):
    synapse, trains = build((2,), 0.5, 1.0), [torch.tensor([x]) for x in ([True, False], [False, True], [True, True])]
    for spikes in trains:
        synapse(spikes)
    for steps in range(3):
        found = synapse.spike_at(torch.full((1, 2), 0.5 * steps))
        assert found.dtype == torch.bool
        assert torch.equal(found, trains[2 - steps])


def test_clear_of_a_synapse_that_has_nothing_to_bring_to_rest_must_be_implemented():
    class Bare(Summing):
        def __init__(self):
            snn.InfernoSynapse.__init__(self, 2, 1.0, 0.0, 1, True)

    with pytest.raises(NotImplementedError, match="Bare must implement clear"):
        Bare().clear()
