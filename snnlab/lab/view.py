"""The view in the page: a widget whose panels are painted by a file each (raster.js, fields.js), whose controls are in knobs.js and
keys.js, and which view.js holds together.

What is drawn once travels as the widget's state. What is drawn at every frame travels as one custom message with one binary buffer, which
is not stored anywhere: a page that opens later asks for a frame. Only the frame of the moment in which the lab is shown is state, too: the
page has it before it can ask, and a kernel that is busy with the cells below does not answer.
"""

import base64
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from matplotlib import colormaps

from snnlab.plots import style

HERE = Path(__file__).parent
KINDS = ("raster.js", "traces.js", "heat.js", "wiring.js", "fields.js", "chart.js")
PAINTING = ("look.js", "zoom.js", "layout.js", "axes.js", *KINDS, "paint.js", "marks.js", "pointer.js")


def _shades(name: str) -> str:
    """256 colours of a map, three bytes each, in base64."""
    return base64.b64encode((colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255).round().astype(np.uint8).tobytes()).decode()


class View(anywidget.AnyWidget):
    """The page's side of a lab.

    Args:
        scene: what is drawn once.
        controls: what the sliders are built from.
        devices: names for the menu of devices; empty for no menu.

    Attributes:
        first: the frame with which a view begins, until the lab answers it: `table`, `buffer` and `status`; empty for none.
    """

    _esm = "\n".join((HERE / name).read_text(encoding="utf-8") for name in (*PAINTING, "keys.js", "knobs.js", "keep.js", "view.js"))
    _css = (HERE / "view.css").read_text(encoding="utf-8")
    scene = traitlets.Dict().tag(sync=True)
    controls = traitlets.List().tag(sync=True)
    devices = traitlets.List().tag(sync=True)
    first = traitlets.Dict().tag(sync=True)

    def __init__(self, scene: dict[str, Any], controls: list[dict[str, Any]], devices: list[dict[str, str]]) -> None:
        maps = {"sequential": _shades(style.SEQUENTIAL), "diverging": _shades(style.DIVERGING)}
        super().__init__(scene={**scene, "maps": maps}, controls=controls, devices=devices)
