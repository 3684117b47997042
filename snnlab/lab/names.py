"""Names of what a lab looks at and moves: "exc.spike" is the spikes of the neurons that the layer calls exc.

"exc"             neurons, a connection or a trainer, by the name that the layer or `trainers` gave it
"exc.tc_membrane" an attribute of it; more dots go deeper ("enc2exc.synapse.time_constant")
"neurons.exc", "connections.exc", "trainers.exc"      the same, where two things share a name
"""

import difflib
from collections.abc import Mapping
from typing import Any

KINDS = ("neurons", "connections", "trainers")


class Names:
    """Finds things in a layer and its trainers.

    Args:
        layer: has `named_neurons` and `named_connections`, pairs of name and object.
        trainers: by name.

    Raises:
        TypeError: the layer does not say what it is made of.
        LookupError: nothing has that name; the message lists what has.
    """

    def __init__(self, layer: Any, trainers: Mapping[str, Any] | None = None) -> None:
        if not (hasattr(layer, "named_neurons") and hasattr(layer, "named_connections")):
            raise TypeError(
                f"layer must say what it is made of, as an snn.Layer does (named_neurons and named_connections), but is of type "
                f"{type(layer).__name__}. Build it as a Serial, or as a Layer of your own."
            )
        self.layer = layer
        self.neurons = dict(layer.named_neurons)
        self.connections = dict(layer.named_connections)
        self.trainers = dict(trainers or {})

    def find(self, name: str, first: str = "neurons") -> tuple[Any, str]:
        """What `name` means: an object, and the attribute of it that is meant ("" for the object itself).

        Args:
            name: as in "exc" or "exc.spike".
            first: "neurons" or "connections": where to look first when several things share the name.
        """
        kinds = sorted(KINDS, key=lambda kind: kind != first)
        head, *path = name.split(".")
        if head in KINDS and path:
            kinds, head, path = [head], path[0], path[1:]
        owners = [getattr(self, kind)[head] for kind in kinds if head in getattr(self, kind)]
        if not owners:
            raise LookupError(f"{name!r} names nothing here: there is no {head!r}. {self._listed()}{_guess(head, self._all())}")
        for owner in owners:
            for step in path[:-1]:
                owner = getattr(owner, step, None)
            if not path or hasattr(owner, path[-1]):
                return owner, path[-1] if path else ""
        raise LookupError(
            f"{name!r} names nothing here: {head} ({_kind(owners[0])}) has no {'.'.join(path)!r}. {_attributes(owners[0], path[0])}"
        )

    def kind(self, owner: Any) -> str:
        """Which of the three kinds an object is: "neurons", "connections" or "trainers", or "" for a part of one."""
        return next((kind for kind in KINDS if any(owner is other for other in getattr(self, kind).values())), "")

    def _all(self) -> list[str]:
        return [*self.neurons, *self.connections, *self.trainers]

    def _listed(self) -> str:
        return " ".join(f"{kind.capitalize()}: {', '.join(getattr(self, kind)) or 'none'}." for kind in KINDS)


def _kind(owner: Any) -> str:
    return type(owner).__name__


def _guess(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=3)
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def _attributes(owner: Any, word: str) -> str:
    """Its buffers, parameters, properties and quantities: what can be looked at or moved."""
    names = set(getattr(owner, "quantities", {}))
    names |= {name for name in getattr(owner, "_buffers", {}) if not name.startswith("_")}
    names |= set(getattr(owner, "_parameters", {}))
    names |= {name for name in dir(type(owner)) if isinstance(getattr(type(owner), name, None), property) and not name.startswith("_")}
    return f"It has: {', '.join(sorted(names)) or 'nothing to look at'}.{_guess(word, sorted(names))}"


def noun(name: str, unit: str | None) -> tuple[str, str]:
    """What the values of a connection are called, and their unit: "in2exc.delay" are delays in ms, all else are weights."""
    delay = name.endswith("delay")
    return ("delay" if delay else "weight"), unit if unit is not None else ("ms" if delay else "")


def parameter(owner: Any, attribute: str, name: str) -> Any:
    """The weights or delays of a connection.

    Raises:
        LookupError: the connection has none.
    """
    found = getattr(owner, attribute)
    if found is None:
        hint = "Build the connection with delay=, the longest one in ms." if attribute == "delay" else ""
        raise LookupError(f"{name!r} names nothing here: this {type(owner).__name__} has no {attribute}. {hint}".rstrip())
    return found
