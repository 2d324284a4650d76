"""The documentation site: `make docs` builds it into build/docs/html; warnings are errors."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE / "_extensions"), str(HERE.parent)]

import plain_docstrings

import recurra

project = "recurra"
author = "The recurra authors"
copyright = "The recurra authors"
version = release = recurra.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "plain_docstrings",
    "repository_links",
]
exclude_patterns = ["_extensions"]
html_theme = "furo"
html_title = f"recurra {release}"
default_role = "code"
smartquotes = False  # strings in descriptions stay as they are typed

myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
# Pages also show on their own where the repository is browsed: they begin with their own title.
suppress_warnings = ["myst.header", "config.cache"]

autosummary_generate = False
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_inherit_docstrings = False
napoleon_numpy_docstring = False
napoleon_custom_sections = plain_docstrings.sections()


def reachable(inventories: dict[str, tuple[str, None]]) -> dict[str, tuple[str, None]]:
    """Those of other projects' indices that answer: without a network pages are built without links to them."""
    found = {}
    for name, (address, none) in inventories.items():
        try:
            request = urllib.request.Request(f"{address}objects.inv", method="HEAD", headers={"User-Agent": "Sphinx"})
            urllib.request.urlopen(request, timeout=5).close()
            found[name] = (address, none)
        except (urllib.error.URLError, OSError):
            print(f"intersphinx: {address} does not answer; its links are left out")
    return found


intersphinx_timeout = 10
intersphinx_mapping = reachable(
    {
        "numpy": ("https://numpy.org/doc/stable/", None),
        "python": ("https://docs.python.org/3/", None),
    }
)

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "examples",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"(weather|mnist_convnet)\.py$",  # a module of the others; needs a download
    "reset_argv": "gallery.arguments_of_example",
    "image_scrapers": ("gallery.pictures_written",),
    "download_all_examples": False,
    "show_memory": False,
    "plot_gallery": True,
    "abort_on_example_error": True,
}
