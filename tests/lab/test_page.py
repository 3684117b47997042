import asyncio
import threading

import numpy as np
import pytest
import torch

from snnlab.lab import Control, page


class Page:
    """A browser's side: says things, remembers frames, acknowledges them when told to."""

    def __init__(self, lab, view="a"):
        self.lab, self.view, self.count = lab, view, 0
        self.say("hello")

    def say(self, what, **more):
        self.count += 1
        page.hear(self.lab, {"do": what, "view": self.view, "seq": self.count, **more})

    def acknowledge(self):
        self.say("ack", frame=self.lab.sent[-1][0]["number"])

    @property
    def status(self):
        return self.lab.sent[-1][0]["status"]


def test_a_view_that_opens_gets_a_frame_with_one_buffer(make_lab):
    lab = make_lab()
    lab.step(3)
    assert lab.sent == []  # nobody looks
    Page(lab)
    (content, buffers) = lab.sent[0]
    assert content["do"] == "frame"
    assert content["status"]["step"] == 3
    assert len(buffers) == 1
    kind, shape, at = content["table"][2]["values"]
    sent = np.frombuffer(buffers[0], kind, int(np.prod(shape)), at).reshape(shape)
    np.testing.assert_array_equal(sent, lab.scene.data()[2]["values"])


def test_buttons_do_what_they_say(make_lab):
    lab = make_lab()
    view = Page(lab)
    view.acknowledge()
    view.say("step")
    assert (lab.steps, view.status["step"]) == (1, 1)
    view.acknowledge()
    view.say("reset")
    assert (lab.steps, view.status["step"]) == (0, 0)
    view.say("speed", value=10)
    assert lab.speed == 10
    view.say("speed", value=0)
    assert lab.speed is None


def test_a_slider_sets_the_model_and_the_answer_says_that_it_was_heard(make_lab, toy):
    lab = make_lab()
    view = Page(lab)
    view.acknowledge()
    view.say("set", name="exc.tc_membrane", value=50.0)
    assert toy.cells.tc_membrane == 50.0
    assert view.status["values"]["exc.tc_membrane"] == 50.0
    assert view.status["seen"]["a"] == view.count


def test_play_follows_and_pause_stops(make_lab):
    async def story():
        lab = make_lab()
        view = Page(lab)
        view.acknowledge()
        view.say("play")
        async with asyncio.timeout(10):
            while lab.steps < 5:
                if not lab.gate.free:
                    view.acknowledge()
                await asyncio.sleep(0)
        assert view.status["playing"]
        view.say("pause")
        view.acknowledge()
        await lab.runner.stopped()
        steps = lab.steps
        view.acknowledge()
        assert view.status == view.status | {"playing": False, "step": steps}

    asyncio.run(story())


def test_closing_the_last_view_stops_the_run(make_lab):
    async def story():
        lab = make_lab()
        one, two = Page(lab, "one"), Page(lab, "two")
        one.say("play")
        one.say("bye")
        assert lab.playing
        two.say("bye")
        assert not lab.playing
        await lab.runner.stopped()

    asyncio.run(story())


def test_an_error_of_the_model_shows_with_its_step_and_stops_the_run(make_lab, toy, monkeypatch):
    async def story():
        lab = make_lab()
        view = Page(lab)
        view.acknowledge()
        view.say("step")
        view.acknowledge()
        monkeypatch.setattr(toy, "update", lambda: 1 / 0)
        view.say("play")
        async with asyncio.timeout(10):
            while not lab.error:
                await asyncio.sleep(0)
        view.acknowledge()
        assert view.status["error"].startswith("Stopped at step 1. ZeroDivisionError: division by zero\n<lambda>, line")
        assert not view.status["playing"]
        monkeypatch.undo()
        view.acknowledge()
        view.say("step")
        view.acknowledge()
        assert view.status["error"] == ""

    asyncio.run(story())


def test_an_error_of_a_slider_shows(make_lab):
    def refuse(value):
        raise ValueError("never above 1")

    lab = make_lab(controls=[Control("gain", low=0.0, high=2.0, get=lambda: 1.0, set=refuse)])
    view = Page(lab)
    view.acknowledge()
    view.say("set", name="gain", value=2.0)
    assert "ValueError: never above 1" in view.status["error"]


def test_the_device_menu_moves_the_model(make_lab, toy):
    lab = make_lab()
    view = Page(lab)
    view.acknowledge()
    view.say("device", value="cpu")
    assert lab.device == torch.device("cpu")
    view.acknowledge()
    view.say("device", value="tpu")
    assert "device must be one of" in lab.error


@pytest.mark.parametrize("kind", ["raster", "still"])
def test_alt_text_is_the_snapshot(make_lab, kind):
    lab = make_lab()
    view = Page(lab)
    assert view.status["alt"] == lab.snapshot()


def test_a_picture_that_cannot_be_made_is_said_over_the_last_one(make_lab, toy):
    lab = make_lab()
    view = Page(lab)
    view.acknowledge()
    lab.scene.panels[0].data = lambda recorder: 1 / 0
    view.say("step")
    content, buffers = lab.sent[-1]
    assert "ZeroDivisionError" in content["status"]["error"]
    assert buffers == lab.sent[0][1]


def test_run_does_so_many_steps_and_stops(make_lab):
    async def story():
        lab = make_lab()
        view = Page(lab)
        view.say("run", steps=6)
        assert lab.playing
        async with asyncio.timeout(10):
            while lab.playing:
                lab.gate.open()
                await asyncio.sleep(0)
        lab.gate.open()
        lab.show()
        assert view.status == view.status | {"playing": False, "step": 6, "error": ""}

    asyncio.run(story())


def test_a_run_of_no_number_is_refused_in_the_view(make_lab):
    lab = make_lab()
    view = Page(lab)
    view.acknowledge()
    view.say("run", steps=1.5)
    assert "steps must be a whole number" in view.status["error"]


def test_the_menu_of_speeds_sets_pace_and_speed(make_lab):
    lab = make_lab()
    view = Page(lab)
    view.say("pace", value=2)
    view.acknowledge()
    assert lab.pace == 2
    view.say("speed", value=50)
    assert (lab.speed, lab.pace) == (50, None)


def test_a_later_error_takes_the_place_of_an_earlier_one(make_lab):
    lab = make_lab()
    view = Page(lab)
    view.say("set", name="nix", value=1.0)
    assert "'nix'" in lab.error
    view.say("set", name="nox", value=1.0)
    assert "'nox'" in lab.error


def test_an_error_of_on_reset_shows_and_reset_works_again(make_lab):
    broken = [True]
    lab = make_lab(on_reset=lambda: 1 / 0 if broken[0] else None)
    view = Page(lab)
    view.acknowledge()
    view.say("step")
    view.acknowledge()
    view.say("reset")
    view.acknowledge()
    assert view.status["error"].startswith("Stopped at step 0. ZeroDivisionError: division by zero\n<lambda>, line")
    broken[0] = False
    view.acknowledge()
    view.say("reset")
    view.acknowledge()
    assert view.status == view.status | {"error": "", "step": 0}


STILL = "Paused at step 2, because this page asks for reduced motion. Play goes on."


def test_a_view_that_opens_on_a_page_of_reduced_motion_starts_paused_and_says_so(make_lab):
    async def story():
        lab = make_lab(pace=1e-6)
        Page(lab, "one")
        lab.step()
        lab.play()
        async with asyncio.timeout(10):
            while lab.steps < 2:
                await asyncio.sleep(0)
        two = Page.__new__(Page)
        two.lab, two.view, two.count = lab, "two", 0
        two.say("hello", still=False)
        assert lab.playing
        two.say("hello", still=True)
        assert not lab.playing
        two.acknowledge()
        assert two.status == two.status | {"playing": False, "note": STILL}
        two.say("play")  # who presses Play wants motion
        assert lab.playing
        two.acknowledge()
        assert two.status["note"] == ""
        lab.pause()
        await lab.runner.stopped()

    asyncio.run(story())


def test_a_page_of_reduced_motion_says_nothing_where_nothing_plays(make_lab):
    lab = make_lab()
    view = Page(lab)
    view.say("hello", still=True)
    view.acknowledge()
    assert view.status["note"] == ""


def test_a_run_that_a_cell_waits_for_goes_on_without_a_view(make_lab):
    lab = make_lab(step=lambda: view.say("bye"), inputs=None)
    view = Page(lab)
    asyncio.run(lab.run(5))
    assert lab.steps == 5


def test_what_comes_by_another_thread_is_done_in_the_thread_of_the_lab(make_lab, monkeypatch):
    heard = []
    monkeypatch.setattr(page, "hear", lambda lab, message: heard.append((message["do"], threading.get_ident())))

    async def story():
        lab = make_lab()
        await asyncio.to_thread(lab.view._handle_custom_msg, {"do": "ack"}, [])
        async with asyncio.timeout(10):
            while not heard:
                await asyncio.sleep(0)

    asyncio.run(story())
    assert heard == [("ack", threading.get_ident())]


def test_a_lab_that_was_made_outside_of_a_loop_hears_at_once(make_lab, monkeypatch):
    heard = []
    monkeypatch.setattr(page, "hear", lambda lab, message: heard.append(message["do"]))
    make_lab().view._handle_custom_msg({"do": "ack"}, [])
    assert heard == ["ack"]
