"""Report: an analysis in, tables on screen, figures and pages out. It computes no statistics and never times.

The names are imported when they are first used: matplotlib, jinja2 and rich take a while to load.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bptt_bench.report.figures.gallery import Maps, NamedFigure, gallery
    from bptt_bench.report.page.page import render_html, render_markdown, write_report
    from bptt_bench.report.terminal.tables import print_fit, print_noise, print_verdicts

_HOMES = {
    "Maps": "figures.gallery",
    "NamedFigure": "figures.gallery",
    "gallery": "figures.gallery",
    "print_fit": "terminal",
    "print_noise": "terminal",
    "print_verdicts": "terminal",
    "render_html": "page",
    "render_markdown": "page",
    "write_report": "page",
}

__all__ = [
    "Maps",
    "NamedFigure",
    "gallery",
    "print_fit",
    "print_noise",
    "print_verdicts",
    "render_html",
    "render_markdown",
    "write_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
