"""The list of pages at the left of each page, made by hand: Sphinx copies its whole tree of headings for each page, and the theme
reads and changes what comes of it, which together take longer than all else.
"""

import itertools
from collections.abc import Iterator
from functools import cache
from html import escape
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

FOLD = (
    '<input aria-label="Toggle navigation of {title}" class="toctree-checkbox" id="toctree-checkbox-{number}" '
    'name="toctree-checkbox-{number}" role="switch" type="checkbox"{checked}>'
    '<label for="toctree-checkbox-{number}"><span class="icon"><svg><use href="#svg-arrow-right"></use></svg></span></label>'
)
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
    """The list as a page shows it: what leads to the page `at` is marked and open, all else folded up behind a checkbox, as the theme
    does it without a script."""
    count = itertools.count(1)

    def items(entries: tuple[Entry, ...], level: int) -> tuple[str, bool]:
        made, anywhere = [], False
        for page, title, below in entries:
            here, number = page == at, next(count) if below else 0
            inner, within = items(below, level + 1) if below else ("", False)
            classes = f"toctree-l{level}" + " current" * (here or within) + " has-children" * bool(below) + " current-page" * here
            link = "#" if here else escape(app.builder.get_relative_uri(at, page))
            mark = ' class="current reference internal"' if here else ' class="reference internal"'
            fold = FOLD.format(number=number, title=escape(title), checked=" checked" * (here or within)) * bool(below)
            made.append(f'<li class="{classes}"><a{mark} href="{link}">{escape(title)}</a>{fold}{inner}</li>')
            anywhere = anywhere or here or within
        return f"<ul{' class=current' * anywhere}>{''.join(made)}</ul>", anywhere

    caption = '<p class="caption" role="heading"><span class="caption-text">{}</span></p>'
    return "".join(caption.format(escape(words)) * bool(words) + items(entries, 1)[0] for words, entries in tree)


def hide(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """Before the theme, which asks Sphinx for its list at priority 500: leaves it nothing to do."""
    context["toctree"] = lambda **kwargs: ""


def show(app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: nodes.document | None) -> None:
    """After the theme: our list."""
    if not hasattr(app, "snnlab_captions"):
        app.snnlab_captions = captions(app)
    context["furo_navigation_tree"] = html(app, page, app.snnlab_captions)


def setup(app: Sphinx) -> dict[str, bool]:
    """Puts our list in the place of the theme's."""
    app.connect("html-page-context", hide, priority=400)
    app.connect("html-page-context", show, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
