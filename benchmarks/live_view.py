"""How fast the live view answers: slider to changed pixels, and frames a second while a network learns. Run: python -m benchmarks.live_view

A real JupyterLab on loopback and a real headless Chromium, on this machine and at the same time, so both share its cores with the kernel.
The network is 784 -> 100 with pair STDP, at 5 steps a frame; the view shows raster, currents, voltages and 100 fields of 28 x 28. It runs
twice: as it is, and with the quiet dispatch of `snnlab.lab.quiet` switched off, as in a kernel of another version.
"""

import importlib.util
import json
import statistics
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRIALS = 40
SECONDS = 6
TURNS = 60  # in which the loop with a view and the one without run for a quarter of a second each

MODEL = """
import torch, snnlab as snn
from time import perf_counter as clock
from snnlab.lab import Control, Current, Fields, Lab, Raster, Voltage
torch.set_num_threads(1)

def build():
    torch.manual_seed(0)
    synapse = snn.SingleExponentialCurrent.partialconstructor(spike_charge=2.0, time_constant=5.0)
    connection = snn.LinearDense((28, 28), 100, 1.0, synapse=synapse)
    neurons = snn.LIF(100, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=2.0, time_constant=20.0)
    net = snn.Serial(connection, neurons, connection_name="in2exc", neuron_name="exc")
    connection.defaultupdater()
    clamp = snn.Clamping(connection.updater, "parent.weight", min=0.0, max=1.0)
    clamp.register()
    stdp = snn.STDP(lr_post=0.01, lr_pre=-0.011, tc_post=20.0, tc_pre=20.0)
    stdp.register_cell("only", net.cell)
    return net, stdp, clamp

net, stdp, clamp = build()
connection = net.cell.connection
base, gain = connection.weight.detach().clone(), [1.0]
def scale(value):
    gain[0] = value
    connection.weight.data.copy_((base * value).clamp_(0, 1))
inputs = torch.rand(500, 1, 28, 28) < 0.02
lab = Lab(net, inputs, view=[Raster("exc"), Current("in2exc"), Voltage("exc"), Fields("in2exc.weight", limits=(0, 1))],
    trainers={"stdp": stdp}, controls=[Control("gain", low=0.0, high=2.0, get=lambda: gain[0], set=scale)], speed=5)
lab.step(200)
"""

# A scene as large as they come: what is played is next to nothing, so that the view alone is measured.
LARGE = """
import torch, snnlab as snn
from snnlab.lab import Fields, Lab, Raster
torch.set_num_threads(1)

class Crowd(snn.Layer):
    def __init__(self):
        super().__init__()
        self.add_neuron("exc", snn.ExactNeuron(10_000, 1.0, rest_v=-65.0, thresh_v=-50.0))
        self.add_connection("in2exc", snn.LinearDense((28, 28), 400, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)))
    def wiring(self, inputs): ...

crowd = Crowd()
chance, weight = torch.rand(200, 1, 10_000) < 0.02, crowd.get_connection("in2exc").weight.data
def step(spikes):
    crowd.get_neuron("exc")(spikes)
    weight.copy_(weight.roll(1))
lab = Lab(crowd, chance, step=step, view=[Raster("exc"), Fields("in2exc.weight", limits=(0, 1))], window=1000, speed=5)
lab.step(1000)
"""

LOUD = "from snnlab.lab import quiet\nquiet.install = lambda: False  # as where the kernel's dispatch is none that it knows\n"
LAB = "lab"

# What the kernel counts by itself, in turns with something else, and tells to a file: steps and frames a second, and its share of a core.
TOLD = """
import asyncio, json, time
from time import perf_counter as clock
async def turns(count, path):
    await asyncio.sleep(3)  # for the page to come to rest
    lab.speed, seen = speed, []
    for _ in range(count):
        lab.play()
        await asyncio.sleep(0.05)
        before = lab.steps, lab.gate._number, time.thread_time(), clock()
        await asyncio.sleep(0.3)
        after = lab.steps, lab.gate._number, time.thread_time(), clock()
        lab.pause()
        await asyncio.sleep(0.06)
        past = after[3] - before[3]
        seen.append([(late - soon) / past for soon, late in zip(before[:3], after[:3])] + [bare(0.25)])
    with open(path, "w") as file:
        json.dump(seen, file)
"""

# The same network with no view, from the very state in which the other is.
BARE = """
speed = None
bare_net, bare_stdp, bare_clamp = build()
def bare(seconds, done=[0]):
    bare_net.load_state_dict(net.state_dict())
    bare_stdp.load_state_dict(stdp.state_dict())
    first, start = done[0], clock()
    with torch.no_grad():
        while clock() - start < seconds:
            bare_net(inputs[done[0] % 500]); bare_stdp(); bare_net.update()
            done[0] += 1
    return (done[0] - first) / (clock() - start)
"""
ALONE = "speed, bare = 5, lambda seconds: 0.0"

FRAME = """
from time import thread_time
times, lab.runner.playing = [], True
for _ in range(200):
    for _ in range(5): lab.experiment.step()
    start = thread_time()
    lab.gate.open()
    lab.gate.show()
    times.append(1000 * (thread_time() - start))
lab.runner.playing = False
print(times)
"""

# Moves the slider from inside the page, and waits for the task after the animation frame in which the answer was painted.
TRIAL = """(position) => new Promise((answer) => {
  const root = document.querySelector(".snnlab");
  const input = root.querySelector("input[type=range]"), canvas = root.querySelector("canvas[role=img]");
  const look = () => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const before = look();
  let wanted = Infinity;
  const painted = (event) => {
    if (event.detail.seen < wanted) return;
    document.removeEventListener("snnlab-frame", painted);
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        const time = performance.now() - start, after = look();
        answer([time, before.some((value, i) => value !== after[i])]);
      };
      channel.port2.postMessage(0);
    });
  };
  document.addEventListener("snnlab-frame", painted);
  input.value = position;
  const start = performance.now();
  input.dispatchEvent(new Event("input", { bubbles: true }));
  wanted = Number(root.dataset.sent);
})"""

WATCH = """(seconds) => new Promise((answer) => {
  const behind = [];
  const painted = (event) => behind.push(performance.timeOrigin + performance.now() - 1000 * event.detail.made);
  document.addEventListener("snnlab-frame", painted);
  setTimeout(() => { document.removeEventListener("snnlab-frame", painted); answer(behind); }, 1000 * seconds);
})"""


def harness():
    """The server and browser of the browser tests."""
    spec = importlib.util.spec_from_file_location("jupyter_page", ROOT / "tests" / "browser" / "jupyter_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def ninetieth(times: list[float]) -> float:
    """90th percentile."""
    return statistics.quantiles(times, n=10)[-1]


def spread(times: list[float]) -> str:
    """Median and 90th percentile, in ms."""
    return f"{statistics.median(times):6.1f} / {ninetieth(times):6.1f} ms"


def slider(page, trials: int) -> list[float]:
    """Times from the slider's event to the answer on the screen; fails if the picture did not change."""
    times = []
    for trial in range(trials):
        page.wait_for_timeout(40 + (trial * 37) % 60)  # all phases of the screen's clock
        time, changed = page.evaluate(TRIAL, 20 + (trial * 29) % 60)
        assert changed, "the slider moved, the picture did not"
        times.append(time)
    return times


def press(page, name: str) -> None:
    """A button of the view."""
    page.locator(".snnlab").get_by_role("button", name=name, exact=True).click()
    page.wait_for_timeout(500)


def learning(page, fewest: int, latest: int | None, answer: tuple[int, int] | None) -> list[tuple[str, str, str]]:
    """Rows of a network that learns at 5 steps a frame: frames shown, how far behind, and a slider meanwhile."""
    press(page, "Play")
    behind = page.evaluate(WATCH, SECONDS)
    meanwhile = slider(page, TRIALS)
    press(page, "Pause")
    return [
        ("learning, 5 steps a frame: shown frames/s", f"{len(behind) / SECONDS:.1f}", f"at least {fewest}"),
        ("  behind, median / p90", spread(behind), f"p90 at most {latest} ms" if latest else ""),
        ("  slider meanwhile, median / p90", spread(meanwhile), f"at most {answer[0]} / {answer[1]} ms" if answer else "answers"),
    ]


def full_speed(page) -> list[tuple[str, str, str]]:
    """Rows of "as fast as it goes": frames painted, and a slider meanwhile."""
    page.locator(".snnlab select").first.select_option("0")
    press(page, "Play")
    shown = len(page.evaluate(WATCH, SECONDS)) / SECONDS
    meanwhile = slider(page, TRIALS)
    press(page, "Pause")
    return [
        ("as fast as it goes: shown frames/s", f"{shown:.1f}", "at least 45"),
        ("  slider meanwhile, median / p90", spread(meanwhile), ""),
    ]


def unwatched(jupyter, *cells: str) -> list[list[float]]:
    """What the kernel counts by itself in `turns`, in a browser that nobody watches.

    A tool that drives a browser is told of every message of the page, and takes a fifth of a core for it. So the notebook is opened by one,
    which then lets go.
    """
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, jupyter.Server(Path(name)) as server, jupyter.loose_chromium() as address:
        answer = Path(name, "turns.json")
        jupyter.notebook(Path(name, "turns.ipynb"), *cells)
        with sync_playwright() as playwright:
            browser = playwright.chromium.connect_over_cdp(address)
            page = browser.contexts[0].pages[0]
            jupyter.visit(page, server, "turns.ipynb")
            jupyter.run_all(page)
            page.wait_for_selector(".snnlab canvas")
            jupyter.run_code(page, f"task = asyncio.get_running_loop().create_task(turns({TURNS}, {str(answer)!r}))")
            browser.close()
        deadline = time.monotonic() + 5 * TURNS + 60
        while not answer.exists() and time.monotonic() < deadline:
            time.sleep(0.5)
        return json.loads(answer.read_text())


def share(jupyter) -> list[tuple[str, str, str]]:
    """Rows of the steps a second at full speed, with the view and without."""
    viewed, frames, busy, bare = zip(*unwatched(jupyter, MODEL, LAB, TOLD, BARE), strict=True)
    shares = sorted(one / other for one, other in zip(viewed, bare, strict=True))
    low, _, high = statistics.quantiles(shares, n=4)
    middle = f"{100 * statistics.median(shares):.0f} ({100 * low:.0f} to {100 * high:.0f}) %"
    return [
        ("as fast as it goes: steps/s, mean", f"{statistics.mean(viewed):.0f}", ""),
        ("  the same loop with no view, steps/s, mean", f"{statistics.mean(bare):.0f}", ""),
        ("  share of the means", f"{100 * statistics.mean(viewed) / statistics.mean(bare):.0f} %", "at least 80 %"),
        (f"  share in {TURNS} turns, median (quartiles)", middle, ""),
        ("  frames sent a second, median", f"{statistics.median(frames):.1f}", "at least 45"),
        ("  of the time, the loop had a core for", f"{100 * statistics.median(busy):.0f} %", ""),
    ]


def large(jupyter) -> list[tuple[str, str, str]]:
    """The row of a scene of 10,000 neurons over 1,000 steps, and of 400 fields."""
    _, frames, _, _ = zip(*unwatched(jupyter, LARGE, LAB, TOLD, ALONE), strict=True)
    row = "raster of 10,000 x 1,000, 400 fields of 28 x 28: shown frames/s, median"
    return [(row, f"{statistics.median(frames):.1f}", "at least 50")]


def measure(page, jupyter) -> list[tuple[str, str, str]]:
    """The rows of a stock server, the quiet dispatch on."""
    assert jupyter.run_code(page, IS_QUIET) == "True", "this kernel is none that the quiet dispatch knows"
    rows = [("slider to changed pixels, paused, median / p90", spread(slider(page, TRIALS)), "at most 28 / 36 ms")]
    rows += learning(page, 50, 30, (45, 55))
    rows += full_speed(page)
    times = json.loads(jupyter.run_code(page, FRAME))
    rows.append(
        (
            "processor time of a frame in Python, median / p90",
            f"{statistics.median(times):.2f} / {ninetieth(times):.2f} ms",
            "at most 0.6 ms",
        )
    )
    return rows


def measure_loud(page, jupyter) -> list[tuple[str, str, str]]:
    """The rows of a kernel that publishes two status messages for each of the page's."""
    assert jupyter.run_code(page, IS_QUIET) == "False", "the quiet dispatch is on"
    rows = [("quiet dispatch off: slider, paused, median / p90", spread(slider(page, TRIALS)), "answers")]
    return rows + learning(page, 30, None, None)


IS_QUIET = "print(getattr(get_ipython().kernel.dispatch_shell, 'quiet', False))"


def opened(browser, server, jupyter, name: str, *cells: str):
    """A page with the lab of these cells in it, warm."""
    jupyter.notebook(server.folder / name, *cells)
    page = jupyter.open_notebook(browser, server, name)
    jupyter.run_all(page)
    page.wait_for_selector(".snnlab canvas")
    page.wait_for_timeout(1000)
    if page.locator(".snnlab input[type=range]").count():
        slider(page, 5)
    return page


def closed(page) -> None:
    """Ends the page and its kernel; fails if the page had errors."""
    assert not page.problems, page.problems
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    page.context.close()


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows as Markdown, the first as the head; numbers to the right."""
    rows = [rows[0], ("---", *["---:"] * (len(rows[0]) - 1)), *rows[1:]]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [[row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main() -> str:
    """The table."""
    jupyter = harness()
    if jupyter.chromium_path() is None:
        return "live view: no Chromium found: apt-get install chromium"
    rows = [("live view", "measured", "asked")]
    with tempfile.TemporaryDirectory() as folder, jupyter.Server(Path(folder)) as server, jupyter.chromium() as browser:
        scenes = {"live": ((MODEL, LAB), measure), "loud": ((LOUD, MODEL, LAB), measure_loud)}
        for name, (cells, rows_of) in scenes.items():
            page = opened(browser, server, jupyter, f"{name}.ipynb", *cells)
            rows += rows_of(page, jupyter)
            closed(page)
    return table(rows + share(jupyter) + large(jupyter))


if __name__ == "__main__":
    print(main())
