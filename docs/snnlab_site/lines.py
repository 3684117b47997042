"""Code whose lines fit any screen: what is too long goes on below, further to the right than it began.

Each line is an element of its own that knows its indent; the style sheet does the rest. What is copied stays as it was.
"""

import re
from collections.abc import Iterator
from html import unescape

from pygments.formatters import HtmlFormatter
from sphinx.application import Sphinx
from sphinx.highlighting import PygmentsBridge

BEGIN = re.compile(r"(?:(?:>>>|\.\.\.)(?: |$))? *")
OPENS = re.compile(r'(<span class="(?:p|o)">[^<]*(?:[(\[{,]|=)</span>)(?! |\n|<span class="w">)')
DOT = re.compile(r'(<span class="o">\.</span>)')


def line(code: str) -> str:
    """A line of highlighted code as an element that says how far it is indented, and where it may be broken.

    Example:
        >>> line('    <span class="n">a</span><span class="p">(</span><span class="mi">1</span>\\n')
        '<span class="line" style="--in:4">    <span class="n">a</span><span class="p">(</span><wbr><span class="mi">1</span>\\n</span>'
    """
    indent = len(BEGIN.match(unescape(re.sub(r"<[^>]+>", "", code)).rstrip("\n"))[0])
    style = f' style="--in:{indent}"' if indent else ""
    code = DOT.sub(r"<wbr>\1", OPENS.sub(r"\1<wbr>", code))
    return f'<span class="line"{style}>{code}</span>'


class Lines(HtmlFormatter):
    """Writes highlighted code line by line."""

    def wrap(self, source: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
        return super().wrap((is_code, line(code) if is_code else code) for is_code, code in source)


def setup(app: Sphinx) -> dict[str, bool]:
    """Makes this what Sphinx writes code with."""
    PygmentsBridge.html_formatter = Lines
    return {"parallel_read_safe": True, "parallel_write_safe": True}
