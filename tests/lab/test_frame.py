import asyncio

import pytest

from snnlab.lab import Control
from snnlab.lab import gate as gates
from snnlab.lab.player import SILENCE


@pytest.fixture
def watched(make_lab):
    """A lab that somebody looks at; `status()` is what the page was told last."""

    def make(**given):
        lab = make_lab(**given)
        lab.views["a"] = 1
        lab.status = lambda: lab.sent[-1][0]["status"]
        return lab

    return make


def test_a_frame_says_step_time_and_speed(watched):
    lab = watched(step_time=0.5, speed=None, pace=2.0)
    lab.step(3)
    assert lab.status() == lab.status() | {"step": 3, "time": 1.5, "playing": False, "speed": 0, "pace": 2.0, "error": "", "note": ""}


def test_nothing_is_packed_where_nobody_looks(make_lab):
    lab = make_lab()
    lab.frames.send(1)
    assert lab.sent == []
    assert lab.gate.free


def test_a_lab_that_is_shown_leaves_its_frame_in_the_page_s_state(watched):
    lab = watched()
    lab.step(5)
    assert lab.view.first == {}
    lab._repr_mimebundle_()
    lab.gate.open()
    lab.show()
    message, buffers = lab.sent[-1]
    assert lab.view.first["table"] == message["table"]
    assert lab.view.first["buffer"] == buffers[0]
    assert lab.view.first["status"] == message["status"] | {"seen": {}}, "whatever other views have said"


def test_a_lab_whose_values_cannot_be_had_is_shown_without_a_first_frame(make_lab):
    box = {"size": 1.0}
    lab = make_lab(controls=[Control("size", low=0, high=9, get=lambda: box["size"], set=lambda value: box.update(size=value))])
    box["size"] = "large"
    lab._repr_mimebundle_()
    assert lab.view.first == {}


def test_a_frame_names_what_waits_for_reset(watched):
    box = {"size": 1.0}
    size = Control("size", low=1, high=9, restart=True, get=lambda: box["size"], set=lambda value: box.update(size=value))
    lab = watched(controls=["exc.tc_membrane", size])
    for change in (lambda: lab.set("size", 4.0), lambda: lab.set("exc.tc_membrane", 4.0), lab.reset):
        lab.gate.open()
        change()
        waiting = lab.status()["waiting"]
        assert waiting == ([] if change == lab.reset else ["size"])


def test_an_observer_that_fails_at_a_frame_stops_the_run_and_is_told_with_that_frame(watched, toy):
    def refuse(change):
        raise ValueError("never")

    async def story():
        lab = watched(controls=["exc.threshold"], step=lambda: setattr(toy.cells, "threshold", 0.75), inputs=None)
        lab.slider("exc.threshold").observe(refuse, "value")
        lab.play()
        async with asyncio.timeout(10):
            while lab.playing or not lab.sent:
                lab.gate.open()
                await asyncio.sleep(0)
        lab.gate.open()
        lab.show()
        assert lab.status()["error"].startswith("Stopped at step 1. ValueError: never\nrefuse, line")

    asyncio.run(story())


@pytest.mark.parametrize("awaited", [False, True])
def test_a_run_that_no_page_answers_stops_unless_a_cell_waits_for_it(watched, monkeypatch, awaited):
    async def story():
        lab = watched()
        now = [0.0]
        monkeypatch.setattr(gates, "perf_counter", lambda: now.__setitem__(0, now[0] + SILENCE / 10) or now[0])
        if awaited:
            await lab.run(40)
            assert (lab.steps, lab.note) == (40, "")
            return
        lab.play()
        async with asyncio.timeout(10):
            while lab.playing:
                await asyncio.sleep(0)
        assert lab.note == f"Paused at step {lab.steps}: no page has answered for 10 seconds."
        assert lab.status() == lab.status() | {"playing": False, "note": lab.note}  # for a page that wakes up
        lab.play(2)
        assert lab.note == ""
        await lab.runner.stopped()

    asyncio.run(story())
