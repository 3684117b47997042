import asyncio
import inspect
from collections import deque

import pytest
import zmq
from ipykernel.kernelbase import Kernel
from jupyter_client.session import Session

from snnlab.lab import quiet


class FakeKernel:
    """The parts of a kernel that are touched."""

    def __init__(self):
        self.session, self.said, self.dispatched = Session(key=b""), [], []

    async def dispatch_shell(self, msg, /, subshell_id=None, *, concurrent=False):
        self.dispatched.append(concurrent)

    def _publish_status(self, status, channel, parent=None):
        self.said.append((status, channel, parent["header"]["msg_id"]))

    def message(self, comm_id, kind="comm_msg"):
        content = {"comm_id": comm_id, "data": {}}
        parts = self.session.serialize(self.session.msg(kind, content))
        return [zmq.Message(part) for part in parts]


@pytest.fixture
def kernel(monkeypatch):
    kernel = FakeKernel()
    monkeypatch.setattr(quiet, "_kernel", lambda: kernel)
    monkeypatch.setattr(quiet, "_quiet", set())
    monkeypatch.setattr(quiet, "_held", deque())
    return kernel


def test_messages_of_a_quiet_widget_are_dispatched_without_status(kernel):
    assert quiet.install()
    quiet.add("ours")
    asyncio.run(kernel.dispatch_shell(kernel.message("ours")))
    asyncio.run(kernel.dispatch_shell(kernel.message("theirs")))
    asyncio.run(kernel.dispatch_shell(kernel.message("ours", kind="execute_request")))
    assert kernel.dispatched == [True, False, False]


def test_the_idle_that_the_page_waits_for_is_sent_later(kernel):
    quiet.install()
    quiet.add("ours")
    for _ in range(3):
        asyncio.run(kernel.dispatch_shell(kernel.message("ours")))
    assert kernel.said == []
    quiet.flush()
    assert [(status, channel) for status, channel, _ in kernel.said] == [("idle", "shell")] * 3
    assert len({parent for _, _, parent in kernel.said}) == 3
    quiet.flush()
    assert len(kernel.said) == 3


def test_held_back_messages_do_not_grow_without_end(kernel, monkeypatch):
    monkeypatch.setattr(quiet, "HELD", 2)
    quiet.install()
    quiet.add("ours")
    for _ in range(5):
        asyncio.run(kernel.dispatch_shell(kernel.message("ours")))
    assert len(kernel.said) == 4


def test_installing_twice_wraps_once(kernel):
    quiet.install()
    once = kernel.dispatch_shell
    assert quiet.install()
    assert kernel.dispatch_shell is once


def test_an_unknown_kernel_is_left_as_it_is(kernel):
    async def another(msg):
        kernel.dispatched.append("another")

    kernel.dispatch_shell = another
    assert not quiet.install()
    assert kernel.dispatch_shell is another


def test_without_a_kernel_nothing_happens(monkeypatch):
    monkeypatch.setattr(quiet, "_kernel", lambda: None)
    assert not quiet.install()
    quiet.flush()


def test_the_installed_ipykernel_is_one_that_can_be_quiet():
    parameters = inspect.signature(Kernel.dispatch_shell).parameters
    assert list(parameters) == ["self", "msg", "subshell_id", "concurrent"]
    assert "concurrent" in inspect.getsource(Kernel.shell_main)
