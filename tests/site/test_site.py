"""The site as it is built: every page of the course, every public name, nothing from elsewhere, and fit to be read on a phone."""

import html
import json
import re
import subprocess
import sys
import zlib
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import snnlab as snn

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
FAMILIES = ("contract", "data", "lab", "plots", "traced")
SHOTS = ROOT / "tests" / "browser" / "screenshots"
LOOKED_AT = ("index", "notebooks/03-connections", "reference/connections/dense", "teaching", "genindex")


def public():
    """Every public name, by its full name: the flat ones, and those of the families that keep a name of their own."""
    flat = {f"snnlab.{name}" for name in snn.__all__ if not isinstance(getattr(snn, name), ModuleType)}
    return sorted(flat | {f"snnlab.{family}.{name}" for family in FAMILIES for name in import_module(f"snnlab.{family}").__all__})


def text(page):
    """A page's words, without its tags."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page.read_text(encoding="utf-8"))).split())


@pytest.fixture(scope="module")
def inventory(site):
    """Where each name of the reference is: Sphinx's own list, name and address a line."""
    head, _, packed = (site / "objects.inv").read_bytes().partition(b"zlib.\n")
    assert b"Sphinx inventory version 2" in head
    lines = (re.match(r"(\S+) py:\w+ -?\d+ (\S+) ", line) for line in zlib.decompress(packed).decode().splitlines())
    return {line[1]: line[2].replace("$", line[1]) for line in lines if line}


# -------------------------------------------------------------------------------------------------------------------------- the course


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_has_a_page_with_its_words_its_pictures_and_itself_to_take_along(name, site):
    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    page = site / "notebooks" / f"{name}.html"
    source = page.read_text(encoding="utf-8")
    title = re.search(r"^# (.+)$", "".join(notebook["cells"][0]["source"]), re.MULTILINE)[1]
    assert re.search(r"<h1>(.+?)<a", source)[1] == html.escape(title, quote=False)
    saved = [output for cell in notebook["cells"] for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
    shown = re.findall(r'<img[^>]+src="\.\./_images/[^"]+"', source)
    assert len(shown) == len(saved) > 0
    assert (site / "notebooks" / f"{name}.ipynb").read_bytes() == (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()


def test_the_page_of_the_course_names_every_notebook_and_its_question(site):
    rows = re.findall(r"<tr[^>]*>.*?</tr>", (site / "course.html").read_text(encoding="utf-8"), re.DOTALL)
    asked = {found[1]: row for row in rows if (found := re.search(r'href="notebooks/([\w-]+)\.html"', row))}
    assert sorted(asked) == NOTEBOOKS
    assert [name for name, row in asked.items() if "?" not in row] == []


def test_links_between_notebooks_lead_from_page_to_page(site):
    source = (site / "notebooks" / "06-layers.html").read_text(encoding="utf-8")
    assert re.search(r'<p>You should know what a delay is \(<a [^>]*href="02-delays\.html">', source)


def test_code_in_the_words_of_a_notebook_leads_to_the_reference_and_to_the_source(site):
    source = (site / "notebooks" / "06-layers.html").read_text(encoding="utf-8")
    assert '<a class="reference internal" href="../reference/network/serial.html#snnlab.Serial"' in source
    assert '<a href="../source/network/run.html"><code>snnlab/network/run.py</code></a>' in source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_every_picture_of_a_notebook_leads_to_itself_to_be_enlarged(name, site):
    source = (site / "notebooks" / f"{name}.html").read_text(encoding="utf-8")
    pictures = re.findall(r'<a class="[^"]*image-reference[^"]*" href="([^"]+)"><img [^>]*src="([^"]+)" width="\d+" />', source)
    assert len(pictures) == source.count('src="../_images/') > 0
    assert [(leads, shows) for leads, shows in pictures if leads != shows] == []


@pytest.mark.parametrize("name", ["start", "teaching", "classrooms", "reference", "benchmarks", "changelog", "contributing"])
def test_the_first_page_leads_to(name, site):
    assert f'href="{name}.html"' in (site / "index.html").read_text(encoding="utf-8")


def test_every_table_of_numbers_has_a_page(site):
    tables = {path.stem for path in (ROOT / "benchmarks").glob("*.md")}
    assert {path.stem for path in (site / "benchmarks").glob("*.html")} == tables


# ----------------------------------------------------------------------------------------------------------------------- the reference


def test_every_public_name_has_a_place_in_the_reference(site, inventory):
    assert len(public()) > 150
    assert [name for name in public() if name not in inventory] == []
    lost = {name for name in public() if f'id="{name}"' not in (site / inventory[name].partition("#")[0]).read_text(encoding="utf-8")}
    assert lost == set()


@pytest.mark.parametrize("module", sorted(path.stem for path in (ROOT / "snnlab" / "published").glob("[a-z]*.py")))
def test_every_published_result_has_a_page(module, inventory):
    assert inventory[f"snnlab.published.{module}"].startswith(f"reference/published/{module}.html")


def test_a_page_of_the_reference_shows_equation_arguments_units_shape_and_example(site):
    page = (site / "reference" / "connections" / "dense.html").read_text(encoding="utf-8")
    equation = re.search(r"<pre>(.*?)</pre>", page, re.DOTALL)[1]
    assert "y[n] = Σ_m W[n, m]·x[m](t − d[n, m]) + b[n]     with a delay for each synapse" in html.unescape(re.sub("<[^>]+>", "", equation))
    sections = re.findall(r'<p class="rubric">(.+?)</p>', page)
    assert sections[:5] == ["Args", "Units", "Shape", "Raises", "Example"]
    words = text(site / "reference" / "connections" / "dense.html")
    assert "delay longest delay; None for a connection without delays." in words
    assert "inputs : B × inshape → outputs: B × outshape" in words
    assert ">>> connection . delay . grad" in words


def test_names_in_words_lead_to_their_places(site):
    page = (site / "reference" / "learning" / "mstdpet.html").read_text(encoding="utf-8")
    assert 'href="stdp.html#snnlab.STDP"' in page  # interp_tolerance, trace_mode: as in `STDP`
    assert 'href="reward.html#module-snnlab.learning.reward"' in page  # How samples ... is in `snnlab.learning.reward`
    page = (site / "reference" / "plots" / "wiring.html").read_text(encoding="utf-8")
    assert 'href="../../notebooks/06-layers.html"' in page  # Seen in: notebooks/06-layers.ipynb
    assert 'href="../network/layout.html#snnlab.layout"' in page  # `snn.layout(layer)`


def test_a_name_leads_to_the_notebooks_that_use_it(site):
    page = (site / "reference" / "contract" / "check.html").read_text(encoding="utf-8")
    assert re.search(r'<strong>Seen in:</strong> <a [^>]*href="\.\./\.\./notebooks/14-write-your-own\.html"', page)
    page = text(site / "reference" / "neurons" / "lif.html")
    assert re.search(r"Seen in: 00 · Start , 01 · Currents , [^,]+ , [^,]+ and \d+ more", page)


def test_the_laws_of_the_contract_are_listed_by_name(site):
    page = text(site / "reference" / "contract" / "check.html")
    assert [name for name in import_module("snnlab.contract").LAWS if name not in page] == []


def test_a_package_shows_what_bears_its_name_first_and_no_table_as_a_sentence(site):
    page = text(site / "reference" / "lab" / "index.html").rpartition("The only place that knows of widgets.")[2]
    assert page.startswith(" The lab An experiment and its live view")
    assert "step t gets row t" not in page
    source = (site / "reference" / "lab" / "inputs.html").read_text(encoding="utf-8")
    cells = re.findall(r"<td><p>(.*?)</p></td>", re.search(r"<table.*?</table>", source, re.DOTALL)[0])
    assert cells[:3] == ["a tensor T x B x …", "step t gets row t mod T", "a callable f(t)"]


def test_the_page_of_the_reference_says_what_each_part_is_for(site):
    page = text(site / "reference.html")
    assert "Learning rules . What a cell’s spikes make of its weights, or of its delays. STDP , " in page


def test_a_link_to_a_line_of_the_source_leads_to_that_line_and_marks_it(site):
    page = (site / "reference" / "neurons" / "lif.html").read_text(encoding="utf-8")
    number = int(re.search(r'source/neurons/lif\.html#line-(\d+)"', page[page.index('id="snnlab.LIF"') :])[1])
    source = (site / "source" / "neurons" / "lif.html").read_text(encoding="utf-8")
    line = re.search(rf'<span id="line-{number}">(.*)', source)[1]
    assert "class LIF(ThresholdNeuron):" in re.sub("<[^>]+>", "", line)
    assert re.search(r'<code><span id="line-1">', source)
    assert "code > span:target {" in (site / "_static" / "source.css").read_text(encoding="utf-8")


def test_no_markup_is_left_in_words(site):
    left = re.compile(r":(py:)?\w+:`|``|\.\. [a-z-]+::|\\[*|_]")
    pages = list((site / "reference").rglob("*.html"))
    assert len(pages) > 60
    assert {path.name: found[0] for path in pages if (found := left.search(prose(path)))} == {}


def prose(page):
    """A page's words without what stands as code."""
    source = re.sub(r"<(pre|code)\b.*?</\1>", " ", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", re.sub(r"<(script|style)\b.*?</\1>", " ", source, flags=re.DOTALL)))


# ------------------------------------------------------------------------------------------------------------- all pages, and a phone


def test_the_build_looked_at_all_pages_and_found_no_dead_link_and_nothing_from_elsewhere(built):
    site, said = built  # test_inspection.py shows that it finds what is wrong
    pages = re.search(r"^(\d+) pages, no dead link, nothing from another host", said, re.MULTILINE)
    assert int(pages[1]) == len(list(site.rglob("*.html"))) > 100


def test_pages_of_an_earlier_build_are_gone_and_nobody_elses(site):
    assert [name for name in ("notebooks/98-gone.html", "notebooks/98-gone.ipynb", "source/lab/gone.html") if (site / name).exists()] == []
    assert (site / "not-ours.html").read_text() == "<p>Words"
    listed = (site.with_name("site-work") / "pages.txt").read_text().splitlines()
    assert {"index.html", "notebooks/06-layers.ipynb", "source/lab/lab.html"} < set(listed)
    assert "not-ours.html" not in listed


def test_formulas_are_set_without_a_script(site):
    page = (site / "notebooks" / "06-layers.html").read_text(encoding="utf-8")
    assert re.search(r"<math[^>]*>(?:(?!</math>).)*<msup>", page, re.DOTALL)  # 40 (1 − e^(−1/10))
    assert not re.search(r"<script[^>]*(mathjax|katex)", page, re.IGNORECASE)


@pytest.fixture(scope="module")
def looks(site, chromium):
    """What a phone's browser says of some pages, in light and dark: see look.py."""
    shots = site.with_name("screenshots")
    command = [sys.executable, str(Path(__file__).with_name("look.py")), chromium, str(site), str(shots), *LOOKED_AT]
    looked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert looked.returncode == 0, looked.stderr
    return json.loads(looked.stdout), shots


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", LOOKED_AT)
def test_a_page_fits_a_phone_and_is_large_enough_to_read(page, scheme, looks):
    seen, shots = looks
    look = seen[f"{page} {scheme}"]
    try:
        assert look["cut"] == []
        assert look["width"] <= 390, f"wider than the screen: {look['wide']}"
        assert look["smallest"] >= 14, f"small: {look['small']}"
        assert look["contrast"] >= 4.5, f"hard to read: {look['pale']}"
        assert look["foreign"] == []
        assert look["problems"] == []
        assert look["broken"] == []
    except AssertionError:
        SHOTS.mkdir(exist_ok=True)
        name = f"site-{page.replace('/', '-')}-{scheme}.png"
        (SHOTS / name).write_bytes((shots / name).read_bytes())
        raise


@pytest.mark.browser
@pytest.mark.parametrize("page", LOOKED_AT)
def test_the_dark_is_dark_and_the_light_is_light(page, looks):
    seen, _ = looks
    assert seen[f"{page} dark"]["ground"] < 0.1
    assert seen[f"{page} light"]["ground"] > 0.9


@pytest.mark.browser
def test_the_search_finds_a_class_without_a_server(looks):
    seen, _ = looks
    assert any("LinearDense" in found for found in seen["search"])
