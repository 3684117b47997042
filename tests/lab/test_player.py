"""Playing from Python, and what a run leaves behind that ended in an error."""

import asyncio

import pytest
import torch

import snnlab as snn
from snnlab.lab import Control, Lab, Raster


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def test_play_of_some_steps_stops_by_itself(make_lab):
    async def story():
        lab = make_lab(speed=4)
        lab.play(10)
        assert lab.playing
        await until(lambda: not lab.playing)
        assert lab.steps == 10

    asyncio.run(story())


@pytest.mark.parametrize("steps", [2.5, -1])
def test_some_steps_are_a_whole_number(make_lab, steps):
    with pytest.raises((TypeError, ValueError), match=r"steps must be a whole number.*, but is .*\. None runs until pause\(\)"):
        make_lab().play(steps)


def test_a_pace_can_be_given_at_once_or_later(make_lab):
    lab = make_lab(speed=5, pace=2.0)
    assert (lab.speed, lab.pace) == (5, 2.0)
    lab.pace = None
    assert (lab.speed, lab.pace) == (5, None)
    lab.pace = 10
    lab.speed = None
    assert (lab.speed, lab.pace) == (None, None)


def test_a_pace_must_be_above_0(make_lab):
    lab = make_lab()
    with pytest.raises(ValueError, match=r"pace must be above 0 steps a second, but is 0.0 steps a second. None goes as speed says"):
        lab.pace = 0


def test_less_than_a_step_a_frame_is_a_pace(make_lab):
    lab = make_lab()
    with pytest.raises(TypeError, match=r"speed must be a whole number, but is 0.5 \(float\).* set pace, in steps a second"):
        lab.speed = 0.5


def test_a_slider_is_heard_and_shown_while_it_waits_for_a_slow_step_and_acts_at_the_next(make_lab, toy):
    seen = []

    async def story():
        lab = make_lab(step=lambda: seen.append(toy.cells.tc_membrane), inputs=None, pace=1e-6)
        lab.views["a"] = 1
        lab.play()
        await until(lambda: lab.steps == 1)
        lab.gate.acknowledge(lab.sent[-1][0]["number"])
        lab.set("exc.tc_membrane", 33.0)
        lab.gate.acknowledge(lab.sent[-1][0]["number"])
        assert lab.sent[-1][0]["status"]["values"]["exc.tc_membrane"] == 33.0
        assert lab.playing
        lab.pace = 1e6
        await until(lambda: lab.steps >= 2)
        lab.pause()
        await lab.runner.stopped()
        assert seen[:2] == [20.0, 33.0]

    asyncio.run(story())


# --- errors -----------------------------------------------------------------------------------------------------------------------------


class Broken:
    """Fails while it is told to."""

    def __init__(self):
        self.on = False

    def __call__(self, *_):
        if self.on:
            raise ZeroDivisionError("as asked for")


def learning(trouble, where):
    """A network that learns by STDP, with something that may fail at one of its places."""
    generator = torch.Generator().manual_seed(3)
    weight = torch.rand(4, 6, generator=generator)
    synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=60.0, time_constant=5.0)
    connection = snn.LinearDense(6, 4, 1.0, synapse=synapse, weight_init=lambda like: weight.clone())
    lif = snn.LIF(4, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
    layer = snn.Serial(connection, lif, connection_name="in2exc", neuron_name="exc")
    connection.defaultupdater()
    stdp = snn.STDP(lr_post=0.01, lr_pre=-0.005, tc_post=20.0, tc_pre=20.0)
    stdp.register_cell("only", layer.cell)
    train = torch.rand(50, 1, 6, generator=generator) < 0.3
    trainers = {"stdp": stdp}
    if where == "model":
        lif.register_forward_hook(lambda *_: trouble())
    if where == "trainer":
        trainers["late"] = trouble  # when the rule has already proposed its update
    inputs = (lambda step: trouble() or train[step % 50]) if where == "inputs" else train
    lab = Lab(layer, inputs, view=[Raster("exc")], trainers=trainers, on_reset=trouble if where == "on_reset" else None)
    return lab, connection


@pytest.mark.parametrize("where", ["model", "trainer", "inputs"])
def test_after_an_error_in_a_step_reset_and_play_do_what_they_did_the_first_time(where):
    async def story():
        trouble = Broken()
        lab, connection = learning(trouble, where)
        first = lab.snapshot()
        await lab.run(40)
        after, learned = lab.snapshot(), connection.weight.clone()
        assert ": 0 spikes" not in after
        trouble.on = True
        lab.play()
        await until(lambda: lab.error)
        assert lab.error.startswith("Stopped at step 40. ZeroDivisionError: as asked for\n__call__, line")
        assert not lab.playing
        trouble.on = False
        lab.reset()
        assert (lab.error, lab.snapshot()) == ("", first)
        lab.play(40)
        await until(lambda: not lab.playing)
        assert lab.snapshot() == after
        assert torch.equal(connection.weight, learned)
        lab.close()

    asyncio.run(story())


def test_after_an_error_of_on_reset_the_model_is_at_its_start_and_plays():
    async def story():
        trouble = Broken()
        lab, connection = learning(trouble, "on_reset")
        first, weight = lab.snapshot(), connection.weight.clone()
        await lab.run(20)
        trouble.on = True
        with pytest.raises(ZeroDivisionError):
            lab.reset()
        assert lab.error.startswith("Stopped at step 0. ZeroDivisionError: as asked for")
        assert lab.snapshot() == first
        assert torch.equal(connection.weight, weight)
        trouble.on = False
        lab.reset()
        assert lab.error == ""
        lab.play(5)
        await until(lambda: not lab.playing)
        assert (lab.error, lab.steps) == ("", 5)
        lab.close()

    asyncio.run(story())


def test_inputs_that_cannot_start_again_refuse_reset_and_nothing_has_changed(make_lab, toy):
    lab = make_lab(inputs=(torch.ones(1, 3) for _ in range(9)))
    lab.step(4)
    before, weight = lab.snapshot(), toy.wires.weight.clone()
    with pytest.raises(RuntimeError, match="a generator runs only once"):
        lab.reset()
    assert lab.error.startswith("Stopped at step 4. RuntimeError: inputs cannot start again")
    assert lab.snapshot() == before
    assert torch.equal(toy.wires.weight, weight)
    lab.step()
    assert (lab.error, lab.steps) == ("", 5)


def test_an_awaited_run_tells_both_the_view_and_the_cell(make_lab):
    lab = make_lab(inputs=lambda step: torch.zeros(1, 3 if step < 4 else 7))
    with pytest.raises(RuntimeError):
        asyncio.run(lab.run(10))
    assert lab.error.startswith("Stopped at step 4. RuntimeError:")
    assert not lab.playing


def test_reset_ends_what_waited_for_it(make_lab, toy):
    box = {"size": 1.0}
    rebuilt = []
    size = Control("size", low=1, high=9, restart=True, get=lambda: box["size"], set=lambda value: box.update(size=value))
    lab = make_lab(controls=[size], on_reset=lambda: rebuilt.append(box["size"]))
    lab.set("size", 4.0)
    assert lab.controls["size"].waits
    lab.step()
    assert lab.controls["size"].waits
    lab.reset()
    assert not lab.controls["size"].waits
    assert rebuilt == [4.0]
