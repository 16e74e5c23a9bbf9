"""Configuration of Sphinx: Markdown by MyST, the Python interface by numpydoc, the commands by sphinx-click.

Nothing is fetched while building or reading: no inventories of other projects, no fonts, no scripts. Formulas are
MathML, which browsers draw themselves.
"""

from __future__ import annotations

import re
from typing import Any

import bptt_bench
from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.util.logging import getLogger

project = "bptt-bench"
author = "bptt-bench contributors"
copyright = "bptt-bench contributors, MIT licence"  # noqa: A001  # the name that Sphinx reads
release = version = bptt_bench.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.doctest",
    "sphinx_click",
]
exclude_patterns = ["_build"]
suppress_warnings = ["config.cache"]  # functions in this file, which no cache of doctrees can hold
smartquotes = False  # commands are copied from here

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

autosummary_generate = True
autodoc_typehints = "none"  # signatures stay short; the sections say what is allowed
autodoc_member_order = "bysource"
numpydoc_show_class_members = False  # methods are listed by the template of the class
numpydoc_show_inherited_class_members = False
doctest_global_setup = "from bptt_bench import *"
templates_path = ["_templates"]

toc_object_entries_show_parents = "hide"

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "bptt-bench"
html_theme_options = {
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
}
html_sidebars = {page: [] for page in ("start", "findings", "design", "limits")}  # pages without pages below
html_show_sourcelink = False
html_static_path = ["_static"]
html_css_files = ["style.css"]

SECTIONS = {"Parameters", "Returns", "Raises", "Attributes", "Yields"}


def described_below(_app: Any, _kind: str, _name: str, _object: Any, _options: Any, lines: list[str]) -> None:
    """Turn ``name : description`` into the two lines that numpydoc expects, where the types are in the annotations."""
    inside = False
    for number, line in enumerate(list(lines)):
        if set(line) == {"-"}:
            inside = lines[number - 1] in SECTIONS
        elif inside and (entry := re.fullmatch(r"(\S[^:]*?) : (.+)", line)):
            lines[number] = f"{entry[1]}\n    {entry[2]}"
    lines[:] = "\n".join(lines).split("\n")


def help_as_markup(_app: Any, _context: Any, lines: list[str]) -> None:
    """Turn a command's help, which is plain text, into markup; its paragraph ``Example: …`` becomes a block of code."""
    start = next((number for number, line in enumerate(lines) if "Example: " in line), len(lines))
    commands = [line.removeprefix("| ").removeprefix("Example: ").strip() for line in lines[start:]]
    lines[:start] = [re.sub(r"`+([^`]+)`+", r"``\1``", line.replace("*", r"\*")) for line in lines[:start]]
    if commands:
        lines[start:] = ["Examples:", "", ".. code-block:: bash", "", *(f"    {one}" for one in commands), ""]


def write_formula(writer: Any, node: nodes.Element) -> None:
    """Write a formula as MathML, in a sentence or on a line of its own.

    Raises
    ------
    SkipNode : always, as Sphinx expects of a node that is written whole.
    """
    is_block = isinstance(node, nodes.math_block)
    try:
        markup = tex2mathml(node.astext(), as_block=is_block)
    except MathError as error:
        getLogger(__name__).warning("formula %r: %s", node.astext(), error, location=node)
        raise nodes.SkipNode from None
    writer.body.append(f'<div class="formula">{markup}</div>' if is_block else markup)
    raise nodes.SkipNode


def setup(app: Any) -> None:
    """Register how formulas are written, and what is done to docstrings and to the help of commands."""
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("autodoc-process-docstring", described_below, priority=100)
    app.connect("sphinx-click-process-description", help_as_markup)
