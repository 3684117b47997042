"""Settings of Sphinx for the site; `build.py` beside this file says how it is built."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "snnlab_site"))

import sources
from reference import Reference

import snnlab

project = "snnlab"
author = "the snnlab contributors"
copyright = author
version = release = snnlab.__version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.linkcode", "lines", "mathml", "memory", "navigation"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
exclude_patterns = ["files"]

# Notebooks: what they were saved with; no script for widgets, which are pictures here.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4

# The reference: see snnlab_site/reference.py.
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 60
add_module_names = False
toc_object_entries_show_parents = "hide"
linkcode_resolve = sources.link
modindex_common_prefix = ["snnlab."]

html_theme = "furo"
html_title = "snnlab"
html_logo = html_favicon = "static/logo.svg"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"
html_copy_source = html_show_sourcelink = False
html_show_sphinx = html_show_copyright = False
html_show_search_summary = False  # it would fetch pages, which a browser allows no page without a server
html_theme_options = {
    "navigation_with_keys": True,
    "light_css_variables": {"color-brand-primary": "#00598c", "color-brand-content": "#00598c", "color-brand-visited": "#5b4a8a"},
    "dark_css_variables": {"color-brand-primary": "#7cc4f0", "color-brand-content": "#7cc4f0", "color-brand-visited": "#b9a6ea"},
}

_reference = Reference()


def _words(app, what, name, value, options, lines):
    """Each docstring of the reference, as reStructuredText."""
    lines[:] = _reference.words(name, value, "\n".join(lines))


def setup(app):
    app.connect("autodoc-process-docstring", _words)
