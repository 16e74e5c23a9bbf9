"""The page of known error rates: what it shows of a document, that words stay words, and how a report quotes it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.errors import StoreError
from bptt_bench.report.figures.validation import figure_beyond, figure_coverage
from bptt_bench.report.page.page import render_html, write_report
from bptt_bench.report.page.validation import sections, write_page
from bptt_bench.report.words.error_rates import Summary, summary_beside

HOSTILE = "<script>alert(1)</script> & \"quoted\" 'words'"


def goal(verdict: str = "met", **changes: Any) -> dict[str, Any]:
    return {"quantity": "false alarms", "design": "23 points", "goal": "≤ 7 %", "figure": "4.9 ± 0.4 %",
            "verdict": verdict, "close": False, "note": "a note"} | changes  # fmt: skip


def cell(design: str, noise: float, coverage: float, law: str = "naive") -> dict[str, Any]:
    return {"law": law, "design": design, "noise": noise, "point_effects": 0.0, "trials": 9, "coverage": coverage,
            "standard_error": 0.01, "quantities": {"exponent of T": 0.9, "coefficient of T*H**2": 0.99}}  # fmt: skip


def document(**changes: Any) -> dict[str, Any]:
    return {
        "title": "How often?", "headline": "9 of 12 goals met.", "statement": "Simulated.",
        "goals": [goal(), goal("missed", quantity="coverage", close=True), goal("not asked", quantity="steps")],
        "peers": {"columns": ["Tool", "Error"], "rows": [["ours", "1 %"], ["other", "400 %"]],
                  "by_law": "ours 1 / 2 %.", "applied": [{"tool": "other", "how": "with its defaults"}]},
        "coverage": {"low": 0.93, "high": 0.97, "level": 0.95,
                     "cells": [cell("23", 0.05, 0.951), cell("625", 0.2, 0.6), cell("625", 0.05, 0.94)]},
        "beyond": [{"tool": "ours", "design": "23", "median": 0.01, "p95": 0.03},
                   {"tool": "other", "design": "23", "median": 4.0, "p95": None},
                   {"tool": "one variable", "design": "23", "median": None, "p95": None}],
        "made": {"seed": 5, "source": "0123", "versions": {"numpy": "2.4"}, "peers": {"extrap": "4.2.5"},
                 "trials": 12800, "trials_per_cell": 400, "wall_seconds": 900.0},
    } | changes  # fmt: skip


class Reader(HTMLParser):
    """Tags and text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._styled = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._styled = tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._styled = False

    def handle_data(self, data: str) -> None:
        if not self._styled:
            self.text += data


def written(folder: Path, found: Any) -> Reader:
    folder.mkdir(exist_ok=True)
    (folder / "validation.json").write_text(json.dumps(found), encoding="utf-8")
    write_page(folder)
    return Reader((folder / "validation.html").read_text(encoding="utf-8"))


def test_the_page_gives_goals_tools_cells_and_how_it_was_made(tmp_path: Path) -> None:
    text = re.sub(r"\s+", " ", written(tmp_path, document()).text)
    for words in ("9 of 12 goals met.", "✓ met", "✗ missed", "· not asked", "4.9 ± 0.4 %", "other400 %",
                  "with its defaults.", "within two standard errors of the goal", "60.0 ± 1.0 %",
                  "90.0 %, exponent of T", "99.0 %, coefficient of T·H²", "12 800",
                  "numpy 2.4, extrap 4.2.5", "15 min 0 s"):  # fmt: skip
        assert words in text


def test_what_is_written_is_handed_back_and_the_page_needs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "validation.json").write_text(json.dumps(document()))
    names = [str(path.relative_to(tmp_path)) for path in write_page(tmp_path)]
    kinds = [f"figures/{name}.{kind}" for name in ("coverage", "beyond") for kind in ("png", "svg")]
    assert names == [*kinds, "validation.html"]
    page = Reader((tmp_path / "validation.html").read_text())
    assert all(str(attributes["src"]).startswith("data:") for tag, attributes in page.tags if tag == "img")


def hostile(value: Any, key: str = "") -> Any:
    """A document with hostile words wherever a word stands that decides nothing."""
    if isinstance(value, dict):
        return {name: hostile(each, name) for name, each in value.items()}
    if isinstance(value, list):
        return [hostile(each) for each in value]
    return HOSTILE if isinstance(value, str) and key not in ("verdict", "design", "law", "tool") else value


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    extra = {"title": "t", "statement": "s", "columns": ["c"], "rows": [["r"]], "findings": ["f"]}
    (tmp_path / "extra.json").write_text(json.dumps(hostile(extra)))
    page = written(tmp_path, hostile(document()))
    assert [attributes for tag, attributes in page.tags if tag == "script"] == [{}]  # that of the page
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.text.count(HOSTILE) > 20


def test_other_documents_become_sections_in_the_order_of_their_names(tmp_path: Path) -> None:
    table = {"statement": "Twenty runs.", "columns": ["Claim", "Same in"], "rows": [["exponent of T", 20]]}
    (tmp_path / "b.json").write_text(json.dumps({"title": "Under load", **table}))
    (tmp_path / "a.json").write_text(json.dumps({"title": "Quick runs", **table, "findings": ["All stayed."]}))
    (tmp_path / "c.json").write_text(json.dumps({"something": "else"}))
    page = written(tmp_path, document())
    assert [section["title"] for section in sections(tmp_path)] == ["Quick runs", "Under load"]
    assert page.text.index("Quick runs") < page.text.index("Under load")
    assert page.text.count("exponent of T20") == 2
    assert "All stayed." in page.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, r"validation\.json: not there; `make validate` makes it"),
        ("{", r"validation\.json: is not JSON"),
        ("[]", r"validation\.json: is a list; a JSON object is needed"),
        ('{"title": "t"}', r"validation\.json: 'coverage' is missing or not what it should be"),
    ],
)
def test_a_document_that_cannot_be_shown_is_one_clear_line(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "validation.json").write_text(content)
    with pytest.raises(StoreError, match=words):
        write_page(tmp_path)


def test_coverage_has_a_panel_for_each_design_and_its_band() -> None:
    upper, lower = figure_coverage(document()["coverage"]).axes
    assert [upper.get_ylabel(), lower.get_ylabel()] == ["23 points: coverage (%)", "625 points: coverage (%)"]
    for axes in (upper, lower):
        band = axes.patches[0].get_extents().transformed(axes.transData.inverted())
        assert (band.y0, band.y1) == pytest.approx((93, 97))
    marks = [np.ravel(np.asarray(line.get_ydata(), dtype=np.float64)).tolist() for line in lower.lines]
    assert [60, 94] in [sorted(ys) for ys in marks]


def test_errors_are_drawn_on_a_log_axis_the_best_tool_on_top() -> None:
    (axes,) = figure_beyond(document()["beyond"]).axes
    assert axes.get_xscale() == "log"
    assert [label.get_text() for label in axes.get_yticklabels()] == ["other", "ours"]


def test_a_report_quotes_the_validation_beside_it(analysis: Analysis, tmp_path: Path) -> None:
    written(tmp_path / "validation", document())
    run = tmp_path / "quick"
    assert summary_beside(run) == Summary(headline="9 of 12 goals met.", address="../validation/validation.html")
    write_report(replace(analysis, evidence=replace(analysis.evidence, fits={}), verdicts=()), run)
    page = Reader((run / "report.html").read_text(encoding="utf-8"))
    assert ("a", {"href": "../validation/validation.html"}) in page.tags
    assert "On simulated measurements: 9 of 12 goals met." in page.text
    assert (run / "../validation/validation.html").resolve().is_file()


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"headline": 3}'])
def test_a_report_without_a_validation_that_can_be_read_says_nothing(
    analysis: Analysis, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "validation").mkdir()
        (tmp_path / "validation" / "validation.json").write_text(content)
    assert summary_beside(tmp_path / "quick") is None
    assert "How often is this method wrong" not in Reader(render_html(analysis, [], None)).text
