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


def visit(translator: HTML5Translator, node: nodes.Element) -> None:
    """Writes a formula; what cannot be translated is a warning, and so ends the build."""
    block = isinstance(node, nodes.math_block)
    try:
        made = formula(node.astext(), block=block)
    except MathError as error:
        logging.getLogger(__name__).warning("cannot set the formula %s: %s", node.astext(), error, location=node)
        made = f"<code>{translator.encode(node.astext())}</code>"
    translator.body.append(f'<div class="formula">{made}</div>' if block else made)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes this what writes formulas, by `html_math_renderer = "mathml"`."""
    app.add_html_math_renderer("mathml", (visit, None), (visit, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
