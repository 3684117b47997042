"""A docstring becomes reStructuredText, and says the same."""

import pytest
from docutils import nodes
from docutils.core import publish_doctree

PLACES = {"LIF": "snnlab.LIF", "snn.layout": "snnlab.layout", "snnlab.neurons.lif": "snnlab.neurons.lif"}


@pytest.fixture(scope="session")
def tree(docstring):
    """What docutils reads from the words of a docstring; anything to complain of is an error. Roles of Sphinx are taken for code."""
    quiet = {"report_level": 2, "halt_level": 2, "warning_stream": ""}
    head = ".. role:: py:obj(code)\n\n.. role:: doc(code)\n\n"
    return lambda text: publish_doctree(head + "\n".join(docstring.rst(text, PLACES.get)), settings_overrides=quiet)


def kinds(tree):
    return [node.tagname for node in tree.children]


@pytest.mark.parametrize(
    "text",
    [
        "Takes *inputs, **kwargs and B x *shape.",
        "Keeps pre_trace_ and post_; |n0 − n1| at most.",
        "A \\ is a backslash.",
        "R. V. Florian, Neural Computation 19:1468 (2007).",
        "- 5 mV is below 0; see [1]_ and 2.",
        "i) is not a list",
    ],
)
def test_plain_words_come_out_as_they_went_in(text, tree):
    made = tree(text)
    assert kinds(made) == ["paragraph"] if not text.startswith("- ") else ["bullet_list"]
    assert made.astext() == text.removeprefix("- ")


def test_code_is_code_and_may_touch_a_word(tree):
    made = tree("The `x`s of (`B x *shape`) are not-`f(a, b)`.")
    assert made.astext() == "The xs of (B x *shape) are not-f(a, b)."
    assert [node.astext() for node in made.findall() if node.tagname == "literal"] == ["x", "B x *shape", "f(a, b)"]


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("`LIF`", ":py:obj:`LIF <snnlab.LIF>`"),
        ("`snn.layout(layer)`", ":py:obj:`snn.layout(layer) <snnlab.layout>`"),
        ('`help("snnlab.neurons.lif")`', ":py:obj:`snnlab.neurons.lif <snnlab.neurons.lif>`"),
        ("`LIF < 3`", "``LIF < 3``"),
        ("`unknown`", "``unknown``"),
        ("notebooks/06-layers.ipynb", ":doc:`/notebooks/06-layers`"),
    ],
)
def test_code_that_names_a_place_leads_there(text, link, docstring):
    assert docstring.inline(text, PLACES.get) == link


def test_an_equation_is_kept_line_by_line_also_over_a_blank_one(tree):
    made = tree("Adds up:\n\n    y = x·W*\n\n    z = |y|      at *once*\n\nand so on.")
    assert kinds(made) == ["paragraph", "literal_block", "paragraph"]
    assert made[1].astext() == "y = x·W*\n\nz = |y|      at *once*"


@pytest.mark.parametrize(("lines", "told"), [(["import snnlab as snn"], "python"), (["x ← d·x + A"], "text"), (["Δt  −15"], "text")])
def test_programs_are_told_from_equations(lines, told, docstring):
    assert docstring.language(lines) == told


def test_arguments_are_a_list_of_definitions(tree):
    made = tree("Words.\n\nArgs:\n    *inputs: what comes in,\n        B x inshape.\n    low, high: the range.\n\nMore words.")
    assert kinds(made) == ["paragraph", "rubric", "definition_list", "paragraph"]
    assert [(item[0].astext(), item[1].astext()) for item in made[2]] == [
        ("*inputs", "what comes in, B x inshape."),
        ("low, high", "the range."),
    ]


def test_units_and_shapes_are_lists(tree):
    units = "Units:\n    dt, delay: ms;  current: nA (1 pC/ms = 1 nA)"
    made = tree(f"Words.\n\n{units}\n\nShape:\n    inputs: B x M -> outputs: B x N;\n    like the weights.")
    assert kinds(made) == ["paragraph", "rubric", "bullet_list", "rubric", "bullet_list"]
    assert [item.astext() for item in made[2]] == ["dt, delay: ms", "current: nA (1 pC/ms = 1 nA)"]
    assert made[4][0].astext().startswith("inputs: B × M → outputs: B × N")


def test_an_example_keeps_what_it_prints(tree):
    made = tree(
        "Words.\n\nExample:\n    >>> print(1,\n    ...     2)\n    1 2\n\n    Then:\n\n    >>> [[1],\n    ...  [2]]\n    [[1],\n     [2]]"
    )
    assert kinds(made) == ["paragraph", "rubric", "doctest_block", "paragraph", "doctest_block"]
    assert made[4].astext() == ">>> [[1],\n...  [2]]\n[[1],\n [2]]"


def test_a_section_ends_where_words_begin_again(tree):
    made = tree("Reference: Gerstner (2014).\n\nReturns:\n    a tensor.\nSo it is.")
    assert [node.astext() for node in made.children] == ["Reference: Gerstner (2014).", "Returns", "a tensor.", "So it is."]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("One. Two.", "One."),
        ("At 0.5, e.g. here, and\nthere. Two.", "At 0.5, e.g. here, and there."),
        ("No end\n\nTwo.", "No end"),
        ("    y = x\n\n    z = y\n\nOne. Two.", "One."),
        ("    y = x", ""),
    ],
)
def test_a_summary_is_the_first_sentence(text, first, docstring):
    assert docstring.summary(text) == first


TABLE = """Words.

    rule      trains   by
    LIF       weight   pairs of spikes
    nearest   delay    the nearer step;
                       on a tie the older
    linear    both     each:  its share
"""


def test_what_stands_in_columns_is_a_table(docstring):
    made = "\n".join(docstring.rst(TABLE, PLACES.get))
    table = publish_doctree(f".. role:: py:obj(code)\n\n{made}", settings_overrides={"halt_level": 2, "warning_stream": ""})[-1]
    assert table.tagname == "table"
    assert [entry.astext() for entry in next(table.findall(nodes.thead)).findall(nodes.entry)] == ["rule", "trains", "by"]
    rows = [[entry.astext() for entry in row.findall(nodes.entry)] for row in next(table.findall(nodes.tbody)).children]
    assert [row[2] for row in rows] == ["pairs of spikes", "the nearer step; on a tie the older", "each: its share"]
    assert ":py:obj:`LIF <snnlab.LIF>`" in made


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("    a = 1   here\n    b = 2   there\n    c = 3   else", "code-block:: text"),
        ("    a ──► b\n    c       d\n    e       f", "class: drawing"),
        ("    a   b\n    c   d", "code-block:: text"),
    ],
)
def test_equations_and_drawings_are_no_tables(text, kind, docstring):
    made = "\n".join(docstring.rst(f"Words.\n\n{text}"))
    assert "list-table" not in made
    assert kind in made
