"""A history: the last K observations of a tensor, readable as one block at every step.

K slots lie in a ring. A pointer walks down through it, one slot a step, and every observation is written twice, K slots apart:

    slot      0   1   2   3   4 | 5   6   7   8   9          K = 5, newest observation e, pointer at 2
              d'  ·   e   d   c | b   a   e   d   c          the block [pointer : pointer + K] reads  e d c b a

so that the last K observations always lie side by side, newest first, with no arithmetic over elements at any step. Slots are kept batch
last (`S[1:] x S[0]`): delayed products read the block as a table of rows, one row a (slot, neuron), one column a sample.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from snnlab.core import checks
from snnlab.core.extrapolation import extrap_nearest
from snnlab.core.interpolation import interp_nearest
from snnlab.core.module import Module, leave_at_rest
from snnlab.core.selection import insert, select

WHOLE = 1e-6  # a quotient this close to a whole number is that number: 0.3/0.1 makes 3 steps, not 4

_MANY = 1024  # elements, from where the time of a copy is that of the elements


def count_slots(step_time: float, duration: float, inclusive: bool = True) -> int:
    """Slots that a history needs to reach `duration` back: ceil(duration/dt), plus the present one if `inclusive`, at least 1.

    Example:
        >>> count_slots(0.1, 3 * 0.1)
        4
    """
    quotient = duration / step_time
    steps = round(quotient) if abs(quotient - round(quotient)) < WHOLE else math.ceil(quotient)
    return max(steps + (1 if inclusive else 0), 1)


def _batch_last(observation: Tensor) -> Tensor:
    return observation.t() if observation.dim() <= 2 else observation.movedim(0, -1)


def _batch_first(stored: Tensor, lead: int = 0) -> Tensor:
    if lead == 0 and stored.dim() <= 2:
        return stored.t()  # the same, at a third of the price
    return stored.movedim(-1, lead) if stored.dim() > lead + 1 else stored


def _as_numbers(observation: Tensor) -> Tensor:
    """Spikes as bytes, the same numbers: many are copied in half of the time; of few, to say so costs more than it saves."""
    return observation.view(torch.uint8) if observation.dtype == torch.bool and observation.numel() >= _MANY else observation


class RecordTensor(Module):
    """The last K observations of a tensor.

    Args:
        step_time: time between two observations, in ms, above 0.
        duration: how far back the history reaches, in ms, 0 or above.
        shape: shape of an observation, batch first; None takes it from the first push.
        dtype: of the storage; None takes the default type, or that of the first push.
        inclusive: whether an observation `duration` ago is still held beside the present one.
        inplace: True writes into the storage (fastest, no gradient); False builds new storage at each push, so that gradients flow.
        fill: value of slots that nothing was written to.

    Shape:
        observation: S = (B, ...);  `window`: K x S, newest first;  `value`: K x S, oldest first;  `block`: K x S[1:] x B, newest first

    Units:
        step_time, duration, time: ms

    Raises:
        ValueError: a step time not above 0, a negative duration.

    Example:
        >>> history = RecordTensor(1.0, 2.0)
        >>> for value in (1.0, 2.0, 3.0):
        ...     history.push(torch.tensor([[value]]))
        >>> history.read(offset=1), history.select(torch.tensor([[2.0]]))
        (tensor([[3.]]), tensor([[1.]]))
    """

    def __init__(
        self,
        step_time: float,
        duration: float,
        *,
        shape: tuple[int, ...] | None = None,
        dtype: torch.dtype | None = None,
        inclusive: bool = True,
        inplace: bool = True,
        fill: float = 0,
    ) -> None:
        super().__init__()
        self._dt = checks.positive("step_time", step_time, "ms")
        self._duration = checks.not_negative("duration", duration, "ms")
        self._inclusive, self._inplace, self.fill = bool(inclusive), bool(inplace), fill
        self._slots = count_slots(self._dt, self._duration, self._inclusive)
        self._shape: tuple[int, ...] | None = None
        self._pointer = 0
        self.register_buffer("storage", torch.empty(0, dtype=dtype), persistent=False)
        self._dtype = dtype
        if shape is not None:
            self.initialize(shape)

    # --- what it is -------------------------------------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """Number of observations kept, K."""
        return self._slots

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Shape of an observation, batch first; None before it is known."""
        return self._shape

    @property
    def dt(self) -> float:
        """Time between two observations, in ms."""
        return self._dt

    @dt.setter
    def dt(self, value: float) -> None:
        self.resize(checks.positive("dt", value, "ms"), self._duration)

    @property
    def duration(self) -> float:
        """How far back the history reaches, in ms."""
        return self._duration

    @duration.setter
    def duration(self, value: float) -> None:
        self.resize(self._dt, checks.not_negative("duration", value, "ms"))

    @property
    def inclusive(self) -> bool:
        """Whether an observation exactly `duration` ago is held."""
        return self._inclusive

    @inclusive.setter
    def inclusive(self, value: bool) -> None:
        self._inclusive = bool(value)
        self.resize(self._dt, self._duration)

    @property
    def inplace(self) -> bool:
        """Whether observations are written into the storage; False lets gradients flow through the history."""
        return self._inplace

    @inplace.setter
    def inplace(self, value: bool) -> None:
        kept = None if self._shape is None else self.block.detach().clone()
        self._inplace = bool(value)
        if kept is not None:
            self._fill_block(kept)

    def resize(self, step_time: float, duration: float) -> None:
        """Sets step time and reach; if K changes, the newest observations stay and the old end is filled."""
        self._dt, self._duration = step_time, duration
        slots = count_slots(step_time, duration, self._inclusive)
        if slots == self._slots:
            return
        kept = None if self._shape is None else self.block
        before, self._slots = self._slots, slots
        if kept is not None:
            missing = kept.new_full((max(slots - before, 0), *kept.shape[1:]), self.fill)
            self._fill_block(torch.cat((kept[:slots], missing)))

    def initialize(
        self, shape: tuple[int, ...], *, dtype: torch.dtype | None = None, device: Any = None, fill: float | None = None
    ) -> None:
        """Allocates the slots for observations of `shape`, batch first, and fills them."""
        self._shape = tuple(checks.shape("shape", shape))
        like = self.storage
        slot = (*self._shape[1:], self._shape[0]) if len(self._shape) > 1 else self._shape
        fill = self.fill if fill is None else fill
        block = torch.full((self._slots, *slot), fill, dtype=dtype or like.dtype, device=device or like.device)
        self._fill_block(block)

    def deinitialize(self) -> None:
        """Forgets observations and shape."""
        self._shape, self._pointer = None, 0
        self.storage = self.storage.new_empty(0)

    def reset(self, fill: float | None = 0) -> None:
        """Fills every slot with `fill` (None: the constructor's) and starts again; the shape stays."""
        if self._shape is not None:
            self.initialize(self._shape, fill=fill)

    def clear(self, **kwargs: Any) -> None:
        """Fills every slot with the constructor's fill."""
        self.reset(None)

    # --- the block --------------------------------------------------------------------------------------------------------------

    @property
    def block(self) -> Tensor:
        """The live history, K x S[1:] x B, newest first and batch last: the storage itself, overwritten by the next push."""
        self._require("read")
        storage = self._buffers["storage"]
        return storage if storage.shape[0] == self._slots else storage[self._pointer : self._pointer + self._slots]

    @property
    def present(self) -> Tensor:
        """The live newest observation, S: the storage itself, overwritten by the next push."""
        if self._shape is None:
            self._require("read")
        return self._only if self._slots == 1 and self._inplace else _batch_first(self._buffers["storage"][self._pointer])

    @property
    def _only(self) -> Tensor:
        """The only slot, batch first: most histories have but one, and to cut it out anew would cost more than to write to it."""
        storage, kept = self._buffers["storage"], self.__dict__.get("_cut")
        if kept is None or kept[0] is not storage:
            with torch.inference_mode(False):  # or nothing could be written through it later
                kept = self.__dict__["_cut"] = (storage, _batch_first(storage[0]))
        return kept[1]

    @property
    def table(self) -> Tensor:
        """The live history as a table of K·M rows, row k·M + m, with M the first axis after the batch (1 if there is none); its columns
        are all further axes, then samples."""
        return self.block.reshape(self._slots * (self._shape[1] if len(self._shape) > 1 else 1), -1)

    @property
    def window(self) -> Tensor:
        """The history, K x S, newest first; a copy."""
        return _batch_first(self.block, 1).clone()

    @property
    def value(self) -> Tensor:
        """The history, K x S, oldest first; a copy. Setting it replaces every observation."""
        return _batch_first(self.block, 1).flip(0)

    @value.setter
    def value(self, value: Tensor) -> None:
        self._require("set its value")
        checks.shaped("value", value, (self._slots, *self._shape), "K x S")
        if self._inplace:
            self._refuse_gradient(value)
        newest_first = value.flip(0)
        self._fill_block((newest_first.movedim(1, -1) if value.dim() > 2 else newest_first).to(self.storage.dtype))

    def _fill_block(self, block: Tensor) -> None:
        """Makes `block` (K x S[1:] x B, newest first) the whole history."""
        self._pointer = 0
        if not self._inplace:
            self.storage = block.contiguous()
            return
        with torch.inference_mode(False):  # or a history cleared in inference mode could not be written to after it
            self.storage = torch.cat([block.detach()] * min(self._slots, 2))

    def _require(self, act: str) -> None:
        if self._shape is None:
            raise RuntimeError(f"The history has no shape yet, so it cannot {act}. Push an observation first, or call initialize(shape).")

    # --- one observation --------------------------------------------------------------------------------------------------------

    def push(self, observation: Tensor) -> None:
        """Adds the newest observation; the oldest falls out.

        Args:
            observation: shaped like those before it; the first fixes the shape.

        Raises:
            ValueError: another shape than the history's.
            RuntimeError: an observation that requires a gradient while `inplace` is True.
        """
        if not isinstance(observation, Tensor):
            checks.tensor("observation", observation)
        if observation.requires_grad and self._inplace:
            self._refuse_gradient(observation)
        if observation.shape != self._shape:
            if self._shape is None:
                dtype = observation.dtype if self._dtype is None else self.storage.dtype
                self.initialize(observation.shape, dtype=dtype, device=observation.device)
            checks.shaped("observation", observation, self._shape, "the history's")
        if not self._inplace:
            newest = _batch_last(observation).to(self.storage.dtype).unsqueeze(0)
            self.storage = torch.cat((newest, self.storage[:-1]))
            return
        if self._slots == 1:  # with nothing to stand beside, it may lie as the observation does, which saves laying it out anew
            only = self._only
            if only.stride() != observation.stride():
                self._adopt_layout(_batch_last(observation))
                only = self._only
            only.copy_(_as_numbers(observation))
            return
        storage, newest = self._buffers["storage"], _batch_last(_as_numbers(observation))
        pointer = (self._pointer or self._slots) - 1
        object.__setattr__(self, "_pointer", pointer)  # a plain number: torch's search for what it might be costs more than the copies
        storage[pointer].copy_(newest)
        storage[pointer + self._slots].copy_(storage[pointer])

    def _adopt_layout(self, newest: Tensor) -> None:
        """Gives the one slot the strides of an observation, batch last; what lies in it is about to be overwritten."""
        storage = self.storage
        with torch.inference_mode(False):
            self.storage = torch.empty_like(newest, dtype=storage.dtype, device=storage.device).unsqueeze(0)

    def _refuse_gradient(self, observation: Tensor) -> None:
        if observation.requires_grad and torch.is_grad_enabled():
            raise RuntimeError("observation requires a gradient, but this history writes in place and would lose it. Set inplace=False.")

    @property
    def latest(self) -> Tensor | None:
        """The newest observation, or None before there is a shape; setting it pushes."""
        return self.peek()

    @latest.setter
    def latest(self, observation: Tensor) -> None:
        self.push(observation)

    def peek(self) -> Tensor | None:
        """The newest observation, or None before there is a shape."""
        return None if self._shape is None else self.read(1)

    def pop(self) -> Tensor | None:
        """The newest observation, and steps back so that the one before it is the newest; None before there is a shape."""
        if self._shape is None:
            return None
        newest = self.read(1)
        self.decr(1)
        return newest

    def incr(self, n: int = 1) -> None:
        """Moves `n` steps on in time: the slot written next counts as the newest."""
        self._require("move")
        if self._inplace:
            self._pointer = (self._pointer - n) % self._slots
        else:
            self.storage = self.storage.roll(n, 0)

    def decr(self, n: int = 1) -> None:
        """Moves `n` steps back in time."""
        self.incr(-n)

    def align(self, index: int = 0) -> None:
        """Rotates the storage so that the newest observation lies in slot `index`; no public read changes."""
        self._require("be aligned")
        checks.whole("index", index, 0)
        if self._inplace and self._slots > 1:
            block = self.block.roll(index % self._slots, 0)
            self.storage, self._pointer = torch.cat((block, block)), index % self._slots

    def _slot(self, offset: int) -> int:
        """Place in the block of the observation `offset` before the next write: 1 is the newest, at 0."""
        if checks.whole("offset", offset, 0) > self._slots:
            raise ValueError(f"offset must be from 0 to {self._slots}, the observations that are kept, but is {offset}.")
        return (offset - 1) % self._slots

    def read(self, offset: int = 1) -> Tensor:
        """The observation `offset` slots before the next write: 1 the newest, K the oldest; a copy."""
        self._require("read")
        return _batch_first(self.block[self._slot(offset)]).clone()

    def write(self, observation: Tensor, offset: int = 0) -> None:
        """Replaces the observation at `offset`; 0 is the slot of the next push. Nothing moves."""
        self._require("write")
        checks.shaped("observation", observation, self._shape, "the history's")
        self._write_slots(torch.tensor([self._slot(offset)]), _batch_last(observation).unsqueeze(0))

    def _write_slots(self, slots: Tensor, stored: Tensor) -> None:
        """Writes `stored` (n x S[1:] x B) into these places of the block."""
        stored = stored.to(self.storage.dtype)
        if self._inplace:
            self._refuse_gradient(stored)
            for copy in range(self.storage.shape[0] // self._slots):
                places = (self._pointer + slots) % self._slots + copy * self._slots
                self.storage[places.to(self.storage.device)] = stored
        else:
            self.storage = self.storage.index_copy(0, slots.to(self.storage.device), stored)

    # --- a range of observations ------------------------------------------------------------------------------------------------

    def _range(self, length: int, offset: int, forward: bool) -> Tensor:
        """Places in the block of `length` observations, oldest first."""
        length = checks.whole("length", length)
        if length > self._slots:
            raise ValueError(f"length must be at most the {self._slots} observations that are kept, but is {length}. Raise the duration.")
        oldest = offset if forward else offset + length - 1
        return (oldest - 1 - torch.arange(length, device=self.storage.device)) % self._slots

    def readrange(self, length: int, offset: int | Tensor = 1, forward: bool = False) -> Tensor:
        """`length` observations in a row, S x length, oldest first. A range that leaves the history at one end goes on at the other.

        Args:
            length: how many, at most K.
            offset: slots before the next write of the newest (`forward=False`) or the oldest (`forward=True`) of them; a whole-number
                tensor shaped like an observation gives each element its own.
            forward: which end `offset` names.
        """
        self._require("read")
        if isinstance(offset, int):
            return _batch_first(self.block, 1)[self._range(length, offset, forward)].movedim(0, -1).clone()
        checks.shaped("offset", offset, self._shape, "an observation's")
        if offset.is_floating_point():
            raise TypeError(f"offset must be of whole numbers, but is of {offset.dtype}. Round it first.")
        places = (self._range(length, 1, forward) + (offset.long() - 1).unsqueeze(-1)) % self._slots
        return _batch_first(self.block, 1).gather(0, places.movedim(-1, 0)).movedim(0, -1)

    def writerange(self, observations: Tensor, offset: int = 0, forward: bool = False) -> None:
        """Replaces observations in a row, given as S x length, oldest first: the inverse of `readrange`."""
        self._require("write")
        length = checks.tensor("observations", observations).shape[-1] if observations.dim() else 0
        checks.shaped("observations", observations, (*self._shape, length), "S x length")
        rows = observations.movedim(-1, 0)
        self._write_slots(self._range(length, offset, forward), rows.movedim(1, -1) if rows.dim() > 2 else rows)

    # --- at a time --------------------------------------------------------------------------------------------------------------

    def select(
        self,
        time: Tensor | float,
        interp: Callable[..., Tensor] | None = None,
        *,
        tolerance: float = 1e-6,
        offset: int = 1,
        interp_kwargs: dict[str, Any] | None = None,
    ) -> Tensor:
        """The history as it was `time` before the slot at `offset`, each element at its own time; see `snnlab.core.selection`.

        Args:
            time: ms back, shaped like an observation, or with one more axis at the end for several times an element; a batch axis
                of 1 serves all samples, and a plain number all elements.
            interp: how to read between two steps, from `snnlab.core.interpolation`; None takes the nearest.
            tolerance: ms that a time may lie off a step, or beyond an end.
            offset: slot that counts as time 0; 1 is the newest.
            interp_kwargs: passed on to `interp`.

        Shape:
            time: S -> S, or S x D -> S x D

        Raises:
            ValueError: a time outside the history; a time of the wrong shape.
            RuntimeError: nothing was ever pushed.
        """
        self._require("be selected from")
        newest_first = _batch_first(self.block, 1).roll(1 - offset, 0) if offset != 1 else _batch_first(self.block, 1)
        reach = self._slots - offset
        return select(newest_first, time, interp or interp_nearest, self._dt, reach, tolerance, **(interp_kwargs or {}))

    def insert(
        self,
        observation: Tensor,
        time: Tensor | float,
        extrap: Callable[..., tuple[Tensor, Tensor]] | None = None,
        *,
        tolerance: float = 1e-6,
        offset: int = 0,
        extrap_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Writes `observation` at `time` before the slot at `offset`: the mirror of `select`; see `snnlab.core.selection`.

        Args:
            observation: shaped like the history's.
            time: ms back, shaped like an observation, or a plain number.
            extrap: what an observation between two steps does to both, from `snnlab.core.extrapolation`; None gives it to the nearest.
            tolerance, offset, extrap_kwargs: as in `select`; offset 0 is the slot of the next push.

        Raises:
            ValueError: a time outside the history; a wrong shape.
            RuntimeError: nothing was ever pushed.
        """
        self._require("be inserted into")
        checks.shaped("observation", observation, self._shape, "the history's")
        newest_first = _batch_first(self.block, 1).roll(1 - offset, 0)
        reach = self._slots - max(offset, 1)
        observation = observation.to(self.storage.dtype)
        changed = insert(newest_first, observation, time, extrap or extrap_nearest, self._dt, reach, tolerance, **(extrap_kwargs or {}))
        changed = changed.roll(offset - 1, 0)
        self._write_slots(torch.arange(self._slots), changed.movedim(1, -1) if changed.dim() > 2 else changed)

    # --- copies and files -------------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """The view of the only slot stays behind: copied, it would be one of another storage."""
        state = super().__getstate__()
        state.pop("_cut", None)
        return state

    def extra_repr(self) -> str:
        return f"shape={self._shape}, slots={self._slots}, dt={self._dt}, duration={self._duration}, inplace={self._inplace}"

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        destination[prefix + "observations"] = self.storage.new_empty(0) if self._shape is None else self.value.detach()

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) -> None:
        key = prefix + "observations"
        if strict:
            unexpected_keys.extend(each for each in state_dict if each.startswith(prefix) and each != key)
        if key not in state_dict:
            if strict:
                missing_keys.append(key)
            return
        saved = state_dict[key]
        if saved.numel() == 0:
            self.deinitialize()
        elif saved.shape[0] != self._slots or (self._shape is not None and saved.shape[2:] != self._shape[1:]):
            error_msgs.append(f"{key}: saved as {tuple(saved.shape)} (K x S), but the history here keeps {self._slots} of {self._shape}.")
        elif self._shape is not None and saved.shape[1] != self._shape[0]:
            self.clear()
            leave_at_rest(key)
        else:
            takes_any = self._shape is None and self._dtype is None
            self.initialize(saved.shape[1:], dtype=saved.dtype if takes_any else None)
            self.value = saved.detach()
