"""Layers whose parts are fixed: what they are made of is said in their constructor, and stays."""

from collections.abc import Callable
from typing import Any, TypeVar

from snnlab.network.layer import Layer

Kind = TypeVar("Kind", bound=type[Layer])


def fixed_parts(kind: Kind) -> Kind:
    """Makes every add_ and del_ method of a layer raise RuntimeError; its constructor calls those of `Layer`."""
    for method in ("add_connection", "add_neuron", "add_cell", "del_connection", "del_neuron", "del_cell"):
        setattr(kind, method, _refuse(method))
    return kind


def _refuse(name: str) -> Callable[..., None]:
    def refuse(self: Layer, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"{type(self).__name__} has fixed parts: {name} cannot be used. Build a Layer of your own for another wiring.")

    refuse.__name__ = name
    refuse.__doc__ = "Raises RuntimeError: the parts are fixed."
    return refuse
