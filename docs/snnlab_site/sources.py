"""The source of the library, a page a file: where the links called *source* lead.

Plain pages, whose lines can be linked to, with a link back to the page of the reference.
"""

import inspect
from functools import reduce
from html import escape
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any

from names import ROOT, line
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer
from reference import Reference

LIGHT, DARK = "a11y-high-contrast-light", "a11y-high-contrast-dark"  # as the theme's own code blocks
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{name} - snnlab</title><link rel="stylesheet" href="../../_static/source.css"><link rel="icon" href="../../_static/logo.svg">
<script>try {{ document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto" }} catch {{}}</script></head>
<body><header><a href="../../index.html">snnlab</a> <a href="../../reference/{page}.html">{words}</a></header>
<main><h1>{name}</h1>
{code}</main></body></html>
"""
STYLE = """
html { color-scheme: light dark; }
html[data-theme="light"] { color-scheme: light; }
html[data-theme="dark"] { color-scheme: dark; }
body { margin: 0 auto; max-width: 72rem; padding: 1rem; font-family: system-ui, sans-serif; }
body { background: light-dark(#fff, #131416); color: light-dark(#111, #ddd); }
header a { margin-right: 1.5em; }
a { color: light-dark(#00598c, #7cc4f0); }
h1 { font-size: 1.2rem; font-family: ui-monospace, monospace; overflow-wrap: anywhere; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre { font: 0.9rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
code { font: inherit; }
code > span { display: block; padding-left: 8ch; text-indent: -8ch; scroll-margin-top: 30vh; }
code > span:target { background: light-dark(#fff3c4, #4a3c00); }
.linenos { color: light-dark(#666, #999); padding-right: 1em; user-select: none; }
"""


def write(site: Path, reference: Reference) -> None:
    """Writes a page for every file of the library, and what they look like."""
    formatter = HtmlFormatter(linenos="inline", linespans="line", cssclass="code", wrapcode=True)
    for path in sorted(ROOT.glob("*/*.py")):
        package, stem = path.parent.name, path.stem
        known = f"snnlab.{package}.{stem}" in reference.modules
        page = f"{package}/{stem if known else 'index'}"
        name = f"snnlab/{package}/{path.name}"
        code = highlight(path.read_text(encoding="utf-8"), PythonLexer(), formatter)
        text = PAGE.format(name=escape(name), page=page, words=f"reference: {escape(page.removesuffix('/index'))}", code=code)
        target = site / "source" / package / f"{stem}.html"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    (site / "_static" / "source.css").write_text(STYLE + colours(), encoding="utf-8")


def colours() -> str:
    """Colours of the code in light and in dark, whether the reader's system or the reader chose."""
    light, dark = (HtmlFormatter(style=style).get_style_defs for style in (LIGHT, DARK))
    parts = [light(".code"), dark('[data-theme="dark"] .code')]
    return "\n".join([*parts, "@media (prefers-color-scheme: dark) {", dark('[data-theme="auto"] .code'), "}", ""])


def link(domain: str, info: dict[str, Any]) -> str | None:
    """Where the source of a thing is, seen from a page of the reference: what Sphinx asks for each name."""
    first, *rest = info["fullname"].split(".")
    value = reduce(inspect.getattr_static, rest, getattr(import_module(info["module"]), first))
    value = getattr(value, "fget", None) or getattr(value, "func", None) or getattr(value, "__func__", value)
    if not isinstance(value, (type, FunctionType)):
        return None
    path = Path(inspect.getsourcefile(value))
    if not path.is_relative_to(ROOT):
        return None
    return f"../../source/{path.relative_to(ROOT).with_suffix('').as_posix()}.html#line-{line(value)}"
