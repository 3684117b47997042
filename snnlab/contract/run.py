"""Laws of a run: what goes in stays as it is, what comes out depends on nothing else, and what a model shows is what it did."""

import math

import torch
from torch import nn

from snnlab.contract.law import BATCH, STEPS, Broken, keep_same, law
from snnlab.contract.subject import Subject
from snnlab.core import checks
from snnlab.neurons import Neuron
from snnlab.synapses import Synapse


@law()
def the_same_inputs_give_the_same_outputs(subject: Subject) -> None:
    """Two models that were built alike and fed alike give the same outputs, and draw no random number.

    Let random numbers come from a torch.Generator that the caller hands over, and let build always give the same first values.
    """
    inputs = subject.draw(STEPS, BATCH)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        first = subject.run(subject.build(BATCH), inputs)
        before = torch.random.get_rng_state()
        torch.manual_seed(2)
        keep_same("the output of a second model that was built and fed alike", subject.run(subject.build(BATCH), inputs), first)
        model = subject.build(BATCH)
        torch.random.set_rng_state(before)
        subject.run(model, inputs)
        if not torch.equal(torch.random.get_rng_state(), before):
            raise Broken("a step drew numbers from torch's own generator, which everybody shares.")


@law()
def a_lively_input_gets_an_answer(subject: Subject) -> None:
    """The outputs are not all 0, or no law could be seen to be broken.

    Build a model that answers what it is fed: change its settings, or the currents that it is fed, currents=(low, high) in nA.
    """
    if not subject.run(subject.build(BATCH), subject.draw(STEPS, BATCH)).any():
        raise Broken(f"every output was 0 in {STEPS} steps.")


@law()
def a_step_leaves_its_arguments_as_they_were(subject: Subject) -> None:
    """What a step is given belongs to the caller.

    Write x = x * 2 instead of x.mul_(2) or x *= 2, which change the caller's tensor.
    """
    inputs = subject.draw(STEPS, BATCH)
    before = inputs.clone()
    subject.run(subject.build(BATCH), inputs)
    keep_same("the input after its step", inputs, before)


@law()
def what_a_step_returned_is_not_changed_by_the_next(subject: Subject) -> None:
    """What a step has returned stays as it is.

    Return a tensor of its own, such as buffer.clone(), and no buffer that the next step writes to.
    """
    model, inputs = subject.build(BATCH), subject.draw(6, BATCH)
    copied = torch.cat([subject.run(model, each.unsqueeze(0)) for each in inputs])
    keep_same("what earlier steps have returned", subject.run(subject.build(BATCH), inputs), copied)


@law()
def samples_do_not_touch_each_other(subject: Subject) -> None:
    """A sample gives the same whatever the other samples of its batch are; in evaluation mode, where nothing is learned from them all.

    Keep the first axis apart: no mean, sum or largest over it, and no number that stands for all samples.
    """
    inputs, others = subject.draw(STEPS, BATCH), subject.draw(STEPS, BATCH, seed=7)
    others[:, 1] = inputs[:, 1]
    a, b = (subject.run(subject.build(BATCH).eval(), each) for each in (inputs, others))
    keep_same("the output of a sample beside other samples", b[:, 1], a[:, 1])
    if torch.equal(a, b):
        raise Broken("the outputs do not depend on the inputs.")
    alone = subject.run(subject.build(1).eval(), inputs[:, 1:2])
    keep_same("the output of a sample that runs alone", alone[:, 0], a[:, 1], 1e-5)


@law()
def the_first_step_of_training_sees_no_adaptation(subject: Subject) -> None:
    """The first step gives the same in training as in evaluation: what is learned in a step counts from the next.

    First work out what the step gives, then change what adapts.
    """
    inputs = subject.draw(1, BATCH)
    found, wanted = subject.run(subject.build(BATCH), inputs), subject.run(subject.build(BATCH).eval(), inputs)
    keep_same("the first output of training", found, wanted)


# ----------------------------------------------------------------------------------------------------------- synapses, neurons alone


def _is_synapse(model: nn.Module) -> bool:
    return isinstance(model, Synapse)


def _is_neuron(model: nn.Module) -> bool:
    return isinstance(model, Neuron)


@law(of=_is_synapse)
def a_delay_of_whole_steps_reads_what_was_then(subject: Subject) -> None:
    """`current_at` and `spike_at` give, at a delay of k steps, exactly what the synapse gave and got k steps ago.

    Push one current and one spike into the histories at every step, and read the current from what forward returned.
    """
    model = subject.build(BATCH)
    reach = round(model.delay / model.dt)
    inputs = subject.draw(reach + 7, BATCH)
    currents = subject.run(model, inputs)
    keep_same("current", model.current, currents[-1])
    keep_same("spike", model.spike, inputs[-1] != 0)
    for back in range(reach + 1):
        delay = torch.full(model.batchedshape, back * model.dt)
        keep_same(f"current_at({back * model.dt:g} ms)", model.current_at(delay), currents[-1 - back])
        keep_same(f"spike_at({back * model.dt:g} ms)", model.spike_at(delay), inputs[-1 - back] != 0)


@law(of=_is_neuron)
def a_neuron_shows_the_spikes_that_it_gave(subject: Subject) -> None:
    """`spike` is what the last step returned, as bool, and `voltage` a finite number for each neuron.

    Set self.spike_ and self.voltage_ at every step.
    """
    model = subject.build(BATCH)
    for each in subject.draw(STEPS, BATCH):
        given = subject.run(model, each.unsqueeze(0))[0]
        keep_same("spike", model.spike, given != 0)
        try:
            checks.finite("voltage", checks.shaped("voltage", model.voltage, tuple(model.batchedshape), "B x *shape"))
        except (ValueError, TypeError) as error:
            raise Broken(str(error)) from error


@law(of=lambda model: _is_neuron(model) and hasattr(model, "refrac_t"))
def a_refractory_neuron_does_not_spike(subject: Subject) -> None:
    """Two spikes of a neuron lie at least its refractory time apart.

    Count self.refrac_ down, or step by snn.threshold_step, which does; a neuron without such a time has refrac_t = 0.
    """
    model = subject.build(BATCH)
    spikes = subject.run(model, subject.draw(2 * STEPS, BATCH)) != 0
    least = max(math.ceil(model.refrac_t / model.dt - 1e-6), 1)
    for later in range(1, least):
        if (spikes[later:] & spikes[:-later]).any():
            raise Broken(f"a neuron spiked {later * model.dt:g} ms after its last spike, but refrac_t is {model.refrac_t:g} ms.")
