"""How the site is made: sources are gathered, Sphinx builds them, and what was built is looked over.

gather       pages, notebooks and tables, brought together with links that lead from page to page
reference    one page a module, from the docstrings
docstring    a docstring as reStructuredText
mathml       formulas without a script
inspection   what is wrong with built pages: dead links, and what would be loaded from elsewhere
"""
