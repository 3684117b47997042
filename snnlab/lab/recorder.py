"""The recorder: the last steps of chosen tensors, kept where the model runs, fetched once a frame.

Every step keeps what is followed as it is, on the model's device. A frame lays the steps that are new since the frame before one after the
other, with what is looked at once a frame (weights), and brings all of it to the CPU in one copy. So a step pays next to nothing: what is
never written to again, such as the spikes of a step, is not even copied.

On the CPU each row is written twice, a window apart, so that the last steps always lie in one piece and nothing is moved up at a frame: for
a raster of 10,000 neurons and 1,000 steps, that would be 40 MB.
"""

from collections import deque
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
        self._followed: dict[str, int] = {}  # widths
        self._reads: dict[str, tuple[Read, bool]] = {}
        self._looked: dict[str, Read] = {}
        self._stills: dict[str, np.ndarray] = {}
        self._shown: dict[str, list[int]] = {}
        self._new: deque[list[Tensor | None]] = deque(maxlen=window)  # steps that no frame has fetched yet
        self._rows: np.ndarray | None = None

    def follow(self, key: str, read: Read, width: int, *, lasts: bool = False) -> None:
        """Records `width` numbers that `read` gives after each step.

        Args:
            key: name for `rows`.
            read: gives a tensor of any shape, or None where there is nothing to know.
            width: number of its elements.
            lasts: whether nobody writes into that tensor afterwards, so that it need not be copied.
        """
        self._followed[key] = width
        self._reads[key] = (read, lasts)
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
        self._new.clear()
        self._rows = None

    def record(self) -> None:
        """Keeps the present step."""
        kept = []
        for read, lasts in self._reads.values():
            part = read()
            if part is not None:
                if part.requires_grad:
                    part = part.detach()  # the graph behind it is not ours to keep
                if not lasts:
                    part = part.clone()
            kept.append(part)
        self._new.append(kept)
        self.steps += 1

    def fetch(self) -> None:
        """Brings what is new to the CPU, in one copy."""
        new = len(self._new)
        stills = [read().detach() for read in self._looked.values()]
        fetched = _on_cpu([*stills, *(self._blocks() if new else ())])
        for key, still in zip(self._looked, fetched, strict=False):
            self._keep(key, still)
        if new:
            self._append(fetched[len(stills) :], new)
        self._new.clear()
        self.fetched = self.steps

    def rows(self, key: str) -> np.ndarray:
        """The last steps of a followed tensor, as of the last fetch; the next fetch may write over them."""
        at = 0
        for name, width in self._followed.items():
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
        return rows.take(self._shown[key], axis=1) if key in self._shown else rows

    def follows(self, key: str) -> bool:
        """Whether steps are kept under this key."""
        return key in self._followed

    def looks(self, key: str) -> bool:
        """Whether something is looked at once a frame under this key."""
        return key in self._looked

    def still(self, key: str) -> np.ndarray:
        """What is looked at once a frame, as of the last fetch; the next one writes over it."""
        return self._stills[key]

    def _blocks(self) -> list[Tensor]:
        """For each of what is followed its new steps, one after the other."""
        blocks = []
        for (key, width), parts in zip(self._followed.items(), zip(*self._new, strict=True), strict=True):
            try:
                block = torch.stack(parts)  # nearly always: all are there, alike, and where the model is
            except (TypeError, RuntimeError):
                block = _one_by_one(parts, width)
            if block.numel() != len(parts) * width:
                given = next(tuple(part.shape) for part in parts if part is not None and part.numel() != width)
                raise ValueError(f"{key} must have {width} elements at each step, as it had when the view was made, but has now {given}.")
            blocks.append(block)
        return blocks

    def _keep(self, key: str, still: np.ndarray) -> None:
        """Copies what is looked at, in the memory of the last time: fresh memory is slow."""
        kept = self._stills.get(key)
        if kept is None or kept.shape != still.shape:
            self._stills[key] = still.copy(order="K")  # weights that lie by columns are copied as they lie
        else:
            np.copyto(kept, still)

    def _append(self, blocks: Sequence[np.ndarray], new: int) -> None:
        """Writes new steps into the rows, round the end of the window where they reach it."""
        if self._rows is None:
            self._rows = np.full((2 * self.window, sum(self._followed.values())), np.nan, dtype=np.float32)
        slot, done = (self.steps - new) % self.window, 0
        while done < new:
            here = min(new - done, self.window - slot)
            rows, column = self._rows[slot : slot + here], 0
            for block, width in zip(blocks, self._followed.values(), strict=True):
                rows[:, column : column + width] = block.reshape(new, width)[done : done + here]
                column += width
            self._rows[self.window + slot : self.window + slot + here] = rows
            slot, done = 0, done + here


def _one_by_one(parts: Sequence[Tensor | None], width: int) -> Tensor:
    """Steps one after the other, of whatever shape, on the latest device; NaN for one in which nothing was seen (a connection not run)."""
    device = next((part.device for part in reversed(parts) if part is not None), None)
    nothing = torch.full((width,), float("nan"), device=device)
    return torch.cat([nothing if part is None else part.to(device).reshape(-1) for part in parts])


def _here(part: Tensor) -> bool:
    return part.device.type == "cpu"


def _on_cpu(parts: Sequence[Tensor]) -> list[np.ndarray]:
    """Tensors as arrays of floats. From another device they come in one copy; on the CPU they are seen where they lie."""
    parts = [part.float() for part in parts]
    if all(_here(part) for part in parts):
        return [part.numpy() for part in parts]
    together = torch.cat([part.to(parts[0].device).reshape(-1) for part in parts]).cpu()
    split = together.split([part.numel() for part in parts])
    return [flat.numpy().reshape(part.shape) for flat, part in zip(split, parts, strict=True)]
