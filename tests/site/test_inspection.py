"""What is wrong with a page is found: each kind of fault, and nothing in a page that has none."""

import pytest

GOOD = """<!doctype html><html><head><link rel="stylesheet" href="look.css"><script src="run.js"></script></head>
<body><h1 id="top">Words</h1><a href="#top">up</a> <a href="other.html#place">over</a> <a href="https://example.org/">elsewhere</a>
<a href="mailto:a@example.org">mail</a>
<img src="p%20q.png" alt="a picture"><img src="data:image/png;base64,AA==" alt="a dot"></body></html>"""


@pytest.fixture
def folder(tmp_path):
    """A site of two pages without a fault."""
    (tmp_path / "index.html").write_text(GOOD)
    (tmp_path / "other.html").write_text('<p id="place">Words</p>')
    (tmp_path / "look.css").write_text("p { background: url('p q.png') }")
    (tmp_path / "run.js").write_text("")
    (tmp_path / "p q.png").write_bytes(b"")
    return tmp_path


def test_a_good_page_has_no_fault(folder, inspection):
    assert list(inspection.faults(folder)) == []


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("other.html#place", "another.html", "another.html leads to no file"),
        ("other.html#place", "other.html#plaice", "other.html#plaice leads to no place in other.html"),
        ('"#top"', '"#tip"', "#tip leads to no place in index.html"),
        ("other.html#place", "../outside.html", "../outside.html leads out of the site"),
        ("p%20q.png", "r.png", "r.png leads to no file"),
        ("run.js", "gone.js", "gone.js leads to no file"),
        (' alt="a picture"', "", "the picture p%20q.png has no words"),
        ('"run.js"', '"https://cdn.example.org/run.js"', "loads https://cdn.example.org/run.js from another host"),
        ('"look.css"', '"//fonts.example.org/look.css"', "loads //fonts.example.org/look.css from another host"),
        ('src="p%20q.png"', 'src="http://example.org/p.png"', "loads http://example.org/p.png from another host"),
        ('src="p%20q.png"', 'src="p%20q.png" srcset="p%20q.png 1x, https://example.org/2.png 2x"', "https://example.org/2.png"),
        ("<body>", '<body style="background: url(//example.org/b.png)">', "loads //example.org/b.png from another host"),
        ("</head>", "<style>@import 'https://example.org/a.css';</style></head>", "loads https://example.org/a.css from another host"),
        ("<body>", '<body><iframe src="https://example.org/">', "loads https://example.org/ from another host"),
    ],
)
def test_a_fault_of_a_page_is_found(before, after, fault, folder, inspection):
    assert before in GOOD
    (folder / "index.html").write_text(GOOD.replace(before, after))
    (found,) = inspection.faults(folder)
    assert found.startswith("index.html: ")
    assert fault in found


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        ("@font-face { src: url(https://example.org/f.woff2) }", "look.css: loads https://example.org/f.woff2 from another host"),
        ("p { background: url(gone.png) }", "look.css: gone.png is not there"),
    ],
)
def test_a_fault_of_a_style_sheet_is_found(style, fault, folder, inspection):
    (folder / "look.css").write_text(style)
    assert list(inspection.faults(folder)) == [fault]
