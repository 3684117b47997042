"""Hooks: functions that run before or after a module is called.

A hook wraps torch's forward hooks with two things more: it can be taken off and put back, and it can run in training or evaluation only.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from torch import nn


class Hook:
    """Functions to be called before and after a module's `forward`.

    Args:
        prehook: called as `prehook(module, args)` before.
        posthook: called as `posthook(module, args, output)` after.
        train_update: whether they run while the module is in training mode.
        eval_update: whether they run while it is in evaluation mode.
        prehook_kwargs, posthook_kwargs: keywords for torch's `register_forward_pre_hook` and `register_forward_hook`: `prepend` runs it
            before the hooks that are there, `with_kwargs` calls it with the keywords of the call too, after the arguments, `always_call`
            runs a posthook also where the call fails.

    Raises:
        RuntimeError: neither function given.
        TypeError: a keyword that torch does not take.

    Example:
        >>> seen = []
        >>> hook = Hook(posthook=lambda module, args, output: seen.append(output.item()))
        >>> double = torch.nn.Linear(1, 1)
        >>> hook.register(double)
        >>> _ = double(torch.zeros(1))
        >>> hook.deregister()
        >>> _ = double(torch.zeros(1))
        >>> len(seen)
        1
    """

    def __init__(
        self,
        prehook: Callable[..., Any] | None = None,
        posthook: Callable[..., Any] | None = None,
        *,
        train_update: bool = True,
        eval_update: bool = True,
        prehook_kwargs: dict[str, Any] | None = None,
        posthook_kwargs: dict[str, Any] | None = None,
    ) -> None:
        if prehook is None and posthook is None:
            raise RuntimeError("prehook and posthook are both None: give at least one function to call.")
        for name, hook in (("prehook", prehook), ("posthook", posthook)):
            if hook is not None and not callable(hook):
                raise TypeError(f"{name} must be a function or None, but is {hook!r} ({type(hook).__name__}).")
        self._prehook, self._posthook = prehook, posthook
        self._prehook_kwargs = _known("prehook_kwargs", prehook_kwargs, ("prepend", "with_kwargs"))
        self._posthook_kwargs = _known("posthook_kwargs", posthook_kwargs, ("prepend", "with_kwargs", "always_call"))
        self.train_update, self.eval_update = train_update, eval_update
        self._handles: list[Any] = []

    @property
    def registered(self) -> bool:
        """Whether the hook is on a module."""
        return bool(self._handles)

    def register(self, module: nn.Module) -> None:
        """Puts the hook on a module.

        Raises:
            RuntimeError: it is on one already.
            TypeError: what came is no module.
        """
        if not isinstance(module, nn.Module):
            raise TypeError(f"module must be a torch.nn.Module, but is {module!r} ({type(module).__name__}).")
        if self.registered:
            raise RuntimeError(f"{type(self).__name__} is registered already. Call deregister() first.")
        if self._prehook is not None:
            self._handles.append(module.register_forward_pre_hook(self._bind("_run_prehook"), **self._prehook_kwargs))
        if self._posthook is not None:
            self._handles.append(module.register_forward_hook(self._bind("_run_posthook"), **self._posthook_kwargs))

    def deregister(self) -> None:
        """Takes the hook off; without effect when it is off."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    def runs_in(self, module: nn.Module) -> bool:
        """Whether the module's present mode is one the hook runs in."""
        return self.train_update if module.training else self.eval_update

    def _run_prehook(self, module: nn.Module, *args: Any) -> None:
        if self.runs_in(module):
            self._prehook(module, *args)

    def _run_posthook(self, module: nn.Module, *args: Any) -> None:
        if self.runs_in(module):
            self._posthook(module, *args)

    def _bind(self, method: str) -> Callable[..., None]:
        """What torch calls: the module keeps this hook alive."""
        return getattr(self, method)


def _known(name: str, kwargs: dict[str, Any] | None, known: tuple[str, ...]) -> dict[str, Any]:
    """Keywords for torch, refused where it would only refuse them later."""
    for key in kwargs or {}:
        if key not in known:
            raise TypeError(f"{name} may hold {', '.join(known)}, but holds {key!r}. Leave it out, or check its spelling.")
    return dict(kwargs or {})


class StateHook(ABC):
    """A function of a module's state that runs whenever the module is called, such as a limit on its weights.

    A registered hook is kept by its module, and copied and pickled with it. A subclass says in `hook(module)` what to do.

    Args:
        module: whose calls it follows.
        as_prehook: whether it runs before the call; else after.
        train_update, eval_update: modes of the module it runs in.

    Example:
        >>> class Halve(StateHook):
        ...     def hook(self, module):
        ...         module.weight.data.mul_(0.5)
        >>> line = torch.nn.Linear(1, 1, bias=False)
        >>> _ = line.weight.data.fill_(8.0)
        >>> limit = Halve(line)
        >>> limit.register()
        >>> _ = line(torch.zeros(1))
        >>> line.weight.item()
        4.0
    """

    def __init__(self, module: nn.Module, *, as_prehook: bool = False, train_update: bool = True, eval_update: bool = True) -> None:
        if not isinstance(module, nn.Module):
            raise TypeError(f"module must be a torch.nn.Module, but is {module!r} ({type(module).__name__}).")
        self.module = module
        self.as_prehook, self.train_update, self.eval_update = as_prehook, train_update, eval_update

    @abstractmethod
    def hook(self, module: nn.Module) -> None:
        """What to do with the module."""

    @property
    def registered(self) -> bool:
        """Whether it runs at the module's calls."""
        return bool(self._places())

    def register(self) -> None:
        """Lets it run at the module's calls; without effect when it does."""
        if not self.registered:
            add = self.module.register_forward_pre_hook if self.as_prehook else self.module.register_forward_hook
            add(self._follow)

    def deregister(self) -> None:
        """Lets it run no more; without effect when it does not."""
        for place in self._places():
            del self._hooks[place]

    @property
    def _hooks(self) -> dict[int, Callable[..., Any]]:
        return self.module._forward_pre_hooks if self.as_prehook else self.module._forward_hooks

    def _places(self) -> list[int]:
        """Where it stands among the module's hooks. Looked up, not kept: a kept handle would not follow both into a copy."""
        return [place for place, hook in self._hooks.items() if getattr(hook, "__self__", None) is self]

    def runs_in(self, module: nn.Module) -> bool:
        """Whether the module's present mode is one the hook runs in."""
        return self.train_update if module.training else self.eval_update

    def _follow(self, module: nn.Module, *_: Any) -> None:
        if self.runs_in(module):
            self.hook(module)

    def __call__(self, force: bool = False) -> None:
        """Runs it once, if registered or forced."""
        if self.registered or force:
            self.hook(self.module)
