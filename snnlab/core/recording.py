"""A recording: what was read after every step of a run, by name, with its axes, its times and its unit.

The first step of a run stands at time 0, the step of index k at k·dt, with dt the length of a step. What stands there is what the step
left: its inputs have acted, its spikes are out.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from snnlab.core import checks

KEPT = ("file", "times", "about")  # keys of a saved file that are no series; numpy needs "file" for itself


@dataclass(frozen=True, eq=False, repr=False)
class Series:
    """One quantity over the steps of a run, with the names of its axes.

    It goes wherever an array is taken: numpy reads it as one, `torch.as_tensor` makes a tensor of it, cut from its graph; and plots,
    `isi` and `times_from_spikes` take its step time from it. What needs a tensor takes `series.values`.

    Args:
        name: what was read, such as "neuron.voltage".
        values: one entry a step.
        axes: the name of each axis of `values`, "time" first, mostly "batch" second.
        times: the time of each step.
        step_time: length of a step.
        unit: unit of the values; "" for what has none, such as spikes.

    Units:
        times, step_time: ms;  values: `unit`

    Shape:
        values: (T, B, *shape), or (T, *shape) for one sample;  times: (T,)

    Raises:
        ValueError: not one name an axis, not one time a step, or an axis other than "time" comes first.

    Example:
        >>> series = Series("neuron.voltage", torch.zeros(3, 1, 2), ("time", "batch", "neuron"), torch.arange(3.0), 1.0, "mV")
        >>> series
        Series(neuron.voltage, mV: time 3 x batch 1 x neuron 2, from 0 to 2 ms)
        >>> series.sample(0).shape
        torch.Size([3, 2])
    """

    name: str
    values: Tensor
    axes: tuple[str, ...]
    times: Tensor
    step_time: float
    unit: str = ""

    def __post_init__(self) -> None:
        checks.text("name", self.name)
        checks.positive("step_time", self.step_time, "ms")
        object.__setattr__(self, "axes", tuple(self.axes))
        if not self.axes or self.axes[0] != "time" or len(set(self.axes)) != len(self.axes):
            raise ValueError(f"axes of {self.name!r} must be names that differ, 'time' first, but are {self.axes}.")
        if checks.tensor("values", self.values).ndim != len(self.axes):
            shape = tuple(self.values.shape)
            raise ValueError(f"axes of {self.name!r} must name {len(shape)} axes for values of shape {shape}, but are {self.axes}.")
        checks.shaped("times", self.times, (len(self.values),), "T", "Give every step its time, in ms.")

    @property
    def shape(self) -> torch.Size:
        """Sizes of the axes."""
        return self.values.shape

    @property
    def start(self) -> float:
        """Time of the first step, in ms; 0 where there is no step."""
        return float(self.times[0]) if len(self) else 0.0

    def sample(self, index: int) -> "Series":
        """One sample of the batch: a series without the batch axis.

        Raises:
            ValueError: there is no batch axis.
            IndexError: there is no such sample.
        """
        if "batch" not in self.axes:
            raise ValueError(f"{self.name!r} has no batch axis to pick a sample of, but {', '.join(self.axes)}. Use it as it is.")
        axis = self.axes.index("batch")
        count = self.shape[axis]
        if checks.whole("index", index, least=-count) >= count:
            raise IndexError(f"index must be below {count}, the batch size of {self.name!r}, but is {index}.")
        return replace(self, values=self.values.select(axis, index), axes=self.axes[:axis] + self.axes[axis + 1 :])

    def numpy(self) -> np.ndarray:
        """The values as a numpy array, fetched from their device and cut from their graph."""
        return self.values.detach().cpu().numpy()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        values = self.numpy()
        return values.astype(dtype if dtype is not None else values.dtype, copy=bool(copy))

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.values.detach().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple:
        return self.values.__dlpack_device__()

    def __getitem__(self, index: Any) -> Tensor:
        """What stands there in `values`: `series[5]` is the step of index 5."""
        return self.values[index]

    def __len__(self) -> int:
        return len(self.values)

    def __repr__(self) -> str:
        sizes = " x ".join(f"{axis} {size}" for axis, size in zip(self.axes, self.shape, strict=True))
        span = f"from {self.start:g} to {float(self.times[-1]):g} ms" if len(self) else "no step"
        return f"Series({self.name}{f', {self.unit}' if self.unit else ''}: {sizes}, {span})"


def with_step_time(name: str, values: Any, step_time: float | None) -> tuple[Tensor, float]:
    """Values, and the length of their step in ms: that of a `Series`, else the one that is given.

    Raises:
        ValueError: a Series together with another step time.
        TypeError: a tensor without a step time, or no tensor at all.

    Example:
        >>> with_step_time("spikes", torch.zeros(3), 0.5)
        (tensor([0., 0., 0.]), 0.5)
    """
    if isinstance(values, Series):
        if step_time not in (None, values.step_time):
            own = f"step_time of {values.name!r} is {values.step_time:g} ms"
            raise ValueError(f"{own}, and must not be given as {step_time} ms. Leave step_time out.")
        return values.values, values.step_time
    checks.tensor(name, values)
    return values, checks.positive("step_time", step_time, "ms", "" if step_time is not None else "Only a Series brings its own.")


class Recording(Mapping[str, Series]):
    """Series of one run, by name.

    Args:
        series: at least one, all of the same steps.

    Raises:
        ValueError: no series; two of one name; a name that a file could not hold; series of different steps.

    Example:
        >>> times = torch.arange(3.0)
        >>> recording = Recording([Series("spikes", torch.zeros(3, 1, 2, dtype=torch.bool), ("time", "batch", "neuron"), times, 1.0)])
        >>> recording
        Recording of 3 steps of 1 ms:
          spikes  time 3 x batch 1 x neuron 2, bool
        >>> recording["voltage"]
        Traceback (most recent call last):
        ...
        KeyError: "There is no series 'voltage' in the recording; there is: spikes."
    """

    def __init__(self, series: Iterable[Series]) -> None:
        self._series: dict[str, Series] = {}
        for each in series:
            if each.name in self._series or each.name in KEPT:
                wish = "is there twice" if each.name in self._series else f"is kept for the file, as are {', '.join(KEPT)}"
                raise ValueError(f"The name {each.name!r} {wish}. Give every series a name of its own.")
            self._series[each.name] = each
        if not self._series:
            raise ValueError("series must hold at least one Series, but is empty.")
        first, *others = self._series.values()
        for other in others:
            if other.step_time != first.step_time or not torch.equal(other.times.cpu(), first.times.cpu()):
                raise ValueError(f"{other.name!r} must have the steps and times of {first.name!r}, but has others: {other!r}, {first!r}.")

    @property
    def dt(self) -> float:
        """Length of a step, in ms."""
        return next(iter(self._series.values())).step_time

    @property
    def times(self) -> Tensor:
        """Time of each step, in ms: (T,)."""
        return next(iter(self._series.values())).times

    def __getitem__(self, name: str) -> Series:
        if name not in self._series:
            raise KeyError(f"There is no series {name!r} in the recording; there is: {', '.join(self._series)}.")
        return self._series[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def numpy(self) -> dict[str, np.ndarray]:
        """The values of every series as numpy arrays, by name."""
        return {name: series.numpy() for name, series in self.items()}

    def save(self, path: str | PathLike) -> None:
        """Writes a .npz file, which numpy reads without this library: every series by its name, and "times" in ms."""
        about = {name: {"axes": series.axes, "unit": series.unit} for name, series in self.items()}
        note = json.dumps({"step_time": self.dt, "series": about})
        np.savez(_npz(path), times=self.times.detach().cpu().numpy(), about=np.array(note), **self.numpy())

    @classmethod
    def load(cls, path: str | PathLike) -> "Recording":
        """The recording that `save` wrote there; its tensors lie on the CPU.

        Raises:
            ValueError: the file is of another kind.
        """
        with np.load(_npz(path), allow_pickle=False) as file:
            if "about" not in file or "times" not in file:
                raise ValueError(f"path must lead to a file that Recording.save has written, but {str(path)!r} holds {', '.join(file)}.")
            about, times = json.loads(str(file["about"])), torch.from_numpy(file["times"])
            return cls(
                Series(name, torch.from_numpy(file[name]), tuple(note["axes"]), times, about["step_time"], note["unit"])
                for name, note in about["series"].items()
            )

    def __repr__(self) -> str:
        width = max(map(len, self))
        lines = [f"Recording of {len(self.times)} steps of {self.dt:g} ms:"]
        for name, series in self.items():
            sizes = " x ".join(f"{axis} {size}" for axis, size in zip(series.axes, series.shape, strict=True))
            kind = series.unit or str(series.values.dtype).removeprefix("torch.")
            lines.append(f"  {name:{width}}  {sizes}, {kind}")
        return "\n".join(lines)


def _npz(path: str | PathLike) -> Path:
    path = Path(path)
    return path if path.suffix == ".npz" else path.with_name(path.name + ".npz")
