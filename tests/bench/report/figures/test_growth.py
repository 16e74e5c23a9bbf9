"""The figure of a run without a law, and the report around it: how it scales is what such a report is asked."""

from __future__ import annotations

from pathlib import Path

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Analysis, analyse
from bptt_bench.analyse.discover.of_run import find_laws
from bptt_bench.plan import Evaluation, Point
from bptt_bench.report.figures import gallery
from bptt_bench.report.figures.gallery import leading
from bptt_bench.report.figures.lines import lines_along
from bptt_bench.report.figures.scaling import REACH, figure_growth
from bptt_bench.report.page.curves import NOT_STATED, law_curves
from bptt_bench.report.page.page import render_summary, write_report

N = np.array([1000.0, 2000, 4000, 8000, 16_000, 32_000])


def prepare(_point: Point) -> Evaluation:
    return lambda: None


@pytest.fixture
def analysis(rng: np.random.Generator) -> Analysis:
    """Two subjects without a law."""
    experiment = bench.experiment({"scan": prepare, "pairs": prepare}, name="two", n=N.astype(int).tolist())
    rows = [
        {"subject": name, "n": n, "seconds_per_eval": c * n**power * float(np.exp(0.02 * rng.standard_normal()))}
        for name, c, power in (("scan", 1e-8, 1), ("pairs", 1e-10, 2))
        for n in np.repeat(N, 4).tolist()
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["factors"] = ["n"]
    return analyse(frame, experiment)


def test_the_figure_leads_and_its_caption_answers(analysis: Analysis) -> None:
    named = gallery(analysis)
    assert [one.name for one in leading(named)] == ["growth-n"]
    (growth,) = (one for one in named if one.kind == "growth")
    assert growth.title == "How the time grows with n"
    assert "scan: the time grows as n." in growth.caption
    assert "pairs: the time grows as n²." in growth.caption


def test_counts_are_not_called_a_time() -> None:
    experiment = bench.experiment(prepare, name="one", measure="instructions", n=N.astype(int).tolist())
    frame = pd.DataFrame({"subject": "one", "n": N, "instructions_count": 40 * N + 9000, "timing": "counts"})
    frame.attrs["factors"] = ["n"]
    (growth,) = (one for one in gallery(analyse(frame, experiment)) if one.kind == "growth")
    assert growth.title == "How the number of instructions grows with n"
    assert growth.caption.endswith("one: the number of instructions grows as n.")


def test_calls_that_return_what_does_the_work_later_have_no_law(analysis: Analysis) -> None:
    lazy = {"subject": "scan", "returned": "generator", "changed": {}}
    analysis.evidence.frame.attrs["inspections"] = [{**lazy, "point": {"n": n}} for n in N.tolist()]
    analysis.evidence.memo.clear()
    found = find_laws(analysis.evidence)
    assert isinstance(found["scan"], str)
    assert found["scan"].startswith("result: a call returns a value of type generator, which does its work when it is")
    assert not isinstance(found["pairs"], str)


def test_laws_are_drawn_beyond_what_was_measured(analysis: Analysis) -> None:
    found = {name: one for name, one in find_laws(analysis.evidence).items() if not isinstance(one, str)}
    (line,) = lines_along("n", ["n"], {name: one.fit.points for name, one in found.items()})
    figure = figure_growth(analysis, line, found)
    (axes,) = figure.axes
    assert axes.get_xlim()[1] == pytest.approx(REACH * N[-1])
    dashed = [drawn for drawn in axes.lines if drawn.get_linestyle() == "--"]
    beyond = max((np.asarray(drawn.get_ydata(), dtype=float).max() for drawn in dashed), default=0.0)
    assert beyond == pytest.approx(1e-10 * (REACH * N[-1]) ** 2, rel=0.1)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:2] == ["scan: n", "pairs: n²"]
    with pytest.raises(ValueError, match="no law of scan, pairs was found"):
        figure_growth(analysis, line, {})


def test_the_report_asks_how_it_scales(analysis: Analysis, tmp_path: Path) -> None:
    write_report(analysis, tmp_path)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<h1>How does two scale with n?</h1>" in page
    assert "does the measured cost follow its law" not in page
    assert 'id="figure-growth-n"' in page
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert markdown.startswith("# How does two scale with n?\n")
    assert render_summary(analysis).startswith("### How does two scale with n?\n\n- **scan**: the time grows as n")


def test_any_size_can_be_asked_of_found_laws(analysis: Analysis) -> None:
    curves = {one["subject"]: one for one in law_curves(analysis)}
    assert set(curves) == {"scan", "pairs"}
    assert all(note.startswith(NOT_STATED) for note in curves["pairs"]["notes"])
    levels = {level: value for level, value, *_ in curves["pairs"]["curve"]}
    assert levels[max(levels)] == pytest.approx(1e-10 * max(levels) ** 2, rel=0.2)
