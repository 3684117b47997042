"""What a lab shows, kept as a file: the picture, or the numbers behind it.

    lab.save("run.png")         the picture, in dots            lab.save("run.svg")           the picture, in lines that scale
    lab.save("run.npz")         every panel as an array         lab.save("run.csv")           a table, one row a step
                                                                lab.save("run.spikes.csv")    a table, one row a spike

Only steps that are in view are kept. Step 0 is the first since the start, at 0 ms, as in the picture.

The arrays of an .npz file:

    step, time                  numbers and times of the steps, (T,)
    a panel's title             what it recorded: spikes as booleans, (T, N); lines, (T, n); weights as they are now, (N, h, w)
    a panel's title, columns    what the columns are, (n,), where they have names
    a chart's title, a series, a quantity      the points of that series, along each of the axes
    units                       name and unit of each of the arrays above, as pairs of words

In the table of steps, each column says what it is and its unit; a raster gives the number of its spikes in the step. What was not seen
in a step (a connection that was not run) is left empty, and NaN in an array. The table of spikes says the step, the time, the title of the
panel, and which neuron (or input) it was, by its place in the flattened group.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from snnlab.lab.chart import Chart
from snnlab.lab.panels import Fields, Panel
from snnlab.lab.raster import Raster
from snnlab.lab.scene import Scene

if TYPE_CHECKING:
    from snnlab.lab.lab import Lab

TAKEN = ("step", "time", "units", "file")
"""Names that are no panel's: of the other arrays, and of an argument of numpy's."""


def recording(scene: Scene) -> dict[str, np.ndarray]:
    """The arrays of an .npz file, by name.

    Example:
        >>> lif = snn.LIF(2, 1.0, rest_v=-65.0, reset_v=-65.0, thresh_v=-50.0, refrac_t=0.0, time_constant=10.0)
        >>> layer = snn.Serial(snn.LinearDense(3, 2, 1.0, synapse=snn.DeltaCurrent.partialconstructor(1.0)), lif)
        >>> lab = snn.lab.Lab(layer, torch.zeros(1, 1, 3), view=[snn.lab.Voltage("serial", neurons=[1])])
        >>> lab.step(2)
        >>> for name, array in recording(lab.scene).items():
        ...     print(name, array.tolist())
        step [0, 1]
        time [0.0, 1.0]
        voltage · serial [[-65.0], [-65.0]]
        voltage · serial, columns ['neuron 1']
        units [['step', ''], ['time', 'ms'], ['voltage · serial', 'mV']]
    """
    scene.advance()
    scene.recorder.fetch()
    steps = _steps(scene)
    arrays: dict[str, Any] = {"step": steps, "time": steps * scene.step_time}
    columns, units = {}, {"step": "", "time": "ms"}
    for panel in scene.panels:
        key = f"{panel.said} (panel)" if panel.said in TAKEN else panel.said
        if scene.recorder.follows(panel.title):
            arrays[key] = rows = _rows(panel, scene)
            names, units[key] = panel.columns()
            if len(names) == rows.shape[1]:
                columns[f"{key}, columns"] = np.array(names)
        elif scene.recorder.looks(panel.title) and not isinstance(panel, Chart):
            arrays[key], units[key] = _still(panel, scene), panel.unit
        if isinstance(panel, Chart):
            points, said = _points(panel, scene)
            arrays |= {f"{key}, {name}": values for name, values in points.items()}
            units |= {f"{key}, {name}": unit for name, unit in said.items()}
    return arrays | columns | {"units": np.array(list(units.items()))}


def table(scene: Scene) -> Iterable[list[Any]]:
    """The rows of the table of steps, its header first."""
    scene.recorder.fetch()
    header, columns = ["step", "time (ms)"], [_steps(scene).tolist(), _times(scene)]
    for panel in scene.panels:
        if not scene.recorder.follows(panel.title):
            continue
        rows = _rows(panel, scene)
        if isinstance(panel, Raster):
            header.append(f"{panel.said} (count)")
            columns.append(rows.sum(1).tolist())
            continue
        names, unit = panel.columns()
        names = names if len(names) == rows.shape[1] else [str(column) for column in range(rows.shape[1])]
        header += [f"{panel.said}, {name}{f' ({unit})' if unit else ''}" for name in names]
        columns += [["" if np.isnan(value) else value for value in column] for column in rows.T]
    return [header, *map(list, zip(*columns, strict=True))]


def spikes(scene: Scene) -> Iterable[list[Any]]:
    """The rows of the table of spikes, its header first: by panel, then by step.

    Raises:
        LookupError: the view has no raster.
    """
    scene.recorder.fetch()
    rasters = [panel for panel in scene.panels if isinstance(panel, Raster)]
    if not rasters:
        raise LookupError("No panel of this view shows spikes, so there are none to save. Add a raster, as in view=[Raster('exc')].")
    steps, times = _steps(scene).tolist(), _times(scene)
    rows: list[list[Any]] = [["step", "time (ms)", "panel", "number"]]
    for panel in rasters:
        rows += [[steps[at], times[at], panel.title, number] for at, number in np.argwhere(_rows(panel, scene)).tolist()]
    return rows


def _steps(scene: Scene) -> np.ndarray:
    """Numbers of the steps in view."""
    last = scene.recorder.fetched
    return np.arange(max(0, last - scene.recorder.window), last)


def _times(scene: Scene) -> list[str]:
    """The steps' times in ms, without the last digits of a product such as 3 times 0.1."""
    return [f"{step * scene.step_time:.10g}" for step in _steps(scene).tolist()]


def _rows(panel: Panel, scene: Scene) -> np.ndarray:
    """What a panel recorded in the steps in view."""
    rows = scene.recorder.rows(panel.title)[scene.recorder.window - len(_steps(scene)) :]
    return rows > 0 if isinstance(panel, Raster) else rows.copy()


def _points(chart: Chart, scene: Scene) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The points of each series of a chart, by "series, quantity", and their units."""
    points, units = {}, {}
    for series, pair in zip(chart.series, chart.points(scene.recorder), strict=True):
        for label, values in zip((chart.x, chart.y), pair, strict=True):
            noun, _, unit = label.partition(" (")
            name = f"{series.name or series.kind}, {noun}"
            points[name], units[name] = np.asarray(values, dtype=np.float32), unit.rstrip(")")
    return points, units


def _still(panel: Panel, scene: Scene) -> np.ndarray:
    """What a panel looks at, as it is now; weights in the shape of their input."""
    return (panel.weights(scene.recorder) if isinstance(panel, Fields) else scene.recorder.still(panel.title)).copy()


def _picture(kind: str) -> Callable[[Lab], bytes]:
    def draw(lab: Lab) -> bytes:
        file = io.BytesIO()
        lab.picture().savefig(file, format=kind, facecolor="white")
        return file.getvalue()

    return draw


def _npz(lab: Lab) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **recording(lab.scene))
    return file.getvalue()


def _csv(rows: Callable[[Scene], Iterable[list[Any]]]) -> Callable[[Lab], bytes]:
    def write(lab: Lab) -> bytes:
        file = io.StringIO(newline="")
        csv.writer(file).writerows(rows(lab.scene))
        return file.getvalue().encode()

    return write


KINDS: dict[str, tuple[Callable[[Lab], bytes], str]] = {
    ".png": (_picture("png"), "image/png"),
    ".svg": (_picture("svg"), "image/svg+xml"),
    ".npz": (_npz, "application/octet-stream"),
    ".spikes.csv": (_csv(spikes), "text/csv"),
    ".csv": (_csv(table), "text/csv"),
}
"""What makes the bytes of a file, and what a browser calls its kind, by the end of the file's name; the first that fits counts."""


def save(lab: Lab, path: str | Path) -> Path:
    """Writes a file of the kind that the end of its name says.

    Raises:
        ValueError: an end that says nothing.
    """
    path = Path(path)
    for end, (make, _) in KINDS.items():
        if path.name.endswith(end):
            path.write_bytes(make(lab))
            return path
    raise ValueError(f"path must end in one of {', '.join(KINDS)}, which says what is saved, but is {str(path)!r}.")


def send(lab: Lab, view: str, end: str) -> None:
    """Answers a view that asked for a file: name, kind, and the bytes in one buffer."""
    make, kind = KINDS[end]
    name = f"snnlab-step-{lab.steps}{end}"
    lab.view.send({"do": "file", "view": view, "name": name, "kind": kind}, buffers=[make(lab)])
