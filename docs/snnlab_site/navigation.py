"""The list of pages at the left of each page, made by hand: Sphinx copies its whole tree of headings for each page, which takes
longer than all else together.
"""

from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

Entry = tuple[str, str, tuple["Entry", ...]]  # a page, its title, and the pages below it


def captions(app: Sphinx) -> list[tuple[str, tuple[Entry, ...]]]:
    """What stands at the left: captions, and the pages below each."""

    @cache
    def below(page: str) -> tuple[Entry, ...]:
        return tuple(entry for toctree in toctrees(page) for entry in entries(toctree))

    def toctrees(page: str) -> Iterator[addnodes.toctree]:
        return app.env.tocs[page].findall(addnodes.toctree)

    def entries(toctree: addnodes.toctree) -> Iterator[Entry]:
        for title, page in toctree["entries"]:
            yield page, title or app.env.titles[page].astext(), below(page)

    return [(toctree["caption"] or "", tuple(entries(toctree))) for toctree in toctrees(app.config.root_doc)]


def html(app: Sphinx, at: str, tree: list[tuple[str, tuple[Entry, ...]]]) -> str:
    """The list as a page shows it: what leads to the page `at` is marked."""

    def items(entries: tuple[Entry, ...], level: int) -> tuple[str, bool]:
        made, anywhere = [], False
        for page, title, below in entries:
            inner, within = items(below, level + 1) if below else ("", False)
            here = page == at
            current = " current" if here or within else ""
            link = "#" if here else escape(app.builder.get_relative_uri(at, page))
            mark = ' class="current reference internal"' if here else ' class="reference internal"'
            made.append(f'<li class="toctree-l{level}{current}"><a{mark} href="{link}">{escape(title)}</a>{inner}</li>')
            anywhere = anywhere or bool(current)
        return f"<ul{' class=current' * anywhere}>{''.join(made)}</ul>", anywhere

    caption = '<p class="caption" role="heading"><span class="caption-text">{}</span></p>'
    return "".join(caption.format(escape(words)) * bool(words) + items(entries, 1)[0] for words, entries in tree)


def offer(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Puts our list where the theme asks Sphinx for its own."""
    if not hasattr(app, "snnlab_captions"):
        app.snnlab_captions = captions(app)
    context["toctree"] = lambda **kwargs: html(app, page, app.snnlab_captions)


def setup(app: Sphinx) -> dict[str, bool]:
    """Before the theme, which asks for the list at priority 500."""
    app.connect("html-page-context", offer, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
