"""The recorder: the last steps of chosen tensors, kept where the model runs, fetched once a frame.

Every step writes one row into a ring on the model's device: all followed tensors, one after the other, as float32. A frame fetches the
rows that are new since the frame before, together with what is looked at once a frame (weights), in one copy to the CPU.

There each row is written twice, a window apart, so that the last steps always lie in one piece and nothing is moved up at a frame: for a
raster of 10,000 neurons and 1,000 steps, that would be 40 MB.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

Read = Callable[[], Tensor | None]


class Recorder:
    """Keeps the last `window` steps of what it follows.

    Args:
        window: steps to keep.

    Shape:
        a followed tensor: (n,), read after each step;  `rows(key)`: (window, n), oldest first, NaN before the first step.

    Attributes:
        steps: steps recorded since the last clear.
        fetched: those of them that the last fetch knew.

    Example:
        >>> x = torch.zeros(2)
        >>> recorder = Recorder(window=3)
        >>> recorder.follow("x", lambda: x, width=2)
        >>> for step in range(2):
        ...     x += 1
        ...     recorder.record()
        >>> recorder.fetch()
        >>> recorder.rows("x")[:, 0].tolist()
        [nan, 1.0, 2.0]
    """

    def __init__(self, window: int) -> None:
        self.window = window
        self.steps = self.fetched = 0
        self._followed: dict[str, tuple[Read, int]] = {}
        self._looked: dict[str, Read] = {}
        self._stills: dict[str, np.ndarray] = {}
        self._shown: dict[str, list[int]] = {}
        self._ring: Tensor | None = None
        self._rows: np.ndarray | None = None

    def follow(self, key: str, read: Read, width: int) -> None:
        """Records `width` numbers that `read` gives after each step."""
        self._followed[key] = (read, width)
        self.clear()

    def show(self, key: str, columns: Sequence[int]) -> None:
        """Of what is followed under this key, `rows` gives only these columns, in this order. The others are recorded all the same."""
        self._shown[key] = list(columns)

    def look(self, key: str, read: Read) -> None:
        """Fetches what `read` gives once a frame."""
        self._looked[key] = read

    def clear(self) -> None:
        """Forgets every step."""
        self.steps = self.fetched = 0
        self._ring = self._rows = None

    def record(self) -> None:
        """Keeps the present step."""
        parts = [read() for read, _ in self._followed.values()]
        if parts:
            device = next((part.device for part in parts if part is not None), torch.device("cpu"))
            if self._ring is None or self._ring.device != device:
                if self._ring is not None:
                    self.fetch()  # what the other device still holds
                self._ring = torch.full((self.window, self._width), float("nan"), device=device)
            torch.cat(self._full(parts, device), out=self._ring[self.steps % self.window])
        self.steps += 1

    def fetch(self) -> None:
        """Brings what is new to the CPU, in one copy."""
        new = min(self.steps - self.fetched, self.window)
        parts = [self._slots(new)] if new and self._ring is not None else []
        stills = {key: read() for key, read in self._looked.items()}
        flat = [part.detach().reshape(-1).float() for part in [*parts, *stills.values()]]
        if flat:
            flat = [part.to(flat[0].device) for part in flat]
            fetched = torch.cat(flat).cpu().numpy()
            at = 0
            if parts:
                at = new * self._width
                self._append(fetched[:at].reshape(new, self._width))
            for key, still in stills.items():
                self._stills[key] = fetched[at : at + still.numel()].reshape(still.shape)
                at += still.numel()
        self.fetched = self.steps

    def rows(self, key: str) -> np.ndarray:
        """The last steps of a followed tensor, as of the last fetch; the next fetch may write over them."""
        at = 0
        for name, (_, width) in self._followed.items():
            if name == key:
                break
            at += width
        else:
            raise KeyError(key)
        if self._rows is None:
            rows = np.full((self.window, width), np.nan, dtype=np.float32)
        else:
            first = self.fetched % self.window
            rows = self._rows[first : first + self.window, at : at + width]
        return rows[:, self._shown[key]] if key in self._shown else rows

    def follows(self, key: str) -> bool:
        """Whether steps are kept under this key."""
        return key in self._followed

    def looks(self, key: str) -> bool:
        """Whether something is looked at once a frame under this key."""
        return key in self._looked

    def still(self, key: str) -> np.ndarray:
        """What is looked at once a frame, as of the last fetch."""
        return self._stills[key]

    @property
    def _width(self) -> int:
        return sum(width for _, width in self._followed.values())

    def _full(self, parts: list[Tensor | None], device: torch.device) -> list[Tensor]:
        """What a hook has not seen in this step (a connection that was not run) is unknown: NaN."""
        widths = [width for _, width in self._followed.values()]
        return [torch.full((n,), float("nan"), device=device) if part is None else part for part, n in zip(parts, widths, strict=True)]

    def _slots(self, new: int) -> Tensor:
        """The last `new` slots of the ring, oldest first."""
        end = self.steps % self.window
        first = end - new
        return self._ring[first:end] if first >= 0 else torch.cat([self._ring[first:], self._ring[:end]])

    def _append(self, rows: np.ndarray) -> None:
        if self._rows is None:
            self._rows = np.full((2 * self.window, self._width), np.nan, dtype=np.float32)
        slots = np.arange(self.steps - len(rows), self.steps) % self.window
        self._rows[slots] = self._rows[slots + self.window] = rows
