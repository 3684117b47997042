"""A kernel that runs what students wrote: started, asked, interrupted and ended; what a cell puts out is collected up to a limit."""

import queue
import subprocess
import time
from typing import Any

import nbformat
from jupyter_client.manager import start_new_kernel
from nbformat import NotebookNode

MOST = 1_000_000  # characters that a cell may put out
WAKING = 5.0  # s that a kernel has to answer once it was interrupted
STARTING = 120  # s that a kernel has to start, on a busy machine

KEPT = ("stream", "display_data", "execute_result", "error")


class Stopped(Exception):
    """A piece of code was not over in time; `outputs` are those that it had made by then."""

    def __init__(self, outputs: list[NotebookNode]) -> None:
        super().__init__("not over in time")
        self.outputs = outputs


class Outputs:
    """Collects what a piece of code puts out, up to some characters and up to a moment."""

    def __init__(self, until: float, most: int = MOST) -> None:
        self.until, self.most = until, most
        self.kept: list[NotebookNode] = []
        self._size = 0

    def __call__(self, message: dict[str, Any]) -> None:
        if time.monotonic() > self.until:
            raise TimeoutError("it prints without end")
        if message["header"]["msg_type"] not in KEPT:
            return
        output = nbformat.v4.output_from_msg(message)
        if output.output_type == "error":
            output.traceback = [line[: self.most] for line in output.traceback[-50:]]
        elif self._size > self.most:
            return
        elif output.output_type == "stream":
            output.text = output.text[: self.most - self._size]
        self._size += len(str(output))
        last = self.kept[-1] if self.kept else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            self.kept.append(output)


class Kernel:
    """A kernel that is asked to run code, in an empty folder of its own.

    Args:
        folder: where it works.
        name: which kernel, by the name that Jupyter knows it by.
    """

    def __init__(self, folder: str, name: str = "python3") -> None:
        self._folder, self._name = folder, name
        self._start()

    def _start(self) -> None:
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # our own standard output is for the notebook alone
        self._manager, self._client = start_new_kernel(kernel_name=self._name, startup_timeout=STARTING, cwd=self._folder, **silent)

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
        outputs = Outputs(time.monotonic() + timeout, most)
        try:
            reply = self._client.execute_interactive(source, store_history=counted, allow_stdin=False, timeout=timeout, output_hook=outputs)
        except TimeoutError:
            raise Stopped(outputs.kept) from None
        return outputs.kept, reply["content"]

    def wake(self) -> bool:
        """Interrupts what runs; whether the kernel then answers."""
        self._manager.interrupt_kernel()
        until = time.monotonic() + WAKING
        while self._manager.is_alive() and time.monotonic() < until:
            asked = self._client.execute("pass", silent=True, store_history=False)
            try:
                while (reply := self._client.get_shell_msg(timeout=max(0.0, until - time.monotonic())))["parent_header"]["msg_id"] != asked:
                    pass
            except queue.Empty:
                return False
            if reply["content"]["status"] == "ok":  # and not dropped together with what was interrupted
                return True
        return False
