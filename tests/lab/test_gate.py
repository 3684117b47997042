import asyncio

import pytest

from snnlab.lab import gate as module
from snnlab.lab.gate import Gate


def test_a_second_frame_waits_for_the_first():
    sent = []
    gate = Gate(sent.append)
    gate.show()
    gate.show()
    gate.show()
    assert sent == [1]
    gate.acknowledge(1)
    assert sent == [1, 2]  # what changed meanwhile is one frame
    gate.acknowledge(2)
    assert sent == [1, 2]
    assert gate.free


def test_frames_that_keep_a_time_of_their_own_ask_only_now_and_then():
    asked = []
    gate = Gate(lambda number: asked.append((number, gate.asking)))
    for _ in range(6):
        gate.show(every=3)
    assert asked == [(1, False), (2, False), (3, True)]  # and there the others wait
    gate.acknowledge(3)
    assert asked[3:] == [(4, True)]  # what they had to say, in one that asks
    gate.acknowledge(4)
    gate.show()
    assert asked[4:] == [(5, True)]


def test_an_old_acknowledgement_opens_nothing():
    gate = Gate(lambda number: None)
    gate.show()
    gate.acknowledge(0)
    assert not gate.free


def test_waiting_ends_with_the_acknowledgement():
    async def story():
        gate = Gate(lambda number: None, patience=60.0)
        gate.show()
        waiting = asyncio.create_task(gate.wait())
        await asyncio.sleep(0)
        assert not waiting.done()
        gate.acknowledge(1)
        await asyncio.wait_for(waiting, 5.0)

    asyncio.run(story())


def test_a_page_that_never_answers_holds_nothing_up():
    async def story():
        sent = []
        gate = Gate(sent.append, patience=0.01)
        gate.show()
        await gate.wait()
        gate.show()
        assert sent == [1, 2]

    asyncio.run(story())


def test_one_gate_serves_one_loop_after_another():
    gate = Gate(lambda number: None, patience=0.01)
    for _ in range(2):
        gate.show()
        asyncio.run(gate.wait())
    assert gate.free


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(module, "perf_counter", lambda: now[0])
    return now


def test_silence_lasts_from_the_first_frame_that_nobody_answers(clock):
    gate = Gate(lambda number: None, patience=1.0)
    for clock[0] in (10.0, 15.0, 20.0):
        gate.show()
    assert gate.silence == 10.0
    gate.acknowledge(2)  # of long ago: still nobody who follows
    assert gate.silence == 10.0
    gate.acknowledge(3)
    clock[0] = 50.0
    assert gate.silence == 0.0


def test_any_word_ends_the_silence(clock):
    gate = Gate(lambda number: None, patience=1.0)
    gate.show()
    clock[0] = 30.0
    gate.heard()
    assert gate.silence == 0.0
    gate.show()
    clock[0] = 37.0
    assert gate.silence == 7.0
