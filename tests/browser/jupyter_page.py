"""A real JupyterLab on loopback and a real Chromium that looks at it: for the browser tests and for the benchmark of the live view.

with Server(folder) as server, chromium() as browser:
    page = open_notebook(browser, server, "name.ipynb")
    run_all(page)
"""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--force-color-profile=srgb"),
]
SIZE = {"width": 1280, "height": 1100}


def chromium_path() -> str | None:
    """Where a Chromium is installed, or None."""
    return (
        os.environ.get("SNNLAB_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    )


class Server:
    """JupyterLab, or Notebook 7, on a free port of 127.0.0.1, with settings of its own, over one folder.

    Args:
        folder: what it serves.
        environment: added to the environment of server and kernels.
        app: "jupyterlab" or "notebook".
    """

    def __init__(self, folder: Path, environment: dict[str, str] | None = None, app: str = "jupyterlab") -> None:
        self.folder, self.extra, self.token, self.app = Path(folder), environment or {}, secrets.token_hex(16), app

    def __enter__(self) -> "Server":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._home = tempfile.mkdtemp(prefix="snnlab-jupyter-")
        own = {f"JUPYTER_{kind}_DIR": f"{self._home}/{kind.lower()}" for kind in ("CONFIG", "DATA", "RUNTIME")}
        settings = Path(own["JUPYTER_CONFIG_DIR"], "labconfig", "default_setting_overrides.json")  # no questions, no news
        settings.parent.mkdir(parents=True)
        settings.write_text('{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}')
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
        environment = {
            **os.environ,
            **own,
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": paths,
            "IPYTHONDIR": f"{self._home}/ipython",
            **self.extra,
        }
        options = {
            "ServerApp.port": self.port,
            "ServerApp.port_retries": 0,
            "ServerApp.root_dir": self.folder,
            "IdentityProvider.token": self.token,
        }
        exposed = "LabApp" if self.app == "jupyterlab" else "JupyterNotebookApp"
        options |= {"ServerApp.ip": "127.0.0.1", f"{exposed}.expose_app_in_browser": True}
        command = [sys.executable, "-m", self.app, "--no-browser", *(f"--{name}={value}" for name, value in options.items())]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            command.append("--allow-root")
        self._log = Path(self._home, "server.log").open("w+")
        self._process = subprocess.Popen(command, env=environment, stdout=self._log, stderr=subprocess.STDOUT, cwd=self.folder)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api?token={self.token}", timeout=2).close()
                return self
            time.sleep(0.2)
        log = self.log()
        self.__exit__()
        raise RuntimeError(f"{self.app} did not start:\n{log}")

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def url(self, name: str) -> str:
        page = f"lab/tree/{name}?reset&" if self.app == "jupyterlab" else f"notebooks/{name}?"
        return f"http://127.0.0.1:{self.port}/{page}token={self.token}"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self._home, ignore_errors=True)


@contextlib.contextmanager
def chromium():
    """A running browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def loose_chromium():
    """A running browser that stays when the tool that drives it lets go; gives the address at which one can take hold of it."""
    with tempfile.TemporaryDirectory(prefix="snnlab-chromium-", ignore_cleanup_errors=True) as profile:
        size = f"--window-size={SIZE['width']},{SIZE['height']}"
        command = [chromium_path(), *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={profile}", size, "about:blank"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            told, deadline = Path(profile, "DevToolsActivePort"), time.monotonic() + 30
            while not (told.exists() and told.read_text().count("\n")):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("Chromium did not start.")
                time.sleep(0.1)
            yield f"http://127.0.0.1:{told.read_text().split()[0]}"
        finally:
            process.terminate()
            process.wait()


KERNEL_READY = """() => {
  const session = window.jupyterapp?.shell?.currentWidget?.sessionContext?.session;
  return session?.kernel?.connectionStatus === "connected" && session.kernel.status === "idle";
}"""


def open_notebook(browser, server: Server, name: str, *, dark: bool = False, scale: float = 1.0):
    """A page with the notebook open and its kernel ready. The page's own errors are collected in `page.problems`."""
    context = browser.new_context(viewport=SIZE, device_scale_factor=scale, color_scheme="dark" if dark else "light")
    page = context.new_page()
    page.problems = []
    page.on("pageerror", lambda error: page.problems.append(f"{error.name}: {error.message}"))
    page.set_default_timeout(30_000)
    visit(page, server, name)
    if dark:
        page.evaluate("window.jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
        page.wait_for_function("document.body.dataset.jpThemeLight === 'false'")
    return page


def visit(page, server: Server, name: str) -> None:
    """Opens a notebook in a page, and waits for its kernel."""
    page.goto(server.url(name))
    page.wait_for_function(KERNEL_READY, timeout=90_000)
    page.evaluate("window.jupyterapp.shell.collapseLeft?.()")


def close(page) -> None:
    """Ends the page, and the kernel of its notebook."""
    page.evaluate("window.jupyterapp?.shell.currentWidget?.sessionContext?.shutdown()")
    page.context.close()


def run_all(page, timeout: float = 120.0) -> None:
    """Runs every cell, and waits for the last one."""
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(KERNEL_READY, timeout=timeout * 1000)


def run_code(page, code: str, timeout: float = 60.0) -> str:
    """Runs code in the notebook's kernel beside its cells; returns what it printed, or raises what it raised."""
    script = """async (code) => {
      const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
      const future = kernel.requestExecute({ code, store_history: false, silent: false });
      let text = "";
      future.onIOPub = ({ header, content }) => {
        if (header.msg_type === "stream") text += content.text;
        if (header.msg_type === "error") text += "\\u0000" + content.traceback.join("\\n");
      };
      await future.done;
      return text;
    }"""
    text = page.evaluate(script, code)
    if "\0" in text:
        raise RuntimeError(text)
    return text.strip()


def notebook(path: Path, *cells: str) -> Path:
    """Writes a notebook of these code cells."""
    body = [
        {"cell_type": "code", "id": f"cell-{i}", "metadata": {}, "source": cell, "outputs": [], "execution_count": None}
        for i, cell in enumerate(cells)
    ]
    kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.write_text(json.dumps({"cells": body, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path
