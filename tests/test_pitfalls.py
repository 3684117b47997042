"""Every pitfall has a test that notices it: the library is broken that way, and the test must fail.

The named tests run in a session of their own. That the library is right they say themselves, where they stand; that they can tell right
from wrong is said here.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from pitfalls import TABLE

TESTS = Path(__file__).parent


class Watch:
    """Breaks the library once the tests are collected, and keeps what came of them."""

    def __init__(self, breaks: Callable[[], None]) -> None:
        self.breaks, self.passed, self.failed = breaks, set(), []

    def pytest_collection_finish(self) -> None:
        self.breaks()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append((report.nodeid, report.when, report.longreprtext))
        elif report.when == "call" and report.passed:
            self.passed.add(report.nodeid.removeprefix("tests/").partition("[")[0])


def outcome(tests: list[str], *options: str, breaks: Callable[[], None] = lambda: None) -> Watch:
    """What comes of these tests in a session of their own."""
    watch = Watch(breaks)
    fixed = ["-o", "addopts=", "--import-mode=importlib", "-p", "no:cacheprovider", "--rootdir", str(TESTS.parent)]
    pytest.main([*fixed, *options, *(str(TESTS / test) for test in tests)], plugins=[watch])
    return watch


def test_as_it_is_the_library_falls_into_none_of_them():
    tests = sorted({row.test for row in TABLE})
    found = outcome(tests)
    assert found.failed == []
    assert found.passed == set(tests)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_library_that_falls_into_it_fails_the_test(row):
    with pytest.MonkeyPatch.context() as patch:
        found = outcome([row.test], "-x", breaks=lambda: patch.setattr(f"snnlab.{row.place}", row.broken))
    assert [when for _, when, _ in found.failed] == ["call"]
