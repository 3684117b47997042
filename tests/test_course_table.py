"""benchmarks/course.py: its kernel is as small as it says, what it measures is what a notebook does, and a subset leaves the rest alone."""

import sys

import nbformat
import pytest

from benchmarks import course
from benchmarks.course import Run

GOOD = Run(times={"cell-01": 2.0, "cell-02": 100.0}, picture=4.0, peak=course.GB, resident=course.GB // 2)


def notebook(path, *sources):
    cells = [nbformat.v4.new_code_cell(source, id=f"cell-{number}") for number, source in enumerate(sources)]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("Words.", id="words"), *cells]), path)
    return path


@pytest.mark.notebook
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits address space and cores")
def test_a_notebook_gets_one_core_and_2_gb_and_its_results_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("SNNLAB_SMALL", "1")  # of whoever runs this: full size is full size all the same
    machine = "print(os.environ['SNNLAB_SMALL'], resource.getrlimit(resource.RLIMIT_AS)[0], len(os.sched_getaffinity(0)))"
    sources = [
        "import os, resource\nprint('no result')",
        f"assert os\n{machine}\ndisplay({{'text/markdown': '| a | table |'}}, raw=True)",
        "display({'image/png': 'AAAA'}, raw=True)",
        "hold = bytearray(300 * 1024**2)",  # bytes that are there: address space, and, as they are written, memory
    ]
    path = notebook(tmp_path / "00-tried.ipynb", *sources)
    saved = path.read_bytes()
    with course.confined():
        result = course.run(path, course.FULL)
    assert result.printed == ["0 2147483648 1", "| a | table |"]
    assert list(result.times) == ["cell-0", "cell-1", "cell-2", "cell-3"]
    assert 0 < result.picture < result.total
    assert 300 * 1024**2 < result.peak < 2 * course.GB
    assert result.resident < result.peak
    assert result.fault == ""
    assert path.read_bytes() == saved


@pytest.mark.notebook
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")
def test_a_notebook_that_wants_more_is_said_to_fail_and_where(tmp_path):
    with course.confined():
        result = course.run(notebook(tmp_path / "00-tried.ipynb", "pass", "bytearray(3 * 1024**3)", "pass"), course.FULL)
    assert result.fault == "cell-1: MemoryError"
    assert list(result.times) == ["cell-0", "cell-1"]
    assert result.picture is None
    assert course.missed(result, Run(times={"cell-01": 1.0})) == ["full size fails in cell-1: MemoryError", "first picture"]


@pytest.mark.parametrize(
    ("full", "small", "expected"),
    [
        ({}, {}, []),
        ({"times": {"cell-01": 180.0}}, {}, ["longest cell"]),
        ({"times": {"cell-01": 179.0, "cell-02": 179.0}}, {}, []),
        ({"picture": 10.1}, {}, ["first picture"]),
        ({"picture": None}, {}, ["first picture"]),
        ({}, {"times": {"cell-01": 30.0, "cell-02": 30.0}}, ["small size"]),
        ({}, {"fault": "cell-03: ValueError"}, ["small size fails in cell-03: ValueError"]),
    ],
)
def test_what_is_asked_is_held_against_what_was_measured(full, small, expected):
    quick = {"times": {"cell-01": 59.0}}
    assert course.missed(Run(**{**vars(GOOD), **full}), Run(**{**vars(GOOD), **quick, **small})) == expected


def test_a_row_says_in_figures_what_a_run_took():
    small = Run(times={"cell-01": 7.0})
    assert course.row("03-tried", GOOD, small) == "| 03-tried | 102 s | 100.0 s (cell-02) | 4.0 s | 1.00 GB | 0.50 GB | 7 s | yes |"


def test_running_a_subset_leaves_the_rows_of_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "RESULTS", tmp_path / "course.md")
    monkeypatch.setattr(course, "NOTEBOOKS", [tmp_path / name for name in ("00-a.ipynb", "01-b.ipynb")])
    told = {"line": "first"}
    monkeypatch.setattr(course, "run", lambda path, kernel: Run(**{**vars(GOOD), "times": {"cell-01": 9.0}, "printed": [told["line"]]}))
    assert course.main([]) == 0
    before = course.known(course.RESULTS.read_text())
    assert before[0].keys() == before[1].keys() == {"00-a", "01-b"}
    told["line"] = "second"
    course.main(["01"])
    assert course.known(course.RESULTS.read_text()) == (before[0], {"00-a": "first\n", "01-b": "second\n"})
    assert course.RESULTS.read_text().startswith(course.HEAD)


def test_a_beginning_that_no_notebook_has_is_refused_with_the_names_that_there_are():
    with pytest.raises(SystemExit, match=r"No notebook begins with '99'; there is: 00-start, "):
        course.chosen(["00", "99"])


def test_the_table_has_every_notebook_and_all_hold():
    rows, _ = course.known(course.RESULTS.read_text(encoding="utf-8"))
    assert sorted(rows) == [path.stem for path in course.NOTEBOOKS], "run: python -m benchmarks.course NUMBERS"
    assert [name for name, line in rows.items() if not line.endswith("| yes |")] == []
