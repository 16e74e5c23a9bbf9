"""Verdicts and fits as tables of pandas hold what the analysis found."""

from __future__ import annotations

import functools
import importlib
import io
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bptt_bench import api
from bptt_bench.analyse import Analysis
from bptt_bench.errors import ExperimentError, TextError
from bptt_bench.report.figures import NamedFigure, figure_parity
from bptt_bench.report.page.displays import Figures, Verdicts, png
from bptt_bench.report.page.page import figure_bytes
from bptt_bench.report.words.reasons import text_of
from matplotlib.figure import Figure
from PIL import Image


def test_verdicts_become_a_row_each(analysis: Analysis) -> None:
    frame = Verdicts(analysis).to_frame()
    assert list(frame.columns) == [
        *("claim", "subject", "kind", "predicted", "estimate", "low", "high", "verdict", "reason", "kind_of_reason")
    ]
    assert frame["claim"].tolist() == [verdict.claim for verdict in analysis.verdicts]
    assert frame["reason"].tolist() == [text_of(verdict.reason) for verdict in analysis.verdicts]
    assert frame["kind_of_reason"].tolist() == [str(verdict.reason.kind) for verdict in analysis.verdicts]
    known = [verdict.estimate for verdict in analysis.verdicts if verdict.estimate is not None]
    np.testing.assert_array_equal(frame["estimate"].dropna(), known)


def test_what_is_undefined_is_nan_and_an_endless_interval_stays_endless(analysis: Analysis) -> None:
    first, second, *_ = analysis.verdicts
    changed = (replace(first, estimate=None, low=None, high=None), replace(second, low=-math.inf, high=math.inf))
    frame = Verdicts(replace(analysis, verdicts=changed)).to_frame()
    numbers = frame[["estimate", "low", "high"]].to_numpy()
    assert numbers.dtype == np.float64
    assert np.isnan(numbers[0]).all()
    assert numbers[1, 1:].tolist() == [-math.inf, math.inf]


def test_no_verdicts_make_an_empty_table_with_its_columns(analysis: Analysis) -> None:
    frame = Verdicts(replace(analysis, verdicts=())).to_frame()
    assert (len(frame), "verdict" in frame.columns) == (0, True)


def test_a_fit_becomes_a_row_for_each_term(analysis: Analysis) -> None:
    fit = analysis.fits["sweep", "seconds_per_eval"]
    frame = fit.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [
        *("term", "role", "coefficient", "low", "high", "share_at_largest", "largest_share", "identifiable")
    ]
    assert frame["term"].tolist() == [term.text for term in fit.full_law.terms]
    np.testing.assert_array_equal(frame["coefficient"], fit.coefficients)
    assert (frame["low"] <= frame["coefficient"]).all()
    assert frame.attrs == {
        "law": "T*H*V + T*H**2", "response": "seconds_per_eval", "unit": "s", "confidence": fit.confidence
    }  # fmt: skip


def test_verdicts_are_selected_by_what_their_claims_contain(analysis: Analysis) -> None:
    every = Verdicts(analysis)
    first, second = every[0].claim, every[-1].claim
    assert [one.claim for one in every.select(first)] == [one.claim for one in every if first in one.claim]
    assert [one.claim for one in every.select(second, first)] == [
        one.claim for one in every if first in one.claim or second in one.claim
    ], "in their own order"
    assert every.select("") == every
    assert every.select(first).select(first) == every.select(first)
    assert every.select(first)._repr_html_().count("<tr>") == len(every.select(first)) + 1


def test_a_text_that_no_claim_contains_is_refused(analysis: Analysis) -> None:
    every = Verdicts(analysis)
    with pytest.raises(ExperimentError, match="claim 'exponet of': unknown; the claims are"):
        every.select(every[0].claim, "exponet of")
    with pytest.raises(TextError, match="`texts` must be a text or a list of texts"):
        every.select(5)  # type: ignore[arg-type]  # what is tested


def test_figures_of_verdicts_need_no_second_analysis(analysis: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = Verdicts(analysis)
    with pytest.raises(ExperimentError, match="`experiment` must be None where `data` are verdicts"):
        api.figures(verdicts, analysis.experiment)
    drawn: list[Analysis] = []

    def draw(given: Analysis) -> list[object]:
        drawn.append(given)
        return []

    monkeypatch.setattr(api, "analyse_run", None)
    module = importlib.import_module("bptt_bench.report.figures.gallery")  # a function of its name hides it
    monkeypatch.setattr(module, "gallery", draw)
    assert api.figures(verdicts) == {}
    assert drawn == [analysis]


def test_a_picture_in_a_notebook_is_smaller_and_looks_the_same(analysis: Analysis) -> None:
    figure = figure_parity(analysis)
    data, full = png(figure), figure_bytes(figure, "png")
    assert len(data) < 0.6 * len(full)
    assert png(figure) == data
    small, large = Image.open(io.BytesIO(data)), Image.open(io.BytesIO(full))
    assert (small.size, small.info["dpi"]) == (large.size, large.info["dpi"])
    apart = np.abs(np.asarray(small.convert("RGB"), dtype=int) - np.asarray(large.convert("RGB"), dtype=int))
    assert apart.mean() < 1, "of 255"


def test_a_figure_is_drawn_when_it_is_asked_for_and_once() -> None:
    drawn: list[str] = []

    def draw(name: str) -> Figure:
        drawn.append(name)
        return Figure()

    names = ["first", "second"]
    figures = Figures(
        NamedFigure(name=one, title="", caption=f"<{one}>", draw=functools.partial(draw, one)) for one in names
    )
    assert (list(figures), len(figures), "second" in figures, "third" in figures) == (names, 2, True, False)
    assert repr(figures) == "Figures(first, second)"
    assert drawn == []
    assert figures["second"] is figures["second"]
    assert drawn == ["second"]
    assert figures._repr_html_().count("&lt;first&gt;") == 1
    assert drawn == ["second", "first"]


def test_a_figure_that_the_run_does_not_have_is_named_with_those_that_it_has() -> None:
    figures = Figures([NamedFigure(name="scaling-V", title="", caption="", draw=Figure)])
    with pytest.raises(KeyError, match="figure 'scaling-W': unknown; the figures are scaling-V; did you mean"):
        figures["scaling-W"]
