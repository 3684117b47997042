"""Named parts that can be reached, but neither replaced nor deleted."""

import copy

import pytest

import snnlab as snn


class Part:
    size = 1


def parts():
    return snn.Proxy({"left": Part(), "right": Part()}, "part")


def test_a_part_is_reached_as_an_attribute_and_by_its_name():
    proxy = parts()
    assert proxy.left is proxy["left"]
    assert list(proxy) == ["left", "right"]
    assert len(proxy) == 2


def test_what_is_reached_may_be_changed():
    proxy = parts()
    proxy.left.size = 5
    assert proxy["left"].size == 5


def test_no_part_can_be_replaced_or_deleted():
    proxy = parts()
    with pytest.raises(AttributeError, match=r"part 'left' cannot be replaced here\. Use the layer's add_ and del_ methods"):
        proxy.left = Part()
    with pytest.raises(AttributeError, match=r"part 'left' cannot be deleted here\. Use the layer's del_ methods"):
        del proxy.left


def test_an_unknown_part_is_named_beside_those_there_are():
    with pytest.raises(AttributeError, match="There is no part 'middle'; there is: left, right"):
        parts().middle  # noqa: B018


def test_a_reader_can_list_and_copy_it():
    proxy = parts()
    assert {"left", "right"} <= set(dir(proxy))
    assert repr(proxy) == "Proxy(left, right)"
    assert copy.deepcopy(proxy).left is not proxy.left
