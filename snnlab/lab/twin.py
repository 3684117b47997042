"""A slider of ipywidgets that mirrors a control of a lab, for those who compose a layout of their own.

The view has sliders of its own, which answer while a cell runs. A twin is an ordinary widget beside it: it moves the control, and moves
when the control is moved from elsewhere, by the view or by Python.
"""

import math
from collections.abc import Callable
from typing import Any

import ipywidgets

from snnlab.lab.controls import Control


class Twin:
    """Keeps one slider and one control at the same value.

    Args:
        control: what is mirrored.
        moved: called with the new value when a person moves the slider.

    Attributes:
        slider: the ipywidgets slider.
    """

    def __init__(self, control: Control, moved: Callable[[float], Any]) -> None:
        self._control, self._moved, self._following = control, moved, False
        told = control.describe()
        shared = {"description": told["label"], "tooltip": f"{told['doc']} ({told['unit']})" if told["unit"] else told["doc"]}
        style = {"description_width": "initial"}
        if told["log"]:
            ends = {"min": math.log10(told["low"]), "max": math.log10(told["high"]), "step": 0.01}
            self.slider = ipywidgets.FloatLogSlider(value=control.value, **ends, **shared, style=style)
        else:
            ends = {"min": told["low"], "max": told["high"], "step": told["step"]}
            digits = max(0, -math.floor(math.log10(told["step"])))
            self.slider = ipywidgets.FloatSlider(value=control.value, **ends, **shared, style=style, readout_format=f".{digits}f")
        self.slider.observe(self._heard, "value")

    def _heard(self, change: dict[str, Any]) -> None:
        if not self._following:
            self._moved(change["new"])

    def follow(self) -> None:
        """Moves the slider to where the control is; out of its range, to the nearer end, and the control stays where it is."""
        self._following = True
        try:
            if self.slider.value != self._control.value:
                self.slider.value = self._control.value
        finally:
            self._following = False

    def close(self) -> None:
        """Ends the mirroring."""
        self.slider.unobserve_all("value")
        self.slider.close()
