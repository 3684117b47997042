import asyncio
import itertools
import time

import pytest
import torch

from snnlab.lab import runner as module
from snnlab.lab.gate import Gate
from snnlab.lab.runner import Runner


class Bench:
    """A runner whose frames a page acknowledges at once."""

    def __init__(self, step=lambda: None):
        self.steps, self.frames, self.errors = 0, [], []
        self.act = step
        self.gate = Gate(self.send, patience=60.0)
        self.runner = Runner(self.step, self.gate, self.errors.append)

    def step(self):
        self.act()
        self.steps += 1

    def send(self, number):
        self.frames.append(self.steps)
        asyncio.get_running_loop().call_soon(self.gate.acknowledge, number)


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)


def test_each_frame_shows_as_many_steps_as_speed_says():
    async def story():
        bench = Bench()
        bench.runner.speed = 5
        bench.runner.play()
        await until(lambda: len(bench.frames) > 3)
        await bench.runner.stopped()
        assert bench.frames[:3] == [5, 10, 15]

    asyncio.run(story())


def test_pause_stops():
    async def story():
        bench = Bench()
        bench.runner.play()
        await until(lambda: bench.steps > 2)
        bench.runner.pause()
        await bench.runner.stopped()
        steps = bench.steps
        for _ in range(100):
            await asyncio.sleep(0)
        assert bench.steps == steps

    asyncio.run(story())


def test_others_have_their_turn_while_it_runs_as_fast_as_it_goes():
    async def story():
        bench = Bench(lambda: time.sleep(0.001))  # stands for a slow model
        bench.runner.speed = None
        bench.runner.play()
        heard = []
        for _ in range(20):
            heard.append(bench.steps)
            await asyncio.sleep(0)
        await bench.runner.stopped()
        assert max(after - before for before, after in itertools.pairwise(heard)) <= 6  # never more than a turn of 5 ms

    asyncio.run(story())


def test_at_full_speed_frames_keep_their_distance_and_seldom_ask(monkeypatch):
    async def story():
        now = itertools.count(step=0.001)  # each look at the clock finds it a millisecond on
        monkeypatch.setattr(module, "perf_counter", lambda: next(now))
        bench, shown = Bench(), []
        bench.gate = Gate(lambda number: (shown.append((module.perf_counter(), bench.gate.asking)), bench.send(number)), patience=60.0)
        bench.runner = Runner(bench.step, bench.gate, bench.errors.append)
        bench.runner.speed = None
        bench.runner.play()
        await until(lambda: len(shown) > 9)
        await bench.runner.stopped()
        times, asks = zip(*shown[:9], strict=True)
        assert min(after - before for before, after in itertools.pairwise(times)) > 0.017
        assert asks == (False, False, True) * 3
        bench.runner.speed = 1
        await bench.runner.run(3)
        assert [asked for _, asked in shown[-3:]] == [True] * 3

    asyncio.run(story())


def test_no_graph_is_kept_of_a_run():
    async def story():
        weight = torch.ones(1, requires_grad=True)
        bench = Bench(lambda: made.append(2 * weight))
        await bench.runner.run(2)
        assert not any(each.requires_grad for each in made)

    made = []
    asyncio.run(story())


def test_play_and_pause_in_one_breath_leave_one_task():
    async def story():
        bench = Bench()
        for _ in range(3):
            bench.runner.play()
            bench.runner.pause()
        bench.runner.play()
        await until(lambda: len(bench.frames) > 3)
        await bench.runner.stopped()
        assert max(after - before for before, after in itertools.pairwise(bench.frames)) == 1  # two tasks would do two steps a frame

    asyncio.run(story())


def test_run_does_exactly_so_many_steps():
    async def story():
        bench = Bench()
        bench.runner.speed = 7
        await bench.runner.run(30)
        assert bench.steps == 30
        assert bench.frames[-1] == 30
        assert not bench.runner.playing

    asyncio.run(story())


def test_an_error_of_a_step_stops_the_run_and_is_reported():
    def third_fails():
        if bench.steps == 2:
            raise ZeroDivisionError("boom")

    async def story():
        bench.runner.play()
        await until(lambda: bench.errors)
        assert bench.steps == 2
        assert not bench.runner.playing

    bench = Bench(third_fails)
    asyncio.run(story())
    assert str(bench.errors[0]) == "boom"


def test_play_outside_of_a_loop_says_what_to_use():
    bench = Bench()
    with pytest.raises(RuntimeError, match=r"use lab.step\(n\), or await lab.run\(n\)"):
        bench.runner.play()
    assert not bench.runner.playing


def test_play_of_some_steps_does_them_and_stops_with_the_last_one_shown():
    async def story():
        bench = Bench()
        bench.runner.speed = 4
        bench.runner.play(10)
        assert bench.runner.playing
        await until(lambda: not bench.runner.playing)
        await until(lambda: bench.gate.free)
        assert bench.steps == 10
        assert bench.frames[:3] == [4, 8, 10]

    asyncio.run(story())


def test_play_of_some_steps_while_it_plays_counts_from_now():
    async def story():
        bench = Bench()
        bench.runner.play()
        await until(lambda: bench.steps > 5)
        before = bench.steps
        bench.runner.play(7)
        await until(lambda: not bench.runner.playing)
        assert bench.steps == before + 7

    asyncio.run(story())


def test_a_run_that_was_taken_over_does_no_more_steps():
    async def story():
        bench = Bench()
        bench.runner.pace = 1e-6
        bench.runner.play()
        await until(lambda: bench.steps == 1)
        bench.runner.pause()
        bench.runner.play(1)  # before the first has noticed
        await until(lambda: not bench.runner.playing)
        for _ in range(50):
            await asyncio.sleep(0)
        assert bench.steps == 2

    asyncio.run(story())


class Clock:
    """Stands for time: it goes on only while somebody waits, or works."""

    def __init__(self, monkeypatch, late):
        self.now, self.late = 100.0, late
        monkeypatch.setattr(module, "perf_counter", lambda: self.now)
        monkeypatch.setattr(module.asyncio, "wait_for", self.wait_for)

    async def wait_for(self, waiting, seconds):
        waiting.close()
        self.now += seconds + self.late
        await asyncio.sleep(0)
        raise TimeoutError


def at_pace(monkeypatch, pace, steps, work, late=0.0):
    """The hours of the steps since the first, where each step takes so long, and each wait ends so late."""
    clock, hours = Clock(monkeypatch, late), []

    def step():
        hours.append(clock.now - 100.0)
        clock.now += work(len(hours))

    async def story():
        runner = Runner(step, Gate(lambda number: None, patience=-1.0), lambda error: None)
        runner.pace = pace
        await runner.run(steps)

    asyncio.run(story())
    return hours


def test_a_pace_is_so_many_steps_a_second_however_long_a_step_takes(monkeypatch):
    assert at_pace(monkeypatch, 4.0, 5, lambda step: 0.0625) == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_waits_that_end_late_do_not_add_up(monkeypatch):
    assert at_pace(monkeypatch, 4.0, 4, lambda step: 0.0, late=0.0625) == [0.0, 0.3125, 0.5625, 0.8125]


def test_steps_that_are_late_are_not_made_up_for_in_a_hurry(monkeypatch):
    # The second step takes 3.5 s: the third comes then, at once, and the fourth a whole second later.
    assert at_pace(monkeypatch, 1.0, 4, lambda step: 3.5 if step == 2 else 0.0) == [0.0, 1.0, 4.5, 5.5]


def test_a_pace_shows_every_step():
    async def story():
        bench = Bench()
        bench.runner.speed = 50
        bench.runner.pace = 1e6
        await bench.runner.run(3)
        assert bench.frames[:3] == [1, 2, 3]

    asyncio.run(story())


@pytest.mark.parametrize("change", [lambda runner: setattr(runner, "speed", 1), lambda runner: setattr(runner, "pace", 1e6)])
def test_another_speed_ends_the_wait_for_a_slow_step(change):
    async def story():
        bench = Bench()
        bench.runner.pace = 1e-6  # a step in eleven days
        bench.runner.play()
        await until(lambda: bench.steps == 1)
        for _ in range(100):
            await asyncio.sleep(0)  # others have their turn meanwhile
        assert bench.steps == 1
        change(bench.runner)
        await until(lambda: bench.steps > 3)
        await bench.runner.stopped()

    asyncio.run(story())


def test_pause_ends_the_wait_for_a_slow_step():
    async def story():
        bench = Bench()
        bench.runner.pace = 1e-6
        bench.runner.play()
        await until(lambda: bench.steps == 1)
        async with asyncio.timeout(10):
            await bench.runner.stopped()
        assert bench.steps == 1

    asyncio.run(story())


def test_speed_ends_a_pace_and_a_pace_leaves_the_speed():
    runner = Bench().runner
    runner.speed = 5
    runner.pace = 2.0
    assert (runner.speed, runner.pace) == (5, 2.0)
    runner.pace = None
    assert (runner.speed, runner.pace) == (5, None)
    runner.pace = 2.0
    runner.speed = 5
    assert runner.pace is None


def test_a_step_may_pause_the_run():
    async def story():
        bench = Bench(lambda: bench.runner.pause() if bench.steps == 3 else None)
        bench.runner.speed = None
        bench.runner.play()
        await until(lambda: not bench.runner.playing)
        await bench.runner.stopped()
        assert bench.steps == 4

    asyncio.run(story())


def test_after_an_error_it_plays_again():
    def fails_once():
        if not bench.errors:
            raise ZeroDivisionError("boom")

    async def story():
        bench.runner.play()
        await until(lambda: bench.errors)
        bench.runner.play(3)
        await until(lambda: not bench.runner.playing)
        assert bench.steps == 3

    bench = Bench(fails_once)
    asyncio.run(story())


def test_a_run_that_a_cell_waits_for_says_so_and_its_error_reaches_the_cell():
    seen = []

    def second_fails():
        seen.append(bench.runner.awaited)
        if bench.steps == 1:
            raise ZeroDivisionError("boom")

    bench = Bench(second_fails)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(bench.runner.run(5))
    assert seen == [True, True]
    assert not bench.runner.awaited
    assert not bench.runner.playing
    assert bench.errors == []  # told by whoever waits
