"""A long lesson with the live view: does memory grow, does the picture stall? Run: python -m benchmarks.live_long [minutes; else 30]

The network of `benchmarks.live_view` learns at 5 steps a frame; after each minute comes a pause of two seconds, in which rubbish is thrown
away on both sides and memory is read: that of the kernel's process (RSS), and what the page's JavaScript holds, buffers of frames with it.
Jupyter keeps the signatures of the last 65,536 messages against replays, some 150 bytes each: the kernel grows by some 8 MiB for that in
the first twenty minutes of acknowledgements, and no further. A hiccup is the time between two painted frames; the clock stands still during
pauses.
"""

import statistics
import sys
import tempfile
from pathlib import Path

from benchmarks import live_view

HICCUP = 150  # ms
FLAT = 0.05  # the last readings are at most so much above the first ones, from the first minute on

# Counts frames, and the times between them, in the page: `lesson.go()`, and `lesson.rest()`, which gives back what there was.
CLOCK = """() => {
  let last = null, gaps = [];
  const tick = () => { const now = performance.now(); gaps.push(now - last); last = now; };
  document.addEventListener("snnlab-frame", () => { if (last !== null) tick(); });
  window.lesson = {
    go: () => { last = performance.now(); gaps = []; },
    rest: () => { tick(); last = null; return gaps; },
  };
}"""

RSS = "import gc, psutil\n_ = gc.collect()\nprint(psutil.Process().memory_info().rss / 2**20)"


class Lesson:
    """A page that plays, and what was read of it.

    Attributes:
        kernel, script: MiB at the start and after each minute.
        gaps: ms between frames, a list for each minute.
        steps: how many the network has done.
    """

    def __init__(self, page, jupyter) -> None:
        self.page, self.jupyter = page, jupyter
        self.devtools = page.context.new_cdp_session(page)
        self.kernel: list[float] = []
        self.script: list[float] = []
        self.gaps: list[list[float]] = []
        page.evaluate(CLOCK)
        self._read()

    def minute(self, seconds: float = 60.0) -> None:
        """Plays, pauses, reads."""
        live_view.press(self.page, "Play")
        self.page.evaluate("lesson.go()")
        self.page.wait_for_timeout(1000 * seconds)
        self.gaps.append(self.page.evaluate("lesson.rest()"))
        live_view.press(self.page, "Pause")
        self.page.wait_for_timeout(1500)
        self._read()

    def _read(self) -> None:
        self.steps = int(self.jupyter.run_code(self.page, "print(lab.steps)"))
        self.kernel.append(float(self.jupyter.run_code(self.page, RSS)))
        self.devtools.send("HeapProfiler.collectGarbage")
        heap = self.devtools.send("Runtime.getHeapUsage")
        self.script.append((heap["usedSize"] + heap.get("backingStorageSize", 0)) / 2**20)


def growth(readings: list[float]) -> str:
    """From the first minutes to the last, as medians of up to three; what is before the first minute is warming up."""
    first, last = statistics.median(readings[1:4]), statistics.median(readings[-3:])
    return f"{last - first:+.1f} MiB, {'flat' if last - first <= FLAT * first else 'grows'}"


def table(lesson: Lesson) -> str:
    """Minutes as rows, then what is asked."""
    rows = [("after", "kernel, MiB", "page, MiB", "frames/s", "largest gap, ms")]
    rows.append(("the start", f"{lesson.kernel[0]:.1f}", f"{lesson.script[0]:.1f}", "", ""))
    for minute, gaps in enumerate(lesson.gaps, start=1):
        memory = f"{lesson.kernel[minute]:.1f}", f"{lesson.script[minute]:.1f}"
        rows.append((f"{minute} min", *memory, f"{1000 * len(gaps) / sum(gaps):.1f}", f"{max(gaps):.0f}"))
    every = [gap for gaps in lesson.gaps for gap in gaps]
    asked = [
        (f"{len(lesson.gaps)} minutes, {lesson.steps:,} steps, {len(every):,} frames", "measured", "asked"),
        ("memory of the kernel, from the first minutes to the last", growth(lesson.kernel), f"flat: at most {100 * FLAT:.0f} %"),
        ("memory of the page's scripts, from the first minutes to the last", growth(lesson.script), f"flat: at most {100 * FLAT:.0f} %"),
        ("largest time between two frames", f"{max(every):.0f} ms", f"at most {HICCUP} ms"),
        ("hiccups: longer than that", f"{sum(gap > HICCUP for gap in every)}", "0"),
    ]
    return f"{live_view.table(asked)}\n{live_view.table(rows)}"


def main(minutes: int = 30) -> str:
    """The tables."""
    jupyter = live_view.harness()
    if jupyter.chromium_path() is None:
        return "live view: no Chromium found: apt-get install chromium"
    with tempfile.TemporaryDirectory() as folder, jupyter.Server(Path(folder)) as server, jupyter.chromium() as browser:
        page = live_view.opened(browser, server, jupyter, "long.ipynb", live_view.MODEL, live_view.LAB)
        lesson = Lesson(page, jupyter)
        for minute in range(minutes):
            lesson.minute()
            print(f"{minute + 1} of {minutes} minutes: {growth(lesson.kernel)}", file=sys.stderr, flush=True)
        live_view.closed(page)
    return table(lesson)


if __name__ == "__main__":
    print(main(int(sys.argv[1]) if sys.argv[1:] else 30))
