"""Laws of copies, precision and devices: each is broken by a model that does wrong in one place, and says what was seen."""

import re

import pytest
import torch

import snnlab as snn
from tests.contract.models import Leaky, seen


class Sharing(Leaky):
    """Keeps on its class what is its own."""

    gathered = [0.0]  # noqa: RUF012

    def __init__(self, batch):
        super().__init__(batch)
        self.gathered[0] = 0.0

    def integrate(self, inputs):
        self.gathered[0] += 1.0
        return super().integrate(inputs) + self.gathered[0]


class Anonymous(Leaky):
    def __init__(self, batch):
        super().__init__(batch)
        self.scale = lambda x: x


def local():
    """A class that no module knows by name."""

    class Local(Leaky):
        pass

    return Local


class Looking(Leaky):
    """Keeps the last voltages, graph and all, in a plain attribute."""

    def forward(self, inputs):
        spikes = super().forward(inputs)
        self.last = self.voltage_
        return spikes


class Clinging(Leaky):
    def detach_(self):
        pass


class Single(Leaky):
    def integrate(self, inputs):
        return super().integrate(inputs).float()


class Plain(Leaky):
    def __init__(self, batch):
        super().__init__(batch)
        self.gain = torch.ones(4)


class Homebound(Leaky):
    def integrate(self, inputs):
        return super().integrate(inputs) + torch.ones(4)


class Halved(Leaky):
    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        self.voltage_ = self.voltage_.float()
        return self


BROKEN = {
    "a_copy_goes_on_alone": (Sharing, r"alone \(deepcopy\)\n  seen: the output of a copy is not the same"),
    "a_copy_can_be_made_of_a_model_whose_state_carries_a_graph": (Looking, "support the deepcopy protocol"),
    "in_double_precision_it_goes_on_and_stays_double": (Single, "double"),
    "everything_moves_to_another_device": (Plain, "these tensors stayed behind: Plain.gain"),
    "on_a_gpu_it_gives_what_it_gives_on_the_cpu": (Homebound, "cuda"),
}
MORE = [
    ("a_copy_goes_on_alone", Anonymous, r"alone \(pickle\)\n  seen: .*lambda"),
    ("a_copy_goes_on_alone", local(), r"alone \(pickle\)\n  seen: .*Local(.|\n)*  do:   .*no class inside a function"),
    ("a_copy_can_be_made_of_a_model_whose_state_carries_a_graph", Clinging, r"after detach_\(\) still holds the graph of voltage_"),
    ("in_double_precision_it_goes_on_and_stays_double", Halved, r"after to\(torch.float64\), voltage_ is not in double precision"),
]
TABLE = [*[(law, *each) for law, each in BROKEN.items()], *MORE]


@pytest.mark.parametrize(("law", "kind", "words"), TABLE, ids=lambda each: getattr(each, "__name__", None))
def test_a_model_that_breaks_it_is_told_what_was_seen(law, kind, words):
    if not snn.contract.LAWS[law].of(kind(1)):
        pytest.skip("needs a CUDA device")
    assert re.search(words, seen(law, kind))
    with torch.no_grad():
        assert re.search(words, seen(law, kind))
