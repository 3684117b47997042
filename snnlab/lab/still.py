"""The still twin of a live view: the same scene, drawn by matplotlib, for files, for tests and for pages without a kernel."""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes

from snnlab import plots
from snnlab.lab.chart import Chart
from snnlab.lab.chart import draw as draw_chart
from snnlab.lab.evolution import Evolution
from snnlab.lab.learning import Lines
from snnlab.lab.panels import Current, Fields, Panel
from snnlab.lab.raster import Raster
from snnlab.lab.scene import Scene
from snnlab.lab.wiring import Wiring
from snnlab.plots.evolution import draw as draw_shares
from snnlab.plots.timeline import Timeline
from snnlab.plots.traces import draw as draw_lines
from snnlab.plots.wiring import arrange

LINES = 20_000
"""With more spikes than that, an SVG has them as dots: each mark would take some 100 bytes, and a browser long to draw."""


def still(scene: Scene, title: str = "") -> plots.Picture:
    """Draws a scene as a figure: wirings across the top, panels over time on the left, fields and charts on the right, as the live view."""
    scene.advance()
    scene.data()
    wirings = [panel for panel in scene.panels if isinstance(panel, Wiring)]
    pictures = [panel for panel in scene.panels if isinstance(panel, Fields | Chart)]
    over_time = [panel for panel in scene.panels if panel not in (*wirings, *pictures)]
    strip = sum(_height(panel, scene) for panel in wirings)
    body = max(1.75 * len(over_time), 3.4 * len(pictures), 0.0 if wirings else 2.4)
    figure = plots.Picture(9.6 if over_time and pictures else 6.4, strip + body)
    across, rest = figure.subfigures(2, 1, height_ratios=(strip, body)) if wirings and body else (figure, figure)
    left, right = _halves(rest, bool(over_time), bool(pictures))
    for part, panels in ((across, wirings), (left, over_time), (right, pictures)):
        for panel, ax in zip(panels, part.subplots(len(panels), 1, squeeze=False)[:, 0] if panels else (), strict=True):
            draw(panel, scene, ax)
            ax.set_title(panel.said, loc="left", fontsize=9)
            ax.xaxis.label.set_fontsize(8), ax.yaxis.label.set_fontsize(8)
            if panel in over_time[:-1]:
                ax.set_xlabel("")
    figure.suptitle(title, fontsize=9, x=0.01, ha="left")
    return figure


def _height(panel: Wiring, scene: Scene) -> float:
    """Inches that a wiring and its title take."""
    *_, bottom, top = arrange(list(panel.counts(scene.recorder)), panel.edges)[2]
    return top - bottom + 0.6


def draw(panel: Panel, scene: Scene, ax: Axes) -> None:
    """Draws one panel through `snnlab.plots`."""
    recorder, step_time = scene.recorder, scene.step_time
    if isinstance(panel, Fields):
        plots.fields(panel.weights(recorder), ax, limits=panel.limits, unit=panel.unit)
        return
    if isinstance(panel, Wiring):
        plots.wiring(panel.counts(recorder), panel.edges, ax)
        return
    if isinstance(panel, Chart):
        draw_chart(panel, recorder, ax)
        return
    shown = max(1, min(recorder.steps, recorder.window))
    start = max(0, recorder.steps - recorder.window) * step_time
    rows = recorder.rows(panel.said)[-shown:]
    if isinstance(panel, Raster):
        plots.raster(rows > 0, step_time, ax, start=start, label=panel.label)
        ax.lines[0].set_rasterized((rows > 0).sum() > LINES)
        return
    if isinstance(panel, Evolution):
        draw_shares(panel.shares(recorder)[-shown:], panel.limits, step_time, ax, start=start, label=panel.label)
        return
    if isinstance(panel, Lines):
        lines = Timeline(np.asarray(rows), list(range(len(panel.names))), step_time, start)
        draw_lines(lines, ax, panel.names, panel.describe()["label"], "")
    else:
        _draw_neurons(panel, rows, step_time, start, ax)
    if panel.limits:
        ax.set_ylim(*panel.limits)


def _draw_neurons(panel: Panel, rows: np.ndarray, step_time: float, start: float, ax: Axes) -> None:
    plot: Callable[..., Axes] = plots.currents if isinstance(panel, Current) else plots.voltages
    plot(np.asarray(rows), step_time, ax, start=start, labels=[str(neuron) for neuron in panel.neurons])


def _halves(figure: plots.Picture, left: bool, right: bool):
    """The part of a figure for panels over time, and that for pictures."""
    if left and right:
        return figure.subfigures(1, 2, width_ratios=(3, 2))
    return (figure, None) if left else (None, figure)
