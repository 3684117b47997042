import asyncio
import itertools
import time

import pytest

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
        assert max(after - before for before, after in itertools.pairwise(heard)) <= 4  # never more than a turn of 3 ms

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
