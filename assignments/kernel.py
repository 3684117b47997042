"""A kernel that runs what students wrote: started, asked, interrupted and ended; what a cell puts out is collected up to a limit."""

import os
import queue
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel
from nbformat import NotebookNode

MOST = 1_000_000  # characters that a cell may put out
WAKING = 5.0  # s that a kernel has to answer once it was interrupted, and again for what it had still to say
STARTING = 120  # s that a kernel has to start, on a busy machine

KEPT = ("stream", "display_data", "execute_result", "error")


class Stopped(Exception):
    """A piece of code was not over in time; `outputs` are those that it had made by then."""

    def __init__(self, outputs: list[NotebookNode]) -> None:
        super().__init__("not over in time")
        self.outputs = outputs


def _output_of(message: dict[str, Any]) -> NotebookNode:
    """The output that a message brings; of one made by hand that no notebook may hold, that it was there."""
    try:
        output = nbformat.v4.output_from_msg(message)
        nbformat.validate(output, ref="output", version=4)
    except Exception:  # whatever is in it
        return nbformat.v4.new_output("stream", name="stderr", text="An output that no notebook can hold was dropped.\n")
    return output


class Outputs:
    """Collects what a piece of code puts out, up to some characters."""

    def __init__(self, most: int = MOST) -> None:
        self.most = most
        self.kept: list[NotebookNode] = []
        self._size = 0

    def __call__(self, message: dict[str, Any]) -> None:
        if message["header"]["msg_type"] not in KEPT:
            return
        output = self._short(_output_of(message))
        if self._size > self.most and (output.output_type != "error" or any(each.output_type == "error" for each in self.kept)):
            return
        if output.output_type == "stream":
            output.text = output.text[: self.most - self._size]
        self._size += len(str(output))
        last = self.kept[-1] if self.kept else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            self.kept.append(output)

    def _short(self, output: NotebookNode) -> NotebookNode:
        """An error of at most so many characters, and a value of so many or none."""
        if output.output_type == "error":
            output.evalue = output.evalue[: self.most // 50]
            output.traceback = [line[: self.most // 50] for line in output.traceback[-50:]]
        elif output.output_type != "stream" and len(str(output.data)) > self.most:
            output.data = NotebookNode({"text/plain": "(too large to be kept)"})
        return output


class Kernel:
    """A kernel that is asked to run code, in an empty folder of its own.

    Args:
        folder: where that folder is made, a new one at every start.
        name: which kernel, by the name that Jupyter knows it by.
    """

    def __init__(self, folder: str, name: str = "python3") -> None:
        self._folder, self._name = folder, name
        self._start()

    def _start(self) -> None:
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # our own standard output is for the notebook alone
        own = tempfile.mkdtemp(dir=self._folder)  # so that a new kernel loads nothing that an answer has left for it
        where = {"cwd": own, "env": os.environ | {"HOME": own, "IPYTHONDIR": own, "PYTHONNOUSERSITE": "1"}}
        self._manager, self._client = start_new_kernel(kernel_name=self._name, startup_timeout=STARTING, **where, **silent)

    def stop(self) -> None:
        """Ends the kernel and what it has started in its own group."""
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def restart(self) -> None:
        """A new kernel in the place of the old one: nothing is defined in it."""
        self.stop()
        self._start()

    def ask(self, source: str, timeout: float, *, counted: bool = True, most: int = MOST) -> tuple[list[NotebookNode], dict[str, Any]]:
        """Runs a piece of code.

        Returns:
            what it put out, and the kernel's answer.

        Raises:
            Stopped: it was not over in time.
        """
        outputs, until = Outputs(most), time.monotonic() + timeout
        asked = self._client.execute(source, store_history=counted, allow_stdin=False)
        try:
            while (message := self._read(self._client.get_iopub_msg, asked, until))["content"].get("execution_state") != "idle":
                outputs(message)
            return outputs.kept, self._read(self._client.get_shell_msg, asked, until)["content"]
        except queue.Empty:
            raise Stopped(outputs.kept) from None

    def wake(self) -> bool:
        """Interrupts what runs; whether the kernel then answers, and all that it had put out by then is read and forgotten.

        What an endless loop has printed waits in line before the answer to the next cell, which shall not pay for reading it.
        """
        self._manager.interrupt_kernel()
        until = time.monotonic() + WAKING
        while self._manager.is_alive() and time.monotonic() < until:
            asked = self._client.execute("pass", silent=True, store_history=False)
            try:
                status = self._read(self._client.get_shell_msg, asked, until)["content"]["status"]
                if status != "ok":  # dropped together with what was interrupted
                    continue
                until = time.monotonic() + WAKING
                while self._read(self._client.get_iopub_msg, asked, until)["content"].get("execution_state") != "idle":
                    pass
            except queue.Empty:
                return False
            return True
        return False

    @staticmethod
    def _read(get: Callable[..., dict[str, Any]], asked: str, until: float) -> dict[str, Any]:
        """The next message that answers `asked`; those before it are dropped.

        Raises:
            queue.Empty: there was none by the moment `until`.
        """
        while True:
            if (left := until - time.monotonic()) <= 0:
                raise queue.Empty
            if (message := get(timeout=left))["parent_header"].get("msg_id") == asked:
                return message
