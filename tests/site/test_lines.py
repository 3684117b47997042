"""Code and formulas fit any screen: lines know where they begin and may break, formulas come in parts; what they say stays."""

import html
import re

import pytest
from pygments import highlight
from pygments.lexers import PythonConsoleLexer, PythonLexer

CODE = """def f(x, *, size=(3, 4)):
    \"\"\"Two

    lines.\"\"\"
    return {"a": x.b.c[-1.5], "b": [lambda w: w <= 2]}  # a remark
"""
CONSOLE = """>>> for x in (1, 2):
...     print(f(x).y)
...
[1.0,
 2.0]
"""


@pytest.mark.parametrize(("code", "lexer"), [(CODE, PythonLexer), (CONSOLE, PythonConsoleLexer)])
def test_what_is_copied_is_the_code(code, lexer, lines):
    made = highlight(code, lexer(), lines.Lines())
    shown = re.search(r"<pre>(.*)</pre>", made, re.DOTALL)[1]
    assert html.unescape(re.sub(r"<[^>]+>", "", shown)) == code


@pytest.mark.parametrize(
    ("code", "lexer", "indents"),
    [(CODE, PythonLexer, [0, 4, 0, 4, 4]), (CONSOLE, PythonConsoleLexer, [4, 8, 3, 0, 1])],
)
def test_every_line_knows_its_indent(code, lexer, indents, lines):
    made = highlight(code, lexer(), lines.Lines())
    assert [int(each or 0) for each in re.findall(r'<span class="line"(?: style="--in:(\d+)")?>', made)] == indents


def test_a_line_may_break_after_a_bracket_or_a_comma_and_before_a_dot(lines):
    made = highlight("a.b(c,d=1.5)", PythonLexer(), lines.Lines())
    shown = html.unescape(re.sub(r"<[^>]+>", "", made.replace("<wbr>", "|"))).strip()
    assert shown == "a|.b(|c,|d=|1.5)"


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        (r"y = x", ["y = x"]),
        (r"y = x \qquad\text{or}\qquad z = y", ["y = x", r"\text{or}", "z = y"]),
        (r"\{a \qquad b\}", [r"\{a", r"b\}"]),  # these two are seen, and hold nothing together
        (r"\text{a \qquad b} \leftarrow \left(c \qquad d\right) \qquad e", [r"\text{a \qquad b} \leftarrow \left(c \qquad d\right)", "e"]),
    ],
)
def test_a_formula_falls_apart_at_wide_spaces_only(latex, parts, mathml):
    assert mathml.parts(latex) == parts


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import snnlab as snn\nsnn.LIF(1)", ["snnlab.LIF"]),
        ("from snnlab.published import song2000 as song", ["snnlab.published.song2000"]),
        ("%matplotlib inline\nsnn.LIF?\nsnn.lab.Lab(x).step(); torch.LIF", ["snnlab.LIF", "snnlab.lab", "snnlab.lab.Lab"]),
    ],
)
def test_code_says_which_names_it_uses(code, names, course):
    assert sorted(set(course.named(code))) == names
