"""The start of a run, kept so that Reset brings it back: everything that the model and its random numbers were then."""

import copy
import warnings
from collections.abc import Iterable
from typing import Any

import torch


class Start:
    """Remembers modules and generators as they are now.

    Args:
        modules: layer and trainers; what has no `state_dict` is left alone.
        generators: random number generators that the inputs draw from.

    Example:
        >>> linear = torch.nn.Linear(1, 1)
        >>> start, before = Start([linear], []), linear.weight.item()
        >>> _ = linear.weight.data.add_(1.0)
        >>> start.restore()
        >>> linear.weight.item() == before
        True
    """

    def __init__(self, modules: Iterable[Any], generators: Iterable[torch.Generator]) -> None:
        self._modules = [(module, copy.deepcopy(module.state_dict())) for module in modules if hasattr(module, "state_dict")]
        self._generators = [(generator, generator.get_state()) for generator in generators]

    def restore(self) -> None:
        """Brings everything back. Rest comes first: a state that did not exist yet at the start has no saved value, and is at rest."""
        for module, state in self._modules:
            if hasattr(module, "clear"):
                module.clear()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a start of another batch size leaves the run's state at rest, as is meant here
                module.load_state_dict(copy.deepcopy(state), strict=False)
        for generator, state in self._generators:
            generator.set_state(state)
