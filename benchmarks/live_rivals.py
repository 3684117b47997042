"""The live view beside what a notebook has without it: the same scene, slider to changed pixels. Run: python -m benchmarks.live_rivals

    interact   `ipywidgets.interact` draws a new inline matplotlib figure at every move
    ipympl     a figure that stays, whose artists get new data; drawn in the kernel, sent as a picture

All three show 200 steps of the network of `benchmarks.live_view`, and a slider that scales its weights. All are timed alike, in turns: from
the slider's event to the first animation frame at which the page's pixels differ, so each time is up to one frame of the screen too long.
ipympl is no dependency of ours: it is taken from `.peers/ipympl` (or below the folder that SNNLAB_PEERS names), made by
`pip install --no-deps --prefix .peers/ipympl ipympl==0.10.0`; where it is not, the row says so.
"""

import os
import statistics
import tempfile
from pathlib import Path

from benchmarks import live_view

ROOT = live_view.ROOT
TRIALS, ROUNDS = 8, 4

# The scene in matplotlib, by the numbers that the live view shows: raster, three currents, three voltages, 100 fields in one mosaic.
SCENE = (
    live_view.MODEL
    + """
import matplotlib.pyplot as plt, numpy as np, ipywidgets
spikes, current, voltage = (lab.recorded(title) for title in ("spikes · exc", "current · in2exc", "voltage · exc"))
def mosaic():
    return connection.weight.detach().reshape(10, 10, 28, 28).permute(0, 2, 1, 3).reshape(280, 280).numpy()
def scene():
    figure, axes = plt.subplots(2, 2, figsize=(11, 7))
    steps, neurons = np.nonzero(spikes > 0)
    axes[0, 0].scatter(steps, neurons, s=2, marker="s")
    axes[0, 0].set(title="spikes", xlabel="time (ms)", ylabel="neuron", xlim=(0, 200), ylim=(0, 100))
    axes[0, 1].plot(current)
    axes[0, 1].set(title="current", xlabel="time (ms)", ylabel="current (nA)")
    axes[1, 0].plot(voltage)
    axes[1, 0].set(title="voltage", xlabel="time (ms)", ylabel="voltage (mV)")
    image = axes[1, 1].imshow(mosaic(), vmin=0, vmax=1, interpolation="nearest")
    axes[1, 1].set(title="receptive fields", xticks=[], yticks=[])
    figure.colorbar(image, ax=axes[1, 1], label="weight")
    return figure, image
"""
)
INTERACT = """
%matplotlib inline
def draw(gain=ipywidgets.FloatSlider(value=1.0, min=0.0, max=2.0, step=0.02)):
    scale(gain)
    scene()
    plt.show()
ipywidgets.interact(draw);
"""
IPYMPL = """
%matplotlib widget
plt.ioff()
figure, image = scene()
slider = ipywidgets.FloatSlider(value=1.0, min=0.0, max=2.0, step=0.02)
def moved(change):
    scale(change.new)
    image.set_data(mosaic())
    figure.canvas.draw_idle()
slider.observe(moved, "value")
display(ipywidgets.VBox([slider, figure.canvas]))
"""

# What of a page holds its pixels, and what moves its slider: an own input, or a press of the arrow key on an ipywidgets slider.
OURS = {"pixels": ".snnlab canvas[role=img]", "slider": ".snnlab input[type=range]"}
INLINE = {"pixels": ".jp-OutputArea-output img", "slider": ".widget-slider .noUi-handle"}
WIDGET = {"pixels": ".jupyter-matplotlib canvas", "slider": ".widget-slider .noUi-handle"}

TRIAL = """({ pixels, slider, down }) => new Promise((answer, fail) => {
  const look = () => {
    const found = document.querySelector(pixels);
    if (!found || found.tagName === "IMG") return found && found.complete && found.naturalWidth ? found.src : null;
    return new Uint32Array(found.getContext("2d").getImageData(0, 0, found.width, found.height).data.buffer);
  };
  const same = (a, b) => a === b || (typeof a !== "string" && a.length === b.length && a.every((value, i) => value === b[i]));
  const before = look(), handle = document.querySelector(slider);
  const start = performance.now();
  const next = () => requestAnimationFrame(() => {
    const channel = new MessageChannel(); // the task after the animation frame: what was drawn is on its way to the screen
    channel.port1.onmessage = () => {
      const time = performance.now() - start, after = look();
      if (after !== null && !same(before, after)) answer(time);
      else if (time > 10_000) fail(new Error("the slider moved, the picture did not"));
      else next();
    };
    channel.port2.postMessage(0);
  });
  if (handle.tagName === "INPUT") {
    handle.value = Number(handle.value) + (down ? -1 : 1) * 4;
    handle.dispatchEvent(new Event("input", { bubbles: true }));
  } else {
    handle.dispatchEvent(new KeyboardEvent("keydown", { key: down ? "ArrowLeft" : "ArrowRight", bubbles: true }));
  }
  next();
})"""


def ipympl() -> dict[str, str] | None:
    """The environment in which server and kernel find ipympl; None if there is none."""
    prefix = Path(os.environ.get("SNNLAB_PEERS", ROOT / ".peers"), "ipympl")
    sites = sorted(prefix.glob("lib/python*/site-packages"))
    if not (sites and (sites[-1] / "ipympl").is_dir()):
        return None
    return {"PYTHONPATH": os.pathsep.join([str(ROOT), str(sites[-1])]), "JUPYTER_PATH": str(prefix / "share" / "jupyter")}


def moves(page, where: dict[str, str], trials: int, down: bool) -> list[float]:
    """Times from the slider's event to changed pixels, in ms; all in one direction."""
    times = []
    for trial in range(trials):
        page.wait_for_timeout(300 + (trial * 37) % 60)  # the last move's messages have come; all phases of the screen's clock
        times.append(page.evaluate(TRIAL, where | {"down": down}))
    return times


def opened(browser, server, jupyter, name: str, where: dict[str, str], *cells: str):
    """A page with these cells run, warm; what is timed lies in view."""
    jupyter.notebook(server.folder / name, *cells)
    page = jupyter.open_notebook(browser, server, name)
    jupyter.run_all(page)
    page.wait_for_selector(where["pixels"])
    page.locator(where["slider"]).first.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)
    moves(page, where, 3, down=False)
    moves(page, where, 3, down=True)
    return page


def main() -> str:
    """The table."""
    jupyter, peer = live_view.harness(), ipympl()
    if jupyter.chromium_path() is None:
        return "live view: no Chromium found: apt-get install chromium"
    ways = {"live view": (OURS, live_view.MODEL, live_view.LAB), "interact, inline matplotlib": (INLINE, SCENE, INTERACT)}
    ways |= {"ipympl": (WIDGET, SCENE, IPYMPL)} if peer else {}
    times: dict[str, list[float]] = {way: [] for way in ways}
    with tempfile.TemporaryDirectory() as folder, jupyter.Server(Path(folder), peer) as server, jupyter.chromium() as browser:
        pages = {way: opened(browser, server, jupyter, f"{way.split()[0]}.ipynb", *cells) for way, cells in ways.items()}
        for turn in range(ROUNDS):
            for way, page in pages.items():
                page.bring_to_front()
                times[way] += moves(page, ways[way][0], TRIALS, down=turn % 2 == 1)
        for page in pages.values():
            live_view.closed(page)
    ours = statistics.median(times["live view"])
    rows = [("the same scene: slider to changed pixels", "median / p90", "times ours")]
    rows += [(way, live_view.spread(each), f"{statistics.median(each) / ours:.1f}") for way, each in times.items()]
    rows += [] if peer else [("ipympl", "not installed", "")]
    return live_view.table(rows)


if __name__ == "__main__":
    print(main())
