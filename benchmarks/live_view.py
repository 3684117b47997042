"""How fast the live view answers: slider to changed pixels, and frames a second while a network learns. Run: python -m benchmarks.live_view

A real JupyterLab on loopback and a real headless Chromium, on this machine and at the same time, so both share its cores with the kernel.
The network is 784 -> 100 with pair STDP, at 5 steps a frame; the view shows raster, currents, voltages and 100 fields of 28 x 28.
"""

import importlib.util
import statistics
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRIALS = 40
SECONDS = 6

MODEL = """
import torch, snnlab as snn
from snnlab.lab import Control, Current, Fields, Lab, Raster, Voltage
torch.set_num_threads(1)
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
base, gain = connection.weight.detach().clone(), [1.0]
def scale(value):
    gain[0] = value
    connection.weight.data.copy_((base * value).clamp_(0, 1))
inputs = torch.rand(500, 1, 28, 28) < 0.02
lab = Lab(net, inputs, view=[Raster("exc"), Current("in2exc"), Voltage("exc"), Fields("in2exc.weight", limits=(0, 1))],
    trainers={"stdp": stdp}, controls=[Control("gain", low=0.0, high=2.0, get=lambda: gain[0], set=scale)], speed=5)
lab.step(200)
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


def spread(times: list[float]) -> str:
    """Median and 90th percentile, in ms."""
    return f"{statistics.median(times):6.1f} / {statistics.quantiles(times, n=10)[-1]:6.1f} ms"


def slider(page, trials: int) -> list[float]:
    """Times from the slider's event to the answer on the screen; fails if the picture did not change."""
    times = []
    for trial in range(trials):
        page.wait_for_timeout(40 + (trial * 37) % 60)  # all phases of the screen's clock
        time, changed = page.evaluate(TRIAL, 20 + (trial * 29) % 60)
        assert changed, "the slider moved, the picture did not"
        times.append(time)
    return times


def measure(page, jupyter) -> list[tuple[str, str, str]]:
    """All rows of the table."""
    page.wait_for_selector(".snnlab canvas")
    page.wait_for_timeout(1000)
    slider(page, 5)
    rows = [("slider to changed pixels, paused, median / p90", spread(slider(page, TRIALS)), "60 ms")]
    page.get_by_role("button", name="Play").click()
    page.wait_for_timeout(1000)
    first = int(jupyter.run_code(page, "print(lab.steps)"))
    behind = page.evaluate(WATCH, SECONDS)
    rows.append(("learning, 5 steps a frame: shown frames/s", f"{len(behind) / SECONDS:6.1f}", "25"))
    rows.append(("  behind, median / p90", spread(behind), ""))
    rows.append(("  slider meanwhile, median / p90", spread(slider(page, TRIALS)), ""))
    page.locator(".snnlab select").first.select_option("0")
    page.wait_for_timeout(1000)
    first = int(jupyter.run_code(page, "print(lab.steps)"))
    behind = page.evaluate(WATCH, SECONDS)
    steps = int(jupyter.run_code(page, "print(lab.steps)")) - first
    rows.append(("as fast as it goes: shown frames/s", f"{len(behind) / SECONDS:6.1f}", ""))
    rows.append(("  steps/s, about", f"{steps / SECONDS:6.0f}", ""))
    rows.append(("  slider meanwhile, median / p90", spread(slider(page, TRIALS)), ""))
    page.get_by_role("button", name="Pause").click()
    page.wait_for_timeout(300)
    bare = "from time import perf_counter as clock\nlab.runner.playing = True\nstart = clock()\nfor _ in range(50): lab.frames.send(0)\n"
    bare += "lab.runner.playing = False\nprint(20 * (clock() - start))"
    rows.append(("Python's share of a frame", f"{float(jupyter.run_code(page, bare)):6.2f} ms", ""))
    loop = "with torch.no_grad():\n  start = clock()\n  for t in range(1000): net(inputs[t % 500]); stdp(); net.update()\n"
    loop += "  print(1000 / (clock() - start))"
    rows.append(("the same loop with no view, steps/s", f"{float(jupyter.run_code(page, loop)):6.0f}", ""))
    return rows


def main() -> str:
    """The table."""
    jupyter = harness()
    if jupyter.chromium_path() is None:
        return "live view: no Chromium found: apt-get install chromium"
    with tempfile.TemporaryDirectory() as folder:
        jupyter.notebook(Path(folder, "live.ipynb"), MODEL, "lab")
        with jupyter.Server(Path(folder)) as server, jupyter.chromium() as browser:
            page = jupyter.open_notebook(browser, server, "live.ipynb")
            jupyter.run_all(page)
            rows = [("live view", "measured", "goal"), ("---", "---:", "---:"), *measure(page, jupyter)]
            assert not page.problems, page.problems
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    cells = [(row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2])) for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in cells) + "\n"


if __name__ == "__main__":
    print(main())
