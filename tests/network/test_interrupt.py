"""Ctrl-C waits for the end of a step; a second one does not."""

import signal
import threading

import pytest

from snnlab.network.interrupt import BetweenSteps


def interrupt():
    signal.raise_signal(signal.SIGINT)


@pytest.fixture(autouse=True)
def handler():
    """Python's own handler, whatever the test runner has put in its place."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def test_an_interruption_is_raised_between_two_steps(handler):
    done = []

    def steps():
        with BetweenSteps() as between:
            for step in range(5):
                if step == 2:
                    interrupt()
                done.append(step)
                between.check()

    with pytest.raises(KeyboardInterrupt):
        steps()
    assert done == [0, 1, 2]
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_interruption_acts_at_once(handler):
    done = []

    def step():
        with BetweenSteps():
            interrupt()
            done.append("first")
            interrupt()
            done.append("second")

    with pytest.raises(KeyboardInterrupt):
        step()
    assert done == ["first"]
    assert signal.getsignal(signal.SIGINT) is handler


def test_an_interruption_that_nobody_checked_is_not_lost():
    with pytest.raises(KeyboardInterrupt), BetweenSteps():
        interrupt()


def test_an_error_is_not_replaced_by_an_interruption():
    def step():
        with BetweenSteps():
            interrupt()
            raise ValueError("of its own")

    with pytest.raises(ValueError, match="of its own"):
        step()


def test_without_an_interruption_nothing_happens(handler):
    with BetweenSteps() as between:
        between.check()
        assert signal.getsignal(signal.SIGINT) is not handler
    assert signal.getsignal(signal.SIGINT) is handler


def test_a_handler_that_ignores_goes_on_ignoring():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with BetweenSteps() as between:
        interrupt()
        between.check()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_in_another_thread_it_does_nothing():
    seen = []

    def work():
        with BetweenSteps() as between:
            between.check()
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.default_int_handler]
