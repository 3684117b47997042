"""A slider of ipywidgets that mirrors a control of a lab, for those who compose a layout of their own.

The view has sliders of its own, which answer while a cell runs. A twin is an ordinary widget beside it: it moves the control, and moves
when the control is moved from elsewhere, by the view or by Python.
"""

import math
from collections.abc import Callable
from typing import Any

import ipywidgets

from snnlab.lab.controls import Control
from snnlab.lab.home import Home


class _Watched:
    """A slider that tells of an error in what observes it: ipywidgets would write it where nobody looks."""

    failed: Callable[[Exception], Any] | None = None

    def notify_change(self, change: Any) -> None:
        try:
            super().notify_change(change)  # type: ignore[misc]
        except Exception as error:
            if self.failed is not None:
                self.failed(error)
            raise


class _Slider(_Watched, ipywidgets.FloatSlider):
    """Equal differences look alike."""


class _LogSlider(_Watched, ipywidgets.FloatLogSlider):
    """Equal ratios look alike."""


class Twin:
    """Keeps one slider and one control at the same value.

    Args:
        control: what is mirrored.
        moved: called with the new value when a person moves the slider.
        failed: told about an error of whoever observes the slider; the error goes on.
        home: where `moved` is called; None: where the slider is moved.

    Attributes:
        slider: the ipywidgets slider.
    """

    def __init__(
        self,
        control: Control,
        moved: Callable[[float], Any],
        failed: Callable[[Exception], Any] | None = None,
        home: Home | None = None,
    ) -> None:
        self._control, self._moved, self._failed, self._home = control, moved, failed, home or Home()
        self._following, self._waiting = False, 0  # whether it moves by itself, and how many moves are on their way home
        told = control.describe()
        shared = {"description": told["label"], "tooltip": f"{told['doc']} ({told['unit']})" if told["unit"] else told["doc"]}
        style = {"description_width": "initial"}
        if told["log"]:
            ends = {"min": math.log10(told["low"]), "max": math.log10(told["high"]), "step": 0.01}
            self.slider = _LogSlider(value=control.value, **ends, **shared, style=style)
        else:
            ends = {"min": told["low"], "max": told["high"], "step": told["step"]}
            digits = max(0, -math.floor(math.log10(told["step"])))
            self.slider = _Slider(value=control.value, **ends, **shared, style=style, readout_format=f".{digits}f")
        self.slider.failed = failed
        self.slider.observe(self._heard, "value")

    def _heard(self, change: dict[str, Any]) -> None:
        if self._following:
            return
        if self._home.here:
            self._moved(change["new"])
        else:
            self._waiting += 1
            self._home.call(self._arrive, change["new"])

    def _arrive(self, value: float) -> None:
        self._waiting -= 1
        try:
            self._moved(value)
        except Exception as error:  # nobody waits for it here
            if self._failed is not None:
                self._failed(error)

    def follow(self) -> None:
        """Moves the slider to where the control is; out of its range, to the nearer end, and the control stays where it is."""
        if self._waiting:  # the control does not know yet where the hand has moved it
            return
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
