import gc
import weakref

from snnlab.lab import rerun


class Thing:
    closed = False

    def close(self):
        self.closed = True


def test_the_same_key_closes_the_older():
    old, new, other = Thing(), Thing(), Thing()
    rerun.register(old, "a place")
    rerun.register(other, "another place")
    rerun.register(new, "a place")
    assert (old.closed, new.closed, other.closed) == (True, False, False)


def test_a_cell_that_runs_again_closes_all_of_its_last_run(monkeypatch):
    first = [Thing(), Thing()]
    monkeypatch.setattr(rerun, "_cell", lambda: ("cell-7", "run 1"))
    for thing in first:
        rerun.register(thing)
    assert not any(thing.closed for thing in first)  # of the same run: side by side
    monkeypatch.setattr(rerun, "_cell", lambda: ("cell-7", "run 2"))
    rerun.register(Thing())
    assert all(thing.closed for thing in first)


def test_outside_of_a_notebook_nothing_is_closed():
    one, two = Thing(), Thing()
    rerun.register(one)
    rerun.register(two)
    assert not one.closed


def test_a_lab_that_is_gone_is_forgotten():
    thing = Thing()
    rerun.register(thing, "gone")
    seen = weakref.ref(thing)
    del thing
    gc.collect()
    assert seen() is None
    rerun.register(Thing(), "gone")
