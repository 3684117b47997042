"""Laws of the state: each is broken by a model that does wrong in one place, and says what was seen."""

import re

import pytest
import torch

from snnlab.contract import LAWS
from tests.contract.models import Leaky, Pulse, check, seen


class Remembering(Leaky):
    """Keeps what it gathers in a plain attribute."""

    def __init__(self, batch):
        super().__init__(batch)
        self.gathered = torch.zeros(batch, 4)

    def integrate(self, inputs):
        self.gathered = self.gathered + 0.1 * inputs
        return super().integrate(inputs + self.gathered)


class Buffering(Remembering):
    """Keeps it in a buffer, but does not say that it is a run's."""

    def __init__(self, batch):
        super().__init__(batch)
        del self.gathered
        self.register_buffer("gathered", torch.zeros(batch, 4))


class Strict(Leaky):
    def clear(self, keep_adaptations=True):
        super().clear()


class Weighted(Leaky):
    """Has something that it learned, and forgets it."""

    def __init__(self, batch):
        super().__init__(batch)
        self.register_buffer("weight_", torch.zeros(4))

    def forward(self, inputs):
        self.weight_ = self.weight_ + 1
        return super().forward(inputs)

    def clear(self, **kwargs):
        super().clear(**kwargs)
        self.weight_ = torch.zeros(4)


class Borrowing(Leaky):
    """Takes over the very tensors that it loads, and writes to them."""

    def _load_from_state_dict(self, state_dict, prefix, *rest):
        super()._load_from_state_dict(state_dict, prefix, *rest)
        self.voltage_ = state_dict[prefix + "voltage_"]

    def forward(self, inputs):
        self.voltage_.mul_(0.5)
        return super().forward(inputs)


class Quiet(Leaky):
    def load_state_dict(self, state_dict, strict=True):
        own = self.state_dict()
        return super().load_state_dict({key: value if value.shape == own[key].shape else own[key] for key, value in state_dict.items()})


class Fixed(Leaky):
    batchsz = property(lambda self: 3, lambda self, value: None)


class Careless(Leaky):
    batchsz = property(lambda self: self._batch_size, lambda self, value: setattr(self, "_batch_size", value))


class Curt(Leaky):
    @property
    def batchsz(self):
        return self._batch_size

    @batchsz.setter
    def batchsz(self, value):
        raise ValueError("no")


class Nameless(Leaky):
    def extra_repr(self):
        return ""


BROKEN = {
    "clear_restores_the_state_after_construction": (Remembering, r"the output after clear\(\) is not the same"),
    "clear_takes_words_that_are_meant_for_others_and_keeps_what_was_learned": (Strict, "unexpected keyword argument 'meant_for_another'"),
    "a_saved_state_goes_on_bit_for_bit_in_the_middle_of_a_run": (Remembering, "saved, loaded and gone on with is not the same"),
    "what_was_learned_loads_into_another_batch_size": (Buffering, "size mismatch for gathered"),
    "loading_leaves_the_state_dict_as_it_was": (Borrowing, "after loading it, 'voltage_' is not the same"),
    "another_batch_size_starts_from_rest": (Remembering, "RuntimeError: The size of tensor .* must match .*in integrate, line"),
    "a_batch_size_that_cannot_be_is_refused": (Careless, r"refused \(0\)\n  seen: batchsz = 0 was taken"),
    "it_can_be_printed": (Nameless, r"print\(model\) shows no 'batchsz=3', but Nameless\(\)"),
}
MORE = [
    ("clear_restores_the_state_after_construction", Buffering, r"after clear\(\), 'gathered' is not the same"),
    ("clear_takes_words_that_are_meant_for_others_and_keeps_what_was_learned", Weighted, "'weight_' is not the same"),
    ("what_was_learned_loads_into_another_batch_size", Quiet, "should warn once that .* left at rest, but said nothing"),
    ("another_batch_size_starts_from_rest", Fixed, "batchsz was set to 2, and is 3"),
    ("a_batch_size_that_cannot_be_is_refused", Curt, "refused without the words 'batchsz must be a whole number': no"),
]


@pytest.mark.parametrize(("law", "kind", "words"), [*[(law, *each) for law, each in BROKEN.items()], *MORE])
def test_a_model_that_breaks_it_is_told_what_was_seen(law, kind, words):
    assert re.search(words, seen(law, kind))


def test_what_is_declared_is_found_by_all_of_them():
    class Declared(Remembering):
        def __init__(self, batch):
            super().__init__(batch)
            del self.gathered
            self.register_state("gathered", torch.zeros(batch, 4))

    for kind in (Declared, Pulse):
        assert check(kind, without=LAWS.keys() - BROKEN.keys()).model == kind.__name__
