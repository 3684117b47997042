"""Formulas as MathML, which browsers set by themselves: no script, no font, nothing from elsewhere.

The translation of LaTeX into MathML is that of docutils, on which Sphinx stands.
"""

import re

from docutils import nodes
from docutils.utils.math import MathError, latex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator


def formula(latex: str, *, block: bool) -> str:
    """A formula as an element `math`.

    Example:
        >>> formula("x^2", block=False)
        '<math xmlns="http://www.w3.org/1998/Math/MathML">...<msup>...'
    """
    return str(latex2mathml.tex2mathml(re.sub(r"\\dots(?![a-zA-Z])", r"\\ldots", latex), as_block=block))


def parts(latex: str) -> list[str]:
    """The parts of a formula that stand side by side, a wide space between them: on a narrow screen one goes below the other.

    Example:
        >>> parts(r"a = b, \\qquad c = \\text{d \\qquad e}")
        ['a = b,', 'c = \\\\text{d \\\\qquad e}']
    """
    found, depth, begin = [], 0, 0
    for each in re.finditer(r"\\(?:qquad|left|right|begin|end)(?![a-zA-Z])|\\.|[{}]", latex):
        mark = each[0]
        if mark == r"\qquad" and not depth:
            found.append(latex[begin : each.start()])
            begin = each.end()
        depth += (mark in ("{", r"\left", r"\begin")) - (mark in ("}", r"\right", r"\end"))
    return [part.strip() for part in (*found, latex[begin:])]


def visit(translator: HTML5Translator, node: nodes.Element) -> None:
    """Writes a formula; what cannot be translated is a warning, and so ends the build."""
    block = isinstance(node, nodes.math_block)
    try:
        made = " ".join(formula(part, block=block) for part in (parts(node.astext()) if block else [node.astext()]))
    except MathError as error:
        logging.getLogger(__name__).warning("cannot set the formula %s: %s", node.astext(), error, location=node)
        made = f"<code>{translator.encode(node.astext())}</code>"
    translator.body.append(f'<div class="formula">{made}</div>' if block else made)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes this what writes formulas, by `html_math_renderer = "mathml"`."""
    app.add_html_math_renderer("mathml", (visit, None), (visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
