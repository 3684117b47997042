import sys

import pytest

from snnlab.network import progress
from snnlab.network.progress import shown


class Bar:
    """Stands where tqdm would, and writes down what it is told."""

    made: list["Bar"]

    def __init__(self, total, initial, **_):
        self.total, self.count, self.closed = total, initial, False
        Bar.made.append(self)

    def update(self):
        self.count += 1

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def bars(monkeypatch):
    Bar.made = []
    monkeypatch.setattr("tqdm.auto.tqdm", Bar)
    return Bar.made


def at(monkeypatch, *seconds):
    """Lets these times pass, one a look at the clock."""
    clock = iter(seconds)
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))


def test_the_steps_pass_through_as_they_are():
    for wish in (None, True, False):
        assert list(shown(iter("abc"), 3, wish)) == ["a", "b", "c"]


def test_a_short_run_shows_nothing(bars, monkeypatch):
    at(monkeypatch, 0.0, 0.1, 1.9, 2.0)
    list(shown(range(3), 3, None))
    assert bars == []


def test_a_long_run_shows_a_bar_from_where_it_is(bars, monkeypatch):
    at(monkeypatch, 0.0, 0.1, 1.9, 2.1)
    seen = [bars[0].count if bars else None for _ in shown(range(5), 5, None)]
    assert seen == [None, None, 2, 3, 4]
    assert (bars[0].total, bars[0].count, bars[0].closed) == (5, 5, True)


def test_it_is_shown_or_left_out_on_demand(bars, monkeypatch):
    at(monkeypatch, 0.0, 100.0, 200.0)
    list(shown(range(2), 2, False))
    assert bars == []
    list(shown(iter(range(2)), None, True))
    assert [(bar.total, bar.count) for bar in bars] == [(None, 2)]


def test_a_bar_is_closed_where_a_run_breaks(bars):
    steps = shown(range(3), 3, True)
    next(steps)
    steps.close()
    assert bars[0].closed


def test_a_wish_that_is_none_is_refused_at_once():
    with pytest.raises(TypeError, match="progress must be True or False, but is 'no'"):
        shown(range(3), 3, "no")


def test_tqdm_is_not_loaded_by_the_library():
    assert "tqdm" not in vars(sys.modules["snnlab.network.progress"])
