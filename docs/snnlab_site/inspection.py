"""What is wrong with built pages: links that lead nowhere, pictures that are not there, and what would be loaded from another host.

Links to other hosts are not followed. They may be clicked; but nothing that a page shows or runs may come from there.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADS = {  # attributes that make a browser fetch something by itself; of <link>, whatever it is for
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "image": ("href", "xlink:href"),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "use": ("href", "xlink:href"),
    "video": ("src", "poster"),
}
# Most tags, which lead nowhere and load nothing.
PLAIN = re.compile(r'<span class="[\w -]*">|<span class="line" style="--in:\d+">|</span>|<wbr>')
STYLE = re.compile(r"""url\(\s*["']?([^"')]+)|@import\s+["']([^"']+)""")


@dataclass
class Page:
    """What a page holds: places to link to, links, what it loads, and pictures without words."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads a page into a `Page`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.page, self._style = Page(), False
        self.feed(PLAIN.sub("", text))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.page.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag in ("a", "area") and "href" in given:
            self.page.links.append(given["href"])
        for name in LOADS.get(tag, ()):
            if name in given and not (tag == "link" and given.get("rel") in ("canonical", "index", "search", "next", "prev")):
                parts = given[name].split(",") if name == "srcset" else [given[name]]
                self.page.loads += [part.split()[0] for part in parts if part.strip()]
        if tag == "img" and not given.get("alt", "").strip():
            self.page.silent.append(given.get("src", ""))
        self.page.loads += addresses(given.get("style", ""))
        self._style = tag == "style"

    def handle_data(self, data: str) -> None:
        if self._style:
            self.page.loads += addresses(data)

    def handle_endtag(self, tag: str) -> None:
        self._style = False


def addresses(style: str) -> list[str]:
    """What a style sheet loads.

    Example:
        >>> addresses('@import "a.css"; p { background: url(b.png) }')
        ['a.css', 'b.png']
    """
    return [first or second for first, second in STYLE.findall(style)]


def is_foreign(address: str) -> bool:
    """Whether an address leads to another host; data that is written out within the page does not."""
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def faults(folder: Path) -> Iterator[str]:
    """All that is wrong with the pages in a folder, a line each."""
    files = {os.path.relpath(path, folder) for path in folder.rglob("*") if path.is_file()}
    pages = {name: Reader((folder / name).read_text(encoding="utf-8")).page for name in sorted(files) if name.endswith(".html")}
    for name, page in pages.items():
        yield from (f"{name}: loads {address} from another host" for address in dict.fromkeys(page.loads) if is_foreign(address))
        yield from (f"{name}: the picture {source} has no words for those who cannot see it" for source in page.silent)
        for address in dict.fromkeys(page.links + page.loads):
            if not is_foreign(address) and not address.startswith("data:") and (fault := dead(address, name, files, pages)):
                yield f"{name}: {fault}"
    for path in sorted(folder.rglob("*.css")):
        name = path.relative_to(folder)
        for address in addresses(path.read_text(encoding="utf-8")):
            if is_foreign(address):
                yield f"{name}: loads {address} from another host"
            elif not address.startswith("data:") and not (path.parent / unquote(urlsplit(address).path)).is_file():
                yield f"{name}: {address} is not there"


def dead(address: str, name: str, files: set[str], pages: dict[str, Page]) -> str:
    """Why an address on the page `name` leads nowhere within the site, or no words."""
    path, _, anchor = address.partition("#")
    path = unquote(path.partition("?")[0])
    target = os.path.normpath(os.path.join(os.path.dirname(name), path)) if path else name
    if target.startswith(os.pardir):
        return f"{address} leads out of the site"
    if target not in files:
        return f"{address} leads to no file"
    if anchor and target in pages and unquote(anchor) not in pages[target].anchors:
        return f"{address} leads to no place in {os.path.basename(target)}"
    return ""
