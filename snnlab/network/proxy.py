"""Named parts, to be reached and changed in place, but neither replaced nor deleted: `layer.neurons.exc`."""

from collections.abc import Iterator, Mapping
from typing import Any


class Proxy:
    """Read-only access to a group of named things as attributes, or by `proxy["name"]`.

    What is reached may be changed in place, but neither replaced nor deleted.

    Args:
        items: the things by name.
        kind: what they are, for errors.

    Example:
        >>> neurons = Proxy({"exc": "40 cells", "inh": "10 cells"}, "neuron")
        >>> neurons.exc, neurons["inh"], list(neurons)
        ('40 cells', '10 cells', ['exc', 'inh'])
    """

    def __init__(self, items: Mapping[str, Any], kind: str) -> None:
        object.__setattr__(self, "_items", items)
        object.__setattr__(self, "_kind", kind)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # what Python asks of every object, also of a copy that holds nothing yet
            raise AttributeError(name)
        if name not in self._items:
            known = ", ".join(self._items) or "none"
            raise AttributeError(f"There is no {self._kind} {name!r}; there is: {known}.")
        return self._items[name]

    __getitem__ = __getattr__

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{self._kind} {name!r} cannot be replaced here. Use the layer's add_ and del_ methods.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{self._kind} {name!r} cannot be deleted here. Use the layer's del_ methods.")

    def __iter__(self) -> Iterator[str]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __dir__(self) -> list[str]:
        return list(self._items)

    def __repr__(self) -> str:
        return f"Proxy({', '.join(self._items)})"
