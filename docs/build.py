"""Builds the site: `make site`, or `python docs/build.py [FOLDER]`; the pages come to build/site, and open without a server.

Warnings end the build, and so does what `snnlab_site/inspection.py` finds wrong with the pages. Notebooks are not run: what is shown is
what they were saved with.
"""

import os
import sys
from pathlib import Path
from time import time

sys.modules["rfc3987_syntax"] = None  # checks addresses, of which notebooks have none; to load it takes longer than to read a notebook

from sphinx.cmd.build import main as sphinx  # noqa: E402

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "snnlab_site"))

import gather  # noqa: E402
import inspection  # noqa: E402
import sources  # noqa: E402
from reference import Reference  # noqa: E402


def build(site: Path, work: Path) -> int:
    """Builds the site into a folder, keeping sources and what Sphinx remembers in another; 0 where all is well."""
    began = time()
    reference = Reference()
    gather.Gathered(work / "source").gather(reference)
    # -a: every page is written again, as each lists all others.
    options = ["-a", "-c", HERE, "-d", work / "doctrees", "-W", "--keep-going", "-q", "-j", "auto"]
    if code := sphinx([*map(str, options), str(work / "source"), str(site)]):
        return code
    gather.carry(site)
    sources.write(site, reference)
    gather.sweep(site, began, work / "pages.txt")
    faults = list(inspection.faults(site))
    print(*faults, sep="\n", end="\n" if faults else "", file=sys.stderr)
    if not faults:
        pages = len(list(site.rglob("*.html")))
        print(f"{pages} pages, no dead link, nothing from another host: open {os.path.relpath(site / 'index.html')}")
    return bool(faults)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent / "build" / "site").resolve()
    sys.exit(build(target, target.with_name(f"{target.name}-work")))
