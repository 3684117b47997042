"""How the site is made: sources are gathered, Sphinx builds them, and what was built is looked over.

gather       pages, notebooks and tables, brought together with links that lead from page to page
names        what has a place in the reference
reference    one page a module, from the docstrings
docstring    a docstring as reStructuredText
aligned      what is indented in a docstring: tables, drawings and equations
course       which notebooks use a name of the library
lines        code whose lines fit any screen
mathml       formulas without a script
memory       what Sphinx would work out again and again
navigation   the list of pages at the left
sources      the source of the library, a page a file
inspection   what is wrong with built pages: dead links, and what would be loaded from elsewhere
"""
