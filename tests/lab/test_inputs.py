import pytest
import torch

from snnlab.lab.inputs import Source, call


def take(source, steps):
    return [source.take(step) for step in range(steps)]


def test_a_tensor_is_looped():
    assert take(Source(torch.tensor([5, 6, 7])), 5) == [5, 6, 7, 5, 6]


def test_a_callable_is_told_the_step():
    assert take(Source(lambda step: 10 * step), 3) == [0, 10, 20]


def test_an_iterable_starts_again_at_its_end_and_at_a_restart():
    source = Source([1, 2])
    assert take(source, 3) == [1, 2, 1]
    source.restart()
    assert take(source, 1) == [1]


def test_a_generator_runs_once_and_says_so():
    source = Source(x for x in [1])
    take(source, 1)
    with pytest.raises(RuntimeError, match=r"inputs are used up. A generator runs only once; give an iterable, a callable or a tensor"):
        take(source, 1)
    with pytest.raises(RuntimeError, match="inputs cannot start again"):
        source.restart()


def test_inputs_of_another_kind_are_refused():
    with pytest.raises(TypeError, match=r"inputs must be a tensor T x B x ..., a callable of the step or an iterable, but are int"):
        Source(3)
    with pytest.raises(ValueError, match="inputs must hold at least one step"):
        Source(torch.zeros(0, 1))


def test_a_dict_gives_each_connection_a_tuple():
    seen = []
    call(seen.append, {"a": torch.ones(1), "b": (torch.ones(1), torch.zeros(1))}, torch.device("cpu"))
    assert [(name, len(values)) for name, values in seen[0].items()] == [("a", 1), ("b", 2)]


def test_a_tuple_gives_several_arguments():
    seen = []
    call(lambda *args: seen.extend(args), (torch.ones(1), torch.zeros(1)), torch.device("cpu"))
    assert [x.item() for x in seen] == [1.0, 0.0]
