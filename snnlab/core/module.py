"""The base class of every part of a network: a `torch.nn.Module` that can be brought back to rest.

Two kinds of buffers live in a module, and they are kept apart:

    what was learned     weights, biases, delays, threshold adaptations: loaded into any batch size
    what a run left      voltages, histories, spikes: of one batch size, gone after `clear()`

A run's buffers are declared with `register_state`; everything else is learned. A saved state of the same batch size resumes a run bit for
bit; a saved state of another batch size brings what was learned, and the run's state stays at rest.
"""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from snnlab.core.quantity import Quantity, Setting

_CHANGES = [0]
_torch = nn.modules.module  # where torch keeps the hooks that are on every module
_LEFT_AT_REST: ContextVar[list[str] | None] = ContextVar("left_at_rest", default=None)


@contextmanager
def _one_warning() -> Iterator[None]:
    """Collects the names of run states that a load leaves at rest, and warns once for all of them."""
    if _LEFT_AT_REST.get() is not None:
        yield
        return
    names: list[str] = []
    token = _LEFT_AT_REST.set(names)
    try:
        yield
    finally:
        _LEFT_AT_REST.reset(token)
    if names:
        warnings.warn(
            f"The saved run was of another batch size: {', '.join(names)} left at rest. Weights and all else that was learned are loaded.",
            stacklevel=4,
        )


def leave_at_rest(name: str) -> None:
    """Notes that the run state `name` of another batch size was not loaded; one warning names them all."""
    with _one_warning():
        _LEFT_AT_REST.get().append(name)


def changes() -> int:
    """How often an attribute of any module has been set so far, states apart: while it stays, so does what was found out about settings.

    Example:
        >>> neuron = snn.LIF(2, 1.0, rest_v=-65., reset_v=-65., thresh_v=-50., refrac_t=2., time_constant=10.)
        >>> before, _ = changes(), neuron(torch.zeros(1, 2))
        >>> changes() == before
        True
        >>> neuron.thresh_v = -55.0
        >>> changes() == before
        False
    """
    return _CHANGES[0]


def without_grad(function: Callable[..., Any]) -> Callable[..., Any]:
    """Makes a function run without recording gradients, as `torch.no_grad()` does, and at no cost where none are recorded anyway.

    Example:
        >>> @without_grad
        ... def twice(x):
        ...     return 2 * x
        >>> twice(torch.ones(1, requires_grad=True)).requires_grad
        False
    """
    guarded = torch.no_grad()(function)

    @wraps(function)
    def called(*args: Any, **kwargs: Any) -> Any:
        return guarded(*args, **kwargs) if torch.is_grad_enabled() else function(*args, **kwargs)

    return called


class Module(nn.Module):
    """A `torch.nn.Module` with state to clear, state that is no tensor, and a graph that can be cut.

    Subclasses declare run state with `register_state`, plain values to be saved with `register_extra`, and parameters of their equations as
    class attributes of type `Setting`; they override `clear` where there is more to bring to rest.

    Attributes:
        quantities: unit, range and meaning of every setting that has a range, by name; live controls are built from it.
        spelled: names of settings, by the name of the constructor's argument, where the two differ; errors speak of the argument.

    Example:
        >>> class Counter(Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.register_state("total_", torch.zeros(1, 2))
        ...     def forward(self, spikes):
        ...         self.total_ = self.total_ + spikes
        ...         return self.total_
        >>> counter = Counter()
        >>> counter(torch.tensor([[True, False]]))
        tensor([[1., 0.]])
        >>> counter.clear()
        >>> counter.total_
        tensor([[0., 0.]])
    """

    quantities: ClassVar[dict[str, Quantity]] = {}
    spelled: ClassVar[dict[str, str]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        settings = {name: value.quantity for name, value in vars(cls).items() if isinstance(value, Setting) and value.quantity}
        inherited = {name: quantity for base in reversed(cls.__mro__[1:]) for name, quantity in vars(base).get("quantities", {}).items()}
        cls.quantities = inherited | settings

    def __init__(self) -> None:
        super().__init__()
        self._states: dict[str, float] = {}
        self._extras: list[str] = []

    def register_state(self, name: str, value: Tensor, rest: float = 0.0) -> None:
        """Adds a buffer that a run changes: first axis the batch, at rest everywhere `rest`."""
        self.register_buffer(name, value)
        self._states[name] = rest

    def set_states(self, **values: Tensor) -> None:
        """Replaces states by name: what assignment does, without torch's search for what kind of attribute each of them is."""
        self._buffers.update(values)

    def resize_states(self, batch_size: int) -> None:
        """Gives every state of this module (not of its submodules) another batch size, at rest."""
        for name, rest in self._states.items():
            state = getattr(self, name)
            setattr(self, name, state.new_full((batch_size, *state.shape[1:]), rest))

    def register_extra(self, name: str, value: Any) -> None:
        """Sets a plain attribute (a step counter, a running count) that is saved with the tensors."""
        setattr(self, name, value)
        self._extras.append(name)

    def configure(self, **settings: Any) -> None:
        """Sets several settings at once: all are checked, alone and together, or none is changed.

        Raises:
            ValueError, TypeError: a value is out of its range or of the wrong kind.
        """
        arguments = {name: argument for argument, name in self.spelled.items()}
        checked = {f"_{name}": getattr(type(self), name).check(arguments.get(name, name), value) for name, value in settings.items()}
        before = {key: self.__dict__[key] for key in checked if key in self.__dict__}
        _CHANGES[0] += 1
        self.__dict__.update(checked)
        try:
            self.check_settings()
        except Exception:
            self.__dict__.update(before)
            raise

    def check_settings(self) -> None:
        """Checks settings that must fit each other (a reset below the threshold); called after every change of one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs `forward` and the hooks on this module: the plain ones that look at what came out by itself, for a step makes a dozen such
        calls, and all others through torch."""
        if (
            self._forward_pre_hooks
            or self._forward_hooks_with_kwargs
            or self._forward_hooks_always_called
            or self._backward_hooks
            or self._backward_pre_hooks
            or _torch._global_forward_hooks
            or _torch._global_forward_pre_hooks
            or _torch._global_backward_hooks
            or _torch._global_backward_pre_hooks
            or self._compiled_call_impl is not None
        ):
            return super().__call__(*args, **kwargs)
        result = self.forward(*args, **kwargs)
        if self._forward_hooks:
            for hook in tuple(self._forward_hooks.values()):
                changed = hook(self, args, result)
                result = result if changed is None else changed
        return result

    def __setattr__(self, name: str, value: Any) -> None:
        if type(value) is torch.Tensor and name in self.__dict__.get("_buffers", ()):  # torch would ask what else it might be
            self._buffers[name] = value
            return
        _CHANGES[0] += 1
        if isinstance(getattr(type(self), name, None), property):  # torch would try to register a tensor given to a property
            object.__setattr__(self, name, value)
        else:
            super().__setattr__(name, value)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Module":
        _CHANGES[0] += 1  # another device or dtype
        return super()._apply(fn, recurse)

    def clear(self, **kwargs: Any) -> None:
        """Brings this module and its submodules to rest.

        Args:
            **kwargs: passed on to the submodules; a keyword that is meant for another kind of module is ignored.
        """
        for name, rest in self._states.items():
            setattr(self, name, torch.full_like(getattr(self, name), rest, requires_grad=False))
        for child in self.children():
            _clear(child, **kwargs)

    def detach_(self) -> None:
        """Cuts the graph behind the state, for truncated back-propagation through time. Values stay."""
        for module in self.modules():
            for name, buffer in module._buffers.items():
                if buffer is not None and buffer.requires_grad:
                    module._buffers[name] = buffer.detach()

    def __getstate__(self) -> dict[str, Any]:
        """A copy or a pickle holds the state without the graph behind it, and without hooks of monitors."""
        state = self.__dict__.copy()
        state["_buffers"] = {k: b if b is None or b.is_leaf else b.detach() for k, b in self._buffers.items()}
        for hooks in ("_forward_hooks", "_forward_pre_hooks"):
            stay = {key for key, hook in state[hooks].items() if getattr(hook, "stays_behind", False)}
            if stay:  # else the very same dictionary: handles that are copied along refer to it
                state[hooks] = type(state[hooks])((key, hook) for key, hook in state[hooks].items() if key not in stay)
        return state

    def get_extra_state(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._extras}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        for name in self._extras:
            setattr(self, name, state.get(name, getattr(self, name)))

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        if not self._extras:
            destination.pop(prefix + "_extra_state", None)

    def _load_from_state_dict(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs) -> None:
        with _one_warning():
            for name in self._states:
                saved, present = state_dict.get(prefix + name), getattr(self, name)
                if saved is None:
                    continue
                self._buffers[name] = present.detach().clone()  # loading writes in place: whoever holds the present state keeps it
                if saved.shape[1:] == present.shape[1:] and len(saved) != len(present):
                    state_dict[prefix + name] = torch.full_like(present, self._states[name])
                    leave_at_rest(prefix + name)
            super()._load_from_state_dict(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)
            if prefix + "_extra_state" in missing_keys:  # loading merges: what was not saved keeps its present value
                missing_keys.remove(prefix + "_extra_state")

    def load_state_dict(self, state_dict, strict: bool = True, assign: bool = False):
        with _one_warning():
            return super().load_state_dict(state_dict, strict=strict, assign=assign)


def _clear(module: nn.Module, **kwargs: Any) -> None:
    """Clears a submodule; inside a plain container of torch, its children."""
    if isinstance(module, Module):
        module.clear(**kwargs)
    else:
        for child in module.children():
            _clear(child, **kwargs)
