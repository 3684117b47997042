"""The sources of the site, brought together in one folder: pages, notebooks, tables and the reference.

Everything stays where it is in the repository, with links as they lead there, in JupyterLab and on a code host. On the way, links to a
page of the site are turned to that page; other files that a link leads to come along. Code that names what the reference has a place
for, such as `snn.LIF`, becomes a link to it; `snnlab/neurons/lif.py` leads to its source.

    docs/NAME.md            NAME                notebooks/NAME.ipynb    notebooks/NAME, and the notebook itself to be downloaded
    README.md               index               benchmarks/NAME.md      benchmarks/NAME
    CHANGELOG.md            changelog           snnlab/NAME/FILE.py     reference/NAME/FILE
    CONTRIBUTING.md         contributing        any other file          files/..., as it is
"""

import json
import os
import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from docstring import Resolve, code
from reference import Reference

ROOT = Path(__file__).parents[2]
TOP = {"README.md": "index", "CHANGELOG.md": "changelog", "CONTRIBUTING.md": "contributing", "benchmarks": "benchmarks"}
LINK = re.compile(r"(?<!\\)\]\(([^)\s]+)\)|^\[[^]\n]+\]: (\S+)", re.MULTILINE)
FILE = re.compile(r"snnlab/(\w+)/(\w+)\.py")
NAMED = re.compile(r"^(?:snn(?:lab)?\.|help\(|[A-Z])")  # words in small letters, such as `run`, mean other things too
FENCE = re.compile(r"(^```.*?^```$|^~~~.*?^~~~$|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


def pages(root: Path = ROOT) -> dict[str, str]:
    """Each page of the site by the path that it has in the repository; a page's path is without an ending."""
    found = {name: page for name, page in TOP.items() if (root / name).exists()}
    found |= {f"docs/{path.name}": path.stem for path in sorted((root / "docs").glob("*.md"))}
    for folder, ending in (("notebooks", "ipynb"), ("benchmarks", "md")):
        found |= {f"{folder}/{path.name}": f"{folder}/{path.stem}" for path in sorted((root / folder).glob(f"*.{ending}"))}
    return found


class Gathered:
    """The folder that Sphinx reads. Files that did not change are left alone, so that only what changed is built again."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.folder, self.root, self.pages = folder, root, pages(root)
        self.resolve: Resolve = lambda code: None
        self.written: set[Path] = set()

    def gather(self, reference: Reference) -> None:
        """Writes all sources, and removes what is none of them any more."""
        self.resolve = reference.resolver("snnlab")
        for name, text in reference.pages():
            self.write(f"reference/{name}", text)
        for source, page in self.pages.items():
            path = self.root / source
            if path.suffix == ".ipynb":
                self.notebook(source, page)
            elif path.suffix == ".md" and source != "README.md":
                text = self.completed(self.linked(path.read_text(encoding="utf-8"), source, page), page)
                self.write(f"{page}.md", text.replace("<!-- packages -->", "\n".join(reference.overview())))
        for path in [path for path in self.folder.rglob("*") if path.is_file() and path not in self.written]:
            path.unlink()

    def write(self, name: str, data: str | bytes) -> None:
        """Writes a file below the folder, where it is not there yet as it should be."""
        path, data = self.folder / name, data if isinstance(data, bytes) else data.encode("utf-8")
        self.written.add(path)
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    # --- links ------------------------------------------------------------------------------------------------------------------------

    def linked(self, text: str, source: str, page: str) -> str:
        """Markdown of `source`, its links turned to where they lead from `page`. What stands as code stays as it is."""

        def turn(found: re.Match) -> str:
            target = found[1] or found[2]
            return found[0].replace(target, self.turned(target, source, page))

        parts = FENCE.split(text)
        made = ""
        for number, part in enumerate(parts):
            free = number % 2 and not made.endswith(("[", "`")) and not made.rpartition("\n")[2].startswith("#")
            made += self.code(part, page) if free else part if number % 2 else LINK.sub(turn, part)
        return made

    def code(self, marked: str, page: str) -> str:
        """Code in a sentence as a link, where it names a source file or what the reference has a place for."""
        text = marked.strip("`")
        if (file := FILE.fullmatch(text)) and (self.root / text).is_file():
            return f'<a href="{"../" * page.count("/")}source/{file[1]}/{file[2]}.html"><code>{text}</code></a>'
        return code(text, self.resolve, mark="{py:obj}") if NAMED.match(text) and marked[1] != "`" and "\n" not in text else marked

    def turned(self, target: str, source: str, page: str) -> str:
        """Where a link in `source` leads to on the site, seen from `page`."""
        path, mark, anchor = target.partition("#")
        if re.match(r"^[a-z]+:", target) or not path:
            return target
        path = os.path.normpath(PurePosixPath(source).parent / path).replace(os.sep, "/")
        module = re.fullmatch(r"snnlab/(\w+)/(\w+)\.py", path)
        if path == "README.md":  # whose parts lie on several pages
            mark = anchor = ""
        if path in self.pages:
            place = self.pages[path] + (".ipynb" if path.endswith(".ipynb") else ".md")
        elif module and (self.folder / (place := f"reference/{module[1]}/{module[2]}.rst")) in self.written:
            pass
        elif (self.root / path).is_file():
            place = f"files/{path}"
            self.write(place, (self.root / path).read_bytes())
        else:
            raise FileNotFoundError(f"{source} links to {target}, but there is no file {path}. Correct the link, or add the file.")
        return os.path.relpath(place, PurePosixPath(page).parent).replace(os.sep, "/") + mark + anchor

    # --- notebooks --------------------------------------------------------------------------------------------------------------------

    def notebook(self, source: str, page: str) -> None:
        """A notebook as a page: links turned, pictures described, a word on live panels; beside it the notebook as it is."""
        path = self.root / source
        notebook = json.loads(path.read_text(encoding="utf-8"))
        name = heading(notebook).partition(":")[0]
        for cell in notebook["cells"]:
            text = "".join(cell["source"])
            if cell["cell_type"] == "markdown":
                cell["source"] = self.linked(text, source, page)
            elif pictures(cell):
                live = any("Lab(" in "".join(output["data"].get("text/plain", "")) for output in pictures(cell))
                cell["metadata"]["mystnb"] = described(name, live)
                for output in pictures(cell):  # a picture of a given width leads to itself, so that a phone can show it enlarged
                    output.setdefault("metadata", {})["image/png"] = {"width": width(output["data"]["image/png"])}
        head, _, rest = notebook["cells"][0]["source"].partition("\n")
        notebook["cells"][0]["source"] = f"{head}\n\n{take_along(path.name)}\n{rest}"
        notebook["metadata"]["language_info"] = {"name": "python", "pygments_lexer": "ipython3"}
        self.write(f"{page}.ipynb", json.dumps(notebook, ensure_ascii=False))

    def completed(self, text: str, page: str) -> str:
        """Markdown with what stands elsewhere: the table of the course, a section of the README."""

        def section(found: re.Match) -> str:
            readme = (self.root / "README.md").read_text(encoding="utf-8")
            parts = re.split(r"^## (.+)$", readme, flags=re.MULTILINE)
            if found[1] not in parts[1::2]:
                raise LookupError(f"{page} wants the section {found[1]!r} of README.md, which has {', '.join(parts[1::2])}.")
            return self.linked(parts[parts.index(found[1]) + 1].strip(), "README.md", page)

        text = text.replace("<!-- course -->", "\n".join(self.course()))
        return re.sub(r"<!-- README: (.+?) -->", section, text)

    def course(self) -> Iterator[str]:
        """A table of the notebooks and their questions, and what puts them into the site's list of pages."""
        names = [page for source, page in self.pages.items() if source.startswith("notebooks/")]
        notebooks = {name: json.loads((self.root / f"{name}.ipynb").read_text(encoding="utf-8")) for name in names}
        yield from ["| notebook | question |", "|---|---|"]
        for name, notebook in notebooks.items():
            yield f"| [{heading(notebook).partition(':')[0]}]({name}.ipynb) | {question(notebook)} |"
        yield from ["", "```{toctree}", ":hidden:", ""]
        for name, notebook in notebooks.items():
            yield f"{heading(notebook).partition(':')[0]} <{name}>"
        yield "```"


def heading(notebook: dict) -> str:
    """The title of a notebook: its first heading."""
    return re.search(r"^# (.+)$", "".join(notebook["cells"][0]["source"]), re.MULTILINE)[1]


def question(notebook: dict) -> str:
    """The question of a notebook: what stands behind the colon of its title."""
    words = heading(notebook).partition(": ")[2]
    return words[:1].upper() + words[1:]


def pictures(cell: dict) -> list[dict]:
    """Outputs of a cell that hold a picture."""
    return [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]


def width(picture: str) -> int:
    """The width of a PNG, given as base64, in pixels."""
    return int.from_bytes(b64decode("".join(picture)[:32])[16:20])


def described(name: str, live: bool) -> dict:
    """What the page says of a picture: words for those who cannot see it, and of a live panel that it moves in the notebook."""
    if not live:
        return {"image": {"alt": f"Picture that the cell above draws, in notebook {name}; the text around it says what it shows"}}
    alt = f"A live panel of notebook {name}, as it was saved; the line below it gives its numbers"
    caption = "A live panel, as it was saved. In the notebook it plays, and its controls move it while it runs."
    return {"image": {"alt": alt, "classes": "live-panel"}, "figure": {"caption": caption}}


def take_along(name: str) -> str:
    """The line below a notebook's title."""
    return (
        f'<p class="take-along"><a href="{name}" download>Download this notebook</a>, '
        f'<a href="../start.html">set up snnlab</a>, and run it: its panels are alive there.</p>'
    )


def carry(folder: Path, root: Path = ROOT) -> None:
    """Puts the notebooks themselves beside their pages."""
    (folder / "notebooks").mkdir(parents=True, exist_ok=True)
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        shutil.copy(path, folder / "notebooks")


def sweep(folder: Path, since: float, listed: Path) -> None:
    """Removes pages and notebooks that an earlier build wrote, as a file lists them, and this one did not write again since a time."""
    old = listed.read_text(encoding="utf-8").splitlines() if listed.is_file() else []
    for path in map(folder.joinpath, old):
        if path.is_file() and path.stat().st_mtime < since:
            path.unlink()
    found = (path for ending in ("html", "ipynb") for path in folder.rglob(f"*.{ending}"))
    written = sorted(path.relative_to(folder).as_posix() for path in found if path.stat().st_mtime >= since)
    listed.write_text("\n".join(written), encoding="utf-8")
